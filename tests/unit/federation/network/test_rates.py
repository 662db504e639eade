"""How often something may happen in a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from federation.errors import TooManyRequests
from federation.messages import Limits
from federation.rates import Buckets, MinuteRate, SenderRates, domain_of

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


def test_hosts_of_one_domain_share_what_a_domain_may() -> None:
    rate = MinuteRate(per_host=5, per_domain=3, overall=10)
    for number in range(3):
        rate.spend(f"h{number}.m.example", NOW)
    with pytest.raises(TooManyRequests):
        rate.spend("h3.m.example", NOW)
    rate.spend("t.example", NOW)


def test_clock_set_back_does_not_stop_look_ups_until_it_is_there_again() -> None:
    rate = MinuteRate(per_host=1, overall=1)
    rate.spend("m.example", NOW)
    rate.spend("m.example", NOW - timedelta(days=2))


# --- buckets ---------------------------------------------------------------------------------------------

AT = NOW.timestamp()


def spend_all(buckets: Buckets, name: str, at_s: float) -> int:
    """Spend while there is room; how many that was."""
    spent = 0
    while buckets.wait_s(name, at_s) == 0:
        buckets.spend(name, at_s)
        spent += 1
    return spent


def test_bucket_holds_its_burst_and_fills_at_its_rate() -> None:
    buckets = Buckets(per_second=4, burst=20)
    assert spend_all(buckets, "m", AT) == 20
    assert buckets.wait_s("m", AT) == pytest.approx(0.25)
    assert spend_all(buckets, "m", AT + 1) == 4
    assert spend_all(buckets, "m", AT + 3600) == 20


def test_one_bucket_empties_no_other() -> None:
    buckets = Buckets(per_second=1, burst=3)
    assert spend_all(buckets, "m", AT) == 3
    assert spend_all(buckets, "t", AT) == 3


@pytest.mark.parametrize("days", [-2, 2])
def test_clock_that_jumps_makes_nobody_wait_longer_than_an_empty_bucket(days: int) -> None:
    buckets = Buckets(per_second=2, burst=10)
    spend_all(buckets, "m", AT)
    later = AT + days * 86400
    assert buckets.wait_s("m", later) <= 0.5
    assert buckets.wait_s("m", later + 0.5) == 0
    assert spend_all(buckets, "m", later + 5) == 10


def test_thousands_of_names_take_bounded_memory() -> None:
    buckets = Buckets(per_second=1, burst=100, size=50)
    for number in range(5000):
        buckets.spend(f"h{number}", AT)
        assert len(buckets) <= 50


def test_empty_bucket_is_not_refilled_by_a_crowd_of_names() -> None:
    buckets = Buckets(per_second=1, burst=100, size=50)
    spend_all(buckets, "m", AT)
    for number in range(5000):
        buckets.spend(f"h{number}", AT)
    assert buckets.wait_s("m", AT) > 0


def test_full_buckets_are_forgotten_before_any_other() -> None:
    buckets = Buckets(per_second=1, burst=100, size=3)
    spend_all(buckets, "m", AT)
    buckets.spend("idle", AT)
    buckets.spend("busy", AT + 50)
    buckets.spend("new", AT + 50)
    assert len(buckets) == 3
    assert buckets.wait_s("m", AT + 0.5) > 0


# --- senders ---------------------------------------------------------------------------------------------

SMALL = Limits(
    actor_per_second=1,
    actor_burst=3,
    host_per_second=1,
    host_burst=5,
    domain_per_second=1,
    domain_burst=8,
    key_fetches_per_host=2,
)


def spend(rates: SenderRates, *actors: str) -> None:
    for actor in actors:
        rates.spend(f"https://{actor}", NOW)


def test_actor_has_a_share_of_its_host() -> None:
    rates = SenderRates(SMALL)
    spend(rates, *["m.example/a"] * 3)
    with pytest.raises(TooManyRequests) as refused:
        spend(rates, "m.example/a")
    assert refused.value.retry_after_s == 1
    spend(rates, "m.example/b")


def test_host_has_a_share_for_all_its_actors() -> None:
    rates = SenderRates(SMALL)
    spend(rates, *(f"m.example/{number}" for number in range(5)))
    with pytest.raises(TooManyRequests):
        spend(rates, "m.example/fresh")
    spend(rates, "t.example/tess")


def test_domain_has_a_share_for_all_its_hosts() -> None:
    rates = SenderRates(SMALL)
    spend(rates, *(f"h{number}.m.example/a" for number in range(8)))
    with pytest.raises(TooManyRequests):
        spend(rates, "fresh.m.example/a")
    spend(rates, "t.example/tess")


def test_what_is_refused_is_not_charged() -> None:
    rates = SenderRates(SMALL)
    spend(rates, *["m.example/a"] * 3)
    for _ in range(20):
        with pytest.raises(TooManyRequests):
            spend(rates, "m.example/a")
    spend(rates, "m.example/b", "m.example/c")


def test_check_charges_nobody() -> None:
    rates = SenderRates(SMALL)
    for _ in range(50):
        rates.check("https://t.example/tess#main-key", NOW)
    spend(rates, "t.example/tess")


def test_check_refuses_who_has_spent_its_share() -> None:
    rates = SenderRates(SMALL)
    spend(rates, *(f"m.example/{number}" for number in range(5)))
    with pytest.raises(TooManyRequests):
        rates.check("https://m.example/fresh#main-key", NOW)


def test_endless_key_ids_take_bounded_memory() -> None:
    rates = SenderRates()
    for number in range(10_050):
        rates.check(f"https://m.example/keys/{number}", NOW)
    assert len(rates._places) <= 10_000


def test_look_ups_for_others_are_bounded_a_host() -> None:
    rates = SenderRates(SMALL)
    rates.spend_look_up("https://t.example/1", NOW)
    rates.spend_look_up("https://t.example/2", NOW)
    with pytest.raises(TooManyRequests):
        rates.spend_look_up("https://t.example/3", NOW)


def test_shipped_rates_let_a_busy_vendor_through() -> None:
    rates = SenderRates()
    for number in range(1200):
        rates.spend("https://shop.example/actors/shop", NOW + timedelta(milliseconds=number))
    for second in range(300):
        for number in range(50):
            at = NOW + timedelta(minutes=1, seconds=second, milliseconds=20 * number)
            rates.spend("https://shop.example/actors/shop", at)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("example", "example"),
        ("m.example", "m.example"),
        ("a.b.m.example", "m.example"),
        ("shop.m.co.uk", "m.co.uk"),
        ("a.abc.de", "abc.de"),
        ("x.ana.duckdns.org", "ana.duckdns.org"),
        ("duckdns.org", "duckdns.org"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:7::1", "2001:db8:0:7"),
        ("2001:db8::1", "2001:db8:0:0"),
        ("::1", "0:0:0:0"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4"),
    ],
)
def test_neighbours_are_told_from_one_owners_hosts(name: str, domain: str) -> None:
    assert domain_of(name) == domain
