"""Who gets in: passkeys, tickets, attempts, and how each likes their pages."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from node.store.ports import ATTEMPTS_KEPT, Attempt, Passkey, Preferences, Ticket
from node.store.sqlite.codec import Json, to_micros

__all__ = ["SqliteAttempts", "SqlitePasskeys", "SqlitePreferences", "SqliteTickets"]

_PASSKEY = Json(Passkey)
_TICKET = Json(Ticket)
_ATTEMPT = Json(Attempt)
_PREFERENCES = Json(Preferences)


class SqlitePasskeys:
    """Implements `Passkeys`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, passkey_id: str) -> Passkey | None:
        row = self._db.execute("SELECT data FROM passkey WHERE id = ?", (passkey_id,)).fetchone()
        return None if row is None else _PASSKEY.load(row[0])

    def all(self, account: str) -> list[Passkey]:
        rows = self._db.execute(
            "SELECT data FROM passkey WHERE account = ? ORDER BY created_at, id", (account,)
        )
        return [_PASSKEY.load(row[0]) for row in rows]

    def save(self, passkey: Passkey) -> None:
        self._db.execute(
            "INSERT INTO passkey VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " account = excluded.account, created_at = excluded.created_at, data = excluded.data",
            (passkey.id, passkey.account, to_micros(passkey.created_at), _PASSKEY.dump(passkey)),
        )

    def remove(self, passkey_id: str) -> bool:
        return self._db.execute("DELETE FROM passkey WHERE id = ?", (passkey_id,)).rowcount > 0


class SqliteTickets:
    """Implements `Tickets`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, token_hash: str, purpose: str, now: datetime) -> Ticket | None:
        row = self._db.execute(
            "SELECT data FROM ticket WHERE token_hash = ? AND purpose = ? AND until > ?",
            (token_hash, purpose, to_micros(now)),
        ).fetchone()
        return None if row is None else _TICKET.load(row[0])

    def save(self, ticket: Ticket) -> None:
        self._db.execute("DELETE FROM ticket WHERE until <= ?", (to_micros(ticket.made_at),))
        self._db.execute(
            "INSERT INTO ticket VALUES (?, ?, ?, ?) ON CONFLICT (token_hash) DO UPDATE SET"
            " purpose = excluded.purpose, until = excluded.until, data = excluded.data",
            (ticket.token_hash, ticket.purpose, to_micros(ticket.until), _TICKET.dump(ticket)),
        )

    def take(self, token_hash: str, purpose: str, now: datetime) -> Ticket | None:
        found = self.get(token_hash, purpose, now)
        if found is not None:
            self._db.execute("DELETE FROM ticket WHERE token_hash = ?", (token_hash,))
        return found

    def clear(self, purpose: str) -> int:
        return self._db.execute("DELETE FROM ticket WHERE purpose = ?", (purpose,)).rowcount


class SqliteAttempts:
    """Implements `Attempts`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, attempt: Attempt) -> None:
        self._db.execute(
            "INSERT INTO login_attempt (account, data) VALUES (?, ?)",
            (attempt.account, _ATTEMPT.dump(attempt)),
        )
        self._db.execute(
            "DELETE FROM login_attempt WHERE account = ? AND id <= (SELECT id FROM login_attempt"
            " WHERE account = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (attempt.account, attempt.account, ATTEMPTS_KEPT),
        )

    def recent(self, account: str, *, limit: int = 20) -> list[Attempt]:
        rows = self._db.execute(
            "SELECT data FROM login_attempt WHERE account = ? ORDER BY id DESC LIMIT ?", (account, limit)
        )
        return [_ATTEMPT.load(row[0]) for row in rows]


class SqlitePreferences:
    """Implements `PreferencesOf`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str) -> Preferences:
        row = self._db.execute("SELECT data FROM preference WHERE account = ?", (account,)).fetchone()
        return Preferences(account) if row is None else _PREFERENCES.load(row[0])

    def save(self, preferences: Preferences) -> None:
        self._db.execute(
            "INSERT INTO preference VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET data = excluded.data",
            (preferences.account, _PREFERENCES.dump(preferences)),
        )
