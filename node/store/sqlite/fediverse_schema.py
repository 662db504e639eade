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

# Bytes lie apart from what they are kept for: they are kept once, and lists never read them.
_MEDIA = (
    """CREATE TABLE picture (digest TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT""",
    """CREATE TABLE kept_picture (seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    purpose TEXT NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL,
    UNIQUE (account, purpose, place, name)) STRICT""",
    "CREATE INDEX kept_picture_name ON kept_picture (name, purpose)",
    "CREATE INDEX kept_picture_digest ON kept_picture (digest)",
    "CREATE INDEX kept_picture_at ON kept_picture (purpose, at)",
    "CREATE INDEX kept_picture_size ON kept_picture (account, purpose, size_bytes)",
)

FEDIVERSE_STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("0013-following", _FOLLOWING),
    ("0016-media", _MEDIA),
)
"""Each step's name and its statements, in the order in which they are run."""
