from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from federation import lanes as lanes_module
from federation.lanes import Lanes, Places

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

    async def let_go(self, *items: str) -> None:
        for item in items:
            while item not in self._open:
                await anyio.lowlevel.checkpoint()
            self._open[item].set()
            await settle()


async def settle() -> None:
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


def make(gate: Gate, *, keeps: bool = False, **places: Any) -> tuple[Lanes[str], Callable[..., None]]:
    bounds = Places(**{"width": 1, "quick": 10, **places})
    lanes: Lanes[str] = Lanes(gate.run, bounds, ended=gate.count, keeps=keeps)

    def put(*items: str) -> None:
        """An item's first letter is its lane."""
        for item in items:
            lanes.put(item[0], int.from_bytes(item.encode(), "big"), item)

    return lanes, put


async def test_a_lane_keeps_its_order_and_others_run_beside_it() -> None:
    gate = Gate()
    lanes, put = make(gate)
    async with anyio.create_task_group() as tasks:
        put("a1", "a2", "b1")
        lanes.start(tasks)
        await settle()
        assert gate.began == ["a1", "b1"]
        await gate.let_go("a1")
        assert gate.began == ["a1", "b1", "a2"]
        assert (len(lanes), lanes.running) == (2, 2)
        assert set(lanes.busy) == {"a", "b"}
        await gate.let_go("b1", "a2")
    assert (len(lanes), gate.ended, list(lanes.busy)) == (0, 3, [])


async def test_all_lanes_together_are_bounded_and_take_turns() -> None:
    gate = Gate()
    lanes, put = make(gate, width=2, quick=3)
    async with anyio.create_task_group() as tasks:
        put("a1", "a2", "a3", "b1", "b2", "c1")
        lanes.start(tasks)
        await settle()
        assert gate.began == ["a1", "b1", "c1"]
        await gate.let_go("a1")
        assert gate.began[3:] == ["a2"]
        await gate.let_go("b1")
        assert gate.began[4:] == ["b2"], "the next lane, not the first one again"
        await gate.let_go("a2", "c1", "b2", "a3")
    assert sorted(gate.began) == ["a1", "a2", "a3", "b1", "b2", "c1"]


async def test_a_lane_of_two_goes_on_when_one_of_them_ends() -> None:
    gate = Gate()
    lanes, put = make(gate, width=2)
    async with anyio.create_task_group() as tasks:
        put("a1", "a2", "a3")
        lanes.start(tasks)
        await settle()
        assert gate.began == ["a1", "a2"]
        await gate.let_go("a2")
        assert gate.began == ["a1", "a2", "a3"]
        await gate.let_go("a1", "a3")


async def test_an_item_in_hand_is_not_taken_twice() -> None:
    lanes, put = make(Gate())
    put("a1", "a1")
    assert len(lanes) == 1
    assert int.from_bytes(b"a1", "big") in lanes
    assert 2 not in lanes


async def test_what_is_kept_stays_in_hand_until_it_is_released() -> None:
    gate = Gate()
    lanes, put = make(gate, keeps=True)
    async with anyio.create_task_group() as tasks:
        put("a1")
        lanes.start(tasks)
        await gate.let_go("a1")
        assert (len(lanes), lanes.running, list(lanes.busy)) == (1, 0, ["a"])
        put("a1")
        lanes.start(tasks)
        assert gate.began == ["a1"]
    lanes.release([12345, int.from_bytes(b"a1", "big")])
    assert (len(lanes), list(lanes.busy)) == (0, [])


async def test_what_has_not_begun_can_be_dropped() -> None:
    gate = Gate()
    lanes, put = make(gate)
    async with anyio.create_task_group() as tasks:
        put("a1", "a2", "b1", "b2")
        lanes.start(tasks)
        await settle()
        lanes.drop_waiting(["b", "unknown"])
        assert len(lanes) == 3
        lanes.drop_waiting()
        assert len(lanes) == 2
        await gate.let_go("a1", "b1")
    assert gate.began == ["a1", "b1"]
    assert len(lanes) == 0


async def test_a_job_that_runs_long_gives_its_place_to_those_that_wait() -> None:
    gate = Gate()
    lanes, put = make(gate, quick=2, slow=2, slow_after_s=0.02)
    async with anyio.create_task_group() as tasks:
        put("s1", "t1", "s2", "q1", "r1")
        lanes.start(tasks)
        await settle()
        assert gate.began == ["s1", "t1"]
        room = lanes.seconds_until_room()
        assert room is not None
        assert 0 < room <= 0.02
        await anyio.sleep(0.03)
        lanes.start(tasks)
        await settle()
        assert gate.began == ["s1", "t1", "q1", "r1"]
        assert len(lanes) == 4, "what waited behind the slow one was let go"
        put("u1")
        assert lanes.seconds_until_room() is None, "the slow places are taken"
        await gate.let_go("s1", "t1", "q1", "r1", "u1")
    assert len(lanes) == 0


async def test_a_lane_that_was_slow_begins_in_a_slow_place_until_it_is_quick_again() -> None:
    gate = Gate()
    lanes, put = make(gate, quick=1, slow=1, slow_after_s=0.01)
    async with anyio.create_task_group() as tasks:
        put("s1")
        lanes.start(tasks)
        await anyio.sleep(0.02)
        await gate.let_go("s1")
        put("s2", "t1", "s3")
        lanes.start(tasks)
        await settle()
        assert gate.began == ["s1", "t1", "s2"], "beside the quick one, not before it"
        await gate.let_go("s2")
        assert gate.began == ["s1", "t1", "s2"], "quick again: it waits for its turn"
        await gate.let_go("t1", "s3")
    assert gate.began[-1] == "s3"


async def test_what_waits_behind_a_slow_one_takes_its_turn_among_the_slow() -> None:
    gate = Gate()
    lanes, put = make(gate, width=2, quick=1, slow=1, slow_after_s=0.01)
    async with anyio.create_task_group() as tasks:
        put("s1", "s2", "q1")
        lanes.start(tasks)
        await anyio.sleep(0.02)
        await gate.let_go("s1")
        assert gate.began == ["s1", "q1", "s2"], "both: the one in the quick place, the other in the slow one"
        await gate.let_go("s2", "q1")


async def test_slow_lanes_leave_the_quick_ones_their_places_however_many_they_are() -> None:
    gate = Gate()
    lanes, put = make(gate, quick=2, slow=1, slow_after_s=0.01)
    async with anyio.create_task_group() as tasks:
        for slow in ("s", "t", "u"):
            put(f"{slow}1")
            lanes.start(tasks)
            await anyio.sleep(0.02)
            await gate.let_go(f"{slow}1")
        put("s2", "t2", "u2", "q1", "r1")
        lanes.start(tasks)
        await settle()
        assert sorted(gate.began[3:]) == ["q1", "r1", "s2"]
        await gate.let_go("s2", "t2", "u2", "q1", "r1")


async def test_a_lane_of_which_nothing_waits_may_turn_slow_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow lanes that are remembered are bounded; the oldest are forgotten."""
    monkeypatch.setattr(lanes_module, "_SLOW_KEPT", 1)
    gate = Gate()
    lanes, put = make(gate, quick=1, slow=1, width=2, slow_after_s=0.01)
    async with anyio.create_task_group() as tasks:
        for slow in ("s", "t"):
            put(f"{slow}1")
            lanes.start(tasks)
            await anyio.sleep(0.02)
            await gate.let_go(f"{slow}1")
        put("s2", "q1")
        lanes.start(tasks)
        await settle()
        assert gate.began[2:] == ["s2"], "s was forgotten, so it takes the quick place"
        await gate.let_go("s2", "q1")


async def test_nobody_moves_where_there_are_no_slow_places() -> None:
    gate = Gate()
    lanes, put = make(gate, quick=1)
    async with anyio.create_task_group() as tasks:
        put("a1", "b1")
        lanes.start(tasks)
        await settle()
        assert lanes.seconds_until_room() is None
        await gate.let_go("a1", "b1")
        assert lanes.seconds_until_room() is None


async def test_who_was_slow_goes_on_where_there_are_no_slow_places() -> None:
    gate = Gate()
    lanes, put = make(gate, quick=1, slow_after_s=0.01)
    async with anyio.create_task_group() as tasks:
        put("a1", "a2")
        lanes.start(tasks)
        await anyio.sleep(0.02)
        await gate.let_go("a1")
        assert gate.began == ["a1", "a2"]
        await gate.let_go("a2")
