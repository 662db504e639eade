"""An account's own mail, and all that it holds, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TypeVar

from federation.ports import HostState
from node.domain.accounts import Persona
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Deal
from node.domain.intents import Intent
from node.store.memory.queues import MemoryDeliveries
from node.store.memory.tables import Repository
from node.store.ports import DeadEntry, Follower, JobState, Notice, Post, QueuedJob, StoredMessage
from node.store.upkeep import Stretch

__all__ = ["MemoryHoldings", "MemoryTraffic"]

T = TypeVar("T")


class MemoryTraffic(Repository):
    def _own(self, account: str) -> set[str]:
        return {account, *(one.id for one in self._t.personas.values() if one.account == account)}

    def singly(self, states: Iterable[JobState] = (), *, limit: int = 200) -> list[QueuedJob]:
        wanted = set(states)
        found = (job for job in self._t.jobs.values() if not job.fan_out)
        return sorted((job for job in found if not wanted or job.state in wanted), key=lambda job: -job.id)[
            :limit
        ]

    def sent(
        self, account: str, states: Iterable[JobState], *, before: int | None = None, limit: int = 50
    ) -> Stretch[QueuedJob]:
        own, wanted = self._own(account), set(states)
        found = {
            number: job
            for number, job in self._t.jobs.items()
            if job.actor in own and job.state in wanted and not job.fan_out
        }
        return _newest(found, before, limit)

    def count(self, account: str, state: JobState, *, most: int = 100) -> int:
        own = self._own(account)
        alone = (job for job in self._t.jobs.values() if not job.fan_out)
        return min(most, sum(job.actor in own and job.state is state for job in alone))

    def first_in_line(self, job_ids: Iterable[int]) -> set[int]:
        return set(job_ids) & {job.id for job in MemoryDeliveries(self._t).heads()}

    def hosts(self, origins: Iterable[str]) -> list[HostState]:
        asked = set(origins)
        found = (state for state in self._t.hosts.values() if state.origin in asked)
        return sorted(found, key=lambda state: state.origin)

    def unread(self, account: str, *, before: int | None = None, limit: int = 50) -> Stretch[DeadEntry]:
        own = {"", *self._own(account)}
        dead = {number: self.unread_one(number) for number in self._t.inbox}
        found = {n: one for n, one in dead.items() if one is not None and one.entry.recipient in own}
        return _newest(found, before, limit)

    def unread_one(self, entry_id: int) -> DeadEntry | None:
        row = self._t.inbox.get(entry_id)
        if row is None or row.buried_at is None:
            return None
        return DeadEntry(row.entry, row.error, row.buried_at)


def _newest(rows: Mapping[int, T], before: int | None, limit: int) -> Stretch[T]:
    numbers = sorted((number for number in rows if before is None or number < before), reverse=True)
    more = numbers[limit - 1] if len(numbers) > limit else None
    return Stretch(tuple(rows[number] for number in numbers[:limit]), more)


class MemoryHoldings(Repository):
    """Dicts keep the place of what is saved again, so that a place by count holds."""

    def personas(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Persona]:
        return _on(((one.account, one) for one in self._t.personas.values()), {account}, after, limit)

    def intents(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Intent]:
        return _on(((one.account, one) for one in self._t.intents.values()), {account}, after, limit)

    def deals(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Deal]:
        return _on(((one.account, one) for one, _, _ in self._t.deals.values()), {account}, after, limit)

    def messages(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[StoredMessage]:
        own = {account, *(one.id for one in self._t.personas.values() if one.account == account)}
        return _on(((one.own, one) for one in self._t.evidence.values()), own, after, limit)

    def posts(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Post]:
        return _on(((one.account, one) for one in self._t.posts.values()), {account}, after, limit)

    def items(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[CatalogueItem]:
        return _on(((key[0], one) for key, one in self._t.items.items()), {account}, after, limit)

    def notices(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Notice]:
        return _on(((one.account, one) for one in self._t.notices.values()), {account}, after, limit)

    def followers(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Follower]:
        return _on(((one.account, one) for one in self._t.followers.values()), {account}, after, limit)


def _on(rows: Iterable[tuple[str, T]], own: set[str], after: int, limit: int) -> Stretch[T]:
    looked_at = list(islice(rows, after, after + limit))
    more = after + limit if len(looked_at) == limit else None
    return Stretch(tuple(row for owner, row in looked_at if owner in own), more)
