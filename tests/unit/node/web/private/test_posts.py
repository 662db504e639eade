"""What an owner says on the pages: written, listed, changed, pinned and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from node.domain.notes import Visibility
from node.store.ports import Follower, FollowState, Post
from node.store.reading import Reaction, ReactionKind
from tests.unit.node.pictures.drawing import a_picture
from tests.unit.node.web.private.conftest import House

pytestmark = pytest.mark.anyio

BOB = "https://friend.example/users/bob"


async def at_home(house: House) -> Any:
    await house.move_in()
    return await house.logged_in()


async def posts_of(house: House) -> list[Post]:
    return await house.node.look(lambda desk: desk.tx.posts.own(f"{house.base}/actors/ana"))


async def follow(house: House) -> None:
    actor = f"{house.base}/actors/ana"
    follower = Follower(actor, BOB, f"{BOB}/inbox", None, f"{BOB}#f", FollowState.ACCEPTED, house.clock.now)
    await house.node.work(lambda desk: desk.tx.followers.save(follower))


async def write(browser: Any, **values: Any) -> Any:
    await browser.get("/my/posts/new")
    return await browser.submit({"text": "Hello #bike", **values}, "/my/posts/new")


async def test_an_empty_list_teaches_the_next_step(house: House) -> None:
    browser = await at_home(house)
    seen = await browser.get("/my/posts")
    assert "Nothing is said yet" in seen.words
    assert "Nothing is said yet" not in (await browser.get("/my/posts?show=direct")).words
    assert "/my/posts/new" in seen.html


async def test_a_post_is_written_listed_and_read_by_strangers(house: House) -> None:
    browser = await at_home(house)
    seen = await write(browser, readers="public", warning="a ride", language="de")
    assert "It is said" in seen.words
    assert "Hello #bike" in seen.words
    assert "Everybody" in seen.words
    (post,) = await posts_of(house)
    assert post.note is not None
    assert (post.note.language, post.note.summary) == ("de", "a ride")
    public = await house.browser().get(post.note.url.removeprefix(house.base), accept="text/html")
    assert public.status == 200
    assert "a ride" in public.words
    assert 'lang="de"' in public.html


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"text": "", "readers": "public"}, "Write what you want to say."),
        ({"readers": "direct"}, "nobody would read it"),
        ({"readers": "followers"}, "nobody follows you yet"),
        ({"text": "@bob@nowhere.example hi", "readers": "public"}, "does not answer"),
    ],
)
async def test_what_nobody_would_read_is_refused_and_still_there(
    house: House, values: dict[str, str], wrong: str
) -> None:
    browser = await at_home(house)
    seen = await write(browser, **values)
    assert seen.status == 422
    assert wrong.casefold() in seen.words.casefold()
    assert values.get("text", "Hello #bike") in seen.html
    assert await posts_of(house) == []


async def test_the_list_shows_one_kind_of_readers_and_what_came_of_each_post(house: House) -> None:
    browser = await at_home(house)
    await follow(house)
    for readers in ("public", "followers"):
        await write(browser, text=f"For {readers}", readers=readers)
    hidden = (await browser.get("/my/posts?show=followers")).words
    assert "For followers" in hidden
    assert "For public" not in hidden
    public = next(post for post in await posts_of(house) if post.visibility is Visibility.PUBLIC)
    like = Reaction(public.id, BOB, ReactionKind.LIKE, "a1", house.clock.now)
    await house.node.work(lambda desk: desk.tx.reactions.add(like))
    assert "1 like" in (await browser.get("/my/posts?show=public")).words
    page = await house.browser().get(f"/@ana/{public.id.rpartition('/')[2]}", accept="text/html")
    assert "1 like" in page.words
    for bad in ("?show=nobody", "?page=0", "?page=x", "?page=10000"):
        assert (await browser.get(f"/my/posts{bad}")).status == 404


async def test_a_post_is_changed_and_its_old_words_stay_with_its_owner(house: House) -> None:
    browser = await at_home(house)
    await write(browser, readers="public")
    (post,) = await posts_of(house)
    name = post.id.rpartition("/")[2]
    await browser.get(f"/my/posts/{name}/change")
    same = await browser.submit({}, f"/my/posts/{name}/change")
    assert "Nothing was changed." in same.words
    await browser.get(f"/my/posts/{name}/change")
    seen = await browser.submit({"text": "Goodbye"}, f"/my/posts/{name}/change")
    assert "It is changed" in seen.words
    assert "What it said before until" in seen.words
    assert "<time" not in seen.words
    assert "Hello #bike" in seen.words
    public = await house.browser().get(f"/@ana/{name}", accept="text/html")
    assert "Goodbye" in public.words
    assert "Hello" not in public.words


async def test_a_post_is_shown_first_and_by_its_date_again(house: House) -> None:
    browser = await at_home(house)
    await write(browser, readers="public")
    (post,) = await posts_of(house)
    page = f"/my/posts/{post.id.rpartition('/')[2]}"
    await browser.get(page)
    assert "Pinned" in (await browser.submit({}, f"{page}/pin")).words
    assert "Pinned" not in (await browser.submit({}, f"{page}/unpin")).words


async def test_taking_back_has_to_be_said_and_leaves_nothing(house: House) -> None:
    browser = await at_home(house)
    await write(browser, readers="public")
    (post,) = await posts_of(house)
    name = post.id.rpartition("/")[2]
    await browser.get(f"/my/posts/{name}/remove")
    seen = await browser.submit({}, f"/my/posts/{name}/remove")
    assert seen.status == 422
    assert len(await posts_of(house)) == 1
    seen = await browser.submit({"sure": "on"}, f"/my/posts/{name}/remove")
    assert "It is taken back" in seen.words
    assert await posts_of(house) == []
    assert (await browser.get(f"/my/posts/{name}")).status == 404
    assert (await house.browser().get(f"/@ana/{name}", accept="text/html")).status == 410


async def test_another_accounts_post_is_not_there(house: House) -> None:
    browser = await at_home(house)
    await write(browser, readers="public")
    (post,) = await posts_of(house)
    await house.move_in("eve")
    eve = await house.logged_in("eve")
    page = f"/my/posts/{post.id.rpartition('/')[2]}"
    for place in ("", "/change", "/remove"):
        assert (await eve.get(page + place)).status == 404
    await eve.get("/my/posts/new")
    for act in ("pin", "unpin", "remove", "change"):
        values = {"remove": {"sure": "on"}, "change": {"text": "Mine"}}.get(act, {})
        assert (await eve.post(f"{page}/{act}", values)).status in (404, 422)
    assert [found.text for found in await posts_of(house)] == ["Hello #bike"]


async def test_a_picture_goes_with_its_words_and_is_gone_with_them(house: House) -> None:
    browser = await at_home(house)
    await browser.get("/my/posts/new")
    values = {"text": "Look", "readers": "public", "picture_1": a_picture()}
    seen = await browser.submit(values, "/my/posts/new")
    assert seen.status == 422
    assert "Nobody has said what it shows." in seen.words
    seen = await browser.submit({**values, "alt_1": "A red square"}, "/my/posts/new")
    assert seen.status == 200, seen.words
    (post,) = await posts_of(house)
    assert post.note is not None
    (picture,) = post.note.attachments
    place = picture.url.removeprefix(house.base)
    stranger = house.browser()
    assert (await stranger.get(place)).status == 200
    name = post.id.rpartition("/")[2]
    shown = await stranger.get(f"/@ana/{name}", accept="text/html")
    assert 'alt="A red square"' in shown.html
    await browser.get(f"/my/posts/{name}/change")
    await browser.submit({"text": "Look here", "alt_1": "A very red square"}, f"/my/posts/{name}/change")
    (post,) = await posts_of(house)
    assert post.note is not None
    assert [found.alt for found in post.note.attachments] == ["A very red square"]
    await browser.get(f"/my/posts/{name}/remove")
    await browser.submit({"sure": "on"}, f"/my/posts/{name}/remove")
    assert (await stranger.get(place)).status == 404
