"""A played remote world, a clock that tests move, keys made once, and a watch on sockets."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from federation.client import Client, ClientConfig
from federation.errors import FetchFailed
from federation.fetching import Fetcher
from federation.keys import PublicKey, SigningKey, generate_ed25519, generate_rsa
from federation.memory import MemoryHostMemory
from federation.messages import HttpMessage, Limits

ACTIVITY = "application/activity+json"


class MovableClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class World:
    """Other people's servers: an engine that answers from what the test has put there."""

    pages: dict[str, HttpMessage | list[HttpMessage] | Exception] = field(default_factory=dict)
    asked: list[HttpMessage] = field(default_factory=list)
    before_answer: Callable[[HttpMessage], Any] | None = None

    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage:
        self.asked.append(message)
        if self.before_answer is not None:
            await self.before_answer(message)
        page = self.pages.get(message.url)
        if page is None:
            return HttpMessage(url=message.url, status=404)
        if isinstance(page, Exception):
            raise page
        if isinstance(page, list):
            page = page.pop(0) if len(page) > 1 else page[0]
        return page

    @property
    def urls(self) -> list[str]:
        return [message.url for message in self.asked]

    def put(self, url: str, document: Any, *, content_type: str = ACTIVITY, status: int = 200) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.pages[url] = HttpMessage(
            url=url, status=status, headers=(("content-type", content_type),), body=body
        )

    def status(self, url: str, status: int, *headers: tuple[str, str]) -> None:
        self.pages[url] = HttpMessage(url=url, status=status, headers=headers)

    def redirect(self, url: str, target: str, status: int = 302) -> None:
        self.status(url, status, ("location", target))

    def fail(self, url: str) -> None:
        self.pages[url] = FetchFailed("no connection", url=url)


def build_actor(
    actor: str,
    *,
    rsa: PublicKey | None = None,
    ed25519: PublicKey | None = None,
    **extra: Any,
) -> dict[str, Any]:
    document: dict[str, Any] = {"id": actor, "type": "Person", "inbox": actor + "/inbox", **extra}
    if rsa is not None:
        document["publicKey"] = {"id": rsa.id, "owner": actor, "publicKeyPem": rsa.pem}
    if ed25519 is not None:
        document["assertionMethod"] = [
            {
                "id": ed25519.id,
                "type": "Multikey",
                "controller": actor,
                "publicKeyMultibase": ed25519.multibase,
            }
        ]
    return document


@pytest.fixture
def actor_document() -> Callable[..., dict[str, Any]]:
    return build_actor


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def hosts() -> MemoryHostMemory:
    return MemoryHostMemory()


@pytest.fixture
def fetcher(world: World, hosts: MemoryHostMemory, clock: MovableClock) -> Fetcher:
    return Fetcher(Client(ClientConfig(), engine=world), lambda: None, hosts, clock, Limits())


@pytest.fixture(scope="session")
def rsa_key() -> SigningKey:
    return generate_rsa("https://us.example/actor#main-key", "https://us.example/actor")


@pytest.fixture(scope="session")
def ed25519_key() -> SigningKey:
    return generate_ed25519("https://us.example/actor#ed25519-key", "https://us.example/actor")


class SocketWatch:
    """Counts sockets as Python itself reports them; audit hooks cannot be removed, hence one for all."""

    def __init__(self) -> None:
        self.events: list[str] | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.events is not None and event in ("socket.__new__", "socket.connect"):
            self.events.append(event)

    @contextmanager
    def watching(self) -> Iterator[list[str]]:
        events: list[str] = []
        self.events = events
        try:
            yield events
        finally:
            self.events = None


@pytest.fixture(scope="session")
def sockets() -> SocketWatch:
    return SocketWatch()
