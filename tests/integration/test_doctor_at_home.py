"""A node looks at itself through its public address, past meddling proxies; and its owner's page of that."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from argon2.profiles import RFC_9106_LOW_MEMORY
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from federation.vocab import ACTIVITY_JSON
from node.app import create_app
from node.commands import build_commands
from node.config import Config
from node.container import OpenNode, open_node
from node.context import Node
from node.domain.errors import InvalidInput
from node.examination import Bounds, Check, Finding, State, examine
from node.examination.arrivals import MARK_HEADER
from node.examination.examinations import Examinations, TooSoon
from node.runtime.founding import found_node
from node.signing import create_node_key
from node.store.sqlite import open_sqlite
from node.workflows.examining import examine_alone, examine_by, examiner_of, read_reference
from tests.browsing import Browser
from tests.integration.faulty import a_listener, listening

pytestmark = pytest.mark.anyio

COMMANDS = build_commands()
PASSWORD = "four quiet bicycles"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
Wrap = Callable[[Any], Any]


@dataclass
class Home:
    opened: OpenNode
    app: Any

    @property
    def node(self) -> Node:
        return self.opened.node

    async def looked_at(self, who: str = "") -> list[Finding]:
        reference = await read_reference(self.node, who or self.node.config.base_url, "ana")
        return [finding async for finding in examine_by(self.node, reference)]

    async def browser(self) -> Browser:
        browser = Browser(self.app, self.node.config.base_url, says={"sec-fetch-site": "same-origin"})
        await browser.get("/login")
        seen = await browser.submit({"name": "ana", "password": PASSWORD})
        assert seen.status == 200, seen.words
        return browser


@asynccontextmanager
async def at_home(directory: Path, wrap: Wrap = lambda app: app) -> AsyncIterator[Home]:
    """A node of one account, served over HTTP behind whatever `wrap` puts before it."""
    with a_listener() as listener:
        port = int(listener.getsockname()[1])
        host = f"ana.localhost:{port}"
        config = Config(
            data_dir=directory / "ana",
            base_url=f"http://{host}",
            bind_port=port,
            allowed=frozenset({host}),
            names={"ana.localhost": "127.0.0.1"},
        )
        account = {"name": "ana", "password": PASSWORD}
        await found_node(config, COMMANDS, account, progress=lambda text: None)
        async with open_node(config) as opened:
            app = create_app(opened.node, opened.inbox)
            async with listening(wrap(app), listener):
                yield Home(opened, app)


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = replace(RFC_9106_LOW_MEMORY, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("node.web.passwords.RFC_9106_LOW_MEMORY", cheap)


def troubles(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(found.check.value, found.state.value) for found in findings if found.state is not State.OK]


async def test_node_finds_nothing_to_mend_at_itself_by_any_of_its_names(tmp_path: Path) -> None:
    async with at_home(tmp_path) as home:
        base = home.node.config.base_url
        for who in ("", f"@ana@{home.node.config.host}", f"{base}/@ana", f"{base}/actors/ana"):
            findings = await home.looked_at(who)
            assert troubles(findings) == [], who
            own = {Check.OURS, Check.AS_SENT, Check.LARGE_BODY, Check.PROXY_HEADERS, Check.CONNECTIONS}
            assert own <= {found.check for found in findings}
        with pytest.raises(InvalidInput, match="whole node"):
            await read_reference(home.node, base, None)


async def test_look_at_oneself_leaves_nothing_behind(tmp_path: Path) -> None:
    def kept(home: Home) -> list[int]:
        with closing(sqlite3.connect(home.node.config.database_path)) as store:
            rows = (store.execute(f"SELECT count(*) FROM {name}") for name in ("inbox", "seen", "delivery"))
            return [int(row.fetchone()[0]) for row in rows]

    async with at_home(tmp_path) as home:
        before = kept(home)
        await home.looked_at()
        assert kept(home) == before


# --- proxies ----------------------------------------------------------------------------------------------


def _header(scope: Any, name: str) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name.encode()), None)


def _with(scope: Any, name: str, value: bytes | None) -> Any:
    """The request with a header changed, or taken out."""
    kept = [pair for pair in scope["headers"] if pair[0] != name.encode()]
    return {**scope, "headers": kept + ([(name.encode(), value)] if value is not None else [])}


def _changes(name: str, value: bytes | None, *, only: str = MARK_HEADER) -> Wrap:
    """A proxy that writes one header anew, in requests that have the header `only`."""

    def wrap(app: Any) -> Any:
        async def proxy(scope: Any, receive: Any, send: Any) -> None:
            await app(_with(scope, name, value) if _header(scope, only) else scope, receive, send)

        return proxy

    return wrap


def _lengthens(app: Any) -> Any:
    """A proxy that writes the body anew."""

    async def proxy(scope: Any, receive: Any, send: Any) -> None:
        if not _header(scope, MARK_HEADER):
            await app(scope, receive, send)
            return
        length = int(_header(scope, "content-length") or b"0")

        async def longer() -> Any:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                message = {**message, "body": message["body"] + b" "}
            return message

        await app(_with(scope, "content-length", str(length + 1).encode()), longer, send)

    return proxy


def _answers(when: Callable[[Any], bool], answer: Any) -> Wrap:
    """A proxy that answers some requests by itself."""

    def wrap(app: Any) -> Any:
        async def proxy(scope: Any, receive: Any, send: Any) -> None:
            await (answer if when(scope) else app)(scope, receive, send)

        return proxy

    return wrap


def _is_long(scope: Any) -> bool:
    return int(_header(scope, "content-length") or b"0") > 100_000


PROXIES: dict[str, tuple[Wrap, list[tuple[str, str]], str, str]] = {
    "changes the body": (_lengthens, [("arrives as sent", "failed")], "changed: body", "byte for byte"),
    "dates anew": (
        _changes("date", b"Sun, 22 Nov 2026 10:00:00 GMT"),
        [("arrives as sent", "failed")],
        "changed: date",
        "byte for byte",
    ),
    "takes the signature out": (
        _changes("signature", None),
        [("arrives as sent", "failed")],
        "changed: signature",
        "byte for byte",
    ),
    "takes the digest out": (
        _changes("digest", None),
        [("arrives as sent", "failed")],
        "changed: digest",
        "byte for byte",
    ),
    "keeps what is signed": (
        _answers(lambda scope: _header(scope, MARK_HEADER) is not None, PlainTextResponse("no", 403)),
        [("arrives as sent", "failed")],
        "never came",
        "byte for byte",
    ),
    "takes short messages only": (
        _answers(_is_long, PlainTextResponse("long", 413)),
        [("large body", "failed")],
        "answered 413",
        "client_max_body_size",
    ),
    "believes strangers": (
        _answers(
            lambda scope: scope["method"] == "GET" and _header(scope, "x-forwarded-proto") == b"gopher",
            RedirectResponse("https://elsewhere.invalid/"),
        ),
        [("proxy headers", "failed")],
        "another: 307",
        "X-Forwarded",
    ),
    "leads to another node": (
        _answers(
            lambda scope: scope["path"] == "/actor",
            JSONResponse({"publicKey": {"id": "https://elsewhere.example/#k"}}, media_type=ACTIVITY_JSON),
        ),
        [("ourselves", "failed")],
        "not ours",
        "lead to this node",
    ),
    "names another host": (
        _changes("host", b"127.0.0.1:8000", only="host"),
        [("WebFinger", "failed"), ("unknown name", "warning"), ("no resource", "warning")],
        "421",
        "Host header",
    ),
}


@pytest.mark.parametrize("name", PROXIES)
async def test_proxy_that_meddles_is_found(name: str, tmp_path: Path) -> None:
    wrap, found, seen, fix = PROXIES[name]
    async with at_home(tmp_path, wrap) as home:
        findings = await home.looked_at()
    assert troubles(findings)[:1] == found[:1]
    assert set(troubles(findings)) <= set(found)
    first = next(one for one in findings if one.state is not State.OK)
    assert seen in str(first.seen)
    assert fix in str(first.fix)


def _never_answers(when: Callable[[Any], bool]) -> Wrap:
    """A proxy that keeps some requests for itself until whoever asks has gone."""

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return _answers(when, silent)


SILENT: dict[str, Callable[[Any], bool]] = {
    "ourselves": lambda scope: scope["path"] == "/actor",
    "arrives as sent": lambda scope: _header(scope, MARK_HEADER) is not None,
    "large body": _is_long,
    "proxy headers": lambda scope: scope["method"] == "GET" and _header(scope, "forwarded") is not None,
}


@pytest.mark.parametrize("what", SILENT)
async def test_proxy_that_keeps_a_message_for_itself_is_found(what: str, tmp_path: Path) -> None:
    async with at_home(tmp_path, _never_answers(SILENT[what])) as home:
        examiner = await examiner_of(home.node, Bounds(one_s=2.0))
        reference = await read_reference(home.node, home.node.config.base_url, "ana")
        findings = [finding async for finding in examine(examiner, reference)]
    assert troubles(findings) == [(what, "failed")]


async def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    async with at_home(tmp_path) as home:
        examiner = replace(await examiner_of(home.node), key=None)
        reference = await read_reference(home.node, home.node.config.base_url, "ana")
        findings = [finding async for finding in examine(examiner, reference)]
    assert troubles(findings) == [("arrives as sent", "warning")]
    assert Check.SIGNED_FETCH not in {finding.check for finding in findings}


async def test_node_that_has_no_keys_yet_has_nothing_of_its_own_to_look_at(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, base_url="https://ana.example")
    create_node_key(config.node_key_path)
    database = await open_sqlite(config.database_path, clock=lambda: NOW, create=True)
    await database.aclose()
    async with open_node(config) as opened:
        examiner = await examiner_of(opened.node)
    assert (examiner.key, examiner.ours) == (None, None)


async def test_somebody_without_a_node_is_told_of_each_look(tmp_path: Path) -> None:
    said: list[str] = []
    report = await examine_alone("https://127.0.0.1/@shop", now=lambda: NOW, say=said.append)
    assert (report["healthy"], said) == (False, ["address: failed"])
    assert report["examined"] == "https://127.0.0.1/@shop"


async def test_proxy_that_closes_each_connection_is_found(tmp_path: Path) -> None:
    def wrap(app: Any) -> Any:
        async def proxy(scope: Any, receive: Any, send: Any) -> None:
            async def not_kept(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
                await send(message)

            await app(scope, receive, not_kept)

        return proxy

    async with at_home(tmp_path, wrap) as home:
        assert troubles(await home.looked_at()) == [("connections", "warning")]


async def test_each_look_has_a_mark_of_its_own_that_no_stranger_has_seen(tmp_path: Path) -> None:
    async with at_home(tmp_path) as home:
        marks = {(await examiner_of(home.node)).ours.mark for _ in range(3)}  # type: ignore[union-attr]
    assert len(marks) == 3
    assert {len(mark) for mark in marks} == {32}


# --- the page ---------------------------------------------------------------------------------------------


async def until_over(home: Home, account: str) -> None:
    with anyio.fail_after(30):
        while True:
            look = home.node.examinations.of(account)
            if look is not None and look.is_over:
                return
            await home.node.changes.next()


async def test_page_shows_what_is_found_as_it_is_found(tmp_path: Path) -> None:
    async with at_home(tmp_path) as home:
        browser = await home.browser()
        page = await browser.get("/my/doctor")
        handle = f"@ana@{home.node.config.host}"
        assert handle in page.html
        seen = await browser.submit({})
        assert (seen.status, seen.url.endswith("/my/doctor")) == (200, True)
        account = f"{home.node.config.base_url}/actors/ana"
        await until_over(home, account)
        done = await browser.get("/my/doctor")
        assert "All is well" in done.words
        assert "A signed message comes as it was sent." in done.words


async def test_page_is_nudged_as_something_is_found(tmp_path: Path) -> None:
    async with at_home(tmp_path) as home:
        browser = await home.browser()
        before = (await browser.get("/my/doctor")).html.partition("since=")[2].partition('"')[0]
        await browser.submit({})
        await until_over(home, f"{home.node.config.base_url}/actors/ana")
        stream = await browser.get(f"/my/doctor/changes?since={before}")
    assert "event: changed" in stream.html


async def test_page_names_what_mends_it_first(tmp_path: Path) -> None:
    async with at_home(tmp_path, _lengthens) as home:
        browser = await home.browser()
        await browser.get("/my/doctor")
        await browser.submit({})
        await until_over(home, f"{home.node.config.base_url}/actors/ana")
        words = (await browser.get("/my/doctor")).words
    assert "1 thing keeps others away" in words
    assert (
        words.index("On the way was changed: body.") < words.index("Public key")
        if "Public key" in words
        else True
    )
    assert "What mends it: Let the proxy hand on Host" in words


async def test_page_refuses_what_is_no_handle_and_looks_too_often(tmp_path: Path) -> None:
    async with at_home(tmp_path) as home:
        browser = await home.browser()
        await browser.get("/my/doctor")
        refused = await browser.submit({"who": "nobody at all"})
        assert refused.status == 422
        assert "neither a handle nor an address" in refused.words
        statuses = []
        for _ in range(8):
            await browser.get("/my/doctor")
            statuses.append((await browser.submit({"who": "https://127.0.0.1/"})).status)
            await until_over(home, f"{home.node.config.base_url}/actors/ana")
        assert statuses[0] == 200
        assert statuses[-1] == 429


async def test_page_is_for_owners_alone(tmp_path: Path) -> None:
    async with at_home(tmp_path) as home:
        stranger = Browser(home.app, home.node.config.base_url, says={"sec-fetch-site": "same-origin"})
        seen = await stranger.get("/my/doctor")
        assert "/login" in seen.url


# --- those that run ---------------------------------------------------------------------------------------


async def findings_of(*given: Finding, then: BaseException | None = None) -> AsyncIterator[Finding]:
    for finding in given:
        yield finding
    if then is not None:
        raise then


FINE = Finding(Check.ADDRESS, State.OK, "public")


async def test_one_look_runs_at_a_time_and_the_last_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, over = Examinations(), asyncio.Event()
    gate = asyncio.Event()

    async def waits() -> AsyncIterator[Finding]:
        yield FINE
        await gate.wait()

    def happened() -> None:
        look = looks.of("ana")
        if look is not None and look.is_over:
            over.set()

    looks.begin("ana", "@a@b", waits(), now=NOW, happened=happened)
    with pytest.raises(TooSoon):
        looks.begin("ana", "@c@d", findings_of(), now=NOW, happened=lambda: None)
    for name in ("b", "c", "d"):
        looks.begin(name, "@a@b", waits(), now=NOW, happened=lambda: None)
    with pytest.raises(TooSoon):
        looks.begin("e", "@a@b", waits(), now=NOW, happened=lambda: None)
    gate.set()
    with anyio.fail_after(5):
        await over.wait()
    kept = looks.of("ana")
    assert kept is not None
    assert (kept.findings, kept.is_over, kept.is_cut_off) == ([FINE], True, False)
    monkeypatch.setattr("node.examination.examinations._REMEMBERED", 1)
    await looks.aclose()
    looks.begin("f", "@a@b", findings_of(), now=NOW + timedelta(hours=1), happened=lambda: None)
    assert looks.of("ana") is None
    await looks.aclose()


async def test_fault_of_ours_ends_one_look_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    looks, over = Examinations(), asyncio.Event()

    def happened() -> None:
        look = looks.of("ana")
        if look is not None and look.is_over:
            over.set()

    broken = findings_of(FINE, then=ZeroDivisionError())
    looks.begin("ana", "@a@b", broken, now=NOW, happened=happened)
    with anyio.fail_after(5):
        await over.wait()
    kept = looks.of("ana")
    assert kept is not None
    assert kept.is_cut_off
    assert "an examination failed" in caplog.text
