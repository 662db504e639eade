"""An actor that says that it is gone, or that its server says is gone."""

from __future__ import annotations

from federation.errors import FetchError, FetchFailed, Gone
from federation.listeners import Inbound
from node.context import Node
from node.desk import Desk
from node.services.following import receive_unfollow

__all__ = ["take_farewell"]


async def take_farewell(node: Node, inbound: Inbound) -> None:
    """Delete of an actor by itself: where its server answers 410, it follows nobody and its keys end.

    What was signed before stays evidence. Without the 410 nothing happens (`security C19, F13`): whoever has
    stolen a key could else silence its owner.
    Raises: FetchFailed; the worker tries again later.
    """
    gone = inbound.activity.actor
    if not inbound.activity.is_self_delete or not await _is_gone(node, gone):
        return
    await node.db.public_keys.revoke_others(gone, frozenset(), node.now())

    def work(desk: Desk) -> None:
        if not desk.tx.inbox.is_pending(inbound.entry.id):
            return
        for account in desk.tx.accounts.all():
            receive_unfollow(desk, account, gone)
        desk.tx.inbox.finish(inbound.entry.id)

    await node.work(work)


async def _is_gone(node: Node, actor: str) -> bool:
    try:
        await node.fetcher.fetch(actor)
    except Gone:
        return True
    except FetchFailed:
        raise
    except FetchError:
        return False
    return False
