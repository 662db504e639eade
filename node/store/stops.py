"""Ports for what is queued and must not leave any more: asked right before it is sent, and ended by then."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from federation.errors import InvalidIri
from federation.ids import host
from node.store.records import QueuedJob

__all__ = ["Stop", "Stops", "delete_behind", "domains_over"]


class Stop(StrEnum):
    """Why a delivery does not leave any more, in the words that are written down with it."""

    TAKEN_BACK = "taken back before it was sent"
    ENDED = "it had ended before it was sent"
    BLOCKED = "its domain is blocked here"
    SHUNNED = "whom it was for is blocked"
    UNREAD = "nobody there follows any more"


class Stops(Protocol):
    """Deliveries that nobody wants to arrive any more; what waits behind one that is stopped goes on."""

    def why(self, job_id: int) -> str:
        """What speaks against sending a claimed job now: "" for nothing.

        Shapes: one of `Stop`. What waits behind it counts: words are taken back by the Delete of what they
                are about. A domain that is blocked is reached by no spelling of a host below it.
        """
        ...

    def hosts(self) -> list[str]:
        """The hosts to which something waits, as origins."""
        ...

    def hurry(self, lanes: Collection[str]) -> None:
        """Let what waits for these hosts be judged at once, whatever it waits for but what goes before it."""
        ...

    def posts_at(self, actor: str, inboxes: Collection[str]) -> list[QueuedJob]:
        """What an actor told to many and has not left for these inboxes."""
        ...

    def words_for(self, recipient: str, inbox: str) -> list[QueuedJob]:
        """What was said to one recipient alone, at this inbox or its host, and has not left."""
        ...

    def is_overtaken(self, job: QueuedJob) -> bool:
        """Whether something later of the same order has been delivered there."""
        ...

    def end(self, job_ids: Collection[int], why: Stop, now: datetime) -> None:
        """Stop these, in these words."""
        ...

    def unname(self, actor: str, inbox: str) -> None:
        """Leave an inbox out of those that what this actor tells to many names, where it has no row yet."""
        ...


def delete_behind(ordering_key: str, inbox: str) -> str:
    """The id of the Delete that takes back what is sent in this order; "" where none can."""
    about = ordering_key.removesuffix(f" {inbox}")
    return f"{about}#delete" if about != ordering_key else ""


def domains_over(lane: str) -> list[str]:
    """The host of an origin and the domains above it: `a.b.example`, `b.example`, `example`.

    Shapes: empty for what is no address at all.
    """
    try:
        labels = host(lane).split(".")
    except InvalidIri:
        return []
    return [".".join(labels[start:]) for start in range(len(labels))]
