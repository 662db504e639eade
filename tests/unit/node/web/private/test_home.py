"""A person's first page: what needs her first, then what is under way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from federation.keys import SigningKey
from tests.integration.conftest import Home, World, cast_bicycle
from tests.unit.node.web.private.street import Street

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


async def agreed(street: Street) -> tuple[Home, str]:
    """A bicycle agreed with North: its node, and the deal's id."""
    north = street.world.homes["north"]
    await cast_bicycle(street.ana, "north")
    await street.world.settle()
    deal = (await street.ana.deal()).id
    await street.ana.ask("deal.accept", offer=deal)
    await street.world.settle()
    return north, deal


def needs(words: str) -> str:
    """What stands below "Needs you"."""
    return words.partition("Needs you")[2].partition("What you are looking for")[0].partition("Agreed and")[0]


async def test_fresh_home_teaches_the_first_step(world: World) -> None:
    street = await Street.of(world)
    seen = await street.browser.get("/my")
    assert "Hello, Ana" in seen.words
    assert "A quiet start" in seen.words
    assert seen.read.links["Say what you want"] == "/my/intents/new"


async def test_offers_that_end_are_what_needs_her_first(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    await cast_bicycle(street.ana, "north")
    await world.settle()
    seen = await street.browser.get("/my")
    assert "(1) Home" in seen.words
    assert "1 offer for “child bicycle” ends" in needs(seen.words)
    assert any(href.endswith("/offers") for words, href in seen.read.links.items() if "1 offer for" in words)
    world.clock.forward(days=4)
    await world.settle()
    seen = await street.browser.get("/my")
    assert "1 offer for" not in needs(seen.words)


async def test_question_waits_until_it_is_answered(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_bicycle(street.ana, "north")
    await world.settle()
    deal = (await street.ana.deal()).id
    await world.homes["north"].ask("deal.ask", deal=deal, text="Which colour?")
    await world.settle()
    seen = await street.browser.get("/my")
    assert "North wrote to you about “child bicycle” and waits for an answer" in needs(seen.words)
    await street.ana.ask("deal.ask", deal=deal, text="Red.")
    await world.settle()
    assert "wrote to you" not in needs((await street.browser.get("/my")).words)


async def test_delivered_goods_wait_to_be_confirmed(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    north, deal = await agreed(street)
    seen = await street.browser.get("/my")
    assert "Agreed and under way" in seen.words
    assert "Nothing just now." in needs(seen.words)
    await north.ask("deal.progress", deal=deal, stage="delivered")
    await world.settle()
    seen = await street.browser.get("/my")
    assert "is said to be delivered. Is all there?" in needs(seen.words)
    await street.ana.ask("deal.progress", deal=deal, stage="paid")
    await world.settle()
    await north.ask("deal.receipt", deal=deal)
    await world.settle()
    await street.ana.ask("deal.confirm", deal=deal)
    await world.settle()
    seen = await street.browser.get("/my")
    assert "Is all there?" not in needs(seen.words)
    assert "received and confirmed" in seen.words


async def test_request_to_call_off_waits_for_her_answer(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    north, deal = await agreed(street)
    await north.ask("deal.cancel", deal=deal, reason="capacity")
    await world.settle()
    assert "North asks to call “North Kid 20” off" in needs((await street.browser.get("/my")).words)
    await street.ana.ask("deal.cancel.answer", deal=deal, agree=False, text="I need it.")
    await world.settle()
    assert "call “North" not in needs((await street.browser.get("/my")).words)


async def test_goods_that_are_overdue_are_told(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    await agreed(street)
    world.clock.forward(days=10)
    seen = await street.browser.get("/my")
    assert "was due" in needs(seen.words)


async def test_message_that_was_given_up_is_told(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_bicycle(street.ana, "north")
    gone = world.network.apps.pop("north.example")

    async def nobody(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 410, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    world.network.apps["north.example"] = nobody
    await street.ana.opened.run_until_idle()
    world.network.apps["north.example"] = gone
    seen = await street.browser.get("/my")
    assert "1 message could not be delivered" in needs(seen.words)
    bea = await street.another("bea")
    assert "could not be delivered" not in (await bea.get("/my")).words


async def test_what_is_new_is_marked_and_other_people_see_none_of_it(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    await agreed(street)
    seen = await street.browser.get("/my")
    assert " New " in seen.words
    assert "Vendors, by their last word" in seen.words
    bea = await street.another("bea")
    seen = await bea.get("/my")
    assert "A quiet start" in seen.words
    assert "North" not in seen.words


async def test_deal_that_was_looked_at_is_new_no_longer(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    _, deal = await agreed(street)
    assert (await street.browser.get(f"/my/deals/{deal.rpartition('/')[2]}")).status == 200
    assert " New " not in (await street.browser.get("/my")).words


async def test_drafts_are_not_forgotten(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    seen = await street.browser.get("/my")
    assert "1 draft that nobody has seen yet" in seen.words


@pytest.mark.parametrize(("last_day", "told"), [("2026-11-26", True), ("2026-12-26", False)])
async def test_end_of_the_time_to_return_is_told_when_it_is_near(
    world: World, last_day: str, told: bool
) -> None:
    street = await Street.of(world, "north", rule=True)
    north, deal = await agreed(street)
    await north.ask("deal.progress", deal=deal, stage="delivered")
    await north.ask("deal.receipt", deal=deal, return_until=last_day)
    await world.settle()
    seen = await street.browser.get("/my")
    assert ("You can return “North Kid 20” to North until 26 November 2026." in needs(seen.words)) is told
