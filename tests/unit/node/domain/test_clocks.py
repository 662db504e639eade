"""What time alone brings, when a deal asks to be woken for it, and how a deal is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from node.domain.deals import AcceptanceState, Deal, DealKind, DealState, OfferState
from node.domain.events import AcceptanceEnded, OfferEnded
from node.domain.messages import Kind, Sender
from node.domain.transitions import Outcome, settle, tick
from tests.builders import NOW, POLICY, a_deal, an_agreement

C, V = Sender.CUSTOMER, Sender.VENDOR
S = DealState
HOUR = timedelta(hours=1)
Say = Callable[..., Outcome]
BOTH = pytest.mark.parametrize("side", [C, V])


@BOTH
@pytest.mark.parametrize(
    ("state", "then"), [(S.OPEN, S.EXPIRED), (S.COUNTERED, S.EXPIRED), (S.ANSWERABLE, S.DECLINED)]
)
def test_a_deal_that_waits_wakes_at_its_end(side: Sender, state: DealState, then: DealState) -> None:
    deal = a_deal(state, side=side)
    at = deal.wake_at(POLICY.presume_after)
    assert at is not None
    assert tick(deal, at - timedelta(seconds=1), POLICY).deal == deal
    assert tick(deal, at, POLICY).deal.state is then


@BOTH
def test_an_offer_ends_at_its_own_time_and_the_proposal_at_its(side: Sender, say: Say) -> None:
    deal = say(a_deal(S.OPEN, side=side), Kind.OFFER, V, ends_at=NOW + HOUR).deal
    assert deal.wake_at(POLICY.presume_after) == NOW + HOUR
    outcome = tick(deal, NOW + HOUR, POLICY)
    assert (outcome.deal.state, outcome.deal.offers[0].state) == (S.OPEN, OfferState.EXPIRED)
    assert [type(event) for event in outcome.events] == [OfferEnded]
    assert deal.proposal is not None
    assert outcome.deal.wake_at(POLICY.presume_after) == deal.proposal.ends_at


@BOTH
def test_an_accept_that_lapses_gives_a_living_offer_back(side: Sender) -> None:
    deal = a_deal(S.ACCEPTING, side=side)
    at = deal.acceptances[0].ends_at
    assert deal.wake_at(POLICY.presume_after) == at
    outcome = tick(deal, at, POLICY)
    assert (outcome.deal.state, outcome.deal.offers[0].state) == (S.OFFERED, OfferState.LIVE)
    ended = outcome.events[0]
    assert isinstance(ended, AcceptanceEnded)
    assert ended.acceptance.state is AcceptanceState.LAPSED
    assert outcome.deal.acceptance == ended.acceptance


@pytest.mark.parametrize(
    ("step", "becomes"), [(Kind.UNDO, OfferState.WITHDRAWN), (Kind.OFFER, OfferState.SUPERSEDED)]
)
def test_an_accept_that_lapses_leaves_the_offer_what_crossed_it_made_of_it(
    step: Kind, becomes: OfferState, say: Say
) -> None:
    deal = say(a_deal(S.ACCEPTING), step, V, tag="crossed").deal
    outcome = tick(deal, deal.acceptances[0].ends_at, POLICY)
    assert outcome.deal.offers[0].state is becomes
    assert [type(event) for event in outcome.events] == [AcceptanceEnded, OfferEnded]


def test_an_accept_that_lapses_after_its_offers_end_leaves_it_expired(say: Say) -> None:
    deal = say(a_deal(S.OPEN), Kind.OFFER, V, ends_at=NOW + HOUR).deal
    deal = say(deal, Kind.ACCEPT, C).deal
    outcome = tick(deal, NOW + 25 * HOUR, POLICY)
    assert outcome.deal.offers[0].state is OfferState.EXPIRED


def test_an_order_wakes_at_its_end() -> None:
    for side in (C, V):
        deal = a_deal(S.ORDERED, side=side, kind=DealKind.ORDER)
        at = deal.wake_at(POLICY.presume_after)
        assert at == deal.offers[0].ends_at
        assert tick(deal, at, POLICY).deal.wake_at(POLICY.presume_after) is None


@BOTH
@pytest.mark.parametrize(
    "state", [S.NEW, S.DECLINED, S.NO_BID, S.WITHDRAWN, S.EXPIRED, S.CANCELLED, S.CONFIRMED]
)
def test_rest_is_not_woken_and_does_not_age(side: Sender, state: DealState) -> None:
    deal = a_deal(state, side=side)
    assert deal.wake_at(POLICY.presume_after) is None
    assert tick(deal, NOW + timedelta(days=400), POLICY) == Outcome(deal)


def test_an_agreement_of_which_nobody_speaks_is_not_woken() -> None:
    assert a_deal(S.CONCLUDED).wake_at(POLICY.presume_after) is None


@BOTH
def test_an_answer_awaited_beside_a_living_offer_is_awaited_no_longer_than_said(
    side: Sender, say: Say
) -> None:
    deal = say(a_deal(S.OPEN, side=side), Kind.OFFER, V, firm=True, ends_at=NOW + timedelta(days=20)).deal
    deal = say(deal, Kind.OFFER, V, tag="newer").deal
    deal = say(deal, Kind.DECLINE, C, may_answer=True).deal
    assert deal.wake_at(POLICY.presume_after) == NOW + timedelta(days=7)
    later = tick(deal, NOW + timedelta(days=7), POLICY).deal
    assert (later.state, later.answer_by) == (S.OFFERED, None)
    assert tick(later, NOW + timedelta(days=20), POLICY).deal.state is S.DECLINED


def test_a_deal_without_a_proposal_is_not_open() -> None:
    assert settle(replace(a_deal(S.OPEN), proposal=None), NOW) is S.EXPIRED
    assert replace(a_deal(S.OPEN), proposal=None).wake_at(POLICY.presume_after) is None


def test_a_deal_finds_what_it_holds() -> None:
    deal = a_deal(S.CANCELLING)
    offer, taken, asked = deal.offers[0], deal.acceptances[0], deal.cancellations[0]
    assert (deal.offer(offer.id), deal.offer_by_digest(offer.digest)) == (offer, offer)
    assert deal.acceptance_by_digest(taken.digest) == taken == deal.agreed == deal.acceptance
    assert deal.cancellation(asked.id) == asked
    assert (deal.offer(""), deal.offer_by_digest("")) == (None, None)
    assert (deal.acceptance_by_digest(""), deal.cancellation("")) == (None, None)


def test_an_empty_deal_holds_nothing() -> None:
    deal = a_deal(S.NEW)
    assert (deal.acceptance, deal.agreed, deal.agreement) == (None, None, None)
    assert (deal.goods_fulfilled, deal.money_fulfilled, deal.has_shipped) == (False, False, False)
    assert (deal.paid_minor(), deal.delivered(), deal.delivered_whole_at()) == (0, Decimal(0), None)


def test_an_agreement_whose_offer_is_gone_is_none() -> None:
    assert replace(a_deal(S.CONCLUDED), offers=()).agreement is None


def test_one_record_is_changed_and_the_others_stay() -> None:
    deal = a_deal(S.CANCELLING)
    other = replace(deal.offers[0], id="other", agreement=an_agreement())
    taken = replace(deal.acceptances[0], id="other", state=AcceptanceState.LAPSED)
    asked = replace(deal.cancellations[0], id="other")
    two = Deal(
        **{
            **{name: getattr(deal, name) for name in Deal.__slots__},
            "offers": (deal.offers[0], other),
            "acceptances": (deal.acceptances[0], taken),
            "cancellations": (deal.cancellations[0], asked),
        }
    )
    changed = two.with_offer(replace(other, firm=True))
    changed = changed.with_acceptance(replace(taken, credential="x"))
    changed = changed.with_cancellation(replace(asked, reason="x"))
    assert changed.offers == (deal.offers[0], replace(other, firm=True))
    assert changed.acceptances == (deal.acceptances[0], replace(taken, credential="x"))
    assert changed.cancellations == (deal.cancellations[0], replace(asked, reason="x"))
