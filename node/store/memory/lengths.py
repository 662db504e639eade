"""How much waits, in memory."""

from __future__ import annotations

from datetime import datetime

from node.store.memory.queues import MemoryInbox
from node.store.memory.tables import Repository
from node.store.ports import JobState, Lengths

__all__ = ["MemoryQueues"]


class MemoryQueues(Repository):
    """Implements `Queues`."""

    def lengths(self, now: datetime) -> Lengths:
        jobs = list(self._t.jobs.values())
        queued = [job for job in jobs if job.state is JobState.QUEUED]
        due = self._due(now)
        pending = len(MemoryInbox(self._t).pending())
        open_until = (host.open_until for host in self._t.hosts.values())
        return Lengths(
            deliveries_due=due,
            deliveries_waiting=len(queued) - due,
            deliveries_dead=sum(
                job.state in (JobState.DEAD, JobState.HELD) and not job.fan_out for job in jobs
            ),
            inbox_pending=pending,
            inbox_dead=len(self._t.inbox) - pending,
            parked=len(self._t.parked),
            circuits_open=sum(until is not None and until > now for until in open_until),
        )

    def _due(self, now: datetime) -> int:
        """The first queued job of each ordering key may leave when it is due."""
        heads: set[str] = set()
        due = 0
        for _, job in sorted(self._t.jobs.items()):
            if job.state is not JobState.QUEUED or job.ordering_key in heads:
                continue
            if job.ordering_key:
                heads.add(job.ordering_key)
            due += job.due_at is None or job.due_at <= now
        return due
