"""An outbox lists what everybody may read: an account's own posts, and what it passed on, newest first."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from federation.strictjson import parse_json_object
from federation.vocab import PUBLIC
from node.domain.notes import Visibility
from node.public.listed import MOST_SHARES, PER_PAGE
from node.services.posting import Saying, say
from node.store.reading import GivenReaction, ReactionKind
from tests.integration.test_posts import get

pytestmark = pytest.mark.anyio
NORTH = "https://north.example/actors/north"
BEA = "https://social.example/users/bea"


async def fill(home: Any, posts: int, shares: int, seed: int) -> list[str]:
    """So many of both, at times that are mixed; their ids, newest first. A post goes first at one moment."""
    account = await home.node.look(lambda desk: desk.tx.accounts.get(NORTH))
    times = random.Random(seed)
    made = []

    def work(desk: Any) -> None:
        first = say(desk, account, Saying(text="One", visibility=Visibility.PUBLIC))
        at = sorted((times.randrange(40) for _ in range(posts)), reverse=False)
        for number, second in enumerate(at):
            made.append((second, 1, number, f"{first.id}{number}"))
            post = replace(
                first,
                id=f"{first.id}{number}",
                activity_id=f"{first.id}{number}#create",
                at=desk.now + timedelta(seconds=second),
                visibility=(Visibility.PUBLIC, Visibility.UNLISTED)[number % 2],
            )
            desk.tx.posts.save(post)
            desk.tx.posts.save(replace(post, id=f"{post.id}x", visibility=Visibility.FOLLOWERS))
        desk.tx.posts.save(replace(first, deleted_at=desk.now, body=b"", note=None))
        for number, second in enumerate(sorted(times.randrange(40) for _ in range(shares))):
            share = f"{NORTH}/shares/{number}"
            made.append((second, 0, number, share))
            for kind, act in ((ReactionKind.SHARE, share), (ReactionKind.LIKE, f"{share}/like")):
                moment = desk.now + timedelta(seconds=second)
                shared = GivenReaction(NORTH, f"{BEA}/{number}", kind, act, BEA, f"{BEA}/inbox", moment)
                desk.tx.reactions.give(replace(shared, is_listed=bool(number % 3)))

    await home.node.work(work)
    return [name for *_, name in sorted(made, reverse=True)]


async def outbox(home: Any, number: int) -> Any:
    """A page of it, as everybody gets it; None where there is none."""
    answered = await get(home, f"{NORTH}/outbox" + (f"/page/{number}" if number else ""))
    return parse_json_object(answered.body) if answered.status == 200 else None


@pytest.mark.parametrize(
    ("posts", "shares"), [(0, 0), (0, 45), (45, 0), (3, 50), (50, 3), (70, 70), (25, 25), (20, 20)]
)
async def test_posts_and_what_was_passed_on_are_listed_once_each_newest_first(
    world: Any, posts: int, shares: int
) -> None:
    north = await world.vendor("north")
    wanted = await fill(north, posts, shares, seed=posts * 100 + shares)
    found, number = [], 1
    whole = await outbox(north, 0)
    assert whole["totalItems"] == posts + shares
    while page := await outbox(north, number):
        found += [item["object"] if item["type"] == "Create" else item["id"] for item in page["orderedItems"]]
        assert len(page["orderedItems"]) <= PER_PAGE
        number += 1
    assert found == wanted


async def test_what_was_passed_on_is_listed_as_it_was_sent(world: Any) -> None:
    north = await world.vendor("north")
    await fill(north, 0, 2, seed=1)
    page = await outbox(north, 1)
    followers = f"{NORTH}/followers"
    assert [(item["type"], item["object"], item["to"], item["cc"]) for item in page["orderedItems"]] == [
        ("Announce", f"{BEA}/1", [PUBLIC], [followers, BEA]),
        ("Announce", f"{BEA}/0", [followers], [PUBLIC, BEA]),
    ]


async def test_no_more_of_what_was_passed_on_is_listed_than_a_bound(world: Any) -> None:
    north = await world.vendor("north")
    wanted = await fill(north, 0, MOST_SHARES + 5, seed=2)
    assert (await outbox(north, 0))["totalItems"] == MOST_SHARES
    last = await outbox(north, MOST_SHARES // PER_PAGE)
    assert last["orderedItems"][-1]["id"] == wanted[MOST_SHARES - 1]
    assert await outbox(north, MOST_SHARES // PER_PAGE + 1) is None
