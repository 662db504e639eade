"""Following an intent by pages: what came of it, changing it, withdrawing it, saying it again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from federation.keys import SigningKey
from node.domain.intents import IntentState
from tests.integration.conftest import World, cast_bicycle
from tests.unit.node.web.private.street import Street

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


async def cast(street: Street, *vendors: str, **over: str) -> str:
    """Cast by the command line; the page of the intent."""
    intent = await cast_bicycle(street.ana, *vendors, **over)
    return f"/my/intents/{intent['id'].rpartition('/')[2]}"


async def test_nobody_who_said_nothing_is_shown_the_next_step(world: World) -> None:
    street = await Street.of(world)
    for path in ("/my/intents", "/my/intents/all"):
        seen = await street.browser.get(path)
        assert "You have not said yet what you want" in seen.words
        assert seen.read.links["Say what you want"] == "/my/intents/new"


async def test_list_says_of_each_how_far_it_has_come(world: World) -> None:
    street = await Street.of(world, "north")
    page = await cast(street, "north", name="Bicycle one")
    await cast(street, "north", name="Bicycle two")
    await street.ana.ask("intent.withdraw", intent=page.rpartition("/")[2])
    await world.settle()
    seen = await street.browser.get("/my/intents")
    assert "Bicycle two" in seen.words
    assert "Bicycle one" not in seen.words
    assert "1 vendor was asked" in seen.words
    seen = await street.browser.get("/my/intents/all")
    assert seen.words.index("Bicycle two") < seen.words.index("Bicycle one")
    assert "Withdrawn" in seen.words
    seen = await street.browser.get("/my/intents/all?page=7")
    assert "Nothing on this page" in seen.words


async def test_long_list_goes_on_page_by_page(world: World) -> None:
    street = await Street.of(world, "north")
    for number in range(27):
        await cast(street, "north", name=f"Bicycle {number:02d}")
        world.clock.forward(seconds=1)
    seen = await street.browser.get("/my/intents")
    assert ("Bicycle 26" in seen.words, "Bicycle 01" in seen.words) == (True, False)
    seen = await street.browser.get(seen.read.links["Older"])
    assert ("Bicycle 02" in seen.words, "Bicycle 01" in seen.words, "Bicycle 00" in seen.words) == (
        False, True, True,
    )  # fmt: skip
    assert seen.read.links["Newer"] == "/my/intents"
    assert (await street.browser.get("/my/intents?page=x")).status == 200


async def test_intent_shows_each_vendor_with_its_offer_or_the_way_there(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    await world.vendor("south")
    await street.ana.ask("vendors.add", vendor="@south@south.example")
    page = await cast(street, "north", "south")
    world.network.down.add("south.example")
    await world.settle()
    seen = await street.browser.get(page)
    assert "€289.00" in seen.words
    assert "does not answer; tried again" in seen.words
    assert "1 offer is open" in seen.words
    part = await street.browser.get(page, hx_request="true")  # what comes in by itself brings the way there
    assert seen.read.links["See 1 offer"] == part.read.links["See 1 offer"] == page + "/offers"


async def test_what_is_new_is_marked_until_it_was_looked_at(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    page = await cast(street, "north")
    await world.settle()
    assert " New " in (await street.browser.get("/my/intents")).words
    assert " New " in (await street.browser.get(page)).words
    assert " New " not in (await street.browser.get(page)).words
    assert " New " not in (await street.browser.get("/my/intents")).words


async def test_signed_bytes_are_those_that_the_vendor_received(world: World) -> None:
    street = await Street.of(world, "north")
    page = await cast(street, "north")
    await world.settle()
    seen = await street.browser.get(page + "/bytes")
    raw = next(line for line in seen.read.text if line.startswith('{"@context"'))
    deal = await world.homes["north"].deal()
    stored = await world.homes["north"].node.look(lambda desk: desk.tx.evidence.of_deal(deal.own, deal.id))
    assert raw.encode() == stored[0].body
    assert "proof" in json.loads(raw)


async def test_withdrawal_asks_by_name_and_tells_the_vendors(world: World) -> None:
    street = await Street.of(world, "north")
    page = await cast(street, "north")
    await world.settle()
    await street.browser.get(page + "/withdraw")
    assert "Withdraw “child bicycle”?" in street.browser.at.words
    seen = await street.browser.submit()
    assert "Withdrawn: 1 vendor is told." in seen.words
    await world.settle()
    assert (await world.homes["north"].deal()).state == "withdrawn"
    assert (await street.browser.get(page + "/withdraw")).url.endswith(page)
    await street.browser.get(page)
    assert "Withdraw it" not in street.browser.at.words


async def test_offer_that_came_since_the_page_was_opened_is_asked_about_first(world: World) -> None:
    street = await Street.of(world, "north")
    page = await cast(street, "north")
    await world.settle()
    await street.browser.get(page + "/withdraw")
    await world.homes["north"].ask("deal.offer", deal=(await world.homes["north"].deal()).id, price="250.00")
    await world.settle()
    seen = await street.browser.submit()
    assert (seen.status, "The offers have changed since you looked" in seen.words) == (422, True)
    assert "1 open offer ends with it" in seen.words
    assert (await street.intents())[0].state is IntentState.LIVE
    await street.browser.submit()
    assert (await street.intents())[0].state is IntentState.WITHDRAWN


async def test_change_is_told_to_every_vendor_that_may_still_answer(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    page = await cast(street, "north")
    await world.settle()
    seen = await street.browser.get(page + "/change")
    assert "1 offer was made to what you said before" in seen.words
    seen = await street.browser.submit()
    assert "Nothing was changed" in seen.words
    await street.browser.get(page + "/change")
    seen = await street.browser.submit({"ends": "2030-01-01", "name": "Two bicycles"})
    assert (seen.status, ("name", "Two bicycles") in seen.form(page + "/change").fields) == (422, True)
    seen = await street.browser.submit(
        {"ends": "2026-12-24", "content": "For twins."}, action=page + "/change"
    )
    assert "Stated anew: 1 vendor is told." in seen.words
    await world.settle()
    proposal = (await world.homes["north"].deal()).proposal
    assert proposal is not None
    assert (proposal.name, proposal.ends_at.isoformat()) == ("Two bicycles", "2026-12-24T23:59:59+00:00")
    await street.browser.get(page + "/change")
    await street.browser.submit({"content": "", "due": "2020-01-01"})
    assert street.browser.at.status == 422


async def test_what_is_over_can_be_said_again(world: World) -> None:
    street = await Street.of(world, "north")
    page = await cast(street, "north")
    await street.ana.ask("intent.withdraw", intent=page.rpartition("/")[2])
    await street.browser.get(page)
    seen = await street.browser.submit(action=page + "/again")
    assert seen.url.endswith("/check")
    assert "Say on which terms, and until when" in seen.words
    await street.browser.get(seen.url.removeprefix(street.base).replace("check", "terms"))
    await street.browser.submit({"ends": "2026-12-01"})
    await street.browser.submit()
    assert [intent.name for intent in await street.intents()] == ["child bicycle", "child bicycle"]


async def test_another_ones_intent_is_missing(world: World) -> None:
    street = await Street.of(world, "north")
    page = await cast(street, "north")
    bea = await street.another("bea")
    for path in ("", "/bytes", "/withdraw", "/change", "/changes"):
        assert (await bea.get(page + path)).status == 404, path
    for path in ("/undo", "/send-now", "/again"):
        assert (await bea.post(page + path)).status == 404, path
    assert (await bea.post(page + "/withdraw", {"seen": ""})).status == 404
    assert (await street.browser.get("/my/intents/nothing")).status == 404
    assert (await street.intents())[0].state is IntentState.LIVE
