"""Load from a process of its own: requests that were signed beforehand, over connections that are kept.

`python -m tests.benchmarks.load` answers JSON lines: `load` reads a file of requests into memory, `fire`
sends a stretch of them, one at a time on each connection, and says how long each answer took.
"""

from __future__ import annotations

import asyncio
import gc
import struct
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from tests.benchmarks.machine import answer_lines

__all__ = ["read_requests", "write_requests"]

LONGEST_S = 120.0
_LENGTH = struct.Struct("<I")


def write_requests(path: Path, requests: Iterable[bytes]) -> int:
    """Keep requests in one file; how many."""
    count = 0
    with path.open("wb") as file:
        for request in requests:
            file.write(_LENGTH.pack(len(request)) + request)
            count += 1
    return count


def read_requests(path: Path) -> list[bytes]:
    """What `write_requests` kept."""
    raw, found, at = path.read_bytes(), [], 0
    while at < len(raw):
        (length,) = _LENGTH.unpack_from(raw, at)
        found.append(raw[at + 4 : at + 4 + length])
        at += 4 + length
    return found


class _Line(asyncio.Protocol):
    """One kept-alive connection: sends a request, waits for its whole answer, sends the next."""

    def __init__(self, requests: Iterator[bytes], ended: asyncio.Future[None], tally: _Tally) -> None:
        self._requests = requests
        self._ended = ended
        self._tally = tally
        self._buffer = b""
        self._sent_at = 0.0
        self._write: Any = None

    def connection_made(self, transport: Any) -> None:  # uvloop's transport is none of asyncio's classes
        self._transport = transport
        self._write = transport.write

    def send_next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._ended.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._write(request)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        head = buffer.find(b"\r\n\r\n")
        if head < 0 or len(buffer) < head + 4 + _content_length(buffer[:head]):
            self._buffer = buffer
            return
        self._buffer = b""
        self._tally.add(buffer[9:12], time.perf_counter() - self._sent_at)
        self.send_next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_exception(error or ConnectionError("closed by the server"))

    def close(self) -> None:
        self._transport.close()


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


class _Tally:
    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.took_s: list[float] = []

    def add(self, status: bytes, took_s: float) -> None:
        self.statuses[status.decode()] += 1
        self.took_s.append(took_s)


class _Gun:
    """Holds the requests in memory."""

    def __init__(self) -> None:
        self._requests: list[bytes] = []

    def load(self, path: str) -> int:
        self._requests = read_requests(Path(path))
        gc.freeze()
        return len(self._requests)

    def fire(self, port: int, first: int, count: int, connections: int) -> dict[str, Any]:
        """Seconds from the first byte to the last answer, statuses, and latencies in milliseconds."""
        stretch = self._requests[first : first + count]
        return uvloop.run(_fire(port, stretch, connections))


async def _fire(port: int, requests: list[bytes], connections: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    source, tally = iter(requests), _Tally()
    lines = []
    for _ in range(connections):
        ended = loop.create_future()
        _, line = await loop.create_connection(partial(_Line, source, ended, tally), "127.0.0.1", port)
        lines.append((line, ended))
    began = time.perf_counter()
    began_at = time.time()
    for line, _ in lines:
        line.send_next()
    async with asyncio.timeout(LONGEST_S):
        await asyncio.gather(*(ended for _, ended in lines))
    seconds = time.perf_counter() - began
    for line, _ in lines:
        line.close()
    took = sorted(tally.took_s)
    return {
        "seconds": seconds,
        "began_at": began_at,
        "statuses": tally.statuses,
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[min(len(took) - 1, len(took) * 99 // 100)] * 1000,
    }


if __name__ == "__main__":
    gun = _Gun()
    answer_lines({"load": gun.load, "fire": gun.fire})
