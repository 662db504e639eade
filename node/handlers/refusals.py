"""Whether an account of ours has blocked whoever sent a message, so that nobody reads it."""

from __future__ import annotations

from federation.jsonld import as_id
from federation.listeners import Inbound
from node.context import Node
from node.desk import Desk
from node.services.shunning import refuses

__all__ = ["is_refused"]


async def is_refused(node: Node, inbound: Inbound) -> bool:
    """Whether all accounts that a message is for have blocked its actor.

    At the inbox of an account, or of a persona, that is its owner; at the shared one those whom it names.
    What names none of ours there is for whoever follows, and each list asks for its own reader.
    A message of a deal is asked about in its own transaction.
    """
    activity, entry = inbound.activity, inbound.entry
    named = (*activity.to, *activity.cc, activity.object_id or "", as_id(activity.json.get("target")) or "")
    ours = f"{node.config.base_url}/"
    concerned = {entry.recipient} if entry.recipient else {iri for iri in named if iri.startswith(ours)}

    def all_refuse(desk: Desk) -> bool:
        actors = [one for one in concerned if _lives_here(desk, one)]
        return bool(actors) and all(refuses(desk, one, entry.actor) for one in actors)

    return bool(concerned) and await node.look(all_refuse)


def _lives_here(desk: Desk, actor: str) -> bool:
    return desk.tx.accounts.get(actor) is not None or desk.tx.personas.get(actor) is not None
