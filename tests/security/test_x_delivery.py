"""Group X, the outgoing side: peers that die, stop, stall or lie, a resolver that is down, a sender that is
killed. What is between them is the network; the stores, the client and the worker are the real ones.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest

from federation.client import Client, ClientConfig, SystemLookup
from federation.messages import HttpMessage, JsonObject, Limits
from federation.ports import HostState
from federation.strictjson import dump_json
from node.container import open_node
from node.domain.accounts import AccountKind
from node.store.ports import FollowState, JobState, QueuedJob
from node.store.sqlite import SqliteDatabase, open_sqlite
from tests.security.peers import AS, DATA_INTEGRITY, Clock, Peer
from tests.security.posting import a_worker, queue
from tests.security.wire import answer, lying, saying
from tests.security.world import World

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
ACCEPTED = answer(b"", status="202 Accepted")


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC))


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteDatabase]:
    opened = await open_sqlite(tmp_path / "obverse.db", clock=clock, create=True)
    yield opened
    await opened.aclose()


@asynccontextmanager
async def going_out(*pairs: str, **settings: Any) -> AsyncIterator[Client]:
    async with Client(ClientConfig(allowed=frozenset(pairs)), **settings) as client:
        yield client


async def enqueue(store: SqliteDatabase, *jobs: QueuedJob) -> None:
    def put(tx: Any) -> None:
        for job in jobs:
            tx.deliveries.enqueue(job)

    await store.write(put)


async def jobs_of(store: SqliteDatabase) -> list[QueuedJob]:
    """The outbox, oldest first."""
    return (await store.read(lambda tx: tx.deliveries.all(limit=100_000)))[::-1]


async def until(done: Any, *, within_s: float = 30.0) -> None:
    with anyio.fail_after(within_s):
        while not await done():  # noqa: ASYNC110 - what is waited for is in a store or another process
            await anyio.sleep(0.02)


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def a_follow(sender: Peer, whom: str) -> JsonObject:
    return {
        "@context": [AS, DATA_INTEGRITY],
        "id": sender.fresh(),
        "type": "Follow",
        "actor": sender.id,
        "object": whom,
    }


# --- X03: the sender dies --------------------------------------------------------------------------------


async def test_x03_sender_killed_after_the_peer_accepted_sends_again_and_there_is_one_effect(
    world: World,
) -> None:
    """The peer has taken the message, the sender dies before it knows: both copies come, one counts."""
    peer = await world.node("w.example", {"wes": AccountKind.PERSON})
    engine, exchange = world.v.engine, world.v.engine.exchange
    scope = anyio.CancelScope()

    async def kill_after_answer(message: HttpMessage, **bounds: Any) -> HttpMessage:
        answered = await exchange(message, **bounds)
        if message.method == "POST" and answered.status == 202:
            scope.cancel()
            await anyio.sleep_forever()
        return answered

    engine.exchange = kill_after_answer  # type: ignore[method-assign]
    follow = f"{world.v.base}/activities/1"
    body = {"@context": [AS], "id": follow, "type": "Follow", "actor": world.v.actor("shop")}
    body |= {"to": [peer.actor("wes")], "object": peer.actor("wes")}
    keys = await world.v.open.node.look(lambda desk: desk.tx.keys.of(world.v.actor("shop")))

    def send(desk: Any) -> None:
        desk.tx.deliveries.enqueue(
            QueuedJob(
                activity_id=follow, recipient=peer.actor("wes"), inbox=peer.inbox("wes"),
                actor=world.v.actor("shop"), key_id=keys[0].key_id, body=dump_json(body), ordering_key="",
                created_at=desk.now, give_up_at=desk.now + timedelta(days=7),
            )
        )  # fmt: skip

    await world.v.open.node.work(send)
    with scope:
        await world.v.settle()
    assert scope.cancelled_caught
    (job,) = await world.v.jobs()
    assert (job.state, job.attempts) == (JobState.QUEUED, 0), "nobody wrote down that it arrived"
    engine.exchange = exchange  # type: ignore[method-assign]
    await world.settle()
    sent = [message for message in engine.sent if message.method == "POST"]
    assert [message.body for message in sent[:2]] == [sent[0].body] * 2
    assert await peer.followers("wes") == [] or await peer.followers("wes") == [world.v.actor("shop")]
    notices = [one for one in await peer.notices("wes") if one.kind == "follow"]
    assert len(notices) == 1, "one effect"


@contextmanager
def a_poster(path: Path, *pairs: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that delivers what is queued, killed in the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.security.posting", str(path), ",".join(pairs)],
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def gone(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    await anyio.to_thread.run_sync(process.wait)


@pytest.mark.processes
async def test_x03_variant_killed_for_real_it_delivers_the_same_bytes_when_it_runs_again(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "obverse.db"
    store = await open_sqlite(path, clock=clock, create=True)
    bodies: list[bytes] = []
    killed = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int(peer.heads[-1].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
        if len(bodies) == 1:
            os.kill(pid, signal.SIGKILL)
            killed.set()
        writer.write(ACCEPTED)

    async with lying(take) as peer:
        await enqueue(store, queue(1, peer.url, clock()))
        await store.aclose()
        with a_poster(path, peer.pair) as first:
            pid = first.pid
            await asyncio.wait_for(killed.wait(), 30)
            await anyio.to_thread.run_sync(first.wait)
        with a_poster(path, peer.pair) as second:

            async def twice() -> bool:
                return len(bodies) == 2

            await until(twice)
            await anyio.sleep(0.3)
            await gone(second)
    assert bodies[0] == bodies[1]
    store = await open_sqlite(path, clock=clock)
    assert [job.state for job in await jobs_of(store)] == [JobState.DELIVERED]
    await store.aclose()


@pytest.mark.processes
async def test_x03_variant_attempts_due_times_and_open_circuits_survive_a_kill(
    tmp_path: Path, clock: Clock
) -> None:
    path, dead = tmp_path / "obverse.db", f"127.0.0.1:{closed_port()}"
    store = await open_sqlite(path, clock=clock, create=True)
    await enqueue(store, *(queue(number, f"http://{dead}/x", clock()) for number in range(8)))
    await store.host_memory.save(HostState(f"http://{dead}", failures=4, failing_since=clock()))
    await store.aclose()
    with a_poster(path, dead) as poster:

        async def opened() -> bool:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
                return 'open_until":"' in str(reader.execute("SELECT data FROM host").fetchall())

        await until(opened)
        await anyio.sleep(0.5)
        await gone(poster)
    store = await open_sqlite(path, clock=clock)
    state = await store.host_memory.find(f"http://{dead}")
    assert state is not None
    assert state.failures >= 5
    assert state.open_until is not None
    assert state.open_until > clock()
    tried = [job for job in await jobs_of(store) if job.attempts]
    assert 1 <= len(tried) <= 2, "the circuit held the others back"
    assert all(job.due_at is not None and job.due_at > clock() for job in tried)
    assert await store.delivery_queue.claim(99, clock()) == [], "and does so after the restart"
    assert len(await store.delivery_queue.claim(99, state.open_until + timedelta(hours=1))) == 8
    await store.aclose()


@pytest.mark.processes
async def test_x03_variant_a_probe_that_was_cut_off_by_a_kill_is_not_stuck(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "obverse.db"
    store = await open_sqlite(path, clock=clock, create=True)
    async with lying(None) as mute:
        home = f"http://{mute.pair}"
        await enqueue(store, queue(1, f"{home}/x", clock()), queue(2, f"{home}/x", clock()))
        await store.host_memory.save(
            HostState(home, failures=7, failing_since=clock(), open_until=clock() - timedelta(seconds=1))
        )
        await store.aclose()
        with a_poster(path, mute.pair) as poster:

            async def asked() -> bool:
                return mute.connections > 0

            await until(asked)
            await anyio.sleep(0.5)
            await gone(poster)
        assert mute.connections == 1, "one probe"
    store = await open_sqlite(path, clock=clock)
    state = await store.host_memory.find(home)
    assert state is not None
    assert state.open_until is not None
    clock.now = max(clock(), state.open_until) + timedelta(seconds=1)
    async with lying(saying(ACCEPTED)) as back:
        await store.write(
            lambda tx: tx.connection.execute(
                "UPDATE delivery SET inbox = ?, lane = ?", (back.url, f"http://{back.pair}")
            )
        )
        await store.write(
            lambda tx: tx.connection.execute("UPDATE lane SET origin = ?", (f"http://{back.pair}",))
        )
        await store.host_memory.save(replace(state, origin=f"http://{back.pair}"))
        async with going_out(back.pair) as client:
            await a_worker(store, client, clock).run_until_idle()
    assert [job.state for job in await jobs_of(store)] == [JobState.DELIVERED] * 2
    await store.aclose()


# --- X08: peers that stop, are dead or slow, or lie ------------------------------------------------------


SINK = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0)); print(server.getsockname()[1], flush=True)
while True:
    one, _ = server.accept()
    with one:
        data = b""
        while b"\\r\\n\\r\\n" not in data: data += one.recv(65536) or exit()
        head, _, body = data.partition(b"\\r\\n\\r\\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0])
        while len(body) < length: body += one.recv(65536) or exit()
        print(body.decode(), flush=True)
        try: one.sendall(b"HTTP/1.1 202 Accepted\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n")
        except OSError: pass
"""


@pytest.mark.processes
async def test_x08_a_stopped_peer_affects_no_other_and_then_gets_one_delivery(
    store: SqliteDatabase, clock: Clock
) -> None:
    """SIGSTOP: its kernel still accepts, nobody answers. Ten minutes of the schedule pass."""
    sink = subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    assert sink.stdout is not None
    try:
        stopped = f"127.0.0.1:{int(await anyio.to_thread.run_sync(sink.stdout.readline))}"
        sink.send_signal(signal.SIGSTOP)
        async with lying(saying(ACCEPTED)) as well, going_out(stopped, well.pair) as client:
            worker = a_worker(store, client, clock, limits=Limits(request_s=0.3))
            await enqueue(store, queue(0, f"http://{stopped}/x", clock()))
            await enqueue(store, *(queue(number, well.url, clock()) for number in range(1, 20)))
            ends_at = clock() + timedelta(minutes=10)
            while clock() < ends_at:
                await worker.run_until_idle()
                due = await store.delivery_queue.next_due(clock())
                assert due is not None
                clock.now = max(due, clock() + timedelta(seconds=1))
            states = [job.state for job in await jobs_of(store)]
            assert states == [JobState.QUEUED] + [JobState.DELIVERED] * 19
            attempts = (await jobs_of(store))[0].attempts
            sink.send_signal(signal.SIGCONT)
            clock.advance(hours=2)
            await worker.run_until_idle()
        (job, *_) = await jobs_of(store)
        assert job.state is JobState.DELIVERED
        assert 3 <= attempts <= 8, "tried now and then, not all the time"
    finally:
        sink.kill()
        heard = sink.stdout.read().split("\n")
        sink.stdout.close()
        sink.wait()
    assert len({line for line in heard if line}) == 1, "one message, however often it was tried"


async def test_x08_variant_with_a_tenth_dead_and_a_tenth_slow_the_healthy_are_served_meanwhile(
    store: SqliteDatabase, clock: Clock
) -> None:
    """A hundred hosts, one message each, fewer places than there are slow and dead ones together."""
    async with lying(None) as mute, lying(saying(ACCEPTED)) as well:
        dead = [f"127.0.0.1:{closed_port()}" for _ in range(10)]
        slow = [f"slow{n}.test:{mute.port}" for n in range(10)]
        healthy = [f"well{n}.test:{well.port}" for n in range(80)]
        mixed = [*dead, *slow, *healthy]
        random.Random(8).shuffle(mixed)
        names = {pair.split(":")[0]: "127.0.0.1" for pair in (*slow, *healthy)}
        jobs = [queue(number, f"http://{pair}/x", clock()) for number, pair in enumerate(mixed)]
        await enqueue(store, *jobs)
        config = ClientConfig(allowed=frozenset(mixed), names=names)
        async with Client(config) as client, anyio.create_task_group() as tasks:
            worker = a_worker(
                store, client, clock, delivered_at_once=5, slow_at_once=20, slow_after_s=0.2, grace_s=0.1
            )
            tasks.start_soon(worker.run)

            async def served() -> bool:
                ended = {job.inbox for job in await jobs_of(store) if job.state is JobState.DELIVERED}
                return len(ended) == 80

            await until(served, within_s=25)
            waiting = {job.inbox for job in await jobs_of(store) if job.state is JobState.QUEUED}
            assert {f"http://{pair}/x" for pair in slow} <= waiting, "they are still being waited for"
            worker.stop()


async def test_x08_variant_a_flood_to_one_host_leaves_the_others_their_turns(
    store: SqliteDatabase, clock: Clock
) -> None:
    order: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = peer.heads[-1].lower()
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        order.append(head.split(b"host: ")[1].split(b"\r\n")[0].decode().split(".")[0])
        writer.write(ACCEPTED)

    async with lying(take) as peer:
        pairs = [f"flood.test:{peer.port}", *(f"h{n}.test:{peer.port}" for n in range(30))]
        names = {pair.split(":")[0]: "127.0.0.1" for pair in pairs}
        await enqueue(store, *(queue(n, f"http://{pairs[0]}/x", clock()) for n in range(1000)))
        await enqueue(
            store, *(queue(n, f"http://{pair}/x", clock()) for n, pair in enumerate(pairs[1:], 1000))
        )
        async with Client(ClientConfig(allowed=frozenset(pairs), names=names)) as client:
            await a_worker(store, client, clock, in_hand=100).run_until_idle()
    assert len(order) == 1030
    assert max(place for place, name in enumerate(order) if name != "flood") < 100


@pytest.mark.parametrize(
    "value", ["315360000", "9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT", "-1", "nan", "1e9", "٣٦٠٠", ""]
)
async def test_x08_variant_a_host_that_says_come_back_in_ten_years_costs_itself_an_hour_at_most(
    value: str, store: SqliteDatabase, clock: Clock
) -> None:
    busy = answer(b"", f"retry-after: {value}", status="429 Busy")
    async with (
        lying(saying(busy)) as liar,
        lying(saying(ACCEPTED)) as honest,
        going_out(liar.pair, honest.pair) as client,
    ):
        await enqueue(store, queue(1, liar.url, clock()), queue(2, honest.url, clock()))
        await a_worker(store, client, clock).run_until_idle()
    put_off, delivered = await jobs_of(store)
    assert (put_off.state, put_off.detail, delivered.state) == (
        JobState.QUEUED,
        "answered 429",
        JobState.DELIVERED,
    )
    assert put_off.due_at is not None
    assert clock() + timedelta(seconds=15) <= put_off.due_at <= clock() + timedelta(hours=1.5)


# --- X20, X21: peers that stay away or send us away ------------------------------------------------------


async def test_x20_a_peer_dead_for_seven_days_is_tried_by_the_schedule_then_shown_and_resent(
    world: World,
) -> None:
    v, m = world.v, world.m
    await v.tell(m, a_follow(m, v.actor("shop")), "shop")
    v.engine.unreachable.add("m.example")
    v.engine.sent.clear()
    began = world.clock()
    await v.tell(m, a_follow(m, v.actor("shop")), "shop")
    tries = [world.clock() - began]
    while (job := (await v.jobs())[0]).state is JobState.QUEUED:
        posts = len(v.engine.posts)
        due = await v.open.node.db.delivery_queue.next_due(world.clock())
        assert due is not None
        world.clock.now = due
        await v.settle()
        if len(v.engine.posts) > posts:
            tries.append(world.clock() - began)
    # 15 s + n⁴ s after the n-th try, half of the jitter's half more (it is 0.5 here), no pause over 12 hours.
    pauses = [min((15 + n**4) * 1.25, 12 * 3600) for n in range(1, len(tries))]
    measured = [(later - earlier).total_seconds() for earlier, later in pairwise(tries)]
    assert measured[:-1] == pytest.approx(pauses[:-1], abs=0.01)
    assert timedelta(days=6) < tries[-1] <= timedelta(days=7)
    assert (job.state, "time" in job.detail) == (JobState.EXPIRED, True)
    (told,) = [one for one in await v.notices("shop") if one.kind == "delivery"]
    assert "m.example" in told.text
    (line,) = (await v.command("deliveries.list"))["deliveries"]
    assert (line["stage"], line["can"]) == ("expired", ["resend", "drop"])
    v.engine.unreachable.clear()
    world.clock.advance(hours=2)
    await v.command("deliveries.resend", id=line["id"])
    await v.settle()
    assert (await v.jobs())[0].state is JobState.DELIVERED


def test_x20_variant_as_shipped_the_schedule_is_jittered() -> None:
    assert inspect.signature(open_node).parameters["jitter"].default is random.random


async def test_x21_a_410_stops_and_the_peer_is_sent_nothing_more(world: World) -> None:
    v, m = world.v, world.m
    m.host.inbox_status = 410
    await v.tell(m, a_follow(m, v.actor("shop")), "shop")
    (line,) = (await v.command("deliveries.list"))["deliveries"]
    assert (line["stage"], line["detail"]) == ("dead", "answered 410, whoever read this inbox is gone")
    follower = await v.open.node.look(lambda desk: desk.tx.followers.get(v.actor("shop"), m.id))
    assert follower is not None
    assert follower.state is FollowState.REMOVED
    posts = len(v.engine.posts)
    world.clock.advance(days=8)
    await v.settle()
    assert len(v.engine.posts) == posts


@pytest.mark.parametrize(("status", "stage"), [(401, "retry"), (403, "dead")])
async def test_x21_variant_a_refusal_is_shown_with_its_reason(world: World, status: int, stage: str) -> None:
    v, m = world.v, world.m
    m.host.inbox_status = status
    await v.tell(m, a_follow(m, v.actor("shop")), "shop")
    (line,) = (await v.command("deliveries.list"))["deliveries"]
    assert line["stage"] == stage
    assert line["detail"].startswith(f"answered {status}")
    told = [one.text for one in await v.notices("shop") if one.kind == "delivery"]
    assert len(told) == (status == 403)
    follower = await v.open.node.look(lambda desk: desk.tx.followers.get(v.actor("shop"), m.id))
    assert follower is not None
    assert follower.state is FollowState.ACCEPTED


# --- X25: no names ---------------------------------------------------------------------------------------


async def test_x25_with_dns_down_for_ten_minutes_nothing_crashes_and_few_questions_are_asked(
    store: SqliteDatabase, clock: Clock
) -> None:
    asked: list[str] = []
    is_down = True

    async with lying(saying(ACCEPTED)) as peer:

        async def lookup(host: str, port: int) -> list[str]:
            asked.append(host)
            if is_down:
                raise OSError("Temporary failure in name resolution")
            return ["127.0.0.1"]

        pairs = [f"h{n}.test:{peer.port}" for n in range(5)]
        async with going_out(*pairs, lookup=lookup) as client:
            worker = a_worker(store, client, clock)
            for number in range(40):
                await enqueue(store, queue(number, f"http://{pairs[number % 5]}/x", clock()))
            await worker.run_until_idle()
            assert len(asked) <= 10, "a name that did not resolve is not asked for again for a moment"
            ends_at = clock() + timedelta(minutes=10)
            while clock() < ends_at:
                clock.advance(seconds=60)
                await worker.run_until_idle()
            assert {job.state for job in await jobs_of(store)} == {JobState.QUEUED}
            is_down = False
            client._guard._failed.clear()
            clock.advance(hours=2)
            await worker.run_until_idle()
            clock.advance(hours=2)
            await worker.run_until_idle()
    assert {job.state for job in await jobs_of(store)} == {JobState.DELIVERED}


async def test_x25_variant_names_whose_servers_hang_keep_no_other_waiting() -> None:
    """The resolver's threads: those that hang are few by the second time, and others resolve meanwhile."""
    release = threading.Event()

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        if host.startswith("hang"):
            release.wait(20)
            raise OSError("timed out")
        return [(2, 1, 6, "", ("93.184.215.14", port))]

    lookup = SystemLookup(resolve)
    try:
        first = [asyncio.ensure_future(lookup(f"hang{n}.example", 443)) for n in range(20)]
        again = [asyncio.ensure_future(lookup(f"hang{n}.example", 443)) for n in range(20)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        assert await asyncio.wait_for(lookup("well.example", 443), 10) == ["93.184.215.14"]
        assert time.monotonic() - began < 5
    finally:
        release.set()
        ended = await asyncio.gather(*first, *again, return_exceptions=True)
        lookup.close()
    assert all(isinstance(one, OSError) for one in ended)
