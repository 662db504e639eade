"""A backup of database and node key, taken while the node runs."""

from __future__ import annotations

from pathlib import Path

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.domain.errors import InvalidInput
from node.workflows.safekeeping import back_up

__all__ = ["COMMANDS"]

COMMANDS = Commands()


@COMMANDS.command("node.backup", "path passphrase", reads=True)
async def backup(node: Node, arguments: Arguments) -> JsonObject:
    """Database, node key and settings in one new file under a passphrase."""
    path = Path(arguments.text("path", 4000))
    passphrase = arguments.text("passphrase", 1000)
    if not path.is_absolute():
        raise InvalidInput("path", f"{path} is not absolute", "Write the whole path.")
    return {"path": str(path), "size_bytes": await back_up(node, path, passphrase, kept_at=str(path))}
