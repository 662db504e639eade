"""Pictures: what they are kept for in one table, their bytes in another, once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from node.store.media import FOR_ALL, OWN, KeptPicture, Purpose
from node.store.sqlite.codec import Json, to_micros
from node.store.sqlite.listing import names

__all__ = ["SqliteMedia"]

_KEPT = Json(KeptPicture)
_WITH_BYTES = "FROM kept_picture JOIN picture USING (digest)"
_IS_ONE_OF = "purpose IN (SELECT value FROM json_each(?))"


class SqliteMedia:
    """Implements `Media`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, picture: KeptPicture, body: bytes) -> None:
        self.remove(picture)
        self._db.execute(
            "INSERT INTO picture VALUES (?, ?) ON CONFLICT (digest) DO NOTHING", (picture.digest, body)
        )
        self._db.execute(
            "INSERT INTO kept_picture (account, purpose, place, name, digest, size_bytes, at, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                picture.account,
                picture.purpose.value,
                picture.place,
                picture.name,
                picture.digest,
                picture.size_bytes,
                to_micros(picture.at),
                _KEPT.dump(picture),
            ),
        )

    def replace(self, old: KeptPicture, new: KeptPicture) -> None:
        self._db.execute(
            "UPDATE OR REPLACE kept_picture SET purpose = ?, place = ?, name = ?, at = ?, data = ?"
            " WHERE account = ? AND purpose = ? AND place = ? AND name = ?",
            (
                new.purpose.value,
                new.place,
                new.name,
                to_micros(new.at),
                _KEPT.dump(new),
                old.account,
                old.purpose.value,
                old.place,
                old.name,
            ),
        )

    def remove(self, picture: KeptPicture) -> bool:
        gone = self._db.execute(
            "DELETE FROM kept_picture WHERE account = ? AND purpose = ? AND place = ? AND name = ?"
            " RETURNING digest",
            (picture.account, picture.purpose.value, picture.place, picture.name),
        ).fetchall()
        for (digest,) in gone:
            self._db.execute(
                "DELETE FROM picture WHERE digest = ?1"
                " AND NOT EXISTS (SELECT 1 FROM kept_picture WHERE digest = ?1)",
                (digest,),
            )
        return bool(gone)

    def all(
        self, account: str, purposes: Iterable[Purpose], *, place: str | None = None
    ) -> list[KeptPicture]:
        there = "" if place is None else " AND place = ?"
        values = (account, names(purposes)) if place is None else (account, names(purposes), place)
        rows = self._db.execute(
            f"SELECT data FROM kept_picture WHERE account = ? AND {_IS_ONE_OF}{there} ORDER BY seq",  # noqa: S608 - fixed text
            values,
        )
        return [_KEPT.load(row[0]) for row in rows]

    def find(self, account: str, name: str) -> tuple[KeptPicture, bytes] | None:
        return self._one("name = ? AND account = ?", name, account)

    def served(self, name: str) -> tuple[KeptPicture, bytes] | None:
        return self._one(f"name = ? AND {_IS_ONE_OF}", name, names(FOR_ALL))

    def _one(self, where: str, *values: str) -> tuple[KeptPicture, bytes] | None:
        row = self._db.execute(
            f"SELECT data, body {_WITH_BYTES} WHERE {where} LIMIT 1",
            values,
        ).fetchone()
        return None if row is None else (_KEPT.load(row[0]), row[1])

    def size_bytes(self, account: str, purposes: Iterable[Purpose]) -> int:
        row = self._db.execute(
            f"SELECT coalesce(sum(size_bytes), 0) FROM kept_picture WHERE account = ? AND {_IS_ONE_OF}",  # noqa: S608 - fixed text
            (account, names(purposes)),
        ).fetchone()
        return int(row[0])

    def before(self, purposes: Iterable[Purpose], at: datetime, *, limit: int) -> list[KeptPicture]:
        rows = self._db.execute(
            f"SELECT data FROM kept_picture WHERE {_IS_ONE_OF} AND at < ? ORDER BY at, seq LIMIT ?",  # noqa: S608 - fixed text
            (names(purposes), to_micros(at), limit),
        )
        return [_KEPT.load(row[0]) for row in rows]

    def after(
        self, account: str, number: int, *, limit: int
    ) -> tuple[list[tuple[KeptPicture, bytes]], int | None]:
        rows = self._db.execute(
            f"SELECT seq, data, body {_WITH_BYTES} WHERE account = ? AND +{_IS_ONE_OF}"
            " AND seq > ? ORDER BY seq LIMIT ?",
            (account, names(OWN), number, limit),
        ).fetchall()
        more = int(rows[-1][0]) if len(rows) == limit else None
        return [(_KEPT.load(data), body) for _, data, body in rows], more
