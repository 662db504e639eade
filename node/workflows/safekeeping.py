"""A backup of the whole node in one sealed file, for whoever asks for one: the command line, the pages."""

from __future__ import annotations

import shutil
from pathlib import Path

import anyio
from anyio.to_thread import run_sync

from federation.strictjson import dump_json
from node.config import FILE
from node.context import Node
from node.signing import OwnKeys, load_node_key
from node.store.backup import DATABASE_FILE, RestoredBackup, write_backup
from node.store.ports import LAST_BACKUP, StoreRefused
from node.store.sqlite import open_sqlite
from node.store.staging import draft_of, settle, unpack

__all__ = ["back_up", "bring_back"]


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


async def bring_back(node: Node, path: Path, passphrase: str) -> RestoredBackup:
    """Let a backup of this node wait beside it, to take its place at the next start.

    It is read to its end, opened once as the node will open it, and its key tried on its keys; whatever is
    wrong with it, the node is as it was. Raises: StoreRefused.
    """
    data_dir = node.config.data_dir
    backup = await run_sync(lambda: unpack(path, passphrase, data_dir, now=node.now()))
    draft = draft_of(data_dir)
    try:
        database = await open_sqlite(draft / DATABASE_FILE, clock=node.clock)
        try:
            rows = await database.read(lambda tx: tx.keys.of(node.config.node_actor))
        finally:
            await database.aclose()
        if not rows:
            raise StoreRefused(f"This backup is of another address than {node.config.base_url}.")
        if not OwnKeys(backup.node_key).opens(rows[-1]):
            raise StoreRefused("The key in this backup does not open what is in it. Use another backup.")
        await run_sync(settle, data_dir)
    except BaseException:
        await run_sync(lambda: shutil.rmtree(draft, ignore_errors=True))
        raise
    return backup
