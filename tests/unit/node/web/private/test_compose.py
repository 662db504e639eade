"""Composing an intent by pages alone: kept part by part, looked through, held, taken back or sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from federation.keys import SigningKey
from node.domain.drafts import Draft
from node.domain.intents import PersonaMode, Weight
from node.store.ports import Preferences
from tests.integration.conftest import World
from tests.unit.node.web.private.street import BICYCLE, Street

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


async def drafts(street: Street) -> list[Draft]:
    account = f"{street.base}/actors/ana"
    return await street.ana.node.look(lambda desk: desk.tx.drafts.all(account))


def draft_path(street: Street) -> str:
    """The address of the draft that the browser is in."""
    return street.browser.at.url.removeprefix(street.base).rpartition("/")[0]


# --- part by part -----------------------------------------------------------------------------------------


async def test_what_was_said_part_by_part_is_what_the_last_page_shows(world: World) -> None:
    street = await Street.of(world, "north", "south")
    seen = await street.compose("north", "south")
    assert (seen.status, seen.url.rpartition("/")[2]) == (200, "check")
    for words in (
        "Child bicycle, Glasgow",
        "Bicycle",
        "fits a child of 115 cm",
        "€300.00, which stays with you",
        "North",
        "South",
        "PDC-INTENT",
        "30 November 2026",
        "Send to 2 vendors",
    ):
        assert words in seen.words, words
    draft = (await drafts(street))[0]
    wish = draft.wishes[0]
    assert (draft.category, draft.next_part) == (BICYCLE, None)
    assert (wish.weight, wish.prop, wish.op, wish.value, wish.unit) == (
        Weight.MUST, "bodyHeight", "fits", "115", "centimetre",
    )  # fmt: skip
    assert draft.ends_at is not None
    assert draft.ends_at.isoformat() == "2026-11-30T23:59:59+00:00"


async def test_draft_waits_where_it_was_left(world: World) -> None:
    street = await Street.of(world)
    browser = street.browser
    await browser.get("/my/intents/new")
    await browser.submit({"template": "repair"})
    assert "What is broken?" in browser.at.words
    await browser.submit({"name": "Washing machine leaks", "category": "washing MACHINE"})
    seen = await browser.get("/my/intents/new")
    assert "Washing machine leaks" in seen.words
    seen = await browser.get(seen.read.links["Washing machine leaks"])
    assert seen.url.endswith("/wishes")
    seen = await browser.get("/my/intents")
    assert "1 draft" in seen.words


async def test_wrong_part_keeps_what_was_typed_and_says_what_would_be_right(world: World) -> None:
    street = await Street.of(world)
    browser = street.browser
    await browser.get("/my/intents/new")
    assert (await browser.submit()).status == 422
    assert "Choose one" in browser.at.words
    await browser.submit({"template": "product"})
    seen = await browser.submit(
        {"name": "A bike", "category": "bicicle", "amount": "one", "content": "Ruby red"}
    )
    assert seen.status == 422
    assert "Did you mean: Bicycle?" in seen.words
    assert {("name", "A bike"), ("category", "bicicle"), ("content", "Ruby red")} <= set(seen.form().fields)
    seen = await browser.submit({"category": "Q11442"})
    assert (seen.status, "is no such amount" in seen.words) == (422, True)
    seen = await browser.submit({"amount": "2,5", "unit": "kilogram"})
    assert seen.url.endswith("/wishes")
    seen = await browser.submit({"wish": "light", "weight": "nice", "property": "weight"})
    assert (seen.status, "names what, how and how much" in seen.words) == (422, True)
    seen = await browser.submit({"op": "max", "value": "9", "property": "重さ"})
    assert (seen.status, "Use Latin letters" in seen.words) == (422, True)
    await browser.get(draft_path(street) + "/limits")
    seen = await browser.submit(
        {"due": "2020-01-01", "radius": "10", "budget": "x", "budget_currency": "EUR"}
    )
    assert (seen.status, "x is no amount" in seen.words) == (422, True)
    seen = await browser.submit({"budget": "", "due": "2020-01-01"})
    assert (seen.status, "That day is past" in seen.words) == (422, True)
    seen = await browser.submit({"due": ""})
    assert (seen.status, "A distance needs a place" in seen.words) == (422, True)
    await browser.get(draft_path(street) + "/vendors")
    seen = await browser.submit({"go": "next"})
    assert (seen.status, "Nobody is chosen" in seen.words) == (422, True)
    seen = await browser.submit({"reference": "@nobody@nowhere.example", "go": "next"})
    assert (seen.status, "Nobody was found at @nobody@nowhere.example" in seen.words) == (422, True)
    await browser.get(draft_path(street) + "/terms")
    for ends in ("2020-01-01", "2027-12-01"):
        seen = await browser.submit({"ends": ends})
        assert (seen.status, ("ends", ends) in seen.form().fields) == (422, True)


async def test_wishes_are_put_in_order_and_taken_out(world: World) -> None:
    street = await Street.of(world)
    browser = street.browser
    await browser.get("/my/intents/new")
    await browser.submit({"template": "product"})
    await browser.submit({"name": "Bike", "category": "Bicycle"})
    page = draft_path(street) + "/wishes"
    for wish in ("red", "light", "cheap"):
        await browser.get(page)
        await browser.submit({"wish": wish, "weight": "nice"}, action=page)
    await browser.post(page + "/move", {"id": "w3", "way": "up"})
    await browser.post(page + "/move", {"id": "w1", "way": "remove"})
    assert "“red” is taken out" in browser.at.words
    assert [wish.text for wish in (await drafts(street))[0].wishes] == ["cheap", "light"]
    assert (await browser.post(page + "/move", {"id": "w1", "way": "up"})).status == 404


async def test_vendor_is_added_by_its_handle_and_what_was_ticked_stays(world: World) -> None:
    street = await Street.of(world, "north")
    await world.vendor("south")
    browser = street.browser
    await browser.get("/my/intents/new")
    await browser.submit({"template": "product"})
    await browser.get(draft_path(street) + "/vendors")
    north, south = "https://north.example/actors/north", "https://south.example/actors/south"
    seen = await browser.submit({"vendor": [north], "reference": "@south@south.example", "go": "add"})
    assert {("vendor", north), ("vendor", south)} <= set(seen.form().fields)
    await world.person("bob")
    seen = await browser.submit({"vendor": [], "reference": "https://bob.example/actors/bob", "go": "add"})
    assert "does not accept" in seen.words
    seen = await browser.submit({"vendor": [], "go": "all"})
    assert {value for name, value in seen.form().fields if name == "vendor"} == {north, south}


async def test_service_and_donation_ask_what_fits_them(world: World) -> None:
    street = await Street.of(world, "north")
    seen = await street.compose("north", template="donation", name="A sofa, to be fetched", category="Sofa")
    assert "None changes hands." in seen.words
    await street.browser.submit()
    await street.compose("north", template="service", name="Paint two rooms", category="Service")
    await street.browser.submit()
    service, gift = await street.intents()
    assert (gift.currency, gift.action, gift.budget) == (None, "transfer", None)
    assert (service.currency, service.action) == ("EUR", "deliverService")


async def test_words_about_the_name_say_what_it_does_not_hide(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    seen = await street.browser.get(draft_path(street) + "/terms")
    assert "You are the only person on ana.example" in seen.words
    await world.account(street.ana, "ben", "person")
    seen = await street.browser.get(draft_path(street) + "/terms")
    assert "hides which person on ana.example you are" in seen.words


async def test_vendor_that_lacks_the_terms_is_named_before_anything_is_sent(world: World) -> None:
    street = await Street.of(world, "north")
    await world.person("bob")
    await street.ana.ask("vendors.add", vendor="@bob@bob.example")
    seen = await street.compose("north", "bob")
    assert "Bob does not accept PDC-INTENT and SD-BASE-DP" in seen.words
    assert "Send to" not in seen.words
    seen = await street.browser.submit()  # by a form that was open before
    assert (seen.status, "It cannot be sent as it is" in seen.words) == (422, True)
    assert await street.intents() == []


async def test_draft_is_discarded_by_name_only(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    await street.browser.get(draft_path(street) + "/discard")
    assert "Discard “Child bicycle, Glasgow”?" in street.browser.at.words
    assert len(await drafts(street)) == 1
    seen = await street.browser.submit()
    assert "The draft “Child bicycle, Glasgow” is gone." in seen.words
    assert await drafts(street) == []


async def test_another_ones_draft_is_missing(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    path = draft_path(street)
    bea = await street.another("bea")
    for part in ("what", "wishes", "limits", "vendors", "terms", "check", "bytes", "discard"):
        assert (await bea.get(f"{path}/{part}")).status == 404
    assert (await bea.post(f"{path}/check", {"seen": ""})).status == 404
    assert (await bea.post(f"{path}/discard")).status == 404
    assert len(await drafts(street)) == 1


# --- before it leaves -------------------------------------------------------------------------------------


async def test_preview_shows_what_the_code_that_sends_would_send_and_keeps_nothing(world: World) -> None:
    street = await Street.of(world, "north", "south")
    await street.compose("north", "south")
    keys = await street.ana.node.look(lambda desk: desk.tx.keys.made_since(desk.now.replace(year=2000)))
    seen = await street.browser.get(draft_path(street) + "/bytes")
    raws = [line for line in seen.read.text if line.startswith('{"@context"')]
    assert len(raws) == 2
    shown = [json.loads(raw) for raw in raws]
    assert "proof" not in shown[0]
    assert "300" not in raws[0]  # the budget is hidden
    assert keys == await street.ana.node.look(
        lambda desk: desk.tx.keys.made_since(desk.now.replace(year=2000))
    )
    assert await street.ana.deals() == []
    await street.browser.get(draft_path(street) + "/check")
    await street.browser.submit()
    sent = [json.loads(job.body) for job in (await street.waiting())[::-1]]
    assert [_plain(one) for one in shown] == [_plain(one) for one in sent]


def _plain(value: object) -> object:
    """Without what is made when it is sent: the proof, and the ids that are drawn at random."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if name != "proof"}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    own = isinstance(value, str) and value.startswith("https://ana.example/")
    return "OURS" if own else value


async def test_what_changed_in_another_window_is_shown_before_it_is_sent(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    check, path = street.browser.at, draft_path(street)
    world.clock.forward(seconds=5)
    await street.browser.get(path + "/what")
    await street.browser.submit({"name": "Two bicycles"})
    street.browser.at = check
    seen = await street.browser.submit()
    assert (seen.status, "It was changed in another window" in seen.words) == (422, True)
    assert "Two bicycles" in seen.words
    assert await street.intents() == []
    await street.browser.submit()
    assert [intent.name for intent in await street.intents()] == ["Two bicycles"]


async def test_second_click_sends_nothing_twice(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    check = street.browser.at
    sent = await street.browser.submit()
    street.browser.at = check
    again = await street.browser.submit()
    for seen in (again, await street.browser.get(check.url.removeprefix(street.base))):
        assert (seen.status, seen.url) == (200, sent.url), "an old page leads to what became of the draft"
    assert len(await street.intents()) == 1


async def test_nothing_leaves_within_the_hold_and_everything_after_it(world: World) -> None:
    street = await Street.of(world, "north", "south")
    await street.compose("north", "south")
    seen = await street.browser.submit()
    assert "It leaves in 30 seconds" in seen.words
    assert 'http-equiv="refresh"' in seen.html
    before = len(world.network.sent)
    world.clock.forward(seconds=30)
    await world.settle()
    assert len(world.network.sent) == before
    world.clock.forward(seconds=4)
    await world.settle()
    assert len(await world.homes["north"].deals()) == len(await world.homes["south"].deals()) == 1
    seen = await street.browser.get(seen.url.removeprefix(street.base))
    assert 'http-equiv="refresh"' not in seen.html
    assert "Take it back" not in seen.words


async def test_intent_that_was_taken_back_has_never_been(world: World) -> None:
    street = await Street.of(world, "north")
    count = len(await street.ana.node.look(lambda desk: desk.tx.personas.all(f"{street.base}/actors/ana")))
    await street.compose("north")
    await street.browser.submit()
    world.clock.forward(seconds=29)
    page = street.browser.at.url.removeprefix(street.base)
    seen = await street.browser.submit(action=page + "/undo")
    assert "Nothing has left your node" in seen.words
    assert seen.url.endswith("/check")
    assert (await street.intents(), await street.ana.deals(), await street.waiting()) == ([], [], [])
    assert (
        len(await street.ana.node.look(lambda desk: desk.tx.personas.all(f"{street.base}/actors/ana")))
        == count
    )
    world.clock.forward(hours=1)
    await world.settle()
    assert await world.homes["north"].deals() == []
    await street.browser.get(seen.url.removeprefix(street.base))
    await street.browser.submit()  # and it can be sent after all
    world.clock.forward(minutes=1)
    await world.settle()
    assert len(await world.homes["north"].deals()) == 1


async def test_too_late_to_take_back_says_what_can_still_be_done(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    await street.browser.submit()
    page = street.browser.at
    world.clock.forward(seconds=31)
    seen = await street.browser.submit(action=page.url.removeprefix(street.base) + "/undo")
    assert "It has left already. You can still withdraw it" in seen.words
    assert len(await street.intents()) == 1


async def test_who_will_not_wait_sends_at_once(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    await street.browser.submit()
    page = street.browser.at.url.removeprefix(street.base)
    seen = await street.browser.submit(action=page + "/send-now")
    assert "It is on its way" in seen.words
    await world.settle()
    assert len(await world.homes["north"].deals()) == 1
    assert "It has left already" in (await street.browser.post(page + "/undo")).words


async def test_length_of_the_hold_is_hers_to_choose(world: World) -> None:
    street = await Street.of(world, "north")
    await street.browser.get("/my/intents/hold")
    assert (await street.browser.submit({"hold": "7"})).status == 422
    await street.browser.get("/my/intents/hold")
    await street.browser.submit({"hold": "0"})
    account = f"{street.base}/actors/ana"
    kept = await street.ana.node.look(lambda desk: desk.tx.preferences.get(account))
    assert kept == Preferences(account, hold_s=0)
    seen = await street.compose("north")
    assert "It leaves at once" in seen.words
    seen = await street.browser.submit()
    assert "It is on its way" in seen.words
    await world.settle()
    assert len(await world.homes["north"].deals()) == 1


async def test_chosen_persona_is_who_signs(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    await street.browser.get(draft_path(street) + "/terms")
    await street.browser.submit({"persona": PersonaMode.MYSELF.value})
    await street.browser.submit()
    assert {job.actor for job in await street.waiting()} == {f"{street.base}/actors/ana"}


async def test_vendor_whose_server_is_gone_is_asked_about_before_it_is_sent(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    world.clock.forward(days=2)
    world.network.down.add("north.example")
    seen = await street.browser.submit()
    assert (seen.status, "North does not answer just now" in seen.words) == (422, True)
    assert await street.intents() == []
