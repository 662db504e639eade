"""An account's own mail, and all that it holds: by stretches of a bounded number of rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from federation.ports import HostState
from node.domain.accounts import Persona
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Deal
from node.domain.intents import Intent
from node.store.ports import DeadEntry, Follower, JobState, Notice, Post, QueuedJob, StoredMessage
from node.store.sqlite.codec import Json
from node.store.sqlite.dealings import MESSAGE_COLUMNS, message_of
from node.store.sqlite.inbox import DEAD_COLUMNS, dead_of
from node.store.sqlite.listing import jobs_where, list_jobs, names
from node.store.sqlite.outbox import HOST
from node.store.upkeep import Stretch

__all__ = ["SqliteHoldings", "SqliteTraffic"]

T = TypeVar("T")

_LOOKED_AT = 2000
"""So many rows of the newest are looked at for those of one account."""
_AT_FIRST = 4
"""So many times what is wanted is looked at first: on most nodes most mail is of one account."""
_LAST_PLACE = 2**62
_INTENT, _DEAL, _POST, _ITEM = Json(Intent), Json(Deal), Json(Post), Json(CatalogueItem)
_NOTICE, _FOLLOWER, _PERSONA = Json(Notice), Json(Follower), Json(Persona)
_Found = tuple[int, str]
"""A row's number, and the actor of ours that it belongs to."""


class SqliteTraffic:
    """Implements `Traffic`. Rows are numbered as they came, so that a list goes on from a number."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def singly(self, states: Iterable[JobState] = (), *, limit: int = 200) -> list[QueuedJob]:
        return list_jobs(self._db, list(states), [], limit, singly=True)

    def sent(
        self, account: str, states: Iterable[JobState], *, before: int | None = None, limit: int = 50
    ) -> Stretch[QueuedJob]:
        wanted = tuple(states)
        for looked_at in (_AT_FIRST * (limit + 1), _LOOKED_AT):
            found, seen_to = self._look(wanted, before, looked_at)
            mine = self._of_account(account, [one for one in found if one[0] >= seen_to])
            numbers = sorted((number for number, _ in mine), reverse=True)
            if len(numbers) > limit or not seen_to:
                break
        shown = numbers[:limit]
        jobs = jobs_where(self._db, "id IN (SELECT value FROM json_each(?))", names(shown))
        more = shown[-1] if len(numbers) > limit else seen_to
        return Stretch(tuple(jobs[::-1]), more or None)

    def _look(
        self, states: Iterable[JobState], before: int | None, looked_at: int
    ) -> tuple[list[_Found], int]:
        """The newest in these states, and down to which number nothing was left out; 0 for all."""
        found: list[_Found] = []
        seen_to = 0
        for state in states:
            rows = self._newest(state, before, looked_at)
            found += rows
            if len(rows) == looked_at:
                seen_to = max(seen_to, rows[-1][0])
        return found, seen_to

    def _newest(self, state: JobState, before: int | None, limit: int) -> list[_Found]:
        rows = self._db.execute(
            "SELECT id, actor FROM delivery INDEXED BY delivery_state"
            " WHERE fan_out IS NULL AND state = ? AND id < ?"
            " ORDER BY id DESC LIMIT ?",
            (state.value, _LAST_PLACE if before is None else before, limit),
        )
        return rows.fetchall()

    def _of_account(self, account: str, found: Sequence[_Found]) -> list[_Found]:
        """Those of the account itself, and of its personas."""
        others = {actor for _, actor in found} - {account, ""}
        # `+`: by the names that are asked for; by the account, all that it ever had would be read.
        personas = self._db.execute(
            "SELECT id FROM persona WHERE id IN (SELECT value FROM json_each(?)) AND +account = ?",
            (names(sorted(others)), account),
        )
        own = {account, *(row[0] for row in personas)}
        return [one for one in found if one[1] in own]

    def count(self, account: str, state: JobState, *, most: int = 100) -> int:
        found = self._newest(state, None, 2 * most)
        return min(most, len(self._of_account(account, found)))

    def first_in_line(self, job_ids: Iterable[int]) -> set[int]:
        rows = self._db.execute(
            "SELECT id FROM delivery WHERE id IN (SELECT value FROM json_each(?)) AND head = 1",
            (names(job_ids),),
        )
        return {row[0] for row in rows}

    def hosts(self, origins: Iterable[str]) -> list[HostState]:
        rows = self._db.execute(
            "SELECT data FROM host WHERE origin IN (SELECT value FROM json_each(?))", (names(origins),)
        )
        return sorted((HOST.load(row[0]) for row in rows), key=lambda state: state.origin)

    def unread(self, account: str, *, before: int | None = None, limit: int = 50) -> Stretch[DeadEntry]:
        rows = self._db.execute(
            "SELECT id, recipient FROM inbox INDEXED BY inbox_dead WHERE state = 'dead' AND id < ?"
            " ORDER BY id DESC LIMIT ?",
            (_LAST_PLACE if before is None else before, _LOOKED_AT),
        ).fetchall()
        shared = [one for one in rows if not one[1]]
        mine = sorted((*shared, *self._of_account(account, rows)), reverse=True)
        shown = [number for number, _ in mine[:limit]]
        found = {number: self.unread_one(number) for number in shown}
        seen_to = rows[-1][0] if len(rows) == _LOOKED_AT else None
        more = shown[-1] if len(mine) > limit else seen_to
        return Stretch(tuple(one for one in found.values() if one is not None), more)

    def unread_one(self, entry_id: int) -> DeadEntry | None:
        row = self._db.execute(
            f"SELECT {DEAD_COLUMNS} FROM inbox WHERE id = ? AND state = 'dead'",  # noqa: S608 - fixed text
            (entry_id,),
        ).fetchone()
        return None if row is None else dead_of(row)


class SqliteHoldings:
    """Implements `Holdings`. Rows that are saved again keep their number; another's are stepped over.

    `write_down` has the table of deals written first.
    """

    def __init__(self, connection: sqlite3.Connection, write_down: Callable[[], None]) -> None:
        self._db = connection
        self._write_down = write_down

    def personas(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Persona]:
        return self._stretch("persona", account, after, limit, _PERSONA.load)

    def intents(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Intent]:
        return self._stretch("intent", account, after, limit, _INTENT.load)

    def deals(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Deal]:
        self._write_down()
        return self._stretch("deal", account, after, limit, _DEAL.load)

    def posts(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Post]:
        return self._stretch("post", account, after, limit, _POST.load)

    def items(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[CatalogueItem]:
        return self._stretch("catalogue_item", account, after, limit, _ITEM.load)

    def _stretch(
        self, table: str, account: str, after: int, limit: int, load: Callable[[str], T]
    ) -> Stretch[T]:
        rows = self._db.execute(
            f"SELECT rowid, CASE WHEN account = ?1 THEN data END FROM {table} NOT INDEXED"  # noqa: S608 - fixed text
            " WHERE rowid > ?2 ORDER BY rowid LIMIT ?3",
            (account, after, limit),
        ).fetchall()
        return Stretch(tuple(load(data) for _, data in rows if data is not None), _more(rows, limit))

    def messages(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[StoredMessage]:
        rows = self._db.execute(
            f"SELECT id, {MESSAGE_COLUMNS} FROM evidence WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608 - fixed text
            (after, limit),
        ).fetchall()
        others = {row[1] for row in rows} - {account}
        personas = self._db.execute(
            "SELECT id FROM persona WHERE id IN (SELECT value FROM json_each(?)) AND +account = ?",
            (names(sorted(others)), account),
        )
        own = {account, *(row[0] for row in personas)}
        return Stretch(tuple(message_of(row[1:]) for row in rows if row[1] in own), _more(rows, limit))

    def notices(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Notice]:
        rows = self._db.execute(
            "SELECT id, data FROM notice WHERE account = ? AND id > ? ORDER BY id LIMIT ?",
            (account, after, limit),
        ).fetchall()
        found = (replace(_NOTICE.load(data), id=notice_id) for notice_id, data in rows)
        return Stretch(tuple(found), _more(rows, limit))

    def followers(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Follower]:
        # Nobody is taken out of this table, so that a place in it by count holds.
        rows = self._db.execute(
            "SELECT data FROM follower WHERE account = ? ORDER BY actor LIMIT ? OFFSET ?",
            (account, limit, after),
        ).fetchall()
        more = after + limit if len(rows) == limit else None
        return Stretch(tuple(_FOLLOWER.load(row[0]) for row in rows), more)


def _more(rows: Sequence[Any], limit: int) -> int | None:
    return int(rows[-1][0]) if len(rows) == limit else None
