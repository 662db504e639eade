"""Every test of this folder runs on every adapter of the store. A new adapter is one line in `ADAPTERS`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from federation.ports import Clock, InboundEntry
from node.store.memory import MemoryDatabase
from node.store.ports import Database, QueuedJob
from node.store.sqlite import open_sqlite
from tests.builders import NOW


async def _open_memory(folder: Path, clock: Clock) -> Database:
    return MemoryDatabase(clock=clock)


async def _open_sqlite(folder: Path, clock: Clock) -> Database:
    return await open_sqlite(folder / "obverse.db", clock=clock, create=True)


ADAPTERS: dict[str, Callable[[Path, Clock], Awaitable[Database]]] = {
    "memory": _open_memory,
    "sqlite": _open_sqlite,
}


@pytest.fixture
def clock() -> Clock:
    return lambda: NOW


@pytest.fixture(params=ADAPTERS)
async def db(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Database]:
    database = await ADAPTERS[request.param](tmp_path, clock)
    yield database
    await database.aclose()


@pytest.fixture
def an_entry() -> Callable[..., InboundEntry]:
    def make(activity: str = "1", **over: Any) -> InboundEntry:
        values: dict[str, Any] = {
            "recipient": "https://shop.example/users/shop",
            "actor": "https://ana.example/users/ana",
            "activity_id": f"https://ana.example/activities/{activity}",
            "body": b'{"type":"Create"}',
            "digest": "uEiA-first",
            "received_at": NOW,
        }
        return InboundEntry(**{**values, **over})

    return make


@pytest.fixture
def a_job() -> Callable[..., QueuedJob]:
    def make(activity: str = "1", **over: Any) -> QueuedJob:
        values: dict[str, Any] = {
            "activity_id": f"https://ana.example/activities/{activity}",
            "recipient": "https://shop.example/users/shop",
            "inbox": "https://shop.example/users/shop/inbox",
            "actor": "https://ana.example/users/ana",
            "key_id": "https://ana.example/users/ana#main-key",
            "body": f"body of {activity}".encode(),
            "ordering_key": "",
            "created_at": NOW,
            "give_up_at": datetime.fromisoformat("2027-01-01T00:00:00+00:00"),
        }
        return QueuedJob(**{**values, **over})

    return make
