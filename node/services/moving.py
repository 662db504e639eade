"""Accounts that move: somebody whom an owner knows, asked about before anything follows; and our own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.sending.relating import announce_move
from node.services.followings import Followable, drop_following, follow
from node.services.profile import announce_profile
from node.store.following import FollowingState, MoveState, Moving
from node.store.ports import Notice

__all__ = [
    "COOLDOWN",
    "add_alias",
    "come_back",
    "concerned_by",
    "confirm_move",
    "leave_move",
    "move_away",
    "receive_move",
    "remove_alias",
]

COOLDOWN = timedelta(days=7)
"""An account moves once in so long, as elsewhere in the fediverse (`interop §4.4`)."""
ASKED_AGAIN_AFTER = timedelta(hours=1)
MOST_ALIASES = 20


# --- somebody else's --------------------------------------------------------------------------------------


def concerned_by(desk: Desk, old: str) -> list[str]:
    """Which accounts of ours follow somebody who says that they have moved, or know them.

    Whoever was asked about it within the hour is left out, so that nobody has this node ask for ever.
    """
    following = {
        one.account
        for state in (FollowingState.PENDING, FollowingState.ACCEPTED)
        for one in desk.tx.follows.of_actor(old, state=state)
    }
    known = {one.id for one in desk.tx.accounts.all() if desk.tx.contacts.get(one.id, old) is not None}
    return sorted(one for one in following | known if not _was_asked(desk, one, old))


def _was_asked(desk: Desk, account: str, old: str) -> bool:
    moving = desk.tx.moves.get(account, old)
    return moving is not None and abs(desk.now - moving.at) < ASKED_AGAIN_AFTER


def receive_move(desk: Desk, accounts: Iterable[str], moving: Moving) -> None:
    """Ask each owner whether to go along; nothing else changes (`security F15`).

    Shapes: `moving` names no account; both sides were seen to agree.
    """
    for account in accounts:
        known = desk.tx.moves.get(account, moving.old)
        is_told = known is not None and known.new == moving.new
        if is_told or desk.tx.shunned.is_blocked(account, moving.new):
            continue
        handle = _known_as(desk, account, moving.old)
        desk.tx.moves.save(replace(moving, account=account, old_handle=handle, at=desk.now))
        values = {"actor": moving.old, "handle": handle, "new": moving.handle}
        text = f"{values['handle']} has moved to {moving.handle}"
        desk.tx.notices.add(Notice(account, desk.now, text, kind="follow", code="moved", values=values))


def _known_as(desk: Desk, account: str, actor: str) -> str:
    """By what an owner knows somebody: their handle, else their id."""
    known = desk.tx.follows.get(account, actor) or desk.tx.contacts.get(account, actor)
    return known.handle if known is not None else actor


def confirm_move(desk: Desk, account: Account, moving: Moving, whom: Followable, contact: Contact) -> Moving:
    """Go along: whom the owner followed there is followed here, whom she knew there is known here.

    What was agreed stays with the old account and its keys: a deal goes on under the key that signed it, and
    an old contact with whom there ever was a deal stays on the list beside the new one.
    Raises: InvalidInput where the new account is blocked.
    """
    if drop_following(desk, account, moving.old):
        follow(desk, account, whom)
    if desk.tx.contacts.get(account.id, moving.old) is not None:
        desk.tx.contacts.save(contact)
        if not desk.tx.overview.with_vendor(account.id, moving.old, limit=1):
            desk.tx.contacts.remove(account.id, moving.old)
    followed = replace(moving, state=MoveState.FOLLOWED)
    desk.tx.moves.save(followed)
    return followed


def leave_move(desk: Desk, account: Account, old: str) -> None:
    """Leave it: the old account stays as it was here. Raises: InvalidInput."""
    moving = desk.tx.moves.get(account.id, old)
    if moving is None or moving.state is not MoveState.ASKED:
        raise InvalidInput("who", "no such move waits for your word", "Look at the list again.")
    desk.tx.moves.save(replace(moving, state=MoveState.LEFT))


# --- our own ----------------------------------------------------------------------------------------------


def add_alias(desk: Desk, account: Account, actor: str) -> Account:
    """Publish that another account is the same owner's. Raises: InvalidInput."""
    current = _current(desk, account)
    if actor == account.id:
        raise InvalidInput("alias", "this is this account itself", "Name the other account.")
    if actor in current.also_known_as:
        return current
    if len(current.also_known_as) >= MOST_ALIASES:
        raise InvalidInput("alias", "there are enough of them", "Take one away first.")
    return _published(desk, replace(current, also_known_as=(*current.also_known_as, actor)))


def remove_alias(desk: Desk, account: Account, actor: str) -> Account:
    """Raises: InvalidInput where it is none."""
    current = _current(desk, account)
    if actor not in current.also_known_as:
        raise InvalidInput("alias", said("%(actor)s is no alias", actor=actor), "Look at the list again.")
    kept = tuple(one for one in current.also_known_as if one != actor)
    return _published(desk, replace(current, also_known_as=kept))


def move_away(desk: Desk, account: Account, target: str) -> Account:
    """Tell the followers, and let the account point to where its owner is now.

    Shapes: `target` was seen to name this account as its alias.
    Raises: InvalidInput for this account itself, and within `COOLDOWN` of the last move.
    """
    current = _current(desk, account)
    if target == account.id:
        raise InvalidInput("target", "this is this account itself", "Name the other account.")
    if current.moved_at is not None and desk.now - current.moved_at < COOLDOWN:
        day = f"{current.moved_at + COOLDOWN:%Y-%m-%d}"
        raise InvalidInput("target", "it moved less than 7 days ago", said("Wait until %(day)s.", day=day))
    moved = _published(desk, replace(current, moved_to=target, moved_at=desk.now))
    announce_move(desk, moved, target)
    return moved


def come_back(desk: Desk, account: Account) -> Account:
    """Use the account again; those who went along do not come back by it. Raises: InvalidInput."""
    current = _current(desk, account)
    if not current.moved_to:
        raise InvalidInput("account", "it has not moved", "There is nothing to take back.")
    return _published(desk, replace(current, moved_to=""))


def _current(desk: Desk, account: Account) -> Account:
    return desk.tx.accounts.get(account.id) or account


def _published(desk: Desk, account: Account) -> Account:
    desk.tx.accounts.save(account)
    announce_profile(desk, account)
    return account
