"""Targets: messages of the protocol and what is built on them, read without a node."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from federation.digest import object_digest
from federation.errors import InvalidJson, ProofInvalid
from federation.ids import parse_iri
from federation.jcs import canonicalize
from federation.jsonld import as_id
from federation.messages import JsonObject, Limits
from federation.proofs import add_proof, proof_claim, verify_proof
from federation.strictjson import parse_json, parse_json_object
from node.domain.errors import InvalidInput, Refusal
from node.wire.contexts import odd_member
from node.wire.feedback import is_feedback_post, parse_feedback_post, verify_purchase
from node.wire.messages import UnknownMessage, build_message, envelope_of, is_deal_message, parse_message
from node.wire.postings import is_posting, parse_posting
from node.wire.verification import verify_bundle
from tests.fuzz.corpus import AFTER, documents, examples, key_of
from tests.fuzz.mutation import mutate_json
from tests.fuzz.targets import Finding, Target, plain

__all__ = ["MEANINGS"]

Json = dict[str, Any]
MOST_BYTES = Limits().inbox_body_bytes


def _written(document: Any) -> bytes:
    """What is larger than an inbox takes is not read by anybody, so that it is cut, to no document at all."""
    return json.dumps(document).encode("utf-8", "surrogatepass")[:MOST_BYTES]


def _read(data: bytes) -> JsonObject | None:
    try:
        return parse_json_object(data)
    except InvalidJson:
        return None


# --- messages ----------------------------------------------------------------------------------------------


def make_message(rng: Random) -> bytes:
    return _written(mutate_json(rng.choice(examples()), rng, donors=examples(), keep=0.8))


def judge_message(data: bytes) -> None:
    activity = _read(data)
    if activity is None:
        return
    is_deal_message(activity)
    envelope_of(activity)
    odd_member(activity)
    for currency in ("EUR", "JPY", None):
        try:
            message = parse_message(activity, digest="zQm", currency=currency)
        except (Refusal, UnknownMessage):
            continue
        if message.id != parse_iri(activity["id"]) or message.actor != parse_iri(as_id(activity["actor"])):
            raise Finding("it is another message")
        with suppress(ValueError):  # an answer that repeats an agreement needs the agreement
            built = build_message(message)
            again = parse_message(built, digest="zQm", currency=currency)
            if again.kind is not message.kind or again.deal_id != message.deal_id:
                raise Finding("written, it says something else")


def make_post(rng: Random) -> bytes:
    posts = [documents()["37-feedback-public"], documents()["30-standing-offer-post"]]
    return _written(mutate_json(rng.choice(posts), rng, donors=examples(), keep=0.8))


def judge_post(data: bytes) -> None:
    document = _read(data)
    if document is None:
        return
    if is_feedback_post(document):
        with suppress(Refusal):
            post = parse_feedback_post(document, digest="zQm")
            verify_purchase(post, key_of("https://shop.example/actors/shop").public)
    if is_posting(document):
        with suppress(Refusal):
            parse_posting(document)


# --- proofs ------------------------------------------------------------------------------------------------


def make_proof(rng: Random) -> bytes:
    """Whose, what was signed, and what it became; sometimes it is signed after it was changed."""
    example = rng.choice([found for found in examples() if "proof" in found])
    actor = str(example["actor"])
    changed = mutate_json(example, rng, donors=examples(), keep=0.5)
    if rng.random() < 0.2 and isinstance(changed, dict):
        bare = {name: value for name, value in changed.items() if name != "proof"}
        with suppress(ValueError, LookupError, TypeError):
            changed = example = add_proof(bare, key_of(actor), created=AFTER)
    return _written([actor, example, changed])


def judge_proof(data: bytes) -> None:
    try:
        parts = parse_json(data, max_depth=40)
    except InvalidJson:
        return
    actor, signed, changed = parts
    if not isinstance(changed, dict):
        return
    proof_claim(changed)
    key = key_of(actor).public
    for strict in (True, False):
        try:
            verify_proof(changed, key, now=AFTER, limits=Limits(), strict_context=strict)
        except ProofInvalid:
            continue
        same = {**changed}
        if not strict:
            same.pop("signature", None)
        if canonicalize(same) != canonicalize(signed):
            raise Finding("a proof holds for what was not signed")
        object_digest(changed)


# --- evidence ----------------------------------------------------------------------------------------------


def make_bundle(rng: Random) -> bytes:
    bundle: Json = mutate_json(documents()["40-bundle"], rng, most=2, keep=0.0) if rng.random() < 0.5 else {}
    if not bundle:
        bundle = json.loads(json.dumps(documents()["40-bundle"]))
        part = rng.choice(("messages", "messages", "actors"))
        entry = rng.choice(bundle[part])
        inner = mutate_json(json.loads(base64.b64decode(entry["bytes"])), rng, donors=examples(), keep=0.5)
        if rng.random() < 0.6 and part == "messages":
            inner = _signed_anew(inner)
        entry["bytes"] = base64.b64encode(_written(inner)).decode()
        with suppress(ValueError, TypeError):
            entry["digest" if part == "messages" else "x"] = object_digest(inner)
        entry.pop("x", None)
    return _written(bundle)


def _signed_anew(document: Json) -> Json:
    bare = {name: value for name, value in document.items() if name != "proof"}
    try:
        return add_proof(bare, key_of(str(document.get("actor"))), created=AFTER)
    except (ValueError, LookupError, TypeError):
        return document


def judge_bundle(data: bytes) -> None:
    try:
        report = verify_bundle(data, pinned={}, known={}, now=AFTER, limits=Limits())
    except InvalidInput:
        return
    if report.exit_code == 0:
        raise Finding("signed by keys that nobody has pinned")


_MAKERS: tuple[tuple[str, Callable[[Random], bytes], Callable[[bytes], None], int], ...] = (
    ("message", make_message, judge_message, 4),
    ("post", make_post, judge_post, 1),
    ("proof", make_proof, judge_proof, 2),
    ("bundle", make_bundle, judge_bundle, 2),
)
MEANINGS: tuple[Target, ...] = tuple(
    plain(name, make, judge, share=share) for name, make, judge, share in _MAKERS
)
