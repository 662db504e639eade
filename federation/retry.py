"""When to try again: pure back-off, so that the schedule can be read and tested without a clock."""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["LONGEST_PAUSE_S", "RETRY_AFTER_CAP_S", "next_attempt"]

LONGEST_PAUSE_S = 12 * 3600
"""No pause between two tries is longer, jitter included."""

RETRY_AFTER_CAP_S = 3600
"""A peer's `Retry-After` is obeyed up to this; a longer one would let it hold a message for ever."""


def next_attempt(
    attempts: int,
    now: datetime,
    *,
    jitter: float,
    give_up_at: datetime,
    retry_after_s: float | None = None,
) -> datetime | None:
    """When the next try is due, or None when that would be at or past `give_up_at`.

    Units:  the pause is 15 s + attempts⁴ s, up to half of that more by `jitter` in [0, 1), at most 12 h;
            `attempts` counts those made, the one that just failed included. `retry_after_s` (capped at an
            hour) is a lower bound, and jittered upwards as well, lest a herd comes back at the same second.
    Raises: ValueError for a jitter outside [0, 1) or attempts below 0.
    """
    if not 0 <= jitter < 1 or attempts < 0:
        raise ValueError("jitter must lie in [0, 1), attempts must not be negative")
    # Cut before the fourth power: a huge count must not overflow the arithmetic of dates.
    pause_s = float(min(15 + min(attempts, 100) ** 4, LONGEST_PAUSE_S))
    if retry_after_s is not None:
        pause_s = max(pause_s, min(retry_after_s, RETRY_AFTER_CAP_S))
    due = now + timedelta(seconds=min(pause_s * (1 + jitter / 2), LONGEST_PAUSE_S))
    return due if due < give_up_at else None
