"""What the steps of a deal share: their context, their shape, and the few checks that several make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from node.domain.deals import (
    Acceptance,
    AcceptanceState,
    CancellationState,
    Deal,
    OfferRecord,
    OfferState,
)
from node.domain.edits import replace
from node.domain.errors import Reason, Refusal
from node.domain.events import AcceptanceEnded, Event, OfferEnded
from node.domain.messages import Sender
from node.domain.policy import Policy
from node.domain.sayings import said

__all__ = [
    "Context",
    "Result",
    "Step",
    "check_lifetime",
    "end_acceptance",
    "known_offer",
    "lapse_cancellations",
    "require",
]

Result = tuple[Deal, tuple[Event, ...]]


@dataclass(frozen=True, slots=True)
class Context:
    """Who speaks, what time it is here, and by which numbers."""

    sender: Sender
    now: datetime
    policy: Policy
    may_release: bool = True


Step = Callable[[Deal, Any, Context], Result]
"""A step trusts the table for the state and checks what the table cannot: references, amounts, clocks."""


def require(holds: bool, reason: Reason, detail: str) -> None:
    """Raises: Refusal unless it holds."""
    if not holds:
        raise Refusal(reason, detail)


def known_offer(deal: Deal, offer_id: str, offer_digest: str) -> OfferRecord:
    """The offer that a message cites. Raises: Refusal(notAddressed, superseded)."""
    offer = deal.offer(offer_id)
    if offer is None:
        raise Refusal(Reason.NOT_ADDRESSED, "no such offer in this deal")
    require(offer.digest == offer_digest, Reason.SUPERSEDED, "the offer that we know has another digest")
    return offer


def end_acceptance(deal: Deal, acceptance: Acceptance, state: AcceptanceState, now: datetime) -> Result:
    """An Accept came to nothing: its offer lives on where only the time ran out, else it has ended.

    One that had lapsed before gave its offer back then; a second Accept of that offer may be under way.
    """
    was_pending = acceptance.state is AcceptanceState.PENDING
    acceptance = replace(acceptance, state=state)
    deal = deal.with_acceptance(acceptance)
    ended = AcceptanceEnded(acceptance)
    offer = deal.offer(acceptance.offer_id)
    if offer is None or not was_pending:
        return deal, (ended,)
    if state is not AcceptanceState.LAPSED:
        becomes = offer.fate or OfferState.REFUSED
    elif offer.fate is not None:
        becomes = offer.fate
    else:
        becomes = OfferState.LIVE if offer.ends_at > now else OfferState.EXPIRED
    offer = replace(offer, state=becomes, fate=None)
    deal = deal.with_offer(offer)
    return deal, (ended,) if becomes is OfferState.LIVE else (ended, OfferEnded(offer))


def lapse_cancellations(deal: Deal) -> Deal:
    """What is fulfilled and confirmed is not waiting to be cancelled any more."""
    for found in deal.pending_cancellations:
        deal = deal.with_cancellation(replace(found, state=CancellationState.LAPSED))
    return deal


def check_lifetime(
    starts_at: datetime, ends_at: datetime, longest: timedelta, context: Context, what: str
) -> None:
    """Neither over nor too long; counted from when it was stated, but a stated future does not lengthen it.

    Raises: Refusal(expired, malformed). Spec: `protocol §4`, clocks.
    """
    require(ends_at > context.now, Reason.EXPIRED, said("the %(what)s has ended", what=what))
    starts_at = min(starts_at, context.now + context.policy.clock_leeway)
    latest = starts_at + longest
    too_long = said("the %(what)s lasts longer than %(days)s days", what=what, days=longest.days)
    require(ends_at <= latest, Reason.MALFORMED, too_long)
