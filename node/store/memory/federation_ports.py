"""The toolkit's ports over the store in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from federation.ports import (
    Clock,
    DeliveryJob,
    DeliveryOutcome,
    HostState,
    InboundEntry,
    KnownKey,
    Recorded,
)
from node.store.memory.tables import AT_ONCE, Tables
from node.store.memory.transaction import MemoryTx

__all__ = ["MemoryDeliveryQueue", "MemoryHostMemory", "MemoryInboxLog", "MemoryPublicKeys", "Runner"]

T = TypeVar("T")

_SHARE = 64
"""No actor gives more entries to one claim."""


class Runner(Protocol):
    """How a function gets a transaction."""

    def __call__(self, fn: Callable[[MemoryTx], T], /) -> Awaitable[T]: ...


class MemoryInboxLog:
    def __init__(self, read: Runner, write: Runner, clock: Clock) -> None:
        self._read = read
        self._write = write
        self._clock = clock
        self._last_turn = ""

    async def replayed(self, replay_key: bytes, now: datetime) -> bool:
        def replayed(tx: MemoryTx) -> bool:
            until = tx.tables.replays.get(replay_key, AT_ONCE)
            return until is None or now <= until

        return await self._read(replayed)

    async def record(self, entry: InboundEntry) -> Recorded:
        return await self._write(lambda tx: tx.inbox.record(entry))

    async def claim(self, limit: int, now: datetime, *, busy: Collection[str] = ()) -> list[InboundEntry]:
        rows = await self._read(lambda tx: tx.inbox.pending())
        waiting: dict[str, list[InboundEntry]] = {}
        for row in sorted(rows, key=lambda row: row.entry.id):
            if row.due_at <= now and row.entry.actor not in busy:
                waiting.setdefault(row.entry.actor, []).append(row.entry)
        actors = sorted(waiting, key=lambda actor: (actor <= self._last_turn, actor))[:limit]
        self._last_turn = actors[-1] if len(actors) == limit else ""
        share = min(max(limit // max(len(actors), 1), 1), _SHARE)
        due = [entry for actor in actors for entry in waiting[actor][:share]]
        return sorted(due, key=lambda entry: entry.id)

    async def finish(self, entry_id: int) -> None:
        await self._write(lambda tx: tx.inbox.finish(entry_id))

    async def retry(self, entry_id: int, at: datetime, error: str) -> None:
        await self._write(lambda tx: tx.inbox.retry(entry_id, at, error))

    async def bury(self, entry_id: int, error: str) -> None:
        now = self._clock()
        await self._write(lambda tx: tx.inbox.bury(entry_id, error, now))


class MemoryDeliveryQueue:
    def __init__(self, read: Runner, write: Runner) -> None:
        self._read = read
        self._write = write

    async def claim(self, limit: int, now: datetime, *, busy: Collection[str] = ()) -> list[DeliveryJob]:
        return await self._read(lambda tx: tx.deliveries.claim(limit, now, busy))

    async def stopped(self, job_id: int) -> str:
        return await self._read(lambda tx: tx.stops.why(job_id))

    async def settle(self, job_id: int, outcome: DeliveryOutcome, now: datetime) -> None:
        await self._write(lambda tx: tx.deliveries.settle(job_id, outcome, now))

    async def settle_all(self, ends: Sequence[tuple[int, DeliveryOutcome]], now: datetime) -> None:
        await self._write(lambda tx: tx.deliveries.settle_all(ends, now))

    async def next_due(self, now: datetime) -> datetime | None:
        def waiting(tx: MemoryTx) -> list[datetime]:
            due = tx.deliveries.due_times()
            return due + [row.due_at for row in tx.inbox.pending()]

        first = min(await self._read(waiting), default=None)
        # What is due at once has no time of its own.
        return now if first == AT_ONCE else first


class MemoryPublicKeys:
    def __init__(self, read: Runner, write: Runner) -> None:
        self._read = read
        self._write = write

    async def find(self, key_id: str) -> KnownKey | None:
        return await self._read(lambda tx: tx.tables.public_keys.get(key_id))

    async def save(self, known: KnownKey) -> None:
        def save(tx: MemoryTx) -> None:
            tx.tables.public_keys[known.key.id] = known

        await self._write(save)

    async def revoke(self, key_id: str, at: datetime) -> None:
        await self._write(lambda tx: _revoke(tx.tables, lambda known: known.key.id == key_id, at))

    async def revoke_others(self, actor: str, keep: Collection[str], at: datetime) -> None:
        def is_dropped(known: KnownKey) -> bool:
            return known.actor == actor and known.key.id not in keep

        await self._write(lambda tx: _revoke(tx.tables, is_dropped, at))


def _revoke(tables: Tables, matches: Callable[[KnownKey], bool], at: datetime) -> None:
    for key_id, known in list(tables.public_keys.items()):
        if known.revoked_at is None and matches(known):
            tables.public_keys[key_id] = replace(known, revoked_at=at)


class MemoryHostMemory:
    def __init__(self, read: Runner, write: Runner) -> None:
        self._read = read
        self._write = write

    async def find(self, origin: str) -> HostState | None:
        return await self._read(lambda tx: tx.tables.hosts.get(origin))

    async def save(self, state: HostState) -> None:
        def save(tx: MemoryTx) -> None:
            tx.tables.hosts[state.origin] = state

        await self._write(save)
