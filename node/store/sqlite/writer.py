"""The one thread that writes, with group commit: many functions, one commit.

A caller hears of success only after the commit is on disk. A function that raises undoes itself alone. When
the commit fails, everybody in the batch is told so; after a failure of the disk itself the store takes no
more writes until it is opened anew, because a later sync may falsely succeed (`security §2`, rule 5).

Functions run side by side without savepoints, which would cost as much as what they do; where one of a batch
raises, the whole batch is undone and run again, each function under a savepoint of its own. (A function may
run twice with the same result, `store.ports`.)

Checkpoints are taken here, never by SQLite itself at a commit, since it keeps quiet about those that fail.
"""

from __future__ import annotations

import asyncio
import logging
import math
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from node.store.ports import StoreRefused
from node.store.sqlite.transaction import SqliteTx

__all__ = ["CommitWatch", "Writer", "nobody_watches"]

LOG = logging.getLogger("obverse.store")

T = TypeVar("T")

CommitWatch = Callable[[str, int, float], None]
"""Told of each batch by the writing thread: "committed" or "failed", how many writes, how many seconds."""


def nobody_watches(_: str, __: int, ___: float) -> None:
    return None


_BATCH = 500
_IDLE_S = 0.5
_CAREFUL_BATCHES = 16
"""After a function has raised, so many batches run under savepoints at once: failures come in swarms."""
_TELL_EVERY_S = 60.0
"""On the brink of a full disk each little room is taken at once; the log is spared that."""
LONGEST_LOG_BYTES = 80 * 1024 * 1024
"""Of log before a commit must pay for a checkpoint; idle moments come first (`speed.md`)."""
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM})
_BROKEN = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)


@dataclass(frozen=True, slots=True)
class _Task:
    """One function, and whom to tell; afterwards what came of it."""

    fn: Callable[[SqliteTx], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Answer:
    task: _Task
    value: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the writing connection and its thread, from construction to `close`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        longest_log: int = LONGEST_LOG_BYTES,
        watch: CommitWatch = nobody_watches,
    ) -> None:
        """Takes over the connection to the database at `path`. Units: `longest_log` in bytes."""
        self._connection = connection
        self._log = path.with_name(path.name + "-wal")
        self._longest_log = longest_log
        self._watch = watch
        self._tx = SqliteTx(connection)
        self._queue: queue.SimpleQueue[list[_Task] | None] = queue.SimpleQueue()
        self._asked: list[_Task] = []
        """What this turn of the event loop has asked for so far; handed over as one."""
        self._gate = threading.Lock()
        self._closed = False
        self._unsaved = True
        self._careful = 0
        self.refusal: str | None = None
        """Why the store takes no more writes until it is opened anew; None while it does."""
        self.shortage: str | None = None
        """Why the last batch was not written although the next one may be: no room; None while there is."""
        self._told_at = -math.inf
        self._told_short = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, fn: Callable[[SqliteTx], T]) -> T:
        """Run `fn` in the next batch; returns after its commit.

        Raises: whatever `fn` raised, or StoreRefused when the commit failed; nothing has changed then.
        """
        loop = asyncio.get_running_loop()
        task = _Task(fn, loop, loop.create_future())
        with self._gate:
            if self._closed:
                raise StoreRefused("The store is closed.")
            # Not at once: what one turn of the loop asks for is one batch, and the thread that writes does
            # not wake, and take the interpreter from the loop, for each of them.
            if not self._asked:
                loop.call_soon(self._hand_over)
            self._asked.append(task)
        value: T = await task.future
        return value

    def _hand_over(self) -> None:
        with self._gate:
            if self._asked:
                self._queue.put(self._asked)
                self._asked = []

    def finish(self) -> None:
        """Write what is queued and end the thread; the connection stays. Blocks; may be called twice."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(self._asked)
                self._queue.put(None)
                self._asked = []
        self._thread.join()

    def close(self) -> None:
        """Close the connection, after `finish`."""
        self._connection.close()

    # --- the thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            if batch:
                began = time.perf_counter()
                answers = self._run_batch(batch)
                has_failed = bool(answers) and isinstance(answers[0].error, StoreRefused)
                self._watch("failed" if has_failed else "committed", len(batch), time.perf_counter() - began)
                self._tell(answers)
            else:
                self._checkpoint("PASSIVE")
        if self.refusal is None:
            self._checkpoint("TRUNCATE")

    def _next_batch(self) -> list[_Task] | None:
        """What waits, up to a bound; nothing when it has been quiet for a while; None at the end."""
        batch: list[_Task] = []
        try:
            tasks = self._queue.get(timeout=_IDLE_S if self._unsaved else None)
            while tasks is not None:
                batch += tasks
                if len(batch) >= _BATCH:
                    return batch
                tasks = self._queue.get_nowait()
        except queue.Empty:
            return batch
        if not batch:
            return None
        self._queue.put(None)
        return batch

    def _run_batch(self, batch: list[_Task]) -> list[_Answer]:
        if self.refusal is not None:
            return [_Answer(task, error=StoreRefused(self.refusal)) for task in batch]
        changes = self._connection.total_changes
        try:
            answers = self._run_together(batch) if self._careful == 0 else None
            if answers is None:
                answers = self._run_apart(batch)
        except BaseException as error:
            self._roll_back()
            words = self._judge(error)
            return [_Answer(task, error=_caused(words, error)) for task in batch]
        finally:
            self._tx.forget()
        self._unsaved = True
        if self._connection.total_changes > changes:  # else nothing asked for room
            self._note_room()
        self._shorten_log()
        return answers

    def _run_together(self, batch: list[_Task]) -> list[_Answer] | None:
        """All in one transaction; None, with nothing done, where one of several has raised."""
        self._connection.execute("BEGIN IMMEDIATE")
        answers = []
        for task in batch:
            if task.future.cancelled():
                continue
            try:
                answers.append(_Answer(task, self._tx.run(task.fn)))
            except BaseException as error:
                if self._is_lost(error):
                    raise
                self._connection.execute("ROLLBACK")
                if len(batch) == 1:
                    return [_Answer(task, error=error)]
                self._careful = _CAREFUL_BATCHES
                return None
        self._connection.execute("COMMIT")
        return answers

    def _run_apart(self, batch: list[_Task]) -> list[_Answer]:
        """All in one transaction, each under a savepoint, so that a failure undoes itself alone."""
        self._careful -= 1
        self._connection.execute("BEGIN IMMEDIATE")
        answers = [self._run_one(task) for task in batch if not task.future.cancelled()]
        self._connection.execute("COMMIT")
        return answers

    def _run_one(self, task: _Task) -> _Answer:
        """Raises: what makes the whole batch fail."""
        self._connection.execute("SAVEPOINT one")
        try:
            value = self._tx.run(task.fn)
        except BaseException as error:
            if self._is_lost(error):
                raise
            self._connection.execute("ROLLBACK TO one")
            self._connection.execute("RELEASE one")
            return _Answer(task, error=error)
        self._connection.execute("RELEASE one")
        return _Answer(task, value)

    def _is_lost(self, error: BaseException) -> bool:
        """Whether a function failed because the store itself did, so that the batch cannot stand."""
        code = getattr(error, "sqlite_errorcode", None)
        return not self._connection.in_transaction or (
            code is not None and (code & 0xFF in _BROKEN | _PASSING or code in _NO_ROOM)
        )

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._judge(error)

    def _judge(self, error: BaseException) -> str:
        """Words for a failed batch; a broken disk closes the store for writing."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code in _NO_ROOM:
            return self._run_short(error)
        if code & 0xFF in _BROKEN:
            if self.refusal is None:
                self.refusal = (
                    f"The database cannot be written any more ({error}). Reading goes on. Look at the disk,"
                    " then start the node again."
                )
                LOG.error("%s", self.refusal)
            return self.refusal
        return f"The database did not take this: {error}."

    def _run_short(self, error: BaseException) -> str:
        if self.shortage is None:
            self.shortage = (
                "The disk is full: nothing was written. Make room; the node then goes on by itself."
            )
            if time.monotonic() - self._told_at >= _TELL_EVERY_S:
                self._told_at, self._told_short = time.monotonic(), True
                LOG.error("%s (%s)", self.shortage, error)
            # What the log has grown to is given back to the disk, so that the database itself may grow by it.
            self._checkpoint("TRUNCATE")
        return self.shortage

    def _note_room(self) -> None:
        self.shortage = None
        if self._told_short:
            self._told_short = False
            LOG.warning("there is room again: the database is written as before")

    def _shorten_log(self) -> None:
        """Take in a log that has grown long under load.

        Its file tells its length: what is kept of it after a checkpoint is shorter (`opening`).
        """
        try:
            size = self._log.stat().st_size
        except OSError:
            return
        if size > self._longest_log:
            self._checkpoint("PASSIVE")
            self._unsaved = True

    def _checkpoint(self, mode: str) -> None:
        """Move the log into the database while nobody waits; a full disk only puts it off."""
        self._unsaved = False
        try:
            self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.Error as error:
            self._judge(error)

    def _tell(self, answers: list[_Answer]) -> None:
        """Resolve the futures, in the order of the batch, by one call into each loop."""
        for loop in dict.fromkeys(answer.task.loop for answer in answers):
            mine = [answer for answer in answers if answer.task.loop is loop]
            try:
                loop.call_soon_threadsafe(_resolve, mine)
            except RuntimeError:  # the loop was closed without waiting: nobody is left to tell
                continue


def _caused(words: str, cause: BaseException) -> StoreRefused:
    refusal = StoreRefused(words)
    refusal.__cause__ = cause
    return refusal


def _resolve(answers: list[_Answer]) -> None:
    for answer in answers:
        future = answer.task.future
        if future.done():
            continue
        if answer.error is None:
            future.set_result(answer.value)
        elif isinstance(answer.error, StopIteration):  # a future refuses to carry it
            future.set_exception(RuntimeError("the function raised StopIteration"))
        else:
            future.set_exception(answer.error)
