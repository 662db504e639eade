"""What its owner is told of a message that will not arrive, and what follows from an inbox that is gone."""

from __future__ import annotations

from dataclasses import replace

from federation.messages import JsonObject
from node.desk import Desk
from node.store.ports import FollowState, Notice

__all__ = ["give_up", "kind_of_activity"]


def kind_of_activity(activity: JsonObject) -> str:
    """What kind of activity, in a word or two: `Offer of Agreement`."""
    inner = activity.get("object")
    of = inner.get("type") if isinstance(inner, dict) else None
    named = " of ".join(str(part) for part in (activity.get("type"), of) if part)
    return named or "message"


def give_up(desk: Desk, activity: JsonObject, actor: str, inbox: str, detail: str, *, gone: bool) -> None:
    """Tell the owner of `actor` that a message was given up; a `gone` inbox follows nobody any more.

    Shapes: `detail` says why, in words. Told at least once: a node that dies here tells it again.
    Spec:   `security X20, X21`.
    """
    persona = desk.tx.personas.get(actor)
    account = desk.tx.accounts.get(persona.account if persona is not None else actor)
    if account is None:
        return
    text = f"{kind_of_activity(activity)} did not reach {inbox}: {detail}. See: obverse deliveries list"
    host = inbox.partition("://")[2].partition("/")[0]
    desk.tx.notices.add(Notice(account.id, desk.now, text, kind="delivery", values={"host": host}))
    if gone:
        for own in desk.tx.accounts.all():
            for follower in desk.tx.followers.all(own.id):
                if follower.inbox == inbox:
                    desk.tx.followers.save(replace(follower, state=FollowState.REMOVED))
