"""What a vendor answers: the offer, and its withdrawal."""

from __future__ import annotations

import re

from federation.messages import JsonObject
from node.domain.messages import Offer, Undo
from node.domain.offers import Answer, FieldAsked, Meets, PartKind, PricePart, Recurring
from node.domain.policy import Policy
from node.domain.values import format_time
from node.wire.agreements import (
    agreement_digest,
    build_agreement,
    build_links,
    parse_offered_agreement,
    read_links,
)
from node.wire.contexts import obv
from node.wire.headers import Header, build_activity, present, read_deal_id, read_end
from node.wire.quantities import read_amount
from node.wire.reading import Reader

__all__ = ["build_offer", "build_undo", "parse_offer", "parse_undo"]

MAX_ANSWERS = 100
MAX_PARTS = 50
MAX_FIELDS = 50
MAX_TERMS = 20
_LASTS = Policy().offer_max
_DURATION = re.compile(
    r"P(?=[0-9T])(?:\d{1,4}Y)?(?:\d{1,4}M)?(?:\d{1,4}W)?(?:\d{1,4}D)?(?:T(?=\d)(?:\d{1,4}H)?(?:\d{1,4}M)?)?",
    re.ASCII,
)


def parse_offer(activity: Reader, header: Header, currency: str | None) -> Offer:
    """Shapes: `currency` is the deal's, an ISO code; None on the gift path. Raises: Refusal(malformed)."""
    agreement = parse_offered_agreement(activity, currency)
    return Offer(
        **header.on(read_deal_id(activity)),
        proposal_digest=activity.digest("proposalDigest"),
        agreement=agreement,
        agreement_digest=agreement_digest(activity.json["object"]),
        ends_at=read_end(activity, header.at, _LASTS),
        firm=activity.maybe_flag("firm"),
        supersedes=activity.maybe_iri("supersedes"),
        terms_accepted=activity.iris("termsAccepted", MAX_TERMS),
        content=activity.maybe_content(),
        answers=_read_answers(activity),
        price_parts=_read_parts(activity, currency),
        recurring=_read_recurring(activity, currency),
        fields_asked=_read_fields(activity),
        links=read_links(activity),
    )


def _read_answers(activity: Reader) -> tuple[Answer, ...]:
    meets = tuple(Meets)
    return tuple(
        Answer(
            wish=answer.text("wish", 100),
            text=answer.maybe_text("answer") or "",
            meets=Meets(answer.maybe_code("meets", meets) or Meets.UNKNOWN),
        )
        for answer in activity.children("answers", MAX_ANSWERS)
    )


def _read_parts(activity: Reader, currency: str | None) -> tuple[PricePart, ...]:
    return tuple(
        PricePart(
            name=part.text("name"),
            kind=PartKind(part.choice("kind", tuple(PartKind))),
            amount=read_amount(part, "amount", currency),
        )
        for part in activity.children("priceParts", MAX_PARTS)
    )


def _read_recurring(activity: Reader, currency: str | None) -> Recurring | None:
    recurring = activity.maybe_child("recurring")
    if recurring is None:
        return None
    period, times = recurring.text("period", 40), recurring.maybe_whole("times", 1, 10_000)
    if not _DURATION.fullmatch(period):
        raise recurring.refuse("period", "must be an ISO 8601 duration such as P1M")
    if times is None:
        raise recurring.refuse("times", "is missing; how often in all")
    return Recurring(amount=read_amount(recurring, "amount", currency), period=period, times=times)


def _read_fields(activity: Reader) -> tuple[FieldAsked, ...]:
    return tuple(
        FieldAsked(attribute=field.text("attribute", 100), purpose=field.iri("dataPurpose"))
        for field in activity.children("fieldsAsked", MAX_FIELDS)
    )


def build_offer(message: Offer) -> JsonObject:
    members = present(
        context=message.deal_id,
        endTime=format_time(message.ends_at),
        proposalDigest=message.proposal_digest,
        firm=message.firm,
        supersedes=message.supersedes,
        termsAccepted=list(message.terms_accepted),
        content=message.content,
        answers=[
            {"wish": answer.wish, "answer": answer.text, "meets": obv(answer.meets.value)}
            for answer in message.answers
        ],
        priceParts=[
            {"name": part.name, "kind": part.kind.value, "amount": part.amount.text}
            for part in message.price_parts
        ],
        recurring=_build_recurring(message.recurring),
        fieldsAsked=[
            {"attribute": asked.attribute, "dataPurpose": asked.purpose} for asked in message.fields_asked
        ],
        attachment=build_links(message.links),
        object=build_agreement(message.agreement),
    )
    return build_activity(message, "Offer", members)


def _build_recurring(recurring: Recurring | None) -> JsonObject | None:
    if recurring is None:
        return None
    return {"amount": recurring.amount.text, "period": recurring.period, "times": recurring.times}


def parse_undo(activity: Reader, header: Header) -> Undo:
    """The vendor withdraws an offer; an embedded one is read for its id and owner alone."""
    if isinstance(activity.json.get("object"), str):
        offer_id = activity.own_iri("object", header.actor)
    else:
        offer = activity.child("object", "Offer")
        offer.same("actor", header.actor, "the sender")
        offer_id = offer.own_iri("id", header.actor)
    return Undo(
        **header.on(read_deal_id(activity)), offer_id=offer_id, offer_digest=activity.digest("offerDigest")
    )


def build_undo(message: Undo) -> JsonObject:
    members = {
        "context": message.deal_id,
        "offerDigest": message.offer_digest,
        "object": {"id": message.offer_id, "type": "Offer", "actor": message.actor},
    }
    return build_activity(message, "Undo", members)
