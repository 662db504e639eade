"""The actor's keys: in the form that everybody reads, long enough, its own, and to be found by their ids."""

from __future__ import annotations

from collections.abc import AsyncIterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from federation.errors import FetchError, KeyRefused
from federation.ids import parse_iri, same_origin
from federation.jsonld import as_id, as_list
from federation.keys import parse_multikey, parse_public_pem
from federation.messages import JsonObject
from federation.vocab import ACTIVITY_JSON
from node.domain.sayings import said
from node.examination.asking import Asker, json_of
from node.examination.findings import Check, Finding, failed, fine, plain, trouble

__all__ = ["key_findings", "multikey_finding"]

_MOST_KEYS = 10
_LONGEST_PEM = 8192


async def key_findings(asker: Asker, document: JsonObject) -> AsyncIterator[Finding]:
    """Each key of `publicKey`, and the document at its id where that is not the actor's own.

    Raises: Spent.
    Spec:   interop §1.6, §1.7.
    """
    entries = [entry for entry in as_list(document.get("publicKey")) if isinstance(entry, dict)]
    if not entries:
        fix = said("State publicKey with id, owner and publicKeyPem: nobody can check what it signs without.")
        yield failed(Check.KEY, said("it has no publicKey"), fix)
    for entry in entries[:_MOST_KEYS]:
        finding = _key(entry, document)
        key_id = entry.get("id")
        if finding is None and "#" not in str(key_id) and key_id != document.get("id"):
            finding = await _apart(asker, entry, document)
        yield finding or fine(Check.KEY, said("in SPKI form: %(id)s", id=plain(key_id)))


def _key(entry: JsonObject, document: JsonObject) -> Finding | None:
    """What is wrong with an entry of `publicKey`; None for nothing."""
    actor, key_id, pem = document.get("id"), entry.get("id"), entry.get("publicKeyPem")
    if entry.get("owner") != actor:
        seen = said("its owner is another: %(owner)s", owner=plain(entry.get("owner") or "-"))
        return failed(Check.KEY, seen, said("Let owner be the actor's id, to the letter."))
    if not same_origin(key_id, actor):
        seen = said("its id lies on another host: %(id)s", id=plain(key_id or "-"))
        return failed(
            Check.KEY, seen, said("Give the key an id on the actor's own origin, such as #main-key.")
        )
    if not isinstance(pem, str):
        return failed(Check.KEY, said("it has no publicKeyPem"), _SPKI)
    try:
        parse_public_pem(pem, key_id=str(key_id), owner=str(actor))
    except KeyRefused as error:
        return _bad_pem(pem, error)
    return None


_SPKI = said("Write the key as SPKI: one block that begins with BEGIN PUBLIC KEY.")


def _bad_pem(pem: str, error: KeyRefused) -> Finding:
    if "BEGIN RSA PUBLIC KEY" in pem:
        return failed(Check.KEY, said("it is a PKCS#1 block, which many cannot read"), _SPKI)
    bits = _bits(pem)
    if 0 < bits < 2048:
        fix = said("Make a key of 2048 bits, and send an Update of the actor signed by the old one.")
        return failed(Check.KEY, said("it has %(bits)s bits, and others refuse that", bits=str(bits)), fix)
    return failed(Check.KEY, said("it cannot be used: %(why)s", why=plain(error)), _SPKI)


def _bits(pem: str) -> int:
    try:
        material = load_pem_public_key(pem[:_LONGEST_PEM].encode())
    except (ValueError, UnsupportedAlgorithm):
        return 0
    return material.key_size if isinstance(material, RSAPublicKey) else 0


async def _apart(asker: Asker, entry: JsonObject, document: JsonObject) -> Finding:
    """A key at an address of its own: what is there must name the same owner and hold the same key.

    Such an address answers everybody, signed or not: else two strict servers wait for each other.
    """
    key_id = str(entry["id"])
    fix = said("Serve the key at its id to everybody, unsigned, with its owner, or give it a fragment.")
    try:
        answer = await asker.follow(parse_iri(key_id), ACTIVITY_JSON)
    except FetchError as error:
        return failed(Check.KEY, trouble(error), fix)
    found = json_of(answer) if answer.status == 200 else None
    listed = as_list((found or {}).get("publicKey")) or [found]
    keys = [one for one in listed if isinstance(one, dict) and one.get("id") == key_id]
    if not any(_is_same(one, entry) for one in keys):
        seen = said("its document is not to be had for everybody: %(id)s", id=plain(key_id))
        return failed(Check.KEY, seen, fix)
    return fine(Check.KEY, said("in SPKI form, at an address of its own: %(id)s", id=plain(key_id)))


def _is_same(one: JsonObject, other: JsonObject) -> bool:
    pems = (str(entry.get("publicKeyPem")).split() for entry in (one, other))
    return as_id(one.get("owner")) == other["owner"] and next(pems) == next(pems)


def multikey_finding(document: JsonObject) -> Finding:
    """The keys of object proofs. Spec: FEP-521a."""
    fix = said("List Multikeys with id, controller (the actor's id) and publicKeyMultibase.")
    entries = as_list(document.get("assertionMethod"))[:_MOST_KEYS]
    if not entries:
        return fine(Check.MULTIKEY, said("there is none: it signs no objects"))
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("type") != "Multikey":
            return failed(Check.MULTIKEY, said("assertionMethod holds something else"), fix)
        if entry.get("controller") != document.get("id"):
            seen = said("its owner is another: %(owner)s", owner=plain(entry.get("controller") or "-"))
            return failed(Check.MULTIKEY, seen, fix)
        if not same_origin(entry.get("id"), document.get("id")):
            seen = said("its id lies on another host: %(id)s", id=plain(entry.get("id") or "-"))
            return failed(Check.MULTIKEY, seen, fix)
        try:
            parse_multikey(
                str(entry.get("publicKeyMultibase")), key_id=str(entry["id"]), owner=str(entry["controller"])
            )
        except KeyRefused as error:
            return failed(Check.MULTIKEY, said("it cannot be used: %(why)s", why=plain(error)), fix)
    return fine(Check.MULTIKEY, said("%(n)s in good form", n=len(entries)))
