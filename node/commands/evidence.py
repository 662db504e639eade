"""The evidence of a deal in one file, and the keys that this node knows from its own past."""

from __future__ import annotations

from collections.abc import Iterator

from federation.messages import JsonObject
from federation.strictjson import dump_json
from node.commands.arguments import Arguments
from node.commands.references import deal_for
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.documents import Documents
from node.domain.deals import Deal
from node.store.ports import StoredMessage
from node.wire.bundles import ActorShown, Bundle, MessageKept, build_bundle

__all__ = ["COMMANDS"]

COMMANDS = Commands()
MOST_KEYS = 200
STANDING_OFFER = "standing offer"


@COMMANDS.command("deal.export", "deal", reads=True)
async def export(node: Node, arguments: Arguments) -> JsonObject:
    """Every message of a deal as it came and went, with the documents that showed the keys."""
    documents = Documents(node.config.base_url)

    def view(desk: Desk) -> Bundle:
        return _bundle(desk, deal_for(desk, arguments), documents)

    bundle = await node.look(view)
    return {"deal": bundle.deal_id, "messages": len(bundle.messages), "bundle": build_bundle(bundle)}


def _bundle(desk: Desk, deal: Deal, documents: Documents) -> Bundle:
    """What was refused has changed nothing and is no part of the evidence."""
    kept = [message for message in desk.tx.evidence.of_deal(deal.own, deal.id) if not message.refused]
    kept.sort(key=lambda message: message.kind != STANDING_OFFER)  # it stands before the order that binds it
    return Bundle(
        exported_by=deal.account,
        exported_at=desk.now,
        deal_id=deal.id,
        messages=tuple(MessageKept(message.at, message.digest, message.body) for message in kept),
        actors=tuple(_actors(desk, deal, kept, documents)),
    )


def _actors(desk: Desk, deal: Deal, kept: list[StoredMessage], documents: Documents) -> Iterator[ActorShown]:
    """Our own document as we serve it, and each document of theirs that showed a key, once."""
    own = documents.actor(desk.tx, deal.own)
    if own is not None:
        yield ActorShown(desk.now, deal.own, dump_json(own))
    for digest in dict.fromkeys(message.document for message in kept if message.document):
        found = desk.tx.documents.get(digest)
        if found is not None:
            actor, body, fetched_at = found
            yield ActorShown(fetched_at, actor, body)


@COMMANDS.command("evidence.keys", "keys", reads=True)
async def known_keys(node: Node, arguments: Arguments) -> JsonObject:
    """Which of these keys this node knows: its own, and those that it fetched from their owners itself."""
    asked = arguments.texts("keys", MOST_KEYS)
    own = await node.look(lambda desk: [desk.tx.keys.get(key_id) for key_id in asked])
    found: dict[str, list[str]] = {}
    for row in own:
        if row is not None and row.algorithm == "ed25519":
            found.setdefault(row.owner, []).append(row.public)
    for key_id in asked:
        known = await node.db.public_keys.find(key_id)
        if known is not None:
            found.setdefault(known.actor, []).append(known.key.multibase)
    return {"keys": found}
