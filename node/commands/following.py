"""Who follows whom: asked, answered, ended; and accounts that move."""

from __future__ import annotations

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.domain.values import format_time
from node.services.accounts import find_account
from node.services.following import approve_follow, end_follow
from node.services.followings import follow, unfollow
from node.services.moving import come_back, leave_move, remove_alias
from node.services.profile import change_network
from node.store.following import Following, FollowingState, Moving
from node.workflows.moving import alias, follow_mover, move
from node.workflows.whom import find_followable, known_person

__all__ = ["COMMANDS"]

COMMANDS = Commands()
_WHO = 2000
_LISTED = (FollowingState.PENDING, FollowingState.ACCEPTED, FollowingState.REJECTED)


async def _account(node: Node, arguments: Arguments) -> Account:
    return await node.look(lambda desk: find_account(desk, arguments.account))


async def _known(node: Node, account: Account, who: str) -> str:
    """The id of somebody with whom the account has to do. Raises: InvalidInput."""
    found = await node.look(lambda desk: known_person(desk, account, who))
    if found is None:
        wrong = said("%(who)s is nobody that you have to do with", who=who)
        raise InvalidInput("who", wrong, "Write them as the lists do.")
    return found.actor


# --- whom an account follows ------------------------------------------------------------------------------


@COMMANDS.command("following.list", reads=True)
async def list_following(node: Node, arguments: Arguments) -> JsonObject:
    """Whom an account follows, asks to follow, or was refused by."""

    def view(desk: Desk) -> list[Following]:
        account = find_account(desk, arguments.account)
        return [
            one for state in _LISTED for one in desk.tx.follows.newest(account.id, state=state, limit=1000)
        ]

    return {"following": [_shown(one) for one in await node.look(view)]}


@COMMANDS.command("following.add", "who")
async def add_following(node: Node, arguments: Arguments) -> JsonObject:
    """Ask to follow somebody, found by their handle or page."""
    account = await _account(node, arguments)
    whom = await find_followable(node, account, arguments.text("who", _WHO))
    return _shown(await node.work(lambda desk: follow(desk, account, whom)))


@COMMANDS.command("following.remove", "who")
async def remove_following(node: Node, arguments: Arguments) -> JsonObject:
    account = await _account(node, arguments)
    actor = await _known(node, account, arguments.text("who", _WHO))
    return _shown(await node.work(lambda desk: unfollow(desk, account, actor)))


def _shown(one: Following) -> JsonObject:
    return {
        "actor": one.actor,
        "handle": one.handle,
        "name": one.name,
        "state": one.state.value,
        "at": format_time(one.at),
    }


# --- who follows ------------------------------------------------------------------------------------------


@COMMANDS.command("followers.approve", "who")
async def approve_follower(node: Node, arguments: Arguments) -> JsonObject:
    """Let somebody follow who asked to."""
    account = await _account(node, arguments)
    actor = await _known(node, account, arguments.text("who", _WHO))
    await node.work(lambda desk: approve_follow(desk, account, actor))
    return {"actor": actor, "state": "accepted"}


@COMMANDS.command("followers.remove", "who")
async def remove_follower(node: Node, arguments: Arguments) -> JsonObject:
    """Refuse somebody who asked, or end that somebody follows."""
    account = await _account(node, arguments)
    actor = await _known(node, account, arguments.text("who", _WHO))
    await node.work(lambda desk: end_follow(desk, account, actor))
    return {"actor": actor, "state": "removed"}


# --- moving -----------------------------------------------------------------------------------------------


@COMMANDS.command("moves.list", reads=True)
async def list_moves(node: Node, arguments: Arguments) -> JsonObject:
    """Who of those whom an account knows has moved, and what was done about it."""
    account = await _account(node, arguments)
    moves = await node.look(lambda desk: desk.tx.moves.all(account.id))
    return {"moves": [_shown_move(one) for one in moves]}


@COMMANDS.command("moves.follow", "who")
async def follow_move(node: Node, arguments: Arguments) -> JsonObject:
    """Go along with somebody who has moved."""
    account = await _account(node, arguments)
    old = await _moved(node, account, arguments.text("who", _WHO))
    return _shown_move(await follow_mover(node, account, old))


@COMMANDS.command("moves.leave", "who")
async def leave(node: Node, arguments: Arguments) -> JsonObject:
    """Leave somebody's old account as it is here."""
    account = await _account(node, arguments)
    old = await _moved(node, account, arguments.text("who", _WHO))
    await node.work(lambda desk: leave_move(desk, account, old))
    return {"old": old, "state": "left"}


async def _moved(node: Node, account: Account, who: str) -> str:
    moves = await node.look(lambda desk: desk.tx.moves.all(account.id))
    wanted = who.removeprefix("@").casefold()
    for one in moves:
        if wanted in (one.old.casefold(), one.old_handle.removeprefix("@").casefold()):
            return one.old
    raise InvalidInput("who", said("%(who)s has not moved", who=who), "See `obverse moves list`.")


def _shown_move(one: Moving) -> JsonObject:
    return {
        "old": one.old,
        "old_handle": one.old_handle,
        "new": one.new,
        "handle": one.handle,
        "state": one.state.value,
        "at": format_time(one.at),
    }


@COMMANDS.command("account.show", reads=True)
async def show_account(node: Node, arguments: Arguments) -> JsonObject:
    """What an account says of its other addresses, and whether it shows who follows whom."""
    return _shown_account(await _account(node, arguments))


@COMMANDS.command("account.network", "show")
async def show_network(node: Node, arguments: Arguments) -> JsonObject:
    """Whether strangers may read who follows the account and whom it follows."""
    is_shown = arguments.flag("show")

    def work(desk: Desk) -> Account:
        return change_network(desk, find_account(desk, arguments.account), is_shown=is_shown)

    return _shown_account(await node.work(work))


@COMMANDS.command("account.alias.add", "who")
async def add_account_alias(node: Node, arguments: Arguments) -> JsonObject:
    account = await _account(node, arguments)
    return _shown_account(await alias(node, account, arguments.text("who", _WHO)))


@COMMANDS.command("account.alias.remove", "who")
async def remove_account_alias(node: Node, arguments: Arguments) -> JsonObject:
    account, who = await _account(node, arguments), arguments.text("who", _WHO)
    return _shown_account(await node.work(lambda desk: remove_alias(desk, account, who)))


@COMMANDS.command("account.move", "to")
async def move_account(node: Node, arguments: Arguments) -> JsonObject:
    """Tell the followers that this account's owner is to be found elsewhere from now on."""
    account = await _account(node, arguments)
    return _shown_account(await move(node, account, arguments.text("to", _WHO)))


@COMMANDS.command("account.return")
async def return_to_account(node: Node, arguments: Arguments) -> JsonObject:
    account = await _account(node, arguments)
    return _shown_account(await node.work(lambda desk: come_back(desk, account)))


def _shown_account(account: Account) -> JsonObject:
    return {
        "actor": account.id,
        "also_known_as": list(account.also_known_as),
        "moved_to": account.moved_to,
        "moved_at": format_time(account.moved_at) if account.moved_at else None,
        "shows_network": account.shows_network,
    }
