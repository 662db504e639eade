"""Pictures on a whole node: into a post and out again, as they are served, and others' that are asked for."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from federation.messages import HttpMessage
from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.notes import Attachment, Visibility
from node.domain.pictures import IN_POSTS, ReadyPicture
from node.queries.archive import archive_of
from node.services import media
from node.services.media import attach, dress, drop_passing, keep_shown, next_passing, settle, undress
from node.store.media import OWN, KeptPicture, Purpose
from node.workflows.looking import show_picture
from tests.unit.node.pictures.drawing import a_picture, a_png_that_claims, corners

pytestmark = pytest.mark.anyio

NORTH = "https://north.example/actors/north"
POST = "https://north.example/posts/1"
FAR = "https://far.example"


async def developed(home: Any, *, size: tuple[int, int] = (64, 48)) -> ReadyPicture:
    made: ReadyPicture = await home.node.darkroom.develop(a_picture(size=size), IN_POSTS)
    return made


async def attached(home: Any, picture: ReadyPicture, *, is_open: bool = True, alt: str = "") -> Attachment:
    made: Attachment = await home.node.work(
        lambda desk: attach(desk, NORTH, picture, alt=alt, is_open=is_open)
    )
    return made


async def settled(
    home: Any, *attachments: Attachment, post: str = POST, visibility: Visibility = Visibility.PUBLIC
) -> None:
    await home.node.work(lambda desk: settle(desk, NORTH, post, visibility, attachments))


async def served(home: Any, address: str, method: str = "GET", **headers: str) -> HttpMessage:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer: HttpMessage = await home.node.client.send(HttpMessage.request(method, address, given))
    return answer


async def kept(home: Any, *purposes: Purpose) -> list[KeptPicture]:
    found: list[KeptPicture] = await home.node.look(lambda desk: desk.tx.media.all(NORTH, purposes or OWN))
    return found


# --- in posts ------------------------------------------------------------------------------------------


async def test_a_picture_is_served_with_its_post_and_never_before_or_after(world: Any) -> None:
    north = await world.vendor("north")
    picture = await developed(north)
    attachment = await attached(north, picture, alt=" A  red\nsquare ")
    assert attachment.url == f"https://north.example/media/{picture.digest}.jpg"
    assert (attachment.alt, attachment.width, attachment.height) == ("A red square", 64, 48)
    assert (await served(north, attachment.url)).status == 404
    await settled(north, attachment)
    answer = await served(north, attachment.url)
    assert (answer.status, answer.body) == (200, picture.body)
    await settled(north)
    assert (await served(north, attachment.url)).status == 404
    assert await kept(north) == []


async def test_p10_a_picture_is_served_so_that_no_browser_takes_it_for_more(world: Any) -> None:
    north = await world.vendor("north")
    attachment = await attached(north, await developed(north))
    await settled(north, attachment)
    for accept in ("text/html", "application/activity+json", "*/*"):
        answer = await served(north, attachment.url, accept=accept)
        assert answer.header("content-type") == "image/jpeg"
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("content-security-policy") == "sandbox; default-src 'none'"
        assert (answer.header("content-disposition") or "").startswith("inline; filename=")
        assert answer.header("cache-control") == "public, max-age=31536000, immutable"
        assert answer.header("cross-origin-resource-policy") == "cross-origin"


async def test_whoever_has_it_already_is_not_sent_it_again(world: Any) -> None:
    north = await world.vendor("north")
    attachment = await attached(north, await developed(north))
    await settled(north, attachment)
    head = await served(north, attachment.url, "HEAD")
    assert (head.status, head.body) == (200, b"")
    again = await served(north, attachment.url, if_none_match=head.header("etag") or "")
    assert (again.status, again.body) == (304, b"")
    assert (await served(north, attachment.url, "POST")).status in (404, 405)


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.DIRECT])
async def test_p05_a_picture_that_is_not_for_everybody_has_a_name_that_cannot_be_guessed(
    world: Any, visibility: Visibility
) -> None:
    north = await world.vendor("north")
    picture = await developed(north)
    one = await attached(north, picture, is_open=False)
    other = await attached(north, picture, is_open=False)
    assert one.url != other.url
    assert picture.digest not in one.url
    assert len(one.url.rpartition("/")[2]) > 40
    await settled(north, one, visibility=visibility)
    answer = await served(north, one.url)
    assert answer.status == 200
    assert answer.header("cache-control") == "private, max-age=31536000, immutable"
    assert (await served(north, f"https://north.example/media/{picture.digest}.jpg")).status == 404


async def test_an_edit_keeps_some_pictures_adds_some_and_lets_others_go(world: Any) -> None:
    north = await world.vendor("north")
    first = await attached(north, await developed(north))
    second = await attached(north, await developed(north, size=(60, 40)))
    await settled(north, first, second)
    third = await attached(north, await developed(north, size=(50, 40)))
    told = Attachment(second.url, second.media_type, "Said better", second.width, second.height)
    await settled(north, told, third, Attachment("https://elsewhere.example/x.png", "image/png"))
    found = await kept(north)
    assert {(one.name, one.alt) for one in found} == {
        (second.url.rpartition("/")[2], "Said better"),
        (third.url.rpartition("/")[2], ""),
    }
    assert (await served(north, first.url)).status == 404
    assert (await served(north, second.url)).status == 200


async def test_the_same_picture_in_two_posts_stays_while_one_of_them_does(world: Any) -> None:
    north = await world.vendor("north")
    picture = await developed(north)
    attachment = await attached(north, picture)
    await settled(north, attachment)
    await settled(north, await attached(north, picture), post=f"{POST}2")
    await settled(north)
    assert (await served(north, attachment.url)).status == 200
    await settled(north, post=f"{POST}2")
    assert (await served(north, attachment.url)).status == 404


async def test_another_account_s_picture_cannot_be_put_into_a_post(world: Any) -> None:
    north = await world.vendor("north")
    picture = await developed(north)
    other = "https://north.example/actors/other"
    attachment = await north.node.work(lambda desk: attach(desk, other, picture))
    await settled(north, attachment)
    assert await kept(north) == []
    assert (await served(north, attachment.url)).status == 404


async def test_a_post_shows_four_pictures_and_no_more(world: Any) -> None:
    north = await world.vendor("north")
    many = [await attached(north, await developed(north, size=(40 + n, 40))) for n in range(5)]
    with pytest.raises(InvalidInput, match="more than 4"):
        await settled(north, *many)
    await settled(north, *many[:4])
    assert len(await kept(north, Purpose.POST)) == 4


async def test_too_many_words_about_a_picture_are_refused(world: Any) -> None:
    north = await world.vendor("north")
    picture = await developed(north)
    with pytest.raises(InvalidInput, match="longer than 1500"):
        await attached(north, picture, alt="x" * 1501)
    await attached(north, picture, alt="x" * 1500)


async def test_an_account_keeps_so_much_and_no_more(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    north = await world.vendor("north")
    picture = await developed(north)
    monkeypatch.setattr(media, "KEPT_BYTES", 2 * len(picture.body))
    await settled(north, await attached(north, picture))
    await settled(north, await attached(north, picture), post=f"{POST}2")
    with pytest.raises(InvalidInput, match="your pictures would be more than"):
        await attached(north, picture)
    with pytest.raises(InvalidInput, match="your pictures would be more than"):
        await north.node.work(lambda desk: dress(desk, NORTH, picture, Purpose.ICON))


# --- what passes ---------------------------------------------------------------------------------------


async def test_what_is_in_no_post_after_a_day_is_let_go(world: Any) -> None:
    north = await world.vendor("north")
    attachment = await attached(north, await developed(north))
    await settled(north, attachment)
    await attached(north, await developed(north, size=(50, 40)))
    due = await north.node.look(next_passing)
    assert due is not None
    world.clock.forward(hours=23)
    assert await north.node.work(drop_passing) == 0
    world.clock.forward(hours=1, seconds=1)
    assert due <= north.node.now()
    await north.opened.run_until_idle()
    assert await kept(north, Purpose.WAITING) == []
    assert len(await kept(north, Purpose.POST)) == 1
    assert await north.node.look(next_passing) is None


async def test_only_the_newest_wait_and_only_those_asked_for_last_are_shown(world: Any) -> None:
    north = await world.vendor("north")
    picture = await developed(north)

    def flood(desk: Desk) -> None:
        for n in range(60):
            attach(desk, NORTH, picture, is_open=False)
            keep_shown(desk, NORTH, f"{FAR}/{n}.png", picture)

    await north.node.work(flood)
    assert len(await kept(north, Purpose.WAITING)) == media.WAITING_AT_ONCE
    shown = await kept(north, Purpose.SHOWN)
    assert [one.place for one in shown] == [f"{FAR}/{n}.png" for n in range(20, 60)]


# --- an account's own image ----------------------------------------------------------------------------


async def test_an_account_wears_one_image_and_one_header(world: Any) -> None:
    north = await world.vendor("north")
    first, second = await developed(north), await developed(north, size=(50, 50))

    def wear(desk: Desk) -> None:
        dress(desk, NORTH, first, Purpose.ICON, alt="Our sign")
        dress(desk, NORTH, first, Purpose.HEADER)
        dress(desk, NORTH, second, Purpose.ICON)

    await north.node.work(wear)
    assert [one.digest for one in await kept(north, Purpose.ICON)] == [second.digest]
    assert (await served(north, f"https://north.example/media/{first.digest}.jpg")).status == 200
    assert await north.node.work(lambda desk: undress(desk, NORTH, Purpose.HEADER))
    assert not await north.node.work(lambda desk: undress(desk, NORTH, Purpose.HEADER))
    assert (await served(north, f"https://north.example/media/{first.digest}.jpg")).status == 404


# --- somebody else's -----------------------------------------------------------------------------------


class Gallery:
    """Another server that serves what it is told to, and counts."""

    def __init__(self, **pictures: tuple[int, dict[str, str], bytes]) -> None:
        self.pictures = pictures
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"].removeprefix("/")
        self.asked.append(name)
        self.headers.append({key.decode(): value.decode() for key, value in scope["headers"]})
        status, headers, body = self.pictures.get(name, (404, {}, b""))
        lines = [(key.encode(), value.encode()) for key, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": body})


async def test_p08_somebody_else_s_picture_comes_when_it_is_asked_for_and_only_to_whoever_asked(
    world: Any,
) -> None:
    north = await world.vendor("north")
    gallery = world.network.apps["far.example"] = Gallery(
        cat=(200, {"content-type": "text/html"}, a_picture())
    )
    shown = await show_picture(north.node, NORTH, f"{FAR}/cat")
    assert gallery.asked == ["cat"]
    assert not {"signature", "cookie", "referer", "authorization"} & gallery.headers[0].keys()
    found = await north.node.look(lambda desk: desk.tx.media.find(NORTH, shown.name))
    assert found is not None
    assert corners(found[1])[0] == "red"
    assert (await served(north, f"https://north.example/media/{shown.name}")).status == 404
    assert await north.node.look(lambda desk: desk.tx.media.find(f"{NORTH}2", shown.name)) is None


async def test_a_picture_that_is_shown_is_not_fetched_again_until_a_day_has_passed(world: Any) -> None:
    north = await world.vendor("north")
    gallery = world.network.apps["far.example"] = Gallery(cat=(200, {}, a_picture()))
    first = await show_picture(north.node, NORTH, f"{FAR}/cat")
    assert await show_picture(north.node, NORTH, f"{FAR}/cat") == first
    assert gallery.asked == ["cat"]
    world.clock.forward(hours=25)
    await north.opened.run_until_idle()
    assert await kept(north, Purpose.SHOWN) == []
    await show_picture(north.node, NORTH, f"{FAR}/cat")
    assert gallery.asked == ["cat", "cat"]


async def test_a_picture_is_followed_over_a_few_redirects_each_of_them_vetted(world: Any) -> None:
    north = await world.vendor("north")
    to = {n: (302, {"location": f"/{m}"}, b"") for n, m in (("a", "b"), ("b", "c"), ("c", "d"), ("d", "cat"))}
    away = {"in": (302, {"location": "http://127.0.0.1/secret"}, b""), "none": (302, {}, b"")}
    gallery = Gallery(cat=(200, {}, a_picture()), **to, **away)
    world.network.apps["far.example"] = gallery
    await show_picture(north.node, NORTH, f"{FAR}/b")
    for name, words in (("a", "does not give it"), ("in", "could not be had"), ("none", "does not give it")):
        with pytest.raises(InvalidInput, match=words):
            await show_picture(north.node, NORTH, f"{FAR}/{name}")
    assert "secret" not in gallery.asked


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no picture that is taken"),
        (a_png_that_claims(50_000, 50_000), "too many pixels"),
        (b"\xff\xd8\xff" + bytes(9_000_000), "could not be had"),
    ],
    ids=["script", "bomb", "endless"],
)
async def test_e21_what_a_stranger_s_server_serves_as_a_picture_is_judged_like_our_own(
    world: Any, body: bytes, words: str
) -> None:
    north = await world.vendor("north")
    world.network.apps["far.example"] = Gallery(cat=(200, {"content-type": "image/png"}, body))
    with pytest.raises(InvalidInput, match=words):
        await show_picture(north.node, NORTH, f"{FAR}/cat")
    assert await kept(north, Purpose.SHOWN) == []


async def test_nothing_is_fetched_from_a_server_that_is_blocked(world: Any) -> None:
    north = await world.vendor("north")
    gallery = world.network.apps["far.example"] = Gallery(cat=(200, {}, a_picture()))
    await north.ask("block.add", domain="far.example")
    with pytest.raises(InvalidInput, match="blocked here"):
        await show_picture(north.node, NORTH, f"{FAR}/cat")
    assert gallery.asked == []


@pytest.mark.parametrize(
    "address", ["http://far.example/cat", "https://10.0.0.1/cat", "javascript:alert(1)", ""]
)
async def test_an_address_that_is_never_opened_is_not_opened_for_a_picture(world: Any, address: str) -> None:
    north = await world.vendor("north")
    before = len(world.network.sent)
    with pytest.raises(InvalidInput, match="could not be had"):
        await show_picture(north.node, NORTH, address)
    assert len(world.network.sent) == before


async def test_an_export_holds_the_account_s_own_pictures_whole(world: Any) -> None:
    north = await world.vendor("north")
    picture = await developed(north)
    await settled(north, await attached(north, picture, alt="A cow"))
    await north.node.work(lambda desk: keep_shown(desk, NORTH, f"{FAR}/cat", picture))
    account = await north.node.look(lambda desk: desk.tx.accounts.by_name("north"))
    files: dict[str, bytes] = {}
    async for name, piece in archive_of(north.node, account):
        files[name] = files.get(name, b"") + piece
    [line] = [json.loads(one) for one in files["pictures.ndjson"].splitlines()]
    assert (line["alt"], line["place"], line["sha256"]) == ("A cow", POST, picture.digest)
    assert base64.b64decode(line["body_base64"]) == picture.body
