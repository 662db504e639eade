"""What can be asked of an open node, by name; and the one way in which it is asked and answered.

name + plain JSON → arguments by their declared names → the command → plain JSON, or an error object
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from federation.errors import FederationError
from federation.messages import JsonObject
from node.commands.arguments import Arguments, Say
from node.context import Node
from node.domain.errors import InvalidInput, Refusal
from node.runtime.asking import error_of
from node.store.ports import StoreRefused

__all__ = ["Command", "Commands", "Run", "answer", "silent"]

Run = Callable[[Node, Arguments], Awaitable[JsonObject]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `takes` are the names of its arguments; `reads` says that it changes and sends nothing."""

    name: str
    run: Run
    takes: frozenset[str]
    reads: bool = False


class Commands:
    """Commands by name. A name that stands twice is refused when the registry is put together."""

    def __init__(self, *parts: Commands) -> None:
        self._by_name: dict[str, Command] = {}
        for part in parts:
            for command in part:
                self._add(command)

    def __iter__(self) -> Iterator[Command]:
        return iter(self._by_name.values())

    def _add(self, command: Command) -> None:
        if command.name in self._by_name:
            raise ValueError(f"two commands are named {command.name!r}")
        self._by_name[command.name] = command

    def command(self, name: str, takes: str = "", *, reads: bool = False) -> Callable[[Run], Run]:
        """Register the decorated function.

        Shapes: `takes` names its arguments, separated by spaces; `account` (whose command it is) is always
                among them.
        Raises: ValueError for a name that is taken.
        """

        def register(run: Run) -> Run:
            self._add(Command(name, run, frozenset({"account", *takes.split()}), reads))
            return run

        return register

    def find(self, name: str) -> Command:
        """Raises: InvalidInput for an unknown name."""
        found = self._by_name.get(name)
        if found is None:
            raise InvalidInput(
                "command", f"there is no {name!r} here", "Is the running node an older version?"
            )
        return found


def silent(text: str) -> None:
    """Nobody listens to the progress of this command."""


async def answer(
    commands: Commands, node: Node, name: str, raw: Mapping[str, Any], say: Say = silent
) -> JsonObject:
    """Run a command: `{"result": …}`, or `{"error": {field, wrong, right, reason}}` for what was expected.

    Shapes: `raw` is plain JSON; a member that is null counts as left out. `say` is told of progress.
    Raises: nothing of the domain's or the toolkit's; a fault of ours passes through.
    """
    try:
        command = commands.find(name)
        arguments = Arguments(raw, say)
        arguments.only(command.takes)
        return {"result": await command.run(node, arguments)}
    except (InvalidInput, Refusal, StoreRefused, FederationError) as error:
        return {"error": error_of(error)}
