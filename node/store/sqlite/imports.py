"""Long tables on their way in, and what takes them back."""

from __future__ import annotations

import sqlite3

from node.store.imports import ImportPart, ImportRun
from node.store.sqlite.codec import Json

__all__ = ["SqliteImports"]

_RUN = Json(ImportRun)
_PART = Json(ImportPart)


class SqliteImports:
    """Implements `Imports`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def run(self, account: str) -> ImportRun | None:
        row = self._db.execute("SELECT data FROM import_run WHERE account = ?", (account,)).fetchone()
        return None if row is None else _RUN.load(row[0])

    def active(self) -> list[ImportRun]:
        rows = self._db.execute("SELECT data FROM import_run WHERE active = 1 ORDER BY account")
        return sorted((_RUN.load(row[0]) for row in rows), key=lambda run: run.at)

    def save_run(self, run: ImportRun) -> None:
        self._db.execute(
            "INSERT INTO import_run VALUES (?, ?, ?) ON CONFLICT (account)"
            " DO UPDATE SET active = excluded.active, data = excluded.data",
            (run.account, run.is_active, _RUN.dump(run)),
        )

    def drop_run(self, account: str) -> bool:
        self._db.execute("DELETE FROM import_part WHERE account = ?", (account,))
        return self._db.execute("DELETE FROM import_run WHERE account = ?", (account,)).rowcount > 0

    def add_part(self, part: ImportPart) -> None:
        self._db.execute(
            "INSERT INTO import_part VALUES (?, ?, ?)", (part.account, part.number, _PART.dump(part))
        )

    def last_part(self, account: str) -> ImportPart | None:
        row = self._db.execute(
            "SELECT data FROM import_part WHERE account = ? ORDER BY number DESC LIMIT 1", (account,)
        ).fetchone()
        return None if row is None else _PART.load(row[0])

    def drop_part(self, account: str, number: int) -> bool:
        done = self._db.execute("DELETE FROM import_part WHERE account = ? AND number = ?", (account, number))
        return done.rowcount > 0
