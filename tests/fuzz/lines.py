"""Target: a served node, spoken to in bytes that are nearly HTTP.

Each input is all that one connection says. It is answered or closed within the door's bounds, never with a
fault of the server's, and the next honest request is served.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from federation import cavage, signatures
from federation.keys import ed25519_from_seed
from federation.messages import HttpMessage
from tests.fuzz.corpus import documents
from tests.fuzz.mutation import mutate_bytes
from tests.fuzz.nasty import TOKENS
from tests.fuzz.seals import RSA
from tests.fuzz.stories import BEGIN, Listener, a_world
from tests.fuzz.targets import Check, Finding, Target
from tests.security.front import Front, at_the_door, raw, spoken

__all__ = ["LINES"]

KEY = ed25519_from_seed("https://m.example/actors/x#k", "https://m.example/actors/x", bytes(range(32)))
PATHS = (
    "/", "/actor", "/inbox", "/outbox", "/@shop", "/@ana", "/actors/shop", "/actors/shop/inbox",
    "/actors/shop/outbox",
    "/actors/shop/followers", "/actors/shop/outbox/pages/1", "/actors/nobody", "/p/xyz", "/posts/xyz",
    "/deals/xyz",
    "/.well-known/webfinger", "/.well-known/webfinger?resource=acct:shop@v.example",
    "/.well-known/host-meta",
    "/.well-known/nodeinfo", "/nodeinfo/2.0", "/nodeinfo/2.1", "/.well-known/myterms.json",
    "/livez", "/readyz", "/metrics", "/robots.txt",
    "/static/obverse.svg", "/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd",
    "/favicon.ico",
    "/authorize_interaction?uri=https://m.example/", "//v.example/", "/actors/shop?page=1",
    "/@shop/../../x", "/%00", "*",
)  # fmt: skip
METHODS = (
    "GET",
    "GET",
    "POST",
    "POST",
    "HEAD",
    "OPTIONS",
    "PUT",
    "DELETE",
    "PATCH",
    "TRACE",
    "CONNECT",
    "PRI",
    "get",
    "G" * 99,
)
HEADERS = (
    "Host: v.example", "Host: evil.example", "Host:", "Content-Length: 0", "Content-Length: 5",
    "Content-Length: -1",
    "Content-Length: 1, 1", "Content-Length: 99999999999999999999", "Content-Length: 0x10",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: identity, chunked", "Transfer-Encoding : chunked", "Transfer-Encoding: xchunked",
    "TE: trailers",
    "Connection: close", "Connection: keep-alive, upgrade", "Upgrade: websocket", "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABk",
    "Expect: 100-continue", "Expect: 200-ok", "Range: bytes=0-0", "Range: bytes=0-,0-,0-",
    "If-None-Match: *", "If-Match: x",
    "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", "If-None-Match: W/\"x\"",
    "Accept: application/activity+json",
    "Accept: application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
    "Accept: " + "*/*," * 300,
    "Accept-Language: " + "a-b;q=0.1," * 200, "Accept-Encoding: gzip", "Content-Encoding: gzip",
    "Cookie: session=x; session=y",
    "Authorization: Signature keyId=\"x\"", "Authorization: Bearer x", "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Host: evil",
    "Forwarded: for=1;host=evil", "X-Forwarded-Proto: http", "X-Original-URL: /metrics",
    "Content-Type: application/activity+json",
    "Content-Type: application/ld+json; profile=\"" + "a " * 300 + "\"", "Content-Type: text/plain",
    "Origin: null", "X: " + "a" * 9000,
    "X-\x00: 1", " folded: 1", "Signature-Input: sig1=()", "Signature: sig1=:AA==:", "Date: x",
    "Digest: SHA-256=x",
)  # fmt: skip
BYTES = (
    *(token.encode() for token in TOKENS), *(header.encode() + b"\r\n" for header in HEADERS),
    b"\r\n\r\n", b"\n\n", b"\r",
    b"0\r\n\r\n", b"5\r\nhello\r\n", b"ffffffffffffffff\r\n", b"1;x=y\r\na\r\n", b"HTTP/1.0",
    b"HTTP/2.0", b"HTTP/1.1", b"HTTP/9",
         b"GET / HTTP/1.1\r\nHost: v.example\r\n\r\n", b"\xff\xfe", b"\x16\x03\x01\x02\x00")  # fmt: skip


def _make(rng: Random) -> bytes:
    said = b""
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        said += _signed(rng) if rng.random() < 0.3 else _plain(rng)
    return mutate_bytes(said, rng, BYTES) if rng.random() < 0.6 else said


def _plain(rng: Random) -> bytes:
    headers = [rng.choice(HEADERS) for _ in range(rng.choice((0, 1, 2, 6)))]
    body = rng.choice((b"", b"", b"hello", b"{}", b"5\r\nhello\r\n0\r\n\r\n"))
    if body and rng.random() < 0.7:
        headers.append(f"Content-Length: {len(body)}")
    return raw(rng.choice(METHODS), rng.choice(PATHS), *headers, body=body)


def _signed(rng: Random) -> bytes:
    body = documents()["01-intent"]
    text = repr(body).encode() if rng.random() < 0.2 else b'{"id":"https://m.example/1","type":"Like"}'
    path = rng.choice(("/inbox", "/actors/shop/inbox", "/actors/nobody/inbox"))
    request = HttpMessage.request(
        "POST", f"https://v.example{path}", {"content-type": "application/activity+json"}, text
    )
    signed = (
        cavage.sign(request, RSA, now=BEGIN)
        if rng.random() < 0.5
        else signatures.sign(request, KEY, now=BEGIN)
    )
    return spoken(signed, path)


class _Judge:
    def __init__(self, front: Front, listener: Listener) -> None:
        self._front = front
        self._listener = listener
        self._count = 0

    async def __call__(self, data: bytes) -> None:
        caller = await self._front.call()
        await caller.say(data)
        if caller.writer.can_write_eof():
            caller.writer.write_eof()
        answer = await caller.hear(within_s=10.0)
        await caller.close()
        self._front.callers.clear()
        for line in answer.data.split(b"HTTP/1.1 ")[1:]:
            if line[:1] == b"5" and line[:3] not in (b"503", b"501"):
                raise Finding(f"answered {answer.data[:300]!r}")
        if not answer.closed:
            raise Finding(f"the line is open after {answer.seconds:.1f} s: {answer.data[:100]!r}")
        self._listener.say()
        self._count += 1
        if self._count % 20 == 0 and not await self._front.is_alive():
            raise Finding("it no longer answers")


@asynccontextmanager
async def _opened() -> AsyncIterator[Check]:
    with tempfile.TemporaryDirectory(prefix="obverse-fuzz-") as directory:
        async with a_world(Path(directory)) as world, at_the_door(world.v) as front:
            listener = Listener()
            loggers = [logging.getLogger(name) for name in ("obverse", "asyncio", "uvicorn.error")]
            for logger in loggers:
                logger.addHandler(listener)
            try:
                yield _Judge(front, listener)
            finally:
                for logger in loggers:
                    logger.removeHandler(listener)


LINES: tuple[Target, ...] = (Target("lines", _make, _opened, share=6, most_s=2.0, many=2000),)
