"""The network between the parties: a TCP line that passes bytes on, and at times resets, drips or dawdles."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from tests.soak.plan import Plan

__all__ = ["Line"]

CHUNK = 65536
PIECES = 12
DRIP_S = 0.05
WAIT_S = (0.2, 2.0)


@dataclass
class Line:
    """Listens where the world knows a party, and leads to where that party is bound."""

    port: int
    target_port: int
    plan: Plan
    dice: Random
    calm: bool = False
    """Once set, everything passes as it comes."""
    connections: int = 0
    resets: int = 0
    drips: int = 0
    waits: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self) -> Callable[[], None]:
        """Start to listen; what it returns ends it."""
        server = await asyncio.start_server(self._join, "127.0.0.1", self.port)

        def close() -> None:
            server.close()
            for task in self._tasks:
                task.cancel()

        return close

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target_port)
            try:
                await self._carry((reader, back), (there, writer))
            finally:
                _reset(back)
        except (OSError, asyncio.CancelledError):
            return  # nobody is there, or it broke: whoever called learns it by a reset; or the soak is over
        finally:
            _reset(writer)
            self._tasks.discard(task)

    async def _carry(self, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        """Pass both directions on until both have ended. Raises: OSError as soon as one breaks."""
        running = [asyncio.ensure_future(self._pass(*way)) for way in ways]
        try:
            await asyncio.gather(*running)
            for _, writer in ways:
                writer.close()
                await writer.wait_closed()
        finally:
            for one in running:
                one.cancel()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one direction on. Raises: OSError where it breaks, by itself or by us."""
        while data := await reader.read(CHUNK):
            fate = 1.0 if self.calm else self.dice.random()
            if fate < self.plan.reset:
                self.resets += 1
                kept = self.dice.randrange(len(data) + 1)
                writer.write(data[:kept])
                await writer.drain()
                raise ConnectionResetError
            if fate < self.plan.reset + self.plan.drip:
                self.drips += 1
                await self._drip(data, writer)
            else:
                if fate < self.plan.reset + self.plan.drip + self.plan.wait:
                    self.waits += 1
                    await asyncio.sleep(self.dice.uniform(*WAIT_S))
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    async def _drip(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        size = max(1, -(-len(data) // PIECES))
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            await asyncio.sleep(DRIP_S)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by RST where it is still open."""
    if writer.transport.is_closing():
        return
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
