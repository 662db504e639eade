"""A standing offer is one post from beginning to end: stated anew, outdated, offered again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from federation.messages import HttpMessage
from federation.strictjson import parse_json_object
from node.domain.errors import InvalidInput
from node.services.standing import change_offer
from node.store.ports import Follower, FollowState

pytestmark = pytest.mark.anyio
NORTH = "https://north.example/actors/north"
BOB = "https://fedi.example/users/bob"


async def follow(north: Any) -> None:
    follower = Follower(NORTH, BOB, f"{BOB}/inbox", None, f"{BOB}#f", FollowState.ACCEPTED, north.node.now())
    await north.node.work(lambda desk: desk.tx.followers.save(follower))


async def told(north: Any) -> list[tuple[str, str]]:
    """(type, id of the object) of what was queued for the follower, in order."""
    jobs = await north.node.look(lambda desk: desk.tx.deliveries.all())
    activities = [parse_json_object(job.body) for job in reversed(jobs) if job.inbox == f"{BOB}/inbox"]
    return [(found["type"], found["object"]["id"]) for found in activities]


async def page(north: Any, url: str) -> str:
    answer = await north.node.client.send(HttpMessage.request("GET", url, {"accept": "text/html"}))
    assert answer.status == 200
    shown: str = answer.body.decode()
    return shown


async def note_of(north: Any, post: str) -> Any:
    asked = HttpMessage.request("GET", post, {"accept": "application/activity+json"})
    return json.loads((await north.node.client.send(asked)).body)


async def test_a_new_price_is_an_update_of_the_same_post(world: Any, shop: Any, refused: Any) -> None:
    ana = await world.person("ana")
    north = await shop.stocked("north")
    await follow(north)
    posted = await north.ask("post.add", sku="MILK", text="From the hill.")
    before = await note_of(north, posted["id"])
    changed = await north.ask("post.change", offer=posted["id"], price="1.50")
    note = await note_of(north, posted["id"])
    assert await told(north) == [("Create", posted["id"]), ("Update", posted["id"])]
    assert note["updated"] > note["published"] == before["published"]
    assert note["reciprocal"]["resourceQuantity"]["hasNumericalValue"] == "1.50"
    assert "1.50 EUR" in note["content"]
    assert "From the hill." in note["content"]
    assert note["proof"]["proofValue"] != before["proof"]["proofValue"]
    assert changed["digest"] != posted["digest"]
    await ana.ask("order.buy", url=posted["url"], quantity="2")
    await world.settle()
    deal = await ana.deal()
    assert deal.agreed is not None
    assert str(deal.offers[0].agreement.price) == "3.00 EUR"


async def test_what_says_nothing_new_sends_nothing(shop: Any) -> None:
    north = await shop.stocked("north")
    await follow(north)
    posted = await north.ask("post.add", sku="MILK", text="From the hill.")
    same = await north.ask("post.change", offer=posted["id"], price="1.35", text="From the hill.", least="1")
    assert same["digest"] == posted["digest"]
    assert await told(north) == [("Create", posted["id"])]


async def test_what_has_ended_says_so_once_and_does_not_vanish(world: Any, shop: Any) -> None:
    north = await shop.stocked("north")
    await follow(north)
    posted = await north.ask("post.add", sku="MILK", lasts="1h", text="From the hill.")
    assert "Outdated" not in await page(north, posted["url"])
    world.clock.forward(minutes=59)
    await north.opened.run_until_idle()
    world.clock.forward(minutes=2)
    for _ in range(2):
        await north.opened.run_until_idle()
    kept = await north.node.look(lambda desk: desk.tx.deliveries.of_activity(f"{posted['id']}#create"))
    assert len(kept) == 1
    note = await note_of(north, posted["id"])
    updates = await north.node.look(
        lambda desk: desk.tx.deliveries.of_activity(f"{posted['id']}#update-{note['updated']}")
    )
    assert len(updates) == 1
    assert "please ask again" in note["content"]
    assert "From the hill." in note["content"]
    assert note["endTime"] == posted["ends_at"]
    shown = await page(north, posted["url"])
    assert "outdated" in shown
    assert "From the hill." in shown
    featured = await note_of(north, f"{NORTH}/featured")
    assert featured["totalItems"] == 0
    assert posted["url"] not in await page(north, "https://north.example/@north")


async def test_one_that_ran_out_can_stand_again(world: Any, shop: Any, refused: Any) -> None:
    north = await shop.stocked("north")
    posted = await north.ask("post.add", sku="MILK", lasts="1h")
    world.clock.forward(hours=2)
    await north.opened.run_until_idle()
    with pytest.raises(refused, match="it has ended"):
        await north.ask("post.change", offer=posted["id"], price="1.50")
    again = await north.ask("post.change", offer=posted["id"], lasts="2h")
    assert again["ends_at"] > posted["ends_at"]
    assert "please ask again" not in (await note_of(north, posted["id"]))["content"]
    assert (await note_of(north, f"{NORTH}/featured"))["totalItems"] == 1
    world.clock.forward(hours=3)
    await north.opened.run_until_idle()
    assert "please ask again" in (await note_of(north, posted["id"]))["content"]


async def test_one_that_was_taken_back_is_told_of_no_more(world: Any, shop: Any) -> None:
    north = await shop.stocked("north")
    await follow(north)
    posted = await north.ask("post.add", sku="MILK", lasts="1h")
    await north.ask("post.delete", post=posted["id"])
    before = await told(north)
    world.clock.forward(hours=2)
    await north.opened.run_until_idle()
    jobs = await north.node.look(lambda desk: desk.tx.deliveries.all())
    assert len(jobs) == len(before)
    asked = HttpMessage.request("GET", posted["id"], {"accept": "application/activity+json"})
    assert (await north.node.client.send(asked)).status == 410


@pytest.mark.parametrize(
    ("over", "wrong"),
    [
        ({"price": "1.50 USD"}, "it is sold in EUR"),
        ({"lasts": "91d"}, "at most 90 days"),
        ({"least": "0.5"}, "least"),
        ({"least": "0"}, "least"),
        ({"offer": "https://north.example/posts/none", "price": "2"}, "no such"),
    ],
)
async def test_what_cannot_be_stated_is_refused_in_words(
    shop: Any, refused: Any, over: dict[str, str], wrong: str
) -> None:
    north = await shop.stocked("north")
    posted = await north.ask("post.add", sku="MILK")
    with pytest.raises(refused, match=wrong):
        await north.ask("post.change", **{"offer": posted["id"], **over})


async def test_nobody_changes_the_offer_of_another_account(world: Any, shop: Any) -> None:
    north = await shop.stocked("north")
    await world.account(north, "other", "vendor")
    posted = await north.ask("post.add", sku="MILK", account="north")
    other = await north.node.look(lambda desk: desk.tx.accounts.by_name("other"))
    with pytest.raises(InvalidInput, match="there is no such standing offer"):
        await north.node.work(lambda desk: change_offer(desk, other, posted["id"], words="Mine"))
