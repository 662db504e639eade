"""A store in a real file, and how to open it again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from federation.ports import InboundEntry
from node.store.sqlite import SqliteDatabase, open_sqlite
from tests.builders import NOW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "obverse.db"


@pytest.fixture
async def open_store(path: Path) -> AsyncIterator[Callable[..., Awaitable[SqliteDatabase]]]:
    """Opens the store at `path` (or another), making it where it is not there; all are closed in the end."""
    async with AsyncExitStack() as stack:

        async def open_it(at: Path = path, **over: Any) -> SqliteDatabase:
            database = await open_sqlite(at, **{"clock": lambda: NOW, "create": True, **over})
            stack.push_async_callback(database.aclose)
            return database

        yield open_it


@pytest.fixture
async def store(open_store: Callable[..., Awaitable[SqliteDatabase]]) -> SqliteDatabase:
    return await open_store()


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
