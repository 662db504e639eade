"""However long the past is: what a person's pages ask is found by an index, no table is read through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.domain.deals import DealState
from node.store.ports import Notice
from node.store.sqlite import open_sqlite
from node.store.sqlite.transaction import SqliteTx
from tests.builders import ACCOUNT, NOW, a_deal, an_intent

pytestmark = pytest.mark.anyio

ASKED: dict[str, Callable[[SqliteTx], Any]] = {
    "live intents": lambda tx: tx.intents.all(ACCOUNT, is_live=True, limit=9),
    "a later page of all intents": lambda tx: tx.intents.all(ACCOUNT, limit=26, offset=5000),
    "the deals of an intent": lambda tx: tx.deals.of_intent(an_intent().id),
    "what presses": lambda tx: tx.overview.pressing(ACCOUNT, (DealState.OFFERED,), limit=40),
    "the last word": lambda tx: tx.overview.last_word(a_deal().own, a_deal().id),
    "what is new": lambda tx: tx.overview.unread(ACCOUNT),
    "drafts": lambda tx: tx.drafts.all(ACCOUNT),
    "the latest deals": lambda tx: tx.deals.all(ACCOUNT, limit=40),
}
WRITTEN: dict[str, Callable[[SqliteTx], Any]] = {
    "having looked": lambda tx: tx.overview.see(ACCOUNT, [a_deal().id]),
    "leaving sooner": lambda tx: tx.unsent.hasten(an_intent().id, NOW),
    "taking back": lambda tx: tx.unsent.forget(an_intent().id),
}


def scanned(tx: SqliteTx, asked: Callable[[SqliteTx], Any]) -> list[str]:
    """Which of our tables the statements of a function read through; lists that were passed in are none."""
    said: list[str] = []
    tx.connection.set_trace_callback(said.append)
    try:
        asked(tx)
    finally:
        tx.connection.set_trace_callback(None)
    assert said
    steps = [step[3] for one in said for step in tx.connection.execute(f"EXPLAIN QUERY PLAN {one}")]
    return [step for step in steps if step.startswith("SCAN") and "json_each" not in step]


@pytest.mark.parametrize("name", [*ASKED, *WRITTEN])
async def test_page_is_answered_by_an_index(name: str, tmp_path: Path) -> None:
    def fill(tx: SqliteTx) -> None:
        tx.intents.save(an_intent())
        tx.deals.save(a_deal(DealState.OFFERED, intent_id=an_intent().id), NOW)
        tx.notices.add(Notice(ACCOUNT, NOW, "News.", deal_id=a_deal().id))

    database = await open_sqlite(tmp_path / "obverse.db", clock=lambda: NOW, create=True)
    try:
        await database.write(fill)
        if name in ASKED:
            assert await database.read(lambda tx: scanned(tx, ASKED[name])) == []
        else:
            assert await database.write(lambda tx: scanned(tx, WRITTEN[name])) == []
    finally:
        await database.aclose()


async def test_reading_a_table_through_is_noticed(tmp_path: Path) -> None:
    database = await open_sqlite(tmp_path / "obverse.db", clock=lambda: NOW, create=True)
    try:
        asked = "SELECT data FROM deal WHERE state = 'open'"
        found = await database.read(
            lambda tx: scanned(tx, lambda tx: tx.connection.execute(asked).fetchall())
        )
        assert found
    finally:
        await database.aclose()
