"""Followers of an account: a Follow is answered, at once or when its owner approves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from federation.messages import JsonObject
from node import publish
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.store.ports import Follower, FollowState, Notice

__all__ = ["FollowRequest", "approve_follow", "receive_follow", "receive_unfollow", "reject_follow"]


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
    """Accept a Follow, again for a repeated one; or let it wait for approval (`interop §4.4`)."""
    known = desk.tx.followers.get(request.account.id, request.actor)
    accepted = known is not None and known.state is FollowState.ACCEPTED
    state = (
        FollowState.ACCEPTED if accepted or not request.account.approves_followers else FollowState.PENDING
    )
    desk.tx.followers.save(
        Follower(
            account=request.account.id,
            actor=request.actor,
            inbox=request.inbox,
            shared_inbox=request.shared_inbox,
            follow_id=request.follow_id,
            state=state,
            at=desk.now,
        )
    )
    if state is FollowState.ACCEPTED:
        publish.accept_follow(desk, request.account.id, request.activity, request.actor, request.inbox)
    if not accepted:
        words = "follows you" if state is FollowState.ACCEPTED else "asks to follow you"
        text = f"{request.actor} {words}"
        code = "" if state is FollowState.ACCEPTED else "follow-asked"
        values = {"actor": request.actor}
        desk.tx.notices.add(
            Notice(request.account.id, desk.now, text, kind="follow", code=code, values=values)
        )


def receive_unfollow(desk: Desk, account: Account, actor: str) -> None:
    """Undo of a Follow, found by its content; one that overtakes its Follow finds nothing to undo."""
    known = desk.tx.followers.get(account.id, actor)
    if known is not None:
        desk.tx.followers.save(replace(known, state=FollowState.REMOVED))


def approve_follow(desk: Desk, account: Account, actor: str) -> None:
    """Let somebody follow who asked to. Raises: InvalidInput."""
    known = _follower(desk, account, actor, FollowState.PENDING)
    desk.tx.followers.save(replace(known, state=FollowState.ACCEPTED))
    publish.accept_follow(desk, account.id, _follow_of(known), actor, known.inbox)


def reject_follow(desk: Desk, account: Account, actor: str) -> None:
    """Refuse somebody who asked, or end a follow; they are told. Raises: InvalidInput."""
    known = _follower(desk, account, actor, FollowState.PENDING, FollowState.ACCEPTED)
    desk.tx.followers.save(replace(known, state=FollowState.REMOVED))
    publish.reject_follow(desk, account.id, _follow_of(known), actor, known.inbox)


def _follower(desk: Desk, account: Account, actor: str, *states: FollowState) -> Follower:
    known = desk.tx.followers.get(account.id, actor)
    if known is None or known.state not in states:
        raise InvalidInput("follower", "they do not ask any more", "Look at the list again.")
    return known


def _follow_of(follower: Follower) -> JsonObject:
    """The Follow by its id and content, which is what peers find it by (`interop §4.4`)."""
    return {
        "id": follower.follow_id,
        "type": "Follow",
        "actor": follower.actor,
        "object": follower.account,
    }
