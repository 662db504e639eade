"""Words, tables and colour for people. Colour is left out in pipes and under NO_COLOR (rich sees to it)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["ago", "money", "plural", "short_id", "span", "table", "tone"]

_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_TONES = {
    "delivered": "green", "concluded": "green", "confirmed": "green", "live": "green", "accepted": "green",
    "yes": "green", "ok": "green",
    "queued": "yellow", "held": "yellow", "partly": "yellow", "pending": "yellow", "warning": "yellow",
    "dead": "red", "no": "red", "refused": "red", "failed": "red",
}  # fmt: skip


def plural(count: int, noun: str) -> str:
    """`1 message`, `2 messages`."""
    many = f"{noun.removesuffix('y')}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{count} {noun}" if count == 1 else f"{count} {many}"


def span(length: timedelta) -> str:
    """A length of time in its largest unit, rounded: `3 days`, `1 hour`, `a moment`."""
    seconds = abs(length.total_seconds())
    for size, noun in _STEPS:
        if seconds >= size:
            return plural(round(seconds / size), noun)
    return "a moment"


def ago(text: str | None, now: datetime | None = None) -> str:
    """A time on the wire in words: `5 minutes ago`, `in 3 days`, `now`; `-` for none."""
    if not text:
        return "-"
    at = datetime.fromisoformat(text)
    distance = at - (now or datetime.now(UTC))
    if abs(distance) < timedelta(minutes=1):
        return "now"
    return f"in {span(distance)}" if distance > timedelta() else f"{span(distance)} ago"


def money(value: dict[str, str] | None) -> str:
    """`289.00 EUR` for {"amount", "currency"}; `-` for none."""
    return f"{value['amount']} {value['currency']}" if value else "-"


def short_id(iri: str | None, length: int = 6) -> str:
    """The end of an id, which is enough to name it; `-` for none."""
    return iri.rsplit("/", 1)[-1][-length:] if iri else "-"


def tone(word: str) -> Text:
    """A state in its colour."""
    return Text(word, style=_TONES.get(word.split(" ")[0].rstrip(":,"), ""))


def table(out: Console, columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, empty: str) -> None:
    """A plain table, or one line that says what to do where there is nothing."""
    listed = list(rows)
    if not listed:
        out.print(empty, markup=False, highlight=False)
        return
    drawn = Table(box=box.SIMPLE, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in listed:
        drawn.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    out.print(drawn)
