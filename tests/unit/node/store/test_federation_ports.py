"""What the toolkit's ports over SQLite add to the contract: bounds, caches, and claims that race."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest

from federation.activity import parse_activity
from federation.keys import ed25519_from_seed
from federation.ports import DeliveryOutcome, HostState, InboundEntry, KnownKey, Outcome
from node.store.ports import QueuedJob
from node.store.sqlite import SqliteDatabase
from node.store.sqlite.endings import Pending
from node.store.sqlite.federation_ports import (
    SqliteDeliveryQueue,
    SqliteHostMemory,
    SqliteInboxLog,
    SqlitePublicKeys,
)
from node.store.sqlite.inbox import SeenHash, SqliteInbox
from node.store.sqlite.opening import connect_reader
from node.store.sqlite.outbox import SqliteDeliveries
from node.store.sqlite.transaction import SqliteTx
from tests.builders import NOW

pytestmark = pytest.mark.anyio

T = TypeVar("T")
Make = Callable[..., InboundEntry]
BOB = "https://bob.example/users/bob"


class SlowReads:
    """Reads at once, and answers when it is let."""

    def __init__(self, store: SqliteDatabase) -> None:
        self._store = store
        self.has_read = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, fn: Callable[[SqliteTx], T]) -> T:
        value = await self._store.read(fn)
        self.has_read.set()
        await self.may_answer.wait()
        return value


async def all_is_well() -> None:
    return None


@pytest.mark.parametrize("end", ["finish", "retry", "bury"])
async def test_an_entry_that_ends_while_a_claim_is_read_is_not_claimed(
    store: SqliteDatabase, an_entry: Make, end: str
) -> None:
    slow = SlowReads(store)
    here = connect_reader(store.path)
    log = SqliteInboxLog(slow, store.write, here, SeenHash(b"k"), lambda: NOW, all_is_well)
    await store.inbox_log.record(an_entry("1"))
    await store.inbox_log.record(an_entry("2"))
    first, second = await store.inbox_log.claim(2, NOW)
    ends: dict[str, Callable[[], Awaitable[None]]] = {
        "finish": lambda: log.finish(first.id),
        "retry": lambda: log.retry(first.id, NOW + timedelta(1), "no"),
        "bury": lambda: log.bury(first.id, "no"),
    }
    claims = [asyncio.ensure_future(log.claim(2, NOW)) for _ in range(2)]
    await slow.has_read.wait()
    await asyncio.sleep(0.05)
    await ends[end]()
    slow.may_answer.set()
    for claim in claims:
        assert await claim == [second]
    here.close()


async def test_a_job_that_is_settled_while_a_claim_is_read_is_not_claimed(store: SqliteDatabase) -> None:
    slow = SlowReads(store)
    here = connect_reader(store.path)
    queue = SqliteDeliveryQueue(slow, store.write, here, all_is_well)
    job = QueuedJob("a", "r", "https://x.example/inbox", "me", "#k", b"body", "", NOW, NOW)
    await store.write(lambda tx: tx.deliveries.enqueue(job))
    claim = asyncio.ensure_future(queue.claim(10, NOW))
    await slow.has_read.wait()
    await queue.settle(1, DeliveryOutcome(Outcome.DELIVERED, "ok"), NOW)
    slow.may_answer.set()
    assert await claim == []
    here.close()


class Overtaken:
    """A connection whose every statement is followed at once by the end of all deliveries."""

    def __init__(self, here: sqlite3.Connection, path: Path) -> None:
        self._here, self._path = here, path

    def execute(self, statement: str, parameters: Any = ()) -> sqlite3.Cursor:
        found = self._here.execute(statement, parameters)
        with closing(sqlite3.connect(self._path)) as other, other:
            other.execute("DELETE FROM lane")
            other.execute("UPDATE delivery SET head = 0, state = 'delivered'")
        return found


async def test_when_the_next_is_due_is_told_of_one_moment(store: SqliteDatabase) -> None:
    job = QueuedJob("a", "r", "https://x.example/inbox", "me", "#k", b"body", "", NOW, NOW)
    await store.write(lambda tx: tx.deliveries.enqueue(job))
    with closing(connect_reader(store.path)) as here:
        overtaken: Any = Overtaken(here, store.path)
        assert SqliteDeliveries(overtaken).next_due() is not None
        assert SqliteDeliveries(here).next_due() is None


async def test_signatures_whose_window_has_passed_are_forgotten(
    store: SqliteDatabase, an_entry: Make
) -> None:
    def at(minutes: int, **over: object) -> InboundEntry:
        now = NOW + timedelta(minutes=minutes)
        name = str(minutes).encode()
        return an_entry(
            str(minutes),
            received_at=now,
            replay_key=name,
            **{"replay_until": now + timedelta(minutes=5), **over},
        )

    def kept(tx: SqliteTx) -> set[bytes]:
        return {row[0] for row in tx.connection.execute("SELECT key FROM replay")}

    for entry in (at(0), at(1, replay_until=None), at(3)):
        await store.inbox_log.record(entry)
    assert await store.read(kept) == {b"0", b"1", b"3"}
    await store.inbox_log.record(at(6))
    assert await store.read(kept) == {b"1", b"3", b"6"}
    await store.inbox_log.record(at(-100))
    await store.inbox_log.record(at(500))
    assert await store.read(kept) == {b"1", b"500"}


async def test_keys_and_hosts_survive_a_new_start(
    store: SqliteDatabase, open_store: Callable[..., Awaitable[SqliteDatabase]]
) -> None:
    known = KnownKey(ed25519_from_seed(f"{BOB}#k", BOB, b"1" * 32).public, BOB, b"{}", NOW)
    await store.public_keys.save(known)
    await store.host_memory.save(HostState("https://bob.example", failures=3))
    await store.aclose()
    again = await open_store()
    for _ in range(2):
        assert await again.public_keys.find(known.key.id) == known
        assert await again.host_memory.find("https://bob.example") == HostState(
            "https://bob.example", failures=3
        )


async def test_made_up_hosts_cannot_fill_the_store(store: SqliteDatabase) -> None:
    """E17: the least recently saved leave first, from memory and from the file."""
    here = connect_reader(store.path)
    memory = SqliteHostMemory(store.write, here, lambda: NOW, kept=50)
    async with anyio.create_task_group() as tasks:
        for number in range(199):
            tasks.start_soon(memory.save, HostState(f"https://h{number}.example"))
    await memory.save(HostState("https://h0.example"))
    hosts = await store.read(lambda tx: tx.deliveries.hosts())
    assert len(hosts) == 50
    assert HostState("https://h0.example") in hosts
    assert await memory.find("https://h1.example") is None
    here.close()


async def test_made_up_keys_cannot_fill_the_store(store: SqliteDatabase) -> None:
    here = connect_reader(store.path)
    keys = SqlitePublicKeys(store.write, here, kept=50)
    material = ed25519_from_seed(f"{BOB}#k", BOB, b"1" * 32)

    def known(number: int) -> KnownKey:
        key = type(material)(f"{BOB}#{number}", BOB, material.algorithm, material.material)
        return KnownKey(key.public, BOB, b"{}", NOW)

    async with anyio.create_task_group() as tasks:
        for number in range(200):
            tasks.start_soon(keys.save, known(number))
    assert await store.read(
        lambda tx: tx.connection.execute("SELECT count(*) FROM public_key").fetchone()
    ) == (50,)
    assert await keys.find(f"{BOB}#0") is None
    assert await keys.find(f"{BOB}#199") == known(199)
    here.close()


# --- what was recorded a moment ago ----------------------------------------------------------------------


async def test_what_was_recorded_a_moment_ago_is_handed_over_and_not_read(
    store: SqliteDatabase, an_entry: Make
) -> None:
    async def read(_: Any) -> Any:
        raise AssertionError("it is at hand")

    body = b'{"id":"https://a.example/1","type":"Like","actor":"https://a.example/u"}'
    activity = parse_activity(body)
    with closing(connect_reader(store.path)) as here:
        log = SqliteInboxLog(read, store.write, here, SeenHash(b"k"), lambda: NOW, all_is_well)
        await log.record(replace(an_entry("1", body=body), activity=activity))
        await log.record(replace(an_entry("1", body=body), activity=activity))
        (entry,) = await log.claim(9, NOW)
        assert entry.activity is activity
        assert await store.inbox_log.claim(9, NOW) == [entry], "as it lies in the store"
        with pytest.raises(AssertionError, match="at hand"):
            await log.claim(9, NOW)
        with pytest.raises(AssertionError, match="at hand"):
            await log.claim(9, NOW)


async def test_what_was_tried_is_read_anew_with_its_tries(store: SqliteDatabase, an_entry: Make) -> None:
    await store.inbox_log.record(an_entry())
    (entry,) = await store.inbox_log.claim(9, NOW)
    await store.inbox_log.retry(entry.id, NOW, "no")
    (again,) = await store.inbox_log.claim(9, NOW)
    assert (again.attempts, again.activity) == (1, None)


async def test_what_ends_in_one_turn_is_looked_at_once(store: SqliteDatabase, an_entry: Make) -> None:
    for number in range(5):
        await store.inbox_log.record(an_entry(str(number)))
    entries = await store.inbox_log.claim(9, NOW)
    for entry in entries[:3]:
        await store.write(lambda tx, done=entry.id: tx.inbox.finish(done))  # type: ignore[misc]
    told: list[str] = []
    store._here.set_trace_callback(told.append)
    async with anyio.create_task_group() as tasks:
        for entry in entries:
            tasks.start_soon(store.inbox_log.finish, entry.id)
    store._here.set_trace_callback(None)
    assert len(told) == 1
    assert await store.inbox_log.claim(9, NOW) == []


async def test_a_look_that_fails_or_that_nobody_waits_for_hurts_nobody(
    store: SqliteDatabase, an_entry: Make
) -> None:
    await store.inbox_log.record(an_entry("1"))
    gone = asyncio.ensure_future(store.inbox_log.finish(1))
    await asyncio.sleep(0)
    gone.cancel()
    await store.inbox_log.finish(1)
    assert await store.inbox_log.claim(9, NOW) == []
    with closing(sqlite3.connect(":memory:")) as empty:
        pending = Pending(SqliteInbox(empty))
        left = asyncio.ensure_future(pending.has(1))
        await asyncio.sleep(0)
        left.cancel()
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await pending.has(2)


async def test_what_is_claimed_between_its_commit_and_its_hand_over_is_not_kept_after_its_end(
    store: SqliteDatabase, an_entry: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker may be quicker than the task that recorded; each such entry stayed in memory."""
    log = store.inbox_log
    write = store.write
    claimed: list[InboundEntry] = []

    async def write_and_be_overtaken(fn: Callable[[SqliteTx], T]) -> T:
        answer = await write(fn)
        if not claimed:
            claimed.extend(await log.claim(10, NOW))
        return answer

    monkeypatch.setattr(log, "_write", write_and_be_overtaken)
    await log.record(an_entry("one"))
    assert [entry.activity for entry in claimed] == [None], "it was read"
    await log.finish(claimed[0].id)
    assert log._fresh.take(claimed[0].id) is None
