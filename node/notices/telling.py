"""Tells owners what is new by the ways they chose: e-mail, and browsers that were asked.

    notices in the store → new ones of the topics chosen → gathered → one mail, one nudge → how far it is told

The notices themselves are the queue: each way out knows the last one that was told by it, so that nothing is
lost by a restart and nothing piles up, and what was read meanwhile is not told any more. That something is
tried is written down first: a node that dies, or cannot write, after sending tells once too often, and no
oftener than it may.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import anyio

from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.notices import TOPICS, Topic, topic_of
from node.notices.mailing import Letter, MailFailed, build_mail, send_mail
from node.notices.pushing import Outcome, Pushed, push
from node.services.reminding import find_ending, remind
from node.store.ports import Channel, Outlet, StoreRefused

__all__ = ["Say", "tell_due", "tell_owners"]

LOG = logging.getLogger("obverse")

Say = Callable[[str, Sequence[tuple[Topic, int]], str], Letter]
"""A language ("" for none chosen), how often what happened, the node's address → the letter that tells it."""

GATHERED = {Channel.MAIL: timedelta(seconds=60), Channel.PUSH: timedelta(seconds=15)}
"""So long the first of several waits for the others."""
CALM = timedelta(seconds=60)
"""Between two by the same way."""
AN_HOUR = timedelta(hours=1)
MOST_AN_HOUR = {Channel.MAIL: 6, Channel.PUSH: 20}
"""What is more waits, and goes out as one."""
MOST_TRIES = 20
FIRST_AGAIN = timedelta(minutes=1)
LATEST_AGAIN = timedelta(hours=6)
_READ = 200
_AT_ONCE = 4
_LONGEST_REST_S = 60.0
_SHORTEST_REST_S = 1.0
_AFTER_A_CHANGE_S = 2.0


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be told by one way; without `counts` nothing is, and all up to `upto` is passed over."""

    outlet: Outlet
    upto: int
    counts: tuple[tuple[Topic, int], ...]
    at: datetime
    language: str


async def tell_owners(node: Node, say: Say) -> None:
    """Tell what is due when it is due, until cancelled or until the node closes."""
    remind_at = anyio.current_time()
    while True:
        rest_s = _LONGEST_REST_S
        try:
            if anyio.current_time() >= remind_at:  # not at every change: it looks at many deals
                remind_at = anyio.current_time() + _LONGEST_REST_S
                if await node.look(find_ending):
                    await node.work(remind)
            rest_s = min(rest_s, await tell_due(node, say))
        except StoreRefused:  # it has told of that itself
            pass
        except Exception:  # no trouble must end the telling; it is logged, and tried again
            LOG.exception("telling owners failed")
        goes_on = True
        with anyio.move_on_after(max(rest_s, _SHORTEST_REST_S)):
            goes_on = await node.changes.next()
        if not goes_on:
            return
        await anyio.sleep(_AFTER_A_CHANGE_S)


async def tell_due(node: Node, say: Say) -> float:
    """Tell everything that is due now; in how many seconds there is more to do.

    Raises: StoreRefused.
    """
    has_mail = node.config.mail is not None
    waiting = await node.look(lambda desk: _waiting(desk, has_mail))
    now = node.now()
    ready = [due for due in waiting if due.at <= now]
    if ready:
        begun = await node.work(lambda desk: [due for due in ready if _begin(desk, due)])
        limiter = anyio.CapacityLimiter(_AT_ONCE)
        async with anyio.create_task_group() as tasks:
            for due in begun:
                tasks.start_soon(_tell, node, say, due, limiter)
    later = [due.at for due in waiting if due.at > now]
    return (min(later) - now).total_seconds() if later else _LONGEST_REST_S


# --- what is due ------------------------------------------------------------------------------------------


def _waiting(desk: Desk, has_mail: bool) -> list[Due]:
    found = []
    for account in desk.tx.accounts.all():
        for outlet in desk.tx.outlets.all(account.id):
            if outlet.confirmed_at is None or outlet.stopped_at is not None:
                continue
            if outlet.channel is Channel.MAIL and not has_mail:
                continue
            due = _due_of(desk, account, outlet)
            if due is not None:
                found.append(due)
    return found


def _due_of(desk: Desk, account: Account, outlet: Outlet) -> Due | None:
    fresh = desk.tx.news.since(account.id, outlet.told, limit=_READ)
    if not fresh:
        return None
    chosen = frozenset(desk.tx.outlets.choices(account.id).of(outlet.channel))
    told = [(one, topic) for one in fresh if (topic := topic_of(one.kind, one.code)) in chosen]
    language = desk.tx.preferences.get(account.id).language
    if not told:
        return Due(outlet, fresh[-1].id, (), desk.now, language)
    counted = Counter(topic for _, topic in told)
    counts = tuple((topic, counted[topic]) for topic in TOPICS[account.kind] if counted[topic])
    at = max(told[0][0].at + GATHERED[outlet.channel], _earliest(outlet, desk.now))
    return Due(outlet, fresh[-1].id, counts, at, language)


def _earliest(outlet: Outlet, now: datetime) -> datetime:
    """Not before a failed try is due again, not right after the last one, and not more often than is calm."""
    times = [now]
    if outlet.due_at is not None:
        times.append(outlet.due_at)
    if outlet.tried_at:
        times.append(outlet.tried_at[-1] + CALM)
    lately = [at for at in outlet.tried_at if at > now - AN_HOUR]
    most = MOST_AN_HOUR[outlet.channel]
    if len(lately) >= most:
        times.append(lately[-most] + AN_HOUR)
    return max(times)


# --- telling it -------------------------------------------------------------------------------------------


async def _tell(node: Node, say: Say, due: Due, limiter: anyio.CapacityLimiter) -> None:
    async with limiter:
        try:
            pushed, what = await _send(node, say, due)
            await node.work(lambda desk: _settle(desk, due, pushed, what))
        except StoreRefused:  # it has told of that itself; that this was tried is written down already
            return


async def _send(node: Node, say: Say, due: Due) -> tuple[Pushed, str]:
    """What became of it, and a word for what is wrong. Raises: StoreRefused."""
    try:
        if due.outlet.channel is Channel.MAIL:
            return await _mail(node, say, due)
        pushed = await push(node, due.outlet.address)
    except StoreRefused:
        raise
    except Exception as error:  # no trouble of one way out must end the others'
        LOG.exception("telling an owner failed")
        return Pushed(Outcome.LATER, type(error).__name__), "fault"
    return pushed, "unreachable" if pushed.outcome is Outcome.LATER else "refused"


async def _mail(node: Node, say: Say, due: Due) -> tuple[Pushed, str]:
    server = node.config.mail
    assert server is not None  # what needs it is not due without it
    letter = say(due.language, due.counts, node.config.base_url)
    number = hashlib.sha256(f"{due.outlet.account} {due.outlet.told}".encode()).hexdigest()[:32]
    mail = build_mail(
        letter,
        sender=server.sender,
        to=due.outlet.address,
        number=number,
        now=node.now(),
        manage=f"{node.config.base_url}/my/settings/notices",
    )
    try:
        await send_mail(server, mail, ca_file=node.config.ca_file)
    except MailFailed as error:
        LOG.warning("a mail was not taken: %s", error.what)
        return Pushed(Outcome.REFUSED if error.is_final else Outcome.LATER, error.detail), error.what
    return Pushed(Outcome.TAKEN), ""


def _begin(desk: Desk, due: Due) -> bool:
    """Whether it is to be sent; that it is tried is written down before.

    Else a disk that is full after the sending would have it sent again, over and over.
    """
    current = _current(desk, due)
    if current is None:
        return False
    if not due.counts:
        desk.tx.outlets.save(replace(current, told=max(current.told, due.upto)))
        return False
    lately = tuple(at for at in current.tried_at if at > desk.now - AN_HOUR)
    desk.tx.outlets.save(replace(current, tried_at=(*lately, desk.now)))
    return True


def _current(desk: Desk, due: Due) -> Outlet | None:
    """The way out as it is now; None where its owner took or changed it meanwhile."""
    current = desk.tx.outlets.get(due.outlet.account, due.outlet.id)
    return current if current is not None and current.address == due.outlet.address else None


def _settle(desk: Desk, due: Due, pushed: Pushed, what: str) -> None:
    """Write down how far it is told, or when it is tried again; what its owner changed meanwhile stays."""
    current = _current(desk, due)
    if current is None:
        return
    if pushed.outcome is Outcome.GONE:
        desk.tx.outlets.remove(current.account, current.id)
    elif pushed.outcome is Outcome.TAKEN:
        told = max(current.told, due.upto)
        desk.tx.outlets.save(replace(current, told=told, tries=0, due_at=None, trouble="", detail=""))
    else:
        desk.tx.outlets.save(_failed(current, pushed, what, desk.now))


def _failed(outlet: Outlet, pushed: Pushed, what: str, now: datetime) -> Outlet:
    tries = outlet.tries + 1
    is_over = pushed.outcome is Outcome.REFUSED or tries >= MOST_TRIES
    again = min(FIRST_AGAIN * 2 ** (tries - 1), LATEST_AGAIN)
    return replace(
        outlet,
        tries=tries,
        due_at=now + max(again, timedelta(seconds=pushed.wait_s)),
        stopped_at=now if is_over else None,
        trouble=what,
        detail=pushed.detail,
    )
