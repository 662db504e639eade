"""What every command of the command line shares: where the node is, whose command it is, how to answer.

A command is a function whose first argument is the `Front`; `--data`, `--json` and `--as` may stand before or
after its name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from federation.messages import JsonObject
from federation.strictjson import dump_json
from node.cli import late
from node.cli.render import plural
from node.config import load_config
from node.runtime.asking import Answer, Progress, ask_running

__all__ = ["Front", "Group", "command", "default_data_dir", "front_of", "group", "secret"]

LONGEST_LINE = 200
Show = Callable[["Front", JsonObject], None]


@dataclass(slots=True)
class Front:
    """One run of the command line, for the node in `data`."""

    data: Path
    as_json: bool = False
    account: str | None = None
    out: Console = field(default_factory=Console)
    err: Console = field(default_factory=lambda: Console(stderr=True))

    def ask(self, name: str, /, **args: Any) -> JsonObject:
        """Run a command of the node and give its result; `account` is added.

        Raises: CommandFailed, InvalidInput, StoreRefused; `main` turns them into one line.
        """
        with self.err.status("…") if self.err.is_terminal else _Quiet() as status:
            answered = call(self.data, name, {"account": self.account, **args}, status.update)
        if answered.queued:
            self.note(
                f"{plural(answered.queued, 'message')} {'stays' if answered.queued == 1 else 'stay'} queued, "
                "to leave while the node runs: obverse serve"
            )
        return answered.result

    def show(self, result: JsonObject, people: Show) -> None:
        """Print a result: as JSON where that was asked for, else by `people`."""
        if self.as_json:
            self.print_json(result)
        else:
            people(self, result)

    def print_json(self, value: JsonObject) -> None:
        """One line of JSON on stdout."""
        sys.stdout.buffer.write(dump_json(value) + b"\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """A line for people on stdout; markup in square brackets is not read."""
        self.out.print(text, markup=False, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """A line beside the answer, on stderr."""
        self.err.print(text, markup=False, highlight=False, soft_wrap=True)


def call(data: Path, command: str, args: Mapping[str, Any], progress: Progress) -> Answer:
    """Run a command by the node that runs, else by opening it.

    Raises: CommandFailed, InvalidInput, StoreRefused.
    """
    result = ask_running(load_config(data), command, args, progress)
    return Answer(result) if result is not None else late.call_alone(data, command, args, progress)


class _Quiet:
    """Progress where nobody watches."""

    def __enter__(self) -> _Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, text: str) -> None:
        return None


def default_data_dir() -> Path:
    """$OBVERSE_DATA, else the place for a user's data."""
    named = os.environ.get("OBVERSE_DATA")
    if named:
        return Path(named)
    shared = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(shared) / "obverse"


def secret(what: str, *, confirm: bool = False) -> str:
    """A password or passphrase: asked for on a terminal, else the first line of what is piped in."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, confirmation_prompt=confirm, err=True))
    return sys.stdin.readline().rstrip("\n")


# --- the options that every command has -------------------------------------------------------------------


def front_of(context: click.Context) -> Front:
    """The one that this run of the command line has."""
    front = context.find_root().obj
    assert isinstance(front, Front)
    return front


def _set_data(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        front_of(context).data = value


def _set_json(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        front_of(context).as_json = True


def _set_account(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        front_of(context).account = value


def _shared() -> list[click.Option]:
    return [
        click.Option(
            ["--data"],
            type=click.Path(path_type=Path, file_okay=False),
            callback=_set_data,
            expose_value=False,
            metavar="DIR",
            help="Where the node lives (else $OBVERSE_DATA, else ~/.local/share/obverse).",
        ),
        click.Option(
            ["--as"],
            callback=_set_account,
            expose_value=False,
            metavar="NAME",
            help="The account that acts, where the node has several.",
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            callback=_set_json,
            expose_value=False,
            help="Answer in JSON, for programs.",
        ),
    ]


class Command(click.Command):
    """A command with the shared options, and its example under its help."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_shared())
        self.example = example

    def get_short_help_str(self, limit: int = 0) -> str:
        """The whole first sentence: a list of commands that breaks off teaches nothing."""
        return super().get_short_help_str(LONGEST_LINE)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.example:
            with formatter.section("Example"):
                for line in self.example.splitlines():
                    formatter.write(f"  {line.strip()}\n")


class Group(click.Group):
    """A group with the shared options."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_shared())


def command(name: str, example: str = "") -> Callable[[Callable[..., int | None]], click.Command]:
    """Make a function with a docstring a command; its first argument is the Front, then its parameters.

    What it returns is the exit code, None for 0.
    """

    def made(run: Callable[..., int | None]) -> click.Command:
        def invoke(*args: Any, **kwargs: Any) -> int | None:
            return run(front_of(click.get_current_context()), *args, **kwargs)

        invoke.__doc__ = run.__doc__
        invoke.__name__ = run.__name__
        if hasattr(run, "__click_params__"):
            invoke.__click_params__ = run.__click_params__  # type: ignore[attr-defined]
        return click.command(name, cls=Command, example=example)(invoke)

    return made


def group(name: str, help_text: str, *members: click.Command) -> Group:
    """A group of commands: `obverse user add`."""
    return Group(name, commands=list(members), help=help_text, no_args_is_help=True)
