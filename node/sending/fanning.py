"""What goes to many: begun in the transaction of the act, spread to its inboxes in many short ones.

An act costs the same however many follow: one row with the bytes, and those of the first few inboxes, which
are all that most posts have. The rest is made by `spreading`, some hundred at a time, in the order of their
names. How far it is lies in the same transaction as the rows, so that a node that dies goes on where it was,
and no inbox has it twice or is forgotten.

A shared inbox stands for its server even where one follower alone reads there: so all that is told of a thing
goes to the same inbox of a server, however its readers come and go, and keeps its order there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from federation.messages import JsonObject
from node.desk import Desk
from node.store.fan_outs import FanOut

__all__ = ["AT_ONCE", "IN_ONE_GO", "KEPT_FOR", "begin_fan_out", "kind_of_activity", "spread_further"]

AT_ONCE = 5
"""So many inboxes have their rows in the transaction of the act itself."""

IN_ONE_GO = 200
"""So many in one transaction later: others never wait longer than for these."""

KEPT_FOR = timedelta(days=30)
"""So long it is known which inbox got it; how many did is known for good."""


def kind_of_activity(activity: JsonObject) -> str:
    """What kind of activity, in a word or two: `Offer of Agreement`."""
    inner = activity.get("object")
    of = inner.get("type") if isinstance(inner, dict) else None
    named = " of ".join(str(part) for part in (activity.get("type"), of) if part)
    return named or "message"


def begin_fan_out(desk: Desk, fan_out: FanOut, *, takes_back: bool = False) -> None:
    """Let an activity leave for many, each inbox once.

    Shapes: with `takes_back` what was said about the same thing and has not left leaves no more, and this
            goes to whomever any of it was queued for, too: some of it may be on its way just now.
    """
    if takes_back:
        desk.tx.fan_outs.take_back(fan_out.actor, fan_out.about, desk.now)
    begun = desk.tx.fan_outs.add(fan_out)
    first = desk.tx.fan_outs.next()
    if first is not None and first.id == begun.id:  # else it would overtake one about the same thing
        spread_further(desk, begun, at_most=AT_ONCE)


def spread_further(desk: Desk, fan_out: FanOut, *, at_most: int = IN_ONE_GO) -> FanOut:
    """Queue it for the next inboxes, by who follows now; the same with how far it is."""
    after, found = fan_out.place, set[str]()
    found.update(_beyond(after, fan_out.named))
    if fan_out.to_followers:
        found.update(desk.tx.fan_outs.followers_after(fan_out.actor, after, at_most + 1))
    if fan_out.to_reached:
        found.update(desk.tx.fan_outs.reached_after(fan_out, after, at_most + 1))
    inboxes = sorted(found)
    return desk.tx.fan_outs.spread(fan_out, inboxes[:at_most], is_last=len(inboxes) <= at_most)


def _beyond(place: str, inboxes: Iterable[str]) -> Iterable[str]:
    return (inbox for inbox in inboxes if inbox > place)
