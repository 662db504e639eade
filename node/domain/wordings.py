"""Which of two wordings of a Note is the newer one, where servers tell the time of an edit in whole seconds.

What its author says decides, and among edits of one moment the order in which they came. A wording that stood
before within that moment never comes back: whoever sends an old edit again changes nothing (`security F10`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from node.domain.notes import Attachment

__all__ = ["MOST_OF_A_MOMENT", "stood_before", "wording"]

MOST_OF_A_MOMENT = 20
"""So many wordings of one moment are told apart; then the last one stands until another time is told."""


def wording(content: str, title: str, summary: str, language: str, attachments: Iterable[Attachment]) -> str:
    """What stands for all that readers see of a Note."""
    seen = repr((content, title, summary, language, tuple(attachments)))
    return hashlib.sha256(seen.encode()).hexdigest()[:32]


def stood_before(
    told_at: datetime | None, after: str, *, moment: datetime, before: str, stood: tuple[str, ...]
) -> tuple[str, ...] | None:
    """The wordings of its own moment that an edit leaves behind; None where it is not the newer one.

    Shapes: `told_at` is when its author says that it was edited, `moment` the same of what stands now;
            `after` and `before` are their wordings, and `stood` those that stood before within `moment`.
    """
    if told_at is None or told_at < moment:
        return None
    if told_at > moment:
        return ()
    if after == before or after in stood or len(stood) >= MOST_OF_A_MOMENT:
        return None
    return (*stood, before)
