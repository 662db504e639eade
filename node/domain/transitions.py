"""(deal, message, now) → (deal, events): the one place where a deal changes.

`apply` serves both directions: what a peer sent and what our own user wants to send go through the same
tables and the same steps. Nothing here reads a clock, makes an id or touches a store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from node.domain import fulfilment, negotiation
from node.domain.deals import AcceptanceState, CancellationState, Deal, DealKind, DealState, OfferState
from node.domain.edits import replace
from node.domain.errors import Early, Reason, Refusal, Superfluous
from node.domain.events import Event, Noted, OfferEnded
from node.domain.messages import Accept, Conclude, Decline, Kind, Message, Sender
from node.domain.policy import Policy
from node.domain.sayings import said
from node.domain.steps import Context, Step, end_acceptance, lapse_cancellations
from node.domain.tables import TABLES, Mark

__all__ = ["Outcome", "apply", "settle", "tick"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The deal as it is now, and what has to follow in the same transaction."""

    deal: Deal
    events: tuple[Event, ...] = ()


_STEPS: dict[Kind, Step] = {**negotiation.STEPS, **fulfilment.STEPS}


def apply(
    deal: Deal,
    message: Message,
    *,
    sender: Sender,
    now: datetime,
    policy: Policy,
    may_release: bool = True,
) -> Outcome:
    """Let `message` of `sender` act on `deal`.

    Shapes: `sender` is the party that signed it, already authenticated; `may_release` says that nothing shows
            that the conclusion had reached the customer in time (only read when she refuses one as late).
    Units:  `now` is aware UTC, the receiving node's own clock.
    Raises: Refusal (answered with its reason), Superfluous (recorded, not answered), Early (parked).
    Spec:   `protocol §4`.
    """
    if message.deal_id != deal.id or message.actor != (deal.own if sender is deal.side else deal.peer):
        raise Refusal(Reason.NOT_ADDRESSED, "no such deal")
    context = Context(sender=sender, now=now, policy=policy, may_release=may_release)
    current = tick(deal, now, policy)
    deal, events = current.deal, current.events
    target = TABLES[deal.kind, deal.side].get((deal.state, message.kind, sender))
    if target is None:
        raise _why_not(deal, message)
    if target is Mark.PARK:
        raise Early(f"a {message.kind} came before what it answers")
    deal, more = _STEPS[message.kind](deal, message, context)
    deal = replace(deal, state=_resolve(target, deal, now), last_at=now)
    return Outcome(deal, (*events, *more))


def _resolve(target: DealState | Mark, deal: Deal, now: datetime) -> DealState:
    if isinstance(target, DealState):
        return target
    return settle(deal, now) if target is Mark.AFTER else deal.state


def tick(deal: Deal, now: datetime, policy: Policy) -> Outcome:
    """What the clock alone changes: ends of offers, Accepts, cancellations, and presumed confirmation."""
    if (deal.state, Kind.TICK, Sender.CLOCK) not in TABLES[deal.kind, deal.side]:
        return Outcome(deal)
    before = deal
    events: list[Event] = []
    for offer in deal.live_offers:
        if offer.ends_at <= now:
            deal = deal.with_offer(ended := replace(offer, state=OfferState.EXPIRED))
            events.append(OfferEnded(ended))
    for found in deal.acceptances:
        if found.state is AcceptanceState.PENDING and found.ends_at <= now:
            deal, ended_with = end_acceptance(deal, found, AcceptanceState.LAPSED, now)
            events += ended_with
    for asked in deal.pending_cancellations:
        if asked.ends_at <= now:
            deal = deal.with_cancellation(replace(asked, state=CancellationState.LAPSED))
            events.append(Noted("The cancellation was not answered in time.", code="cancel-lapsed"))
    if deal.answer_by is not None and deal.answer_by <= now:
        deal = replace(deal, answer_by=None)
    delivered_at = deal.delivered_whole_at() if deal.agreed else None
    if delivered_at is not None and deal.confirmed_at is None and delivered_at + policy.presume_after <= now:
        deal = lapse_cancellations(deal)
        deal = replace(deal, confirmed_at=delivered_at + policy.presume_after, presumed=True)
        events.append(Noted("Nobody objected: receipt of the goods is presumed.", code="presumed"))
    state = settle(deal, now)
    if state is not deal.state:
        deal = replace(deal, state=state)
    # Nearly always the clock has changed nothing; to compare two deals takes them apart.
    return Outcome(deal, tuple(events)) if deal is not before and deal != before else Outcome(before)


def settle(deal: Deal, now: datetime) -> DealState:
    """The state that follows from what is left (the mark AFTER)."""
    if deal.agreed is not None:
        return _settle_agreed(deal)
    pending = any(found.state is AcceptanceState.PENDING for found in deal.acceptances)
    if deal.kind is DealKind.ORDER:
        return _settle_order(deal)
    ladder = (
        (pending, DealState.ACCEPTING),
        (deal.withdrawn_at is not None, DealState.WITHDRAWN),
        (bool(deal.live_offers), DealState.OFFERED),
        (deal.declined and deal.answer_by is not None, DealState.ANSWERABLE),
        (deal.declined, DealState.DECLINED),
        (deal.refused is not None, DealState.REFUSED),
        (deal.no_bid, DealState.NO_BID),
        (deal.proposal is None or deal.proposal.ends_at <= now, DealState.EXPIRED),
        (deal.counter_pending, DealState.COUNTERED),
    )
    return next((state for holds, state in ladder if holds), DealState.OPEN)


def _settle_agreed(deal: Deal) -> DealState:
    if any(found.state is CancellationState.ACCEPTED for found in deal.cancellations):
        return DealState.CANCELLED
    if deal.confirmed_at is not None:
        return DealState.CONFIRMED
    return DealState.CANCELLING if deal.pending_cancellations else DealState.CONCLUDED


def _settle_order(deal: Deal) -> DealState:
    if deal.live_offers:
        return DealState.ORDERED
    return DealState.REFUSED if deal.refused is not None else DealState.EXPIRED


_OFFER_ENDED_WHY: dict[OfferState, Reason] = {
    OfferState.SUPERSEDED: Reason.SUPERSEDED,
    OfferState.WITHDRAWN: Reason.WITHDRAWN,
    OfferState.EXPIRED: Reason.EXPIRED,
}
_STATE_WHY: dict[DealState, Reason] = {
    DealState.NEW: Reason.NOT_ADDRESSED,
    DealState.WITHDRAWN: Reason.WITHDRAWN,
    DealState.EXPIRED: Reason.EXPIRED,
}


def _why_not(deal: Deal, message: Message) -> Refusal:
    """The refusal that says most to the sender of a message that is not in the table."""
    words = said("a %(kind)s is not possible: the deal is %(state)s", kind=message.kind, state=deal.state)
    if isinstance(message, Accept) and (offer := deal.offer(message.offer_id)) is not None:
        if offer.digest != message.offer_digest:
            return Refusal(Reason.SUPERSEDED, "the offer that we know has another digest")
        return Refusal(_OFFER_ENDED_WHY.get(offer.state, Reason.OUT_OF_STATE), words)
    if isinstance(message, Conclude):
        found = deal.acceptance_by_digest(message.accept_digest)
        if found is not None and found.state in (AcceptanceState.LAPSED, AcceptanceState.RELEASED):
            return Refusal(Reason.EXPIRED, "the conclusion came after the end of the Accept")
    if _is_moot(deal, message):
        return Superfluous(_STATE_WHY.get(deal.state, Reason.OUT_OF_STATE), words)
    if message.kind in _BY_STATE:
        return Refusal(_STATE_WHY.get(deal.state, Reason.OUT_OF_STATE), words)
    return Refusal(Reason.NOT_ADDRESSED if deal.state is DealState.NEW else Reason.OUT_OF_STATE, words)


def _is_moot(deal: Deal, message: Message) -> bool:
    """Whether it crossed on the way with what settled its question already, so that nobody need be told."""
    if deal.kind is DealKind.ORDER or deal.state is DealState.NEW or message.actor == deal.own:
        return False
    if isinstance(message, Decline):
        return deal.agreed is not None and deal.agreed.offer_id != message.offer_id
    return message.kind in (Kind.NO_BID, Kind.SHORTLIST)


_BY_STATE = (Kind.OFFER, Kind.ASK, Kind.COUNTER, Kind.ACCEPT, Kind.UPDATE, Kind.ORDER_ACCEPT, Kind.SHORTLIST)
