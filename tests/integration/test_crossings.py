"""What crosses on the way, comes twice, or meets a changed world: between whole nodes, with real bytes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

pytestmark = pytest.mark.anyio


async def offered(world: Any, cast: Any, price: str = "299.00", **over: Any) -> tuple[Any, Any, str]:
    """north has offered by hand and ana has the offer."""
    ana, north = await world.person("ana"), await world.vendor("north")
    await cast(ana, "north", **over)
    await world.settle()
    deal = (await ana.deal()).id
    await north.ask("deal.offer", deal=deal, price=price)
    await world.settle()
    return ana, north, deal


# --- crossing ---------------------------------------------------------------------------------------------


async def test_accept_that_crosses_a_newer_offer(world: Any, cast: Any) -> None:
    """The newer offer was committed first at the vendor's: the Accept of the old one is refused there."""
    ana, north, deal = await offered(world, cast)
    await north.ask("deal.offer", deal=deal, price="279.00")
    await ana.ask("deal.accept", offer=deal)
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await north.deal()).agreed is None
    assert [offer.state for offer in (await ana.deal()).offers] == ["superseded", "live"]
    await ana.ask("deal.accept", offer=deal, price="279.00")
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await north.deal()).state == "concluded"
    await world.assert_nothing_waits()


async def test_update_that_crosses_an_offer_wins(world: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await world.vendor("north")
    intent = await cast(ana, "north")
    await world.settle()
    deal = (await ana.deal()).id
    world.clock.forward(minutes=1)
    await north.ask("deal.offer", deal=deal, price="299.00")
    await ana.ask("intent.update", intent=intent["id"], text="With a bell.")
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await ana.deal()).live_offers == ()
    assert (await north.deal()).live_offers == ()
    refusals = [line["refused"] for line in (await ana.ask("deal.show", deal=deal))["messages"]]
    assert [words for words in refusals if words] == [
        "superseded: it answers another statement of the proposal"
    ]
    await north.ask("deal.offer", deal=deal, price="305.00")
    await world.settle()
    assert (await ana.deal()).state == "offered"


async def test_two_accepts_of_one_intent_are_never_under_way(world: Any, cast: Any, refused: Any) -> None:
    ana, north, south = await world.person("ana"), await world.vendor("north"), await world.vendor("south")
    await cast(ana, "north", "south")
    await world.settle()
    for home in (north, south):
        await home.ask("deal.offer", deal=(await home.deal()).id, price="299.00")
    await world.settle()
    first, second = (await north.deal()).id, (await south.deal()).id
    await ana.ask("deal.accept", offer=first)
    with pytest.raises(refused, match="waits for its conclusion already"):
        await ana.ask("deal.accept", offer=second)
    with pytest.raises(refused, match="you have accepted an offer of it"):
        await ana.ask("intent.withdraw", intent=(await ana.ask("intent.list"))["intents"][0]["id"])
    await north.ask("deal.offer.withdraw", offer=first)  # it was first: the Accept is refused, she is free
    await world.settle()
    await ana.ask("deal.accept", offer=second)
    await world.settle()
    await world.assert_agreed(ana, south)
    assert (await south.deal()).state == "concluded"
    with pytest.raises(refused):
        await ana.ask("deal.accept", offer=first)


async def test_both_sides_cancel_at_once(world: Any, cast: Any) -> None:
    ana, north, deal = await offered(world, cast)
    await ana.ask("deal.accept", offer=deal)
    await world.settle()
    await ana.ask("deal.cancel", deal=deal, reason="needGone")
    await north.ask("deal.cancel", deal=deal, reason="capacity")
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await ana.deal()).state == "cancelling"
    await ana.ask("deal.cancel.answer", deal=deal, agree=True)
    await north.ask("deal.cancel.answer", deal=deal, agree=True)
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await ana.deal()).state == "cancelled"
    await world.assert_nothing_waits()


async def test_confirmation_that_crosses_a_cancellation(world: Any, cast: Any) -> None:
    ana, north, deal = await offered(world, cast)
    await ana.ask("deal.accept", offer=deal)
    await world.settle()
    await north.ask("deal.cancel", deal=deal, reason="capacity")
    await ana.ask("deal.confirm", deal=deal)
    await world.settle()
    world.clock.forward(days=4)
    await world.settle()
    await world.assert_agreed(ana, north)
    assert (await north.deal()).state == "confirmed"


# --- twice ------------------------------------------------------------------------------------------------


async def test_every_request_sent_again_changes_nothing(world: Any, shop: Any, cast: Any) -> None:
    """Bytes recorded on the wire come a second time: each gets a 2xx and nothing is done."""
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await cast(ana, "north")
    await world.settle()
    deal = (await ana.deal()).id
    await ana.ask("deal.accept", offer=deal)
    await world.settle()
    before = [await ana.deal(), await north.deal(), await north.stock("NK20")]
    posts = [message for message in world.network.sent if message.method == "POST"]
    for message in posts:
        answered = await world.network.exchange(message, total_s=10, max_bytes=100_000)
        assert 200 <= answered.status < 300
    await world.settle()
    assert [await ana.deal(), await north.deal(), await north.stock("NK20")] == before
    assert len((await north.ask("deal.show", deal=deal))["messages"]) == 4


async def test_message_recorded_before_a_crash_acts_once_after_it(world: Any, shop: Any, cast: Any) -> None:
    """202 was given, nothing was processed, the node ended: what it had taken acts when it is back."""
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await cast(ana, "north")
    await ana.opened.run_until_idle()
    assert await north.deals() == []
    north = await world.restart("north")
    ana = await world.restart("ana")
    await world.settle()
    await world.assert_agreed(ana, north)
    assert len((await north.deal()).offers) == 1


# --- a changed world --------------------------------------------------------------------------------------


async def test_vendor_that_no_longer_accepts_the_terms_refuses(world: Any, cast: Any, refused: Any) -> None:
    ana, north = await world.person("ana"), await world.vendor("north")
    await ana.ask("vendors.add", vendor="@north@north.example")
    await north.ask("user.terms", accepts=["PDC-INTENT"])
    await cast(ana, "north")
    await world.settle()
    deal = await ana.deal()
    assert (deal.state, deal.refused) == ("refused", "termsNotAccepted")
    assert await north.deals() == []
    world.clock.forward(days=2)
    with pytest.raises(refused, match="does not accept SD-BASE-DP"):
        await cast(ana, "north")
    await cast(ana, "north", terms=["PDC-INTENT"])


async def test_vendor_that_blocks_her_host_hears_nothing(world: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await world.vendor("north")
    await ana.ask("vendors.add", vendor="@north@north.example")
    await north.ask("block.add", domain="ana.example")
    await cast(ana, "north")
    await world.settle()
    assert await north.deals() == []
    failed = (await ana.ask("deliveries.list"))["deliveries"]
    assert [job["state"] for job in failed] == ["dead"]
    shown = await ana.ask("deal.show", deal=(await ana.deal()).id)
    assert shown["messages"][0]["delivery"].startswith("given up: ")


async def test_one_persona_serves_one_vendor_in_several_deals(world: Any, cast: Any) -> None:
    ana, north, south = await world.person("ana"), await world.vendor("north"), await world.vendor("south")
    for _ in range(2):
        await cast(ana, "north", "south", persona="vendor")
    await world.settle()
    assert len({deal.peer for deal in await north.deals()}) == 1
    assert {deal.peer for deal in await north.deals()}.isdisjoint({deal.peer for deal in await south.deals()})
    for deal in await north.deals():
        await north.ask("deal.offer", deal=deal.id, price="1.00")
    await world.settle()
    await world.assert_agreed(ana, north)


async def test_second_firm_offer_stands_beside_the_first(world: Any, shop: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True, firm=True)
    await cast(ana, "north")
    await world.settle()
    deal = (await ana.deal()).id
    await north.ask("deal.offer", deal=deal, sku="NK20", price="259.00", firm=True)
    await world.settle()
    offers = (await ana.ask("offers.list"))["offers"]
    assert [row["price"]["amount"] for row in offers] == ["259.00", "289.00"]
    assert await north.stock("NK20") == ("3", "2")
    await ana.ask("deal.accept", offer=offers[1]["id"], price="289.00")
    await world.settle()
    await world.assert_agreed(ana, north)
    assert await north.stock("NK20") == ("2", "0"), "one sold, what the other held is free"


# --- evidence that was tampered with ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("body = CAST(replace(CAST(body AS TEXT), '299.00', '199.00') AS BLOB)", "not those that came"),
        ("key_id = 'https://north.example/other'", "is not known here"),
        ("document = ''", "is not known here"),
    ],
)
async def test_tampered_evidence_is_told(world: Any, cast: Any, change: str, told: str) -> None:
    ana, _, deal = await offered(world, cast)
    await ana.stack.aclose()
    with closing(sqlite3.connect(ana.config.database_path)) as database, database:
        database.execute(f"UPDATE evidence SET {change} WHERE kind = 'offer'")
    ana = await world.open("ana", ana.config)
    signature = (await ana.ask("offers.list", of=deal))["offers"][0]["signature"]
    assert signature["holds"] is False
    assert told in signature["words"]
    told_to_people = (await ana.ask("deal.show", deal=deal))["messages"]
    assert [line["signature"]["holds"] for line in told_to_people] == [True, False]
