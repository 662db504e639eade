"""Servers that misbehave on purpose, byte by byte, on loopback; and what was connected while they did."""

from __future__ import annotations

import asyncio
import ssl
import sys
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from federation.client import Client, ClientConfig
from federation.fetching import Fetcher
from federation.keys import SigningKey
from federation.memory import MemoryHostMemory
from federation.messages import HttpMessage, Limits
from tests.security.peers import ACTIVITY, Clock

__all__ = [
    "QUICK",
    "Door",
    "Liar",
    "Play",
    "SocketWatch",
    "a_door",
    "answer",
    "endless",
    "get",
    "lying",
    "peak_bytes",
    "saying",
]

QUICK = Limits(fetch_s=1.0, request_s=1.0)

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class SocketWatch:
    """What Python itself tells of sockets; an audit hook cannot be taken out again, hence one for all."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Any]] | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._events is not None and event in ("socket.__new__", "socket.connect", "socket.getaddrinfo"):
            self._events.append((event, arguments[1:2]))

    @contextmanager
    def watching(self) -> Iterator[list[tuple[str, Any]]]:
        events: list[tuple[str, Any]] = []
        self._events = events
        try:
            yield events
        finally:
            self._events = None


@dataclass
class Liar:
    """A server whose every connection is played by the test; `heads` are the requests that came."""

    port: int = 0
    scheme: str = "http"
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0
    sent_bytes: int = 0

    @property
    def pair(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.pair}/x"


@asynccontextmanager
async def lying(play: Play | None, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Liar]:
    """Serve on loopback: read one head, then let `play` do with the connection what it will; without it the
    connection is accepted and nothing more happens."""
    liar = Liar(scheme="https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        liar.connections += 1
        try:
            if play is None:
                await asyncio.sleep(60)
                return
            while True:
                liar.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await play(reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    liar.port = server.sockets[0].getsockname()[1]
    try:
        yield liar
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def endless(piece: bytes, *, head: bytes = b"", pause_s: float = 0.0, times: int = 1_000_000) -> Play:
    """Send the head, then the piece over and over, until the other side has had enough."""

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _time in range(times):
            writer.write(piece)
            await writer.drain()
            if pause_s:
                await asyncio.sleep(pause_s)
        writer.close()

    return play


@dataclass
class Door:
    """The way out of one node: its client, and a fetcher that signs."""

    client: Client
    fetcher: Fetcher
    hosts: MemoryHostMemory


@asynccontextmanager
async def a_door(
    *allowed: Liar,
    clock: Clock,
    key: SigningKey,
    limits: Limits | None = None,
    lookup: Any = None,
    **config: Any,
) -> AsyncIterator[Door]:
    """A guarded client that may reach these servers and nobody else."""
    limits = limits or Limits()
    pairs = frozenset(liar.pair for liar in allowed) | config.pop("pairs", frozenset())
    async with Client(ClientConfig(allowed=pairs, limits=limits, **config), lookup=lookup) as client:
        hosts = MemoryHostMemory()
        yield Door(client, Fetcher(client, lambda: key, hosts, clock, limits), hosts)


@contextmanager
def peak_bytes() -> Iterator[Callable[[], int]]:
    """How much more memory was in use, at the most, than at the beginning."""
    tracemalloc.start()
    began = tracemalloc.get_traced_memory()[0]
    try:
        yield lambda: tracemalloc.get_traced_memory()[1] - began
    finally:
        tracemalloc.stop()


def get(url: str) -> HttpMessage:
    return HttpMessage.request("GET", url, {"accept": ACTIVITY})


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"content-type: {ACTIVITY}",
        *headers,
        f"content-length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


def saying(raw: bytes, *, close: bool = False) -> Play:
    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        if close:
            await writer.drain()
            writer.close()

    return play
