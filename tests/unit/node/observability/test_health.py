"""Whether a node is well: asked of the parts themselves, seldom, and never for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from node.observability.health import Health
from node.store.memory import MemoryDatabase
from node.store.ports import StoreRefused

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class Trouble:
    """A store in memory that can be in any trouble; what it is asked is counted."""

    inner: MemoryDatabase = field(default_factory=lambda: MemoryDatabase(clock=lambda: NOW))
    refusal: str | None = None
    shortage: str | None = None
    reads: int = 0
    writes: int = 0
    hangs: bool = False
    fails: BaseException | None = None

    async def read(self, fn: Callable[[Any], Any]) -> Any:
        self.reads += 1
        if self.hangs:
            await asyncio.Event().wait()
        return await self.inner.read(fn)

    async def write(self, fn: Callable[[Any], Any]) -> Any:
        self.writes += 1
        if self.fails is not None:
            raise self.fails
        return await self.inner.write(fn)


def health(db: Any, *, now: datetime = NOW, doubted: bool = False, fresh_s: float = 0.0) -> Health:
    made = Health(db, lambda: now, lambda: doubted, check_s=0.05, fresh_s=fresh_s)
    made.is_working = True
    return made


async def test_well_in_every_part() -> None:
    found = health(Trouble())
    assert await found.check() == {"store": "ok", "worker": "ok", "clock": "ok"}
    assert await found.failing() == []


async def test_asking_writes_nothing_while_all_is_well() -> None:
    db = Trouble()
    await health(db).check()
    assert await db.inner.read(lambda tx: tx.meta.get("writable")) is None


async def test_store_that_writes_no_more_is_named() -> None:
    db = Trouble(refusal="The disk failed.")
    assert (await health(db).check())["store"] == "read-only"
    assert db.writes == 0


async def test_store_that_hangs_is_named_in_time() -> None:
    assert (await health(Trouble(hangs=True)).check())["store"] == "does not answer"


async def test_store_that_fails_is_named() -> None:
    assert (await health(Trouble(fails=StoreRefused("The store is closed."))).check())["store"] == "failing"


async def test_full_disk_is_named_until_something_can_be_written() -> None:
    db = Trouble(shortage="The disk is full.", fails=StoreRefused("The disk is full."))
    assert (await health(db).check())["store"] == "disk full"
    db.fails = None
    assert (await health(db).check())["store"] == "ok"
    assert await db.inner.read(lambda tx: tx.meta.get("writable")) == NOW.isoformat()


async def test_worker_that_does_not_run_is_named() -> None:
    found = health(Trouble())
    found.is_working = False
    assert await found.failing() == ["worker"]


async def test_clock_that_was_never_set_is_named() -> None:
    assert (await health(Trouble(), now=datetime(1970, 1, 1, tzinfo=UTC)).check())["clock"] == "not set"


async def test_clock_that_has_jumped_is_named() -> None:
    assert (await health(Trouble(), doubted=True).check())["clock"] == "has jumped"


async def test_whoever_asks_often_costs_one_look() -> None:
    db = Trouble()
    found = health(db, fresh_s=60.0)
    await asyncio.gather(*(found.check() for _ in range(50)))
    assert (db.reads, db.writes) == (1, 1)
    assert found.now() == NOW
