"""Ports for a long table that comes in, or is taken back, in many short transactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from node.domain.catalogue import CatalogueItem

__all__ = ["ImportPart", "ImportRun", "Importing", "Imports"]


@dataclass(frozen=True, slots=True)
class ImportRun:
    """A table on its way: how its columns are named, and how far it is.

    Shapes: `columns` and `given` are as `sheets.items_of` takes them. `done` of `total` rows are in, or of
            the parts taken back with `is_undo`. `ended_at` is set once all are; `trouble` where it stopped.
    """

    account: str
    at: datetime
    name: str
    total: int
    columns: tuple[str, ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    done: int = 0
    added: int = 0
    replaced: int = 0
    is_undo: bool = False
    ended_at: datetime | None = None
    trouble: str = ""

    @property
    def is_active(self) -> bool:
        return self.ended_at is None and not self.trouble


@dataclass(frozen=True, slots=True)
class ImportPart:
    """What undoes one transaction of a run, as `ImportRecord` has it for a short table."""

    account: str
    number: int
    replaced: tuple[tuple[CatalogueItem, Decimal | None], ...] = field(default=(), repr=False)
    added: tuple[tuple[str, Decimal | None], ...] = field(default=(), repr=False)


class Imports(Protocol):
    def run(self, account: str) -> ImportRun | None:
        """The last one, also after its end."""
        ...

    def active(self) -> list[ImportRun]:
        """Those of this node that are not at their end, the oldest first."""
        ...

    def save_run(self, run: ImportRun) -> None: ...
    def drop_run(self, account: str) -> bool:
        """Forget it, and what would undo it."""
        ...

    def add_part(self, part: ImportPart) -> None: ...
    def last_part(self, account: str) -> ImportPart | None:
        """That with the highest number."""
        ...

    def drop_part(self, account: str, number: int) -> bool: ...


class Importing(Protocol):
    """The part of a transaction that is about long tables."""

    @property
    def imports(self) -> Imports: ...
