"""Offers that a person takes from messages: writing one down, marking it as taken, removing it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from markupsafe import Markup

from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.intents import Intent
from node.domain.offers import Meets
from node.domain.plain_casts import HandDraft, HandOffer
from node.domain.talking import Thread
from node.domain.values import UNITS, Quantity, parse_quantity
from node.services.hand_offers import cast_of_thread, mark_taken, record_offer, remove_offer
from node.services.talking import last_heard
from node.web.compose_views import day_ends
from node.web.deal_reads import intent_page
from node.web.fields import Field, choice, day, hidden, money, optional, switch, text
from node.web.forms import Filled, Form
from node.web.i18n import N_
from node.web.names import UNITS as UNIT_NAMES
from node.web.names import named
from node.web.screens.conversations import thread_of
from node.web.unseen import show_unseen_in_prose
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

SOURCE = hidden("source", most=2000)
GOODS = text("goods", most=500)
QUANTITY = text("quantity", most=20)
UNIT = choice("unit", {name: name for name in UNITS})
PRICE = money("price")
DELIVERY = optional(text("delivery", most=500))
UNTIL = optional(day("until"))
NOTE = optional(text("note", most=2000, lines=True))
TELL = switch("tell_others")
TAKEN = Form(TELL)
NOTHING = Form()

_MEETS = {Meets.UNKNOWN: N_("not said"), Meets.YES: N_("yes"), Meets.PARTLY: N_("partly"), Meets.NO: N_("no")}


@dataclass(frozen=True, slots=True)
class RecordSheet:
    """What is written down, from which message: `said` are its words, cleaned when they came in."""

    thread: Thread
    intent: Intent
    source: str
    said: Markup


def _sheet(desk: Desk, visit: Visit) -> RecordSheet:
    """Raises: Missing where the conversation is about no intent of hers."""
    thread = thread_of(desk, visit)
    try:
        _, intent = cast_of_thread(desk, visit.viewer.account, thread.id)
    except InvalidInput:
        raise Missing from None
    heard = last_heard(desk, thread)
    said = Markup(show_unseen_in_prose(heard.content)) if heard is not None else Markup("")  # noqa: S704
    return RecordSheet(thread, intent, heard.id if heard is not None else "", said)


@cache
def _wish_fields(wishes: int) -> tuple[Field[Meets], ...]:
    words = {one.value: one for one in Meets}
    return tuple(choice(f"meets{number}", words) for number in range(1, wishes + 1))


@cache
def _form(wishes: int, *, is_priced: bool) -> Form:
    """One field a wish, and none for a price where no money changes hands; one form a shape."""
    price = [PRICE] if is_priced else []
    return Form(SOURCE, GOODS, QUANTITY, UNIT, *price, DELIVERY, UNTIL, NOTE, *_wish_fields(wishes))


def _form_for(intent: Intent) -> Form:
    return _form(len(intent.wishes), is_priced=intent.currency is not None)


@SCREENS.get("/my/conversations/{thread}/record", who=Who.PERSON)
async def record_page(visit: Visit) -> Answer:
    sheet = await visit.look(lambda desk: _sheet(desk, visit))
    quantity = sheet.intent.quantity
    shown = {"source": sheet.source, "quantity": quantity.text, "unit": quantity.unit}
    if sheet.intent.currency is not None:
        shown["price_currency"] = sheet.intent.currency
    units = tuple((name, named(UNIT_NAMES, name, visit.locale)) for name in UNITS)
    words = tuple((one.value, visit.words(text)) for one, text in _MEETS.items())
    for field in _wish_fields(len(sheet.intent.wishes)):
        shown[field.names[0]] = Meets.UNKNOWN.value
    return Page("talk/record.html", (sheet, units, words), visit.form_or(_form_for(sheet.intent), shown))


@SCREENS.post("/my/conversations/{thread}/record", who=Who.PERSON)
async def record(visit: Visit) -> Answer:
    """Keep it; it is sent to nobody."""
    sheet = await visit.look(lambda desk: _sheet(desk, visit))
    filled = await visit.read(_form_for(sheet.intent))
    account, until = visit.viewer.account, filled[UNTIL]
    fields = _wish_fields(len(sheet.intent.wishes))
    draft = HandDraft(
        goods=filled[GOODS],
        quantity=_quantity(visit, filled),
        price=filled[PRICE] if sheet.intent.currency is not None else None,
        delivery=filled[DELIVERY] or "",
        ends_at=day_ends(until, visit.locale) if until is not None else None,
        meets={wish.id: filled[field] for wish, field in zip(sheet.intent.wishes, fields, strict=True)},
        note=filled[NOTE] or "",
    )
    source = filled[SOURCE]
    await visit.act(lambda desk: record_offer(desk, account, sheet.thread.id, draft, source=source))
    words = visit.words("Recorded. It stands beside the other offers, marked as not signed.")
    return Redirect(f"{intent_page(sheet.intent.id)}/offers#recorded", words)


def _quantity(visit: Visit, filled: Filled) -> Quantity:
    typed = filled[QUANTITY].strip().replace(",", ".")
    try:
        return parse_quantity(typed, filled[UNIT])
    except ValueError:
        _ = visit.words
        raise filled.refused(
            "quantity", _("This is no such quantity."), _("Write a number such as 1 or 2.5.")
        ) from None


# --- afterwards -------------------------------------------------------------------------------------------


async def _offer_of(visit: Visit) -> HandOffer:
    """Raises: Missing for another's or none."""
    account, ref = visit.viewer.account, visit.params["offer"]
    found = await visit.look(lambda desk: desk.tx.hand_offers.get(account.id, ref))
    if found is None:
        raise Missing
    return found


@SCREENS.get("/my/recorded/{offer}/taken", who=Who.PERSON)
async def taken_page(visit: Visit) -> Answer:
    offer = await _offer_of(visit)
    return Page("talk/taken.html", (offer, "taken"), visit.form_or(TAKEN, {"tell_others": "on"}))


@SCREENS.post("/my/recorded/{offer}/taken", who=Who.PERSON)
async def taken(visit: Visit) -> Answer:
    filled = await visit.read(TAKEN)
    offer, account = await _offer_of(visit), visit.viewer.account
    tells = filled[TELL]
    await visit.act(lambda desk: mark_taken(desk, account, offer.id, tell_others=tells))
    return Redirect(intent_page(offer.intent), visit.words("Marked as taken."))


@SCREENS.get("/my/recorded/{offer}/remove", who=Who.PERSON)
async def remove_page(visit: Visit) -> Answer:
    return Page("talk/taken.html", (await _offer_of(visit), "remove"), visit.form_or(NOTHING))


@SCREENS.post("/my/recorded/{offer}/remove", who=Who.PERSON)
async def remove(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    offer, account = await _offer_of(visit), visit.viewer.account
    await visit.act(lambda desk: remove_offer(desk, account, offer.id))
    return Redirect(f"{intent_page(offer.intent)}/offers", visit.words("The record is removed."))
