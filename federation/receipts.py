"""How one inbound message ended: a closed set of outcomes, and the answer to give."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from federation.errors import Refused

__all__ = ["Receipt", "Reception"]


class Reception(Enum):
    """How one message to an inbox ended; matched exhaustively."""

    ACCEPTED = "accepted"
    """Recorded: 202."""
    DUPLICATE = "duplicate"
    """Seen before, byte for byte or by its id and digest: 202, nothing done."""
    CONFLICT = "conflict"
    """A known id with another body: 403, kept for the owner to see."""
    IGNORED = "ignored"
    """Taken note of without a trace (an unknown actor deletes itself): 202."""
    REFUSED = "refused"
    """`error` says why; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one inbound message.

    `status` is the HTTP status to answer. `error` is set for REFUSED and CONFLICT. `actor` and `activity_id`
    are set once they are proven: for ACCEPTED, CONFLICT and a DUPLICATE that was looked at.
    """

    status: int
    outcome: Reception
    error: Refused | None = None
    actor: str = ""
    activity_id: str = ""
