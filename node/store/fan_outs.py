"""Ports for what goes to many inboxes: one row for the act, from which a row for each inbox is made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from node.store.records import Follower, JobState, QueuedJob
from node.store.stops import Stops

__all__ = ["FanOut", "FanOuts", "Fanning", "Tally"]


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the rows of one fan-out: `failed` are given up, `dropped` were taken back or let go."""

    waiting: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0

    @property
    def total(self) -> int:
        return self.waiting + self.delivered + self.failed + self.dropped

    def plus(self, other: Tally) -> Tally:
        return Tally(
            self.waiting + other.waiting,
            self.delivered + other.delivered,
            self.failed + other.failed,
            self.dropped + other.dropped,
        )

    @staticmethod
    def of(states: Mapping[JobState, int]) -> Tally:
        """From how many deliveries are in each state."""
        return Tally(
            waiting=states.get(JobState.QUEUED, 0),
            delivered=states.get(JobState.DELIVERED, 0),
            failed=sum(states.get(state, 0) for state in (JobState.DEAD, JobState.EXPIRED, JobState.HELD)),
            dropped=states.get(JobState.DROPPED, 0),
        )


@dataclass(frozen=True, slots=True)
class FanOut:
    """One activity by `actor` on its way to many; its bytes are kept once, however many they are.

    Shapes: `about` is the id of what it tells of: what is told of one thing reaches an inbox in the order in
            which it was said. It goes to the inboxes `named`; to those of the followers, where
            `to_followers`; and with `to_reached` to all to which an earlier one about the same was queued.
            `place` is the last inbox that has its row, in the order of their names. `kind` is what kind of
            activity it is, in a word or two.
    """

    activity_id: str
    actor: str
    about: str
    key_id: str
    body: bytes = field(repr=False)
    created_at: datetime
    give_up_at: datetime
    fast_key_id: str = ""
    kind: str = ""
    named: tuple[str, ...] = ()
    to_followers: bool = True
    to_reached: bool = False
    id: int = 0
    place: str = ""
    is_spread: bool = False
    """Every inbox has its row: from then on `body` is empty."""
    taken_back_at: datetime | None = None
    past: Tally = Tally()
    """Of deliveries that are forgotten by now."""


class FanOuts(Protocol):
    def add(self, fan_out: FanOut) -> FanOut:
        """Begin one; the same with its number."""
        ...

    def get(self, number: int) -> FanOut | None: ...
    def next(self) -> FanOut | None:
        """The oldest of which not every inbox has its row, and which was not taken back."""
        ...

    def of_account(self, account: str, *, before: int | None = None, limit: int = 50) -> list[FanOut]:
        """Newest first; `before` is a number."""
        ...

    def followers_after(self, account: str, inbox: str, limit: int) -> list[str]:
        """The inboxes of its followers whose name is greater, each once, in order.

        A shared inbox stands for whoever reads there, be it one alone.
        """
        ...

    def reached_after(self, fan_out: FanOut, inbox: str, limit: int) -> list[str]:
        """The same of those that have a row of an earlier one about the same thing."""
        ...

    def spread(self, fan_out: FanOut, inboxes: Sequence[str], *, is_last: bool) -> FanOut:
        """Queue it for these inboxes, sorted and beyond its place, and write down how far it is.

        An inbox that has its row already gets no other.
        """
        ...

    def take_back(self, actor: str, about: str, at: datetime) -> int:
        """What was said about this thing so far, and has not left, is not to leave; how many there were."""
        ...

    def tallies(self, numbers: Collection[int]) -> dict[int, Tally]: ...
    def unfinished(self, number: int, states: Iterable[JobState], *, limit: int = 50) -> list[QueuedJob]:
        """Some of its deliveries in these states, oldest first."""
        ...

    def readers_at(self, account: str, inbox: str) -> list[Follower]:
        """The followers whose posts go to this inbox."""
        ...

    def forget(self, before: datetime, limit: int) -> int:
        """Drop ended deliveries of fan-outs made before then; how many, at most `limit`. Tallies stay."""
        ...


class Fanning(Protocol):
    """The part of a transaction that is about what goes to many."""

    @property
    def fan_outs(self) -> FanOuts: ...
    @property
    def stops(self) -> Stops: ...
