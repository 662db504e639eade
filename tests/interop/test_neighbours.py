"""What each make of server sends, posted to a vendor's inbox: follows, posts, talk, likes, and their ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from federation.keys import SigningKey, generate_rsa
from federation.messages import JsonObject
from node.domain.accounts import AccountKind
from node.store.following import FollowingState
from node.store.reading import Tally
from tests.interop.neighbours import COMPOSED, OUR_FOLLOW, POST, SHOP, Neighbour, says_something
from tests.security.peers import AS, Clock
from tests.security.world import World

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAKES = sorted(path.name for path in COMPOSED.iterdir())
LIKES = {"akkoma": "emoji-react", "misskey": "reaction"}
SHARES = {"misskey": "renote"}
LETTERS = {
    "akkoma": "note-direct",
    "gotosocial": "note-direct",
    "lemmy": "private-message",
    "mastodon": "note-direct",
    "misskey": "note-specified",
    "mitra": "note-direct",
    "pleroma": "chat-message",
}
"""What is said to the shop alone."""
ANSWERS = {
    "lemmy": "comment",
    "mastodon": "note-reply",
    "peertube": "comment",
    "threads": "note-reply",
    "wordpress": "comment",
}
READ = {
    "akkoma": ("note-public", "note-followers", "note-quote", "question"),
    "gotosocial": ("note-public",),
    "lemmy": ("page",),
    "mastodon": ("note-public", "note-unlisted", "note-followers", "note-warned", "note-quote", "question"),
    "misskey": ("note-public", "note-home", "note-followers", "note-quote", "question"),
    "peertube": ("video",),
    "wordpress": ("article",),
}
"""What goes to those who follow."""
RECORDS = ("inbox", "seen", "clock")
"""That something came, and when."""


@pytest.fixture(scope="module")
def rsa_keys() -> tuple[SigningKey, ...]:
    return tuple(generate_rsa(f"https://nowhere.example/{n}", "https://nowhere.example") for n in range(4))


@pytest.fixture
async def world(tmp_path: Path, rsa_keys: tuple[SigningKey, ...], anyio_backend: str) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        made = World(Clock(NOON), {}, {}, rsa_keys, tmp_path, stack)
        await made.node("v.example", {"shop": AccountKind.VENDOR})
        yield made
        assert await made.v.open.node.look(lambda desk: desk.tx.inbox.dead()) == []


@pytest.fixture
async def post(world: World) -> str:
    return await says_something(world)


def a_neighbour(world: World, make: str, post: str, stem: str = "actor") -> Neighbour:
    return Neighbour(world, make, world.rsa_keys[1], stem, names={POST: post})


async def is_read(world: World, note_id: str) -> bool:
    found = await world.v.open.node.look(lambda desk: desk.tx.readings.get(SHOP, note_id))
    return found is not None


async def heard(world: World, note_id: str) -> list[str]:
    found = await world.v.open.node.look(lambda desk: desk.tx.threads.of_note(note_id))
    return [one.content for one in found]


async def tally(world: World, post: str) -> Tally:
    found = await world.v.open.node.look(lambda desk: desk.tx.reactions.tally([post]))
    return found.get(post, Tally())


async def let_the_shop_follow(world: World, neighbour: Neighbour) -> FollowingState:
    """The shop asks by the handle, which the neighbour's host confirms; the neighbour's Accept answers."""
    await world.v.command("following.add", who=neighbour.handle)
    await world.v.settle()
    [follow] = neighbour.got("Follow")
    neighbour.names[OUR_FOLLOW] = str(follow["id"])
    if neighbour.has("accept-follow"):
        await neighbour.tell("accept-follow")
    else:
        accept: JsonObject = {"@context": AS, "id": f"{neighbour.host.base}/accepts/1", "type": "Accept"}
        await neighbour.post({**accept, "actor": neighbour.id, "object": follow["id"]})
    followed = await world.v.open.node.look(lambda desk: desk.tx.follows.get(SHOP, neighbour.id))
    assert followed is not None
    return followed.state


@pytest.mark.parametrize("make", [make for make in MAKES if (COMPOSED / make / "follow.json").exists()])
async def test_it_follows_the_shop_and_leaves_again(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    follow = await neighbour.tell("follow")
    assert await world.v.followers() == [neighbour.id]
    [accept] = neighbour.got("Accept")
    assert accept["object"]["id"] == follow["id"]
    if neighbour.has("undo-follow"):
        await neighbour.tell("undo-follow")
        assert await world.v.followers() == []


@pytest.mark.parametrize("make", MAKES)
async def test_the_shop_follows_it_by_its_handle(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    assert await let_the_shop_follow(world, neighbour) is FollowingState.ACCEPTED


async def test_a_follow_that_is_refused_is_over(world: World, post: str) -> None:
    neighbour = a_neighbour(world, "mastodon", post)
    await let_the_shop_follow(world, neighbour)
    await neighbour.tell("reject-follow")
    followed = await world.v.open.node.look(lambda desk: desk.tx.follows.get(SHOP, neighbour.id))
    assert followed is not None
    assert followed.state in (FollowingState.REJECTED, FollowingState.REMOVED)


@pytest.mark.parametrize("make", READ)
async def test_who_follows_it_reads_what_it_says(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    await let_the_shop_follow(world, neighbour)
    for name in READ[make]:
        told = await neighbour.tell(name)
        assert await is_read(world, told["object"]["id"]), name
        assert await heard(world, told["object"]["id"]) == [], name


@pytest.mark.parametrize("make", READ)
async def test_nobody_reads_what_nobody_asked_for(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    for name in READ[make]:
        told = await neighbour.tell(name)
        assert not await is_read(world, told["object"]["id"]), name
        assert await heard(world, told["object"]["id"]) == [], name


@pytest.mark.parametrize("make", LETTERS)
async def test_what_it_says_to_the_shop_alone_is_a_conversation(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    await let_the_shop_follow(world, neighbour)
    told = await neighbour.tell(LETTERS[make])
    assert len(await heard(world, told["object"]["id"])) == 1
    assert not await is_read(world, told["object"]["id"])
    thread = await world.v.open.node.look(lambda desk: desk.tx.threads.newest_with(SHOP, neighbour.id))
    assert thread is not None
    assert thread.peer.handle == neighbour.handle


@pytest.mark.parametrize("make", ANSWERS)
async def test_its_answer_to_a_post_is_a_conversation(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    told = await neighbour.tell(ANSWERS[make])
    assert told["object"]["inReplyTo"] == post
    assert len(await heard(world, told["object"]["id"])) == 1


@pytest.mark.parametrize("kind", [["schema:Review", "Note"], "as:Note", ["Note"]])
async def test_a_type_in_another_shape_reaches_the_shop_too(world: World, post: str, kind: object) -> None:
    neighbour = a_neighbour(world, "mastodon", post)
    for name in ("note-direct", "edit"):
        activity = neighbour.activity(name)
        activity["object"]["type"] = kind
        await neighbour.post(activity)
    [content] = await heard(world, activity["object"]["id"])
    assert content.endswith("in blue?</p>")


@pytest.mark.parametrize("make", ["akkoma", "mastodon"])
async def test_its_edit_is_what_is_read_afterwards(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    told = await neighbour.tell(LETTERS[make])
    [before] = await heard(world, told["object"]["id"])
    await neighbour.tell("edit")
    [after] = await heard(world, told["object"]["id"])
    assert before != after
    assert after.endswith(("again", "in blue?</p>"))


@pytest.mark.parametrize("make", ["akkoma", "gotosocial", "lemmy", "mastodon", "misskey", "mitra"])
async def test_what_it_deletes_is_gone(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    told = await neighbour.tell(LETTERS[make])
    await neighbour.tell("delete-message" if make == "lemmy" else "delete")
    assert await heard(world, told["object"]["id"]) == [""]


@pytest.mark.parametrize("make", [make for make in MAKES if make not in ("peertube", "pleroma", "wordpress")])
async def test_it_likes_a_post_and_takes_it_back(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    await neighbour.tell(LIKES.get(make, "like"))
    assert await tally(world, post) == Tally(likes=1)
    undo = f"undo-{LIKES.get(make, 'like')}"
    if neighbour.has(undo):
        await neighbour.tell(undo)
        assert await tally(world, post) == Tally()


@pytest.mark.parametrize("make", ["akkoma", "mastodon", "misskey"])
async def test_it_passes_a_post_on_and_takes_it_back(world: World, post: str, make: str) -> None:
    neighbour = a_neighbour(world, make, post)
    await neighbour.tell(SHARES.get(make, "announce"))
    assert await tally(world, post) == Tally(shares=1)
    if neighbour.has("undo-announce"):
        await neighbour.tell("undo-announce")
        assert await tally(world, post) == Tally()


async def test_what_a_group_passes_on_is_taken_from_its_author(world: World, post: str) -> None:
    """Lemmy's community names the post by its id for some, and wraps its whole Create for others."""
    group, lea = a_neighbour(world, "lemmy", post, "group"), a_neighbour(world, "lemmy", post)
    await let_the_shop_follow(world, group)
    page = lea.activity("page")["object"]
    lea.host.serve("/post/11", {"@context": AS, **page})
    wrapped = group.activity("announce-page")
    wrapped["object"]["object"]["content"] = "<p>What Lea never said</p>"
    await group.post(wrapped)
    assert not await is_read(world, page["id"]), "what is embedded of others is not believed"
    named = {**wrapped, "id": f"{group.host.base}/activities/announce/2", "object": page["id"]}
    await group.post(named)
    found = await world.v.open.node.look(lambda desk: desk.tx.readings.get(SHOP, page["id"]))
    assert found is not None
    assert found.note.content == "<p>This <em>one</em></p>"
    assert (found.note.author, found.shared_by) == (lea.id, group.id)


@pytest.mark.parametrize(
    ("make", "name"), [("mastodon", "vote"), ("mastodon", "quote-request"), ("lemmy", "dislike")]
)
async def test_what_means_nothing_here_changes_nothing(world: World, post: str, make: str, name: str) -> None:
    neighbour = a_neighbour(world, make, post)
    await let_the_shop_follow(world, neighbour)
    before, sent = world.v.snapshot(besides=RECORDS), len(neighbour.host.received)
    await neighbour.tell(name)
    assert world.v.snapshot(besides=RECORDS) == before
    assert len(neighbour.host.received) == sent
