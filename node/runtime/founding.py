"""A new node: its settings, its key, its database, its own actor, and its first account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from federation.messages import JsonObject
from node.commands.registry import Commands
from node.config import Config, save_config
from node.container import utc_now
from node.domain.errors import InvalidInput
from node.runtime.control import run_once
from node.signing import create_node_key
from node.store.sqlite import open_sqlite

__all__ = ["found_node"]


async def found_node(
    config: Config, commands: Commands, account: Mapping[str, Any], *, progress: Callable[[str], None]
) -> JsonObject:
    """Make all that a node consists of, or nothing.

    Shapes: `account` as the command `node.found` takes it, empty for none.
    Raises: InvalidInput, also where something of a node is there already; CommandFailed.
    """
    files = (config.data_dir / "config.toml", config.node_key_path, config.database_path)
    there = next((path for path in files if path.exists()), None)
    if there is not None:
        raise InvalidInput("data directory", f"{there} is there already", "Choose another with --data.")
    try:
        save_config(config)
        create_node_key(config.node_key_path)
        database = await open_sqlite(config.database_path, clock=utc_now, create=True)
        await database.aclose()
        return (await run_once(config, commands, "node.found", account, progress=progress)).result
    except BaseException:
        for path in config.data_dir.glob("obverse.db*"):
            path.unlink()
        for path in files:
            path.unlink(missing_ok=True)
        raise
