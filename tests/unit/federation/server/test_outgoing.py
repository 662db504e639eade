from __future__ import annotations

from typing import Any

import anyio
import pytest

from federation.lanes import Places
from federation.outgoing import Outgoing
from federation.ports import DeliveryJob, DeliveryOutcome, Outcome

pytestmark = pytest.mark.anyio


async def test_ends_are_written_together_while_earlier_ones_are_being_written(ana: Any) -> None:
    sender = ana.account("ana")
    written: list[int] = []
    go = anyio.Event()
    settle_all = ana.queue.settle_all

    async def slow_disk(ends: Any, now: Any) -> None:
        written.append(len(ends))
        await go.wait()
        await settle_all(ends, now)

    async def fine(_: DeliveryJob) -> DeliveryOutcome:
        await anyio.lowlevel.checkpoint()
        return DeliveryOutcome(Outcome.DELIVERED, "")

    ana.queue.settle_all = slow_disk
    for n in range(20):
        await ana.queue.enqueue(ana.job(sender, f"https://h{n}.example/inbox", {}))
    outgoing = Outgoing(
        ana.queue,
        fine,
        clock=ana.clock,
        places=Places(width=2, quick=5),
        in_hand=10,
        pause_s=0.001,
        nudge=lambda: None,
        report=lambda what, error: None,
    )
    async with anyio.create_task_group() as tasks:
        assert await outgoing.take() == 10
        assert await outgoing.take() == 0, "there is no room"
        outgoing.start(tasks)
        while outgoing.running:
            await anyio.lowlevel.checkpoint()
        assert len(outgoing) == 10, "in hand until it is durable"
        go.set()
    assert (len(outgoing), sum(written)) == (0, 10)
    assert len(written) <= 3
    assert await outgoing.take() == 10
