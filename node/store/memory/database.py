"""The store in memory, as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from federation.ports import Clock
from node.store.memory.federation_ports import (
    MemoryDeliveryQueue,
    MemoryHostMemory,
    MemoryInboxLog,
    MemoryPublicKeys,
)
from node.store.memory.tables import Tables
from node.store.memory.transaction import MemoryTx
from node.store.ports import StoreRefused

__all__ = ["MemoryDatabase"]

T = TypeVar("T")


class MemoryDatabase:
    """Implements `Database`.

    A write works on a copy of the tables, which takes the place of the old ones once it has succeeded; what
    it costs grows with the store. A read sees the tables through views that cannot be written.
    """

    refusal: str | None = None
    shortage: str | None = None

    def __init__(self, *, clock: Clock) -> None:
        self._tables = Tables()
        self._closed = False
        self.inbox_log = MemoryInboxLog(self.read, self.write, clock)
        self.delivery_queue = MemoryDeliveryQueue(self.read, self.write)
        self.public_keys = MemoryPublicKeys(self.read, self.write)
        self.host_memory = MemoryHostMemory(self.read, self.write)

    def _open_tables(self) -> Tables:
        if self._closed:
            raise StoreRefused("The store is closed.")
        return self._tables

    async def read(self, fn: Callable[[MemoryTx], T]) -> T:
        """Raises: TypeError if `fn` tries to write."""
        return fn(MemoryTx(self._open_tables().each(MappingProxyType)))

    async def write(self, fn: Callable[[MemoryTx], T]) -> T:
        """Raises: what `fn` raised; nothing has changed then."""
        tables = self._open_tables().each(dict)
        value = fn(MemoryTx(tables))
        self._tables = tables
        return value

    async def copy_to(self, path: Path) -> None:
        """Raises: StoreRefused, always: there is no file to copy, and nobody expects this store back."""
        raise StoreRefused("A store in memory cannot be backed up.")

    async def aclose(self) -> None:
        """Forget everything."""
        self._closed = True
        self._tables = Tables()
