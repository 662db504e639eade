"""The one worker of a node: processes what was recorded, and delivers what was queued.

Both run in lanes: messages of one actor in the order in which they came, deliveries to one host at most a few
at a time; lanes run side by side, so that a dead or slow host holds nobody up. A message whose handler fails
is tried again later, and those behind it are not held back: handlers park what comes too early.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from federation.activity import parse_activity
from federation.delivery import judge_status
from federation.errors import InvalidIri
from federation.ids import origin
from federation.lanes import Lanes, Places
from federation.listeners import Inbound
from federation.messages import Limits
from federation.outgoing import Outgoing
from federation.ports import (
    Clock,
    DeliveryJob,
    DeliveryOutcome,
    DeliveryQueue,
    InboundEntry,
    InboxLog,
    Outcome,
    lane_of,
)
from federation.receipts import Receipt
from federation.retry import next_attempt

__all__ = ["Worker", "WorkerSettings"]

_LONGEST_REST_S = 30.0
"""The clock may be moved under a sleeping worker, so it looks at it now and then."""

_LANES_REMEMBERED = 10_000
_BUSY = 64
_TURNS = 2
_COALESCE_S = 0.02
"""With so much in hand the next look at the store waits so long: one look for many endings, not one each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Bounds of the worker; times in seconds.

    A message that fails `tries` times is buried. `in_hand` is how many of each kind are in memory at once.
    `pause_s` is the pause after the store has failed. `grace_s` is how long a stop waits for what runs.
    A delivery that takes longer than `slow_after_s` is a slow one, as are the next ones to its host: of those
    `slow_at_once` run beside the others, each of which holds little more than a socket. So it is with the
    messages of an actor.
    """

    tries: int = 8
    processed_at_once: int = 16
    delivered_at_once: int = 200
    slow_at_once: int = 300
    slow_after_s: float = 2.0
    per_host: int = 2
    in_hand: int = 1000
    batch: int = 100
    pause_s: float = 1.0
    grace_s: float = 20.0


def _unreported(_: str, __: BaseException) -> None:
    return None


def _never(_: Exception) -> bool:
    return False


class Worker:
    """Drains an inbox log and a delivery queue until it is stopped.

    Shapes: `dispatch` hands one message to its handler (and returns quietly when there is none: unknown
            activities are finished and ignored); an exception means: try again later, in the end bury.
            `deliver` makes one attempt over the network (`delivery.deliver` with its ports bound).
            `deliver_local` takes the jobs whose inbox lies on one of `own_origins` (`inbox.receive_local`).
            `report(what, error)` is told of every failure ("claim", "process", "deliver", "store"); it must
            not raise.
            `is_of_the_store(error)` says whether a failure is the store's own trouble (a full disk): then the
            message is left as it was, since it has not had its try.
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
        limits: Limits | None = None,
        random: Callable[[], float] = random_module.random,
        report: Callable[[str, BaseException], None] = _unreported,
        is_of_the_store: Callable[[Exception], bool] = _never,
        settings: WorkerSettings | None = None,
    ) -> None:
        self._log = log
        self._queue = queue
        self._dispatch = dispatch
        self._deliver = deliver
        self._deliver_local = deliver_local
        self._own_origins = own_origins
        self._clock = clock
        self._limits = limits or Limits()
        self._random = random
        self._report = report
        self._is_of_the_store = is_of_the_store
        self._settings = bounds = settings or WorkerSettings()
        self._inbox: Lanes[InboundEntry] = Lanes(
            self._process,
            Places(
                width=1,
                quick=bounds.processed_at_once,
                slow=bounds.slow_at_once,
                slow_after_s=bounds.slow_after_s,
            ),
            ended=self.nudge,
        )
        self._outbox = Outgoing(
            queue,
            self._send,
            clock=clock,
            places=Places(
                width=bounds.per_host,
                quick=bounds.delivered_at_once,
                slow=bounds.slow_at_once,
                slow_after_s=bounds.slow_after_s,
            ),
            in_hand=bounds.in_hand,
            pause_s=bounds.pause_s,
            nudge=self.nudge,
            report=report,
        )
        self._homes: dict[str, bool] = {}
        self._nudged = False
        self._stopping = False
        self._event: anyio.Event | None = None

    def nudge(self) -> None:
        """Something new may be due: look now. Cheap; call it from the worker's event loop only."""
        self._nudged = True
        if self._event is not None:
            self._event.set()

    def stop(self) -> None:
        """Take nothing new, finish what runs within the grace, then return from `run`."""
        self._stopping = True
        self.nudge()

    async def run(self) -> None:
        """Work until `stop` is called or the task is cancelled; woken by `nudge` and by what falls due.

        What is cut off stays where it was, so that the next run does it again.
        """
        async with anyio.create_task_group() as tasks:
            while not self._stopping:
                self._nudged = False
                if not await self._take(tasks):
                    await self._rest(await self._seconds_until_due())
            await self._drain(tasks)

    async def run_until_idle(self) -> None:
        """Work until nothing more is due at the clock's present time. For tests and one-shot commands."""
        async with anyio.create_task_group() as tasks:
            while True:
                self._nudged = False
                if await self._take(tasks) or self._nudged:
                    continue
                if not len(self._inbox) and not len(self._outbox):
                    return
                await self._rest(_LONGEST_REST_S)

    # --- taking ------------------------------------------------------------------------------------------

    async def _take(self, tasks: TaskGroup) -> bool:
        """Take in hand what is due, as far as there is room; whether there may be more of it at once."""
        if len(self._inbox) + len(self._outbox) > _BUSY:
            await anyio.sleep(_COALESCE_S)
        try:
            is_cut_short = await self._take_entries()
            is_cut_short |= await self._outbox.take() > 0
        except Exception as error:  # the store is the application's: whatever it raises, the worker goes on
            self._report("claim", error)
            await anyio.sleep(self._settings.pause_s)
            return False
        self._inbox.start(tasks)
        self._outbox.start(tasks)
        return is_cut_short

    async def _take_entries(self) -> bool:
        """Whether the claim was cut short by its own limit; what else is left waits for an actor's end."""
        room = min(self._settings.batch, self._settings.in_hand - len(self._inbox))
        if room <= 0:
            return False
        entries = await self._log.claim(room, self._clock(), busy=tuple(self._inbox.busy))
        for entry in entries:
            self._inbox.put(entry.actor, entry.id, entry)
        return len(entries) == room

    # --- resting -----------------------------------------------------------------------------------------

    async def _seconds_until_due(self) -> float:
        """How long there is nothing to do; what is in hand and already due does not count."""
        if len(self._inbox) or len(self._outbox):  # of which the store would say that it is due
            return self._settings.pause_s
        now = self._clock()
        try:
            due = await self._queue.next_due(now)
        except Exception as error:
            self._report("claim", error)
            return self._settings.pause_s
        if due is None:
            return _LONGEST_REST_S
        seconds = (due - now).total_seconds()
        return min(seconds, _LONGEST_REST_S) if seconds > 0 else self._settings.pause_s

    async def _rest(self, seconds: float) -> None:
        if self._nudged:
            return
        for room in (self._inbox.seconds_until_room(), self._outbox.seconds_until_room()):
            seconds = seconds if room is None else min(seconds, room)
        self._event = anyio.Event()
        with anyio.move_on_after(seconds):
            await self._event.wait()
            # One commit ends some messages and records others: they are told of within a few turns of the
            # event loop, and looked for once.
            for _ in range(_TURNS):
                await anyio.lowlevel.checkpoint()
        self._event = None

    async def _drain(self, tasks: TaskGroup) -> None:
        self._inbox.drop_waiting()
        self._outbox.drop_waiting()
        with anyio.move_on_after(self._settings.grace_s):
            while len(self._inbox) or len(self._outbox):
                self._nudged = False
                await self._rest(_LONGEST_REST_S)
        tasks.cancel_scope.cancel()

    # --- doing -------------------------------------------------------------------------------------------

    async def _process(self, entry: InboundEntry) -> None:
        try:
            activity = entry.activity or parse_activity(entry.body, limits=self._limits)
            await self._dispatch(Inbound(entry, activity))
        except Exception as error:  # a handler's failure is data here: it decides when to try again
            self._report("process", error)
            if self._is_of_the_store(error):
                await anyio.sleep(self._settings.pause_s)
                return
            words = f"{type(error).__name__}: {error}"
            await self._store(lambda: self._process_later(entry, words))
        else:
            await self._store(lambda: self._log.finish(entry.id))

    async def _process_later(self, entry: InboundEntry, words: str) -> None:
        now = self._clock()
        due = next_attempt(
            entry.attempts + 1, now, jitter=self._random(), give_up_at=datetime.max.replace(tzinfo=now.tzinfo)
        )
        if entry.attempts + 1 >= self._settings.tries or due is None:
            await self._log.bury(entry.id, words)
        else:
            await self._log.retry(entry.id, due, words)

    async def _send(self, job: DeliveryJob) -> DeliveryOutcome | None:
        try:
            why = await self._queue.stopped(job.id)
            if why:
                return DeliveryOutcome(Outcome.TAKEN_BACK, why, attempted=False)
            return await (self._deliver_home(job) if self._is_home(job) else self._deliver(job))
        except Exception as error:  # a fault of ours, not of the peer; the message is not lost for it
            self._report("deliver", error)
            if self._is_of_the_store(error):
                await anyio.sleep(self._settings.pause_s)
                return None
            return self._deliver_later(job, f"failed here: {type(error).__name__}")

    def _is_home(self, job: DeliveryJob) -> bool:
        """Whether the inbox is one of ours, however it is spelled."""
        lane = lane_of(job.inbox)
        found = self._homes.get(lane)
        if found is None:
            try:
                found = origin(job.inbox) in self._own_origins
            except InvalidIri:
                found = False
            if len(self._homes) >= _LANES_REMEMBERED:
                self._homes.clear()
            self._homes[lane] = found
        return found

    async def _deliver_home(self, job: DeliveryJob) -> DeliveryOutcome:
        """A job for an actor of this node never sees a socket; only passing trouble is worth another try."""
        if self._clock() >= job.give_up_at:
            return DeliveryOutcome(Outcome.EXPIRED, "its time ran out before it could be delivered")
        receipt = await self._deliver_local(job)
        if judge_status(receipt.status) is Outcome.DELIVERED:
            return DeliveryOutcome(Outcome.DELIVERED, "delivered on this node", receipt.status)
        if receipt.status in (429, 503):
            return self._deliver_later(job, str(receipt.error))
        return DeliveryOutcome(Outcome.DEAD, str(receipt.error), receipt.status)

    def _deliver_later(self, job: DeliveryJob, detail: str) -> DeliveryOutcome:
        due = next_attempt(job.attempts + 1, self._clock(), jitter=self._random(), give_up_at=job.give_up_at)
        if due is None:
            return DeliveryOutcome(Outcome.EXPIRED, detail)
        return DeliveryOutcome(Outcome.RETRY, detail, retry_at=due)

    async def _store(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write down how something ended; where the store fails, pause, and leave it to be done again."""
        try:
            await write()
        except Exception as error:
            self._report("store", error)
            await anyio.sleep(self._settings.pause_s)
