"""Tells whoever waits in this process that something was written: a nudge, never what it was."""

from __future__ import annotations

import anyio

__all__ = ["Changes"]


class Changes:
    """Use: `await changes.next()` waits for the next change; False says that the node closes."""

    def __init__(self) -> None:
        self.count = 0
        """How many there were."""
        self._waiting: list[anyio.Event] = []
        self._is_closed = False

    def happened(self) -> None:
        """Something was written; costs nothing where nobody waits."""
        self.count += 1
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for event in waiting:
                event.set()

    def close(self) -> None:
        """Let everybody go who waits, and nobody wait any more."""
        self._is_closed = True
        self.happened()

    async def next(self, since: int | None = None) -> bool:
        """Wait for the next change from now on, or from when there were `since`."""
        if self._is_closed or since not in (None, self.count):
            return not self._is_closed
        event = anyio.Event()
        self._waiting.append(event)
        try:
            await event.wait()
        finally:
            if event in self._waiting:
                self._waiting.remove(event)
        return not self._is_closed
