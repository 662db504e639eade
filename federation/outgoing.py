"""The worker's outgoing half: takes what is due, runs it in lanes by host, writes down how it ended.

Many ends are written in one go while earlier ones are being written. A job stays in hand until its end is
durable, and what is in hand is bounded: what was sent is not sent again and again because a disk is full.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup

from federation.lanes import Lanes, Places
from federation.ports import Clock, DeliveryJob, DeliveryOutcome, DeliveryQueue, Outcome, lane_of

__all__ = ["Outgoing"]

_BUSY = 16
_COALESCE_S = 0.02
"""While so many run, ends are gathered for so long: one commit for many of them."""


class Outgoing:
    """Deliveries in hand. `send` makes one attempt, must not raise, and answers None where nothing was
    learned: the job is then left as it was.

    `nudge` is called when something may have become possible; `report` is told of the store's failures, after
    each of which there is a pause of `pause_s` seconds. At most `in_hand` jobs are in memory.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        send: Callable[[DeliveryJob], Awaitable[DeliveryOutcome | None]],
        *,
        clock: Clock,
        places: Places,
        in_hand: int,
        pause_s: float,
        nudge: Callable[[], None],
        report: Callable[[str, BaseException], None],
    ) -> None:
        self._queue = queue
        self._send = send
        self._clock = clock
        self._most = in_hand
        self._pause_s = pause_s
        self._nudge = nudge
        self._report = report
        self._lanes: Lanes[DeliveryJob] = Lanes(self._run, places, ended=lambda: None, keeps=True)
        self._ends: list[tuple[int, DeliveryOutcome]] = []
        self._writing = False
        self._tasks: TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def running(self) -> int:
        """How many attempts are being made now."""
        return self._lanes.running

    async def take(self) -> int:
        """Take in hand what is due, as far as there is room; how many were new.

        Raises: what the queue does.
        """
        before = len(self._lanes)
        room = self._most - before
        if room <= 0:
            return 0
        for job in await self._queue.claim(room, self._clock(), busy=tuple(self._lanes.busy)):
            self._lanes.put(lane_of(job.inbox), job.id, job)
        return len(self._lanes) - before

    def start(self, tasks: TaskGroup) -> None:
        """Start whatever may run now."""
        self._tasks = tasks
        self._lanes.start(tasks)

    def seconds_until_room(self) -> float | None:
        """When to call `start` again although nothing ended, None for never."""
        return self._lanes.seconds_until_room()

    def drop_waiting(self) -> None:
        """Begin nothing more; what has not begun stays in the queue."""
        self._lanes.drop_waiting()

    async def _run(self, job: DeliveryJob) -> None:
        outcome = None
        try:
            outcome = await self._send(job)
        finally:
            if outcome is None:  # cut off, or nothing was learned: as if it had not been taken
                self._lanes.release([job.id])
                self._nudge()
        if outcome is None:
            return
        if outcome.outcome is Outcome.RETRY:
            # Whatever is behind it meets the same host: it is taken again when that is due.
            self._lanes.drop_waiting([lane_of(job.inbox)])
        self._ends.append((job.id, outcome))
        if not self._writing:
            self._writing = True
            assert self._tasks is not None
            self._tasks.start_soon(self._write_ends)

    async def _write_ends(self) -> None:
        try:
            while self._ends:
                if self._lanes.running > _BUSY:
                    await anyio.sleep(_COALESCE_S)
                ends, self._ends = self._ends, []
                await self._write(ends)
        finally:
            self._writing = False
            self._lanes.release(job_id for job_id, _ in self._ends)
            self._ends.clear()

    async def _write(self, ends: list[tuple[int, DeliveryOutcome]]) -> None:
        """Until the store takes it; a stop cuts this off, and the jobs are done again by the next run."""
        try:
            while not await self._try_to_write(ends):
                pass
        finally:
            self._lanes.release(job_id for job_id, _ in ends)
            self._nudge()

    async def _try_to_write(self, ends: list[tuple[int, DeliveryOutcome]]) -> bool:
        try:
            await self._queue.settle_all(ends, self._clock())
        except Exception as error:  # the store is the application's: whatever it raises, go on
            self._report("store", error)
            await anyio.sleep(self._pause_s)
            return False
        return True
