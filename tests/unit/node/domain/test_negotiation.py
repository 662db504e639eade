"""Offers and her answers to them: what each must hold, and what crossing messages come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from node.domain.deals import Deal, DealState, OfferState
from node.domain.events import OfferEnded, OfferMade
from node.domain.intents import Budget
from node.domain.messages import Kind, Sender
from node.domain.negotiation import check_answer
from node.domain.offers import PartKind, PricePart
from node.domain.policy import Policy
from node.domain.transitions import Outcome, tick
from node.domain.values import Quantity
from tests.builders import (
    NOW,
    POLICY,
    a_cast,
    a_deal,
    a_message,
    a_proposal,
    an_agreement,
    an_offer,
    money,
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


# --- offers -------------------------------------------------------------------------------------------------


@BOTH
def test_an_offer_is_kept_with_what_it_answers(side: Sender, say: Say) -> None:
    message = an_offer(firm=True)
    before = a_deal(S.OPEN, side=side)
    outcome = say(before, message, V)
    offer = outcome.deal.offers[0]
    assert outcome.deal.state is S.OFFERED
    assert outcome.events == (OfferMade(offer),)
    assert (offer.id, offer.digest, offer.agreement) == (message.id, message.digest, message.agreement)
    assert (offer.firm, offer.received_at, offer.ends_at) == (True, NOW, message.ends_at)
    assert (offer.proposal_id, offer.proposal_digest) == (a_proposal().id, before.proposal_digest)
    assert offer.terms == a_proposal().terms


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"proposal_digest": "another"}, "superseded"),
        ({"ends_at": NOW}, "expired"),
        ({"ends_at": NOW + timedelta(days=30, seconds=1)}, "malformed"),
        ({"terms_accepted": ()}, "termsNotAccepted"),
        ({"price_parts": (PricePart("x", PartKind.GOODS, money("1.00")),)}, "malformed"),
        ({"agreement": an_agreement(primary="https://ana.example/x#primary")}, "malformed"),
        ({"agreement": an_agreement(quantity=Quantity(Decimal(2), "one"))}, "malformed"),
        ({"agreement": an_agreement(quantity=Quantity(Decimal(1), "gram"))}, "malformed"),
        ({"agreement": an_agreement(reciprocal="https://ana.example/x#reciprocal")}, "malformed"),
        ({"agreement": an_agreement(price=None)}, "malformed"),
        ({"agreement": an_agreement(price=money("289.00", "USD"))}, "malformed"),
    ],
)
@BOTH
def test_an_offer_that_does_not_answer_the_proposal_is_refused(
    side: Sender, over: dict[str, Any], reason: str, refused: Refused
) -> None:
    assert refused(a_deal(S.OPEN, side=side), Kind.OFFER, V, **over) == reason


def test_an_offer_dated_ahead_stands_no_longer_than_thirty_days(refused: Refused) -> None:
    late = NOW + timedelta(days=400)
    over = {"at": late, "ends_at": late + timedelta(days=30)}
    assert refused(a_deal(S.OPEN), Kind.OFFER, V, **over) == "malformed"


def test_a_gift_has_no_price(say: Say, refused: Refused) -> None:
    cast = a_cast(proposal=a_proposal(currency=None))
    deal = say(a_deal(S.NEW), cast, C).deal
    assert say(deal, Kind.OFFER, V).deal.state is S.OFFERED
    gift = an_agreement(reciprocal=None, price=money("1.00"))
    assert refused(deal, Kind.OFFER, V, agreement=gift) == "malformed"


def test_an_answer_names_both_sides_of_what_it_answers() -> None:
    check_answer(a_proposal(), an_agreement())


@pytest.mark.parametrize(("price", "taken"), [("300.00", True), ("300.01", False)])
def test_an_offer_keeps_within_a_budget_that_was_named(
    price: str, taken: bool, say: Say, refused: Refused
) -> None:
    cast = a_cast(proposal=a_proposal(budget=Budget(money("300.00"))))
    deal = say(a_deal(S.NEW), cast, C).deal
    over = {"agreement": an_agreement(price=money(price))}
    if taken:
        assert say(deal, Kind.OFFER, V, **over).deal.state is S.OFFERED
    else:
        assert refused(deal, Kind.OFFER, V, **over) == "overBudget"


def test_a_budget_says_nothing_of_a_gift(say: Say) -> None:
    cast = a_cast(proposal=a_proposal(currency=None, budget=None))
    assert say(say(a_deal(S.NEW), cast, C).deal, Kind.OFFER, V).deal.state is S.OFFERED


def test_so_many_offers_come_in_a_deal_and_no_more(say: Say, refused: Refused) -> None:
    policy = Policy(offers_per_intent=1)
    deal = say(a_deal(S.OPEN), Kind.OFFER, V, policy=policy).deal
    assert refused(deal, Kind.OFFER, V, policy=policy) == "limit"


def test_an_offer_to_a_deal_without_a_proposal_is_refused(refused: Refused) -> None:
    assert (
        refused(
            replace(a_deal(S.OPEN), proposal=None, answer_by=NOW + HOUR, declined=True, state=S.ANSWERABLE),
            an_offer(),
            V,
        )
        == "notAddressed"
    )


@BOTH
def test_a_newer_offer_takes_the_place_of_the_older(side: Sender, say: Say) -> None:
    deal = with_two_offers(side, say, firm=False)
    assert states(deal) == [OfferState.SUPERSEDED, OfferState.LIVE]


@BOTH
def test_a_newer_offer_stands_beside_a_firm_one(side: Sender, say: Say) -> None:
    assert states(with_two_offers(side, say)) == [OfferState.LIVE, OfferState.LIVE]


@pytest.mark.parametrize(
    ("state", "reason"),
    [(S.WITHDRAWN, "withdrawn"), (S.EXPIRED, "expired"), (S.NEW, "notAddressed"), (S.DECLINED, "outOfState")],
)
def test_an_offer_to_what_has_ended_hears_why(state: DealState, reason: str, refused: Refused) -> None:
    assert refused(a_deal(state), an_offer(), V) == reason


# --- withdrawing an offer -----------------------------------------------------------------------------------


@BOTH
def test_a_vendor_withdraws_its_offer(side: Sender, say: Say) -> None:
    outcome = say(a_deal(S.OFFERED, side=side), Kind.UNDO, V)
    assert (outcome.deal.state, states(outcome.deal)) == (S.OPEN, [OfferState.WITHDRAWN])
    assert [type(event) for event in outcome.events] == [OfferEnded]


@BOTH
def test_a_firm_offer_cannot_be_withdrawn(side: Sender, say: Say, refused: Refused) -> None:
    deal = say(a_deal(S.OPEN, side=side), Kind.OFFER, V, firm=True).deal
    assert refused(deal, Kind.UNDO, V) == "outOfState"


def test_a_withdrawal_that_overtook_its_offer_waits(refused: Refused) -> None:
    assert refused(a_deal(S.OPEN), Kind.UNDO, V) == "early"


@pytest.mark.parametrize(
    ("over", "reason"),
    [({"offer_digest": "another"}, "superseded"), ({"offer_id": "https://x.example/y"}, "notAddressed")],
)
def test_a_vendor_withdraws_what_it_offered(over: dict[str, str], reason: str, refused: Refused) -> None:
    assert refused(a_deal(S.OFFERED, side=V), Kind.UNDO, V, **over) == reason


def test_a_withdrawal_of_what_has_ended_changes_nothing_at_hers_and_is_refused_at_its(
    say: Say, refused: Refused
) -> None:
    hers, its = with_two_offers(C, say, firm=False), with_two_offers(V, say, firm=False)
    cited = {"offer_id": hers.offers[0].id, "offer_digest": hers.offers[0].digest}
    assert say(hers, Kind.UNDO, V, **cited).deal.offers == hers.offers
    assert refused(its, Kind.UNDO, V, **cited) == "outOfState"


def test_a_withdrawal_that_crosses_the_accept_waits_for_the_vendors_word(say: Say) -> None:
    deal = say(a_deal(S.ACCEPTING), Kind.UNDO, V).deal
    assert (deal.state, states(deal)) == (S.ACCEPTING, [OfferState.ACCEPTED])
    refusal = say(deal, Kind.REFUSE, V, object_id=deal.acceptances[0].id)
    assert (refusal.deal.state, states(refusal.deal)) == (S.OPEN, [OfferState.WITHDRAWN])
    concluded = say(deal, Kind.CONCLUDE, V).deal
    assert concluded.state is S.CONCLUDED, "the vendor's node settles the race"


def test_a_newer_offer_that_crosses_the_accept_stands_if_the_accept_fails(say: Say) -> None:
    deal = say(a_deal(S.ACCEPTING), Kind.OFFER, V, tag="newer").deal
    assert (deal.state, states(deal)) == (S.ACCEPTING, [OfferState.ACCEPTED, OfferState.LIVE])
    failed = say(deal, Kind.REFUSE, V, object_id=deal.acceptances[0].id).deal
    assert (failed.state, states(failed)) == (S.OFFERED, [OfferState.SUPERSEDED, OfferState.LIVE])


def test_a_withdrawal_of_what_was_agreed_is_out_of_state(say: Say, refused: Refused) -> None:
    deal = with_two_offers(C, say, firm=False)
    lost = {"offer_id": deal.offers[0].id, "offer_digest": deal.offers[0].digest}
    deal = say(say(deal, Kind.ACCEPT, C).deal, Kind.CONCLUDE, V).deal
    won = {"offer_id": deal.offers[1].id, "offer_digest": deal.offers[1].digest}
    assert refused(deal, Kind.UNDO, V, **won) == "outOfState"
    assert say(deal, Kind.UNDO, V, **lost).deal.offers == deal.offers, "of another it is an echo"


# --- shortlist, counter, decline ----------------------------------------------------------------------------


@BOTH
def test_a_shortlisted_offer_is_marked_and_binds_nobody(side: Sender, say: Say) -> None:
    deal = say(a_deal(S.OFFERED, side=side), Kind.SHORTLIST, C).deal
    assert (deal.state, deal.offers[0].shortlisted) == (S.OFFERED, True)


def test_she_shortlists_what_is_live(say: Say, refused: Refused) -> None:
    deal = with_two_offers(C, say, firm=False)
    cited = {"offer_id": deal.offers[0].id, "offer_digest": deal.offers[0].digest}
    assert refused(deal, Kind.SHORTLIST, C, **cited) == "outOfState"


def test_a_shortlist_that_comes_after_the_conclusion_is_an_echo(refused: Refused) -> None:
    assert refused(a_deal(S.CONCLUDED, side=V), Kind.SHORTLIST, C) == "superfluous"
    assert refused(a_deal(S.NEW, side=V), Kind.SHORTLIST, C) == "notAddressed"


@BOTH
def test_a_counter_ends_the_offer_and_states_the_proposal_anew(side: Sender, say: Say) -> None:
    outcome = say(a_deal(S.OFFERED, side=side), Kind.COUNTER, C)
    deal = outcome.deal
    assert (deal.state, states(deal), deal.rounds) == (S.COUNTERED, [OfferState.COUNTERED], 1)
    assert deal.proposal is not None
    assert deal.proposal.price == money("270.00")
    assert say(deal, Kind.OFFER, V, tag="answer").deal.state is S.OFFERED


@BOTH
def test_a_counter_leaves_a_firm_offer_standing(side: Sender, say: Say) -> None:
    deal = say(with_two_offers(side, say), Kind.COUNTER, C).deal
    assert states(deal) == [OfferState.LIVE, OfferState.COUNTERED]
    assert deal.state is S.OFFERED
    assert tick(deal, NOW + timedelta(days=4), POLICY).deal.state is S.EXPIRED


def test_five_rounds_are_enough(say: Say, refused: Refused) -> None:
    deal = replace(a_deal(S.OFFERED, side=V), rounds=5)
    assert refused(deal, Kind.COUNTER, C) == "limit"


@pytest.mark.parametrize("kind", [Kind.COUNTER, Kind.DECLINE])
def test_she_answers_an_offer_that_is_live(kind: Kind, say: Say, refused: Refused) -> None:
    hers, its = with_two_offers(C, say, firm=False), with_two_offers(V, say, firm=False)
    cited = {"offer_id": hers.offers[0].id, "offer_digest": hers.offers[0].digest}
    assert refused(hers, kind, C, **cited) == "outOfState"
    assert say(its, kind, C, **cited).deal.live_offers == its.live_offers, "at the vendor's it crossed"


@pytest.mark.parametrize("kind", [Kind.COUNTER, Kind.DECLINE, Kind.SHORTLIST, Kind.ACCEPT])
@pytest.mark.parametrize(
    ("over", "reason"),
    [({"offer_digest": "another"}, "superseded"), ({"offer_id": "https://x.example/y"}, "notAddressed")],
)
def test_an_answer_cites_an_offer_that_was_made(
    kind: Kind, over: dict[str, str], reason: str, refused: Refused
) -> None:
    assert refused(a_deal(S.OFFERED, side=V), kind, C, **over) == reason


def test_a_counter_that_crossed_a_no_bid_opens_the_deal_again(say: Say) -> None:
    """Found in review: the vendor refused it, and she waited for an answer that could not come."""
    before = a_deal(S.OFFERED, side=V)
    counter = a_message(Kind.COUNTER, before, C)
    no_bid = say(say(before, Kind.UNDO, V).deal, Kind.NO_BID, V).deal
    assert say(no_bid, counter, C).deal.state is S.COUNTERED


@BOTH
def test_a_decline_ends_the_deal_with_its_reason(side: Sender, say: Say) -> None:
    deal = say(a_deal(S.OFFERED, side=side), Kind.DECLINE, C, reason="price").deal
    assert (deal.state, states(deal), deal.decline_reason) == (S.DECLINED, [OfferState.DECLINED], "price")


@BOTH
def test_one_better_offer_is_welcome_where_she_says_so(side: Sender, say: Say, refused: Refused) -> None:
    deal = say(a_deal(S.OFFERED, side=side), Kind.DECLINE, C, may_answer=True).deal
    assert (deal.state, deal.answer_by) == (S.ANSWERABLE, NOW + timedelta(days=7))
    deal = say(deal, Kind.OFFER, V, tag="better").deal
    assert (deal.state, deal.answer_by) == (S.OFFERED, None)
    deal = say(deal, Kind.DECLINE, C, may_answer=True).deal
    assert deal.state is S.DECLINED, "one, not two"


@BOTH
def test_declining_one_offer_leaves_the_other(side: Sender, say: Say) -> None:
    deal = say(with_two_offers(side, say), Kind.DECLINE, C, may_answer=True).deal
    assert deal.state is S.OFFERED
    assert states(deal) == [OfferState.LIVE, OfferState.DECLINED]


@BOTH
@pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.COUNTER])
def test_a_decline_is_forgotten_when_the_proposal_is_stated_anew(side: Sender, kind: Kind, say: Say) -> None:
    """Found in review: the clock then called the open deal declined."""
    deal = say(with_two_offers(side, say), Kind.DECLINE, C, may_answer=True).deal
    deal = say(deal, kind, C, tag="anew", at=NOW + HOUR, now=NOW + HOUR).deal
    assert deal.state is (S.OPEN if kind is Kind.UPDATE else S.COUNTERED)
    assert tick(deal, NOW + HOUR, POLICY).deal == deal


def test_a_decline_that_comes_after_the_update_does_not_decline_it(say: Say) -> None:
    """She declined one of two offers, then stated her wish anew; the two arrived the other way round."""
    deal = with_two_offers(V, say)
    decline = a_message(Kind.DECLINE, deal, C, tag="first", reason="price")
    updated = say(deal, Kind.UPDATE, C).deal
    after = say(updated, decline, C).deal
    assert (after.state, after.decline_reason) == (S.OPEN, "price")


@pytest.mark.parametrize("state", [S.EXPIRED, S.NO_BID, S.DECLINED, S.WITHDRAWN])
def test_a_decline_that_crossed_an_end_brings_its_reason(state: DealState, say: Say) -> None:
    deal = say(a_deal(state, side=V, with_offer=True), Kind.DECLINE, C, reason="price").deal
    assert deal.decline_reason == "price"
    assert deal.state is (S.WITHDRAWN if state is S.WITHDRAWN else S.DECLINED)


def test_a_decline_after_the_conclusion_is_out_of_state_but_an_echo_of_the_losing_offer(
    say: Say, refused: Refused
) -> None:
    deal = with_two_offers(V, say)
    both = deal.offers
    for kind, sender in ((Kind.ACCEPT, C), (Kind.CONCLUDE, V)):
        deal = say(deal, kind, sender).deal
    won, lost = ({"offer_id": offer.id, "offer_digest": offer.digest} for offer in both[::-1])
    assert refused(deal, Kind.DECLINE, C, **won) == "outOfState"
    assert refused(deal, Kind.DECLINE, C, **lost) == "superfluous"
