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
STORIES = st.sampled_from(
    [
        (Kind.CAST,),
        (Kind.CAST, Kind.OFFER),
        (Kind.CAST, Kind.OFFER),
        (Kind.CAST, Kind.OFFER, Kind.ACCEPT),
        (Kind.CAST, Kind.OFFER, Kind.COUNTER),
    ]
)
ORDERS = st.sampled_from([(), (Kind.ORDER,)])


class TwoSides(RuleBasedStateMachine):
    """One world; each rule is something that users, the network or the clocks may do next."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World({"north": 1, "south": 1}, dict.fromkeys(NODES, ZERO))

    @initialize(
        north=st.integers(1, 2),
        ahead=st.tuples(SKEWS, SKEWS, SKEWS, SKEWS),
        stories=st.tuples(STORIES, STORIES, STORIES, ORDERS),
    )
    def begin(self, north: int, ahead: tuple[timedelta, ...], stories: tuple[tuple[Kind, ...], ...]) -> None:
        """The stories may have begun already, over a network that worked so far."""
        self.world = World({"north": north, "south": 1}, dict(zip(NODES, ahead, strict=True)))
        for pair, story in zip(self.world.pairs, stories, strict=True):
            for kind in story:
                side = V if kind is Kind.OFFER else C
                self.world.act(pair, side, kind, **_members(self.world, pair, side, kind, len(story) + north))
                if kind is not story[-1] or kind in (Kind.CAST, Kind.OFFER):
                    self.world.deliver_all()

    @rule(pick=PICK, variant=st.integers(0, 7), hops=st.integers(0, 2), pause=PAUSES)
    def somebody_acts(self, pick: int, variant: int, hops: int, pause: timedelta) -> None:
        """`hops`: the message waits in the network, or arrives, or its answer arrives as well."""
        choices = self.world.choices()
        if choices:
            pair, side, kind = choices[pick % len(choices)]
            if variant == 0:
                self._tries_all_that_is_not_listed(pair, side)
            known = len(self.world.packets)
            self.world.act(pair, side, kind, **_members(self.world, pair, side, kind, variant))
            for _ in range(min(hops, len(self.world.packets) - known)):
                self.world.deliver(-1)
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
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
DEEP = settings(QUICK, max_examples=600, stateful_step_count=90)


def test_both_sides_come_to_rest_alike() -> None:
    run_state_machine_as_test(TwoSides, settings=QUICK)


@pytest.mark.slow
def test_both_sides_come_to_rest_alike_after_long_stories() -> None:
    run_state_machine_as_test(TwoSides, settings=DEEP)
