"""Charts: what is drawn agrees with what is told, and nothing in them acts."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from node.web.charts import MOST_SERIES, Chart, bar_chart, line_chart, spark, stacked_bar_chart

NASTY = '"><script>alert(1)</script>'
Number = int | Decimal
WHY: list[tuple[str, Number]] = [("price", 12), ("too late", 6), ("terms", 0)]


def drawn(chart: Chart) -> ET.Element:
    return ET.fromstring(chart.svg)  # well-formed by itself


def words_in(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def widths(chart: Chart) -> list[tuple[str, float, float]]:
    return [
        (r.attrib["class"], float(r.attrib["x"].rstrip("%")), float(r.attrib["width"].rstrip("%")))
        for r in drawn(chart).iter("rect")
    ]


def test_bars_are_as_long_as_their_values() -> None:
    chart = bar_chart("why", "Why offers were lost", ("Reason", "Offers"), WHY)
    assert widths(chart) == [("fill-1", 0, 100), ("fill-1", 0, 50)]
    assert chart.rows == (("price", "12"), ("too late", "6"), ("terms", "0"))
    assert chart.series == ()


def test_chart_says_in_words_what_it_shows() -> None:
    svg = drawn(bar_chart("why", "Why", ("Reason", "Offers"), WHY, show=lambda n: f"{n} offers"))
    assert svg.attrib["role"] == "img"
    title, desc = svg[0], svg[1]
    assert (title.attrib["id"], title.text) == (svg.attrib["aria-labelledby"], "Why")
    assert desc.attrib["id"] == svg.attrib["aria-describedby"]
    assert desc.text == "price: 12 offers; too late: 6 offers; terms: 0 offers."


def test_bars_of_nothing_at_all_are_empty() -> None:
    assert widths(bar_chart("c", "C", ("a", "b"), [("x", 0)])) == []


def test_parts_of_a_bar_stand_one_after_the_other() -> None:
    columns = ("Month", "won", "lost", "all")
    chart = stacked_bar_chart("s", "S", columns, [("May", [Decimal("1.5"), 2]), ("June", [0, 7])])
    assert widths(chart) == [("fill-1", 0, 21.43), ("fill-2", 21.43, 28.57), ("fill-2", 0, 100)]
    assert chart.series == ("won", "lost")
    assert chart.rows == (("May", "1.5", "2", "3.5"), ("June", "0", "7", "7"))
    assert "May: won 1.5, lost 2, all 3.5; June" in words_in(drawn(chart))


def test_line_starts_at_zero_and_ends_at_a_round_top() -> None:
    chart = line_chart("l", "L", ("Day", "offers"), [("Mon", [0]), ("Tue", [Decimal("2.5")]), ("Wed", [3])])
    path = next(drawn(chart).iter("path"))
    assert path.attrib["d"] == "M0 100L50 37.5L100 25"
    assert [t.text for t in drawn(chart).iter("text")] == ["4", "2", "0", "Mon", "Wed"]
    assert (chart.series, chart.lines) == ((), True)


def test_line_has_a_gap_where_nothing_is_known() -> None:
    points: list[tuple[str, list[Number | None]]] = [("a", [1, 2]), ("b", [None, 1]), ("c", [1, None])]
    chart = line_chart("l", "L", ("Day", "one", "two"), points)
    assert [path.attrib["d"] for path in drawn(chart).iter("path")] == ["M0 50M100 50", "M0 0L50 50"]
    assert len(list(drawn(chart).iter("circle"))) == 4
    assert chart.rows[1] == ("b", "–", "1")
    assert chart.series == ("one", "two")


def test_line_of_which_nothing_is_known_is_still_a_chart() -> None:
    chart = line_chart("l", "L", ("Day", "offers"), [("a", [None]), ("b", [None])])
    assert [path.attrib["d"] for path in drawn(chart).iter("path")] == [""]
    flat = line_chart("l", "L", ("Day", "offers"), [("a", [0]), ("b", [0])])
    assert [path.attrib["d"] for path in drawn(flat).iter("path")] == ["M0 100L100 100"]


@pytest.mark.parametrize(
    ("most", "top"), [(1, "1"), (3, "4"), (Decimal("0.07"), "0.08"), (61, "80"), (99, "100"), (101, "200")]
)
def test_top_of_a_line_chart_is_round(most: Number, top: str) -> None:
    chart = line_chart("l", "L", ("Day", "offers"), [("a", [0]), ("b", [most])])
    assert next(drawn(chart).iter("text")).text == top


def test_spark_is_a_line_with_a_name() -> None:
    svg = ET.fromstring(spark([0, 5, 10], "more each month"))
    assert (svg.attrib["aria-label"], svg[0].attrib["d"]) == ("more each month", "M0 100L50 50L100 0")
    assert ET.fromstring(spark([0, 0], "nothing"))[0].attrib["d"] == "M0 100L100 100"


EVERY: list[Callable[[str], Chart]] = [
    lambda name: bar_chart("c", name, (name, name), [(name, 1)], show=lambda _: name),
    lambda name: stacked_bar_chart("c", name, (name, name, name), [(name, [1])], show=lambda _: name),
    lambda name: line_chart("c", name, (name, name), [(name, [1]), (name, [2])], show=lambda _: name),
]


@pytest.mark.parametrize("make", EVERY)
def test_words_from_outside_stay_words(make: Callable[[str], Chart]) -> None:
    chart = make(NASTY)
    assert "<script" not in chart.svg
    assert NASTY in "".join(drawn(chart).itertext())


@pytest.mark.parametrize("make", EVERY)
def test_nothing_in_a_chart_needs_more_than_the_policy_allows(make: Callable[[str], Chart]) -> None:
    svg = make("plain").svg
    assert not re.search(r"\bstyle=|\bfill=|\bon\w+=|href|<style|<image|<use", svg)


@pytest.mark.parametrize(
    "make",
    [
        lambda: bar_chart("c", "C", ("a", "b"), []),
        lambda: bar_chart("c", "C", ("a", "b"), [("x", -1)]),
        lambda: stacked_bar_chart("c", "C", ("a", "b", "sum"), [("x", [1, 2])]),
        lambda: stacked_bar_chart("c", "C", ("a", "b", "c", "sum"), [("x", [-1, 2])]),
        lambda: stacked_bar_chart("c", "C", ("a", *"bcdefg", "sum"), [("x", [1] * (MOST_SERIES + 1))]),
        lambda: stacked_bar_chart("c", "C", ("a", "sum"), [("x", [])]),
        lambda: line_chart("c", "C", ("a", "b"), [("x", [1])]),
        lambda: line_chart("c", "C", ("a", "b"), [("x", [1]), ("y", [-1])]),
        lambda: line_chart("c", "C", ("a", "b"), [("x", [1]), ("y", [1, 2])]),
        lambda: spark([1], "one"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"needs|has"):
        make()
