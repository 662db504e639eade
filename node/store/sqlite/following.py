"""Whom our accounts follow, whom they do not hear, who has moved."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from node.store.following import (
    UNDONE_KEPT,
    UNDONE_KEPT_OF_ONE,
    Following,
    FollowingState,
    Moving,
    Shun,
)
from node.store.ports import Follower
from node.store.sqlite.codec import Json, to_micros

__all__ = ["SqliteFollows", "SqliteMoves", "SqliteShunned", "SqliteUndone"]

_FOLLOWING = Json(Following)
_FOLLOWER = Json(Follower)
_SHUN = Json(Shun)
_MOVING = Json(Moving)


class SqliteFollows:
    """Implements `Follows`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, actor: str) -> Following | None:
        row = self._db.execute(
            "SELECT data FROM following WHERE account = ? AND actor = ?", (account, actor)
        ).fetchone()
        return None if row is None else _FOLLOWING.load(row[0])

    def by_follow(self, follow_id: str) -> Following | None:
        row = self._db.execute("SELECT data FROM following WHERE follow_id = ?", (follow_id,)).fetchone()
        return None if row is None else _FOLLOWING.load(row[0])

    def of_actor(self, actor: str, *, state: FollowingState = FollowingState.ACCEPTED) -> list[Following]:
        rows = self._db.execute(
            "SELECT data FROM following WHERE actor = ? AND state = ? ORDER BY account", (actor, state.value)
        )
        return [_FOLLOWING.load(row[0]) for row in rows]

    def all(self, account: str, *, state: FollowingState = FollowingState.ACCEPTED) -> list[Following]:
        rows = self._db.execute(
            "SELECT data FROM following WHERE account = ? AND state = ? ORDER BY at, actor",
            (account, state.value),
        )
        return [_FOLLOWING.load(row[0]) for row in rows]

    def newest(
        self,
        account: str,
        *,
        state: FollowingState = FollowingState.ACCEPTED,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Following]:
        rows = self._db.execute(
            "SELECT data FROM following WHERE account = ? AND state = ? ORDER BY at DESC, actor DESC"
            " LIMIT ? OFFSET ?",
            (account, state.value, limit, offset),
        )
        return [_FOLLOWING.load(row[0]) for row in rows]

    def count(self, account: str, *, state: FollowingState = FollowingState.ACCEPTED) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM following WHERE account = ? AND state = ?", (account, state.value)
        ).fetchone()
        return int(row[0])

    def save(self, following: Following) -> None:
        self._db.execute(
            "INSERT INTO following VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, actor) DO UPDATE SET"
            " state = excluded.state, at = excluded.at, follow_id = excluded.follow_id, data = excluded.data",
            (
                following.account,
                following.actor,
                following.state.value,
                to_micros(following.at),
                following.follow_id,
                _FOLLOWING.dump(following),
            ),
        )

    def followed_by(self, actor: str) -> list[Follower]:
        rows = self._db.execute("SELECT data FROM follower WHERE actor = ? ORDER BY account", (actor,))
        return [_FOLLOWER.load(row[0]) for row in rows]


class SqliteShunned:
    """Implements `Shunned`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, actor: str) -> Shun | None:
        row = self._db.execute(
            "SELECT data FROM shunned WHERE account = ? AND actor = ?", (account, actor)
        ).fetchone()
        return None if row is None else _SHUN.load(row[0])

    def is_muted(self, account: str, actor: str) -> bool:
        found = self.get(account, actor)
        return found is not None and found.is_muted

    def is_blocked(self, account: str, actor: str) -> bool:
        found = self.get(account, actor)
        return found is not None and found.is_blocked

    def all(self, account: str) -> list[Shun]:
        rows = self._db.execute(
            "SELECT data FROM shunned WHERE account = ? ORDER BY at DESC, actor DESC", (account,)
        )
        return [_SHUN.load(row[0]) for row in rows]

    def save(self, shun: Shun) -> None:
        if not (shun.is_muted or shun.is_blocked):
            self._db.execute(
                "DELETE FROM shunned WHERE account = ? AND actor = ?", (shun.account, shun.actor)
            )
            return
        self._db.execute(
            "INSERT INTO shunned VALUES (?, ?, ?, ?) ON CONFLICT (account, actor)"
            " DO UPDATE SET at = excluded.at, data = excluded.data",
            (shun.account, shun.actor, to_micros(shun.at), _SHUN.dump(shun)),
        )


class SqliteUndone:
    """Implements `Undone`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, actor: str, follow_id: str, until: datetime) -> None:
        self._db.execute(
            "INSERT INTO undone (actor, follow_id, until) VALUES (?, ?, ?)",
            (actor, follow_id, to_micros(until)),
        )
        self._db.execute(
            "DELETE FROM undone WHERE actor = ? AND id <= (SELECT id FROM undone WHERE actor = ?"
            " ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (actor, actor, UNDONE_KEPT_OF_ONE),
        )
        self._db.execute(
            "DELETE FROM undone WHERE id <= (SELECT id FROM undone ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (UNDONE_KEPT,),
        )

    def take(self, actor: str, follow_id: str, now: datetime) -> bool:
        self._db.execute("DELETE FROM undone WHERE until <= ?", (to_micros(now),))
        done = self._db.execute("DELETE FROM undone WHERE actor = ? AND follow_id = ?", (actor, follow_id))
        return done.rowcount > 0


class SqliteMoves:
    """Implements `Moves`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, old: str) -> Moving | None:
        row = self._db.execute(
            "SELECT data FROM moving WHERE account = ? AND old = ?", (account, old)
        ).fetchone()
        return None if row is None else _MOVING.load(row[0])

    def all(self, account: str) -> list[Moving]:
        rows = self._db.execute(
            "SELECT data FROM moving WHERE account = ? ORDER BY at DESC, old DESC", (account,)
        )
        return [_MOVING.load(row[0]) for row in rows]

    def save(self, moving: Moving) -> None:
        self._db.execute(
            "INSERT INTO moving VALUES (?, ?, ?, ?) ON CONFLICT (account, old)"
            " DO UPDATE SET at = excluded.at, data = excluded.data",
            (moving.account, moving.old, to_micros(moving.at), _MOVING.dump(moving)),
        )
