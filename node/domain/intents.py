"""What a customer wants: the private intent, and the proposal that each vendor receives of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from node.domain.values import Money, Quantity

__all__ = ["Budget", "Intent", "IntentState", "PersonaMode", "Place", "Proposal", "Weight", "Wish"]


class Weight(StrEnum):
    MUST = "must"
    NICE = "nice"


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish: words for people, and where it can be judged by a machine `prop op value unit`.

    `op`: `is` equal, `min` at least, `max` at most, `fits` within the item's range.
    """

    id: str
    text: str
    weight: Weight
    prop: str | None = None
    op: str | None = None
    value: str | None = None
    unit: str | None = None

    @property
    def is_structured(self) -> bool:
        return self.prop is not None and self.op is not None and self.value is not None


@dataclass(frozen=True, slots=True)
class Place:
    """A named place, coarse by intention; `radius` in `units` around latitude and longitude."""

    name: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius: float | None = None
    units: str | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a customer wants to spend; hidden unless she chose to say it."""

    maximum: Money


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one vendor is told: a request with its two sides, `#primary` (goods) and `#reciprocal` (money).

    `currency` is None on the gift path, which has no reciprocal; `price` is set where a counter names one.
    `named_parties` says that primary and reciprocal name receiver and provider, as a cast does.
    """

    id: str
    deal_id: str
    author: str
    addressee: str
    category: str
    quantity: Quantity
    published_at: datetime
    ends_at: datetime
    action: str = "transfer"
    currency: str | None = None
    price: Money | None = None
    name: str | None = None
    content: str | None = None
    updated_at: datetime | None = None
    due_at: datetime | None = None
    place: Place | None = None
    wishes: tuple[Wish, ...] = ()
    terms: tuple[str, ...] = ()
    budget: Budget | None = None
    supersedes: str | None = None
    named_parties: bool = True
    sequence: int | None = 1

    @property
    def primary_id(self) -> str:
        return f"{self.id}#primary"

    @property
    def reciprocal_id(self) -> str:
        return f"{self.id}#reciprocal"

    @property
    def stated_at(self) -> datetime:
        """When it was last stated; statements of one deal are ordered by it."""
        return self.updated_at or self.published_at


class PersonaMode(StrEnum):
    """Who signs a cast: a fresh persona for each deal, one for each vendor, or the account itself."""

    PER_DEAL = "deal"
    PER_VENDOR = "vendor"
    MYSELF = "myself"


class IntentState(StrEnum):
    LIVE = "live"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Intent:
    """The customer's own record: one intent becomes one deal per vendor. Never leaves her node whole."""

    id: str
    account: str
    name: str
    category: str
    quantity: Quantity
    created_at: datetime
    ends_at: datetime
    action: str = "transfer"
    content: str | None = None
    currency: str | None = None
    budget: Money | None = None
    share_budget: bool = False
    due_at: datetime | None = None
    place: Place | None = None
    wishes: tuple[Wish, ...] = ()
    terms: tuple[str, ...] = ()
    persona_mode: PersonaMode = PersonaMode.PER_DEAL
    state: IntentState = IntentState.LIVE
    deal_ids: tuple[str, ...] = ()
    losers_reason: str | None = None
    """What those are told whose offer was not taken; None: nothing but the fact."""
    losers_may_answer: bool = False
    held_until: datetime | None = None
    """Until then the casts wait, and can be taken back as though they had never been."""
