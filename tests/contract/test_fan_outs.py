"""What goes to many: one row for the act, one for each inbox, in order for each thing, until it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from federation.ports import DeliveryOutcome, Outcome
from node.store.fan_outs import FanOut, Tally
from node.store.ports import Database, Follower, FollowState, JobState, QueuedJob, Tx
from node.store.stops import Stop
from tests.builders import NOW
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

SHOP = "https://shop.example/users/shop"
NOTE = "https://shop.example/posts/1"
DELIVERED = DeliveryOutcome(Outcome.DELIVERED, "accepted", 202)
DEAD = DeliveryOutcome(Outcome.DEAD, "answered 403", 403)
TAKEN_BACK = DeliveryOutcome(Outcome.TAKEN_BACK, "taken back", attempted=False)


def a_fan_out(name: str = "create", **over: object) -> FanOut:
    values: dict[str, object] = {
        "activity_id": f"{NOTE}#{name}",
        "actor": SHOP,
        "about": NOTE,
        "key_id": f"{SHOP}#main-key",
        "fast_key_id": f"{SHOP}#ed25519-key",
        "body": f"body of {name}".encode(),
        "created_at": NOW.replace(microsecond=1),
        "give_up_at": NOW + timedelta(days=7),
        "named": ("https://ana.example/inbox", 'https://b.example/x"y\\z/inbox'),
        "to_reached": True,
        "kind": "Create of Note",
    }
    return FanOut(**{**values, **over})  # type: ignore[arg-type]


def a_follower(name: str, host: str, *, shared: bool = True, **over: object) -> Follower:
    actor = f"https://{host}/users/{name}"
    values: dict[str, object] = {
        "account": SHOP,
        "actor": actor,
        "inbox": f"{actor}/inbox",
        "shared_inbox": f"https://{host}/inbox" if shared else None,
        "follow_id": f"{actor}#follow",
        "state": FollowState.ACCEPTED,
        "at": NOW,
    }
    return Follower(**{**values, **over})  # type: ignore[arg-type]


async def begin(db: Database, fan_out: FanOut, *inboxes: str, is_last: bool = True) -> FanOut:
    """Begun, and spread to these."""

    def write(tx: Tx) -> FanOut:
        begun = tx.fan_outs.add(fan_out)
        return tx.fan_outs.spread(begun, sorted(inboxes), is_last=is_last) if inboxes else begun

    return await db.write(write)


def inboxes(*hosts: str) -> list[str]:
    return [f"https://{host}.example/inbox" for host in hosts]


async def jobs(db: Database, **over: object) -> list[QueuedJob]:
    found: list[QueuedJob] = await db.read(lambda tx: tx.deliveries.all(**over))  # type: ignore[arg-type]
    return found[::-1]


async def settle(db: Database, outcome: DeliveryOutcome, *numbers: int, now: datetime = NOW) -> None:
    await db.delivery_queue.settle_all([(number, outcome) for number in numbers], now)


async def test_it_comes_back_exactly_and_its_bytes_go_once_every_inbox_has_its_row(db: Database) -> None:
    begun = await begin(db, a_fan_out())
    assert begun == replace(a_fan_out(), id=begun.id)
    assert await db.read(lambda tx: tx.fan_outs.get(begun.id)) == begun
    assert await db.read(lambda tx: tx.fan_outs.next()) == begun
    on = await db.write(lambda tx: tx.fan_outs.spread(begun, inboxes("a"), is_last=False))
    assert on == replace(begun, place="https://a.example/inbox")
    assert await db.read(lambda tx: tx.fan_outs.get(begun.id)) == on
    over = await db.write(lambda tx: tx.fan_outs.spread(on, [], is_last=True))
    assert over == replace(on, body=b"", is_spread=True)
    assert await db.read(lambda tx: tx.fan_outs.get(begun.id)) == over
    assert await db.read(lambda tx: tx.fan_outs.next()) is None
    assert await db.read(lambda tx: tx.fan_outs.get(begun.id + 1)) is None
    assert [job.body for job in await jobs(db)] == [begun.body], "the delivery that waits keeps them"


async def test_each_delivery_is_a_job_like_any_other(db: Database) -> None:
    fan_out = await begin(db, a_fan_out(), *inboxes("b", "a"))
    first, second = await jobs(db)
    assert first == QueuedJob(
        activity_id=fan_out.activity_id,
        recipient="",
        inbox="https://a.example/inbox",
        actor=SHOP,
        key_id=fan_out.key_id,
        fast_key_id=fan_out.fast_key_id,
        body=b"body of create",
        ordering_key=f"{NOTE} https://a.example/inbox",
        created_at=fan_out.created_at,
        give_up_at=fan_out.give_up_at,
        id=first.id,
        fan_out=fan_out.id,
    )
    found = await db.delivery_queue.claim(9, NOW)
    assert [job.id for job in found] == [first.id, second.id]
    assert found[0].lane == "https://a.example"
    assert await db.delivery_queue.next_due(NOW) == NOW


async def test_no_inbox_gets_it_twice(db: Database) -> None:
    fan_out = await begin(db, a_fan_out(), *inboxes("a", "b"), is_last=False)
    again = await db.write(lambda tx: tx.fan_outs.spread(fan_out, inboxes("b", "c"), is_last=True))
    assert [job.inbox for job in await jobs(db)] == inboxes("a", "b", "c")
    other = await begin(db, a_fan_out("update"), *inboxes("a"))
    assert other.id != again.id
    assert len(await jobs(db)) == 4, "another one goes there, too"


async def test_followers_are_asked_for_by_where_they_read(db: Database) -> None:
    await db.write(
        each(
            lambda tx: tx.followers.save,
            a_follower("one", "big.example"),
            a_follower("two", "big.example"),
            a_follower("alone", "small.example"),
            a_follower("own", "gts.example", shared=False),
            a_follower("own2", "gts.example", shared_inbox=""),
            a_follower("asks", "asks.example", state=FollowState.PENDING),
            a_follower("left", "left.example", state=FollowState.REMOVED),
            a_follower("others", "others.example", account="https://shop.example/users/other"),
        )
    )
    everyone = [
        "https://big.example/inbox",
        "https://gts.example/users/own/inbox",
        "https://gts.example/users/own2/inbox",
        "https://small.example/inbox",
    ]
    after = await db.read(lambda tx: tx.fan_outs.followers_after(SHOP, "", 10))
    assert after == everyone
    assert await db.read(lambda tx: tx.fan_outs.followers_after(SHOP, everyone[0], 2)) == everyone[1:3]
    assert await db.read(lambda tx: tx.fan_outs.followers_after(SHOP, everyone[-1], 2)) == []
    at_big = await db.read(lambda tx: tx.fan_outs.readers_at(SHOP, everyone[0]))
    assert sorted(one.actor[-3:] for one in at_big) == ["one", "two"]
    assert await db.read(lambda tx: tx.fan_outs.readers_at(SHOP, "https://left.example/inbox")) == []
    gone = a_follower("alone", "small.example", state=FollowState.REMOVED)
    await db.write(lambda tx: tx.followers.save(gone))
    assert await db.read(lambda tx: tx.fan_outs.followers_after(SHOP, "", 10)) == everyone[:-1]


async def test_whom_an_earlier_one_about_the_same_was_queued_for_is_known(db: Database) -> None:
    await begin(db, a_fan_out(), *inboxes("a", "b"))
    await begin(db, a_fan_out("update"), *inboxes("b", "c"))
    await begin(db, a_fan_out("other", about="https://shop.example/posts/2"), *inboxes("x"))
    await begin(db, a_fan_out("foreign", actor="https://shop.example/users/other"), *inboxes("y"))
    delete = await begin(db, a_fan_out("delete"), *inboxes("z"))
    assert await db.read(lambda tx: tx.fan_outs.reached_after(delete, "", 9)) == inboxes("a", "b", "c")
    found = await db.read(lambda tx: tx.fan_outs.reached_after(delete, inboxes("a")[0], 1))
    assert found == inboxes("b")


async def test_what_is_told_of_one_thing_leaves_in_order_for_each_inbox(db: Database) -> None:
    await begin(db, a_fan_out(), *inboxes("a", "b"))
    await begin(db, a_fan_out("update"), *inboxes("a", "b"))
    await begin(db, a_fan_out("else", about="https://shop.example/posts/2"), *inboxes("a"))
    create_a, create_b, _update_a, update_b, else_a = [job.id for job in await jobs(db)]
    assert [job.id for job in await db.delivery_queue.claim(9, NOW)] == [create_a, create_b, else_a]
    await settle(db, DELIVERED, create_b)
    assert [job.id for job in await db.delivery_queue.claim(9, NOW)] == [create_a, update_b, else_a]


async def test_a_refusal_holds_nothing_back_that_is_said_later(db: Database) -> None:
    await begin(db, a_fan_out(), *inboxes("a"))
    await begin(db, a_fan_out("update"), *inboxes("a"))
    create, update = [job.id for job in await jobs(db)]
    await settle(db, DEAD, create)
    assert [job.id for job in await db.delivery_queue.claim(9, NOW)] == [update]
    await settle(db, DELIVERED, update)
    await begin(db, a_fan_out("delete"), *inboxes("a"))
    assert [job.state for job in await jobs(db)] == [JobState.DEAD, JobState.DELIVERED, JobState.QUEUED]
    await begin(db, a_fan_out("more"), *inboxes("a"))
    assert [job.state for job in await jobs(db)][2:] == [JobState.QUEUED] * 2


async def test_what_follows_a_refusal_at_once_is_not_held_either(db: Database) -> None:
    await begin(db, a_fan_out(), *inboxes("a"))
    (create,) = [job.id for job in await jobs(db)]
    await settle(db, DEAD, create)
    await begin(db, a_fan_out("update"), *inboxes("a"))
    assert [job.state for job in await jobs(db)] == [JobState.DEAD, JobState.QUEUED]


async def test_its_bytes_stay_until_the_last_inbox_has_its_row(db: Database) -> None:
    fan_out = await begin(db, a_fan_out(), *inboxes("a"), is_last=False)
    await settle(db, DELIVERED, *[job.id for job in await jobs(db)])
    await db.write(lambda tx: tx.fan_outs.spread(fan_out, inboxes("b"), is_last=True))
    assert [job.body for job in await jobs(db)] == [b"", fan_out.body]


async def test_what_is_taken_back_is_known_before_it_is_sent_and_spreads_no_further(db: Database) -> None:
    spread = await begin(db, a_fan_out(), *inboxes("a"))
    spreading = await begin(db, a_fan_out("update"), *inboxes("a"), is_last=False)
    other = await begin(db, a_fan_out("other", about="https://shop.example/posts/2"), *inboxes("a"))
    queue, numbers = db.delivery_queue, [job.id for job in await jobs(db)]
    assert [await queue.stopped(number) for number in numbers] == ["", "", ""]
    assert await db.write(lambda tx: tx.fan_outs.take_back("another", NOTE, NOW)) == 0
    assert await db.write(lambda tx: tx.fan_outs.take_back(SHOP, NOTE, NOW)) == 2
    assert await db.write(lambda tx: tx.fan_outs.take_back(SHOP, NOTE, NOW)) == 0
    assert [await queue.stopped(number) for number in numbers] == [Stop.TAKEN_BACK, Stop.TAKEN_BACK, ""]
    assert await queue.stopped(99) == Stop.ENDED
    assert await db.read(lambda tx: tx.fan_outs.next()) is None
    found = await db.read(lambda tx: [tx.fan_outs.get(one.id) for one in (spread, spreading, other)])
    assert [one.taken_back_at if one else None for one in found] == [NOW, NOW, None]
    delete = await begin(db, a_fan_out("delete"), *inboxes("a"))
    last = (await jobs(db))[-1].id
    assert await queue.stopped(last) == ""
    await settle(db, TAKEN_BACK, numbers[0])
    await settle(db, TAKEN_BACK, numbers[1])
    assert [job.id for job in await queue.claim(9, NOW)] == [numbers[2], last]
    dropped = (await jobs(db))[0]
    assert (dropped.state, dropped.attempts, dropped.settled_at) == (JobState.DROPPED, 0, NOW)
    assert dropped.body == b""
    assert await db.read(lambda tx: tx.fan_outs.tallies([spread.id, delete.id])) == {
        spread.id: Tally(dropped=1),
        delete.id: Tally(waiting=1),
    }


async def test_what_became_of_it_is_counted(db: Database) -> None:
    fan_out = await begin(db, a_fan_out(), *inboxes("a", "b", "c", "d", "e"))
    numbers = [job.id for job in await jobs(db)]
    await settle(db, DELIVERED, *numbers[:2])
    await settle(db, DEAD, numbers[2])
    await settle(db, DeliveryOutcome(Outcome.EXPIRED, "too late"), numbers[3])
    (tally,) = (await db.read(lambda tx: tx.fan_outs.tallies([fan_out.id, 99]))).values()
    assert (tally, tally.total) == (Tally(waiting=1, delivered=2, failed=2), 5)
    given_up = (JobState.DEAD, JobState.EXPIRED)
    found = await db.read(lambda tx: tx.fan_outs.unfinished(fan_out.id, given_up))
    assert [job.id for job in found] == numbers[2:4]
    assert len(await db.read(lambda tx: tx.fan_outs.unfinished(fan_out.id, given_up, limit=1))) == 1
    assert await db.read(lambda tx: tx.fan_outs.unfinished(99, given_up)) == []


async def test_an_accounts_own_are_listed_newest_first(db: Database) -> None:
    one, two, _ = [
        await begin(db, a_fan_out(name, actor=actor))
        for name, actor in (("1", SHOP), ("2", SHOP), ("3", "https://shop.example/users/other"))
    ]
    assert await db.read(lambda tx: tx.fan_outs.of_account(SHOP)) == [two, one]
    assert await db.read(lambda tx: tx.fan_outs.of_account(SHOP, limit=1)) == [two]
    assert await db.read(lambda tx: tx.fan_outs.of_account(SHOP, before=two.id)) == [one]


async def test_lists_of_single_deliveries_do_without_them(
    db: Database, a_job: Callable[..., QueuedJob]
) -> None:
    alone = a_job(actor=SHOP)
    await db.write(lambda tx: tx.deliveries.enqueue(alone))
    await begin(db, a_fan_out(), *inboxes("a", "b"))
    single, first, second = [job.id for job in await jobs(db)]
    states = (JobState.QUEUED,)
    for over in ({}, {"states": states}, {"actors": [SHOP]}, {"states": states, "actors": [SHOP]}):
        assert [job.id for job in await jobs(db, **over)] == [single, first, second]
    for asked in ((), states):
        alone_ones = await db.read(lambda tx, asked=asked: tx.traffic.singly(asked))  # type: ignore[misc]
        assert [job.id for job in alone_ones] == [single]
    sent = await db.read(lambda tx: tx.traffic.sent(SHOP, states))
    assert [job.id for job in sent.rows] == [single]
    await settle(db, DEAD, single, first, second)
    assert await db.read(lambda tx: tx.traffic.count(SHOP, JobState.DEAD)) == 1
    lengths = await db.read(lambda tx: tx.queues.lengths(NOW))
    assert (lengths.deliveries_due, lengths.deliveries_waiting, lengths.deliveries_dead) == (0, 0, 1)


async def test_what_waits_of_them_is_counted_among_what_waits(db: Database) -> None:
    await begin(db, a_fan_out(), *inboxes("a", "b"))
    await begin(db, a_fan_out("update"), *inboxes("a"))
    lengths = await db.read(lambda tx: tx.queues.lengths(NOW))
    assert (lengths.deliveries_due, lengths.deliveries_waiting) == (2, 1)


async def test_old_deliveries_are_forgotten_but_counted(db: Database) -> None:
    old = await begin(db, a_fan_out(), *inboxes("a", "b", "c", "d"))
    young = await begin(db, a_fan_out("2", created_at=NOW + timedelta(days=1)), *inboxes("x"))
    numbers = [job.id for job in await jobs(db)]
    await settle(db, DELIVERED, numbers[0], numbers[1], numbers[4])
    await settle(db, DEAD, numbers[2])
    until = NOW + timedelta(hours=1)
    assert await db.write(lambda tx: tx.fan_outs.forget(NOW - timedelta(days=9), 500)) == 0
    assert await db.write(lambda tx: tx.fan_outs.forget(until, 2)) == 2
    assert await db.write(lambda tx: tx.fan_outs.forget(until, 2)) == 1
    assert await db.write(lambda tx: tx.fan_outs.forget(until, 2)) == 0
    assert [job.id for job in await jobs(db)] == numbers[3:]
    assert await db.read(lambda tx: tx.fan_outs.tallies([old.id, young.id])) == {
        old.id: Tally(waiting=1, delivered=2, failed=1),
        young.id: Tally(delivered=1),
    }
