"""Group U on the streams of news: whoever is logged out is told nothing on, and nobody is kept waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from node.web.events import _CALM_S
from tests.browsing import Browser
from tests.security.household import ANA
from tests.unit.node.web.private.conftest import PASSWORD
from tests.unit.node.web.private.dealing import Street

pytestmark = pytest.mark.anyio

NEW = "five loud tricycles"


@dataclass
class Stream:
    """The browser's end of an open stream."""

    status: int = 0
    came: str = ""
    is_over: bool = False
    news: anyio.Event = field(default_factory=anyio.Event)
    leaving: anyio.Event = field(default_factory=anyio.Event)

    async def receive(self) -> dict[str, Any]:
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.came += message.get("body", b"").decode()
            self.is_over = not message.get("more_body", False)
        self.news.set()
        self.news = anyio.Event()

    async def until(self, holds: Callable[[Stream], bool]) -> None:
        with anyio.fail_after(20):
            while not holds(self):
                await self.news.wait()


async def hold(browser: Browser, stream: Stream) -> None:
    """Have a browser open its stream, until it leaves or is sent away."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/my/changes",
        "raw_path": b"/my/changes",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"ana.example"), (b"cookie", cookies.encode())],
        "client": ("192.0.2.7", 50001),
        "server": ("ana.example", 443),
    }
    await browser._app(scope, stream.receive, stream.send)


@asynccontextmanager
async def listening(browser: Browser) -> AsyncIterator[Stream]:
    stream = Stream()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hold, browser, stream)
        await stream.until(lambda it: bool(it.came))
        yield stream
        stream.leaving.set()


async def log_out(street: Street, browser: Browser) -> None:
    await browser.submit({}, "/logout")


async def end_from_another(street: Street, browser: Browser) -> None:
    other = await street.browser("ana")
    await other.get("/my/security")
    await other.submit({}, "/my/security/end-others")


async def change_password(street: Street, browser: Browser) -> None:
    other = await street.browser("ana")
    await other.get("/my/security")
    seen = await other.submit({"current": PASSWORD, "password": NEW}, "/my/security/password")
    assert "Your password is new" in seen.words


async def grow_old(street: Street, browser: Browser) -> None:
    street.clock.forward(days=15)


@pytest.mark.parametrize("end", [log_out, end_from_another, change_password, grow_old])
async def test_u05_stream_ends_with_its_session(
    street: Street, end: Callable[[Street, Browser], Awaitable[None]]
) -> None:
    """A stream that was opened before is no way to go on watching (CVE-2025-62175)."""
    browser = await street.browser("ana")
    async with listening(browser) as stream:
        assert "event: hello" in stream.came
        before = stream.came
        await end(street, browser)
        await street.cast("north", account="ana")
        await stream.until(lambda it: it.is_over)
    assert stream.came == before


async def test_u05_stream_goes_on_while_its_session_does(street: Street) -> None:
    browser = await street.browser("ana")
    await street.browser("ana")
    async with listening(browser) as stream:
        await street.cast("north", account="ana")
        await stream.until(lambda it: "event: changed" in it.came)
        assert not stream.is_over


async def test_u05_stream_tells_nothing_but_that_something_changed(street: Street) -> None:
    """Nor does it tell one account of another's: bea's wish is nothing to Ana's stream."""
    browser = await street.browser("ana")
    async with listening(browser) as stream:
        before = stream.came
        await street.cast("north", account="bea", name="a secret of bea's")
        await anyio.sleep(4 * _CALM_S)
        assert stream.came == before
        await street.cast("north", account="ana", name="a secret of Ana's")
        await stream.until(lambda it: "event: changed" in it.came)
    assert "secret" not in stream.came
    assert all(
        line.partition(":")[0] in ("retry", "event", "id", "data", "") for line in stream.came.split("\n")
    )


@pytest.mark.parametrize("since", ["%0d%0aevent:%20evil", "x" * 3000, "%ff", "%00"])
async def test_u05_what_the_query_says_never_comes_back_in_a_stream(street: Street, since: str) -> None:
    browser = await street.browser("ana")
    seen = await browser.get(f"/my/changes?since={since}")
    assert "evil" not in seen.html
    assert len(seen.body) < 300


async def test_u05_streams_of_one_browser_keep_none_of_anothers_out(street: Street) -> None:
    browser, other = await street.browser("ana"), await street.browser("bea", on="ana")
    async with anyio.create_task_group() as tasks:
        streams = [Stream() for _ in range(12)]
        for stream in streams:
            tasks.start_soon(hold, browser, stream)
        for stream in streams:
            await stream.until(lambda it: it.status != 0)
        assert [stream.status for stream in streams].count(204) == 4
        async with listening(other) as hers:
            assert hers.status == 200
        for stream in streams:
            stream.leaving.set()


async def test_u05_page_of_another_site_is_not_let_listen(street: Street) -> None:
    browser = await street.browser("ana")
    seen = await browser.get("/my/changes", origin="https://evil.example", sec_fetch_site="cross-site")
    assert not [name for name, _ in seen.headers if name.startswith("access-control-")]
    assert seen.header("cross-origin-resource-policy") == "same-origin"
    assert ANA not in seen.html
