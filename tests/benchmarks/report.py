"""Shows figures: a table for people, `build/bench.json` for programs, a block for the README."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.figures import Figure, Row

__all__ = ["BEGIN", "END", "as_markdown", "load_report", "save_report", "show", "table_of", "write_readme"]

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def table_of(rows: Sequence[Row], figures: Iterable[Figure], title: str) -> Table:
    """The figures, their floors beside them."""
    table = Table(title=title, title_justify="left")
    table.add_column("what", overflow="fold")
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("floor", overflow="fold")
    for name in ("floor is", "ratio", "wanted"):
        table.add_column(name, justify="right", no_wrap=True)
    by_name = {row.name: row for row in rows}
    for figure in figures:
        row = by_name[figure.name]
        colour = "green" if figure.holds else "red"
        judged = "" if figure.ratio is None else f"[{colour}]{figure.ratio:.2f}[/]"
        measured = _amount(figure.value, figure.unit)
        floor = "" if figure.floor is None else _amount(figure.floor, figure.unit)
        table.add_row(
            figure.name,
            f"[{colour}]{measured}[/]" if figure.ratio is None else measured,
            row.floor,
            floor,
            judged,
            wanted(figure),
        )
    return table


def wanted(figure: Figure) -> str:
    """The target, with its unit where it is absolute."""
    sign = "≤" if figure.better == "lower" else "≥"
    if figure.ratio is not None:
        return f"{sign} {figure.target:.2f}"
    return f"{sign} {_amount(figure.target, figure.unit)}"


def _amount(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number}{unit}" if unit.startswith("/") else f"{number} {unit}".strip()


def show(console: Console, rows: Sequence[Row], figures: Sequence[Figure], *, quick: bool) -> None:
    """The whole table."""
    size = "quick: small sizes, medians of 3" if quick else "medians of 5"
    console.print(table_of(rows, figures, f"{size}, CPython {platform.python_version()}"))


def save_report(path: Path, figures: Iterable[Figure]) -> None:
    """Write the list of figures."""
    path.parent.mkdir(exist_ok=True)
    listed = [figure.as_json() for figure in figures]
    path.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_report(path: Path) -> list[Figure]:
    """Read what `save_report` wrote."""
    return [Figure(**one) for one in json.loads(path.read_text(encoding="utf-8"))]


# --- the README --------------------------------------------------------------------------------------------


def as_markdown(rows: Sequence[Row], figures: Iterable[Figure]) -> str:
    """The table as the README has it."""
    by_name = {row.name: row for row in rows}
    lines = ["| | Measured | Its floor, in the same run | Ratio | Target |", "|---|--:|---|--:|--:|"]
    for figure in figures:
        row = by_name[figure.name]
        floor = "" if figure.floor is None else f"{row.floor}: {_amount(figure.floor, figure.unit)}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        missed = "" if figure.holds else " (missed)"
        measured = _amount(figure.value, figure.unit)
        lines.append(f"| {figure.name} | {measured} | {floor} | {ratio} | {wanted(figure)}{missed} |")
    return "\n".join(lines)


def write_readme(readme: Path, rows: Sequence[Row], figures: Sequence[Figure]) -> None:
    """Put the table between the marks.

    Raises: ValueError where they are not there, once each, in order; and for a report that is not whole.
    """
    missing = {row.name for row in rows} ^ {figure.name for figure in figures}
    if missing:
        raise ValueError(f"the report is not that of a whole run: {', '.join(sorted(missing))}")
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest:
        raise ValueError(f"{readme} needs one line {BEGIN} and after it one line {END}")
    readme.write_text(f"{before}{BEGIN}\n\n{as_markdown(rows, figures)}\n\n{END}{after}", encoding="utf-8")
