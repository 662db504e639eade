"""Timelines, and who likes and shares what."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from node.store.reading import (
    READINGS_KEPT,
    GivenReaction,
    Reaction,
    ReactionKind,
    Reading,
    Tally,
)
from node.store.sqlite.codec import Json, to_micros
from node.store.sqlite.listing import names

__all__ = ["SqliteReactions", "SqliteReadings"]

_READING = Json(Reading)
_REACTION = Json(Reaction)
_GIVEN = Json(GivenReaction)
_LAST_PLACE = 2**62


class SqliteReadings:
    """Implements `Readings`. Places are numbers in the order of coming."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, note_id: str) -> Reading | None:
        row = self._db.execute(
            "SELECT data FROM reading WHERE account = ? AND note_id = ?", (account, note_id)
        ).fetchone()
        return None if row is None else _READING.load(row[0])

    def add(self, reading: Reading) -> bool:
        added = self._db.execute(
            "INSERT INTO reading (account, note_id, author, shared_by, share_id, at, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, note_id) DO NOTHING",
            (
                reading.account,
                reading.note.id,
                reading.note.author,
                reading.shared_by,
                reading.share_id,
                to_micros(reading.at),
                _READING.dump(reading),
            ),
        ).rowcount
        if added:
            self._db.execute(
                "DELETE FROM reading WHERE account = ?1 AND seq <= (SELECT seq FROM reading"
                " WHERE account = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
                (reading.account, READINGS_KEPT),
            )
        return added > 0

    def change(self, reading: Reading) -> None:
        self._db.execute(
            "UPDATE reading SET data = ? WHERE account = ? AND note_id = ?",
            (_READING.dump(reading), reading.account, reading.note.id),
        )

    def page(self, account: str, *, before: int | None = None, limit: int = 40) -> list[tuple[int, Reading]]:
        rows = self._db.execute(
            "SELECT seq, data FROM reading WHERE account = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            (account, _LAST_PLACE if before is None else before, limit),
        )
        return [(seq, _READING.load(data)) for seq, data in rows]

    def of_note(self, note_id: str) -> list[Reading]:
        rows = self._db.execute("SELECT data FROM reading WHERE note_id = ? ORDER BY seq", (note_id,))
        return [_READING.load(row[0]) for row in rows]

    def of_share(self, actor: str, share_id: str) -> list[Reading]:
        rows = self._db.execute(
            "SELECT data FROM reading WHERE shared_by = ? AND share_id = ? AND share_id <> '' ORDER BY seq",
            (actor, share_id),
        )
        return [_READING.load(row[0]) for row in rows]

    def came_since(self, account: str, actor: str, since: datetime) -> int:
        values = (account, actor, to_micros(since))
        said = self._db.execute(
            "SELECT count(*) FROM reading WHERE account = ? AND author = ? AND shared_by = '' AND at >= ?",
            values,
        ).fetchone()
        passed_on = self._db.execute(
            "SELECT count(*) FROM reading WHERE account = ? AND shared_by = ? AND at >= ?", values
        ).fetchone()
        return int(said[0]) + int(passed_on[0])

    def remove(self, account: str, note_id: str) -> bool:
        gone = self._db.execute("DELETE FROM reading WHERE account = ? AND note_id = ?", (account, note_id))
        return gone.rowcount > 0

    def remove_of(self, actor: str, *, account: str = "") -> int:
        gone = self._db.execute(
            "DELETE FROM reading WHERE (author = ?1 OR shared_by = ?1) AND (?2 = '' OR account = ?2)",
            (actor, account),
        )
        return gone.rowcount


class SqliteReactions:
    """Implements `Reactions`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, post_id: str, actor: str, kind: ReactionKind) -> Reaction | None:
        row = self._db.execute(
            "SELECT data FROM reaction WHERE post_id = ? AND actor = ? AND kind = ?",
            (post_id, actor, kind.value),
        ).fetchone()
        return None if row is None else _REACTION.load(row[0])

    def add(self, reaction: Reaction) -> None:
        self.remove(reaction.post_id, reaction.actor, reaction.kind)
        self._db.execute(
            "INSERT INTO reaction (post_id, actor, kind, activity_id, at, data) VALUES (?, ?, ?, ?, ?, ?)",
            (
                reaction.post_id,
                reaction.actor,
                reaction.kind.value,
                reaction.activity_id,
                to_micros(reaction.at),
                _REACTION.dump(reaction),
            ),
        )

    def remove(self, post_id: str, actor: str, kind: ReactionKind) -> bool:
        gone = self._db.execute(
            "DELETE FROM reaction WHERE post_id = ? AND actor = ? AND kind = ?", (post_id, actor, kind.value)
        )
        return gone.rowcount > 0

    def by_activity(self, actor: str, activity_id: str) -> Reaction | None:
        row = self._db.execute(
            "SELECT data FROM reaction WHERE actor = ? AND activity_id = ? LIMIT 1", (actor, activity_id)
        ).fetchone()
        return None if row is None else _REACTION.load(row[0])

    def of_post(self, post_id: str, *, limit: int = 50) -> list[Reaction]:
        rows = self._db.execute(
            "SELECT data FROM reaction WHERE post_id = ? ORDER BY seq DESC LIMIT ?", (post_id, limit)
        )
        return [_REACTION.load(row[0]) for row in rows]

    def tally(self, post_ids: Iterable[str]) -> dict[str, Tally]:
        rows = self._db.execute(
            "SELECT post_id, sum(kind = 'like'), sum(kind = 'share') FROM reaction"
            " WHERE post_id IN (SELECT value FROM json_each(?)) GROUP BY post_id",
            (names(post_ids),),
        )
        return {post_id: Tally(int(likes), int(shares)) for post_id, likes, shares in rows}

    def came_since(self, actor: str, since: datetime) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM reaction WHERE actor = ? AND at >= ?", (actor, to_micros(since))
        ).fetchone()
        return int(row[0])

    def remove_post(self, post_id: str) -> int:
        return self._db.execute("DELETE FROM reaction WHERE post_id = ?", (post_id,)).rowcount

    # --- what our accounts gave ---------------------------------------------------------------------------

    def given(self, account: str, object_id: str, kind: ReactionKind) -> GivenReaction | None:
        row = self._db.execute(
            "SELECT data FROM given_reaction WHERE account = ? AND object_id = ? AND kind = ?",
            (account, object_id, kind.value),
        ).fetchone()
        return None if row is None else _GIVEN.load(row[0])

    def give(self, reaction: GivenReaction) -> None:
        self.take_back(reaction.account, reaction.object_id, reaction.kind)
        self._db.execute(
            "INSERT INTO given_reaction (account, object_id, kind, data) VALUES (?, ?, ?, ?)",
            (reaction.account, reaction.object_id, reaction.kind.value, _GIVEN.dump(reaction)),
        )

    def take_back(self, account: str, object_id: str, kind: ReactionKind) -> bool:
        gone = self._db.execute(
            "DELETE FROM given_reaction WHERE account = ? AND object_id = ? AND kind = ?",
            (account, object_id, kind.value),
        )
        return gone.rowcount > 0

    def all_given(
        self, account: str, *, kind: ReactionKind | None = None, limit: int = 100
    ) -> list[GivenReaction]:
        rows = self._db.execute(
            "SELECT data FROM given_reaction WHERE account = ?1 AND (?2 IS NULL OR kind = ?2)"
            " ORDER BY seq DESC LIMIT ?3",
            (account, kind.value if kind is not None else None, limit),
        )
        return [_GIVEN.load(row[0]) for row in rows]
