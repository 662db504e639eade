"""An account's own mail, and all that it holds: stretch by stretch, and never another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest

from federation.ports import DeliveryOutcome, HostState, InboundEntry, Outcome
from node.domain.accounts import Persona
from node.store.ports import (
    Database,
    Direction,
    Follower,
    FollowState,
    JobState,
    Notice,
    Post,
    QueuedJob,
    StoredMessage,
    Tx,
)
from node.store.upkeep import Stretch
from tests.builders import ACCOUNT, NOW, VENDOR, a_deal, an_intent, an_item
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

T = TypeVar("T")

Make = Callable[..., QueuedJob]
MakeEntry = Callable[..., InboundEntry]
PERSONA = "https://ana.example/p/1"
OTHER = "https://ana.example/actors/bea"
OTHERS_PERSONA = "https://ana.example/p/2"
WAITING = (JobState.QUEUED, JobState.HELD)
DEAD = DeliveryOutcome(Outcome.DEAD, "answered 410", 410, gone=True)


@pytest.fixture
async def two(db: Database) -> Database:
    """Two accounts, each with one persona."""
    personas = (Persona(PERSONA, ACCOUNT, NOW), Persona(OTHERS_PERSONA, OTHER, NOW))
    await db.write(each(lambda tx: tx.personas.save, *personas))
    return db


async def queued(db: Database, *jobs: QueuedJob) -> list[int]:
    await db.write(each(lambda tx: tx.deliveries.enqueue, *jobs))
    found = await db.read(lambda tx: tx.deliveries.all(limit=len(jobs)))
    return [job.id for job in found][::-1]


# --- mail on its way --------------------------------------------------------------------------------------


async def test_deliveries_of_an_account_are_its_own_and_its_personas(two: Database, a_job: Make) -> None:
    mine, ours, _, _ = await queued(
        two,
        a_job("1", actor=ACCOUNT),
        a_job("2", actor=PERSONA),
        a_job("3", actor=OTHER),
        a_job("4", actor=OTHERS_PERSONA),
    )
    found = await two.read(lambda tx: tx.traffic.sent(ACCOUNT, WAITING))
    assert [(job.id, job.body) for job in found.rows] == [(ours, b"body of 2"), (mine, b"body of 1")]
    assert found.more is None
    assert (await two.read(lambda tx: tx.traffic.sent(ACCOUNT, (JobState.DEAD,)))).rows == ()


async def test_deliveries_go_on_where_the_page_before_ended(two: Database, a_job: Make) -> None:
    numbers = await queued(two, *(a_job(str(n), actor=(PERSONA, OTHER)[n % 2]) for n in range(7)))
    mine = numbers[::-2]
    first = await two.read(lambda tx: tx.traffic.sent(ACCOUNT, WAITING, limit=3))
    assert ([job.id for job in first.rows], first.more) == (mine[:3], mine[2])
    second = await two.read(lambda tx: tx.traffic.sent(ACCOUNT, WAITING, before=first.more, limit=3))
    assert ([job.id for job in second.rows], second.more) == (mine[3:], None)


async def test_deliveries_are_found_behind_many_of_another_account(two: Database, a_job: Make) -> None:
    mine, *_ = await queued(
        two, a_job("0", actor=ACCOUNT), *(a_job(f"{number + 1}", actor=OTHER) for number in range(30))
    )
    found = await two.read(lambda tx: tx.traffic.sent(ACCOUNT, WAITING, limit=2))
    assert ([job.id for job in found.rows], found.more) == ([mine], None)


async def test_deliveries_in_several_states_are_one_list(two: Database, a_job: Make) -> None:
    dead, behind, waiting = await queued(
        two,
        a_job("1", actor=ACCOUNT, ordering_key="deal"),
        a_job("2", actor=ACCOUNT, ordering_key="deal"),
        a_job("3", actor=ACCOUNT),
    )
    await two.delivery_queue.settle(dead, DEAD, NOW)
    found = await two.read(lambda tx: tx.traffic.sent(ACCOUNT, (*WAITING, JobState.DEAD)))
    assert [(job.id, job.state) for job in found.rows] == [
        (waiting, JobState.QUEUED),
        (behind, JobState.HELD),
        (dead, JobState.DEAD),
    ]


async def test_given_up_ones_are_counted_for_their_own_account(two: Database, a_job: Make) -> None:
    numbers = await queued(
        two, a_job("1", actor=PERSONA), a_job("2", actor=ACCOUNT), a_job("3", actor=OTHER), a_job("4")
    )
    for number in numbers[:3]:
        await two.delivery_queue.settle(number, DEAD, NOW)
    assert await two.read(lambda tx: tx.traffic.count(ACCOUNT, JobState.DEAD)) == 2
    assert await two.read(lambda tx: tx.traffic.count(ACCOUNT, JobState.DEAD, most=1)) == 1
    assert await two.read(lambda tx: tx.traffic.count(OTHER, JobState.DEAD)) == 1
    assert await two.read(lambda tx: tx.traffic.count(VENDOR, JobState.DEAD)) == 0


async def test_first_in_line_are_those_that_wait_for_no_earlier_one(two: Database, a_job: Make) -> None:
    first, second, alone, unasked = await queued(
        two, a_job("1", ordering_key="deal"), a_job("2", ordering_key="deal"), a_job("3"), a_job("4")
    )
    assert await two.read(lambda tx: tx.traffic.first_in_line([first, second, alone])) == {first, alone}
    assert unasked not in await two.read(lambda tx: tx.traffic.first_in_line([first]))


async def test_hosts_are_found_by_name(db: Database) -> None:
    known = [HostState(f"https://{name}.example", failures=n) for n, name in enumerate("cab")]
    for state in known:
        await db.host_memory.save(state)
    asked = ["https://c.example", "https://a.example", "https://nobody.example"]
    assert await db.read(lambda tx: tx.traffic.hosts(asked)) == [known[1], known[0]]


async def test_unread_letters_are_those_to_the_account_and_to_everybody(
    two: Database, an_entry: MakeEntry
) -> None:
    recipients = (ACCOUNT, PERSONA, OTHER, OTHERS_PERSONA, "")
    for n, recipient in enumerate(recipients):
        await two.inbox_log.record(an_entry(str(n), recipient=recipient))
    await two.inbox_log.record(an_entry("pending", recipient=ACCOUNT))
    entries = sorted(await two.inbox_log.claim(9, NOW), key=lambda entry: entry.id)
    for entry in entries[:5]:
        await two.inbox_log.bury(entry.id, "KeyError: 'x'")
    found = await two.read(lambda tx: tx.traffic.unread(ACCOUNT))
    assert [one.entry.recipient for one in found.rows] == ["", PERSONA, ACCOUNT]
    assert found.rows[2].error == "KeyError: 'x'"
    assert found.more is None
    first = await two.read(lambda tx: tx.traffic.unread(ACCOUNT, limit=2))
    assert ([one.entry.recipient for one in first.rows], first.more) == (["", PERSONA], entries[1].id)
    second = await two.read(lambda tx: tx.traffic.unread(ACCOUNT, before=first.more, limit=2))
    assert ([one.entry.recipient for one in second.rows], second.more) == ([ACCOUNT], None)
    assert await two.read(lambda tx: tx.traffic.unread_one(entries[0].id)) == found.rows[2]
    assert await two.read(lambda tx: tx.traffic.unread_one(entries[5].id)) is None


# --- all that it holds ------------------------------------------------------------------------------------


def whole(read: Callable[..., Stretch[T]], account: str, *, limit: int) -> list[T]:
    """Everything, stretch by stretch."""
    found: list[T] = []
    after: int | None = 0
    while after is not None:
        stretch = read(account, after=after, limit=limit)
        found += stretch.rows
        after = stretch.more
    return found


def a_message(number: int, own: str) -> StoredMessage:
    return StoredMessage(
        own, "d1", f"https://x.example/{number}", Direction.IN, "offer", VENDOR, "u", b"\xff", NOW
    )


def a_follower(name: str, account: str, state: FollowState) -> Follower:
    inbox = f"https://{name}.example/inbox"
    return Follower(account, f"https://{name}.example/", inbox, None, f"https://{name}.example/f", state, NOW)


async def test_everything_of_an_account_comes_once_and_nothing_of_another(two: Database) -> None:
    intents = [an_intent(id=f"i{n}", account=(ACCOUNT, OTHER)[n % 2]) for n in range(5)]
    deals = [a_deal(id=f"d{n}", own=own, account=account) for n, (own, account) in enumerate(
        ((ACCOUNT, ACCOUNT), (OTHER, OTHER), (PERSONA, ACCOUNT), (OTHERS_PERSONA, OTHER)))]  # fmt: skip
    messages = [a_message(n, own) for n, own in enumerate((ACCOUNT, OTHER, PERSONA, OTHERS_PERSONA))]
    posts = [Post(f"p{n}", (ACCOUNT, OTHER)[n % 2], VENDOR, "feedback", b"{}", NOW) for n in range(3)]
    posts[2] = replace(posts[2], deleted_at=NOW)
    notices = [Notice((ACCOUNT, OTHER)[n % 2], NOW, f"n{n}") for n in range(3)]
    followers = [a_follower("a", ACCOUNT, FollowState.ACCEPTED), a_follower("b", OTHER, FollowState.ACCEPTED),
                 a_follower("c", ACCOUNT, FollowState.REMOVED)]  # fmt: skip

    def write(tx: Tx) -> None:
        for intent in intents:
            tx.intents.save(intent)
        for deal in deals:
            tx.deals.save(deal, None)
        for message in messages:
            tx.evidence.add(message)
        for post in posts:
            tx.posts.save(post)
        for notice in notices:
            tx.notices.add(notice)
        for follower in followers:
            tx.followers.save(follower)
        tx.catalogue.save(ACCOUNT, [an_item(sku="A"), an_item(sku="B")])
        tx.catalogue.save(OTHER, [an_item(sku="A")])
        assert len(tx.holdings.deals(ACCOUNT).rows) == 2  # what was saved a moment ago, too

    await two.write(write)
    for limit in (1, 2, 100):

        def read(tx: Tx, limit: int = limit) -> tuple[list[Any], ...]:
            held = tx.holdings
            ways: tuple[Callable[..., Stretch[Any]], ...] = (
                held.intents,
                held.deals,
                held.messages,
                held.posts,
                held.personas,
                held.followers,
            )
            return tuple(whole(way, ACCOUNT, limit=limit) for way in ways)

        assert await two.read(read) == (
            intents[::2],
            [deals[0], deals[2]],
            [messages[0], messages[2]],
            posts[::2],
            [Persona(PERSONA, ACCOUNT, NOW)],
            followers[::2],
        )
        found = await two.read(lambda tx, limit=limit: whole(tx.holdings.notices, ACCOUNT, limit=limit))  # type: ignore[misc]
        assert [one.text for one in found] == ["n0", "n2"]
        items = await two.read(lambda tx, limit=limit: whole(tx.holdings.items, ACCOUNT, limit=limit))  # type: ignore[misc]
        assert sorted(one.sku for one in items) == ["A", "B"]


async def test_what_changes_while_it_is_read_is_not_passed_over(two: Database) -> None:
    deals = [a_deal(id=f"d{n}") for n in range(4)]
    await two.write(each(lambda tx: partial(tx.deals.save, wake_at=None), *deals))
    first = await two.read(lambda tx: tx.holdings.deals(ACCOUNT, limit=2))
    changed = replace(deals[3], last_at=NOW + timedelta(hours=1))
    await two.write(lambda tx: tx.deals.save(changed, None))
    assert first.more is not None
    rest = await two.read(lambda tx: tx.holdings.deals(ACCOUNT, after=first.more or 0))
    assert [*first.rows, *rest.rows] == [*deals[:3], changed]


async def test_a_stretch_ends_where_enough_of_others_was_looked_at(
    two: Database, a_job: Make, an_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is quiet beside a busy account reads on, and waits for no walk through all of it."""
    monkeypatch.setattr("node.store.sqlite.upkeep._LOOKED_AT", 2)
    numbers = await queued(two, a_job("1", actor=PERSONA), *(a_job(str(n), actor=OTHER) for n in range(2, 5)))
    found: list[int] = []
    before: int | None = None
    for _ in numbers:
        stretch = await two.read(lambda tx, before=before: tx.traffic.sent(ACCOUNT, WAITING, before=before))  # type: ignore[misc]
        found += [job.id for job in stretch.rows]
        before = stretch.more
        if before is None:
            break
    assert (found, before) == (numbers[:1], None)
    for n, recipient in enumerate((ACCOUNT, OTHER, OTHER)):
        await two.inbox_log.record(an_entry(str(n), recipient=recipient))
    for entry in await two.inbox_log.claim(9, NOW):
        await two.inbox_log.bury(entry.id, "ValueError")
    first = await two.read(lambda tx: tx.traffic.unread(ACCOUNT))
    last = first
    if first.more is not None:
        last = await two.read(lambda tx: tx.traffic.unread(ACCOUNT, before=first.more))
    assert [one.entry.recipient for one in (*first.rows, *last.rows)][:1] == [ACCOUNT]
    assert last.more is None
