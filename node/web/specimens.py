"""What the style guide shows: every part of the design system with something in it, as it might be in use.

For those who build pages: its own words are English and stand here, outside the catalogues.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from node.web.charts import Chart, bar_chart, line_chart, stacked_bar_chart
from node.web.fields import choice, money, switch, text
from node.web.forms import Filled, Form

__all__ = ["Specimens", "specimens"]

TOKENS = (
    ("sunken", "paper", "card", "raised"),
    ("ink", "quiet", "line", "edge"),
    ("accent", "accent-soft", "good", "good-soft"),
    ("warn", "warn-soft", "bad", "bad-soft"),
    ("info", "info-soft", "series-1", "series-2"),
    ("series-3", "series-4", "series-5"),
)
_FORM = Form(
    text("what"),
    text("story", lines=True),
    money("budget"),
    money("fixed", currency="EUR"),
    choice("audience", {"named": 1, "directory": 2, "public": 3}),
    choice("kind", {"product": 1}),
    switch("notify"),
    text("disclose"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a timeline."""

    at: datetime
    words: str
    who: str = ""
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A field that may be disclosed."""

    name: str
    label: str
    why: str
    value: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """An offer of a comparison."""

    id: str
    who: str
    page: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one offer says to one wish."""

    words: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A wish of a comparison."""

    label: str
    cells: tuple[Cell, ...]
    note: str = ""
    same: bool = False
    total: bool = False


@dataclass(frozen=True, slots=True)
class Specimens:
    """Everything that the style guide shows on one of its two pages; `part` is "words" or "deals"."""

    part: str
    tokens: tuple[tuple[str, ...], ...]
    blank: Filled
    refused: Filled
    timeline: tuple[Line, ...]
    items: tuple[Item, ...]
    offers: tuple[Column, ...]
    rows: tuple[Row, ...]
    soon: datetime
    charts: dict[str, tuple[Chart, ...]]


def specimens(part: str, now: datetime) -> Specimens:
    """The view of the style guide; some of it is a little before `now`, some a little after."""
    blank = _FORM.blank({"what": "Child bicycle for 115 cm", "budget_currency": "EUR"})
    typed = _FORM.blank({"what": "Child bicycle", "budget": "3 hundred", "budget_currency": "EUR"})
    refused = typed.refused("budget", "This is no amount.", "Write it in figures, such as 300 or 299.50.")
    return Specimens(
        part=part,
        tokens=TOKENS,
        blank=blank,
        refused=refused.filled,
        timeline=_timeline(now),
        items=(
            Item("name", "Name", "Printed on the label and the invoice.", "Ana Perez", required=True),
            Item("address", "Address", "Where the bicycle is brought.", "12 Argyle Street, Glasgow"),
            Item("phone", "Telephone", "Only if the rider cannot find the door."),
        ),
        offers=(
            Column("north", "North Bicycles", "#north", "by rule, in 0.3 s"),
            Column("south", "South Wheels and Toys", "#south", "by hand"),
            Column("west", "West Toys and Home", "#west"),
        ),
        rows=_rows(),
        soon=now + timedelta(minutes=4),
        charts={theme: _charts(theme) for theme in ("light", "dark")},
    )


def _timeline(now: datetime) -> tuple[Line, ...]:
    return (
        Line(now - timedelta(days=2), "You asked three vendors for a child bicycle.", "ours", "you"),
        Line(
            now - timedelta(days=1),
            "Offer: Solano Kid 584 for 273.90 EUR.",
            "theirs",
            "South Wheels and Toys",
        ),
        Line(now - timedelta(hours=3), "You asked a question.", "ours", "you", "Does it come assembled?"),
        Line(now - timedelta(minutes=5), "Their server does not answer; again in 5 minutes.", "failed"),
        Line(now - timedelta(seconds=3), "Accepted, waiting for the shop’s node."),
    )


def _rows() -> tuple[Row, ...]:
    late, unstated = Cell("in 9 days", "fails"), Cell("", "unstated")
    fits = (Cell("105–125 cm", "meets"), Cell("100–120 cm", "meets"), Cell("115 cm", "meets"))
    sums = (Cell("273.50 EUR"), Cell("273.90 EUR"), Cell("249.00 EUR, without delivery"))
    return (
        Row("For 115 cm", fits, "must", same=True),
        Row("By Friday", (Cell("in 2 days", "meets"), Cell("on Friday", "meets"), late), "must"),
        Row("With lights", (Cell("front only", "differs"), Cell("", "meets"), unstated), "nice to have"),
        Row("Price", (Cell("263.50 EUR"), Cell("265.00 EUR"), Cell("249.00 EUR"))),
        Row("Delivery", (Cell("10.00 EUR"), Cell("8.90 EUR"), unstated)),
        Row("In all", sums, total=True),
    )


def _charts(theme: str) -> tuple[Chart, ...]:
    months = ("June", "July", "August", "September", "October", "November")
    answered = (12, 15, 11, 19, 24, 22)
    return (
        bar_chart(
            f"{theme}-lost",
            f"Why offers were lost, in {theme}",
            ("Reason", "Offers"),
            [("Price", 31), ("Too late", 14), ("Not what was asked", 9), ("Terms", 2)],
        ),
        stacked_bar_chart(
            f"{theme}-outcome",
            f"What became of offers, in {theme}",
            ("Month", "Accepted", "Declined", "Expired", "All"),
            [("September", (9, 7, 3)), ("October", (14, 8, 2)), ("November", (11, 9, 2))],
        ),
        line_chart(
            f"{theme}-answers",
            f"Hours to the first answer, in {theme}",
            ("Month", "By hand", "By rule"),
            [(month, (Decimal(n) / 4, Decimal("0.1"))) for month, n in zip(months, answered, strict=True)],
        ),
    )
