"""Farewells as a weapon: a follower says that it is gone, and its server takes its time to confirm it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from federation.errors import FetchFailed
from federation.messages import HttpMessage
from tests.security.forging import a_follow
from tests.security.peers import Peer
from tests.security.target import Target
from tests.security.world import World

pytestmark = pytest.mark.anyio


async def follows(v: Target, peer: Peer) -> None:
    await v.post(a_follow(peer, v.actor("shop")), "shop", key=peer.ed25519)


async def says_farewell(v: Target, peer: Peer) -> None:
    farewell = {**a_follow(peer, v.actor("shop")), "type": "Delete", "object": peer.id}
    answered = await v.post(farewell, "shop", key=peer.ed25519)
    assert answered.status == 202


@contextmanager
def silent(v: Target, *hosts: str) -> Iterator[list[str]]:
    """These hosts answer no GET until the context ends, and then not at all; what they were asked for."""
    asked: list[str] = []
    over, exchange = asyncio.Event(), v.engine.exchange

    async def slowly(message: HttpMessage, **bounds: Any) -> HttpMessage:
        if message.method == "GET" and message.url.split("/")[2] in hosts:
            asked.append(message.url)
            await over.wait()
            raise FetchFailed("no answer", url=message.url)
        return await exchange(message, **bounds)

    v.engine.exchange = slowly  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        over.set()
        v.engine.exchange = exchange  # type: ignore[method-assign]


async def test_followers_on_silent_servers_hold_up_nobody_else(world: World) -> None:
    v, hosts = world.v, [f"m{number}.example" for number in range(8)]
    crowd = [world.peer(host, f"m{number}") for host in hosts for number in range(4)]
    for peer in crowd:
        await follows(v, peer)
    await v.settle()
    for peer in crowd:
        await says_farewell(v, peer)
    with silent(v, *hosts) as asked:
        working = asyncio.create_task(v.open.worker.run())
        async with asyncio.timeout(20):
            await follows(v, world.t)
            while world.t.id not in await v.followers():  # noqa: ASYNC110  the store has no event to wait for
                await asyncio.sleep(0.01)
        working.cancel()
        assert 0 < len(asked) <= 4, "so many servers are asked at once, and no more"


async def test_a_thousand_farewells_of_one_actor_are_one_question(world: World) -> None:
    v = world.v
    await follows(v, world.m)
    await v.settle()
    before = len(v.engine.gets)
    for _ in range(200):
        await says_farewell(v, world.m)
    await v.settle()
    assert v.engine.gets[before:] == [world.m.id]
    assert world.m.id in await v.followers()


async def test_many_actors_of_one_server_that_are_gone_at_once_all_stop_following(world: World) -> None:
    """What finds others being asked comes back later."""
    v = world.v
    leaving = [world.peer("m.example", f"m{number}") for number in range(12)]
    for peer in leaving:
        await follows(v, peer)
    await v.settle()
    for peer in leaving:
        await says_farewell(v, peer)
        world.host("m.example").serve(peer.path, {}, status=410)
    for _ in range(6):
        await v.settle()
        world.clock.advance(minutes=10)
    assert await v.followers() == []
    assert await v.open.node.look(lambda desk: desk.tx.inbox.dead()) == []


async def test_a_farewell_that_could_not_be_confirmed_is_tried_again(world: World) -> None:
    v = world.v
    await follows(v, world.m)
    await v.settle()
    await says_farewell(v, world.m)
    v.engine.unreachable.add("m.example")
    await v.settle()
    assert await v.followers() == [world.m.id]
    v.engine.unreachable.clear()
    world.host("m.example").serve(world.m.path, {}, status=410)
    world.clock.advance(seconds=30)
    await v.settle()
    assert await v.followers() == []
