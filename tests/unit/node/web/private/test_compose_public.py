"""A draft that is said to everybody, too: shown as it will be read, posted once understood, and kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from federation.keys import SigningKey
from node.store.ports import Post
from tests.integration.conftest import World
from tests.unit.node.web.private.street import Street

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


async def posts(street: Street) -> list[Post]:
    account = f"{street.base}/actors/ana"
    return await street.ana.node.look(lambda desk: desk.tx.posts.own(account))


async def test_a_draft_is_posted_as_it_was_shown_and_stays_a_draft(world: World) -> None:
    street = await Street.of(world, "north")
    seen = await street.compose("north")
    public = seen.read.links["Also say it to everybody, as a post"]
    seen = await street.browser.get(public)
    for words in ("Looking for: Child bicycle, Glasgow.", "Your budget is not in it.", "@ana@ana.example"):
        assert words in seen.words, words
    assert "300" not in seen.words
    refused = await street.browser.submit({}, public)
    assert (refused.status, await posts(street)) == (422, [])
    seen = await street.browser.submit({"understood": "on"}, public)
    assert "It is said to everybody" in seen.words
    (post,) = await posts(street)
    assert (post.kind, b"300" in post.body) == ("request", False)
    assert (await street.browser.get(public)).status == 200, "the draft is still there"


async def test_what_changed_meanwhile_is_shown_first(world: World) -> None:
    street = await Street.of(world, "north")
    public = (await street.compose("north")).read.links["Also say it to everybody, as a post"]
    await street.browser.get(public)
    page = street.browser.at
    await street.browser.get(public.replace("/public", "/what"))
    world.clock.forward(minutes=1)
    await street.browser.submit({"name": "Something else"})
    street.browser.at = page
    seen = await street.browser.submit({"understood": "on"}, public)
    assert seen.status == 422
    assert "changed in another window" in seen.words
    assert await posts(street) == []


async def test_a_draft_that_says_nothing_yet_cannot_be_posted(world: World) -> None:
    street = await Street.of(world)
    await street.browser.get("/my/intents/new")
    seen = await street.browser.submit({"template": "product"})
    public = seen.url.removeprefix(street.base).rpartition("/")[0] + "/public"
    assert "Say first what it is." in (await street.browser.get(public)).words
