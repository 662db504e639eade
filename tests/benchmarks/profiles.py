"""Where the time of one row goes: the profiles that the measured process wrote, one a thread."""

from __future__ import annotations

import io
import pstats
from pathlib import Path

from rich.console import Console

__all__ = ["show_profiles"]

LINES = 30
_IDLE = ("_do_shutdown", "asyncio", "AnyIO")


def show_profiles(console: Console, prefix: Path) -> None:
    """The busiest functions of every thread, by their own time."""
    for path in sorted(prefix.parent.glob(f"{prefix.name}.*")):
        thread = path.name.removeprefix(f"{prefix.name}.")
        if any(word in thread for word in _IDLE):
            continue
        text = io.StringIO()
        pstats.Stats(str(path), stream=text).strip_dirs().sort_stats("tottime").print_stats(LINES)
        console.rule(thread)
        lines = [line for line in text.getvalue().splitlines() if line.strip()]
        console.print("\n".join(lines[3:]), highlight=False, markup=False, soft_wrap=True)
