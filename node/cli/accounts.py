"""Accounts of a node: who acts from it."""

from __future__ import annotations

import click

from federation.messages import JsonObject
from node.cli.front import Front, command, group, secret
from node.cli.render import ago, plural, table

__all__ = ["COMMANDS"]


@command("add", "obverse user add shop --kind vendor --display 'The Bicycle Shop'")
@click.argument("name")
@click.option("--kind", type=click.Choice(["person", "vendor"]), default="person", show_default=True)
@click.option("--display", help="Its name as others read it.")
@click.option("--summary", help="A line about it.")
@click.option(
    "--accepts", multiple=True, help="An agreement that a vendor accepts (default: the whole roster)."
)
def user_add(
    front: Front, name: str, kind: str, display: str | None, summary: str | None, accepts: tuple[str, ...]
) -> None:
    """Add an account to this node."""
    made = front.ask("user.add", name=name, kind=kind, display=display, summary=summary, terms=list(accepts))
    front.show(
        made, lambda front, made: front.say(f"{made['handle']} ({made['kind']}) is made: {made['page']}")
    )


@command("list", "obverse user list")
def user_list(front: Front) -> None:
    """List the accounts of this node."""
    front.show(front.ask("user.list"), _show_accounts)


def _show_accounts(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Name", "Kind", "Handle", "Accepts", "Since"],
        [
            (
                one["name"],
                one["kind"],
                one["handle"],
                ", ".join(one["terms_accepted"]),
                ago(one["created_at"]),
            )
            for one in result["accounts"]
        ],
        empty="No accounts yet. Make one: obverse user add NAME",
    )


@command("found", "obverse user found ana --listed yes --searched no")
@click.argument("name", required=False)
@click.option("--listed", type=click.Choice(["yes", "no"]), help="Whether directories may list it.")
@click.option("--searched", type=click.Choice(["yes", "no"]), help="Whether its posts may be searched.")
def user_found(front: Front, name: str | None, listed: str | None, searched: str | None) -> None:
    """Say whether an account wants to be found; without either option, say how it stands."""
    done = front.ask("user.found", **_of(name), listed=listed, searched=searched)
    front.show(done, _show_found)


def _show_found(front: Front, one: JsonObject) -> None:
    listed, searched = ("yes" if one[name] else "no" for name in ("listed", "searched"))
    front.say(f"{one['handle']}: may be listed: {listed}; its public posts may be searched: {searched}.")


@command("passwd", "obverse user passwd ana")
@click.argument("name", required=False)
def user_passwd(front: Front, name: str | None) -> None:
    """Set the password of an account; it is asked for, or read from a pipe. Its sessions end."""
    done = front.ask("user.passwd", **_of(name), password=secret("New password", confirm=True))
    front.show(
        done,
        lambda front, done: front.say(
            f"The password of {done['name']} is set; {plural(done['sessions_ended'], 'session')} ended."
        ),
    )


def _of(name: str | None) -> dict[str, str]:
    return {"account": name} if name else {}


@command("sessions", "obverse user sessions ana --end")
@click.argument("name", required=False)
@click.option("--end", is_flag=True, help="End them all.")
def user_sessions(front: Front, name: str | None, end: bool) -> None:
    """List where an account is signed in, or end all its sessions."""
    if end:
        ended = front.ask("user.sessions.end", **_of(name))
        front.show(ended, lambda front, done: front.say(f"{plural(done['ended'], 'session')} ended."))
        return
    front.show(front.ask("user.sessions", **_of(name)), _show_sessions)


def _show_sessions(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Where", "Since", "Last seen"],
        [(one["label"], ago(one["created_at"]), ago(one["last_seen_at"])) for one in result["sessions"]],
        empty="Signed in nowhere.",
    )


@command("terms", "obverse user terms shop --accepts SD-BASE --accepts PDC-INTENT")
@click.argument("name", required=False)
@click.option("--accepts", multiple=True, required=True, help="An agreement of the roster, such as SD-BASE.")
def user_terms(front: Front, name: str | None, accepts: tuple[str, ...]) -> None:
    """Choose which agreements a vendor accepts from its customers; it publishes them."""
    front.show(
        front.ask("user.terms", **_of(name), accepts=list(accepts)),
        lambda front, done: front.say(f"{done['handle']} accepts {', '.join(done['terms_accepted'])}."),
    )


COMMANDS: tuple[click.Command, ...] = (
    group(
        "user",
        "Accounts of this node.",
        user_add,
        user_list,
        user_found,
        user_passwd,
        user_sessions,
        user_terms,
    ),
)
