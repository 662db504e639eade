"""Tables as other programs save them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from node.domain.errors import InvalidInput
from node.domain.sheets import MOST_COLUMNS, guess_columns, items_of, read_sheet

GERMAN = (
    "\ufeffArtikelnr.;Bezeichnung;VK;Lagerbestand;Farbe\nA-1;Rad, blau;279,00;3;blau\n\nA-2;Helm;39,5;;\n"
)
GIVEN = {"currency": "EUR", "category": "Q11442"}


def test_a_sheet_with_semicolons_and_decimal_commas_is_read() -> None:
    sheet = read_sheet(GERMAN)
    assert sheet.header == ("Artikelnr.", "Bezeichnung", "VK", "Lagerbestand", "Farbe")
    assert len(sheet.rows) == 2
    columns = guess_columns(sheet.header)
    assert columns == ("sku", "name", "price", "stock", "")
    items, problems = items_of(sheet, (*columns[:4], "prop.color"), GIVEN)
    assert problems == []
    assert [(item.sku, str(item.price), item.stock) for item in items] == [
        ("A-1", "279.00 EUR", Decimal(3)),
        ("A-2", "39.50 EUR", None),
    ]
    assert items[0].category == "https://www.wikidata.org/wiki/Q11442"
    assert items[0].properties[0][0] == "color"
    assert items[1].properties == ()


def test_commas_between_cells_leave_decimals_as_they_are() -> None:
    sheet = read_sheet('sku,name,price\nA-1,Bike,"279,00"\n')
    items, problems = items_of(sheet, sheet.header, GIVEN)
    assert items == []
    assert [(found.row, found.column) for found in problems] == [(1, "price")]


def test_what_a_row_says_itself_goes_before_what_every_row_gets() -> None:
    sheet = read_sheet("sku\tname\tprice\tcurrency\nA-1\tBike\t1.00\tGBP\nA-2\tBell\t2.00\t\n")
    items, problems = items_of(sheet, sheet.header, GIVEN)
    assert problems == []
    assert [item.price.currency for item in items] == ["GBP", "EUR"]


def test_each_column_of_ours_is_guessed_once() -> None:
    assert guess_columns(("Name", "Title", "prop.color", "EAN", "whatever")) == (
        "name",
        "",
        "prop.color",
        "gtin",
        "",
    )


def test_cells_beyond_the_header_are_named() -> None:
    sheet = read_sheet("sku,name,price\nA-1,Bike,blue,1.00\n")
    _, problems = items_of(sheet, sheet.header, GIVEN)
    assert "more cells" in problems[0].wrong


def test_missing_columns_are_named() -> None:
    _, problems = items_of(read_sheet("sku,name\nA,B\n"), ("sku", "name"), {})
    assert [found.column for found in problems] == ["category", "price", "currency"]


def test_nothing_at_all_is_an_empty_sheet() -> None:
    assert read_sheet("").header == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('sku,name\nA,"open', "line 2"),
        (",".join("x" for _ in range(MOST_COLUMNS + 1)), "columns"),
    ],
)
def test_what_is_no_table_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_sheet(text)
