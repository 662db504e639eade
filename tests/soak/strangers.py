"""Strangers: played actors on hosts of their own, who say signed things to the shops and hear the answers.

Every word is journaled before it is sent, every answer when it came, every message that reaches one of their
inboxes before it is acknowledged. What a stranger has said she says again until she is answered, as any
server does.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit

from federation import signatures
from federation.digest import object_digest
from federation.keys import generate_rsa
from federation.messages import HttpMessage, JsonObject
from tests.e2e.played import PlainHost
from tests.security.commerce import Customer
from tests.security.forging import a_follow
from tests.security.peers import ACTIVITY, Clock, Host, Peer, make_peer, serve_node_actor
from tests.soak.journal import Journal
from tests.soak.plan import Plan

__all__ = ["HOSTS", "PASSING", "Shop", "Strangers", "stranger_hosts"]

HOSTS = 20
"""So many hosts share the load: none comes near what one host may ask for in a minute."""
EACH = 3
PLANS = ("buy", "browse", "buy", "ask", "withdraw", "buy")
AHEAD = 200
"""So many casts are signed before they are due."""
FRESH_S = 200.0
"""A request is signed anew when its signature is older; the activity stays as it was."""
AGAIN = 0.03
"""The share of what was acknowledged that is sent once more, byte for byte or signed anew."""
AT_ONCE = 200
PASSING = frozenset({0, 408, 429, 503})
"""What says "later": no answer, too slow (so says a node that stood still), too often, too busy."""
ANSWER_S = 35.0
LONGEST_PAUSE_S = 20.0


def stranger_hosts(port: int) -> list[str]:
    """Their hosts, with the port of the line that leads to them all."""
    return [f"s{number}.localhost:{port}" for number in range(HOSTS)]


@dataclass(frozen=True)
class Shop:
    """A vendor as strangers know it: its actor, and the port of the line to it."""

    name: str
    actor: str
    port: int


@dataclass
class Talk:
    """One deal of a stranger's."""

    customer: Customer
    shop: Shop
    plan: str
    cast: JsonObject
    offer: JsonObject = field(default_factory=dict)
    asked: bool = False


Maker = Callable[[], JsonObject]


@dataclass
class Strangers:
    """Everybody who is nobody's customer yet. `run` speaks, `serve` listens; both in one event loop."""

    plan: Plan
    shops: list[Shop]
    journal: Journal
    dice: Random
    port: int
    clock: Clock = field(default_factory=lambda: Clock(datetime.now(UTC)))
    silent: bool = False
    """Once set, nothing new is begun; what was said is still said until it is heard."""
    statuses: Counter[str] = field(default_factory=Counter)
    heard: int = 0
    in_flight: int = 0
    failed: BaseException | None = None
    """What made one of them fall silent in the midst of something."""
    _talks: dict[str, Talk] = field(default_factory=dict)
    _ready: deque[tuple[Talk | None, str, Shop, Peer, Maker]] = field(default_factory=deque)
    _prepared: deque[Talk] = field(default_factory=deque)
    _peers: list[Peer] = field(default_factory=list)
    _hosts: dict[str, Host] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def settle_in(self) -> None:
        """Make their keys and documents."""
        rsa = generate_rsa("https://nowhere.example/1", "https://nowhere.example")
        for name in stranger_hosts(self.port):
            host = self._hosts[name] = PlainHost(name, self.clock)
            serve_node_actor(host, rsa)
            self._peers += [make_peer(host, f"p{number}", rsa) for number in range(EACH)]

    # --- speaking --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Say `rate` things a second until silenced, then wait until all that was said is heard."""
        preparing = asyncio.create_task(self._prepare())
        for peer in self._peers:
            for shop in self.shops:
                self._ready.append((None, "follow", shop, peer, _follow(peer, shop)))
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self.silent:
            due += self.dice.expovariate(self.plan.rate)
            await asyncio.sleep(max(0.0, due - loop.time()))
            if self.in_flight >= AT_ONCE:
                # Who is not heard waits; what is late is not made up for by a burst.
                due = max(due, loop.time())
                continue
            self._say_next()
        preparing.cancel()
        while self.in_flight or self._ready:
            if self._ready:
                self._say_next()
            await asyncio.sleep(0.05)

    async def _prepare(self) -> None:
        """Keep casts signed ahead of their time."""
        while True:
            while len(self._prepared) < AHEAD:
                self.clock.now = datetime.now(UTC)
                self._prepared.append(self._a_talk())
                await asyncio.sleep(0)
            await asyncio.sleep(0.2)

    def _a_talk(self) -> Talk:
        peer, shop = self.dice.choice(self._peers), self.dice.choice(self.shops)
        # No node of ours is asked in this process: the customer only words and signs what is sent.
        nowhere: Any = None
        customer = Customer(peer, nowhere, shop.name, shop.actor)
        talk = Talk(customer, shop, self.dice.choice(PLANS), peer.prove(customer.cast()))
        self._talks[talk.cast["object"]["context"]] = talk
        return talk

    def _say_next(self) -> None:
        self.clock.now = datetime.now(UTC)
        if self._ready:
            talk, kind, shop, peer, make = self._ready.popleft()
            activity = peer.prove(make()) if kind != "follow" else make()
        elif self._prepared:
            talk = self._prepared.popleft()
            kind, shop, peer, activity = "cast", talk.shop, talk.customer.peer, talk.cast
        else:
            return
        self.in_flight += 1
        self._start(self._tell(talk, kind, shop, peer, activity))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.failed = self.failed or task.exception()

    async def _tell(self, talk: Talk | None, kind: str, shop: Shop, peer: Peer, activity: JsonObject) -> None:
        """Say one thing until it is answered with a 2xx; what ends otherwise is journaled and left."""
        try:
            digest = object_digest(activity)
            deal = talk.cast["object"]["context"] if talk is not None else ""
            await self.journal.note(send=activity["id"], to=shop.name, kind=kind, digest=digest, deal=deal)
            body = json.dumps(activity).encode()
            status = await self._until_heard(activity["id"], body, shop, peer)
            if 200 <= status < 300:
                if self.dice.random() < AGAIN:
                    await self._try(activity["id"], self._signed(body, shop, peer), shop)
                self._go_on(talk, kind)
        finally:
            self.in_flight -= 1

    async def _until_heard(self, name: str, body: bytes, shop: Shop, peer: Peer) -> int:
        loop = asyncio.get_running_loop()
        pause_s, signed_at, request = 0.5, 0.0, None
        while True:
            if request is None or loop.time() - signed_at > FRESH_S:
                request, signed_at = self._signed(body, shop, peer), loop.time()
            status, retry_after_s = await self._try(name, request, shop)
            if status not in PASSING:
                return status
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            await asyncio.sleep(min(max(pause_s, retry_after_s), 60) * self.dice.uniform(1, 1.3))

    def _signed(self, body: bytes, shop: Shop, peer: Peer) -> HttpMessage:
        request = HttpMessage.request("POST", f"{shop.actor}/inbox", {"content-type": ACTIVITY}, body)
        return signatures.sign(request, peer.ed25519, now=datetime.now(UTC))

    async def _try(self, name: str, request: HttpMessage, shop: Shop) -> tuple[int, float]:
        """One try: its status, 0 for none; and for how long we are asked to wait."""
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(ANSWER_S):
                status, retry_after_s = await _post(request, shop.port)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            status, retry_after_s = 0, 0.0
        self.statuses[str(status or "none")] += 1
        took_s = asyncio.get_running_loop().time() - began
        await self.journal.note(answer=name, status=status, took=round(took_s, 3))
        return status, retry_after_s

    def _go_on(self, talk: Talk | None, kind: str) -> None:
        """What a stranger says once this has been heard."""
        if talk is None:
            return
        if kind == "ask":
            talk.asked = True
            self._answer_offer(talk)
        elif kind == "cast" and talk.plan == "ask":
            self._queue(talk, "ask", lambda: talk.customer.ask(talk.cast))
        elif kind == "cast" and talk.plan == "withdraw":
            self._queue(talk, "withdraw", lambda: talk.customer.withdraw(talk.cast), last=True)

    def _queue(self, talk: Talk, kind: str, make: Maker, *, last: bool = False) -> None:
        """Have it said; what is the last word of a deal ends our interest in it."""
        self._ready.append((talk, kind, talk.shop, talk.customer.peer, make))
        if last:
            self._talks.pop(talk.cast["object"]["context"], None)

    # --- listening -------------------------------------------------------------------------------------

    async def serve(self, port: int) -> asyncio.Server:
        """Serve every stranger's host at this port."""
        return await asyncio.start_server(self._serve_one, "127.0.0.1", port)

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await _read_request(reader)
                answer = await self._answer(request)
                length = ("content-length", str(len(answer.body)))
                head = "".join(f"{name}: {value}\r\n" for name, value in (*answer.headers, length))
                writer.write(f"HTTP/1.1 {answer.status} So\r\n{head}\r\n".encode() + answer.body)
                await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # it hung up, or broke
        finally:
            writer.close()

    async def _answer(self, request: HttpMessage) -> HttpMessage:
        host = self._hosts.get(urlsplit(request.url).netloc)
        if host is None:
            return HttpMessage(status=421)
        if request.method == "POST":
            return HttpMessage(status=await self._hear(json.loads(request.body)))
        answer = host.answer(request)
        host.requests.clear()
        return answer

    async def _hear(self, activity: JsonObject) -> int:
        """Write a message down, then acknowledge it, then act on it."""
        kind = _kind_of(activity)
        cited = {name: activity[name] for name in ("offerDigest", "acceptDigest") if name in activity}
        reason = activity["instrument"]["reasonCode"] if kind == "refuse" else None
        self.heard += 1
        await self.journal.note(
            heard=activity["id"],
            by=activity["actor"],
            kind=kind,
            digest=object_digest(activity),
            deal=activity.get("context", ""),
            about=activity["object"] if isinstance(activity["object"], str) else "",
            reason=reason,
            **cited,
        )
        talk = self._talks.get(activity.get("context", ""))
        if talk is not None and kind == "offer" and not talk.offer:
            talk.offer = activity
            self._answer_offer(talk)
        return 202

    def _answer_offer(self, talk: Talk) -> None:
        if not talk.offer:
            return
        me, offer = talk.customer, talk.offer
        if talk.plan == "buy":
            self._queue(talk, "accept", lambda: me.accept(offer), last=True)
        elif talk.plan == "browse" or talk.asked:
            self._queue(talk, "decline", lambda: me.decline(offer), last=True)


def _follow(peer: Peer, shop: Shop) -> Maker:
    return lambda: a_follow(peer, shop.actor)


def _kind_of(activity: JsonObject) -> str:
    inner = activity["object"]
    match activity["type"]:
        case "Offer":
            return "offer"
        case "Accept":
            return "conclude" if "acceptDigest" in activity else "follow accepted"
        case "Reject":
            return "refuse"
        case other:
            return f"{other} {inner.get('type') if isinstance(inner, dict) else ''}".strip()


# --- HTTP, as little as it takes --------------------------------------------------------------------------


async def _post(request: HttpMessage, port: int) -> tuple[int, float]:
    """The status and the Retry-After of a POST over a connection of its own. Raises: OSError, ValueError."""
    parts = urlsplit(request.url)
    names = {name for name, _ in request.headers}
    headers = [*request.headers, ("content-length", str(len(request.body))), ("connection", "close")]
    if "host" not in names:
        headers.insert(0, ("host", parts.netloc))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"POST {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + request.body)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        found = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        # What is acknowledged counts when all of the answer has come.
        await reader.readexactly(int(found.get("content-length", "0")))
        return int(lines[0].split()[1]), float(found.get("retry-after", "0"))
    finally:
        writer.close()


async def _read_request(reader: asyncio.StreamReader) -> HttpMessage:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split()
    headers = [tuple(line.split(": ", 1)) for line in lines[1:] if ": " in line]
    found = {name.lower(): value for name, value in headers}
    body = await reader.readexactly(int(found.get("content-length", "0")))
    return HttpMessage.request(method, f"http://{found['host']}{path}", found, body)
