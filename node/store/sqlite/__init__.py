"""The embedded store: one SQLite file, one process, one writer with group commit."""

from node.store.sqlite.database import SqliteDatabase, open_sqlite
from node.store.sqlite.opening import hold_store, inspect_store

__all__ = ["SqliteDatabase", "hold_store", "inspect_store", "open_sqlite"]
