"""Intents that accounts without a node were told of, and offers that were taken from messages."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from node.domain.plain_casts import CastState, HandOffer, PlainCast
from node.store.sqlite.codec import Json, from_micros, to_micros

__all__ = ["SqliteHandOffers", "SqlitePlainCasts"]

_CAST = Json(PlainCast)
_OFFER = Json(HandOffer)
_LAST = 2**62


class SqlitePlainCasts:
    """Implements `PlainCasts`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, cast_id: str) -> PlainCast | None:
        row = self._db.execute(
            "SELECT data FROM plain_cast WHERE name = ? AND account = ?", (cast_id, account)
        ).fetchone()
        return None if row is None else _CAST.load(row[0])

    def by_secret(self, secret: str) -> PlainCast | None:
        row = self._db.execute("SELECT data FROM plain_cast WHERE secret = ?", (secret,)).fetchone()
        return None if row is None else _CAST.load(row[0])

    def of_intent(self, intent_id: str) -> list[PlainCast]:
        rows = self._db.execute("SELECT data FROM plain_cast WHERE intent = ? ORDER BY id", (intent_id,))
        return [_CAST.load(row[0]) for row in rows]

    def of_thread(self, account: str, thread_id: str) -> PlainCast | None:
        row = self._db.execute(
            "SELECT data FROM plain_cast WHERE account = ? AND thread = ? AND thread <> ''",
            (account, thread_id),
        ).fetchone()
        return None if row is None else _CAST.load(row[0])

    def page(
        self, account: str, *, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, PlainCast]]:
        rows = self._db.execute(
            "SELECT id, data FROM plain_cast WHERE account = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (account, _LAST if before is None else before, limit),
        )
        return [(place, _CAST.load(data)) for place, data in rows]

    def save(self, cast: PlainCast) -> None:
        wake_at = cast.wake_at
        self._db.execute(
            "INSERT INTO plain_cast (name, secret, account, intent, thread, state, wake_at, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET thread = excluded.thread,"
            " state = excluded.state, wake_at = excluded.wake_at, data = excluded.data",
            (
                cast.id,
                cast.secret,
                cast.account,
                cast.intent,
                cast.thread,
                cast.state.value,
                None if wake_at is None else to_micros(wake_at),
                _CAST.dump(cast),
            ),
        )

    def forget(self, intent_id: str) -> bool:
        left = self._db.execute(
            "SELECT 1 FROM plain_cast WHERE intent = ? AND state <> ? LIMIT 1",
            (intent_id, CastState.WAITING.value),
        ).fetchone()
        if left is None:
            self._db.execute("DELETE FROM plain_cast WHERE intent = ?", (intent_id,))
        return left is None

    def due(self, now: datetime, limit: int) -> list[PlainCast]:
        rows = self._db.execute(
            "SELECT data FROM plain_cast WHERE wake_at <= ? ORDER BY wake_at, id LIMIT ?",
            (to_micros(now), limit),
        )
        return [_CAST.load(row[0]) for row in rows]

    def next_wake(self) -> datetime | None:
        row = self._db.execute("SELECT min(wake_at) FROM plain_cast WHERE wake_at IS NOT NULL").fetchone()
        return None if row[0] is None else from_micros(row[0])


class SqliteHandOffers:
    """Implements `HandOffers`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, offer_id: str) -> HandOffer | None:
        row = self._db.execute(
            "SELECT data FROM hand_offer WHERE name = ? AND account = ?", (offer_id, account)
        ).fetchone()
        return None if row is None else _OFFER.load(row[0])

    def of_intent(self, intent_id: str) -> list[HandOffer]:
        rows = self._db.execute("SELECT data FROM hand_offer WHERE intent = ? ORDER BY id", (intent_id,))
        return [_OFFER.load(row[0]) for row in rows]

    def of_thread(self, account: str, thread_id: str) -> list[HandOffer]:
        rows = self._db.execute(
            "SELECT data FROM hand_offer WHERE account = ? AND thread = ? ORDER BY id", (account, thread_id)
        )
        return [_OFFER.load(row[0]) for row in rows]

    def page(
        self, account: str, *, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, HandOffer]]:
        rows = self._db.execute(
            "SELECT id, data FROM hand_offer WHERE account = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (account, _LAST if before is None else before, limit),
        )
        return [(place, _OFFER.load(data)) for place, data in rows]

    def save(self, offer: HandOffer) -> None:
        self._db.execute(
            "INSERT INTO hand_offer (name, account, intent, thread, data) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET data = excluded.data",
            (offer.id, offer.account, offer.intent, offer.thread, _OFFER.dump(offer)),
        )

    def remove(self, account: str, offer_id: str) -> bool:
        done = self._db.execute("DELETE FROM hand_offer WHERE name = ? AND account = ?", (offer_id, account))
        return done.rowcount > 0
