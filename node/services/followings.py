"""Whom accounts of ours follow: asked, answered by the one who was asked alone, and taken back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.sending.relating import send_follow, take_back_follow
from node.store.following import Following, FollowingState
from node.store.ports import Notice

__all__ = ["Followable", "drop_following", "follow", "receive_answer", "unfollow"]

_LIVE = (FollowingState.PENDING, FollowingState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Followable:
    """Somebody who can be followed, as their server just showed them."""

    actor: str
    handle: str
    name: str
    inbox: str
    shared_inbox: str | None = None
    url: str = ""


def follow(desk: Desk, account: Account, whom: Followable) -> Following:
    """Ask to follow somebody; whoever is followed already stays so, and whoever was asked is asked again.

    Raises: InvalidInput for oneself (`security L05`), for whom the owner blocked, and from an account that
            has moved.
    """
    if whom.actor == account.id:
        raise InvalidInput("who", "this is you", "Name somebody else.")
    if account.moved_to:
        wrong = said("this account has moved to %(target)s", target=account.moved_to)
        raise InvalidInput("who", wrong, "Follow from there.")
    if desk.tx.shunned.is_blocked(account.id, whom.actor):
        wrong = said("%(handle)s is blocked", handle=whom.handle)
        raise InvalidInput("who", wrong, "Lift the block first.")
    known = desk.tx.follows.get(account.id, whom.actor)
    if known is not None and known.state is FollowingState.ACCEPTED:
        return known
    following = Following(
        account=account.id,
        actor=whom.actor,
        handle=whom.handle,
        name=whom.name,
        inbox=whom.inbox,
        shared_inbox=whom.shared_inbox,
        follow_id=send_follow(desk, account.id, whom.actor, whom.inbox),
        state=FollowingState.PENDING,
        at=desk.now,
        url=whom.url,
    )
    desk.tx.follows.save(following)
    return following


def unfollow(desk: Desk, account: Account, actor: str) -> Following:
    """Follow somebody no more; they are told. Raises: InvalidInput where nobody is followed."""
    known = desk.tx.follows.get(account.id, actor)
    if known is None or known.state not in _LIVE:
        raise InvalidInput("who", "you do not follow them", "See `obverse following`.")
    return _end(desk, known)


def drop_following(desk: Desk, account: Account, actor: str) -> bool:
    """The same for whoever may be followed or not; whether they were."""
    known = desk.tx.follows.get(account.id, actor)
    if known is None or known.state not in _LIVE:
        return False
    _end(desk, known)
    return True


def _end(desk: Desk, known: Following) -> Following:
    ended = replace(known, state=FollowingState.REMOVED, at=desk.now)
    desk.tx.follows.save(ended)
    take_back_follow(desk, known.account, known.follow_id, known.actor, known.inbox)
    return ended


def receive_answer(desk: Desk, sender: str, follow_id: str, follower: str, *, is_accepted: bool) -> bool:
    """Take an Accept or a Reject of a Follow of ours; whether it is one.

    Shapes: `follow_id` is the id that it names, `follower` who the Follow that it embeds is by; "" for none.
    Only whoever was asked can answer, and only what was asked: an Accept of what was taken back, or refused,
    changes nothing. A Reject of what was accepted says that we were removed.
    Spec:   `interop §4.4`; `security F05`.
    """
    known = desk.tx.follows.by_follow(follow_id) if follow_id else None
    known = known or (desk.tx.follows.get(follower, sender) if follower else None)
    if known is None or known.actor != sender or known.state not in _LIVE:
        return False
    if is_accepted:
        if known.state is FollowingState.PENDING:
            _settle(desk, known, FollowingState.ACCEPTED, "follow-accepted", "lets you follow")
    elif known.state is FollowingState.PENDING:
        _settle(desk, known, FollowingState.REJECTED, "follow-refused", "does not let you follow")
    else:
        _settle(desk, known, FollowingState.REMOVED, "follow-ended", "has ended that you follow")
    return True


def _settle(desk: Desk, known: Following, state: FollowingState, code: str, words: str) -> None:
    desk.tx.follows.save(replace(known, state=state, at=desk.now))
    if not desk.tx.shunned.is_muted(known.account, known.actor):
        values = {"actor": known.actor, "handle": known.handle}
        text = f"{known.handle} {words}"
        desk.tx.notices.add(Notice(known.account, desk.now, text, kind="follow", code=code, values=values))
