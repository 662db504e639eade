"""Which request signatures were surely never recorded, without a look at the disk.

Every request asks whether it came before, and nearly every answer is no. A read of the store for that costs
more than all else that is done for the request, so a filter in memory says no; only its maybe is looked up.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from node.store.sqlite.codec import to_micros

__all__ = ["ReplayFilter"]

_BITS = 2**23
"""A mebibyte for each half; with half a million signatures in it, one answer in a hundred is a maybe."""
_HALF_FULL = 500_000
_READ_AT_ONCE = 50_000
_FOREVER = 2**63 - 1


class _Half:
    """Two bits for each key, and until when its last one matters (microseconds)."""

    def __init__(self) -> None:
        self.until = 0
        self.count = 0
        self._bits = bytearray(_BITS // 8)

    def add(self, key: bytes, until: int) -> None:
        for place in _places(key):
            self._bits[place >> 3] |= 1 << (place & 7)
        self.until = max(self.until, until)
        self.count += 1

    def may_hold(self, key: bytes) -> bool:
        one, other = _places(key)
        bits = self._bits
        return bool(bits[one >> 3] >> (one & 7) & 1 and bits[other >> 3] >> (other & 7) & 1)


def _places(key: bytes) -> tuple[int, int]:
    # Keys are SHA-256, so any part of them is as good as a hash.
    number = int.from_bytes(key[:8], "big")
    return number % _BITS, (number >> 32) % _BITS


class ReplayFilter:
    """Says of a key that it cannot be in the table `replay`, or that it may be.

    Of the two halves the older one is dropped once nothing in it matters any more. A filter that is too full
    says maybe more often, which costs time and nothing else.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._young, self._old = _Half(), _Half()
        rows = connection.execute("SELECT key, until FROM replay LIMIT ?", (_READ_AT_ONCE + 1,)).fetchall()
        for key, until in rows:
            self._young.add(key, _FOREVER if until is None else until)
        # More than that would hold up the start: until they have run out, the table is asked each time.
        self._ask_until = 0
        if len(rows) > _READ_AT_ONCE:
            last = connection.execute("SELECT max(ifnull(until, ?)) FROM replay", (_FOREVER,)).fetchone()
            self._ask_until = int(last[0])

    def add(self, key: bytes, until: datetime | None, now: datetime) -> None:
        """Take note of a key that was recorded."""
        if self._young.count >= _HALF_FULL and self._old.until < to_micros(now):
            self._young, self._old = _Half(), self._young
        self._young.add(key, _FOREVER if until is None else to_micros(until))

    def may_hold(self, key: bytes, now: datetime) -> bool:
        """False where this key was surely not recorded, or matters no more."""
        if self._young.may_hold(key) or self._old.may_hold(key):
            return True
        return self._ask_until > 0 and to_micros(now) <= self._ask_until
