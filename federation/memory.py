"""The ports of `ports.py` in memory, for tests and small tools. Nothing here survives the process."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from federation.keys import SigningKey
from federation.ports import (
    LAST_CALL,
    DeliveryJob,
    DeliveryOutcome,
    HostState,
    InboundEntry,
    KnownKey,
    Outcome,
    Recorded,
    lane_of,
)

__all__ = [
    "BuriedEntry",
    "DeadJob",
    "MemoryDeliveryQueue",
    "MemoryHostMemory",
    "MemoryInboxLog",
    "MemoryPublicKeys",
    "MemorySigningKeys",
]


class MemoryPublicKeys:
    """`PublicKeys`; the least recently used are forgotten beyond `max_keys`."""

    def __init__(self, max_keys: int = 100_000) -> None:
        self._known: OrderedDict[str, KnownKey] = OrderedDict()
        self._max_keys = max_keys

    async def find(self, key_id: str) -> KnownKey | None:
        known = self._known.get(key_id)
        if known is not None:
            self._known.move_to_end(key_id)
        return known

    async def save(self, known: KnownKey) -> None:
        self._known[known.key.id] = known
        self._known.move_to_end(known.key.id)
        if len(self._known) > self._max_keys:
            self._known.popitem(last=False)

    async def revoke(self, key_id: str, at: datetime) -> None:
        known = self._known.get(key_id)
        if known is not None and known.revoked_at is None:
            self._known[key_id] = replace(known, revoked_at=at)

    async def revoke_others(self, actor: str, keep: Collection[str], at: datetime) -> None:
        dropped = [key_id for key_id, known in self._known.items() if known.actor == actor]
        for key_id in dropped:
            if key_id not in keep:
                await self.revoke(key_id, at)


class MemorySigningKeys:
    """`SigningKeys`, with `add` and `destroy`."""

    def __init__(self, *keys: SigningKey) -> None:
        self._keys = {key.id: key for key in keys}

    async def get(self, key_id: str) -> SigningKey:
        return self._keys[key_id]

    def add(self, key: SigningKey) -> None:
        self._keys[key.id] = key

    def destroy(self, key_id: str) -> None:
        self._keys.pop(key_id, None)


class MemoryHostMemory:
    """`HostMemory`; bounded, so that made-up hosts cannot fill it (`security E17`)."""

    def __init__(self, max_hosts: int = 10_000) -> None:
        self._states: OrderedDict[str, HostState] = OrderedDict()
        self._max_hosts = max_hosts

    async def find(self, origin: str) -> HostState | None:
        return self._states.get(origin)

    async def save(self, state: HostState) -> None:
        self._states[state.origin] = state
        self._states.move_to_end(state.origin)
        if len(self._states) > self._max_hosts:
            self._states.popitem(last=False)


@dataclass(frozen=True, slots=True)
class BuriedEntry:
    """A message that was given up, with the last error in words."""

    entry: InboundEntry
    error: str


class MemoryInboxLog:
    """`InboxLog`. `pending`, `finished` and `buried` are for looking at."""

    def __init__(self) -> None:
        self.pending: dict[int, tuple[InboundEntry, datetime]] = {}
        self.finished: list[InboundEntry] = []
        self.buried: list[BuriedEntry] = []
        self._seen: dict[tuple[str, str, str], str] = {}
        self._replays: dict[bytes, datetime | None] = {}
        self._last_id = 0
        self._last_turn = ""

    async def replayed(self, replay_key: bytes, now: datetime) -> bool:
        if replay_key not in self._replays:
            return False
        until = self._replays[replay_key]
        return until is None or now <= until

    async def record(self, entry: InboundEntry) -> Recorded:
        key = (entry.recipient, entry.actor, entry.activity_id)
        known = self._seen.get(key)
        if known is not None and known != entry.digest:
            return Recorded.CONFLICT
        if entry.replay_key:
            self._replays[entry.replay_key] = entry.replay_until
        if known is not None:
            return Recorded.DUPLICATE
        self._seen[key] = entry.digest
        self._last_id += 1
        stored = replace(entry, id=self._last_id)
        self.pending[stored.id] = (stored, stored.received_at)
        return Recorded.NEW

    async def claim(self, limit: int, now: datetime, *, busy: Collection[str] = ()) -> list[InboundEntry]:
        waiting: dict[str, list[InboundEntry]] = {}
        for _, (entry, due_at) in sorted(self.pending.items()):
            if due_at <= now and entry.actor not in busy:
                waiting.setdefault(entry.actor, []).append(entry)
        actors = sorted(waiting, key=lambda actor: (actor <= self._last_turn, actor))[:limit]
        self._last_turn = actors[-1] if len(actors) == limit else ""
        share = max(limit // max(len(actors), 1), 1)
        due = [entry for actor in actors for entry in waiting[actor][:share]]
        return sorted(due, key=lambda entry: entry.id)

    async def finish(self, entry_id: int) -> None:
        taken = self.pending.pop(entry_id, None)
        if taken is not None:
            self.finished.append(taken[0])

    async def retry(self, entry_id: int, at: datetime, error: str) -> None:
        taken = self.pending.get(entry_id)
        if taken is not None:
            self.pending[entry_id] = (replace(taken[0], attempts=taken[0].attempts + 1), at)

    async def bury(self, entry_id: int, error: str) -> None:
        taken = self.pending.pop(entry_id, None)
        if taken is not None:
            self.buried.append(BuriedEntry(taken[0], error))

    def due_times(self) -> list[datetime]:
        """When each pending entry falls due."""
        return [due_at for _, due_at in self.pending.values()]


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A delivery that was given up, and why."""

    job: DeliveryJob
    outcome: DeliveryOutcome


class MemoryDeliveryQueue:
    """`DeliveryQueue`, with `enqueue`, `resend` and `taken_back`.

    `log` is where `next_due` sees the pending entries.
    """

    def __init__(self, log: MemoryInboxLog | None = None) -> None:
        self.jobs: dict[int, tuple[DeliveryJob, datetime]] = {}
        self.holds: dict[str, datetime] = {}
        self.delivered: list[DeliveryJob] = []
        self.dead: dict[int, DeadJob] = {}
        self.taken_back: set[int] = set()
        self._log = log
        self._last_id = 0

    async def enqueue(self, job: DeliveryJob, *, due_at: datetime | None = None) -> DeliveryJob:
        """Queue a job under a fresh id, due at once unless told otherwise; returns it with that id."""
        self._last_id += 1
        queued = replace(job, id=self._last_id, lane=lane_of(job.inbox))
        self.jobs[queued.id] = (queued, due_at or queued.created_at)
        return queued

    async def resend(self, job_id: int, now: datetime) -> None:
        """Put a dead job back. Raises: KeyError."""
        dead = self.dead.pop(job_id)
        self.jobs[job_id] = (replace(dead.job, attempts=0), now)

    async def claim(self, limit: int, now: datetime, *, busy: Collection[str] = ()) -> list[DeliveryJob]:
        ready: list[DeliveryJob] = []
        behind: set[str] = set()
        for _, (job, _due) in sorted(self.jobs.items()):
            if job.ordering_key and job.ordering_key in behind:
                continue
            behind.add(job.ordering_key)
            if self._goes_at(job) <= now and job.lane not in busy:
                ready.append(job)
        lanes = Counter(job.lane for job in ready)
        share = max(limit // max(len(lanes), 1), 1)
        taken: Counter[str] = Counter()
        for job in list(ready):
            taken[job.lane] += 1
            if taken[job.lane] > share:
                ready.remove(job)
        return ready[:limit]

    def _goes_at(self, job: DeliveryJob) -> datetime:
        """When a job may go: due, its host not left alone; its last call at the latest."""
        due_at = self.jobs[job.id][1]
        return min(max(due_at, self.holds.get(job.lane, due_at)), job.give_up_at - LAST_CALL)

    async def stopped(self, job_id: int) -> str:
        return "taken back before it was sent" if job_id in self.taken_back else ""

    async def settle_all(self, ends: Sequence[tuple[int, DeliveryOutcome]], now: datetime) -> None:
        for job_id, outcome in ends:
            await self.settle(job_id, outcome, now)

    async def settle(self, job_id: int, outcome: DeliveryOutcome, now: datetime) -> None:
        job, due_at = self.jobs[job_id]
        if outcome.hold_until is not None:
            self.holds[job.lane] = outcome.hold_until
        elif outcome.attempted:
            self.holds.pop(job.lane, None)
        if outcome.outcome is Outcome.DELIVERED:
            del self.jobs[job_id]
            self.delivered.append(job)
        elif outcome.outcome is Outcome.RETRY:
            attempts = job.attempts + (1 if outcome.attempted else 0)
            self.jobs[job_id] = (replace(job, attempts=attempts), outcome.retry_at or due_at)
        elif outcome.outcome in (Outcome.EXPIRED, Outcome.TAKEN_BACK):
            del self.jobs[job_id]
            self.dead[job_id] = DeadJob(job, outcome)
        else:
            self._give_up(job, outcome)

    def _give_up(self, job: DeliveryJob, outcome: DeliveryOutcome) -> None:
        """A permanent failure stops the later jobs of the same deal; all of them are shown together."""
        for other_id, (other, _) in sorted(self.jobs.items()):
            later = bool(job.ordering_key) and other.ordering_key == job.ordering_key and other_id > job.id
            if later or other_id == job.id:
                del self.jobs[other_id]
                self.dead[other_id] = DeadJob(other, outcome)

    async def next_due(self, now: datetime) -> datetime | None:
        times = [self._goes_at(job) for job, _ in self.jobs.values()]
        if self._log is not None:
            times += self._log.due_times()
        return min(times, default=None)
