"""Whom our accounts follow, whom they do not hear, what was undone before it came, and who has moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from node.store.following import (
    UNDONE_KEPT,
    UNDONE_KEPT_OF_ONE,
    Following,
    FollowingState,
    MoveState,
    Moving,
    Shun,
)
from node.store.ports import Database, Follower, FollowState, Tx
from tests.builders import ACCOUNT, NOW, VENDOR
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

BOB = "https://far.example/users/bob"
EVE = "https://far.example/users/eve"


def a_following(actor: str = BOB, **over: object) -> Following:
    made = Following(
        ACCOUNT, actor, "@bob@far.example", "Bob", f"{actor}/inbox", "https://far.example/inbox",
        f"https://ana.example/activities/{actor[-3:]}", FollowingState.ACCEPTED, NOW, "https://far.example/@bob",
    )  # fmt: skip
    return replace(made, **over)  # type: ignore[arg-type]


async def test_whom_an_account_follows_comes_back_exactly(db: Database) -> None:
    pending = a_following(state=FollowingState.PENDING, shared_inbox=None)
    await db.write(each(lambda tx: tx.follows.save, pending, a_following()))
    assert await db.read(lambda tx: tx.follows.get(ACCOUNT, BOB)) == a_following()
    assert await db.read(lambda tx: tx.follows.get(ACCOUNT, EVE)) is None
    assert await db.read(lambda tx: tx.follows.get(VENDOR, BOB)) is None
    assert await db.read(lambda tx: tx.follows.count(ACCOUNT)) == 1
    assert await db.read(lambda tx: tx.follows.count(ACCOUNT, state=FollowingState.PENDING)) == 0


async def test_a_follow_is_found_by_the_id_that_was_sent_last(db: Database) -> None:
    first = a_following(follow_id="https://ana.example/activities/1")
    again = a_following(follow_id="https://ana.example/activities/2")
    await db.write(each(lambda tx: tx.follows.save, first, again, a_following(EVE)))
    assert await db.read(lambda tx: tx.follows.by_follow(again.follow_id)) == again
    assert await db.read(lambda tx: tx.follows.by_follow(first.follow_id)) is None


async def test_the_followed_are_listed_by_state_newest_first_or_oldest_first(db: Database) -> None:
    later = a_following(EVE, at=NOW + timedelta(minutes=1))
    theirs = a_following(account=VENDOR, follow_id="x")
    waits = a_following(f"{BOB}by", state=FollowingState.PENDING)
    await db.write(each(lambda tx: tx.follows.save, later, a_following(), theirs, waits))
    assert await db.read(lambda tx: tx.follows.all(ACCOUNT)) == [a_following(), later]
    assert await db.read(lambda tx: tx.follows.all(ACCOUNT, state=FollowingState.PENDING)) == [waits]
    assert await db.read(lambda tx: tx.follows.newest(ACCOUNT)) == [later, a_following()]
    assert await db.read(lambda tx: tx.follows.newest(ACCOUNT, limit=1, offset=1)) == [a_following()]
    assert {one.account for one in await db.read(lambda tx: tx.follows.of_actor(BOB))} == {ACCOUNT, VENDOR}
    assert await db.read(lambda tx: tx.follows.of_actor(BOB, state=FollowingState.PENDING)) == []


async def test_an_actors_follows_of_all_our_accounts_are_found(db: Database) -> None:
    rows = [
        Follower(account, actor, f"{actor}/inbox", None, f"{actor}/follows/1", FollowState.ACCEPTED, NOW)
        for account, actor in ((VENDOR, BOB), (ACCOUNT, BOB), (ACCOUNT, EVE))
    ]
    await db.write(each(lambda tx: tx.followers.save, *rows))
    found = await db.read(lambda tx: tx.follows.followed_by(BOB))
    assert sorted(found, key=lambda one: one.account) == sorted(rows[:2], key=lambda one: one.account)


async def test_shunned_ones_are_muted_or_blocked_for_one_account_until_they_are_neither(db: Database) -> None:
    muted = Shun(ACCOUNT, BOB, NOW, is_muted=True, handle="@bob@far.example")
    blocked = Shun(ACCOUNT, EVE, NOW + timedelta(minutes=1), is_blocked=True)
    await db.write(each(lambda tx: tx.shunned.save, muted, blocked))

    def states(tx: Tx) -> list[tuple[bool, bool]]:
        pairs = ((ACCOUNT, BOB), (ACCOUNT, EVE), (VENDOR, BOB))
        return [(tx.shunned.is_muted(*pair), tx.shunned.is_blocked(*pair)) for pair in pairs]

    assert await db.read(states) == [(True, False), (False, True), (False, False)]
    assert await db.read(lambda tx: tx.shunned.all(ACCOUNT)) == [blocked, muted]
    both = replace(muted, is_blocked=True)
    await db.write(lambda tx: tx.shunned.save(both))
    assert await db.read(lambda tx: tx.shunned.get(ACCOUNT, BOB)) == both
    await db.write(lambda tx: tx.shunned.save(replace(muted, is_muted=False)))
    assert await db.read(lambda tx: tx.shunned.get(ACCOUNT, BOB)) is None
    assert await db.read(lambda tx: tx.shunned.all(ACCOUNT)) == [blocked]


async def test_an_undo_that_came_early_is_remembered_once_and_for_a_while(db: Database) -> None:
    until = NOW + timedelta(hours=6)
    await db.write(lambda tx: tx.undone.add(BOB, "f1", until))
    assert not await db.write(lambda tx: tx.undone.take(EVE, "f1", NOW))
    assert not await db.write(lambda tx: tx.undone.take(BOB, "f2", NOW))
    assert await db.write(lambda tx: tx.undone.take(BOB, "f1", NOW))
    assert not await db.write(lambda tx: tx.undone.take(BOB, "f1", NOW))
    await db.write(lambda tx: tx.undone.add(BOB, "f1", until))
    assert not await db.write(lambda tx: tx.undone.take(BOB, "f1", until))


async def test_of_early_undos_the_oldest_give_way(db: Database) -> None:
    until = NOW + timedelta(hours=6)

    def flood(tx: Tx) -> None:
        for number in range(UNDONE_KEPT_OF_ONE + 1):
            tx.undone.add(BOB, f"f{number}", until)

    await db.write(flood)
    assert not await db.write(lambda tx: tx.undone.take(BOB, "f0", NOW))
    assert await db.write(lambda tx: tx.undone.take(BOB, "f1", NOW))

    def crowd(tx: Tx) -> None:
        tx.undone.add(EVE, "first", until)
        for number in range(UNDONE_KEPT):
            tx.undone.add(f"{EVE}{number}", "f", until)

    await db.write(crowd)
    assert not await db.write(lambda tx: tx.undone.take(EVE, "first", NOW))
    assert not await db.write(lambda tx: tx.undone.take(BOB, f"f{UNDONE_KEPT_OF_ONE}", NOW))
    assert await db.write(lambda tx: tx.undone.take(f"{EVE}0", "f", NOW))


async def test_moves_come_back_exactly_newest_first(db: Database) -> None:
    first = Moving(ACCOUNT, BOB, EVE, "@eve@far.example", "Eve", NOW)
    second = replace(first, old=EVE, new=BOB, at=NOW + timedelta(minutes=1), old_handle="@eve@far.example")
    await db.write(each(lambda tx: tx.moves.save, first, second, replace(first, account=VENDOR)))
    assert await db.read(lambda tx: tx.moves.all(ACCOUNT)) == [second, first]
    done = replace(first, state=MoveState.FOLLOWED)
    await db.write(lambda tx: tx.moves.save(done))
    assert await db.read(lambda tx: tx.moves.get(ACCOUNT, BOB)) == done
    assert await db.read(lambda tx: tx.moves.get(ACCOUNT, "nobody")) is None
