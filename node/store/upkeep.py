"""Ports for looking after an account: its mail on the way, and all that it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from federation.ports import HostState
from node.domain.accounts import Persona
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Deal
from node.domain.intents import Intent
from node.store.fediverse import Fediverse
from node.store.imports import Importing
from node.store.records import DeadEntry, Follower, JobState, Notice, Post, QueuedJob, StoredMessage

__all__ = ["Holdings", "Stretch", "Traffic", "Upkeep"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """Rows of a long list; `more` is where it goes on, None at its end.

    A bounded number of rows is looked at, whoever's they are: a stretch may be short, or empty, and go on.
    """

    rows: tuple[T, ...]
    more: int | None = None


class Traffic(Protocol):
    """Deliveries and dead letters of one account: its own, and those of its personas.

    What is part of a fan-out (`fan_outs`) is told of there, not here.
    """

    def singly(self, states: Iterable[JobState] = (), *, limit: int = 200) -> list[QueuedJob]:
        """Deliveries of everybody in these states, or in all, newest first."""
        ...

    def sent(
        self, account: str, states: Iterable[JobState], *, before: int | None = None, limit: int = 50
    ) -> Stretch[QueuedJob]:
        """Deliveries in these states, newest first, as `Deliveries.all` gives them."""
        ...

    def count(self, account: str, state: JobState, *, most: int = 100) -> int:
        """How many of the newest there are in this state, counted up to `most`."""
        ...

    def first_in_line(self, job_ids: Iterable[int]) -> set[int]:
        """Which of these wait for no earlier one."""
        ...

    def hosts(self, origins: Iterable[str]) -> list[HostState]:
        """What is known of these origins, by name."""
        ...

    def unread(self, account: str, *, before: int | None = None, limit: int = 50) -> Stretch[DeadEntry]:
        """Messages that could not be processed, newest first: to this account, and to the shared inbox."""
        ...

    def unread_one(self, entry_id: int) -> DeadEntry | None: ...


class Holdings(Protocol):
    """Everything of an account, stretch by stretch, in an order that no later change disturbs.

    `after` is where the stretch before said that there is more.
    """

    def personas(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Persona]: ...
    def intents(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Intent]: ...
    def deals(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Deal]: ...
    def messages(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[StoredMessage]:
        """What proves its deals, those of its personas included."""
        ...

    def posts(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Post]: ...
    def items(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[CatalogueItem]: ...
    def notices(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Notice]: ...
    def followers(self, account: str, *, after: int = 0, limit: int = 500) -> Stretch[Follower]: ...


class Upkeep(Importing, Fediverse, Protocol):
    """This part of a transaction."""

    @property
    def traffic(self) -> Traffic: ...
    @property
    def holdings(self) -> Holdings: ...
