"""Rules by which the node answers at once: made, tried out on past intents, switched, removed."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.intents import Place
from node.domain.matching import Rule
from node.domain.values import category_iri
from node.services.disclosure import FIELDS
from node.web.deal_words import FIELDS as FIELD_NAMES
from node.web.fields import Field, Typed, Wrong, choice, hidden, many, optional, switch, text
from node.web.forms import Filled, Form, FormRefused
from node.web.i18n import Locale
from node.web.names import named
from node.web.sayings import wrong_of
from node.web.screens.shop.stock import number
from node.web.shop.rules import TryView, rules_view, try_view
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

_HOURS = (24, 72, 168, 336, 720)
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:[.,][0-9]{1,8})?", re.ASCII)


def degrees(name: str, most: int) -> Field[float | None]:
    """A latitude or longitude; None where nothing was typed."""

    def read(typed: Typed, locale: Locale) -> float | None:
        value = typed.first(name).strip()
        if not value:
            return None
        if not _DEGREES.fullmatch(value) or abs(float(value.replace(",", "."))) > most:
            raise Wrong(
                locale.words("%(value)s is no such number.", value=value[:30]),
                locale.words("Write it as %(example)s.", example="55.86"),
            )
        return float(value.replace(",", "."))

    return Field(name, read, (name,))


NAME = text("name", most=200)
CATEGORY = optional(text("category", most=200))
LEAST = number("least")
MOST = number("most")
DISCOUNT = number("discount")
VALID = choice("valid", {str(hours): hours for hours in _HOURS})
FIRM = switch("firm")
ASKED = many(choice("fields", {name: name for name in FIELDS}), most=len(FIELDS))
WORDS = optional(text("text", most=2000, lines=True))
PLACE = optional(text("place"))
LATITUDE = degrees("latitude", 90)
LONGITUDE = degrees("longitude", 180)
RADIUS = number("radius")
RULE = Form(
    NAME, CATEGORY, LEAST, MOST, DISCOUNT, VALID, FIRM, ASKED, WORDS, PLACE, LATITUDE, LONGITUDE, RADIUS
)

WHICH = hidden("rule", most=100)
ON = choice("on", {"yes": True, "no": False})
SWITCH = Form(WHICH, ON)
REMOVE = Form(WHICH, text("sure", most=200))


@SCREENS.get("/my/rules", who=Who.VENDOR)
async def rules(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: rules_view(desk, account))
    return Page("shop/rules.html", view, visit.form_or(REMOVE))


@SCREENS.get("/my/rules/new", who=Who.VENDOR)
async def new_page(visit: Visit) -> Answer:
    """The form of a rule; where it was filled in, what it would have done so far."""
    form, tried = visit.form_or(RULE, {"valid": "72", "least": "1"}), None
    if visit.form is None and "tried" in visit.query:
        form, tried = await _tried(visit)
    options = [(name, named(FIELD_NAMES, name, visit.locale)) for name in FIELDS]
    words = visit.words
    spans = [(str(h), words.ngettext("%(num)s day", "%(num)s days", h // 24)) for h in _HOURS]
    again = [(n, v) for n in form.typed if n in RULE.names for v in form.typed.all(n) if v]
    return Page("shop/rule.html", (tried, options, spans, again), form)


async def _tried(visit: Visit) -> tuple[Filled, TryView | None]:
    by_name = {name: values for name, values in visit.query.by_name.items() if name in RULE.names}
    account = visit.viewer.account
    try:
        filled = RULE.read(Typed(by_name), visit.locale)
        rule = _rule(visit, filled, "tried")
    except FormRefused as error:
        return error.filled, None
    return filled, await visit.look(lambda desk: try_view(desk, account, rule))


def _rule(visit: Visit, filled: Filled, rule_id: str) -> Rule:
    """Raises: FormRefused."""
    _ = visit.words
    category = category_iri(filled[CATEGORY]) if filled[CATEGORY] else None
    if filled[CATEGORY] and category is None:
        raise filled.refused(
            "category", _("This is no item of Wikidata."), _("Write it as %(example)s.", example="Q11442")
        )
    asked: tuple[str, ...] = filled[ASKED]
    try:
        return Rule(
            id=rule_id,
            name=filled[NAME],
            category=category,
            min_quantity=_or(filled[LEAST], 1),
            max_quantity=filled[MOST],
            place=_place(visit, filled),
            discount_percent=_or(filled[DISCOUNT], 0),
            valid_hours=filled[VALID],
            firm=filled[FIRM],
            fields_asked=tuple(dict.fromkeys(asked)),
            content=filled[WORDS],
        )
    except InvalidInput as error:
        field = {"quantity": "most", "valid_hours": "valid"}.get(error.field, error.field)
        told = wrong_of(error, visit.locale)
        raise filled.refused(field, told.wrong, told.right) from None


def _or(value: Decimal | None, otherwise: int) -> Decimal:
    return Decimal(otherwise) if value is None else value


def _place(visit: Visit, filled: Filled) -> Place | None:
    latitude, longitude, radius = filled[LATITUDE], filled[LONGITUDE], filled[RADIUS]
    if (latitude is None) != (longitude is None) or (latitude is None) != (radius is None):
        _ = visit.words
        raise filled.refused(
            "radius", _("A circle needs its middle and its size."), _("Fill in all three, or none.")
        )
    if latitude is None and not filled[PLACE]:
        return None
    reach = float(radius) if radius is not None else None
    return Place(filled[PLACE], latitude, longitude, reach, "km" if reach is not None else None)


@SCREENS.post("/my/rules/new", who=Who.VENDOR)
async def save(visit: Visit) -> Answer:
    filled = await visit.read(RULE)
    account, rule = visit.viewer.account, _rule(visit, filled, "")

    def work(desk: Desk) -> None:
        desk.tx.rules.save(account.id, replace(rule, id=desk.new_id()[:8]))

    await visit.act(work)
    return Redirect("/my/rules", visit.words("From now on this rule answers by itself."))


def _known(desk: Desk, account: str, rule_id: str) -> Rule:
    found = next((rule for rule in desk.tx.rules.all(account) if rule.id == rule_id), None)
    if found is None:
        raise Missing
    return found


@SCREENS.post("/my/rules/switch", who=Who.VENDOR, again=rules)
async def turn(visit: Visit) -> Answer:
    """Let a rule rest, or take it up again."""
    filled = await visit.read(SWITCH)
    account = visit.viewer.account

    def work(desk: Desk) -> None:
        rule = _known(desk, account.id, filled[WHICH])
        desk.tx.rules.save(account.id, replace(rule, enabled=filled[ON]))

    await visit.act(work)
    words = visit.words
    return Redirect("/my/rules", words("The rule is on.") if filled[ON] else words("The rule rests."))


@SCREENS.post("/my/rules/remove", who=Who.VENDOR, again=rules)
async def remove(visit: Visit) -> Answer:
    """Take a rule away; its name is asked for."""
    filled = await visit.read(REMOVE)
    account = visit.viewer.account

    def work(desk: Desk) -> None:
        rule = _known(desk, account.id, filled[WHICH])
        if filled.value("sure") != rule.name:
            _ = visit.words
            raise filled.refused("sure", _("That is another name."), _("Write %(name)s.", name=rule.name))
        desk.tx.rules.remove(account.id, rule.id)

    await visit.act(work)
    return Redirect("/my/rules", visit.words("The rule is gone."))
