"""A store is opened whole, alone and as it is, or refused in words that say what to do (X18, X19)."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from node.store.ports import StoreRefused
from node.store.sqlite import SqliteDatabase, open_sqlite
from node.store.sqlite.opening import Lock, create_store
from node.store.sqlite.schema import APPLICATION_ID
from tests.builders import NOW

pytestmark = pytest.mark.anyio

Open = Callable[..., Awaitable[SqliteDatabase]]


def make_store(path: Path, rows: int = 0) -> None:
    """A store that was used and closed."""

    async def make() -> None:
        database = await open_sqlite(path, clock=lambda: NOW, create=True)
        await database.write(lambda tx: [tx.meta.set(f"n{n}", "x" * 1000) for n in range(rows)])  # type: ignore[func-returns-value]
        await database.aclose()

    asyncio.run(make())


def refusal(path: Path, *, create: bool = True) -> str:
    """Opens it, which must be refused and leave its bytes as they are; the words."""
    before = path.read_bytes() if path.exists() else None

    async def try_it() -> None:
        database = await open_sqlite(path, clock=lambda: NOW, create=create)
        await database.aclose()

    with pytest.raises(StoreRefused) as refused:
        asyncio.run(try_it())
    assert (path.read_bytes() if path.exists() else None) == before
    assert str(path) in str(refused.value) or str(path.parent) in str(refused.value)
    return str(refused.value)


async def test_a_new_store_is_made_once_and_found_again(open_store: Open, path: Path) -> None:
    first = await open_store()
    await first.write(lambda tx: tx.meta.set("n", "there"))
    await first.aclose()
    second = await open_store(create=True)
    assert await second.read(lambda tx: tx.meta.get("n")) == "there"
    assert second.path == path


async def test_the_store_is_durable_strict_and_forgetful(open_store: Open) -> None:
    store = await open_store()

    def pragma(name: str) -> Callable[..., object]:
        return lambda tx: tx.connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert await store.write(pragma("journal_mode")) == "wal"
    assert await store.write(pragma("synchronous")) == 2
    assert await store.write(pragma("foreign_keys")) == 1
    assert await store.write(pragma("secure_delete")) == 1
    assert await store.write(pragma("application_id")) == APPLICATION_ID
    assert await store.read(pragma("query_only")) == 1


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_only_its_owner_can_read_the_files_of_a_store(open_store: Open, tmp_path: Path) -> None:
    store = await open_store()
    await store.write(lambda tx: tx.meta.set("n", "there"))
    modes = modes_in(tmp_path)
    assert {"obverse.db", "obverse.db-wal", "obverse.db.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_nothing_is_made_unasked(path: Path) -> None:
    assert "obverse init" in refusal(path, create=False)
    assert "obverse init" in refusal(path.parent / "nowhere" / "obverse.db")


# --- what is not a store of ours -----------------------------------------------------------------------


def test_an_empty_file_is_refused(path: Path) -> None:
    path.touch()
    assert "empty" in refusal(path)


def test_a_file_of_another_kind_is_refused(path: Path) -> None:
    path.write_bytes(b"My shopping list\n" * 100)
    assert "not a database of Obverse" in refusal(path)
    path.write_bytes(b"SQLite format 3\x00")
    assert "ends within its header" in refusal(path)


def test_a_directory_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreRefused, match="cannot be read"):
        asyncio.run(open_sqlite(path, clock=lambda: NOW, create=True))


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE account (id TEXT)")
    foreign.close()
    assert "another program" in refusal(path)


def test_a_database_with_our_mark_but_another_schema_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as foreign:
        foreign.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        foreign.execute("CREATE TABLE other (id TEXT)")
    foreign.close()
    assert "no such table" in refusal(path)
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE _sqlite_migrations (id, migration_set, name, applied_at)")
    foreign.close()
    assert "no schema" in refusal(path)
    with sqlite3.connect(path) as foreign:
        foreign.execute("INSERT INTO _sqlite_migrations VALUES (1, 'obverse', '0001-first', '')")
    foreign.close()
    assert "no such table: meta" in refusal(path)
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE meta (name, value)")
    foreign.close()
    assert "memory of what it has seen" in refusal(path)


def test_a_newer_schema_is_refused_by_name(path: Path) -> None:
    make_store(path)
    with sqlite3.connect(path) as newer:
        newer.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('obverse', '9999-future', '')"
        )
    newer.close()
    words = refusal(path)
    assert "newer version" in words
    assert "9999-future" in words


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.7, 0.99])
def test_a_truncated_store_is_refused_and_never_replaced(path: Path, share: float) -> None:
    make_store(path, rows=200)
    os.truncate(path, int(path.stat().st_size * share) + 1)
    words = refusal(path)
    assert "obverse restore" in words or "not a database" in words


def test_a_store_with_a_spoilt_page_is_refused(path: Path) -> None:
    make_store(path, rows=200)
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * 8192)
    assert "damaged" in refusal(path)


def copy_as_crashed(path: Path) -> Path:
    """A copy of a store in use whose header claims more pages than the file has; the log is copied too."""
    copy = path.with_name("crashed.db")
    content = bytearray(path.read_bytes())
    content[28:32] = (int.from_bytes(content[28:32], "big") + 100).to_bytes(4, "big")
    copy.write_bytes(content)
    copy.with_name("crashed.db-wal").write_bytes(path.with_name("obverse.db-wal").read_bytes())
    return copy


async def test_a_file_that_is_short_while_its_log_has_the_rest_is_opened(
    open_store: Open, path: Path
) -> None:
    """What a crash in the midst of a checkpoint leaves: the header ahead of the pages, the log complete."""
    store = await open_store()
    await store.write(lambda tx: tx.connection.execute("PRAGMA wal_autocheckpoint = 0").fetchone())
    await store.write(lambda tx: tx.meta.set("big", "x" * 500_000))
    copy = copy_as_crashed(path)
    again = await open_store(copy)
    assert await again.read(lambda tx: tx.meta.get("big")) == "x" * 500_000


def test_a_log_without_its_database_is_not_built_over(path: Path) -> None:
    log = path.with_name("obverse.db-wal")
    log.write_bytes(b"what is left")
    assert "not replaced" in refusal(path)
    assert log.read_bytes() == b"what is left"


def test_a_store_is_never_made_over_a_file(path: Path) -> None:
    path.write_bytes(b"precious")
    with pytest.raises(StoreRefused, match="not replaced"):
        create_store(path)
    assert path.read_bytes() == b"precious"


def test_a_draft_of_a_creation_that_was_killed_is_cleared_away(path: Path) -> None:
    path.with_name("obverse.db.new").write_bytes(b"half a schema")
    make_store(path)
    assert sorted(file.name for file in path.parent.iterdir()) == ["obverse.db", "obverse.db.lock"]


def test_a_disk_that_cannot_hold_a_store_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert "cannot be opened" in refusal(path)


# --- alone ---------------------------------------------------------------------------------------------


async def test_a_second_opening_is_refused_while_the_first_lives(open_store: Open, path: Path) -> None:
    first = await open_store()
    with pytest.raises(StoreRefused, match=rf"in use by another process \(number {os.getpid()}\)"):
        await open_store()
    await first.write(lambda tx: tx.meta.set("n", "unharmed"))
    await first.aclose()
    await (await open_store()).aclose()


def test_another_process_is_refused_and_a_dead_one_holds_nothing(path: Path) -> None:
    make_store(path)
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom node.store.sqlite.opening import Lock\n"
        "lock = Lock(Path(sys.argv[1]))\nprint('held', flush=True)\ntime.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        words = refusal(path)
        assert f"number {holder.pid}" in words
        assert "Stop that node" in words
        holder.kill()
    make_store(path)


def test_a_lock_that_cannot_be_made_is_refused(path: Path) -> None:
    path.with_name("obverse.db.lock").mkdir()
    assert "cannot be locked" in refusal(path)


def test_a_lock_file_with_strange_words_names_nobody(path: Path) -> None:
    held = Lock(path)
    held.path.write_text("no number")
    with pytest.raises(StoreRefused, match=r"by another process\. Stop"):
        Lock(path)
    held.release()


def test_a_refused_opening_gives_up_its_lock(path: Path) -> None:
    path.touch()
    refusal(path)
    Lock(path).release()


def test_a_database_that_a_stranger_holds_is_refused_and_not_called_damaged(path: Path) -> None:
    make_store(path)
    stranger = sqlite3.connect(path, isolation_level=None)
    try:
        stranger.execute("PRAGMA locking_mode = EXCLUSIVE")
        stranger.execute("BEGIN EXCLUSIVE")
        assert "held by another program" in refusal(path)
    finally:
        stranger.close()


def test_a_database_that_cannot_be_made_ready_is_refused(path: Path) -> None:
    create_store(path)
    stranger = sqlite3.connect(path, isolation_level=None)
    try:
        stranger.execute("BEGIN IMMEDIATE")
        assert "cannot be opened" in refusal(path)
    finally:
        stranger.close()
    make_store(path)


# --- a copy --------------------------------------------------------------------------------------------


async def test_a_copy_is_a_store_of_its_own(open_store: Open, tmp_path: Path) -> None:
    store = await open_store()
    await store.write(lambda tx: tx.meta.set("n", "there"))
    copy = tmp_path / "copy.db"
    await store.copy_to(copy)
    assert modes_in(tmp_path)["copy.db"] == 0o600
    again = await open_store(copy, create=False)
    assert await again.read(lambda tx: tx.meta.get("n")) == "there"
    with pytest.raises(FileExistsError):
        await store.copy_to(copy)


async def test_a_copy_that_cannot_be_written_leaves_nothing(open_store: Open, tmp_path: Path) -> None:
    store = await open_store()
    await store.write(lambda tx: tx.connection.execute("PRAGMA wal_autocheckpoint = 0").fetchone())
    await store.write(lambda tx: tx.connection.execute("DROP TABLE meta"))
    await store.write(lambda tx: tx.connection.execute("PRAGMA writable_schema = ON"))
    await store.write(
        lambda tx: tx.connection.execute(
            "UPDATE sqlite_schema SET sql = 'CREATE nonsense' WHERE name = 'deal'"
        )
    )
    copy = tmp_path / "copy.db"
    with pytest.raises(StoreRefused, match="could not be written"):
        await store.copy_to(copy)
    assert not copy.exists()
