"""What she wants: stated, stated anew, withdrawn; and the words around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from node.domain.deals import Deal, DealState, OfferState
from node.domain.events import OfferEnded
from node.domain.intents import Budget
from node.domain.messages import Kind, Sender
from node.domain.policy import Policy
from node.domain.transitions import Outcome
from tests.builders import (
    EARLIER,
    NOW,
    a_cast,
    a_deal,
    a_message,
    a_proposal,
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


# --- cast, update, withdraw ---------------------------------------------------------------------------------


@BOTH
def test_a_cast_opens_a_deal(side: Sender, say: Say) -> None:
    message = a_cast()
    deal = say(a_deal(S.NEW, side=side), message, C).deal
    assert (deal.state, deal.proposal, deal.proposal_digest) == (S.OPEN, message.proposal, message.digest)
    assert (deal.cast_id, deal.statement_id, deal.created_at) == (message.id, message.id, NOW)
    assert deal.category == message.proposal.category


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"author": "https://ana.example/p/another"}, "malformed"),
        ({"addressee": "https://other.example/actors/other"}, "notAddressed"),
        ({"deal_id": "https://ana.example/deals/another"}, "malformed"),
        ({"ends_at": NOW}, "expired"),
        ({"ends_at": EARLIER + timedelta(days=90, seconds=1)}, "malformed"),
        ({"budget": Budget(money("300.00", "USD"))}, "malformed"),
    ],
)
@BOTH
def test_a_proposal_that_does_not_fit_its_deal_is_refused(
    side: Sender, over: dict[str, Any], reason: str, refused: Refused
) -> None:
    message = a_cast(proposal=a_proposal(**over))
    assert refused(a_deal(S.NEW, side=side), message, C) == reason


def test_a_stated_future_does_not_lengthen_a_proposal(refused: Refused, say: Say) -> None:
    """Ninety days from a date in ten years would be a cast that never ends."""
    deal = a_deal(S.NEW, side=V)
    stated = NOW + timedelta(days=3650)
    forever = a_proposal(published_at=stated, ends_at=stated + timedelta(days=90))
    assert refused(deal, a_cast(proposal=forever), C) == "malformed"
    ahead = a_proposal(published_at=NOW + 5 * HOUR, ends_at=NOW + 5 * HOUR + timedelta(days=90))
    assert say(deal, a_cast(proposal=ahead), C).deal.state is S.OPEN, "her clock may be ahead of ours"


@BOTH
def test_an_update_states_the_proposal_anew_and_ends_what_was_offered(side: Sender, say: Say) -> None:
    deal = a_deal(S.OFFERED, side=side)
    outcome = say(deal, Kind.UPDATE, C)
    assert outcome.deal.state is S.OPEN
    assert outcome.deal.past_digests == (deal.proposal_digest,)
    assert states(outcome.deal) == [OfferState.SUPERSEDED]
    assert [type(event) for event in outcome.events] == [OfferEnded]


@BOTH
def test_an_update_ends_even_a_firm_offer_and_frees_what_it_held(side: Sender, say: Say) -> None:
    deal = say(a_deal(S.OPEN, side=side), Kind.OFFER, V, firm=True).deal
    events = say(deal, Kind.UPDATE, C).events
    assert [event.offer.firm for event in events if isinstance(event, OfferEnded)] == [True]


def test_an_older_update_that_comes_late_changes_nothing(say: Say, refused: Refused) -> None:
    deal = a_deal(S.OPEN, side=V)
    first = a_message(Kind.UPDATE, deal, C, at=NOW - HOUR, tag="first")
    newer = say(deal, Kind.UPDATE, C, tag="second").deal
    assert refused(newer, first, C) == "superfluous"


def test_an_update_that_overtook_its_counter_waits_for_it(say: Say, refused: Refused) -> None:
    hers, its = a_deal(S.OFFERED, side=C), a_deal(S.OFFERED, side=V)
    counter = a_message(Kind.COUNTER, hers, C, at=NOW, tag="counter")
    hers = say(hers, counter, C).deal
    update = a_message(Kind.UPDATE, hers, C, at=NOW + HOUR, tag="update")
    assert refused(its, update, C) == "early"
    its = say(its, counter, C).deal
    assert say(its, update, C, now=NOW + HOUR).deal.state is S.OPEN


def test_an_update_of_a_proposal_that_a_counter_has_replaced_changes_nothing(refused: Refused) -> None:
    """Found by `test_two_sides`: lost twice on its way, it was refused as if it were a stranger's."""
    replaced = a_proposal(id="https://ana.example/proposals/old", updated_at=EARLIER)
    assert refused(a_deal(S.OPEN, side=V), Kind.UPDATE, C, proposal=replaced) == "superfluous"


@BOTH
def test_the_currency_of_a_deal_does_not_change(side: Sender, refused: Refused) -> None:
    for currency in ("USD", None):
        anew = a_proposal(updated_at=NOW, currency=currency)
        assert refused(a_deal(S.OPEN, side=side), Kind.UPDATE, C, proposal=anew) == "malformed"


@BOTH
def test_a_proposal_is_stated_so_often_and_no_more(side: Sender, say: Say, refused: Refused) -> None:
    policy = Policy(statements_per_deal=1)
    deal = say(a_deal(S.OPEN, side=side), Kind.UPDATE, C, policy=policy).deal
    again = {"at": NOW + HOUR, "now": NOW + HOUR}
    assert refused(deal, Kind.UPDATE, C, policy=policy, **again) == "limit"


def test_our_own_user_cannot_update_a_proposal_that_she_never_made(refused: Refused) -> None:
    stranger = a_proposal(id="https://ana.example/proposals/x", updated_at=NOW)
    assert refused(a_deal(S.OPEN, side=C), Kind.UPDATE, C, proposal=stranger) == "notAddressed"


@BOTH
def test_a_withdrawal_ends_the_deal_and_its_offers(side: Sender, say: Say) -> None:
    outcome = say(a_deal(S.OFFERED, side=side), Kind.WITHDRAW, C)
    assert (outcome.deal.state, states(outcome.deal)) == (S.WITHDRAWN, [OfferState.SUPERSEDED])
    assert outcome.deal.withdrawn_at == NOW


def test_a_withdrawal_that_overtook_its_update_waits(say: Say, refused: Refused) -> None:
    hers, its = a_deal(S.OPEN, side=C), a_deal(S.OPEN, side=V)
    update = a_message(Kind.UPDATE, hers, C, tag="update")
    hers = say(hers, update, C).deal
    withdraw = a_message(Kind.WITHDRAW, hers, C, tag="withdraw")
    assert refused(its, withdraw, C) == "early"
    assert say(say(its, update, C).deal, withdraw, C).deal.state is S.WITHDRAWN


@pytest.mark.parametrize(
    ("over", "reason"),
    [({"proposal_digest": "another"}, "early"), ({"proposal_id": "https://ana.example/x"}, "notAddressed")],
)
def test_a_withdrawal_names_what_it_withdraws(over: dict[str, str], reason: str, refused: Refused) -> None:
    assert refused(a_deal(S.OPEN, side=V), Kind.WITHDRAW, C, **over) == reason


def test_a_withdrawal_of_an_older_statement_is_superseded(say: Say, refused: Refused) -> None:
    before = a_deal(S.OPEN, side=V)
    old = a_message(Kind.WITHDRAW, before, C, tag="old")
    assert refused(say(before, Kind.UPDATE, C).deal, old, C) == "superseded"


def test_a_second_withdrawal_changes_nothing(say: Say) -> None:
    deal = a_deal(S.WITHDRAWN, side=V)
    again = say(deal, Kind.WITHDRAW, C, now=NOW + HOUR).deal
    assert again == replace(deal, last_at=NOW + HOUR)


@pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.WITHDRAW, Kind.ASK])
def test_what_came_before_its_cast_waits(kind: Kind, refused: Refused) -> None:
    assert refused(a_deal(S.NEW, side=V), kind, C) == "early"


# --- ask and no bid -----------------------------------------------------------------------------------------


@BOTH
def test_a_vendor_asks_three_times_before_an_offer_and_freely_after_it(
    side: Sender, say: Say, refused: Refused
) -> None:
    deal = a_deal(S.OPEN, side=side)
    for number in range(3):
        deal = say(deal, Kind.ASK, V, tag=str(number)).deal
    assert refused(deal, Kind.ASK, V, tag="fourth") == "limit"
    assert say(deal, Kind.ASK, C).deal.state is S.OPEN, "she asks freely"
    assert say(say(deal, Kind.OFFER, V).deal, Kind.ASK, V).deal.questions == 3


@pytest.mark.parametrize("content", ["", "  \n "])
def test_an_empty_question_is_malformed(content: str, refused: Refused) -> None:
    assert refused(a_deal(S.OPEN), Kind.ASK, C, content=content) == "malformed"


def test_a_deal_holds_so_many_messages_and_no_more(say: Say, refused: Refused) -> None:
    policy = Policy(notes_per_deal=1)
    deal = say(a_deal(S.OPEN), Kind.ASK, C, policy=policy).deal
    assert refused(deal, Kind.ASK, C, policy=policy) == "limit"


@BOTH
def test_no_bid_ends_the_deal_until_she_states_it_anew(side: Sender, say: Say) -> None:
    deal = say(a_deal(S.OPEN, side=side), Kind.NO_BID, V).deal
    assert deal.state is S.NO_BID
    deal = say(deal, Kind.UPDATE, C).deal
    assert (deal.state, deal.no_bid) == (S.OPEN, False)


def test_no_bid_to_an_older_statement_is_superseded(say: Say, refused: Refused) -> None:
    before = a_deal(S.OPEN)
    old = a_message(Kind.NO_BID, before, V)
    assert refused(say(before, Kind.UPDATE, C).deal, old, V) == "superseded"


@pytest.mark.parametrize("state", [S.OFFERED, S.ACCEPTING])
def test_no_bid_that_overtook_the_withdrawal_of_the_offer_waits(state: DealState, refused: Refused) -> None:
    assert refused(a_deal(state), Kind.NO_BID, V) == "early"


@pytest.mark.parametrize("state", [S.DECLINED, S.ANSWERABLE, S.EXPIRED, S.WITHDRAWN, S.REFUSED, S.CONCLUDED])
def test_no_bid_to_what_is_settled_is_an_echo(state: DealState, refused: Refused) -> None:
    assert refused(a_deal(state), Kind.NO_BID, V) == "superfluous"


def test_no_bid_by_our_own_user_where_it_makes_no_sense_is_refused_in_words(refused: Refused) -> None:
    assert refused(a_deal(S.OFFERED, side=V), Kind.NO_BID, V) == "outOfState"
