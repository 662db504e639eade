"""The signed messages of every kind, as they are on the wire, with the keys that signed them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import base58
import pytest

from federation.digest import object_digest
from federation.errors import ProofInvalid
from federation.jcs import canonicalize
from federation.keys import PublicKey, ed25519_from_seed, keys_of_actor, parse_did_key, parse_multikey
from federation.messages import Limits
from federation.proofs import proof_claim, verify_proof
from federation.strictjson import dump_json, parse_json, parse_json_object

MESSAGES = Path(__file__).parent / "messages"
NAMES = sorted(path.stem for path in MESSAGES.glob("*.json"))
UNSIGNED = {
    "00-account-person",
    "00-account-vendor",
    "00-node",
    "00-persona",
    "40-bundle",
    "41-myterms-well-known",
    "42-webfinger",
    "99-test-keys",
}
DIGEST_MEMBERS = ("proposalDigest", "offerDigest", "acceptDigest", "digest")
SIGNED = [name for name in NAMES if name not in UNSIGNED]

# Message, member that carries a digest, message that it names.
CHAIN = [
    ("03-intent-withdrawn", "proposalDigest", "02-intent-update"),
    ("05-no-bid", "proposalDigest", "02-intent-update"),
    ("06-offer", "proposalDigest", "02-intent-update"),
    ("07-offer-withdrawn", "offerDigest", "06-offer"),
    ("08-shortlist", "offerDigest", "06-offer"),
    ("09-counter", "offerDigest", "06-offer"),
    ("10-accept", "offerDigest", "06-offer"),
    ("11-conclusion", "offerDigest", "06-offer"),
    ("11-conclusion", "acceptDigest", "10-accept"),
    ("12-refusal", "acceptDigest", "10-accept"),
    ("13-decline-with-reason", "offerDigest", "06-offer"),
    ("14-cancellation", "acceptDigest", "10-accept"),
    ("15-progress", "acceptDigest", "10-accept"),
    ("16-receipt", "acceptDigest", "10-accept"),
    ("17-confirm", "acceptDigest", "10-accept"),
    ("18-issue", "acceptDigest", "10-accept"),
    ("19-issue-acknowledged", "digest", "18-issue"),
    ("20-issue-outcome", "acceptDigest", "10-accept"),
    ("21-remedy", "acceptDigest", "10-accept"),
    ("21-remedy", "digest", "18-issue"),
    ("22-remedy-accepted", "digest", "21-remedy"),
    ("31-order", "proposalDigest", "30-standing-offer-post"),
    ("32-order-accepted", "offerDigest", "31-order"),
    ("33b-grant-ended", "digest", "33-grant"),
    ("34-deletion-receipt", "digest", "33b-grant-ended"),
]


def load(name: str) -> dict[str, Any]:
    return parse_json_object((MESSAGES / f"{name}.json").read_bytes())


TEST_KEYS: list[dict[str, str]] = load("99-test-keys")["keys"]
KEYS: dict[str, PublicKey] = {
    f"{entry['actor']}#ed25519-key": parse_multikey(
        entry["publicKeyMultibase"], key_id=f"{entry['actor']}#ed25519-key", owner=entry["actor"]
    )
    for entry in TEST_KEYS
    if not entry["actor"].startswith("did:")
}


def proofs_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object that carries a proof, however deep, in JSON text inside strings too."""
    if isinstance(value, dict):
        if "proof" in value:
            yield value
        for member in value.values():
            yield from proofs_in(member)
    elif isinstance(value, list):
        for item in value:
            yield from proofs_in(item)
    elif isinstance(value, str) and value.startswith("{"):
        yield from proofs_in(parse_json(value.encode()))


def digests_in(value: Any, name: str) -> Iterator[str]:
    """Every digest that a member of this name carries; definitions in an @context are none."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key.removeprefix("obv:") == name and isinstance(member, str) and member.startswith("zQm"):
                yield member
            yield from digests_in(member, name)
    elif isinstance(value, list):
        for item in value:
            yield from digests_in(item, name)


def multibase(digest: bytes) -> str:
    return "z" + base58.b58encode(b"\x12\x20" + digest).decode()


@pytest.mark.parametrize("name", SIGNED)
def test_every_proof_in_a_signed_message_verifies(name: str) -> None:
    message = load(name)
    assert "proof" in message
    for document in proofs_in(message):
        claim = proof_claim(document)
        assert claim is not None
        assert claim.usable
        assert claim.binds_context
        verify_proof(document, KEYS[claim.verification_method], now=None, limits=Limits())


@pytest.mark.parametrize("name", SIGNED)
def test_a_signed_message_with_anything_added_is_refused(name: str) -> None:
    message = {**load(name), "summary": "added on the way"}
    with pytest.raises(ProofInvalid):
        verify_proof(message, KEYS[message["proof"]["verificationMethod"]], now=None, limits=Limits())


@pytest.mark.parametrize("name", SIGNED)
def test_a_signed_message_is_signed_by_its_own_author(name: str) -> None:
    message = load(name)
    author = message.get("actor", message.get("attributedTo"))
    assert message["proof"]["verificationMethod"] == f"{author}#ed25519-key"


@pytest.mark.parametrize("name", NAMES)
def test_a_message_survives_parsing_writing_and_parsing(name: str) -> None:
    document = parse_json((MESSAGES / f"{name}.json").read_bytes())
    assert parse_json(dump_json(document)) == document
    assert object_digest({"m": parse_json(canonicalize(document))}) == object_digest({"m": document})


def test_test_keys_come_from_their_seeds() -> None:
    for entry in TEST_KEYS:
        seed = hashlib.sha256(f"obverse example key: {entry['label']}".encode()).digest()
        assert seed.hex() == entry["seed"]
        assert ed25519_from_seed("k", "o", seed).public.multibase == entry["publicKeyMultibase"]


@pytest.mark.parametrize("name", ["00-account-person", "00-account-vendor", "00-persona"])
def test_an_actor_document_lists_the_key_that_signs_its_messages(name: str) -> None:
    actor = load(name)
    expected = KEYS[f"{actor['id']}#ed25519-key"]
    assert keys_of_actor(actor, assertion_only=True) == [expected]
    assert expected in keys_of_actor(actor)


@pytest.mark.parametrize(("name", "member", "cited"), CHAIN)
def test_a_message_cites_the_digest_of_what_it_answers(name: str, member: str, cited: str) -> None:
    digests = list(digests_in(load(name), member))
    assert digests
    assert set(digests) == {object_digest(load(cited))}


def test_no_digest_in_any_message_is_left_unchecked() -> None:
    found = {
        (name, member) for name in SIGNED for member in DIGEST_MEMBERS if any(digests_in(load(name), member))
    }
    assert found == {(name, member) for name, member, _ in CHAIN}


def test_the_bundle_holds_the_exact_bytes_of_the_messages_it_names() -> None:
    bundle = load("40-bundle")
    names = ["01-intent", "02-intent-update", "06-offer", "10-accept", "11-conclusion"]
    for entry, name in zip(bundle["messages"], names, strict=True):
        message = parse_json_object(base64.b64decode(entry["bytes"], validate=True))
        assert message == load(name)
        assert entry["digest"] == object_digest(message)


def test_a_changed_byte_in_the_chain_changes_its_digest() -> None:
    offer = load("06-offer")
    changed = {**offer, "proof": {**offer["proof"], "created": "2026-11-21T00:00:00Z"}}
    assert object_digest(changed) != object_digest(offer)


def test_the_purchase_credential_is_the_vendors_own() -> None:
    conclusion = load("11-conclusion")
    credential = parse_json_object(conclusion["purchaseCredential"].encode())
    assert credential["issuer"] == conclusion["actor"]
    vendor = KEYS[credential["proof"]["verificationMethod"]]
    assert vendor.owner == conclusion["actor"]
    verify_proof(credential, vendor, now=None, limits=Limits())


def test_the_purchase_proof_binds_note_author_words_and_credential_to_the_feedback_key() -> None:
    note = load("37-feedback-public")["object"]
    credential = parse_json_object(note["purchaseCredential"].encode())
    bound = {
        "object": note["id"],
        "author": note["attributedTo"],
        "content": multibase(hashlib.sha256(note["content"].encode()).digest()),
        "credential": object_digest(credential),
    }
    feedback_key = parse_did_key(credential["credentialSubject"]["id"])
    signature = base58.b58decode(note["purchaseProof"][1:])

    assert feedback_key.verify(hashlib.sha256(canonicalize(bound)).digest(), signature)
    other = hashlib.sha256(canonicalize({**bound, "author": "https://mallory.example/actors/m"})).digest()
    assert not feedback_key.verify(other, signature)


def test_the_feedback_key_of_the_accept_is_the_one_in_the_credential() -> None:
    credential = parse_json_object(load("11-conclusion")["purchaseCredential"].encode())
    assert load("10-accept")["feedbackKey"] == credential["credentialSubject"]["id"]
