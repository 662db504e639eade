"""Whoever watches the store hears of every batch of writes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from node.store.sqlite import SqliteDatabase, open_sqlite

pytestmark = pytest.mark.anyio


async def test_each_batch_is_told_with_its_writes_and_seconds(tmp_path: Path) -> None:
    heard: list[tuple[str, int, float]] = []
    database = await open_sqlite(
        tmp_path / "a.db",
        clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        create=True,
        watch=lambda outcome, writes, seconds: heard.append((outcome, writes, seconds)),
    )
    await database.write(lambda tx: tx.meta.set("a", "b"))

    def fail(tx: Any) -> None:
        raise KeyError("what a function raises is not the store's failure")

    with pytest.raises(KeyError):
        await database.write(fail)
    await database.aclose()
    assert [(outcome, writes) for outcome, writes, _ in heard] == [("committed", 1), ("committed", 1)]
    assert all(seconds > 0 for _, _, seconds in heard)


def put(name: str, tx: Any) -> None:
    tx.meta.set(name, "1")


async def work_and_write(store: SqliteDatabase, fn: Callable[[Any], None]) -> None:
    """Work that lets other threads run in between, as hashing and verifying do."""
    time.sleep(0.002)  # noqa: ASYNC251 - the loop is to be held
    await store.write(fn)


async def test_what_one_turn_of_the_loop_asks_for_is_one_batch(tmp_path: Path) -> None:
    heard: list[tuple[str, int]] = []
    store = await open_sqlite(
        tmp_path / "obverse.db",
        clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        create=True,
        watch=lambda outcome, writes, seconds: heard.append((outcome, writes)),
    )
    heard.clear()
    async with anyio.create_task_group() as tasks:
        for n in range(20):
            tasks.start_soon(work_and_write, store, partial(put, f"n{n}"))
    assert heard == [("committed", 20)]
    await store.aclose()
