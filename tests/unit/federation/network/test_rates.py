"""How often something may happen in a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from federation.errors import TooManyRequests
from federation.rates import MinuteRate

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_one_host_spends_only_its_own_share() -> None:
    rate = MinuteRate(per_host=2, overall=10)
    rate.spend("m.example", NOW)
    rate.spend("m.example", NOW)
    with pytest.raises(TooManyRequests):
        rate.spend("m.example", NOW)
    rate.spend("t.example", NOW)


def test_all_hosts_together_are_bounded() -> None:
    rate = MinuteRate(per_host=2, overall=3)
    for name in ("a.example", "b.example", "c.example"):
        rate.spend(name, NOW)
    with pytest.raises(TooManyRequests) as refused:
        rate.spend("d.example", NOW + timedelta(seconds=20))
    assert refused.value.retry_after_s == 41


def test_a_minute_later_it_may_happen_again() -> None:
    rate = MinuteRate(per_host=1, overall=1)
    rate.spend("m.example", NOW)
    rate.spend("m.example", NOW + timedelta(minutes=1))
    with pytest.raises(TooManyRequests):
        rate.spend("m.example", NOW + timedelta(seconds=90))


def test_a_share_comes_back_piece_by_piece() -> None:
    rate = MinuteRate(per_host=2, overall=5)
    rate.spend("m.example", NOW)
    rate.spend("m.example", NOW + timedelta(seconds=30))
    rate.spend("m.example", NOW + timedelta(seconds=61))
    with pytest.raises(TooManyRequests):
        rate.spend("m.example", NOW + timedelta(seconds=62))


def test_a_host_that_may_do_nothing_hears_when_the_minute_is_over() -> None:
    with pytest.raises(TooManyRequests) as refused:
        MinuteRate(per_host=0, overall=0).spend("m.example", NOW)
    assert refused.value.retry_after_s == 61
