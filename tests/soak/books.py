"""What a node holds in the end, read from its database after it has stopped."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Book", "Line", "read_book"]


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a deal as one side keeps it. `direction` is "in" or "out"."""

    activity: str
    deal: str
    direction: str
    kind: str
    actor: str
    digest: str
    refused: str


@dataclass
class Book:
    """One node's own account of what happened.

    Shapes: `deals` maps a deal to its state; `notices` counts (deal, kind); `delivered` has (activity,
            recipient); `waiting` are the activities that wait for a time to come, each with why; `stuck` is
            what was not delivered and waits for nothing; `stock` maps an item to (stock, reserved).
    """

    integrity: str
    lines: list[Line]
    deals: dict[str, str]
    notices: Counter[tuple[str, str]]
    followers: set[str]
    delivered: set[tuple[str, str]]
    waiting: dict[str, str]
    stuck: list[str]
    inbox: Counter[str]
    buried: list[str]
    stock: dict[str, tuple[str, str]]
    size_mb: float = 0.0
    _of: dict[str, list[Line]] = field(default_factory=dict)

    @property
    def came(self) -> list[Line]:
        return [line for line in self.lines if line.direction == "in"]

    @property
    def went(self) -> list[Line]:
        return [line for line in self.lines if line.direction == "out"]

    def of_deal(self, deal: str) -> list[Line]:
        """The lines of one deal, oldest first."""
        if not self._of:
            for line in self.lines:
                self._of.setdefault(line.deal, []).append(line)
        return self._of.get(deal, [])


def read_book(data: Path, stopped_at: float) -> Book:
    """Read the database of a node that has stopped; what was due by then is stuck."""
    path = data / "obverse.db"
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return _read(store, path, stopped_at)
    finally:
        store.close()


_UNDELIVERED = """
SELECT delivery.state, activity_id, recipient, attempts, detail, ordering_key,
       max(delivery.due_at, coalesce(held_until, 0)) / 1e6
FROM delivery LEFT JOIN lane ON origin = lane WHERE delivery.state <> 'delivered' ORDER BY id"""


def _undelivered(rows: list[tuple[Any, ...]], stopped_at: float) -> tuple[dict[str, str], list[str]]:
    """What waits, and what is stuck. A message of a deal may wait behind an earlier one that does."""
    waiting: dict[str, str] = {}
    stuck: list[str] = []
    behind: set[str] = set()
    for state, activity, recipient, attempts, detail, ordering_key, due_at in rows:
        words = f"{state} {activity} to {recipient} after {attempts} tries: {detail}"
        if state == "queued" and (due_at > stopped_at or ordering_key in behind):
            waiting[activity] = words
            behind |= {ordering_key} - {""}
        else:
            stuck.append(words)
    return waiting, stuck


def _read(store: sqlite3.Connection, path: Path, stopped_at: float) -> Book:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return store.execute(query).fetchall()

    waiting, stuck = _undelivered(rows(_UNDELIVERED), stopped_at)
    notices = Counter(
        (deal, json.loads(data)["kind"]) for deal, data in rows("SELECT deal_id, data FROM notice")
    )
    return Book(
        integrity=rows("PRAGMA integrity_check")[0][0],
        lines=[
            Line(*row)
            for row in rows(
                "SELECT activity_id, deal_id, direction, kind, actor, digest, refused"
                " FROM evidence ORDER BY id"
            )
        ],
        deals=dict(rows("SELECT deal_id, state FROM deal")),
        notices=notices,
        followers={row[0] for row in rows("SELECT actor FROM follower")},
        delivered=set(rows("SELECT activity_id, recipient FROM delivery WHERE state = 'delivered'")),
        waiting=waiting,
        stuck=stuck,
        inbox=Counter(row[0] for row in rows("SELECT state FROM inbox")),
        buried=[row[0] for row in rows("SELECT error FROM inbox WHERE state = 'dead'")],
        stock={
            item["sku"]: (str(item["stock"]), reserved)
            for item, reserved in (
                (json.loads(data), reserved)
                for data, reserved in rows("SELECT data, reserved FROM catalogue_item")
            )
        },
        size_mb=path.stat().st_size / 2**20,
    )
