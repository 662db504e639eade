"""Asking a node that runs, over its Unix socket. Light on purpose: most commands do no more than this.

    {"command": …, "args": {…}}\\n  →  {"progress": "…"}\\n …  {"result": {…}} or {"error": {…}}\\n

`control` is the other side, and what opens a node that does not run.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from federation.messages import JsonObject
from federation.strictjson import dump_json, parse_json_object
from node.config import Config
from node.domain.errors import InvalidInput, Refusal

__all__ = [
    "MOST_BYTES",
    "Answer",
    "CommandFailed",
    "Progress",
    "ask_running",
    "error_of",
    "is_running",
    "result_of",
    "socket_address",
]

MOST_BYTES = 32 * 1024 * 1024
"""One line: the largest is a catalogue to import."""
_LONGEST_PATH = 100
Progress = Callable[[str], None]


class CommandFailed(Exception):
    """The command was refused, or failed as it may; `error` is {field, wrong, right, reason}."""

    def __init__(self, error: JsonObject) -> None:
        field, wrong, right = (str(error.get(name) or "") for name in ("field", "wrong", "right"))
        said = f"{wrong.removesuffix('.')}. {right}".strip()
        super().__init__(f"{field}: {said}" if field else said)
        self.error = error


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command gave; `queued` messages wait until the node runs (0 where one runs)."""

    result: JsonObject
    queued: int = 0


# --- the socket's address ---------------------------------------------------------------------------------


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """The socket's path, or a shorter way to it: the system takes at most 107 bytes."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    if not sys.platform.startswith("linux"):
        raise InvalidInput("data directory", f"{path} is too long for a socket", "Choose a shorter --data.")
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def _connect(path: Path) -> socket.socket | None:
    """A connection to the running node, None where none runs (a socket that was left behind is not one)."""
    if not path.is_socket():
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with socket_address(path) as address:
            connection.connect(address)
    except (ConnectionRefusedError, FileNotFoundError):
        connection.close()
        return None
    except PermissionError:
        connection.close()
        raise InvalidInput("data directory", f"{path} is somebody else's", "Run this as its owner.") from None
    return connection


def is_running(config: Config) -> bool:
    """Whether a node answers at this data directory's socket."""
    connection = _connect(config.socket_path)
    if connection is not None:
        connection.close()
    return connection is not None


# --- asking -----------------------------------------------------------------------------------------------


def ask_running(
    config: Config, command: str, args: Mapping[str, Any], progress: Progress
) -> JsonObject | None:
    """The result of a command by the node that runs on this data directory; None where none runs.

    Raises: CommandFailed; InvalidInput for somebody else's node.
    """
    connection = _connect(config.socket_path)
    if connection is None:
        return None
    with connection:
        return _ask(connection, command, args, progress)


def _ask(connection: socket.socket, command: str, args: Mapping[str, Any], progress: Progress) -> JsonObject:
    connection.sendall(dump_json({"command": command, "args": dict(args)}) + b"\n")
    with connection.makefile("rb") as lines:
        while line := lines.readline(MOST_BYTES):
            said = parse_json_object(line)
            if "progress" in said:
                progress(str(said["progress"]))
                continue
            return result_of(said)
    raise CommandFailed(
        {
            "field": "",
            "wrong": "the node ended before it answered",
            "right": "See its log.",
            "reason": "failed",
        }
    )


def result_of(said: JsonObject) -> JsonObject:
    """The result of an answer. Raises: CommandFailed."""
    if "error" in said:
        raise CommandFailed(said["error"])
    result: JsonObject = said["result"]
    return result


def error_of(error: Exception) -> JsonObject:
    """The error object of an expected failure.

    Shapes: `field` is empty where no input was wrong; `reason` is set where the deal's rules say no.
    """
    match error:
        case InvalidInput():
            return {"field": error.field, "wrong": error.wrong, "right": error.right, "reason": None}
        case Refusal():
            return {"field": "", "wrong": error.detail, "right": "", "reason": error.reason.value}
        case _:
            return {"field": "", "wrong": str(error), "right": "", "reason": "failed"}
