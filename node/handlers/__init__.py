"""Inbound, one thin module a concept. `take` sends each recorded message to its handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from federation.listeners import Inbound, Listeners
from node.context import Node
from node.handlers.deals import take_deal_message
from node.handlers.farewells import Farewells
from node.handlers.follows import (
    take_block,
    take_follow,
    take_follow_accept,
    take_follow_reject,
    take_undo_by_id,
    take_unfollow,
)
from node.handlers.moves import take_move
from node.handlers.notes import Notes
from node.handlers.reactions import Shares, take_like, take_unlike, take_unreaction_by_id
from node.handlers.refusals import is_refused
from node.wire.messages import is_deal_message

__all__ = ["Handler", "build_listeners", "take"]

Handler = Callable[[Node, Inbound], Awaitable[None]]


def build_listeners() -> Listeners[Handler]:
    """Which handler answers which activity of the fediverse."""
    listeners: Listeners[Handler] = Listeners()
    listeners.on("Follow")(take_follow)
    listeners.on("Undo", "Follow")(take_unfollow)
    listeners.on("Undo")(_take_undo)
    listeners.on("Undo", "Announce", "EmojiReact", "Like")(take_unlike)
    listeners.on("Announce")(Shares().take)
    listeners.on("EmojiReact")(take_like)
    listeners.on("Like")(take_like)
    listeners.on("Accept")(take_follow_accept)
    listeners.on("Reject")(take_follow_reject)
    listeners.on("Block")(take_block)
    listeners.on("Move")(take_move)
    notes = Notes()
    # Of any type, and of several: what is shown of them is for the one reader to say.
    listeners.on("Create")(notes.take_created_note)
    listeners.on("Update")(notes.take_updated_note)
    listeners.on("Delete")(_deletes(Farewells(), notes))
    return listeners


async def _take_undo(node: Node, inbound: Inbound) -> None:
    """Undo of what is named by its id alone: a like, a share or a Follow."""
    if not await take_unreaction_by_id(node, inbound):
        await take_undo_by_id(node, inbound)


def _deletes(farewells: Farewells, notes: Notes) -> Handler:
    """A Delete is of its actor itself, or of something that it said."""

    async def take_delete(node: Node, inbound: Inbound) -> None:
        is_farewell = inbound.activity.is_self_delete
        await (farewells.take if is_farewell else notes.take_deleted_note)(node, inbound)

    return take_delete


async def take(node: Node, listeners: Listeners[Handler], inbound: Inbound) -> None:
    """Process one recorded message; an activity that nobody listens for is left alone."""
    if is_deal_message(inbound.activity.json):
        await take_deal_message(node, inbound)
        return
    handler = listeners.find(inbound.activity)
    if handler is not None and not await is_refused(node, inbound):
        await handler(node, inbound)
