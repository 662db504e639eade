"""An actor that says that it is gone, or that its server says is gone."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from federation.errors import FetchError, FetchFailed, Gone, TooManyRequests
from federation.ids import host
from federation.listeners import Inbound
from federation.rates import domain_of
from node.context import Node
from node.desk import Desk
from node.services.following import forget_actor
from node.services.reading import drop_actor

__all__ = ["Farewells"]

AT_ONCE = 4
"""So many servers are asked at once: a part of what the worker does at once, so that slow ones hold up only
each other."""
ASKED_AGAIN_AFTER = timedelta(minutes=5)
REMEMBERED = 10_000


class Farewells:
    """Handles the Delete of an actor by itself.

    Its server is asked, one server of a domain at a time, and once for all that the actor sends in
    `ASKED_AGAIN_AFTER`: whoever repeats its farewell by the thousand and answers slowly has the worker wait
    for one answer, not for each.
    """

    def __init__(self) -> None:
        self._asking: set[str] = set()
        self._asked: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    async def take(self, node: Node, inbound: Inbound) -> None:
        """Where its server answers 410, the actor follows nobody any more and its keys end.

        What was signed before stays evidence. Without the 410 nothing happens (`security C19, F13`): whoever
        has stolen a key could else silence its owner.
        Raises: FetchFailed, TooManyRequests; the worker tries again later.
        """
        gone = inbound.activity.actor
        if not inbound.activity.is_self_delete or self._is_asked_for(inbound, node.now()):
            return
        if not await self._is_gone(node, gone, inbound.entry.id):
            return
        await node.db.public_keys.revoke_others(gone, frozenset(), node.now())

        def work(desk: Desk) -> None:
            if not desk.tx.inbox.is_pending(inbound.entry.id):
                return
            forget_actor(desk, gone)
            drop_actor(desk, gone)
            desk.tx.inbox.finish(inbound.entry.id)

        await node.work(work)

    def _is_asked_for(self, inbound: Inbound, now: datetime) -> bool:
        """Whether another message of the actor's has had its server asked a moment ago; that one, where it
        failed, is tried again, and this one would only say the same."""
        at, entry_id = self._asked.get(inbound.activity.actor, (now, inbound.entry.id))
        return entry_id != inbound.entry.id and abs(now - at) < ASKED_AGAIN_AFTER

    async def _is_gone(self, node: Node, actor: str, entry_id: int) -> bool:
        domain = domain_of(host(actor))
        if domain in self._asking or len(self._asking) >= AT_ONCE:
            raise TooManyRequests("other servers are being asked just now")
        self._asking.add(domain)
        self._asked[actor] = (node.now(), entry_id)
        self._asked.move_to_end(actor)
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        try:
            await node.fetcher.fetch(actor)
        except Gone:
            return True
        except FetchFailed:
            raise
        except FetchError:
            return False
        finally:
            self._asking.remove(domain)
        return False
