"""The toolkit's ports over the store: inbox log, delivery queue, keys of others, memory of hosts.

Single rows are read on the event loop itself, on a connection kept for that: it takes a few microseconds
where a thread hop takes a hundred (`speed.md`). Lists are read by the readers' threads.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from federation.keys import KeyAlgorithm, PublicKey
from federation.ports import (
    Clock,
    DeliveryJob,
    DeliveryOutcome,
    HostState,
    InboundEntry,
    KnownKey,
    Recorded,
)
from node.store.sqlite.codec import from_micros, from_micros_or_none, to_micros, to_micros_or_none
from node.store.sqlite.endings import Ended, Pending
from node.store.sqlite.handover import Handover
from node.store.sqlite.inbox import SeenHash, SqliteInbox
from node.store.sqlite.outbox import HOST, SqliteDeliveries
from node.store.sqlite.replays import ReplayFilter
from node.store.sqlite.stops import SqliteStops
from node.store.sqlite.transaction import SqliteTx

__all__ = ["Runner", "SqliteDeliveryQueue", "SqliteHostMemory", "SqliteInboxLog", "SqlitePublicKeys"]

T = TypeVar("T")
V = TypeVar("V")

_PRUNE_EVERY = timedelta(minutes=1)
_KEYS_KEPT = 100_000
_KEYS_IN_MEMORY = 10_000
_HOSTS_KEPT = 10_000
_HOST_FORGOTTEN_AFTER = timedelta(days=60)
_SHARE = 64
"""No actor gives more entries to one claim, so that what is in memory stays bounded."""
_LOOKED_AT_EVERY = 100
"""Tables with a bound are cut once in so many new rows, so that a row does not pay for counting."""


class Runner(Protocol):
    """How a function gets a transaction."""

    def __call__(self, fn: Callable[[SqliteTx], T], /) -> Awaitable[T]: ...


class SqliteInboxLog:
    """Implements `federation.ports.InboxLog`.

    `check` raises, or waits, while the store is in such trouble that no work is to be claimed.
    """

    def __init__(
        self,
        read: Runner,
        write: Runner,
        here: sqlite3.Connection,
        seen: SeenHash,
        clock: Clock,
        check: Callable[[], Awaitable[None]],
    ) -> None:
        self._read = read
        self._write = write
        self._here = SqliteInbox(here)
        self._replays = ReplayFilter(here)
        self._seen = seen
        self._clock = clock
        self._check = check
        self._ended = Ended()
        self._fresh = Handover()
        self._pending = Pending(self._here)
        self._last_turn = ""
        self._pruned_at: datetime | None = None

    async def replayed(self, replay_key: bytes, now: datetime) -> bool:
        return self._replays.may_hold(replay_key, now) and self._here.replayed(replay_key, now)

    async def record(self, entry: InboundEntry) -> Recorded:
        prune = self._should_prune(entry.received_at)
        if entry.replay_key:  # before it is durable, so that no way of ending leaves one out
            self._replays.add(entry.replay_key, entry.replay_until, entry.received_at)

        def record(tx: SqliteTx) -> tuple[Recorded, int]:
            if prune:
                tx.inbox.prune_replays(entry.received_at)
            return tx.inbox.record(entry, self._seen)

        recorded, entry_id = await self._write(record)
        if recorded is Recorded.NEW:
            self._fresh.put(entry_id, entry)
        return recorded

    def _should_prune(self, now: datetime) -> bool:
        if self._pruned_at is not None and abs(now - self._pruned_at) < _PRUNE_EVERY:
            return False
        self._pruned_at = now
        return True

    async def claim(self, limit: int, now: datetime, *, busy: Collection[str] = ()) -> list[InboundEntry]:
        await self._check()
        is_due, actors = self._here.look(limit, now, self._last_turn, busy)
        while is_due:
            await self._write(lambda tx: tx.inbox.make_ready(now))
            is_due, actors = self._here.look(limit, now, self._last_turn, busy)
        self._last_turn = actors[-1] if len(actors) == limit else ""
        if not actors:
            return []
        ids = self._here.first_of(actors, min(max(limit // len(actors), 1), _SHARE))
        found = {entry_id: self._fresh.take(entry_id) for entry_id in ids}
        missing = [entry_id for entry_id, entry in found.items() if entry is None]
        if missing:
            with self._ended.watch() as ended:
                read = await self._read(lambda tx: tx.inbox.entries(missing))
            found.update((entry.id, entry) for entry in read)
            for entry_id in ended:
                found.pop(entry_id, None)
        return [entry for entry in found.values() if entry is not None]

    async def finish(self, entry_id: int) -> None:
        # Nearly always the handler has done so in its own transaction, and a look is cheaper than a write.
        if await self._pending.has(entry_id):
            await self._write(lambda tx: tx.inbox.finish(entry_id))
        self._let_go(entry_id)

    async def retry(self, entry_id: int, at: datetime, error: str) -> None:
        await self._write(lambda tx: tx.inbox.retry(entry_id, at, error))
        self._let_go(entry_id)

    async def bury(self, entry_id: int, error: str) -> None:
        now = self._clock()
        await self._write(lambda tx: tx.inbox.bury(entry_id, error, now))
        self._let_go(entry_id)

    def _let_go(self, entry_id: int) -> None:
        self._ended.add(entry_id)
        # Claimed between its commit and its hand-over, it was read from the store, and lies there still.
        self._fresh.take(entry_id)


class SqliteDeliveryQueue:
    """Implements `federation.ports.DeliveryQueue`; `check` as for the inbox log."""

    def __init__(
        self, read: Runner, write: Runner, here: sqlite3.Connection, check: Callable[[], Awaitable[None]]
    ) -> None:
        self._read = read
        self._write = write
        self._here = SqliteDeliveries(here)
        self._stops_here = SqliteStops(here)
        self._inbox_here = SqliteInbox(here)
        self._check = check
        self._ended = Ended()

    async def claim(self, limit: int, now: datetime, *, busy: Collection[str] = ()) -> list[DeliveryJob]:
        await self._check()
        due = self._here.next_due()
        if due is None or due > to_micros(now):  # nearly always, and a look here is cheaper than a thread's
            return []
        with self._ended.watch() as ended:
            jobs = await self._read(lambda tx: tx.deliveries.claim(limit, now, busy))
            return [job for job in jobs if job.id not in ended]

    async def stopped(self, job_id: int) -> str:
        return self._stops_here.why(job_id)

    async def settle(self, job_id: int, outcome: DeliveryOutcome, now: datetime) -> None:
        await self.settle_all([(job_id, outcome)], now)

    async def settle_all(self, ends: Sequence[tuple[int, DeliveryOutcome]], now: datetime) -> None:
        await self._write(lambda tx: tx.deliveries.settle_all(ends, now))
        for job_id, _ in ends:
            self._ended.add(job_id)

    async def next_due(self, now: datetime) -> datetime | None:
        waiting = [due for due in (self._here.next_due(), self._inbox_here.next_due()) if due is not None]
        if not waiting:
            return None
        # What is due at once has no time of its own.
        return from_micros(min(waiting)) if min(waiting) else now


class _Recent(Generic[V]):
    """The rows in use, parsed; the least recently used leave first."""

    def __init__(self, size: int) -> None:
        self._rows: OrderedDict[str, V] = OrderedDict()
        self._size = size

    def get(self, name: str) -> V | None:
        found = self._rows.get(name)
        if found is not None:
            self._rows.move_to_end(name)
        return found

    def put(self, name: str, row: V) -> None:
        self._rows[name] = row
        self._rows.move_to_end(name)
        if len(self._rows) > self._size:
            self._rows.popitem(last=False)

    def forget(self, matches: Callable[[V], bool]) -> None:
        for name in [name for name, row in self._rows.items() if matches(row)]:
            del self._rows[name]


class SqlitePublicKeys:
    """Implements `federation.ports.PublicKeys`. A key is stored as algorithm and SPKI bytes.

    Keys were judged before they came here, so they are loaded without being judged again.
    """

    def __init__(self, write: Runner, here: sqlite3.Connection, kept: int = _KEYS_KEPT) -> None:
        self._write = write
        self._here = here
        self._kept = kept
        self._recent: _Recent[KnownKey] = _Recent(min(kept, _KEYS_IN_MEMORY))

    async def find(self, key_id: str) -> KnownKey | None:
        known = self._recent.get(key_id)
        if known is not None:
            return known
        row = self._here.execute(
            "SELECT id, owner, algorithm, material, actor, document, fetched_at, revoked_at FROM public_key"
            " WHERE id = ?",
            (key_id,),
        ).fetchone()
        if row is None:
            return None
        known = _known_key(row)
        self._recent.put(key_id, known)
        return known

    async def save(self, known: KnownKey) -> None:
        key = known.key
        row = (
            key.id,
            key.owner,
            key.algorithm.value,
            key.material.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            known.actor,
            known.document,
            to_micros(known.fetched_at),
            to_micros_or_none(known.revoked_at),
        )
        await self._write(lambda tx: _save_key(tx.connection, row, self._kept))
        self._recent.put(key.id, known)

    async def revoke(self, key_id: str, at: datetime) -> None:
        await self._write(lambda tx: _revoke(tx.connection, key_id, at))
        self._recent.forget(lambda known: known.key.id == key_id)

    async def revoke_others(self, actor: str, keep: Collection[str], at: datetime) -> None:
        kept = msgspec.json.encode(sorted(keep)).decode()
        await self._write(lambda tx: _revoke_others(tx.connection, actor, kept, at))
        self._recent.forget(lambda known: known.actor == actor)


def _known_key(row: Any) -> KnownKey:
    key_id, owner, algorithm, der, actor, document, fetched_at, revoked_at = row
    material = load_der_public_key(der)
    assert isinstance(material, RSAPublicKey | Ed25519PublicKey)
    key = PublicKey(key_id, owner, KeyAlgorithm(algorithm), material)
    return KnownKey(key, actor, document, from_micros(fetched_at), from_micros_or_none(revoked_at))


def _save_key(connection: sqlite3.Connection, row: tuple[Any, ...], kept: int) -> None:
    done = connection.execute(
        "INSERT OR REPLACE INTO public_key (id, owner, algorithm, material, actor, document, fetched_at,"
        " revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    if (done.lastrowid or 0) % _LOOKED_AT_EVERY == 0:
        connection.execute(
            "DELETE FROM public_key WHERE seq <="
            " (SELECT seq FROM public_key ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (kept,),
        )


def _revoke(connection: sqlite3.Connection, key_id: str, at: datetime) -> None:
    connection.execute(
        "UPDATE public_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (to_micros(at), key_id)
    )


def _revoke_others(connection: sqlite3.Connection, actor: str, kept: str, at: datetime) -> None:
    connection.execute(
        "UPDATE public_key SET revoked_at = ? WHERE actor = ? AND revoked_at IS NULL"
        " AND id NOT IN (SELECT value FROM json_each(?))",
        (to_micros(at), actor, kept),
    )


class SqliteHostMemory:
    """Implements `federation.ports.HostMemory`; bounded in number and in time, so that made-up hosts cannot
    fill it (E17)."""

    def __init__(
        self, write: Runner, here: sqlite3.Connection, clock: Clock, kept: int = _HOSTS_KEPT
    ) -> None:
        self._clock = clock
        self._write = write
        self._here = here
        self._kept = kept
        self._recent: _Recent[HostState] = _Recent(kept)
        self._unknown: _Recent[bool] = _Recent(kept)

    async def find(self, origin: str) -> HostState | None:
        state = self._recent.get(origin)
        if state is not None:
            return state
        if self._unknown.get(origin):
            return None
        row = self._here.execute("SELECT data FROM host WHERE origin = ?", (origin,)).fetchone()
        if row is None:
            self._unknown.put(origin, True)
            return None
        state = HOST.load(row[0])
        self._recent.put(origin, state)
        return state

    async def save(self, state: HostState) -> None:
        # Known here before it is durable: whoever asks while it is being written must not go by the old one.
        self._recent.put(state.origin, state)
        self._unknown.put(state.origin, False)
        unheard_since = self._clock() - _HOST_FORGOTTEN_AFTER
        await self._write(lambda tx: _save_host(tx.connection, state, self._kept, unheard_since))


def _save_host(connection: sqlite3.Connection, state: HostState, kept: int, unheard_since: datetime) -> None:
    done = connection.execute(
        "INSERT OR REPLACE INTO host (origin, data) VALUES (?, ?)", (state.origin, HOST.dump(state))
    )
    if (done.lastrowid or 0) % _LOOKED_AT_EVERY == 0:
        connection.execute(
            "DELETE FROM host WHERE seq <= (SELECT seq FROM host ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (kept,),
        )
        connection.execute(
            "DELETE FROM host WHERE max(coalesce(data ->> 'learned_at', ''),"
            " coalesce(data ->> 'failing_since', ''), coalesce(data ->> 'open_until', ''))"
            " BETWEEN '0' AND ?",
            (unheard_since.isoformat(),),
        )
