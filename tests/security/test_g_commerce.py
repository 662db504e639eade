"""Group G, who and when: messages that are authentic, and mean what they must not.

V is the shop in most cases, and ana's node in the others. What values may be is in `test_g_values`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from federation import signatures
from federation.digest import object_digest
from federation.keys import generate_ed25519
from federation.messages import HttpMessage, JsonObject
from node.domain.deals import DealState
from node.domain.errors import Reason
from node.domain.values import parse_time
from tests.security.commerce import (
    Customer,
    Scene,
    a_customer,
    a_vendor,
    accepted,
    concluded,
    deal_of,
    deals_of,
    item,
    meaning,
    offered,
    owner,
    reasons,
    refusal,
    refuses,
    stocked,
    wanted,
    without,
)
from tests.security.peers import ACTIVITY, PUBLIC, own_name
from tests.security.world import World

pytestmark = pytest.mark.anyio

UNKNOWN_DIGEST = "zQmPHyHwDTwYvgXiWu8hDHNfXzAVzqRQhrqFX6LHEoJxc6i"


def alike(reject: JsonObject) -> JsonObject:
    """What a Reject tells its reader, without the names that are the reader's own or drawn by lot."""
    words = without(reject, "id", "object", "published", "context", "@context")
    return {name: value for name, value in words.items() if not name.endswith("Digest") and name != "digest"}


# --- whose deal it is -------------------------------------------------------------------------------------


def _customers_words(by: Customer, scene: Scene) -> dict[str, JsonObject]:
    """Everything that a customer can say of an offer, as `by` would say it."""
    return {
        "accept": by.accept(scene.offer),
        "shortlist": by.shortlist(scene.offer),
        "decline": by.decline(scene.offer),
        "counter": by.counter(scene.cast, scene.offer, "100.00"),
        "ask": by.ask(scene.cast),
    }


@pytest.mark.parametrize("word", ["accept", "shortlist", "decline", "ask"])
async def test_g01_accept_by_non_addressee_is_not_addressed_like_an_unknown_id(
    world: World, word: str
) -> None:
    scene = await offered(a_customer(world))
    tess = a_customer(world, world.t)
    reject = await refuses(tess, _customers_words(tess, scene)[word], Reason.NOT_ADDRESSED)

    # A made-up deal and offer, where she could only have hit upon one of another's.
    deal = "https://m.example/deals/none"
    nothing = {**scene.offer, "id": f"{world.v.base}/activities/none", "context": deal}
    asked = {**scene.cast, "object": {**scene.cast["object"], "context": deal}}
    said = _customers_words(tess, Scene(tess, None, asked, nothing))[word]
    unknown = await refuses(tess, said, Reason.NOT_ADDRESSED)
    assert alike(reject) == alike(unknown)


@pytest.mark.parametrize("word", ["accept", "shortlist", "decline", "counter"])
async def test_g01_variant_offer_to_another_cannot_be_taken_into_ones_own_deal(
    world: World, word: str
) -> None:
    theirs = await offered(a_customer(world))
    tess = a_customer(world, world.t)
    own = await offered(tess)
    stolen = {**theirs.offer, "context": own.deal}
    said = _customers_words(tess, Scene(tess, None, own.cast, stolen))[word]
    reject = await refuses(tess, said, Reason.NOT_ADDRESSED)

    made_up = {**stolen, "id": f"{world.v.base}/activities/none"}
    said = _customers_words(tess, Scene(tess, None, own.cast, made_up))[word]
    assert alike(reject) == alike(await refuses(tess, said, Reason.NOT_ADDRESSED))


@pytest.mark.parametrize("word", ["cancel", "paid", "confirm"])
async def test_g01_variant_agreement_of_others_cannot_be_touched(world: World, word: str) -> None:
    scene = await concluded(a_customer(world))
    tess = a_customer(world, world.t)
    said = {
        "cancel": tess.cancel(scene.accept),
        "paid": tess.report(scene.accept, "paid", "289.00"),
        "confirm": tess.confirm(scene.accept),
    }[word]
    await refuses(tess, said, Reason.NOT_ADDRESSED)


@pytest.mark.parametrize("word", ["conclude", "progress", "receipt", "cancel", "offer"])
async def test_g01_variant_other_vendor_cannot_speak_in_a_deal(world: World, word: str) -> None:
    scene = await accepted(world, a_vendor(world))
    intruder = a_vendor(world, "t.example", "rival")
    intruder.to = scene.cast["actor"]
    said = {
        "conclude": intruder.conclude(scene.accept),
        "offer": intruder.offer(scene.cast),
        "progress": intruder.report(scene.accept, "delivered", "1"),
        "receipt": intruder.receipt(scene.accept, "289.00"),
        "cancel": intruder.cancel(scene.accept),
    }[word]
    await refuses(intruder, said, Reason.NOT_ADDRESSED)


async def test_g01_variant_other_vendor_cannot_withdraw_an_offer_or_refuse_an_accept(world: World) -> None:
    scene = await accepted(world, a_vendor(world))
    intruder = a_vendor(world, "t.example", "rival")
    intruder.to = scene.cast["actor"]
    undo = intruder.prove(intruder.undo(scene.offer))
    assert (await intruder.post(undo)).status == 403, "it names an id of another origin as its own"
    before = meaning(world.v)
    await intruder.tell(intruder.no_bid(scene.cast))
    await intruder.tell(intruder.reject(scene.accept, "outOfStock", acceptDigest=object_digest(scene.accept)))
    assert meaning(world.v) == before
    assert [heard["type"] for heard in intruder.heard] in ([], ["Reject"])


async def test_g01_variant_one_persona_cannot_accept_for_another_of_its_host(world: World) -> None:
    scene = await offered(a_customer(world))
    neighbour = a_customer(world, world.peer("m.example", "neighbour"))
    await refuses(neighbour, neighbour.accept(scene.offer), Reason.NOT_ADDRESSED)
    await refuses(neighbour, neighbour.withdraw(scene.cast), Reason.NOT_ADDRESSED)
    text = json.dumps(neighbour.update(scene.cast)).replace(f'"{world.m.id}"', f'"{neighbour.id}"')
    update = json.loads(text)
    await refuses(neighbour, update, Reason.NOT_ADDRESSED)


# --- what it is bound to ----------------------------------------------------------------------------------


async def test_g03_accept_of_the_right_id_with_the_wrong_digest_is_superseded(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    wrong = customer.accept(scene.offer, offerDigest=UNKNOWN_DIGEST)
    await refuses(customer, wrong, Reason.SUPERSEDED)


@pytest.mark.parametrize("word", ["shortlist", "decline", "counter"])
async def test_g03_variant_every_answer_to_an_offer_is_bound_to_its_digest(world: World, word: str) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    said = {**_customers_words(customer, scene)[word], "offerDigest": UNKNOWN_DIGEST}
    await refuses(customer, said, Reason.SUPERSEDED)


@pytest.mark.parametrize("digest", ["", "zQm", "z" * 400, 7, None, ["x"], {"@value": UNKNOWN_DIGEST}])
async def test_g03_variant_accept_without_a_readable_digest_is_malformed(world: World, digest: Any) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    said = await customer.tell(customer.accept(scene.offer, offerDigest=digest))
    assert refusal(customer, said)["instrument"]["reasonCode"] in ("obv:malformed", "obv:superseded")
    assert (await deal_of(world.v, "shop", scene.deal)).state == DealState.OFFERED


async def test_g03_variant_superseded_offer_cannot_be_accepted(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    await owner(world.v, "shop", "deal.offer", deal=scene.deal, price="299.00")
    await world.v.settle()
    await refuses(customer, customer.accept(scene.offer), Reason.SUPERSEDED)
    mixed = {**customer.last("Offer"), "id": scene.offer["id"]}
    await refuses(customer, customer.accept(mixed), Reason.SUPERSEDED)


async def test_g03_variant_withdrawn_offer_cannot_be_accepted(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    await owner(world.v, "shop", "deal.offer.withdraw", offer=scene.deal)
    await world.v.settle()
    await refuses(customer, customer.accept(scene.offer), Reason.WITHDRAWN)


@pytest.mark.parametrize("member", ["acceptDigest", "offerDigest"])
async def test_g03_variant_conclusion_is_bound_to_offer_and_accept(world: World, member: str) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    await refuses(vendor, vendor.conclude(scene.accept, **{member: UNKNOWN_DIGEST}), Reason.SUPERSEDED)
    assert (await deal_of(world.v, "ana", scene.deal)).state == DealState.ACCEPTING


async def test_g03_variant_offer_is_bound_to_the_proposal_as_last_stated(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    world.clock.advance(minutes=1)
    (intent,) = (await owner(world.v, "ana", "intent.list"))["intents"]
    await owner(world.v, "ana", "intent.update", intent=intent["id"], text="Red, please.")
    await world.v.settle()
    await refuses(vendor, vendor.offer(scene.cast), Reason.SUPERSEDED)
    update = vendor.last("Update")
    await vendor.tell(vendor.offer(update))
    assert (await deal_of(world.v, "ana", scene.deal)).state == DealState.OFFERED


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("stipulatesReciprocal", "resourceQuantity", "hasNumericalValue"), "28.90"),
        (("stipulatesReciprocal", "resourceQuantity", "hasNumericalValue"), "289.0"),
        (("stipulates", "resourceQuantity", "hasNumericalValue"), "2"),
        (("stipulates", "item", "name"), "North Kid 24"),
        (("stipulates", "item", "gift"), "a helmet"),
        (("stipulates", "due"), "2026-11-22T18:00:00Z"),
        (("stipulates", "satisfies"), "https://m.example/proposals/other#primary"),
        (("name",), "With a free helmet"),
        (("type",), ["Agreement", "Proposal"]),
        (("terms",), ["https://w3id.org/dpv/standards/ieee/7012#SD-BASE"]),
        (("terms",), []),
        (("stipulatesReciprocal",), None),
    ],
)
async def test_g03_variant_accept_that_changes_the_agreement_is_malformed(
    world: World, path: tuple[str, ...], value: Any
) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    accept = customer.accept(scene.offer)
    part = accept["result"]
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    await refuses(customer, accept, Reason.MALFORMED)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("attributedTo", "https://t.example/actors/tess"),
        ("attributedTo", "https://m.example/actors/neighbour"),
        ("id", "https://t.example/agreements/1"),
    ],
)
async def test_g03_variant_agreement_of_somebody_else_is_forbidden(
    world: World, member: str, value: str
) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    before = world.v.snapshot()
    accept = customer.accept(scene.offer)
    accept["result"][member] = value
    assert (await customer.post(customer.prove(accept))).status == 403
    await world.v.settle()
    assert world.v.snapshot() == before


# --- once and once only -----------------------------------------------------------------------------------


async def test_g06_second_accept_gets_the_same_conclusion_and_makes_no_second_agreement(
    world: World,
) -> None:
    await stocked(world.v)
    customer = a_customer(world)
    scene = await concluded(customer, sku="NK20")
    before, stock = meaning(world.v), await item(world.v, "NK20")
    again = {**without(scene.accept), "id": customer.peer.fresh()}
    await customer.tell(again)
    assert meaning(world.v) == before
    assert await item(world.v, "NK20") == stock == ("2", "0")
    conclusions = [message for message in customer.heard if message["type"] == "Accept"]
    assert conclusions == [scene.conclusion] * 2
    deal = await deal_of(world.v, "shop", scene.deal)
    assert [(found.state, found.digest) for found in deal.acceptances] == [
        ("concluded", object_digest(scene.accept))
    ]


async def test_g06_variant_the_very_same_accept_has_no_second_effect(world: World) -> None:
    customer = a_customer(world)
    scene = await concluded(customer)
    before, heard = world.v.snapshot(), len(customer.heard)
    world.clock.advance(seconds=10)
    await customer.tell(scene.accept)
    assert world.v.snapshot() == before
    assert len(customer.heard) == heard


async def test_g06_variant_second_accept_with_another_feedback_key_or_card_changes_nothing(
    world: World,
) -> None:
    customer = a_customer(world)
    scene = await concluded(customer)
    before = meaning(world.v)
    key = generate_ed25519("y", "y")
    customer.secret = key
    card = '{"@type":"Card","version":"1.0","name":{"full":"Somebody Else"}}'
    await customer.tell(customer.accept(scene.offer, disclosed=card))
    assert meaning(world.v) == before
    assert customer.last("Accept")["acceptDigest"] == object_digest(scene.accept)


async def test_g06_variant_second_conclusion_changes_nothing(world: World) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    await vendor.tell(vendor.conclude(scene.accept))
    before, heard = meaning(world.v), len(vendor.heard)
    world.clock.advance(minutes=1)
    await vendor.tell(vendor.conclude(scene.accept))
    assert meaning(world.v) == before
    assert [m["type"] for m in vendor.heard[heard:]] in ([], ["Reject"])


async def test_g08_last_unit_goes_to_one_of_two_buyers(world: World) -> None:
    await stocked(world.v)
    buyers = [a_customer(world), a_customer(world, world.t)]
    scenes = [await offered(buyer, sku="LAST") for buyer in buyers]
    assert await item(world.v, "LAST") == ("1", "0"), "what is not firm is not reserved"
    for scene in scenes:
        assert scene.customer is not None
        scene.accept = scene.customer.prove(scene.customer.accept(scene.offer))
        assert (await scene.customer.post(scene.accept)).status == 202
    await world.v.settle()
    assert buyers[0].heard[-1]["type"] == "Accept"
    reject = refusal(buyers[1], scenes[1].accept)
    assert reject["instrument"]["reasonCode"] == "obv:outOfStock"
    assert await item(world.v, "LAST") == ("0", "0")
    assert (await reasons(world.v, "shop"))[0] == Reason.OUT_OF_STOCK


async def test_g08_variant_firm_offer_keeps_its_unit_from_everybody_else(world: World) -> None:
    await stocked(world.v)
    first, second = a_customer(world), a_customer(world, world.t)
    loose = await offered(second, sku="LAST")
    firm = await offered(first, sku="LAST", firm=True)
    assert await item(world.v, "LAST") == ("1", "1")
    await refuses(second, second.accept(loose.offer), Reason.OUT_OF_STOCK)
    await first.tell(first.accept(firm.offer))
    assert first.heard[-1]["type"] == "Accept"
    assert await item(world.v, "LAST") == ("0", "0")


# --- when it ends -----------------------------------------------------------------------------------------


async def test_g09_accept_received_one_second_after_the_end_is_expired(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    world.clock.now = parse_time(scene.offer["endTime"]) + timedelta(seconds=1)
    await world.v.settle()
    await refuses(customer, customer.accept(scene.offer), Reason.EXPIRED)


async def test_g09_variant_late_accept_is_expired_though_no_clock_has_struck(world: World) -> None:
    """The time of receipt decides, not whether the node had found the time to look at the clock."""
    customer = a_customer(world)
    scene = await offered(customer)
    world.clock.now = parse_time(scene.offer["endTime"])
    late = await customer.tell(customer.accept(scene.offer))
    assert refusal(customer, late)["instrument"]["reasonCode"] == "obv:expired"


async def test_g09_variant_back_dated_accept_is_late_all_the_same(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    signed = customer.prove(customer.accept(scene.offer, endTime=customer.later(days=9)))
    world.clock.now = parse_time(scene.offer["endTime"]) + timedelta(seconds=1)
    await world.v.settle()
    await refuses(customer, signed, Reason.EXPIRED)


async def test_g09_variant_accept_received_in_time_is_concluded_though_handled_later(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    world.clock.now = parse_time(scene.offer["endTime"]) - timedelta(seconds=1)
    accept = customer.prove(customer.accept(scene.offer))
    assert (await customer.post(accept)).status == 202
    world.clock.advance(seconds=30)
    await world.v.settle()
    assert (customer.heard[-1]["type"], customer.heard[-1]["object"]) == ("Accept", accept["id"])


async def test_g09_variant_accept_that_is_past_its_own_end_is_expired(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    signed = customer.prove(customer.accept(scene.offer, endTime=customer.later(hours=1)))
    world.clock.advance(hours=1, seconds=1)
    await refuses(customer, signed, Reason.EXPIRED)


async def test_g09_variant_conclusion_after_her_end_is_expired_and_releases_both(world: World) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    world.clock.now = parse_time(scene.accept["endTime"]) + timedelta(seconds=1)
    late = await vendor.tell(vendor.conclude(scene.accept))
    assert refusal(vendor, late)["instrument"]["reasonCode"] == "obv:expired"
    assert (await deal_of(world.v, "ana", scene.deal)).agreed is None
    assert Reason.EXPIRED in await reasons(world.v, "ana")


async def test_g09_variant_offer_to_a_proposal_that_has_ended_is_expired(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    world.clock.now = parse_time(scene.cast["object"]["endTime"]) + timedelta(seconds=1)
    await world.v.settle()
    await refuses(vendor, vendor.offer(scene.cast), Reason.EXPIRED)


async def test_g09_variant_order_after_the_end_of_its_post_is_expired(world: World) -> None:
    await stocked(world.v)
    posted = await owner(world.v, "shop", "post.add", sku="MILK", lasts="2d")
    customer, post = a_customer(world), await fetched(world, posted["id"])
    signed = customer.prove(customer.order(post, "2", "2.70"))
    world.clock.now = parse_time(post["endTime"]) + timedelta(seconds=1)
    await world.v.settle()
    await refuses(customer, {**without(signed), "endTime": customer.later(hours=9)}, Reason.EXPIRED)
    assert await item(world.v, "MILK") == ("10", "0")


async def fetched(world: World, url: str) -> JsonObject:
    """A public document of V's, as anybody gets it."""
    answer = await world.v.ask(HttpMessage.request("GET", url, {"accept": ACTIVITY}))
    assert answer.status == 200
    found: JsonObject = json.loads(answer.body)
    return found


async def test_g11_without_an_expiry_the_maximum_lifetime_applies(world: World) -> None:
    customer = a_customer(world)
    cast = customer.cast()
    cast["object"] = without(cast["object"], "endTime", "hasEnd")
    await customer.tell(cast)
    (deal,) = await deals_of(world.v, "shop")
    assert deal.proposal is not None
    assert deal.proposal.ends_at == world.clock.now + timedelta(days=90)
    world.clock.advance(days=90, seconds=1)
    await world.v.settle()
    assert (await deals_of(world.v, "shop"))[0].state == DealState.EXPIRED


async def test_g11_variant_offer_without_an_expiry_ends_after_thirty_days(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor, until="80d")
    await vendor.tell(without(vendor.offer(scene.cast), "endTime"))
    (offer,) = (await deal_of(world.v, "ana", scene.deal)).offers
    assert offer.ends_at == world.clock.now + timedelta(days=30)


async def test_g11_variant_no_life_is_longer_than_the_maximum(world: World) -> None:
    customer, vendor = a_customer(world), a_vendor(world)
    far = customer.later(days=365)
    await customer.tell(customer.cast(endTime=far, hasEnd=far))
    for deal in await deals_of(world.v, "shop"):
        assert deal.proposal is not None
        assert deal.proposal.ends_at <= world.clock.now + timedelta(days=90)
    scene = await wanted(world, vendor, until="80d")
    await vendor.tell(vendor.offer(scene.cast, endTime=far))
    for offer in (await deal_of(world.v, "ana", scene.deal)).offers:
        assert offer.ends_at <= world.clock.now + timedelta(days=30)


BAD_TIMES = [
    "2026-11-24T10:00:00",
    "2026-02-30T10:00:00Z",
    "10000-01-01T00:00:00Z",
    "2026-11-24",
    "2026-11-24T24:00:00Z",
    "2026-11-24T10:00:60Z",
    "2026-11-24T10:00:00+25:00",
    "2026-11-24 10:00:00Z",
    "２０２６-11-24T10:00:00Z",
    "0000-01-01T00:00:00Z",
    "",
    1795262400,
    False,
    ["2026-11-24T10:00:00Z"],
]


@pytest.mark.parametrize("bad", BAD_TIMES)
async def test_g12_expiry_that_is_no_time_is_malformed(world: World, bad: Any) -> None:
    customer = a_customer(world)
    await refuses(customer, customer.cast(endTime=bad, hasEnd=bad), Reason.MALFORMED)
    assert await deals_of(world.v, "shop") == []


@pytest.mark.parametrize("bad", BAD_TIMES)
async def test_g12_variant_of_an_accept(world: World, bad: Any) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    await refuses(customer, customer.accept(scene.offer, endTime=bad), Reason.MALFORMED)


@pytest.mark.parametrize("bad", BAD_TIMES)
async def test_g12_variant_of_an_offer(world: World, bad: Any) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    await refuses(vendor, vendor.offer(scene.cast, endTime=bad), Reason.MALFORMED)


async def test_g12_variant_two_different_ends_are_malformed(world: World) -> None:
    customer = a_customer(world)
    cast = customer.cast(endTime=customer.later(days=2), hasEnd=customer.later(days=20))
    await refuses(customer, cast, Reason.MALFORMED)


async def test_g13_reject_of_the_offer_after_the_conclusion_is_out_of_state(world: World) -> None:
    customer = a_customer(world)
    scene = await concluded(customer)
    await refuses(customer, customer.decline(scene.offer), Reason.OUT_OF_STATE)
    assert (await deal_of(world.v, "shop", scene.deal)).state == DealState.CONCLUDED

    await customer.tell(customer.cancel(scene.accept))
    assert (await deal_of(world.v, "shop", scene.deal)).state == DealState.CANCELLING


@pytest.mark.parametrize("word", ["counter", "withdraw", "update", "offer refused", "new accept"])
async def test_g13_variant_what_was_before_the_agreement_is_out_of_state(world: World, word: str) -> None:
    customer = a_customer(world)
    scene = await concluded(customer)
    other = {**scene.offer, "id": f"{world.v.base}/activities/other"}
    said = {
        "counter": customer.counter(scene.cast, scene.offer, "1.00"),
        "withdraw": customer.withdraw(scene.cast),
        "update": customer.update(scene.cast, content="<p>Two, and cheaper.</p>"),
        "offer refused": customer.decline(other),
        "new accept": customer.accept(other),
    }[word]
    if word == "offer refused":  # it might be the decline of an offer that crossed the Accept
        await customer.tell(said)
    else:
        await refuses(customer, said, Reason.OUT_OF_STATE)
    assert (await deal_of(world.v, "shop", scene.deal)).state == DealState.CONCLUDED


@pytest.mark.parametrize("reason", list(Reason))
async def test_g13_variant_refusing_the_conclusion_frees_nobody_before_it_could_be_late(
    world: World, reason: Reason
) -> None:
    """Not even where she never says that it has reached her."""
    await stocked(world.v)
    customer = a_customer(world)
    scene = await offered(customer, sku="NK20")
    world.m.host.inbox_status = 500
    scene.accept = await customer.tell(customer.accept(scene.offer))
    conclusion = customer.last("Accept")
    refused = customer.reject(conclusion, reason, acceptDigest=object_digest(conclusion))
    await customer.tell({**refused, "context": scene.deal})
    deal = await deal_of(world.v, "shop", scene.deal)
    assert deal.state == DealState.CONCLUDED
    assert await item(world.v, "NK20") == ("2", "0")


@pytest.mark.parametrize("word", ["undo", "new offer"])
async def test_g13_variant_vendor_cannot_take_back_what_is_concluded(world: World, word: str) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    await vendor.tell(vendor.conclude(scene.accept))
    before = await deal_of(world.v, "ana", scene.deal)
    said = await vendor.tell(
        {
            "undo": vendor.undo(scene.offer),
            "new offer": vendor.offer(scene.cast, "500.00"),
        }[word]
    )
    after = await deal_of(world.v, "ana", scene.deal)
    assert (after.state, after.agreed, after.offers) == (before.state, before.agreed, before.offers)
    assert refusal(vendor, said)["instrument"]["reasonCode"] == "obv:outOfState"
    assert (await reasons(world.v, "ana"))[0] == Reason.OUT_OF_STATE


async def test_g13_variant_no_bid_after_the_conclusion_says_nothing(world: World) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    await vendor.tell(vendor.conclude(scene.accept))
    before, heard = meaning(world.v), len(vendor.heard)
    await vendor.tell(vendor.no_bid(scene.cast))
    assert (meaning(world.v), len(vendor.heard)) == (before, heard), "a Reject is never answered"


@pytest.mark.parametrize("reason", ["expired", "outOfStock", "withdrawn", "outOfState", "malformed"])
async def test_g13_variant_vendors_refusal_after_its_conclusion_frees_nobody(
    world: World, reason: str
) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    await vendor.tell(vendor.conclude(scene.accept))
    before, heard = await deal_of(world.v, "ana", scene.deal), len(vendor.heard)
    await vendor.tell(vendor.reject(scene.accept, reason, acceptDigest=object_digest(scene.accept)))
    after = await deal_of(world.v, "ana", scene.deal)
    assert (after.state, after.agreed) == (before.state, before.agreed)
    assert len(vendor.heard) == heard, "a refusal is never answered"


# --- who signed it ----------------------------------------------------------------------------------------


async def test_g23_accept_signed_by_the_node_actor_is_401(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    actor = f"{world.m.host.base}/actor"
    document = json.loads(world.m.host.routes["/actor"](HttpMessage.request("GET", actor)).body)
    fast = generate_ed25519(f"{actor}#ed25519-key", actor)
    document["assertionMethod"] = [
        {
            "id": fast.id,
            "type": "Multikey",
            "controller": actor,
            "publicKeyMultibase": fast.public.multibase,
        }
    ]
    world.m.host.serve("/actor", document)
    before = world.v.snapshot()
    accept = customer.accept(scene.offer)
    for proof_key, http_key in (
        (world.m.ed25519, fast),
        (world.m.ed25519, own_name(world.rsa_keys[0], actor)),
        (fast, fast),
        (fast, world.m.ed25519),
    ):
        body = json.dumps(world.m.prove(accept, key=proof_key)).encode()
        request = HttpMessage.request("POST", world.v.inbox("shop"), {"content-type": ACTIVITY}, body)
        answer = await world.v.ask(signatures.sign(request, http_key, now=world.clock.now))
        assert answer.status == 401
    await world.v.settle()
    after = world.v.snapshot()
    assert {name: rows for name, rows in after.items() if name != "document"} == {
        name: rows for name, rows in before.items() if name != "document"
    }


# --- what she no longer wants, and what she never asked ---------------------------------------------------


async def test_g24_offer_to_a_withdrawn_intent_is_withdrawn_and_not_shown(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    (intent,) = (await owner(world.v, "ana", "intent.list"))["intents"]
    await owner(world.v, "ana", "intent.withdraw", intent=intent["id"])
    await world.v.settle()
    await refuses(vendor, vendor.offer(scene.cast), Reason.WITHDRAWN)
    assert (await owner(world.v, "ana", "offers.list", all=True))["offers"] == []
    deal = await deal_of(world.v, "ana", scene.deal)
    assert (deal.state, deal.offers) == (DealState.WITHDRAWN, ())


async def test_g25_offer_to_an_intent_never_sent_to_this_vendor_is_answered_like_one_to_nothing(
    world: World,
) -> None:
    scene = await wanted(world, a_vendor(world))
    stranger = a_vendor(world, "t.example", "rival")
    stranger.to = scene.cast["actor"]
    peeked = await refuses(stranger, stranger.offer(scene.cast), Reason.NOT_ADDRESSED)

    text = json.dumps(without(scene.cast))
    for known in (scene.cast["object"]["id"], scene.deal, scene.cast["id"]):
        text = text.replace(known, f"{world.v.base}/proposals/none")
    nothing = json.loads(text)
    assert alike(peeked) == alike(await refuses(stranger, stranger.offer(nothing), Reason.NOT_ADDRESSED))
    assert (await owner(world.v, "ana", "offers.list", all=True))["offers"] == []


async def test_g25_variant_own_deal_does_not_open_the_intent_of_another(world: World) -> None:
    mine = a_vendor(world)
    own = await wanted(world, mine)
    other = await wanted(world, a_vendor(world, "t.example", "rival"))
    mine.to = own.cast["actor"]
    mixed = mine.offer(own.cast)
    mixed["object"]["stipulates"]["satisfies"] = other.cast["object"]["publishes"]["id"]
    await refuses(mine, mixed, Reason.MALFORMED)
    await refuses(mine, mine.offer(other.cast, context=own.deal), Reason.SUPERSEDED)
    bound = mine.offer(own.cast, proposalDigest=object_digest(other.cast))
    await refuses(mine, bound, Reason.SUPERSEDED)
    mine.to = other.cast["actor"]
    await refuses(mine, mine.offer(own.cast), Reason.NOT_ADDRESSED)


TESS = "https://t.example/actors/tess"


@pytest.mark.parametrize("name", ["cc", "bto", "bcc", "audience"])
@pytest.mark.parametrize("where", ["activity", "object"])
async def test_g26_deal_message_with_another_audience_is_malformed(
    world: World, name: str, where: str
) -> None:
    customer = a_customer(world)
    cast = customer.cast()
    part = cast if where == "activity" else cast["object"]
    part[name] = [TESS]
    await refuses(customer, cast, Reason.MALFORMED)
    scene = await offered(customer)
    accept = customer.accept(scene.offer)
    (accept if where == "activity" else accept["result"])[name] = TESS
    await refuses(customer, accept, Reason.MALFORMED)


@pytest.mark.parametrize("second", [TESS, PUBLIC, "as:Public", "https://m.example/actors/mallory/followers"])
@pytest.mark.parametrize("where", ["activity", "object"])
async def test_g26_variant_second_addressee_is_malformed(world: World, second: str, where: str) -> None:
    customer = a_customer(world)
    cast = customer.cast()
    (cast if where == "activity" else cast["object"])["to"] = [customer.to, second]
    await refuses(customer, cast, Reason.MALFORMED)


async def test_g26_variant_message_bound_to_another_vendor_is_not_addressed(world: World) -> None:
    customer = a_customer(world)
    elsewhere = json.loads(json.dumps(customer.cast()).replace(customer.to, TESS))
    before, heard = meaning(world.v), len(customer.heard)
    answer = await customer.post(customer.prove(elsewhere))
    await world.v.settle()
    assert answer.status in (202, 401, 403, 404)
    assert meaning(world.v) == before
    news = customer.heard[heard:]
    assert [new["instrument"]["reasonCode"] for new in news] in (
        ["obv:notAddressed"],
        ["obv:malformed"],
        [],
    )


async def test_g26_variant_proposal_for_another_vendor_is_malformed(world: World) -> None:
    customer = a_customer(world)
    await refuses(customer, customer.cast(to=[TESS]), Reason.MALFORMED)


async def test_g26_variant_message_for_one_account_is_not_taken_by_another(world: World) -> None:
    """The person account of the same node is no vendor, and gets nobody's intents."""
    customer = a_customer(world)
    customer.account, customer.to = "ana", world.v.actor("ana")
    said = await customer.tell(customer.cast())
    assert refusal(customer, said)["instrument"]["reasonCode"] == "obv:notAddressed"
    assert await deals_of(world.v, "ana") == []
