"""Ports and records of what our accounts say to everybody, to some, or to one: their posts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from node.domain.notes import Visibility
from node.domain.offers import StandingOffer
from node.store.records import Post

__all__ = ["EVERYBODY", "OPEN", "Edit", "Posts", "Utterance"]

EVERYBODY = frozenset(Visibility)
OPEN = frozenset(found for found in Visibility if found.is_open)
"""What strangers may read."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a post said before it was changed, for its owner's eyes alone: `text` and `summary` as typed."""

    post: str
    at: datetime
    text: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A post that everybody may read, ours or another's, that belongs to a thread of ours.

    `in_reply_to` and `context` are ids, "" for none.
    """

    id: str
    author: str
    at: datetime
    in_reply_to: str = ""
    context: str = ""


class Posts(Protocol):
    def get(self, post_id: str) -> Post | None: ...
    def all(
        self, account: str, kind: str, *, limit: int = 100, offset: int = 0, since: datetime | None = None
    ) -> list[Post]:
        """Newest first, deleted ones left out, and `offset` passed over; those of `since` or later."""
        ...

    def own(
        self,
        account: str,
        *,
        visibilities: Collection[Visibility] = EVERYBODY,
        kinds: Collection[str] = (),
        limit: int = 100,
        offset: int = 0,
    ) -> list[Post]:
        """What an account itself has said, newest first, deleted ones left out; no `kinds` mean all."""
        ...

    def count_own(
        self,
        account: str,
        *,
        visibilities: Collection[Visibility] = EVERYBODY,
        kinds: Collection[str] = (),
    ) -> int: ...
    def pinned(self, account: str) -> list[Post]:
        """Its own posts that it has pinned, the last one first."""
        ...

    def tagged(self, topic: str, *, limit: int = 50, offset: int = 0) -> list[Post]:
        """Public posts of this node that mark a topic, however it is spelt in case; newest first."""
        ...

    def count_tagged(self, topic: str) -> int: ...
    def save(self, post: Post) -> None: ...
    def add_edit(self, edit: Edit) -> None: ...
    def edits(self, post_id: str) -> list[Edit]:
        """Oldest first."""
        ...

    def drop_edits(self, post_id: str) -> None: ...

    # --- threads ------------------------------------------------------------------------------------------

    def hear(self, said: Utterance) -> None:
        """Remember that this belongs to a thread; said again, it stands where it stood."""
        ...

    def unhear(self, post_id: str) -> None: ...
    def heard(self, post_id: str) -> Utterance | None: ...
    def authors_heard(self) -> list[str]:
        """Whoever has said something that is listed, ours among them; by their ids."""
        ...

    def heard_of(self, author: str) -> list[Utterance]:
        """All of somebody's that is listed."""
        ...

    def replies(self, post_id: str, *, limit: int = 50, offset: int = 0) -> list[Utterance]:
        """Oldest first."""
        ...

    def count_replies(self, post_id: str) -> int: ...
    def in_context(self, context: str, *, limit: int = 50, offset: int = 0) -> list[Utterance]:
        """Oldest first."""
        ...

    def count_in_context(self, context: str) -> int: ...

    # --- standing offers ----------------------------------------------------------------------------------

    def offer(self, post_id: str) -> StandingOffer | None: ...
    def save_offer(self, account: str, offer: StandingOffer) -> None: ...
    def run_out(self, now: datetime, limit: int) -> list[str]:
        """Ids of standing offers whose end has come and is not said in their posts; the earliest first."""
        ...

    def next_end(self) -> datetime | None:
        """When the next standing offer ends."""
        ...
