"""The coverage gate: branches of the parts that must not be wrong are covered whole, the rest nearly.

    python tests/coverage_gate.py build/coverage.json

Exit code 0 when the gate holds; else the modules that miss, with the lines, and 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["main", "misses"]

WHOLE = ("federation/", "node/domain/")
OVERALL_PERCENT = 90.0
SHOWN = 12

Report = Mapping[str, Any]


def misses(report: Report) -> list[str]:
    """One line for each thing that keeps the gate shut; none when it is open.

    Shapes: `report` is what `coverage json` writes, with branches.
    """
    lines = [
        f"{name}: {entry['summary']['percent_covered']:.1f} %, missing {_where(entry)}"
        for name, entry in sorted(_by_posix_name(report).items())
        if name.startswith(WHOLE) and (entry["missing_lines"] or entry["missing_branches"])
    ]
    for part in WHOLE:
        if not any(name.startswith(part) for name in _by_posix_name(report)):
            lines.append(f"{part}: nothing was measured")
    overall = report["totals"]["percent_covered"]
    if overall < OVERALL_PERCENT:
        lines.append(f"over all: {overall:.1f} %, wanted {OVERALL_PERCENT:.0f} %")
    return lines


def _by_posix_name(report: Report) -> dict[str, Any]:
    return {name.replace("\\", "/"): entry for name, entry in report["files"].items()}


def _where(entry: Mapping[str, Any]) -> str:
    """The first missing lines, then branches out of lines that do run; a negative target is the way out."""
    missing = set(entry["missing_lines"])
    places = [str(number) for number in entry["missing_lines"]]
    places += [f"{line}->{to}" for line, to in entry["missing_branches"] if abs(line) not in missing]
    more = len(places) - SHOWN
    return " ".join(places[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def main(arguments: Sequence[str]) -> int:
    """Read the report named on the command line and say whether the gate holds."""
    report = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    found = misses(report)
    for line in found:
        print(f"coverage: {line}")
    if not found:
        print(f"coverage: the gate holds, {report['totals']['percent_covered']:.1f} % over all")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
