"""Intents, deals, and what proves them: evidence, actor documents, and messages that came too early."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import Any

from node.domain.deals import Deal, DealState
from node.domain.intents import Intent
from node.store.ports import Direction, Parked, StoredMessage
from node.store.sqlite.codec import (
    Json,
    dump_signature,
    from_micros,
    from_micros_or_none,
    load_signature,
    to_micros,
    to_micros_or_none,
)
from node.store.sqlite.known import Known

__all__ = [
    "LAST_PLACE",
    "MESSAGE_COLUMNS",
    "SqliteDeals",
    "SqliteDocuments",
    "SqliteEvidence",
    "SqliteIntents",
    "SqliteParking",
    "message_of",
]

_INTENT = Json(Intent)
_DEAL = Json(Deal)
_PARKED = Json(Parked)
_DealKey = tuple[str, str]
_FOUND_AT_MOST = 10
_LAST_CHARACTER = "\U0010ffff"
LAST_PLACE = 2**62


class SqliteIntents:
    """Implements `Intents`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, intent_id: str) -> Intent | None:
        row = self._db.execute("SELECT data FROM intent WHERE id = ?", (intent_id,)).fetchone()
        return None if row is None else _INTENT.load(row[0])

    def all(self, account: str, *, is_live: bool = False, limit: int = 1000, offset: int = 0) -> list[Intent]:
        live = " AND json_extract(data, '$.state') = 'live'" if is_live else ""
        rows = self._db.execute(
            f"SELECT data FROM intent WHERE account = ?{live} ORDER BY created_at DESC, rowid DESC"  # noqa: S608 - fixed text
            " LIMIT ? OFFSET ?",
            (account, limit, offset),
        )
        return [_INTENT.load(row[0]) for row in rows]

    def find(self, account: str, ending: str) -> list[Intent]:
        rows = self._db.execute(
            "SELECT data FROM intent WHERE account = ?1 AND substr(id, -length(?2)) = ?2"
            " ORDER BY created_at DESC, rowid DESC LIMIT ?3",
            (account, ending, _FOUND_AT_MOST),
        )
        return [_INTENT.load(row[0]) for row in rows] if ending else []

    def save(self, intent: Intent) -> None:
        self._db.execute(
            "INSERT INTO intent (id, account, created_at, data) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET account = excluded.account, created_at = excluded.created_at,"
            " data = excluded.data",
            (intent.id, intent.account, to_micros(intent.created_at), _INTENT.dump(intent)),
        )


class SqliteDeals:
    """Implements `Deals`.

    `changed` numbers the saves of an account, so that "newest change first" holds whatever the clock does.
    The endings of ids are found by a table of the ids written backwards.

    A message that is answered at once saves its deal twice. Within `SqliteTx.run` only the last is written,
    before anything else is asked of the table and at the latest when the function has done its work.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.known: Known[_DealKey, Deal | None] = Known()
        self._read_as: dict[_DealKey, Deal] = {}
        self._unwritten: dict[_DealKey, tuple[Deal, datetime | None]] = {}

    def get(self, own: str, deal_id: str) -> Deal | None:
        return self.known.find((own, deal_id), self._read)

    def _read(self, key: _DealKey) -> Deal | None:
        row = self._db.execute("SELECT data FROM deal WHERE own = ? AND deal_id = ?", key).fetchone()
        if row is None:
            return None
        found = _DEAL.load(row[0])
        if self.known.is_open:
            self._read_as[key] = found
        return found

    def save(self, deal: Deal, wake_at: datetime | None) -> None:
        if not self.known.is_open:
            self._write(deal, wake_at)
            return
        key = deal.own, deal.id
        self.known.put(key, deal)
        self._unwritten.pop(key, None)  # in the order of the last saves, as they are numbered
        self._unwritten[key] = deal, wake_at

    def write_down(self) -> None:
        """Write what was saved so far."""
        if self._unwritten:
            unwritten, self._unwritten = self._unwritten, {}
            for deal, wake_at in unwritten.values():
                self._write(deal, wake_at)

    def read_anew(self) -> None:
        """Write what was saved so far, and know nothing any more: the table is changed by somebody else."""
        self.write_down()
        self.known.clear()
        self._read_as.clear()

    def forget(self) -> None:
        """The function is over: what it has not written by now is undone with it."""
        self.known.close()  # deals are many and large: none is kept for the next function
        self._read_as.clear()
        self._unwritten.clear()

    def _write(self, deal: Deal, wake_at: datetime | None) -> None:
        self._db.execute(
            "INSERT INTO deal (own, deal_id, account, intent_id, state, wake_at, data, changed)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
            " (SELECT coalesce(max(changed), 0) + 1 FROM deal WHERE account = ?3))"
            " ON CONFLICT (own, deal_id) DO UPDATE SET account = excluded.account,"
            " intent_id = excluded.intent_id, state = excluded.state, wake_at = excluded.wake_at,"
            " data = excluded.data, changed = excluded.changed",
            (
                deal.own,
                deal.id,
                deal.account,
                deal.intent_id,
                deal.state.value,
                to_micros_or_none(wake_at),
                _DEAL.dump(deal),
            ),
        )
        before = self._read_as.get((deal.own, deal.id))
        there = _handles(before) if before is not None and before.account == deal.account else ()
        self._db.executemany(
            "INSERT INTO deal_handle VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(deal.account, id_[::-1], deal.own, deal.id) for id_ in _handles(deal) if id_ not in there],
        )

    def all(self, account: str, *, limit: int = 1000) -> list[Deal]:
        return self._load(
            "SELECT data FROM deal WHERE account = ? ORDER BY changed DESC LIMIT ?", (account, limit)
        )

    def page(
        self,
        account: str,
        *,
        states: Iterable[DealState] = (),
        before: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, Deal]]:
        self.write_down()
        places: list[int] = []
        for state in tuple(states) or (None,):
            of_state = "" if state is None else " AND state = ?2"
            places += [
                row[0]
                for row in self._db.execute(
                    f"SELECT changed FROM deal WHERE account = ?1{of_state} AND changed < ?3"  # noqa: S608 - fixed text
                    " ORDER BY changed DESC LIMIT ?4",
                    (account, state, LAST_PLACE if before is None else before, limit),
                )
            ]
        rows = self._db.execute(
            "SELECT changed, data FROM deal WHERE account = ?"
            " AND changed IN (SELECT value FROM json_each(?))",
            (account, json.dumps(sorted(places, reverse=True)[:limit])),
        )
        return sorted(((changed, _DEAL.load(data)) for changed, data in rows), key=lambda row: -row[0])

    def tally(self, account: str) -> dict[tuple[DealState, str], int]:
        self.write_down()
        rows = self._db.execute(
            "SELECT state, json_extract(data, '$.decline_reason'), count(*) FROM deal WHERE account = ?"
            " GROUP BY 1, 2",
            (account,),
        )
        return {(DealState(state), reason or ""): count for state, reason, count in rows}

    def of_intent(self, intent_id: str) -> list[Deal]:
        return self._load("SELECT data FROM deal WHERE intent_id = ? ORDER BY rowid", (intent_id,))

    def due(self, now: datetime, limit: int) -> list[Deal]:
        return self._load(
            "SELECT data FROM deal WHERE wake_at <= ? ORDER BY wake_at, rowid LIMIT ?",
            (to_micros(now), limit),
        )

    def next_wake(self) -> datetime | None:
        self.write_down()
        row = self._db.execute("SELECT min(wake_at) FROM deal WHERE wake_at IS NOT NULL").fetchone()
        return from_micros_or_none(row[0])

    def find(self, account: str, ending: str) -> list[Deal]:
        start = ending[::-1]
        return self._load(
            "SELECT data FROM deal WHERE (own, deal_id) IN (SELECT own, deal_id FROM deal_handle"
            " WHERE account = ? AND reversed >= ? AND reversed < ?) ORDER BY changed DESC LIMIT ?",
            (account, start, start + _LAST_CHARACTER, _FOUND_AT_MOST),
        )

    def _load(self, query: str, parameters: tuple[Any, ...]) -> list[Deal]:
        self.write_down()
        return [_DEAL.load(row[0]) for row in self._db.execute(query, parameters)]


def _handles(deal: Deal) -> list[str]:
    """The ids by whose endings a deal is found."""
    return [deal.id, *(offer.id for offer in deal.offers), *(accept.id for accept in deal.acceptances)]


MESSAGE_COLUMNS = (
    "own, deal_id, activity_id, direction, kind, actor, digest, body, at, key_id, document, answers, refused,"
    " signature"
)


def message_of(row: Any) -> StoredMessage:
    """The message of a row of MESSAGE_COLUMNS."""
    own, deal_id, activity_id, direction, kind, actor, digest, body, at, *rest, signature = row
    key_id, document, answers, refused = rest
    return StoredMessage(
        own,
        deal_id,
        activity_id,
        Direction(direction),
        kind,
        actor,
        digest,
        body,
        from_micros(at),
        key_id,
        document,
        answers,
        refused,
        signature=load_signature(signature),
    )


class SqliteEvidence:
    """Implements `Evidence`; the bytes lie in the table as they came."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, message: StoredMessage) -> None:
        self._db.execute(
            f"INSERT INTO evidence ({MESSAGE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - fixed text
            " ON CONFLICT (own, activity_id, direction) DO NOTHING",
            (
                message.own,
                message.deal_id,
                message.activity_id,
                message.direction.value,
                message.kind,
                message.actor,
                message.digest,
                message.body,
                to_micros(message.at),
                message.key_id,
                message.document,
                message.answers,
                message.refused,
                dump_signature(message.signature),
            ),
        )

    def of_deal(self, own: str, deal_id: str) -> list[StoredMessage]:
        rows = self._db.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM evidence WHERE own = ? AND deal_id = ? ORDER BY id",  # noqa: S608 - fixed text
            (own, deal_id),
        )
        return [message_of(row) for row in rows]

    def find(self, own: str, activity_id: str) -> StoredMessage | None:
        rows = self._db.execute(
            f"SELECT {MESSAGE_COLUMNS}, id FROM evidence WHERE own = ? AND activity_id = ?",  # noqa: S608 - fixed text
            (own, activity_id),
        ).fetchall()
        # One a direction at most: cheaper to compare here than to let SQLite sort.
        return message_of(min(rows, key=itemgetter(-1))[:-1]) if rows else None

    def said(
        self, own: str, *, is_feedback: bool = False, limit: int = 200, offset: int = 0
    ) -> list[StoredMessage]:
        kind = "feedback" if is_feedback else "ask"
        rows = self._db.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM evidence WHERE own = ? AND kind = '{kind}'"  # noqa: S608 - fixed text
            " ORDER BY id DESC LIMIT ? OFFSET ?",
            (own, limit, offset),
        )
        return [message_of(row) for row in rows]

    def answer_to(self, own: str, activity_id: str) -> StoredMessage | None:
        row = self._db.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM evidence WHERE own = ? AND answers = ? AND answers <> ''"  # noqa: S608 - fixed text
            " AND direction = ? ORDER BY id LIMIT 1",
            (own, activity_id, Direction.OUT.value),
        ).fetchone()
        return None if row is None else message_of(row)


class SqliteDocuments:
    """Implements `Documents`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def save(self, actor: str, body: bytes, fetched_at: datetime) -> str:
        digest = hashlib.sha256(body).hexdigest()
        self._db.execute(
            "INSERT INTO document VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
            (digest, actor, body, to_micros(fetched_at)),
        )
        return digest

    def get(self, digest: str) -> tuple[str, bytes, datetime] | None:
        row = self._db.execute(
            "SELECT actor, body, fetched_at FROM document WHERE digest = ?", (digest,)
        ).fetchone()
        return None if row is None else (row[0], row[1], from_micros(row[2]))


class SqliteParking:
    """Implements `Parking`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, parked: Parked) -> None:
        self._db.execute(
            "INSERT INTO parked (own, activity_id, deal_id, actor, parked_at, until, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (own, activity_id) DO NOTHING",
            (
                parked.own,
                parked.activity_id,
                parked.deal_id,
                parked.actor,
                to_micros(parked.parked_at),
                to_micros(parked.until),
                _PARKED.dump(parked),
            ),
        )

    def of_deal(self, own: str, deal_id: str) -> list[Parked]:
        rows = self._db.execute(
            "SELECT data FROM parked WHERE own = ? AND deal_id = ? ORDER BY parked_at, rowid", (own, deal_id)
        )
        return [_PARKED.load(row[0]) for row in rows]

    def count(self, own: str, deal_id: str) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM parked WHERE own = ? AND deal_id = ?", (own, deal_id)
        ).fetchone()
        return int(row[0])

    def count_of_actor(self, actor: str) -> int:
        return int(self._db.execute("SELECT count(*) FROM parked WHERE actor = ?", (actor,)).fetchone()[0])

    def remove(self, own: str, activity_id: str) -> None:
        self._db.execute("DELETE FROM parked WHERE own = ? AND activity_id = ?", (own, activity_id))

    def expired(self, now: datetime, limit: int) -> list[Parked]:
        rows = self._db.execute(
            "SELECT data FROM parked WHERE until <= ? ORDER BY until, rowid LIMIT ?", (to_micros(now), limit)
        )
        return [_PARKED.load(row[0]) for row in rows]

    def next_expiry(self) -> datetime | None:
        return from_micros_or_none(self._db.execute("SELECT min(until) FROM parked").fetchone()[0])
