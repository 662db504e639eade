"""What goes out: when it is due, in order within a deal, until it is delivered or given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from federation.ports import DeliveryJob, DeliveryOutcome, HostState, Outcome
from node.store.ports import Database, JobState, QueuedJob
from tests.builders import NOW
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

Make = Callable[..., QueuedJob]

DELIVERED = DeliveryOutcome(Outcome.DELIVERED, "accepted", 202)
EXPIRED = DeliveryOutcome(Outcome.EXPIRED, "its time ran out", attempted=False)
DEAD = DeliveryOutcome(Outcome.DEAD, "410 Gone", 410, gone=True)


def a_retry(after: timedelta, *, attempted: bool = True) -> DeliveryOutcome:
    return DeliveryOutcome(Outcome.RETRY, "503", 503, retry_at=NOW + after, attempted=attempted)


async def enqueue(db: Database, *jobs: QueuedJob) -> list[int]:
    """Their ids, in the order in which they were queued."""
    await db.write(each(lambda tx: tx.deliveries.enqueue, *jobs))
    queued = await db.read(lambda tx: tx.deliveries.all(limit=len(jobs)))
    return [job.id for job in queued][::-1]


async def claimed(db: Database, now: datetime = NOW, limit: int = 100) -> list[int]:
    return [job.id for job in await db.delivery_queue.claim(limit, now)]


async def states(db: Database) -> list[JobState]:
    jobs = await db.read(lambda tx: tx.deliveries.all())
    return [job.state for job in jobs][::-1]


async def test_a_job_comes_back_exactly(db: Database, a_job: Make) -> None:
    job = a_job(body=b"\x00\xff", fast_key_id="#ed", due_at=NOW.replace(microsecond=1), ordering_key="deal")
    (job_id,) = await enqueue(db, job)
    assert await db.read(lambda tx: tx.deliveries.get(job_id)) == replace(job, id=job_id)
    assert await db.read(lambda tx: tx.deliveries.get(job_id + 1)) is None
    at = NOW.replace(microsecond=1)
    assert await db.delivery_queue.claim(9, at) == [
        DeliveryJob(
            id=job_id,
            inbox=job.inbox,
            actor=job.actor,
            key_id=job.key_id,
            body=job.body,
            ordering_key="deal",
            attempts=0,
            created_at=job.created_at,
            give_up_at=job.give_up_at,
            fast_key_id="#ed",
            lane="https://shop.example",
        )
    ]


async def test_a_job_is_claimed_when_it_is_due(db: Database, a_job: Make) -> None:
    later = NOW + timedelta(minutes=1)
    (first, second) = await enqueue(db, a_job("later", due_at=later), a_job("at once"))
    assert await claimed(db) == [second]
    assert await claimed(db, later) == [second, first]
    assert await claimed(db, later, limit=1) == [second]


async def test_next_due_is_the_earliest_that_waits_for_nobody(db: Database, a_job: Make) -> None:
    assert await db.delivery_queue.next_due(NOW) is None
    soon, later = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
    first, _ = await enqueue(db, a_job(ordering_key="deal", due_at=later), a_job(ordering_key="deal"))
    assert await db.delivery_queue.next_due(NOW) == later
    await enqueue(db, a_job(due_at=soon))
    assert await db.delivery_queue.next_due(NOW) == soon
    await db.delivery_queue.settle(first, DELIVERED, NOW)
    assert await db.delivery_queue.next_due(NOW) == NOW


async def test_what_is_due_at_once_is_not_put_off_by_the_clock(db: Database, a_job: Make) -> None:
    """X12."""
    (job_id,) = await enqueue(db, a_job())
    assert await claimed(db, NOW - timedelta(days=2)) == [job_id]


async def test_hosts_take_equal_shares_and_busy_ones_none(db: Database, a_job: Make) -> None:
    flood = [a_job(f"f{number}", inbox="https://flood.example/inbox") for number in range(70)]
    others = [a_job(name, inbox=f"https://{name}.example/inbox") for name in ("x", "y")]
    ids = await enqueue(db, *flood, *others)
    assert await claimed(db, limit=9) == [*ids[:3], *ids[70:]]
    assert await claimed(db, limit=1000) == [*ids[:64], *ids[70:]], "no host has more than 64 at once"
    busy = ["https://flood.example", "https://x.example"]
    found = await db.delivery_queue.claim(9, NOW, busy=busy)
    assert [job.id for job in found] == [ids[71]]


async def test_a_host_is_left_alone_until_then_or_until_an_attempt_ends_that(
    db: Database, a_job: Make
) -> None:
    one, two, other = await enqueue(
        db, a_job("1"), a_job("2"), a_job("3", inbox="https://other.example/inbox")
    )
    until = NOW + timedelta(minutes=5)
    held = DeliveryOutcome(Outcome.RETRY, "waiting", attempted=False, hold_until=until)
    await db.delivery_queue.settle(one, held, NOW)
    assert await claimed(db) == [other]
    await db.delivery_queue.settle(other, DELIVERED, NOW)
    assert await db.delivery_queue.next_due(NOW) == until
    unsent = DeliveryOutcome(Outcome.RETRY, "a fault of ours", attempted=False)
    await db.delivery_queue.settle(one, unsent, NOW)
    assert await claimed(db) == [], "nothing was sent, so nothing was learned"
    assert await claimed(db, until) == [one, two]
    await db.delivery_queue.settle(one, DELIVERED, NOW)
    assert await claimed(db) == [two], "it answers again"
    await db.delivery_queue.settle(two, held, NOW)
    await db.write(lambda tx: tx.deliveries.drop(two, NOW))
    (three,) = await enqueue(db, a_job("4"))
    assert await claimed(db) == [three], "a pause is not kept for a host to which nothing waits"


async def test_a_job_has_a_last_call_however_long_its_host_is_left_alone(db: Database, a_job: Make) -> None:
    end = NOW + timedelta(minutes=1)
    one, two = await enqueue(db, a_job("1"), a_job("2", give_up_at=end, due_at=NOW + timedelta(days=1)))
    far = DeliveryOutcome(Outcome.RETRY, "", attempted=False, hold_until=NOW + timedelta(hours=1))
    await db.delivery_queue.settle(one, far, NOW)
    assert await db.delivery_queue.next_due(NOW) == end - timedelta(seconds=5)
    assert await claimed(db, end - timedelta(seconds=6)) == []
    assert await claimed(db, end - timedelta(seconds=5)) == [two]


async def test_many_ends_are_recorded_at_once(db: Database, a_job: Make) -> None:
    one, two, three, four = await enqueue(
        db, *(a_job(str(number), inbox=f"https://h{number}.example/inbox") for number in range(4))
    )
    far = NOW + timedelta(hours=1)
    ends = [
        (one, DELIVERED),
        (two, DeliveryOutcome(Outcome.DELIVERED, "accepted", 200)),
        (three, DEAD),
        (four, replace(a_retry(timedelta(hours=1)), hold_until=far)),
        (12345, DELIVERED),
    ]
    await db.delivery_queue.settle_all(ends, NOW)
    assert await states(db) == [JobState.DELIVERED, JobState.DELIVERED, JobState.DEAD, JobState.QUEUED]
    assert await db.delivery_queue.next_due(NOW) == far
    await db.delivery_queue.settle_all([], NOW)


async def test_a_dropped_job_is_over_and_holds_nothing_behind_it(db: Database, a_job: Make) -> None:
    one, two, three = await enqueue(db, *(a_job(str(number), ordering_key="deal") for number in range(3)))
    await db.delivery_queue.settle(one, DEAD, NOW)
    assert await db.write(lambda tx: tx.deliveries.drop(one, NOW))
    assert await states(db) == [JobState.DROPPED, JobState.QUEUED, JobState.QUEUED]
    dropped = await db.read(lambda tx: tx.deliveries.get(one))
    assert dropped is not None
    assert (dropped.body, dropped.detail, dropped.settled_at) == (b"", "410 Gone", NOW)
    assert await claimed(db) == [two]
    assert await db.write(lambda tx: tx.deliveries.drop(two, NOW))
    assert await claimed(db) == [three]
    assert await db.write(lambda tx: tx.deliveries.drop(three, NOW))
    again = await db.write(lambda tx: [tx.deliveries.drop(job_id, NOW) for job_id in (one, 12345)])
    assert again == [False, False]
    (four,) = await enqueue(db, a_job("4", ordering_key="deal"))
    assert await claimed(db) == [four]
    await db.delivery_queue.settle(four, DELIVERED, NOW)
    assert not await db.write(lambda tx: tx.deliveries.drop(four, NOW))
    assert await db.delivery_queue.next_due(NOW) is None


async def test_a_job_past_its_end_is_claimed_so_that_it_can_be_buried(db: Database, a_job: Make) -> None:
    (job_id,) = await enqueue(db, a_job(give_up_at=NOW))
    assert await claimed(db, NOW + timedelta(days=1)) == [job_id]


async def test_only_the_first_of_a_deal_is_claimed(db: Database, a_job: Make) -> None:
    one, two, three, other = await enqueue(
        db,
        *(a_job(str(number), ordering_key="deal") for number in range(3)),
        a_job("x", ordering_key="other"),
    )
    assert await claimed(db) == [one, other]
    await db.delivery_queue.settle(one, a_retry(timedelta(hours=1)), NOW)
    assert await claimed(db) == [other]
    assert await claimed(db, NOW + timedelta(hours=1)) == [other, one]
    await db.delivery_queue.settle(one, DELIVERED, NOW)
    assert await claimed(db) == [two, other]
    await db.delivery_queue.settle(two, DELIVERED, NOW)
    assert await claimed(db) == [three, other]
    await db.delivery_queue.settle(three, DELIVERED, NOW)
    (four,) = await enqueue(db, a_job("4", ordering_key="deal"))
    assert await claimed(db) == [other, four]


async def test_jobs_without_an_order_do_not_wait_for_each_other(db: Database, a_job: Make) -> None:
    one, two = await enqueue(db, a_job("1"), a_job("2"))
    await db.delivery_queue.settle(one, DEAD, NOW)
    (three,) = await enqueue(db, a_job("3"))
    assert await claimed(db) == [two, three]


async def test_a_retry_is_counted_unless_nothing_was_sent(db: Database, a_job: Make) -> None:
    (job_id,) = await enqueue(db, a_job())
    await db.delivery_queue.settle(job_id, a_retry(timedelta(0)), NOW)
    await db.delivery_queue.settle(job_id, a_retry(timedelta(1), attempted=False), NOW)
    job = await db.read(lambda tx: tx.deliveries.get(job_id))
    assert job is not None
    assert (job.attempts, job.state, job.detail, job.due_at) == (
        1,
        JobState.QUEUED,
        "503",
        NOW + timedelta(1),
    )
    assert job.settled_at is None
    await db.delivery_queue.settle(job_id, DeliveryOutcome(Outcome.RETRY, "no time given"), NOW)
    assert await claimed(db) == []


async def test_a_delivered_job_keeps_its_end_and_lets_its_bytes_go(db: Database, a_job: Make) -> None:
    job = a_job()
    first, second = await enqueue(db, job, replace(job, recipient="https://other.example/u"))
    assert await db.read(lambda tx: tx.deliveries.delivered_at(job.activity_id, job.recipient)) is None
    await db.delivery_queue.settle(first, DELIVERED, NOW)
    await db.delivery_queue.settle(first, DEAD, NOW + timedelta(1))
    settled = await db.read(lambda tx: tx.deliveries.get(first))
    expected = replace(job, id=first, state=JobState.DELIVERED, attempts=1, detail="accepted", body=b"")
    assert settled == replace(expected, settled_at=NOW)
    assert await db.read(lambda tx: tx.deliveries.delivered_at(job.activity_id, job.recipient)) == NOW
    (left,) = await db.delivery_queue.claim(10, NOW)
    assert (left.id, left.body) == (second, job.body)
    await db.delivery_queue.settle(second, DELIVERED, NOW)
    again, *_ = await enqueue(db, job)
    assert (await db.delivery_queue.claim(10, NOW))[0].body == job.body
    assert again > second


async def test_settling_what_is_not_queued_changes_nothing(db: Database, a_job: Make) -> None:
    await db.delivery_queue.settle(12345, DELIVERED, NOW)
    (job_id,) = await enqueue(db, a_job())
    await db.delivery_queue.settle(job_id, DEAD, NOW)
    before = await db.read(lambda tx: tx.deliveries.get(job_id))
    for outcome in (DELIVERED, a_retry(timedelta(0)), DEAD):
        await db.delivery_queue.settle(job_id, outcome, NOW + timedelta(1))
    assert await db.read(lambda tx: tx.deliveries.get(job_id)) == before


async def test_a_dead_job_holds_those_behind_it_and_those_to_come(db: Database, a_job: Make) -> None:
    one, two, three = await enqueue(db, *(a_job(str(number), ordering_key="deal") for number in range(3)))
    await db.delivery_queue.settle(one, DELIVERED, NOW)
    await db.delivery_queue.settle(two, DEAD, NOW)
    (four,) = await enqueue(db, a_job("4", ordering_key="deal"))
    assert await states(db) == [JobState.DELIVERED, JobState.DEAD, JobState.HELD, JobState.HELD]
    assert await claimed(db, NOW + timedelta(days=1)) == []
    assert await db.delivery_queue.next_due(NOW) is None
    dead = await db.read(lambda tx: tx.deliveries.get(two))
    assert dead is not None
    assert (dead.detail, dead.attempts, dead.settled_at) == ("410 Gone", 1, NOW)
    held = await db.read(lambda tx: [tx.deliveries.get(job_id) for job_id in (three, four)])
    assert all(job is not None and "held back" in job.detail for job in held)


async def test_a_job_whose_time_ran_out_holds_nothing_behind_it(db: Database, a_job: Make) -> None:
    one, two = await enqueue(db, a_job("1", ordering_key="deal"), a_job("2", ordering_key="deal"))
    await db.delivery_queue.settle(one, EXPIRED, NOW)
    assert await states(db) == [JobState.EXPIRED, JobState.QUEUED]
    assert await claimed(db) == [two]
    await db.delivery_queue.settle(two, EXPIRED, NOW)
    (three,) = await enqueue(db, a_job("3", ordering_key="deal"))
    assert await claimed(db) == [three]
    assert await db.write(lambda tx: tx.deliveries.resend(one, NOW, NOW + timedelta(days=1)))
    assert await states(db) == [JobState.QUEUED, JobState.EXPIRED, JobState.QUEUED]


async def test_a_dead_job_is_sent_again_with_those_held_behind_it(db: Database, a_job: Make) -> None:
    two, three = await enqueue(db, a_job("2", ordering_key="deal"), a_job("3", ordering_key="deal"))
    await db.delivery_queue.settle(two, a_retry(timedelta(0)), NOW)
    await db.delivery_queue.settle(two, DEAD, NOW)
    again, give_up_at = NOW + timedelta(days=1), NOW + timedelta(days=500)
    assert await db.write(lambda tx: tx.deliveries.resend(two, again, give_up_at))
    assert await states(db) == [JobState.QUEUED, JobState.QUEUED]
    resent = await db.read(lambda tx: tx.deliveries.get(two))
    assert resent is not None
    assert (resent.attempts, resent.detail, resent.settled_at) == (0, "", None)
    assert (resent.due_at, resent.give_up_at) == (again, give_up_at)
    assert await claimed(db) == []
    assert await claimed(db, again) == [two]
    await db.delivery_queue.settle(two, DELIVERED, again)
    assert await claimed(db, again) == [three]


async def test_only_dead_and_held_jobs_are_sent_again(db: Database, a_job: Make) -> None:
    one, two = await enqueue(db, a_job("1"), a_job("2"))
    await db.delivery_queue.settle(two, DELIVERED, NOW)
    none = await db.write(lambda tx: [tx.deliveries.resend(id_, NOW, NOW) for id_ in (one, two, 12345)])
    assert none == [False, False, False]
    await db.delivery_queue.settle(one, DEAD, NOW)
    assert await db.write(lambda tx: tx.deliveries.resend(one, NOW, NOW))
    assert await claimed(db) == [one]


async def test_held_jobs_lose_no_time_by_being_sent_again(db: Database, a_job: Make) -> None:
    late, far = NOW + timedelta(days=9), NOW + timedelta(days=900)
    one, two = await enqueue(
        db, a_job("1", ordering_key="d"), a_job("2", ordering_key="d", due_at=late, give_up_at=far)
    )
    await db.delivery_queue.settle(one, DEAD, NOW)
    assert await db.write(lambda tx: tx.deliveries.resend(one, NOW, NOW + timedelta(days=7)))
    held = await db.read(lambda tx: tx.deliveries.get(two))
    assert held is not None
    assert (held.due_at, held.give_up_at) == (late, far)


async def test_a_held_job_can_be_sent_past_the_dead_one(db: Database, a_job: Make) -> None:
    one, two, three = await enqueue(db, *(a_job(str(number), ordering_key="deal") for number in range(3)))
    await db.delivery_queue.settle(one, DEAD, NOW)
    assert await db.write(lambda tx: tx.deliveries.resend(two, NOW, NOW))
    assert await states(db) == [JobState.DEAD, JobState.QUEUED, JobState.QUEUED]
    (four,) = await enqueue(db, a_job("4", ordering_key="deal"))
    for job_id in (two, three, four):
        assert await claimed(db) == [job_id]
        await db.delivery_queue.settle(job_id, DELIVERED, NOW)


async def test_a_second_dead_one_holds_the_rest(db: Database, a_job: Make) -> None:
    one, two, three = await enqueue(db, *(a_job(str(number), ordering_key="deal") for number in range(3)))
    await db.delivery_queue.settle(one, DEAD, NOW)
    await db.write(lambda tx: tx.deliveries.resend(two, NOW, NOW))
    await db.delivery_queue.settle(two, DEAD, NOW)
    await db.write(lambda tx: tx.deliveries.resend(one, NOW, NOW))
    assert await states(db) == [JobState.QUEUED, JobState.DEAD, JobState.HELD]
    assert await claimed(db) == [one]
    await db.delivery_queue.settle(one, DELIVERED, NOW)
    assert await claimed(db) == []
    await db.write(lambda tx: tx.deliveries.resend(two, NOW, NOW))
    assert await claimed(db) == [two]
    assert await states(db) == [JobState.DELIVERED, JobState.QUEUED, JobState.QUEUED]
    assert three not in await claimed(db)


async def test_jobs_are_listed_newest_first_by_state_and_actor(db: Database, a_job: Make) -> None:
    mine, shops, persona = (
        "https://ana.example/users/ana",
        "https://shop.example/u",
        "https://ana.example/p/1",
    )
    one, two, three, four = await enqueue(
        db, a_job("1"), a_job("2", actor=shops), a_job("3", actor=persona), a_job("4")
    )
    await db.delivery_queue.settle(one, DEAD, NOW)
    await db.delivery_queue.settle(three, DELIVERED, NOW)

    async def ids(**over: object) -> list[int]:
        jobs = await db.read(lambda tx: tx.deliveries.all(**over))  # type: ignore[arg-type]
        return [job.id for job in jobs]

    assert await ids() == [four, three, two, one]
    assert await ids(limit=2) == [four, three]
    assert await ids(states=[JobState.DEAD]) == [one]
    assert await ids(states=(JobState.DEAD, JobState.DELIVERED)) == [three, one]
    assert await ids(actors=[mine, persona]) == [four, three, one]
    assert await ids(states=[JobState.QUEUED], actors={mine}) == [four]
    assert await ids(actors=["nobody"]) == []
    assert await ids(actors=[persona, mine], states=[JobState.DELIVERED, JobState.QUEUED]) == [four, three]
    assert await ids(states=[JobState.DEAD, JobState.QUEUED], limit=2) == [four, two]


async def test_the_jobs_of_one_activity_are_found_oldest_first(db: Database, a_job: Make) -> None:
    to_two = (a_job("1"), a_job("2"), a_job("1", recipient="https://other.example/u"))
    one, _, other = await enqueue(db, *to_two)
    found = await db.read(lambda tx: tx.deliveries.of_activity(to_two[0].activity_id))
    assert [job.id for job in found] == [one, other]
    assert await db.read(lambda tx: tx.deliveries.of_activity("nothing")) == []


async def test_hosts_are_listed_for_the_owner(db: Database) -> None:
    for origin in ("https://z.example", "https://a.example"):
        await db.host_memory.save(HostState(origin))
    hosts = await db.read(lambda tx: tx.deliveries.hosts())
    assert [host.origin for host in hosts] == ["https://a.example", "https://z.example"]
