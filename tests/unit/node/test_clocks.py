"""Time goes on steadily beside a clock that jumps, until the clock comes back or is believed (X11, X12)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from node.clocks import BELIEVED_AFTER, TOLERANCE, Doubt, Mark, SteadyClock, boot_seconds, this_boot
from tests.builders import NOW

DAYS = timedelta(days=2)


class Machine:
    """A clock that can be set, and a count of seconds that cannot."""

    def __init__(self) -> None:
        self.wall = NOW
        self.count_s = 1000.0

    def passes(self, **by: float) -> None:
        self.wall += timedelta(**by)
        self.count_s += timedelta(**by).total_seconds()

    def watched(self, boot: str = "this") -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.count_s, boot=boot)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize("jump", [DAYS, -DAYS])
def test_a_jump_moves_no_time_and_is_told_once(
    machine: Machine, jump: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    clock = machine.watched()
    machine.wall += jump
    machine.passes(seconds=10)
    assert clock() == NOW + timedelta(seconds=10)
    assert clock.doubt == Doubt(NOW + timedelta(seconds=10), jump)
    machine.passes(minutes=30)
    assert clock() == NOW + timedelta(minutes=30, seconds=10)
    assert len([line for line in caplog.messages if "jumped" in line]) == 1
    assert ("ahead" if jump > timedelta() else "back") in caplog.messages[0]
    machine.wall -= jump
    assert clock() == machine.wall
    assert not clock.doubt
    assert "as it should be again" in caplog.messages[-1]


def test_small_corrections_are_followed_at_once(machine: Machine) -> None:
    clock = machine.watched()
    for step in (TOLERANCE, -TOLERANCE, TOLERANCE / 2):
        machine.wall += step
        assert clock() == machine.wall
        assert clock.doubt is None


def test_a_clock_that_stays_is_believed_in_the_end(machine: Machine) -> None:
    clock = machine.watched()
    machine.wall += DAYS
    clock()
    machine.passes(seconds=BELIEVED_AFTER.total_seconds() - 1)
    assert clock() == machine.wall - DAYS
    machine.passes(seconds=1)
    assert clock() == machine.wall
    assert clock.doubt is None


def test_a_second_jump_begins_the_wait_anew(machine: Machine) -> None:
    clock = machine.watched()
    machine.wall += DAYS
    clock()
    machine.passes(seconds=BELIEVED_AFTER.total_seconds() - 1)
    machine.wall += DAYS
    clock()
    machine.passes(seconds=2)
    assert clock() == machine.wall - 2 * DAYS
    assert clock.doubt is not None
    assert clock.doubt.by == 2 * DAYS


def test_the_owners_word_is_enough(machine: Machine) -> None:
    clock = machine.watched()
    machine.wall += DAYS
    clock()
    assert clock.trust() == machine.wall
    assert clock() == machine.wall
    assert clock.doubt is None


def test_a_machine_that_slept_has_not_jumped(machine: Machine) -> None:
    clock = machine.watched()
    machine.passes(hours=9)
    assert clock() == machine.wall
    assert clock.doubt is None


def test_without_a_count_the_clock_is_believed(machine: Machine) -> None:
    clock = SteadyClock(lambda: machine.wall)
    machine.wall += DAYS
    assert clock() == clock.trust() == machine.wall
    clock.resume(Mark(NOW - DAYS, 0.0, ""))
    assert (clock(), clock.mark().elapsed_s) == (machine.wall, 0.0)


@pytest.mark.parametrize("jump", [DAYS, -DAYS])
def test_a_restart_in_the_same_run_of_the_machine_knows_what_time_it_is(
    machine: Machine, jump: timedelta
) -> None:
    mark = Mark.load(machine.watched().mark().dump())
    assert mark == Mark(NOW, 1000.0, "this")
    machine.passes(hours=3)
    machine.wall += jump
    again = machine.watched()
    again.resume(mark)
    assert again() == NOW + timedelta(hours=3)
    assert again.doubt is not None


def test_after_a_new_start_of_the_machine_only_a_clock_before_the_mark_is_wrong(machine: Machine) -> None:
    mark = machine.watched().mark()
    machine.count_s = 5.0
    machine.wall += DAYS
    later = machine.watched("another")
    later.resume(mark)
    assert (later(), later.doubt) == (machine.wall, None)
    machine.wall = NOW - DAYS
    earlier = machine.watched("another")
    earlier.resume(mark)
    assert earlier() == NOW
    assert earlier.doubt is not None


def test_a_count_that_began_anew_is_not_taken_for_the_old_one(machine: Machine) -> None:
    mark = machine.watched().mark()
    machine.count_s = 5.0
    clock = machine.watched()
    clock.resume(mark)
    assert clock() == machine.wall


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (timedelta(minutes=10), "ahead by 10 minutes"),
        (-timedelta(hours=3), "back by 3 hours"),
        (timedelta(days=2), "ahead by 2.0 days"),
    ],
)
def test_a_jump_is_told_in_words(by: timedelta, words: str) -> None:
    assert Doubt(NOW, by).words.endswith(words)


def test_the_machine_counts_seconds_and_names_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < boot_seconds() <= boot_seconds()
    assert this_boot() == this_boot()
    monkeypatch.setattr("node.clocks._BOOT", Path("/nowhere"))
    assert this_boot() == ""
