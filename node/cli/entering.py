"""Ways in for whoever runs the server."""

from __future__ import annotations

import click

from node.cli.front import Front, command

__all__ = ["COMMANDS"]


@command("login-link", "obverse login-link --as ana")
def login_link(front: Front) -> None:
    """Make a link that logs somebody in once, within a quarter of an hour: for who is locked out."""
    made = front.ask("login.link")
    front.show(
        made,
        lambda front, made: front.say(
            f"This logs in as {made['name']}, once, within a quarter of an hour:\n{made['url']}"
        ),
    )


@command("setup-link", "obverse setup-link")
def setup_link(front: Front) -> None:
    """Make a link to set the node up in a browser, while nobody can log in yet; it ends earlier ones."""
    front.show(
        front.ask("setup.link"),
        lambda front, made: front.say(f"Set the node up in a browser, within a day:\n{made['url']}"),
    )


COMMANDS: tuple[click.Command, ...] = (login_link, setup_link)
