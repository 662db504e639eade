"""An account's image and header: set by a page, seen by everybody, told to those who follow."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from node.commands import answer, build_commands
from node.store.media import OWN
from node.store.ports import Follower, FollowState
from tests.browsing import Browser
from tests.unit.node.pictures.drawing import EXIF_WORDS, a_picture, corners, with_place
from tests.unit.node.web.private.conftest import House

pytestmark = pytest.mark.anyio

PAGE = "/my/settings/picture"
ACTOR = "/actors/ana"


@pytest.fixture
async def ana(house: House) -> Browser:
    await house.move_in()
    return await house.logged_in()


async def send(browser: Browser, picture: bytes, which: str = "icon", alt: str = "") -> Any:
    """Send a picture as a browser does."""
    await browser.get(PAGE)
    given = [pair for pair in browser.at.form(PAGE).fields if pair[0] not in ("which", "alt")]
    fields = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in [*given, ("which", which), ("alt", alt)]
    )
    head = b'--b\r\nContent-Disposition: form-data; name="picture"; filename="x.svg"\r\n\r\n'
    body = fields + head + picture + b"\r\n--b--\r\n"
    return await browser.post(PAGE, body, content_type="multipart/form-data; boundary=b")


async def document(house: House) -> Any:
    seen = await house.browser().get(ACTOR, accept="application/activity+json")
    return json.loads(seen.body)


async def test_an_image_is_seen_by_everybody_without_where_it_was_taken(house: House, ana: Browser) -> None:
    assert "icon" not in await document(house)
    seen = await send(ana, with_place(turned=6), alt="A wheel")
    assert "Everybody sees it from now on." in seen.words
    icon = (await document(house))["icon"]
    assert (icon["type"], icon["mediaType"], icon["name"]) == ("Image", "image/jpeg", "A wheel")
    picture = await house.browser().get(icon["url"].removeprefix(house.base))
    assert corners(picture.body) == ["blue", "red", "white", "green"]
    assert [word for word in EXIF_WORDS if word in picture.body] == []
    page = await house.browser().get("/@ana", accept="text/html")
    assert f'<img src="{icon["url"].removeprefix(house.base)}" alt="A wheel"' in page.html


async def test_a_header_stands_beside_the_image_and_each_is_taken_away_by_itself(
    house: House, ana: Browser
) -> None:
    await send(ana, a_picture())
    await send(ana, a_picture("PNG", size=(90, 30)), "header")
    assert {"icon", "image"} <= (await document(house)).keys()
    await ana.get(PAGE)
    assert "Beside your name" in ana.at.words
    await ana.submit({}, f"{PAGE}/remove")
    found = await document(house)
    assert ("icon" in found, "image" in found) == (False, True)


async def test_another_image_takes_the_place_of_the_one_before(house: House, ana: Browser) -> None:
    await send(ana, a_picture())
    before = (await document(house))["icon"]["url"].removeprefix(house.base)
    assert "Nothing was changed." in (await send(ana, a_picture())).words
    await send(ana, a_picture("PNG", size=(50, 50)))
    assert (await house.browser().get(before)).status == 404


async def test_those_who_follow_are_told_once(house: House, ana: Browser) -> None:
    actor = f"{house.base}{ACTOR}"
    follower = Follower(
        actor,
        "https://b.example/b",
        "https://b.example/b/inbox",
        None,
        "f",
        FollowState.ACCEPTED,
        house.clock.now,
    )
    await house.node.work(lambda desk: desk.tx.followers.save(follower))
    for _ in range(2):
        await send(ana, a_picture())
    told = await house.node.look(lambda desk: desk.tx.fan_outs.of_account(actor))
    assert len(told) == 1


@pytest.mark.parametrize("body", [b"<svg onload='alert(1)'/>", a_picture("PNG")[:50], b""])
async def test_e21_what_is_no_picture_is_refused_and_nothing_is_kept(
    house: House, ana: Browser, body: bytes
) -> None:
    seen = await send(ana, body)
    assert seen.status == 422
    assert await house.node.look(lambda desk: desk.tx.media.all(f"{house.base}{ACTOR}", OWN)) == []


async def test_what_is_larger_than_any_picture_is_refused_at_the_door(house: House, ana: Browser) -> None:
    assert (await send(ana, b"\xff\xd8\xff" + bytes(9_000_000))).status == 413


async def test_the_command_line_sets_and_removes_it_too(house: House, ana: Browser) -> None:
    async def ask(name: str, **args: Any) -> Any:
        return await answer(build_commands(), house.node, name, args)

    body = base64.b64encode(a_picture()).decode()
    assert (await ask("picture.set", body=body, alt="A wheel"))["result"]["changed"]
    assert not (await ask("picture.set", body=body, alt="A wheel"))["result"]["changed"]
    assert (await document(house))["icon"]["name"] == "A wheel"
    assert (await ask("picture.remove"))["result"]["changed"]
    assert not (await ask("picture.remove"))["result"]["changed"]
    assert "no base64" in (await ask("picture.set", body="!"))["error"]["wrong"]
