"""A catalogue reads whole or not at all, and its stock never promises what is not there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.catalogue import (
    COLUMNS,
    CatalogueItem,
    Property,
    parse_property,
    parse_row,
    parse_rows,
)
from node.domain.errors import Reason, Refusal
from tests.builders import BICYCLE, an_item, money

ROW: dict[str, str | None] = {
    "sku": "NK20-R",
    "name": "North Kid 20",
    "category": BICYCLE,
    "price": "279.00",
    "currency": "EUR",
}


def a_row(**over: str | None) -> dict[str, str | None]:
    return {**ROW, **over}


def test_a_row_with_the_needed_columns_is_an_item() -> None:
    item, problems = parse_row(1, ROW)
    assert problems == []
    assert item == CatalogueItem("NK20-R", "North Kid 20", BICYCLE, money("279.00"))
    assert item.available is None, "stock that is not counted has no end"


def test_a_full_row_is_read_column_by_column() -> None:
    full = a_row(
        unit="kilogram",
        stock="12.5",
        lead_days="3",
        area="Glasgow",
        condition="new",
        brand="North",
        gtin="4006381333931",
        url="https://shop.example/1",
        delivery="4.90",
        **{"prop.colour": "red", "prop.bodyHeight": "105..125 centimetre", "prop.empty": ""},
    )
    item, problems = parse_row(1, full)
    assert problems == []
    assert item is not None
    assert (item.unit, item.stock, item.lead_days) == ("kilogram", Decimal("12.5"), 3)
    assert (item.area, item.condition, item.brand) == ("Glasgow", "new", "North")
    assert (item.gtin, item.url, item.delivery) == ("4006381333931", "https://shop.example/1", money("4.90"))
    assert item.find("colour") == Property("red")
    assert item.find("bodyHeight") == Property(
        "105..125 centimetre", Decimal(105), Decimal(125), "centimetre"
    )
    assert item.find("empty") is None


@pytest.mark.parametrize("column", ["sku", "name", "category", "price", "currency"])
@pytest.mark.parametrize("cell", ["", "  ", None])
def test_an_empty_needed_cell_is_named(column: str, cell: str | None) -> None:
    item, problems = parse_row(7, a_row(**{column: cell}))
    assert item is None
    assert [(problem.row, problem.column) for problem in problems] == [(7, column)]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("sku", "a b"),
        ("sku", "x" * 65),
        ("category", "bicycles"),
        ("price", "279,00"),
        ("price", "-1"),
        ("price", "279.001"),
        ("currency", "euro"),
        ("unit", "furlong"),
        ("stock", "-1"),
        ("stock", "1.5"),
        ("stock", "1e3"),
        ("stock", "٣"),
        ("stock", "many"),
        ("stock", "1000000001"),
        ("lead_days", "2.5"),
        ("lead_days", "NaN"),
        ("lead_days", "3651"),
        ("delivery", "free"),
    ],
)
def test_a_wrong_cell_is_named(column: str, cell: str) -> None:
    item, problems = parse_row(3, a_row(**{column: cell}))
    assert item is None
    assert [(problem.row, problem.column) for problem in problems] == [(3, column)]
    assert problems[0].wrong
    assert problems[0].right


def test_all_that_is_wrong_in_a_row_is_named_at_once() -> None:
    _, problems = parse_row(1, a_row(sku="a b", price="x", stock="-1", unit="furlong"))
    assert [problem.column for problem in problems] == ["sku", "unit", "price", "stock"]


def test_stock_of_a_divisible_unit_may_be_a_fraction() -> None:
    item, _ = parse_row(1, a_row(unit="litre", stock="0.5"))
    assert item is not None
    assert item.stock == Decimal("0.5")


def test_a_row_with_too_many_cells_is_named() -> None:
    cells: dict[Any, Any] = {**ROW, None: ["Glasgow"]}
    item, problems = parse_row(4, cells)
    assert item is None
    assert [(problem.row, problem.right) for problem in problems] == [
        (4, "Put a cell with a comma in quotes.")
    ]


def test_a_table_is_read_in_its_order() -> None:
    items, problems = parse_rows(iter(ROW), [ROW, a_row(sku="NK24-B")])
    assert problems == []
    assert [item.sku for item in items] == ["NK20-R", "NK24-B"]


def test_a_sku_stands_once() -> None:
    _, problems = parse_rows(ROW, [ROW, a_row(sku="NK24-B"), ROW])
    assert [(problem.row, problem.column) for problem in problems] == [(3, "sku")]


def test_a_wrong_row_is_named_beside_good_ones() -> None:
    items, problems = parse_rows(ROW, [ROW, a_row(sku="NK24-B", price="")])
    assert [(problem.row, problem.column) for problem in problems] == [(2, "price")]
    assert [item.sku for item in items] == ["NK20-R"]


@pytest.mark.parametrize(
    ("header", "column", "wrong"),
    [
        (["name", "category", "price", "currency"], "sku", "missing"),
        ([*ROW, "colour"], "colour", "not one that we know"),
        ([*ROW, "prop.colour", "prop.colour"], "prop.colour", "twice"),
        ([*ROW, "sku"], "sku", "twice"),
    ],
)
def test_a_wrong_header_is_told_before_any_row(header: list[str], column: str, wrong: str) -> None:
    items, problems = parse_rows(header, [ROW])
    assert items == []
    assert [(problem.row, problem.column) for problem in problems] == [(0, column)]
    assert wrong in problems[0].wrong


def test_all_documented_columns_are_known() -> None:
    _, problems = parse_rows(COLUMNS, [])
    assert problems == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("red", Property("red")),
        (" 20 inch ", Property("20 inch", Decimal(20), Decimal(20), "inch")),
        ("20", Property("20", Decimal(20), Decimal(20))),
        ("-5.5 celsius", Property("-5.5 celsius", Decimal("-5.5"), Decimal("-5.5"), "celsius")),
        ("125..105", Property("125..105", Decimal(105), Decimal(125))),
        ("1 to 2 metre", Property("1 to 2 metre", Decimal(1), Decimal(2), "metre")),
        ("20 inch wheels", Property("20 inch wheels")),
    ],
)
def test_a_property_is_words_a_number_or_a_range(text: str, expected: Property) -> None:
    assert parse_property(text) == expected


def test_what_is_reserved_cannot_be_promised_again() -> None:
    item = an_item(stock=Decimal(3)).reserve(Decimal(2))
    assert (item.stock, item.reserved, item.available) == (Decimal(3), Decimal(2), Decimal(1))
    for promise in (item.reserve, item.take):
        with pytest.raises(Refusal, match="1 left, 2 wanted") as refused:
            promise(Decimal(2))
        assert refused.value.reason is Reason.OUT_OF_STOCK
    assert item.take(Decimal(1)).available == 0


def test_a_reservation_given_back_can_be_sold() -> None:
    item = an_item(stock=Decimal(1)).reserve(Decimal(1)).unreserve(Decimal(1)).take(Decimal(1))
    assert (item.stock, item.reserved) == (Decimal(0), Decimal(0))
    assert item.put_back(Decimal(1)).available == 1


def test_no_more_is_given_back_than_was_reserved() -> None:
    assert an_item().unreserve(Decimal(1)).reserved == 0


@pytest.mark.parametrize(
    "edit", [CatalogueItem.reserve, CatalogueItem.unreserve, CatalogueItem.take, CatalogueItem.put_back]
)
def test_stock_that_is_not_counted_does_not_change(
    edit: Callable[[CatalogueItem, Decimal], CatalogueItem],
) -> None:
    service = an_item(stock=None)
    assert edit(service, Decimal(10**6)) == service


@given(st.lists(st.tuples(st.sampled_from(["reserve", "unreserve", "take"]), st.integers(1, 4))))
def test_no_order_of_edits_oversells(edits: list[tuple[str, int]]) -> None:
    item = an_item(stock=Decimal(7))
    for name, quantity in edits:
        with contextlib.suppress(Refusal):
            item = getattr(item, name)(Decimal(quantity))
        assert item.stock is not None
        assert 0 <= item.reserved <= item.stock
