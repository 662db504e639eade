"""What is new is counted beside the entries of the navigation and in the title, until it was seen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from federation.keys import SigningKey
from node.store.ports import Notice
from node.web.counts import counts_of
from tests.browsing import Seen
from tests.integration.conftest import World, cast_bicycle
from tests.unit.node.web.private.conftest import House
from tests.unit.node.web.private.street import Street

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


def title(seen: Seen) -> str:
    return seen.html.partition("<title>")[2].partition("</title>")[0]


def counted(seen: Seen) -> dict[str, str]:
    """The numbers of the navigation, by what they stand beside."""
    found = re.findall(r'<span>([^<]+)</span><span class="count">([0-9+]+)<', seen.html)
    return dict(found)


async def test_what_is_new_is_counted_until_it_is_seen(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    seen = await street.browser.get("/my")
    assert counted(seen) == {}
    assert title(seen)[0] != "("
    await cast_bicycle(street.ana, "north")
    await world.settle()
    seen = await street.browser.get("/my/vendors")
    assert counted(seen) == {"Intents": "1", "Notices": "1"}
    assert title(seen).startswith("(1) ")
    await street.browser.get(f"/my/deals/{(await street.ana.deal()).id.rsplit('/', 1)[-1]}")
    seen = await street.browser.get("/my/vendors")
    assert counted(seen) == {}
    assert title(seen)[0] != "("
    seen = await street.browser.get("/my")
    assert title(seen).startswith("(1) Home"), "an offer still waits for her word: the page's own number"


async def test_pages_of_somebody_else_count_none_of_it(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    await cast_bicycle(street.ana, "north")
    await world.settle()
    other = await street.another("ben")
    assert counted(await other.get("/my")) == {}


@pytest.mark.parametrize(
    ("kind", "told", "expected"),
    [
        ("person", [("offer", "d1"), ("undo", "d1"), ("offer", "d2")], {"intents": 2, "notices": 3}),
        ("person", [("ask", "d1"), ("receipt", "d2")], {"deals": 2, "notices": 2}),
        ("person", [("clock", "")], {"notices": 1}),
        ("vendor", [("intent", "d1"), ("draft", "d1"), ("intent", "d2")], {"inbox": 2, "notices": 3}),
        ("vendor", [("ask", "d1"), ("accept", "d1")], {"messages": 1, "deals": 1, "notices": 2}),
        ("vendor", [], {}),
    ],
)
async def test_each_deal_counts_once_by_what_happened(
    house: House, kind: str, told: list[tuple[str, str]], expected: dict[str, int]
) -> None:
    account = await house.move_in("ana", kind)

    def work(desk: Any) -> None:
        for what, deal in told:
            desk.tx.notices.add(Notice(account.id, desk.now, "text", kind=what, deal_id=deal))
        desk.tx.notices.add(Notice("https://ana.example/actors/other", desk.now, "text", kind="offer"))

    await house.node.work(work)
    assert await house.node.look(lambda desk: counts_of(desk, account)) == expected


async def test_no_further_than_ninety_nine_is_said(house: House) -> None:
    account = await house.move_in("ana", "vendor")

    def work(desk: Any) -> None:
        for number in range(150):
            desk.tx.notices.add(Notice(account.id, desk.now, "text", kind="intent", deal_id=f"d{number}"))

    await house.node.work(work)
    seen = await (await house.logged_in()).get("/my/lost")
    assert counted(seen) == {"Inbox": "99+", "Notices": "99+"}
    assert title(seen).startswith("(99+) ")
