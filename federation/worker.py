"""The one worker of a node: processes what was recorded, and delivers what was queued.

Both run in lanes: messages of one actor in the order in which they came, deliveries to one host at most a few
at a time; lanes run side by side, so that a dead or slow host holds nobody up.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from federation.inbox import Receipt
from federation.listeners import Inbound
from federation.ports import Clock, DeliveryJob, DeliveryOutcome, DeliveryQueue, InboxLog

__all__ = ["Worker", "WorkerSettings"]


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Bounds of the worker; times in seconds.

    A message that fails `tries` times is buried. `grace_s` is how long a stop waits for what is in hand.
    """

    tries: int = 8
    processed_at_once: int = 16
    delivered_at_once: int = 50
    per_host: int = 2
    in_hand: int = 500
    grace_s: float = 20.0


def _unreported(_: str, __: BaseException) -> None:
    return None


class Worker:
    """Drains an inbox log and a delivery queue until it is stopped.

    Shapes: `dispatch` hands one message to its handler (and returns quietly when there is none: unknown
            activities are finished and ignored); an exception means: try again later, in the end bury.
            `deliver` makes one attempt over the network (`delivery.deliver` with its ports bound).
            `deliver_local` takes the jobs whose inbox lies on one of `own_origins` (`inbox.receive_local`).
            `report(what, error)` is told of every failure; it must not raise.
    """

    def __init__(
        self,
        *,
        log: InboxLog,
        queue: DeliveryQueue,
        dispatch: Callable[[Inbound], Awaitable[None]],
        deliver: Callable[[DeliveryJob], Awaitable[DeliveryOutcome]],
        deliver_local: Callable[[DeliveryJob], Awaitable[Receipt]],
        own_origins: frozenset[str],
        clock: Clock,
        random: Callable[[], float] = random_module.random,
        report: Callable[[str, BaseException], None] = _unreported,
        settings: WorkerSettings | None = None,
    ) -> None:
        raise NotImplementedError

    def nudge(self) -> None:
        """Something new may be due: look now. Cheap, callable from any coroutine of the loop."""
        raise NotImplementedError

    def stop(self) -> None:
        """Take nothing new, finish what is in hand within the grace, then return from `run`."""
        raise NotImplementedError

    async def run(self) -> None:
        """Work until `stop` is called or the task is cancelled; woken by `nudge` and by what falls due."""
        raise NotImplementedError

    async def run_until_idle(self) -> None:
        """Work until nothing more is due at the clock's present time. For tests and one-shot commands."""
        raise NotImplementedError
