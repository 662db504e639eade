"""The door beside the rest of the server: how a stop drains it, and connections that never become one."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvicorn

from node.runtime.connections import DoorSettings
from node.runtime.door import Door
from node.runtime.serve import NodeServer

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


@dataclass
class Gate:
    """An application that answers once it is let go, but for "/now"."""

    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    called_off: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            while (await receive()).get("more_body"):
                pass
            if scope["path"] != "/now":
                await self.let_go.wait()
        except asyncio.CancelledError:
            self.called_off += 1
            raise
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@dataclass
class Served:
    port: int
    door: Door
    server: NodeServer
    stop: Callable[[], asyncio.Task[None]]


@asynccontextmanager
async def serving(app: Any, tls: ssl.SSLContext | None = None, **bounds: Any) -> AsyncIterator[Served]:
    config = uvicorn.Config(
        app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
    )
    config.load()
    config.ssl = tls
    door = Door(DoorSettings(**bounds))
    server = NodeServer(config, door, ready=lambda: None, stopping=lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110  the server has no event to wait for
            await asyncio.sleep(0.005)

        def stop() -> asyncio.Task[None]:
            server.should_exit = True
            return task

        yield Served(listener.getsockname()[1], door, server, stop)
        await stop()


async def connected(served: Served, data: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(data)
    await asyncio.sleep(0.05)
    return reader, writer


async def test_what_runs_ends_and_what_waits_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    async with serving(gate, drain_s=5.0) as served:
        running = await connected(served, GET)
        reading = await connected(served, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
        coming = await connected(served, b"GET / HT")
        resting = await connected(served, b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200" in await resting[0].readuntil(b"ok")
        stopped = served.stop()
        assert (await coming[0].read(), await resting[0].read()) == (b"", b"")
        with pytest.raises(OSError, match=r"."):
            await asyncio.open_connection("127.0.0.1", served.port)
        reading[1].write(b"bc")
        gate.let_go.set()
        for reader, _ in (running, reading):
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 200"), "it has its answer"
            assert b"connection: close" in answer
        await stopped
        assert len(served.door) == 0
        for _, writer in (running, reading, coming, resting):
            writer.close()
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


async def test_what_does_not_end_is_told_so_and_called_off_without_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    async with serving(gate, drain_s=0.3, linger_s=0.3) as served:
        running = await connected(served, GET)
        reading = await connected(served, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
        await served.stop()
        for reader, writer in (running, reading):
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"retry-after: 30" in answer
            writer.close()
        assert gate.called_off == 2
        assert len(served.door) == 0
        assert len(served.server.server_state.tasks) == 0
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


async def test_a_tls_handshake_that_never_ends_is_ended(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("ana.localhost").configure_cert(context)
    async with serving(Gate(), tls=context, head_s=0.4, silent_s=0.4, linger_s=0.2) as served:
        silent = await connected(served)
        half = await connected(served, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        for reader, writer in (silent, half):
            async with asyncio.timeout(3):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()
        # and once it has ended, the connection is one as any other
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", served.port, ssl=trust, server_hostname="ana.localhost"
        )
        writer.write(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200" in await reader.readuntil(b"ok")
        async with asyncio.timeout(3):
            assert await reader.read() == b""
        writer.close()
        await asyncio.sleep(0.3)
        assert len(served.door) == 0
