"""The main job, end to end (product.md, steps 1 to 5 and the feedback of 7), through the commands."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from federation.messages import HttpMessage

pytestmark = pytest.mark.anyio


async def test_intent_becomes_a_confirmed_purchase_with_feedback(world: Any, shop: Any, cast: Any) -> None:
    ana, north, south, west = (
        await world.person("ana"),
        await shop.stocked("north", rule=True),
        await world.vendor("south"),
        await world.vendor("west"),
    )
    intent = await cast(ana, "north", "south", "west")
    await world.settle()

    # one answers by rule, one by hand, one not at all
    inbox = (await south.ask("inbox.list"))["deals"]
    assert [line["needs"] for line in inbox] == ["an offer, or a no bid"]
    assert inbox[0]["proposal"]["budget"] is None, "her budget is hers"
    await south.ask(
        "deal.offer",
        deal=inbox[0]["id"],
        price="295.00",
        name="South Kid",
        fields=["name", "addresses"],
        answers=[{"wish": "w1", "meets": "yes", "answer": "for 110 to 130 cm"}],
    )
    west_deal = await west.deal()
    await west.ask("deal.nobid", deal=west_deal.id, reason="notStocked")
    await world.settle()
    offers = (await ana.ask("offers.list", of=intent["id"]))["offers"]
    assert [(row["peer_name"], row["price"]["amount"]) for row in offers] == [
        ("@north@north.example", "289.00"),
        ("@south@south.example", "295.00"),
    ]
    assert [answer["meets"] for answer in offers[0]["answers"]] == ["yes", "yes"]
    assert [part["amount"]["amount"] for part in offers[0]["price_parts"]] == ["279.00", "10.00"]

    # a question, its answer, a counter, a new offer
    chosen = offers[1]["deal"]
    await ana.ask("deal.ask", deal=chosen, text="Does it have <gears>?")
    await world.settle()
    await south.ask("deal.ask", deal=chosen, text="Six of them.")
    await ana.ask("deal.counter", offer=chosen, price="270.00", text="Yes at 270.")
    await world.settle()
    assert (await south.ask("inbox.list"))["deals"][0]["needs"].startswith(
        "an answer to the counter of 270.00"
    )
    await south.ask("deal.offer", deal=chosen, price="275.00", name="South Kid", fields=["name", "addresses"])
    await world.settle()
    accepted = await ana.ask(
        "deal.accept",
        offer=chosen,
        price="275.00",
        disclose={"name": "Ana Perez", "addresses": "1 Rose Street, Glasgow"},
        decline_reason="price",
        losers_may_answer=True,
    )
    assert accepted["state"] == "accepting"
    await world.settle()

    # both sides hold the same signed agreement; the losers have their reason
    await world.assert_agreed(ana, south)
    shown = await south.ask("deal.show", deal=chosen)
    assert shown["state"] == "concluded"
    assert shown["agreement"]["price"] == {"amount": "275.00", "currency": "EUR"}
    assert "Ana Perez" in shown["agreement"]["disclosed"]
    assert "phones" not in shown["agreement"]["disclosed"]
    lost = await north.deal()
    assert (lost.state, lost.decline_reason) == ("declined, a better offer is welcome", "price")
    assert (await west.deal()).state == "no bid"

    # paid, sent, received, confirmed
    await ana.ask("deal.progress", deal=chosen, stage="paid")
    await south.ask("deal.progress", deal=chosen, stage="dispatched")
    await south.ask("deal.progress", deal=chosen, stage="delivered")
    await south.ask("deal.receipt", deal=chosen, return_until="2026-12-31", guarantee_until="2028-11-30")
    await world.settle()
    confirmed = await ana.ask("deal.confirm", deal=chosen)
    assert confirmed["receipt"]["guarantee_until"] == "2028-11-30"
    await ana.ask(
        "deal.feedback", deal=chosen, text="Thank you.", aspects=[{"name": "app", "mood": "annoyed"}]
    )
    published = await ana.ask(
        "deal.feedback",
        deal=chosen,
        text="They swapped the brakes at my door.",
        title="Good people",
        public=True,
        aspects=[{"name": "after-sales", "text": "at my door", "mood": "delighted"}],
    )
    await world.settle()
    await world.assert_agreed(ana, south)
    assert (await south.deal()).state == "confirmed"
    notices = [notice.text for notice in await south.notices()]
    assert f"Public feedback by {ana.config.base_url}/actors/ana: Good people (from a purchase)" in notices

    # what strangers see, and what both sides can show
    page = await ana.node.client.send(
        HttpMessage.request("GET", published["published"]["url"], {"accept": "text/html"})
    )
    assert page.status == 200
    assert b"brakes at my door" in page.body
    for home in (ana, south):
        messages = (await home.ask("deal.show", deal=chosen))["messages"]
        assert [line["signature"]["holds"] for line in messages] == [True] * len(messages)
        kinds = Counter(line["kind"] for line in messages)
        assert kinds == {
            "cast": 1, "offer": 2, "ask": 2, "counter": 1, "accept": 1, "conclude": 1, "progress": 3,
            "receipt": 1, "confirm": 1, "feedback": 1,
        }  # fmt: skip
        cited = [cite for line in messages for cite in line["cites"]]
        assert all(cite["found"] for cite in cited), cited
    question = next(line for line in messages if line["kind"] == "ask")
    assert question["says"] == "Does it have <gears>?"
    await world.assert_nothing_waits()


async def test_nothing_of_one_vendor_is_in_what_another_receives(world: Any, shop: Any, cast: Any) -> None:
    ana, north, south = await world.person("ana"), await world.vendor("north"), await world.vendor("south")
    intent = await cast(ana, "north", "south")
    await world.settle()
    deals = {deal.peer: deal for deal in await ana.deals()}
    first, second = (
        deals[f"{north.config.base_url}/actors/north"],
        deals[f"{south.config.base_url}/actors/south"],
    )
    assert first.own != second.own
    bodies = [
        message.body for message in world.network.sent if message.url.startswith("https://south.example")
    ]
    for secret in (first.own, first.id, "north", intent["id"], "actors/ana", "300"):
        assert not [body for body in bodies if secret.encode() in body], secret


async def test_a_better_offer_reaches_her_after_a_decline(world: Any, shop: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await cast(ana, "north")
    await world.settle()
    deal = await ana.deal()
    await ana.ask("deal.decline", offer=deal.id, reason="price", may_answer=True, text="Too much.")
    await world.settle()
    line = (await north.ask("inbox.list"))["deals"][0]
    assert (line["needs"], line["decline_reason"]) == ("one better offer, if you have one", "price")
    await north.ask("deal.offer", deal=deal.id, sku="NK20", price="259.00")
    await world.settle()
    assert [row["price"]["amount"] for row in (await ana.ask("offers.list"))["offers"]] == ["259.00"]
    await ana.ask("deal.accept", offer=deal.id)
    await world.settle()
    await world.assert_agreed(ana, north)
    assert await north.stock("NK20") == ("2", "0")
