"""A Note of ours goes to whom it is for, and nobody else can read it."""

from __future__ import annotations

from typing import Any

import pytest

from federation.messages import HttpMessage
from federation.strictjson import parse_json_object
from federation.vocab import PUBLIC
from node.domain.errors import InvalidInput
from node.domain.notes import Visibility
from node.services.posting import Saying, say
from node.store.ports import Follower, FollowState, Post
from node.workflows.lookups import find_contact

pytestmark = pytest.mark.anyio
NORTH = "https://north.example/actors/north"
ANA = "https://ana.example/actors/ana"


async def speak(home: Any, **over: Any) -> Post:
    """Let the home's account say something to `ana`."""
    account = await home.node.look(lambda desk: desk.tx.accounts.by_name(home.name))
    contact = await find_contact(home.node, account, "@ana@ana.example")
    saying = Saying(**{"text": "We have milk.", "mentioned": (contact,), **over})
    said: Post = await home.node.work(lambda desk: say(desk, account, saying))
    return said


async def follow(home: Any, actor: str) -> None:
    inbox = f"{actor}/inbox"
    follower = Follower(NORTH, actor, inbox, None, f"{actor}#f", FollowState.ACCEPTED, home.node.now())
    await home.node.work(lambda desk: desk.tx.followers.save(follower))


async def sent_to(home: Any, post: Post) -> set[str]:
    jobs = await home.node.look(lambda desk: desk.tx.deliveries.of_activity(f"{post.id}#create"))
    return {job.inbox for job in jobs}


@pytest.mark.parametrize(
    ("visibility", "to", "cc", "is_for_followers"),
    [
        (Visibility.PUBLIC, [PUBLIC], [f"{NORTH}/followers", ANA], True),
        (Visibility.UNLISTED, [f"{NORTH}/followers"], [PUBLIC, ANA], True),
        (Visibility.FOLLOWERS, [f"{NORTH}/followers"], [ANA], True),
        (Visibility.DIRECT, [ANA], [], False),
    ],
)
async def test_a_note_is_addressed_and_sent_by_who_may_read_it(
    world: Any, visibility: Visibility, to: list[str], cc: list[str], is_for_followers: bool
) -> None:
    await world.person("ana")
    north = await world.vendor("north")
    await follow(north, "https://fedi.example/users/bob")
    post = await speak(north, visibility=visibility)
    note = parse_json_object(post.body)
    assert (note["to"], note["cc"]) == (to, cc)
    followers = {"https://fedi.example/users/bob/inbox"} if is_for_followers else set()
    assert await sent_to(north, post) == {f"{ANA}/inbox"} | followers


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.DIRECT])
async def test_a_note_that_is_not_for_everybody_answers_strangers_as_what_never_was(
    world: Any, visibility: Visibility
) -> None:
    await world.person("ana")
    north = await world.vendor("north")
    post = await speak(north, visibility=visibility)
    page = f"https://north.example/@north/{post.id.rpartition('/')[2]}"
    for address in (post.id, page):
        for accept in ("application/activity+json", "text/html"):
            asked = HttpMessage.request("GET", address, {"accept": accept})
            assert (await north.node.client.send(asked)).status == 404


async def test_what_is_said_is_a_plain_note_that_names_whom_it_mentions(world: Any) -> None:
    await world.person("ana")
    north = await world.vendor("north")
    post = await speak(
        north,
        visibility=Visibility.PUBLIC,
        text="Fresh <b>milk</b>",
        language="en",
        summary="food",
        hashtags=("Milk",),
    )
    note = parse_json_object(post.body)
    content = (
        '<p><a href="https://ana.example/@ana" class="u-url mention">@<span>ana</span></a> '
        "Fresh &lt;b&gt;milk&lt;/b&gt;</p>"
    )
    assert (note["type"], note["content"], note["contentMap"]) == ("Note", content, {"en": content})
    assert (note["summary"], note["sensitive"], note["attachment"]) == ("food", True, [])
    assert note["tag"] == [
        {"type": "Mention", "href": ANA, "name": "@ana@ana.example"},
        {"type": "Hashtag", "href": "https://north.example/tags/milk", "name": "#Milk"},
    ]
    assert note["context"].startswith("https://north.example/contexts/")
    assert note["proof"]["verificationMethod"] == f"{NORTH}#ed25519-key"


@pytest.mark.parametrize(
    ("over", "wrong"), [({"text": " "}, "it is empty"), ({"mentioned": ()}, "nobody would read it")]
)
async def test_nothing_is_said_to_nobody(world: Any, over: dict[str, Any], wrong: str) -> None:
    await world.person("ana")
    north = await world.vendor("north")
    with pytest.raises(InvalidInput, match=wrong):
        await speak(north, visibility=Visibility.DIRECT, **over)
    assert await north.node.look(lambda desk: desk.tx.posts.all(NORTH, "note")) == []
