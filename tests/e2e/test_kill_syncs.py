"""A node is killed at every sync of a short run, one after another; each time it goes on as if nothing were.

`strace` kills the node's process on entering its first, second, third … fdatasync, until a run ends without
having been killed: then every one has had its turn. What was acknowledged before is there afterwards, once,
with one effect (`security X01`). So it goes with the writes between the syncs, of which there are hundreds:
each so-many-th in the suite, every one where OBVERSE_KILLS asks for a thousand kills.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from federation import signatures
from federation.digest import object_digest
from federation.keys import SigningKey, generate_rsa
from federation.messages import HttpMessage, JsonObject
from tests.e2e.deals import BICYCLE
from tests.e2e.homes import Children, Home, Unheard, found
from tests.e2e.played import Audience, PlainHost, audience_at
from tests.needs import need_command, want
from tests.security.commerce import Customer
from tests.security.forging import a_follow
from tests.security.peers import ACTIVITY, Clock, make_peer, serve_node_actor
from tests.soak.books import read_book

pytestmark = [pytest.mark.slow, pytest.mark.processes]

STOCK = 10
CATALOGUE = (
    "sku,name,category,price,currency,stock,lead_days,prop.bodyHeight\n"
    f"KID,Kid 20,{BICYCLE},279.00,EUR,{STOCK},1,105..125 centimetre\n"
)
ATTACH_S, PATIENCE_S = 10.0, 40.0
MOST_CALLS = 5000


@dataclass
class Story:
    """One customer's dealings with the shop, said step by step; what was not acknowledged is said again."""

    shop: Home
    port: int
    customer: Customer
    audience: Audience
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Activity → digest, of everything that was answered 202."""
    on_trouble: Callable[[], None] = lambda: None
    """Called where nobody answers: starts the node again if it was killed."""

    def play(self) -> None:
        """Follow; cast, be offered, ask, accept, be concluded; cast and take back; be sent the goods."""
        me = self.customer
        self.post(a_follow(me.peer, me.to))
        cast, other = me.prove(me.cast()), me.prove(me.cast())
        self.post(cast)
        self.post(other)
        deal = cast["object"]["context"]
        offer = self.hear("Offer", deal)
        self.post(me.prove(me.ask(cast)))
        self.post(me.prove(me.withdraw(other)))
        accept = me.prove(me.accept(offer))
        self.post(accept)
        self.hear("Accept", deal)
        self.tell("deal.progress", lambda shown: bool(shown["progress"]), deal=deal, stage="delivered")
        self.tell("deal.receipt", lambda shown: bool(shown["receipt"]), deal=deal)
        self.wait(lambda: not self.ask("deliveries.list")["deliveries"], "everything is delivered")

    def post(self, activity: JsonObject) -> None:
        """Say it, in the same bytes, until it is acknowledged."""
        body = json.dumps(activity).encode()
        request = HttpMessage.request("POST", f"{self.customer.to}/inbox", {"content-type": ACTIVITY}, body)
        request = signatures.sign(request, self.customer.peer.ed25519, now=datetime.now(UTC))
        status = self.persist(lambda: _status_of(request, self.port))
        assert status == 202, (status, activity["type"])
        self.acknowledged[activity["id"]] = object_digest(activity)

    def hear(self, kind: str, deal: str) -> JsonObject:
        """The first message of this kind on this deal, once it has come."""

        def of_deal() -> list[JsonObject]:
            heard = list(self.audience.heard)
            return [one for one in heard if (one["type"], one.get("context")) == (kind, deal)]

        self.wait(lambda: bool(of_deal()), f"{kind} is heard")
        return of_deal()[0]

    def ask(self, command: str, **args: Any) -> JsonObject:
        """What may be asked twice."""
        answered: JsonObject = self.persist(lambda: self.shop.ask(command, **args))
        return answered

    def tell(self, command: str, is_done: Callable[[JsonObject], bool], **args: Any) -> None:
        """What may be done once: where no answer came, a look decides whether to say it again."""
        while not is_done(self.ask("deal.show", deal=args["deal"])):
            try:
                self.shop.ask(command, **args)
            except Unheard:
                self.on_trouble()

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, f"{what}: not in time\n{self.shop.log.read_text()[-3000:]}"
            self.audience.news.clear()
            if not self.audience.news.wait(0.05):
                self.on_trouble()

    def persist(self, work: Callable[[], Any]) -> Any:
        """Try until somebody answers."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return work()
            except (OSError, HTTPException, Unheard):
                assert time.monotonic() < deadline, self.shop.log.read_text()[-3000:]
                self.on_trouble()
                time.sleep(0.02)


def _status_of(request: HttpMessage, port: int) -> int:
    parts = urlsplit(request.url)
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = {"host": parts.netloc, **dict(request.headers)}
        connection.request("POST", parts.path, request.body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


# --- the node, and who kills it ----------------------------------------------------------------------------


@dataclass
class World:
    """A shop whose first state is kept, so that each run begins from it."""

    root: Path
    port: int
    stranger_port: int
    children: Children
    host: PlainHost
    rsa: SigningKey

    @property
    def data(self) -> Path:
        return self.root / "shop"

    def story(self, audience: Audience) -> Story:
        """A new customer, before the shop as it was at first."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self.root / "first", self.data)
        audience.heard.clear()
        self.host.clock.now = datetime.now(UTC)
        peer = make_peer(self.host, "tess", self.rsa)
        nowhere: Any = None  # the customer only words and signs; what is sent is sent here
        shop = f"http://shop.localhost:{self.port}/actors/shop"
        home = Home("shop", self.data, self.children)
        return Story(home, self.port, Customer(peer, nowhere, "shop", shop), audience)


@contextmanager
def a_world(root: Path, ports: list[int]) -> Iterator[tuple[World, Audience]]:
    """Found the shop, fill its shelf, and keep its data as they are then."""
    stranger = f"tess.localhost:{ports[1]}"
    with ExitStack() as opened:
        children = Children()
        opened.callback(children.close)
        hosts = [f"shop.localhost:{ports[0]}", stranger]
        found(root / "first", "shop", "vendor", f"http://{hosts[0]}", ports[0], hosts)
        shop = Home("shop", root / "first", children)
        shop.start()
        shop.surely("catalogue.import", csv=CATALOGUE)
        shop.surely("rules.add", name="At once")
        shop.stop()
        host = PlainHost(stranger, Clock(datetime.now(UTC)))
        rsa = generate_rsa("https://nowhere.example/1", "https://nowhere.example")
        serve_node_actor(host, rsa)
        audience = opened.enter_context(audience_at(ports[1], host))
        yield World(root, ports[0], ports[1], children, host, rsa), audience


class Hand:
    """Starts the node under a trace, which may kill it (`what` is strace's), and once more without."""

    def __init__(self, strace: str, shop: Home, *what: str) -> None:
        self._shop = shop
        self.pid = shop.pid = shop.children.ask("start stopped", str(shop.data), str(shop.log))
        self.trace, self._words = shop.data.with_suffix(".trace"), shop.data.with_suffix(".strace")
        with self._words.open("wb") as words:
            self._trace = subprocess.Popen(
                [strace, "-f", "-qq", "-o", str(self.trace), "-p", str(self.pid), *what],
                stdin=subprocess.DEVNULL,
                stderr=words,
            )
        self._await_trace()
        shop.signal(signal.SIGCONT)

    def _await_trace(self) -> None:
        deadline = time.monotonic() + ATTACH_S
        status = Path(f"/proc/{self.pid}/status")
        while "TracerPid:\t0\n" in status.read_text():
            if self._trace.poll() is not None or time.monotonic() > deadline:
                self.close()
                want(f"leave to trace processes; strace says: {self._words.read_text().strip()}")
            time.sleep(0.005)

    @property
    def has_killed(self) -> bool:
        ended: int | None = self._shop.children.ask("ended", self.pid)
        return ended == -signal.SIGKILL

    def restart(self) -> None:
        """Start the node again, if it has been killed; anything else that ended it is a fault."""
        ended = self._shop.children.ask("ended", self._shop.pid)
        if ended is not None:
            assert (ended, self._shop.pid) == (-signal.SIGKILL, self.pid), self._shop.log.read_text()[-3000:]
            self._shop.start()

    def stop(self) -> None:
        """Stop the node in good order; where this is what killed it, start it once more and stop that."""
        if self._shop.children.ask("kill", self._shop.pid, signal.SIGTERM) != 0:
            self.restart()
            self._shop.surely("user.list")
            self._shop.stop()

    def close(self) -> None:
        if self._trace.poll() is None and self.pid != self._shop.pid:
            self._trace.wait(ATTACH_S)
        self._trace.terminate()
        self._trace.wait(ATTACH_S)


# --- what must be so afterwards ----------------------------------------------------------------------------


def check(story: Story) -> None:
    """Every acknowledged message is there once; one offer a cast, one conclusion, one piece sold."""
    book = read_book(story.shop.data, time.time())
    assert book.integrity == "ok"
    assert (book.stuck, book.waiting, book.buried, book.inbox["pending"]) == ([], {}, [], 0)
    came = {line.activity: line for line in book.came}
    assert len(came) == len(book.came)
    follow, *talk = story.acknowledged.items()
    assert book.followers == {story.customer.id}, follow
    assert {activity: came[activity].digest for activity, _ in talk} == dict(talk)
    assert [line.refused for line in book.lines if line.refused] == []
    assert Counter(line.kind for line in book.came) == {"cast": 2, "ask": 1, "withdraw": 1, "accept": 1}
    sent = Counter(line.kind for line in book.went)
    assert sent == {"offer": 2, "conclude": 1, "progress": 1, "receipt": 1}
    told = Counter(kind for _, kind in book.notices.elements())
    assert (told["ask"], told["withdraw"], told["accept"]) == (1, 1, 1)
    assert book.stock["KID"] == (str(STOCK - 1), "0")
    # What was delivered twice was the same both times, and all of it arrived.
    heard: dict[str, set[str]] = {}
    for activity in story.audience.heard:
        heard.setdefault(activity["id"], set()).add(object_digest(activity))
    assert all(len(digests) == 1 for digests in heard.values())
    assert {line.activity: {line.digest} for line in book.went}.items() <= heard.items()


def test_x01_every_202_comes_after_a_sync_of_its_own(
    tmp_path: Path, ports: Callable[[int], list[int]]
) -> None:
    """A kill does not lose what was written but not synced; a loss of power does. So syncs are counted."""
    strace = need_command("strace")
    with a_world(tmp_path, ports(2)) as (world, audience):
        story = world.story(audience)
        hand = Hand(strace, story.shop, "-e", "trace=fdatasync,write,sendto,sendmsg,writev", "-s", "32")
        try:
            story.on_trouble = hand.restart
            story.play()
            hand.stop()
        finally:
            hand.close()
        synced, answered = 0, 0
        for line in hand.trace.read_text().splitlines():
            if "fdatasync" in line and line.endswith("= 0"):
                synced += 1
            elif "HTTP/1.1 202" in line and "resumed" not in line:
                answered += 1
                assert synced > 0, f"the {answered}th 202 was sent before anything was synced for it: {line}"
                synced = 0
        assert answered == len(story.acknowledged), "messages are said one by one, so each has its own 202"


SYNCS, WRITES = "fdatasync,fsync", "pwrite64"
EVERY_WRITE = 1 if int(os.environ.get("OBVERSE_KILLS", "0")) >= 1000 else 31


@pytest.mark.parametrize(("calls", "step", "least"), [(SYNCS, 1, 10), (WRITES, EVERY_WRITE, 100)])
def test_x01_kill_at_every_sync_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, ports: Callable[[int], list[int]], calls: str, step: int, least: int
) -> None:
    strace = need_command("strace")
    began, kills = time.monotonic(), 0
    with a_world(tmp_path, ports(2)) as (world, audience):
        for nth in range(1, MOST_CALLS, step):
            story = world.story(audience)
            what = ("-e", f"trace={calls}", "-e", f"inject={calls}:signal=KILL:when={nth}")
            hand = Hand(strace, story.shop, *what)
            try:
                story.on_trouble = hand.restart
                story.play()
                hand.stop()
            finally:
                hand.close()
            check(story)
            if not hand.has_killed:
                break
            kills += 1
        else:
            raise AssertionError("the run has more such calls than were tried")
    assert nth > least, "a run has more of them; whoever traces it has seen too few"
    print(f"{calls}: {kills} kills, up to the {nth - step}th, {time.monotonic() - began:.0f} s")
