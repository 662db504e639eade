"""Credentials and purchase proofs hold for what they say and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from federation.digest import object_digest
from federation.keys import PublicKey, SigningKey, did_key, ed25519_from_seed, parse_multikey
from federation.proofs import add_proof
from federation.strictjson import dump_json
from node.domain.errors import Reason, Refusal
from node.domain.feedback import FeedbackPost
from node.domain.messages import Conclude, Receipt
from node.domain.values import parse_time
from node.wire.credentials import Credential, build_credential, parse_credential, verify_credential
from node.wire.feedback import (
    is_feedback_post,
    parse_feedback_post,
    purchase_payload,
    sign_purchase,
    verify_purchase,
)
from node.wire.receipts import verify_receipt

Example = Callable[..., dict[str, Any]]
Read = Callable[..., Any]
SHOP = "https://shop.example/actors/shop"
BICYCLE = "https://www.wikidata.org/wiki/Q11442"
FEEDBACK_DID = "did:key:z6MksKqDLgocCZa6yq1zXyBcSTHW7B2Jp8wzh5B194WrPDSv"
PURCHASE = {"issuer": SHOP, "feedback_key": FEEDBACK_DID, "category": BICYCLE, "month": "2026-11"}
FEEDBACK_SEED = bytes.fromhex("242a74409f1b2ada0a6f962847c3a491ca19b6fccd32d17b15bfb54836d46af6")


@pytest.fixture
def shop_key() -> PublicKey:
    multibase = "z6MkmBvkyY48GptYZ4CbXYSXbpHMzW3RrPJkKJ1gzU9KMcMv"
    return parse_multikey(multibase, key_id=f"{SHOP}#ed25519-key", owner=SHOP)


@pytest.fixture
def credential(example: Example) -> Credential:
    return parse_credential(example("11")["purchaseCredential"])


@pytest.fixture
def post(signed_example: Callable[[str], dict[str, Any]]) -> FeedbackPost:
    activity = signed_example("37")
    return parse_feedback_post(activity, digest=object_digest(activity))


@pytest.fixture
def feedback_key() -> SigningKey:
    return ed25519_from_seed(FEEDBACK_DID, FEEDBACK_DID, FEEDBACK_SEED)


# --- the purchase credential ----------------------------------------------------------------------------


def test_example_credential_holds(credential: Credential, shop_key: PublicKey) -> None:
    verify_credential(credential, shop_key, **PURCHASE)
    assert credential.month == "2026-11"


@pytest.mark.parametrize(
    "other",
    [
        {"issuer": "https://shop.example/actors/other"},
        {"feedback_key": "did:key:z6Mkw8f3Bhwbkhz6Sgre1Lm3rbBeeLNEyxHy6BQgzBi3YaFb"},
        {"category": "https://www.wikidata.org/wiki/Q8495"},
        {"month": "2026-12"},
    ],
)
def test_credential_about_something_else_is_refused(
    other: dict[str, str], credential: Credential, shop_key: PublicKey
) -> None:
    wanted = PURCHASE | other
    with pytest.raises(Refusal, match=r"another issuer, key or category|the month of this purchase"):
        verify_credential(credential, shop_key, **wanted)


def test_credential_by_another_key_is_refused(credential: Credential, shop_key: PublicKey) -> None:
    wanted = PURCHASE
    with pytest.raises(Refusal, match="not signed by a key of its issuer"):
        verify_credential(credential, replace(shop_key, owner="https://shop.example/actors/other"), **wanted)
    forged = ed25519_from_seed(shop_key.id, SHOP, b"f" * 32).public
    with pytest.raises(Refusal, match="does not match"):
        verify_credential(credential, forged, **wanted)


def test_credential_altered_after_signing_is_refused(example: Example, shop_key: PublicKey) -> None:
    text = example("11")["purchaseCredential"].replace('2026-11"', '2026-10"')
    altered = parse_credential(text)
    assert altered.month == "2026-10"
    with pytest.raises(Refusal, match="does not match") as refused:
        verify_credential(altered, shop_key, **(PURCHASE | {"month": "2026-10"}))
    assert refused.value.reason is Reason.MALFORMED


def test_credential_that_we_issue_is_read_and_holds() -> None:
    key = ed25519_from_seed(f"{SHOP}#key", SHOP, b"s" * 32)
    fresh = did_key(ed25519_from_seed("k", "k", b"k" * 32).public)
    unsigned = build_credential(issuer=SHOP, feedback_key=fresh, category=BICYCLE, month="2026-12")
    signed = add_proof(unsigned, key, created=parse_time("2026-12-01T00:00:00Z"))
    found = parse_credential(dump_json(signed).decode())
    verify_credential(found, key.public, **(PURCHASE | {"feedback_key": fresh, "month": "2026-12"}))


def test_example_conclusion_carries_the_credential_of_its_sender(example: Example, read: Read) -> None:
    conclusion: Conclude = read(example("11"))
    assert parse_credential(conclusion.credential).issuer == conclusion.actor


# --- the receipt ----------------------------------------------------------------------------------------


def test_example_receipt_holds(example: Example, read: Read, shop_key: PublicKey) -> None:
    verify_receipt(read(example("16")), shop_key)


def test_receipt_with_another_total_does_not_hold(example: Example, read: Read, shop_key: PublicKey) -> None:
    receipt: Receipt = read(example("16", {"object.credentialSubject.obv:total": "28.90"}))
    with pytest.raises(Refusal, match=r"object: .* does not match"):
        verify_receipt(receipt, shop_key)


# --- public feedback ------------------------------------------------------------------------------------


def test_example_feedback_is_shown_to_come_from_a_purchase(post: FeedbackPost, shop_key: PublicKey) -> None:
    assert verify_purchase(post, shop_key) == FEEDBACK_DID


def test_our_own_purchase_proof_is_that_of_the_example(post: FeedbackPost, feedback_key: SigningKey) -> None:
    made = sign_purchase(
        feedback_key,
        note_id=post.note_id,
        author=post.author,
        content=post.content,
        credential=post.credential or "",
    )
    assert made == post.purchase_proof


@pytest.mark.parametrize(
    "change",
    [
        {"content": "<p>Never again.</p>"},
        {"author": "https://evil.example/actors/mallory"},
        {"note_id": "https://ana.example/posts/other"},
        {"purchase_proof": "z" + "1" * 64},
        {"purchase_proof": "z0OIl"},
        {"purchase_proof": "mAAAA"},
    ],
)
def test_proof_under_another_text_or_author_does_not_hold(
    change: dict[str, Any], post: FeedbackPost, shop_key: PublicKey
) -> None:
    with pytest.raises(Refusal, match="does not fit the post"):
        verify_purchase(replace(post, **change), shop_key)


@pytest.mark.parametrize("missing", ["credential", "purchase_proof"])
def test_post_without_credential_or_proof_shows_no_purchase(
    missing: str, post: FeedbackPost, shop_key: PublicKey
) -> None:
    change: dict[str, Any] = {missing: None}
    with pytest.raises(Refusal, match="carries no purchase credential"):
        verify_purchase(replace(post, **change), shop_key)


def test_credential_of_another_vendor_shows_nothing(post: FeedbackPost, shop_key: PublicKey) -> None:
    with pytest.raises(Refusal, match="not by the vendor"):
        verify_purchase(replace(post, vendor="https://north.example/actors/north"), shop_key)


def test_credential_that_is_none_has_no_payload() -> None:
    with pytest.raises(Refusal):
        purchase_payload(note_id="n", author="a", content="c", credential="{}")


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"type": "Update"}, "type: must be one of Create"),
        ({"object.attributedTo": "https://evil.example/actors/m"}, "object.attributedTo: must be the sender"),
        ({"object.id": "https://evil.example/1"}, "object.id: must be on the sender's own"),
        ({"object.to": [], "object.cc": []}, "object.to: must name the public"),
        ({"object.withRegardTo": ...}, "object.withRegardTo: is missing"),
        ({"object.aspects[0].mood": "obv:furious"}, "object.aspects[0].mood: must be one of obv:delighted"),
        ({"object.aspects[0].mood": 5}, "object.aspects[0].mood: must be a text"),
        ({"@context": [{"withRegardTo": "https://evil.example/x"}]}, "another meaning"),
    ],
)
def test_misshapen_feedback_is_refused(changes: dict[str, object], detail: str, example: Example) -> None:
    with pytest.raises(Refusal) as refused:
        parse_feedback_post(example("37", changes), digest="")
    assert detail in refused.value.detail


def test_feedback_of_other_software_is_read_as_far_as_it_goes(example: Example) -> None:
    changes: dict[str, object] = {
        "object.to": "as:Public",
        "object.cc": [],
        "object.tag": [{"type": "Hashtag", "name": "#bike"}],
        "object.relatedWith": [{"type": "Status"}],
        "object.url": ...,
        "object.verified": True,
    }
    post = parse_feedback_post(example("37", changes), digest="")
    assert (post.title, post.mention, post.url) == ("", "", post.note_id)
    assert post.followers == f"{post.author}/followers"
    assert post.text.startswith("@shop Swapped a faulty bicycle")


def test_feedback_post_is_told_by_whom_it_is_about(example: Example) -> None:
    assert is_feedback_post(example("37"))
    assert not is_feedback_post(example("04"))
    assert not is_feedback_post({"type": "Create", "object": json.loads("[]")})
