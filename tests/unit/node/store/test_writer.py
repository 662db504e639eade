"""One thread writes: groups share a commit, failures stay alone, and nobody hears of success too early."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from node.store.ports import StoreRefused
from node.store.sqlite import SqliteDatabase
from node.store.sqlite.database import FULL_UNTIL
from node.store.sqlite.opening import LOG_KEPT_BYTES, connect_writer, create_store
from node.store.sqlite.transaction import SqliteTx
from node.store.sqlite.writer import LONGEST_LOG_BYTES, Writer
from tests.builders import NOW

pytestmark = pytest.mark.anyio

Open = Callable[..., Awaitable[SqliteDatabase]]
MEGABYTE = "x" * 1024 * 1024


@contextmanager
def busy_writer(store: SqliteDatabase) -> Iterator[None]:
    """Keeps the writer in one function, so that everything else waits in its queue."""
    release = threading.Event()
    waiting = asyncio.ensure_future(store.write(lambda tx: release.wait(10)))
    try:
        yield
    finally:
        release.set()
    assert waiting is not None


async def start(*writes: Awaitable[object]) -> list[asyncio.Task[object]]:
    """Starts them and lets each reach the queue."""
    futures = [asyncio.ensure_future(write) for write in writes]
    await asyncio.sleep(0.02)
    return futures


def put(name: str, value: str) -> Callable[[SqliteTx], None]:
    return lambda tx: tx.meta.set(name, value)


def size_of(path: Path) -> int:
    return path.stat().st_size


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - files and other threads set no events
            await asyncio.sleep(0.02)


async def trace(store: SqliteDatabase) -> list[str]:
    """What the writer's connection is told from now on."""
    told: list[str] = []
    await store.write(lambda tx: tx.connection.set_trace_callback(told.append))
    return told


async def test_writes_that_wait_together_share_one_commit(store: SqliteDatabase) -> None:
    told = await trace(store)
    with busy_writer(store):
        await asyncio.sleep(0.02)
        futures = await start(*(store.write(put(f"n{n}", "there")) for n in range(50)))
    await asyncio.gather(*futures)
    assert told.count("COMMIT") == 3  # the rest of the trace's own write, the busy one, and all fifty
    assert told.count("SAVEPOINT one") == 0
    assert len(await store.read(lambda tx: [n for n in range(50) if tx.meta.get(f"n{n}")])) == 50


async def test_a_failure_rolls_back_its_own_savepoint_only(store: SqliteDatabase) -> None:
    def fail(tx: SqliteTx) -> None:
        tx.meta.set("bad", "half")
        tx.meta.set("good", "spoilt")
        raise ValueError("no")

    with busy_writer(store):
        await asyncio.sleep(0.02)
        before, failing, after = await start(
            store.write(lambda tx: tx.meta.set("good", "kept")),
            store.write(fail),
            store.write(lambda tx: tx.meta.get("good")),
        )
    await before
    with pytest.raises(ValueError, match="no"):
        await failing
    assert await after == "kept"
    assert await store.read(lambda tx: tx.meta.get("bad")) is None


async def test_a_statement_that_fails_in_a_function_is_the_functions_own(store: SqliteDatabase) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await store.write(lambda tx: tx.connection.execute("INSERT INTO meta VALUES ('x', NULL)"))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        await store.write(
            lambda tx: tx.connection.execute(
                "INSERT INTO delivery"
                " SELECT 1, 'queued', 1, 0, '', '', '', '', '', '', x'00', '', 0, 0, 0, '', 0, '', 0"
            )
        )
    assert store.refusal is None


async def test_even_stop_iteration_reaches_its_caller(store: SqliteDatabase) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.write(lambda tx: next(iter(())))


async def test_a_write_that_was_cancelled_in_the_queue_does_not_happen(store: SqliteDatabase) -> None:
    with busy_writer(store):
        await asyncio.sleep(0.02)
        (future,) = await start(store.write(lambda tx: tx.meta.set("n", "there")))
        future.cancel()
        with pytest.raises(asyncio.CancelledError):
            await future
    await store.write(lambda tx: None)
    assert await store.read(lambda tx: tx.meta.get("n")) is None


async def test_a_write_that_was_cancelled_while_it_ran_is_whole(store: SqliteDatabase) -> None:
    entered, release = threading.Event(), threading.Event()

    def slow(tx: SqliteTx) -> None:
        tx.meta.set("n", "there")
        entered.set()
        release.wait(10)

    (future,) = await start(store.write(slow))
    await asyncio.to_thread(entered.wait, 10)
    future.cancel()
    release.set()
    await store.write(lambda tx: None)
    assert await store.read(lambda tx: tx.meta.get("n")) == "there"


async def test_a_loop_that_ended_early_harms_nobody(store: SqliteDatabase) -> None:
    release = threading.Event()

    async def leave() -> None:
        asyncio.get_running_loop().create_task(store.write(lambda tx: release.wait(10)))
        await asyncio.sleep(0.02)

    def abandon() -> None:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(leave())
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()

    await asyncio.to_thread(abandon)
    release.set()
    await store.write(lambda tx: tx.meta.set("n", "there"))
    assert await store.read(lambda tx: tx.meta.get("n")) == "there"


async def test_what_is_queued_at_the_end_is_still_written(store: SqliteDatabase, open_store: Open) -> None:
    with busy_writer(store):
        await asyncio.sleep(0.02)
        futures = await start(*(store.write(lambda tx: tx.meta.set("n", "there")) for _ in range(600)))
        (closing,) = await start(store.aclose())
    await asyncio.gather(closing, *futures)
    again = await open_store()
    assert await again.read(lambda tx: tx.meta.get("n")) == "there"


async def test_the_log_is_taken_in_when_it_is_quiet(store: SqliteDatabase, path: Path) -> None:
    before = size_of(path)
    await store.write(lambda tx: tx.meta.set("big", 2 * MEGABYTE))
    await until(lambda: size_of(path) > before + 1024 * 1024)
    await store.aclose()
    assert not path.with_name("obverse.db-wal").exists()


# --- the disk ------------------------------------------------------------------------------------------


async def test_a_full_store_tells_the_whole_batch_and_recovers_unaided(store: SqliteDatabase) -> None:
    """X05: the same code that a full disk gives, by a bound on the file."""
    pages = await store.read(lambda tx: tx.connection.execute("PRAGMA page_count").fetchone()[0])
    await store.write(lambda tx: tx.connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    with busy_writer(store):
        await asyncio.sleep(0.02)
        small, big = await start(
            store.write(lambda tx: tx.meta.set("small", "there")),
            store.write(lambda tx: tx.meta.set("big", MEGABYTE)),
        )
    for future in (small, big):
        with pytest.raises(StoreRefused, match="disk is full"):
            await future
    assert store.refusal is None
    assert await store.read(lambda tx: tx.meta.get("small")) is None
    await store.write(lambda tx: tx.connection.execute("PRAGMA max_page_count = 1000000").fetchone())
    await store.write(lambda tx: tx.meta.set("big", MEGABYTE))
    assert await store.read(lambda tx: tx.meta.get("big")) == MEGABYTE


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here; the bound on the file above shows the same")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], capture_output=True, check=True)


async def test_a_full_disk_refuses_writes_serves_reads_and_recovers(
    small_disk: Path, open_store: Open
) -> None:
    """X05, on a real disk of two megabytes."""
    store = await open_store(small_disk / "obverse.db")
    await store.write(lambda tx: tx.meta.set("n", "before"))
    (small_disk / "ballast").write_bytes(b"x" * 1024 * 1024)
    with pytest.raises(StoreRefused, match="disk is full"):
        await store.write(lambda tx: tx.meta.set("big", MEGABYTE))
    assert await store.read(lambda tx: tx.meta.get("n")) == "before"
    assert await store.read(lambda tx: tx.meta.get("big")) is None
    (small_disk / "ballast").unlink()
    await store.write(lambda tx: tx.meta.set("n", "after"))
    assert await store.read(lambda tx: tx.meta.get("n")) == "after"
    await store.aclose()


@contextmanager
def no_file_beyond(size_bytes: int) -> Iterator[None]:
    """Writes past this size fail with EFBIG, which SQLite reports as an I/O error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_broken_disk_ends_writing_until_the_store_is_opened_anew(
    store: SqliteDatabase, open_store: Open
) -> None:
    """X04: after an I/O error nothing more is acknowledged, since a later sync may falsely succeed."""
    await store.write(lambda tx: tx.meta.set("n", "before"))
    with no_file_beyond(512 * 1024), pytest.raises(StoreRefused, match="cannot be written any more"):
        await store.write(lambda tx: tx.meta.set("n", MEGABYTE))
    with pytest.raises(StoreRefused, match="cannot be written any more"):
        await store.write(lambda tx: tx.meta.set("n", "after"))
    assert store.refusal is not None
    assert await store.read(lambda tx: tx.meta.get("n")) == "before"
    await store.aclose()
    again = await open_store()
    assert await again.read(lambda tx: tx.meta.get("n")) == "before"
    await again.write(lambda tx: tx.meta.set("n", "after"))


async def test_a_checkpoint_that_breaks_ends_writing_too(store: SqliteDatabase, path: Path) -> None:
    await store.write(lambda tx: tx.connection.execute("PRAGMA wal_autocheckpoint = 0").fetchone())
    size = size_of(path)
    for n in range(3):
        await store.write(put(f"n{n}", "x" * 100_000))
    with no_file_beyond(size):
        await until(lambda: store.refusal is not None)
    with pytest.raises(StoreRefused):
        await store.write(lambda tx: tx.meta.set("n", "after"))
    assert await store.read(lambda tx: tx.meta.get("n2")) == "x" * 100_000


async def test_a_store_that_is_held_by_a_stranger_refuses_for_a_while_only(
    store: SqliteDatabase, path: Path
) -> None:
    await store.write(lambda tx: tx.connection.execute("PRAGMA busy_timeout = 10").fetchone())
    stranger = sqlite3.connect(path, isolation_level=None)
    try:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreRefused, match="did not take this"):
            await store.write(lambda tx: tx.meta.set("n", "there"))
        stranger.execute("ROLLBACK")
    finally:
        stranger.close()
    await store.write(lambda tx: tx.meta.set("n", "there"))
    assert await store.read(lambda tx: tx.meta.get("n")) == "there"


# --- batches, and what fails in them -----------------------------------------------------------------------


async def test_after_a_failure_the_batches_run_under_savepoints_for_a_while(store: SqliteDatabase) -> None:
    def fail(tx: SqliteTx) -> None:
        raise ValueError("no")

    told = await trace(store)
    with busy_writer(store):
        await asyncio.sleep(0.02)
        good, bad = await start(store.write(put("n", "there")), store.write(fail))
    await good
    with pytest.raises(ValueError, match="no"):
        await bad
    assert told.count("SAVEPOINT one") == 2, "run again, each apart"
    for n in range(20):
        await store.write(put(f"n{n}", "there"))
    assert told.count("SAVEPOINT one") == 2 + 15, "then together again"


async def test_a_function_that_fails_alone_is_not_run_twice(store: SqliteDatabase) -> None:
    runs: list[int] = []

    def fail(tx: SqliteTx) -> None:
        runs.append(1)
        tx.meta.set("n", "half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.write(fail)
    assert runs == [1]
    assert await store.read(lambda tx: tx.meta.get("n")) is None


async def test_a_log_that_grows_under_load_is_taken_in_without_a_quiet_moment(path: Path) -> None:
    create_store(path)
    told: list[str] = []
    connection = connect_writer(path)
    connection.set_trace_callback(told.append)
    writer = Writer(connection, path, longest_log=256 * 1024)
    for n in range(40):
        await writer.run(put(f"n{n}", "x" * 50_000))
    taken = [line for line in told if "wal_checkpoint" in line]
    assert 1 < len(taken) < 40
    assert set(taken) == {"PRAGMA wal_checkpoint(PASSIVE)"}
    writer.finish()
    writer.close()


def test_the_log_is_kept_shorter_than_what_makes_the_writer_shorten_it() -> None:
    """Else the length of its file would say nothing."""
    assert LOG_KEPT_BYTES < LONGEST_LOG_BYTES


# --- what those who claim work are told ---------------------------------------------------------------------


async def test_x05_nobody_claims_work_on_a_full_disk_until_a_small_write_has_gone_well(
    store: SqliteDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    pages = await store.read(lambda tx: tx.connection.execute("PRAGMA page_count").fetchone()[0])
    await store.write(lambda tx: tx.connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    for _ in range(3):
        with pytest.raises(StoreRefused, match="disk is full"):
            await store.write(put("big", MEGABYTE))
    assert "disk is full" in (store.shortage or "")
    await store.write(lambda tx: tx.meta.get("n"))
    assert store.shortage is not None, "what writes nothing says nothing of the room"
    assert await store.inbox_log.claim(10, NOW) == []
    assert not store.shortage
    assert await store.read(lambda tx: tx.meta.get(FULL_UNTIL)) == NOW.isoformat()
    assert [line for line in caplog.messages if "full" in line or "room again" in line] == [
        (
            "The disk is full: nothing was written. Make room; the node then goes on by itself."
            " (database or disk is full)"
        ),
        "there is room again: the database is written as before",
    ]


async def test_x04_nobody_claims_work_from_a_store_that_cannot_note_its_end(store: SqliteDatabase) -> None:
    with no_file_beyond(512 * 1024), pytest.raises(StoreRefused):
        await store.write(put("n", 2 * MEGABYTE))
    for claim in (store.inbox_log.claim, store.delivery_queue.claim):
        with pytest.raises(StoreRefused, match="cannot be written any more"):
            await claim(10, NOW)
    assert await store.inbox_log.replayed(b"x", NOW) is False
