"""Spreads what goes to many while the node does everything else: its deliveries are queued part by part.

How far each is lies in the store, so that a start after a crash goes on where it stopped.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import anyio

from node.context import Node
from node.desk import Desk
from node.sending.fanning import IN_ONE_GO, KEPT_FOR, spread_further
from node.store.ports import StoreRefused

__all__ = ["forget_old", "spread_on", "spread_posts"]

LOG = logging.getLogger("obverse")

_REST_S = 30.0
"""Where the store refuses, it is tried again after this."""
_GATHER_S = 0.05
"""One look for all that a busy node does meanwhile."""
_PAUSE_S = 0.01
"""Between two parts others have their turn: a post leaves much more slowly than it spreads."""
_FORGET_EVERY = timedelta(hours=1)


async def spread_posts(node: Node) -> None:
    """Spread whatever is begun, until cancelled."""
    forgot_at: datetime | None = None
    goes_on = True
    while goes_on:
        seen = node.changes.count
        try:
            await spread_on(node)
            if forgot_at is None or abs(node.now() - forgot_at) >= _FORGET_EVERY:
                await forget_old(node)
                forgot_at = node.now()
        except StoreRefused:  # it has told of that itself
            await anyio.sleep(_REST_S)
        except Exception:  # no fault of ours must end the spreading
            LOG.exception("spreading a post failed")
            await anyio.sleep(_REST_S)
        else:
            await anyio.sleep(_GATHER_S)
            goes_on = await node.changes.next(since=seen)


async def spread_on(node: Node) -> bool:
    """Spread all that there is; whether there was anything. Raises: StoreRefused."""
    worked = False
    while await node.look(lambda desk: desk.tx.fan_outs.next() is not None):
        await node.work(_spread_first)
        await anyio.sleep(_PAUSE_S)
        worked = True
    return worked


def _spread_first(desk: Desk) -> None:
    """The next part of the oldest: what is told of one thing must not overtake itself."""
    fan_out = desk.tx.fan_outs.next()
    if fan_out is not None:
        spread_further(desk, fan_out)


async def forget_old(node: Node) -> None:
    """Drop the ended deliveries of long ago. Raises: StoreRefused."""

    def forget(desk: Desk) -> int:
        return desk.tx.fan_outs.forget(desk.now - KEPT_FOR, IN_ONE_GO)

    while await node.work(forget) == IN_ONE_GO:
        pass
