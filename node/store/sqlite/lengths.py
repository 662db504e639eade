"""How much waits: read from the indexes of what is unfinished, so that what is done costs nothing."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from node.store.ports import Lengths
from node.store.sqlite.codec import to_micros
from node.store.sqlite.outbox import HOST

__all__ = ["SqliteQueues"]

_MOST = 100_000
"""Beyond this a queue is just long."""


class SqliteQueues:
    """Implements `Queues`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def lengths(self, now: datetime) -> Lengths:
        due = self._count("delivery WHERE head = 1 AND due_at <= ?", to_micros(now))
        alone = self._count("delivery INDEXED BY delivery_state WHERE fan_out IS NULL AND state = 'queued'")
        many = self._count(
            "delivery INDEXED BY delivery_spread WHERE fan_out IS NOT NULL AND state = 'queued'"
        )
        hosts = (HOST.load(row[0]) for row in self._db.execute("SELECT data FROM host"))
        return Lengths(
            deliveries_due=due,
            deliveries_waiting=max(0, alone + many - due),
            deliveries_dead=self._count("delivery WHERE fan_out IS NULL AND state IN ('dead', 'held')"),
            inbox_pending=self._count("inbox WHERE state = 'pending'"),
            inbox_dead=self._count("inbox WHERE state = 'dead'"),
            parked=self._count("parked"),
            circuits_open=sum(host.open_until is not None and host.open_until > now for host in hosts),
        )

    def _count(self, rows: str, *values: int) -> int:
        counted = self._db.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT {_MOST})",  # noqa: S608 - fixed text
            values,
        )
        return int(counted.fetchone()[0])
