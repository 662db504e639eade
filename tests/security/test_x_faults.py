"""Group X, as far as it is about order: what comes before the message that it answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from node.domain.deals import DealState
from node.domain.errors import Reason
from tests.security.commerce import (
    a_customer,
    a_vendor,
    accepted,
    deal_of,
    deals_of,
    meaning,
    reasons,
    refusal,
    wanted,
)
from tests.security.world import World

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("word", ["progress", "receipt", "cancel"])
async def test_x22_accept_that_arrives_after_what_builds_on_it_finds_it_parked(
    world: World, word: str
) -> None:
    """The vendor's Accept (the conclusion) comes last: what was said under it waits for it."""
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    heard = len(vendor.heard)
    before = meaning(world.v)
    early = {
        "progress": vendor.report(scene.accept, "delivered", "1"),
        "receipt": vendor.receipt(scene.accept, "289.00"),
        "cancel": vendor.cancel(scene.accept),
    }[word]
    await vendor.tell(early)
    after = meaning(world.v)
    assert len(after.pop("parked")) == 1
    assert before.pop("parked") == []
    assert after == before, "nothing else has changed"
    assert len(vendor.heard) == heard, "nobody is told, and nothing refused"

    await vendor.tell(vendor.conclude(scene.accept))
    deal = await deal_of(world.v, "ana", scene.deal)
    assert meaning(world.v)["parked"] == []
    assert deal.agreed is not None
    done = {
        "progress": len(deal.progress) == 1,
        "receipt": deal.receipt is not None,
        "cancel": deal.state == DealState.CANCELLING,
    }
    assert done[word]
    assert len(vendor.heard) == heard


async def test_x22_variant_withdrawal_before_its_offer_is_parked_and_ends_it(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    offer = vendor.prove(vendor.offer(scene.cast))
    await vendor.tell(vendor.undo(offer))
    assert len(meaning(world.v)["parked"]) == 1
    await vendor.tell(offer)
    deal = await deal_of(world.v, "ana", scene.deal)
    assert [found.state for found in deal.offers] == ["withdrawn"]
    assert meaning(world.v)["parked"] == []
    assert [heard["type"] for heard in vendor.heard] == ["Create"], "nothing was refused"


@pytest.mark.parametrize("word", ["update", "withdraw", "ask"])
async def test_x22_variant_word_before_its_cast_is_parked_and_later_processed(
    world: World, word: str
) -> None:
    customer = a_customer(world)
    cast = customer.prove(customer.cast())
    world.clock.advance(minutes=1)
    early = {
        "update": customer.update(cast, name="Changed"),
        "withdraw": customer.withdraw(cast),
        "ask": customer.ask(cast),
    }[word]
    await customer.tell(early)
    assert (await deals_of(world.v, "shop"), len(meaning(world.v)["parked"])) == ([], 1)
    await customer.tell(cast)
    (deal,) = await deals_of(world.v, "shop")
    assert deal.proposal is not None
    assert (word == "update") == (deal.proposal.name == "Changed")
    assert (word == "withdraw") == (deal.state == DealState.WITHDRAWN)
    assert (word == "ask") == (deal.notes == 1)
    assert meaning(world.v)["parked"] == []
    assert customer.heard == []


async def test_x22_variant_what_is_parked_is_not_processed_for_another_person(world: World) -> None:
    """A neighbour's early word on her deal waits in vain; hers alone counts."""
    customer = a_customer(world)
    neighbour = a_customer(world, world.peer("m.example", "neighbour"))
    cast = customer.prove(customer.cast())
    world.clock.advance(minutes=1)
    early = await neighbour.tell(neighbour.withdraw(cast))
    await customer.tell(cast)
    (deal,) = await deals_of(world.v, "shop")
    assert (deal.state, deal.peer) == (DealState.OPEN, customer.id)
    assert refusal(neighbour, early)["instrument"]["reasonCode"] == "obv:notAddressed"
    assert Reason.NOT_ADDRESSED in await reasons(world.v, "shop")


async def test_x22_variant_nothing_is_parked_for_longer_than_three_days(world: World) -> None:
    customer = a_customer(world)
    cast = customer.prove(customer.cast())
    world.clock.advance(minutes=1)
    await customer.tell(customer.withdraw(cast))
    world.clock.now += timedelta(hours=72, seconds=1)
    await world.v.settle()
    assert meaning(world.v)["parked"] == []


async def test_x22_variant_early_message_has_to_hold_when_its_turn_comes(world: World) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    dear = await vendor.tell(vendor.receipt(scene.accept, "2890.00"))
    await vendor.tell(vendor.conclude(scene.accept))
    deal = await deal_of(world.v, "ana", scene.deal)
    assert (deal.receipt, deal.agreed is not None) == (None, True)
    assert refusal(vendor, dear)["instrument"]["reasonCode"] == "obv:malformed"
    assert Reason.MALFORMED in await reasons(world.v, "ana")
