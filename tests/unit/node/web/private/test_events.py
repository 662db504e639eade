"""News as it happens: a nudge for each change, nothing missed between page and stream, and an end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import anyio
import pytest

from node.changes import Changes
from node.desk import Desk
from node.web import events
from node.web.events import EventStream, Streams, mark_of
from tests.unit.node.web.private.conftest import House

pytestmark = pytest.mark.anyio


def watch(desk: Desk) -> str | None:
    return desk.tx.meta.get("watched")


class Reader:
    """The browser's end of a stream: what came, and when it has had enough."""

    def __init__(self) -> None:
        self.came = ""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_over = False
        self.leaving = anyio.Event()
        self.news = anyio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.came += message["body"].decode()
            self.is_over = not message["more_body"]
        self.news.set()
        self.news = anyio.Event()

    async def until(self, words: str) -> None:
        with anyio.fail_after(20):
            while words not in self.came:
                await self.news.wait()

    async def end(self) -> None:
        with anyio.fail_after(20):
            while not self.is_over:
                await self.news.wait()


@asynccontextmanager
async def streaming(house: House, streams: Streams, since: str = "") -> AsyncIterator[Reader]:
    reader = Reader()
    stream = EventStream(house.node, watch, streams, "session", since=since, is_open=lambda desk: True)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stream, {"type": "http"}, reader.receive, reader.send)
            yield reader
            reader.leaving.set()


async def change(house: House, value: str) -> None:
    await house.node.work(lambda desk: desk.tx.meta.set("watched", value))


async def test_change_is_told_and_what_changes_nothing_is_not(house: House) -> None:
    async with streaming(house, Streams()) as reader:
        await reader.until("event: hello")
        await house.node.work(lambda desk: desk.tx.meta.set("another", "1"))
        await change(house, "first")
        await reader.until(f"event: changed\nid: {mark_of('first')}")
        await change(house, "second")
        await reader.until(f"id: {mark_of('second')}")
    assert reader.came.count("event: changed") == 2
    assert reader.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in reader.headers


async def test_what_happened_between_the_page_and_its_stream_is_told_at_once(house: House) -> None:
    before = mark_of(await house.node.look(watch))
    await change(house, "meanwhile")
    async with streaming(house, Streams(), since=before) as reader:
        await reader.until("event: changed")
    async with streaming(house, Streams(), since=mark_of("meanwhile")) as reader:
        await reader.until("event: hello")


async def test_stream_ends_by_itself_so_that_no_connection_is_held_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LASTS_S", 0.2)
    monkeypatch.setattr(events, "_BEAT_S", 0.05)
    async with streaming(house, Streams()) as reader:
        await reader.end()
    assert ":\n\n" in reader.came


async def test_stream_ends_when_the_node_closes(house: House) -> None:
    async with streaming(house, Streams()) as reader:
        await reader.until("event: hello")
        house.node.changes.close()
        await reader.end()


async def test_one_browser_holds_so_many_streams_and_no_more(house: House) -> None:
    streams = Streams()
    async with streaming(house, streams) as reader:
        await reader.until("event: hello")
        with ExitStack() as held:
            for _ in range(7):
                assert streams.has_room("session")
                held.enter_context(streams.one("session"))
            assert not streams.has_room("session")
            assert streams.has_room("another")
        assert streams.has_room("session")


async def test_nobody_waits_where_the_node_closes() -> None:
    changes = Changes()
    changes.happened()
    changes.close()
    assert not await changes.next()
