"""Where to go on when the story is over: the pages, ready to be logged in to, and the command line."""

from __future__ import annotations

import secrets
import shlex
import sys
from pathlib import Path

from node.demo.outsider import Outsider
from node.demo.stage import CAST, Player, Stage
from node.demo.story import Told
from node.demo.words import Teller

__all__ = ["new_password", "show_entrances", "show_outsider"]

BY_LINK = ("ana", "south")
"""Whose pages have most on them: the customer's, and those of the shop that she bought from."""
ONSETS, VOWELS = "bdfghjklmnprstvz", "aeiou"
GROUPS, SYLLABLES = 4, 2


def show_entrances(stage: Stage, told: Told, teller: Teller) -> None:
    """Give everybody a password that was never used before, and say how to get in.

    Raises: CommandFailed, StageFailed.
    """
    teller.heading(
        "In a browser: each link logs in once, within a quarter of an hour; the password, any time"
    )
    for name, _, _ in CAST:
        player, password = stage[name], new_password()
        player.ask("user.passwd", password=password)
        entrance = player.ask("login.link")["url"] if name in BY_LINK else f"{player.url}/login"
        teller.say(f"    {name.title():<6} {entrance}")
        teller.say(f"    {'':<6} name {name}, password {password}")
    teller.heading("What strangers see")
    for url in (f"{stage['south'].url}/@south", told.feedback_url):
        teller.say(f"    {url}")
    _show_command_line(stage, told, teller)


def show_outsider(outsider: Outsider | None, teller: Teller) -> None:
    """Where to see what reached the user of the other server, if there is one."""
    if outsider is not None:
        teller.heading("What Ben reads on his own server")
        teller.say(f"    {outsider.page}")


def new_password() -> str:
    """Fifty random bits that can be read out and typed."""
    groups = ("".join(_syllable() for _ in range(SYLLABLES)) for _ in range(GROUPS))
    return "-".join(groups)


def _syllable() -> str:
    return secrets.choice(ONSETS) + secrets.choice(VOWELS)


def _show_command_line(stage: Stage, told: Told, teller: Teller) -> None:
    ana, north, _, west = (stage[name] for name, _, _ in CAST)
    obverse = _command_line()
    teller.heading("By hand: in another terminal")
    for line in (
        f"export OBVERSE_DATA={shlex.quote(str(ana.data))}",
        f"{obverse} deal show {told.deal[-6:]}",
        f"{obverse} intent cast 'a ball' --category Q18545 --budget '30 EUR' --to {west.handle}",
        f"{obverse} inbox --data {_quoted(west)}",
        f"{obverse} post offer N0001 --data {_quoted(north)}",
        f"{obverse} --help",
    ):
        teller.say(f"    {line}")


def _quoted(player: Player) -> str:
    return shlex.quote(str(player.data))


def _command_line() -> str:
    """How the command line is called from here; a relative path where we stand above it."""
    installed = Path(sys.executable).with_name("obverse")
    if not installed.exists():
        return f"{shlex.quote(sys.executable)} -m node"
    here = Path.cwd()
    return shlex.quote(str(installed.relative_to(here) if installed.is_relative_to(here) else installed))
