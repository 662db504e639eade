"""`make bench`: a table for people, build/bench.json for comparison. Figures are shown, not judged."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import messages
from tests.benchmarks.measure import Figure

REPORT = Path("build") / "bench.json"


def table_of(figures: list[Figure]) -> Table:
    """The figures as a table, floors beside them."""
    table = Table(title=f"Medians of 5, CPython {platform.python_version()}", title_justify="left")
    for name in ("what", "floor"):
        table.add_column(name)
    for name in ("measured", "floor is", "ratio", "wanted"):
        table.add_column(name, justify="right")
    for figure in figures:
        sign = "≤" if figure.better == "lower" else "≥"
        table.add_row(
            figure.name,
            figure.floor_name,
            f"{figure.value:.1f} {figure.unit}",
            f"{figure.floor:.1f} {figure.unit}",
            f"[{'green' if figure.holds else 'red'}]{figure.ratio:.2f}[/]",
            f"{sign} {figure.target:.2f}",
        )
    return table


def main() -> None:
    """Measure, show, write the report."""
    figures = messages.figures()
    Console().print(table_of(figures))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(
        json.dumps([figure.as_json() for figure in figures], indent=1, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )
    print(f"Written to {REPORT}.")


if __name__ == "__main__":
    main()
