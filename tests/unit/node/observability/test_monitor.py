"""The listener for whoever watches: what it tells, and what it does not let itself be made to do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from node.observability.health import Health
from node.observability.metrics import Metrics
from node.observability.monitor import MonitorBounds, open_monitor
from node.store.memory import MemoryDatabase
from node.store.ports import StoreRefused

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAST = MonitorBounds(at_once=2, step_s=0.2, head_bytes=1024)


@asynccontextmanager
async def a_monitor(*, works: bool = True, db: Any = None) -> AsyncIterator[int]:
    """Its port."""
    database = MemoryDatabase(clock=lambda: NOW)
    health = Health(database, lambda: NOW, lambda: False)
    health.is_working = works
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        async with open_monitor(listener, Metrics("1"), health, db or database, FAST):
            yield port


async def ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def get(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


async def test_metrics_are_told_with_what_waits_in_the_store() -> None:
    async with a_monitor() as port:
        head, _, body = (await ask(port, get("/metrics"))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: text/plain; version=0.0.4" in head
    assert b'obverse_queue_length{queue="parked"} 0.0' in body
    assert f"Content-Length: {len(body)}".encode() in head


async def test_metrics_are_told_also_while_the_store_refuses() -> None:
    class Closed:
        async def read(self, fn: Any) -> Any:
            raise StoreRefused("The store is closed.")

    async with a_monitor(db=Closed()) as port:
        assert b"process_open_fds" in await ask(port, get("/metrics"))


async def test_liveness_and_readiness_are_told() -> None:
    async with a_monitor() as port:
        assert (await ask(port, get("/livez?verbose"))).endswith(b"\r\n\r\nok\n")
        ready = await ask(port, get("/readyz"))
    assert ready.startswith(b"HTTP/1.1 200")
    assert ready.endswith(b'{"store": "ok", "worker": "ok", "clock": "ok"}')


async def test_failing_part_is_named_with_503() -> None:
    async with a_monitor(works=False) as port:
        found = await ask(port, get("/readyz"))
    assert found.startswith(b"HTTP/1.1 503")
    assert b'"worker": "not running"' in found


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/metrics", "POST"), b"405"),
        (get("/metrics", "get"), b"405"),
        (get("/"), b"404"),
        (get("/../node.key"), b"404"),
        (b"GET\r\n\r\n", b"404"),
        (b"\r\n\r\n", b"405"),
    ],
)
async def test_anything_else_is_refused(request_: bytes, status: bytes) -> None:
    async with a_monitor() as port:
        assert (await ask(port, request_)).split()[1] == status


async def test_head_is_told_without_a_body() -> None:
    async with a_monitor() as port:
        assert (await ask(port, get("/livez", "HEAD"))).endswith(b"\r\n\r\n")


async def test_silent_slow_and_endless_heads_are_cut_off() -> None:
    async with a_monitor() as port:
        for request in (b"", b"GET /metrics HT", b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 5000):
            assert await ask(port, request) == b""
        assert (await ask(port, get("/livez"))).endswith(b"ok\n")


async def test_connections_beyond_the_bound_are_let_go() -> None:
    async with a_monitor() as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert await ask(port, get("/livez")) == b""
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.05)
        assert (await ask(port, get("/livez"))).endswith(b"ok\n")


async def test_fault_of_ours_ends_one_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def read(self, fn: Any) -> Any:
            raise KeyError("x")

    async with a_monitor(db=Broken()) as port:
        assert await ask(port, get("/metrics")) == b""
        assert (await ask(port, get("/livez"))).endswith(b"ok\n")
    assert "the monitor failed" in caplog.text


async def test_end_cuts_off_who_is_still_there() -> None:
    async with a_monitor() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
