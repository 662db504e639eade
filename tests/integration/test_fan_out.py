"""A post to many: the act is short, the rest follows in parts, and nobody gets it twice or is forgotten."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import pytest

from federation.strictjson import parse_json_object
from node.desk import Desk
from node.domain.notes import Visibility
from node.sending import spreading
from node.sending.fanning import AT_ONCE, IN_ONE_GO, KEPT_FOR, spread_further
from node.sending.spreading import forget_old, spread_on, spread_posts
from node.services.posting import Saying, change, say, take_back
from node.store.fan_outs import Tally
from node.store.ports import Follower, FollowState, Post, QueuedJob, StoreRefused

pytestmark = pytest.mark.anyio
NORTH = "https://north.example/actors/north"


@dataclass
class Fediverse:
    """Hosts that take every message; `answers` says by what status, and `came` what to which inbox."""

    network: Any
    answers: dict[str, int] = field(default_factory=dict)
    came: list[tuple[str, str]] = field(default_factory=list)
    before_answer: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        host = dict(scope["headers"])[b"host"].decode()
        self.came.append((f"https://{host}{scope['path']}", str(parse_json_object(body)["type"])))
        if self.before_answer is not None:
            await self.before_answer()
        status = self.answers.get(host, 202)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def follower(self, host: str, name: str = "reader", *, shared: bool = True) -> Follower:
        """One on a host that is reachable from now on."""
        self.network.apps[host] = self
        actor = f"https://{host}/users/{name}"
        return Follower(
            account=NORTH,
            actor=actor,
            inbox=f"{actor}/inbox",
            shared_inbox=f"https://{host}/inbox" if shared else None,
            follow_id=f"{actor}#follow",
            state=FollowState.ACCEPTED,
            at=self.network.at,
        )

    def sent(self, kind: str) -> Counter[str]:
        """How often each inbox got this."""
        return Counter(inbox for inbox, what in self.came if what == kind)


@pytest.fixture
def fediverse(world: Any) -> Fediverse:
    world.network.at = world.clock()
    return Fediverse(world.network)


async def keep(home: Any, followers: Iterable[Follower]) -> list[str]:
    """Their shared inboxes, in order."""
    kept = list(followers)

    def save(desk: Desk) -> None:
        for follower in kept:
            desk.tx.followers.save(follower)

    await home.node.work(save)
    return sorted({one.shared_inbox or one.inbox for one in kept})


async def speak(home: Any, text: str = "We have milk.", **over: Any) -> Post:
    account = await home.node.look(lambda desk: desk.tx.accounts.by_name("north"))
    saying = Saying(text=text, visibility=Visibility.PUBLIC, **over)
    said: Post = await home.node.work(lambda desk: say(desk, account, saying))
    return said


async def edit(home: Any, post: Post, text: str) -> None:
    account = await home.node.look(lambda desk: desk.tx.accounts.by_name("north"))
    saying = Saying(text=text, visibility=Visibility.PUBLIC)
    await home.node.work(lambda desk: change(desk, account, post.id, saying))


async def delete(home: Any, post: Post) -> None:
    account = await home.node.look(lambda desk: desk.tx.accounts.by_name("north"))
    await home.node.work(lambda desk: take_back(desk, account, post.id))


async def queued(home: Any) -> list[QueuedJob]:
    found: list[QueuedJob] = await home.node.look(lambda desk: desk.tx.deliveries.all(limit=10_000))
    return found[::-1]


async def one_part(home: Any, at_most: int) -> None:
    def spread(desk: Desk) -> None:
        first = desk.tx.fan_outs.next()
        assert first is not None
        spread_further(desk, first, at_most=at_most)

    await home.node.work(spread)


async def tallies(home: Any) -> list[Tally]:
    def look(desk: Desk) -> list[Tally]:
        numbers = [one.id for one in desk.tx.fan_outs.of_account(NORTH)][::-1]
        found = desk.tx.fan_outs.tallies(numbers)
        return [found[number] for number in numbers]

    found: list[Tally] = await home.node.look(look)
    return found


async def test_the_act_makes_a_few_rows_and_the_rest_follows_one_for_each_server(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    readers = [
        fediverse.follower(f"h{number}.example", name) for number in range(IN_ONE_GO + 9) for name in "ab"
    ]
    inboxes = await keep(north, readers)
    await speak(north)
    assert [job.inbox for job in await queued(north)] == inboxes[:AT_ONCE]
    assert await spread_on(north.node)
    assert not await spread_on(north.node), "then there is nothing left to spread"
    assert [job.inbox for job in await queued(north)] == inboxes
    await world.settle()
    assert fediverse.sent("Create") == Counter(inboxes)
    assert await tallies(north) == [Tally(delivered=len(inboxes))]


async def test_a_post_to_a_few_has_left_with_the_act(world: Any, fediverse: Fediverse) -> None:
    north = await world.vendor("north")
    own = fediverse.follower("gts.example", "own", shared=False)
    inboxes = await keep(north, [own, *(fediverse.follower(f"h{n}.example") for n in range(AT_ONCE - 1))])
    await speak(north)
    assert [job.inbox for job in await queued(north)] == inboxes
    assert await north.node.look(lambda desk: desk.tx.fan_outs.next()) is None


async def test_a_node_that_dies_between_parts_goes_on_where_it_was(world: Any, fediverse: Fediverse) -> None:
    north = await world.vendor("north")
    inboxes = await keep(north, [fediverse.follower(f"h{n:02}.example") for n in range(40)])
    await speak(north)
    await one_part(north, 10)
    north = await world.restart("north")
    assert len(await queued(north)) == AT_ONCE + 10
    await world.settle()
    assert fediverse.sent("Create") == Counter(inboxes)


async def test_whoever_left_before_their_server_had_its_turn_gets_nothing(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    readers = [fediverse.follower(f"h{n:02}.example") for n in range(20)]
    inboxes = await keep(north, readers)
    await speak(north)
    await keep(north, [replace(readers[15], state=FollowState.REMOVED)])
    await world.settle()
    assert fediverse.sent("Create") == Counter(inboxes) - Counter({inboxes[15]: 1})


async def test_what_is_said_of_one_post_comes_in_order_whoever_is_slow(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    inboxes = await keep(north, [fediverse.follower(f"h{n:02}.example") for n in range(20)])
    world.network.down.add("h07.example")
    post = await speak(north)
    await edit(north, post, "We have oat milk.")
    assert len(await queued(north)) == AT_ONCE, "an Update waits until all have the row of the Create"
    await world.settle()
    world.network.down.clear()
    await delete(north, post)
    world.clock.forward(hours=1)
    await world.settle()
    for inbox in inboxes:
        what = [kind for where, kind in fediverse.came if where == inbox]
        assert what == (["Delete"] if "h07" in inbox else ["Create", "Update", "Delete"])


async def test_a_delete_that_overtakes_the_post_stops_it_and_reaches_who_got_it(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    inboxes = await keep(north, [fediverse.follower(f"h{n:02}.example") for n in range(30)])
    post = await speak(north)
    await north.opened.worker.run_until_idle()
    got_it = inboxes[:AT_ONCE]
    assert fediverse.sent("Create") == Counter(got_it)
    await one_part(north, 10)
    gone = fediverse.follower("h00.example")
    await keep(north, [replace(gone, state=FollowState.REMOVED)])
    await delete(north, post)
    await world.settle()
    assert fediverse.sent("Create") == Counter(got_it), "what had not left leaves no more"
    assert fediverse.sent("Delete")[inboxes[0]] == 1, "it got the post, though nobody follows from there now"
    assert fediverse.sent("Delete") == Counter(inboxes)
    assert await tallies(north) == [Tally(delivered=5, dropped=10), Tally(delivered=30)]


async def test_what_is_being_sent_while_it_is_deleted_is_deleted_there_afterwards(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    (inbox,) = await keep(north, [fediverse.follower("h.example")])
    post = await speak(north)

    async def delete_meanwhile() -> None:
        fediverse.before_answer = None
        await delete(north, post)

    fediverse.before_answer = delete_meanwhile
    await world.settle()
    assert fediverse.came == [(inbox, "Create"), (inbox, "Delete")]


async def test_a_server_that_is_gone_ends_the_follows_of_all_its_readers(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    gone = [fediverse.follower("gone.example", name) for name in "abc"]
    await keep(north, [*gone, fediverse.follower("here.example")])
    fediverse.answers["gone.example"] = 410
    await speak(north)
    await world.settle()
    left = await north.node.look(lambda desk: desk.tx.followers.all(NORTH))
    assert [one.actor for one in left] == ["https://here.example/users/reader"]
    assert [one for one in await north.notices() if one.kind == "delivery"] == [], "it is counted, not told"
    assert await tallies(north) == [Tally(delivered=1, failed=1)]


async def test_what_was_sent_long_ago_is_forgotten_but_not_how_many_got_it(
    world: Any, fediverse: Fediverse
) -> None:
    north = await world.vendor("north")
    await keep(north, [fediverse.follower(f"h{n:02}.example") for n in range(7)])
    await speak(north)
    await world.settle()
    await forget_old(north.node)
    assert len(await queued(north)) == 7
    world.clock.forward(days=KEPT_FOR.days, seconds=1)
    await forget_old(north.node)
    assert await queued(north) == []
    assert await tallies(north) == [Tally(delivered=7)]


# --- the loop ---------------------------------------------------------------------------------------------


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    with anyio.fail_after(20):
        while True:
            if await condition():
                return
            await anyio.sleep(0.01)


async def test_posts_are_spread_while_the_node_runs_whatever_goes_wrong_once(
    world: Any, fediverse: Fediverse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    north = await world.vendor("north")
    inboxes = await keep(north, [fediverse.follower(f"h{n:02}.example") for n in range(9)])
    troubles: list[Exception] = [StoreRefused("the disk is full"), ValueError("a fault of ours")]

    async def troubled(node: Any) -> bool:
        if troubles:
            raise troubles.pop()
        return await spread_on(node)

    async def all_have_rows() -> bool:
        return [job.inbox for job in await queued(north)] == inboxes

    monkeypatch.setattr(spreading, "spread_on", troubled)
    monkeypatch.setattr(spreading, "_REST_S", 0.01)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(spread_posts, north.node)
        with caplog.at_level(logging.ERROR, "obverse"):
            await until(lambda: _is(not troubles))
        await speak(north)
        await until(all_have_rows)
        inboxes += inboxes
        await speak(north, "We have tea.")
        await until(all_have_rows)
        north.node.changes.close()
    assert [record.message for record in caplog.records] == ["spreading a post failed"]


async def _is(value: bool) -> bool:
    return value


async def test_a_change_between_the_look_and_the_wait_is_not_missed(world: Any) -> None:
    north = await world.vendor("north")
    changes = north.node.changes
    seen = changes.count
    changes.happened()
    with anyio.fail_after(5):
        assert await changes.next(since=seen)
