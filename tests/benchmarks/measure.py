"""How a figure is taken: a median of rounds, always beside the floor that the same run measures.

Absolute figures drift by half on a busy machine; the ratio to the floor is what is held against a target.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Literal

__all__ = ["Figure", "compare"]

ROUNDS = 5
ROUND_S = 0.15


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing. `ratio` is value / floor; `better` says which way `ratio` should go."""

    name: str
    value: float
    unit: str
    floor: float
    floor_name: str
    ratio: float
    target: float
    better: Literal["lower", "higher"] = "lower"

    @property
    def holds(self) -> bool:
        return self.ratio <= self.target if self.better == "lower" else self.ratio >= self.target

    def as_json(self) -> dict[str, str | float]:
        return asdict(self)


def compare(
    name: str, work: Callable[[], object], floor_name: str, floor: Callable[[], object], *, target: float
) -> Figure:
    """Time `work` against `floor`, taking turns so that a slow spell meets both.

    Units: microseconds a call, medians of 5 rounds each; `target` is the highest ratio wanted.
    """
    calls, floor_calls = _calls_a_round(work), _calls_a_round(floor)
    rounds = [(_time_us(work, calls), _time_us(floor, floor_calls)) for _ in range(ROUNDS)]
    value, base = median(r[0] for r in rounds), median(r[1] for r in rounds)
    ratio = median(worked / idle for worked, idle in rounds)
    return Figure(name, round(value, 2), "µs", round(base, 2), floor_name, round(ratio, 3), target)


def _calls_a_round(work: Callable[[], object]) -> int:
    calls = 1
    while (taken_us := _time_us(work, calls) * calls) < ROUND_S * 1e6 / 4:
        calls *= 2
    return max(1, round(calls * ROUND_S * 1e6 / taken_us))


def _time_us(work: Callable[[], object], calls: int) -> float:
    start = time.perf_counter_ns()
    for _ in range(calls):
        work()
    return (time.perf_counter_ns() - start) / calls / 1000
