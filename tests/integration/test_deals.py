"""Deals that go another way than the main job: cancelled, haggled over, bought at once, restarted."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.anyio


async def agreed_deal(world: Any, shop: Any, cast: Any, *, firm: bool = False) -> tuple[Any, Any, str]:
    """ana has accepted a red bicycle of north's, and both know it."""
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True, firm=firm)
    await cast(ana, "north")
    await world.settle()
    deal = await ana.deal()
    await ana.ask("deal.accept", offer=deal.id)
    await world.settle()
    assert (await ana.deal()).state == "concluded"
    return ana, north, deal.id


# --- cancelling -------------------------------------------------------------------------------------------


async def test_cancellation_that_is_agreed_puts_the_goods_back(world: Any, shop: Any, cast: Any) -> None:
    ana, north, deal = await agreed_deal(world, shop, cast)
    assert await north.stock("NK20") == ("2", "0")
    await ana.ask("deal.cancel", deal=deal, reason="needGone", text="She outgrew it.")
    await world.settle()
    assert (await north.ask("inbox.list"))["deals"][0]["needs"] == "an answer to the cancellation"
    await north.ask("deal.cancel.answer", deal=deal, agree=True)
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await ana.deal()).state == "cancelled"
    assert await north.stock("NK20") == ("3", "0")
    await world.assert_nothing_waits()


async def test_cancellation_that_is_refused_leaves_the_agreement(world: Any, shop: Any, cast: Any) -> None:
    ana, north, deal = await agreed_deal(world, shop, cast)
    await north.ask("deal.cancel", deal=deal, reason="capacity")
    await world.settle()
    shown = await ana.ask("deal.cancel.answer", deal=deal, agree=False, text="I need it on Friday.")
    assert shown["state"] == "concluded"
    await world.settle()
    await world.assert_agreed(ana, north)
    assert [found["state"] for found in shown["cancellations"]] == ["rejected"]


# --- haggling ---------------------------------------------------------------------------------------------


async def test_five_counters_are_all_that_can_be(world: Any, cast: Any, refused: Any) -> None:
    ana, north = await world.person("ana"), await world.vendor("north")
    await cast(ana, "north")
    await world.settle()
    deal = (await ana.deal()).id
    for round_ in range(5):
        await north.ask("deal.offer", deal=deal, price=f"{300 - round_}.00")
        await world.settle()
        await ana.ask("deal.counter", offer=deal, price=f"{200 + round_}.00")
        await world.settle()
        await world.assert_agreed(ana, north)
    await north.ask("deal.offer", deal=deal, price="290.00")
    await world.settle()
    with pytest.raises(refused) as found:
        await ana.ask("deal.counter", offer=deal, price="250.00")
    assert found.value.error["reason"] == "limit"
    await ana.ask("deal.accept", offer=deal, price="290.00")
    await world.settle()
    await world.assert_agreed(ana, north)
    await world.assert_nothing_waits()


async def test_rule_answers_a_counter_with_a_draft_only(world: Any, shop: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await cast(ana, "north")
    await world.settle()
    await ana.ask("deal.counter", offer=(await ana.deal()).id, price="200.00")
    await world.settle()
    assert (await north.deal()).state == "countered"
    assert len((await north.deal()).offers) == 1


async def test_newer_offer_supersedes_and_a_withdrawn_one_cannot_be_accepted(
    world: Any, cast: Any, refused: Any
) -> None:
    ana, north = await world.person("ana"), await world.vendor("north")
    await cast(ana, "north")
    await world.settle()
    deal = (await ana.deal()).id
    await north.ask("deal.offer", deal=deal, price="299.00")
    await north.ask("deal.offer", deal=deal, price="279.00")
    await world.settle()
    assert [offer.state for offer in (await ana.deal()).offers] == ["superseded", "live"]
    await north.ask("deal.offer.withdraw", offer=deal)
    await world.settle()
    with pytest.raises(refused, match="no offer is live"):
        await ana.ask("deal.accept", offer=deal)
    await world.assert_agreed(ana, north)


async def test_accept_that_crosses_a_withdrawal_gets_one_answer(world: Any, cast: Any) -> None:
    """The vendor's commit decides: withdrawn there first, so the Accept is refused and she is free."""
    ana, north = await world.person("ana"), await world.vendor("north")
    await cast(ana, "north")
    await world.settle()
    deal = (await ana.deal()).id
    await north.ask("deal.offer", deal=deal, price="299.00")
    await world.settle()
    await ana.ask("deal.accept", offer=deal)
    await north.ask("deal.offer.withdraw", offer=deal)
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await north.deal()).agreed is None
    assert (await ana.deal()).acceptances[0].state == "refused"


async def test_firm_offer_reserves_and_cannot_be_withdrawn(
    world: Any, shop: Any, cast: Any, refused: Any
) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True, firm=True)
    await cast(ana, "north")
    await world.settle()
    deal = (await ana.deal()).id
    assert await north.stock("NK20") == ("3", "1")
    with pytest.raises(refused):
        await north.ask("deal.offer.withdraw", offer=deal)
    await ana.ask("deal.accept", offer=deal)
    await world.settle()
    assert await north.stock("NK20") == ("2", "0")


# --- the intent changes -----------------------------------------------------------------------------------


async def test_update_reaches_the_vendor_and_ends_the_offer(world: Any, shop: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    intent = await cast(ana, "north")
    await world.settle()
    world.clock.forward(minutes=1)
    await ana.ask("intent.update", intent=intent["id"], quantity="2", text="Twins & a dog.")
    await world.settle()
    deal = await north.deal()
    assert [(offer.state, offer.agreement.price.text) for offer in deal.offers] == [
        ("superseded", "289.00"),
        ("live", "568.00"),
    ]
    shown = await north.ask("deal.show", deal=deal.id)
    assert shown["proposal"]["text"] == "Twins & a dog."
    await world.assert_agreed(ana, north)


async def test_withdrawn_intent_ends_every_deal(world: Any, shop: Any, cast: Any) -> None:
    ana, south = await world.person("ana"), await world.vendor("south")
    north = await shop.stocked("north", rule=True)
    intent = await cast(ana, "north", "south")
    await world.settle()
    told = await ana.ask("intent.withdraw", intent=intent["id"])
    assert (told["state"], told["told"]) == ("withdrawn", 2)
    await world.settle()
    assert [(await home.deal()).state for home in (north, south)] == ["withdrawn", "withdrawn"]
    assert (await ana.ask("intent.list"))["intents"] == []
    assert len((await ana.ask("intent.list", all=True))["intents"]) == 1


async def test_offer_ends_by_the_clock_on_both_sides(world: Any, shop: Any, cast: Any, refused: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True, firm=True)
    await cast(ana, "north", until="2d")
    await world.settle()
    world.clock.forward(days=4)
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await ana.deal()).state == "expired"
    assert await north.stock("NK20") == ("3", "0")
    with pytest.raises(refused):
        await ana.ask("deal.accept", offer=(await ana.deal()).id)


async def test_conclusion_that_comes_too_late_binds_nobody(world: Any, shop: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await cast(ana, "north", until="10d", due=None)
    await world.settle()
    deal = await ana.deal()
    await ana.ask("deal.accept", offer=deal.id)
    await ana.opened.run_until_idle()
    world.network.down.add("ana.example")
    await world.settle()
    assert (await north.deal()).state == "concluded"
    world.clock.forward(hours=25)
    world.network.down.clear()
    await world.settle()
    for _ in range(5):
        world.clock.forward(hours=12)
        await world.settle()
    await world.assert_agreed(ana, north)
    assert (await ana.deal()).agreed is None
    assert await north.stock("NK20") == ("3", "0")


async def test_confirmation_is_presumed_after_a_fortnight(world: Any, shop: Any, cast: Any) -> None:
    ana, north, deal = await agreed_deal(world, shop, cast)
    await north.ask("deal.progress", deal=deal, stage="delivered")
    await world.settle()
    world.clock.forward(days=15)
    await world.settle()
    await world.assert_agreed(ana, north)
    assert [((await home.deal()).state, (await home.deal()).presumed) for home in (ana, north)] == [
        ("confirmed", True)
    ] * 2


# --- buying at once ---------------------------------------------------------------------------------------


async def test_order_from_a_standing_offer_is_concluded_at_once(world: Any, shop: Any, refused: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north")
    posted = await north.ask("post.add", sku="MILK", lasts="30d", least="2", text="Milk from the hill.")
    with pytest.raises(refused, match="less than the minimum"):
        await ana.ask("order.buy", url=posted["url"], quantity="1")
    bought = await ana.ask("order.buy", url=posted["url"], quantity="3")
    assert bought["own"].startswith("https://ana.example/p/"), "a throw-away persona"
    await world.settle()
    await world.assert_agreed(ana, north)
    shown = await ana.ask("deal.show", deal=bought["id"])
    assert (shown["state"], shown["agreement"]["price"]["amount"]) == ("concluded", "4.05")
    assert await north.stock("MILK") == ("7", "0")
    for home in (ana, north):
        messages = (await home.ask("deal.show", deal=bought["id"]))["messages"]
        assert sorted(line["kind"] for line in messages) == ["order", "order accepted", "standing offer"]
        assert [line["signature"]["holds"] for line in messages] == [True] * 3
        posting = next(line for line in messages if line["kind"] == "standing offer")
        assert posting["by"] == "vendor"
        name, price, words = posting["says"].splitlines()
        assert (name, words) == ("Milk", "Milk from the hill.")
        assert price.startswith("1.35 EUR each, until ")
    await north.ask("deal.progress", deal=bought["id"], stage="delivered")
    await ana.ask("deal.progress", deal=bought["id"], stage="paid")
    await north.ask("deal.receipt", deal=bought["id"])
    await world.settle()
    await ana.ask("deal.confirm", deal=bought["id"])
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await north.deal()).state == "confirmed"
    await world.assert_nothing_waits()


async def test_order_that_exceeds_the_stock_is_refused_and_changes_nothing(world: Any, shop: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north")
    posted = await north.ask("post.add", sku="MILK")
    await ana.ask("order.buy", url=posted["url"], quantity="11")
    await world.settle()
    deal = await ana.deal()
    assert (deal.state, deal.refused) == ("refused", "outOfStock")
    assert await north.stock("MILK") == ("10", "0")
    assert await north.deals() == []


# --- the last unit ----------------------------------------------------------------------------------------


async def test_last_unit_goes_to_one_of_two_buyers(world: Any, shop: Any, cast: Any) -> None:
    ana, bob, north = await world.person("ana"), await world.person("bob"), await shop.stocked("north")
    must = [{"wish": "for 130 cm", "weight": "must", "property": "bodyHeight", "op": "fits", "value": "130"}]
    for home in (ana, bob):
        await cast(home, "north", wishes=must, budget="400 EUR")
    await world.settle()
    for deal in await north.deals():
        await north.ask("deal.offer", deal=deal.id, sku="NK24")
    await world.settle()
    for home in (ana, bob):
        await home.ask("deal.accept", offer=(await home.deal()).id)
    await world.settle()
    states = sorted([(await ana.deal()).state.value, (await bob.deal()).state.value])
    assert states[0] == "concluded"
    assert states[1] != "concluded"
    assert await north.stock("NK24") == ("0", "0")
    loser = ana if (await ana.deal()).state != "concluded" else bob
    assert "outOfStock" in {notice.reason for notice in await loser.notices()}
    world.clock.forward(days=5)
    await world.settle()
    await world.assert_agreed(ana, north)
    await world.assert_agreed(bob, north)


# --- where the parties live -------------------------------------------------------------------------------


async def test_two_of_one_node_deal_like_strangers(world: Any, refused: Any, cast: Any) -> None:
    town = await world.node("town", ana="person", shop="vendor")
    await cast(town, to=["@shop@town.example"])
    await world.settle()
    deal = (await town.deal("ana")).id
    await town.ask("deal.offer", deal=deal, price="280.00", account="shop")
    await world.settle()
    with pytest.raises(refused, match="both sides of this deal are on this node"):
        await town.ask("deal.ask", deal=deal, text="Hello?")
    await town.ask("deal.accept", offer=deal)
    await world.settle()
    ours, theirs = await town.deal("ana"), await town.deal("shop")
    assert ours.agreed is not None
    assert theirs.agreed is not None
    assert ours.agreed.digest == theirs.agreed.digest
    for account in ("ana", "shop"):
        messages = (await town.ask("deal.show", deal=deal, account=account))["messages"]
        assert [line["signature"]["holds"] for line in messages] == [True] * 4
    assert [message.url for message in world.network.sent] == [], "nothing leaves the node"
    await world.assert_nothing_waits()


async def test_order_within_one_node(world: Any) -> None:
    town = await world.node("town", ana="person", shop="vendor")
    await town.ask(
        "catalogue.import",
        csv="sku,name,category,price,currency\nT1,Tea,https://www.wikidata.org/wiki/Q6097,3,EUR\n",
    )
    posted = await town.ask("post.add", sku="T1")
    bought = await town.ask("order.buy", url=posted["url"], quantity="2")
    await world.settle()
    assert bought["state"] == "ordered"
    assert (await town.deal("ana")).state == "concluded"
    assert (await town.deal("shop")).state == "concluded"


# --- faults -----------------------------------------------------------------------------------------------


async def test_deal_goes_on_where_it_was_after_a_restart(world: Any, shop: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await cast(ana, "north")
    ana = await world.restart("ana")  # the cast is queued and has not left
    await world.settle()
    north = await world.restart("north")
    deal = (await ana.deal()).id
    await ana.ask("deal.accept", offer=deal)
    north = await world.restart("north")
    await world.settle()
    ana = await world.restart("ana")
    await world.assert_agreed(ana, north)
    assert (await ana.deal()).state == "concluded"
    assert await north.stock("NK20") == ("2", "0")
    messages = (await ana.ask("deal.show", deal=deal))["messages"]
    assert [line["kind"] for line in messages] == ["cast", "offer", "accept", "conclude"]
    await world.assert_nothing_waits()


async def test_message_waits_for_a_vendor_that_is_down(world: Any, shop: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await ana.ask("vendors.add", vendor="@north@north.example")
    world.network.down.add("north.example")
    await cast(ana, "north")
    await world.settle()
    waiting = (await ana.ask("deliveries.list"))["deliveries"]
    assert [(job["state"], job["attempts"]) for job in waiting] == [("queued", 1)]
    world.network.down.clear()
    for _ in range(3):
        world.clock.forward(minutes=30)
        await world.settle()
    await world.assert_agreed(ana, north)
    assert len((await ana.deal()).offers) == 1
    await world.assert_nothing_waits()
