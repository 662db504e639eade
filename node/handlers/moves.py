"""Somebody says that they have moved: both accounts are asked, then the owners who know them."""

from __future__ import annotations

from federation.jsonld import as_id
from federation.listeners import Inbound
from node.context import Node
from node.desk import Desk
from node.services.moving import concerned_by, receive_move
from node.store.following import Moving
from node.workflows.moving import see_move, shown_handle

__all__ = ["take_move"]


async def take_move(node: Node, inbound: Inbound) -> None:
    """Nobody is asked about strangers, and nothing changes before an owner has confirmed.

    Raises: FetchFailed; the worker tries again later.
    Spec:   `security F14, F15`.
    """
    old, new = inbound.entry.actor, as_id(inbound.activity.json.get("target"))
    if inbound.activity.object_id != old or not new or new == old:
        return
    accounts = await node.look(lambda desk: concerned_by(desk, old))
    seen = await see_move(node, old, new) if accounts else None
    if seen is None:
        return
    handle = await shown_handle(node, seen)
    moving = Moving("", old, seen.actor.id, handle, seen.actor.name or handle, node.now())

    def work(desk: Desk) -> None:
        if desk.tx.inbox.is_pending(inbound.entry.id):
            receive_move(desk, accounts, moving)
            desk.tx.inbox.finish(inbound.entry.id)

    await node.work(work)
