"""What waits for somebody who is blocked, or follows no more, does not leave; word that it is gone does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from federation.ids import host as host_of
from federation.ports import DeliveryOutcome, Outcome
from node.domain.accounts import Contact
from node.domain.notes import Visibility
from node.queries.deliveries import Stage, standings
from node.services.following import end_follow, forget_actor, receive_unfollow
from node.services.posting import Saying, say, take_back
from node.services.shunning import Shunnable, block, receive_block
from node.store.ports import FollowState, JobState
from node.store.stops import Stop
from node.workflows.blocking import block_domain, unblock_domain
from node.workflows.blocklists import apply_blocklist
from tests.builders import NOW
from tests.integration.conftest import CommandRefused
from tests.integration.test_fan_out import (
    NORTH,
    Fediverse,
    delete,
    edit,
    fediverse,
    keep,
    one_part,
    queued,
    speak,
)

__all__ = ["fediverse"]

pytestmark = pytest.mark.anyio


async def account(home: Any) -> Any:
    return await home.node.look(lambda desk: desk.tx.accounts.get(NORTH))


async def stages(home: Any) -> list[tuple[str, Stage, str]]:
    """Each delivery's inbox, where it stands, and what is written down with it."""

    def look(desk: Any) -> Any:
        jobs = desk.tx.deliveries.all(limit=1000)[::-1]
        return [(one.job.inbox, one.stage, one.job.detail) for one in standings(desk, jobs)]

    return await home.node.look(look)  # type: ignore[no-any-return]


async def wait_long(home: Any) -> None:
    """Every delivery was tried in vain, and waits for hours."""
    later = home.node.now() + timedelta(hours=6)
    outcome = DeliveryOutcome(Outcome.RETRY, "no answer", retry_at=later, hold_until=later)
    await home.node.db.delivery_queue.settle_all(
        [(job.id, outcome) for job in await queued(home) if job.state is JobState.QUEUED], home.node.now()
    )


def contact(fediverse: Fediverse, host: str) -> Contact:
    reader = fediverse.follower(host)
    return a_contact(reader.actor, reader.inbox)


def a_contact(actor: str, inbox: str) -> Contact:
    return Contact(
        account=NORTH,
        actor=actor,
        handle=f"@{actor.rpartition('/')[2]}@{host_of(actor)}",
        name="",
        inbox=inbox,
        fetched_at=NOW,
    )


async def speak_to(home: Any, whom: Contact, visibility: Visibility = Visibility.DIRECT) -> Any:
    own = await account(home)
    saying = Saying(text="For you.", visibility=visibility, mentioned=(whom,))
    return await home.node.work(lambda desk: say(desk, own, saying))


async def test_what_waits_for_a_domain_does_not_leave_once_it_is_blocked(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    await keep(north, [fediverse.follower("a.bad.example"), fediverse.follower("good.example")])
    await speak(north)
    await speak_to(north, contact(fediverse, "bad.example"))
    await wait_long(north)
    await block_domain(north.node, "BAD.example.")
    await world.settle()
    assert await stages(north) == [
        ("https://a.bad.example/inbox", Stage.STOPPED, Stop.BLOCKED),
        ("https://good.example/inbox", Stage.RETRY, "no answer"),
        ("https://bad.example/users/reader/inbox", Stage.STOPPED, Stop.BLOCKED),
    ]
    assert fediverse.came == []


async def test_a_list_of_blocks_stops_what_waits_like_a_block(world: Any, fediverse: Fediverse) -> None:
    north = await world.vendor("north")
    await keep(north, [fediverse.follower("bad.example")])
    await speak(north)
    await wait_long(north)
    await apply_blocklist(north.node, "#domain,#severity\nbad.example,suspend\n")
    await world.settle()
    assert [stage for _, stage, _ in await stages(north)] == [Stage.STOPPED]
    assert fediverse.came == []


async def test_what_is_not_spread_yet_does_not_reach_a_domain_that_is_blocked(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    readers = [fediverse.follower(f"h{number}.example") for number in range(7)]
    inboxes = await keep(north, [*readers, fediverse.follower("z.bad.example")])
    await speak(north, mentioned=(contact(fediverse, "zz.bad.example"),))
    await block_domain(north.node, "bad.example")
    await one_part(north, 20)
    await world.settle()
    assert set(fediverse.sent("Create")) == set(inboxes[:7])
    assert [stage for inbox, stage, _ in await stages(north) if "bad" in inbox] == [Stage.STOPPED]


async def test_what_was_given_up_is_not_sent_again_to_a_domain_that_is_blocked(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    await speak_to(north, contact(fediverse, "bad.example"))
    dead = DeliveryOutcome(Outcome.DEAD, "answered 403", 403)
    (job,) = await queued(north)
    await north.node.db.delivery_queue.settle_all([(job.id, dead)], north.node.now())
    await block_domain(north.node, "bad.example")
    with pytest.raises(CommandRefused, match=r"bad\.example is blocked"):
        await north.ask("deliveries.resend", id=job.id)
    await unblock_domain(north.node, "bad.example")
    await north.ask("deliveries.resend", id=job.id)
    await world.settle()
    assert fediverse.sent("Create") == {job.inbox: 1}


async def test_words_that_were_taken_back_are_not_sent_again_after_word_of_it(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    post = await speak_to(north, contact(fediverse, "plain.example"))
    (job,) = await queued(north)
    expired = DeliveryOutcome(Outcome.EXPIRED, "its time ran out")
    await north.node.db.delivery_queue.settle_all([(job.id, expired)], north.node.now())
    own = await account(north)
    await north.node.work(lambda desk: take_back(desk, own, post.id))
    await world.settle()
    assert [kind for _, kind in fediverse.came] == ["Delete"]
    with pytest.raises(CommandRefused, match="something newer"):
        await north.ask("deliveries.resend", id=job.id)
    await world.settle()
    assert [kind for _, kind in fediverse.came] == ["Delete"]


async def test_what_waits_for_somebody_does_not_leave_once_an_account_blocks_them(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    reader = fediverse.follower("plain.example")
    await keep(north, [reader])
    await speak(north)
    await speak_to(north, contact(fediverse, "plain.example"))
    own = await account(north)
    told = await speak_to(north, contact(fediverse, "plain.example"))
    await north.node.work(lambda desk: take_back(desk, own, told.id))
    whom = Shunnable(reader.actor, "@reader@plain.example", reader.inbox)
    await north.node.work(lambda desk: block(desk, own, whom))
    await world.settle()
    found = await stages(north)
    assert [detail for _, stage, detail in found if stage is Stage.STOPPED] == [Stop.SHUNNED] * 3
    assert [kind for _, kind in fediverse.came] == ["Delete", "Reject", "Block"]


async def test_a_block_by_one_account_stops_nothing_that_others_wait_for(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    bob, ann = fediverse.follower("plain.example", "bob"), fediverse.follower("plain.example", "ann")
    await keep(north, [bob, ann])
    await speak(north)
    own = await account(north)
    await speak_to(north, a_contact(ann.actor, ann.inbox))
    whom = Shunnable(bob.actor, "@bob@plain.example", bob.inbox)
    await north.node.work(lambda desk: block(desk, own, whom))
    await world.settle()
    assert fediverse.sent("Create") == {"https://plain.example/inbox": 1, ann.inbox: 1}


async def test_whom_a_post_names_does_not_get_it_once_they_are_blocked_however_far_it_is(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    inboxes = await keep(north, [fediverse.follower(f"h{number}.example") for number in range(7)])
    whom = contact(fediverse, "zz.example")
    await speak(north, mentioned=(whom,))
    own = await account(north)
    shunnable = Shunnable(whom.actor, whom.handle, whom.inbox)
    await north.node.work(lambda desk: block(desk, own, shunnable))
    await one_part(north, 20)
    await world.settle()
    assert sorted(fediverse.sent("Create")) == inboxes


def _leaves(desk: Any, own: Any, actor: str) -> None:
    receive_unfollow(desk, own, actor)


def _is_removed(desk: Any, own: Any, actor: str) -> None:
    end_follow(desk, own, actor)


def _blocks_us(desk: Any, own: Any, actor: str) -> None:
    receive_block(desk, own, actor)


def _is_gone(desk: Any, own: Any, actor: str) -> None:
    forget_actor(desk, actor)


@pytest.mark.parametrize("end", [_leaves, _is_removed, _blocks_us, _is_gone])
@pytest.mark.parametrize("shared", [False, True])
async def test_what_waits_for_a_follower_does_not_leave_once_they_follow_no_more(
    world: Any, fediverse: Fediverse, end: Any, shared: bool
) -> None:
    north = await world.vendor("north")
    reader, other = fediverse.follower("a.example", shared=shared), fediverse.follower("b.example")
    await keep(north, [reader, other])
    await speak(north)
    own = await account(north)
    await north.node.work(lambda desk: end(desk, own, reader.actor))
    await world.settle()
    assert fediverse.sent("Create") == {other.shared_inbox: 1}
    assert ("https://a.example/inbox" if shared else reader.inbox, Stage.STOPPED, Stop.UNREAD) in (
        await stages(north)
    )


async def test_a_server_where_somebody_else_follows_still_gets_it(world: Any, fediverse: Fediverse) -> None:
    north = await world.vendor("north")
    bob, ann = fediverse.follower("a.example", "bob"), fediverse.follower("a.example", "ann")
    await keep(north, [bob, ann])
    await speak(north)
    own = await account(north)
    await north.node.work(lambda desk: receive_unfollow(desk, own, bob.actor))
    await world.settle()
    assert fediverse.sent("Create") == {"https://a.example/inbox": 1}


async def test_whom_a_post_names_gets_it_though_they_follow_no_more(world: Any, fediverse: Fediverse) -> None:
    north = await world.vendor("north")
    reader = fediverse.follower("a.example", shared=False)
    await keep(north, [reader])
    await speak(north, mentioned=(contact(fediverse, "a.example"),))
    own = await account(north)
    await north.node.work(lambda desk: receive_unfollow(desk, own, reader.actor))
    await world.settle()
    assert fediverse.sent("Create") == {reader.inbox: 1}
    kept = await north.node.look(lambda desk: desk.tx.followers.get(NORTH, reader.actor))
    assert kept.state is FollowState.REMOVED


async def test_word_that_a_post_is_gone_still_reaches_who_follows_no_more(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    reader = fediverse.follower("a.example")
    await keep(north, [reader])
    post = await speak(north)
    await world.settle()
    own = await account(north)
    await north.node.work(lambda desk: take_back(desk, own, post.id))
    await north.node.work(lambda desk: receive_unfollow(desk, own, reader.actor))
    await world.settle()
    assert [kind for _, kind in fediverse.came] == ["Create", "Delete"]


async def test_words_to_one_that_are_deleted_before_they_left_never_leave(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    post = await speak_to(north, contact(fediverse, "plain.example"))
    own = await account(north)
    await north.node.work(lambda desk: take_back(desk, own, post.id))
    await world.settle()
    assert [kind for _, kind in fediverse.came] == ["Delete"]
    first = (await stages(north))[0]
    assert first[1:] == (Stage.STOPPED, Stop.TAKEN_BACK)


async def test_a_post_half_way_to_many_when_it_is_deleted_goes_to_nobody_after_its_tombstone(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    inboxes = await keep(north, [fediverse.follower(f"h{number}.example") for number in range(9)])
    post = await speak(north, "First")
    await edit(north, post, "Second")
    in_hand = await north.node.db.delivery_queue.claim(99, north.node.now())
    await delete(north, post)
    assert {await north.node.db.delivery_queue.stopped(job.id) for job in in_hand} == {Stop.TAKEN_BACK}
    while await north.node.look(lambda desk: desk.tx.fan_outs.next()) is not None:
        await one_part(north, 3)
        await world.settle()
    assert fediverse.sent("Delete") == dict.fromkeys(inboxes, 1)
    assert {kind for _, kind in fediverse.came} == {"Delete"}
    for number in [job.id for job in await queued(north) if job.state is JobState.DROPPED]:
        with pytest.raises(CommandRefused):
            await north.ask("deliveries.resend", id=number)


# --- deals ------------------------------------------------------------------------------------------------


async def block_north(ana: Any) -> None:
    own = await ana.node.look(lambda desk: desk.tx.accounts.by_name("ana"))
    whom = Shunnable(NORTH, "@north@north.example", f"{NORTH}/inbox")
    await ana.node.work(lambda desk: block(desk, own, whom))


async def test_intent_that_has_not_left_does_not_reach_a_vendor_who_is_blocked(world: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await world.vendor("north")
    await cast(ana, "north")
    await block_north(ana)
    await world.settle()
    assert (await north.ask("inbox.list"))["deals"] == []
    stopped = [(job.state, job.detail) for job in await queued(ana)]
    assert stopped == [(JobState.DROPPED, Stop.SHUNNED)]


async def test_what_a_struck_deal_needs_still_leaves_though_its_vendor_is_blocked(
    world: Any, shop: Any, cast: Any
) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await cast(ana, "north")
    await world.settle()
    deal = await ana.deal()
    await ana.ask("deal.accept", offer=deal.id)
    await block_north(ana)
    await world.settle()
    assert (await ana.deal()).state == "concluded"
    assert await north.stock("NK20") == ("2", "0")
