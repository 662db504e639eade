"""What one soak does: how long, how much, how hard; and the limits that it is held to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits", "Plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the checker allows. Slopes are of one process's life, after `warm_up_s`, over all lives.

    Shapes: below `least_minutes` of such samples a slope says nothing and is not judged.
    Units:  `warm_up_s` is as long as the bounded caches (the store's pages, keys, ids) take to fill at the
            usual rate; before that, memory grows as it should.
    """

    memory_mb_per_minute: float = 1.0
    descriptors_per_minute: float = 1.0
    descriptors: int = 256
    warm_up_s: float = 600.0
    least_minutes: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Times in seconds, rates a second, chances for each chunk that passes a line.

    Shapes: `rate` counts the strangers' signed POSTs, and as much again is what the person and the vendors
            are asked to say to one another. `pauses` is the share of its time that a node stands still.
    """

    minutes: float = 1.0
    seed: int = 1
    rate: float = 20.0
    kill_every_s: tuple[float, float] = (30.0, 120.0)
    away_s: tuple[float, float] = (0.0, 4.0)
    pauses: float = 0.05
    pause_s: tuple[float, float] = (1.0, 9.0)
    long_pause_s: float = 40.0
    """Now and then a pause outlasts every patience: the sender gives up, and the message is taken all the
    same."""
    reset: float = 0.004
    drip: float = 0.02
    wait: float = 0.01
    drain_s: float = 420.0
    limits: Limits = Limits()

    @property
    def seconds(self) -> float:
        return self.minutes * 60
