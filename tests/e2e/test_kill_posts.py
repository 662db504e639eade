"""A node that tells something to many is killed (SIGKILL) again and again; each inbox gets it all the same.

What the kills interrupt is whatever goes on at that instant: the spreading, the sending, or the writing down
of how a delivery ended. Afterwards each inbox has one row and has got the very bytes. What was sent and not
yet written down may come again, which receivers tell by its id: how much that is depends on how long the disk
takes for a commit, so it is not counted here. What was written down as delivered never comes again.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import anyio
import pytest

from federation.strictjson import parse_json_object
from node.store.ports import Follower, FollowState, Tx
from node.store.sqlite import open_sqlite
from tests.e2e.homes import Children, Home, Unheard, found

pytestmark = [pytest.mark.slow, pytest.mark.processes]

SEED = 20261122
KILLS = 8
TRIES = 20
"""So often something is said until a kill meets its spreading: on a busy machine the kill may come late."""
HOSTS, READERS = 12, 1200
WAIT_S = 90.0


@dataclass
class Readers:
    """Hosts of followers, all at one port: what came to which inbox, in order."""

    came: list[tuple[str, str, str]] = field(default_factory=list)
    bodies: set[bytes] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, inbox: str, body: bytes) -> None:
        activity = parse_json_object(body)
        with self.lock:
            self.came.append((inbox, str(activity["type"]), str(activity["id"])))
            self.bodies.add(body)

    def got(self) -> Counter[tuple[str, str]]:
        """How often each activity came to each inbox."""
        with self.lock:
            return Counter((activity, inbox) for inbox, _, activity in self.came)


@pytest.fixture
def readers(ports: Callable[[int], list[int]]) -> Iterator[tuple[Readers, int]]:
    kept, port = Readers(), ports(1)[0]

    class Inbox(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.take(f"http://{self.headers['host']}{self.path}", body)
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing is said of each."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, *_: Any) -> None:
            """A node that was killed has left its connection."""

    server = Server(("127.0.0.1", port), Inbox)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield kept, port
    server.shutdown()
    server.server_close()
    thread.join()


def crowd(port: int) -> list[str]:
    """The inboxes of so many followers, each of its own, in order."""
    return sorted(f"http://r{n % HOSTS}.localhost:{port}/users/{n}/inbox" for n in range(READERS))


def let_follow(data: Path, account: str, inboxes: list[str]) -> None:
    now = datetime.now(UTC)

    def write(tx: Tx) -> None:
        for inbox in inboxes:
            actor = inbox.removesuffix("/inbox")
            tx.followers.save(Follower(account, actor, inbox, None, f"{actor}/f", FollowState.ACCEPTED, now))

    async def save() -> None:
        store = await open_sqlite(data / "obverse.db", clock=lambda: datetime.now(UTC))
        await store.write(write)
        await store.aclose()

    anyio.run(save)


def posts_of(home: Home) -> list[dict[str, Any]]:
    """What was told to many, the oldest first."""
    listed: list[dict[str, Any]] = home.surely("deliveries.list", all=True)["posts"]
    return listed[::-1]


def wait_until(home: Home, is_so: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + WAIT_S
    while not is_so(told := posts_of(home)):
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    return told


Written = dict[tuple[str, str], int]
"""How often an activity had come to an inbox when the store was first seen to say that it was delivered."""


def kill_at_random(home: Home, dice: Random, times: int, kept: Readers, written: Written) -> int:
    """Kill and start it again, the first time at once; how often it was about to spread something.

    What the store of the dead node says to be delivered has come by then, so `written` is what is final.
    """
    spreading = 0
    for number in range(times):
        time.sleep(dice.uniform(0.0, 0.5 if number else 0.08))
        home.kill()
        is_spreading, delivered = left_by(home)
        came = kept.got()
        for pair in delivered:
            assert came[pair], "nothing is written down as delivered that has not come"
            written.setdefault(pair, came[pair])
        spreading += is_spreading
        home.start()
        deadline = time.monotonic() + WAIT_S
        while not home.is_up():
            assert time.monotonic() < deadline, home.log.read_text()[-3000:]
            time.sleep(0.02)
    return spreading


def left_by(home: Home) -> tuple[bool, list[tuple[str, str]]]:
    """Whether a killed node was about to spread something; what it had written down as delivered."""
    with closing(sqlite3.connect(f"file:{home.data / 'obverse.db'}?mode=ro", uri=True)) as store:
        spreading = store.execute("SELECT count(*) FROM fan_out WHERE spreading = 1").fetchone()[0]
        delivered = store.execute("SELECT activity_id, inbox FROM delivery WHERE state = 'delivered'")
        return bool(spreading), delivered.fetchall()


def say_until_a_kill_meets_it(home: Home, dice: Random, kept: Readers, written: Written) -> int:
    """Say something to many and kill the node before it has spread it; how much was said until then."""
    for said in range(1, TRIES + 1):
        home.ask("post.new", text=f"We have milk again, for the {said}. time.")
        if kill_at_random(home, dice, 1, kept, written):
            return said
    pytest.fail("no kill met the spreading")


def test_a_post_to_many_outlives_kills_at_any_moment(
    tmp_path: Path, ports: Callable[[int], list[int]], readers: tuple[Readers, int]
) -> None:
    kept, port = readers
    (own,) = ports(1)
    url, data = f"http://north.localhost:{own}", tmp_path / "north"
    hosts = [f"north.localhost:{own}", *(f"r{n}.localhost:{port}" for n in range(HOSTS))]
    found(data, "north", "vendor", url, own, hosts)
    inboxes = crowd(port)
    let_follow(data, f"{url}/actors/north", inboxes)
    children, dice, written = Children(), Random(SEED), Written()
    home = Home("north", data, children)
    try:
        home.start()
        home.surely("user.list")
        said = say_until_a_kill_meets_it(home, dice, kept, written)
        kill_at_random(home, dice, KILLS - 1, kept, written)
        told = wait_until(home, lambda posts: all(post["delivered"] == READERS for post in posts))
        assert [(post["inboxes"], post["is_spread"]) for post in told] == [(READERS, True)] * said, (
            "one row an inbox"
        )
        came = kept.got()
        assert sorted(came) == sorted((post["activity"], inbox) for post in told for inbox in inboxes)
        again = {pair for pair, count in written.items() if came[pair] != count}
        assert not again, "what is written down as delivered is not sent again"
        assert len(kept.bodies) == said, "the very bytes, however often it was begun anew"

        home.ask("post.new", text="And cream.")
        _taken_back_amid_kills(home, dice, kept, written)
        home.stop()
    finally:
        children.close()


def _taken_back_amid_kills(home: Home, dice: Random, kept: Readers, written: Written) -> None:
    """A Delete that overtakes its post: whoever got the post gets it, and gets it last."""
    first, before = len(kept.came), len(posts_of(home)) - 1
    newest = home.surely("post.list")["posts"][0]
    kill_at_random(home, dice, 1, kept, written)
    try:
        home.ask("post.delete", post=newest["id"])
    except Unheard:
        pytest.fail("the node is up")
    kill_at_random(home, dice, 3, kept, written)
    told = wait_until(
        home, lambda posts: len(posts) == before + 2 and not any(post["waiting"] for post in posts)
    )
    create, delete = told[before:]
    assert create["taken_back_at"] is not None
    assert delete["delivered"] == READERS
    last: dict[str, str] = {}
    for inbox, what, _ in kept.came[first:]:
        last[inbox] = what
    assert set(last.values()) == {"Delete"}
    assert create["delivered"] + create["dropped"] == create["inboxes"]
