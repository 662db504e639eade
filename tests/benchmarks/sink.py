"""Many hosts in one process: every name at one port, each POST taken with 202 by as little work as can be.

`python -m tests.benchmarks.sink [CERTIFICATE KEY]` says its port, then answers JSON lines: `count` says what
came, `silence` at which port all is taken and nothing answered.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from typing import Any

import uvloop

from tests.benchmarks.machine import raise_file_limit

__all__: list[str] = []

ACCEPTED = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"


class _Taker(asyncio.Protocol):
    """One connection: reads a request, answers, reads the next."""

    taken = 0

    def connection_made(self, transport: Any) -> None:
        self._write = transport.write
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        while (head := buffer.find(b"\r\n\r\n")) >= 0:
            at = buffer.lower().find(b"content-length:", 0, head)
            length = int(buffer[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(buffer) < head + 4 + length:
                break
            buffer = buffer[head + 4 + length :]
            _Taker.taken += 1
            self._write(ACCEPTED)
        self._buffer = buffer


class _Silent(asyncio.Protocol):
    """Takes whatever comes, and says nothing."""


async def main() -> None:
    """Serve until the input ends."""
    raise_file_limit()
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Taker, "127.0.0.1", 0, backlog=4096, ssl=context)
    silent = await loop.create_server(_Silent, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        is_count = json.loads(line)["do"] == "count"
        print(json.dumps(_Taker.taken if is_count else silent.sockets[0].getsockname()[1]), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
