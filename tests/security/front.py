"""The node's own door on a loopback port, and clients that say exactly the bytes they are told to."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from federation.messages import HttpMessage
from node.runtime.connections import DoorSettings
from node.runtime.door import Door
from node.runtime.serve import NodeServer, server_settings
from tests.security.target import Target

__all__ = ["Answer", "Caller", "Front", "at_the_door", "raw", "spoken"]

PATIENCE_S = 8.0


@dataclass
class Answer:
    """What came back until the connection ended, or until the first answer was whole."""

    data: bytes
    closed: bool
    seconds: float

    @property
    def status(self) -> int:
        """The first status; 0 for none."""
        line = self.data.partition(b"\r\n")[0].split(b" ")
        return int(line[1]) if len(line) > 2 else 0

    @property
    def count(self) -> int:
        """How many answers came."""
        return self.data.count(b"HTTP/1.1 ")

    @property
    def headers(self) -> dict[str, str]:
        lines = self.data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._began = time.monotonic()

    async def say(self, data: bytes) -> None:
        """Send; a line that was closed meanwhile is heard of when listening."""
        with suppress(ConnectionError, RuntimeError):  # which of them is the loop's choice
            self.writer.write(data)
            await self.writer.drain()

    async def drip(self, data: bytes, *, every_s: float) -> None:
        """Send byte by byte until it is all said or the line is closed."""
        for byte in data:
            if self.reader.at_eof() or self.writer.is_closing():
                return
            await self.say(bytes([byte]))
            await asyncio.sleep(every_s)

    async def hear(self, *, until_closed: bool = True, within_s: float = PATIENCE_S) -> Answer:
        """Read until the other side closes, or until one answer is whole; what came by then."""
        data, closed = b"", False
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while until_closed or not _is_whole(data):
                    try:
                        part = await self.reader.read(65536)
                    except ConnectionError:
                        part = b""
                    if not part:
                        closed = True
                        break
                    data += part
        return Answer(data, closed, time.monotonic() - self._began)

    async def ask(self, request: bytes) -> Answer:
        """Say it, and hear one answer; the line stays open."""
        await self.say(request)
        return await self.hear(until_closed=False)

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


def _is_whole(data: bytes) -> bool:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(data) - end - 4 >= int(line.partition(b":")[2])
    return data.endswith(b"0\r\n\r\n") if b"transfer-encoding: chunked" in head else True


@dataclass
class Front:
    """V's application behind the door that ships."""

    target: Target
    port: int
    door: Door
    callers: list[Caller] = field(default_factory=list)

    async def call(self, *, narrow: bool = False) -> Caller:
        """Connect. `narrow`: with a receive buffer as small as the system allows."""
        plug = socket.socket()
        if narrow:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        plug.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", self.port))
        caller = Caller(*await asyncio.open_connection(sock=plug, limit=1024 if narrow else 2**20))
        self.callers.append(caller)
        return caller

    async def send(self, *pieces: bytes, until_closed: bool = True) -> Answer:
        """One connection that says these pieces and listens until it is closed."""
        caller = await self.call()
        for piece in pieces:
            await caller.say(piece)
            await asyncio.sleep(0)
        answer = await caller.hear(until_closed=until_closed)
        await caller.close()
        return answer

    async def is_alive(self) -> bool:
        answer = await self.send(raw("GET", "/actor", "Connection: close"))
        return answer.status == 200

    async def refuses(self, *pieces: bytes, statuses: Sequence[int]) -> Answer:
        """Send, and hold V to it: one of these statuses, one answer, closed, nothing changed, alive."""
        before, posts = self.target.snapshot(), len(self.target.engine.posts)
        answer = await self.send(*pieces)
        await self.target.settle()
        assert answer.status in statuses, answer.data[:300]
        assert answer.count == 1, answer.data
        assert answer.closed, "the connection is still open"
        assert self.target.snapshot() == before
        assert len(self.target.engine.posts) == posts
        assert await self.is_alive()
        return answer


@asynccontextmanager
async def at_the_door(
    target: Target, bounds: DoorSettings | None = None, **changes: Any
) -> AsyncIterator[Front]:
    """Serve V on a loopback port while the context lasts. `changes` are of DoorSettings."""
    door = Door(bounds or DoorSettings(**changes))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = server_settings(target.config, target.app)
        server = NodeServer(settings, door, ready=lambda: None, stopping=lambda: None)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110  the server has no event to wait for
            await asyncio.sleep(0.005)
        front = Front(target, listener.getsockname()[1], door)
        try:
            yield front
        finally:
            for caller in front.callers:
                await caller.close()
            server.should_exit = True
            await serving


def raw(method: str, path: str, *headers: str, body: bytes = b"", host: str = "v.example") -> bytes:
    """A request's bytes, with a Host and these headers."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def spoken(request: HttpMessage, path: str, *headers: str) -> bytes:
    """A signed request as it goes over the wire."""
    lines = [f"{name}: {value}" for name, value in request.headers if name != "host"]
    length = f"Content-Length: {len(request.body)}"
    return raw(request.method, path, *lines, length, *headers, body=request.body)
