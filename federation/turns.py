"""A few costly pieces of work in a round of the event loop, so that all else has its turn in between."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Turns"]


class Turns:
    """At most `at_once` of those who `wait` go on in one round of the loop, first come, first served.

    Work that keeps the interpreter's lock gains nothing from threads; done all at once on the loop it would
    keep everybody waiting, and one piece a round would pay for a round each.
    """

    def __init__(self, at_once: int = 8) -> None:
        self._at_once = at_once
        self._left = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_scheduled = False

    async def wait(self) -> None:
        """Return when there is room in a round."""
        loop = asyncio.get_running_loop()
        if not self._is_scheduled:
            self._is_scheduled = True
            loop.call_soon(self._begin_round, loop)
        if self._left > 0 and not self._waiting:
            self._left -= 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _begin_round(self, loop: asyncio.AbstractEventLoop) -> None:
        self._left = self._at_once
        while self._left > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # whoever was cut off leaves the turn to the next
                turn.set_result(None)
                self._left -= 1
        self._is_scheduled = bool(self._waiting)
        if self._is_scheduled:
            loop.call_soon(self._begin_round, loop)
