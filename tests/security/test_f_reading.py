"""Groups F and L, for what our accounts read: whose a post is, who may show it, what a like is worth."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from federation.messages import HttpMessage
from node.domain.accounts import Contact
from node.domain.notes import Visibility
from node.handlers import reactions as handling
from node.services import reading as services
from node.store.following import Shun
from node.store.ports import Follower, FollowState
from node.store.reading import GivenReaction, ReactionKind, Tally
from tests.security.peers import AS, DATA_INTEGRITY, PUBLIC, Peer
from tests.security.reading import (
    a_reaction,
    a_share,
    an_undo,
    follow,
    hold,
    post_publicly,
    posted,
    tally,
    timeline,
)
from tests.security.talking import a_delete, an_edit
from tests.security.world import World

pytestmark = pytest.mark.anyio


async def shown(world: World, account: str = "ana") -> list[str]:
    return [reading.note.content for reading in await timeline(world, account)]


# --- from those who are followed ---------------------------------------------------------------------------


async def test_what_somebody_followed_says_is_read_by_those_who_follow_and_nobody_else(world: World) -> None:
    await follow(world, world.t)
    await world.v.tell(world.t, posted(world.t), "")
    [reading] = await timeline(world)
    assert (reading.note.content, reading.name, reading.handle) == (
        "<p>Fresh milk today</p>",
        "Tess",
        "@tess@t.example",
    )
    assert await timeline(world, "shop") == []
    await world.v.tell(world.m, posted(world.m, "Buy this"), "")
    assert await shown(world) == ["<p>Fresh milk today</p>"]


async def test_what_comes_twice_or_at_two_inboxes_is_read_once(world: World) -> None:
    await follow(world, world.t)
    created = posted(world.t)
    for inbox in ("", "ana", ""):
        await world.v.tell(world.t, created, inbox)
    assert len(await timeline(world)) == 1


async def test_what_is_for_one_alone_is_a_conversation_and_no_reading(world: World) -> None:
    await follow(world, world.t)
    ana = world.v.actor("ana")
    await world.v.tell(world.t, posted(world.t, "Psst", to=[ana], cc=[]), "ana")
    assert await timeline(world) == []
    followers = [f"{world.t.id}/followers"]
    await world.v.tell(world.t, posted(world.t, "For my followers", to=followers, cc=[]), "")
    assert await shown(world) == ["<p>For my followers</p>"]


async def test_an_answer_to_somebody_who_is_not_read_is_left_out(world: World) -> None:
    await follow(world, world.t)
    to_mallory: dict[str, Any] = {
        "inReplyTo": "https://m.example/notes/1",
        "tag": [{"type": "Mention", "href": world.m.id, "name": "@mallory"}],
    }
    await world.v.tell(world.t, posted(world.t, "No.", **to_mallory), "")
    assert await timeline(world) == []
    first = posted(world.t, "A thread (1/2)")
    await world.v.tell(world.t, first, "")
    await world.v.tell(world.t, posted(world.t, "A thread (2/2)", inReplyTo=first["object"]["id"]), "")
    assert len(await timeline(world)) == 2
    elsewhere = posted(world.t, "To myself", inReplyTo=world.t.fresh("notes"))
    await world.v.tell(world.t, elsewhere, "")
    assert len(await timeline(world)) == 3


@pytest.mark.parametrize("how", ["muted", "blocked"])
async def test_whoever_is_not_heard_is_not_read_nor_passed_on(world: World, how: str) -> None:
    await follow(world, world.t, world.m)
    ana = world.v.actor("ana")
    shun = Shun(ana, world.m.id, world.clock.now, how == "muted", how == "blocked")
    await world.v.open.node.work(lambda desk: desk.tx.shunned.save(shun))
    created = posted(world.m, "Buy this")
    await world.v.tell(world.m, created, "")
    await world.v.tell(world.t, a_share(world.t, hold(world.m, created["object"])), "")
    await world.v.tell(world.m, a_share(world.m, hold(world.t, posted(world.t)["object"])), "")
    assert await timeline(world) == []


async def test_a_flooder_who_is_followed_fills_a_part_of_a_day_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_A_DAY", 3)
    await follow(world, world.t, world.m)
    for n in range(5):
        await world.v.tell(world.m, posted(world.m, f"Spam {n}"), "")
    await world.v.tell(world.t, posted(world.t), "")
    assert await shown(world) == ["<p>Fresh milk today</p>", *(f"<p>Spam {n}</p>" for n in (2, 1, 0))]
    world.clock.advance(days=1, seconds=1)
    await world.v.tell(world.m, posted(world.m, "Spam of the next day"), "")
    assert len(await timeline(world)) == 5


async def test_an_edit_by_its_author_stands_and_nobody_else_s(world: World) -> None:
    await follow(world, world.t, world.m)
    created = posted(world.t)
    await world.v.tell(world.t, created, "")
    neighbour = world.peer("t.example", "nosy")
    await follow(world, neighbour)
    await world.v.tell(world.m, an_edit(world.m, created, "I hate you"), "")
    await world.v.tell(neighbour, an_edit(neighbour, created, "I hate you", attributedTo=neighbour.id), "")
    assert await shown(world) == ["<p>Fresh milk today</p>"]
    await world.v.tell(world.t, an_edit(world.t, created, "Newer", after_s=120), "")
    await world.v.tell(world.t, an_edit(world.t, created, "Older", after_s=60), "")
    await world.v.tell(world.t, an_edit(world.t, created, "Another thing", after_s=180, type="Page"), "")
    assert await shown(world) == ["<p>Newer</p>"]
    only_for_one = an_edit(world.t, created, "Psst", after_s=240, to=[world.v.actor("shop")], cc=[])
    await world.v.tell(world.t, only_for_one, "")
    assert await timeline(world) == []


async def test_a_delete_by_its_author_takes_it_out_and_nobody_else_s(world: World) -> None:
    await follow(world, world.t, world.m)
    created = posted(world.t)
    await world.v.tell(world.t, created, "")
    neighbour = world.peer("t.example", "nosy")
    for other in (world.m, neighbour):
        await world.v.tell(other, a_delete(other, created["object"]["id"]), "")
    assert len(await timeline(world)) == 1
    await world.v.tell(world.t, a_delete(world.t, created["object"]["id"]), "")
    assert await timeline(world) == []


async def test_what_was_deleted_before_it_came_is_not_read(world: World) -> None:
    await follow(world, world.t)
    created = posted(world.t)
    await world.v.tell(world.t, posted(world.t, "To be known by", to=[world.v.actor("ana")], cc=[]), "ana")
    await world.v.tell(world.t, a_delete(world.t, created["object"]["id"]), "")
    await world.v.tell(world.t, created, "")
    assert await timeline(world) == []


# --- passed on ----------------------------------------------------------------------------------------------


async def test_what_is_passed_on_is_read_as_its_own_origin_shows_it(world: World) -> None:
    await follow(world, world.m)
    note = posted(world.t)["object"]
    hold(world.t, note)
    lie = {**note, "content": "<p>I hate you</p>"}
    await world.v.tell(world.m, a_share(world.m, lie), "")
    [reading] = await timeline(world)
    assert reading.note.content == "<p>Fresh milk today</p>"
    assert (reading.note.author, reading.handle) == (world.t.id, "@tess@t.example")
    assert (reading.shared_by, reading.sharer) == (world.m.id, "Mallory")


async def test_nothing_is_fetched_for_what_nobody_here_follows(world: World) -> None:
    shared = hold(world.t, posted(world.t)["object"])
    await world.v.tell(world.m, a_share(world.m, shared), "ana")
    assert shared not in world.v.engine.gets
    assert await timeline(world) == []


@pytest.mark.parametrize("audience", ["followers", "one"])
async def test_f08_what_is_not_for_everybody_is_not_shown_whoever_passes_it_on(
    world: World, audience: str
) -> None:
    await follow(world, world.m)
    to = [f"{world.t.id}/followers"] if audience == "followers" else [world.v.actor("ana")]
    private = posted(world.t, "A secret", to=to, cc=[])["object"]
    shared = hold(world.t, private)
    for embedded in (shared, private, {**private, "to": [PUBLIC]}):
        await world.v.tell(world.m, a_share(world.m, embedded), "")
    assert shared in world.v.engine.gets
    assert await timeline(world) == []


async def test_f08_what_the_passer_holds_of_another_is_not_believed(world: World) -> None:
    """A copy on the passer's own server that says to be another's, and one whose author lives elsewhere."""
    await follow(world, world.m)
    theirs = posted(world.t, "I hate you")["object"]
    world.m.host.serve("/copies/1", {"@context": AS, **theirs})
    world.m.host.serve("/copies/2", {"@context": AS, **theirs, "id": "https://m.example/copies/2"})
    world.m.host.serve(
        "/copies/3", {"@context": AS, **theirs, "id": "https://m.example/copies/3", "attributedTo": None}
    )
    for n in (1, 2, 3):
        await world.v.tell(world.m, a_share(world.m, f"https://m.example/copies/{n}"), "")
    assert await timeline(world) == []


async def test_an_actor_or_an_activity_that_is_passed_on_is_no_post(world: World) -> None:
    await follow(world, world.m)
    world.t.host.serve(
        "/activities/1",
        {"@context": AS, **a_share(world.t, world.m.id), "id": "https://t.example/activities/1"},
    )
    for shared in (world.t.id, "https://t.example/activities/1"):
        await world.v.tell(world.m, a_share(world.m, shared), "")
    assert await timeline(world) == []


async def test_what_is_there_already_is_not_fetched_again_for_another_reader(world: World) -> None:
    await follow(world, world.t, account="ana")
    await follow(world, world.m, account="shop")
    created = posted(world.t)
    shared = hold(world.t, created["object"])
    await world.v.tell(world.t, created, "")
    await world.v.tell(world.m, a_share(world.m, shared), "")
    assert len(await timeline(world, "shop")) == 1
    assert shared not in world.v.engine.gets


async def test_followers_only_words_that_one_reads_are_not_passed_on_to_another(world: World) -> None:
    await follow(world, world.t, account="ana")
    await follow(world, world.m, account="shop")
    private = posted(world.t, "For my followers", to=[f"{world.t.id}/followers"], cc=[])
    await world.v.tell(world.t, private, "")
    assert len(await timeline(world, "ana")) == 1
    await world.v.tell(world.m, a_share(world.m, private["object"]["id"]), "")
    assert await timeline(world, "shop") == []


async def test_how_much_one_actor_may_have_fetched_in_an_hour_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "FETCHES_AN_HOUR", 3)
    await follow(world, world.m)
    notes = [hold(world.t, posted(world.t, f"Number {n}")["object"]) for n in range(6)]
    for note in notes[:5]:
        await world.v.tell(world.m, a_share(world.m, note), "")
    assert [note for note in notes if note in world.v.engine.gets] == notes[:3]
    world.clock.advance(hours=1, seconds=1)
    await world.v.tell(world.m, a_share(world.m, notes[5]), "")
    assert len(await timeline(world)) == 4


async def test_a_server_that_is_down_is_asked_again_and_then_left(world: World) -> None:
    await follow(world, world.m)
    shared = hold(world.t, posted(world.t)["object"])
    world.v.engine.unreachable.add("t.example")
    await world.v.tell(world.m, a_share(world.m, shared), "")
    world.v.engine.unreachable.clear()
    world.clock.advance(hours=1)
    await world.v.settle()
    assert await shown(world) == ["<p>Fresh milk today</p>"]
    other = hold(world.t, posted(world.t, "Another")["object"])
    world.v.engine.unreachable.add("t.example")
    await world.v.tell(world.m, a_share(world.m, other), "")
    for _ in range(6):
        world.clock.advance(hours=6)
        await world.v.settle()
    assert world.v.engine.gets.count(other) == handling.TRIES
    assert await world.v.open.node.look(lambda desk: desk.tx.inbox.dead()) == []


async def test_a_server_that_is_blocked_is_not_asked_for_what_others_pass_on(world: World) -> None:
    await follow(world, world.m)
    shared = hold(world.t, posted(world.t)["object"])
    await world.v.command("block.add", domain="t.example")
    await world.v.tell(world.m, a_share(world.m, shared), "")
    assert shared not in world.v.engine.gets
    assert await timeline(world) == []


async def test_whoever_passed_it_on_takes_it_back_and_nobody_else(world: World) -> None:
    await follow(world, world.m, world.t)
    third = world.peer("third.example", "third")
    note = hold(third, posted(third, "Something")["object"])
    for by_id in (False, True):
        share = a_share(world.m, note)
        await world.v.tell(world.m, share, "")
        assert len(await timeline(world)) == 1
        other = {**share, "actor": world.t.id, "id": world.t.fresh()}
        await world.v.tell(world.t, an_undo(world.t, other), "")
        await world.v.tell(world.t, an_undo(world.t, share["id"]), "")
        assert len(await timeline(world)) == 1
        await world.v.tell(world.m, an_undo(world.m, share["id"] if by_id else share), "")
        assert await timeline(world) == []


async def test_an_edit_of_what_was_passed_on_stands_too_and_its_end_ends_it(world: World) -> None:
    await follow(world, world.m)
    created = posted(world.t)
    hold(world.t, created["object"])
    await world.v.tell(world.m, a_share(world.m, created["object"]["id"]), "")
    await world.v.tell(world.t, an_edit(world.t, created, "Fresher milk"), "")
    assert await shown(world) == ["<p>Fresher milk</p>"]
    private = an_edit(world.t, created, "For few", after_s=120, to=[f"{world.t.id}/followers"], cc=[])
    await world.v.tell(world.t, private, "")
    assert await timeline(world) == []


# --- F16, F19, F20 ------------------------------------------------------------------------------------------


async def test_f16_an_unknown_activity_is_taken_and_ignored(world: World) -> None:
    await follow(world, world.t)
    post = await post_publicly(world)
    before = world.v.snapshot(besides=["seen", "inbox", "delivery", "lane", "body", "fan_out"])
    for kind in ("View", "Listen", "Question2", "https://x.example/ns#Poke"):
        answered = await world.v.tell(world.t, a_reaction(world.t, post.id, kind), "")
        assert answered.status == 202
    assert world.v.snapshot(besides=["seen", "inbox", "delivery", "lane", "body", "fan_out"]) == before
    assert await tally(world, post) == Tally()


async def test_f19_another_address_of_a_post_changes_nothing_of_it(world: World) -> None:
    """Its page, another spelling of its id, and an object that claims its page as its own."""
    await follow(world, world.t, world.m)
    page = "https://t.example/@tess/1"
    created = posted(world.t, url=page)
    await world.v.tell(world.t, created, "")
    note_id = created["object"]["id"]
    forged = posted(world.m, "I hate you", url=page)
    for claim in (page, note_id, f"{note_id}#x", note_id.replace("t.example", "T.EXAMPLE")):
        await world.v.tell(world.m, a_delete(world.m, claim), "")
        await world.v.tell(world.m, an_edit(world.m, forged, "I hate you", id=claim), "")
        await world.v.tell(world.m, an_undo(world.m, a_share(world.m, claim)), "")
    assert await shown(world) == ["<p>Fresh milk today</p>"]


async def test_f19_what_is_passed_on_by_another_s_address_is_the_original_or_nothing(world: World) -> None:
    await follow(world, world.m)
    note = posted(world.t)["object"]
    hold(world.t, note)
    world.m.host.serve("/notes/1", {"@context": AS, **note, "content": "<p>I hate you</p>"})
    await world.v.tell(world.m, a_share(world.m, "https://m.example/notes/1"), "")
    [reading] = await timeline(world)
    assert (reading.note.id, reading.note.content) == (note["id"], "<p>Fresh milk today</p>")


async def test_f20_an_id_that_was_squatted_keeps_the_genuine_message_out_for_nobody(world: World) -> None:
    await follow(world, world.t, world.m)
    genuine = posted(world.t)
    squat = {**posted(world.m, "I hate you"), "id": genuine["id"]}
    answered = await world.v.tell(world.m, squat, "")
    assert answered.status == 403
    inner = posted(world.m, "I hate you")
    inner["object"]["id"] = genuine["object"]["id"]
    await world.v.tell(world.m, inner, "")
    await world.v.tell(world.m, a_share(world.m, genuine["object"]["id"]), "")
    assert (await world.v.tell(world.t, genuine, "")).status == 202
    assert await shown(world) == ["<p>Fresh milk today</p>"]


async def test_f20_a_like_by_a_stranger_s_id_is_not_undone_by_the_stranger(world: World) -> None:
    post = await post_publicly(world)
    like = a_reaction(world.t, post.id)
    await world.v.tell(world.t, like, "shop")
    await world.v.tell(world.m, an_undo(world.m, like["id"]), "shop")
    await world.v.tell(world.m, an_undo(world.m, {**like, "actor": world.m.id}), "shop")
    assert await tally(world, post) == Tally(likes=1)


# --- likes and shares of ours -------------------------------------------------------------------------------


async def test_each_actor_counts_once_and_may_take_it_back(world: World) -> None:
    post = await post_publicly(world)
    like, share = a_reaction(world.t, post.id), a_share(world.t, post.id)
    emoji = a_reaction(world.t, post.id, "EmojiReact", content="🥛")
    for act in (like, like, a_reaction(world.t, post.id), emoji, share, a_share(world.t, post.id)):
        await world.v.tell(world.t, act, "shop")
    await world.v.tell(world.m, a_reaction(world.m, post.id), "shop")
    assert await tally(world, post) == Tally(likes=2, shares=1)
    [_, by_tess] = sorted(
        await world.v.open.node.look(lambda desk: desk.tx.reactions.of_post(post.id)),
        key=lambda one: one.kind is ReactionKind.LIKE and one.actor == world.t.id,
    )[-2:]
    assert by_tess.emoji == "🥛"
    await world.v.tell(world.t, an_undo(world.t, emoji), "shop")
    assert await tally(world, post) == Tally(likes=1, shares=1)
    await world.v.tell(world.t, an_undo(world.t, a_share(world.t, post.id)), "shop")
    assert await tally(world, post) == Tally(likes=1)


async def test_a_like_or_a_share_is_taken_back_by_its_id_too(world: World) -> None:
    post = await post_publicly(world)
    like, share = a_reaction(world.t, post.id), a_share(world.t, post.id)
    for act in (like, share):
        await world.v.tell(world.t, act, "shop")
    assert await tally(world, post) == Tally(1, 1)
    for act in (like, share):
        await world.v.tell(world.t, an_undo(world.t, act["id"]), "shop")
    assert await tally(world, post) == Tally()


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.DIRECT])
async def test_what_is_not_for_everybody_is_liked_by_its_readers_and_passed_on_by_nobody(
    world: World, visibility: Visibility
) -> None:
    shop = world.v.actor("shop")
    tess = Contact(shop, world.t.id, "@tess@t.example", "Tess", world.t.inbox, world.clock.now)
    post = await post_publicly(world, visibility=visibility, mentioned=(tess,))
    for peer in (world.t, world.m):
        await world.v.tell(peer, a_reaction(peer, post.id), "shop")
        await world.v.tell(peer, a_share(peer, post.id), "shop")
    assert await tally(world, post) == Tally(likes=1)
    follower = Follower(shop, world.m.id, world.m.inbox, None, "f", FollowState.ACCEPTED, world.clock.now)
    await world.v.open.node.work(lambda desk: desk.tx.followers.save(follower))
    await world.v.tell(world.m, a_reaction(world.m, post.id), "shop")
    assert (await tally(world, post)).likes == (2 if visibility is Visibility.FOLLOWERS else 1)


async def test_what_is_no_post_of_ours_is_not_counted(world: World) -> None:
    shop = world.v.actor("shop")
    for about in (
        shop,
        f"{world.v.base}/posts/nothing",
        world.t.fresh("notes"),
        f"{world.v.base}/activities/1",
    ):
        await world.v.tell(world.t, a_reaction(world.t, about), "shop")
        await world.v.tell(world.t, a_share(world.t, about), "shop")
    assert world.v.snapshot()["reaction"] == []


async def test_likes_of_whom_the_author_has_blocked_do_not_count(world: World) -> None:
    post = await post_publicly(world)
    shun = Shun(world.v.actor("shop"), world.m.id, world.clock.now, is_blocked=True)
    await world.v.open.node.work(lambda desk: desk.tx.shunned.save(shun))
    for inbox in ("", "shop", "ana"):
        await world.v.tell(world.m, a_reaction(world.m, post.id), inbox)
    assert await tally(world, post) == Tally()


async def test_floods_of_likes_are_bounded_by_actor_and_by_post(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_REACTIONS_A_DAY", 3)
    posts = [await post_publicly(world, f"Number {n}") for n in range(5)]
    for post in posts:
        await world.v.tell(world.m, a_reaction(world.m, post.id), "shop")
    assert [(await tally(world, post)).likes for post in posts] == [1, 1, 1, 0, 0]
    monkeypatch.setattr(services, "MOST_REACTIONS", 1)
    await world.v.tell(world.t, a_reaction(world.t, posts[0].id), "shop")
    await world.v.tell(world.m, a_reaction(world.m, posts[0].id), "shop")
    assert await tally(world, posts[0]) == Tally(likes=1)


async def test_a_thousand_likes_and_undos_of_strangers_cost_no_fetch_of_a_post(world: World) -> None:
    for n in range(50):
        like = a_reaction(world.m, f"https://t.example/notes/{n}")
        await world.v.tell(world.m, like, "shop")
        await world.v.tell(world.m, an_undo(world.m, like), "shop")
    assert [url for url in world.v.engine.gets if "/notes/" in url] == []
    assert world.v.snapshot()["reaction"] == []


async def test_l03_a_share_of_our_own_share_emits_nothing(world: World) -> None:
    """Ana passes tess's post on; mallory, whom she follows, passes on her act, and the post."""
    await follow(world, world.m, world.t)
    ana = world.v.accounts["ana"]
    created = posted(world.t)
    hold(world.t, created["object"])
    await world.v.tell(world.t, created, "")
    [reading] = await timeline(world)
    target = services.Target(reading.note, world.t.inbox)
    given: GivenReaction = await world.v.open.node.work(
        lambda desk: services.give(desk, ana, target, ReactionKind.SHARE)
    )
    await world.v.settle()
    sent = len(world.v.engine.posts)
    for shared in (given.activity_id, {"id": given.activity_id, "type": "Announce"}, reading.note.id):
        await world.v.tell(world.m, a_share(world.m, shared), "")
        await world.v.tell(world.m, a_share(world.m, shared), "ana")
    assert len(world.v.engine.posts) == sent
    assert len(await timeline(world)) == 1


async def test_an_actor_that_is_gone_takes_what_it_said_with_it(world: World) -> None:
    await follow(world, world.t)
    await world.v.tell(world.t, posted(world.t), "")
    farewell = {
        "@context": [AS, DATA_INTEGRITY], "id": world.t.fresh(), "type": "Delete", "actor": world.t.id,
        "to": [PUBLIC], "object": world.t.id,
    }  # fmt: skip
    await world.v.tell(world.t, farewell, "")
    assert len(await timeline(world)) == 1  # its server does not say so
    gone(world.t)
    world.clock.advance(minutes=6)
    await world.v.tell(world.t, {**farewell, "id": world.t.fresh()}, "")
    assert await timeline(world) == []


def gone(peer: Peer) -> None:
    peer.host.routes[peer.path] = lambda request: HttpMessage(url=request.url, status=410)


async def test_a_post_from_before_it_was_followed_says_no_later_time_than_now(world: World) -> None:
    await follow(world, world.t)
    ahead = (world.clock.now + timedelta(days=900)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await world.v.tell(world.t, posted(world.t, published=ahead), "")
    [reading] = await timeline(world)
    assert reading.note.published_at <= world.clock.now
