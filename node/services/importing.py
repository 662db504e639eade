"""A table of goods on its way into the catalogue: kept until its columns are named, imported, undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from node.desk import Desk
from node.domain.catalogue import CatalogueItem
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.store.imports import ImportPart, ImportRun
from node.store.ports import ImportRecord, Upload

__all__ = [
    "AT_ONCE",
    "CHANGED",
    "FAULT",
    "GONE",
    "Imported",
    "begin_import",
    "begin_undo",
    "check_undo",
    "import_items",
    "import_part",
    "keep_upload",
    "stop_run",
    "undo_import",
    "undo_part",
]

AT_ONCE = 500
"""So many items in one transaction: others never wait longer than for these."""
CHANGED = said("the table reads otherwise than when it was tried")
GONE = said("the table is gone")
FAULT = said("this node stumbled over it, and its log says why")
"""Why a run stops."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How many items came new, and how many replaced known ones."""

    added: int
    replaced: int


def keep_upload(desk: Desk, account: str, name: str, text: str) -> None:
    """Keep a table until its columns are named; the one before is dropped. Raises: InvalidInput."""
    _check_free(desk, account)
    desk.tx.stocktaking.save_upload(Upload(account, desk.now, name, text))


def import_items(desk: Desk, account: str, items: Sequence[CatalogueItem], name: str) -> Imported:
    """Save items and keep what undoes it; the table that waited is dropped.

    For a table of at most AT_ONCE items. Raises: InvalidInput while another table comes in.
    """
    _check_free(desk, account)
    desk.tx.imports.drop_run(account)
    known = {item.sku: desk.tx.catalogue.get(account, item.sku) for item in items}
    replaced = [(old, item.stock) for item in items if (old := known[item.sku]) is not None]
    added = [(item.sku, item.stock) for item in items if known[item.sku] is None]
    desk.tx.catalogue.save(account, items)
    desk.tx.stocktaking.save_import(ImportRecord(account, desk.now, name, tuple(replaced), tuple(added)))
    desk.tx.stocktaking.drop_upload(account)
    return Imported(len(added), len(replaced))


def _check_free(desk: Desk, account: str) -> None:
    run = desk.tx.imports.run(account)
    if run is not None and run.is_active:
        raise InvalidInput("table", "another table is on its way", "Wait until it has come to its end.")


# --- long tables ------------------------------------------------------------------------------------------


def begin_import(
    desk: Desk, account: str, name: str, columns: Sequence[str], given: Mapping[str, str], total: int
) -> None:
    """Let the table that waits come in part by part; what would undo the import before is forgotten.

    Shapes: its `total` rows were read with these columns, and nothing was wrong with them.
    Raises: InvalidInput while another table comes in.
    """
    _check_free(desk, account)
    desk.tx.imports.drop_run(account)
    desk.tx.stocktaking.drop_import(account)
    desk.tx.imports.save_run(ImportRun(account, desk.now, name, total, tuple(columns), tuple(given.items())))


def import_part(desk: Desk, run: ImportRun, items: Sequence[CatalogueItem]) -> None:
    """The next items of a run, with what undoes them and how far it is now, all in one transaction.

    Nothing happens where the run is not where it was.
    """
    if desk.tx.imports.run(run.account) != run:
        return
    replaced, added = [], []
    for item in items:
        old = desk.tx.catalogue.get(run.account, item.sku)
        if old is None:
            added.append((item.sku, item.stock))
        else:
            replaced.append((old, item.stock))
        desk.tx.catalogue.put(run.account, replace(item, reserved=old.reserved) if old else item)
    desk.tx.imports.add_part(ImportPart(run.account, run.done, tuple(replaced), tuple(added)))
    on = replace(
        run,
        done=run.done + len(items),
        added=run.added + len(added),
        replaced=run.replaced + len(replaced),
    )
    if on.done >= on.total:
        on = replace(on, ended_at=desk.now)
        desk.tx.stocktaking.drop_upload(run.account)
    desk.tx.imports.save_run(on)


def stop_run(desk: Desk, run: ImportRun, trouble: str) -> None:
    """It cannot go on; what came in stays, and can be taken back."""
    if desk.tx.imports.run(run.account) == run:
        desk.tx.imports.save_run(replace(run, trouble=trouble))


def begin_undo(desk: Desk, account: str) -> None:
    """Let a run be taken back part by part, the last first. Raises: InvalidInput."""
    run = desk.tx.imports.run(account)
    if run is None or run.is_undo or desk.tx.imports.last_part(account) is None:
        raise InvalidInput("import", "there is no import to undo", "Only the last one can be undone.")
    _check_free(desk, account)
    undoing = ImportRun(account, desk.now, run.name, total=run.done, is_undo=True)
    desk.tx.imports.save_run(undoing)


def undo_part(desk: Desk, run: ImportRun) -> None:
    """Take back the last part that is left, all in one transaction; what firm offers hold stays."""
    if desk.tx.imports.run(run.account) != run:
        return
    part = desk.tx.imports.last_part(run.account)
    if part is not None:
        _bring_back(desk, run.account, part.replaced)
        for sku, _ in part.added:
            item = desk.tx.catalogue.get(run.account, sku)
            if item is not None and not item.reserved:
                desk.tx.catalogue.remove(run.account, sku)
        desk.tx.imports.drop_part(run.account, part.number)
        done = run.done + len(part.replaced) + len(part.added)
        run = replace(run, done=done, added=run.added + len(part.added),
                      replaced=run.replaced + len(part.replaced))  # fmt: skip
    if desk.tx.imports.last_part(run.account) is None:
        run = replace(run, ended_at=desk.now)
    desk.tx.imports.save_run(run)


# --- taking back ------------------------------------------------------------------------------------------


def check_undo(desk: Desk, account: str) -> ImportRecord:
    """The last import, if it can be undone. Raises: InvalidInput in words for the owner."""
    record = desk.tx.stocktaking.last_import(account)
    if record is None:
        raise InvalidInput("import", "there is no import to undo", "Only the last one can be undone.")
    for sku, _ in record.added:
        item = desk.tx.catalogue.get(account, sku)
        if item is not None and item.reserved:
            raise InvalidInput(
                "import",
                said("firm offers hold %(n)s of %(item)s", n=item.reserved, item=item.name),
                "Wait until they end.",
            )
    return record


def undo_import(desk: Desk, account: str) -> Imported:
    """Bring back what the last import replaced, and take out what it added. Raises: InvalidInput.

    What was sold or counted since is kept: it counts against the stock that comes back.
    """
    record = check_undo(desk, account)
    _bring_back(desk, account, record.replaced)
    for sku, _ in record.added:
        desk.tx.catalogue.remove(account, sku)
    desk.tx.stocktaking.drop_import(account)
    return Imported(len(record.added), len(record.replaced))


def _bring_back(desk: Desk, account: str, replaced: Sequence[tuple[CatalogueItem, Decimal | None]]) -> None:
    for old, imported in replaced:
        current = desk.tx.catalogue.get(account, old.sku)
        if current is None:
            continue
        stock = old.stock
        if None not in (stock, imported, current.stock):
            stock = max(current.reserved, stock + current.stock - imported)  # type: ignore[operator]
        desk.tx.catalogue.put(account, replace(old, stock=stock, reserved=current.reserved))
