"""The evidence of a deal in one file, and the keys that this node knows from its own past."""

from __future__ import annotations

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.references import account_for, deal_for
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.plain_quotes import read_reference
from node.queries.records import export_deal, export_sale

__all__ = ["COMMANDS"]

COMMANDS = Commands()
MOST_KEYS = 200


@COMMANDS.command("deal.export", "deal", reads=True)
async def export(node: Node, arguments: Arguments) -> JsonObject:
    """Every message of a deal as it came and went, with the documents that showed the keys.

    A sale to a plain account is named by the reference of its quote.
    """
    reference = read_reference(arguments.text("deal", 2000))

    def view(desk: Desk) -> JsonObject:
        quote = desk.tx.plain_quotes.find(reference) if reference is not None else None
        is_any = arguments.account is None
        if quote is not None and (is_any or quote.account == account_for(desk, arguments).id):
            bundle = export_sale(desk, quote)
            return {"deal": quote.id, "messages": len(bundle["messages"]), "bundle": bundle}
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
