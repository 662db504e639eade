"""Turns and room for bodies, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from federation import keyring
from federation.errors import TemporarilyUnavailable
from federation.intake import Bodies, Patience, Room, Turnstile, Wait, read_body
from federation.messages import Limits

pytestmark = pytest.mark.anyio


async def test_turns_are_given_in_order_and_handed_on() -> None:
    turnstile = Turnstile(at_once=1, waiting=2)
    order: list[str] = []
    gates = {name: anyio.Event() for name in "abc"}

    async def pass_through(name: str) -> None:
        async with turnstile:
            order.append(name)
            await gates[name].wait()

    async with anyio.create_task_group() as tasks:
        for name in "abc":
            tasks.start_soon(pass_through, name)
            await anyio.wait_all_tasks_blocked()
        assert (order, turnstile.inside, turnstile.waiting) == (["a"], 1, 2)
        with pytest.raises(TemporarilyUnavailable) as refused:
            async with turnstile:
                raise AssertionError("there was no room")
        assert refused.value.retry_after_s == 30
        for name in "abc":
            gates[name].set()
    assert (order, turnstile.inside, turnstile.waiting) == (["a", "b", "c"], 0, 0)


async def test_whoever_gives_up_waiting_takes_no_place() -> None:
    turnstile = Turnstile(at_once=1, waiting=2)
    async with turnstile:
        with anyio.move_on_after(0.01):
            async with turnstile:
                raise AssertionError("it was not its turn")
        assert turnstile.waiting == 0
    assert turnstile.inside == 0


async def test_a_turn_that_comes_in_the_moment_of_giving_up_is_not_lost() -> None:
    turnstile = Turnstile(at_once=1, waiting=2)
    entered: list[str] = []

    async def wait(scope: anyio.CancelScope) -> None:
        with scope:
            async with turnstile:
                entered.append("it")

    scope = anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        async with turnstile:
            tasks.start_soon(wait, scope)
            await anyio.wait_all_tasks_blocked()
        scope.cancel()  # the place has just been handed over
    assert (turnstile.inside, entered) in ((0, []), (0, ["it"]))
    async with turnstile:
        assert turnstile.inside == 1


async def test_a_turn_that_is_called_off_by_force_goes_back() -> None:
    """Cancelled from outside of anyio, between the hand-over and the wake-up."""
    turnstile = Turnstile(at_once=1, waiting=1)
    coroutine = turnstile.__aenter__()
    async with turnstile:
        waiting = turnstile.__aenter__()
        waiting.send(None)
    with pytest.raises(KeyboardInterrupt):
        waiting.throw(KeyboardInterrupt())
    assert turnstile.inside == 0
    await coroutine
    assert turnstile.inside == 1


async def test_a_body_that_is_whole_never_gives_way() -> None:
    bodies = Bodies(1000)
    whole, late = bodies.open(), bodies.open()
    whole.add(b"x" * 900)
    assert len(whole.whole()) == 900
    with pytest.raises(TemporarilyUnavailable):
        late.add(b"x" * 200)
    assert not whole.gave_way
    late.close()
    assert bodies.held_bytes == 900
    whole.close()
    whole.close()
    assert bodies.held_bytes == 0


async def test_the_oldest_gives_way_one_after_another() -> None:
    bodies = Bodies(1000)
    opened = [bodies.open() for _ in range(4)]
    for body in opened[:3]:
        body.add(b"x" * 300)
    opened[3].add(b"x" * 500)
    assert [body.gave_way for body in opened] == [True, True, False, False]
    assert bodies.held_bytes == 800


async def test_what_takes_too_long_is_called_off_and_only_that() -> None:
    patience, ended = Patience(0.05), []

    async def take(name: str, seconds: float) -> None:
        try:
            with Wait().for_(patience):
                await asyncio.sleep(seconds)
            ended.append(name)
        except TimeoutError:
            ended.append(f"{name} called off")

    await asyncio.gather(take("slow", 60), take("quick", 0), take("slow too", 60))
    await take("later", 0)
    await take("later and slow", 60)
    assert ended == ["quick", "slow called off", "slow too called off", "later", "later and slow called off"]


class _Clock:
    """A loop's time, turned by hand: what it is asked to call stands in `calls`, until it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.calls: list[tuple[float, Callable[..., None]]] = []

    def time(self) -> float:
        return self.now_s

    def call_at(self, when_s: float, callback: Callable[..., None], *_: object) -> object:
        self.calls.append((when_s, callback))
        return callback

    def turn_to(self, now_s: float) -> None:
        self.now_s = now_s
        due, self.calls = self.calls, []
        for _, callback in due:
            callback(self)


async def test_one_timer_goes_from_what_ended_in_time_to_what_comes_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = _Clock()
    called_off: list[Wait] = []
    monkeypatch.setattr("asyncio.get_running_loop", lambda: clock)
    patience, quick, later = Patience(5.0), Wait(), Wait()
    with quick.for_(patience):
        assert [when_s for when_s, _ in clock.calls] == [105.0]
        clock.now_s = 103.0
    with later.for_(patience):
        monkeypatch.setattr(Wait, "call_off", lambda wait: called_off.append(wait))
        clock.turn_to(105.0)
        assert [when_s for when_s, _ in clock.calls] == [108.0], "not due yet: looked at again when it is"
        assert called_off == []
        clock.turn_to(108.0)
    assert (called_off, clock.calls) == ([later], [])


async def test_a_task_that_is_cancelled_from_outside_stays_cancelled() -> None:
    patience = Patience(60)

    async def wait() -> None:
        with Wait().for_(patience):
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_both_at_once_is_a_cancelling_from_outside() -> None:
    patience = Patience(60)
    waits: list[Wait] = []

    async def wait() -> None:
        waits.append(Wait())
        with waits[0].for_(patience):
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    waits[0].call_off()
    waits[0].call_off()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_failure_of_its_own_is_told_as_it_is_and_calling_off_later_does_nothing() -> None:
    wait = Wait()
    with pytest.raises(ValueError, match="its own"), wait.for_(Patience(60)):
        raise ValueError("its own")
    wait.call_off()
    await asyncio.sleep(0)


async def test_a_body_in_parts_is_joined() -> None:
    bodies = Bodies(1000)
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"cd"},
    ]

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    assert await read_body(bodies.open(), receive, [], most_bytes=10, patience=Patience(5)) == b"abcd"


def test_the_shipped_bounds() -> None:
    """As the security notes have them: 20 s for a body that began within 10 s, 32 MiB for all bodies."""
    room, limits = Room(), Limits()
    assert (room.body_s, room.judge_s, limits.request_s) == (20.0, 30.0, 30.0)
    assert room.body_bytes == 32 * 1024 * 1024
    assert room.judged_at_once - keyring._WAITING >= 128, "places for those whose keys are known"
    assert (room.judged_waiting, room.read_at_once, room.read_waiting) == (256, 64, 512)
