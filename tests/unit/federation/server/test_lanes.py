from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from federation.lanes import Lanes

pytestmark = pytest.mark.anyio


class Gate:
    """Items run until they are let go."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.ended = 0
        self._open: dict[str, anyio.Event] = {}

    async def run(self, item: str) -> None:
        self.began.append(item)
        self._open[item] = anyio.Event()
        await self._open[item].wait()

    def count(self) -> None:
        self.ended += 1

    async def let_go(self, item: str) -> None:
        self._open[item].set()
        for _ in range(5):
            await anyio.lowlevel.checkpoint()


def make(gate: Gate, width: int = 1, total: int = 10) -> tuple[Lanes[str], Callable[[str, str], None]]:
    lanes: Lanes[str] = Lanes(gate.run, width=width, total=total, ended=gate.count)
    return lanes, lambda lane, item: lanes.put(lane, int.from_bytes(item.encode(), "big"), item)


async def settle() -> None:
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


async def test_a_lane_keeps_its_order_and_others_run_beside_it() -> None:
    gate = Gate()
    lanes, put = make(gate)
    async with anyio.create_task_group() as tasks:
        for lane, item in (("a", "a1"), ("a", "a2"), ("b", "b1")):
            put(lane, item)
        lanes.start(tasks)
        await settle()
        assert gate.began == ["a1", "b1"]
        await gate.let_go("a1")
        assert gate.began == ["a1", "b1", "a2"]
        assert len(lanes) == 2
        await gate.let_go("b1")
        await gate.let_go("a2")
    assert (len(lanes), gate.ended) == (0, 3)


async def test_all_lanes_together_are_bounded_and_take_turns() -> None:
    gate = Gate()
    lanes, put = make(gate, width=2, total=3)
    async with anyio.create_task_group() as tasks:
        for item in ("a1", "a2", "a3", "b1", "b2", "c1"):
            put(item[0], item)
        lanes.start(tasks)
        await settle()
        assert gate.began == ["a1", "a2", "b1"]
        await gate.let_go("a1")
        assert gate.began[3] == "c1", "the next lane, not the first one again"
        for item in ("b1", "a2", "c1"):
            await gate.let_go(item)
        assert sorted(gate.began) == ["a1", "a2", "a3", "b1", "b2", "c1"]
        await gate.let_go("a3")
        await gate.let_go("b2")


async def test_an_item_in_hand_is_not_taken_twice() -> None:
    gate = Gate()
    lanes, _ = make(gate)
    lanes.put("a", 1, "x")
    lanes.put("a", 1, "x")
    assert len(lanes) == 1
    assert 1 in lanes
    assert 2 not in lanes


async def test_what_has_not_begun_can_be_dropped() -> None:
    gate = Gate()
    lanes, put = make(gate)
    async with anyio.create_task_group() as tasks:
        put("a", "a1")
        put("a", "a2")
        lanes.start(tasks)
        await settle()
        lanes.drop_waiting()
        assert len(lanes) == 1
        await gate.let_go("a1")
    assert gate.began == ["a1"]
    assert len(lanes) == 0


async def test_stuck_lanes_give_up_what_waits_and_busy_ones_do_not() -> None:
    gate = Gate()
    lanes, put = make(gate, total=2)
    async with anyio.create_task_group() as tasks:
        for item in ("s1", "s2", "s3", "q1"):
            put(item[0], item)
        lanes.start(tasks)
        await anyio.sleep(0.02)
        await gate.let_go("q1")
        put("q", "q2")
        put("q", "q3")
        put("z", "z1")
        lanes.start(tasks)
        await settle()
        assert lanes.take_stuck(older_than_s=0.015) == ["s2", "s3"]
        assert lanes.take_stuck(older_than_s=0.015) == []
        assert len(lanes) == 4
        for item in ("s1", "q2", "q3", "z1"):
            while item not in gate.began:
                await settle()
            await gate.let_go(item)
    assert len(lanes) == 0
