"""Where the time of one row goes: what the measured process wrote of each of its threads."""

from __future__ import annotations

import io
import json
import pstats
from pathlib import Path

from rich.console import Console

__all__ = ["show_profiles"]

PLACES, LINES, CALLS = 70, 25, 20
_FRAME = ("runpy", "benchmarks/", "asyncio/runners", "anyio/", "_eventloop.py")
_IDLE = ("_do_shutdown", "asyncio", "AnyIO", "dns", "Thread-")


def show_profiles(console: Console, prefix: Path) -> None:
    """The main thread by samples, the others by their own time in each function."""
    for path in sorted(prefix.parent.glob(f"{prefix.name}.*")):
        thread = path.name.removeprefix(f"{prefix.name}.")
        if thread == "samples":
            _show_samples(console, path)
        elif not any(word in thread for word in _IDLE):
            _show_calls(console, path, thread)


def _show_samples(console: Console, path: Path) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    console.rule(f"the loop, {found['samples']} samples: functions with what they call")
    inside = [
        (share, place) for share, place in found["inclusive"] if not any(word in place for word in _FRAME)
    ]
    _show(console, inside[:PLACES])
    console.rule("the loop: single lines")
    _show(console, found["own"][:LINES])


def _show(console: Console, shares: list[tuple[float, str]]) -> None:
    lines = [f"{share:5.1f} %  {place}" for share, place in shares]
    console.print("\n".join(lines), highlight=False, markup=False)


def _show_calls(console: Console, path: Path, thread: str) -> None:
    text = io.StringIO()
    pstats.Stats(str(path), stream=text).strip_dirs().sort_stats("tottime").print_stats(CALLS)
    console.rule(thread)
    lines = [line for line in text.getvalue().splitlines() if line.strip()]
    console.print("\n".join(lines[3:]), highlight=False, markup=False, soft_wrap=True)
