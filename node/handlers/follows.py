"""Follow, its answers and its end; Block and Move: what other accounts say about themselves and ours."""

from __future__ import annotations

from collections.abc import Callable

from federation.jsonld import as_id
from federation.listeners import Inbound
from federation.messages import JsonObject
from node.context import Node
from node.desk import Desk
from node.handlers.evidence import sender_of
from node.services.following import (
    FollowRequest,
    receive_follow,
    receive_unfollow,
    receive_unfollow_by_id,
)
from node.services.followings import receive_answer
from node.services.shunning import receive_block

__all__ = [
    "take_block",
    "take_follow",
    "take_follow_accept",
    "take_follow_reject",
    "take_undo_by_id",
    "take_unfollow",
]


async def take_follow(node: Node, inbound: Inbound) -> None:
    """Answer a Follow of an account of ours; one of anything else is ignored, and of oneself (`L05`)."""
    sender = await sender_of(node, inbound.entry)
    followed = as_id(inbound.activity.json.get("object")) or ""

    def work(desk: Desk) -> None:
        account = desk.tx.accounts.get(followed)
        if account is not None and sender.actor != account.id:
            receive_follow(
                desk,
                FollowRequest(
                    account=account,
                    actor=sender.actor,
                    inbox=sender.inbox,
                    shared_inbox=sender.shared_inbox or None,
                    follow_id=inbound.activity.id,
                    activity=_embedded(inbound.activity.json),
                ),
            )

    await _once(node, inbound, work)


async def _once(node: Node, inbound: Inbound, work: Callable[[Desk], object]) -> None:
    """Run this in one transaction with the end of the message, so that it happens once."""

    def take(desk: Desk) -> None:
        if desk.tx.inbox.is_pending(inbound.entry.id):
            work(desk)
            desk.tx.inbox.finish(inbound.entry.id)

    await node.work(take)


def _embedded(follow: JsonObject) -> JsonObject:
    """The Follow as it is embedded in the answer: what identifies it, and no more."""
    return {
        name: as_id(follow.get(name)) if name != "type" else "Follow"
        for name in ("id", "type", "actor", "object")
    }


async def take_unfollow(node: Node, inbound: Inbound) -> None:
    """Undo of a Follow: found by its content, since ids differ between servers."""
    undone = inbound.activity.object
    followed = as_id(undone.get("object")) if isinstance(undone, dict) else None

    def work(desk: Desk) -> None:
        account = desk.tx.accounts.get(followed or "")
        if account is not None:
            receive_unfollow(desk, account, inbound.entry.actor, as_id(undone) or "")

    await _once(node, inbound, work)


async def take_undo_by_id(node: Node, inbound: Inbound) -> None:
    """Undo of something that is named by its id alone: of the actor's own Follow with this id."""
    undone = inbound.activity.object_id
    if undone is not None and not inbound.activity.object_type:
        await _once(node, inbound, lambda desk: receive_unfollow_by_id(desk, inbound.entry.actor, undone))


async def take_follow_accept(node: Node, inbound: Inbound) -> None:
    """Accept of a Follow of ours, by its id or with its content; of anything else it is ignored."""
    await _take_answer(node, inbound, is_accepted=True)


async def take_follow_reject(node: Node, inbound: Inbound) -> None:
    """Reject of a Follow of ours: refused, or ended later."""
    await _take_answer(node, inbound, is_accepted=False)


async def _take_answer(node: Node, inbound: Inbound, *, is_accepted: bool) -> None:
    """The actor of what is embedded is only where to look: what counts is whom it was sent to (`F05`)."""
    answered = inbound.activity.object
    follow_id, sender = inbound.activity.object_id or "", inbound.entry.actor
    follower = as_id(answered.get("actor")) or "" if isinstance(answered, dict) else ""
    if not (follow_id or follower):
        return
    await _once(
        node,
        inbound,
        lambda desk: receive_answer(desk, sender, follow_id, follower, is_accepted=is_accepted),
    )


async def take_block(node: Node, inbound: Inbound) -> None:
    """Somebody blocks an account of ours: neither follows the other any more."""
    blocked = inbound.activity.object_id or ""

    def work(desk: Desk) -> None:
        account = desk.tx.accounts.get(blocked)
        if account is not None:
            receive_block(desk, account, inbound.entry.actor)

    await _once(node, inbound, work)
