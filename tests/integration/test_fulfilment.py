"""After the conclusion, in parts and with all that may be told: amounts, disclosed fields, late orders."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.anyio

FIELDS = {
    "name": "Ana Perez",
    "addresses": "1 Rose Street, Glasgow",
    "phones": "+44 141 000",
    "emails": "ana@ana.example",
    "organizations": "Rose Ltd",
    "notes": "Ring twice.",
}


async def bought(world: Any, cast: Any, **over: Any) -> tuple[Any, Any, str]:
    """ana has bought four of something from north for 40.00 EUR."""
    ana, north = await world.person("ana"), await world.vendor("north")
    await cast(ana, "north", quantity="4", **over)
    await world.settle()
    deal = (await ana.deal()).id
    await north.ask("deal.offer", deal=deal, price="40.00", fields=list(FIELDS))
    await world.settle()
    await ana.ask("deal.accept", offer=deal, disclose=FIELDS)
    await world.settle()
    return ana, north, deal


async def test_every_field_that_was_asked_can_be_given_as_a_card(world: Any, cast: Any) -> None:
    _, north, deal = await bought(world, cast)
    card = json.loads((await north.ask("deal.show", deal=deal))["agreement"]["disclosed"])
    assert (card["@type"], card["version"]) == ("Card", "1.0")
    assert set(card) == {"@type", "version", *FIELDS}
    for name, value in FIELDS.items():
        assert value in json.dumps(card[name]), name


async def test_goods_and_money_go_in_parts_and_never_beyond_what_was_agreed(
    world: Any, cast: Any, refused: Any
) -> None:
    ana, north, deal = await bought(world, cast)
    await ana.ask("deal.progress", deal=deal, stage="paid", amount="15.00")
    await north.ask("deal.progress", deal=deal, stage="dispatched", amount="1", name="Parcel 1")
    await north.ask("deal.progress", deal=deal, stage="delivered", amount="1", text="At the door.")
    for args in ({"stage": "paid", "amount": "25.01"}, {"stage": "paid", "amount": "1.001"}):
        with pytest.raises(refused):
            await ana.ask("deal.progress", deal=deal, **args)
    for args in (
        {"stage": "dispatched", "amount": "4"},
        {"stage": "delivered", "amount": "0.5"},
        {"stage": "delivered", "at": "2030-01-01"},
        {"stage": "paid"},
    ):
        with pytest.raises(refused):
            await north.ask("deal.progress", deal=deal, **args)
    await world.settle()
    await ana.ask("deal.progress", deal=deal, stage="paid")
    await north.ask("deal.progress", deal=deal, stage="delivered")
    await world.settle()
    await world.assert_agreed(ana, north)
    for home in (ana, north):
        held = await home.deal()
        assert (held.paid_minor(), held.delivered(), held.is_fulfilled) == (4000, 4, True)
    with pytest.raises(refused, match="everything agreed has been done"):
        await ana.ask("deal.cancel", deal=deal, reason="fit")
    await north.ask("deal.progress", deal=deal, stage="refunded", amount="5.00")
    await world.settle()
    assert (await ana.deal()).paid_minor() == 3500
    await world.assert_nothing_waits()


async def test_second_receipt_and_second_confirmation_are_refused(
    world: Any, cast: Any, refused: Any
) -> None:
    ana, north, deal = await bought(world, cast)
    await north.ask("deal.receipt", deal=deal)
    with pytest.raises(refused, match="there is a receipt already"):
        await north.ask("deal.receipt", deal=deal)
    await world.settle()
    await ana.ask("deal.confirm", deal=deal)
    with pytest.raises(refused, match="confirmed already"):
        await ana.ask("deal.confirm", deal=deal)


async def test_order_that_comes_after_the_end_of_its_standing_offer_is_refused(world: Any, shop: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north")
    posted = await north.ask("post.add", sku="MILK", lasts="1h")
    await ana.ask("order.buy", url=posted["url"])
    world.network.down.add("north.example")
    await world.settle()
    world.network.down.clear()
    world.clock.forward(hours=2)
    await world.settle()
    assert ((await ana.deal()).state, (await ana.deal()).refused) == ("refused", "expired")
    assert await north.stock("MILK") == ("10", "0")
    await world.assert_nothing_waits()


async def test_standing_offer_that_has_ended_cannot_be_ordered(world: Any, shop: Any, refused: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north")
    posted = await north.ask("post.add", sku="MILK", lasts="1h", least="2")
    await north.ask("user.terms", accepts=["SD-BASE"])
    narrow = await north.ask("post.add", sku="MILK")
    with pytest.raises(refused, match="the vendor does not accept"):
        await ana.ask("order.buy", url=narrow["url"], terms=["PDC-INTENT"])
    world.clock.forward(hours=2)
    with pytest.raises(refused, match="it has ended"):
        await ana.ask("order.buy", url=posted["url"])
    with pytest.raises(refused, match="at most 90 days"):
        await north.ask("post.add", sku="MILK", lasts="91d")


async def test_feedback_counts_each_purchase_once(world: Any, cast: Any) -> None:
    ana, north, deal = await bought(world, cast)
    for title in ("First", "Second"):
        await ana.ask("deal.feedback", deal=deal, text=f"{title} words.", title=title, public=True)
        await world.settle()
    told = [notice.text for notice in await north.notices() if notice.kind == "feedback"]
    assert [text.partition(": ")[2] for text in sorted(told)] == [
        "First (from a purchase)",
        "Second (the same purchase spoke before)",
    ]
