"""A backup of database and node key, taken while the node runs."""

from __future__ import annotations

from pathlib import Path

import anyio

from federation.messages import JsonObject
from federation.strictjson import dump_json
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.config import FILE
from node.context import Node
from node.domain.errors import InvalidInput
from node.signing import load_node_key
from node.store.backup import write_backup
from node.store.ports import LAST_BACKUP

__all__ = ["COMMANDS"]

COMMANDS = Commands()


@COMMANDS.command("node.backup", "path passphrase", reads=True)
async def backup(node: Node, arguments: Arguments) -> JsonObject:
    """Database, node key and settings in one new file under a passphrase."""
    path = Path(arguments.text("path", 4000))
    passphrase = arguments.text("passphrase", 1000)
    if not path.is_absolute():
        raise InvalidInput("path", f"{path} is not absolute", "Write the whole path.")
    config, now = node.config, node.now()  # before the copy is taken: what is newer is surely not in it
    await write_backup(
        node.db,
        load_node_key(config.node_key_path),
        path,
        passphrase,
        now=now,
        settings=(config.data_dir / FILE).read_bytes(),
        work_dir=config.data_dir,
    )
    size_bytes = (await anyio.Path(path).stat()).st_size
    record = dump_json({"at": now.isoformat(), "path": str(path), "size_bytes": size_bytes}).decode()
    await node.db.write(lambda tx: tx.meta.set(LAST_BACKUP, record))
    return {"path": str(path), "size_bytes": size_bytes}
