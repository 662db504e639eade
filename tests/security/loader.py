"""The outside of a node as a process of its own: honest senders, forgers, slow connections, and their host.

    python -m tests.security.loader PLAN      (PLAN: JSON, the fields of `Plan`)

Everything is signed before the first message leaves. It says "ready" on a line of its own, begins when a line
comes in, and ends with one line of JSON: what was sent, and what came back for each message.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from federation import signatures
from federation.keys import SigningKey, generate_ed25519, generate_rsa
from federation.messages import HttpMessage
from tests.security.forging import a_cast, a_follow
from tests.security.peers import Clock, Host, Peer, make_peer, own_name

__all__ = ["Plan", "Result"]

ANSWER_S = 40.0


@dataclass(frozen=True)
class Plan:
    """What to do. `vendor` is the account that everything is for; `port` is where its node listens.

    `name` begins the names of the senders: two loads are different people.
    `hang`: inboxes of the senders take the connection and never answer. `follows` are sent first.
    """

    vendor: str
    port: int
    own_port: int
    name: str
    seconds: float
    senders: int = 4
    honest_per_s: float = 20.0
    bad_per_s: float = 0.0
    slow: int = 0
    follows: int = 0
    hang: bool = False


@dataclass
class Result:
    """`answers`: activity id → status (0: no answer), seconds; `bad`: how often each status was answered."""

    answers: dict[str, tuple[int, float]] = field(default_factory=dict)
    bad: dict[str, int] = field(default_factory=dict)
    slow_opened: int = 0
    slow_answers: dict[str, int] = field(default_factory=dict)
    hung: int = 0


class LocalHost(Host):
    """A played server without TLS, on loopback."""

    @property
    def base(self) -> str:
        return f"http://{self.name}"


@dataclass(frozen=True)
class Letter:
    """One signed message: its id, and its bytes on the wire."""

    id: str
    data: bytes


class Loader:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.result = Result()
        self.dice = random.Random(7)
        clock = Clock(datetime.now(UTC))
        self.host = LocalHost(f"peer.localhost:{plan.own_port}", clock)
        rsa = generate_rsa("http://nowhere.example/1", "http://nowhere.example")
        self.senders = [make_peer(self.host, f"{plan.name}{n}", rsa) for n in range(plan.senders)]
        self.stranger = own_name(generate_ed25519("x:y", "x:y"), f"{self.host.base}/actors/nobody")

    # --- writing ----------------------------------------------------------------------------------------

    def honest(self, count: int) -> list[Letter]:
        return [self.letter(sender, self.cast(sender)) for sender in self.turns(count)]

    def follows(self) -> list[Letter]:
        vendor = self.plan.vendor
        return [self.letter(sender, a_follow(sender, vendor)) for sender in self.turns(self.plan.follows)]

    def forged(self, count: int) -> list[Letter]:
        """By turns: other bytes than were signed, an unknown key, another's name, no signature at all."""
        letters = []
        for n, sender in enumerate(self.turns(count)):
            activity = self.cast(sender)
            kind = n % 5
            if kind == 0:
                letters.append(self.letter(sender, activity, key=self.stranger))
            elif kind == 1:
                letters.append(self.letter(sender, {**activity, "actor": f"{self.host.base}/actors/nobody"}))
            elif kind == 2:
                letters.append(self.letter(sender, activity, key=None))
            else:
                whole = self.letter(sender, activity)
                letters.append(Letter(whole.id, whole.data[:-2] + b" }"))
        return letters

    def turns(self, count: int) -> Iterator[Peer]:
        return (self.senders[n % len(self.senders)] for n in range(count))

    def cast(self, sender: Peer) -> dict[str, object]:
        now = self.host.clock.now
        activity = a_cast(sender, self.plan.vendor)
        ends = f"{now + timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
        activity["object"] |= {"endTime": ends, "hasEnd": ends}
        activity["object"]["publishes"]["due"] = f"{now + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
        return sender.prove(activity)

    def letter(
        self, sender: Peer, activity: dict[str, object], *, key: SigningKey | str | None = "own"
    ) -> Letter:
        body = json.dumps(activity).encode()
        request = HttpMessage.request(
            "POST", f"{self.plan.vendor}/inbox", {"content-type": "application/activity+json"}, body
        )
        if key is not None:
            signer = sender.ed25519 if isinstance(key, str) else key
            request = signatures.sign(request, signer, now=datetime.now(UTC))
        parts = urlsplit(request.url)
        lines = [f"POST {parts.path} HTTP/1.1", f"host: {parts.netloc}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in request.headers]
        return Letter(str(activity["id"]), "\r\n".join([*lines, "", ""]).encode() + body)

    # --- sending ----------------------------------------------------------------------------------------

    async def send(self, letters: list[Letter], per_s: float, note: object) -> None:
        """Each at its own time, whatever became of those before it."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for n, letter in enumerate(letters):
                due = began + n / per_s
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                tasks.create_task(self.send_one(letter, due, note))

    async def send_one(self, letter: Letter, due: float, note: object) -> None:
        status = 0
        with suppress(OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(ANSWER_S):
                status = await self.exchange(letter.data)
        took = time.monotonic() - due
        if isinstance(note, Counter):
            note[str(status)] += 1
        else:
            self.result.answers[letter.id] = (status, took)

    async def exchange(self, data: bytes) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.plan.port)
        try:
            writer.write(data)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            return int(head.split(b" ", 2)[1])
        finally:
            writer.close()

    # --- being slow -------------------------------------------------------------------------------------

    async def be_slow(self, kind: int, answers: Counter[str]) -> None:
        """Hold a connection by saying as little as keeps it open; when it is closed, open another."""
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.plan.port)
                self.result.slow_opened += 1
                try:
                    answers[await self.dawdle(kind, reader, writer)] += 1
                finally:
                    writer.close()
            await asyncio.sleep(self.dice.uniform(0.1, 0.5))

    async def dawdle(self, kind: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        host = urlsplit(self.plan.vendor)
        head = f"POST {host.path}/inbox HTTP/1.1\r\nHost: {host.netloc}\r\nX: "
        if kind == 1:
            writer.write(head.encode() + b"y")
        elif kind == 2:
            typed = "y\r\nContent-Type: application/activity+json\r\nContent-Length: 200000\r\n\r\n"
            writer.write((head + typed).encode() + b"x" * self.dice.randrange(100_000))
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    return (await reader.read(200))[9:12].decode("latin-1")
            if kind:
                writer.write(b"z")

    # --- being somebody ---------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The senders' own server: actors' documents, and inboxes."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                lines = [line.partition(":") for line in head.split("\r\n")[1:]]
                length = next((int(v) for k, _, v in lines if k.lower() == "content-length"), 0)
                body = await reader.readexactly(length)
                if method == "POST" and self.plan.hang:
                    self.result.hung += 1
                    await asyncio.sleep(3600)
                answer = self.host.answer(HttpMessage(method, f"{self.host.base}{path}", body=body))
                kind = answer.header("content-type") or "text/plain"
                size = len(answer.body)
                said = f"HTTP/1.1 {answer.status} X\r\ncontent-type: {kind}\r\ncontent-length: {size}"
                writer.write(said.encode() + b"\r\n\r\n" + answer.body)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()

    async def run(self) -> Result:
        plan = self.plan
        follows = self.follows()
        honest = self.honest(round(plan.honest_per_s * plan.seconds))
        forged = self.forged(round(plan.bad_per_s * plan.seconds))
        bad, slow = Counter[str](), Counter[str]()
        server = await asyncio.start_server(self.serve, "127.0.0.1", plan.own_port)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        slowly = [asyncio.create_task(self.be_slow(n % 3, slow)) for n in range(plan.slow)]
        await asyncio.sleep(1.0 if plan.slow else 0.0)
        await self.send(follows, 10.0, None)
        await asyncio.gather(
            self.send(honest, plan.honest_per_s, None), self.send(forged, plan.bad_per_s or 1.0, bad)
        )
        for task in slowly:
            task.cancel()
        await asyncio.gather(*slowly, return_exceptions=True)
        server.close()
        self.result.bad, self.result.slow_answers = dict(bad), dict(slow)
        return self.result


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    result = asyncio.run(Loader(plan).run())
    print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    main()
