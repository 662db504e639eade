"""How a small piece of work is timed: a median of rounds, always beside the floor of the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from tests.benchmarks.figures import Figure, Row, figure_of

__all__ = ["compare"]

ROUND_S = 0.15


def compare(row: Row, work: Callable[[], object], floor: Callable[[], object], *, rounds: int) -> Figure:
    """Time `work` against `floor`, taking turns so that a slow spell meets both.

    Units: microseconds a call, medians of the rounds.
    """
    calls, floor_calls = _calls_a_round(work), _calls_a_round(floor)
    found = [(_time_us(work, calls), _time_us(floor, floor_calls)) for _ in range(rounds)]
    ratio = median(worked / idle for worked, idle in found)
    return figure_of(row, median(one[0] for one in found), median(one[1] for one in found), ratio)


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
