"""Standing offers: ordinary posts to everybody, offers to those who read them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from federation.vocab import AS_CONTEXT, DATA_INTEGRITY_CONTEXT, PUBLIC
from node.domain.errors import Reason, Refusal
from node.domain.values import parse_time
from node.wire.messages import is_deal_message
from node.wire.postings import build_post_activity, build_posting_withdrawal, is_posting, parse_posting

Example = Callable[..., dict[str, Any]]
AT = parse_time("2026-11-02T00:00:00Z")
ACTIVITY = "https://shop.example/activities/1"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"type": "Article"}, "type: must be one of Note, Proposal"),
        ({"purpose": "request"}, "purpose: must be one of offer"),
        ({"unitBased": False}, "unitBased: must be true"),
        ({"unitBased": ...}, "unitBased: must be true"),
        ({"to": [], "cc": []}, "to: must name the public"),
        ({"attributedTo": "https://evil.example/actors/m"}, "id: must be on the sender's own origin"),
        ({"publishes.id": "https://shop.example/1"}, "publishes.id: must be the Note's id"),
        ({"reciprocal": ...}, "reciprocal: is missing"),
        ({"reciprocal.action": "steal"}, "reciprocal.action: must be one of"),
        ({"reciprocal.resourceQuantity.hasNumericalValue": "1.3500001"}, "more than 6 decimals"),
        ({"reciprocal.resourceQuantity.hasNumericalValue": "-1"}, "is not a plain decimal"),
        ({"reciprocal.resourceQuantity.hasNumericalValue": True}, "must be a decimal string"),
        ({"reciprocal.resourceQuantity.hasNumericalValue": 1e-7}, "is not a plain decimal"),
        ({"publishes.minimumQuantity.hasUnit": "kilogram"}, "hasUnit: must be litre"),
        ({"publishes.resourceConformsTo": "milk"}, "must be a Wikidata URI"),
        ({"hasEnd": "2026-12-02T06:00:00Z"}, "hasEnd: must equal endTime"),
        ({"@context": {"purpose": "https://evil.example/x"}}, "another meaning"),
    ],
)
def test_misshapen_posting_is_refused(changes: dict[str, object], detail: str, example: Example) -> None:
    with pytest.raises(Refusal) as refused:
        parse_posting(example("30", changes))
    assert refused.value.reason is Reason.MALFORMED
    assert detail in refused.value.detail


def test_foreign_posting_may_have_numbers_and_leave_things_out(example: Example) -> None:
    changes: dict[str, object] = {
        "reciprocal.resourceQuantity.hasNumericalValue": 1.35,
        "publishes.resourceQuantity.hasNumericalValue": 1,
        "publishes.minimumQuantity": ...,
        "to": "as:Public",
        "content": ...,
        "url": ...,
        "name": "Milk",
        "type": "Proposal",
    }
    offer = parse_posting(example("30", changes))
    assert (offer.unit_price, offer.per_quantity, offer.minimum_quantity) == (
        Decimal("1.35"),
        Decimal(1),
        Decimal(1),
    )
    assert (offer.content, offer.url, offer.name) == ("", offer.id, "Milk")


def test_posting_is_told_from_any_other_note(example: Example) -> None:
    assert is_posting(example("30"))
    assert not is_posting(example("04")["object"])
    assert not is_posting({"purpose": "offer"})
    assert not is_posting("https://shop.example/posts/1")


def test_activity_around_a_posting_leaves_the_note_and_its_proof_alone(
    signed_example: Callable[[str], dict[str, Any]],
) -> None:
    note = signed_example("30")
    activity = build_post_activity("Create", note, activity_id=ACTIVITY, at=AT)
    assert activity["object"] == note
    assert activity["@context"] == [AS_CONTEXT, DATA_INTEGRITY_CONTEXT]
    assert (activity["to"], activity["cc"]) == (note["to"], note["cc"])
    assert activity["published"] == "2026-11-02T00:00:00Z"
    assert not is_deal_message(activity)


def test_withdrawn_posting_is_an_ordinary_delete(example: Example) -> None:
    offer = parse_posting(example("30"))
    activity = build_posting_withdrawal(offer, activity_id=ACTIVITY, at=AT)
    assert activity["object"] == {
        "id": offer.id,
        "type": "Tombstone",
        "formerType": "Note",
        "deleted": "2026-11-02T00:00:00Z",
    }
    assert activity["to"] == [PUBLIC]
    assert not is_deal_message(activity)
