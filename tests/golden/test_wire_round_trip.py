"""The example messages: read into the domain and built again, they are the same JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from federation.digest import object_digest
from node.domain.messages import Kind
from node.wire.contexts import context_for
from node.wire.feedback import build_feedback_post, parse_feedback_post
from node.wire.messages import UnknownMessage, build_message, is_deal_message, parse_message
from node.wire.postings import build_posting, parse_posting

MESSAGES = Path(__file__).parent / "messages"

KINDS = {
    "01-intent": Kind.CAST,
    "02-intent-update": Kind.UPDATE,
    "03-intent-withdrawn": Kind.WITHDRAW,
    "04-question": Kind.ASK,
    "05-no-bid": Kind.NO_BID,
    "06-offer": Kind.OFFER,
    "07-offer-withdrawn": Kind.UNDO,
    "08-shortlist": Kind.SHORTLIST,
    "09-counter": Kind.COUNTER,
    "10-accept": Kind.ACCEPT,
    "11-conclusion": Kind.CONCLUDE,
    "12-refusal": Kind.REFUSE,
    "13-decline-with-reason": Kind.DECLINE,
    "14-cancellation": Kind.CANCEL,
    "15-progress": Kind.PROGRESS,
    "16-receipt": Kind.RECEIPT,
    "17-confirm": Kind.CONFIRM,
    "31-order": Kind.ORDER,
    "32-order-accepted": Kind.ORDER_ACCEPT,
}
LATER = (
    "18-issue",
    "19-issue-acknowledged",
    "20-issue-outcome",
    "21-remedy",
    "22-remedy-accepted",
    "33-grant",
    "33b-grant-ended",
    "34-deletion-receipt",
    "35-message-under-grant",
    "36-over-budget",
)


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((MESSAGES / f"{name}.json").read_text())
    return found


def without_proof(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "proof"}


@pytest.mark.parametrize("name", KINDS)
def test_example_read_and_built_again_is_the_same(name: str) -> None:
    activity = example(name)
    digest = object_digest(activity)
    message = parse_message(activity, digest=digest, currency="EUR")
    assert (message.kind, message.digest) == (KINDS[name], digest)
    assert build_message(message) == without_proof(activity)


@pytest.mark.parametrize("name", KINDS)
def test_example_claims_to_be_a_message_of_the_deal(name: str) -> None:
    assert is_deal_message(example(name))


@pytest.mark.parametrize("name", LATER)
def test_example_of_a_later_part_must_be_proven_and_is_not_read(name: str) -> None:
    assert is_deal_message(example(name))
    with pytest.raises(UnknownMessage):
        parse_message(example(name), digest="zQm", currency="EUR")


@pytest.mark.parametrize(
    "path",
    sorted(p for p in MESSAGES.glob("[0-3]*.json") if not p.name.startswith("00-")),
    ids=lambda p: p.stem,
)
def test_example_has_the_least_context_that_it_needs(path: Path) -> None:
    document = without_proof(json.loads(path.read_text()))
    stated = document.pop("@context")
    assert context_for(document) == stated
    if len(stated) > 2:
        assert list(context_for(document)[2]) == list(stated[2])


def test_standing_offer_read_and_built_again_is_the_same() -> None:
    note = example("30-standing-offer-post")
    offer = parse_posting(note)
    assert offer.digest == object_digest(note) == example("31-order")["proposalDigest"]
    assert build_posting(offer) == without_proof(note)


def test_public_feedback_read_and_built_again_is_the_same() -> None:
    activity = example("37-feedback-public")
    post = parse_feedback_post(activity, digest=object_digest(activity))
    assert build_feedback_post(post) == without_proof(activity)
    assert not is_deal_message(activity)


def test_offer_and_accept_of_one_agreement_share_its_digest() -> None:
    offer = parse_message(example("06-offer"), digest="zQm", currency="EUR")
    accept = parse_message(example("10-accept"), digest="zQm", currency="EUR")
    assert offer.agreement_digest == accept.agreement_digest  # type: ignore[attr-defined]


def test_order_and_its_accept_share_the_agreement_digest() -> None:
    order = parse_message(example("31-order"), digest="zQm", currency="EUR")
    accept = parse_message(example("32-order-accepted"), digest="zQm", currency="EUR")
    assert order.agreement_digest == accept.agreement_digest  # type: ignore[attr-defined]
