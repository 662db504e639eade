"""What time alone brings: ends of offers and Accepts, presumed confirmations, the end of waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from node.desk import Desk
from node.domain.deals import Deal, DealState
from node.domain.events import AcceptanceEnded, OfferEnded
from node.domain.intents import IntentState
from node.domain.tables import is_terminal
from node.domain.transitions import tick
from node.services.dealing import follow_events, notice, save
from node.services.media import drop_passing, next_passing
from node.services.plain_casts import end_or_send_due
from node.services.plain_quotes import end_due_quotes
from node.services.standing import tell_of_ends

__all__ = ["next_wake", "run_due"]

AT_ONCE = 200


def run_due(desk: Desk) -> int:
    """Let the clock act on everything that is due; how much that was (call again while it is not 0).

    It strikes no further than to where the inbox has been read: what arrived before an end, and waits, is not
    late.
    """
    waiting_since = desk.tx.inbox.waiting_since()
    now = desk.now if waiting_since is None else min(desk.now, waiting_since)
    due = desk.tx.deals.due(now, AT_ONCE)
    for deal in due:
        _tick(desk, deal, now)
    expired = desk.tx.parking.expired(desk.now, AT_ONCE)
    for parked in expired:
        desk.tx.parking.remove(parked.own, parked.activity_id)
    ended = end_due_quotes(desk, now, AT_ONCE)
    ended += tell_of_ends(desk, now, AT_ONCE)
    casts, over = end_or_send_due(desk, desk.now, AT_ONCE)
    for intent_id in over:
        _end_intent(desk, intent_id, desk.now)
    ended += casts
    return len(due) + len(expired) + ended + drop_passing(desk)


def _tick(desk: Desk, deal: Deal, now: datetime) -> None:
    outcome = tick(deal, now, desk.setting.policy)
    follow_events(desk, outcome.deal, outcome.events)
    for event in outcome.events:
        if isinstance(event, OfferEnded):
            notice(desk, outcome.deal, "An offer has ended.", kind="clock", code="offer-ended")
        elif isinstance(event, AcceptanceEnded):
            text = "The vendor did not conclude in time: you are free."
            notice(desk, outcome.deal, text, kind="clock", code="not-concluded")
    save(desk, outcome.deal)
    if outcome.deal.state is not deal.state and is_terminal(outcome.deal.state):
        _end_intent(desk, outcome.deal.intent_id or "", now)


def _end_intent(desk: Desk, intent_id: str, now: datetime) -> None:
    """An intent is over when the last of its deals is."""
    intent = desk.tx.intents.get(intent_id)
    if intent is None or intent.state is not IntentState.LIVE or intent.ends_at > now:
        return
    waiting = (
        DealState.OPEN,
        DealState.OFFERED,
        DealState.COUNTERED,
        DealState.ACCEPTING,
        DealState.ANSWERABLE,
    )
    if not any(other.state in waiting for other in desk.tx.deals.of_intent(intent.id)):
        desk.tx.intents.save(replace(intent, state=IntentState.EXPIRED))


def next_wake(desk: Desk) -> datetime | None:
    """When the clock next has something to do."""
    times = (
        desk.tx.deals.next_wake(),
        desk.tx.parking.next_expiry(),
        desk.tx.plain_quotes.next_end(),
        desk.tx.plain_casts.next_wake(),
        desk.tx.posts.next_end(),
        next_passing(desk),
    )
    return min((at for at in times if at is not None), default=None)
