"""What came in and what goes out, in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from federation.ports import (
    LAST_CALL,
    DeliveryJob,
    DeliveryOutcome,
    HostState,
    InboundEntry,
    Outcome,
    Recorded,
    lane_of,
)
from node.store.memory.tables import AT_ONCE, Pending, Repository
from node.store.ports import DeadEntry, JobState, QueuedJob

__all__ = ["MemoryDeliveries", "MemoryInbox"]

_SHARE = 64
_HELD = "held back behind an earlier message of the same deal"


class MemoryInbox(Repository):
    def record(self, entry: InboundEntry) -> Recorded:
        key = (entry.recipient, entry.actor, entry.activity_id)
        known = self._t.seen.get(key)
        if known is not None and known != entry.digest:
            self._t.conflicts[entry.recipient] = self.conflicts(entry.recipient) + 1
            return Recorded.CONFLICT
        if entry.replay_key:
            self._t.replays[entry.replay_key] = entry.replay_until
        if known is not None:
            return Recorded.DUPLICATE
        self._t.seen[key] = entry.digest
        number = self._t.number("inbox")
        self._t.inbox[number] = Pending(replace(entry, id=number))
        return Recorded.NEW

    def pending(self) -> list[Pending]:
        rows = (row for row in self._t.inbox.values() if row.buried_at is None)
        return sorted(rows, key=lambda row: (row.due_at, row.entry.id))

    def retry(self, entry_id: int, at: datetime, error: str) -> None:
        if self.is_pending(entry_id):
            row = self._t.inbox[entry_id]
            again = replace(row.entry, attempts=row.entry.attempts + 1)
            self._t.inbox[entry_id] = Pending(again, at, error)

    def bury(self, entry_id: int, error: str, now: datetime) -> None:
        if self.is_pending(entry_id):
            self._t.inbox[entry_id] = replace(self._t.inbox[entry_id], error=error, buried_at=now)

    def is_pending(self, entry_id: int) -> bool:
        return entry_id in self._t.inbox and self._t.inbox[entry_id].buried_at is None

    def finish(self, entry_id: int) -> None:
        if self.is_pending(entry_id):
            del self._t.inbox[entry_id]

    def waiting_since(self) -> datetime | None:
        untried = (row.entry.received_at for row in self.pending() if row.entry.attempts == 0)
        return min(untried, default=None)

    def dead(self) -> list[DeadEntry]:
        rows = sorted(self._t.inbox.values(), key=lambda row: row.entry.id)
        return [DeadEntry(row.entry, row.error, row.buried_at) for row in rows if row.buried_at]

    def requeue(self, entry_id: int, now: datetime) -> bool:
        row = self._t.inbox.get(entry_id)
        if row is None or row.buried_at is None:
            return False
        self._t.inbox[entry_id] = Pending(replace(row.entry, attempts=0), now)
        return True

    def drop(self, entry_id: int) -> bool:
        row = self._t.inbox.get(entry_id)
        if row is None or row.buried_at is None:
            return False
        del self._t.inbox[entry_id]
        return True

    def conflicts(self, recipient: str) -> int:
        return self._t.conflicts.get(recipient, 0)


class MemoryDeliveries(Repository):
    def _of_key(self, ordering_key: str, after: int = 0) -> list[QueuedJob]:
        """The jobs of a key, in order; an empty key orders nothing."""
        jobs = (job for job in self._t.jobs.values() if ordering_key and job.ordering_key == ordering_key)
        return sorted((job for job in jobs if job.id > after), key=lambda job: job.id)

    def enqueue(self, job: QueuedJob) -> None:
        before = self._of_key(job.ordering_key)
        held = bool(before) and before[-1].state in (JobState.DEAD, JobState.HELD) and not job.fan_out
        number = self._t.number("job")
        self._t.jobs[number] = replace(
            job,
            id=number,
            state=JobState.HELD if held else JobState.QUEUED,
            attempts=0,
            detail=_HELD if held else "",
            settled_at=None,
        )

    def heads(self) -> list[QueuedJob]:
        """The queued jobs that wait for nobody, by the time when they are due."""
        heads: list[QueuedJob] = []
        waiting: set[str] = set()
        for job in sorted(self._t.jobs.values(), key=lambda job: job.id):
            if job.state is JobState.QUEUED and job.ordering_key not in waiting:
                heads.append(job)
                waiting.update({job.ordering_key} - {""})
        return sorted(heads, key=lambda job: (job.due_at or AT_ONCE, job.id))

    def claim(self, limit: int, now: datetime, busy: Collection[str] = ()) -> list[DeliveryJob]:
        heads = [job for job in self.heads() if lane_of(job.inbox) not in busy]
        lanes: dict[str, list[QueuedJob]] = {}
        for job in heads:
            if max(job.due_at or AT_ONCE, self._t.holds.get(lane_of(job.inbox), AT_ONCE)) <= now:
                lanes.setdefault(lane_of(job.inbox), []).append(job)
        share = min(max(limit // max(len(lanes), 1), 1), _SHARE)
        found = {job.id for jobs in lanes.values() for job in jobs[:share]}
        ending = sorted(
            (job for job in heads if job.give_up_at <= now + LAST_CALL), key=lambda job: job.give_up_at
        )
        found.update(job.id for job in ending[:limit])
        due = [job for job in heads if job.id in found]
        return [
            DeliveryJob(
                id=job.id,
                inbox=job.inbox,
                actor=job.actor,
                key_id=job.key_id,
                body=job.body,
                ordering_key=job.ordering_key,
                attempts=job.attempts,
                created_at=job.created_at,
                give_up_at=job.give_up_at,
                fast_key_id=job.fast_key_id,
                lane=lane_of(job.inbox),
            )
            for job in due[:limit]
        ]

    def due_times(self) -> list[datetime]:
        """When each job that waits for nobody may go, and when those that end have their last call."""
        heads = self.heads()
        times = [max(job.due_at or AT_ONCE, self._t.holds.get(lane_of(job.inbox), AT_ONCE)) for job in heads]
        return times + [job.give_up_at - LAST_CALL for job in heads]

    def settle_all(self, ends: Sequence[tuple[int, DeliveryOutcome]], now: datetime) -> None:
        for job_id, outcome in ends:
            self.settle(job_id, outcome, now)

    def settle(self, job_id: int, outcome: DeliveryOutcome, now: datetime) -> None:
        job = self._t.jobs.get(job_id)
        if job is None or job.state is not JobState.QUEUED:
            return
        self._settle(job_id, job, outcome, now)
        if outcome.hold_until is not None:
            self._t.holds[lane_of(job.inbox)] = outcome.hold_until
        elif outcome.attempted:
            self._t.holds.pop(lane_of(job.inbox), None)
        self._forget_holds()

    def _waiting_lanes(self) -> set[str]:
        return {lane_of(job.inbox) for job in self.heads()}

    def _forget_holds(self) -> None:
        """A host to which nothing waits needs not be left alone."""
        for lane in set(self._t.holds) - self._waiting_lanes():
            del self._t.holds[lane]

    def _settle(self, job_id: int, job: QueuedJob, outcome: DeliveryOutcome, now: datetime) -> None:
        job = replace(job, attempts=job.attempts + int(outcome.attempted), detail=outcome.detail)
        match outcome.outcome:
            case Outcome.DELIVERED:
                job = replace(job, state=JobState.DELIVERED, settled_at=now, body=b"")
            case Outcome.RETRY:
                job = replace(job, due_at=outcome.retry_at or job.due_at)
            case Outcome.TAKEN_BACK:
                job = replace(job, state=JobState.DROPPED, settled_at=now, body=b"")
            case Outcome.EXPIRED:
                job = replace(job, state=JobState.EXPIRED, settled_at=now)
            case Outcome.DEAD if job.fan_out:
                job = replace(job, state=JobState.DEAD, settled_at=now)
            case Outcome.DEAD:
                job = replace(job, state=JobState.DEAD, settled_at=now)
                for later in self._of_key(job.ordering_key, after=job_id):
                    if later.state is JobState.QUEUED:
                        self._t.jobs[later.id] = replace(later, state=JobState.HELD, detail=_HELD)
        self._t.jobs[job_id] = job

    def all(
        self, *, states: Iterable[JobState] = (), actors: Iterable[str] = (), limit: int = 200
    ) -> list[QueuedJob]:
        in_states, of_actors = set(states), set(actors)
        jobs = sorted(self._t.jobs.values(), key=lambda job: -job.id)
        found = (job for job in jobs if not in_states or job.state in in_states)
        return [job for job in found if not of_actors or job.actor in of_actors][:limit]

    def get(self, job_id: int) -> QueuedJob | None:
        return self._t.jobs.get(job_id)

    def of_activity(self, activity_id: str) -> list[QueuedJob]:
        jobs = (job for job in self._t.jobs.values() if job.activity_id == activity_id)
        return sorted(jobs, key=lambda job: job.id)

    def resend(self, job_id: int, now: datetime, give_up_at: datetime) -> bool:
        job = self._t.jobs.get(job_id)
        if job is None or job.state not in (JobState.DEAD, JobState.EXPIRED, JobState.HELD):
            return False
        again = replace(job, state=JobState.QUEUED, due_at=now, detail="", settled_at=None)
        self._t.jobs[job_id] = replace(again, give_up_at=give_up_at, attempts=0)
        self._requeue_held_behind(job_id, job, now, give_up_at)
        return True

    def drop(self, job_id: int, now: datetime) -> bool:
        job = self._t.jobs.get(job_id)
        if job is None or job.state in (JobState.DELIVERED, JobState.DROPPED):
            return False
        self._t.jobs[job_id] = replace(job, state=JobState.DROPPED, settled_at=now, body=b"")
        self._requeue_held_behind(job_id, job, now, now)
        self._forget_holds()
        return True

    def _requeue_held_behind(self, job_id: int, job: QueuedJob, now: datetime, give_up_at: datetime) -> None:
        for later in self._of_key(job.ordering_key, after=job_id):
            if later.state is JobState.DEAD:
                break
            if later.state is JobState.HELD:
                self._t.jobs[later.id] = replace(
                    later,
                    state=JobState.QUEUED,
                    due_at=max(later.due_at or AT_ONCE, now),
                    give_up_at=max(later.give_up_at, give_up_at),
                    detail="",
                )

    def delivered_at(self, activity_id: str, recipient: str) -> datetime | None:
        return min(
            (
                job.settled_at
                for job in self._t.jobs.values()
                if (job.activity_id, job.recipient) == (activity_id, recipient)
                and job.state is JobState.DELIVERED
                and job.settled_at is not None
            ),
            default=None,
        )

    def hosts(self) -> list[HostState]:
        return sorted(self._t.hosts.values(), key=lambda state: state.origin)
