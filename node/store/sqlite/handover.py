"""What was recorded a moment ago, on its way to the worker without being read and parsed again.

A cache and no more: what is not here is read from the store, where all of it lies durably before it is here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from federation.ports import InboundEntry

__all__ = ["Handover"]

_BYTES = 4 * 1024 * 1024
_LEAST_BYTES = 4096
"""So much an entry counts for at least: a short body, too, has been parsed into many small objects."""


class Handover:
    """Entries by their id, each handed over once. The oldest leave first: who waits for long may be read."""

    def __init__(self, most_bytes: int = _BYTES) -> None:
        """Units: `most_bytes` of bodies; what was parsed of them takes a few times as much."""
        self._most_bytes = most_bytes
        self._entries: OrderedDict[int, InboundEntry] = OrderedDict()
        self._bytes = 0

    def put(self, entry_id: int, entry: InboundEntry) -> None:
        """Keep an entry, which was recorded under this id."""
        self._entries[entry_id] = replace(entry, id=entry_id)
        self._bytes += _weight(entry)
        while self._bytes > self._most_bytes:
            self._bytes -= _weight(self._entries.popitem(last=False)[1])

    def take(self, entry_id: int) -> InboundEntry | None:
        """The entry, which is not kept any longer; None where it is to be read."""
        entry = self._entries.pop(entry_id, None)
        if entry is not None:
            self._bytes -= _weight(entry)
        return entry


def _weight(entry: InboundEntry) -> int:
    return max(len(entry.body), _LEAST_BYTES)
