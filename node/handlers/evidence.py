"""What shows who sent a recorded message: the actor document behind the key that its proof was made with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from federation.actors import parse_actor
from federation.errors import FederationError
from federation.ports import InboundEntry
from federation.strictjson import parse_json_object
from node.context import Node
from node.workflows.lookups import see_actor

__all__ = ["Sender", "sender_of"]

_REMEMBERED = 512
_REMEMBERED_BYTES = 16 * 1024
"""Reading a document takes its keys apart, which costs more than to verify them; a peer sends many messages
under one document. What is kept stays below some ten megabytes.
"""


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
        is_small = len(known.document) <= _REMEMBERED_BYTES
        found = (_addresses if is_small else _addresses.__wrapped__)(known.document, known.actor)
        if found is not None:
            actor, inbox, shared_inbox = found
            return Sender(actor, inbox, shared_inbox, known.document, known.fetched_at)
    seen = await see_actor(node, entry.actor)
    return Sender(seen.actor.id, seen.actor.inbox, seen.actor.shared_inbox, seen.body, seen.fetched_at)


@lru_cache(_REMEMBERED)
def _addresses(document: bytes, fetched_from: str) -> tuple[str, str, str] | None:
    """(id, inbox, shared inbox) that an actor document states, None where it is none."""
    try:
        actor = parse_actor(parse_json_object(document), fetched_from)
    except FederationError:
        return None
    return actor.id, actor.inbox, actor.shared_inbox
