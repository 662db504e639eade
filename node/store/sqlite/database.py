"""A store in one SQLite file, opened: one writer, a few readers, and the toolkit's ports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from federation.ports import Clock
from node.store.ports import StoreRefused
from node.store.sqlite.federation_ports import (
    SqliteDeliveryQueue,
    SqliteHostMemory,
    SqliteInboxLog,
    SqlitePublicKeys,
)
from node.store.sqlite.inbox import SeenHash
from node.store.sqlite.opening import (
    Lock,
    connect_reader,
    connect_writer,
    create_store,
    forget_cached_log,
    inspect_store,
    sync_directory,
)
from node.store.sqlite.transaction import SqliteTx
from node.store.sqlite.writer import CommitWatch, Writer, nobody_watches

__all__ = ["FULL_UNTIL", "SqliteDatabase", "open_sqlite"]

T = TypeVar("T")

_READERS = 2
FULL_UNTIL = "full-until"
"""The row of `meta` that says when there was room again after the disk was full."""


class _Readers:
    """Threads that read, on connections that cannot write, one for each."""

    def __init__(self, connections: list[sqlite3.Connection]) -> None:
        self._connections = connections
        self._free: queue.SimpleQueue[SqliteTx] = queue.SimpleQueue()
        for connection in connections:
            self._free.put(SqliteTx(connection))
        self._pool = ThreadPoolExecutor(len(connections), "store-reader")

    async def run(self, fn: Callable[[SqliteTx], T]) -> T:
        """Run `fn` on one snapshot of the store."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, fn)

    def _read(self, fn: Callable[[SqliteTx], T]) -> T:
        tx = self._free.get()
        try:
            tx.connection.execute("BEGIN")
            try:
                return fn(tx)
            finally:
                tx.connection.execute("ROLLBACK")
        finally:
            self._free.put(tx)

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        for connection in self._connections:
            connection.close()


class SqliteDatabase:
    """Implements `Database`. Made by `open_sqlite`; close it with `aclose`."""

    def __init__(
        self,
        path: Path,
        lock: Lock,
        writer: sqlite3.Connection,
        here: sqlite3.Connection,
        readers: list[sqlite3.Connection],
        clock: Clock,
        watch: CommitWatch = nobody_watches,
    ) -> None:
        """Takes over the lock and the connections; `here` is read on the event loop itself."""
        self.path = path
        self._lock = lock
        self._here = here
        self._clock = clock
        seen = SeenHash.of_store(here)
        self._writer = Writer(writer, path, watch=watch)
        self._readers = _Readers(readers)
        self._closed = False
        self.inbox_log = SqliteInboxLog(self.read, self.write, self._here, seen, clock, self._check)
        self.delivery_queue = SqliteDeliveryQueue(self.read, self.write, self._here, self._check)
        self.public_keys = SqlitePublicKeys(self.write, self._here)
        self.host_memory = SqliteHostMemory(self.write, self._here, clock)

    @property
    def refusal(self) -> str | None:
        """Why the store takes no more writes (the disk failed); None while all is well."""
        return self._writer.refusal

    @property
    def shortage(self) -> str | None:
        """Why the store could not write just now (the disk is full); None once it can."""
        return self._writer.shortage

    async def read(self, fn: Callable[[SqliteTx], T]) -> T:
        """Run `fn` on a consistent snapshot. Raises: sqlite3.OperationalError if it tries to write."""
        if self._closed:
            raise StoreRefused("The store is closed.")
        return await self._readers.run(fn)

    async def _check(self) -> None:
        """For those who claim work: there is none while its end cannot be written down.

        So a store in trouble makes nobody send, and send again, what cannot be marked as sent. Where the disk
        was full, one small write tries whether there is room again.
        """
        if self._closed:
            raise StoreRefused("The store is closed.")
        if self.refusal is not None:
            raise StoreRefused(self.refusal)
        if self.shortage is not None:
            now = self._clock().isoformat()
            await self.write(lambda tx: tx.meta.set(FULL_UNTIL, now))

    async def write(self, fn: Callable[[SqliteTx], T]) -> T:
        """Run `fn`; once this returns, what it did survives a loss of power.

        Raises: what `fn` raised, or StoreRefused (disk full, disk broken, closed); nothing has changed then.
        """
        return await self._writer.run(fn)

    async def copy_to(self, path: Path) -> None:
        """A consistent, compact copy in one new file, readable by its owner alone.

        Raises: FileExistsError, StoreRefused when it cannot be written whole.
        """
        await asyncio.to_thread(self._copy, path)

    def _copy(self, path: Path) -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with contextlib.closing(connect_reader(self.path)) as connection:
                connection.execute("PRAGMA query_only = OFF")
                connection.execute("VACUUM INTO ?", (str(path),))
        except sqlite3.Error as error:
            path.unlink(missing_ok=True)
            raise StoreRefused(f"The copy {path} could not be written: {error}.") from error
        with path.open("rb") as file:
            os.fsync(file.fileno())
        sync_directory(path.parent)

    async def aclose(self) -> None:
        """Finish what is queued, close, and give up the lock."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._writer.finish()
        if self.refusal is not None:
            # The last to close tries a checkpoint; the readers cannot, and a broken disk is left as it is.
            self._writer.close()
        self._readers.close()
        self._here.close()
        self._writer.close()
        self._lock.release()


async def open_sqlite(
    path: Path,
    *,
    clock: Clock,
    create: bool = False,
    readers: int = _READERS,
    watch: CommitWatch = nobody_watches,
) -> SqliteDatabase:
    """Open the store of a node, under its lock, brought up to date.

    Shapes: with `create` a new store is made where there is none; a file that is there is never replaced.
            `watch` is told of each batch of writes.
    Raises: StoreRefused: in use, missing, empty, truncated, foreign, or written by a newer version.
    """
    return await asyncio.to_thread(_open, path, clock, create, readers, watch)


def _open(path: Path, clock: Clock, create: bool, readers: int, watch: CommitWatch) -> SqliteDatabase:
    if not path.parent.is_dir():
        raise StoreRefused(f"There is no directory {path.parent}. Make a node with `obverse init`.")
    with contextlib.ExitStack() as undo:
        lock = Lock(path)
        undo.callback(lock.release)
        try:
            if create and not path.exists():
                create_store(path)
            forget_cached_log(path)
            inspect_store(path)
            writer = _kept(undo, connect_writer(path))
            here, *others = (_kept(undo, connect_reader(path)) for _ in range(1 + readers))
        except (sqlite3.Error, OSError) as error:
            raise StoreRefused(f"{path} cannot be opened: {error}.") from error
        undo.pop_all()
    return SqliteDatabase(path, lock, writer, here, others, clock, watch)


def _kept(undo: contextlib.ExitStack, connection: sqlite3.Connection) -> sqlite3.Connection:
    undo.callback(connection.close)
    return connection
