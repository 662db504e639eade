"""One of several answers to an intent is taken: there can be one, and the others hear of it."""

from __future__ import annotations

from dataclasses import replace

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import AcceptanceState, Deal, DealState
from node.domain.errors import InvalidInput
from node.domain.intents import Intent, IntentState
from node.domain.messages import Decline
from node.domain.sayings import said
from node.services.dealing import act, envelope
from node.services.intents import owner_of, withdraw_deal
from node.services.plain_casts import withdraw_casts

__all__ = ["check_free_to_accept", "decide", "decide_elsewhere"]

_PENDING_ALREADY = "an Accept of this intent waits for its conclusion already"
_CONCLUDED_ALREADY = "an Accept of this intent is concluded already"


def check_free_to_accept(desk: Desk, deal: Deal) -> None:
    """One pending or concluded Accept an intent. Raises: InvalidInput. Spec: `protocol §4`, accept."""
    if deal.intent_id is None:
        return
    for other in desk.tx.deals.of_intent(deal.intent_id):
        taken = other.acceptance
        if taken is not None and taken.state in (AcceptanceState.PENDING, AcceptanceState.CONCLUDED):
            is_pending = taken.state is AcceptanceState.PENDING
            wrong = said(_PENDING_ALREADY if is_pending else _CONCLUDED_ALREADY)
            raise InvalidInput("offer", wrong, "One is all that can be.")


def decide(desk: Desk, concluded: Deal) -> None:
    """At the conclusion the others hear of it: a decline where an offer was made, else a withdrawal."""
    intent = desk.tx.intents.get(concluded.intent_id or "")
    if intent is None or intent.state is not IntentState.LIVE:
        return
    desk.tx.intents.save(replace(intent, state=IntentState.DECIDED))
    others = desk.tx.deals.of_intent(intent.id)
    _tell_losers(desk, intent, [one for one in others if (one.own, one.id) != (concluded.own, concluded.id)])
    withdraw_casts(desk, owner_of(desk, intent), intent)


def _tell_losers(desk: Desk, intent: Intent, deals: list[Deal]) -> int:
    """How many were told."""
    told = 0
    for deal in deals:
        if deal.live_offers and deal.state is DealState.OFFERED:
            _decline_all(desk, deal, intent)
        elif deal.state in (DealState.OPEN, DealState.COUNTERED):
            withdraw_deal(desk, deal)
        else:
            continue
        told += 1
    return told


def decide_elsewhere(desk: Desk, account: Account, intent: Intent, *, but: str = "") -> int:
    """It was bought without a deal: whoever may still answer hears of it; how many that are.

    Shapes: `but` is the id of the message by which the one was asked who is not told.
    Raises: InvalidInput.
    """
    if intent.state is not IntentState.LIVE:
        raise InvalidInput("intent", said("it is %(state)s", state=intent.state), "The others know already.")
    deals = desk.tx.deals.of_intent(intent.id)
    if any(deal.state is DealState.ACCEPTING for deal in deals):
        raise InvalidInput(
            "intent", "you have accepted an offer of it", "Wait for the conclusion, then cancel."
        )
    desk.tx.intents.save(replace(intent, state=IntentState.DECIDED))
    return _tell_losers(desk, intent, deals) + withdraw_casts(desk, account, intent, but=but)


def _decline_all(desk: Desk, deal: Deal, intent: Intent) -> None:
    for offer in deal.live_offers:
        message = Decline(
            **envelope(desk, deal),
            offer_id=offer.id,
            offer_digest=offer.digest,
            reason=intent.losers_reason,
            may_answer=True if intent.losers_may_answer else None,
        )
        deal = act(desk, deal, message)[0]
