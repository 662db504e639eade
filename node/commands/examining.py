"""A server looked at from outside: this node as others see it, or a peer."""

from __future__ import annotations

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.domain.errors import InvalidInput
from node.services.accounts import find_account
from node.workflows.examining import examine_by, read_reference, report

__all__ = ["COMMANDS"]

COMMANDS = Commands()


@COMMANDS.command("node.examine", "who", reads=True)
async def look(node: Node, arguments: Arguments) -> JsonObject:
    """Look at the server of a handle or an address, from outside, and say what keeps others from it."""
    reference = await read_reference(node, arguments.text("who", 500), await _account(node, arguments))
    return await report(reference, examine_by(node, reference), arguments.say)


async def _account(node: Node, arguments: Arguments) -> str | None:
    """The account that acts, None where none or several could be meant."""
    try:
        return (await node.look(lambda desk: find_account(desk, arguments.account))).name
    except InvalidInput:
        if arguments.account is not None:
            raise
        return None
