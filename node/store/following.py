"""Ports for whom our accounts follow, whom they do not hear, and who has moved: people of other servers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from node.store.records import Follower

__all__ = [
    "UNDONE_KEPT",
    "UNDONE_KEPT_OF_ONE",
    "Following",
    "FollowingState",
    "Follows",
    "MoveState",
    "Moves",
    "Moving",
    "Relations",
    "Shun",
    "Shunned",
    "Undone",
]

UNDONE_KEPT = 1_000
UNDONE_KEPT_OF_ONE = 20
"""So many Undos that came before their Follow are remembered, of all and of one actor; then the oldest go."""


class FollowingState(StrEnum):
    """What became of a Follow of ours: it waits, it was taken, it was refused, or it is over."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Following:
    """`account`, one of ours, follows `actor`; `follow_id` is the id of the Follow that was sent last."""

    account: str
    actor: str
    handle: str
    name: str
    inbox: str
    shared_inbox: str | None
    follow_id: str
    state: FollowingState
    at: datetime
    url: str = ""


class Follows(Protocol):
    def get(self, account: str, actor: str) -> Following | None: ...
    def by_follow(self, follow_id: str) -> Following | None:
        """The one whose last Follow has this id."""
        ...

    def of_actor(self, actor: str, *, state: FollowingState = FollowingState.ACCEPTED) -> list[Following]:
        """Which accounts of ours follow this one."""
        ...

    def all(self, account: str, *, state: FollowingState = FollowingState.ACCEPTED) -> list[Following]:
        """Oldest first."""
        ...

    def newest(
        self,
        account: str,
        *,
        state: FollowingState = FollowingState.ACCEPTED,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Following]:
        """Those who came last first, `offset` of them passed over."""
        ...

    def count(self, account: str, *, state: FollowingState = FollowingState.ACCEPTED) -> int: ...
    def save(self, following: Following) -> None: ...
    def followed_by(self, actor: str) -> list[Follower]:
        """Which accounts of ours this actor follows, asked to follow, or followed once."""
        ...


@dataclass(frozen=True, slots=True)
class Shun:
    """`account` does not want to hear `actor`: muted, which nobody is told, or blocked, or both.

    Shapes: `block_id` is the id of the Block that was sent to `inbox`, "" where nobody was told.
    """

    account: str
    actor: str
    at: datetime
    is_muted: bool = False
    is_blocked: bool = False
    handle: str = ""
    inbox: str = ""
    block_id: str = ""


class Shunned(Protocol):
    def get(self, account: str, actor: str) -> Shun | None: ...
    def is_muted(self, account: str, actor: str) -> bool: ...
    def is_blocked(self, account: str, actor: str) -> bool: ...
    def all(self, account: str) -> list[Shun]:
        """Newest first."""
        ...

    def save(self, shun: Shun) -> None:
        """Keep it; one that is neither muted nor blocked is dropped."""
        ...


class Undone(Protocol):
    """Undos that came before their Follow; remembered for a while, and boundedly (`interop §4.4`)."""

    def add(self, actor: str, follow_id: str, until: datetime) -> None: ...
    def take(self, actor: str, follow_id: str, now: datetime) -> bool:
        """Whether this Follow was undone already; forgotten with the question."""
        ...


class MoveState(StrEnum):
    """A move waits for the owner's word, was followed, or was left alone."""

    ASKED = "asked"
    FOLLOWED = "followed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Moving:
    """Somebody whom `account` knows or follows says that it has moved from `old` to `new`, and both agree."""

    account: str
    old: str
    new: str
    handle: str
    name: str
    at: datetime
    state: MoveState = MoveState.ASKED
    old_handle: str = ""


class Moves(Protocol):
    def get(self, account: str, old: str) -> Moving | None: ...
    def all(self, account: str) -> list[Moving]:
        """Newest first."""
        ...

    def save(self, moving: Moving) -> None: ...


class Relations(Protocol):
    """This part of a transaction."""

    @property
    def follows(self) -> Follows: ...
    @property
    def shunned(self) -> Shunned: ...
    @property
    def undone(self) -> Undone: ...
    @property
    def moves(self) -> Moves: ...
