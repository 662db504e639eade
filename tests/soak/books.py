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

    Shapes: `deals` maps a deal to its state; `notices` counts (deal, kind); `deliveries` counts states,
            `waiting` says where each that has not been delivered stands; `delivered` has (activity,
            recipient); `stock` maps a stock-keeping unit to (stock, reserved).
    """

    integrity: str
    lines: list[Line]
    deals: dict[str, str]
    notices: Counter[tuple[str, str]]
    followers: set[str]
    deliveries: Counter[str]
    delivered: set[tuple[str, str]]
    waiting: list[str]
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


def read_book(data: Path) -> Book:
    """Read the database of a node that has stopped."""
    path = data / "obverse.db"
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return _read(store, path)
    finally:
        store.close()


def _read(store: sqlite3.Connection, path: Path) -> Book:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return store.execute(query).fetchall()

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
        deliveries=Counter(row[0] for row in rows("SELECT state FROM delivery")),
        delivered=set(rows("SELECT activity_id, recipient FROM delivery WHERE state = 'delivered'")),
        waiting=[
            f"{state} {activity} to {recipient} ({attempts} tries): {detail}"
            for state, activity, recipient, attempts, detail in rows(
                "SELECT state, activity_id, recipient, attempts, detail FROM delivery"
                " WHERE state <> 'delivered'"
            )
        ],
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
