"""What is measured, and what came of it.

Absolute figures drift by half on a busy machine, so most rows are a ratio to a floor of the same run; the few
that are absolute say so by a ratio of None.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["Figure", "Row", "figure_of", "is_lost", "within"]

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, before anything is measured.

    Shapes: `name` is what is measured, `key` what `--only` and `--profile` call it; `floor` says in words
            what the floor is, "" where the target is absolute. `target` is the ratio wanted, or the value.
            `bar`, where half the target is not reached yet, is the ratio that must not be lost again; it
            rises with what is reached and goes when that is half the target. An absolute row has one where
            it must hold on a busy machine, too.
    """

    key: str
    name: str
    unit: str
    floor: str
    target: float
    better: Better
    bar: float | None = None

    @property
    def is_absolute(self) -> bool:
        return not self.floor


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured row, as `build/bench.json` has it."""

    name: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    target: float
    better: Better

    @property
    def judged(self) -> float:
        """What is held against the target."""
        return self.value if self.ratio is None else self.ratio

    @property
    def holds(self) -> bool:
        return within(self.judged, self.target, self.better)

    @property
    def collapsed(self) -> bool:
        """Worse than half its target, by its ratio: what no busy machine explains."""
        if self.ratio is None:
            return False
        half = self.target / 2 if self.better == "higher" else self.target * 2
        return not within(self.ratio, half, self.better)

    def as_json(self) -> dict[str, str | float | None]:
        return asdict(self)


def within(value: float, target: float, better: Better) -> bool:
    """Whether a value is as good as its target."""
    return value <= target if better == "lower" else value >= target


def is_lost(row: Row, figure: Figure) -> bool:
    """Whether a figure is worse than half its target, and than the bar of a row that has one."""
    if figure.ratio is None:
        return row.bar is not None and not within(figure.value, row.bar, row.better)
    if not figure.collapsed:
        return False
    return row.bar is None or not within(figure.ratio, row.bar, row.better)


def figure_of(row: Row, value: float, floor: float | None = None, ratio: float | None = None) -> Figure:
    """The figure of a row. Shapes: `ratio` defaults to value / floor where there is a floor."""
    if floor is not None and ratio is None and not row.is_absolute:
        ratio = value / floor
    return Figure(
        name=row.name,
        value=_short(value),
        unit=row.unit,
        floor=None if floor is None else _short(floor),
        ratio=None if ratio is None else round(ratio, 3),
        target=row.target,
        better=row.better,
    )


def _short(value: float) -> float:
    return round(value, 3 if abs(value) < 10 else 1)
