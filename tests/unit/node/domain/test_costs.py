"""What an offer costs in all: exact, whatever is paid again, and never a guess where nothing is stated."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.costs import Period, a_month, over, parse_period, total_cost
from node.domain.deviations import Asked, Deviation, Point, deviations
from node.domain.offers import PartKind, PricePart, Recurring, check_price_parts
from node.domain.values import Money
from tests.builders import NOW, an_agreement, money

MINOR = st.integers(0, 10**12)
ADDED = st.sampled_from([kind for kind in PartKind if kind is not PartKind.DISCOUNT])
AMOUNTS = MINOR.map(lambda minor: Money(minor, "EUR"))
PARTS = st.lists(st.builds(PricePart, st.just("a part"), ADDED, AMOUNTS), min_size=1)
PLANS = st.builds(Recurring, AMOUNTS, st.just("P1M"), st.integers(1, 10_000))


def a_part(kind: PartKind, text: str, currency: str = "EUR") -> PricePart:
    return PricePart(kind.value, kind, money(text, currency))


def a_plan(amount: str = "12.00", period: str = "P1M", times: int = 24) -> Recurring:
    return Recurring(money(amount), period, times)


def test_price_alone_is_the_total() -> None:
    cost = total_cost(money("263.50"))
    assert cost is not None
    assert (cost.once, cost.again, cost.total) == (money("263.50"), None, money("263.50"))
    assert cost.part(PartKind.DELIVERY) is None


def test_what_is_paid_again_counts_over_its_whole_term() -> None:
    cost = total_cost(money("49.00"), (), a_plan("12.00", "P1M", 24))
    assert cost is not None
    assert (cost.again, cost.total) == (money("288.00"), money("337.00"))


def test_plan_without_a_price_costs_what_is_paid_again() -> None:
    cost = total_cost(None, (), a_plan("5.00", "P1M", 12))
    assert cost is not None
    assert (cost.once, cost.total) == (money("0.00"), money("60.00"))


def test_gift_costs_nothing() -> None:
    assert total_cost(None) is None


def test_parts_of_one_kind_are_told_together_and_never_added_to_the_price() -> None:
    parts = (
        a_part(PartKind.GOODS, "200.00"),
        a_part(PartKind.DELIVERY, "10.00"),
        a_part(PartKind.GOODS, "50.00"),
        a_part(PartKind.DISCOUNT, "5.00"),
    )
    check_price_parts(parts, money("255.00"))
    cost = total_cost(money("255.00"), parts)
    assert cost is not None
    assert cost.total == money("255.00")
    assert [cost.part(kind) for kind in (PartKind.GOODS, PartKind.DELIVERY, PartKind.TAX)] == [
        money("250.00"),
        money("10.00"),
        None,
    ]
    assert cost.part(PartKind.DISCOUNT) == money("5.00")


@pytest.mark.parametrize(
    ("price", "parts", "recurring"),
    [
        (money("10.00"), (a_part(PartKind.GOODS, "10.00", "USD"),), None),
        (money("10.00", "USD"), (), a_plan()),
    ],
)
def test_two_currencies_are_never_added(
    price: Money, parts: tuple[PricePart, ...], recurring: Recurring | None
) -> None:
    with pytest.raises(ValueError, match="not all of it is in"):
        total_cost(price, parts, recurring)


@given(MINOR, PARTS, st.one_of(st.none(), PLANS))
def test_total_is_what_is_paid_once_and_again(
    price: int, parts: list[PricePart], recurring: Recurring | None
) -> None:
    cost = total_cost(Money(price, "EUR"), parts, recurring)
    assert cost is not None
    again = recurring.amount.amount_minor * recurring.times if recurring else 0
    assert cost.total.amount_minor == price + again
    assert sum(amount.amount_minor for _, amount in cost.parts) == sum(p.amount.amount_minor for p in parts)
    assert total_cost(Money(price, "EUR"), parts[::-1], recurring) == cost


# --- periods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("P1M", Period(1, 0)),
        ("P1Y", Period(12, 0)),
        ("P1Y6M", Period(18, 0)),
        ("P2W", Period(0, 14)),
        ("P1M15D", Period(1, 15)),
        ("P0M", None),
        ("P", None),
        ("PT12H", None),
        ("monthly", None),
        ("P٣M", None),
    ],
)
def test_period_is_read_by_the_calendar_or_not_at_all(text: str, period: Period | None) -> None:
    assert parse_period(text) == period


def test_term_is_the_period_as_often_as_it_is_paid() -> None:
    assert Period(1, 2).times(24) == Period(24, 48)


@pytest.mark.parametrize(
    ("recurring", "monthly"),
    [
        (a_plan("12.00", "P1M"), money("12.00")),
        (a_plan("144.00", "P1Y"), money("12.00")),
        (a_plan("36.00", "P3M"), money("12.00")),
        (a_plan("7.00", "P1W"), money("30.44")),
        (a_plan("1.00", "PT1H"), None),
    ],
)
def test_month_of_it_makes_other_periods_comparable(recurring: Recurring, monthly: Money | None) -> None:
    assert a_month(recurring) == monthly


@given(MINOR, st.integers(1, 120))
def test_month_of_it_is_off_by_half_a_minor_unit_at_most(minor: int, months: int) -> None:
    monthly = a_month(Recurring(Money(minor, "EUR"), f"P{months}M", 1))
    assert monthly is not None
    assert abs(Fraction(monthly.amount_minor) - Fraction(minor, months)) <= Fraction(1, 2)


# --- beyond what was to be spent ----------------------------------------------------------------------------


def test_total_is_over_only_by_what_is_above() -> None:
    assert over(money("300.01"), money("300.00")) == money("0.01")
    assert over(money("300.00"), money("300.00")) is None
    assert over(money("900.00", "USD"), money("300.00")) is None
    assert over(money("900.00"), None) is None


@given(MINOR, MINOR)
def test_what_is_over_and_the_most_make_the_total(total: int, most: int) -> None:
    above = over(Money(total, "EUR"), Money(most, "EUR"))
    assert most + (above.amount_minor if above else 0) == max(total, most)


# --- where an offer departs from what was asked -------------------------------------------------------------


def test_offer_as_asked_for_has_no_deviation() -> None:
    agreement = an_agreement(price=money("289.00"), due_at=NOW)
    asked = Asked(price=money("289.00"), budget=money("300.00"), due_at=NOW)
    assert deviations(asked, agreement, total_cost(agreement.price)) == ()


def test_each_worse_point_is_told_with_both_values() -> None:
    later = NOW + timedelta(days=2)
    agreement = an_agreement(price=money("310.00"), due_at=later)
    asked = Asked(price=money("280.00"), budget=money("300.00"), due_at=NOW)
    assert deviations(asked, agreement, total_cost(agreement.price)) == (
        Deviation(Point.PRICE, money("280.00"), money("310.00")),
        Deviation(Point.BUDGET, money("300.00"), money("310.00")),
        Deviation(Point.DUE, NOW, later),
    )


def test_budget_counts_what_is_paid_again() -> None:
    agreement = an_agreement(price=money("10.00"))
    cost = total_cost(agreement.price, (), a_plan("12.00", "P1M", 30))
    asked = Asked(budget=money("300.00"))
    assert deviations(asked, agreement, cost) == (Deviation(Point.BUDGET, money("300.00"), money("370.00")),)


def test_time_that_is_not_stated_departs_from_one_that_was_asked_for() -> None:
    agreement = an_agreement(due_at=None)
    assert deviations(Asked(due_at=NOW), agreement, None) == (Deviation(Point.DUE, NOW, None),)


def test_what_she_left_open_cannot_be_departed_from() -> None:
    agreement = an_agreement(price=None, due_at=None)
    assert deviations(Asked(price=money("1.00")), agreement, None) == ()
    assert deviations(Asked(), an_agreement(), total_cost(money("900.00"))) == ()
    assert deviations(Asked(budget=money("1.00")), agreement, None) == ()
