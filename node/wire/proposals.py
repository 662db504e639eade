"""The proposal: what one vendor is told of an intent. Cast, Update and Withdraw carry or end it."""

from __future__ import annotations

from federation.messages import JsonObject
from node.domain.intents import Budget, Place, Proposal, Weight, Wish
from node.domain.messages import Cast, Update, Withdraw
from node.domain.policy import Policy
from node.domain.values import Money, format_time
from node.wire.headers import Header, build_activity, present, read_deal_id, read_end, read_made_object
from node.wire.quantities import (
    build_price,
    build_quantity,
    currency_iri,
    read_amount,
    read_currency,
    read_price,
    read_quantity,
    spelled,
)
from node.wire.reading import Reader

__all__ = [
    "ACTIONS",
    "build_cast",
    "build_proposal",
    "build_update",
    "build_withdraw",
    "parse_cast",
    "parse_proposal",
    "parse_update",
    "parse_withdraw",
]

ACTIONS = ("transfer", "deliverService")
MAX_WISHES = 50
MAX_TERMS = 20
_LASTS = Policy().intent_max
_WEIGHTS = tuple(Weight)


# --- the three messages ---------------------------------------------------------------------------------


def parse_cast(activity: Reader, header: Header) -> Cast:
    proposal = parse_proposal(activity, header)
    return Cast(**header.on(proposal.deal_id), proposal=proposal)


def build_cast(message: Cast) -> JsonObject:
    return build_activity(message, "Create", {"object": build_proposal(message.proposal)})


def parse_update(activity: Reader, header: Header) -> Update:
    proposal = parse_proposal(activity, header)
    if proposal.updated_at is None:
        raise activity.refuse("object.updated", "is missing; when it was stated anew")
    return Update(**header.on(proposal.deal_id), proposal=proposal)


def build_update(message: Update) -> JsonObject:
    return build_activity(message, "Update", {"object": build_proposal(message.proposal)})


def parse_withdraw(activity: Reader, header: Header) -> Withdraw:
    tombstone = activity.child("object", "Tombstone")
    tombstone.choice("formerType", ("Proposal",))
    return Withdraw(
        **header.on(read_deal_id(activity)),
        proposal_id=tombstone.own_iri("id", header.actor),
        proposal_digest=activity.digest("proposalDigest"),
    )


def build_withdraw(message: Withdraw) -> JsonObject:
    tombstone = {
        "id": message.proposal_id,
        "type": "Tombstone",
        "formerType": "Proposal",
        "deleted": format_time(message.at),
    }
    members = {
        "context": message.deal_id,
        "proposalDigest": message.proposal_digest,
        "object": tombstone,
    }
    return build_activity(message, "Delete", members)


# --- reading a proposal ---------------------------------------------------------------------------------


def parse_proposal(activity: Reader, header: Header, name: str = "object") -> Proposal:
    """The proposal that an activity carries under `name`, made by its sender for its addressee.

    Raises: Refusal(malformed).
    Spec:   FEP-0837 in request mode; `protocol §3`, `§4`.
    """
    reader = read_made_object(activity, "Proposal", header, name)
    reader.choice("purpose", ("request",))
    if reader.maybe_flag("unitBased") is not False:
        raise reader.refuse("unitBased", "must be false in a request")
    proposal_id, published_at = reader.iri("id"), reader.maybe_time("published") or header.at
    updated_at = reader.maybe_time("updated")
    if (updated_at or published_at) > header.at:
        raise reader.refuse("updated" if updated_at else "published", "must not be later than the message's")
    primary = _read_intent(reader, "publishes", f"{proposal_id}#primary")
    named = _read_party(primary, "receiver", header.actor)
    currency, price = _read_reciprocal(reader, proposal_id, header.actor)
    return Proposal(
        id=proposal_id,
        deal_id=_read_deal(activity, reader, header),
        author=header.actor,
        addressee=header.to,
        category=primary.category("resourceConformsTo"),
        quantity=read_quantity(primary),
        published_at=published_at,
        ends_at=read_end(reader, updated_at or published_at, _LASTS),
        action=primary.choice("action", ACTIONS),
        currency=currency,
        price=price,
        name=reader.maybe_text("name"),
        content=reader.maybe_content(),
        updated_at=updated_at,
        due_at=primary.maybe_time("due"),
        place=_read_place(reader),
        wishes=_read_wishes(reader),
        terms=reader.iris("terms", MAX_TERMS),
        budget=_read_budget(reader),
        supersedes=reader.maybe_iri("supersedes"),
        named_parties=named,
        sequence=reader.maybe_whole("SPC", 0, 1_000_000),
    )


def _read_deal(activity: Reader, reader: Reader, header: Header) -> str:
    """The deal is named on the proposal; where the activity names one too, it is the same."""
    deal_id = reader.own_iri("context", header.actor)
    if activity.has("context"):
        activity.same("context", deal_id, "the proposal's")
    return deal_id


def _read_intent(reader: Reader, name: str, wanted_id: str) -> Reader:
    intent = reader.child(name, "Intent")
    intent.same("id", wanted_id, "the proposal's id with its fragment")
    return intent


def _read_party(intent: Reader, name: str, author: str) -> bool:
    """Whether the intent names the party; it may only be the author."""
    return intent.has(name) and bool(intent.same(name, author, "the sender"))


def _read_reciprocal(reader: Reader, proposal_id: str, author: str) -> tuple[str | None, Money | None]:
    """Currency, and the price where one is named; both None on the gift path."""
    if not reader.has("reciprocal"):
        return None, None
    intent = _read_intent(reader, "reciprocal", f"{proposal_id}#reciprocal")
    intent.choice("action", ACTIONS)
    _read_party(intent, "provider", author)
    currency = read_currency(intent, "resourceConformsTo").code
    amount = intent.maybe_child("resourceQuantity")
    if amount is None or not amount.has(spelled(amount, "hasNumericalValue")):
        return currency, None
    return currency, read_price(intent, currency)


def _read_place(reader: Reader) -> Place | None:
    place = reader.maybe_child("location", "Place")
    if place is None:
        return None
    return Place(
        name=place.maybe_text("name"),
        latitude=place.maybe_number("latitude", -90, 90),
        longitude=place.maybe_number("longitude", -180, 180),
        radius=place.maybe_number("radius", 0, 50_000_000),
        units=place.maybe_text("units"),
    )


def _read_wishes(reader: Reader) -> tuple[Wish, ...]:
    wishes = tuple(
        Wish(
            id=wish.text("id", 100),
            text=wish.text("wish"),
            weight=Weight(wish.choice("weight", _WEIGHTS)),
            prop=wish.maybe_text("property", 100),
            op=wish.maybe_text("op", 100),
            value=wish.maybe_text("value"),
            unit=wish.maybe_text("unit", 100),
        )
        for wish in reader.children("wishes", MAX_WISHES)
    )
    if len({wish.id for wish in wishes}) != len(wishes):
        raise reader.refuse("wishes", "must each have an id of their own")
    return wishes


def _read_budget(reader: Reader) -> Budget | None:
    budget = reader.maybe_child("budget")
    if budget is None:
        return None
    return Budget(read_amount(budget, "max", read_currency(budget, "currency").code))


# --- building one ---------------------------------------------------------------------------------------


def build_proposal(proposal: Proposal) -> JsonObject:
    """The Proposal object, as a cast, an update or a counter carries it."""
    ends_at = format_time(proposal.ends_at)
    return present(
        id=proposal.id,
        type="Proposal",
        purpose="request",
        attributedTo=proposal.author,
        name=proposal.name,
        content=proposal.content,
        published=format_time(proposal.published_at),
        updated=format_time(proposal.updated_at) if proposal.updated_at else None,
        endTime=ends_at,
        hasEnd=ends_at,
        to=[proposal.addressee],
        context=proposal.deal_id,
        supersedes=proposal.supersedes,
        unitBased=False,
        location=_build_place(proposal.place),
        publishes=_build_primary(proposal),
        reciprocal=_build_reciprocal(proposal),
        budget=_build_budget(proposal.budget),
        wishes=[_build_wish(wish) for wish in proposal.wishes],
        terms=list(proposal.terms),
        SPC=proposal.sequence,
    )


def _build_primary(proposal: Proposal) -> JsonObject:
    return present(
        id=proposal.primary_id,
        type="Intent",
        action=proposal.action,
        receiver=proposal.author if proposal.named_parties else None,
        resourceConformsTo=proposal.category,
        resourceQuantity=build_quantity(proposal.quantity),
        due=format_time(proposal.due_at) if proposal.due_at else None,
    )


def _build_reciprocal(proposal: Proposal) -> JsonObject | None:
    if proposal.currency is None:
        return None
    return present(
        id=proposal.reciprocal_id,
        type="Intent",
        action="transfer",
        provider=proposal.author if proposal.named_parties else None,
        resourceConformsTo=currency_iri(proposal.currency),
        resourceQuantity=build_price(proposal.price),
    )


def _build_place(place: Place | None) -> JsonObject | None:
    if place is None:
        return None
    return present(
        type="Place",
        name=place.name,
        latitude=place.latitude,
        longitude=place.longitude,
        radius=place.radius,
        units=place.units,
    )


def _build_wish(wish: Wish) -> JsonObject:
    return present(
        id=wish.id,
        wish=wish.text,
        weight=wish.weight.value,
        property=wish.prop,
        op=wish.op,
        value=wish.value,
        unit=wish.unit,
    )


def _build_budget(budget: Budget | None) -> JsonObject | None:
    if budget is None:
        return None
    return {"currency": currency_iri(budget.maximum.currency), "max": budget.maximum.text}
