"""Group P: posts that are not for everybody, poison in those that are, and what taking back leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from federation import cavage
from federation.messages import HttpMessage, JsonObject
from node.store.ports import Follower, FollowState
from tests.browsing import Browser
from tests.security.commerce import owner
from tests.security.test_p_pages import CORPUS, nothing_runs
from tests.security.world import World

pytestmark = pytest.mark.anyio

ACTIVITY = "application/activity+json"
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
SECRET = "the cellar key lies under the third stone"


async def asked(world: World, path: str, accept: str = ACTIVITY) -> Any:
    return await Browser(world.v.app, world.v.base).get(path, accept=accept, follow=False)


async def found(world: World, path: str) -> JsonObject:
    answer = await asked(world, path)
    assert answer.status == 200, path
    read: JsonObject = json.loads(answer.body)
    return read


async def befriend(world: World) -> None:
    """Somebody on a peer's server follows shop."""
    shop, bob = world.v.actor("shop"), "https://t.example/users/bob"
    follower = Follower(shop, bob, f"{bob}/inbox", None, f"{bob}#f", FollowState.ACCEPTED, world.clock())
    await world.v.open.node.work(lambda desk: desk.tx.followers.save(follower))


async def test_p05_no_address_counts_shows_or_betrays_what_is_not_for_everybody(world: World) -> None:
    await befriend(world)
    shown = await owner(world.v, "shop", "post.new", text="Open at nine. #milk")
    hidden = [
        await owner(world.v, "shop", "post.new", text=f"{SECRET} #milk", visibility="followers"),
        await owner(
            world.v, "shop", "post.new", text=SECRET, visibility="direct", to=[f"@ana@{world.v.base[8:]}"]
        ),
    ]
    outbox = await found(world, "/actors/shop/outbox")
    page = await found(world, "/actors/shop/outbox/page/1")
    assert (outbox["totalItems"], page["totalItems"]) == (1, 1)
    assert [item["object"] for item in page["orderedItems"]] == [shown["id"]]
    assert (await found(world, "/tags/milk"))["totalItems"] == 1
    assert (await found(world, "/actors/shop/featured"))["totalItems"] == 0
    assert (await found(world, "/nodeinfo/2.1"))["usage"]["localPosts"] == 1
    for path in ("/@shop", "/@shop/feed.atom", "/tags/milk", "/", "/actors/shop/outbox/page/1"):
        for accept in (ACTIVITY, HTML):
            assert SECRET.encode() not in (await asked(world, path, accept)).body
    for post in hidden:
        name = post["id"].rpartition("/")[2]
        for below in ("", "/replies", "/likes", "/shares", "/replies/page/1"):
            for accept in (ACTIVITY, HTML):
                never = await asked(world, f"/posts/{'x' * len(name)}{below}", accept)
                answer = await asked(world, f"/posts/{name}{below}", accept)
                assert (answer.status, answer.body) == (never.status, never.body) == (404, never.body)
        for path in (f"/@shop/{name}", f"/contexts/{name}"):
            assert (await asked(world, path, HTML)).status == 404


async def test_p05_what_was_hidden_leaves_no_tombstone_for_strangers(world: World) -> None:
    await befriend(world)
    post = await owner(world.v, "shop", "post.new", text=SECRET, visibility="followers")
    await owner(world.v, "shop", "post.delete", post=post["id"])
    assert (await asked(world, post["id"].removeprefix(world.v.base))).status == 404


async def test_p05_a_signature_of_somebody_else_opens_nothing(world: World) -> None:
    await befriend(world)
    post = await owner(world.v, "shop", "post.new", text=SECRET, visibility="followers")
    request = HttpMessage.request("GET", post["id"], {"accept": ACTIVITY})
    for signed in (request, cavage.sign(request, world.t.rsa, now=world.clock())):
        assert (await world.v.ask(signed)).status == 404


@pytest.mark.parametrize("poison", CORPUS)
async def test_p09_text_of_a_post_runs_nothing(world: World, poison: str) -> None:
    text = f"{poison} #milk https://x.example/{poison}"
    post = await owner(world.v, "shop", "post.new", text=text, warning=poison[:400])
    for path in ("/@shop", post["url"].removeprefix(world.v.base), "/tags/milk"):
        answer = await asked(world, path, HTML)
        assert answer.status == 200
        nothing_runs(answer.html, (path, poison))


async def test_p05_what_is_taken_back_is_gone_from_the_store(world: World) -> None:
    post = await owner(world.v, "shop", "post.new", text=SECRET)
    await owner(world.v, "shop", "post.edit", post=post["id"], text=f"{SECRET}!")
    await owner(world.v, "shop", "post.delete", post=post["id"])
    await world.settle()
    kept = await world.v.open.node.look(
        lambda desk: (desk.tx.posts.get(post["id"]), desk.tx.posts.edits(post["id"]))
    )
    assert SECRET not in repr(kept)
