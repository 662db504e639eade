"""What came in: recorded once, for ever; processed, tried again, or buried where the owner sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest

from federation.kept_signatures import KeptSignature
from federation.ports import InboundEntry, Recorded
from node.store.ports import Database, DeadEntry, Tx
from tests.builders import NOW

pytestmark = pytest.mark.anyio

Make = Callable[..., InboundEntry]
Record = Callable[..., Awaitable[None]]


async def test_an_entry_comes_back_exactly(db: Database, an_entry: Make) -> None:
    entry = an_entry(
        body=b"\x00\xff exact",
        received_at=NOW.replace(microsecond=123456),
        signer="https://relay.example/actor",
        key_id="https://relay.example/actor#k",
        proof_key_id="https://ana.example/users/ana#ed",
        replay_key=b"\x00\x01\xfe",
        replay_until=NOW + timedelta(minutes=65),
    )
    assert await db.inbox_log.record(entry) is Recorded.NEW
    (found,) = await db.inbox_log.claim(10, NOW)
    assert replace(found, id=0) == entry
    assert found.id > 0


async def test_signature_of_its_request_waits_with_an_entry(db: Database, an_entry: Make) -> None:
    kept = KeptSignature("rfc9421", "ed25519", "https://ana.example/users/ana#key", b"base \xff", bytes(64))
    await db.inbox_log.record(an_entry("1", signature=kept))
    await db.inbox_log.record(an_entry("2"))
    first, second = await db.inbox_log.claim(10, NOW)
    assert (first.signature, second.signature) == (kept, None)
    await db.inbox_log.bury(first.id, "no reason")
    [dead] = await db.read(lambda tx: tx.inbox.dead())
    assert (dead.entry.signature, dead.error) == (kept, "no reason")


async def test_the_same_message_is_recorded_once(db: Database, an_entry: Make) -> None:
    assert await db.inbox_log.record(an_entry()) is Recorded.NEW
    assert await db.inbox_log.record(an_entry(received_at=NOW + timedelta(1))) is Recorded.DUPLICATE
    assert len(await db.inbox_log.claim(10, NOW)) == 1


async def test_a_message_is_remembered_after_it_was_processed(db: Database, an_entry: Make) -> None:
    await db.inbox_log.record(an_entry())
    (entry,) = await db.inbox_log.claim(10, NOW)
    await db.inbox_log.finish(entry.id)
    assert await db.inbox_log.record(an_entry()) is Recorded.DUPLICATE
    assert await db.inbox_log.claim(10, NOW + timedelta(days=10_000)) == []


async def test_inbox_says_since_when_its_oldest_untried_entry_waits(db: Database, an_entry: Make) -> None:
    assert await db.read(lambda tx: tx.inbox.waiting_since()) is None
    for minutes, name in enumerate(("a", "b")):
        at = NOW + timedelta(minutes=minutes)
        await db.inbox_log.record(an_entry(activity_id=f"https://ana.example/{name}", received_at=at))
    assert await db.read(lambda tx: tx.inbox.waiting_since()) == NOW
    first, second = await db.inbox_log.claim(10, NOW)
    await db.inbox_log.retry(first.id, NOW + timedelta(hours=1), "not now")
    assert await db.read(lambda tx: tx.inbox.waiting_since()) == second.received_at
    await db.inbox_log.finish(second.id)
    assert await db.read(lambda tx: tx.inbox.waiting_since()) is None


async def test_a_known_id_with_another_body_is_a_conflict_and_counted(db: Database, an_entry: Make) -> None:
    await db.inbox_log.record(an_entry())
    assert await db.read(lambda tx: tx.inbox.conflicts(an_entry().recipient)) == 0
    for _ in range(2):
        assert await db.inbox_log.record(an_entry(digest="uEiA-other")) is Recorded.CONFLICT
    assert await db.read(lambda tx: tx.inbox.conflicts(an_entry().recipient)) == 2
    assert await db.read(lambda tx: tx.inbox.conflicts("https://other.example/u")) == 0
    assert await db.inbox_log.record(an_entry()) is Recorded.DUPLICATE
    (kept,) = await db.inbox_log.claim(10, NOW)
    assert kept.digest == an_entry().digest


@pytest.mark.parametrize("member", ["recipient", "actor", "activity_id"])
async def test_an_id_is_known_for_its_recipient_and_actor_only(
    db: Database, an_entry: Make, member: str
) -> None:
    """C05: somebody else's use of an id reserves nothing."""
    await db.inbox_log.record(an_entry())
    assert await db.inbox_log.record(an_entry(**{member: "https://other.example/x"})) is Recorded.NEW


async def test_the_parts_of_what_was_seen_do_not_run_together(db: Database, an_entry: Make) -> None:
    await db.inbox_log.record(an_entry(recipient="a", actor="bc", activity_id="d"))
    assert await db.inbox_log.record(an_entry(recipient="ab", actor="c", activity_id="d")) is Recorded.NEW


async def test_copies_that_arrive_together_are_one(db: Database, an_entry: Make) -> None:
    outcomes: list[Recorded] = []

    async def record() -> None:
        outcomes.append(await db.inbox_log.record(an_entry()))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(record)
    assert sorted(outcome.value for outcome in outcomes) == ["duplicate"] * 19 + ["new"]


async def test_a_request_is_replayed_within_its_window_only(db: Database, an_entry: Make) -> None:
    until = NOW + timedelta(minutes=65)
    assert not await db.inbox_log.replayed(b"sig", NOW)
    await db.inbox_log.record(an_entry(replay_key=b"sig", replay_until=until))
    assert await db.inbox_log.replayed(b"sig", until)
    assert not await db.inbox_log.replayed(b"sig", until + timedelta(seconds=1))
    assert not await db.inbox_log.replayed(b"other", NOW)
    assert not await db.inbox_log.replayed(b"", NOW)


async def test_a_duplicate_under_a_new_signature_is_a_replay_from_then_on(
    db: Database, an_entry: Make
) -> None:
    await db.inbox_log.record(an_entry(replay_key=b"one", replay_until=NOW))
    await db.inbox_log.record(an_entry(replay_key=b"two", replay_until=None))
    assert await db.inbox_log.replayed(b"two", NOW + timedelta(days=100))


async def test_entries_are_claimed_in_order_and_stay_until_they_end(db: Database, an_entry: Make) -> None:
    for number in range(5):
        await db.inbox_log.record(an_entry(str(number), received_at=NOW + timedelta(hours=5 - number)))
    first = await db.inbox_log.claim(3, NOW)
    assert [entry.activity_id[-1] for entry in first] == ["0", "1", "2"]
    assert await db.inbox_log.claim(3, NOW) == first
    await db.inbox_log.finish(first[1].id)
    rest = await db.inbox_log.claim(10, NOW)
    assert [entry.activity_id[-1] for entry in rest] == ["0", "2", "3", "4"]


async def test_a_clock_that_was_set_back_puts_no_new_entry_off(db: Database, an_entry: Make) -> None:
    """X12."""
    await db.inbox_log.record(an_entry())
    earlier = NOW - timedelta(days=2)
    assert len(await db.inbox_log.claim(10, earlier)) == 1
    assert await db.delivery_queue.next_due(earlier) == earlier


async def test_a_failed_entry_is_tried_again_when_it_is_due(db: Database, an_entry: Make) -> None:
    await db.inbox_log.record(an_entry())
    (entry,) = await db.inbox_log.claim(10, NOW)
    due = NOW + timedelta(minutes=5)
    await db.inbox_log.retry(entry.id, due, "LookupError: no")
    assert await db.inbox_log.claim(10, due - timedelta(microseconds=1)) == []
    assert await db.delivery_queue.next_due(NOW) == due
    assert await db.inbox_log.claim(10, due) == [replace(entry, attempts=1)]


async def test_a_buried_entry_is_shown_and_can_be_taken_up_again(db: Database, an_entry: Make) -> None:
    await db.inbox_log.record(an_entry(attempts=0))
    (entry,) = await db.inbox_log.claim(10, NOW)
    await db.inbox_log.retry(entry.id, NOW, "first")
    await db.inbox_log.bury(entry.id, "KeyError: poison")
    assert await db.inbox_log.claim(10, NOW + timedelta(1)) == []
    assert await db.delivery_queue.next_due(NOW) is None
    buried = DeadEntry(replace(entry, attempts=1), "KeyError: poison", NOW)
    assert await db.read(lambda tx: tx.inbox.dead()) == [buried]
    assert not await db.read(lambda tx: tx.inbox.is_pending(entry.id))
    assert await db.inbox_log.record(an_entry()) is Recorded.DUPLICATE

    assert await db.write(lambda tx: tx.inbox.requeue(entry.id, NOW))
    assert not await db.write(lambda tx: tx.inbox.requeue(entry.id, NOW))
    assert await db.inbox_log.claim(10, NOW) == [entry]
    assert await db.read(lambda tx: tx.inbox.dead()) == []

    assert not await db.write(lambda tx: tx.inbox.drop(entry.id)), "it waits to be processed"
    await db.inbox_log.bury(entry.id, "KeyError: poison")
    assert await db.write(lambda tx: tx.inbox.drop(entry.id))
    assert await db.read(lambda tx: tx.inbox.dead()) == []
    assert await db.inbox_log.record(an_entry()) is Recorded.DUPLICATE


async def test_only_pending_entries_can_be_ended(db: Database, an_entry: Make) -> None:
    await db.inbox_log.record(an_entry())
    (entry,) = await db.inbox_log.claim(10, NOW)
    await db.inbox_log.bury(entry.id, "poison")
    for end in (
        db.inbox_log.finish(entry.id),
        db.inbox_log.retry(entry.id, NOW, "again"),
        db.inbox_log.bury(entry.id, "other words"),
        db.inbox_log.finish(12345),
        db.inbox_log.retry(12345, NOW, "no such"),
        db.inbox_log.bury(12345, "no such"),
    ):
        await end
    (dead,) = await db.read(lambda tx: tx.inbox.dead())
    assert dead.error == "poison"
    assert not await db.write(lambda tx: tx.inbox.requeue(12345, NOW))


async def test_a_handler_ends_an_entry_in_its_own_transaction(db: Database, an_entry: Make) -> None:
    await db.inbox_log.record(an_entry())
    (entry,) = await db.inbox_log.claim(10, NOW)

    def handle(tx: Tx, fails: bool) -> bool:
        before = tx.inbox.is_pending(entry.id)
        tx.meta.set("effect", "done")
        tx.inbox.finish(entry.id)
        if fails:
            raise RuntimeError("after all")
        return before and not tx.inbox.is_pending(entry.id)

    with pytest.raises(RuntimeError):
        await db.write(lambda tx: handle(tx, fails=True))
    assert await db.read(lambda tx: tx.inbox.is_pending(entry.id))
    assert await db.read(lambda tx: tx.meta.get("effect")) is None
    assert await db.write(lambda tx: handle(tx, fails=False))
    await db.inbox_log.finish(entry.id)
    assert await db.inbox_log.claim(10, NOW) == []


async def test_the_id_of_a_finished_entry_is_not_used_again(db: Database, an_entry: Make) -> None:
    await db.inbox_log.record(an_entry("1"))
    (first,) = await db.inbox_log.claim(10, NOW)
    await db.inbox_log.finish(first.id)
    await db.inbox_log.record(an_entry("2"))
    (second,) = await db.inbox_log.claim(10, NOW)
    assert second.id > first.id


# --- whose turn it is --------------------------------------------------------------------------------------


@pytest.fixture
def record(db: Database, an_entry: Make) -> Callable[..., Awaitable[None]]:
    async def run(*names: str) -> None:
        """The first letter is the actor."""
        for name in names:
            actor = f"https://{name[0]}.example/u"
            await db.inbox_log.record(an_entry(actor=actor, activity_id=name))

    return run


async def claimed(db: Database, limit: int, *busy: str) -> list[str]:
    found = await db.inbox_log.claim(limit, NOW, busy=[f"https://{name}.example/u" for name in busy])
    return [entry.activity_id for entry in found]


async def test_a_flooder_leaves_the_others_their_share_of_a_claim(db: Database, record: Record) -> None:
    await record(*(f"f{number:03}" for number in range(300)), "b1", "c1")
    assert await claimed(db, 6) == ["f000", "f001", "b1", "c1"]
    assert await claimed(db, 2, "f") == ["b1", "c1"]


async def test_no_actor_gives_more_than_64_to_one_claim(db: Database, record: Record) -> None:
    await record(*(f"f{number:03}" for number in range(70)))
    assert await claimed(db, 1000) == [f"f{number:03}" for number in range(64)]


async def test_who_is_busy_gives_nothing(db: Database, record: Record) -> None:
    await record("a1", "b1", "a2", "c1")
    assert await claimed(db, 9, "a", "x") == ["b1", "c1"]
    assert await claimed(db, 9, "a", "b", "c") == []
    assert await claimed(db, 9) == ["a1", "b1", "a2", "c1"]


async def test_more_actors_than_a_claim_takes_have_their_turns(db: Database, record: Record) -> None:
    await record(*(f"{actor}{number}" for number in range(3) for actor in "abcde"))
    turns = [await claimed(db, 2) for _ in range(6)]
    assert turns == [["a0", "b0"], ["c0", "d0"], ["a0", "e0"], ["b0", "c0"], ["d0", "e0"], ["a0", "b0"]]
    assert await claimed(db, 2, "c", "e") == ["a0", "d0"]


async def test_what_is_due_again_comes_before_what_its_actor_said_later(db: Database, record: Record) -> None:
    await record("a1", "a2", "a3", "b1")
    first, second, *_ = await db.inbox_log.claim(9, NOW)
    for entry in (first, second):
        await db.inbox_log.retry(entry.id, NOW + timedelta(minutes=entry.id), "not now")
    assert await claimed(db, 9) == ["a3", "b1"]
    found = await db.inbox_log.claim(9, NOW + timedelta(minutes=first.id))
    assert [(entry.activity_id, entry.attempts) for entry in found] == [("a1", 1), ("a3", 0), ("b1", 0)]
    assert await db.read(lambda tx: tx.inbox.waiting_since()) == NOW


async def test_many_that_are_due_again_at_once_are_all_claimed(db: Database, record: Record) -> None:
    await record("b1", *(f"a{number}" for number in range(20)))
    entries = await db.inbox_log.claim(40, NOW)
    for entry in entries:
        await db.inbox_log.retry(entry.id, NOW, "not now")
    assert await claimed(db, 40) == [entry.activity_id for entry in entries]
