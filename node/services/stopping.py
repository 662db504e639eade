"""What is queued for somebody who is to have it no more: stopped before it leaves.

What takes something back still leaves: a Delete or an Undo leaves less behind than silence does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from federation.strictjson import parse_json_object
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import DealKind
from node.store.fan_outs import FanOut
from node.store.ports import Follower, FollowState, QueuedJob
from node.store.stops import Stop, domains_over

__all__ = ["end_follower", "hurry_blocked", "is_past_recall", "stop_for_actor"]

_TAKES_BACK = frozenset({"Delete", "Undo", "Reject", "Block"})


def end_follower(desk: Desk, follower: Follower) -> None:
    """Somebody follows no more: what waits for their inboxes because they did leaves no more."""
    desk.tx.followers.save(replace(follower, state=FollowState.REMOVED))
    _stop_posts(desk, follower.actor, follower.account, _inboxes_of(follower), Stop.UNREAD)


def _inboxes_of(follower: Follower) -> set[str]:
    return {inbox for inbox in (follower.inbox, follower.shared_inbox) if inbox}


def _stop_posts(
    desk: Desk, follower: str, account: str, inboxes: Collection[str], why: Stop, *, own: Collection[str] = ()
) -> None:
    """Stop what was told to many where nobody but this follower would have it at an inbox.

    Shapes: whoever is named at one of `own` is named no more.
    """
    fan_outs: dict[int, FanOut | None] = {}
    ended = []
    for job in desk.tx.stops.posts_at(account, inboxes):
        if job.fan_out not in fan_outs:
            fan_outs[job.fan_out] = desk.tx.fan_outs.get(job.fan_out)
        fan_out = fan_outs[job.fan_out]
        assert fan_out is not None  # a delivery of many is kept no longer than what it belongs to
        if not _is_meant(desk, fan_out, job.inbox, follower, is_named=job.inbox not in own):
            ended.append(job.id)
    if ended:
        desk.tx.stops.end(ended, why, desk.now)


def _is_meant(desk: Desk, fan_out: FanOut, inbox: str, follower: str, *, is_named: bool) -> bool:
    """Whether somebody else who receives at this inbox is still to have it.

    Shapes: a Delete goes to all that its post was queued for.
    """
    if fan_out.to_reached or (is_named and inbox in fan_out.named):
        return True
    readers = desk.tx.fan_outs.readers_at(fan_out.actor, inbox) if fan_out.to_followers else ()
    return any(reader.actor != follower for reader in readers)


def stop_for_actor(desk: Desk, account: Account, actor: str, inbox: str) -> None:
    """An account blocks somebody: nothing of what waits for them leaves, but what takes something back, and
    what a deal that was struck still needs.

    Shapes: `inbox` is where they alone receive, "" where that is not known. It comes before what tells them
            of the block itself.
    """
    follower = desk.tx.followers.get(account.id, actor)
    own = {one for one in (inbox, follower.inbox if follower is not None else "") if one}
    shared = _inboxes_of(follower) if follower is not None else set()
    for one in own:
        _stop_words(desk, account, actor, one)
        desk.tx.stops.unname(account.id, one)
    _stop_posts(desk, actor, account.id, own | shared, Stop.SHUNNED, own=own)


def _stop_words(desk: Desk, account: Account, actor: str, inbox: str) -> None:
    found = [job for job in desk.tx.stops.words_for(actor, inbox) if _is_of(desk, account, job.actor)]
    ended = [job.id for job in found if not (_takes_back(job) or is_past_recall(desk, job))]
    if ended:
        desk.tx.stops.end(ended, Stop.SHUNNED, desk.now)


def _is_of(desk: Desk, account: Account, own: str) -> bool:
    persona = desk.tx.personas.get(own)
    return (persona.account if persona is not None else own) == account.id


def _takes_back(job: QueuedJob) -> bool:
    return parse_json_object(job.body).get("type") in _TAKES_BACK


def is_past_recall(desk: Desk, job: QueuedJob) -> bool:
    """Whether it belongs to a deal that was struck: whoever blocks a vendor still gets what she bought."""
    deal = desk.tx.deals.get(job.actor, job.ordering_key.removeprefix(f"{job.actor} "))
    return deal is not None and bool(deal.acceptances or deal.kind is DealKind.ORDER)


def hurry_blocked(desk: Desk, is_shut_out: Callable[[str], bool]) -> int:
    """Let what waits for hosts that are blocked now be judged, and so stopped, at once; how many hosts.

    Shapes: `is_shut_out` is asked for an address there; what is no address leads nowhere. What waits is
            judged again before it leaves (`Stops.why`), whenever that is and however it was queued.
    """
    lanes = [lane for lane in desk.tx.stops.hosts() if domains_over(lane) and is_shut_out(lane)]
    desk.tx.stops.hurry(lanes)
    return len(lanes)
