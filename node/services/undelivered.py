"""What its owner is told of a message that will not arrive, and what follows from an inbox that is gone."""

from __future__ import annotations

from dataclasses import replace

from federation.strictjson import parse_json_object
from node.desk import Desk
from node.sending.fanning import kind_of_activity
from node.store.ports import Follower, FollowState, Notice, QueuedJob

__all__ = ["give_up", "kind_of_activity"]


def give_up(desk: Desk, number: int, detail: str, *, gone: bool) -> None:
    """Tell its owner that a delivery is given up; a `gone` inbox follows nobody any more.

    Shapes: `detail` says why, in words. Told at least once: a node that dies here tells it again. Of what
            goes to many, no single inbox is told of: those that it did not reach are counted (`fan_outs`).
    Spec:   `security X20, X21`.
    """
    job = desk.tx.deliveries.get(number)
    if job is None:
        return
    if not job.fan_out:
        _tell(desk, job, detail)
    if gone:
        for own in desk.tx.accounts.all():
            for follower in _followers_at(desk, own.id, job):
                desk.tx.followers.save(replace(follower, state=FollowState.REMOVED))


def _tell(desk: Desk, job: QueuedJob, detail: str) -> None:
    persona = desk.tx.personas.get(job.actor)
    account = desk.tx.accounts.get(persona.account if persona is not None else job.actor)
    if account is None:
        return
    what = kind_of_activity(parse_json_object(job.body))
    text = f"{what} did not reach {job.inbox}: {detail}. See: obverse deliveries list"
    host = job.inbox.partition("://")[2].partition("/")[0]
    desk.tx.notices.add(Notice(account.id, desk.now, text, kind="delivery", values={"host": host}))


def _followers_at(desk: Desk, account: str, job: QueuedJob) -> list[Follower]:
    """Those whose posts go to this inbox, and whoever alone receives there."""
    found = desk.tx.fan_outs.readers_at(account, job.inbox)
    recipient = desk.tx.followers.get(account, job.recipient)
    if recipient is None or recipient.state is not FollowState.ACCEPTED or recipient.inbox != job.inbox:
        return found
    return [*(one for one in found if one.actor != recipient.actor), recipient]
