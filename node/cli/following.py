"""Who follows whom, whom an account does not hear, and accounts that move."""

from __future__ import annotations

import click

from federation.messages import JsonObject
from node.cli.front import Front, Group, command, front_of, group
from node.cli.render import ago, table, tone

__all__ = ["COMMANDS"]

NOT_MOVED = (
    "What does not move: deals and what proves them, intents, contacts, posts, feedback, stock and rules. "
    "They stay here and go on under this account. Followers are asked by their own servers to go along."
)


# --- whom an account follows ------------------------------------------------------------------------------


@command("follow", "obverse follow @shop@shop.example")
@click.argument("who", metavar="HANDLE")
def follow(front: Front, who: str) -> None:
    """Follow somebody: what they publish is shown to you."""
    front.show(front.ask("following.add", who=who), _show_asked)


def _show_asked(front: Front, done: JsonObject) -> None:
    if done["state"] == "accepted":
        front.say(f"You follow {done['handle']} already.")
    else:
        front.say(f"Asked to follow {done['handle']}. Their server answers: obverse following")


@command("unfollow", "obverse unfollow @shop@shop.example")
@click.argument("who", metavar="HANDLE")
def unfollow(front: Front, who: str) -> None:
    """Follow somebody no more."""
    front.show(
        front.ask("following.remove", who=who),
        lambda front, done: front.say(f"You follow {done['handle']} no more."),
    )


@command("following", "obverse following")
def following(front: Front) -> None:
    """List whom you follow, and whom you have asked."""
    front.show(front.ask("following.list"), _show_following)


def _show_following(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Who", "Name", "State", "Since"],
        [(one["handle"], one["name"], tone(one["state"]), ago(one["at"])) for one in result["following"]],
        empty="You follow nobody yet: obverse follow @shop@shop.example",
    )


# --- who follows ------------------------------------------------------------------------------------------


def _show_followers(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Who", "State", "Since"],
        [(one["actor"], tone(one["state"]), ago(one["at"])) for one in result["followers"]],
        empty="Nobody follows yet. Your handle, with which they can: obverse user list",
    )


@command("approve", "obverse followers approve @bob@far.example")
@click.argument("who", metavar="WHO")
def followers_approve(front: Front, who: str) -> None:
    """Let somebody follow who asked to."""
    front.show(
        front.ask("followers.approve", who=who),
        lambda front, done: front.say(f"{done['actor']} follows you."),
    )


@command("remove", "obverse followers remove @bob@far.example")
@click.argument("who", metavar="WHO")
def followers_remove(front: Front, who: str) -> None:
    """Refuse somebody who asked, or end that somebody follows."""
    front.show(
        front.ask("followers.remove", who=who),
        lambda front, done: front.say(f"{done['actor']} does not follow you."),
    )


def _followers(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        front = front_of(context)
        front.show(front.ask("followers.list"), _show_followers)


followers = Group(
    "followers",
    commands=[followers_approve, followers_remove],
    help="List who follows an account; let them, or not.",
    invoke_without_command=True,
    callback=click.pass_context(_followers),
)


# --- whom an account does not hear ------------------------------------------------------------------------


def _shunning(name: str, what: str, told: str) -> click.Command:
    @command(name, f"obverse shun {name} @spam@far.example")
    @click.argument("who", metavar="HANDLE")
    def run(front: Front, who: str) -> None:
        front.show(
            front.ask(f"shun.{name}", who=who),
            lambda front, done: front.say(told.format(who=done["handle"])),
        )

    run.help = what
    return run


@command("list", "obverse shun list")
def shun_list(front: Front) -> None:
    """List whom you have muted or blocked."""
    front.show(front.ask("shun.list"), _show_shunned)


def _show_shunned(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Who", "How", "Since"],
        [
            (one["handle"] or one["actor"], " and ".join(_how(one)), ago(one["at"]))
            for one in result["shunned"]
        ],
        empty="You hear everybody.",
    )


def _how(one: JsonObject) -> list[str]:
    return [word for word in ("muted", "blocked") if one[word]]


# --- moving -----------------------------------------------------------------------------------------------


@command("list", "obverse moves list")
def moves_list(front: Front) -> None:
    """List who of those you know has moved."""
    front.show(front.ask("moves.list"), _show_moves)


def _show_moves(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["From", "To", "State", "When"],
        [(one["old_handle"], one["handle"], tone(one["state"]), ago(one["at"])) for one in result["moves"]],
        empty="Nobody has moved.",
    )
    if any(one["state"] == "asked" for one in result["moves"]):
        front.say("Go along: obverse moves follow WHO. Leave it: obverse moves leave WHO.")


@command("follow", "obverse moves follow @shop@old.example")
@click.argument("who", metavar="WHO")
def moves_follow(front: Front, who: str) -> None:
    """Go along: follow and know the new account in place of the old one."""
    front.show(
        front.ask("moves.follow", who=who),
        lambda front, done: front.say(
            f"{done['handle']} takes the place of {done['old_handle']}. What was agreed stays as it was."
        ),
    )


@command("leave", "obverse moves leave @shop@old.example")
@click.argument("who", metavar="WHO")
def moves_leave(front: Front, who: str) -> None:
    """Leave the old account as it is here."""
    front.show(
        front.ask("moves.leave", who=who), lambda front, done: front.say(f"{done['old']} stays as it was.")
    )


@command("show", "obverse account show")
def account_show(front: Front) -> None:
    """Show your other addresses, where you moved to, what strangers see of whom you follow."""
    front.show(front.ask("account.show"), _show_account)


def _show_account(front: Front, done: JsonObject) -> None:
    front.say(done["actor"])
    front.say(f"Also known as: {', '.join(done['also_known_as']) or 'nobody else'}")
    front.say(f"Moved to: {done['moved_to'] or 'nowhere'}")
    shown = "everybody may read it" if done["shows_network"] else "only their number"
    front.say(f"Who follows, and whom you follow: {shown}")


@command("add", "obverse account alias add @ana@old.example")
@click.argument("who", metavar="HANDLE")
def alias_add(front: Front, who: str) -> None:
    """Say that another account is yours, so that it can move here."""
    front.show(front.ask("account.alias.add", who=who), _show_account)


@command("remove", "obverse account alias remove https://old.example/users/ana")
@click.argument("who", metavar="ID")
def alias_remove(front: Front, who: str) -> None:
    """Take an alias away."""
    front.show(front.ask("account.alias.remove", who=who), _show_account)


@command("move", "obverse account move @ana@new.example")
@click.argument("target", metavar="HANDLE")
def account_move(front: Front, target: str) -> None:
    """Tell your followers that you have moved; the other account must name this one as its alias."""
    front.show(front.ask("account.move", to=target), _show_moved)


def _show_moved(front: Front, done: JsonObject) -> None:
    front.say(f"Your followers are told that you are now {done['moved_to']}.")
    front.say(NOT_MOVED)
    front.say("Take it back: obverse account return. The next move is possible in 7 days.")


@command("return", "obverse account return")
def account_return(front: Front) -> None:
    """Use the account again that has moved; followers who went along do not come back by it."""
    front.show(front.ask("account.return"), _show_account)


@command("network", "obverse account network --show")
@click.option("--show/--hide", default=False, help="Let strangers read it, or its number alone.")
def account_network(front: Front, show: bool) -> None:
    """Say whether strangers may read who follows you and whom you follow."""
    front.show(front.ask("account.network", show=show), _show_account)


COMMANDS: tuple[click.Command, ...] = (
    follow,
    unfollow,
    following,
    followers,
    group(
        "shun",
        "Whom you do not want to hear.",
        shun_list,
        _shunning("mute", "Leave what they say out of your lists; they are not told.", "{who} is muted."),
        _shunning("unmute", "See again what they say.", "{who} is no longer muted."),
        _shunning(
            "block",
            "Refuse everything from somebody; what you bought from them goes on.",
            "{who} is blocked: nothing new from there reaches you.",
        ),
        _shunning("unblock", "Hear somebody again.", "{who} is heard again."),
    ),
    group("moves", "Accounts that you know and that have moved.", moves_list, moves_follow, moves_leave),
    group(
        "account",
        "Your account's other addresses.",
        account_show,
        group("alias", "Other accounts of yours, which may move here.", alias_add, alias_remove),
        account_move,
        account_return,
        account_network,
    ),
)
