"""How a message that this node sends to itself arrives: kept for whoever sent it, to be held against it.

An actor of this node does not come in from outside (`security L06`), so that such a message is refused like
any other. But it has come, and it can be seen what became of it on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from federation.messages import HttpMessage

__all__ = ["MARK_HEADER", "Arrival", "Arrivals"]

MARK_HEADER = "x-obverse-mark"


class Arrival:
    """One message that is looked out for; `message` is how it came, None as long as it has not."""

    def __init__(self) -> None:
        self.message: HttpMessage | None = None


class Arrivals:
    """Looks at each message to an inbox of ours while one is looked out for; else it costs nothing."""

    def __init__(self) -> None:
        self._awaited: dict[str, Arrival] = {}

    @contextmanager
    def of(self, mark: str) -> Iterator[Arrival]:
        """Look out for the message that bears this mark in its header or its body.

        Shapes: `mark` is random, so that no stranger's message bears it.
        """
        arrival = self._awaited[mark] = Arrival()
        try:
            yield arrival
        finally:
            del self._awaited[mark]

    def came(self, message: HttpMessage) -> None:
        """A message came; whatever is thought of it."""
        for mark, arrival in self._awaited.items():
            if message.header(MARK_HEADER) == mark or mark.encode() in message.body:
                arrival.message = message
