"""What an owner reads on pages: nothing of a stranger's runs or loads, and each act does what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from node.domain.notes import Attachment, Mention, Note, Visibility
from node.store.following import Following, FollowingState
from node.store.reading import ReactionKind, Reading
from tests.browsing import Browser
from tests.security.household import PageReader
from tests.unit.node.pictures.drawing import a_picture, corners
from tests.unit.node.web.private.conftest import START as NOW
from tests.unit.node.web.private.conftest import House

pytestmark = pytest.mark.anyio

ANA = "https://ana.example/actors/ana"
BOB = "https://fedi.example/users/bob"
FAR = "https://fedi.example/media/cow.png"


def a_note(number: int = 1, **over: Any) -> Note:
    made = Note(
        id=f"https://fedi.example/notes/{number}",
        author=BOB,
        content="<p>We have milk.</p>",
        published_at=NOW,
        visibility=Visibility.PUBLIC,
        url=f"https://fedi.example/@bob/{number}",
        mentions=(Mention(ANA, "@ana"),),
    )
    return replace(made, **over)


async def shelve(house: House, *notes: Note, **over: Any) -> list[int]:
    """Put Notes into Ana's timeline, whose author she follows; their numbers, the oldest first."""

    def work(desk: Any) -> list[int]:
        inbox, state = f"{BOB}/inbox", FollowingState.ACCEPTED
        desk.tx.follows.save(
            Following(ANA, BOB, "@bob@fedi.example", "Bob", inbox, None, "f", state, desk.now)
        )
        for note in notes:
            desk.tx.readings.add(Reading(ANA, note, desk.now, name="Bob", handle="@bob@fedi.example", **over))
        return [place for place, _ in desk.tx.readings.page(ANA, limit=100)][::-1]

    return await house.node.work(work)


@pytest.fixture
async def ana(house: House) -> Browser:
    await house.move_in()
    return await house.logged_in()


class Gallery:
    """Another server with one picture, which counts who asks for it."""

    def __init__(self, body: bytes) -> None:
        self.body, self.asked = body, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self.body})


async def test_an_empty_timeline_says_what_comes_there(house: House, ana: Browser) -> None:
    assert "You follow nobody yet" in (await ana.get("/my/reading")).words
    await shelve(house)
    assert "have said nothing since" in (await ana.get("/my/reading")).words
    assert "The list ends before it" in (await ana.get("/my/reading?before=1")).words
    assert (await ana.get("/my/reading?before=x")).status == 404


async def test_posts_are_read_newest_first_and_warned_of(house: House, ana: Browser) -> None:
    await shelve(house, a_note(1), a_note(2, content="<p>And cheese.</p>", summary="Cheese"))
    seen = await ana.get("/my/reading")
    assert seen.words.index("And cheese") < seen.words.index("We have milk")
    assert "<summary>Cheese</summary>" in seen.html
    assert "<details" in seen.html
    assert 'class="fold" open' not in seen.html


async def test_a_long_timeline_goes_on(house: House, ana: Browser) -> None:
    await shelve(house, *(a_note(n, content=f"<p>Number {n}.</p>") for n in range(25)))
    seen = await ana.get("/my/reading")
    assert ("Number 24." in seen.words, "Number 4." in seen.words) == (True, False)
    seen = await ana.get(seen.read.links["Older"].replace("https://ana.example", ""))
    assert ("Number 24." in seen.words, "Number 4." in seen.words) == (False, True)


async def test_nobody_reads_another_s_timeline(house: House, ana: Browser) -> None:
    [number] = await shelve(house, a_note())
    await house.move_in("bea")
    bea = await house.logged_in("bea")
    assert "We have milk" not in (await bea.get("/my/reading")).words
    assert (await bea.get(f"/my/reading/{number}")).status == 404
    assert (await bea.post(f"/my/reading/{number}/like")).status == 404
    for nothing in (str(number + 1), "0", "x", "9" * 30):
        assert (await ana.get(f"/my/reading/{nothing}")).status == 404


async def test_p08_nothing_of_a_stranger_s_is_loaded_or_run_by_a_page(house: House, ana: Browser) -> None:
    pictures = (
        Attachment(FAR, "image/png", 'A cow"><script>alert(1)</script>'),
        Attachment("javascript:alert(1)", "image/png", "nothing"),
        Attachment("https://fedi.example/x.svg", "image/svg+xml", "a drawing"),
        Attachment("https://fedi.example/x.mp4", "video/mp4", ""),
    )
    gallery = house.apps["fedi.example"] = Gallery(a_picture())
    [number] = await shelve(house, a_note(attachments=pictures, summary="<b>x</b>", title="<i>t</i>"))
    for path in ("/my/reading", f"/my/reading/{number}"):
        seen = await ana.get(path)
        assert PageReader(seen.html).wrong == []
        assert "<img" not in seen.html.replace('<img class="mark"', "")
        assert seen.html.count("Show the picture") == 1
    assert gallery.asked == 0


async def test_p08_a_picture_comes_when_its_button_is_pressed(house: House, ana: Browser) -> None:
    gallery = house.apps["fedi.example"] = Gallery(a_picture())
    [number] = await shelve(house, a_note(attachments=(Attachment(FAR, "image/png", "A cow"),)))
    await ana.get(f"/my/reading/{number}")
    seen = await ana.submit({}, f"/my/reading/{number}/picture")
    assert gallery.asked == 1
    source = seen.html.split('<img src="')[1].split('"')[0]
    assert source.startswith("/my/media/")
    assert 'alt="A cow"' in seen.html
    picture = await ana.get(source)
    assert corners(picture.body)[0] == "red"
    assert picture.header("content-security-policy") == "sandbox; default-src 'none'"
    assert picture.header("cache-control").startswith("private")
    assert picture.header("cross-origin-resource-policy") == "same-origin"
    await house.move_in("bea")
    assert (await (await house.logged_in("bea")).get(source)).status == 404
    assert (await house.browser().get(source.replace("/my/media", "/media"))).status == 404
    await ana.get("/my/reading")
    assert gallery.asked == 1


async def test_a_picture_that_is_none_is_told_in_words(house: House, ana: Browser) -> None:
    house.apps["fedi.example"] = Gallery(b"<svg onload='alert(1)'/>")
    [number] = await shelve(house, a_note(attachments=(Attachment(FAR, "image/png", "A cow"),)))
    await ana.get(f"/my/reading/{number}")
    seen = await ana.submit({}, f"/my/reading/{number}/picture")
    assert seen.status == 422
    assert "This is no picture that is taken." in seen.words
    assert (await ana.post(f"/my/reading/{number}/picture", {"picture": "7"})).status == 404
    assert (await ana.get("/my/media/nothing.jpg")).status == 404


@pytest.mark.parametrize(("act", "back", "kind"), [("like", "unlike", "like"), ("share", "unshare", "share")])
async def test_a_post_is_liked_or_passed_on_and_that_is_taken_back(
    house: House, ana: Browser, act: str, back: str, kind: str
) -> None:
    [number] = await shelve(house, a_note())
    await ana.get("/my/reading")
    seen = await ana.submit({}, f"/my/reading/{number}/{act}")
    assert seen.status == 200
    given = await house.node.look(lambda desk: desk.tx.reactions.given(ANA, a_note().id, ReactionKind(kind)))
    assert given is not None
    await ana.submit({}, f"/my/reading/{number}/{back}")
    assert await house.node.look(lambda desk: desk.tx.reactions.all_given(ANA)) == []
    assert (await ana.post(f"/my/reading/{number}/explode")).status == 404
    assert (await ana.post(f"/my/reading/{number}/{back}")).status == 422


async def test_what_is_not_for_everybody_has_no_button_to_pass_it_on(house: House, ana: Browser) -> None:
    [number] = await shelve(house, a_note(visibility=Visibility.FOLLOWERS))
    seen = await ana.get(f"/my/reading/{number}")
    assert "Pass it on" not in seen.words
    assert "Only its author" in seen.words
    refused = await ana.post(f"/my/reading/{number}/share")
    assert refused.status == 422
    assert "It is not for everybody." in refused.words


async def test_an_answer_names_its_author_and_stands_in_its_thread(house: House, ana: Browser) -> None:
    [number] = await shelve(house, a_note(summary="Milk"))
    await ana.get(f"/my/reading/{number}")
    seen = await ana.submit({"text": "Is it cold?", "visibility": "unlisted"}, f"/my/reading/{number}")
    assert "Your answer is sent." in seen.words
    [post] = await house.node.look(lambda desk: desk.tx.posts.all(ANA, "note"))
    assert post.note is not None
    assert (post.in_reply_to, post.visibility) == (a_note().id, Visibility.UNLISTED)
    assert [one.actor for one in post.note.mentions] == [BOB]
    assert post.note.summary == "Milk"


async def test_an_answer_for_more_readers_than_the_post_has_is_refused(house: House, ana: Browser) -> None:
    [number] = await shelve(house, a_note(visibility=Visibility.UNLISTED))
    seen = await ana.get(f"/my/reading/{number}")
    assert 'value="public"' not in seen.html
    refused = await ana.post(f"/my/reading/{number}", {"text": "Hello", "visibility": "public"})
    assert refused.status == 422
    assert "More people could read it" in refused.words


async def test_a_standing_offer_leads_to_buying_it(house: House, ana: Browser) -> None:
    await shelve(house, a_note(), is_offer=True)
    seen = await ana.get("/my/reading")
    assert 'href="/my/buy/order?url=https%3A//fedi.example/notes/1"' in seen.html


async def test_who_passed_it_on_is_said(house: House, ana: Browser) -> None:
    await shelve(house, a_note(), shared_by="https://else.example/users/eve", sharer="Eve")
    assert "passed on by Eve" in (await ana.get("/my/reading")).words
