"""Attacks on deals that stand in no list: races, doubles, releases, floods, and what is bound to whom."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import anyio
import pytest

from federation.digest import object_digest
from federation.messages import JsonObject
from node.domain.accounts import AccountKind
from node.domain.deals import DealState
from node.domain.errors import Reason
from node.domain.values import parse_time
from tests.security.commerce import (
    Customer,
    Scene,
    a_customer,
    a_vendor,
    accepted,
    asked,
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
from tests.security.target import Target
from tests.security.world import World

pytestmark = pytest.mark.anyio

THING = {"name": "child bicycle", "category": "Q11442", "currency": "EUR"}


async def at_once(*parties_and_messages: tuple[Any, JsonObject, str | None]) -> list[int]:
    """Post all of these side by side; the statuses."""
    statuses: list[int] = []

    async def post(party: Any, message: JsonObject, inbox: str | None) -> None:
        statuses.append((await party.post(message, inbox=inbox)).status)

    async with anyio.create_task_group() as tasks:
        for party, message, inbox in parties_and_messages:
            tasks.start_soon(post, party, message, inbox)
    return statuses


# --- the same thing many times ----------------------------------------------------------------------------


async def test_same_accept_twenty_times_at_once_has_one_effect(world: World) -> None:
    await stocked(world.v)
    customer = a_customer(world)
    scene = await offered(customer, sku="NK20")
    accept = customer.prove(customer.accept(scene.offer))
    assert set(await at_once(*[(customer, accept, None)] * 20)) == {202}
    await world.v.settle()
    assert [message["type"] for message in customer.heard] == ["Offer", "Accept"]
    assert await item(world.v, "NK20") == ("2", "0")


async def test_twenty_accepts_of_one_offer_at_once_make_one_agreement(world: World) -> None:
    await stocked(world.v)
    customer = a_customer(world)
    scene = await offered(customer, sku="NK20")
    accepts = [customer.prove(customer.accept(scene.offer)) for _ in range(20)]
    await at_once(*[(customer, accept, None) for accept in accepts])
    await world.v.settle()
    conclusions = {message["id"] for message in customer.heard if message["type"] == "Accept"}
    assert len(conclusions) == 1
    assert len((await deal_of(world.v, "shop", scene.deal)).acceptances) == 1
    assert await item(world.v, "NK20") == ("2", "0")


async def test_message_at_the_shared_inbox_too_has_one_effect(world: World) -> None:
    customer = a_customer(world)
    scene = await concluded(customer)
    paid = customer.prove(customer.report(scene.accept, "paid", "100.00"))
    await at_once((customer, paid, None), (customer, paid, f"{world.v.base}/inbox"))
    await world.v.settle()
    deal = await deal_of(world.v, "shop", scene.deal)
    assert deal.paid_minor() == 10000
    heard = len(customer.heard)
    for message in (scene.cast, scene.accept):
        await customer.post(message, inbox=f"{world.v.base}/inbox")
        await world.v.settle()
    assert (await deal_of(world.v, "shop", scene.deal)).state == DealState.CONCLUDED
    assert len(customer.heard) == heard, "what was taken is not refused when it comes again"


async def _proven(target: Target, account: str, deal: str) -> list[tuple[str, bool]]:
    shown = await owner(target, account, "deal.show", deal=deal)
    return [(line["kind"], line["signature"]["holds"]) for line in shown["messages"]]


async def test_accept_under_an_id_that_was_used_before_leaves_no_gap_in_the_evidence(world: World) -> None:
    """Whatever is concluded, the shop must be able to show the Accept that it concluded."""
    customer = a_customer(world)
    scene = await offered(customer)
    ask = customer.prove(customer.ask(scene.cast))
    accept = customer.prove({**customer.accept(scene.offer), "id": ask["id"]})
    await customer.post(ask)
    await world.v.settle()
    await customer.post(accept, inbox=f"{world.v.base}/inbox")
    await world.v.settle()
    deal = await deal_of(world.v, "shop", scene.deal)
    kinds = [kind for kind, _ in await _proven(world.v, "shop", scene.deal)]
    assert (deal.state, kinds.count("accept")) in ((DealState.OFFERED, 0), (DealState.CONCLUDED, 1))


async def test_accept_under_an_id_that_an_accomplice_used_leaves_no_gap_in_the_evidence(
    world: World,
) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    accomplice = a_customer(world, world.peer("m.example", "accomplice"))
    other = await offered(accomplice)
    accept = customer.prove(customer.accept(scene.offer))
    await accomplice.tell({**accomplice.ask(other.cast), "id": accept["id"]})
    await customer.post(accept)
    await world.v.settle()
    deal = await deal_of(world.v, "shop", scene.deal)
    kinds = [kind for kind, _ in await _proven(world.v, "shop", scene.deal)]
    assert (deal.state, kinds.count("accept")) in ((DealState.OFFERED, 0), (DealState.CONCLUDED, 1))


# --- stock ------------------------------------------------------------------------------------------------


async def test_stock_is_never_sold_twice_however_many_buy_at_once(world: World) -> None:
    await stocked(world.v)
    posted = await owner(world.v, "shop", "post.add", sku="MILK")
    buyers = [a_customer(world, world.peer("m.example", f"buyer{n}")) for n in range(8)]
    scenes = [await offered(buyer, sku="NK20", firm=number < 1) for number, buyer in enumerate(buyers[:5])]
    answer = await world.v.ask(world.v.request({}, "shop").with_headers(("accept", "application/json")))
    assert answer.status >= 400
    body = await world.v.open.node.look(lambda desk: desk.tx.posts.get(posted["id"]))
    assert body is not None
    post = json.loads(body.body)
    messages: list[tuple[Customer, JsonObject]] = [
        (scene.customer, scene.customer.accept(scene.offer)) for scene in scenes if scene.customer is not None
    ]
    messages += [(buyer, buyer.order(post, "4", "5.40")) for buyer in buyers]
    await at_once(*[(who, who.prove(said), None) for who, said in messages])
    await world.v.settle()
    assert await item(world.v, "NK20") == ("0", "0")
    assert await item(world.v, "MILK") == ("2", "0")
    deals = await deals_of(world.v, "shop")
    assert sum(deal.agreed is not None and deal.kind == "intent" for deal in deals) == 3
    assert sum(deal.agreed is not None and deal.kind == "order" for deal in deals) == 2
    assert next(deal for deal in deals if deal.id == scenes[0].deal).agreed is not None, "firm"


async def test_cancelling_twice_puts_the_goods_back_once(world: World) -> None:
    await stocked(world.v)
    customer = a_customer(world)
    scene = await concluded(customer, sku="NK20")
    assert await item(world.v, "NK20") == ("2", "0")
    await owner(world.v, "shop", "deal.cancel", deal=scene.deal, reason="capacity")
    await world.v.settle()
    asked_for = customer.last("Offer")
    await customer.tell(customer.cancel(scene.accept))
    await owner(world.v, "shop", "deal.cancel.answer", deal=scene.deal, agree=True)
    for _ in range(3):
        await customer.tell(customer.agree_to(asked_for))
    conclusion = scene.conclusion
    late = customer.reject(conclusion, "expired", acceptDigest=object_digest(conclusion))
    await customer.tell(late)
    assert await item(world.v, "NK20") == ("3", "0")
    assert (await deal_of(world.v, "shop", scene.deal)).state == DealState.CANCELLED


async def test_firm_offer_gives_back_what_it_kept_once(world: World) -> None:
    await stocked(world.v)
    customer, other = a_customer(world), a_customer(world, world.t)
    scene = await offered(customer, sku="NK20", firm=True)
    await offered(other, sku="NK20", firm=True)
    assert await item(world.v, "NK20") == ("3", "2")
    await customer.tell(customer.decline(scene.offer))
    for message in (
        customer.decline(scene.offer, "timing"),
        customer.withdraw(scene.cast),
        customer.reject(scene.offer, "malformed", offerDigest=object_digest(scene.offer)),
    ):
        await customer.tell(message)
    assert await item(world.v, "NK20") == ("3", "1")
    world.clock.advance(days=40)
    await world.v.settle()
    assert await item(world.v, "NK20") == ("3", "0")


async def test_accept_and_withdrawal_at_once_settle_on_one_of_them(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    accept = customer.prove(customer.accept(scene.offer))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(customer.post, accept)
        tasks.start_soon(asked, world.v, "shop", "deal.offer.withdraw")
    withdrawn = await asked(world.v, "shop", "deal.offer.withdraw", offer=scene.deal)
    await world.v.settle()
    deal = await deal_of(world.v, "shop", scene.deal)
    answers = [message for message in customer.heard if message.get("object") == accept["id"]]
    assert len(answers) == 1
    assert ("error" in withdrawn) == (deal.agreed is not None) == (answers[0]["type"] == "Accept")


# --- an end that is none ----------------------------------------------------------------------------------


async def test_conclusion_cannot_be_called_late_by_one_who_never_says_that_it_came(world: World) -> None:
    await stocked(world.v)
    customer = a_customer(world)
    scene = await offered(customer, sku="NK20")
    world.m.host.inbox_status = 503
    accept = await customer.tell(customer.accept(scene.offer))
    conclusion = customer.last("Accept")
    late = customer.reject(conclusion, "expired", acceptDigest=object_digest(conclusion))
    await customer.tell(late)
    assert (await deal_of(world.v, "shop", scene.deal)).state == DealState.CONCLUDED
    assert await item(world.v, "NK20") == ("2", "0")

    world.clock.now = parse_time(accept["endTime"]) + timedelta(seconds=1)
    await customer.tell(customer.reject(conclusion, "expired", acceptDigest=object_digest(conclusion)))
    assert (await deal_of(world.v, "shop", scene.deal)).agreed is None, "now it could be true"
    assert await item(world.v, "NK20") == ("3", "0")


@pytest.mark.parametrize("digest", ["zQmPHyHwDTwYvgXiWu8hDHNfXzAVzqRQhrqFX6LHEoJxc6i", None])
async def test_refusal_that_is_not_bound_to_the_accept_does_not_end_it(
    world: World, digest: str | None
) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    members = {"acceptDigest": digest} if digest else {}
    await vendor.tell(vendor.reject(scene.accept, "outOfStock", **members))
    assert (await deal_of(world.v, "ana", scene.deal)).state == DealState.ACCEPTING
    right = object_digest(scene.accept)
    await vendor.tell(vendor.reject(scene.accept, "outOfStock", acceptDigest=right))
    assert (await deal_of(world.v, "ana", scene.deal)).state != DealState.ACCEPTING


async def test_refusal_that_is_not_bound_to_the_conclusion_does_not_release_it(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    world.m.host.inbox_status = 503
    accept = await customer.tell(customer.accept(scene.offer))
    conclusion = customer.last("Accept")
    world.clock.now = parse_time(accept["endTime"]) + timedelta(seconds=1)
    await customer.tell(customer.reject(conclusion, "expired", acceptDigest=object_digest(accept)))
    assert (await deal_of(world.v, "shop", scene.deal)).agreed is not None


async def test_cancellation_needs_the_other_party(world: World) -> None:
    customer = a_customer(world)
    scene = await concluded(customer)
    cancel = await customer.tell(customer.cancel(scene.accept))
    await refuses(customer, customer.agree_to(cancel), Reason.NOT_ADDRESSED)
    assert (await deal_of(world.v, "shop", scene.deal)).state == DealState.CANCELLING


async def test_cancellation_of_one_deal_does_not_end_another(world: World) -> None:
    customer = a_customer(world)
    first, second = await concluded(customer), await concluded(customer)
    await owner(world.v, "shop", "deal.cancel", deal=first.deal, reason="capacity")
    await world.v.settle()
    asked_for = customer.last("Offer")
    crossed = {**customer.agree_to(asked_for), "context": second.deal}
    await refuses(customer, crossed, Reason.SUPERSEDED)
    crossed = customer.agree_to(asked_for, acceptDigest=object_digest(second.accept))
    await refuses(customer, {**crossed, "context": second.deal, "id": customer.peer.fresh()}, "notAddressed")
    for scene in (first, second):
        assert (await deal_of(world.v, "shop", scene.deal)).agreed is not None


# --- bound to another deal, another person ----------------------------------------------------------------


async def test_purchase_credential_of_another_deal_concludes_nothing(world: World) -> None:
    vendor = a_vendor(world)
    first = await accepted(world, vendor)
    await vendor.tell(vendor.conclude(first.accept))
    second = await accepted(world, vendor)
    used = vendor.credential(first.accept["feedbackKey"])
    await refuses(vendor, vendor.conclude(second.accept, purchaseCredential=used), Reason.MALFORMED)
    assert (await deal_of(world.v, "ana", second.deal)).state == DealState.ACCEPTING


@pytest.mark.parametrize(
    "subject",
    [
        {"category": "https://www.wikidata.org/wiki/Q8495"},
        {"month": "2031-07"},
        {"month": "2026-10"},
        {"month": "2026-13"},
        {"customer": "ana"},
        {"amount": "289.00"},
    ],
)
async def test_purchase_credential_that_tells_more_or_other_than_the_purchase_is_malformed(
    world: World, subject: dict[str, Any]
) -> None:
    """It goes out with her public words: nothing in it may mark her, or be untrue."""
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    marked = vendor.credential(scene.accept["feedbackKey"], **subject)
    await refuses(vendor, vendor.conclude(scene.accept, purchaseCredential=marked), Reason.MALFORMED)


async def test_purchase_credential_of_another_issuer_or_key_is_malformed(world: World) -> None:
    vendor, rival = a_vendor(world), a_vendor(world, "t.example", "rival")
    scene = await accepted(world, vendor)
    key = scene.accept["feedbackKey"]
    for credential in (
        rival.credential(key),
        vendor.credential(key, issuer=rival.id),
        vendor.credential(key, by=rival.peer.ed25519),
        vendor.credential(vendor_key(rival)),
        "",
        "{}",
        "null",
        "[" * 5000,
        vendor.credential(key).replace("2026-11", "2026-12"),
    ):
        said = vendor.conclude(scene.accept, purchaseCredential=credential)
        await refuses(vendor, said, Reason.MALFORMED)
    await refuses(vendor, without(vendor.conclude(scene.accept), "purchaseCredential"), Reason.MALFORMED)


def vendor_key(party: Any) -> str:
    key: str = Customer(party.peer, party.v, "", "").feedback_key
    return key


@pytest.mark.parametrize(
    "key", ["did:key:z6Mk", "did:key:z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP#x", "x"]
)
async def test_accept_with_a_useless_feedback_key_is_malformed(world: World, key: str) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    await refuses(customer, customer.accept(scene.offer, feedbackKey=key), Reason.MALFORMED)


async def test_receipt_of_one_deal_is_none_of_another(world: World) -> None:
    vendor = a_vendor(world)
    scenes = [await accepted(world, vendor) for _ in range(2)]
    first, second = scenes
    vendor.to = first.cast["actor"]
    await vendor.tell(vendor.conclude(first.accept))
    receipt = vendor.receipt(first.accept, "289.00")
    vendor.to = second.cast["actor"]
    await vendor.tell(vendor.conclude(second.accept))
    moved = {**receipt, "context": second.deal, "to": [vendor.to], "id": vendor.peer.fresh()}
    assert (await vendor.tell(moved))["object"] == receipt["object"]
    assert (await deal_of(world.v, "ana", second.deal)).receipt is None
    moved = {**moved, "acceptDigest": object_digest(second.accept), "id": vendor.peer.fresh()}
    await refuses(vendor, moved, Reason.MALFORMED)


async def test_one_deal_cannot_be_opened_twice_nor_by_two(world: World) -> None:
    customer = a_customer(world)
    scene = await offered(customer)
    again = customer.cast()
    again["object"]["context"] = scene.deal
    await refuses(customer, again, Reason.OUT_OF_STATE)
    tess = a_customer(world, world.t)
    theirs = tess.cast()
    theirs["object"]["context"] = scene.deal
    await refuses(tess, theirs, Reason.MALFORMED)
    neighbour = a_customer(world, world.peer("m.example", "neighbour"))
    squatter = neighbour.cast()
    squatter["object"]["context"] = scene.deal
    await refuses(neighbour, squatter, Reason.NOT_ADDRESSED)


async def test_counter_cannot_bring_in_the_proposal_of_another_deal(world: World) -> None:
    customer = a_customer(world)
    first, second = await offered(customer), await offered(customer)
    world.clock.advance(minutes=1)
    counter = customer.counter(first.cast, first.offer, "1.00", context=second.deal)
    before = meaning(world.v)
    await customer.tell(counter)
    assert meaning(world.v) == before


# --- floods -----------------------------------------------------------------------------------------------


async def test_messages_that_come_early_are_kept_to_twenty_a_deal(world: World) -> None:
    customer = a_customer(world)
    cast = customer.cast()
    for number in range(20):
        await customer.tell(customer.ask(cast, f"Early {number}"))
    assert len(world.v.snapshot()["parked"]) == 20
    await refuses(customer, customer.ask(cast, "One more"), Reason.LIMIT)
    assert customer.heard[-1]["type"] == "Reject"
    await customer.tell(cast)
    (deal,) = await deals_of(world.v, "shop")
    assert (deal.notes, world.v.snapshot()["parked"]) == (20, [])


async def test_early_messages_of_one_actor_are_bounded_over_all_its_deals(world: World) -> None:
    customer = a_customer(world)
    for _ in range(100):
        await customer.post(customer.prove(customer.ask(customer.cast())))
    await world.v.settle()
    assert len(world.v.snapshot()["parked"]) == 100
    await refuses(customer, customer.ask(customer.cast()), Reason.LIMIT)
    world.clock.advance(hours=72, seconds=1)
    await world.v.settle()
    assert world.v.snapshot()["parked"] == []


async def test_thirty_first_offer_and_sixth_counter_are_over_the_limit(world: World) -> None:
    vendor, customer = a_vendor(world), a_customer(world)
    scene = await wanted(world, vendor)
    for number in range(30):
        await vendor.tell(vendor.offer(scene.cast, f"{300 - number}.00"))
    await refuses(vendor, vendor.offer(scene.cast, "1.00"), Reason.LIMIT)

    ours = await offered(customer)
    statement = ours.cast
    for number in range(5):
        world.clock.advance(minutes=1)
        counter = await customer.tell(customer.counter(statement, ours.offer, f"{100 + number}.00"))
        statement = {**counter, "object": counter["result"]}
        await owner(world.v, "shop", "deal.offer", deal=ours.deal, price="280.00")
        await world.v.settle()
        ours.offer = customer.last("Offer")
    world.clock.advance(minutes=1)
    sixth = await customer.tell(customer.counter(statement, ours.offer, "99.00"))
    assert refusal(customer, sixth)["instrument"]["reasonCode"] == "obv:limit"


async def test_fourth_question_before_an_offer_is_over_the_limit(world: World) -> None:
    vendor = a_vendor(world)
    scene = await wanted(world, vendor)
    for number in range(3):
        await vendor.tell(vendor.ask(scene.cast, f"Question {number}"))
    await refuses(vendor, vendor.ask(scene.cast), Reason.LIMIT)


async def test_statements_of_one_proposal_are_bounded(world: World) -> None:
    """Each is kept for good and tried against every rule; a deal is no place to write a diary."""
    customer = a_customer(world)
    cast = await customer.tell(customer.cast())
    refused = 0
    for _ in range(150):
        world.clock.advance(seconds=1)
        await customer.post(customer.prove(customer.update(cast)))
    await world.v.settle()
    refused = sum(message["type"] == "Reject" for message in customer.heard)
    (deal,) = await deals_of(world.v, "shop")
    assert refused > 0
    assert len(deal.past_digests) <= 100
    assert (await reasons(world.v, "shop"))[0] == Reason.LIMIT


# --- loops ------------------------------------------------------------------------------------------------


async def test_two_nodes_never_refuse_each_others_refusals(world: World) -> None:
    other = await world.node("w.example", {"bob": AccountKind.PERSON, "store": AccountKind.VENDOR})
    await owner(
        world.v, "ana", "intent.cast", to=["@store@w.example"], name="x", category="Q11442", currency="EUR"
    )
    await world.settle()
    (deal,) = await deals_of(world.v, "ana")
    await owner(other, "store", "deal.offer", deal=deal.id, price="5.00")
    # The store forgets the deal, as one that was restored from an old backup does.
    await world.settle()
    await other.open.node.db.write(lambda tx: _forget(tx, other.actor("store")))
    await owner(world.v, "ana", "deal.accept", offer=deal.id)
    for _ in range(5):
        await world.settle()
    posts = [message for target in (world.v, other) for message in target.engine.sent if message.body]
    rejects = [post for post in posts if json.loads(post.body)["type"] == "Reject"]
    assert len(rejects) == 1
    assert (await deals_of(world.v, "ana"))[0].state != DealState.ACCEPTING


def _forget(tx: Any, account: str) -> None:
    for deal in tx.deals.all(account):
        tx.deals._db.execute("DELETE FROM deal WHERE deal_id = ?", (deal.id,))


@pytest.mark.parametrize("reason", list(Reason))
async def test_refusal_of_nothing_is_never_answered(world: World, reason: Reason) -> None:
    customer = a_customer(world)
    nothing = {"id": f"{world.v.base}/activities/none", "context": "https://m.example/deals/none"}
    before = meaning(world.v)
    for about in (nothing, {**nothing, "context": f"{world.v.base}/deals/none"}):
        for member in ("offerDigest", "acceptDigest", "proposalDigest", "digest"):
            digest = {member: "zQmPHyHwDTwYvgXiWu8hDHNfXzAVzqRQhrqFX6LHEoJxc6i"}
            await customer.tell(customer.reject(about, reason, **digest))
        await customer.tell(without(customer.reject(about, reason), "instrument"))
        await customer.tell(customer.reject(about, "nonsense"))
    assert [heard for heard in customer.heard if heard["type"] == "Reject"] == []
    assert meaning(world.v) == before


# --- parties of one node ----------------------------------------------------------------------------------


async def test_party_of_the_same_node_cannot_be_played_from_outside(world: World) -> None:
    await stocked(world.v)
    await owner(
        world.v, "ana", "intent.cast", to=["@shop@v.example"], name="x", category="Q11442", currency="EUR"
    )
    await world.v.settle()
    (deal,) = await deals_of(world.v, "shop")
    await owner(world.v, "shop", "deal.offer", deal=deal.id, sku="NK20")
    await world.v.settle()
    kept = await world.v.open.node.look(lambda desk: desk.tx.evidence.of_deal(deal.own, deal.id))
    offer = json.loads(kept[-1].body)
    customer = a_customer(world)
    for actor in (deal.peer, world.v.actor("ana"), customer.id):
        before = world.v.snapshot()
        accept = {**customer.accept(offer), "actor": actor}
        answer = await customer.post(customer.prove(accept))
        await world.v.settle()
        if actor == customer.id:
            assert answer.status == 202
            assert customer.heard[-1]["instrument"]["reasonCode"] == "obv:notAddressed"
        else:
            assert answer.status in (401, 403)
            assert world.v.snapshot() == before
    assert (await deal_of(world.v, "shop", deal.id)).state == DealState.OFFERED


# --- late, and back-dated ---------------------------------------------------------------------------------


async def test_answer_to_a_cancellation_cannot_undo_what_was_done_since(world: World) -> None:
    """The shop asked; she kept silent, took the goods and paid, and only then agrees, back-dated."""
    customer = a_customer(world)
    scene = await concluded(customer)
    await owner(world.v, "shop", "deal.cancel", deal=scene.deal, reason="capacity")
    await world.v.settle()
    back_dated = customer.prove(customer.agree_to(customer.last("Offer")))
    world.clock.advance(days=4)
    await world.v.settle()
    await owner(world.v, "shop", "deal.progress", deal=scene.deal, stage="delivered")
    await customer.tell(customer.report(scene.accept, "paid", "289.00"))
    await customer.tell(customer.confirm(scene.accept))
    said = await customer.tell(back_dated)
    assert (await deal_of(world.v, "shop", scene.deal)).state == DealState.CONFIRMED
    assert refusal(customer, said)["instrument"]["reasonCode"] == "obv:outOfState"


async def test_confirmation_is_not_presumed_from_a_delivery_before_it_was_told(world: World) -> None:
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    await vendor.tell(vendor.conclude(scene.accept))
    long_ago = "2026-01-01T00:00:00Z"
    await vendor.tell(vendor.report(scene.accept, "delivered", "1", hasPointInTime=long_ago))
    await world.v.settle()
    assert (await deal_of(world.v, "ana", scene.deal)).state == DealState.CONCLUDED
    world.clock.advance(days=13)
    await world.v.settle()
    assert (await deal_of(world.v, "ana", scene.deal)).state == DealState.CONCLUDED


async def test_second_accept_of_hers_waits_for_the_first(world: World) -> None:
    """One pending or concluded Accept an intent, whatever the vendors do."""
    vendor, rival = a_vendor(world), a_vendor(world, "t.example", "rival")
    to = ["@store@m.example", "@rival@t.example"]
    await owner(world.v, "ana", "intent.cast", to=to, until="3d", **THING)
    await world.v.settle()
    scenes = []
    for party in (vendor, rival):
        cast = party.peer.host.received[-1]
        party.to = cast["actor"]
        scenes.append(Scene(None, party, cast, await party.tell(party.offer(cast))))
    await owner(world.v, "ana", "deal.accept", offer=scenes[0].deal)
    await world.v.settle()
    refused = await asked(world.v, "ana", "deal.accept", offer=scenes[1].deal)
    assert "error" in refused
    assert [message["type"] for message in rival.heard].count("Accept") == 0
    accept = vendor.last("Accept")
    world.clock.now = parse_time(accept["endTime"]) + timedelta(seconds=1)
    await world.v.settle()
    scenes[1].offer = await rival.tell(rival.offer(scenes[1].cast))
    await owner(world.v, "ana", "deal.accept", offer=scenes[1].deal)
    late = await vendor.tell(vendor.conclude(accept))
    assert refusal(vendor, late)["instrument"]["reasonCode"] == "obv:expired"
    states = [deal.state for deal in await deals_of(world.v, "ana")]
    assert states.count(DealState.ACCEPTING) == 1
    assert DealState.CONCLUDED not in states
