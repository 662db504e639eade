"""What is queued and must not leave any more: known right before it is sent, found, and ended as such."""

from __future__ import annotations

from datetime import timedelta

import pytest

from federation.ports import DeliveryOutcome, Outcome
from node.store.ports import Block, Database, JobState, QueuedJob
from node.store.stops import Stop
from tests.builders import NOW
from tests.contract.test_fan_outs import DELIVERED, SHOP, a_fan_out, begin, jobs, settle

pytestmark = pytest.mark.anyio

BOB, ANN = "https://social.example/users/bob", "https://social.example/users/ann"


def a_job(name: str, inbox: str = f"{BOB}/inbox", **over: object) -> QueuedJob:
    values: dict[str, object] = {
        "activity_id": f"{SHOP}/{name}",
        "recipient": BOB,
        "inbox": inbox,
        "actor": SHOP,
        "key_id": f"{SHOP}#key",
        "body": f"body of {name}".encode(),
        "ordering_key": f"{SHOP} {BOB}",
        "created_at": NOW,
        "give_up_at": NOW + timedelta(days=7),
    }
    return QueuedJob(**{**values, **over})  # type: ignore[arg-type]


async def queue(db: Database, *queued: QueuedJob) -> None:
    for job in queued:
        await db.write(lambda tx, job=job: tx.deliveries.enqueue(job))  # type: ignore[misc]


async def why(db: Database) -> list[str]:
    return [await db.delivery_queue.stopped(job.id) for job in await jobs(db)]


async def block(db: Database, domain: str) -> None:
    await db.write(lambda tx: tx.blocks.save(Block(domain, NOW)))


async def test_what_goes_to_a_blocked_domain_is_known_by_whatever_spelling_of_its_host(db: Database) -> None:
    blocked = [
        "https://bad.example/inbox",
        "https://BAD.example:443/inbox",
        "https://a.b.bad.example/inbox",
        "https://bad.example:8443/inbox",
    ]
    free = ["https://notbad.example/inbox", "https://bad.example.org/inbox", "https:///nothing"]
    for number, inbox in enumerate([*blocked, *free]):
        await queue(db, a_job(str(number), inbox, ordering_key=""))
    assert await why(db) == [""] * 7
    await block(db, "bad.example")
    assert await why(db) == [Stop.BLOCKED] * 4 + [""] * 3
    await db.write(lambda tx: tx.blocks.remove("bad.example"))
    assert await why(db) == [""] * 7


async def test_what_goes_to_many_is_stopped_at_a_blocked_domain_too(db: Database) -> None:
    await begin(db, a_fan_out(), "https://bad.example/inbox", "https://good.example/inbox")
    await block(db, "bad.example")
    assert await why(db) == [Stop.BLOCKED, ""]


async def test_what_has_ended_since_it_was_claimed_is_not_sent(db: Database) -> None:
    await queue(db, a_job("1", ordering_key=""), a_job("2", ordering_key=""))
    (one, other) = await db.delivery_queue.claim(9, NOW)
    await db.write(lambda tx: tx.deliveries.drop(one.id, NOW))
    assert await why(db) == [Stop.ENDED, ""]
    assert await db.delivery_queue.stopped(other.id + 1) == Stop.ENDED


async def test_what_waits_for_a_host_is_judged_at_once_whatever_it_waits_for(db: Database) -> None:
    later = NOW + timedelta(hours=6)
    await queue(
        db,
        a_job("first"),
        a_job("second"),
        a_job("timed", ordering_key="", due_at=later),
        a_job("elsewhere", "https://other.example/inbox", ordering_key="", due_at=later),
    )
    first = (await jobs(db))[0].id
    again = DeliveryOutcome(Outcome.RETRY, "no answer", retry_at=later, hold_until=later)
    await settle(db, again, first)
    assert await db.delivery_queue.claim(9, NOW) == []
    assert await db.read(lambda tx: tx.stops.hosts()) == ["https://other.example", "https://social.example"]
    await db.write(lambda tx: tx.stops.hurry(["https://social.example", "https://nobody.example"]))
    claimed = await db.delivery_queue.claim(9, NOW)
    assert sorted(job.body for job in claimed) == [b"body of first", b"body of timed"]
    assert await db.delivery_queue.next_due(NOW) is not None


async def test_what_was_told_to_many_is_found_by_its_inboxes(db: Database) -> None:
    at = ["https://a.example/inbox", "https://b.example/inbox"]
    await begin(db, a_fan_out("delivered"), *at)
    await settle(db, DELIVERED, *[job.id for job in await jobs(db)])
    first = await begin(db, a_fan_out("first"), *at)
    second = await begin(db, a_fan_out("second"), *at)
    await begin(db, a_fan_out("another", actor="https://shop.example/users/other"), *at)
    found = await db.read(lambda tx: tx.stops.posts_at(SHOP, {at[1], "https://c.example/inbox"}))
    assert [(job.fan_out, job.inbox) for job in found] == [(first.id, at[1]), (second.id, at[1])]
    assert await db.read(lambda tx: tx.stops.posts_at(SHOP, ())) == []


async def test_what_was_said_to_one_is_found_with_what_waits_behind_it(db: Database) -> None:
    await queue(
        db,
        a_job("1"),
        a_job("2"),
        a_job("3", ordering_key=""),
        a_job("to ann", f"{ANN}/inbox", recipient=ANN, ordering_key=""),
        a_job("elsewhere", "https://other.example/inbox", ordering_key="x"),
    )
    await begin(db, a_fan_out(), f"{BOB}/inbox")
    found = await db.read(lambda tx: tx.stops.words_for(BOB, f"{BOB}/inbox"))
    assert [job.body for job in found] == [b"body of 1", b"body of 2", b"body of 3"]


async def test_what_is_ended_says_why_and_lets_go_on_what_waits_behind(db: Database) -> None:
    await queue(db, a_job("1"), a_job("2"))
    (first, second) = await jobs(db)
    await db.write(lambda tx: tx.stops.end([first.id, 99], Stop.SHUNNED, NOW))
    stopped = (await jobs(db))[0]
    assert (stopped.state, stopped.detail, stopped.attempts, stopped.body) == (
        JobState.DROPPED,
        Stop.SHUNNED,
        0,
        b"",
    )
    assert [job.id for job in await db.delivery_queue.claim(9, NOW)] == [second.id]


async def test_what_is_newer_and_delivered_overtakes_what_is_not(db: Database) -> None:
    await queue(db, a_job("1"), a_job("2"), a_job("3", ordering_key=""), a_job("4", ordering_key=""))
    found = await jobs(db)
    expired = DeliveryOutcome(Outcome.EXPIRED, "its time ran out")
    await settle(db, expired, found[0].id, found[2].id)

    async def overtaken() -> list[bool]:
        return [await db.read(lambda tx, job=job: tx.stops.is_overtaken(job)) for job in found]  # type: ignore[misc]

    assert await overtaken() == [False] * 4
    await settle(db, DELIVERED, found[1].id, found[3].id)
    assert await overtaken() == [True, False, False, False]


async def test_an_inbox_is_left_out_of_what_names_it_and_has_no_row_for_it_yet(db: Database) -> None:
    named = ("https://a.example/inbox", "https://b.example/inbox")
    open_one = await begin(db, a_fan_out("1", named=named, to_reached=False))
    delete = await begin(db, a_fan_out("2", named=named, to_reached=True))
    other = await begin(db, a_fan_out("3", named=named, to_reached=False, actor="https://x.example/y"))
    over = await begin(db, a_fan_out("4", named=named, to_reached=False), named[0])
    await db.write(lambda tx: tx.stops.unname(SHOP, named[1]))
    found = await db.read(lambda tx: [tx.fan_outs.get(one.id) for one in (open_one, delete, other, over)])
    assert [one.named if one else None for one in found] == [named[:1], named, named, named]


async def test_words_to_one_are_taken_back_by_the_delete_that_waits_behind_them(db: Database) -> None:
    note, inbox = f"{SHOP}/notes/1", f"{BOB}/inbox"
    same, other = f"{note} {inbox}", f"{note}0 {inbox}"
    await queue(
        db,
        a_job("create", activity_id=f"{note}#create", ordering_key=same),
        a_job("other", activity_id=f"{note}0#create", ordering_key=other),
        a_job("loose", activity_id=f"{note}#create", ordering_key=""),
    )
    assert await why(db) == ["", "", ""]
    await queue(db, a_job("delete", activity_id=f"{note}#delete", ordering_key=same))
    assert await why(db) == [Stop.TAKEN_BACK, "", "", ""]
