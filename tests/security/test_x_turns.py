"""Group X, the incoming side: whoever floods a node, or is slow to be dealt with, keeps nobody waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from federation.listeners import Inbound
from federation.ports import InboundEntry
from federation.strictjson import dump_json
from federation.worker import Worker, WorkerSettings
from node.store.sqlite import SqliteDatabase, open_sqlite

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HONEST = "https://honest.example/u"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await open_sqlite(tmp_path / "obverse.db", clock=lambda: NOW, create=True)
    yield opened
    await opened.aclose()


async def record(store: SqliteDatabase, *actors: str) -> None:
    """One message of each, in this order."""
    entries = []
    for number, actor in enumerate(actors):
        name = f"{actor}/{number}"
        body = dump_json({"id": name, "type": "Like", "actor": actor, "object": name})
        entries.append(InboundEntry("https://v.example/u", actor, name, body, name, NOW))
    async with anyio.create_task_group() as tasks:
        for entry in entries:
            tasks.start_soon(store.inbox_log.record, entry)


def a_worker(
    store: SqliteDatabase, dispatch: Callable[[Inbound], Awaitable[None]], **settings: Any
) -> Worker:
    async def nothing(_: Any) -> Any:
        raise AssertionError("nothing goes out here")

    return Worker(
        log=store.inbox_log,
        queue=store.delivery_queue,
        dispatch=dispatch,
        deliver=nothing,
        deliver_local=nothing,
        own_origins=frozenset(),
        clock=lambda: NOW,
        settings=WorkerSettings(**settings),
    )


class Slow:
    """Handles nothing but the honest one's messages until one of them has come."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.honest_came = anyio.Event()

    async def __call__(self, inbound: Inbound) -> None:
        self.order.append(inbound.entry.actor)
        if inbound.entry.actor == HONEST:
            self.honest_came.set()
        await self.honest_came.wait()


async def waiting(store: SqliteDatabase) -> int:
    return await store.read(lambda tx: int(tx.connection.execute("SELECT count(*) FROM inbox").fetchone()[0]))


@pytest.mark.parametrize("flood", [1000, 3000])
async def test_x23_a_flooders_backlog_keeps_nobody_waiting(store: SqliteDatabase, flood: int) -> None:
    """Even the first of a thousand never ends before the one message of another has come."""
    await record(store, *["https://flood.example/u"] * flood)
    await record(store, HONEST)
    slow = Slow()
    with anyio.fail_after(60):
        await a_worker(store, slow).run_until_idle()
    assert slow.order.index(HONEST) == 1, "before the second of the flooder"
    assert len(slow.order) == flood + 1
    assert await waiting(store) == 0


async def test_x23_variant_one_who_comes_during_a_flood_is_next(store: SqliteDatabase) -> None:
    await record(store, *["https://flood.example/u"] * 500)
    order: list[str] = []

    async def handle(inbound: Inbound) -> None:
        order.append(inbound.entry.actor)
        if len(order) == 10:
            await record(store, HONEST)
            worker.nudge()
        await anyio.lowlevel.checkpoint()

    worker = a_worker(store, handle)
    with anyio.fail_after(60):
        await worker.run_until_idle()
    assert len(order) == 501
    assert order.index(HONEST) < 30, "while the flooder's first share is still in hand"


async def test_x23_variant_many_slow_actors_leave_the_quick_their_places(store: SqliteDatabase) -> None:
    """More of them than there are places: each is moved aside, and the honest one's message is handled."""
    await record(store, *(f"https://slow{number}.example/u" for number in range(40)), HONEST)
    slow = Slow()
    with anyio.fail_after(60):
        await a_worker(store, slow, processed_at_once=4, slow_after_s=0.01).run_until_idle()
    assert sorted(slow.order) == sorted({*slow.order})
    assert len(slow.order) == 41
    assert await waiting(store) == 0


async def test_x23_variant_the_messages_of_one_actor_keep_their_order_although_the_first_was_slow(
    store: SqliteDatabase,
) -> None:
    """What waits behind a slow one is let go and claimed anew, neither lost nor overtaken."""
    actors = ["https://a.example/u"] * 5 + [HONEST]
    await record(store, *actors)
    slow, handled = Slow(), list[int]()

    async def handle(inbound: Inbound) -> None:
        await slow(inbound)
        if inbound.entry.actor != HONEST:
            handled.append(inbound.entry.id)

    with anyio.fail_after(60):
        await a_worker(store, handle, processed_at_once=1, slow_after_s=0.01).run_until_idle()
    assert handled == [1, 2, 3, 4, 5]
    assert await waiting(store) == 0
