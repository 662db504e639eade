"""A person before an agreement: whom she wants to hear from, and what she wants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.places import read_place
from node.commands.recorded import shown_cast, shown_hand_offer
from node.commands.references import category_of, customer_for
from node.commands.registry import Commands
from node.commands.shown import shown_contact, shown_deal, shown_intent
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.errors import InvalidInput
from node.domain.intents import Intent, PersonaMode, Weight, Wish
from node.domain.terms import DEFAULT_PROFFER, parse_terms
from node.domain.values import Quantity, parse_quantity, whole_seconds
from node.services.intents import (
    IntentChange,
    Wanted,
    cast_intent,
    find_intent,
    update_intent,
    withdraw_intent,
)
from node.services.plain_casts import told_of
from node.workflows.lookups import find_contact

__all__ = ["COMMANDS", "read_wanted"]

COMMANDS = Commands()

NAME_CHARS = 200
OPS = ("is", "min", "max", "fits")
SERVICE = "deliverService"
_WANTED = (
    "to as_message name text category quantity currency gift budget share_budget service until due place "
    "wishes terms persona"
)


# --- vendors ----------------------------------------------------------------------------------------------


@COMMANDS.command("vendors.add", "vendor")
async def add_vendor(node: Node, arguments: Arguments) -> JsonObject:
    """Look a vendor up by its handle or address, and remember it."""
    reference = arguments.text("vendor", 2000)
    account = await node.look(lambda desk: customer_for(desk, arguments))
    return shown_contact(await find_contact(node, account, reference, fresh=True))


@COMMANDS.command("vendors.list", reads=True)
async def list_vendors(node: Node, arguments: Arguments) -> JsonObject:
    contacts = await node.look(lambda desk: desk.tx.contacts.all(customer_for(desk, arguments).id))
    return {"vendors": [shown_contact(contact) for contact in contacts]}


# --- intents ----------------------------------------------------------------------------------------------


@COMMANDS.command("intent.cast", _WANTED)
async def cast(node: Node, arguments: Arguments) -> JsonObject:
    """Tell the named vendors, and nobody else, what is wanted and on which terms.

    Those of `as_message` have no node: they get a message from the account itself.
    """
    account = await node.look(lambda desk: customer_for(desk, arguments))
    read_wanted(arguments, whole_seconds(node.now()))  # a mistake is told before anybody is asked
    vendors = await _audience(node, account, arguments.texts("to", 30))
    as_message = await _audience(node, account, arguments.texts("as_message", 30))

    def make(desk: Desk) -> JsonObject:
        wanted = read_wanted(arguments, desk.signing_time)
        return _with_deals(desk, cast_intent(desk, account, wanted, vendors, as_message=as_message))

    return await node.work(make)


async def _audience(node: Node, account: Account, references: tuple[str, ...]) -> tuple[Contact, ...]:
    """Each named vendor once, in the order in which they were named."""
    named: dict[str, Contact] = {}
    for reference in references:
        contact = await find_contact(node, account, reference)
        named[contact.actor] = contact
    return tuple(named.values())


def read_wanted(arguments: Arguments, now: datetime) -> Wanted:
    """What is asked for, as a command names it. Raises: InvalidInput."""
    currency = (arguments.maybe_text("currency", 3) or "").upper() or None
    budget = arguments.maybe_money("budget", currency)
    currency = currency or (budget.currency if budget else None)
    if arguments.flag("gift"):
        currency = None
    elif currency is None:
        raise InvalidInput("currency", "is missing", "Name it (EUR, say), or a budget such as '300 EUR'.")
    if budget is not None and budget.currency != currency:
        raise InvalidInput("budget", f"{budget} is not in {currency}", "Use one currency.")
    ends_at = arguments.maybe_when("until", now)
    return Wanted(
        name=arguments.text("name", NAME_CHARS),
        category=category_of(arguments.text("category", 200)),
        quantity=arguments.maybe_quantity("quantity") or _one(),
        currency=currency,
        action=SERVICE if arguments.flag("service") else "transfer",
        content=arguments.maybe_text("text", 10_000),
        budget=budget,
        share_budget=arguments.flag("share_budget"),
        lasts=ends_at - now if ends_at is not None else None,
        due_at=arguments.maybe_when("due", now),
        place=read_place(arguments.mapping("place")),
        wishes=_read_wishes(arguments.objects("wishes", 50)),
        terms=_read_terms(arguments),
        persona_mode=PersonaMode(arguments.choice("persona", list(PersonaMode), PersonaMode.PER_DEAL)),
    )


def _one() -> Quantity:
    return parse_quantity("1", "one")


def _read_terms(arguments: Arguments) -> tuple[str, ...]:
    """What she proffers: the default, what she names, or with `none` nothing."""
    named = arguments.texts("terms", 20)
    return () if named == ("none",) else parse_terms(named or DEFAULT_PROFFER)


def _read_wishes(listed: list[dict[str, Any]]) -> tuple[Wish, ...]:
    wishes = tuple(_read_wish(number, Arguments(wish)) for number, wish in enumerate(listed, start=1))
    if len({wish.id for wish in wishes}) != len(wishes):
        raise InvalidInput("wishes", "two have the same id", "Leave the ids out.")
    return wishes


def _read_wish(number: int, wish: Arguments) -> Wish:
    wish.only(("id", "wish", "weight", "property", "op", "value", "unit"))
    structured = [name for name in ("property", "op", "value") if name in wish]
    if structured and len(structured) < 3:
        raise InvalidInput(
            "wishes",
            f"{structured[0]} stands alone",
            "Give property, op and value together: bodyHeight fits 115.",
        )
    return Wish(
        id=wish.maybe_text("id", 100) or f"w{number}",
        text=wish.text("wish", 500),
        weight=Weight(wish.choice("weight", list(Weight), Weight.NICE)),
        prop=wish.maybe_text("property", 100),
        op=wish.choice("op", OPS) if structured else None,
        value=wish.maybe_text("value", 200),
        unit=wish.maybe_text("unit", 100),
    )


@COMMANDS.command("intent.list", "all", reads=True)
async def list_intents(node: Node, arguments: Arguments) -> JsonObject:
    """Live intents, newest first; with `all` those that are over too."""
    everything = arguments.flag("all")

    def view(desk: Desk) -> list[JsonObject]:
        intents = desk.tx.intents.all(customer_for(desk, arguments).id, is_live=not everything)
        return [_counted(desk, intent) for intent in intents]

    return {"intents": await node.look(view)}


def _counted(desk: Desk, intent: Intent) -> JsonObject:
    deals = desk.tx.deals.of_intent(intent.id)
    offers = sum(len(deal.live_offers) for deal in deals)
    asked = len(deals) + len(desk.tx.plain_casts.of_intent(intent.id))
    return {**shown_intent(intent), "vendors": asked, "live_offers": offers}


def _with_deals(desk: Desk, intent: Intent) -> JsonObject:
    deals = desk.tx.deals.of_intent(intent.id)
    return {
        **shown_intent(intent),
        "deals": [shown_deal(desk, deal) for deal in deals],
        "messages": [shown_cast(desk, cast) for cast in desk.tx.plain_casts.of_intent(intent.id)],
        "recorded": [shown_hand_offer(desk, one) for one in desk.tx.hand_offers.of_intent(intent.id)],
    }


def _intent_for(desk: Desk, arguments: Arguments) -> Intent:
    return find_intent(desk, customer_for(desk, arguments).id, arguments.text("intent", 2000))


@COMMANDS.command("intent.show", "intent", reads=True)
async def show_intent(node: Node, arguments: Arguments) -> JsonObject:
    """One intent with the deal that each vendor has of it."""
    return await node.look(lambda desk: _with_deals(desk, _intent_for(desk, arguments)))


@COMMANDS.command("intent.update", "intent name text until due quantity")
async def update(node: Node, arguments: Arguments) -> JsonObject:
    """State an intent anew to every vendor that still may answer."""

    def restate(desk: Desk) -> JsonObject:
        change = _read_change(arguments, desk.signing_time)
        changed, _ = update_intent(desk, _intent_for(desk, arguments), change)
        return _with_deals(desk, changed)

    return await node.work(restate)


def _read_change(arguments: Arguments, now: datetime) -> IntentChange:
    ends_at = arguments.maybe_when("until", now)
    change = IntentChange(
        name=arguments.maybe_text("name", NAME_CHARS),
        content=arguments.maybe_text("text", 10_000),
        lasts=ends_at - now if ends_at is not None else None,
        due_at=arguments.maybe_when("due", now),
        quantity=arguments.maybe_quantity("quantity"),
    )
    if change == IntentChange():
        raise InvalidInput("intent", "nothing is changed", "Give name, text, until, due or quantity.")
    return change


@COMMANDS.command("intent.withdraw", "intent")
async def withdraw(node: Node, arguments: Arguments) -> JsonObject:
    """Take an intent back from every vendor that may still answer."""

    def take_back(desk: Desk) -> JsonObject:
        intent = _intent_for(desk, arguments)
        messages = told_of(desk, intent)
        told = withdraw_intent(desk, intent)
        current = desk.tx.intents.get(intent.id) or intent
        return {**_with_deals(desk, current), "told": len(told) + messages}

    return await node.work(take_back)
