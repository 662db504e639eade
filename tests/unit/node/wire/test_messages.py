"""The two doors, the envelope, ends by default, and what the context may not do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from federation.vocab import AS_CONTEXT
from node.domain.errors import Reason, Refusal
from node.domain.messages import (
    Accept,
    CancelReject,
    Cast,
    Conclude,
    Decline,
    Kind,
    Message,
    NoBid,
    Offer,
    Progress,
    Receipt,
    Refuse,
    Undo,
)
from node.domain.offers import Meets
from node.domain.values import Money
from node.wire.agreements import agreement_digest
from node.wire.messages import build_message, envelope_of, parse_message

Example = Callable[..., dict[str, Any]]
Read = Callable[..., Any]


# --- ends -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "missing", "lasts"),
    [
        ("06", "endTime", timedelta(days=30)),
        ("10", "endTime", timedelta(hours=24)),
        ("14", "endTime", timedelta(hours=72)),
        ("31", "endTime", timedelta(hours=24)),
    ],
)
def test_message_without_an_end_has_the_longest_or_usual_one(
    number: str, missing: str, lasts: timedelta, example: Example, read: Read
) -> None:
    message = read(example(number, {missing: ...}))
    assert message.ends_at == message.at + lasts


def test_proposal_without_an_end_lasts_ninety_days(example: Example, read: Read) -> None:
    cast = read(example("01", {"object.endTime": ..., "object.hasEnd": ...}))
    assert cast.proposal.ends_at == cast.at + timedelta(days=90)


def test_end_needs_no_repetition(example: Example, read: Read) -> None:
    assert read(example("01", {"object.hasEnd": ...})).proposal == read(example("01")).proposal


def test_proposal_without_a_time_of_its_own_has_the_messages(example: Example, read: Read) -> None:
    cast = read(example("01", {"object.published": ...}))
    assert cast.proposal.published_at == cast.at


# --- times and proofs -----------------------------------------------------------------------------------


def test_message_dated_after_its_proof_is_refused(
    signed_example: Callable[[str], dict[str, Any]], read: Read
) -> None:
    activity = signed_example("08")
    activity["published"] = "2026-11-21T11:15:00Z"
    assert read(activity).kind is Kind.SHORTLIST
    activity["published"] = "2026-11-21T11:15:01Z"
    with pytest.raises(Refusal, match=r"published: must not be later than the proof"):
        read(activity)
    activity["proof"]["created"] = "yesterday"
    with pytest.raises(Refusal, match=r"proof\.created"):
        read(activity)


# --- contexts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "context"),
    [
        ("06", [AS_CONTEXT, {"actor": "https://evil.example/ns#actor"}]),
        ("06", [AS_CONTEXT, {"amount": "https://evil.example/ns#amount"}]),
        ("06", [AS_CONTEXT, {"vf": "https://evil.example/ns#", "stipulates": "vf:stipulates"}]),
        ("06", [AS_CONTEXT, {"hasNumericalValue": "om2:hasUnit"}]),
        ("06", [AS_CONTEXT, {"sku": None}]),
    ],
)
def test_context_that_gives_our_terms_another_meaning_is_refused(
    number: str, context: list[Any], example: Example, read: Read
) -> None:
    with pytest.raises(Refusal, match="another meaning") as refused:
        read(example(number, {"@context": context}))
    assert refused.value.reason is Reason.MALFORMED


def test_nested_context_is_judged_too(example: Example, read: Read) -> None:
    hidden = {"object.stipulates.@context": {"due": "https://evil.example/ns#paid"}}
    with pytest.raises(Refusal, match="another meaning"):
        read(example("06", hidden))


@pytest.mark.parametrize("keyword", ["@graph", "@included", "@reverse"])
def test_keyword_that_rearranges_is_refused(keyword: str, example: Example, read: Read) -> None:
    with pytest.raises(Refusal, match=keyword):
        read(example("06", {f"object.{keyword}": []}))
    aliased = [AS_CONTEXT, {"part": keyword}]
    with pytest.raises(Refusal, match="rearrange"):
        read(example("06", {"@context": aliased}))


@pytest.mark.parametrize(
    "context",
    [
        AS_CONTEXT,
        [AS_CONTEXT, "https://vendor.example/contexts/1"],
        [AS_CONTEXT, {"loyalty": "https://vendor.example/ns#loyalty"}],
        [AS_CONTEXT, {"hasUnit": "https://w3id.org/valueflows/ont/vf#hasUnit"}],
        [AS_CONTEXT, ["https://w3id.org/security/data-integrity/v2"]],
        ...,
    ],
)
def test_context_that_leaves_our_terms_alone_changes_nothing(
    context: Any, example: Example, read: Read
) -> None:
    plain: Offer = read(example("06"))
    assert replace(read(example("06", {"@context": context})), digest=plain.digest) == plain


# --- spellings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["om2", "vf"])
def test_quantity_is_read_under_either_prefix(prefix: str, example: Example, read: Read) -> None:
    quantity = {f"{prefix}:hasUnit": "one", f"{prefix}:hasNumericalValue": "1"}
    offer: Offer = read(example("06", {"object.stipulates.resourceQuantity": quantity}))
    assert offer.agreement.quantity.text == "1"


def test_category_is_compared_in_one_spelling(example: Example, read: Read) -> None:
    cast: Cast = read(
        example("01", {"object.publishes.resourceConformsTo": "http://www.wikidata.org/entity/Q11442"})
    )
    assert cast.proposal.category == "https://www.wikidata.org/wiki/Q11442"


def test_code_may_be_written_in_full(example: Example, read: Read) -> None:
    full = "https://w3id.org/obverse/ns#timing"
    decline: Decline = read(example("13", {"instrument.reasonCode": full}))
    assert decline.reason == "timing"


def test_one_addressee_needs_no_list(example: Example, read: Read) -> None:
    assert (
        read(example("08", {"to": "https://shop.example/actors/shop"})).to
        == "https://shop.example/actors/shop"
    )


def test_empty_audience_is_none(example: Example, read: Read) -> None:
    assert read(example("08", {"cc": [], "bcc": None})).kind is Kind.SHORTLIST


def test_names_keep_their_spelling_to_the_last_byte(example: Example) -> None:
    composed, decomposed = (
        parse_message(example("06", {"object.stipulates.item.name": name}), digest="zQm", currency="EUR")
        for name in ("Caf\u00e9", "Cafe\u0301")
    )
    assert isinstance(composed, Offer)
    assert isinstance(decomposed, Offer)
    assert composed.agreement != decomposed.agreement
    assert composed.agreement_digest != decomposed.agreement_digest


def test_answer_without_a_word_on_the_wish_is_unknown(example: Example, read: Read) -> None:
    offer: Offer = read(example("06", {"answers[0].meets": ..., "answers[0].answer": ...}))
    assert (offer.answers[0].text, offer.answers[0].meets) == ("", Meets.UNKNOWN)


def test_withdrawal_may_name_the_offer_by_its_id_alone(example: Example, read: Read) -> None:
    undo: Undo = read(example("07", {"object": "https://shop.example/activities/JopZ1XFEponf3PQkWexWYK"}))
    assert undo.offer_id == read(example("07")).offer_id


def test_attachment_that_is_no_link_is_left_alone(example: Example, read: Read) -> None:
    offer: Offer = read(example("06", {"attachment[0].type": "Image"}))
    assert offer.links == ()


def test_foreign_payment_link_is_kept_for_the_page_to_warn_of(example: Example, read: Read) -> None:
    offer: Offer = read(
        example("06", {"attachment[0].href": "javascript:alert(1)", "attachment[0].rel": "payment"})
    )
    assert (offer.links[0].href, offer.links[0].rel) == ("javascript:alert(1)", ("payment",))


def test_intent_without_a_quantity_of_money_hides_the_price(example: Example, read: Read) -> None:
    cast: Cast = read(example("01", {"object.reciprocal.resourceQuantity": ...}))
    assert (cast.proposal.currency, cast.proposal.price) == ("EUR", None)


def test_confirmation_links_to_its_receipt_among_other_links(example: Example, read: Read) -> None:
    other = {"type": "Link", "href": "https://shop.example/thanks"}
    activity = example("17")
    activity["object"]["attachment"].append(other)
    assert read(activity).receipt_id == "https://shop.example/receipts/BZ1ErLzT6SSsTrBzSveCaM"


# --- currency -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["06", "10", "31", "32"])
def test_amount_without_a_known_currency_answers_nothing_that_we_know(
    number: str, example: Example, read: Read
) -> None:
    with pytest.raises(Refusal, match="no currency") as refused:
        read(example(number), currency=None)
    assert refused.value.reason is Reason.NOT_ADDRESSED


def test_amount_is_read_in_the_deals_currency(example: Example, read: Read) -> None:
    offer: Offer = read(example("06"), currency="GBP")
    assert offer.agreement.price == Money(28_900, "GBP")
    with pytest.raises(Refusal, match="more decimals than JPY"):
        read(example("06"), currency="JPY")


def test_gift_has_no_price(example: Example, read: Read) -> None:
    changes = {"object.stipulatesReciprocal": ..., "priceParts": ...}
    offer: Offer = read(example("06", changes), currency=None)
    assert (offer.agreement.price, offer.agreement.reciprocal) == (None, None)


def test_payment_is_progress_in_money(example: Example, read: Read) -> None:
    changes: dict[str, object] = {
        "object.fulfills": "https://ana.example/agreements/Xuzb8nXh1EvFopkX3Nubw3#reciprocal",
        "object.stage": "refunded",
        "object.resourceQuantity.hasNumericalValue": "289.00",
    }
    progress: Progress = read(example("15", changes))
    assert (progress.amount, progress.quantity) == (Money(28_900, "EUR"), None)


def test_receipt_of_a_gift_has_no_total(example: Example, read: Read) -> None:
    receipt: Receipt = read(example("16", {"object.credentialSubject.obv:total": ...}))
    assert receipt.total is None


# --- building -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "reason"), [("05", "outOfStock"), ("13", "expired"), ("14", "limit")])
def test_reason_that_would_say_something_else_is_not_built(
    number: str, reason: str, example: Example, read: Read
) -> None:
    with pytest.raises(ValueError, match="is not one of"):
        build_message(replace(read(example(number)), reason=reason))


def test_refusal_under_an_unknown_digest_is_not_built(example: Example, read: Read) -> None:
    refuse: Refuse = read(example("12"))
    with pytest.raises(ValueError, match="is not one of"):
        build_message(replace(refuse, digest_member="shaDigest"))


def test_refusal_needs_neither_digest_nor_deal(example: Example, read: Read) -> None:
    refuse: Refuse = read(example("12", {"acceptDigest": ..., "context": ...}))
    assert (refuse.deal_id, refuse.object_digest, refuse.digest_member) == ("", None, "digest")


def test_no_to_a_cancellation_is_told_from_a_refusal_of_it(example: Example, read: Read) -> None:
    answer = example("12", {"digest": "zQm1", "instrument.reasonCode": "obv:needGone"})
    assert isinstance(read(answer), CancelReject)
    assert isinstance(read(example("12", {"acceptDigest": ..., "digest": "zQm1"})), Refuse)


def test_accept_repeats_members_of_the_offer_that_nobody_here_knows(example: Example, read: Read) -> None:
    offered = example("06", {"object.stipulates.engraving": "Luis", "object.gift": True})
    offer: Offer = read(offered)
    accept: Accept = replace(read(example("10")), agreement_digest=offer.agreement_digest)
    built = build_message(accept, agreement=offered["object"])
    assert built["result"]["stipulates"]["engraving"] == "Luis"
    assert read(built).agreement_digest == offer.agreement_digest
    with pytest.raises(ValueError, match="not the one that was offered"):
        build_message(accept)


def test_agreement_without_a_known_digest_is_worded_from_the_message(example: Example, read: Read) -> None:
    accept: Accept = read(example("10"))
    assert build_message(replace(accept, agreement_digest="")) == build_message(accept)


@pytest.mark.parametrize(
    "changes",
    [
        {"result.stipulates.due": "2026-11-28T18:00:00Z"},
        {"result.stipulates.item.sku": "NK20-B"},
        {"result.stipulates.item.colour": "red"},
        {"result.stipulatesReciprocal.resourceQuantity.hasNumericalValue": "289.0"},
        {"result.warranty": "none"},
        {"result.stipulates.item": ...},
    ],
)
def test_agreement_changed_in_any_member_has_another_digest(
    changes: dict[str, object], example: Example, read: Read
) -> None:
    offer: Offer = read(example("06"))
    assert read(example("10", changes)).agreement_digest != offer.agreement_digest
    assert read(example("10")).agreement_digest == offer.agreement_digest


def test_digest_of_an_agreement_tells_what_is_no_object_apart() -> None:
    assert agreement_digest({"stipulates": "x"}) != agreement_digest({"stipulates": {"id": "x"}})


# --- the envelope ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "kind", "member"),
    [
        ("01", Kind.CAST, "digest"),
        ("06", Kind.OFFER, "offerDigest"),
        ("09", Kind.COUNTER, "digest"),
        ("10", Kind.ACCEPT, "acceptDigest"),
        ("11", Kind.CONCLUDE, "digest"),
        ("17", Kind.CONFIRM, "digest"),
        ("31", Kind.ORDER, "offerDigest"),
        ("18", None, "digest"),
    ],
)
def test_envelope_says_whose_it_is_and_how_to_refuse_it(
    number: str, kind: Kind | None, member: str, example: Example
) -> None:
    activity = example(number)
    envelope = envelope_of(activity)
    assert (envelope.kind, envelope.digest_member) == (kind, member)
    assert (envelope.id, envelope.actor, envelope.to) == (
        activity["id"],
        activity["actor"],
        activity["to"][0],
    )
    assert envelope.deal_id.startswith("https://ana.example/deals/")


def test_envelope_of_a_conclusion_has_the_digests_that_it_cites(example: Example) -> None:
    activity = example("11")
    cited = {"offerDigest": activity["offerDigest"], "acceptDigest": activity["acceptDigest"]}
    assert envelope_of(activity).digests == cited


def test_envelope_of_what_cannot_be_read_is_empty_there() -> None:
    envelope = envelope_of({"type": "Offer", "id": 5, "actor": ["x"], "to": ["a", "b"], "context": {}})
    assert (envelope.id, envelope.actor, envelope.to, envelope.deal_id) == ("", "", "", "")


def test_refusal_can_be_built_from_the_envelope_alone(example: Example, read: Read) -> None:
    broken = example("10", {"result.stipulates": ..., "feedbackKey": 5})
    envelope = envelope_of(broken)
    refuse = Refuse(
        id="https://shop.example/activities/1",
        deal_id=envelope.deal_id,
        actor=envelope.to,
        to=envelope.actor,
        at=read(example("10")).at,
        object_id=envelope.id,
        reason=Reason.MALFORMED,
        object_digest="zQm1",
        digest_member=envelope.digest_member,
    )
    built = build_message(refuse)
    assert built["acceptDigest"] == "zQm1"
    assert built["instrument"] == {"type": "Reason", "reasonCode": "obv:malformed"}
    assert parse_message(built, digest="") == refuse


def test_wrong_issuer_of_a_credential_is_seen_at_once(example: Example, read: Read) -> None:
    conclusion: Conclude = read(example("11"))
    assert '"issuer":"https://shop.example/actors/shop"' in conclusion.credential


def test_no_bid_keeps_its_words(example: Example, read: Read) -> None:
    message: NoBid = read(example("05", {"content": "<p>Sorry.</p>"}))
    assert message.content == "<p>Sorry.</p>"
    assert isinstance(message, Message)
