"""A table as somebody's program saves it: which separator, which of its columns is which of ours.

sheet → read_sheet → Sheet: header and rows → guess_columns, or a person → items_of → items and problems
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from node.domain.catalogue import COLUMNS, CatalogueItem, RowProblem, parse_rows
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.domain.values import category_iri

__all__ = ["MOST_COLUMNS", "Sheet", "guess_columns", "items_of", "read_sheet"]

MOST_COLUMNS = 60
_SEPARATORS = ",;\t"
_NUMBERS = ("price", "delivery", "stock", "lead_days")
_WITH_COMMA = re.compile(r"[0-9]{1,12},[0-9]{1,6}", re.ASCII)
_BOM = "\ufeff"
_NAME = re.compile(r"[^a-z0-9äöüß]+")

# What other programs call our columns, in English and German, without blanks and signs.
_CALLED = {
    "sku": "sku code articlenumber articleno itemnumber productcode artikelnummer artikelnr artnr nr",
    "name": "name title product productname item bezeichnung artikel artikelname produkt titel",
    "category": "category wikidata kategorie warengruppe",
    "price": "price unitprice grossprice preis verkaufspreis vk bruttopreis einzelpreis",
    "currency": "currency currencycode währung waehrung",
    "unit": "unit einheit mengeneinheit",
    "stock": "stock quantity qty inventory onhand bestand lagerbestand menge lager",
    "lead_days": "leaddays leadtime deliverydays lieferzeit lieferzeittage lieferfrist",
    "area": "area region place gebiet ort",
    "condition": "condition state zustand",
    "brand": "brand maker manufacturer marke hersteller",
    "gtin": "gtin ean barcode upc isbn",
    "url": "url link webpage website",
    "delivery": "delivery shipping deliveryprice shippingcost versand versandkosten lieferkosten",
}
_BY_NAME = {name: column for column, names in _CALLED.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that was read: the names of its columns, and its rows with as many cells as they have."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    separator: str = ","


def read_sheet(text: str) -> Sheet:
    """Read a table with a header line; commas, semicolons or tabs may part its cells.

    Raises: InvalidInput for what is no such table.
    """
    text = text.removeprefix(_BOM)
    first_line = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [tuple(row) for row in reader if row]
    except csv.Error as error:
        raise InvalidInput(
            "csv",
            said("line %(line)s cannot be read: %(error)s", line=reader.line_num, error=str(error)),
            "Save it as CSV with commas, in UTF-8.",
        ) from None
    header = tuple(cell.strip() for cell in rows[0]) if rows else ()
    if len(header) > MOST_COLUMNS:
        wrong = said("it has %(n)s columns", n=len(header))
        raise InvalidInput("csv", wrong, said("At most %(n)s are read.", n=MOST_COLUMNS))
    return Sheet(header, tuple(rows[1:]), separator)


def guess_columns(header: Sequence[str]) -> tuple[str, ...]:
    """Which of our columns each column of a sheet seems to be, "" for none; each of ours is guessed once."""
    guessed: list[str] = []
    for title in header:
        found = title if _is_ours(title) else _BY_NAME.get(_NAME.sub("", title.casefold()), "")
        guessed.append("" if found in guessed else found)
    return tuple(guessed)


def _is_ours(title: str) -> bool:
    return title in COLUMNS or title.startswith("prop.")


def items_of(
    sheet: Sheet, columns: Sequence[str], given: Mapping[str, str]
) -> tuple[list[CatalogueItem], list[RowProblem]]:
    """The items of a sheet, or everything that is wrong with it.

    Shapes: `columns` says which of ours each column is, "" leaves it out; `given` holds what every row gets
            where it says nothing itself, by our column: a currency, a category.
    """
    said = [column for column in columns if column]
    header = (*said, *(column for column in given if column not in said))
    items, problems = parse_rows(header, _cells(sheet, columns, given))
    return [replace(item, category=category_iri(item.category) or item.category) for item in items], problems


def _cells(
    sheet: Sheet, columns: Sequence[str], given: Mapping[str, str]
) -> Iterator[Mapping[str, str | None]]:
    # Where semicolons part cells, a comma is what parts the decimals.
    has_decimal_commas = sheet.separator == ";"
    for row in sheet.rows:
        cells: dict[str, str | None] = dict(given)
        for column, cell in zip(columns, row, strict=False):
            if column and cell.strip():
                is_decimal = has_decimal_commas and column in _NUMBERS and _WITH_COMMA.fullmatch(cell.strip())
                cells[column] = cell.strip().replace(",", ".") if is_decimal else cell
        if len(row) > len(sheet.header):
            cells[None] = ""  # type: ignore[index]  # what csv.DictReader calls the cells beyond the header
        yield cells
