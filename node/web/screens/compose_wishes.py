"""The wishes of a draft: added one by one, in her order, each with a measured half where it can have one."""

from __future__ import annotations

from dataclasses import replace

from node.domain.drafts import Draft, Part
from node.domain.intents import Weight, Wish
from node.domain.values import UNITS
from node.services.composing import MOST_WISHES, keep_part
from node.web.compose_views import part_page
from node.web.fields import choice, optional, text
from node.web.forms import Filled, Form
from node.web.measures import OPS, PROPERTIES, find_property
from node.web.screens.compose import keep_and_go_on, kept_draft, show_part
from node.web.visits import Answer, Missing, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

WISH = text("wish", most=500)
WEIGHT = choice("weight", {one.value: one for one in Weight})
PROPERTY = optional(text("property", most=60))
OP = optional(choice("op", {op: op for op in OPS}))
VALUE = optional(text("value", most=200))
WISH_UNIT = optional(choice("wish_unit", {name: name for name in UNITS}))
ADD_WISH = Form(WISH, WEIGHT, PROPERTY, OP, VALUE, WISH_UNIT)
WISH_ID = text("id", most=10)
WAY = choice("way", {"up": "up", "remove": "remove"})
MOVE_WISH = Form(WISH_ID, WAY)
GO_ON = Form()


@SCREENS.get("/my/intents/new/{draft}/wishes", who=Who.PERSON)
async def wishes_page(visit: Visit) -> Answer:
    return await show_part(visit, await kept_draft(visit), Part.WISHES, visit.form_or(ADD_WISH))


@SCREENS.post("/my/intents/new/{draft}/wishes", who=Who.PERSON)
async def add_wish(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    filled = await visit.read(ADD_WISH)
    _ = visit.words
    if len(draft.wishes) >= MOST_WISHES:
        raise filled.refused(
            "wish", _("There are %(n)s wishes.", n=len(draft.wishes)), _("Remove one first.")
        )
    wish = replace(_measured(visit, filled), id=_free_id(draft))
    said = replace(draft, wishes=(*draft.wishes, wish))
    await visit.act(lambda desk: keep_part(desk, said, Part.WISHES))
    return Redirect(part_page(draft, Part.WISHES) + "#wish")


def _free_id(draft: Draft) -> str:
    numbers = [int(wish.id[1:]) for wish in draft.wishes if wish.id[1:].isdigit()]
    return f"w{max(numbers, default=0) + 1}"


def _measured(visit: Visit, filled: Filled) -> Wish:
    """The wish with its measured half, if it has one: all of it or none. Raises: FormRefused."""
    _ = visit.words
    plain = Wish("", filled[WISH], filled[WEIGHT])
    given = {"property": filled[PROPERTY], "op": filled[OP], "value": filled[VALUE]}
    if not any(given.values()):
        return plain
    for name, value in given.items():
        if not value:
            raise filled.refused(
                name, _("This is missing."), _("A measured wish names what, how and how much.")
            )
    prop = find_property(filled[PROPERTY] or "", visit.locale)
    if prop is None:
        example = visit.words(PROPERTIES["bodyHeight"])
        raise filled.refused(
            "property",
            _("This is no name of a property."),
            _("Use Latin letters: %(example)s.", example=example),
        )
    unit = filled[WISH_UNIT]
    return replace(
        plain,
        prop=prop,
        op=filled[OP],
        value=filled[VALUE],
        unit=unit if unit != "one" else None,
    )


@SCREENS.post("/my/intents/new/{draft}/wishes/move", who=Who.PERSON, again=wishes_page)
async def move_wish(visit: Visit) -> Answer:
    """Up by one, or away."""
    draft = await kept_draft(visit)
    filled = await visit.read(MOVE_WISH)
    wishes = list(draft.wishes)
    place = next((n for n, wish in enumerate(wishes) if wish.id == filled[WISH_ID]), None)
    if place is None:
        raise Missing
    wish = wishes.pop(place)
    if filled[WAY] == "up":
        wishes.insert(max(place - 1, 0), wish)
    said = replace(draft, wishes=tuple(wishes))
    await visit.act(lambda desk: keep_part(desk, said, Part.WISHES))
    gone = visit.words("“%(wish)s” is taken out.", wish=wish.text) if filled[WAY] == "remove" else ""
    return Redirect(part_page(draft, Part.WISHES), gone)


@SCREENS.post("/my/intents/new/{draft}/wishes/done", who=Who.PERSON, again=wishes_page)
async def end_wishes(visit: Visit) -> Answer:
    draft = await kept_draft(visit)
    await visit.read(GO_ON)
    return await keep_and_go_on(visit, draft, Part.WISHES)
