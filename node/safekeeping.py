"""A backup of the whole node in one sealed file, for whoever asks for one: the command line, the pages."""

from __future__ import annotations

from pathlib import Path

import anyio

from federation.strictjson import dump_json
from node.config import FILE
from node.context import Node
from node.signing import load_node_key
from node.store.backup import write_backup
from node.store.ports import LAST_BACKUP

__all__ = ["back_up"]


async def back_up(node: Node, path: Path, passphrase: str, *, kept_at: str) -> int:
    """Write database, node key and settings, as they are at one moment, to one new file; its size in bytes.

    Shapes: `kept_at` is where the owner will find it, as `doctor` tells it later.
    Raises: StoreRefused.
    """
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
    record = dump_json({"at": now.isoformat(), "path": kept_at, "size_bytes": size_bytes}).decode()
    await node.db.write(lambda tx: tx.meta.set(LAST_BACKUP, record))
    return size_bytes
