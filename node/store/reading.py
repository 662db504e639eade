"""Ports and records of what our accounts read of others, and of who likes and shares what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from node.domain.notes import Note

__all__ = [
    "READINGS_KEPT",
    "GivenReaction",
    "Reacting",
    "Reaction",
    "ReactionKind",
    "Reactions",
    "Reading",
    "Readings",
    "Tally",
]

READINGS_KEPT = 2_000
"""So many of the newest an account keeps."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A Note in an account's timeline.

    Shapes: `form` is its type, such as Note or Article. `name` and `handle` are its author's, "" where nobody
            has shown that they hold. `shared_by` is who passed it on, by `share_id`, and `sharer` how they
            are shown; "" for what came from its author. `is_offer` says that it can be bought from. `stood`
            are the wordings that it had within the second of its last edit (`wordings`).
    """

    account: str
    note: Note
    at: datetime
    form: str = "Note"
    name: str = ""
    handle: str = ""
    shared_by: str = ""
    share_id: str = ""
    sharer: str = ""
    is_offer: bool = False
    stood: tuple[str, ...] = ()


class Readings(Protocol):
    """Timelines: each Note once in each."""

    def get(self, account: str, note_id: str) -> Reading | None: ...
    def add(self, reading: Reading) -> bool:
        """Put one on top; what lies too deep is dropped. False where it is there already."""
        ...

    def change(self, reading: Reading) -> None:
        """Say one anew, where it stands."""
        ...

    def page(self, account: str, *, before: int | None = None, limit: int = 40) -> list[tuple[int, Reading]]:
        """Newest first, each with the place where a list goes on `before`."""
        ...

    def of_note(self, note_id: str) -> list[Reading]:
        """The same Note in all timelines."""
        ...

    def of_share(self, actor: str, share_id: str) -> list[Reading]:
        """What one actor passed on by one act."""
        ...

    def came_since(self, account: str, actor: str, since: datetime) -> int:
        """How many of an actor's came since then, its own and those that it passed on."""
        ...

    def remove(self, account: str, note_id: str) -> bool: ...
    def remove_of(self, actor: str, *, account: str = "") -> int:
        """Everything that an actor said or passed on; in one timeline, or in all."""
        ...


class ReactionKind(StrEnum):
    LIKE = "like"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Reaction:
    """Somebody likes a post of ours, or passes it on. `emoji` is what they liked it with, "" for nothing."""

    post_id: str
    actor: str
    kind: ReactionKind
    activity_id: str
    at: datetime
    emoji: str = ""


@dataclass(frozen=True, slots=True)
class GivenReaction:
    """An account of ours likes a post of somebody else's, or passes it on.

    Shapes: `activity_id` is the act's id, which undoes it; `inbox` is where the post's author was told.
            `is_listed` says that a share is addressed to everybody first, as the post itself is.
    """

    account: str
    object_id: str
    kind: ReactionKind
    activity_id: str
    author: str
    inbox: str
    at: datetime
    is_listed: bool = True


@dataclass(frozen=True, slots=True)
class Tally:
    """How many like a post, and how many have passed it on: each actor once."""

    likes: int = 0
    shares: int = 0


class Reactions(Protocol):
    def get(self, post_id: str, actor: str, kind: ReactionKind) -> Reaction | None: ...
    def add(self, reaction: Reaction) -> None:
        """Count one; the same actor's earlier one of that kind gives way."""
        ...

    def remove(self, post_id: str, actor: str, kind: ReactionKind) -> bool: ...
    def by_activity(self, actor: str, activity_id: str) -> Reaction | None: ...
    def of_post(self, post_id: str, *, limit: int = 50) -> list[Reaction]:
        """Newest first."""
        ...

    def tally(self, post_ids: Iterable[str]) -> dict[str, Tally]:
        """By post; those that nobody reacted to are left out."""
        ...

    def came_since(self, actor: str, since: datetime) -> int:
        """How many an actor gave since then."""
        ...

    def remove_post(self, post_id: str) -> int: ...

    def given(self, account: str, object_id: str, kind: ReactionKind) -> GivenReaction | None: ...
    def give(self, reaction: GivenReaction) -> None: ...
    def take_back(self, account: str, object_id: str, kind: ReactionKind) -> bool: ...
    def all_given(
        self, account: str, *, kind: ReactionKind | None = None, limit: int = 100
    ) -> list[GivenReaction]:
        """Newest first."""
        ...


class Reacting(Protocol):
    """This part of a transaction."""

    @property
    def readings(self) -> Readings: ...
    @property
    def reactions(self) -> Reactions: ...
