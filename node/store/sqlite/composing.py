"""Drafts, casts that have not left yet, and what a home page asks of many deals."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from node.domain.deals import Deal, DealState
from node.domain.drafts import Draft
from node.store.composing import Outline
from node.store.ports import Notice, StoredMessage
from node.store.sqlite.codec import Json, to_micros
from node.store.sqlite.dealings import LAST_PLACE, MESSAGE_COLUMNS, message_of
from node.store.sqlite.listing import names
from node.store.sqlite.outbox import SqliteDeliveries

__all__ = ["SqliteDrafts", "SqliteOverview", "SqliteUnsent"]

_DRAFT = Json(Draft)
_DEAL = Json(Deal)
_NOTICE = Json(Notice)
_OUTLINE = Json(Outline)


class SqliteDrafts:
    """Implements `Drafts`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, draft_id: str) -> Draft | None:
        row = self._db.execute(
            "SELECT data FROM draft WHERE account = ? AND id = ?", (account, draft_id)
        ).fetchone()
        return None if row is None else _DRAFT.load(row[0])

    def all(self, account: str) -> list[Draft]:
        rows = self._db.execute(
            "SELECT data FROM draft WHERE account = ? ORDER BY changed_at DESC, id", (account,)
        )
        return [_DRAFT.load(row[0]) for row in rows]

    def save(self, draft: Draft) -> None:
        self._db.execute(
            "INSERT INTO draft VALUES (?, ?, ?, ?) ON CONFLICT (account, id)"
            " DO UPDATE SET changed_at = excluded.changed_at, data = excluded.data",
            (draft.account, draft.id, to_micros(draft.changed_at), _DRAFT.dump(draft)),
        )

    def remove(self, account: str, draft_id: str) -> bool:
        done = self._db.execute("DELETE FROM draft WHERE account = ? AND id = ?", (account, draft_id))
        return done.rowcount > 0


class SqliteUnsent:
    """Implements `Unsent`.

    `read_anew` lets the tables that this reads and changes beside their owners be written, and read, anew.
    """

    def __init__(self, connection: sqlite3.Connection, read_anew: Callable[[], None]) -> None:
        self._db = connection
        self._deliveries = SqliteDeliveries(connection)
        self._read_anew = read_anew

    def hasten(self, intent_id: str, due_at: datetime) -> int:
        self._read_anew()
        micros = to_micros(due_at)
        moved = self._db.execute(
            "UPDATE delivery SET due_at = ?1 WHERE state = 'queued' AND attempts = 0 AND due_at > ?1"
            " AND activity_id IN (SELECT activity_id FROM evidence WHERE (own, deal_id) IN"
            " (SELECT own, deal_id FROM deal WHERE intent_id = ?2) AND kind = 'cast') RETURNING lane",
            (micros, intent_id),
        ).fetchall()
        self._deliveries.look_at_lanes({row[0] for row in moved})
        return len(moved)

    def forget(self, intent_id: str) -> bool:
        self._read_anew()
        deals = self._db.execute("SELECT own, deal_id FROM deal WHERE intent_id = ?", (intent_id,)).fetchall()
        kept = [
            row for deal in deals
            for row in self._db.execute(
                "SELECT activity_id, kind FROM evidence WHERE own = ? AND deal_id = ?", tuple(deal)
            )
        ]  # fmt: skip
        jobs = [
            row for activity_id, _ in kept
            for row in self._db.execute(
                "SELECT id, state, attempts, lane, hex(body) FROM delivery WHERE activity_id = ?",
                (activity_id,),
            )
        ]  # fmt: skip
        if any(kind != "cast" for _, kind in kept) or any(
            state != "queued" or attempts for _, state, attempts, _, _ in jobs
        ):
            return False
        self._db.execute(
            "DELETE FROM delivery WHERE id IN (SELECT value FROM json_each(?))", (names(j[0] for j in jobs),)
        )
        self._deliveries.release_bodies({job[4] for job in jobs})
        self._deliveries.look_at_lanes({job[3] for job in jobs})
        for own, deal_id in deals:
            self._forget_deal(own, deal_id)
        self._read_anew()
        return self._db.execute("DELETE FROM intent WHERE id = ?", (intent_id,)).rowcount > 0

    def _forget_deal(self, own: str, deal_id: str) -> None:
        self._db.execute("DELETE FROM evidence WHERE own = ? AND deal_id = ?", (own, deal_id))
        account = self._db.execute(
            "DELETE FROM deal WHERE own = ? AND deal_id = ? RETURNING account", (own, deal_id)
        ).fetchall()[0][0]
        # Of a deal that has only been cast, no other id is known; by account and id, since that is the index.
        self._db.execute(
            "DELETE FROM deal_handle WHERE account = ? AND reversed = ? AND own = ? AND deal_id = ?",
            (account, deal_id[::-1], own, deal_id),
        )
        self._db.execute("DELETE FROM notice WHERE account = ? AND deal_id = ?", (account, deal_id))
        alone = self._db.execute(
            "DELETE FROM persona WHERE id = ? AND vendor IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM deal WHERE deal.own = persona.id) RETURNING id",
            (own,),
        ).fetchall()
        for (persona,) in alone:
            self._db.execute("DELETE FROM own_key WHERE owner = ?", (persona,))


class SqliteOverview:
    """Implements `Overview`. `write_down` lets the deals be written that the function has saved so far."""

    def __init__(self, connection: sqlite3.Connection, write_down: Callable[[], None]) -> None:
        self._db = connection
        self._write_down = write_down

    def outlines(self, intent_id: str) -> list[Outline]:
        self._write_down()
        rows = self._db.execute("SELECT data FROM deal WHERE intent_id = ? ORDER BY rowid", (intent_id,))
        return [_OUTLINE.load(row[0]) for row in rows]

    def pressing(self, account: str, states: Iterable[DealState], *, limit: int = 50) -> list[Deal]:
        self._write_down()
        found = [
            row for state in states
            for row in self._db.execute(
                "SELECT wake_at, data FROM deal WHERE account = ? AND state = ? AND wake_at IS NOT NULL"
                " ORDER BY wake_at LIMIT ?",
                (account, state.value, limit),
            )
        ]  # fmt: skip
        return [_DEAL.load(data) for _, data in sorted(found, key=lambda row: row[0])[:limit]]

    def with_vendor(
        self, account: str, vendor: str, *, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, Deal]]:
        self._write_down()
        rows = self._db.execute(
            "SELECT changed, data FROM deal WHERE account = ? AND peer = ? AND side = 'customer'"
            " AND changed < ? ORDER BY changed DESC LIMIT ?",
            (account, vendor, LAST_PLACE if before is None else before, limit),
        )
        return [(changed, _DEAL.load(data)) for changed, data in rows]

    def tally_with(self, account: str, vendor: str, states: Iterable[DealState]) -> dict[DealState, int]:
        self._write_down()
        rows = self._db.execute(
            "SELECT state, count(*) FROM deal WHERE account = ? AND peer = ? AND side = 'customer'"
            " AND state IN (SELECT value FROM json_each(?)) GROUP BY state",
            (account, vendor, names(states)),
        )
        return {DealState(state): count for state, count in rows}

    def last_word(self, own: str, deal_id: str) -> StoredMessage | None:
        row = self._db.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM evidence WHERE own = ? AND deal_id = ? AND kind = 'ask'"  # noqa: S608 - fixed text
            " AND refused = '' ORDER BY id DESC LIMIT 1",
            (own, deal_id),
        ).fetchone()
        return None if row is None else message_of(row)

    def unread(self, account: str, *, limit: int = 100) -> list[Notice]:
        rows = self._db.execute(
            "SELECT id, data FROM notice WHERE account = ? AND unread = 1 ORDER BY id DESC LIMIT ?",
            (account, limit),
        )
        return [replace(_NOTICE.load(data), id=notice_id) for notice_id, data in rows]

    def see(self, account: str, deal_ids: Iterable[str]) -> int:
        return self._db.execute(
            "UPDATE notice SET unread = 0 WHERE account = ? AND unread = 1"
            " AND deal_id IN (SELECT value FROM json_each(?))",
            (account, names(deal_ids)),
        ).rowcount
