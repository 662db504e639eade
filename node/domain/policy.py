"""The numbers of the protocol, in one place (`protocol §4` and `§6`). Durations are timedeltas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["PROTOCOL", "Policy"]

PROTOCOL = "https://w3id.org/obverse/ns#protocol-1"
"""The capability by which nodes of our kind know each other (`protocol §1`)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Clocks and limits of a deal; an instance travels with the node's configuration."""

    intent_default: timedelta = timedelta(days=14)
    intent_max: timedelta = timedelta(days=90)
    offer_default: timedelta = timedelta(days=3)
    offer_max: timedelta = timedelta(days=30)
    counter: timedelta = timedelta(hours=72)
    conclude_within: timedelta = timedelta(hours=24)
    better_offer_within: timedelta = timedelta(days=7)
    cancellation: timedelta = timedelta(hours=72)
    order_default: timedelta = timedelta(hours=24)
    presume_after: timedelta = timedelta(days=14)
    parked_for: timedelta = timedelta(hours=72)
    parked_per_deal: int = 20
    parked_per_actor: int = 100
    questions_before_offer: int = 3
    notes_per_deal: int = 200
    statements_per_deal: int = 100
    progress_per_deal: int = 100
    cancellations_per_deal: int = 5
    counters: int = 5
    offers_per_intent: int = 30
    max_clock_ahead: timedelta = timedelta(minutes=5)
    clock_leeway: timedelta = timedelta(days=1)
    """How far a peer's clock may be ahead before a lifetime counted by it is too long by ours."""
