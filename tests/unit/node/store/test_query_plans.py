"""What pages list is found by an index, however many rows there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.domain.deals import DealState
from node.store.ports import JobState
from node.store.sqlite import open_sqlite
from node.store.sqlite.transaction import SqliteTx
from tests.builders import NOW

pytestmark = pytest.mark.anyio


class _Watched:
    """A connection that asks for the plan of each query before it runs it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.plans: list[str] = []

    def execute(self, query: str, values: Any = ()) -> sqlite3.Cursor:
        for row in self._db.execute(f"EXPLAIN QUERY PLAN {query}", values):
            self.plans.append(row[3])
        return self._db.execute(query, values)


LISTS: dict[str, Callable[[SqliteTx], object]] = {
    "a page of deals": lambda tx: tx.deals.page("a"),
    "a page of deals in some states": lambda tx: tx.deals.page(
        "a", states=(DealState.OPEN, DealState.OFFERED)
    ),
    "a later page": lambda tx: tx.deals.page("a", states=(DealState.OPEN,), before=7),
    "how many deals are in which state": lambda tx: tx.deals.tally("a"),
    "a page of the deals with one vendor": lambda tx: tx.overview.with_vendor("a", "v", before=7),
    "how many deals with one vendor are in some states": lambda tx: tx.overview.tally_with(
        "a", "v", (DealState.OPEN, DealState.OFFERED)
    ),
    "questions": lambda tx: tx.evidence.said("a"),
    "feedback": lambda tx: tx.evidence.said("a", is_feedback=True),
    "a later page of feedback": lambda tx: tx.evidence.said("a", is_feedback=True, offset=20),
    "a later page of posts": lambda tx: tx.posts.all("a", "feedback", offset=20),
    "what the deals of an intent add up to": lambda tx: tx.overview.outlines("i"),
    "posts since a time": lambda tx: tx.posts.all("a", "feedback", since=NOW),
    "whether there are contacts": lambda tx: tx.contacts.has_any("a"),
    "a page of followers": lambda tx: tx.followers.newest("a", offset=50),
    "when the last import was": lambda tx: tx.stocktaking.last_import_at("a"),
    "a page of the catalogue": lambda tx: tx.catalogue.all("a", limit=50),
    "a later page of the catalogue": lambda tx: tx.catalogue.all("a", limit=50, after="S1"),
    "changes of stock": lambda tx: tx.stocktaking.of_item("a", "S1"),
    "mail of one account": lambda tx: tx.traffic.sent("a", JobState, before=9),
    "mail that was given up": lambda tx: tx.traffic.count("a", JobState.DEAD),
    "mail and the line it stands in": lambda tx: tx.traffic.first_in_line([1, 2]),
    "mail and its hosts": lambda tx: tx.traffic.hosts(["https://a.example"]),
    "mail that could not be read": lambda tx: (tx.traffic.unread("a", before=9), tx.traffic.unread_one(1)),
    "all personas": lambda tx: tx.holdings.personas("a", after=9),
    "all intents": lambda tx: tx.holdings.intents("a", after=9),
    "all deals": lambda tx: tx.holdings.deals("a", after=9),
    "all messages": lambda tx: tx.holdings.messages("a", after=9),
    "all posts": lambda tx: tx.holdings.posts("a", after=9),
    "all items": lambda tx: tx.holdings.items("a", after=9),
    "all notices": lambda tx: tx.holdings.notices("a", after=9),
    "all followers": lambda tx: tx.holdings.followers("a", after=9),
    "a page of notices": lambda tx: tx.news.page("a", before=7),
    "how many notices are new": lambda tx: tx.news.count("a"),
    "what is new, by kind": lambda tx: tx.news.kinds("a"),
    "what is new": lambda tx: tx.overview.unread("a"),
    "the last part of a long table": lambda tx: tx.imports.last_part("a"),
    "new notices since one": lambda tx: tx.news.since("a", 7),
    "the newest notice": lambda tx: tx.news.newest("a"),
    "ways out": lambda tx: tx.outlets.all("a"),
    "what is told by which way": lambda tx: tx.outlets.choices("a"),
    "a page of what is read": lambda tx: tx.readings.page("a", before=7),
    "one Note in all timelines": lambda tx: tx.readings.of_note("n"),
    "what came of one actor lately": lambda tx: tx.readings.came_since("a", "b", NOW),
    "everything of one actor": lambda tx: tx.readings.remove_of("b"),
    "how often one actor reacted lately": lambda tx: tx.reactions.came_since("b", NOW),
    "a reaction by its act": lambda tx: tx.reactions.by_activity("b", "x"),
    "what was liked": lambda tx: tx.reactions.all_given("a"),
    "a picture that is served": lambda tx: tx.media.served("x.jpg"),
    "pictures that are exported": lambda tx: tx.media.after("a", 7, limit=8),
}


@pytest.mark.parametrize("name", LISTS)
async def test_list_is_read_by_an_index_and_never_sorted(name: str, tmp_path: Path) -> None:
    path = tmp_path / "obverse.db"
    database = await open_sqlite(path, clock=lambda: NOW, create=True)
    await database.aclose()
    connection = sqlite3.connect(path)
    try:
        watched = _Watched(connection)
        LISTS[name](SqliteTx(watched))  # type: ignore[arg-type]
    finally:
        connection.close()
    assert watched.plans
    slow = [plan for plan in watched.plans if _is_slow(plan)]
    assert slow == [], watched.plans


async def test_whose_mail_it_is_is_asked_by_name_whatever_names_there_are(tmp_path: Path) -> None:
    path = tmp_path / "obverse.db"
    database = await open_sqlite(path, clock=lambda: NOW, create=True)
    await database.aclose()
    connection = sqlite3.connect(path)
    try:
        watched = _Watched(connection)
        SqliteTx(watched).traffic.count("a", JobState.DEAD)  # type: ignore[arg-type]
    finally:
        connection.close()
    personas = [plan for plan in watched.plans if "SEARCH persona" in plan]
    assert [plan.endswith("(id=?)") for plan in personas] == [True], watched.plans


async def test_vendors_are_put_in_order_by_one_step_of_an_index_each(tmp_path: Path) -> None:
    path = tmp_path / "obverse.db"
    database = await open_sqlite(path, clock=lambda: NOW, create=True)
    await database.aclose()
    connection = sqlite3.connect(path)
    try:
        watched = _Watched(connection)
        SqliteTx(watched).contacts.page("a")  # type: ignore[arg-type]
    finally:
        connection.close()
    assert any(plan.startswith("SEARCH contact USING") for plan in watched.plans)
    assert any("SEARCH deal USING" in plan and "deal_vendor" in plan for plan in watched.plans), watched.plans
    assert not [plan for plan in watched.plans if plan.startswith("SCAN deal")]


def _is_slow(plan: str) -> bool:
    """A whole table is read, or rows are sorted that an index could have given in order."""
    reads_all = plan.startswith("SCAN") and "USING" not in plan and "json_each" not in plan
    return reads_all or "TEMP B-TREE" in plan
