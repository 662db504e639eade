"""Many values through one method of a transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from node.store.ports import Tx

__all__ = ["each"]

T = TypeVar("T")


def each(method: Callable[[Tx], Callable[[T], object]], *values: T) -> Callable[[Tx], None]:
    """A write of these values, in this order: `await db.write(each(lambda tx: tx.blocks.save, a, b))`."""

    def write(tx: Tx) -> None:
        for value in values:
            method(tx)(value)

    return write
