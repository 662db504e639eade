"""Whom one account does not want to hear: muted, which nobody is told, or blocked, which ends what was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import DealKind
from node.domain.errors import InvalidInput
from node.sending.relating import send_block, take_back_block
from node.services.following import drop_follower
from node.services.followings import drop_following
from node.services.posting import unhear_actor
from node.services.stopping import end_follower, hurry_blocked, stop_for_actor
from node.store.following import FollowingState, Shun
from node.store.ports import FollowState, Notice

__all__ = ["Shunnable", "block", "mute", "part_from", "receive_block", "refuses", "unblock", "unmute"]


@dataclass(frozen=True, slots=True)
class Shunnable:
    """Somebody who is muted or blocked. `inbox` is "" where nobody can or need be told."""

    actor: str
    handle: str
    inbox: str = ""


def mute(desk: Desk, account: Account, whom: Shunnable) -> Shun:
    """Leave what they say out of the owner's lists and notices. They are not told.

    Raises: InvalidInput for oneself.
    """
    known = _known(desk, account, whom)
    return _keep(desk, replace(known, is_muted=True, at=desk.now))


def unmute(desk: Desk, account: Account, actor: str) -> None:
    """Raises: InvalidInput where they are not muted."""
    known = desk.tx.shunned.get(account.id, actor)
    if known is None or not known.is_muted:
        raise InvalidInput("who", "they are not muted", "See `obverse shun list`.")
    _keep(desk, replace(known, is_muted=False))


def block(desk: Desk, account: Account, whom: Shunnable) -> Shun:
    """Refuse everything from somebody, for this account; who follows whom ends both ways.

    Their server is told only where there was something to end: a stranger does not learn of it.
    What was agreed before goes on (`refuses`); what else waits for them leaves no more, and their answers are
    listed no more.
    Raises: InvalidInput for oneself.
    """
    known = _known(desk, account, whom)
    stop_for_actor(desk, account, whom.actor, whom.inbox)
    unhear_actor(desk, whom.actor, account.id)
    was_followed = drop_follower(desk, account, whom.actor)
    had_followed = drop_following(desk, account, whom.actor)
    is_told = bool(whom.inbox) and (was_followed or had_followed) and not desk.is_ours(whom.actor)
    block_id = send_block(desk, account.id, whom.actor, whom.inbox) if is_told else known.block_id
    return _keep(
        desk,
        replace(known, is_blocked=True, at=desk.now, block_id=block_id, inbox=whom.inbox or known.inbox),
    )


def unblock(desk: Desk, account: Account, actor: str) -> None:
    """Hear them again; nobody follows anybody by it. Raises: InvalidInput where they are not blocked."""
    known = desk.tx.shunned.get(account.id, actor)
    if known is None or not known.is_blocked:
        raise InvalidInput("who", "they are not blocked", "See `obverse shun list`.")
    if known.block_id:
        take_back_block(desk, account.id, known.block_id, actor, known.inbox)
    _keep(desk, replace(known, is_blocked=False, block_id=""))


def _known(desk: Desk, account: Account, whom: Shunnable) -> Shun:
    if whom.actor == account.id:
        raise InvalidInput("who", "this is you", "Name somebody else.")
    known = desk.tx.shunned.get(account.id, whom.actor)
    return known or Shun(account.id, whom.actor, desk.now, handle=whom.handle, inbox=whom.inbox)


def _keep(desk: Desk, shun: Shun) -> Shun:
    desk.tx.shunned.save(shun)
    return shun


def receive_block(desk: Desk, account: Account, actor: str) -> None:
    """Somebody blocks an account of ours: neither follows the other any more (`interop §4.4`)."""
    follower = desk.tx.followers.get(account.id, actor)
    if follower is not None and follower.state is not FollowState.REMOVED:
        end_follower(desk, follower)
    known = desk.tx.follows.get(account.id, actor)
    if known is None or known.state not in (FollowingState.PENDING, FollowingState.ACCEPTED):
        return
    desk.tx.follows.save(replace(known, state=FollowingState.REMOVED, at=desk.now))
    if not desk.tx.shunned.is_muted(account.id, actor):
        text = f"{known.handle} has ended that you follow"
        values = {"actor": actor, "handle": known.handle}
        desk.tx.notices.add(
            Notice(account.id, desk.now, text, kind="follow", code="follow-ended", values=values)
        )


def refuses(desk: Desk, own: str, actor: str, deal_id: str = "") -> bool:
    """Whether what `actor` sends to an actor of ours is refused: its account has blocked them.

    Shapes: `own` may be a persona; `deal_id` is "" for what belongs to no deal.
    What was accepted or ordered goes on: whoever blocks a vendor still gets what she bought, and her receipt.
    """
    persona = desk.tx.personas.get(own)
    if not desk.tx.shunned.is_blocked(persona.account if persona is not None else own, actor):
        return False
    deal = desk.tx.deals.get(own, deal_id) if deal_id else None
    return deal is None or not (deal.acceptances or deal.kind is DealKind.ORDER)


def part_from(desk: Desk, is_shut_out: Callable[[str], bool]) -> int:
    """End who follows whom with everybody whose actor id is shut out now; how many that were.

    Nobody there is told: nothing of theirs comes in any more, and nothing goes out to them, not even what
    waits already.
    """
    ended = 0
    for account in desk.tx.accounts.all():
        for state in (FollowState.ACCEPTED, FollowState.PENDING):
            for follower in desk.tx.followers.all(account.id, state=state):
                if is_shut_out(follower.actor):
                    desk.tx.followers.save(replace(follower, state=FollowState.REMOVED))
                    ended += 1
        for followed_state in (FollowingState.ACCEPTED, FollowingState.PENDING):
            for followed in desk.tx.follows.all(account.id, state=followed_state):
                if is_shut_out(followed.actor):
                    desk.tx.follows.save(replace(followed, state=FollowingState.REMOVED, at=desk.now))
                    ended += 1
    for author in desk.tx.posts.authors_heard():
        if not desk.is_ours(author) and is_shut_out(author):
            unhear_actor(desk, author)
    hurry_blocked(desk, is_shut_out)
    return ended
