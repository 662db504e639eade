"""The node's time: the machine's clock, as long as it goes on steadily.

A clock that jumps by days would end every offer at once, and date each signature so that nobody takes it. So
time here goes on at its own pace from where it was, by the count of seconds since the machine started, while
the clock and that count disagree. The disagreement ends when the clock comes back, when it has lasted so long
that the clock is believed, or by the owner's word (`security X11`, `X12`).
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

__all__ = ["Doubt", "Mark", "SteadyClock", "boot_seconds", "this_boot"]

LOG = logging.getLogger("obverse.clock")

TOLERANCE = timedelta(minutes=2)
"""Up to this a clock is followed at once: what time servers correct, and less than a signature's window."""
BELIEVED_AFTER = timedelta(hours=1)
"""A clock that was set for good is believed by itself after this; time servers mend a wrong one sooner."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot_seconds() -> float:
    """Seconds since the machine started, those in which it slept included where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def this_boot() -> str:
    """Names the run of the machine in which `boot_seconds` are counted; "" where the system does not say."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment to go on from after a restart. Units: `elapsed_s` are seconds of the run `boot`."""

    at: datetime
    elapsed_s: float
    boot: str

    def dump(self) -> str:
        return json.dumps({"at": self.at.isoformat(), "elapsed_s": self.elapsed_s, "boot": self.boot})

    @classmethod
    def load(cls, text: str) -> Mark:
        """Raises: ValueError, KeyError for text that `dump` did not make."""
        read = json.loads(text)
        return cls(datetime.fromisoformat(read["at"]), float(read["elapsed_s"]), str(read["boot"]))


@dataclass(frozen=True, slots=True)
class Doubt:
    """The machine's clock has jumped: when (by steady time), and how far (negative is back)."""

    since: datetime
    by: timedelta

    @property
    def words(self) -> str:
        """A line for the owner."""
        hours = round(abs(self.by).total_seconds() / 3600, 1)
        far = f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:g} hours"
        if abs(self.by) < timedelta(hours=1):
            far = f"{round(abs(self.by).total_seconds() / 60)} minutes"
        return f"the clock of this machine has jumped {'ahead' if self.by > timedelta() else 'back'} by {far}"


class SteadyClock:
    """Implements `federation.ports.Clock`.

    Shapes: `wall` is the machine's clock, `elapsed` counts seconds whatever that clock does; without it the
            clock is believed as it is.
    """

    def __init__(
        self,
        wall: Callable[[], datetime],
        elapsed: Callable[[], float] | None = None,
        *,
        boot: str = "",
        tolerance: timedelta = TOLERANCE,
        believed_after: timedelta = BELIEVED_AFTER,
    ) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._boot = boot
        self._tolerance = tolerance
        self._believed_after = believed_after
        self._base = wall()
        self._base_s = elapsed() if elapsed is not None else 0.0
        self._since_s = 0.0
        self.doubt: Doubt | None = None
        """What is wrong with the machine's clock; None while it is believed."""

    def __call__(self) -> datetime:
        """The node's time, aware UTC."""
        wall = self._wall()
        if self._elapsed is None:
            return wall
        elapsed = self._elapsed()
        steady = self._base + timedelta(seconds=elapsed - self._base_s)
        off = wall - steady
        if abs(off) <= self._tolerance:
            if self.doubt is not None:
                LOG.warning("the clock of this machine is as it should be again")
            return self._follow(wall, elapsed)
        if self.doubt is None or abs(off - self.doubt.by) > self._tolerance:
            self.doubt, self._since_s = Doubt(steady, off), elapsed
            LOG.error(
                "%s, to %s: time goes on from where it was. Look at the clock (timedatectl). If it is right"
                " now, say so: obverse clock --trust",
                self.doubt.words,
                wall.isoformat(timespec="seconds"),
            )
        elif elapsed - self._since_s >= self._believed_after.total_seconds():
            LOG.warning("the clock of this machine has stayed where it jumped to: it is believed now")
            return self._follow(wall, elapsed)
        return steady

    def _follow(self, wall: datetime, elapsed: float) -> datetime:
        self._base, self._base_s, self.doubt = wall, elapsed, None
        return wall

    def trust(self) -> datetime:
        """The owner says that the machine's clock is right as it is now."""
        return self._follow(self._wall(), 0.0 if self._elapsed is None else self._elapsed())

    def mark(self) -> Mark:
        """This moment, to `resume` from."""
        return Mark(self(), 0.0 if self._elapsed is None else self._elapsed(), self._boot)

    def resume(self, mark: Mark) -> None:
        """Go on from a moment of an earlier process.

        In the same run of the machine its count tells what time it is; after a new start of the machine only
        a clock that lies before the mark is surely wrong.
        """
        if self._elapsed is None:
            return
        elapsed = self._elapsed()
        if self._boot and mark.boot == self._boot and mark.elapsed_s <= elapsed:
            self._base, self._base_s = mark.at, mark.elapsed_s
        elif self._wall() < mark.at - self._tolerance:
            self._base, self._base_s = mark.at, elapsed
