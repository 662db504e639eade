"""Accept, conclusion, order: who is bound by what, and until when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from node.domain.deals import AcceptanceState, Deal, DealKind, DealState, OfferState
from node.domain.events import AcceptanceEnded, OfferEnded, Settled
from node.domain.messages import Accept, Kind, Sender
from node.domain.transitions import Outcome, tick
from node.domain.values import Money
from tests.builders import (
    CUSTOMER,
    NOW,
    POLICY,
    VENDOR,
    a_conclusion,
    a_deal,
    a_message,
    an_accept,
    an_offer,
    an_order,
)

C, V = Sender.CUSTOMER, Sender.VENDOR
S = DealState
HOUR = timedelta(hours=1)
Say = Callable[..., Outcome]
Refused = Callable[..., str]
BOTH = pytest.mark.parametrize("side", [C, V])


def states(deal: Deal) -> list[OfferState]:
    return [offer.state for offer in deal.offers]


def with_two_offers(side: Sender, say: Say, *, firm: bool = True) -> Deal:
    """A firm offer, and a newer one beside it."""
    deal = say(a_deal(S.OPEN, side=side), Kind.OFFER, V, tag="firm", firm=firm).deal
    return say(deal, Kind.OFFER, V, tag="newer").deal


# --- accept and conclude ------------------------------------------------------------------------------------


@BOTH
def test_an_accept_binds_until_its_own_end(side: Sender, say: Say) -> None:
    message = an_accept(disclosed='{"name":{"full":"Ana"}}')
    deal = say(a_deal(S.OFFERED, side=side), message, C).deal
    taken = deal.acceptance
    assert taken is not None
    assert (deal.state, states(deal), taken.state) == (
        S.ACCEPTING,
        [OfferState.ACCEPTED],
        AcceptanceState.PENDING,
    )
    assert (taken.id, taken.digest, taken.ends_at) == (message.id, message.digest, message.ends_at)
    assert (taken.disclosed, taken.feedback_key) == (message.disclosed, message.feedback_key)
    assert deal.agreed is None
    assert deal.agreement is None


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"agreement_digest": "another"}, "malformed"),
        ({"terms": ()}, "malformed"),
        ({"ends_at": NOW}, "expired"),
    ],
)
@BOTH
def test_an_accept_repeats_the_offer_member_by_member(
    side: Sender, over: dict[str, Any], reason: str, refused: Refused
) -> None:
    assert refused(a_deal(S.OFFERED, side=side), Kind.ACCEPT, C, **over) == reason


def _race(say: Say, *steps: Kind) -> tuple[Deal, Accept]:
    """The vendor's deal after these steps of its own, and an Accept that was on its way meanwhile."""
    before = a_deal(S.OFFERED, side=V)
    accept = an_accept()
    deal = before
    for number, step in enumerate(steps):
        deal = say(deal, step, V, tag=f"race-{number}").deal
    return deal, accept


def test_an_accept_that_crossed_the_withdrawal_is_withdrawn(say: Say, refused: Refused) -> None:
    deal, accept = _race(say, Kind.UNDO)
    assert refused(deal, accept, C) == "withdrawn"


def test_an_accept_that_crossed_a_newer_offer_is_superseded(say: Say, refused: Refused) -> None:
    deal, accept = _race(say, Kind.OFFER)
    assert refused(deal, accept, C) == "superseded"
    deal, accept = _race(say, Kind.OFFER, Kind.UNDO)
    assert refused(deal, accept, C) == "superseded"


def test_an_accept_one_second_after_the_offers_end_is_expired(refused: Refused, say: Say) -> None:
    deal = a_deal(S.OFFERED, side=V)
    ends_at = deal.offers[0].ends_at
    late = an_accept(ends_at=ends_at + HOUR)
    assert refused(deal, late, C, now=ends_at) == "expired"
    assert say(deal, late, C, now=ends_at - timedelta(seconds=1)).deal.state is S.ACCEPTING


def test_live_offers_outlive_the_proposal(say: Say) -> None:
    deal = a_deal(S.OFFERED, side=V)
    assert deal.proposal is not None
    offer = an_offer(ends_at=NOW + timedelta(days=20))
    deal = say(deal, offer, V).deal
    later = NOW + timedelta(days=10)
    assert deal.proposal is not None
    assert deal.proposal.ends_at < later
    assert say(deal, Kind.ACCEPT, C, now=later).deal.state is S.ACCEPTING


def test_an_accept_of_a_countered_offer_is_out_of_state(say: Say, refused: Refused) -> None:
    deal = with_two_offers(V, say)
    gone = deal.offers[1]
    accept = an_accept(offer_id=gone.id, offer_digest=gone.digest, agreement_digest=gone.agreement_digest)
    assert refused(say(deal, Kind.COUNTER, C).deal, accept, C) == "outOfState"
    assert (
        refused(
            a_deal(S.COUNTERED, side=V),
            an_accept(offer_id=a_deal(S.COUNTERED).offers[0].id, offer_digest="x"),
            C,
        )
        == "superseded"
    )


@BOTH
def test_the_conclusion_makes_the_agreement_and_ends_the_other_offers(side: Sender, say: Say) -> None:
    deal = say(with_two_offers(side, say), Kind.ACCEPT, C).deal
    message = a_message(Kind.CONCLUDE, deal, V, tag="done")
    outcome = say(deal, message, V)
    deal = outcome.deal
    assert (deal.state, states(deal)) == (S.CONCLUDED, [OfferState.DECLINED, OfferState.ACCEPTED])
    agreed = deal.agreed
    assert agreed is not None
    assert (agreed.conclusion_id, agreed.conclusion_digest, agreed.concluded_at) == (
        message.id,
        message.digest,
        NOW,
    )
    assert deal.agreement == deal.offers[1].agreement
    ended, settled = outcome.events
    assert isinstance(ended, OfferEnded), "what the loser held back is free before the winner is taken"
    assert isinstance(settled, Settled)
    assert settled.offer.id == deal.offers[1].id


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"accept_digest": "another"}, "superseded"),
        ({"accept_id": "https://ana.example/x"}, "outOfState"),
        ({"offer_digest": "another"}, "superseded"),
    ],
)
def test_a_conclusion_names_the_accept_that_is_under_way(
    over: dict[str, str], reason: str, refused: Refused
) -> None:
    assert refused(a_deal(S.ACCEPTING), Kind.CONCLUDE, V, **over) == reason


def test_a_conclusion_of_nothing_is_out_of_state(refused: Refused) -> None:
    assert refused(a_deal(S.OPEN), a_conclusion(), V) == "outOfState"


def test_a_conclusion_after_the_accepts_end_is_expired(refused: Refused, say: Say) -> None:
    deal, message = a_deal(S.ACCEPTING), a_conclusion()
    ends_at = deal.acceptances[0].ends_at
    assert refused(deal, message, V, now=ends_at) == "expired"
    assert say(deal, message, V, now=ends_at - timedelta(seconds=1)).deal.state is S.CONCLUDED


def test_a_late_conclusion_is_expired_also_while_a_second_accept_is_under_way(
    say: Say, refused: Refused
) -> None:
    """Found in review: it was out of state, and the vendor then kept an agreement that she did not hold."""
    deal = a_deal(S.ACCEPTING)
    late = a_conclusion()
    later = deal.acceptances[0].ends_at + HOUR
    lapsed = tick(deal, later, POLICY).deal
    assert lapsed.state is S.OFFERED, "she is free, and the offer stands"
    again = say(lapsed, Kind.ACCEPT, C, now=later, tag="second").deal
    assert again.state is S.ACCEPTING
    assert refused(again, late, V, now=later) == "expired"


def test_the_refusal_of_a_lapsed_accept_leaves_the_second_alone(say: Say) -> None:
    """Found in review: it ended the offer that the second Accept was about to win."""
    deal = a_deal(S.ACCEPTING)
    first = deal.acceptances[0].id
    later = deal.acceptances[0].ends_at + HOUR
    deal = say(tick(deal, later, POLICY).deal, Kind.ACCEPT, C, now=later, tag="second").deal
    outcome = say(deal, Kind.REFUSE, V, now=later, object_id=first)
    assert (outcome.deal.state, states(outcome.deal)) == (S.ACCEPTING, [OfferState.ACCEPTED])
    assert [found.state for found in outcome.deal.acceptances] == [
        AcceptanceState.REFUSED,
        AcceptanceState.PENDING,
    ]
    assert isinstance(outcome.events[0], AcceptanceEnded)
    assert say(outcome.deal, Kind.CONCLUDE, V, now=later).deal.state is S.CONCLUDED


def test_a_second_accept_after_the_conclusion_is_out_of_state(refused: Refused) -> None:
    assert refused(a_deal(S.CONCLUDED, side=V), Kind.ACCEPT, C, tag="second") == "outOfState"


# --- the one-off path ---------------------------------------------------------------------------------------


@BOTH
def test_an_order_and_its_acceptance_make_an_agreement(side: Sender, say: Say) -> None:
    order = an_order()
    deal = say(a_deal(S.NEW, side=side, kind=DealKind.ORDER), order, C).deal
    assert (deal.state, deal.offers[0].terms) == (S.ORDERED, order.terms)
    outcome = say(deal, Kind.ORDER_ACCEPT, V)
    agreed = outcome.deal.agreed
    assert agreed is not None
    assert (outcome.deal.state, agreed.offer_digest) == (S.CONCLUDED, order.digest)
    assert agreed.digest == agreed.conclusion_digest, "the vendor's Accept is the conclusion"
    assert outcome.deal.agreement == order.agreement
    assert isinstance(outcome.events[0], Settled)


@pytest.mark.parametrize(
    ("over", "reason"), [({"ends_at": NOW}, "expired"), ({"ends_at": NOW + timedelta(days=31)}, "malformed")]
)
def test_an_order_lasts_until_its_own_end(over: dict[str, Any], reason: str, refused: Refused) -> None:
    assert refused(a_deal(S.NEW, side=V, kind=DealKind.ORDER), Kind.ORDER, C, **over) == reason


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"order_id": "https://ana.example/x"}, "notAddressed"),
        ({"order_digest": "another"}, "superseded"),
        ({"agreement_digest": "another"}, "malformed"),
        ({"terms": ()}, "malformed"),
    ],
)
def test_what_is_accepted_is_what_was_ordered(over: dict[str, Any], reason: str, refused: Refused) -> None:
    assert refused(a_deal(S.ORDERED, kind=DealKind.ORDER), Kind.ORDER_ACCEPT, V, **over) == reason


@BOTH
def test_an_order_that_nobody_accepts_expires_on_both_sides(side: Sender, refused: Refused) -> None:
    deal = a_deal(S.ORDERED, side=side, kind=DealKind.ORDER)
    ends_at = deal.offers[0].ends_at
    late = a_message(Kind.ORDER_ACCEPT, deal, V)
    assert refused(deal, late, V, now=ends_at) == "expired"
    assert tick(deal, ends_at, POLICY).deal.state is S.EXPIRED


# --- whose word it is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "over",
    [
        {"actor": "https://evil.example/actors/eve"},
        {"actor": CUSTOMER},
        {"deal_id": "https://ana.example/deals/x"},
    ],
)
def test_only_the_parties_speak_and_only_in_their_deal(over: dict[str, str], refused: Refused) -> None:
    assert refused(a_deal(S.OPEN), Kind.OFFER, V, **over) == "notAddressed"
    assert a_deal(S.OPEN).peer == VENDOR


def test_a_price_is_compared_with_its_currency() -> None:
    assert Money(28900, "EUR") != Money(28900, "USD")
