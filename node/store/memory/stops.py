"""What is queued and must not leave any more, in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from federation.ports import DeliveryOutcome, Outcome, lane_of
from node.store.memory.queues import MemoryDeliveries
from node.store.memory.tables import AT_ONCE, Repository
from node.store.ports import JobState, QueuedJob
from node.store.stops import Stop, delete_behind, domains_over

__all__ = ["MemoryStops"]


class MemoryStops(Repository):
    """Implements `Stops`."""

    def why(self, job_id: int) -> str:
        job = self._t.jobs.get(job_id)
        if job is None or job.state is not JobState.QUEUED:
            return Stop.ENDED
        fan_out = self._t.fan_outs.get(job.fan_out)
        if fan_out is not None and fan_out.taken_back_at is not None:
            return Stop.TAKEN_BACK
        delete = "" if job.fan_out else delete_behind(job.ordering_key, job.inbox)
        if delete and any(
            later.id > job_id and (later.ordering_key, later.activity_id) == (job.ordering_key, delete)
            for later in self._t.jobs.values()
        ):
            return Stop.TAKEN_BACK
        over = domains_over(lane_of(job.inbox)) if self._t.blocks else ()
        return Stop.BLOCKED if any(domain in self._t.blocks for domain in over) else ""

    def hosts(self) -> list[str]:
        return sorted({lane_of(job.inbox) for job in MemoryDeliveries(self._t).heads()})

    def hurry(self, lanes: Collection[str]) -> None:
        for job in MemoryDeliveries(self._t).heads():
            if lane_of(job.inbox) in lanes:
                self._t.jobs[job.id] = replace(job, due_at=AT_ONCE)
        for lane in lanes:
            self._t.holds.pop(lane, None)

    def posts_at(self, actor: str, inboxes: Collection[str]) -> list[QueuedJob]:
        return [job for job in self._queued() if job.fan_out and job.actor == actor and job.inbox in inboxes]

    def words_for(self, recipient: str, inbox: str) -> list[QueuedJob]:
        found = [job for job in self._queued() if not job.fan_out and job.recipient == recipient]
        return [job for job in found if lane_of(job.inbox) == lane_of(inbox)]

    def _queued(self) -> list[QueuedJob]:
        queued = (job for job in self._t.jobs.values() if job.state is JobState.QUEUED)
        return sorted(queued, key=lambda job: job.id)

    def is_overtaken(self, job: QueuedJob) -> bool:
        later = (one for one in self._t.jobs.values() if one.id > job.id and job.ordering_key)
        return any(one.ordering_key == job.ordering_key and one.state is JobState.DELIVERED for one in later)

    def end(self, job_ids: Collection[int], why: Stop, now: datetime) -> None:
        outcome = DeliveryOutcome(Outcome.TAKEN_BACK, why, attempted=False)
        MemoryDeliveries(self._t).settle_all([(job_id, outcome) for job_id in job_ids], now)

    def unname(self, actor: str, inbox: str) -> None:
        for number, one in self._t.fan_outs.items():
            is_open = not (one.is_spread or one.to_reached) and one.taken_back_at is None
            if is_open and one.actor == actor:
                left = tuple(name for name in one.named if name != inbox)
                self._t.fan_outs[number] = replace(one, named=left)
