"""A table of goods on its way into the catalogue: kept until its columns are named, imported, undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.desk import Desk
from node.domain.catalogue import CatalogueItem
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.store.ports import ImportRecord, Upload

__all__ = ["Imported", "check_undo", "import_items", "keep_upload", "undo_import"]


@dataclass(frozen=True, slots=True)
class Imported:
    """How many items came new, and how many replaced known ones."""

    added: int
    replaced: int


def keep_upload(desk: Desk, account: str, name: str, text: str) -> None:
    """Keep a table until its columns are named; the one before is dropped."""
    desk.tx.stocktaking.save_upload(Upload(account, desk.now, name, text))


def import_items(desk: Desk, account: str, items: Sequence[CatalogueItem], name: str) -> Imported:
    """Save items and keep what undoes it; the table that waited is dropped."""
    known = {item.sku: desk.tx.catalogue.get(account, item.sku) for item in items}
    replaced = [(old, item.stock) for item in items if (old := known[item.sku]) is not None]
    added = [(item.sku, item.stock) for item in items if known[item.sku] is None]
    desk.tx.catalogue.save(account, items)
    desk.tx.stocktaking.save_import(ImportRecord(account, desk.now, name, tuple(replaced), tuple(added)))
    desk.tx.stocktaking.drop_upload(account)
    return Imported(len(added), len(replaced))


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
    for old, imported in record.replaced:
        current = desk.tx.catalogue.get(account, old.sku)
        if current is None:
            continue
        stock = old.stock
        if None not in (stock, imported, current.stock):
            stock = max(current.reserved, stock + current.stock - imported)  # type: ignore[operator]
        desk.tx.catalogue.put(account, replace(old, stock=stock, reserved=current.reserved))
    for sku, _ in record.added:
        desk.tx.catalogue.remove(account, sku)
    desk.tx.stocktaking.drop_import(account)
    return Imported(len(record.added), len(record.replaced))
