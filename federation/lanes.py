"""Many jobs at once, but in order within a lane: bounded in each lane, and in all.

A lane is whatever must not be overtaken or overrun: one sender's messages, one host's deliveries. A slow lane
holds up its own jobs alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

__all__ = ["Lanes"]

T = TypeVar("T")


class Lanes(Generic[T]):
    """Runs `run(item)` for every item that is put in, at most `width` at once in a lane and `total` in all.

    Lanes take turns, so that one with a long queue does not starve the others. `ended` is called after each
    item.
    `run` must not raise.
    """

    def __init__(
        self,
        run: Callable[[T], Awaitable[None]],
        *,
        width: int,
        total: int,
        ended: Callable[[], None],
    ) -> None:
        self._run = run
        self._width = width
        self._total = total
        self._ended = ended
        self._waiting: dict[str, deque[tuple[int, T]]] = {}
        self._running: dict[str, dict[int, float]] = {}
        self._turns: deque[str] = deque()
        self._in_hand: set[int] = set()
        self._busy = 0

    def __len__(self) -> int:
        return len(self._in_hand)

    def __contains__(self, item_id: int) -> bool:
        return item_id in self._in_hand

    def put(self, lane: str, item_id: int, item: T) -> None:
        """Add an item at the end of a lane; one that is in hand already is left alone."""
        if item_id in self._in_hand:
            return
        self._in_hand.add(item_id)
        if lane not in self._waiting:
            self._waiting[lane] = deque()
            self._turns.append(lane)
        self._waiting[lane].append((item_id, item))

    def start(self, tasks: TaskGroup) -> None:
        """Start whatever may run now."""
        for _ in range(len(self._turns)):
            if self._busy >= self._total:
                return
            lane = self._turns[0]
            self._turns.rotate(-1)
            while self._may_run(lane):
                item_id, item = self._waiting[lane].popleft()
                self._running.setdefault(lane, {})[item_id] = anyio.current_time()
                self._busy += 1
                tasks.start_soon(self._run_one, tasks, lane, item_id, item)
            if not self._waiting[lane]:
                del self._waiting[lane]
                self._turns.remove(lane)

    def _may_run(self, lane: str) -> bool:
        has_room = len(self._running.get(lane, ())) < self._width and self._busy < self._total
        return has_room and bool(self._waiting[lane])

    async def _run_one(self, tasks: TaskGroup, lane: str, item_id: int, item: T) -> None:
        try:
            await self._run(item)
        finally:
            del self._running[lane][item_id]
            if not self._running[lane]:
                del self._running[lane]
            self._in_hand.discard(item_id)
            self._busy -= 1
            self._ended()
        self.start(tasks)

    def drop_waiting(self) -> None:
        """Forget everything that has not begun; it stays where it came from."""
        for _, item_id, _item in self._all_waiting():
            self._in_hand.discard(item_id)
        self._waiting.clear()
        self._turns.clear()

    def take_stuck(self, *, older_than_s: float) -> list[T]:
        """Take out what waits in lanes whose present items have all run longer than this, to make room.

        Used when there is no room in memory: whoever is slow gives way, whoever is merely busy does not.
        """
        slow_since = anyio.current_time() - older_than_s
        taken: list[T] = []
        for lane, item_id, item in self._all_waiting():
            began = self._running.get(lane, {}).values()
            if began and max(began) <= slow_since:
                self._in_hand.discard(item_id)
                self._waiting[lane].remove((item_id, item))
                taken.append(item)
        return taken

    def _all_waiting(self) -> Iterator[tuple[str, int, T]]:
        for lane, items in list(self._waiting.items()):
            for item_id, item in list(items):
                yield lane, item_id, item
