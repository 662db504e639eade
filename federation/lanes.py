"""Many jobs at once, but in order within a lane: bounded in each lane, and in all.

A lane is whatever must not be overtaken or overrun: one sender's messages, one host's deliveries. A slow lane
holds up its own jobs alone: a job that runs long gives its place up to those that wait and takes one of the
slow places, and a lane that was slow the last time begins in one. So however many lanes are slow, the quick
ones have their places to themselves.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from anyio.abc import TaskGroup

__all__ = ["Lanes", "Places"]

T = TypeVar("T")

_SLOW_KEPT = 10_000
"""So many slow lanes are remembered, the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How many jobs may run at once: `width` in a lane, `quick` and `slow` in all; slow are those that have
    run, or whose lane's last one ran, for `slow_after_s` seconds. Without slow places none is slow.
    """

    width: int
    quick: int
    slow: int = 0
    slow_after_s: float = float("inf")


class Lanes(Generic[T]):
    """Runs `run(item)` for every item that is put in, as far as there are places.

    Lanes take turns, so that one with a long queue does not starve the others. `ended` is called after each
    item. With `keeps`, an item stays in hand after it has run, until `release`.
    `run` must not raise.
    """

    def __init__(
        self,
        run: Callable[[T], Awaitable[None]],
        places: Places,
        *,
        ended: Callable[[], None],
        keeps: bool = False,
    ) -> None:
        self._run = run
        self._places = places
        self._ended = ended
        self._keeps = keeps
        self._waiting: dict[str, deque[tuple[int, T]]] = {}
        self._running: dict[str, int] = {}
        self._in_hand: dict[int, str] = {}
        self._of_lane: dict[str, int] = {}
        self._turns: tuple[OrderedDict[str, None], OrderedDict[str, None]] = OrderedDict(), OrderedDict()
        self._quick: OrderedDict[int, float] = OrderedDict()
        self._slow: set[int] = set()
        self._slow_lanes: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._in_hand)

    def __contains__(self, item_id: int) -> bool:
        return item_id in self._in_hand

    @property
    def busy(self) -> Collection[str]:
        """The lanes of which something is in hand."""
        return self._of_lane.keys()

    @property
    def running(self) -> int:
        """How many items run now."""
        return len(self._quick) + len(self._slow)

    def put(self, lane: str, item_id: int, item: T) -> None:
        """Add an item at the end of a lane; one that is in hand already is left alone."""
        if item_id in self._in_hand:
            return
        self._in_hand[item_id] = lane
        self._of_lane[lane] = self._of_lane.get(lane, 0) + 1
        self._waiting.setdefault(lane, deque()).append((item_id, item))
        self._take_turn(lane)

    def release(self, item_ids: Iterable[int]) -> None:
        """Let go of items; what was never in hand is passed over."""
        for item_id in item_ids:
            lane = self._in_hand.pop(item_id, None)
            if lane is None:
                continue
            self._of_lane[lane] -= 1
            if not self._of_lane[lane]:
                del self._of_lane[lane]

    # --- places ------------------------------------------------------------------------------------------

    def start(self, tasks: TaskGroup) -> None:
        """Start whatever may run now."""
        self._move_slow()
        while (begun := self._begin_next()) is not None:
            tasks.start_soon(self._run_on, tasks, *begun)

    def _begin_next(self) -> tuple[str, int, T, float] | None:
        """The next item whose turn and place it is, begun now: lane, id, item, since when."""
        quick, slow = self._turns
        if quick and len(self._quick) < self._places.quick:
            return self._begin(quick.popitem(last=False)[0], slow=False)
        if slow and len(self._slow) < self._places.slow:
            return self._begin(slow.popitem(last=False)[0], slow=True)
        return None

    def _begin(self, lane: str, *, slow: bool) -> tuple[str, int, T, float]:
        item_id, item = self._waiting[lane].popleft()
        if not self._waiting[lane]:
            del self._waiting[lane]
        began = monotonic()
        self._running[lane] = self._running.get(lane, 0) + 1
        if slow:
            self._slow.add(item_id)
        else:
            self._quick[item_id] = began
        self._take_turn(lane)
        return lane, item_id, item, began

    def _take_turn(self, lane: str) -> None:
        """Put a lane at the end of those whose turn comes, where it has something that may run."""
        if lane in self._waiting and self._running.get(lane, 0) < self._places.width:
            self._turns[lane in self._slow_lanes].setdefault(lane)

    async def _run_on(self, tasks: TaskGroup, lane: str, item_id: int, item: T, began: float) -> None:
        """Run one item, then whatever may run in its place: a task costs more than a turn."""
        while True:
            try:
                await self._run(item)
            finally:
                self._end(lane, item_id, took_s=monotonic() - began)
                self._ended()
            begun = self._begin_next()
            if self._turns[0] or self._turns[1]:
                self.start(tasks)
            if begun is None:
                return
            lane, item_id, item, began = begun

    def _end(self, lane: str, item_id: int, *, took_s: float) -> None:
        self._quick.pop(item_id, None)
        self._slow.discard(item_id)
        self._running[lane] -= 1
        if not self._running[lane]:
            del self._running[lane]
        if self._places.slow:  # else it would wait for a place that there is not
            self._mark(lane, is_slow=took_s >= self._places.slow_after_s)
        if not self._keeps:
            self.release([item_id])
        self._take_turn(lane)

    def _mark(self, lane: str, *, is_slow: bool) -> None:
        if is_slow == (lane in self._slow_lanes):
            return
        had_turn = lane in self._turns[not is_slow]
        self._turns[not is_slow].pop(lane, None)
        if is_slow:
            self._slow_lanes[lane] = None
            if len(self._slow_lanes) > _SLOW_KEPT:
                self._slow_lanes.popitem(last=False)
        else:
            del self._slow_lanes[lane]
        if had_turn:
            self._take_turn(lane)

    def _move_slow(self) -> None:
        """What has run long gives its quick place up, as long as there are slow ones; what waits behind it
        is let go, to be taken again where it came from."""
        since = monotonic() - self._places.slow_after_s
        while self._quick and len(self._slow) < self._places.slow:
            item_id, began = next(iter(self._quick.items()))
            if began > since:
                return
            del self._quick[item_id]
            self._slow.add(item_id)
            lane = self._in_hand[item_id]
            self._mark(lane, is_slow=True)
            self.drop_waiting([lane])

    def seconds_until_room(self) -> float | None:
        """When to call `start` again although nothing ended, None for never: what waits for a place may get
        one because others turn out to be slow."""
        if not self._turns[0] or not self._quick or len(self._slow) >= self._places.slow:
            return None
        began = next(iter(self._quick.values()))
        return max(began + self._places.slow_after_s - monotonic(), 0.0)

    def drop_waiting(self, lanes: Iterable[str] | None = None) -> None:
        """Forget what has not begun, of these lanes or of all; it stays where it came from."""
        for lane in list(self._waiting) if lanes is None else lanes:
            self.release(item_id for item_id, _ in self._waiting.pop(lane, ()))
            for turns in self._turns:
                turns.pop(lane, None)
