"""What an owner is told: notices as they are read, the ways out of the house, what is told by which."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from node.store.ports import Choices, Notice, Outlet
from node.store.sqlite.codec import Json

__all__ = ["SqliteNews", "SqliteOutlets"]

_NOTICE = Json(Notice)
_OUTLET = Json(Outlet)
_CHOICES = Json(Choices)


class SqliteNews:
    """Implements `News`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def page(self, account: str, *, before: int | None = None, limit: int = 50) -> list[tuple[Notice, bool]]:
        rows = self._db.execute(
            "SELECT id, unread, data FROM notice WHERE account = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (account, 2**62 if before is None else before, limit),
        )
        return [(_notice(notice_id, data), unread == 1) for notice_id, unread, data in rows]

    def get(self, account: str, notice_id: int) -> Notice | None:
        row = self._db.execute(
            "SELECT data FROM notice WHERE account = ? AND id = ?", (account, notice_id)
        ).fetchone()
        return None if row is None else _notice(notice_id, row[0])

    def count(self, account: str, *, most: int = 100) -> int:
        rows = self._db.execute(
            "SELECT id FROM notice WHERE account = ? AND unread = 1 LIMIT ?", (account, most)
        )
        return len(rows.fetchall())

    def kinds(self, account: str, *, most: int = 100) -> list[tuple[str, str, str]]:
        return self._db.execute(
            "SELECT data ->> '$.kind', coalesce(data ->> '$.code', ''), deal_id FROM notice"
            " WHERE account = ? AND unread = 1 ORDER BY id DESC LIMIT ?",
            (account, most),
        ).fetchall()

    def since(self, account: str, notice_id: int, *, limit: int = 200) -> list[Notice]:
        rows = self._db.execute(
            "SELECT id, data FROM notice WHERE account = ? AND unread = 1 AND id > ? ORDER BY id LIMIT ?",
            (account, notice_id, limit),
        )
        return [_notice(found, data) for found, data in rows]

    def newest(self, account: str) -> int:
        row = self._db.execute(
            "SELECT id FROM notice WHERE account = ? ORDER BY id DESC LIMIT 1", (account,)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def see(self, account: str, notice_id: int) -> bool:
        done = self._db.execute(
            "UPDATE notice SET unread = 0 WHERE account = ? AND id = ? AND unread = 1", (account, notice_id)
        )
        return done.rowcount > 0

    def see_all(self, account: str, up_to: int) -> int:
        return self._db.execute(
            "UPDATE notice SET unread = 0 WHERE account = ? AND unread = 1 AND id <= ?", (account, up_to)
        ).rowcount


def _notice(notice_id: int, data: str) -> Notice:
    return replace(_NOTICE.load(data), id=notice_id)


class SqliteOutlets:
    """Implements `Outlets`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, outlet_id: str) -> Outlet | None:
        row = self._db.execute(
            "SELECT data FROM outlet WHERE account = ? AND id = ?", (account, outlet_id)
        ).fetchone()
        return None if row is None else _OUTLET.load(row[0])

    def all(self, account: str) -> list[Outlet]:
        rows = self._db.execute("SELECT data FROM outlet WHERE account = ? ORDER BY id", (account,))
        return [_OUTLET.load(row[0]) for row in rows]

    def save(self, outlet: Outlet) -> None:
        self._db.execute(
            "INSERT INTO outlet VALUES (?, ?, ?) ON CONFLICT (account, id)"
            " DO UPDATE SET data = excluded.data",
            (outlet.account, outlet.id, _OUTLET.dump(outlet)),
        )

    def remove(self, account: str, outlet_id: str) -> bool:
        done = self._db.execute("DELETE FROM outlet WHERE account = ? AND id = ?", (account, outlet_id))
        return done.rowcount > 0

    def choices(self, account: str) -> Choices:
        row = self._db.execute("SELECT data FROM notice_choice WHERE account = ?", (account,)).fetchone()
        return Choices(account) if row is None else _CHOICES.load(row[0])

    def choose(self, choices: Choices) -> None:
        self._db.execute(
            "INSERT INTO notice_choice VALUES (?, ?) ON CONFLICT (account)"
            " DO UPDATE SET data = excluded.data",
            (choices.account, _CHOICES.dump(choices)),
        )
