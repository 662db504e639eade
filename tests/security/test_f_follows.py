"""Group F, for who follows whom: who may answer a Follow, undo it, block, and say that somebody has moved."""

from __future__ import annotations

from typing import Any

import pytest

from federation.messages import JsonObject
from node.services.followings import Followable, follow
from node.store.following import FollowingState
from tests.security.forging import a_follow
from tests.security.peers import Peer
from tests.security.world import World

pytestmark = pytest.mark.anyio


def an_activity(sender: Peer, verb: str, subject: Any, **extra: Any) -> JsonObject:
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": sender.fresh(),
        "type": verb,
        "actor": sender.id,
        "object": subject,
        **extra,
    }


async def asks(world: World, whom: Peer) -> JsonObject:
    """Ana asks to follow somebody; the Follow that arrives there."""
    v = world.v
    known = Followable(whom.id, whom.id, "Tess", whom.inbox)
    await v.open.node.work(lambda desk: follow(desk, v.accounts["ana"], known))
    await v.settle()
    return next(one for one in reversed(whom.received) if one["type"] == "Follow")


async def state(world: World, actor: str) -> FollowingState | None:
    own = world.v.actor("ana")
    found = await world.v.open.node.look(lambda desk: desk.tx.follows.get(own, actor))
    return found.state if found is not None else None


# --- F05 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["Accept", "Reject"])
async def test_f05_answer_to_a_follow_by_a_third_party_changes_nothing(world: World, verb: str) -> None:
    v, sent = world.v, await asks(world, world.t)
    bare = {name: sent[name] for name in ("id", "type", "actor", "object")}
    claims: list[Any] = [
        sent["id"],
        bare,
        {**bare, "object": world.m.id},
        {"type": "Follow", "actor": sent["actor"]},
    ]
    before = v.snapshot(besides={"seen", "inbox"})
    for claim in claims:
        await v.post(an_activity(world.m, verb, claim), "ana", key=world.m.ed25519)
        await v.settle()
        assert await state(world, world.t.id) is FollowingState.PENDING
        assert await state(world, world.m.id) is None
    assert v.snapshot(besides={"seen", "inbox"}) == before


@pytest.mark.parametrize("by_id", [True, False])
async def test_accept_by_whom_was_asked_counts_by_id_and_by_content(world: World, by_id: bool) -> None:
    v, sent = world.v, await asks(world, world.t)
    other = {
        "id": "https://v.example/activities/other",
        "type": "Follow",
        "actor": v.actor("ana"),
        "object": world.t.id,
    }
    await v.post(an_activity(world.t, "Accept", sent["id"] if by_id else other), "ana", key=world.t.ed25519)
    await v.settle()
    assert await state(world, world.t.id) is FollowingState.ACCEPTED
    told = len(await v.notices("ana"))
    await v.post(an_activity(world.t, "Accept", sent["id"]), "ana", key=world.t.ed25519)
    await v.settle()
    assert len(await v.notices("ana")) == told, "it is told of once"
    await v.post(an_activity(world.t, "Reject", sent["id"] if by_id else other), "ana", key=world.t.ed25519)
    await v.settle()
    assert await state(world, world.t.id) is FollowingState.REMOVED
    await v.post(an_activity(world.t, "Accept", sent["id"]), "ana", key=world.t.ed25519)
    await v.settle()
    assert await state(world, world.t.id) is FollowingState.REMOVED, "an Accept of what was ended"
    told = len(await v.notices("ana"))
    await v.post(an_activity(world.t, "Reject", sent["id"]), "ana", key=world.t.ed25519)
    await v.settle()
    assert len(await v.notices("ana")) == told, "what is over ends once"


async def test_answer_to_what_was_never_asked_is_ignored(world: World) -> None:
    v = world.v
    claims: list[Any] = [
        "https://v.example/activities/never",
        "https://m.example/x",
        {"type": "Like"},
        [],
        None,
    ]
    for claim in claims:
        request = an_activity(world.m, "Accept", claim)
        answered = await v.post(request, "ana", key=world.m.ed25519)
        await v.settle()
        assert answered.status < 500
    assert await state(world, world.m.id) is None


async def test_l05_a_follow_of_oneself_is_taken_from_nobody(world: World) -> None:
    v = world.v
    posts = len(v.engine.posts)
    forged = a_follow(world.m, v.actor("ana"), actor=v.actor("ana"))
    answered = await v.post(forged, "ana", key=world.m.ed25519)
    await v.settle()
    assert answered.status in (401, 403)
    assert await v.followers("ana") == []
    assert len(v.engine.posts) == posts


# --- undone by somebody else ------------------------------------------------------------------------------


async def test_f03_undo_of_anothers_follow_by_its_id_ends_nothing(world: World) -> None:
    v = world.v
    sent = a_follow(world.t, v.actor("shop"))
    await v.post(sent, "shop", key=world.t.ed25519)
    await v.settle()
    assert await v.followers() == [world.t.id]
    sibling = world.peer("t.example", "mallory")
    for thief in (world.m, sibling):
        for subject in (sent["id"], {**sent, "actor": thief.id}, sent):
            await v.post(an_activity(thief, "Undo", subject), "shop", key=thief.ed25519)
            await v.settle()
    assert await v.followers() == [world.t.id]
    await v.post(an_activity(world.t, "Undo", sent["id"]), "shop", key=world.t.ed25519)
    await v.settle()
    assert await v.followers() == []


async def test_undos_that_come_early_are_remembered_within_bounds(world: World) -> None:
    v = world.v
    for number in range(60):
        undo = an_activity(world.m, "Undo", f"https://m.example/follows/{number}")
        await v.post(undo, "shop", key=world.m.ed25519)
    await v.settle()
    assert len(v.snapshot()["undone"]) == 20


async def test_undo_of_something_else_is_not_remembered(world: World) -> None:
    v = world.v
    for kind in ("Like", "Block", "Listen"):
        done = {"id": world.m.fresh(), "type": kind, "actor": world.m.id, "object": v.actor("shop")}
        await v.post(an_activity(world.m, "Undo", done), "shop", key=world.m.ed25519)
        await v.settle()
    assert v.snapshot()["undone"] == []


# --- blocks -----------------------------------------------------------------------------------------------


async def test_block_ends_what_was_and_says_nothing(world: World) -> None:
    v, sent = world.v, await asks(world, world.t)
    await v.post(an_activity(world.t, "Accept", sent["id"]), "ana", key=world.t.ed25519)
    await v.post(a_follow(world.t, v.actor("ana")), "ana", key=world.t.ed25519)
    await v.settle()
    await v.command("followers.approve", account="ana", who=world.t.id)
    assert await v.followers("ana") == [world.t.id]
    posts = len(v.engine.posts)
    await v.settle()
    posts = len(v.engine.posts)
    await v.post(an_activity(world.m, "Block", v.actor("ana")), "ana", key=world.m.ed25519)
    await v.settle()
    assert await v.followers("ana") == [world.t.id], "whoever has nothing to do with her ends nothing"
    await v.post(an_activity(world.t, "Block", v.actor("ana")), "ana", key=world.t.ed25519)
    await v.settle()
    assert await v.followers("ana") == []
    assert await state(world, world.t.id) is FollowingState.REMOVED
    assert len(v.engine.posts) == posts


async def test_what_a_blocked_actor_sends_changes_nothing_for_this_account(world: World) -> None:
    v = world.v
    await v.command("shun.block", account="shop", who=world.m.id)
    before = v.snapshot(besides={"seen", "inbox"})
    for activity in (
        a_follow(world.m, v.actor("shop")),
        an_activity(world.m, "Undo", "https://m.example/follows/1"),
        an_activity(world.m, "Block", v.actor("shop")),
    ):
        for inbox in ("shop", ""):
            sent = {**activity, "id": world.m.fresh(), "to": [v.actor("shop")]}
            assert (await v.post(sent, inbox, key=world.m.ed25519)).status == 202
            await v.settle()
    assert v.snapshot(besides={"seen", "inbox"}) == before
    await v.post(a_follow(world.m, v.actor("ana")), "ana", key=world.m.ed25519)
    await v.settle()
    assert [one.code for one in await v.notices("ana")] == ["follow-asked"], "the other account hears it"


# --- F14, F15 ---------------------------------------------------------------------------------------------


async def followed(world: World) -> None:
    sent = await asks(world, world.t)
    await world.v.post(an_activity(world.t, "Accept", sent["id"]), "ana", key=world.t.ed25519)
    await world.v.settle()


def moves_to(world: World, new: Peer, *, named: bool = True, back: bool = True) -> JsonObject:
    """Tess's Move; `named`: her old document says so, `back`: the new one says that it is also her."""
    if named:
        world.t.document["movedTo"] = new.id
    if back:
        new.document["alsoKnownAs"] = [world.t.id]
    return an_activity(world.t, "Move", world.t.id, target=new.id)


@pytest.mark.parametrize(("named", "back"), [(True, False), (False, True), (False, False)])
async def test_f14_move_that_only_one_side_tells_of_is_ignored(world: World, named: bool, back: bool) -> None:
    v = world.v
    await followed(world)
    new = world.peer("n.example", "tess")
    before, posts = v.snapshot(besides={"seen", "inbox"}), len(v.engine.posts)
    answered = await v.post(moves_to(world, new, named=named, back=back), "ana", key=world.t.ed25519)
    await v.settle()
    assert answered.status == 202
    assert v.snapshot(besides={"seen", "inbox"}) == before
    assert len(v.engine.posts) == posts


async def test_f14_nobody_says_of_somebody_else_that_they_have_moved(world: World) -> None:
    v = world.v
    await followed(world)
    new = world.peer("n.example", "tess")
    moves_to(world, new)
    for forged in (
        an_activity(world.m, "Move", world.t.id, target=new.id),
        an_activity(world.m, "Move", world.m.id, target=new.id),
        an_activity(world.t, "Move", world.t.id, target=world.t.id),
        an_activity(world.t, "Move", world.t.id),
        an_activity(world.t, "Move", world.m.id, target=new.id),
        an_activity(world.t, "Move", new.id, target=new.id),
    ):
        sender = world.t if forged["actor"] == world.t.id else world.m
        await v.post(forged, "ana", key=sender.ed25519)
        await v.settle()
    assert v.snapshot()["moving"] == []


async def test_move_of_a_stranger_has_nobody_asked(world: World) -> None:
    v = world.v
    new = world.peer("n.example", "tess")
    move = moves_to(world, new)
    await v.post(move, "ana", key=world.t.ed25519)
    before = len(v.engine.gets)
    await v.settle()
    assert v.engine.gets[before:] == []


async def test_f15_valid_move_asks_the_owner_and_changes_nothing_before(world: World) -> None:
    v = world.v
    await followed(world)
    new = world.peer("n.example", "tess")
    posts = len(v.engine.posts)
    for _ in range(2):
        await v.post(moves_to(world, new), "ana", key=world.t.ed25519)
        await v.settle()
        world.clock.advance(hours=2)
    assert [one.code for one in await v.notices("ana")].count("moved") == 1
    assert await state(world, world.t.id) is FollowingState.ACCEPTED
    assert await state(world, new.id) is None
    assert len(v.engine.posts) == posts
    await v.command("moves.follow", account="ana", who=world.t.id)
    await v.settle()
    assert await state(world, world.t.id) is FollowingState.REMOVED
    assert await state(world, new.id) is FollowingState.PENDING
    assert [one["type"] for one in new.received] == ["Follow"]
    assert world.t.received[-1]["type"] == "Undo"
    assert world.t.received[-1]["object"]["type"] == "Follow"


async def test_whoever_moves_on_and_on_has_nobody_asked_for_an_hour(world: World) -> None:
    v = world.v
    await followed(world)
    await v.post(moves_to(world, world.peer("n.example", "tess")), "ana", key=world.t.ed25519)
    await v.settle()
    before = len(v.engine.gets)
    await v.post(moves_to(world, world.peer("n.example", "tess2")), "ana", key=world.t.ed25519)
    await v.settle()
    assert v.engine.gets[before:] == []
    world.clock.advance(hours=1)
    await v.post(moves_to(world, world.peer("n.example", "tess3")), "ana", key=world.t.ed25519)
    await v.settle()
    assert [one.code for one in await v.notices("ana")].count("moved") == 2


async def test_f15_move_that_was_taken_back_meanwhile_is_not_followed(world: World) -> None:
    v = world.v
    await followed(world)
    new = world.peer("n.example", "tess")
    await v.post(moves_to(world, new), "ana", key=world.t.ed25519)
    await v.settle()
    del world.t.document["movedTo"]
    with pytest.raises(AssertionError, match="no longer say this"):
        await v.command("moves.follow", account="ana", who=world.t.id)
    assert await state(world, world.t.id) is FollowingState.ACCEPTED


async def test_move_to_a_blocked_server_is_not_shown(world: World) -> None:
    v = world.v
    await followed(world)
    new = world.peer("n.example", "tess")
    await v.command("block.add", domain="n.example")
    await v.post(moves_to(world, new), "ana", key=world.t.ed25519)
    await v.settle()
    assert v.snapshot()["moving"] == []


async def test_f13_actor_that_is_gone_is_no_longer_followed(world: World) -> None:
    v = world.v
    await followed(world)
    farewell = an_activity(world.t, "Delete", world.t.id)
    await v.post(farewell, "ana", key=world.t.ed25519)
    await v.settle()
    assert await state(world, world.t.id) is FollowingState.ACCEPTED, "its server still shows it"
    world.host("t.example").serve(world.t.path, {}, status=410)
    world.clock.advance(minutes=10)
    await v.post({**farewell, "id": world.t.fresh()}, "ana", key=world.t.ed25519)
    await v.settle()
    assert await state(world, world.t.id) is FollowingState.REMOVED
