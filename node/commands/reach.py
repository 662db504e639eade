"""Whether this node can be found from outside, asked the way that others ask."""

from __future__ import annotations

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.workflows.reaching import Look, look_around

__all__ = ["COMMANDS"]

COMMANDS = Commands()


@COMMANDS.command("node.reach", reads=True)
async def reach(node: Node, arguments: Arguments) -> JsonObject:
    """Fetch our own actor, look up each account's handle, and send a large message, through the network."""
    seen = [one async for one in look_around(node) if one.look is not Look.CLOCK]
    problems: list[JsonObject] = [{"what": one.about, "error": one.detail} for one in seen if one.is_trouble]
    return {"asked": len(seen), "problems": problems}
