"""Saying what one wants: one page a part, each kept in a draft before the next is asked."""

from __future__ import annotations

from dataclasses import replace

from node.desk import Desk
from node.domain.accounts import Contact
from node.domain.drafts import Draft, Part, Template
from node.domain.errors import InvalidInput
from node.domain.intents import PersonaMode, Place
from node.domain.policy import PROTOCOL
from node.domain.terms import ROSTER, parse_terms
from node.domain.values import CURRENCIES, UNITS, Quantity, parse_quantity
from node.services.composing import MOST_VENDORS, keep_part, start_draft
from node.web.categories import category_name, find_category, near_to
from node.web.compose_views import (
    VendorChoice,
    day_ends,
    day_of,
    find_draft,
    new_view,
    part_page,
    part_view,
)
from node.web.fields import choice, day, many, money, optional, switch, text, whole
from node.web.forms import Filled, Form
from node.web.visits import Answer, Page, Redirect, Screens, Visit, Who
from node.workflows.lookups import find_contact

__all__ = ["SCREENS", "keep_and_go_on", "kept_draft", "show_part"]

SCREENS = Screens()

TEMPLATE = choice("template", {one.value: one for one in Template})
START = Form(TEMPLATE)

NAME = text("name", most=200)
CATEGORY = text("category", most=200)
CONTENT = optional(text("content", most=10_000, lines=True))
AMOUNT = text("amount", most=16)
UNIT = choice("unit", {name: name for name in UNITS})
WHAT = Form(NAME, CATEGORY, CONTENT, AMOUNT, UNIT)

BUDGET = optional(money("budget"))
CURRENCY = choice("budget_currency", {code: code for code in CURRENCIES})
SHARE = switch("share")
DUE = optional(day("due"))
PLACE = optional(text("place", most=200))
RADIUS = optional(whole("radius", least=1, most=20_000))
LIMITS = Form(BUDGET, CURRENCY, SHARE, DUE, PLACE, RADIUS)
GIFT_LIMITS = Form(DUE, PLACE, RADIUS)

VENDOR = many(text("vendor", most=2000), most=MOST_VENDORS)
REFERENCE = optional(text("reference", most=500))
GO = optional(choice("go", {"add": "add", "all": "all", "next": "next"}))
MESSAGE = many(text("message", most=2000), most=MOST_VENDORS)
VENDORS = Form(VENDOR, MESSAGE, REFERENCE, GO)

TERMS_CHOSEN = many(choice("terms", {name: name for name in ROSTER}))
PERSONA = choice("persona", {mode.value: mode for mode in PersonaMode})
ENDS = day("ends")
TERMS = Form(TERMS_CHOSEN, PERSONA, ENDS)


async def kept_draft(visit: Visit) -> Draft:
    """The draft that the address names. Raises: Missing."""
    account = visit.viewer.account
    return await visit.look(lambda desk: find_draft(desk, account, visit.params["draft"]))


async def show_part(visit: Visit, draft: Draft, part: Part, form: Filled) -> Answer:
    """The page of a part."""
    view = await visit.look(lambda desk: part_view(desk, draft, part, visit.locale))
    return Page(f"compose/{part}.html", view, form)


async def keep_and_go_on(visit: Visit, draft: Draft, part: Part) -> Answer:
    """Save the answered part, and go to the next one, or to where all is looked through."""

    def work(desk: Desk) -> Draft:
        find_draft(desk, visit.viewer.account, draft.id)  # discarded meanwhile: it stays so
        return keep_part(desk, draft, part)

    kept = await visit.act(work)
    return Redirect(part_page(kept, kept.next_part or "check"))


# --- which kind -------------------------------------------------------------------------------------------


@SCREENS.get("/my/intents/new", who=Who.PERSON)
async def new(visit: Visit) -> Answer:
    account, asked = visit.viewer.account, visit.query.first("vendor")
    view = await visit.look(lambda desk: new_view(desk, account, asked))
    return Page("compose/new.html", view, visit.form_or(START))


@SCREENS.post("/my/intents/new", who=Who.PERSON)
async def start(visit: Visit) -> Answer:
    template = (await visit.read(START))[TEMPLATE]
    account, asked = visit.viewer.account, visit.query.first("vendor")

    def work(desk: Desk) -> Draft:
        return start_draft(desk, account, template, new_view(desk, account, asked).asked)

    draft = await visit.act(work)
    return Redirect(part_page(draft, Part.WHAT))


# --- what -------------------------------------------------------------------------------------------------


@SCREENS.get("/my/intents/new/{draft}/what", who=Who.PERSON)
async def what_page(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    quantity = draft.quantity
    shown = {
        "name": draft.name,
        "category": category_name(draft.category, visit.locale) if draft.category else "",
        "content": draft.content,
        "amount": quantity.text if quantity is not None else "1",
        "unit": quantity.unit if quantity is not None else "one",
    }
    return await show_part(visit, draft, Part.WHAT, visit.form_or(WHAT, shown))


@SCREENS.post("/my/intents/new/{draft}/what", who=Who.PERSON)
async def say_what(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    filled = await visit.read(WHAT)
    category = find_category(filled[CATEGORY])
    if category is None:
        raise _no_category(visit, filled)
    said = replace(
        draft,
        name=filled[NAME],
        category=category,
        content=filled[CONTENT] or "",
        quantity=_quantity(visit, filled),
    )
    return await keep_and_go_on(visit, said, Part.WHAT)


def _no_category(visit: Visit, filled: Filled) -> Exception:
    _ = visit.words
    near = near_to(filled[CATEGORY], visit.locale)
    right = (
        _("Did you mean: %(names)s?", names=", ".join(near))
        if near
        else _("Choose from the list, or give a Wikidata item such as Q11442.")
    )
    return filled.refused("category", _("This category is not in the list."), right)


def _quantity(visit: Visit, filled: Filled) -> Quantity:
    """How much, with a comma or a point. Raises: FormRefused."""
    try:
        return parse_quantity(filled[AMOUNT].replace(",", "."), filled[UNIT])
    except ValueError:
        _ = visit.words
        right = (
            _("Write a number such as 1 or 2.5.") if UNITS[filled[UNIT]].divisible else _("Write 1, or 2.")
        )
        wrong = _("%(value)s is no such amount.", value=filled[AMOUNT])
        raise filled.refused("amount", wrong, right) from None


# --- limits -----------------------------------------------------------------------------------------------


@SCREENS.get("/my/intents/new/{draft}/limits", who=Who.PERSON)
async def limits_page(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    place = draft.place
    shown = {
        "due": day_of(draft.due_at, visit.locale),
        "place": (place.name or "") if place is not None else "",
        "radius": f"{place.radius:g}" if place is not None and place.radius is not None else "",
    }
    if not draft.template.is_gift:
        shown["budget"] = draft.budget.text if draft.budget is not None else ""
        shown["budget_currency"] = draft.currency or "EUR"
        shown["share"] = "on" if draft.share_budget else ""
    form = GIFT_LIMITS if draft.template.is_gift else LIMITS
    return await show_part(visit, draft, Part.LIMITS, visit.form_or(form, shown))


@SCREENS.post("/my/intents/new/{draft}/limits", who=Who.PERSON)
async def set_limits(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    filled = await visit.read(GIFT_LIMITS if draft.template.is_gift else LIMITS)
    _ = visit.words
    due_at = day_ends(due, visit.locale) if (due := filled[DUE]) is not None else None
    if due_at is not None and due_at <= visit.now:
        raise filled.refused("due", _("That day is past."), _("Choose a later one, or leave it empty."))
    radius = filled[RADIUS]
    if radius is not None and filled[PLACE] is None:
        raise filled.refused("place", _("A distance needs a place to start from."), _("Name it."))
    said = replace(draft, due_at=due_at, place=_place(draft.place, filled[PLACE], radius))
    if not draft.template.is_gift:
        budget = filled[BUDGET]
        if budget is not None and budget.amount_minor == 0:
            raise filled.refused("budget", _("This is nothing."), _("Leave it empty to name no budget."))
        said = replace(
            said,
            budget=budget,
            currency=filled[CURRENCY],
            share_budget=filled[SHARE] and budget is not None,
        )
    return await keep_and_go_on(visit, said, Part.LIMITS)


def _place(old: Place | None, name: str | None, radius: int | None) -> Place | None:
    """The place as it is named now; where the name stays, so do the coordinates that it may have had."""
    if name is None:
        return None
    known = old if old is not None and old.name == name else Place()
    units = "km" if radius is not None else None
    return replace(known, name=name, radius=float(radius) if radius is not None else None, units=units)


# --- vendors ----------------------------------------------------------------------------------------------


@SCREENS.get("/my/intents/new/{draft}/vendors", who=Who.PERSON)
async def vendors_page(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    shown = {"vendor": draft.vendors, "message": draft.as_message}
    return await show_part(visit, draft, Part.VENDORS, visit.form_or(VENDORS, shown))


@SCREENS.post("/my/intents/new/{draft}/vendors", who=Who.PERSON)
async def choose_vendors(visit: Visit) -> Answer:
    """What is ticked is kept whichever button is used.

    Who has no node is never ticked by us: they would read it as a message from her own account.
    """
    draft = await kept_draft(visit)
    filled = await visit.read(VENDORS)
    _ = visit.words
    view = await visit.look(lambda desk: part_view(desk, draft, Part.VENDORS, visit.locale))
    known = {one.contact.actor for one in view.choices}
    ticked: tuple[str, ...] = filled[VENDOR]
    messages: tuple[str, ...] = filled[MESSAGE]
    if not set(ticked) <= known or not set(messages) <= {one.contact.actor for one in view.plain}:
        raise filled.refused("vendor", _("One of these vendors is no longer among yours."), _("Choose anew."))
    go = filled[GO] or ("add" if filled[REFERENCE] else "next")
    chosen = dict.fromkeys(ticked)
    if go == "all":
        chosen.update(dict.fromkeys(_all_that_fit(view.choices)))
    notice = ""
    if go != "all" and filled[REFERENCE]:  # also with "go on": what was typed is not passed over in silence
        contact = await _look_up(visit, filled)
        if PROTOCOL in contact.implements:
            chosen[contact.actor] = None
        elif contact.actor not in messages:
            go, notice = "add", _("%(vendor)s has no node: tick it below to ask it.", vendor=contact.name)
    total = len(chosen) + len(messages)
    if total > MOST_VENDORS:
        raise filled.refused("vendor", _("These are %(n)s vendors.", n=total), _("Choose up to 30."))
    said = replace(draft, vendors=tuple(chosen), as_message=tuple(dict.fromkeys(messages)))
    if go == "next":
        if not total:
            raise filled.refused("vendor", _("Nobody is chosen."), _("Choose who is to hear of it."))
        return await keep_and_go_on(visit, said, Part.VENDORS)
    await visit.act(lambda desk: keep_part(desk, said, Part.VENDORS) if total else None)
    return Redirect(part_page(draft, Part.VENDORS), notice)


def _all_that_fit(choices: tuple[VendorChoice, ...]) -> list[str]:
    return [one.contact.actor for one in choices if one.fits]


async def _look_up(visit: Visit, filled: Filled) -> Contact:
    """Somebody new, by handle or link. Raises: FormRefused."""
    reference = filled[REFERENCE] or ""
    try:
        return await find_contact(visit.node, visit.viewer.account, reference, fresh=True)
    except InvalidInput:
        _ = visit.words
        raise filled.refused(
            "reference",
            _("Nobody was found at %(reference)s.", reference=reference),
            _("Check the address, and that their server is up."),
        ) from None


# --- terms ------------------------------------------------------------------------------------------------


@SCREENS.get("/my/intents/new/{draft}/terms", who=Who.PERSON)
async def terms_page(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    lasts = visit.node.setting.policy.intent_default
    mode = draft.persona_mode
    shown = {
        "terms": [name for name in ROSTER if parse_terms([name])[0] in draft.terms],
        "persona": mode.value if mode is not None else "",
        "ends": day_of(draft.ends_at or visit.now + lasts, visit.locale),
    }
    return await show_part(visit, draft, Part.TERMS, visit.form_or(TERMS, shown))


@SCREENS.post("/my/intents/new/{draft}/terms", who=Who.PERSON)
async def set_terms(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    filled = await visit.read(TERMS)
    _ = visit.words
    ends_at = day_ends(filled[ENDS], visit.locale)
    longest = visit.node.setting.policy.intent_max
    if ends_at <= visit.now:
        raise filled.refused("ends", _("That day is past."), _("Choose a later one."))
    if ends_at > visit.now + longest:
        raise filled.refused(
            "ends", _("That is too far away."), _("It ends within %(n)s days.", n=longest.days)
        )
    terms: tuple[str, ...] = filled[TERMS_CHOSEN]
    said = replace(draft, terms=parse_terms(terms), persona_mode=filled[PERSONA], ends_at=ends_at)
    return await keep_and_go_on(visit, said, Part.TERMS)
