"""Groups P and E, for pictures that owners send: what is served of them shows what they show, and no more."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from federation.strictjson import parse_json_object
from node.store.media import OWN
from node.store.ports import Follower, FollowState
from tests.browsing import Browser, Seen
from tests.security.household import ANA, stranger
from tests.unit.node.pictures.drawing import EXIF_WORDS, a_picture, a_png_that_claims, corners, with_place
from tests.unit.node.web.private.dealing import Street

pytestmark = pytest.mark.anyio

PAGE = "/my/posts/new"
SCRIPT = b"<script>alert(document.domain)</script>"


async def send(browser: Browser, picture: bytes, *, readers: str = "public", name: str = "cow.jpg") -> Seen:
    """Post a picture with its words, as a browser does; `name` is what the sender calls the file."""
    await browser.get(PAGE)
    ours = ("text", "readers", "warning", "language")
    given = [pair for pair in browser.at.form(PAGE).fields if pair[0] not in ours and "alt" not in pair[0]]
    fields = [*given, ("text", "Look"), ("readers", readers), ("language", "en"), ("alt_1", "A cow")]
    body = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields
    )
    head = f'--b\r\nContent-Disposition: form-data; name="picture_1"; filename="{name}"\r\n'
    body += head.encode() + b"Content-Type: text/html\r\n\r\n" + picture + b"\r\n--b--\r\n"
    return await browser.post(PAGE, body, content_type="multipart/form-data; boundary=b")


async def kept(street: Street) -> list[Any]:
    actor = f"{ANA}/actors/ana"
    return await street.homes["ana"].opened.node.look(lambda desk: desk.tx.media.all(actor, OWN))


async def picture_of(street: Street) -> Seen:
    """The one picture of the one post, as a stranger's browser is served it."""
    actor = f"{ANA}/actors/ana"
    node = street.homes["ana"].opened.node
    [post] = await node.look(lambda desk: desk.tx.posts.all(actor, "note"))
    [attachment] = parse_json_object(post.body)["attachment"]
    assert attachment["name"] == "A cow"
    return await stranger(street).get(attachment["url"].removeprefix(ANA), accept="text/html")


async def test_p12_where_a_picture_was_taken_does_not_go_along(street: Street) -> None:
    seen = await send(await street.browser(), with_place(turned=3))
    assert seen.status == 200, seen.words
    served = await picture_of(street)
    assert corners(served.body) == ["white", "blue", "green", "red"]
    assert [word for word in EXIF_WORDS if word.lower() in served.body.lower()] == []


@pytest.mark.parametrize(
    "picture",
    [a_picture() + SCRIPT, a_picture(comment=SCRIPT), a_picture("GIF", comment=SCRIPT)],
    ids=["behind it", "in its comment", "in its comment, as GIF"],
)
async def test_p10_a_picture_that_is_a_page_as_well_is_served_as_a_picture_alone(
    street: Street, picture: bytes
) -> None:
    assert SCRIPT in picture
    await send(await street.browser(), picture, name="cow.html")
    served = await picture_of(street)
    assert SCRIPT not in served.body
    assert corners(served.body) == ["red", "green", "blue", "white"]
    assert served.header("content-type") in ("image/jpeg", "image/png")
    assert served.header("x-content-type-options") == "nosniff"
    assert served.header("content-security-policy") == "sandbox; default-src 'none'"
    assert "html" not in served.header("content-disposition")


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html>" + SCRIPT,
        b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>",
        b"\xff\xd8\xff\xe0" + SCRIPT,
        a_png_that_claims(50_000, 50_000),
        a_png_that_claims(5_000, 5_000),
        a_picture("PNG", size=(300, 200))[:200],
    ],
    ids=["page", "drawing", "page in disguise", "bomb", "empty rows", "cut short"],
)
async def test_e21_p10_what_is_no_sound_picture_is_refused_and_nothing_of_it_is_kept(
    street: Street, body: bytes
) -> None:
    seen = await send(await street.browser(), body, name="cow.png")
    assert seen.status == 422
    assert await kept(street) == []
    assert (await stranger(street).get("/@ana")).status == 200


async def test_p05_a_picture_for_followers_is_found_by_nobody_who_has_seen_it_elsewhere(
    street: Street,
) -> None:
    """Whoever has the same picture can encode it as we do; the name must not follow from that."""
    browser, node = await street.browser(), street.homes["ana"].opened.node
    bob = Follower(
        f"{ANA}/actors/ana",
        "https://b.example/b",
        "https://b.example/i",
        None,
        "f",
        FollowState.ACCEPTED,
        node.now(),
    )
    await node.work(lambda desk: desk.tx.followers.save(bob))
    await send(browser, a_picture(), readers="followers")
    served = await picture_of(street)
    assert served.status == 200
    digest = hashlib.sha256(served.body).hexdigest()
    assert digest not in served.url
    assert (await stranger(street).get(f"/media/{digest}.jpg")).status == 404
    assert served.header("cache-control").startswith("private")


async def test_a_picture_goes_with_its_post(street: Street) -> None:
    browser = await street.browser()
    await send(browser, a_picture())
    path = (await picture_of(street)).url.removeprefix(ANA)
    [post] = await street.homes["ana"].opened.node.look(
        lambda desk: desk.tx.posts.all(f"{ANA}/actors/ana", "note")
    )
    await street.homes["ana"].ask("post.delete", account="ana", post=post.id)
    assert (await stranger(street).get(path)).status == 404
    assert await kept(street) == []
