"""What shows who sent a recorded message: the actor document behind the key that its proof was made with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from federation.actors import parse_actor
from federation.errors import FederationError
from federation.ports import InboundEntry
from federation.strictjson import parse_json_object
from node.context import Node
from node.lookups import see_actor

__all__ = ["Sender", "sender_of"]


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender's document as it was seen, and where the sender is written to."""

    actor: str
    inbox: str
    shared_inbox: str
    document: bytes = field(repr=False)
    fetched_at: datetime


async def sender_of(node: Node, entry: InboundEntry) -> Sender:
    """Who sent this, from the key that was verified; only when that is gone the actor is asked again.

    Raises: FetchError; the worker tries again later.
    """
    known = await node.db.public_keys.find(entry.proof_key_id or entry.key_id)
    if known is not None and known.actor == entry.actor:
        try:
            actor = parse_actor(parse_json_object(known.document), known.actor)
        except FederationError:
            actor = None
        if actor is not None:
            return Sender(actor.id, actor.inbox, actor.shared_inbox, known.document, known.fetched_at)
    seen = await see_actor(node, entry.actor)
    return Sender(seen.actor.id, seen.actor.inbox, seen.actor.shared_inbox, seen.body, seen.fetched_at)
