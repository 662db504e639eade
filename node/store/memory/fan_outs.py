"""What goes to many, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from node.store.fan_outs import FanOut, Tally
from node.store.memory.queues import MemoryDeliveries
from node.store.memory.tables import Repository
from node.store.ports import Follower, FollowState, JobState, QueuedJob

__all__ = ["MemoryFanOuts"]


class MemoryFanOuts(Repository):
    """Implements `FanOuts`."""

    def add(self, fan_out: FanOut) -> FanOut:
        begun = replace(fan_out, id=self._t.number("fan out"))
        self._t.fan_outs[begun.id] = begun
        return begun

    def get(self, number: int) -> FanOut | None:
        return self._t.fan_outs.get(number)

    def next(self) -> FanOut | None:
        open_ones = (
            one for one in self._t.fan_outs.values() if not one.is_spread and one.taken_back_at is None
        )
        return min(open_ones, key=lambda one: one.id, default=None)

    def of_account(self, account: str, *, before: int | None = None, limit: int = 50) -> list[FanOut]:
        found = (one for one in self._t.fan_outs.values() if one.actor == account)
        mine = sorted(found, key=lambda one: -one.id)
        return [one for one in mine if before is None or one.id < before][:limit]

    # --- to whom it goes ---------------------------------------------------------------------------------

    def followers_after(self, account: str, inbox: str, limit: int) -> list[str]:
        return _after((_target(one) for one in self._accepted(account)), inbox, limit)

    def _accepted(self, account: str) -> list[Follower]:
        everyone = self._t.followers.values()
        return [one for one in everyone if (one.account, one.state) == (account, FollowState.ACCEPTED)]

    def reached_after(self, fan_out: FanOut, inbox: str, limit: int) -> list[str]:
        earlier = {
            one.id
            for one in self._t.fan_outs.values()
            if (one.actor, one.about) == (fan_out.actor, fan_out.about) and one.id < fan_out.id
        }
        return _after((job.inbox for job in self._t.jobs.values() if job.fan_out in earlier), inbox, limit)

    def spread(self, fan_out: FanOut, inboxes: Sequence[str], *, is_last: bool) -> FanOut:
        known = {job.inbox for job in self._t.jobs.values() if job.fan_out == fan_out.id}
        for inbox in inboxes:
            if inbox not in known:
                self._queue(fan_out, inbox)
        on = replace(
            fan_out,
            place=inboxes[-1] if inboxes else fan_out.place,
            is_spread=is_last,
            body=b"" if is_last else fan_out.body,
        )
        self._t.fan_outs[on.id] = on
        return on

    def _queue(self, fan_out: FanOut, inbox: str) -> None:
        MemoryDeliveries(self._t).enqueue(
            QueuedJob(
                activity_id=fan_out.activity_id,
                recipient="",
                inbox=inbox,
                actor=fan_out.actor,
                key_id=fan_out.key_id,
                fast_key_id=fan_out.fast_key_id,
                body=fan_out.body,
                ordering_key=f"{fan_out.about} {inbox}",
                created_at=fan_out.created_at,
                give_up_at=fan_out.give_up_at,
                fan_out=fan_out.id,
            )
        )

    def take_back(self, actor: str, about: str, at: datetime) -> int:
        found = [
            one
            for one in self._t.fan_outs.values()
            if (one.actor, one.about, one.taken_back_at) == (actor, about, None)
        ]
        for one in found:
            self._t.fan_outs[one.id] = replace(one, taken_back_at=at, body=b"")
        return len(found)

    # --- what became of it -------------------------------------------------------------------------------

    def tallies(self, numbers: Collection[int]) -> dict[int, Tally]:
        states = {number: Counter[JobState]() for number in numbers if number in self._t.fan_outs}
        for job in self._t.jobs.values():
            if job.fan_out in states:
                states[job.fan_out][job.state] += 1
        return {
            number: Tally.of(found).plus(self._t.fan_outs[number].past) for number, found in states.items()
        }

    def unfinished(self, number: int, states: Iterable[JobState], *, limit: int = 50) -> list[QueuedJob]:
        wanted = set(states)
        found = (job for job in self._t.jobs.values() if job.fan_out == number and job.state in wanted)
        return sorted(found, key=lambda job: job.id)[:limit]

    def readers_at(self, account: str, inbox: str) -> list[Follower]:
        return [one for one in self._accepted(account) if _target(one) == inbox]

    def forget(self, before: datetime, limit: int) -> int:
        old = {one.id for one in self._t.fan_outs.values() if one.created_at < before}
        ended = [
            job for job in self._t.jobs.values() if job.fan_out in old and job.state is not JobState.QUEUED
        ][:limit]
        for job in ended:
            fan_out = self._t.fan_outs[job.fan_out]
            past = fan_out.past.plus(Tally.of({job.state: 1}))
            self._t.fan_outs[fan_out.id] = replace(fan_out, past=past)
            del self._t.jobs[job.id]
        return len(ended)


def _target(follower: Follower) -> str:
    return follower.shared_inbox or follower.inbox


def _after(inboxes: Iterable[str], inbox: str, limit: int) -> list[str]:
    return sorted({one for one in inboxes if one > inbox})[:limit]
