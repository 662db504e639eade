"""The tables of what the fediverse says and is told, as `schema` runs them: step by step, never edited."""

from __future__ import annotations

__all__ = ["FEDIVERSE_STEPS"]

_FOLLOWING = (
    """CREATE TABLE following (account TEXT NOT NULL, actor TEXT NOT NULL, state TEXT NOT NULL,
    at INTEGER NOT NULL, follow_id TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (account, actor)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX following_state ON following (account, state, at)",
    "CREATE INDEX following_actor ON following (actor, state)",
    "CREATE INDEX following_follow ON following (follow_id)",
    "CREATE INDEX follower_actor ON follower (actor)",
    """CREATE TABLE shunned (account TEXT NOT NULL, actor TEXT NOT NULL, at INTEGER NOT NULL,
    data TEXT NOT NULL, PRIMARY KEY (account, actor)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE undone (id INTEGER PRIMARY KEY AUTOINCREMENT, actor TEXT NOT NULL,
    follow_id TEXT NOT NULL, until INTEGER NOT NULL) STRICT""",
    "CREATE INDEX undone_actor ON undone (actor, follow_id)",
    "CREATE INDEX undone_until ON undone (until)",
    """CREATE TABLE moving (account TEXT NOT NULL, old TEXT NOT NULL, at INTEGER NOT NULL,
    data TEXT NOT NULL, PRIMARY KEY (account, old)) STRICT, WITHOUT ROWID""",
)

FEDIVERSE_STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (("0013-following", _FOLLOWING),)
"""Each step's name and its statements, in the order in which they are run."""
