from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from federation.keys import SigningKey
from federation.memory import (
    MemoryDeliveryQueue,
    MemoryHostMemory,
    MemoryInboxLog,
    MemoryPublicKeys,
    MemorySigningKeys,
)
from federation.ports import (
    DeliveryJob,
    DeliveryOutcome,
    DeliveryQueue,
    HostMemory,
    HostState,
    InboundEntry,
    InboxLog,
    KnownKey,
    Outcome,
    PublicKeys,
    Recorded,
    SigningKeys,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def an_entry(**changed: Any) -> InboundEntry:
    entry = InboundEntry(
        recipient="https://us.example/a",
        actor="https://t.example/t",
        activity_id="https://t.example/1",
        body=b"{}",
        digest="zQm1",
        received_at=NOW,
    )
    return replace(entry, **changed)


def a_job(**changed: Any) -> DeliveryJob:
    job = DeliveryJob(
        id=0,
        inbox="https://t.example/inbox",
        actor="https://us.example/a",
        key_id="https://us.example/a#main-key",
        body=b"{}",
        ordering_key="deal-1",
        attempts=0,
        created_at=NOW,
        give_up_at=NOW + timedelta(days=7),
    )
    return replace(job, **changed)


def test_the_adapters_are_what_the_ports_ask_for() -> None:
    ports: tuple[PublicKeys, SigningKeys, HostMemory, InboxLog, DeliveryQueue] = (
        MemoryPublicKeys(),
        MemorySigningKeys(),
        MemoryHostMemory(),
        MemoryInboxLog(),
        MemoryDeliveryQueue(),
    )
    assert all(ports)


def test_a_public_key_is_found_until_it_is_revoked_and_then_with_its_date(ed25519_key: SigningKey) -> None:
    async def story() -> None:
        keys = MemoryPublicKeys()
        known = KnownKey(ed25519_key.public, ed25519_key.owner, b"{}", NOW)
        assert await keys.find(ed25519_key.id) is None
        await keys.revoke(ed25519_key.id, NOW)
        await keys.save(known)
        assert await keys.find(ed25519_key.id) == known
        await keys.revoke(ed25519_key.id, NOW)
        await keys.revoke(ed25519_key.id, NOW + timedelta(days=1))
        revoked = await keys.find(ed25519_key.id)
        assert revoked is not None
        assert revoked.revoked_at == NOW

    run(story())


def test_the_keys_that_an_actor_no_longer_lists_are_revoked_together(ed25519_key: SigningKey) -> None:
    async def story() -> None:
        keys = MemoryPublicKeys()
        owners = {"#a": "https://t.example/t", "#b": "https://t.example/t", "#c": "https://o.example/o"}
        for name, actor in owners.items():
            await keys.save(KnownKey(replace(ed25519_key.public, id=name), actor, b"{}", NOW))
        await keys.revoke_others("https://t.example/t", {"#b"}, NOW)
        found = {name: await keys.find(name) for name in owners}
        assert [name for name, known in found.items() if known and known.revoked_at] == ["#a"]

    run(story())


def test_only_so_many_public_keys_are_kept(ed25519_key: SigningKey) -> None:
    async def story() -> None:
        keys = MemoryPublicKeys(max_keys=2)
        for name in ("#a", "#b"):
            await keys.save(KnownKey(replace(ed25519_key.public, id=name), "x", b"{}", NOW))
        await keys.find("#a")
        await keys.save(KnownKey(replace(ed25519_key.public, id="#c"), "x", b"{}", NOW))
        assert await keys.find("#a")
        assert await keys.find("#b") is None

    run(story())


def test_a_destroyed_signing_key_is_gone(ed25519_key: SigningKey) -> None:
    async def story() -> None:
        keys = MemorySigningKeys()
        keys.add(ed25519_key)
        assert await keys.get(ed25519_key.id) is ed25519_key
        keys.destroy(ed25519_key.id)
        keys.destroy(ed25519_key.id)
        with pytest.raises(KeyError):
            await keys.get(ed25519_key.id)

    run(story())


def test_made_up_hosts_cannot_fill_the_memory() -> None:
    async def story() -> None:
        hosts = MemoryHostMemory(max_hosts=2)
        for name in ("a", "b", "c"):
            await hosts.save(HostState(f"https://{name}.example"))
        assert await hosts.find("https://a.example") is None
        assert await hosts.find("https://c.example") == HostState("https://c.example")

    run(story())


def test_the_same_message_is_recorded_once_and_another_body_is_a_conflict() -> None:
    async def story() -> None:
        log = MemoryInboxLog()
        assert await log.record(an_entry()) is Recorded.NEW
        assert await log.record(an_entry(replay_key=b"2")) is Recorded.DUPLICATE
        assert await log.record(an_entry(digest="zQm2", replay_key=b"3")) is Recorded.CONFLICT
        assert await log.record(an_entry(recipient="https://us.example/b")) is Recorded.NEW
        assert await log.record(an_entry(actor="https://t.example/other")) is Recorded.NEW
        assert len(await log.claim(10, NOW)) == 3
        assert await log.replayed(b"2", NOW)
        assert not await log.replayed(b"3", NOW)

    run(story())


def test_a_signature_counts_as_seen_within_its_window() -> None:
    async def story() -> None:
        log = MemoryInboxLog()
        await log.record(an_entry(replay_key=b"1", replay_until=NOW + timedelta(minutes=5)))
        assert await log.replayed(b"1", NOW + timedelta(minutes=5))
        assert not await log.replayed(b"1", NOW + timedelta(minutes=6))
        assert not await log.replayed(b"2", NOW)

    run(story())


def test_entries_wait_oldest_first_until_finished_retried_or_buried() -> None:
    async def story() -> None:
        log = MemoryInboxLog()
        for n in range(3):
            await log.record(an_entry(activity_id=f"https://t.example/{n}"))
        first, second, third = await log.claim(10, NOW)
        assert [entry.activity_id[-1] for entry in (first, second, third)] == ["0", "1", "2"]
        assert await log.claim(1, NOW) == [first]
        assert await log.claim(10, NOW - timedelta(seconds=1)) == []
        await log.finish(first.id)
        await log.retry(second.id, NOW + timedelta(minutes=1), "later")
        await log.bury(third.id, "poison")
        assert await log.claim(10, NOW) == []
        (again,) = await log.claim(10, NOW + timedelta(minutes=1))
        assert again == replace(second, attempts=1)
        assert log.finished == [first]
        assert [(buried.entry, buried.error) for buried in log.buried] == [(third, "poison")]
        for gone in (first.id, third.id):
            await log.finish(gone)
            await log.retry(gone, NOW, "again")
            await log.bury(gone, "again")
        assert len(log.finished) == len(log.buried) == 1

    run(story())


def test_jobs_of_one_deal_leave_in_order_and_others_beside_them() -> None:
    async def story() -> None:
        queue = MemoryDeliveryQueue()
        first = await queue.enqueue(a_job())
        second = await queue.enqueue(a_job())
        other = await queue.enqueue(a_job(ordering_key="deal-2"))
        loose = [await queue.enqueue(a_job(ordering_key="")) for _ in range(2)]
        assert await queue.claim(10, NOW) == [first, other, *loose]
        assert await queue.claim(1, NOW) == [first]
        await queue.settle(first.id, DeliveryOutcome(Outcome.DELIVERED, "202"), NOW)
        assert queue.delivered == [first]
        assert second in await queue.claim(10, NOW)

    run(story())


def test_a_retry_waits_and_counts_only_where_it_was_an_attempt() -> None:
    async def story() -> None:
        queue = MemoryDeliveryQueue()
        job = await queue.enqueue(a_job())
        later = NOW + timedelta(minutes=1)
        await queue.settle(job.id, DeliveryOutcome(Outcome.RETRY, "503", retry_at=later), NOW)
        assert await queue.claim(10, NOW) == []
        held = DeliveryOutcome(Outcome.RETRY, "circuit", retry_at=later, attempted=False)
        await queue.settle(job.id, held, NOW)
        assert await queue.claim(10, later) == [replace(job, attempts=1)]
        await queue.settle(job.id, DeliveryOutcome(Outcome.RETRY, "as before"), NOW)
        assert await queue.next_due(NOW) == later

    run(story())


def test_a_dead_job_takes_the_later_ones_of_its_deal_along_until_it_is_resent() -> None:
    async def story() -> None:
        queue = MemoryDeliveryQueue()
        before = await queue.enqueue(a_job(ordering_key=""))
        jobs = [await queue.enqueue(a_job()) for _ in range(2)]
        other = await queue.enqueue(a_job(ordering_key="deal-2"))
        await queue.settle(jobs[0].id, DeliveryOutcome(Outcome.DEAD, "404", status=404), NOW)
        assert set(queue.dead) == {job.id for job in jobs}
        assert await queue.claim(10, NOW) == [before, other]
        await queue.settle(before.id, DeliveryOutcome(Outcome.DEAD, "404"), NOW)
        assert await queue.claim(10, NOW) == [other]
        await queue.resend(jobs[0].id, NOW)
        assert jobs[0] in await queue.claim(10, NOW)
        with pytest.raises(KeyError):
            await queue.resend(jobs[0].id, NOW)

    run(story())


def test_a_job_whose_time_ran_out_stops_nothing_that_comes_after_it() -> None:
    async def story() -> None:
        queue = MemoryDeliveryQueue()
        first, second = [await queue.enqueue(a_job()) for _ in range(2)]
        await queue.settle(first.id, DeliveryOutcome(Outcome.EXPIRED, "its time ran out"), NOW)
        assert set(queue.dead) == {first.id}
        assert await queue.claim(10, NOW) == [second]

    run(story())


def test_hosts_take_equal_shares_are_left_alone_and_have_a_last_call() -> None:
    async def scenario() -> None:
        queue = MemoryDeliveryQueue()
        flood = [await queue.enqueue(a_job(ordering_key="")) for _ in range(5)]
        other = await queue.enqueue(a_job(inbox="https://other.example/inbox"))
        assert await queue.claim(4, NOW) == [*flood[:2], other]
        assert await queue.claim(4, NOW, busy=["https://t.example"]) == [other]
        until = NOW + timedelta(minutes=5)
        held = DeliveryOutcome(Outcome.RETRY, "waiting", attempted=False, hold_until=until)
        await queue.settle_all([(flood[0].id, held), (other.id, held)], NOW)
        assert (await queue.claim(9, NOW), await queue.next_due(NOW)) == ([], until)
        ending = await queue.enqueue(a_job(ordering_key="", give_up_at=NOW + timedelta(seconds=5)))
        assert await queue.claim(9, NOW) == [ending]
        await queue.settle(ending.id, DeliveryOutcome(Outcome.DELIVERED, "202"), NOW)
        assert await queue.claim(9, NOW) == flood

    run(scenario())


def test_the_queue_says_when_the_next_job_or_entry_is_due() -> None:
    async def story() -> None:
        log = MemoryInboxLog()
        queue = MemoryDeliveryQueue(log)
        assert await queue.next_due(NOW) is None
        assert await MemoryDeliveryQueue().next_due(NOW) is None
        await queue.enqueue(a_job(), due_at=NOW + timedelta(minutes=2))
        assert await queue.next_due(NOW) == NOW + timedelta(minutes=2)
        await log.record(an_entry(received_at=NOW + timedelta(minutes=1)))
        assert await queue.next_due(NOW) == NOW + timedelta(minutes=1)

    run(story())
