"""What an offer costs in all, so that offers can be compared: once, again and again, and over the whole term.

Exact: amounts are whole minor units, and only a share of a month is ever rounded. What a vendor does not
state stays None, since nothing and "not stated" are not the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from node.domain.offers import PartKind, PricePart, Recurring
from node.domain.values import Money

__all__ = ["Cost", "Period", "a_month", "over", "parse_period", "total_cost"]

_PERIOD = re.compile(r"P(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,4})D)?", re.ASCII)
_DAYS_A_MONTH = Fraction(3_652_425, 120_000)
"""The mean month of the calendar: 365.2425 days in twelve."""


@dataclass(frozen=True, slots=True)
class Period:
    """A time by the calendar, as an ISO 8601 duration gives it; never nothing."""

    months: int
    days: int

    @property
    def mean_months(self) -> Fraction:
        return self.months + self.days / _DAYS_A_MONTH

    def times(self, count: int) -> Period:
        """The whole term of so many periods."""
        return Period(self.months * count, self.days * count)


def parse_period(text: str) -> Period | None:
    """`P1M`, `P2W`, `P1Y6M`; None for nothing, for what is no duration, and for hours and below.

    Spec: ISO 8601-1 §5.5.2.
    """
    found = _PERIOD.fullmatch(text)
    if found is None:
        return None
    years, months, weeks, days = (int(part or 0) for part in found.groups())
    period = Period(years * 12 + months, weeks * 7 + days)
    return period if period.months or period.days else None


@dataclass(frozen=True, slots=True)
class Cost:
    """What an offer costs: `once` when it is accepted, `again` over its whole term, `total` together.

    `parts` are what the vendor states of `once`, by kind; a discount is what is taken off.
    """

    once: Money
    again: Money | None
    total: Money
    parts: tuple[tuple[PartKind, Money], ...] = ()
    recurring: Recurring | None = None

    def part(self, kind: PartKind) -> Money | None:
        """What is stated of a kind, None where nothing is."""
        return next((amount for found, amount in self.parts if found == kind), None)


def total_cost(
    price: Money | None, parts: Iterable[PricePart] = (), recurring: Recurring | None = None
) -> Cost | None:
    """Price, with all that it is made of, and what is paid again; None where nothing is paid.

    Shapes: `parts` sum to `price` (`offers.check_price_parts` saw to that), so they are never added to it.
    Raises: ValueError where two currencies would have to be added.
    """
    stated = [amount for amount in (price, recurring.amount if recurring else None) if amount is not None]
    if not stated:
        return None
    currency, listed = stated[0].currency, tuple(parts)
    if any(amount.currency != currency for amount in (*stated, *(part.amount for part in listed))):
        raise ValueError(f"not all of it is in {currency}")
    once = price if price is not None else Money(0, currency)
    again = Money(recurring.amount.amount_minor * recurring.times, currency) if recurring else None
    total = Money(once.amount_minor + (again.amount_minor if again else 0), currency)
    return Cost(once, again, total, _by_kind(listed, currency), recurring)


def _by_kind(parts: tuple[PricePart, ...], currency: str) -> tuple[tuple[PartKind, Money], ...]:
    sums: dict[PartKind, int] = {}
    for part in parts:
        sums[part.kind] = sums.get(part.kind, 0) + part.amount.amount_minor
    return tuple((kind, Money(sums[kind], currency)) for kind in PartKind if kind in sums)


def a_month(recurring: Recurring) -> Money | None:
    """What is paid again, as a month of it: offers with other periods can be compared. Rounded half-even.

    None where the period is none of the calendar's.
    """
    period = parse_period(recurring.period)
    if period is None:
        return None
    share = Fraction(recurring.amount.amount_minor) / period.mean_months
    return Money(round(share), recurring.amount.currency)


def over(total: Money, most: Money | None) -> Money | None:
    """By how much a total is above what was to be spent; None where it is not, or nobody can tell."""
    if most is None or most.currency != total.currency or total.amount_minor <= most.amount_minor:
        return None
    return Money(total.amount_minor - most.amount_minor, total.currency)
