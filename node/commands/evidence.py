"""The evidence of a deal in one file, and the keys that this node knows from its own past."""

from __future__ import annotations

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.references import deal_for
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.queries.records import export_deal

__all__ = ["COMMANDS"]

COMMANDS = Commands()
MOST_KEYS = 200


@COMMANDS.command("deal.export", "deal", reads=True)
async def export(node: Node, arguments: Arguments) -> JsonObject:
    """Every message of a deal as it came and went, with the documents that showed the keys."""

    def view(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments)
        bundle = export_deal(desk, deal)
        return {"deal": deal.id, "messages": len(bundle["messages"]), "bundle": bundle}

    return await node.look(view)


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
