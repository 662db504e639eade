"""Follow, and Undo of a Follow."""

from __future__ import annotations

from federation.jsonld import as_id
from federation.listeners import Inbound
from federation.messages import JsonObject
from node.context import Node
from node.desk import Desk
from node.handlers.evidence import sender_of
from node.services.following import FollowRequest, receive_follow, receive_unfollow

__all__ = ["take_follow", "take_unfollow"]


async def take_follow(node: Node, inbound: Inbound) -> None:
    """Answer a Follow of an account of ours; one of anything else is ignored."""
    sender = await sender_of(node, inbound.entry)
    followed = as_id(inbound.activity.json.get("object")) or ""

    def work(desk: Desk) -> None:
        if not desk.tx.inbox.is_pending(inbound.entry.id):
            return
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
        desk.tx.inbox.finish(inbound.entry.id)

    await node.work(work)


def _embedded(follow: JsonObject) -> JsonObject:
    """The Follow as it is embedded in the answer: what identifies it, and no more."""
    return {
        name: as_id(follow.get(name)) if name != "type" else "Follow"
        for name in ("id", "type", "actor", "object")
    }


async def take_unfollow(node: Node, inbound: Inbound) -> None:
    """Undo of a Follow: found by its content, since ids differ between servers."""
    undone = inbound.activity.json.get("object")
    followed = as_id(undone.get("object")) if isinstance(undone, dict) else None

    def work(desk: Desk) -> None:
        if not desk.tx.inbox.is_pending(inbound.entry.id):
            return
        account = desk.tx.accounts.get(followed or "")
        if account is not None:
            receive_unfollow(desk, account, inbound.entry.actor)
        desk.tx.inbox.finish(inbound.entry.id)

    await node.work(work)
