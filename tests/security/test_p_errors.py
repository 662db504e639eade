"""P14: what an error answer may say: never a path, SQL, a trace, a module, a version."""

from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from federation.errors import FetchFailed
from federation.messages import HttpMessage
from node.store.ports import StoreRefused
from tests.security.forging import a_follow, forge_cavage
from tests.security.peers import ACTIVITY, a_note
from tests.security.served import Premises, Served
from tests.security.world import World


def by_cavage(world: World, request: HttpMessage) -> HttpMessage:
    return forge_cavage(request, world.m.rsa, world.clock.now)


def follow(world: World) -> HttpMessage:
    return world.v.request(a_follow(world.m, world.v.actor("shop")), "shop")


LEAKS = re.compile(
    r"Traceback|File \"|, line \d+|sqlite|SELECT|INSERT|UPDATE |no such table|constraint|/var/|/home/|"
    r"/tmp/|/usr/|site-packages|\.py\b|\bnode\.[a-z]|federation\.[a-z]|starlette|uvicorn|httptools|aiohttp|"
    r"\d+\.\d+\.\d+|[A-Z][a-z]+(Error|Exception)\b|0x[0-9a-f]{6,}|object at|<class|NoneType",
    re.IGNORECASE,
)


def assert_says_nothing(answered: HttpMessage, *besides: str) -> None:
    """Neither body nor headers tell of paths, SQL, traces, modules or versions."""
    told = answered.body.decode("utf-8", "replace") + "\n".join(f"{k}: {v}" for k, v in answered.headers)
    found = LEAKS.search(told)
    assert found is None, f"{answered.status} tells {found[0]!r}: {told[:500]}"
    assert not any(word in told for word in besides), told
    names = {name for name, _ in answered.headers}
    assert not names & {"server", "x-powered-by", "via"}


def malformed(world: World) -> Iterator[HttpMessage]:
    """Everything that can be wrong with a request short of its bytes on the wire."""
    v = world.v
    signed = by_cavage(world, follow(world))
    yield signed.with_headers(("content-type", "text/plain"))
    yield signed.with_headers(("content-encoding", "gzip"))
    yield signed.with_headers(("host", "other.example"))
    yield signed.with_headers(("host", "v.example/admin?"))
    yield signed.with_headers(("x-much", "x" * 20_000))
    yield signed.with_headers(("signature", "nonsense"))
    yield signed.with_headers(("signature-input", 'sig1=("@method");created=1;keyid="x'))
    yield HttpMessage.request("POST", v.inbox("ana"), {"content-type": ACTIVITY}, b"x" * 300_000)
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"):
        yield HttpMessage.request(method, v.inbox("ana"))
        yield HttpMessage.request(method, f"{v.base}/actor")
    for path in (
        "/nobody", "/actors/%00", "/actors/..%2f..%2fetc/passwd", "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/nothing.css", "/.well-known/webfinger", "/.well-known/webfinger?resource=%ff",
        "/.well-known/webfinger?resource=acct:ana'--@v.example", "/@ana'%20OR%201=1", "/posts/1;DROP",
        "/p/%f0%28%8c%28", "/livez/x", "/metrics", "/livez?x", "/docs", "/openapi.json",
    ):  # fmt: skip
        for accept in (ACTIVITY, "text/html", "*/*;q=x"):
            yield HttpMessage.request("GET", v.base + path, {"accept": accept})
    for body in (
        b"",
        b"{",
        b"[]",
        b'{"a":1e999}',
        b"\xff\xfe",
        b'{"type":null}',
        b"{" * 5000,
        b'{"id":' + b"9" * 4000,
    ):
        yield by_cavage(world, v.request(body, "ana"))
    yield by_cavage(world, v.request(a_note(world.t, v.actor("ana")), "ana"))
    yield by_cavage(world, v.request({**a_note(world.m, v.actor("ana")), "id": 7}, "ana"))
    squatted = {**a_note(world.m, v.actor("ana")), "id": "https://t.example/activities/1"}
    yield by_cavage(world, v.request(squatted, "ana"))


@pytest.mark.anyio
async def test_p14_malformed_requests_learn_nothing_of_the_inside(world: World) -> None:
    statuses = set()
    for request in malformed(world):
        answered = await world.v.ask(request)
        statuses.add(answered.status)
        if answered.status >= 400:
            assert_says_nothing(answered, str(world.v.config.data_dir))
        assert answered.status < 500, (request.method, request.url, answered.body)
    assert {400, 401, 403, 404, 405, 413, 415, 421, 431} <= statuses


@pytest.mark.anyio
@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("no such table: inbox in /var/lib/obverse/obverse.db"),
        StoreRefused("The database /var/lib/obverse/obverse.db cannot be written any more (disk I/O error)."),
        ValueError("Traceback: SELECT * FROM own_key"),
        RecursionError("maximum recursion depth exceeded in node.public.pages"),
        OSError(28, "No space left on device", "/var/lib/obverse/obverse.db-wal"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_p14_a_store_that_fails_is_an_answer_without_words_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await world.v.takes(by_cavage(world, follow(world)))

    async def fails(fn: Any) -> Any:
        raise error

    monkeypatch.setattr(type(world.v.open.node.db), "read", lambda self, fn: fails(fn))
    monkeypatch.setattr(type(world.v.open.node.db), "write", lambda self, fn: fails(fn))
    monkeypatch.setattr(world.v.open.inbox.log, "_write", fails)
    inbox = by_cavage(world, world.v.request(a_note(world.m, world.v.actor("ana")), "ana"))
    reads = [
        "/actor",
        "/actors/ana",
        "/@ana",
        "/posts/x",
        "/.well-known/webfinger?resource=acct:ana@v.example",
        "/readyz",
    ]
    requests = [
        inbox,
        *(
            HttpMessage.request("GET", world.v.base + path, {"accept": a})
            for path in reads
            for a in (ACTIVITY, "text/html")
        ),
    ]
    for request in requests:
        answered = await world.v.ask(request)
        assert answered.status == 503, (request.url, answered.body)
        assert int(answered.header("retry-after") or 0) > 0
        assert_says_nothing(answered, "obverse.db", "disk", "own_key")


@pytest.mark.anyio
async def test_p14_a_handler_that_fails_is_no_answer_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(inbound: Any) -> None:
        raise RuntimeError("Traceback in node.handlers at /home/ana")

    monkeypatch.setattr(world.v.open.worker, "_dispatch", fails)
    sent = len(world.v.engine.sent)
    answered = await world.v.takes(by_cavage(world, follow(world)))
    assert answered.body == b""
    assert [message for message in world.v.engine.sent[sent:] if message.method == "POST"] == []


@pytest.mark.anyio
async def test_p14_failed_look_ups_tell_strangers_nothing_of_our_network(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(self: Any, message: HttpMessage, **bounds: Any) -> HttpMessage:
        raise FetchFailed(
            "ClientConnectorError: Cannot connect to host intranet.example:443"
            " [Connect call failed ('10.7.7.7', 443)]",
            url=message.url,
        )

    monkeypatch.setattr(type(world.v.engine), "exchange", unreachable)
    answered = await world.v.ask(by_cavage(world, follow(world)))
    assert answered.status == 503
    assert_says_nothing(answered, "10.7.7.7", "ClientConnector", "intranet")


@pytest.mark.processes
@pytest.mark.slow
def test_p14_raw_nonsense_on_the_wire_learns_nothing(premises: Premises, tmp_path: Path) -> None:
    moved = premises.moved_to(tmp_path / "v")
    port = int(moved.base.rpartition(":")[2])
    host = f"Host: v.localhost:{port}\r\n".encode()
    wires = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://v.localhost/ HTTP/1.1\r\n" + host + b"\r\n",
        b"GET / HTTP/1.1\r\n" + host + host + b"\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n" + host + b"\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"A: " + b"x" * 300_000 + b"\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\n" + host + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        b"POST /inbox HTTP/1.1\r\n" + host + b"Content-Length: 999999999\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
    with Served.running(moved, tmp_path / "v.log") as served:
        for wire in wires:
            with socket.create_connection(("127.0.0.1", port), 10) as line:
                line.settimeout(15)
                answered = _said_on(line, wire)
            status = int(answered.split(b" ", 2)[1]) if answered.startswith(b"HTTP/") else 0
            assert status == 0 or 400 <= status < 500, (wire[:60], answered[:200])
            assert LEAKS.search(answered.decode("latin-1").replace("HTTP/1.1", "")) is None, answered
            assert b"erver:" not in answered
        assert served.get("/actor")[0] == 200


def _said_on(line: socket.socket, wire: bytes) -> bytes:
    answered = b""
    try:
        line.sendall(wire)
        while part := line.recv(65536):
            answered += part
            if b"\r\n\r\n" in answered and b"onnection: close" not in answered:
                break
    except OSError:
        pass
    return answered
