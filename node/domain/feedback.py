"""Public feedback: a post that anybody can read, and what shows that it comes from a purchase.

Whether it does is computed by the reader from the vendor's credential and the writer's signature; what the
message itself claims is ignored (`protocol §5`, "From a purchase").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from node.domain.messages import Aspect

__all__ = ["MOODS", "FeedbackPost", "Standing", "standing"]

MOODS = ("delighted", "pleased", "indifferent", "annoyed", "angry")


class Standing(StrEnum):
    """What a reader may make of a post."""

    FROM_A_PURCHASE = "from a purchase"
    UNVERIFIED = "not shown to come from a purchase"
    REPEATED = "the same purchase spoke before"


@dataclass(frozen=True, slots=True)
class FeedbackPost:
    """A public Note about a vendor; `credential` and `purchase_proof` are as they travelled."""

    activity_id: str
    note_id: str
    author: str
    vendor: str
    published_at: datetime
    url: str
    content: str
    title: str
    text: str
    mention: str
    followers: str
    aspects: tuple[Aspect, ...] = ()
    credential: str | None = None
    purchase_proof: str | None = None
    digest: str = ""


def standing(
    *, proven: bool, feedback_key: str | None, seen: tuple[str, str] | None, post: FeedbackPost
) -> Standing:
    """Count each purchase once: by one author, in one post.

    Shapes: `proven`: credential and signature hold; `seen`: the (author, note id) that this key came with
            first, None if it is new.
    """
    if not proven or feedback_key is None:
        return Standing.UNVERIFIED
    if seen is None or seen == (post.author, post.note_id):
        return Standing.FROM_A_PURCHASE
    return Standing.REPEATED
