"""Followers of an account: a Follow is answered, at once or when its owner approves; and so is its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from federation.messages import JsonObject
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.sending.relating import accept_follow, follow_of, reject_follow
from node.services.stopping import end_follower
from node.store.following import FollowingState
from node.store.ports import Follower, FollowState, Notice

__all__ = [
    "REMEMBERED_FOR",
    "FollowRequest",
    "approve_follow",
    "drop_follower",
    "end_follow",
    "forget_actor",
    "is_known",
    "receive_follow",
    "receive_unfollow",
    "receive_unfollow_by_id",
]

REMEMBERED_FOR = timedelta(hours=6)
"""For so long a Follow finds that it was undone before it came, as others remember it (`interop §4.4`)."""


@dataclass(frozen=True, slots=True)
class FollowRequest:
    """A Follow as it came; `activity` is embedded whole in the answer, as peers expect."""

    account: Account
    actor: str
    inbox: str
    shared_inbox: str | None
    follow_id: str
    activity: JsonObject


def receive_follow(desk: Desk, request: FollowRequest) -> None:
    """Accept a Follow, again for a repeated one; or let it wait for approval (`interop §4.4`).

    One that was undone before it came is left alone. Whom the owner has blocked is refused, and so is whoever
    would follow an account that has moved: nothing will be read there any more.
    """
    account, actor = request.account, request.actor
    if desk.tx.undone.take(actor, request.follow_id, desk.now):
        return
    if account.moved_to or desk.tx.shunned.is_blocked(account.id, actor):
        reject_follow(desk, account.id, request.activity, actor, request.inbox)
        return
    known = desk.tx.followers.get(account.id, actor)
    accepted = known is not None and known.state is FollowState.ACCEPTED
    asked = known is not None and known.state is FollowState.PENDING
    state = FollowState.ACCEPTED if accepted or not account.approves_followers else FollowState.PENDING
    desk.tx.followers.save(
        Follower(
            account=account.id,
            actor=actor,
            inbox=request.inbox,
            shared_inbox=request.shared_inbox,
            follow_id=request.follow_id,
            state=state,
            at=desk.now,
        )
    )
    if state is FollowState.ACCEPTED:
        accept_follow(desk, account.id, request.activity, actor, request.inbox)
    if not (accepted or asked or desk.tx.shunned.is_muted(account.id, actor)):
        words = "follows you" if state is FollowState.ACCEPTED else "asks to follow you"
        text = f"{actor} {words}"
        code = "" if state is FollowState.ACCEPTED else "follow-asked"
        desk.tx.notices.add(
            Notice(account.id, desk.now, text, kind="follow", code=code, values={"actor": actor})
        )


def receive_unfollow(desk: Desk, account: Account, actor: str, follow_id: str = "") -> None:
    """Undo of a Follow, found by its content; one that overtakes its Follow is remembered for a while."""
    known = desk.tx.followers.get(account.id, actor)
    if known is not None and known.state is not FollowState.REMOVED:
        end_follower(desk, known)
    elif follow_id and (known is None or known.follow_id != follow_id):
        desk.tx.undone.add(actor, follow_id, desk.now + REMEMBERED_FOR)


def receive_unfollow_by_id(desk: Desk, actor: str, follow_id: str) -> None:
    """Undo of a Follow that is named by its id alone: the actor's own one with this id, on any account."""
    found = [one for one in desk.tx.follows.followed_by(actor) if one.follow_id == follow_id]
    for one in found:
        end_follower(desk, one)
    if not found:
        desk.tx.undone.add(actor, follow_id, desk.now + REMEMBERED_FOR)


def forget_actor(desk: Desk, actor: str) -> None:
    """Somebody is gone for good: they follow nobody here, and nobody here follows them."""
    for follower in desk.tx.follows.followed_by(actor):
        if follower.state is not FollowState.REMOVED:
            end_follower(desk, follower)
    for state in (FollowingState.PENDING, FollowingState.ACCEPTED):
        for following in desk.tx.follows.of_actor(actor, state=state):
            desk.tx.follows.save(replace(following, state=FollowingState.REMOVED, at=desk.now))


def is_known(desk: Desk, actor: str) -> bool:
    """Whether an account here follows somebody, or is followed by them, or once was."""
    if desk.tx.follows.followed_by(actor):
        return True
    return any(desk.tx.follows.of_actor(actor, state=state) for state in FollowingState)


def approve_follow(desk: Desk, account: Account, actor: str) -> None:
    """Let somebody follow who asked to. Raises: InvalidInput."""
    known = _follower(desk, account, actor, FollowState.PENDING)
    desk.tx.followers.save(replace(known, state=FollowState.ACCEPTED))
    accept_follow(desk, account.id, _follow_of(known), actor, known.inbox)


def end_follow(desk: Desk, account: Account, actor: str) -> None:
    """Refuse somebody who asked, or end a follow; they are told. Raises: InvalidInput."""
    _end(desk, account, _follower(desk, account, actor, FollowState.PENDING, FollowState.ACCEPTED))


def drop_follower(desk: Desk, account: Account, actor: str) -> bool:
    """The same for whoever may follow or not; whether they did."""
    known = desk.tx.followers.get(account.id, actor)
    if known is None or known.state is FollowState.REMOVED:
        return False
    _end(desk, account, known)
    return True


def _end(desk: Desk, account: Account, known: Follower) -> None:
    end_follower(desk, known)
    reject_follow(desk, account.id, _follow_of(known), known.actor, known.inbox)


def _follower(desk: Desk, account: Account, actor: str, *states: FollowState) -> Follower:
    known = desk.tx.followers.get(account.id, actor)
    if known is None or known.state not in states:
        raise InvalidInput("follower", "they do not ask any more", "Look at the list again.")
    return known


def _follow_of(follower: Follower) -> JsonObject:
    """The Follow by its id and content, which is what peers find it by (`interop §4.4`)."""
    return follow_of(follower.follow_id, follower.actor, follower.account)
