"""What has ended, as it is asked for beside the writer: on the event loop, between two of its commits."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from node.store.sqlite.inbox import SqliteInbox

__all__ = ["Ended", "Pending"]


class Ended:
    """Remembers what ended while a claim was being read.

    A claim may read a row just before another task settles it, and return just after: the worker, which has
    let go of it by then, would do it twice.
    """

    def __init__(self) -> None:
        self._watching: list[set[int]] = []

    @contextmanager
    def watch(self) -> Iterator[set[int]]:
        ended: set[int] = set()
        self._watching.append(ended)
        try:
            yield ended
        finally:
            # By identity: two empty sets are equal.
            self._watching = [other for other in self._watching if other is not ended]

    def add(self, row_id: int) -> None:
        for ended in self._watching:
            ended.add(row_id)


class Pending:
    """Says which entries are pending, by one look for all that one turn of the event loop asks for.

    What one commit has ended is asked for in one turn, and each look waits for the interpreter's lock.
    """

    def __init__(self, inbox: SqliteInbox) -> None:
        self._inbox = inbox
        self._asked: list[tuple[int, asyncio.Future[bool]]] = []

    async def has(self, entry_id: int) -> bool:
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._look)
        answer: asyncio.Future[bool] = loop.create_future()
        self._asked.append((entry_id, answer))
        return await answer

    def _look(self) -> None:
        asked, self._asked = self._asked, []
        try:
            pending = self._inbox.pending_of([entry_id for entry_id, _ in asked])
        except sqlite3.Error as error:
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        for entry_id, answer in asked:
            if not answer.done():  # else whoever asked has gone
                answer.set_result(entry_id in pending)
