"""The hand that kills and stops the nodes: at random instants, guided by the seed.

In the first third of a soak it may be anybody's turn to be killed; in the second only the vendors', in the
last only the person's. So each process is killed often, and lives once for so long that growth would show.
"""

from __future__ import annotations

import signal
import threading
import time
from random import Random

from tests.e2e.homes import Home
from tests.soak.plan import Plan

__all__ = ["Harm"]

LONG = 0.04
"""The share of pauses that are long ones."""


class Harm(threading.Thread):
    """Kills a random process every so often and starts it again; makes each stand still at times."""

    def __init__(self, person: Home, vendors: list[Home], plan: Plan, dice: Random) -> None:
        super().__init__(name="harm")
        self._homes = [person, *vendors]
        self._victims = (self._homes, vendors, [person])
        self._plan, self._dice = plan, dice
        self._began = time.monotonic()
        self.stop = threading.Event()
        self.pauses = 0
        self.paused_s = 0.0
        self.failed: BaseException | None = None
        self._stopped: dict[str, float] = {}

    @property
    def kills(self) -> int:
        return sum(home.kills for home in self._homes)

    def run(self) -> None:
        try:
            self._run()
        except BaseException as error:  # told by the soak's own thread
            self.failed = error
        finally:
            for home in self._homes:
                self._wake(home)

    def _run(self) -> None:
        self._began = time.monotonic()
        kill_at = time.monotonic() + self._dice.uniform(*self._plan.kill_every_s)
        pause_at = {home.name: time.monotonic() + self._gap_s() for home in self._homes}
        wake_at: dict[str, float] = {}
        while not self.stop.wait(0.02):
            now = time.monotonic()
            for home in self._homes:
                if home.name in wake_at:
                    if wake_at[home.name] <= now:
                        self._wake(home)
                        del wake_at[home.name]
                        pause_at[home.name] = now + self._gap_s()
                elif pause_at[home.name] <= now:
                    home.signal(signal.SIGSTOP)
                    self.pauses += 1
                    self._stopped[home.name] = now
                    wake_at[home.name] = now + self._pause_s()
            if kill_at <= now:
                third = int(3 * (now - self._began) / self._plan.seconds)
                victim = self._dice.choice(self._victims[min(third, 2)])
                self._kill(victim)
                if wake_at.pop(victim.name, None) is not None:
                    pause_at[victim.name] = now + self._gap_s()
                kill_at = time.monotonic() + self._dice.uniform(*self._plan.kill_every_s)

    def _kill(self, victim: Home) -> None:
        victim.kill()
        self._count(victim)
        self.stop.wait(self._dice.uniform(*self._plan.away_s))
        victim.start()

    def _wake(self, home: Home) -> None:
        if home.name in self._stopped:
            home.signal(signal.SIGCONT)
            self._count(home)

    def _count(self, home: Home) -> None:
        since = self._stopped.pop(home.name, None)
        if since is not None:
            self.paused_s += time.monotonic() - since

    def _pause_s(self) -> float:
        return (
            self._plan.long_pause_s if self._dice.random() < LONG else self._dice.uniform(*self._plan.pause_s)
        )

    def _gap_s(self) -> float:
        """So long between two pauses that their share of the time is as planned."""
        mean_s = LONG * self._plan.long_pause_s + (1 - LONG) * sum(self._plan.pause_s) / 2
        return self._dice.expovariate(self._plan.pauses / (mean_s * (1 - self._plan.pauses)))
