"""`make bench`: each figure beside its floor; a table for people, build/bench.json for comparison.

`--quick` measures less, for `.ci/run`, and fails where a ratio is worse than half its target; `--only NAME`
measures some rows, `--profile NAME` shows where the time of one goes, `--readme` writes the table of the last
whole run into the README.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from tests.benchmarks import delivering, living, messages, pages, posts, receiving, restarts, scaling
from tests.benchmarks.figures import Figure, Row, is_lost
from tests.benchmarks.machine import ROOT, raise_file_limit
from tests.benchmarks.profiles import show_profiles
from tests.benchmarks.report import load_report, save_report, show, wanted, write_readme
from tests.benchmarks.stage import Stage

BUILD = ROOT / "build"
REPORT = BUILD / "bench.json"
WIDTH = 150
Measure = Callable[[Stage, Sequence[Row]], Iterable[Figure]]
Groups = Sequence[tuple[Sequence[Row], Measure]]


def _each(measure: Callable[[Stage, Row], Iterable[Figure]]) -> Measure:
    """Rows that are measured one by one."""

    def all_of_them(stage: Stage, rows: Sequence[Row]) -> Iterator[Figure]:
        for row in rows:
            yield from measure(stage, row)

    return all_of_them


def _groups(*, quick: bool) -> Groups:
    """What is measured together, in the order of the table."""
    return (
        (messages.ROWS, messages.measuring),
        ((receiving.ACCEPT_CAVAGE, receiving.ACCEPT_ED25519), _each(receiving.accepting)),
        ((receiving.DEAL,), _each(receiving.dealing)),
        (tuple(receiving.ACTED_ON.values()), receiving.acting),
        ((delivering.CAVAGE, delivering.ED25519), delivering.delivering),
        ((delivering.FIRST_CONTACT,), _each(delivering.meeting)),
        ((delivering.MANY_HOSTS,), _each(delivering.spreading)),
        ((posts.MANY, posts.TROUBLED, posts.WRITERS), posts.posting),
        ((living.CAST_P50, living.CAST_P99), living.casting),
        ((living.MATCHING,), _each(living.matching)),
        ((living.MEMORY, living.START), living.resting),
        ((restarts.RESTART,), _each(restarts.restarting)),
        (pages.ROWS, pages.browsing),
        (scaling.rows_with(scaling.QUICK if quick else scaling.MILLION), scaling.scaling),
    )


def main() -> int:
    """Measure, show, write the report; 1 where `--quick` finds a ratio lost (`figures.is_lost`)."""
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    groups = _groups(quick=options.quick)
    rows = [row for group, _ in groups for row in group]
    if options.readme:
        write_readme(ROOT / "README.md", rows, load_report(REPORT))
        return 0
    chosen = _chosen(rows, options.only or ([options.profile] if options.profile else []))
    raise_file_limit()
    BUILD.mkdir(exist_ok=True)  # on the disk of the source tree: a memory file system would flatter the store
    figures = list(_measure(console, groups, chosen, options))
    if options.profile:
        return 0
    show(console, rows, figures, quick=options.quick)
    if not options.only:
        save_report(REPORT, figures)
        console.print(f"Written to {REPORT.relative_to(ROOT)}.")
    lost = _tell_collapsed(console, rows, figures)
    return int(options.quick and lost)


def _tell_collapsed(console: Console, rows: Sequence[Row], figures: Sequence[Figure]) -> bool:
    """Name what is worse than half its target; whether any of it was better before."""
    lost = False
    by_name = {row.name: row for row in rows}
    for figure in figures:
        row = by_name[figure.name]
        if is_lost(row, figure):
            console.print(f"[red]Worse than half its target:[/] {figure.name}")
            lost = True
        elif figure.collapsed:
            console.print(f"[yellow]Not at half its target yet (bar {row.bar}):[/] {figure.name}")
    return lost


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, in two minutes")
    parser.add_argument("--only", action="append", metavar="NAME", help="rows whose name begins so")
    parser.add_argument("--profile", metavar="NAME", help="where the time of this row goes")
    parser.add_argument("--readme", action="store_true", help="write the last whole run into the README")
    return parser.parse_args()


def _chosen(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    found = [row for row in rows if not names or any(row.key.startswith(name) for name in names)]
    if not found:
        sys.exit(f"No row is named so. There are: {', '.join(row.key for row in rows)}")
    return found


def _measure(
    console: Console, groups: Groups, chosen: Sequence[Row], options: argparse.Namespace
) -> Iterator[Figure]:
    for rows, measure in groups:
        here = [row for row in rows if row in chosen]
        if not here:
            continue
        with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as directory:
            profile = Path(directory) / "profile" if options.profile else None
            stage = Stage(Path(directory), quick=options.quick, profile=profile)
            began = time.monotonic()
            for figure in measure(stage, here):
                _tell(console, figure, time.monotonic() - began)
                began = time.monotonic()
                yield figure
            if profile is not None:
                show_profiles(console, profile)


def _tell(console: Console, figure: Figure, seconds: float) -> None:
    mark = "[green]✓[/]" if figure.holds else "[red]✗[/]"
    judged = "" if figure.ratio is None else f", ratio {figure.ratio:.2f}"
    value = f"{figure.value:,.1f} {figure.unit}{judged}, wanted {wanted(figure)}"
    console.print(f"{mark} {figure.name}: {value}  [dim]({seconds:.0f} s)[/]", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
