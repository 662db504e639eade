"""The store in memory: the answers of the durable ones, and nothing that survives. For tests and tools."""

from node.store.memory.database import MemoryDatabase

__all__ = ["MemoryDatabase"]
