"""Who somebody is that writes to us: looked up once in both directions, and never waited for long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import anyio

from federation.actors import RemoteActor, parse_actor
from federation.errors import FederationError, TooManyRequests
from federation.ids import host, origin
from federation.rates import SenderRates
from federation.strictjson import parse_json_object
from node.context import Node
from node.domain.talking import Peer
from node.handlers.evidence import Sender
from node.workflows.lookups import resolve

__all__ = ["Callers"]

PROVEN_FOR = timedelta(days=1)
ASKED_AGAIN_AFTER = timedelta(hours=1)
"""Of whom nothing was proven; a server that was down is not asked again for each message."""
WITHIN_S = 5.0
NAME_CHARS = 100


class Callers:
    """Shows people by the handle that their own host confirms, else by their id (`security C15, C16`).

    How often a domain's hosts are asked is bounded as for keys; beyond that, and where the look-up fails, the
    message is kept all the same and its author is shown by id until the next one.
    """

    def __init__(self) -> None:
        self._rates = SenderRates()

    async def peer_of(self, node: Node, sender: Sender) -> Peer:
        """The sender of a message as its readers are shown it; nothing is saved, and nothing is raised."""
        known = await node.look(lambda desk: desk.tx.peers.get(sender.actor))
        now = node.now()
        peer = Peer(sender.actor, sender.inbox, now)
        actor = _read(sender)
        if actor is None:  # a key was shown to be its, so its document was read before; kept in any case
            return peer
        name = " ".join(actor.name.split())[:NAME_CHARS] if actor.name else actor.preferred_username
        peer = replace(peer, name=name, url=actor.url or "")
        handle = f"@{actor.preferred_username}@{origin(actor.id).split('://', 1)[1]}"
        if known is not None and known.handle in ("", handle):
            age = now - known.seen_at
            if age < (PROVEN_FOR if known.handle else ASKED_AGAIN_AFTER):
                return replace(peer, handle=known.handle, seen_at=known.seen_at)
        return replace(peer, handle=handle if await self._is_proven(node, actor.id, handle) else "")

    async def _is_proven(self, node: Node, actor: str, handle: str) -> bool:
        """Whether the host of a handle names this very actor, and this actor that handle."""
        try:
            if host(actor) != node.config.host:
                self._rates.spend_look_up(actor, node.now())
            with anyio.fail_after(WITHIN_S):
                return await resolve(node, handle) == actor
        except (FederationError, TooManyRequests, TimeoutError, OSError):
            return False


def _read(sender: Sender) -> RemoteActor | None:
    try:
        return parse_actor(parse_json_object(sender.document), sender.actor)
    except FederationError:
        return None
