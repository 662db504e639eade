"""Group F, out of order: an Undo before what it undoes, two edits within a second, and edits sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from node.domain.values import format_time
from node.store.following import UNDONE_KEPT_OF_ONE
from node.store.reading import Tally
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
from tests.security.talking import said, say_to
from tests.security.world import World

pytestmark = pytest.mark.anyio


def an_update(created: dict[str, Any], text: str, updated: str, number: int) -> dict[str, Any]:
    """An edit of a post, in an activity of its own."""
    note = {**created["object"], "content": f"<p>{text}</p>", "updated": updated}
    return {**created, "id": f"{created['id']}/updates/{number}", "type": "Update", "object": note}


# --- an Undo that overtakes ------------------------------------------------------------------------------


@pytest.mark.parametrize("is_embedded", [False, True])
@pytest.mark.parametrize("kind", ["Like", "EmojiReact", "Announce"])
async def test_f21_an_undo_that_comes_before_its_like_or_share_holds(
    world: World, kind: str, is_embedded: bool
) -> None:
    post = await post_publicly(world)
    act = (
        a_share(world.t, post.id) if kind == "Announce" else a_reaction(world.t, post.id, kind, content="🥛")
    )
    undo = an_undo(world.t, act if is_embedded else act["id"])
    await world.v.tell(world.t, undo, "shop")
    await world.v.tell(world.t, act, "shop")
    assert await tally(world, post) == Tally()
    again = {**act, "id": world.t.fresh()}
    await world.v.tell(world.t, again, "shop")
    assert await tally(world, post) == (Tally(shares=1) if kind == "Announce" else Tally(likes=1))


@pytest.mark.parametrize("is_embedded", [False, True])
async def test_f21_a_share_that_was_taken_back_before_it_came_is_not_shown(
    world: World, is_embedded: bool
) -> None:
    await follow(world, world.t)
    shared = hold(world.m, posted(world.m)["object"])
    act = a_share(world.t, shared)
    await world.v.tell(world.t, an_undo(world.t, act if is_embedded else act["id"]), "")
    await world.v.tell(world.t, act, "")
    assert await timeline(world) == []
    await world.v.tell(world.t, a_share(world.t, shared), "")
    assert [one.note.id for one in await timeline(world)] == [shared]


async def test_f21_nobody_undoes_beforehand_what_somebody_else_will_like(world: World) -> None:
    post = await post_publicly(world)
    act = a_reaction(world.t, post.id)
    await world.v.tell(world.m, an_undo(world.m, {**act, "actor": world.m.id}), "shop")
    await world.v.tell(world.m, an_undo(world.m, act["id"]), "shop")
    await world.v.tell(world.t, act, "shop")
    assert await tally(world, post) == Tally(likes=1)


async def test_f21_undos_of_what_never_comes_take_a_bounded_room_of_their_actor_alone(world: World) -> None:
    post = await post_publicly(world)
    honest = a_reaction(world.t, post.id)
    await world.v.tell(world.t, an_undo(world.t, honest), "shop")
    acts = [a_reaction(world.m, post.id) for _ in range(UNDONE_KEPT_OF_ONE + 1)]
    for act in acts:
        await world.v.tell(world.m, an_undo(world.m, act), "shop")
    await world.v.tell(world.t, honest, "shop")
    assert await tally(world, post) == Tally(), "an honest one is not forgotten for it"
    await world.v.tell(world.m, acts[0], "shop")
    assert await tally(world, post) == Tally(likes=1), "the oldest of the flood is"


async def test_f21_undos_about_what_nobody_here_reads_are_not_kept(world: World) -> None:
    act = a_share(world.m, "https://t.example/notes/1")
    await world.v.tell(world.m, an_undo(world.m, act), "")
    kept = await world.v.open.node.work(lambda desk: desk.tx.undone.take(world.m.id, act["id"], desk.now))
    assert kept is False


# --- edits within a second -------------------------------------------------------------------------------


async def test_f10_the_later_of_two_edits_within_a_second_stands_and_no_earlier_one_comes_back(
    world: World,
) -> None:
    await follow(world, world.t)
    created = posted(world.t, "first")
    at = format_time(world.clock.now)
    await world.v.tell(world.t, created, "")
    for number, text in enumerate(("second", "third")):
        await world.v.tell(world.t, an_update(created, text, at, number), "")
    assert [one.note.content for one in await timeline(world)] == ["<p>third</p>"]
    for number, text in enumerate(("first", "second", "third"), start=10):
        await world.v.tell(world.t, an_update(created, text, at, number), "")
        assert [one.note.content for one in await timeline(world)] == ["<p>third</p>"]
    later = format_time(world.clock.now + timedelta(seconds=1))
    await world.v.tell(world.t, an_update(created, "first", later, 20), "")
    assert [one.note.content for one in await timeline(world)] == ["<p>first</p>"], "its author says so anew"
    await world.v.tell(world.t, an_update(created, "third", at, 21), "")
    assert [one.note.content for one in await timeline(world)] == ["<p>first</p>"]


async def test_f10_the_same_holds_for_what_is_said_in_a_conversation(world: World) -> None:
    created = await say_to(world, world.t, "first")
    at = created["object"]["published"]
    for number, text in enumerate(("second", "third", "second", "first")):
        await world.v.tell(world.t, an_update(created, text, at, number), "shop")
    (words,) = await said(world)
    assert "third" in words.content
    assert [earlier.content.count("first") for earlier in words.earlier] == [1, 0]
