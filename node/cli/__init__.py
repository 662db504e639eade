"""The command line: `obverse`.

Each module holds the commands of one concept; to add one, write it with `front.command` and name it here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from federation.errors import FederationError
from federation.messages import JsonObject
from node.cli import (
    accounts,
    admin,
    answers,
    deals,
    doctor,
    entering,
    evidence,
    following,
    nodes,
    person,
    pictures,
    posts,
    reading,
    talking,
    vendor,
)
from node.cli.front import Front, Group, default_data_dir
from node.domain.errors import InvalidInput, Refusal
from node.runtime.asking import CommandFailed, error_of
from node.store.ports import StoreRefused

__all__ = ["build_cli", "main"]

PARTS = (
    nodes,
    person,
    answers,
    deals,
    vendor,
    posts,
    talking,
    accounts,
    following,
    reading,
    pictures,
    entering,
    admin,
    doctor,
    evidence,
)
"""The modules of commands, in the order of the help."""

INPUT_WRONG = 2
FAILED = 1
INTERRUPTED = 130

FIRST_STEPS = """\
Obverse: your side of a relationship with those you buy from.

To see four nodes strike a deal on this machine:
  obverse demo

To have a node of your own:
  obverse init --url https://ana.example --name ana     once; the address cannot be changed later
  obverse serve                                         keeps it running
  obverse vendors add @shop@shop.example                whom you want to hear from
  obverse intent cast "child bicycle" ...               what you want, on your terms
  obverse offers                                        what they answer

All commands: obverse --help
"""


def build_cli() -> Group:
    """The whole command line."""
    return Group(
        "obverse",
        commands=[command for part in PARTS for command in part.COMMANDS],
        help="Signed intents, offers and feedback between nodes that people and vendors own.",
        invoke_without_command=True,
        callback=click.pass_context(_first_steps),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _first_steps(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        click.echo(FIRST_STEPS, nl=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0 done, 1 refused or failed, 2 wrong input."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit code. Expected failures are one line, never a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    front = Front(default_data_dir(), as_json="--json" in words)
    try:
        result = build_cli().main(
            words,
            prog_name="obverse",
            standalone_mode=False,
            obj=front,
        )
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:  # whoever read has seen enough (`obverse offers | head -3`)
        _discard_the_rest()
        return FAILED
    except click.UsageError as error:
        return _told(front, _usage(error), INPUT_WRONG)
    except CommandFailed as error:
        return _told(front, error.error, INPUT_WRONG if error.error.get("field") else FAILED)
    except InvalidInput as error:
        return _told(front, error_of(error), INPUT_WRONG)
    except (Refusal, StoreRefused, FederationError, OSError) as error:
        return _told(front, error_of(error), FAILED)


def _discard_the_rest() -> None:
    """What is still in the buffer goes nowhere, so that the interpreter's end does not complain of it."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _usage(error: click.UsageError) -> JsonObject:
    path = error.ctx.command_path if error.ctx is not None else "obverse"
    wrong = error.format_message().removesuffix(".")
    return {"field": path, "wrong": wrong, "right": f"See {path} --help.", "reason": None}


def _told(front: Front, error: JsonObject, code: int) -> int:
    """Say what went wrong: one line, `field: wrong. right`; as JSON on stdout where that was asked for."""
    if front.as_json:
        front.print_json({"error": error})
    else:
        front.note(str(CommandFailed(error)))
    return code
