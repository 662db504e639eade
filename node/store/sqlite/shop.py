"""What a vendor sells and says in public: catalogue, rules, posts, and the purchases that spoke."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from node.domain.catalogue import CatalogueItem
from node.domain.intents import Proposal
from node.domain.matching import Judgement, Rule
from node.store.ports import ImportRecord, StockChange, Upload
from node.store.sqlite.codec import Json
from node.store.sqlite.known import Known
from node.store.sqlite.matching import find_best

__all__ = ["SqliteCatalogue", "SqlitePurchaseKeys", "SqliteRules", "SqliteStocktaking"]


@dataclass(frozen=True, slots=True)
class _Imported:
    """Of an import that undoes ten thousand rows, when it was."""

    at: datetime


_ITEM = Json(CatalogueItem)
_RULE = Json(Rule)
_CHANGE = Json(StockChange)
_UPLOAD = Json(Upload)
_IMPORT = Json(ImportRecord)
_IMPORTED = Json(_Imported)
_PLACE_OF = "SELECT name_key, sku FROM catalogue_item WHERE account = ?1 AND sku = ?4"


def _item_row(account: str, item: CatalogueItem) -> tuple[Any, ...]:
    words = "\n".join((item.name, item.sku, item.brand or "")).casefold()
    return (
        account,
        item.sku,
        item.category,
        item.name.casefold(),
        words,
        "0" if not item.reserved else str(item.reserved),
        _ITEM.dump(item),
        item.unit,
        item.price.currency,
        item.price.amount_minor,
        0 if item.delivery is None else item.delivery.amount_minor,
        None if item.available is None else float(item.available),
        item.lead_days,
        item.area.casefold() if item.area else None,
    )


def _property_rows(account: str, item: CatalogueItem) -> Iterator[tuple[Any, ...]]:
    for name, value in item.properties:
        low, high = (None if end is None else float(end) for end in (value.low, value.high))
        yield account, item.sku, name, item.category, value.text.casefold(), low, high, value.unit


class SqliteCatalogue:
    """Implements `Catalogue`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, sku: str) -> CatalogueItem | None:
        row = self._db.execute(
            "SELECT data FROM catalogue_item WHERE account = ? AND sku = ?", (account, sku)
        ).fetchone()
        return None if row is None else _ITEM.load(row[0])

    def all(
        self, account: str, *, limit: int = 1000, search: str = "", after: str = ""
    ) -> list[CatalogueItem]:
        beyond = f" AND (name_key, sku) > ({_PLACE_OF})" if after else ""
        rows = self._db.execute(
            f"SELECT data FROM catalogue_item WHERE account = ?1 AND instr(words, ?2) > 0{beyond}"  # noqa: S608 - fixed text
            " ORDER BY name_key, sku LIMIT ?3",
            (account, search.casefold(), limit, after)[: 4 if after else 3],
        )
        return [_ITEM.load(row[0]) for row in rows]

    def in_category(self, account: str, category: str) -> list[CatalogueItem]:
        rows = self._db.execute(
            "SELECT data FROM catalogue_item WHERE account = ? AND category = ? ORDER BY sku",
            (account, category),
        )
        return [_ITEM.load(row[0]) for row in rows]

    def best(
        self, account: str, proposal: Proposal, rules: Iterable[Rule], now: datetime
    ) -> Judgement | None:
        return find_best(self._db, account, proposal, rules, now)

    def save(self, account: str, items: Iterable[CatalogueItem]) -> None:
        held = self._db.execute(
            "SELECT sku, reserved FROM catalogue_item WHERE account = ? AND reserved <> '0'", (account,)
        )
        reserved = {sku: Decimal(text) for sku, text in held}
        known = self.known(account)
        kept = (
            replace(item, reserved=reserved.get(item.sku, Decimal(0))) if item.sku in known else item
            for item in items
        )
        self._write(account, list(kept), known)

    def put(self, account: str, item: CatalogueItem) -> None:
        self._write(account, [item], {item.sku})

    def _write(self, account: str, items: Sequence[CatalogueItem], known: Collection[str]) -> None:
        self._db.executemany(
            "INSERT INTO catalogue_item (account, sku, category, name_key, words, reserved, data, unit,"
            " currency, price, delivery, free, lead_days, area)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (account, sku) DO UPDATE SET"
            " category = excluded.category, name_key = excluded.name_key, words = excluded.words,"
            " reserved = excluded.reserved, data = excluded.data, unit = excluded.unit,"
            " currency = excluded.currency, price = excluded.price, delivery = excluded.delivery,"
            " free = excluded.free, lead_days = excluded.lead_days, area = excluded.area",
            (_item_row(account, item) for item in items),
        )
        self._db.executemany(
            "DELETE FROM catalogue_property WHERE account = ? AND sku = ?",
            ((account, item.sku) for item in items if item.sku in known),
        )
        self._db.executemany(
            "INSERT INTO catalogue_property VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (row for item in items for row in _property_rows(account, item)),
        )

    def remove(self, account: str, sku: str) -> bool:
        self._db.execute("DELETE FROM catalogue_property WHERE account = ? AND sku = ?", (account, sku))
        done = self._db.execute("DELETE FROM catalogue_item WHERE account = ? AND sku = ?", (account, sku))
        return done.rowcount > 0

    def count(self, account: str) -> int:
        row = self._db.execute("SELECT count(*) FROM catalogue_item WHERE account = ?", (account,)).fetchone()
        return int(row[0])

    def known(self, account: str) -> set[str]:
        return {
            row[0] for row in self._db.execute("SELECT sku FROM catalogue_item WHERE account = ?", (account,))
        }


class SqliteStocktaking:
    """Implements `Stocktaking`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, change: StockChange) -> None:
        self._db.execute(
            "INSERT INTO stock_change (account, sku, data) VALUES (?, ?, ?)",
            (change.account, change.sku, _CHANGE.dump(change)),
        )

    def of_item(self, account: str, sku: str, *, limit: int = 50) -> list[StockChange]:
        rows = self._db.execute(
            "SELECT data FROM stock_change WHERE account = ? AND sku = ? ORDER BY id DESC LIMIT ?",
            (account, sku, limit),
        )
        return [_CHANGE.load(row[0]) for row in rows]

    def upload(self, account: str) -> Upload | None:
        row = self._db.execute("SELECT data FROM upload WHERE account = ?", (account,)).fetchone()
        return None if row is None else _UPLOAD.load(row[0])

    def save_upload(self, upload: Upload) -> None:
        self._db.execute(
            "INSERT INTO upload VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET data = excluded.data",
            (upload.account, _UPLOAD.dump(upload)),
        )

    def drop_upload(self, account: str) -> bool:
        return self._db.execute("DELETE FROM upload WHERE account = ?", (account,)).rowcount > 0

    def last_import(self, account: str) -> ImportRecord | None:
        row = self._db.execute("SELECT data FROM last_import WHERE account = ?", (account,)).fetchone()
        return None if row is None else _IMPORT.load(row[0])

    def last_import_at(self, account: str) -> datetime | None:
        row = self._db.execute("SELECT data FROM last_import WHERE account = ?", (account,)).fetchone()
        return None if row is None else _IMPORTED.load(row[0]).at

    def save_import(self, record: ImportRecord) -> None:
        self._db.execute(
            "INSERT INTO last_import VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET data = excluded.data",
            (record.account, _IMPORT.dump(record)),
        )

    def drop_import(self, account: str) -> bool:
        return self._db.execute("DELETE FROM last_import WHERE account = ?", (account,)).rowcount > 0


class SqliteRules:
    """Implements `Rules`; listed in the order in which they were made."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.known: Known[str, list[Rule]] = Known()

    def all(self, account: str) -> list[Rule]:
        return list(self.known.find(account, self._read))

    def _read(self, account: str) -> list[Rule]:
        rows = self._db.execute("SELECT data FROM rule WHERE account = ? ORDER BY rowid", (account,))
        return [_RULE.load(row[0]) for row in rows]

    def save(self, account: str, rule: Rule) -> None:
        self._db.execute(
            "INSERT INTO rule (account, id, data) VALUES (?, ?, ?)"
            " ON CONFLICT (account, id) DO UPDATE SET data = excluded.data",
            (account, rule.id, _RULE.dump(rule)),
        )
        self.known.drop(account)

    def remove(self, account: str, rule_id: str) -> bool:
        self.known.drop(account)
        done = self._db.execute("DELETE FROM rule WHERE account = ? AND id = ?", (account, rule_id))
        return done.rowcount > 0


class SqlitePurchaseKeys:
    """Implements `PurchaseKeys`: the first who speaks stays the first."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def first(self, key: str) -> tuple[str, str] | None:
        row = self._db.execute("SELECT author, note_id FROM purchase_key WHERE key = ?", (key,)).fetchone()
        return None if row is None else (row[0], row[1])

    def remember(self, key: str, author: str, note_id: str) -> None:
        self._db.execute(
            "INSERT INTO purchase_key VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING", (key, author, note_id)
        )
