"""Opening a store: the lock, the look at the file before anything touches it, and the connections.

Whatever is not wholly a store of ours is refused as it is, and never replaced, mended or emptied
(`security X18`, `X19`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sqlite_utils import Database

from node.store.ports import StoreRefused
from node.store.sqlite.schema import APPLICATION_ID, MIGRATIONS_NAME, SEEN_KEY, known_steps, migrate

__all__ = [
    "LOG_KEPT_BYTES",
    "Lock",
    "connect_reader",
    "connect_writer",
    "create_store",
    "forget_cached_log",
    "hold_store",
    "inspect_store",
    "sync_directory",
]

_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_SMALL_BYTES = 64 * 1024 * 1024
"""Up to this size the whole file is checked at each start; it takes a fraction of a second."""
_BUSY_MS = 5000
_BUSY_AT_START_MS = 500
LOG_KEPT_BYTES = 64 * 1024 * 1024
"""Of the log's file between checkpoints: what is there need not be asked of the disk again. Less than
`writer.LONGEST_LOG_BYTES`, which is how the writer sees that there is something to take in."""
_STATEMENTS_KEPT = 256
_WRITER_CACHE_KIB = 16 * 1024
"""At most; hashed ids lie all over a large store, and an import that outgrows it writes its pages twice."""


@contextlib.contextmanager
def hold_store(path: Path) -> Iterator[None]:
    """Hold a store that is not open, so that nobody opens it. Raises: StoreRefused where somebody has."""
    lock = Lock(path)
    try:
        yield
    finally:
        lock.release()


class Lock:
    """The exclusive right to a store: an advisory lock on a file beside it, which a dead process loses."""

    def __init__(self, path: Path) -> None:
        """Raises: StoreRefused where another process (or another opening here) holds it."""
        self.path = path.with_name(path.name + ".lock")
        try:
            self._file: IO[str] = self._take()
        except BlockingIOError:
            raise StoreRefused(
                f"{path} is in use by another process{self._holder()}. Stop that node first, or let it do"
                " the work: commands speak to the node that runs."
            ) from None
        except OSError as error:
            raise StoreRefused(f"{self.path} cannot be locked: {error.strerror}.") from error

    def _take(self) -> IO[str]:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        file = os.fdopen(descriptor, "r+", encoding="ascii", errors="replace")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
        except BaseException:
            file.close()
            raise
        return file

    def _holder(self) -> str:
        with contextlib.suppress(OSError):
            number = self.path.read_text(encoding="ascii", errors="replace").strip()
            if number.isdigit():
                return f" (number {number})"
        return ""

    def release(self) -> None:
        """Give it up. The file stays, since removing it would let two processes hold two of them."""
        self._file.close()


def forget_cached_log(path: Path) -> None:
    """Let the log be read from the disk itself, not from the system's memory of it.

    After a sync that failed, that memory may hold what the disk does not, and calls it saved: what would be
    built on it could vanish with the power, acknowledged or not (`security §2`, rule 5; PostgreSQL's
    "fsyncgate"). What was truly written is read again as it is.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    with contextlib.suppress(FileNotFoundError), path.with_name(path.name + "-wal").open("rb") as log:
        os.posix_fadvise(log.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


# --- looking -------------------------------------------------------------------------------------------


def inspect_store(path: Path) -> None:
    """Look whether this file is a whole store of ours that this program can read; it is not altered.

    Raises: StoreRefused, saying what is wrong and what to do.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size = path.stat().st_size
    except FileNotFoundError:
        raise StoreRefused(
            f"There is no database at {path}. Make a node with `obverse init`, or bring one back with"
            " `obverse restore`."
        ) from None
    except OSError as error:
        raise StoreRefused(f"{path} cannot be read: {error.strerror}.") from error
    _check_header(path, header, size)
    try:
        _check_content(path, size)
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreRefused(f"{path} is held by another program. Close that one first.") from error
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, what: str) -> StoreRefused:
    return StoreRefused(
        f"{path} is damaged: {what}. It was left as it is. Move it away and bring a backup back with"
        " `obverse restore`."
    )


def _check_header(path: Path, header: bytes, size: int) -> None:
    if size == 0:
        raise _damaged(path, "it is empty")
    if not header.startswith(_MAGIC):
        raise StoreRefused(
            f"{path} is not a database of Obverse. It was left as it is; choose another place."
        )
    if len(header) < _HEADER_BYTES:
        raise _damaged(path, "it ends within its header")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise StoreRefused(
            f"{path} is a SQLite database of another program. It was left as it is; choose another place."
        )
    page_bytes = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    log = path.with_name(path.name + "-wal")
    # A checkpoint that was cut off may leave the file shorter than it says; then the log has the rest.
    has_log = log.exists() and log.stat().st_size > 0
    if not has_log and size < pages * (65536 if page_bytes == 1 else page_bytes):
        raise _damaged(path, "it is shorter than it says, so a part of it is missing")


def _check_content(path: Path, size: int) -> None:
    connection = _connect(path, "ro", _BUSY_AT_START_MS)
    try:
        rows = connection.execute(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (MIGRATIONS_NAME,)
        ).fetchall()
        if not rows:
            raise _damaged(path, "it has no schema")
        if newer := {row[0] for row in rows} - known_steps():
            raise StoreRefused(
                f"{path} was written by a newer version of Obverse ({', '.join(sorted(newer))}). Install"
                " that version again."
            )
        if connection.execute("SELECT 1 FROM meta WHERE name = ?", (SEEN_KEY,)).fetchone() is None:
            raise _damaged(path, "its memory of what it has seen is gone")
        if size <= _SMALL_BYTES:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise _damaged(path, verdict)
    finally:
        connection.close()


# --- making --------------------------------------------------------------------------------------------


def create_store(path: Path) -> None:
    """Make an empty store, readable by its owner alone; it appears whole or not at all.

    Raises: StoreRefused where a database or what is left of one lies there.
    """
    for beside in (path, path.with_name(path.name + "-wal")):
        if beside.exists():
            raise StoreRefused(f"{beside} is there already, and is not replaced. Choose another place.")
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = _connect(draft, "rw")
    try:
        # A draft needs no syncs of its own: it is synced whole before it gets its name.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrate(Database(connection))
    finally:
        connection.close()
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    os.link(draft, path)  # unlike a renaming, it never replaces what has appeared meanwhile
    draft.unlink()
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make names that were added or changed in a directory survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- connecting ----------------------------------------------------------------------------------------


def _connect(path: Path, mode: str, busy_ms: int = _BUSY_MS) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS_KEPT,
    )
    connection.execute(f"PRAGMA busy_timeout = {busy_ms}")
    return connection


def connect_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes: durable at each commit, after power loss too; brought up to date.

    Raises: sqlite3.Error.
    """
    connection = _connect(path, "rw")
    try:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",  # savepoints spill their pages there, and nobody wants them on a disk
            "wal_autocheckpoint = 0",  # the writer takes them, and sees how they end
            f"journal_size_limit = {LOG_KEPT_BYTES}",
            f"cache_size = -{_WRITER_CACHE_KIB}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        migrate(Database(connection))
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    connection = _connect(path, "ro")
    connection.execute("PRAGMA query_only = ON")
    return connection
