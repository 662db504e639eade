"""What a piece of work costs the database, counted in its own steps and not by the clock."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

__all__ = ["steps_of"]


def steps_of(connection: sqlite3.Connection, work: Callable[[], object], *, by: int) -> int:
    """How many times `by` steps the database takes for it."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, by)
    work()
    connection.set_progress_handler(None, 0)
    return steps
