"""After the conclusion: reports, receipt, confirmation, cancellation, and what a refusal takes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from node.domain.deals import (
    AcceptanceState,
    CancellationState,
    Deal,
    DealKind,
    DealState,
    OfferState,
)
from node.domain.errors import Reason
from node.domain.events import AcceptanceEnded, Event, Noted, OfferEnded, Released
from node.domain.messages import Kind, Sender, Stage
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
    an_offer,
    money,
    one,
    other_side,
)

C, V = Sender.CUSTOMER, Sender.VENDOR
S = DealState
HOUR = timedelta(hours=1)
Say = Callable[..., Outcome]
Refused = Callable[..., str]
BOTH = pytest.mark.parametrize("side", [C, V])


def paying(deal: Deal, text: str, stage: Stage = Stage.PAID) -> dict[str, Any]:
    assert deal.acceptance is not None
    fulfills = f"{deal.acceptance.agreement_id}#reciprocal"
    return {"stage": stage, "fulfills": fulfills, "amount": money(text), "quantity": None}


def a_sale_of(quantity: str, say: Say, side: Sender) -> Deal:
    """A concluded deal about so many."""
    many = Quantity(Decimal(quantity), "one")
    deal = say(a_deal(S.NEW, side=side), a_cast(proposal=a_proposal(quantity=many)), C).deal
    for kind, sender in ((Kind.OFFER, V), (Kind.ACCEPT, C), (Kind.CONCLUDE, V)):
        deal = say(deal, kind, sender).deal
    return deal


def delivered(deal: Deal, say: Say) -> Deal:
    return say(deal, Kind.PROGRESS, V, stage=Stage.DELIVERED, tag="delivered").deal


def fates(deal: Deal) -> list[CancellationState]:
    return [found.state for found in deal.cancellations]


# --- progress -----------------------------------------------------------------------------------------------


@BOTH
def test_goods_and_money_are_counted_apart(side: Sender, say: Say) -> None:
    deal = a_sale_of("3", say, side)
    for number, (stage, quantity) in enumerate(
        [(Stage.DISPATCHED, 2), (Stage.DELIVERED, 2), (Stage.DONE, 1)]
    ):
        some = Quantity(Decimal(quantity), "one")
        deal = say(deal, Kind.PROGRESS, V, stage=stage, quantity=some, tag=str(number)).deal
    assert (deal.dispatched(), deal.delivered()) == (Decimal(2), Decimal(3))
    assert (deal.goods_fulfilled, deal.money_fulfilled, deal.is_fulfilled) == (True, False, False)
    deal = say(deal, Kind.PROGRESS, C, **paying(deal, "200.00"), tag="paid").deal
    assert (deal.paid_minor(), deal.money_fulfilled) == (20000, False)
    deal = say(deal, Kind.PROGRESS, C, **paying(deal, "89.00"), tag="rest").deal
    assert deal.is_fulfilled
    deal = say(deal, Kind.PROGRESS, V, **paying(deal, "9.00", Stage.REFUNDED), tag="back").deal
    assert (deal.paid_minor(), deal.state) == (28000, S.CONCLUDED)


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"accept_digest": "another"}, "superseded"),
        ({"stage": Stage.PAID}, "malformed"),
        ({"fulfills": "https://ana.example/agreements/x#primary"}, "malformed"),
        ({"quantity": None}, "malformed"),
        ({"quantity": Quantity(Decimal(1), "gram")}, "malformed"),
        ({"quantity": Quantity(Decimal(2), "one")}, "malformed"),
        ({"quantity": Quantity(Decimal(2), "one"), "stage": Stage.DELIVERED}, "malformed"),
    ],
)
@BOTH
def test_a_report_of_goods_fits_what_was_agreed(
    side: Sender, over: dict[str, Any], reason: str, refused: Refused
) -> None:
    assert refused(a_deal(S.CONCLUDED, side=side), Kind.PROGRESS, V, **over) == reason


@pytest.mark.parametrize(
    "over",
    [
        {"stage": Stage.DISPATCHED},
        {"stage": Stage.REFUNDED},
        {"amount": None},
        {"amount": money("1.00", "USD")},
        {"amount": money("289.01")},
    ],
)
@BOTH
def test_a_report_of_money_fits_what_was_agreed(side: Sender, over: dict[str, Any], refused: Refused) -> None:
    deal = a_deal(S.CONCLUDED, side=side)
    assert refused(deal, Kind.PROGRESS, C, **{**paying(deal, "1.00"), **over}) == "malformed"


@BOTH
def test_no_more_goes_back_than_was_paid(side: Sender, say: Say, refused: Refused) -> None:
    deal = a_deal(S.CONCLUDED, side=side)
    deal = say(deal, Kind.PROGRESS, C, **paying(deal, "10.00")).deal
    assert refused(deal, Kind.PROGRESS, V, **paying(deal, "10.01", Stage.REFUNDED)) == "malformed"


def test_nothing_is_paid_for_a_gift(say: Say, refused: Refused) -> None:
    deal = say(a_deal(S.NEW), a_cast(proposal=a_proposal(currency=None)), C).deal
    for kind, sender in ((Kind.OFFER, V), (Kind.ACCEPT, C), (Kind.CONCLUDE, V)):
        deal = say(deal, kind, sender).deal
    assert deal.money_fulfilled
    assert refused(deal, Kind.PROGRESS, C, **paying(deal, "1.00")) == "malformed"
    assert say(deal, Kind.RECEIPT, V).deal.receipt is not None


def test_our_own_user_reports_what_has_happened(refused: Refused, say: Say) -> None:
    ahead = {"happened_at": NOW + HOUR}
    assert refused(a_deal(S.CONCLUDED, side=V), Kind.PROGRESS, V, **ahead) == "malformed"
    heard = say(a_deal(S.CONCLUDED, side=C), Kind.PROGRESS, V, **ahead).deal
    assert heard.progress[0].recorded_at == NOW, "a peer's clock may be ahead: nothing is counted by it"


def test_so_many_reports_come_and_no_more(say: Say, refused: Refused) -> None:
    policy = Policy(progress_per_deal=1)
    deal = say(a_deal(S.CONCLUDED), Kind.PROGRESS, V, policy=policy).deal
    assert refused(deal, Kind.PROGRESS, V, policy=policy, stage=Stage.DELIVERED) == "limit"


@pytest.mark.parametrize("kind", [Kind.PROGRESS, Kind.RECEIPT, Kind.CANCEL])
@pytest.mark.parametrize("deal", [a_deal(S.ACCEPTING), a_deal(S.ORDERED, kind=DealKind.ORDER)])
def test_what_came_before_the_conclusion_waits_for_it(kind: Kind, deal: Deal, refused: Refused) -> None:
    assert refused(deal, kind, V) == "early"


def test_once_cancelled_only_money_goes_back(say: Say, refused: Refused) -> None:
    paid = a_deal(S.CONCLUDED, side=V)
    paid = say(paid, Kind.PROGRESS, C, **paying(paid, "10.00")).deal
    cancelled = say(say(paid, Kind.CANCEL, C).deal, Kind.CANCEL_ACCEPT, V).deal
    assert refused(cancelled, Kind.PROGRESS, V, stage=Stage.DISPATCHED) == "outOfState"
    back = say(cancelled, Kind.PROGRESS, V, **paying(cancelled, "10.00", Stage.REFUNDED)).deal
    assert (back.state, back.paid_minor()) == (S.CANCELLED, 0)


def test_what_crossed_a_cancellation_is_recorded(say: Say, refused: Refused) -> None:
    hers, its = a_deal(S.CANCELLED, side=C), a_deal(S.CANCELLED, side=V)
    assert say(hers, Kind.PROGRESS, V).deal.has_shipped
    assert say(its, Kind.PROGRESS, C, **paying(its, "1.00")).deal.paid_minor() == 100
    assert refused(hers, Kind.PROGRESS, C, **paying(hers, "1.00")) == "outOfState"


# --- receipt, confirmation, feedback ------------------------------------------------------------------------


@BOTH
def test_a_receipt_comes_once_over_the_whole_price(side: Sender, say: Say, refused: Refused) -> None:
    deal = say(a_deal(S.CONCLUDED, side=side), Kind.RECEIPT, V, return_until="2026-12-11").deal
    assert deal.receipt is not None
    assert (deal.receipt.return_until, deal.receipt.received_at) == ("2026-12-11", NOW)
    assert refused(deal, Kind.RECEIPT, V, tag="second") == "outOfState"


@pytest.mark.parametrize(
    "over", [{"total": money("288.00")}, {"total": None}, {"agreement_id": "https://ana.example/x"}]
)
def test_a_receipt_for_something_else_is_malformed(over: dict[str, Any], refused: Refused) -> None:
    assert refused(a_deal(S.CONCLUDED), Kind.RECEIPT, V, **over) == "malformed"


@BOTH
def test_she_confirms_and_the_deal_rests(side: Sender, say: Say, refused: Refused) -> None:
    deal = say(a_deal(S.CONCLUDED, side=side), Kind.RECEIPT, V).deal
    assert deal.receipt is not None
    deal = say(deal, Kind.CONFIRM, C, receipt_id=deal.receipt.id).deal
    assert (deal.state, deal.confirmed_at, deal.presumed) == (S.CONFIRMED, NOW, False)
    assert refused(deal, Kind.CONFIRM, C, tag="second") == "outOfState"
    assert deal.wake_at(POLICY.presume_after) is None


@pytest.mark.parametrize(
    "over", [{"receipt_id": "https://x.example/y"}, {"agreement_id": "https://x.example/y"}]
)
def test_a_confirmation_of_something_else_is_malformed(over: dict[str, str], refused: Refused) -> None:
    assert refused(a_deal(S.CONCLUDED), Kind.CONFIRM, C, **over) == "malformed"


@BOTH
def test_her_word_replaces_a_presumption(side: Sender, say: Say) -> None:
    """Her clock and the vendor's differ: what one only presumed, she now says."""
    deal = delivered(a_deal(S.CONCLUDED, side=side), say)
    later = NOW + POLICY.presume_after
    presumed = tick(deal, later, POLICY).deal
    assert (presumed.state, presumed.presumed) == (S.CONFIRMED, True)
    said = say(presumed, Kind.CONFIRM, C, now=later).deal
    assert (said.state, said.presumed, said.confirmed_at) == (S.CONFIRMED, False, later)


def test_a_confirmation_ends_a_cancellation_that_waits(say: Say) -> None:
    assert fates(say(a_deal(S.CANCELLING), Kind.CONFIRM, C).deal) == [CancellationState.LAPSED]


@BOTH
def test_private_feedback_is_counted_as_a_message(side: Sender, say: Say, refused: Refused) -> None:
    policy = Policy(notes_per_deal=1)
    deal = say(a_deal(S.CONFIRMED, side=side), Kind.FEEDBACK, C, policy=policy).deal
    assert (deal.notes, deal.state) == (1, S.CONFIRMED)
    assert refused(deal, Kind.FEEDBACK, C, policy=policy) == "limit"


# --- cancellation -------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("asker", [C, V])
def test_a_cancellation_that_is_accepted_frees_both(side: Sender, asker: Sender, say: Say) -> None:
    deal = say(a_deal(S.CONCLUDED, side=side), Kind.CANCEL, asker).deal
    assert (deal.state, fates(deal)) == (S.CANCELLING, [CancellationState.PENDING])
    outcome = say(deal, Kind.CANCEL_ACCEPT, other_side(asker))
    assert (outcome.deal.state, fates(outcome.deal)) == (S.CANCELLED, [CancellationState.ACCEPTED])
    assert [type(event) for event in outcome.events] == [Released]


@BOTH
def test_a_cancellation_that_is_rejected_changes_nothing(side: Sender, say: Say, refused: Refused) -> None:
    deal = say(a_deal(S.CANCELLING, side=side), Kind.CANCEL_REJECT, V).deal
    assert (deal.state, fates(deal)) == (S.CONCLUDED, [CancellationState.REJECTED])
    cited = {"cancel_id": deal.cancellations[0].id, "cancel_digest": deal.cancellations[0].digest}
    assert refused(deal, Kind.CANCEL_ACCEPT, V, **cited) == "superfluous"
    assert refused(deal, Kind.CANCEL_REJECT, V, **cited) == "superfluous"


def test_what_has_left_the_house_does_not_go_back_into_the_stock(say: Say) -> None:
    shipped = say(a_deal(S.CANCELLING, side=V), Kind.PROGRESS, V).deal
    assert say(shipped, Kind.CANCEL_ACCEPT, V).events == ()


@BOTH
def test_two_cancellations_that_cross_free_the_goods_once(side: Sender, say: Say) -> None:
    """Found in review: each of the two crossing answers put the goods back, and stock appeared."""
    deal = a_deal(S.CONCLUDED, side=side)
    for asker in (C, V):
        deal = say(deal, Kind.CANCEL, asker).deal
    hers, its = deal.cancellations
    events: list[Event] = []
    for asked, answerer in ((hers, V), (its, C)):
        outcome = say(deal, Kind.CANCEL_ACCEPT, answerer, cancel_id=asked.id, cancel_digest=asked.digest)
        deal = outcome.deal
        events += outcome.events
    assert deal.state is S.CANCELLED
    assert [type(event) for event in events] == [Released]


@pytest.mark.parametrize(
    ("over", "reason"),
    [({"ends_at": NOW}, "expired"), ({"accept_digest": "another"}, "superseded")],
)
def test_a_cancellation_names_the_agreement_and_a_time(
    over: dict[str, Any], reason: str, refused: Refused
) -> None:
    assert refused(a_deal(S.CONCLUDED), Kind.CANCEL, C, **over) == reason


def test_one_cancellation_waits_at_a_time_and_five_are_enough(say: Say, refused: Refused) -> None:
    deal = a_deal(S.CANCELLING)
    assert refused(deal, Kind.CANCEL, C, tag="second") == "outOfState"
    policy = Policy(cancellations_per_deal=1)
    rejected = say(deal, Kind.CANCEL_REJECT, V).deal
    assert refused(rejected, Kind.CANCEL, C, tag="second", policy=policy) == "limit"
    assert say(rejected, Kind.CANCEL, V, policy=policy).deal.state is S.CANCELLING, "each counts its own"


def test_nothing_is_left_to_cancel_once_all_is_done(say: Say, refused: Refused) -> None:
    deal = delivered(a_deal(S.CONCLUDED), say)
    deal = say(deal, Kind.PROGRESS, C, **paying(deal, "289.00")).deal
    assert refused(deal, Kind.CANCEL, C) == "outOfState"


@pytest.mark.parametrize(
    ("over", "reason"),
    [({"cancel_id": "https://x.example/y"}, "notAddressed"), ({"cancel_digest": "another"}, "superseded")],
)
@pytest.mark.parametrize("kind", [Kind.CANCEL_ACCEPT, Kind.CANCEL_REJECT])
def test_an_answer_names_the_cancellation(
    kind: Kind, over: dict[str, str], reason: str, refused: Refused
) -> None:
    assert refused(a_deal(S.CANCELLING), kind, V, **over) == reason


def test_nobody_answers_for_the_other(refused: Refused) -> None:
    assert refused(a_deal(S.CANCELLING, by=C), Kind.CANCEL_ACCEPT, C) == "notAddressed"


@pytest.mark.parametrize("kind", [Kind.CANCEL_ACCEPT, Kind.CANCEL_REJECT])
def test_our_own_user_answers_in_time(kind: Kind, refused: Refused) -> None:
    deal = a_deal(S.CANCELLING, side=V)
    assert refused(deal, kind, V, now=deal.cancellations[0].ends_at) == "expired"


def test_an_answer_given_in_time_counts_however_late_it_arrives(say: Say) -> None:
    deal = a_deal(S.CANCELLING)
    ends_at = deal.cancellations[0].ends_at
    answer = a_message(Kind.CANCEL_ACCEPT, deal, V, at=ends_at - HOUR)
    late = tick(deal, ends_at + HOUR, POLICY).deal
    assert fates(late) == [CancellationState.LAPSED]
    assert say(late, answer, V, now=ends_at + HOUR).deal.state is S.CANCELLED


@BOTH
def test_whoever_confirmed_has_agreed_to_cancel_nothing(side: Sender, say: Say, refused: Refused) -> None:
    deal = say(a_deal(S.CANCELLING, side=side, by=V), Kind.CONFIRM, C).deal
    cited = {"cancel_id": deal.cancellations[0].id, "cancel_digest": deal.cancellations[0].digest}
    assert refused(deal, Kind.CANCEL_ACCEPT, C, **cited) == "outOfState"


@pytest.mark.parametrize("confirmed", [False, True])
def test_an_answer_given_after_the_end_is_refused(confirmed: bool, say: Say, refused: Refused) -> None:
    """Found in review: weeks later the vendor could still turn a confirmed purchase into a cancelled one."""
    deal = a_deal(S.CANCELLING)
    ends_at = deal.cancellations[0].ends_at
    if confirmed:
        deal = say(deal, Kind.CONFIRM, C).deal
    weeks = ends_at + timedelta(days=21)
    cited = {"cancel_id": deal.cancellations[0].id, "cancel_digest": deal.cancellations[0].digest}
    for kind in (Kind.CANCEL_ACCEPT, Kind.CANCEL_REJECT):
        assert refused(deal, kind, V, now=weeks, **cited) == "expired"


# --- what the clock presumes --------------------------------------------------------------------------------


@BOTH
def test_receipt_is_presumed_after_fourteen_days(side: Sender, say: Say) -> None:
    deal = delivered(a_deal(S.CONCLUDED, side=side), say)
    due = NOW + timedelta(days=14)
    assert deal.wake_at(POLICY.presume_after) == due
    assert tick(deal, due - timedelta(seconds=1), POLICY).deal == deal
    outcome = tick(deal, due, POLICY)
    assert (outcome.deal.state, outcome.deal.presumed, outcome.deal.confirmed_at) == (S.CONFIRMED, True, due)
    assert [type(event) for event in outcome.events] == [Noted]


def test_a_back_dated_delivery_leaves_her_the_time_to_object(say: Say) -> None:
    """Found in review: a delivery said to be three weeks old was presumed received at once."""
    old = {"stage": Stage.DELIVERED, "happened_at": NOW - timedelta(days=21)}
    deal = say(a_deal(S.CONCLUDED), Kind.PROGRESS, V, **old).deal
    assert tick(deal, NOW + timedelta(days=13), POLICY).deal.state is S.CONCLUDED
    assert tick(deal, NOW + timedelta(days=14), POLICY).deal.state is S.CONFIRMED


def test_a_part_is_not_the_whole(say: Say) -> None:
    deal = a_sale_of("2", say, C)
    deal = say(deal, Kind.PROGRESS, V, stage=Stage.DELIVERED, quantity=one(), tag="first").deal
    assert deal.delivered_whole_at() is None
    assert deal.wake_at(POLICY.presume_after) is None
    deal = say(deal, Kind.PROGRESS, V, stage=Stage.DONE, quantity=one(), tag="second", now=NOW + HOUR).deal
    assert deal.delivered_whole_at() == NOW + HOUR


def test_a_report_recorded_before_we_kept_the_time_counts_from_its_own(say: Say) -> None:
    deal = delivered(a_deal(S.CONCLUDED), say)
    deal = replace(deal, progress=(replace(deal.progress[0], recorded_at=None),))
    assert deal.delivered_whole_at() == deal.progress[0].happened_at


@BOTH
def test_the_presumption_ends_a_cancellation_that_waits(side: Sender, say: Say) -> None:
    deal = delivered(a_deal(S.CONCLUDED, side=side), say)
    soon = NOW + timedelta(days=13)
    asked = say(deal, Kind.CANCEL, C, now=soon).deal
    rested = tick(asked, NOW + timedelta(days=14), POLICY).deal
    assert (rested.state, fates(rested)) == (S.CONFIRMED, [CancellationState.LAPSED])
    assert rested.wake_at(POLICY.presume_after) is None


@BOTH
def test_a_cancellation_that_nobody_answers_lapses(side: Sender) -> None:
    deal = a_deal(S.CANCELLING, side=side)
    ends_at = deal.cancellations[0].ends_at
    assert deal.wake_at(POLICY.presume_after) == ends_at
    outcome = tick(deal, ends_at, POLICY)
    assert (outcome.deal.state, fates(outcome.deal)) == (S.CONCLUDED, [CancellationState.LAPSED])
    assert [type(event) for event in outcome.events] == [Noted]


# --- refusals -----------------------------------------------------------------------------------------------


def test_a_refused_accept_ends_its_offer_and_frees_her(say: Say) -> None:
    deal = a_deal(S.ACCEPTING)
    outcome = say(deal, Kind.REFUSE, V, object_id=deal.acceptances[0].id, reason=Reason.OUT_OF_STOCK)
    assert (outcome.deal.state, outcome.deal.offers[0].state) == (S.OPEN, OfferState.REFUSED)
    assert [type(event) for event in outcome.events] == [AcceptanceEnded, OfferEnded, Noted]
    ended, _, noted = outcome.events
    assert isinstance(ended, AcceptanceEnded)
    assert ended.acceptance.state is AcceptanceState.REFUSED
    assert isinstance(noted, Noted)
    assert noted.reason is Reason.OUT_OF_STOCK


def test_a_refused_cast_ends_the_deal_unless_something_was_offered(say: Say) -> None:
    assert say(a_deal(S.OPEN), Kind.REFUSE, V).deal.state is S.REFUSED
    assert say(a_deal(S.OFFERED), Kind.REFUSE, V).deal.state is S.OFFERED


@pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.COUNTER])
def test_a_refused_statement_tells_her_that_no_answer_will_come(kind: Kind, say: Say) -> None:
    deal = say(a_deal(S.OFFERED), kind, C).deal
    assert say(deal, Kind.REFUSE, V, object_id=deal.statement_id).deal.state is S.REFUSED


def test_an_offer_that_answers_a_statement_shows_that_it_was_taken(say: Say) -> None:
    """The refusal of a restatement that stands beside a firm offer, and then an answer to it."""
    deal = say(a_deal(S.OPEN), Kind.OFFER, V, firm=True, tag="firm").deal
    deal = say(say(deal, Kind.OFFER, V, tag="newer").deal, Kind.COUNTER, C).deal
    deal = say(deal, Kind.REFUSE, V, object_id=deal.statement_id).deal
    assert (deal.state, deal.refused) == (S.OFFERED, Reason.OUT_OF_STATE)
    assert say(deal, Kind.OFFER, V, tag="answer").deal.refused is None


def test_a_refused_offer_ends_and_frees_what_it_held(say: Say) -> None:
    deal = say(a_deal(S.OPEN, side=V), an_offer(firm=True), V).deal
    outcome = say(deal, Kind.REFUSE, C, object_id=deal.offers[0].id, reason=Reason.SUPERSEDED)
    assert (outcome.deal.state, outcome.deal.offers[0].state) == (S.OPEN, OfferState.REFUSED)
    assert [type(event) for event in outcome.events] == [OfferEnded, Noted]
    again = say(outcome.deal, Kind.REFUSE, C, object_id=deal.offers[0].id, tag="again")
    assert [type(event) for event in again.events] == [Noted]


@BOTH
def test_a_refused_order_ends_the_deal(side: Sender, say: Say) -> None:
    deal = a_deal(S.ORDERED, kind=DealKind.ORDER)
    refusal = {"object_id": deal.offers[0].id, "reason": Reason.OUT_OF_STOCK}
    ended = say(deal, Kind.REFUSE, V, **refusal).deal
    assert (ended.state, ended.refused) == (S.REFUSED, Reason.OUT_OF_STOCK)
    assert say(ended, Kind.REFUSE, V, tag="again", **refusal).deal.state is S.REFUSED


@BOTH
def test_a_refused_cancellation_waits_no_longer(side: Sender, say: Say) -> None:
    deal = a_deal(S.CANCELLING, side=side, by=side)
    asked = deal.cancellations[0].id
    assert fates(say(deal, Kind.REFUSE, other_side(side), object_id=asked).deal) == [
        CancellationState.REJECTED
    ]


def test_a_refused_cancellation_that_has_lapsed_stays_lapsed(say: Say) -> None:
    deal = a_deal(S.CANCELLING)
    asked = deal.cancellations[0]
    later = say(deal, Kind.REFUSE, V, object_id=asked.id, now=asked.ends_at).deal
    assert (later.state, fates(later)) == (S.CONCLUDED, [CancellationState.LAPSED])


def test_a_refusal_of_something_else_is_only_noted(say: Say) -> None:
    for state in (S.OPEN, S.OFFERED, S.ACCEPTING, S.CONCLUDED, S.CANCELLING):
        for side in (C, V):
            if side is V and state is S.ACCEPTING:
                continue
            deal = a_deal(state, side=side)
            outcome = say(deal, Kind.REFUSE, other_side(side), object_id="https://x.example/y")
            assert replace(outcome.deal, last_at=deal.last_at) == deal
            assert [type(event) for event in outcome.events] == [Noted]


def test_nobody_unmakes_an_agreement_by_refusing_its_parts(say: Say) -> None:
    hers, its = a_deal(S.CONCLUDED, side=C), a_deal(S.CONCLUDED, side=V)
    assert its.agreed is not None
    for object_id in (its.agreed.id, its.offers[0].id, its.cast_id):
        assert say(hers, Kind.REFUSE, V, object_id=object_id).deal.state is S.CONCLUDED
        assert say(its, Kind.REFUSE, C, object_id=object_id, reason=Reason.EXPIRED).deal.state is S.CONCLUDED
    not_late = {"object_id": its.agreed.conclusion_id, "reason": Reason.MALFORMED}
    assert say(its, Kind.REFUSE, C, **not_late).deal.state is S.CONCLUDED


def late(deal: Deal) -> dict[str, Any]:
    assert deal.agreed is not None
    return {"object_id": deal.agreed.conclusion_id, "reason": Reason.EXPIRED}


def after_its_end(deal: Deal) -> datetime:
    assert deal.agreed is not None
    return deal.agreed.ends_at


@pytest.mark.parametrize("kind", [DealKind.INTENT, DealKind.ORDER])
def test_a_conclusion_that_came_too_late_is_released(kind: DealKind, say: Say) -> None:
    deal = a_deal(S.CONCLUDED, side=V, kind=kind)
    outcome = say(deal, Kind.REFUSE, C, now=after_its_end(deal), **late(deal))
    assert outcome.deal.state is (S.OPEN if kind is DealKind.INTENT else S.EXPIRED)
    assert [found.state for found in outcome.deal.acceptances] == [AcceptanceState.RELEASED]
    assert outcome.deal.offers[0].state is OfferState.EXPIRED
    assert [type(event) for event in outcome.events] == [Released, Noted]


def test_what_the_vendor_did_meanwhile_does_not_keep_her_bound(say: Say) -> None:
    """Found in review: reports on their way behind a late conclusion left the vendor bound alone."""
    deal = a_deal(S.CONCLUDED, side=V)
    for step in (Kind.RECEIPT, Kind.CANCEL):
        deal = say(deal, step, V).deal
    deal = delivered(deal, say)
    presumed = tick(deal, NOW + timedelta(days=14), POLICY).deal
    for held in (deal, presumed):
        outcome = say(held, Kind.REFUSE, C, now=NOW + timedelta(days=14), **late(held))
        freed = outcome.deal
        assert freed.agreed is None
        assert (freed.progress, freed.receipt, freed.cancellations, freed.confirmed_at) == (
            (),
            None,
            (),
            None,
        )
        assert not any(isinstance(event, Released) for event in outcome.events), "it has left the house"
        assert any(isinstance(event, Noted) and "by hand" in event.text for event in outcome.events)


@pytest.mark.parametrize("sign", ["paid", "confirmed", "asked to cancel", "agreed to cancel"])
def test_she_cannot_call_late_what_she_has_taken_up(sign: str, say: Say) -> None:
    deal = a_deal(S.CONCLUDED, side=V)
    if sign == "paid":
        deal = say(deal, Kind.PROGRESS, C, **paying(deal, "1.00")).deal
    elif sign == "confirmed":
        deal = say(deal, Kind.CONFIRM, C).deal
    elif sign == "asked to cancel":
        deal = say(deal, Kind.CANCEL, C).deal
    else:
        deal = say(say(deal, Kind.CANCEL, V).deal, Kind.CANCEL_ACCEPT, C).deal
    outcome = say(deal, Kind.REFUSE, C, now=after_its_end(deal), **late(deal))
    assert (outcome.deal.state, outcome.deal.agreed) == (deal.state, deal.agreed)
    assert not any(isinstance(event, Released) for event in outcome.events)


def test_she_cannot_call_late_what_our_record_shows_in_time(say: Say) -> None:
    deal = a_deal(S.CONCLUDED, side=V)
    late_word = {"now": after_its_end(deal), **late(deal)}
    assert say(deal, Kind.REFUSE, C, may_release=False, **late_word).deal.state is S.CONCLUDED


def test_she_cannot_call_late_what_comes_before_the_end_by_her_own_clock(say: Say) -> None:
    deal = a_deal(S.CONCLUDED, side=V)
    before = after_its_end(deal) - timedelta(seconds=1)
    assert say(deal, Kind.REFUSE, C, at=before, now=before, **late(deal)).deal.state is S.CONCLUDED
    ahead = say(deal, Kind.REFUSE, C, at=after_its_end(deal), now=before, **late(deal))
    assert ahead.deal.agreed is None, "her clock may be a little ahead of ours"


@pytest.mark.parametrize("digest", [None, "another"])
def test_a_refusal_ends_only_what_its_digest_names(digest: str | None, say: Say) -> None:
    def unchanged(deal: Deal, sender: Sender, object_id: str | None, **members: Any) -> None:
        outcome = say(deal, Kind.REFUSE, sender, object_id=object_id, object_digest=digest, **members)
        assert replace(outcome.deal, last_at=deal.last_at) == deal
        assert [type(event) for event in outcome.events] == [Noted]

    accepting, order = a_deal(S.ACCEPTING), a_deal(S.ORDERED, kind=DealKind.ORDER)
    unchanged(accepting, V, accepting.acceptances[0].id)
    unchanged(order, V, order.offers[0].id)
    unchanged(a_deal(S.OPEN), V, a_deal(S.OPEN).cast_id)
    offered = a_deal(S.OFFERED, side=V)
    unchanged(offered, C, offered.offers[0].id)
    cancelling = a_deal(S.CANCELLING)
    unchanged(cancelling, V, cancelling.cancellations[0].id)
    sold = a_deal(S.CONCLUDED, side=V)
    unchanged(sold, C, sold.acceptances[0].conclusion_id, reason=Reason.EXPIRED, now=after_its_end(sold))


def test_after_a_release_another_offer_can_be_agreed(say: Say) -> None:
    deal = a_deal(S.CONCLUDED, side=V)
    deal = delivered(deal, say)
    deal = say(deal, Kind.REFUSE, C, now=after_its_end(deal), **late(deal)).deal
    for kind, sender in ((Kind.OFFER, V), (Kind.ACCEPT, C), (Kind.CONCLUDE, V)):
        deal = say(deal, kind, sender, tag="second").deal
    assert (deal.state, deal.delivered(), len(deal.acceptances)) == (S.CONCLUDED, Decimal(0), 2)
    assert deal.agreed == deal.acceptances[1]
