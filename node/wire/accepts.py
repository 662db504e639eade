"""What binds: shortlist, Accept, the conclusion of an Accept, and the Accept of an order."""

from __future__ import annotations

from federation.messages import JsonObject
from node.domain.messages import Accept, Conclude, OrderAccept, Shortlist
from node.domain.policy import Policy
from node.domain.values import format_time
from node.wire.agreements import (
    agreement_digest,
    build_accepted_agreement,
    build_agreement,
    build_links,
    parse_resulting_agreement,
    read_links,
)
from node.wire.credentials import read_credential, read_feedback_key
from node.wire.headers import Header, build_activity, present, read_deal_id, read_end
from node.wire.reading import Reader

__all__ = [
    "build_accept",
    "build_conclude",
    "build_order_accept",
    "build_shortlist",
    "parse_accept",
    "parse_conclude",
    "parse_order_accept",
    "parse_shortlist",
    "read_disclosed",
]

MAX_DISCLOSED_CHARS = 16_000
_LASTS = Policy().conclude_within


def parse_shortlist(activity: Reader, header: Header) -> Shortlist:
    return Shortlist(
        **header.on(read_deal_id(activity)),
        offer_id=activity.iri("object"),
        offer_digest=activity.digest("offerDigest"),
    )


def build_shortlist(message: Shortlist) -> JsonObject:
    members = {
        "context": message.deal_id,
        "object": message.offer_id,
        "offerDigest": message.offer_digest,
    }
    return build_activity(message, "TentativeAccept", members)


def parse_accept(activity: Reader, header: Header, currency: str | None) -> Accept:
    """Shapes: `currency` is the deal's, an ISO code; None on the gift path. Raises: Refusal(malformed)."""
    agreement_id, agreement, terms = parse_resulting_agreement(activity, header, currency)
    return Accept(
        **header.on(read_deal_id(activity)),
        offer_id=activity.iri("object"),
        offer_digest=activity.digest("offerDigest"),
        agreement_id=agreement_id,
        agreement=agreement,
        agreement_digest=agreement_digest(activity.json["result"]),
        terms=terms,
        ends_at=read_end(activity, header.at, _LASTS),
        feedback_key=read_feedback_key(activity, "feedbackKey"),
        disclosed=read_disclosed(activity),
    )


def read_disclosed(activity: Reader) -> str | None:
    """The fields that she ticked: a JSContact Card as JSON text, kept as it came. Spec: RFC 9553."""
    if not activity.has("disclosed"):
        return None
    text, card = activity.embedded("disclosed", MAX_DISCLOSED_CHARS)
    if card.json.get("@type") != "Card":
        raise card.refuse("@type", 'must be "Card"')
    return text


def build_accept(message: Accept, offered: JsonObject | None = None) -> JsonObject:
    """Shapes: `offered` is the agreement as the offer states it. Raises: ValueError if it is another one."""
    members = present(
        object=message.offer_id,
        context=message.deal_id,
        offerDigest=message.offer_digest,
        endTime=format_time(message.ends_at),
        feedbackKey=message.feedback_key,
        disclosed=message.disclosed,
        result=_build_result(message, offered),
    )
    return build_activity(message, "Accept", members)


def _build_result(message: Accept | OrderAccept, offered: JsonObject | None) -> JsonObject:
    result = build_accepted_agreement(
        offered or build_agreement(message.agreement),
        agreement_id=message.agreement_id,
        owner=message.actor,
        terms=message.terms,
    )
    if message.agreement_digest and agreement_digest(result) != message.agreement_digest:
        raise ValueError("this agreement is not the one that was offered, member by member")
    return result


def parse_conclude(activity: Reader, header: Header) -> Conclude:
    """A conclusion without its purchase credential is malformed (`protocol §5`)."""
    return Conclude(
        **header.on(read_deal_id(activity)),
        accept_id=activity.iri("object"),
        offer_digest=activity.digest("offerDigest"),
        accept_digest=activity.digest("acceptDigest"),
        credential=_read_own_credential(activity, header),
    )


def _read_own_credential(activity: Reader, header: Header) -> str:
    if read_credential(activity).issuer != header.actor:
        raise activity.refuse("purchaseCredential.issuer", "must be the sender")
    return str(activity.json["purchaseCredential"])


def build_conclude(message: Conclude) -> JsonObject:
    members = {
        "object": message.accept_id,
        "context": message.deal_id,
        "offerDigest": message.offer_digest,
        "acceptDigest": message.accept_digest,
        "purchaseCredential": message.credential,
    }
    return build_activity(message, "Accept", members)


def parse_order_accept(activity: Reader, header: Header, currency: str | None) -> OrderAccept:
    """The vendor's Accept of an order, which concludes it. Raises: Refusal(malformed)."""
    agreement_id, agreement, terms = parse_resulting_agreement(activity, header, currency)
    return OrderAccept(
        **header.on(read_deal_id(activity)),
        order_id=activity.iri("object"),
        order_digest=activity.digest("offerDigest"),
        agreement_id=agreement_id,
        agreement=agreement,
        agreement_digest=agreement_digest(activity.json["result"]),
        terms=terms,
        credential=_read_own_credential(activity, header),
        links=read_links(activity),
    )


def build_order_accept(message: OrderAccept, ordered: JsonObject | None = None) -> JsonObject:
    """Shapes: `ordered` is the agreement as the order states it. Raises: ValueError if it is another one."""
    members = present(
        context=message.deal_id,
        object=message.order_id,
        offerDigest=message.order_digest,
        purchaseCredential=message.credential,
        attachment=build_links(message.links),
        result=_build_result(message, ordered),
    )
    return build_activity(message, "Accept", members)
