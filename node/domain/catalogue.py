"""A vendor's catalogue: items, their stock, and reading them from a table.

Columns: `sku name category price currency unit stock lead_days` and, where wanted, `area condition brand gtin
url delivery` and any `prop.NAME` (a value such as `red`, `105..125 centimetre`, `20 inch`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from node.domain.errors import Reason, Refusal
from node.domain.sayings import said, said_by
from node.domain.values import UNITS, Money, category_iri, currency_of, parse_amount

__all__ = [
    "COLUMNS",
    "MOST_CHARS",
    "CatalogueItem",
    "Property",
    "RowProblem",
    "parse_property",
    "parse_row",
    "parse_rows",
]

REQUIRED = ("sku", "name", "category", "price", "currency")
OPTIONAL = ("unit", "stock", "lead_days", "area", "condition", "brand", "gtin", "url", "delivery")
COLUMNS = REQUIRED + OPTIONAL
_RANGE = re.compile(
    r"(-?[0-9]+(?:\.[0-9]+)?)\s*(?:\.\.|–|-|to)\s*(-?[0-9]+(?:\.[0-9]+)?)(?:\s+(\S+))?", re.ASCII
)
_NO_NUMBER = "'%(text)s' is not a number from %(low)s to %(high)s"
_NO_WHOLE = "'%(text)s' is not a whole number from %(low)s to %(high)s"
_NUMBER = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(?:\s+(\S+))?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}", re.ASCII)
MOST_CHARS = 20 * 1024 * 1024
"""The longest table that is read at once."""
MAX_STOCK = Decimal(1_000_000_000)
MOST_CELL_CHARS = 500
"""As many as a name in a message may have (`protocol §3`)."""
MAX_LEAD_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an item: words, a number, or a range, with a unit where it has one."""

    text: str
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One thing that the vendor sells. `stock` None means that it is not counted (a service, say)."""

    sku: str
    name: str
    category: str
    price: Money
    unit: str = "one"
    stock: Decimal | None = None
    reserved: Decimal = Decimal(0)
    lead_days: int = 0
    area: str | None = None
    condition: str | None = None
    brand: str | None = None
    gtin: str | None = None
    url: str | None = None
    delivery: Money | None = None
    properties: tuple[tuple[str, Property], ...] = ()

    @property
    def available(self) -> Decimal | None:
        """What can still be promised: stock less what firm offers hold; None where stock is not counted."""
        return None if self.stock is None else self.stock - self.reserved

    def find(self, name: str) -> Property | None:
        return next((value for key, value in self.properties if key == name), None)

    def reserve(self, quantity: Decimal) -> CatalogueItem:
        """Hold back a quantity for a firm offer. Raises: Refusal(outOfStock)."""
        self._require(quantity)
        return self if self.stock is None else replace(self, reserved=self.reserved + quantity)

    def unreserve(self, quantity: Decimal) -> CatalogueItem:
        """Give back what a firm offer held."""
        return (
            self if self.stock is None else replace(self, reserved=max(Decimal(0), self.reserved - quantity))
        )

    def take(self, quantity: Decimal) -> CatalogueItem:
        """Sell: the quantity leaves the stock. Raises: Refusal(outOfStock)."""
        self._require(quantity)
        return self if self.stock is None else replace(self, stock=self.stock - quantity)

    def put_back(self, quantity: Decimal) -> CatalogueItem:
        """A sale came to nothing before anything was shipped."""
        return self if self.stock is None else replace(self, stock=self.stock + quantity)

    def _require(self, quantity: Decimal) -> None:
        if self.available is not None and self.available < quantity:
            words = said(
                "%(item)s: %(left)s left, %(wanted)s wanted",
                item=self.name,
                left=self.available,
                wanted=quantity,
            )
            raise Refusal(Reason.OUT_OF_STOCK, words)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong in a table: `row` counts from 1 after the header (0: the header itself)."""

    row: int
    column: str
    wrong: str
    right: str


def parse_property(text: str) -> Property:
    """Read `red`, `20 inch` or `105..125 centimetre`."""
    text = text.strip()
    if match := _RANGE.fullmatch(text):
        low, high = sorted((Decimal(match[1]), Decimal(match[2])))
        return Property(text, low, high, match[3])
    if match := _NUMBER.fullmatch(text):
        return Property(text, Decimal(match[1]), Decimal(match[1]), match[2])
    return Property(text)


class _Row:
    """Reads the cells of one row and collects what is wrong with them."""

    def __init__(self, number: int, cells: Mapping[str, str | None]) -> None:
        self.number = number
        self.cells = {key: (value or "").strip() for key, value in cells.items() if key}
        self.problems: list[RowProblem] = []

    def get(self, column: str) -> str:
        return self.cells.get(column, "")

    def wrong(self, column: str, wrong: str, right: str) -> None:
        self.problems.append(RowProblem(self.number, column, wrong, right))

    def check_texts(self) -> None:
        """What no message may hold: an offer of such an item would be refused by whoever gets it."""
        for column, text in self.cells.items():
            if _CONTROL.search(text):
                wrong = "there is a character in it that nobody can see"
                self.wrong(column, wrong, "Type it by hand. Save the table as CSV in UTF-8.")
            elif len(text) > MOST_CELL_CHARS:
                wrong = said("%(n)s characters", n=len(text))
                self.wrong(column, wrong, said("Use at most %(n)s.", n=MOST_CELL_CHARS))

    def number_in(self, column: str, low: Decimal, high: Decimal, *, whole: bool) -> Decimal | None:
        text = self.get(column)
        if not text:
            return None
        value = Decimal(text) if _PLAIN.fullmatch(text) else None
        if value is None or not low <= value <= high or (whole and value % 1):
            template = _NO_WHOLE if whole else _NO_NUMBER
            self.wrong(
                column, said(template, text=text[:40], low=low, high=high), "Write digits, such as 12."
            )
            return None
        return value

    def money(self, column: str, currency: str) -> Money | None:
        try:
            return parse_amount(self.get(column), currency)
        except ValueError as error:
            self.wrong(column, said_by(error), "Write a plain decimal such as 279.00.")
            return None


def parse_row(number: int, cells: Mapping[str, str | None]) -> tuple[CatalogueItem | None, list[RowProblem]]:
    """Read one row of a table: the item, or everything that is wrong with it."""
    row = _Row(number, cells)
    if None in cells:  # what csv.DictReader calls the cells beyond the header
        row.wrong("", "it has more cells than there are columns", "Put a cell with a comma in quotes.")
    row.check_texts()
    for column in REQUIRED:
        if not row.get(column):
            row.wrong(column, "it is empty", "Every item needs it.")
    if row.get("sku") and not _SKU.fullmatch(row.get("sku")):
        wrong = said("'%(text)s' is not a plain code", text=row.get("sku")[:70])
        row.wrong("sku", wrong, "Use letters, digits and . _ / - only.")
    category = category_iri(row.get("category"))
    if row.get("category") and category is None:
        wrong = said("'%(text)s' is no Wikidata item", text=row.get("category")[:70])
        row.wrong("category", wrong, "Write Q11442, say.")
    unit = row.get("unit") or "one"
    if unit not in UNITS:
        wrong = said("'%(text)s' is not a unit that we know", text=unit[:70])
        row.wrong("unit", wrong, said("Choose from %(choices)s.", choices=tuple(UNITS)))
    price, delivery = _prices(row)
    divisible = unit in UNITS and UNITS[unit].divisible
    stock = row.number_in("stock", Decimal(0), MAX_STOCK, whole=not divisible)
    lead = row.number_in("lead_days", Decimal(0), Decimal(MAX_LEAD_DAYS), whole=True)
    if row.problems or price is None or category is None:
        return None, row.problems
    item = CatalogueItem(
        sku=row.get("sku"),
        name=row.get("name"),
        category=category,
        price=price,
        unit=unit,
        stock=stock,
        lead_days=int(lead or 0),
        area=row.get("area") or None,
        condition=row.get("condition") or None,
        brand=row.get("brand") or None,
        gtin=row.get("gtin") or None,
        url=row.get("url") or None,
        delivery=delivery,
        properties=_properties(row),
    )
    return item, []


def _prices(row: _Row) -> tuple[Money | None, Money | None]:
    if not row.get("currency"):
        return None, None
    try:
        currency = currency_of(row.get("currency")).code
    except ValueError as error:
        row.wrong("currency", said_by(error), "Write an ISO code such as EUR.")
        return None, None
    price = row.money("price", currency) if row.get("price") else None
    delivery = row.money("delivery", currency) if row.get("delivery") else None
    return price, delivery


def _properties(row: _Row) -> tuple[tuple[str, Property], ...]:
    return tuple(
        (column.removeprefix("prop."), parse_property(text))
        for column, text in row.cells.items()
        if column.startswith("prop.") and text
    )


def _header_problems(header: list[str]) -> list[RowProblem]:
    problems = [
        RowProblem(0, column, "the column is missing", "Add it to the header line.")
        for column in REQUIRED
        if column not in header
    ]
    known = said("Known are %(columns)s, prop.NAME.", columns=tuple(COLUMNS))
    for at, column in enumerate(header):
        if column not in COLUMNS and not column.startswith("prop."):
            problems.append(RowProblem(0, column, "the column is not one that we know", known))
        if column in header[:at]:
            problems.append(RowProblem(0, column, "the column stands twice", "Leave one of them out."))
    return problems


def parse_rows(
    header: Iterable[str], rows: Iterable[Mapping[str, str | None]]
) -> tuple[list[CatalogueItem], list[RowProblem]]:
    """Read a whole table. Nothing is half read: with any problem the caller saves nothing."""
    if problems := _header_problems(list(header)):
        return [], problems
    items: dict[str, CatalogueItem] = {}
    for number, cells in enumerate(rows, start=1):
        item, wrong = parse_row(number, cells)
        problems += wrong
        if item is not None and item.sku in items:
            wrong_sku = said("%(sku)s stands twice", sku=item.sku)
            problems.append(RowProblem(number, "sku", wrong_sku, "Each item has a code of its own."))
        elif item is not None:
            items[item.sku] = item
    return list(items.values()), problems
