"""How much waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from federation.ports import DeliveryOutcome, HostState, InboundEntry, Outcome
from node.store.ports import Database, Lengths, Parked, QueuedJob
from tests.builders import NOW
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

DEAD = DeliveryOutcome(Outcome.DEAD, "410 Gone", 410, gone=True)
DELIVERED = DeliveryOutcome(Outcome.DELIVERED, "accepted", 202)


async def lengths(db: Database) -> Lengths:
    return await db.read(lambda tx: tx.queues.lengths(NOW))


async def test_in_a_fresh_store_nothing_waits(db: Database) -> None:
    assert await lengths(db) == Lengths(0, 0, 0, 0, 0, 0, 0)


async def test_deliveries_are_due_waiting_or_dead(db: Database, a_job: Callable[..., QueuedJob]) -> None:
    later = NOW + timedelta(hours=1)
    jobs = [
        a_job("1"),
        a_job("2", due_at=later),
        a_job("3", ordering_key="deal"),
        a_job("4", ordering_key="deal"),
        a_job("5", ordering_key="stopped"),
        a_job("6", ordering_key="stopped"),
        a_job("7"),
    ]
    await db.write(each(lambda tx: tx.deliveries.enqueue, *jobs))
    ids = {job.activity_id: job.id for job in await db.read(lambda tx: tx.deliveries.all())}
    await db.delivery_queue.settle(ids["https://ana.example/activities/5"], DEAD, NOW)
    await db.delivery_queue.settle(ids["https://ana.example/activities/7"], DELIVERED, NOW)
    found = await lengths(db)
    assert (found.deliveries_due, found.deliveries_waiting, found.deliveries_dead) == (2, 2, 2)


async def test_messages_are_pending_or_dead(db: Database, an_entry: Callable[..., InboundEntry]) -> None:
    for number in range(3):
        await db.inbox_log.record(an_entry(str(number)))
    first, second, _ = await db.inbox_log.claim(9, NOW)
    await db.inbox_log.finish(first.id)
    await db.inbox_log.bury(second.id, "poison")
    found = await lengths(db)
    assert (found.inbox_pending, found.inbox_dead) == (1, 1)


async def test_parked_messages_are_counted(db: Database, an_entry: Callable[..., InboundEntry]) -> None:
    parked = Parked("own", "deal", "activity", "actor", b"{}", an_entry(), NOW, NOW + timedelta(days=1))
    await db.write(lambda tx: tx.parking.add(parked))
    assert (await lengths(db)).parked == 1


async def test_hosts_that_are_left_alone_are_counted(db: Database) -> None:
    for name, minutes in (("a", 5), ("b", -5)):
        await db.host_memory.save(HostState(f"https://{name}", open_until=NOW + timedelta(minutes=minutes)))
    await db.host_memory.save(HostState("https://c"))
    assert (await lengths(db)).circuits_open == 1
