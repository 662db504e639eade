"""The four tables: what they list is possible, what they do not list is refused, and rest is rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from node.domain.deals import Cancellation, CancellationState, Deal, DealKind, DealState, OfferState
from node.domain.errors import Early, Refusal
from node.domain.messages import Kind, Sender, Stage
from node.domain.tables import TABLES, Mark, is_terminal
from node.domain.transitions import apply, settle, tick
from tests.builders import NOW, POLICY, a_deal, a_message, a_proposal, money, other_side

C, V = Sender.CUSTOMER, Sender.VENDOR
SIDES = [pytest.param(kind, side, id=f"{kind} of the {side}") for kind, side in TABLES]
SPOKEN = [kind for kind in Kind if kind is not Kind.TICK]
ROWS = [
    pytest.param(kind, side, state, said, sender, id=f"{kind} of the {side}: {state}, {said} by the {sender}")
    for (kind, side), table in TABLES.items()
    for (state, said, sender) in table
    if said is not Kind.TICK
]
MONEY = {DealState.ACCEPTING, DealState.ORDERED, DealState.CONCLUDED, DealState.CANCELLING}
FAR = NOW + timedelta(days=200)


def _fitting(state: DealState, said: Kind, sender: Sender, side: Sender, kind: DealKind) -> Deal:
    """A deal in which this message makes sense."""
    with_offer = not (state is DealState.REFUSED and said is Kind.REFUSE)
    deal = a_deal(state, side=side, kind=kind, with_offer=with_offer, by=other_side(sender))
    if said in (Kind.CANCEL_ACCEPT, Kind.CANCEL_REJECT):
        own = sender is side
        pending = CancellationState.PENDING if own else CancellationState.LAPSED
        asked = Cancellation(
            "https://x.example/asked", "asked", other_side(sender), NOW + timedelta(1), "", pending
        )
        deal = replace(deal, cancellations=(*deal.cancellations, asked))
    if state is DealState.CONFIRMED and said in (Kind.CONFIRM, Kind.CANCEL_ACCEPT, Kind.CANCEL_REJECT):
        deal = replace(deal, presumed=True)
    if said is Kind.UNDO and deal.agreed is not None:
        # Not what was agreed, but another offer that ended before.
        other = replace(
            deal.offers[0], id="https://shop.example/activities/other", state=OfferState.SUPERSEDED
        )
        deal = replace(deal, offers=(*deal.offers, other))
    if state is DealState.CANCELLED and said is Kind.PROGRESS:
        deal = _paid(deal)
    return deal


def _paid(deal: Deal) -> Deal:
    paid = _report(a_deal(DealState.CONCLUDED, side=deal.side, kind=deal.kind), C, Stage.PAID)
    before = a_deal(DealState.CONCLUDED, side=deal.side, kind=deal.kind)
    message = a_message(Kind.PROGRESS, before, C, tag="paid", **paid)
    progress = apply(before, message, sender=C, now=NOW, policy=POLICY).deal.progress
    return replace(deal, progress=progress)


def _report(deal: Deal, sender: Sender, stage: Stage) -> dict[str, Any]:
    assert deal.acceptance is not None
    fulfills = f"{deal.acceptance.agreement_id}#reciprocal"
    return {"stage": stage, "fulfills": fulfills, "amount": money("1.00"), "quantity": None}


def _members(deal: Deal, said: Kind, sender: Sender) -> dict[str, Any]:
    later = NOW + timedelta(days=3)
    if said is Kind.UPDATE:
        return {"proposal": replace(deal.proposal or a_proposal(), updated_at=NOW, ends_at=later)}
    if said is Kind.COUNTER:
        new_id = "https://ana.example/proposals/2"
        known = deal.proposal or a_proposal()
        return {"proposal": replace(known, id=new_id, published_at=NOW, ends_at=later)}
    if said is Kind.PROGRESS and deal.acceptance is not None:
        if sender is C:
            return _report(deal, sender, Stage.PAID)
        if deal.state is DealState.CANCELLED:
            return _report(deal, sender, Stage.REFUNDED)
    return {}


@pytest.mark.parametrize("state", DealState)
@pytest.mark.parametrize(("kind", "side"), SIDES)
def test_what_is_not_listed_is_refused(kind: DealKind, side: Sender, state: DealState) -> None:
    deal = a_deal(state, side=side, kind=kind, with_offer=True)
    for said in SPOKEN:
        for sender in (C, V):
            if (state, said, sender) in TABLES[kind, side]:
                continue
            message = a_message(said, deal, sender, **_members(deal, said, sender))
            with pytest.raises(Refusal):
                apply(deal, message, sender=sender, now=NOW, policy=POLICY)


@pytest.mark.parametrize(("kind", "side", "state", "said", "sender"), ROWS)
def test_what_is_listed_is_possible(
    kind: DealKind, side: Sender, state: DealState, said: Kind, sender: Sender
) -> None:
    target = TABLES[kind, side][state, said, sender]
    deal = _fitting(state, said, sender, side, kind)
    message = a_message(said, deal, sender, tag="new", **_members(deal, said, sender))
    if target is Mark.PARK:
        with pytest.raises(Early):
            apply(deal, message, sender=sender, now=NOW, policy=POLICY)
        return
    outcome = apply(deal, message, sender=sender, now=NOW, policy=POLICY)
    assert outcome.deal.state is settle(outcome.deal, NOW), "the state says what the deal is"
    if target is Mark.SAME:
        assert outcome.deal.state is state
    elif target is not Mark.AFTER:
        assert outcome.deal.state is target
    assert tick(outcome.deal, NOW, POLICY).deal == outcome.deal


@pytest.mark.parametrize(("kind", "side"), SIDES)
def test_every_state_of_a_table_is_reached_by_messages(kind: DealKind, side: Sender) -> None:
    table = TABLES[kind, side]
    states = {state for state, _, _ in table} | {to for to in table.values() if isinstance(to, DealState)}
    for state in states - {DealState.NEW}:
        assert settle(a_deal(state, side=side, kind=kind), NOW) is state


@pytest.mark.parametrize(("kind", "side"), SIDES)
def test_a_message_has_one_sender_or_is_allowed_to_both(kind: DealKind, side: Sender) -> None:
    both = {Kind.ASK, Kind.PROGRESS, Kind.CANCEL, Kind.CANCEL_ACCEPT, Kind.CANCEL_REJECT}
    by_kind: dict[Kind, set[Sender]] = {}
    for _, said, sender in TABLES[kind, side]:
        by_kind.setdefault(said, set()).add(sender)
    for said, senders in by_kind.items():
        assert len(senders) == 1 or said in both
    assert by_kind[Kind.REFUSE] == {other_side(side)}


@pytest.mark.parametrize(("kind", "side"), SIDES)
def test_the_clock_ends_every_waiting(kind: DealKind, side: Sender) -> None:
    waiting = {state for state, said, _ in TABLES[kind, side] if said is Kind.TICK}
    for state in waiting - {DealState.CONCLUDED, DealState.CANCELLING}:
        assert is_terminal(tick(a_deal(state, side=side, kind=kind), FAR, POLICY).deal.state)
    for state in waiting & {DealState.CONCLUDED, DealState.CANCELLING}:
        # Only a delivery is ever presumed received: an agreement of which nobody speaks stays what it is.
        assert tick(a_deal(state, side=side, kind=kind), FAR, POLICY).deal.state is DealState.CONCLUDED


@pytest.mark.parametrize(("kind", "side"), SIDES)
def test_no_way_leads_from_rest_to_money(kind: DealKind, side: Sender) -> None:
    for (state, said, sender), target in TABLES[kind, side].items():
        if is_terminal(state) and target is not Mark.PARK:
            deal = _fitting(state, said, sender, side, kind)
            message = a_message(said, deal, sender, tag="new", **_members(deal, said, sender))
            assert apply(deal, message, sender=sender, now=NOW, policy=POLICY).deal.state not in MONEY


def test_rest_is_what_no_clock_will_change() -> None:
    for (kind, side), table in TABLES.items():
        for state in DealState:
            if is_terminal(state):
                assert (state, Kind.TICK, Sender.CLOCK) not in table, f"{kind} of the {side}"
