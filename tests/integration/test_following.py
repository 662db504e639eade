"""Accounts of two nodes follow each other, stop, are refused, muted, blocked, and move: over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from federation.messages import HttpMessage
from federation.strictjson import parse_json_object
from node.domain.errors import InvalidInput
from node.sending.relating import send_follow
from node.services.following import FollowRequest, receive_follow, receive_unfollow, receive_unfollow_by_id
from node.services.followings import Followable, follow
from node.services.shunning import Shunnable, block, mute
from node.store.following import FollowingState
from node.store.ports import FollowState

pytestmark = pytest.mark.anyio
ANA, NORTH = "https://ana.example/actors/ana", "https://north.example/actors/north"


async def following(home: Any, actor: str, account: str = "") -> FollowingState | None:
    own = f"{home.config.base_url}/actors/{account or home.name}"
    found = await home.node.look(lambda desk: desk.tx.follows.get(own, actor))
    return found.state if found is not None else None


async def follower(home: Any, actor: str, account: str = "") -> FollowState | None:
    own = f"{home.config.base_url}/actors/{account or home.name}"
    found = await home.node.look(lambda desk: desk.tx.followers.get(own, actor))
    return found.state if found is not None else None


async def codes(home: Any) -> list[str]:
    return [notice.code or notice.kind for notice in await home.notices()]


async def get(home: Any, url: str) -> Any:
    answered = await home.node.client.send(
        HttpMessage.request("GET", url, {"accept": "application/activity+json"})
    )
    return answered.status, parse_json_object(answered.body) if answered.status == 200 else None


async def a_pair(world: Any) -> tuple[Any, Any]:
    return await world.person("ana"), await world.vendor("north")


# --- asking and answering ---------------------------------------------------------------------------------


async def test_a_vendor_lets_follow_at_once_and_both_sides_know(world: Any) -> None:
    ana, north = await a_pair(world)
    asked = await ana.ask("following.add", who="@north@north.example")
    assert (asked["state"], asked["handle"]) == ("pending", "@north@north.example")
    await world.settle()
    assert await following(ana, NORTH) is FollowingState.ACCEPTED
    assert await follower(north, ANA) is FollowState.ACCEPTED
    assert "follow-accepted" in await codes(ana)
    await world.assert_nothing_waits()


async def test_a_person_is_asked_first_and_may_refuse(world: Any) -> None:
    ana, north = await a_pair(world)
    await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    assert await follower(ana, NORTH) is FollowState.PENDING
    assert await following(north, ANA) is FollowingState.PENDING
    assert "follow-asked" in await codes(ana)
    await ana.ask("followers.approve", who=NORTH)
    await world.settle()
    assert await following(north, ANA) is FollowingState.ACCEPTED
    await ana.ask("followers.remove", who=NORTH)
    await world.settle()
    assert await following(north, ANA) is FollowingState.REMOVED
    assert (await codes(north))[0] == "follow-ended"
    await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    await ana.ask("followers.remove", who=NORTH)
    await world.settle()
    assert await following(north, ANA) is FollowingState.REJECTED
    assert (await codes(north))[0] == "follow-refused"


async def test_asking_again_sends_a_fresh_follow_until_there_is_an_answer(world: Any) -> None:
    ana, north = await a_pair(world)
    first = await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    ids = []
    for _ in range(2):
        found = await north.node.look(lambda desk: desk.tx.follows.get(NORTH, ANA))
        ids.append(found.follow_id)
        await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    assert len(set(ids)) == 2
    assert first["state"] == "pending"
    assert (await codes(ana)).count("follow-asked") == 1
    await ana.ask("followers.approve", who=NORTH)
    await world.settle()
    again = await north.ask("following.add", who="@ana@ana.example")
    assert again["state"] == "accepted"
    await world.settle()
    assert await following(north, ANA) is FollowingState.ACCEPTED


async def test_who_is_followed_no_more_hears_of_it(world: Any) -> None:
    ana, north = await a_pair(world)
    await ana.ask("following.add", who="@north@north.example")
    await world.settle()
    await ana.ask("following.remove", who="@north@north.example")
    await world.settle()
    assert await following(ana, NORTH) is FollowingState.REMOVED
    assert await follower(north, ANA) is FollowState.REMOVED


async def test_l05_nobody_follows_themselves(world: Any, refused: Any) -> None:
    ana = await world.person("ana")
    before = len(world.network.sent)
    for who in ("@ana@ana.example", ANA):
        with pytest.raises(refused):
            await ana.ask("following.add", who=who)
    await world.settle()
    assert await following(ana, ANA) is None
    assert await follower(ana, ANA) is None
    assert len(world.network.sent) == before


async def test_l05_no_front_makes_an_account_follow_mute_or_block_itself(world: Any) -> None:
    ana = await world.person("ana")
    account = await ana.node.look(lambda desk: desk.tx.accounts.get(ANA))
    assert account is not None
    itself, shunned = Followable(ANA, ANA, "Ana", f"{ANA}/inbox"), Shunnable(ANA, ANA)
    for act in (
        lambda desk: follow(desk, account, itself),
        lambda desk: mute(desk, account, shunned),
        lambda desk: block(desk, account, shunned),
    ):
        with pytest.raises(InvalidInput, match="this is you"):
            await ana.node.work(act)


async def test_l05_a_follow_of_oneself_that_came_in_process_is_ignored(world: Any) -> None:
    """Actors of one node deal in process, so that no origin is checked there."""
    town = await world.node("town", shop="vendor")
    actor = "https://town.example/actors/shop"
    await town.node.work(lambda desk: send_follow(desk, actor, actor, f"{actor}/inbox"))
    await world.settle()
    assert await town.node.look(lambda desk: desk.tx.followers.get(actor, actor)) is None


async def test_a_stale_follow_of_a_removed_one_is_not_accepted_later(world: Any) -> None:
    """The Accept of a Follow that was taken back meanwhile changes nothing."""
    ana, north = await a_pair(world)
    await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    world.network.down.add("ana.example")
    await north.ask("following.remove", who=ANA)
    await ana.ask("followers.approve", who=NORTH)
    await world.settle()
    assert await following(north, ANA) is FollowingState.REMOVED


# --- undone by id, and too early --------------------------------------------------------------------------


def a_request(desk: Any, follow_id: str) -> FollowRequest:
    account = desk.tx.accounts.get(NORTH)
    follow = {"id": follow_id, "type": "Follow", "actor": ANA, "object": NORTH}
    return FollowRequest(account, ANA, f"{ANA}/inbox", None, follow_id, follow)


async def test_undo_finds_its_follow_by_the_id_alone(world: Any) -> None:
    _, north = await a_pair(world)
    await north.node.work(lambda desk: receive_follow(desk, a_request(desk, "https://ana.example/f/1")))
    await north.node.work(lambda desk: receive_unfollow_by_id(desk, ANA, "https://ana.example/f/2"))
    assert await follower(north, ANA) is FollowState.ACCEPTED
    await north.node.work(lambda desk: receive_unfollow_by_id(desk, ANA, "https://ana.example/f/1"))
    assert await follower(north, ANA) is FollowState.REMOVED


@pytest.mark.parametrize("by_id", [True, False])
async def test_undo_that_overtakes_its_follow_is_remembered_for_six_hours(world: Any, by_id: bool) -> None:
    _, north = await a_pair(world)

    def undo(desk: Any) -> None:
        if by_id:
            receive_unfollow_by_id(desk, ANA, "https://ana.example/f/1")
        else:
            receive_unfollow(desk, desk.tx.accounts.get(NORTH), ANA, "https://ana.example/f/1")

    await north.node.work(undo)
    await north.node.work(lambda desk: receive_follow(desk, a_request(desk, "https://ana.example/f/1")))
    assert await follower(north, ANA) is None
    await north.node.work(undo)
    world.clock.forward(hours=6, seconds=1)
    await north.node.work(lambda desk: receive_follow(desk, a_request(desk, "https://ana.example/f/1")))
    assert await follower(north, ANA) is FollowState.ACCEPTED


# --- what strangers see -----------------------------------------------------------------------------------


async def test_p05_who_follows_whom_is_counted_and_shown_only_where_the_owner_shows_it(world: Any) -> None:
    ana, north = await a_pair(world)
    await ana.ask("following.add", who="@north@north.example")
    await world.settle()
    for url in (f"{NORTH}/followers", f"{ANA}/following"):
        status, collection = await get(north, url)
        assert (status, collection["totalItems"], "first" in collection) == (200, 1, False)
        assert (await get(north, f"{url}/page/1"))[0] == 404
    assert (await get(north, f"{ANA}/followers"))[1]["totalItems"] == 0
    await ana.ask("account.network", show=True)
    _, page = await get(north, f"{ANA}/following/page/1")
    assert page["orderedItems"] == [NORTH]
    await ana.ask("account.network", show=False)
    assert (await get(north, f"{ANA}/following/page/1"))[0] == 404


# --- mutes and blocks -------------------------------------------------------------------------------------


async def test_block_ends_what_was_both_ways_and_refuses_what_comes(world: Any, refused: Any) -> None:
    ana, north = await a_pair(world)
    await ana.ask("following.add", who="@north@north.example")
    await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    await ana.ask("followers.approve", who=NORTH)
    await world.settle()
    shown = await ana.ask("shun.block", who="@north@north.example")
    assert (shown["blocked"], shown["muted"]) == (True, False)
    await world.settle()
    assert await following(ana, NORTH) is FollowingState.REMOVED
    assert await follower(ana, NORTH) is FollowState.REMOVED
    assert await following(north, ANA) is FollowingState.REMOVED
    assert await follower(north, ANA) is FollowState.REMOVED
    with pytest.raises(refused):
        await ana.ask("following.add", who="@north@north.example")
    before = await ana.notices()
    await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    assert await follower(ana, NORTH) is FollowState.REMOVED
    assert await ana.notices() == before
    await ana.ask("shun.unblock", who="@north@north.example")
    await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    assert await follower(ana, NORTH) is FollowState.PENDING
    await world.assert_nothing_waits()


async def test_a_blocked_vendor_makes_no_new_offer_and_what_was_accepted_goes_on(
    world: Any, shop: Any, cast: Any
) -> None:
    ana = await world.person("ana")
    await shop.stocked("north", rule=True)
    await cast(ana, "north")
    await world.settle()
    first = await ana.deal()
    await ana.ask("deal.accept", offer=first.id)
    await ana.ask("shun.block", who="@north@north.example")
    await world.settle()
    assert (await ana.deal()).agreed is not None
    await cast(ana, "north")
    await world.settle()
    later = [found for found in await ana.deals() if found.id != first.id]
    assert [found.offers for found in later] == [()]
    assert [found["handle"] for found in (await ana.ask("shun.list"))["shunned"]] == ["@north@north.example"]


async def test_whoever_is_blocked_by_id_needs_not_answer(world: Any) -> None:
    ana = await world.person("ana")
    shown = await ana.ask("shun.block", who="https://gone.example/users/spam")
    assert shown["actor"] == "https://gone.example/users/spam"
    assert (await ana.ask("shun.list"))["shunned"][0]["blocked"]


async def test_mute_keeps_out_of_notices_and_tells_nobody(world: Any) -> None:
    ana, north = await a_pair(world)
    await ana.ask("shun.mute", who="@north@north.example")
    sent = len(world.network.sent)
    await world.settle()
    assert len(world.network.sent) == sent
    await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    assert await ana.notices() == []
    assert await follower(ana, NORTH) is FollowState.PENDING
    await ana.ask("shun.unmute", who="@north@north.example")
    assert (await ana.ask("shun.list"))["shunned"] == []


# --- moving -----------------------------------------------------------------------------------------------


async def test_f15_move_is_gone_along_with_once_the_owner_has_confirmed(world: Any) -> None:
    ana, north = await a_pair(world)
    shop = await world.vendor("shop")
    await ana.ask("vendors.add", vendor="@north@north.example")
    await ana.ask("following.add", who="@north@north.example")
    await world.settle()
    await shop.ask("account.alias.add", who="@north@north.example")
    await north.ask("account.move", to="@shop@shop.example")
    await world.settle()
    new = "https://shop.example/actors/shop"
    assert await following(ana, NORTH) is FollowingState.ACCEPTED
    assert await following(ana, new) is None
    assert "moved" in await codes(ana)
    (move,) = (await ana.ask("moves.list"))["moves"]
    assert (move["old_handle"], move["handle"], move["state"]) == (
        "@north@north.example", "@shop@shop.example", "asked",
    )  # fmt: skip
    await ana.ask("moves.follow", who="@north@north.example")
    await world.settle()
    assert await following(ana, NORTH) is FollowingState.REMOVED
    assert await following(ana, new) is FollowingState.ACCEPTED
    contacts = await ana.node.look(lambda desk: [one.actor for one in desk.tx.contacts.all(ANA)])
    assert contacts == [new]


async def test_an_owner_may_leave_the_old_account_as_it_is(world: Any, refused: Any) -> None:
    ana, north = await a_pair(world)
    shop = await world.vendor("shop")
    await ana.ask("following.add", who="@north@north.example")
    await world.settle()
    await shop.ask("account.alias.add", who=NORTH)
    await north.ask("account.move", to="@shop@shop.example")
    await world.settle()
    await ana.ask("moves.leave", who=NORTH)
    assert await following(ana, NORTH) is FollowingState.ACCEPTED
    with pytest.raises(refused):
        await ana.ask("moves.leave", who=NORTH)
    assert len((await ana.ask("moves.list"))["moves"]) == 1


async def test_an_account_moves_only_where_it_is_named_and_once_a_week(world: Any, refused: Any) -> None:
    _, north = await a_pair(world)
    shop = await world.vendor("shop")
    with pytest.raises(refused, match="also you"):
        await north.ask("account.move", to="@shop@shop.example")
    await shop.ask("account.alias.add", who=NORTH)
    moved = await north.ask("account.move", to="@shop@shop.example")
    assert moved["moved_to"] == "https://shop.example/actors/shop"
    _, document = await get(shop, NORTH)
    assert document["movedTo"] == "https://shop.example/actors/shop"
    _, target = await get(north, "https://shop.example/actors/shop")
    assert target["alsoKnownAs"] == [NORTH]
    with pytest.raises(refused, match="has moved"):
        await north.ask("following.add", who="@ana@ana.example")
    await north.ask("account.return")
    with pytest.raises(refused, match="7 days"):
        await north.ask("account.move", to="@shop@shop.example")
    world.clock.forward(days=7)
    await north.ask("account.move", to="@shop@shop.example")


async def test_nobody_follows_an_account_that_has_moved(world: Any) -> None:
    ana, north = await a_pair(world)
    shop = await world.vendor("shop")
    await shop.ask("account.alias.add", who=NORTH)
    await north.ask("account.move", to="@shop@shop.example")
    await ana.ask("following.add", who="@north@north.example")
    await world.settle()
    assert await following(ana, NORTH) is FollowingState.REJECTED


async def test_aliases_are_listed_and_taken_away(world: Any, refused: Any) -> None:
    ana, _ = await a_pair(world)
    for _ in range(2):
        shown = await ana.ask("account.alias.add", who="@north@north.example")
        assert shown["also_known_as"] == [NORTH]
    assert (await ana.ask("account.alias.remove", who=NORTH))["also_known_as"] == []
    for who in (NORTH, "@nobody@north.example"):
        with pytest.raises(refused):
            await ana.ask("account.alias.remove", who=who)
    with pytest.raises(refused):
        await ana.ask("account.alias.add", who="@ana@ana.example")
    with pytest.raises(refused):
        await ana.ask("account.alias.add", who="@nobody@north.example")
