"""Ports and records of what a vendor sells and says in public: the part of `ports` that its shop lives on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from node.domain.catalogue import CatalogueItem
from node.domain.intents import Proposal
from node.domain.matching import Judgement, Rule

__all__ = [
    "Catalogue",
    "ImportRecord",
    "PurchaseKeys",
    "Rules",
    "StockChange",
    "Stocktaking",
    "Upload",
]


@dataclass(frozen=True, slots=True)
class StockChange:
    """Somebody set the stock of an item by hand; None: it is not counted."""

    account: str
    sku: str
    at: datetime
    before: Decimal | None
    after: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A table that waits to be imported, as it came."""

    account: str
    at: datetime
    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """What undoes an import: the items that it replaced, as they were, each with the stock that it gave it.

    `added` are those that were new, likewise with the stock that they came with.
    """

    account: str
    at: datetime
    name: str
    replaced: tuple[tuple[CatalogueItem, Decimal | None], ...] = field(default=(), repr=False)
    added: tuple[tuple[str, Decimal | None], ...] = field(default=(), repr=False)


class Catalogue(Protocol):
    def get(self, account: str, sku: str) -> CatalogueItem | None: ...
    def all(
        self, account: str, *, limit: int = 1000, search: str = "", after: str = ""
    ) -> list[CatalogueItem]:
        """By name; `search` is a word in name, sku or brand; a list goes on `after` a sku of it."""
        ...

    def in_category(self, account: str, category: str) -> list[CatalogueItem]: ...
    def best(
        self, account: str, proposal: Proposal, rules: Iterable[Rule], now: datetime
    ) -> Judgement | None:
        """The rules' best answer, as `domain.matching.choose` gives it over the whole catalogue."""
        ...

    def save(self, account: str, items: Iterable[CatalogueItem]) -> None:
        """Insert or replace by sku. What is reserved of a known item is kept."""
        ...

    def put(self, account: str, item: CatalogueItem) -> None:
        """Replace one item whole, reservation included."""
        ...

    def remove(self, account: str, sku: str) -> bool: ...

    def count(self, account: str) -> int: ...
    def known(self, account: str) -> set[str]:
        """All skus."""
        ...


class Stocktaking(Protocol):
    """What people did to a catalogue by hand: changes of stock, and tables on their way into it."""

    def add(self, change: StockChange) -> None: ...
    def of_item(self, account: str, sku: str, *, limit: int = 50) -> list[StockChange]:
        """Newest first."""
        ...

    def upload(self, account: str) -> Upload | None:
        """The table that waits to be imported; there is one at most."""
        ...

    def save_upload(self, upload: Upload) -> None: ...
    def drop_upload(self, account: str) -> bool: ...
    def last_import(self, account: str) -> ImportRecord | None: ...
    def last_import_at(self, account: str) -> datetime | None:
        """When it was, without reading all that undoes it."""
        ...

    def save_import(self, record: ImportRecord) -> None:
        """Keep what undoes the last import; what undid the one before is dropped."""
        ...

    def drop_import(self, account: str) -> bool: ...


class Rules(Protocol):
    def all(self, account: str) -> list[Rule]: ...
    def save(self, account: str, rule: Rule) -> None: ...
    def remove(self, account: str, rule_id: str) -> bool: ...


class PurchaseKeys(Protocol):
    """Which feedbackKey spoke first, where: each purchase counts once."""

    def first(self, key: str) -> tuple[str, str] | None:
        """(author, note id)"""
        ...

    def remember(self, key: str, author: str, note_id: str) -> None: ...
