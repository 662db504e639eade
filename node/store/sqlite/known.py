"""What the functions of one batch have read or saved already, so that it is asked for once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Known"]

K = TypeVar("K")
V = TypeVar("V")


class Known(Generic[K, V]):
    """Values by key, absent ones included, while it is open: for as long as one transaction at most.

    Afterwards another connection may have changed them; and where a function fails, what it did is undone.
    `SqliteTx.run` and `SqliteTx.forget` see to both.
    """

    __slots__ = ("_values", "is_open")

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self.is_open = False

    def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False
        self._values.clear()

    def find(self, key: K, read: Callable[[K], V]) -> V:
        """The value of a key, read where it is not known."""
        if key in self._values:
            return self._values[key]
        value = read(key)
        self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """The value is this one now."""
        if self.is_open:
            self._values[key] = value

    def clear(self) -> None:
        """All may be others now."""
        self._values.clear()

    def drop(self, key: K) -> None:
        """The value may be another one now."""
        self._values.pop(key, None)
