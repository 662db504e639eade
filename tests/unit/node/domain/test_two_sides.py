"""Both sides of a deal come to rest alike, whatever the network, the clocks and the users do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from node.domain.messages import Kind, Sender, Stage
from tests.builders import an_agreement, money
from tests.unit.node.domain.world import AUTOMATIC, Pair, World

C, V = Sender.CUSTOMER, Sender.VENDOR
HOUR = timedelta(hours=1)
ZERO = timedelta(0)
SKEWS = st.sampled_from([ZERO, ZERO, ZERO, timedelta(seconds=7), HOUR / 2, -3 * HOUR, 5 * HOUR])
PAUSES = st.sampled_from([ZERO, ZERO, timedelta(seconds=3), HOUR / 60, HOUR / 3])
LEAPS = st.sampled_from(
    [HOUR / 60, HOUR / 2, HOUR, 2 * HOUR, 12 * HOUR, 25 * HOUR, 73 * HOUR, 15 * 24 * HOUR]
)
NODES = ("ana", "ben", "north", "south")
PICK = st.integers(0, 999)
Step = tuple[Kind, Sender, int, int]
"""who says what, in which variant, and how many hops it (and its answer) has come"""
CAST, OFFER, FIRM = (Kind.CAST, C, 3, 9), (Kind.OFFER, V, 4, 9), (Kind.OFFER, V, 6, 9)
ACCEPT, SOON, ORDER = (Kind.ACCEPT, C, 3, 9), (Kind.ACCEPT, C, 7, 9), (Kind.ORDER, C, 7, 9)
COUNTER, UPDATE, DECLINE = (Kind.COUNTER, C, 0, 0), (Kind.UPDATE, C, 0, 0), (Kind.DECLINE, C, 1, 0)
UNDO, NO_BID, SHIPPED = (Kind.UNDO, V, 0, 0), (Kind.NO_BID, V, 0, 0), (Kind.PROGRESS, V, 2, 0)
HER_CANCEL, ITS_CANCEL = (Kind.CANCEL, C, 0, 0), (Kind.CANCEL, V, 0, 0)
YES, YES_TOO = (Kind.CANCEL_ACCEPT, V, 0, 0), (Kind.CANCEL_ACCEPT, C, 0, 0)
LATER = (Kind.TICK, C, 0, 0)


def after(step: Step, hops: int) -> Step:
    return (*step[:3], hops)


# How far it has come when the test takes over.
STORIES = st.sampled_from(
    [
        (CAST,),
        (CAST, OFFER),
        (CAST, FIRM, OFFER),
        (CAST, OFFER, after(ACCEPT, 0)),
        (CAST, OFFER, after(SOON, 0)),
        (CAST, OFFER, after(SOON, 1)),
        (CAST, OFFER, after(SOON, 1), SHIPPED),
        (CAST, FIRM, OFFER, after(SOON, 1)),
        (CAST, OFFER, after(SOON, 0), LATER, after(ACCEPT, 0)),
        (CAST, OFFER, after(SOON, 1), LATER, after(ACCEPT, 0)),
        (CAST, OFFER, after(SOON, 0), UNDO),
        (CAST, OFFER, after(ACCEPT, 0), after(OFFER, 0)),
        (CAST, FIRM, OFFER, DECLINE),
        (CAST, OFFER, COUNTER, UPDATE),
        (CAST, OFFER, UNDO, NO_BID),
        (CAST, OFFER, ACCEPT),
        (CAST, OFFER, ACCEPT, SHIPPED),
        (CAST, OFFER, ACCEPT, HER_CANCEL, ITS_CANCEL),
        (CAST, FIRM, ACCEPT, after(HER_CANCEL, 1), YES),
        (CAST, OFFER, ACCEPT, after(HER_CANCEL, 1), after(ITS_CANCEL, 1), YES, YES_TOO),
    ]
)
ORDERS = st.sampled_from([(), (after(ORDER, 0),), (after(ORDER, 1),), (ORDER, HER_CANCEL, SHIPPED)])


class TwoSides(RuleBasedStateMachine):
    """One world; each rule is something that users, the network or the clocks may do next."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World({"north": 1, "south": 1}, dict.fromkeys(NODES, ZERO))
        self.focus: int | None = None

    @initialize(
        north=st.integers(1, 2),
        ahead=st.tuples(SKEWS, SKEWS, SKEWS, SKEWS),
        stories=st.tuples(STORIES, STORIES, STORIES, ORDERS),
        focus=st.sampled_from((0, 0, 0, 2, 3, None, None)),
    )
    def begin(
        self,
        north: int,
        ahead: tuple[timedelta, ...],
        stories: tuple[tuple[Step, ...], ...],
        focus: int | None,
    ) -> None:
        """The stories may have begun already, over a network that worked so far."""
        self.world = World({"north": north, "south": 1}, dict(zip(NODES, ahead, strict=True)))
        self.focus = focus
        for pair, story in zip(self.world.pairs, stories, strict=True):
            for step in story:
                if step is LATER:
                    self.world.pass_time(2 * HOUR)
                else:
                    self._take_step(pair, *step)

    def _take_step(self, pair: Pair, kind: Kind, side: Sender, variant: int, hops: int) -> None:
        """`hops`: the message waits in the network, or arrives, or its answer arrives as well, ..."""
        known = len(self.world.packets)
        self.world.act(pair, side, kind, **_members(self.world, pair, side, kind, variant))
        for _ in range(hops):
            if len(self.world.packets) > known:
                self.world.deliver(-1)

    @rule(pick=PICK, variant=st.integers(0, 7), hops=st.integers(0, 2), pause=PAUSES)
    def somebody_acts(self, pick: int, variant: int, hops: int, pause: timedelta) -> None:
        choices = self.world.choices(self.focus)
        if choices:
            pair, side, kind = choices[pick % len(choices)]
            if variant == 0:
                self._tries_all_that_is_not_listed(pair, side)
            self._take_step(pair, kind, side, variant, hops)
        self.world.pass_time(pause)

    def _tries_all_that_is_not_listed(self, pair: Pair, side: Sender) -> None:
        listed, before = self.world.choices(), pair.side(side).deal
        for kind in Kind:
            if kind not in AUTOMATIC and (pair, side, kind) not in listed:
                assert not self.world.act(pair, side, kind), f"{kind} was let through"
        assert pair.side(side).deal == before

    @precondition(lambda self: self.world.packets)
    @rule(picks=st.lists(PICK, min_size=1, max_size=4), keep=st.sampled_from((False, False, True)))
    def packets_arrive(self, picks: list[int], keep: bool) -> None:
        for pick in picks:
            if self.world.packets:
                self.world.deliver(pick % len(self.world.packets), keep=keep)

    @rule(by=LEAPS, node=st.sampled_from((None, None, *NODES)), speak=st.booleans())
    def time_passes(self, by: timedelta, node: str | None, speak: bool) -> None:
        """For all, or one clock jumps; and it may be a while before a node looks at its clock."""
        if node is None:
            self.world.pass_time(by)
        else:
            self.world.jump(node, by)
        if speak:
            self.world.wake()

    @invariant()
    def nothing_is_lost_or_sold_twice(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        self.world.drain()
        self.world.check()
        self.world.check_rest()


def _members(world: World, pair: Pair, side: Sender, kind: Kind, variant: int) -> dict[str, Any]:
    """The choices that a user has within a message."""
    party = pair.side(side)
    now = world.clock(party.node)
    deal = party.deal
    match kind:
        case Kind.OFFER:
            return {"firm": variant % 3 == 0, "ends_at": now + (2 * HOUR if variant % 2 else 60 * HOUR)}
        case Kind.ACCEPT | Kind.SHORTLIST | Kind.DECLINE | Kind.COUNTER | Kind.UNDO if deal.live_offers:
            offer = deal.live_offers[variant % len(deal.live_offers)]
            members: dict[str, Any] = {"offer_id": offer.id, "offer_digest": offer.digest}
            if kind is Kind.ACCEPT:
                members |= {"agreement": offer.agreement, "agreement_digest": offer.agreement_digest}
                members |= {"terms": offer.terms, "ends_at": now + (HOUR if variant > 4 else 24 * HOUR)}
            if kind is Kind.DECLINE:
                members["may_answer"] = variant % 2 == 0
            return members
        case Kind.ORDER:
            return {"agreement": an_agreement(), "ends_at": now + (HOUR if variant > 4 else 24 * HOUR)}
        case Kind.CANCEL_ACCEPT | Kind.CANCEL_REJECT:
            asked = [found for found in deal.cancellations if found.by is not side]
            return {"cancel_id": asked[-1].id, "cancel_digest": asked[-1].digest} if asked else {}
        case Kind.PROGRESS:
            return _report(deal.acceptance.agreement_id if deal.acceptance else "", side, variant)
        case _:
            return {}


def _report(agreement_id: str, side: Sender, variant: int) -> dict[str, Any]:
    if side is C:
        amount = money("289.00") if variant % 2 else money("100.00")
        return {
            "stage": Stage.PAID,
            "fulfills": f"{agreement_id}#reciprocal",
            "amount": amount,
            "quantity": None,
        }
    if variant == 7:
        back = {"amount": money("100.00"), "quantity": None}
        return {"stage": Stage.REFUNDED, "fulfills": f"{agreement_id}#reciprocal", **back}
    return {"stage": Stage.DISPATCHED if variant % 2 else Stage.DELIVERED}


QUICK = settings(
    max_examples=250, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
DEEP = settings(QUICK, max_examples=200, stateful_step_count=100)


def test_both_sides_come_to_rest_alike() -> None:
    run_state_machine_as_test(TwoSides, settings=QUICK)


@pytest.mark.slow
def test_both_sides_come_to_rest_alike_after_long_stories() -> None:
    run_state_machine_as_test(TwoSides, settings=DEEP)
