"""The one-off path: a standing offer as a public Note, and the order that binds it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from federation.digest import object_digest
from federation.errors import InvalidDocument
from federation.jsonld import check_context
from federation.messages import JsonObject, JsonValue
from federation.vocab import PUBLIC
from node.domain.messages import Order
from node.domain.offers import StandingOffer
from node.domain.policy import Policy
from node.domain.values import Quantity, format_time, parse_quantity, parse_unit_price, unit_price_text
from node.wire.accepts import read_disclosed
from node.wire.agreements import agreement_digest, build_agreement, parse_offered_agreement
from node.wire.contexts import READ_TERMS, context_for
from node.wire.credentials import read_feedback_key
from node.wire.headers import Header, build_activity, names_public, present, read_deal_id, read_end
from node.wire.proposals import ACTIONS, MAX_TERMS
from node.wire.quantities import build_quantity, currency_iri, read_currency, spelled
from node.wire.reading import Reader, malformed

__all__ = [
    "build_order",
    "build_post_activity",
    "build_posting",
    "build_posting_withdrawal",
    "is_posting",
    "parse_order",
    "parse_posting",
]

_ORDER_LASTS = Policy().order_default
_POSTING_LASTS = Policy().intent_max


# --- the posting ----------------------------------------------------------------------------------------


def is_posting(note: JsonValue) -> bool:
    """Whether a Note carries the properties of a standing offer (FEP-0837's "Note instead of Proposal")."""
    return (
        isinstance(note, dict) and note.get("purpose") == "offer" and isinstance(note.get("publishes"), dict)
    )


def parse_posting(note: JsonObject) -> StandingOffer:
    """Read a standing offer from its Note; its `digest` is that of the Note as it stands, proof included.

    Shapes: numbers are read here, where others than ourselves may have written them, and nowhere else.
    Raises: Refusal(malformed).
    Spec:   FEP-0837; `protocol §3` "Money", §4 "Public postings".
    """
    try:
        check_context(note, READ_TERMS)
    except InvalidDocument as error:
        raise malformed(error.place, error.detail) from None
    reader = Reader(note)
    author = reader.iri("attributedTo")
    note_id = reader.own_iri("id", author)
    _check_posting(reader)
    published_at = reader.time("published")
    primary, reciprocal = _read_side(reader, "publishes", note_id), _read_side(reader, "reciprocal", note_id)
    basis, least = _read_quantities(primary)
    currency = read_currency(reciprocal, "resourceConformsTo").code
    return StandingOffer(
        id=note_id,
        author=author,
        category=primary.category("resourceConformsTo"),
        unit=basis.unit,
        per_quantity=basis.value,
        minimum_quantity=least.value,
        unit_price=_read_unit_price(reciprocal, currency),
        currency=currency,
        content=reader.maybe_content() or "",
        url=reader.maybe_iri("url") or note_id,
        published_at=published_at,
        ends_at=read_end(reader, published_at, _POSTING_LASTS),
        terms_accepted=reader.iris("termsAccepted", MAX_TERMS),
        name=reader.maybe_text("name"),
        updated_at=reader.maybe_time("updated"),
        digest=object_digest(note),
    )


def _check_posting(reader: Reader) -> None:
    reader.choice("type", ("Note", "Proposal"))
    reader.choice("purpose", ("offer",))
    if reader.maybe_flag("unitBased") is not True:
        raise reader.refuse("unitBased", "must be true: orders are multiples of a unit price")
    if not names_public(reader):
        raise reader.refuse("to", f"must name the public, {PUBLIC}")


def _read_side(reader: Reader, name: str, note_id: str) -> Reader:
    side = reader.child(name, "Intent")
    side.same(
        "id",
        f"{note_id}#{'primary' if name == 'publishes' else 'reciprocal'}",
        "the Note's id with its fragment",
    )
    side.choice("action", ACTIONS)
    return side


def _read_quantities(primary: Reader) -> tuple[Quantity, Quantity]:
    """What the price is for, and the least that can be ordered; of one unit."""
    basis = _read_public_quantity(primary.child("resourceQuantity"))
    least = primary.maybe_child("minimumQuantity")
    if least is None:
        return basis, basis
    found = _read_public_quantity(least)
    if found.unit != basis.unit:
        raise least.refuse("hasUnit", f"must be {basis.unit}, as in resourceQuantity")
    return basis, found


def _read_public_quantity(reader: Reader) -> Quantity:
    unit = reader.text(spelled(reader, "hasUnit"))
    return reader.read(
        spelled(reader, "hasNumericalValue"), lambda value: parse_quantity(_as_decimal_text(value), unit)
    )


def _read_unit_price(reciprocal: Reader, currency: str) -> Decimal:
    amount = reciprocal.child("resourceQuantity")
    return amount.read(
        spelled(amount, "hasNumericalValue"),
        lambda value: parse_unit_price(_as_decimal_text(value), currency),
    )


def _as_decimal_text(value: JsonValue) -> JsonValue:
    """A JSON number as its shortest decimal text; whatever is not a plain one fails where it is read."""
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def build_posting(offer: StandingOffer) -> JsonObject:
    """The unsigned Note: an ordinary post for everybody, an offer for those who read it.

    Spec: interop §4.1 "Carrying a custom type" (no `name`, plain `Note`), §4.3.
    """
    ends_at = format_time(offer.ends_at)
    note = present(
        id=offer.id,
        type="Note",
        purpose="offer",
        attributedTo=offer.author,
        to=[PUBLIC],
        cc=[f"{offer.author}/followers"],
        published=format_time(offer.published_at),
        updated=format_time(offer.updated_at) if offer.updated_at else None,
        endTime=ends_at,
        hasEnd=ends_at,
        url=offer.url,
        unitBased=True,
        content=offer.content,
        publishes=_build_primary(offer),
        reciprocal=_build_reciprocal(offer),
        termsAccepted=list(offer.terms_accepted),
    )
    note = {**note, "tag": [], "attachment": []}
    return {"@context": context_for(note), **note}


def _build_primary(offer: StandingOffer) -> JsonObject:
    return {
        "id": f"{offer.id}#primary",
        "type": "Intent",
        "action": "transfer",
        "provider": offer.author,
        "resourceConformsTo": offer.category,
        "resourceQuantity": build_quantity(Quantity(offer.per_quantity, offer.unit)),
        "minimumQuantity": build_quantity(Quantity(offer.minimum_quantity, offer.unit)),
    }


def _build_reciprocal(offer: StandingOffer) -> JsonObject:
    return {
        "id": f"{offer.id}#reciprocal",
        "type": "Intent",
        "action": "transfer",
        "receiver": offer.author,
        "resourceConformsTo": currency_iri(offer.currency),
        "resourceQuantity": {
            "hasUnit": "one",
            "hasNumericalValue": unit_price_text(offer.unit_price, offer.currency),
        },
    }


def build_post_activity(
    verb: Literal["Create", "Update"], note: JsonObject, *, activity_id: str, at: datetime
) -> JsonObject:
    """The unsigned activity that tells followers of a public Note, which keeps its context and proof."""
    activity = {
        "id": activity_id,
        "type": verb,
        "actor": note["attributedTo"],
        "to": note["to"],
        "cc": note["cc"],
        "object": note,
        "published": format_time(at),
    }
    return {"@context": context_for(activity), **activity}


def build_posting_withdrawal(offer: StandingOffer, *, activity_id: str, at: datetime) -> JsonObject:
    """The unsigned Delete of a posting."""
    activity: JsonObject = {
        "id": activity_id,
        "type": "Delete",
        "actor": offer.author,
        "to": [PUBLIC],
        "cc": [f"{offer.author}/followers"],
        "object": {"id": offer.id, "type": "Tombstone", "formerType": "Note", "deleted": format_time(at)},
        "published": format_time(at),
    }
    return {"@context": context_for(activity), **activity}


# --- the order ------------------------------------------------------------------------------------------


def parse_order(activity: Reader, header: Header, currency: str | None) -> Order:
    """Shapes: `currency` is the posting's, an ISO code. Raises: Refusal(malformed)."""
    activity.forbid("termsAccepted", "firm", "supersedes", why="an order is the customer's")
    agreement = parse_offered_agreement(activity, currency)
    return Order(
        **header.on(read_deal_id(activity, made_by=header.actor)),
        post_digest=activity.digest("proposalDigest"),
        agreement=agreement,
        agreement_digest=agreement_digest(activity.json["object"]),
        ends_at=read_end(activity, header.at, _ORDER_LASTS),
        feedback_key=read_feedback_key(activity, "feedbackKey"),
        terms=activity.iris("terms", MAX_TERMS),
        disclosed=read_disclosed(activity),
    )


def build_order(message: Order) -> JsonObject:
    members = present(
        context=message.deal_id,
        endTime=format_time(message.ends_at),
        proposalDigest=message.post_digest,
        terms=list(message.terms),
        feedbackKey=message.feedback_key,
        disclosed=message.disclosed,
        object=build_agreement(message.agreement),
    )
    return build_activity(message, "Offer", members)
