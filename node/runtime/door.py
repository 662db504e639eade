"""The door of the node: how many connections there may be, and which give way where there are too many.

Those that wait give way to new ones, oldest first, so that slow ones cannot keep fast ones out. All come from
the proxy's address, so that no address has a share of its own here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import get_args

import uvicorn
from uvicorn.server import ServerState

from node.runtime.connections import STOPPING, DoorSettings, Line, Phase

__all__ = ["Door"]

_POLL_S = 0.05


class Door:
    """All connections of one server: who may come in, who has to give way, and who is too late.

    Use: `line()` makes the protocol of one connection; call `sweep` a few times a second.
    """

    def __init__(self, settings: DoorSettings | None = None) -> None:
        self.settings = settings or DoorSettings()
        self._lines: dict[Phase, dict[Line, None]] = {phase: {} for phase in get_args(Phase)}  # oldest first
        self.turned_away = 0
        """Connections that were answered 503 unheard."""
        self.gave_way = 0
        """Connections that were closed while they waited, to make room."""

    def __len__(self) -> int:
        """How many connections are open."""
        return sum(len(lines) for lines in self._lines.values())

    def __iter__(self) -> Iterator[Line]:
        return iter([line for lines in self._lines.values() for line in lines])

    def count(self) -> dict[str, int]:
        """How many connections are in each phase."""
        return {phase: len(lines) for phase, lines in self._lines.items()}

    def line(self, config: uvicorn.Config, state: ServerState) -> Line:
        return Line(self, config, state)

    def move(self, line: Line, old: Phase | None, new: Phase | None) -> None:
        """Note that a connection has come, changed its phase, or gone."""
        if old is not None:
            self._lines[old].pop(line, None)
        if new is not None:
            self._lines[new][line] = None

    def has_room_for(self, line: Line) -> bool:
        """Whether one more may stay; where there are too many, one that waits gives way to it."""
        if len(self) <= self.settings.connections:
            return True
        victim = self._longest_waiting(besides=line)
        if victim is None:
            self.turned_away += 1
            return False
        self.gave_way += 1
        victim.give_way()
        return True

    def _longest_waiting(self, *, besides: Line) -> Line | None:
        """Parts of requests first, which honest ones are not for long; then what rests between two."""
        for lines in (self._lines["coming"], self._lines["reading"], self._lines["resting"]):
            for line in lines:
                if line is not besides:
                    return line
        return None

    def may_linger(self) -> bool:
        """Whether one more may wait for its last answer to be read."""
        return len(self._lines["leaving"]) <= self.settings.lingering

    def sweep(self, now_s: float) -> None:
        """Let go of every connection whose time is over. Units: `now_s` is the event loop's time."""
        for line in self:
            line.look_at_the_clock(now_s)

    async def drain(self, state: ServerState) -> None:
        """Let what runs come to its end within `drain_s`, then tell the rest that the server stops.

        Shapes: `state` knows the tasks of the requests.
        """
        loop = asyncio.get_running_loop()
        try:
            for line in self:
                line.shutdown()
            await self._emptied(loop.time() + self.settings.drain_s)
            for line in self:
                line.refuse(STOPPING)
                line.hush()
            for task in state.tasks:
                task.cancel()
            await self._emptied(loop.time() + self.settings.linger_s)
        finally:  # also where the stop itself is cut short
            for line in self:
                line.cut()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=self.settings.linger_s)

    async def _emptied(self, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        while len(self) and loop.time() < until_s:
            self.sweep(loop.time())
            await asyncio.sleep(_POLL_S)
