"""What only some commands need, loaded when they run: the node itself, with its store, network and server.

Importing all of it takes a second, which a command that speaks to a running node does not have to wait for.
This is the one place where the command line imports late.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio

from federation.messages import JsonObject
from node.config import Config
from node.runtime.asking import Answer, Progress

__all__ = ["call_alone", "examine_alone", "found", "play_demo", "restore", "serve_node"]


def call_alone(data_dir: Path, command: str, args: Mapping[str, Any], progress: Progress) -> Answer:
    """Open the node for one command (`node.runtime.control.call`)."""
    commands = import_module("node.commands").build_commands()
    answered: Answer = import_module("node.runtime.control").call(
        data_dir, commands, command, args, progress=progress
    )
    return answered


def examine_alone(who: str, progress: Progress) -> JsonObject:
    """Look at another's server where there is no node (`node.workflows.examining.examine_alone`)."""
    look = import_module("node.workflows.examining").examine_alone
    seen: JsonObject = anyio.run(lambda: look(who, now=lambda: datetime.now(UTC), say=progress))
    return seen


async def found(config: Config, account: Mapping[str, Any], progress: Progress) -> JsonObject:
    """Make a node (`node.runtime.founding.found_node`)."""
    commands = import_module("node.commands").build_commands()
    made: JsonObject = await import_module("node.runtime.founding").found_node(
        config, commands, account, progress=progress
    )
    return made


async def serve_node(config: Config, ready: Callable[[str], None], invite: Callable[[str], None]) -> None:
    """Run a node (`node.runtime.serve.serve`)."""
    with _kept_for_good():
        commands = import_module("node.commands").build_commands()
        serve = import_module("node.runtime.serve").serve
    await serve(config, commands, ready=ready, invite=invite)


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """What is made here stays as long as the process: nobody looks through it for garbage, neither while it
    is made, which would be a tenth of a start, nor ever after."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def restore(file: Path, passphrase: str, data_dir: Path) -> Any:
    """Bring a node back (`node.store.backup.restore_backup`)."""
    return import_module("node.store.backup").restore_backup(
        file, passphrase, data_dir, now=datetime.now(UTC)
    )


def play_demo(*, once: bool, base_port: int, keep: Path | None) -> int:
    """Play the demo (`node.demo.run`)."""
    return int(import_module("node.demo").run(once=once, base_port=base_port, keep=keep))
