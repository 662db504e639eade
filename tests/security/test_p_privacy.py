"""Group P, as far as it goes without pages: who learns what from the wire, and from what is served."""

from __future__ import annotations

import json
import re

import pytest

from federation import signatures
from federation.digest import object_digest
from federation.messages import HttpMessage, JsonObject
from node.domain.deals import DealState
from tests.security.commerce import (
    Scene,
    Vendor,
    a_customer,
    a_vendor,
    concluded,
    deal_of,
    deals_of,
    owner,
    stocked,
)
from tests.security.peers import ACTIVITY, PUBLIC, a_note
from tests.security.world import World

pytestmark = pytest.mark.anyio

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


async def _a_long_story(world: World) -> tuple[Scene, Scene]:
    """ana casts to two vendors, changes her mind, asks and haggles, takes one offer, and says how it was."""
    vendors = a_vendor(world, "a.example", "alder"), a_vendor(world, "b.example", "birch")
    await owner(
        world.v,
        "ana",
        "intent.cast",
        to=["@alder@a.example", "@birch@b.example"],
        name="child bicycle",
        category="Q11442",
        budget="310 EUR",
        until="3d",
    )
    await world.v.settle()
    world.clock.advance(minutes=1)
    (intent,) = (await owner(world.v, "ana", "intent.list"))["intents"]
    await owner(world.v, "ana", "intent.update", intent=intent["id"], text="Red, please.")
    await world.v.settle()
    scenes = []
    for vendor, price in zip(vendors, ("289.17", "301.23"), strict=True):
        update = vendor.peer.host.received[-1]
        vendor.to = update["actor"]
        offer = await vendor.tell(vendor.offer(update, price, content=f"<p>Greetings from {vendor.id}</p>"))
        scenes.append(Scene(None, vendor, update, offer))
    first, second = scenes
    await owner(world.v, "ana", "deal.ask", deal=first.deal, text="With gears?")
    await owner(world.v, "ana", "deal.shortlist", offer=second.deal)
    world.clock.advance(minutes=1)
    await owner(world.v, "ana", "deal.counter", offer=second.deal, price="280.00")
    await world.v.settle()
    await owner(
        world.v, "ana", "deal.accept", offer=first.deal, decline_reason="price", losers_may_answer=True
    )
    await world.v.settle()
    assert first.vendor is not None
    first.accept = first.vendor.last("Accept")
    first.conclusion = await first.vendor.tell(first.vendor.conclude(first.accept))
    await owner(world.v, "ana", "deal.progress", deal=first.deal, stage="paid")
    await owner(world.v, "ana", "deal.confirm", deal=first.deal)
    await owner(world.v, "ana", "deal.feedback", deal=first.deal, text="Thank you.")
    await world.v.settle()
    assert (await deal_of(world.v, "ana", first.deal)).state == DealState.CONFIRMED
    return first, second


def _members(value: object) -> set[str]:
    """Every member name in a document, however deep."""
    if isinstance(value, list):
        return set().union(*map(_members, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    return set(value).union(*map(_members, value.values())) if value else set()


async def test_p01_bto_and_bcc_are_absent_on_the_wire_and_in_served_copies(world: World) -> None:
    await stocked(world.v)
    await _a_long_story(world)
    posted = await owner(world.v, "shop", "post.add", sku="MILK")
    customer = a_customer(world)
    scene = await concluded(customer)
    await owner(world.v, "shop", "deal.progress", deal=scene.deal, stage="delivered")
    await owner(world.v, "shop", "deal.receipt", deal=scene.deal)
    note = a_note(world.t, world.v.actor("shop"), bto=["https://t.example/actors/lurker"])
    note["object"]["bcc"] = ["https://t.example/actors/lurker"]
    note["to"] = note["object"]["to"] = [PUBLIC, world.v.actor("shop")]
    await world.v.post(world.t.prove(note), "shop", key=world.t.ed25519)
    await world.v.settle()
    for message in world.v.engine.sent:
        assert b"lurker" not in message.body
        if message.body:
            assert not {"bto", "bcc"} & _members(json.loads(message.body))
    actor = world.v.actor("shop")
    for url in (actor, f"{actor}/outbox", f"{actor}/followers", posted["id"], posted["url"], note["id"]):
        for accept in (ACTIVITY, HTML):
            answer = await world.v.ask(HttpMessage.request("GET", url, {"accept": accept}))
            assert b"bto" not in answer.body
            assert b"bcc" not in answer.body
            assert b"lurker" not in answer.body


def _told(world: World, host: str) -> str:
    """Everything that V ever sent to a host: lines of requests, headers and bodies."""
    sent = [message for message in world.v.engine.sent if message.url.startswith(f"https://{host}/")]
    assert len(sent) > 5
    return "\n".join(f"{m.method} {m.url} {m.headers!r} {m.body.decode()}" for m in sent)


async def test_p02_what_one_vendor_is_sent_says_nothing_of_another(world: World) -> None:
    first, second = await _a_long_story(world)
    told = {"a": _told(world, "a.example"), "b": _told(world, "b.example")}
    assert second.vendor is not None
    deals = {deal.id: deal for deal in await deals_of(world.v, "ana")}
    for reader, other in (("a", second), ("b", first)):
        vendor = other.vendor
        assert vendor is not None
        secrets = {vendor.peer.host.name, vendor.peer.id, vendor.to, other.deal, other.cast["object"]["id"]}
        secrets |= {object_digest(other.cast), object_digest(other.offer), other.offer["id"]}
        secrets |= {found.feedback_key for found in deals[other.deal].acceptances}
        secrets |= {"301.23", "280.00"} if reader == "a" else {"289.17", "Thank you", "With gears"}
        assert [secret for secret in sorted(secrets) if secret in told[reader]] == []
    (intent,) = (await owner(world.v, "ana", "intent.list", all=True))["intents"]
    for text in told.values():
        assert intent["id"] not in text
        assert world.v.actor("ana") not in text, "a persona speaks, and never names her account"
        assert "310" not in text, "the budget is hers"
        assert '"ana"' not in text.lower()
    ids = [set(re.findall(r"https://v\.example/[\w/#-]+", text)) for text in told.values()]
    node = "https://v.example/actor"
    assert ids[0] & ids[1] <= {node, f"{node}#main-key"}, "only the node actor, which signs fetches, is known"


async def test_p02_variant_persona_documents_have_nothing_in_common_but_the_host(world: World) -> None:
    first, second = await _a_long_story(world)
    shown = []
    for scene in (first, second):
        assert scene.vendor is not None
        answer = await world.v.ask(HttpMessage.request("GET", scene.vendor.to, {"accept": ACTIVITY}))
        assert answer.status == 200
        shown.append(json.loads(answer.body))
    allowed = {
        "@context",
        "id",
        "type",
        "preferredUsername",
        "inbox",
        "outbox",
        "assertionMethod",
        "generator",
    }
    assert {name for document in shown for name in document} <= allowed
    keys = [document["assertionMethod"][0]["publicKeyMultibase"] for document in shown]
    assert len(set(keys)) == 2
    assert shown[0]["generator"] == shown[1]["generator"]


# --- what is private is not there -------------------------------------------------------------------------


def _private_ids(world: World, scene: Scene, vendor: Vendor) -> set[str]:
    """Every id of a private thing that V ever made for this deal, its personas' collections included."""
    text = json.dumps(vendor.heard)
    made = set(re.findall(r"https://v\.example/(?!p/|actor)[\w/-]+", text))
    assert {url.split("/")[3] for url in made} >= {"activities", "proposals", "deals", "agreements"}
    return made | {f"{scene.deal}/log", f"{vendor.to}/outbox/page/1"}


def _seen(answer: HttpMessage, url: str) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    headers = tuple((name, value) for name, value in answer.headers if name != "date")
    return answer.status, headers, answer.body.replace(url.encode(), b"URL")


async def _asked(world: World, url: str, method: str, accept: str, signer: str) -> HttpMessage:
    request = HttpMessage.request(method, url, {"accept": accept} if accept else {})
    if signer:
        key = {"stranger": world.t.ed25519, "node": world.t.rsa}[signer]
        request = signatures.sign(request, key, now=world.clock.now)
    return await world.v.ask(request)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("signer", ["", "stranger"])
async def test_p03_private_thing_is_answered_like_one_that_does_not_exist(
    world: World, method: str, signer: str
) -> None:
    first, _ = await _a_long_story(world)
    assert first.vendor is not None
    for url in sorted(_private_ids(world, first, first.vendor)):
        base, _, name = url.rpartition("/")
        nothing = f"{base}/{'1' * len(name)}" if name not in ("log", "1") else _elsewhere(url, first)
        for accept in ("", ACTIVITY, HTML, "application/json", "*/*"):
            there = _seen(await _asked(world, url, method, accept, signer), url)
            not_there = _seen(await _asked(world, nothing, method, accept, signer), nothing)
            assert there == not_there, url
            assert there[0] in (404, 406), url


def _elsewhere(url: str, scene: Scene) -> str:
    """The same collection of a deal or persona that never was."""
    known = scene.deal if url.startswith(scene.deal) else scene.cast["actor"]
    return url.replace(known, f"{known.rpartition('/')[0]}/{'1' * 22}")


async def test_p03_variant_outbox_of_a_persona_shows_nothing_of_its_deals(world: World) -> None:
    first, _ = await _a_long_story(world)
    assert first.vendor is not None
    answer = await _asked(world, f"{first.vendor.to}/outbox", "GET", ACTIVITY, "")
    if answer.status == 200:
        document: JsonObject = json.loads(answer.body)
        assert document.get("totalItems", 0) == 0
        assert "orderedItems" not in document or document["orderedItems"] == []


async def test_p03_variant_shop_hides_its_private_things_too(world: World) -> None:
    await stocked(world.v)
    customer = a_customer(world)
    scene = await concluded(customer, sku="NK20")
    await owner(world.v, "shop", "deal.receipt", deal=scene.deal)
    await owner(world.v, "shop", "deal.progress", deal=scene.deal, stage="dispatched")
    await world.v.settle()
    text = json.dumps(customer.heard)
    made = set(re.findall(r"https://v\.example/(?!p/|actor)[\w/-]+", text))
    assert {url.split("/")[3] for url in made} >= {"activities", "receipts", "events"}
    for url in sorted(made):
        nothing = f"{url.rpartition('/')[0]}/{'1' * 22}"
        for accept in (ACTIVITY, HTML):
            there = _seen(await _asked(world, url, "GET", accept, ""), url)
            assert there == _seen(await _asked(world, nothing, "GET", accept, ""), nothing), url
            assert there[0] == 404
