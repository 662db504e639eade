"""The embedded store: one SQLite file, one process, one writer with group commit."""

from node.store.sqlite.database import SqliteDatabase, open_sqlite

__all__ = ["SqliteDatabase", "open_sqlite"]
