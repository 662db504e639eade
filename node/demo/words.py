"""What the demo says, one line a step; colour where people watch, none in pipes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

__all__ = ["Held", "Teller"]

WHO, WHAT = 24, 52


@dataclass(frozen=True, slots=True)
class Held:
    """What was checked of a step's messages, at the side that received them. Units: `took_s` seconds.

    Shapes: `digests` counts those that were computed anew or found again; all held, or the step fails.
    """

    messages: int
    digests: int
    took_s: float

    def __add__(self, other: Held) -> Held:
        """Both, side by side: it took as long as the longer one."""
        return Held(
            self.messages + other.messages, self.digests + other.digests, max(self.took_s, other.took_s)
        )


class Teller:
    """Prints the demo's lines and counts its steps."""

    def __init__(self, out: Console | None = None) -> None:
        self._out = out or Console(highlight=False, soft_wrap=True)
        self._count = 0

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something longer runs, where somebody watches."""
        if not self._out.is_terminal:
            yield
            return
        with self._out.status(what):
            yield

    def say(self, text: str = "", style: str = "") -> None:
        self._out.print(Text(text, style=style))

    def heading(self, text: str) -> None:
        self.say()
        self.say(text, "bold")

    def columns(self) -> None:
        """The head of the table that `step` continues."""
        self.say(f"    {'':{WHO}} {'':{WHAT}} signature proof  digests  took", "dim")

    def step(self, who: str, what: str, held: Held) -> None:
        """One step of the story: who sent what to whom, what held at the receiver, how long it took."""
        self._count += 1
        line = Text(f"{self._count:>2}. ")
        line.append(f"{who:<{WHO}} ", "cyan").append(f"{what:<{WHAT}} ")
        ok, digests = ("ok", f"{held.digests} ok") if held.messages else ("", "")
        line.append(f"{ok:<9} {ok:<6} {digests:<7}", "green").append(f"{held.took_s:>5.2f} s")
        self._out.print(line)

    def letter(self, who: str, what: str, took_s: float, *, signed: bool = False) -> None:
        """One step with a server of another make, which judges the signature of a request and no more."""
        self._count += 1
        line = Text(f"{self._count:>2}. ")
        line.append(f"{who:<{WHO}} ", "cyan").append(f"{what:<{WHAT}} ")
        line.append(f"{'ok' if signed else '':<9} {'':<6} {'':<7}", "green").append(f"{took_s:>5.2f} s")
        self._out.print(line)

    def failed(self, what: str, why: str, logs: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Which step failed and why, with the last lines of each node's log."""
        self.say()
        self.say(f"FAILED: {what}", "bold red")
        self.say(why)
        for name, lines in logs:
            self.say(f"--- the last lines of {name} ---", "dim")
            for line in lines:
                self.say(line)
