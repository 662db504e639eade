"""How your account looks to everybody: its image, and the picture above its page."""

from __future__ import annotations

import base64
from pathlib import Path

import click

from federation.messages import JsonObject
from node.cli.front import Front, command, group

__all__ = ["COMMANDS"]

_HEADER = click.option("--header", is_flag=True, help="The picture above the page, not the image.")


def _which(header: bool) -> str:
    return "header" if header else "icon"


@command("set", 'obverse picture set sign.jpg --alt "Our sign: a wheel"')
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--alt", metavar="WORDS", help="What it shows, for those who do not see it.")
@_HEADER
def picture_set(front: Front, file: Path, alt: str | None, header: bool) -> None:
    """Set it: encoded anew, without where and when it was taken."""
    body = base64.b64encode(file.read_bytes()).decode()
    front.show(front.ask("picture.set", which=_which(header), body=body, alt=alt), _show_set)
    if not alt:
        front.note("Nobody has said what it shows: --alt says it to those who do not see it.")


def _show_set(front: Front, done: JsonObject) -> None:
    size = f"{done['width']} × {done['height']}"
    front.say(f"Everybody sees it from now on ({size})." if done["changed"] else "It is that one already.")


@command("remove", "obverse picture remove")
@_HEADER
def picture_remove(front: Front, header: bool) -> None:
    """Take it away."""
    front.show(
        front.ask("picture.remove", which=_which(header)),
        lambda front, done: front.say("It is gone." if done["changed"] else "There was none."),
    )


COMMANDS: tuple[click.Command, ...] = (
    group("picture", "Your image, and the picture above your page.", picture_set, picture_remove),
)
