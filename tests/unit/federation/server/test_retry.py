from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.retry import LONGEST_PAUSE_S, next_attempt

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FAR = NOW + timedelta(days=365)


def seconds(attempts: int, **change: object) -> float:
    due = next_attempt(attempts, NOW, **{"jitter": 0.0, "give_up_at": FAR, **change})  # type: ignore[arg-type]
    assert due is not None
    return (due - NOW).total_seconds()


def test_pauses_grow_with_the_fourth_power_of_the_tries() -> None:
    assert [seconds(n) for n in (0, 1, 2, 3)] == [15, 16, 31, 96]


def test_jitter_adds_up_to_half() -> None:
    assert seconds(1, jitter=0.5) == 20


def test_no_pause_is_longer_than_twelve_hours() -> None:
    assert seconds(10**9, jitter=0.99) == LONGEST_PAUSE_S


def test_retry_after_is_obeyed_but_not_beyond_an_hour() -> None:
    assert seconds(1, retry_after_s=600) == 600
    assert seconds(1, retry_after_s=10**9) == 3600
    assert seconds(1, retry_after_s=1) == 16


def test_no_try_is_made_at_or_after_the_end() -> None:
    assert next_attempt(0, NOW, jitter=0, give_up_at=NOW + timedelta(seconds=15)) is None
    assert next_attempt(0, NOW, jitter=0, give_up_at=NOW + timedelta(seconds=16)) is not None


def test_seven_days_hold_many_tries_and_end() -> None:
    now, tries = NOW, 0
    while True:
        tries += 1
        due = next_attempt(tries, now, jitter=0.5, give_up_at=NOW + timedelta(days=7))
        if due is None:
            break
        now = due
    assert 15 <= tries <= 40


@pytest.mark.parametrize(("attempts", "jitter"), [(-1, 0.0), (0, 1.0), (0, -0.1)])
def test_nonsense_is_refused(attempts: int, jitter: float) -> None:
    with pytest.raises(ValueError, match="jitter"):
        next_attempt(attempts, NOW, jitter=jitter, give_up_at=FAR)


@given(
    st.integers(0, 10**12),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.floats(0, 10**12, allow_nan=False),
)
def test_the_next_try_lies_ahead_and_within_twelve_hours(
    attempts: int, jitter: float, retry_after: float | None
) -> None:
    pause = seconds(attempts, jitter=jitter, retry_after_s=retry_after)
    assert 15 <= pause <= LONGEST_PAUSE_S
