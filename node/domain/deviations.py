"""Where an offer departs from what she asked for: each point with both values, to be shown as a red-line.

The protocol refuses an offer of other quantities, another currency or other terms
(`negotiation.check_answer`), so what is left to differ is the price, the total, and the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from node.domain.costs import Cost, over
from node.domain.offers import AgreementTerms
from node.domain.values import Money

__all__ = ["Asked", "Deviation", "Point", "deviations"]


class Point(StrEnum):
    PRICE = "price"
    """Above the price that she named in a counter-offer."""
    BUDGET = "budget"
    """In all, above the most that she wants to spend."""
    DUE = "due"
    """Later than she asked for, or at no time that is stated."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What she asked for, as far as an offer can depart from it; None where she left it open."""

    price: Money | None = None
    budget: Money | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure; `offered` is None where the offer does not say."""

    point: Point
    asked: Money | datetime
    offered: Money | datetime | None


def deviations(asked: Asked, agreement: AgreementTerms, cost: Cost | None) -> tuple[Deviation, ...]:
    """Every point in which an offer is worse than what was asked for; better is no deviation."""
    found: list[Deviation] = []
    price = agreement.price
    if asked.price is not None and price is not None and over(price, asked.price) is not None:
        found.append(Deviation(Point.PRICE, asked.price, price))
    if asked.budget is not None and cost is not None and over(cost.total, asked.budget) is not None:
        found.append(Deviation(Point.BUDGET, asked.budget, cost.total))
    due_at = agreement.due_at
    if asked.due_at is not None and (due_at is None or due_at > asked.due_at):
        found.append(Deviation(Point.DUE, asked.due_at, due_at))
    return tuple(found)
