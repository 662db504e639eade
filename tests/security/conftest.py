"""What every attack stands on: a world with a fresh node in it, and keys made once."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from federation.client import Client
from federation.delivery import DeliveryPorts, deliver
from federation.keys import SigningKey, generate_rsa
from federation.memory import MemorySigningKeys
from federation.messages import Limits
from federation.ports import DeliveryJob, DeliveryOutcome
from node.domain.accounts import AccountKind
from tests.security.household import a_household
from tests.security.peers import Clock
from tests.security.served import Premises, found_premises
from tests.security.wire import QUICK, Liar, SocketWatch, a_door
from tests.security.world import World
from tests.unit.node.web.private.conftest import CHEAP
from tests.unit.node.web.private.dealing import Street

__all__ = ["premises", "rsa_keys", "street", "world"]

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def rsa_keys() -> tuple[SigningKey, ...]:
    """Four RSA keys for the whole session: a played node's, mallory's, tess's, the real nodes'."""
    return tuple(generate_rsa(f"https://nowhere.example/{n}", "https://nowhere.example") for n in range(4))


@pytest.fixture
async def world(tmp_path: Path, rsa_keys: tuple[SigningKey, ...], anyio_backend: str) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        made = World(Clock(NOON), {}, {}, rsa_keys, tmp_path, stack)
        made.m = made.peer("m.example", "mallory", rsa=1)
        made.t = made.peer("t.example", "tess", rsa=2)
        await made.node("v.example", {"shop": AccountKind.VENDOR, "ana": AccountKind.PERSON})
        yield made


@pytest.fixture
async def street(
    tmp_path: Path,
    rsa_keys: tuple[SigningKey, ...],
    anyio_backend: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Street]:
    """A household's node and a shop elsewhere, whose pages are attacked; a hash costs nothing there."""
    monkeypatch.setattr("node.web.passwords.RFC_9106_LOW_MEMORY", CHEAP)
    async with a_household(tmp_path, rsa_keys[3]) as made:
        yield made


@pytest.fixture(scope="session")
def premises(tmp_path_factory: pytest.TempPathFactory) -> Premises:
    """A founded node to copy from; its port is one that was free when the session began."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return found_premises(tmp_path_factory.mktemp("premises") / "v", port)


# --- the way out (group E) ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sockets() -> SocketWatch:
    return SocketWatch()


@pytest.fixture
def clock(world: World) -> Clock:
    return world.clock


@pytest.fixture
def key(rsa_keys: tuple[SigningKey, ...]) -> SigningKey:
    return rsa_keys[0]


@pytest.fixture
def door(clock: Clock, key: SigningKey) -> Any:
    def make(*allowed: Liar, **settings: Any) -> Any:
        return a_door(*allowed, clock=clock, key=key, **settings)

    return make


@pytest.fixture
def post(clock: Clock, key: SigningKey) -> Any:
    """Make one delivery to an inbox through a client."""

    async def run(inbox: str, client: Client, hosts: Any, limits: Limits = QUICK) -> DeliveryOutcome:
        now = clock()
        keys = MemorySigningKeys()
        keys.add(key)
        job = DeliveryJob(1, inbox, key.owner, key.id, b"{}", "", 0, now, now + timedelta(days=7))
        ports = DeliveryPorts(
            client=client, signing_keys=keys, hosts=hosts, clock=clock, limits=limits, random=lambda: 0.5
        )
        return await deliver(job, ports)

    return run
