"""How a command reaches the node: over its Unix socket where it runs, else by opening it for a moment.

One request a connection. The socket lies in the data directory with mode 0600: whoever may read the node's
keys may speak to it, and nobody else.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio

from federation.errors import InvalidJson
from federation.messages import JsonObject
from federation.strictjson import dump_json, parse_json_object
from node.commands import answer
from node.commands.registry import Commands
from node.config import Config, load_config
from node.container import OpenNode, open_node
from node.context import Node
from node.runtime.asking import (
    MOST_BYTES,
    Answer,
    Progress,
    ask_running,
    result_of,
    socket_address,
)
from node.store.ports import JobState

__all__ = ["call", "run_once", "serve_control"]

LOG = logging.getLogger("obverse")

AT_ONCE = 16
REQUEST_S = 30.0
STOP_S = 5.0
PAUSE_S = 1.0
SETTLE_S = 5.0
"""How long a command that opened the node itself waits for its messages to leave."""


# --- asking -----------------------------------------------------------------------------------------------


def call(
    data_dir: Path,
    commands: Commands,
    command: str,
    args: Mapping[str, Any],
    *,
    progress: Progress = lambda text: None,
) -> Answer:
    """Run a command: by the node that runs on this data directory, else by opening it.

    Shapes: `args` is plain JSON.
    Raises: CommandFailed; InvalidInput where there is no node; StoreRefused where it cannot be opened.
    """
    config = load_config(data_dir)
    result = ask_running(config, command, args, progress)
    if result is not None:
        return Answer(result)
    return anyio.run(lambda: run_once(config, commands, command, args, progress=progress))


async def run_once(
    config: Config,
    commands: Commands,
    command: str,
    args: Mapping[str, Any],
    *,
    progress: Progress = lambda text: None,
    settle_s: float = SETTLE_S,
) -> Answer:
    """Open the node under its lock, run one command, and give what it queued a few seconds to leave.

    Raises: CommandFailed, StoreRefused.
    """
    async with open_node(config) as opened:
        result = result_of(await answer(commands, opened.node, command, args, progress))
        if commands.find(command).reads:
            return Answer(result)
        return Answer(result, await _settle(opened, settle_s))


async def _settle(opened: OpenNode, settle_s: float) -> int:
    """Let the worker work; how many messages are still queued then."""
    with anyio.move_on_after(settle_s):
        await opened.run_until_idle()
    waiting = await opened.node.look(
        lambda desk: desk.tx.deliveries.all(states=(JobState.QUEUED,), limit=1000)
    )
    return len(waiting)


# --- answering --------------------------------------------------------------------------------------------


@asynccontextmanager
async def serve_control(node: Node, commands: Commands) -> AsyncIterator[None]:
    """Listen on the node's socket while the context lasts. The store's lock is held, so that a socket file
    which is there was left behind.
    """
    path = node.config.socket_path
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with socket_address(path) as address:
        listener.bind(address)
    path.chmod(0o600)  # before listen: nobody can have connected
    listener.listen()
    listener.setblocking(False)
    hands = _Hands(node, commands)
    hands.open(listener)
    try:
        yield
    finally:
        hands.shut(listener)
        path.unlink(missing_ok=True)
        listener.close()
        with anyio.CancelScope(shield=True):
            await hands.end()


class _Hands:
    """Serves connections, a few at a time, and knows which are still served."""

    def __init__(self, node: Node, commands: Commands) -> None:
        self._node = node
        self._commands = commands
        self._room = asyncio.Semaphore(AT_ONCE)
        self._busy = set[asyncio.Task[None]]()
        self._later: asyncio.TimerHandle | None = None

    def open(self, listener: socket.socket) -> None:
        """Begin to take connections."""
        self._later = None
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def shut(self, listener: socket.socket) -> None:
        """Take no more."""
        asyncio.get_running_loop().remove_reader(listener)
        if self._later is not None:
            self._later.cancel()

    def _accept(self, listener: socket.socket) -> None:
        """Take the connection that waits and give it its task in one step, so that none can be lost."""
        try:
            connection, _ = listener.accept()
        except OSError as error:  # files are short just now: look again later, not at once and for ever
            LOG.warning("the control socket could not take a connection: %s", error)
            self.shut(listener)
            self._later = asyncio.get_running_loop().call_later(PAUSE_S, self.open, listener)
            return
        connection.setblocking(False)
        hand = asyncio.get_running_loop().create_task(self._take(connection))
        self._busy.add(hand)
        hand.add_done_callback(lambda done: self._let_go(done, connection))

    def _let_go(self, hand: asyncio.Task[None], connection: socket.socket) -> None:
        self._busy.discard(hand)
        connection.close()

    async def _take(self, connection: socket.socket) -> None:
        async with self._room:
            reader, writer = await asyncio.open_unix_connection(sock=connection, limit=MOST_BYTES)
            await _serve_one(self._node, self._commands, reader, writer)

    async def end(self) -> None:
        """Let the commands that run come to their end, but not for ever."""
        if self._busy:
            _, late = await asyncio.wait(set(self._busy), timeout=STOP_S)
            for hand in late:
                hand.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _serve_one(
    node: Node, commands: Commands, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        with suppress(ConnectionError):  # whoever asked may have left
            await _answer_one(node, commands, reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _answer_one(
    node: Node, commands: Commands, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    def say(text: str) -> None:
        writer.write(dump_json({"progress": text}) + b"\n")

    said = await _read_request(reader)
    if "error" not in said:
        try:
            said = await answer(commands, node, said["command"], said["args"], say)
        except Exception:  # a fault of ours: it is logged, the node goes on, and whoever asked is told
            LOG.exception("a command failed")
            said = _failure("the command failed inside the node; its log says why")
    writer.write(dump_json(said) + b"\n")
    await writer.drain()


async def _read_request(reader: asyncio.StreamReader) -> JsonObject:
    """The request, checked for its shape; an error answer where it has none."""
    try:
        with anyio.fail_after(REQUEST_S):
            request = parse_json_object(await reader.readline())
    except (InvalidJson, ValueError, TimeoutError) as error:
        return _failure(f"the request is not one line of JSON within bounds: {error}")
    if not isinstance(request.get("command"), str) or not isinstance(request.get("args"), dict):
        return _failure("a request has a command and args")
    return {"command": request["command"], "args": request["args"]}


def _failure(wrong: str) -> JsonObject:
    return {"error": {"field": "", "wrong": wrong, "right": "", "reason": "failed"}}
