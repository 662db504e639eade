"""What a node tells of itself and its people to those who count and search: what is so, as they wish."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from federation.messages import HttpMessage, JsonObject
from federation.strictjson import parse_json_object
from node.domain.notes import Visibility
from node.services.posting import Saying, say
from node.store.ports import Follower, FollowState, Session

pytestmark = pytest.mark.anyio
ANA = "https://ana.example/actors/ana"
BOB = "https://fedi.example/users/bob"


async def get(home: Any, path: str, accept: str = "application/activity+json") -> Any:
    asked = HttpMessage.request("GET", f"{home.config.base_url}{path}", {"accept": accept})
    return await home.node.client.send(asked)


async def usage(home: Any) -> JsonObject:
    found: JsonObject = json.loads((await get(home, "/nodeinfo/2.1")).body)["usage"]
    return found


async def speak(home: Any, visibility: Visibility) -> None:
    account = await home.node.look(lambda desk: desk.tx.accounts.by_name("ana"))
    await home.node.work(lambda desk: say(desk, account, Saying(text="Hello #hi", visibility=visibility)))


async def follow(home: Any) -> None:
    follower = Follower(ANA, BOB, f"{BOB}/inbox", None, f"{BOB}#f", FollowState.ACCEPTED, home.node.now())
    await home.node.work(lambda desk: desk.tx.followers.save(follower))


async def test_nodeinfo_counts_who_did_something_and_what_everybody_may_read(world: Any) -> None:
    ana = await world.node("ana", ana="person", shop="vendor")
    nobody = {"users": {"total": 2, "activeMonth": 0, "activeHalfyear": 0}, "localPosts": 0}
    assert await usage(ana) == nobody
    await follow(ana)
    for visibility in (Visibility.PUBLIC, Visibility.UNLISTED, Visibility.FOLLOWERS):
        await speak(ana, visibility)
    assert await usage(ana) == {
        "users": {"total": 2, "activeMonth": 1, "activeHalfyear": 1},
        "localPosts": 1,
    }
    world.clock.forward(days=31)
    assert (await usage(ana))["users"] == {"total": 2, "activeMonth": 0, "activeHalfyear": 1}
    seen = Session("hash", f"{ana.config.base_url}/actors/shop", ana.node.now(), ana.node.now(), "browser")
    await ana.node.work(lambda desk: desk.tx.sessions.save(seen))
    assert (await usage(ana))["users"] == {"total": 2, "activeMonth": 1, "activeHalfyear": 2}
    world.clock.forward(days=181)
    assert (await usage(ana))["users"] == {"total": 2, "activeMonth": 0, "activeHalfyear": 0}


async def test_a_node_may_keep_its_numbers_to_itself(world: Any) -> None:
    ana = await world.person("ana")
    await ana.stack.aclose()
    hidden = await world.open("ana", replace(ana.config, shows_usage=False))
    assert await usage(hidden) == {"users": {}}


async def test_a_person_is_listed_nowhere_until_she_says_so(world: Any) -> None:
    ana = await world.node("ana", ana="person", shop="vendor")
    await follow(ana)
    await speak(ana, Visibility.PUBLIC)
    post = (await ana.ask("post.list", account="ana"))["posts"][0]["url"].removeprefix(ana.config.base_url)

    async def noindex(path: str) -> bool:
        answer = await get(ana, path, "text/html")
        marked = b'<meta name="robots" content="noindex">' in answer.body
        tagged: bool = answer.header("x-robots-tag") == "noindex"
        assert tagged == marked or path.endswith(".atom"), "a page says it in its head, too"
        return tagged

    actor = json.loads((await get(ana, "/actors/ana")).body)
    assert (actor["discoverable"], actor["indexable"]) == (False, False)
    shop = json.loads((await get(ana, "/actors/shop")).body)
    assert (shop["discoverable"], shop["indexable"]) == (True, True)
    assert [await noindex(path) for path in ("/@ana", post, "/@ana/feed.atom", "/@shop")] == [
        *[True] * 3,
        False,
    ]
    assert b"@ana@ana.example" not in (await get(ana, "/", "text/html")).body
    told = await ana.ask("user.found", account="ana", listed="yes", searched="yes")
    assert (told["listed"], told["searched"]) == (True, True)
    again = await ana.ask("user.found", account="ana")
    assert (again["listed"], again["searched"]) == (True, True)
    updates = [
        parse_json_object(job.body)
        for job in await ana.node.look(lambda desk: desk.tx.deliveries.all())
        if parse_json_object(job.body)["type"] == "Update"
    ]
    assert [(found["object"]["discoverable"], found["object"]["indexable"]) for found in updates] == [
        (True, True)
    ]
    actor = json.loads((await get(ana, "/actors/ana")).body)
    assert (actor["discoverable"], actor["indexable"]) == (True, True)
    assert [await noindex(path) for path in ("/@ana", post, "/@ana/feed.atom")] == [False] * 3
    assert b"@ana@ana.example" in (await get(ana, "/", "text/html")).body
    assert (await ana.ask("user.found", account="shop", listed="no"))["listed"] is False
    assert await noindex("/@shop")


async def test_what_is_unlisted_is_never_searched(world: Any) -> None:
    ana = await world.person("ana")
    await ana.ask("user.found", listed="yes", searched="yes")
    await speak(ana, Visibility.UNLISTED)
    post = (await ana.ask("post.list"))["posts"][0]["url"].removeprefix(ana.config.base_url)
    answer = await get(ana, post, "text/html")
    assert (answer.status, answer.header("x-robots-tag")) == (200, "noindex")
    assert b"Hello" not in (await get(ana, "/@ana", "text/html")).body
