"""Kill -9 at any instant: every acknowledged message is there, once."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from node.store.sqlite import SqliteDatabase, open_sqlite
from tests.builders import NOW

WRITER = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from federation.ports import InboundEntry, Recorded
from node.store.sqlite import open_sqlite

async def main():
    first = int(sys.argv[2])
    now = lambda: datetime.now(UTC)
    store = await open_sqlite(Path(sys.argv[1]), clock=now, create=True)
    async def one(lane):
        number = first + lane
        while True:
            entry = InboundEntry("r", "a", f"id-{number}", b"body " * 200, "digest", now())
            assert await store.inbox_log.record(entry) is Recorded.NEW
            os.write(1, f"{number}\\n".encode())
            number += 8
    await asyncio.gather(*(one(lane) for lane in range(8)))

asyncio.run(main())
"""


def write_until_killed(path: Path, first: int, acknowledgements: int) -> set[str]:
    """Runs a writer and kills it after so many acknowledgements; all that it gave."""
    command = [sys.executable, "-c", WRITER, str(path), str(first)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(acknowledgements)]
        writer.kill()
        lines += writer.stdout.readlines()
    assert lines[0], "the writer failed before it began"
    return {line.decode().strip() for line in lines if line.endswith(b"\n")}


async def read_ids(path: Path) -> list[str]:
    store = await open_sqlite(path, clock=lambda: NOW)
    try:
        rows = await store.read(
            lambda tx: tx.connection.execute(
                "SELECT activity_id FROM inbox WHERE state = 'pending'"
            ).fetchall()
        )
    finally:
        await store.aclose()
    return [row[0].removeprefix("id-") for row in rows]


def test_every_acknowledged_message_survives_kill_9_once(path: Path) -> None:
    dice = random.Random(20261122)
    acknowledged: set[str] = set()
    for round_ in range(4):
        acknowledged |= write_until_killed(path, round_ * 1_000_000, dice.randint(1, 150))
        kept = asyncio.run(read_ids(path))
        assert len(kept) == len(set(kept))
        assert acknowledged <= set(kept)


@pytest.mark.anyio
async def test_success_is_told_only_after_the_commit(
    store: SqliteDatabase, open_store: Callable[..., Awaitable[SqliteDatabase]]
) -> None:
    """Another connection sees the row at the moment when the writer hears of it."""
    for number in range(20):
        name = f"n{number}"
        await store.write(lambda tx, name=name: tx.meta.set(name, "there"))  # type: ignore[misc]
        assert await store.read(lambda tx, name=name: tx.meta.get(name)) == "there"  # type: ignore[misc]
