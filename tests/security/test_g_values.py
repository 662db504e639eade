"""Group G, how much: amounts, quantities, units, currencies and links that must not be believed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from federation.messages import HttpMessage, JsonObject
from node.domain.deals import DealState
from node.domain.errors import Reason
from node.domain.offers import is_trusted_link
from tests.security.commerce import (
    Vendor,
    a_customer,
    a_vendor,
    accepted,
    concluded,
    deal_of,
    deals_of,
    ignores,
    item,
    offered,
    owner,
    refuses,
    stocked,
    wanted,
)
from tests.security.peers import ACTIVITY
from tests.security.world import World

pytestmark = pytest.mark.anyio

EUR = "https://www.wikidata.org/wiki/Q4916"
USD = "https://www.wikidata.org/wiki/Q4917"

NO_QUANTITY: list[Any] = [
    "-1", "0", "0.0", "-0", "1e9", "1000000000", "1000000001", "999999999999999999999999", "0.5", "1.5",
    "+1", " 1", "1 ", "01", "1,000", "１", "١", "0x1", "1_0", "Infinity", "NaN", "", "one", "1/2", "--1", "½",
    1, -1, 0.5, True, None, [], ["1"], {}, {"@value": "1"},
]  # fmt: skip

NO_AMOUNT: list[Any] = [
    "-289.00", "-0.01", "-0", "+5", "1,000.00", "1.000,00", "1e3", "1E2", "٢٨٩", "２８９.00", "289.000",
    "289.", ".5", "0289.00", " 289.00", "289.00 ", "289.00 EUR", "€289", "1_000", "0x121", "Infinity", "NaN",
    "", "1 000.00", "1000000000000000", "9999999999999999.99", "9" * 400, "2\u200b89.00", "289\u066b00",
    19.99, 289, -289, True, None, [], ["289.00"], {}, {"@value": "289.00"},
]  # fmt: skip


# --- how many ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", NO_QUANTITY)
async def test_g14_quantity_that_cannot_be_is_malformed(world: World, value: Any) -> None:
    customer = a_customer(world)
    cast = customer.cast()
    cast["object"]["publishes"]["resourceQuantity"]["hasNumericalValue"] = value
    await refuses(customer, cast, Reason.MALFORMED)
    assert await deals_of(world.v, "shop") == []


async def test_g14_variant_of_an_offer_an_order_and_a_report(world: World) -> None:
    await stocked(world.v)
    vendor, customer = a_vendor(world), a_customer(world)
    scene = await wanted(world, vendor)
    posted = await owner(world.v, "shop", "post.add", sku="NK20")
    post = await _fetched(world, posted["id"])
    agreed = await accepted(world, other := a_vendor(world, "t.example", "rival"))
    await other.tell(other.conclude(agreed.accept))
    for value in NO_QUANTITY:
        offer = vendor.offer(scene.cast)
        offer["object"]["stipulates"]["resourceQuantity"]["hasNumericalValue"] = value
        await refuses(vendor, offer, Reason.MALFORMED)
        await refuses(customer, customer.order(post, value, "279.00"), Reason.MALFORMED)
        await refuses(other, other.report(agreed.accept, "delivered", value), Reason.MALFORMED)
    assert await item(world.v, "NK20") == ("3", "0")


async def _fetched(world: World, url: str) -> JsonObject:
    answer = await world.v.ask(HttpMessage.request("GET", url, {"accept": ACTIVITY}))
    found: JsonObject = json.loads(answer.body)
    return found


@pytest.mark.parametrize("value", ["2", "0.5", "3"])
async def test_g14_variant_offer_of_another_quantity_than_was_wanted_is_malformed(
    world: World, value: str
) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    offer = vendor.offer(scene.cast)
    offer["object"]["stipulates"]["resourceQuantity"]["hasNumericalValue"] = value
    await refuses(vendor, offer, Reason.MALFORMED)


# --- how much ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", ["-289.00", "-0.01", "-0.00", "-0"])
async def test_g15_negative_price_is_malformed(world: World, price: str) -> None:
    vendor, customer = a_vendor(world), a_customer(world)
    scene = await wanted(world, vendor)
    await refuses(vendor, vendor.offer(scene.cast, price), Reason.MALFORMED)
    ours = await offered(customer)
    await ignores(customer, customer.counter(ours.cast, ours.offer, price), Reason.MALFORMED)
    budget = {"currency": EUR, "max": price}
    await refuses(customer, customer.update(ours.cast, budget=budget), Reason.MALFORMED)


@pytest.mark.parametrize("amount", NO_AMOUNT)
async def test_g18_amount_that_is_no_plain_decimal_is_malformed(world: World, amount: Any) -> None:
    vendor, customer = a_vendor(world), a_customer(world)
    scene = await wanted(world, vendor)
    await refuses(vendor, vendor.offer(scene.cast, amount), Reason.MALFORMED)
    ours = await offered(customer)
    if amount not in ("", None):
        await ignores(customer, customer.counter(ours.cast, ours.offer, amount), Reason.MALFORMED)
    budget = {"currency": EUR, "max": amount}
    await refuses(customer, customer.update(ours.cast, budget=budget), Reason.MALFORMED)


@pytest.mark.parametrize("amount", NO_AMOUNT)
async def test_g18_variant_payment_of_such_an_amount_is_malformed(world: World, amount: Any) -> None:
    customer = a_customer(world)
    scene = await concluded(customer)
    if amount == 289:
        amount = 288
    await refuses(customer, customer.report(scene.accept, "paid", amount), Reason.MALFORMED)


async def test_g15_variant_paying_more_than_was_agreed_or_refunding_more_than_was_paid(world: World) -> None:
    customer = a_customer(world)
    scene = await concluded(customer)
    await refuses(customer, customer.report(scene.accept, "paid", "289.01"), Reason.MALFORMED)
    await customer.tell(customer.report(scene.accept, "paid", "200.00"))
    await refuses(customer, customer.report(scene.accept, "paid", "89.01"), Reason.MALFORMED)
    for stage in ("refunded", "delivered", "dispatched", "done", "stolen", ""):
        report = customer.report(scene.accept, stage, "1")
        await refuses(customer, report, Reason.MALFORMED)
    deal = await deal_of(world.v, "shop", scene.deal)
    assert deal.paid_minor() == 20000


@pytest.mark.parametrize(
    "currency",
    [
        None, "", "EUR", "Q4916", "https://www.wikidata.org/wiki/Q11442", "https://www.wikidata.org/wiki/Q0",
        "https://www.wikidata.org.m.example/wiki/Q4916", "https://m.example/wiki/Q4916",
        "https://www.wikidata.org/wiki/Q4916#USD", "https://www.wikidata.org/wiki/q4916", 978, [EUR, USD], {},
    ],
)  # fmt: skip
async def test_g16_currency_missing_or_unknown_is_malformed(world: World, currency: Any) -> None:
    customer = a_customer(world)
    cast = customer.cast()
    cast["object"]["reciprocal"]["resourceConformsTo"] = currency
    await refuses(customer, cast, Reason.MALFORMED)
    cast = customer.cast()
    del cast["object"]["reciprocal"]["resourceConformsTo"]
    await refuses(customer, cast, Reason.MALFORMED)


async def test_g16_variant_currency_that_changes_within_a_deal_is_malformed(world: World) -> None:
    customer, vendor = a_customer(world), a_vendor(world)
    scene = await offered(customer)
    world.clock.advance(minutes=1)
    counter = customer.counter(scene.cast, scene.offer, "270.00")
    counter["result"]["reciprocal"]["resourceConformsTo"] = USD
    await refuses(customer, counter, Reason.MALFORMED)
    budget = {"currency": USD, "max": "300.00"}
    await refuses(customer, customer.update(scene.cast, budget=budget), Reason.MALFORMED)

    theirs = await wanted(world, vendor)
    offer = vendor.offer(theirs.cast)
    offer["object"]["stipulatesReciprocal"]["resourceConformsTo"] = USD
    await refuses(vendor, offer, Reason.MALFORMED)
    for unit in ("dollar", USD, "USD", EUR, "kilogram", None):
        offer = vendor.offer(theirs.cast)
        offer["object"]["stipulatesReciprocal"]["resourceQuantity"]["hasUnit"] = unit
        await refuses(vendor, offer, Reason.MALFORMED)


async def test_g16_variant_update_cannot_change_the_currency_of_a_deal(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    world.clock.advance(minutes=1)
    update = customer.update(scene.cast)
    update["object"]["reciprocal"]["resourceConformsTo"] = USD
    await refuses(customer, update, Reason.MALFORMED)
    gift = customer.update(scene.cast)
    del gift["object"]["reciprocal"]
    await refuses(customer, gift, Reason.MALFORMED)


async def test_g16_variant_receipt_in_another_currency_or_amount_is_malformed(world: World) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    await vendor.tell(vendor.conclude(scene.accept))
    for changes in (
        {"obv:currency": USD},
        {"obv:total": "2890.00"},
        {"obv:total": 289},
        {"obv:currency": None},
    ):
        await refuses(vendor, vendor.receipt(scene.accept, "289.00", **changes), Reason.MALFORMED)
    await vendor.tell(vendor.receipt(scene.accept, "289.00"))
    assert (await deal_of(world.v, "ana", scene.deal)).receipt is not None


# --- sums -------------------------------------------------------------------------------------------------


def _part(kind: str, amount: Any) -> JsonObject:
    return {"name": "x", "kind": kind, "amount": amount}


@pytest.mark.parametrize(
    "parts",
    [
        [_part("goods", "289.01")],
        [_part("goods", "279.00"), _part("delivery", "9.99")],
        [_part("goods", "300.00"), _part("discount", "10.99")],
        [_part("goods", "300.00"), _part("discount", "-11.00")],
        [_part("goods", "300.00"), _part("goods", "-11.00")],
        [_part("discount", "289.00")],
        [_part("goods", "289.00"), _part("mystery", "0.00")],
        [_part("goods", "289.00"), _part("fee", "")],
        [_part("goods", 289)],
        [_part("goods", "2.89e2")],
        [_part("goods", "289.00"), {}],
        "289.00",
        [_part("goods", "0.01")] * 28900,
    ],
)
async def test_g19_price_parts_that_do_not_sum_to_the_amount_are_malformed(world: World, parts: Any) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    if isinstance(parts, list) and len(parts) > 1000:
        parts = parts[:2000]
    await refuses(vendor, vendor.offer(scene.cast, priceParts=parts), Reason.MALFORMED)


async def test_g19_variant_parts_that_do_sum_are_taken(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    parts = [_part("goods", "279.00"), _part("delivery", "20.00"), _part("discount", "10.00")]
    await vendor.tell(vendor.offer(scene.cast, priceParts=parts))
    assert (await deal_of(world.v, "ana", scene.deal)).state == DealState.OFFERED


DEAR = """\
sku,name,category,price,currency
DEAR,Diamond,https://www.wikidata.org/wiki/Q11442,9999999999999.99,EUR
"""


async def test_g20_quantity_times_price_beyond_the_bound_is_malformed(world: World) -> None:
    await owner(world.v, "shop", "catalogue.import", csv=DEAR)
    posted = await owner(world.v, "shop", "post.add", sku="DEAR")
    customer, post = a_customer(world), await _fetched(world, posted["id"])
    for price in ("9999999989999990000000.01", "999999999.99", "0.00"):
        await refuses(customer, customer.order(post, "999999999", price), Reason.MALFORMED)
    assert await deals_of(world.v, "shop") == []


async def test_g20_variant_rule_makes_no_offer_beyond_the_bound(world: World) -> None:
    await owner(world.v, "shop", "catalogue.import", csv=DEAR)
    await owner(world.v, "shop", "rules.add", name="All")
    customer = a_customer(world)
    cast = customer.cast(wishes=[])
    cast["object"]["publishes"]["resourceQuantity"]["hasNumericalValue"] = "999999999"
    await customer.tell(cast)
    (deal,) = await deals_of(world.v, "shop")
    assert (deal.state, deal.offers, customer.heard) == (DealState.OPEN, (), [])
    assert await world.v.is_alive()


async def test_g20_variant_recurring_amount_beyond_the_bound_is_malformed(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    for recurring in (
        {"amount": "9999999999999.99", "period": "P1M", "times": 2**53 - 1},
        {"amount": "1.00", "period": "P1M", "times": 0},
        {"amount": "1.00", "period": "P1M", "times": -1},
        {"amount": "1.00", "period": "P1M", "times": "12"},
        {"amount": "1.00", "period": "every month", "times": 12},
        {"amount": "-1.00", "period": "P1M", "times": 12},
    ):
        await refuses(vendor, vendor.offer(scene.cast, recurring=recurring), Reason.MALFORMED)


@pytest.mark.parametrize(
    ("unit", "value"),
    [("gram", "2000"), ("gram", "2"), ("one", "2"), ("kg", "2"), ("Kilogram", "2"), ("", "2"), (None, "2")],
)
async def test_g21_other_unit_than_was_proposed_is_malformed(world: World, unit: Any, value: str) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor, quantity="2 kilogram")
    offer = vendor.offer(scene.cast)
    offer["object"]["stipulates"]["resourceQuantity"] = {"hasUnit": unit, "hasNumericalValue": value}
    await refuses(vendor, offer, Reason.MALFORMED)


async def test_g21_variant_two_spellings_of_the_unit_do_not_hide_one(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor, quantity="2 kilogram")
    for extra in ("om2:hasUnit", "vf:hasUnit"):
        offer = vendor.offer(scene.cast)
        offer["object"]["stipulates"]["resourceQuantity"][extra] = "gram"
        await refuses(vendor, offer, Reason.MALFORMED)


async def test_g21_variant_order_and_delivery_in_another_unit(world: World) -> None:
    await owner(
        world.v,
        "shop",
        "catalogue.import",
        csv="sku,name,category,price,currency,stock,unit\nOIL,Oil,https://www.wikidata.org/wiki/Q8495,9,EUR,9,litre\n",
    )
    posted = await owner(world.v, "shop", "post.add", sku="OIL")
    customer, post = a_customer(world), await _fetched(world, posted["id"])
    order = customer.order(post, "2", "18.00")
    for unit in ("millilitre", "one", "kilogram"):
        wrong = copy.deepcopy(order)
        wrong["id"] = customer.peer.fresh()
        wrong["object"]["stipulates"]["resourceQuantity"]["hasUnit"] = unit
        await refuses(customer, wrong, Reason.MALFORMED)
    assert await item(world.v, "OIL") == ("9", "0")


# --- links ------------------------------------------------------------------------------------------------

HOSTILE = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "https://m.example.evil.example/pay",
    "https://t.example/pay",
    "http://m.example/pay",
    "https://m.example:8443/pay",
    "https://m.example@t.example/pay",
    "https://user@m.example/pay",
    "//m.example/pay",
    "/pay",
    "https://M.EXAMPLE\\@t.example/pay",
    "https://m.example\t.t.example/pay",
]


@pytest.mark.parametrize("href", HOSTILE)
async def test_g29_payment_link_that_is_not_the_vendors_own_is_not_offered_as_one(
    world: World, href: str
) -> None:
    vendor: Vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    link = {"type": "Link", "name": "Pay on acceptance", "href": href, "rel": ["payment"]}
    offer = vendor.offer(scene.cast, attachment=[link])
    offer["object"]["stipulates"]["item"]["url"] = href
    proven = vendor.prove(offer)
    answer = await vendor.post(proven)
    assert answer.status in (202, 400), "an address that can be read in two ways is not read at all"
    await world.v.settle()
    assert not is_trusted_link(href, vendor.id)
    for row in (await owner(world.v, "ana", "offers.list", all=True))["offers"]:
        assert [shown["trusted"] for shown in row["links"]] in ([], [False])
        assert row["item"]["url"] is None or row["item"]["url_trusted"] is False
        assert href not in json.dumps({**row, "links": [], "item": None})


async def test_g29_variant_the_vendors_own_link_is_trusted(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    href = "https://m.example/pay/1"
    link = {"type": "Link", "name": "Pay on acceptance", "href": href, "rel": ["payment"]}
    offer = vendor.offer(scene.cast, attachment=[link])
    offer["object"]["stipulates"]["item"]["url"] = href
    await vendor.tell(offer)
    (row,) = (await owner(world.v, "ana", "offers.list"))["offers"]
    assert row["links"] == [{"name": "Pay on acceptance", "href": href, "rel": ["payment"], "trusted": True}]
    assert (row["item"]["url"], row["item"]["url_trusted"]) == (href, True)
