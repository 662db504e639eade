"""What the vendor sells: the list, one item with its history, and a table on its way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.catalogue import CatalogueItem, RowProblem
from node.domain.sheets import Sheet
from node.services.setting_up import load_draft
from node.store.imports import ImportRun
from node.store.ports import StockChange, Upload
from node.web.events import mark_of

__all__ = [
    "CatalogueView",
    "ColumnsView",
    "ImportView",
    "ItemView",
    "Trial",
    "catalogue_view",
    "import_view",
    "item_view",
    "last_import",
    "progress_view",
    "stock_text",
    "trial_of",
    "watch_progress",
]

PAGE = 40
FIRST_ROWS = 5
MOST_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class CatalogueView:
    """A page of the catalogue by name; `older` is the sku after which it goes on, "" at its end."""

    items: tuple[CatalogueItem, ...]
    count: int
    search: str
    older: str
    is_first: bool
    last_import: datetime | None


def catalogue_view(desk: Desk, account: Account, search: str, after: str) -> CatalogueView:
    page = desk.tx.catalogue.all(account.id, limit=PAGE + 1, search=search, after=after)
    return CatalogueView(
        items=tuple(page[:PAGE]),
        count=desk.tx.catalogue.count(account.id),
        search=search,
        older=page[PAGE - 1].sku if len(page) > PAGE else "",
        is_first=not after,
        last_import=desk.tx.stocktaking.last_import_at(account.id),
    )


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item, and what was changed of its stock by hand, newest first."""

    item: CatalogueItem
    changes: tuple[StockChange, ...]
    seen: str


def item_view(desk: Desk, account: Account, sku: str) -> ItemView | None:
    item = desk.tx.catalogue.get(account.id, sku)
    if item is None:
        return None
    return ItemView(item, tuple(desk.tx.stocktaking.of_item(account.id, sku)), stock_text(item.stock))


def stock_text(stock: Decimal | None) -> str:
    """A stock as a field holds it; "" where it is not counted."""
    return "" if stock is None else f"{stock:f}"


# --- a table on its way in --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportView:
    """Where the import begins: a table that waits already, and the last import, which can be undone."""

    waiting: Upload | None
    last: LastImport | None
    count: int
    running: bool


def import_view(desk: Desk, account: Account) -> ImportView:
    run = desk.tx.imports.run(account.id)
    is_running = run is not None and run.is_active
    return ImportView(
        None if is_running else desk.tx.stocktaking.upload(account.id),
        None if is_running else last_import(desk, account),
        desk.tx.catalogue.count(account.id),
        is_running,
    )


@dataclass(frozen=True, slots=True)
class LastImport:
    """The import that can be undone; `is_long`: part by part, as it came."""

    name: str
    at: datetime
    new: int
    old: int
    is_long: bool = False


def last_import(desk: Desk, account: Account) -> LastImport | None:
    run = desk.tx.imports.run(account.id)
    if run is not None and not run.is_undo and run.done:
        return LastImport(run.name, run.at, run.added, run.replaced, is_long=True)
    record = desk.tx.stocktaking.last_import(account.id)
    if record is None:
        return None
    return LastImport(record.name, record.at, len(record.added), len(record.replaced))


@dataclass(frozen=True, slots=True)
class ProgressView:
    """A long table on its way, or at its end; `mark` is what the page's stream goes on from."""

    run: ImportRun
    is_setting_up: bool
    mark: str


def progress_view(desk: Desk, account: Account) -> ProgressView | None:
    run = desk.tx.imports.run(account.id)
    if run is None:
        return None
    draft = load_draft(desk)
    is_setting_up = draft is not None and draft.account == account.id
    return ProgressView(run, is_setting_up, mark_of(watch_progress(desk, account)))


def watch_progress(desk: Desk, account: Account) -> Any:
    run = desk.tx.imports.run(account.id)
    return run and (run.at, run.done, run.ended_at, run.trouble)


@dataclass(frozen=True, slots=True)
class Trial:
    """What an import would do: nothing is saved where there is a problem. `problem_count` counts them all."""

    new: int
    replaced: int
    first: tuple[CatalogueItem, ...]
    problems: tuple[RowProblem, ...]
    problem_count: int

    @property
    def is_good(self) -> bool:
        return self.problem_count == 0 and self.new + self.replaced > 0


def trial_of(
    items: Sequence[CatalogueItem], problems: Sequence[RowProblem], known: Mapping[str, object] | set[str]
) -> Trial:
    replaced = sum(item.sku in known for item in items)
    return Trial(
        len(items) - replaced,
        replaced,
        tuple(items[:FIRST_ROWS]),
        tuple(problems[:MOST_PROBLEMS]),
        len(problems),
    )


@dataclass(frozen=True, slots=True)
class ColumnsView:
    """A table with what each of its columns is taken for; `trial` is None until it was tried."""

    name: str
    sheet: Sheet
    samples: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    currencies: tuple[str, ...]
    trial: Trial | None
    again: tuple[tuple[str, str], ...] = ()
