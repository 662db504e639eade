"""Whether words were sent a moment ago already: a second tap on a button says nothing twice."""

from __future__ import annotations

from datetime import timedelta

from node.desk import Desk
from node.domain.deals import Deal
from node.domain.messages import Ask, Feedback, Kind
from node.queries.records import read_message
from node.store.ports import Direction
from node.wire.html import html_of

__all__ = ["was_just_said"]

A_MOMENT = timedelta(minutes=1)


def was_just_said(desk: Desk, deal: Deal, kind: Kind, text: str) -> bool:
    """Whether the last message of ours on a deal is of this kind, says the same and is a moment old.

    Shapes: `kind` is `ASK` or `FEEDBACK`; `text` is what was typed.
    """
    ours = [kept for kept in desk.tx.evidence.of_deal(deal.own, deal.id) if kept.direction is Direction.OUT]
    last = ours[-1] if ours else None
    if last is None or last.kind != kind or desk.now - last.at >= A_MOMENT:
        return False
    message = read_message(deal, last)
    return isinstance(message, Ask | Feedback) and message.content == html_of(text)
