"""Which of two wordings is the newer one, where their authors tell whole seconds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from node.domain.wordings import MOST_OF_A_MOMENT, stood_before, wording
from tests.builders import NOW

SECOND = timedelta(seconds=1)


def test_an_edit_that_says_a_later_time_stands_and_begins_a_moment_of_its_own() -> None:
    assert stood_before(NOW + SECOND, "b", moment=NOW, before="a", stood=("x",)) == ()
    assert stood_before(NOW + SECOND, "a", moment=NOW, before="a", stood=()) == (), "the time is new"


@pytest.mark.parametrize("told_at", [None, NOW - SECOND])
def test_an_edit_that_says_no_time_or_an_earlier_one_is_not_newer(told_at: None) -> None:
    assert stood_before(told_at, "b", moment=NOW, before="a", stood=()) is None


def test_of_one_second_the_wording_that_came_last_stands_and_none_comes_back() -> None:
    stood = stood_before(NOW, "b", moment=NOW, before="a", stood=())
    assert stood == ("a",)
    stood = stood_before(NOW, "c", moment=NOW, before="b", stood=stood)
    assert stood == ("a", "b")
    for again in "abc":
        assert stood_before(NOW, again, moment=NOW, before="c", stood=stood) is None


def test_wordings_of_one_second_are_bounded() -> None:
    full = tuple(str(number) for number in range(MOST_OF_A_MOMENT))
    assert stood_before(NOW, "b", moment=NOW, before="a", stood=full) is None
    assert stood_before(NOW, "b", moment=NOW, before="a", stood=full[1:]) == (*full[1:], "a")


def test_all_that_readers_see_makes_a_wording() -> None:
    seen = [("a", "", "", ""), ("", "a", "", ""), ("", "", "a", ""), ("", "", "", "a")]
    assert len({wording(*one, ()) for one in seen}) == 4
