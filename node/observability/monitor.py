"""A small listener for whoever watches the node: `/metrics`, `/livez`, `/readyz`, in plain HTTP.

It lies apart from the public door, on loopback as a rule, so that numbers and the names of failing parts are
told to the owner only. It must not be able to hurt the node: GET only, few connections at once, each for a
few seconds and a small head.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from node.observability.health import Health
from node.observability.metrics import CONTENT_TYPE, Metrics
from node.store.ports import Database, StoreRefused

__all__ = ["MonitorBounds", "open_monitor"]

LOG = logging.getLogger("obverse")

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class MonitorBounds:
    """Bounds, should strangers come by: connections at once, seconds for each step, bytes of a head."""

    at_once: int = 8
    step_s: float = 5.0
    head_bytes: int = 8 * 1024


@asynccontextmanager
async def open_monitor(
    listener: socket.socket,
    metrics: Metrics,
    health: Health,
    db: Database,
    bounds: MonitorBounds | None = None,
) -> AsyncIterator[None]:
    """Answer on a bound socket while the context lasts; the socket is closed at its end."""
    monitor = _Monitor(metrics, health, db, bounds or MonitorBounds())
    server = await asyncio.start_server(monitor.serve, sock=listener, limit=monitor.bounds.head_bytes)
    try:
        yield
    finally:
        server.close()
        monitor.end()


class _Monitor:
    def __init__(self, metrics: Metrics, health: Health, db: Database, bounds: MonitorBounds) -> None:
        self._metrics = metrics
        self._health = health
        self._db = db
        self.bounds = bounds
        self._busy: set[asyncio.Task[object]] = set()

    def end(self) -> None:
        for task in self._busy:
            task.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, one answer."""
        task = asyncio.current_task()
        if task is None or len(self._busy) >= self.bounds.at_once:
            writer.transport.abort()
            return
        self._busy.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()  # silent, slow, too long, or gone
        except Exception:  # a fault of ours in what is only watching
            LOG.exception("the monitor failed")
            writer.transport.abort()
        finally:
            self._busy.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(self.bounds.step_s):
            head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        status, media_type, body = "405 Method Not Allowed", _TEXT, b"GET or HEAD\n"
        if method in (b"GET", b"HEAD"):
            async with asyncio.timeout(self.bounds.step_s):
                status, media_type, body = await self._find(path)
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
            "Allow: GET, HEAD\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        writer.write(b"" if method == b"HEAD" else body)
        async with asyncio.timeout(self.bounds.step_s):
            await writer.drain()

    async def _find(self, path: bytes) -> tuple[str, str, bytes]:
        if path == b"/livez":
            return "200 OK", _TEXT, b"ok\n"
        if path == b"/readyz":
            found = await self._health.check()
            is_ready = all(word == "ok" for word in found.values())
            return ("200 OK" if is_ready else "503 Service Unavailable"), _JSON, json.dumps(found).encode()
        if path == b"/metrics":
            now = self._health.now()
            with suppress(StoreRefused):  # then the last lengths are told again
                self._metrics.note_lengths(await self._db.read(lambda tx: tx.queues.lengths(now)))
            return "200 OK", CONTENT_TYPE, self._metrics.text()
        return "404 Not Found", _TEXT, b"/metrics, /livez or /readyz\n"
