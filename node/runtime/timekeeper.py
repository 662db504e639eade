"""Keeps a node's time: lets the clock act on what is due, watches over the clock itself, marks the hour."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

import anyio

from node.clocks import Doubt, Mark, SteadyClock
from node.context import Node
from node.desk import Desk
from node.services.clockwork import next_wake, run_due
from node.store.ports import Database, Notice, StoreRefused

__all__ = ["keep_time", "resume_clock", "save_mark"]

LOG = logging.getLogger("obverse")

LONGEST_REST_S = 30.0
SHORTEST_REST_S = 0.5
MARK_EVERY = timedelta(minutes=10)
"""A restart goes on from the last mark; more of them would only wear the disk."""
_MARK = "clock"


async def resume_clock(clock: SteadyClock, database: Database) -> None:
    """Go on from where the last process left off, as far as that can be told."""
    text = await database.read(lambda tx: tx.meta.get(_MARK))
    if text is not None:
        with suppress(ValueError, KeyError):
            clock.resume(Mark.load(text))


async def save_mark(node: Node) -> None:
    """Write down what time it is. Raises: StoreRefused."""
    mark = node.clock.mark().dump()
    await node.db.write(lambda tx: tx.meta.set(_MARK, mark))


async def keep_time(node: Node) -> None:
    """Do what is due when it is due, until cancelled."""
    marked_at: datetime | None = None
    told: Doubt | None = None
    while True:
        due = None
        try:
            if node.clock.doubt is not told:
                told = node.clock.doubt
                await _tell(node, told)
            if marked_at is None or abs(node.now() - marked_at) >= MARK_EVERY:
                await save_mark(node)
                marked_at = node.now()
            while await node.work(run_due):
                pass
            due = await node.look(next_wake)
        except StoreRefused:  # it has told of that itself, and the rest is long
            pass
        except Exception:  # no trouble must end the clock; it is told, and tried again
            LOG.exception("the clock failed")
        rest = LONGEST_REST_S if due is None else (due - node.now()).total_seconds()
        await anyio.sleep(max(SHORTEST_REST_S, min(rest, LONGEST_REST_S)))


async def _tell(node: Node, doubt: Doubt | None) -> None:
    """A line for each of the owners: the log alone is read by few."""
    code = "clock-trusted" if doubt is None else "clock-doubt"
    if doubt is None:
        text = "The clock of this machine is believed again."
    else:
        text = f"{doubt.words.capitalize()}. Nothing ends by it; if it is right now: obverse clock --trust"

    def write(desk: Desk) -> None:
        for account in desk.tx.accounts.all():
            desk.tx.notices.add(Notice(account.id, desk.now, text, kind="clock", code=code))

    await node.work(write)
