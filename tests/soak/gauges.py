"""Memory and descriptors of the nodes over time, and whether they stay flat."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import psutil

from tests.e2e.homes import Home

__all__ = ["EVERY_S", "Gauge", "Sample", "Slope", "Watcher", "slope_of"]

EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one process. `age_s` counts from when its process was first seen."""

    pid: int
    at: float
    age_s: float
    memory_mb: float
    descriptors: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Slope:
    """What the samples of one node say together: growth a minute, over so many minutes of so many lives."""

    per_minute: float
    minutes: float
    lives: int


def slope_of(lives: Iterable[Sequence[tuple[float, float]]]) -> Slope:
    """The common slope of several lives, each with a level of its own (least squares within each).

    Shapes: a life is (seconds, value) pairs; lives of fewer than 3 count for nothing.
    """
    spread = common = seconds = 0.0
    counted = 0
    for life in lives:
        if len(life) < 3:
            continue
        counted += 1
        seconds += life[-1][0] - life[0][0]
        mean_at = sum(at for at, _ in life) / len(life)
        mean = sum(value for _, value in life) / len(life)
        spread += sum((at - mean_at) ** 2 for at, _ in life)
        common += sum((at - mean_at) * (value - mean) for at, value in life)
    return Slope(60 * common / spread if spread else 0.0, seconds / 60, counted)


@dataclass
class Gauge:
    """Samples of one node's processes, one after another."""

    home: Home
    samples: list[Sample] = field(default_factory=list)
    _began: dict[int, float] = field(default_factory=dict)

    def take(self) -> None:
        """Look once; a process that is not there is passed over."""
        try:
            process = psutil.Process(self.home.pid)
            with process.oneshot():
                memory_mb = process.memory_info().rss / 2**20
                cpu = process.cpu_times()
                sample = (memory_mb, process.num_fds(), cpu.user + cpu.system)
        except psutil.Error:
            return
        now = time.monotonic()
        began = self._began.setdefault(process.pid, now)
        self.samples.append(Sample(process.pid, now, now - began, *sample))

    def lives(self, name: str, *, warm_up_s: float) -> list[list[tuple[float, float]]]:
        """(seconds, value) of each process in turn, once it was warm."""
        found: dict[int, list[tuple[float, float]]] = {}
        for sample in self.samples:
            if sample.age_s >= warm_up_s:
                found.setdefault(sample.pid, []).append((sample.at, float(getattr(sample, name))))
        return list(found.values())

    @property
    def cpu_s(self) -> float:
        """Of all lives."""
        last = {sample.pid: sample.cpu_s for sample in self.samples}
        return sum(last.values())


class Watcher(threading.Thread):
    """Looks at every node every two seconds."""

    def __init__(self, gauges: Sequence[Gauge]) -> None:
        super().__init__(name="gauges")
        self._gauges = gauges
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(EVERY_S):
            for gauge in self._gauges:
                gauge.take()
