"""What the steps of a deal share: their context, their shape, and the few checks that several make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from node.domain.deals import Acceptance, AcceptanceState, Deal, OfferRecord, OfferState
from node.domain.errors import Reason, Refusal
from node.domain.events import Event
from node.domain.messages import Sender
from node.domain.policy import Policy

__all__ = ["Context", "Result", "Step", "end_acceptance", "known_offer", "require"]

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


def end_acceptance(deal: Deal, acceptance: Acceptance, state: AcceptanceState, now: datetime) -> Deal:
    """A pending Accept came to nothing: its offer lives on where only the time ran out, else it has ended."""
    deal = deal.with_acceptance(replace(acceptance, state=state))
    offer = deal.offer(acceptance.offer_id)
    if offer is None or offer.state is not OfferState.ACCEPTED:
        return deal
    if state is not AcceptanceState.LAPSED:
        ended = offer.fate or OfferState.REFUSED
    elif offer.fate is not None:
        ended = offer.fate
    else:
        ended = OfferState.LIVE if offer.ends_at > now else OfferState.EXPIRED
    return deal.with_offer(replace(offer, state=ended, fate=None))
