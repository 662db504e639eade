"""A node with its private pages, whole but for the network, on a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY

from federation.client import AsgiEngine
from federation.keys import SigningKey, generate_rsa
from node.app import create_app
from node.config import Config
from node.container import OpenNode, open_node
from node.context import Node
from node.domain.accounts import Account, AccountKind
from node.domain.terms import ROSTER
from node.services.accounts import NewAccount, create_account, create_node_actor
from node.signing import create_node_key
from node.store.sqlite import open_sqlite
from tests.browsing import Browser

__all__ = ["House", "house", "rsa"]

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PASSWORD = "four quiet bicycles"
CHEAP = replace(RFC_9106_LOW_MEMORY, time_cost=1, memory_cost=8, parallelism=1)
"""What a real hash costs is `test_passwords`' own matter."""
HASHED = PasswordHasher.from_parameters(CHEAP).hash(PASSWORD)


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **spans: float) -> None:
        self.now += timedelta(**spans)


@dataclass
class House:
    """One node at `https://ana.example` with an account `ana` where `move_in` made it."""

    opened: OpenNode
    clock: Clock
    key: SigningKey = field(repr=False)
    app: Any
    apps: dict[str, Any] = field(default_factory=dict, repr=False)
    """Every server that the node can reach, by host."""

    @property
    def node(self) -> Node:
        return self.opened.node

    @property
    def base(self) -> str:
        return self.node.config.base_url

    async def move_in(self, name: str = "ana", kind: str = "person", *, password: bool = True) -> Account:
        actor = f"{self.base}/actors/{name}"
        new = NewAccount(
            name,
            AccountKind(kind),
            name.title(),
            replace(self.key, id=f"{actor}#main-key", owner=actor),
            terms_accepted=tuple(ROSTER) if kind == "vendor" else (),
            password_hash=HASHED if password else None,
        )
        return await self.node.work(lambda desk: create_account(desk, new))

    def browser(self, **says: str) -> Browser:
        given = {"sec-fetch-site": "same-origin", **{name.replace("_", "-"): v for name, v in says.items()}}
        return Browser(self.app, self.base, says=given)

    async def logged_in(self, name: str = "ana", **says: str) -> Browser:
        browser = self.browser(**says)
        await browser.get("/login")
        seen = await browser.submit({"name": name, "password": PASSWORD})
        assert seen.status == 200, seen.words
        return browser


@pytest.fixture(scope="session")
def rsa() -> SigningKey:
    return generate_rsa("https://nobody.example/#main-key", "https://nobody.example/")


@pytest.fixture
async def house(
    tmp_path: Path, rsa: SigningKey, anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    monkeypatch.setattr("node.web.passwords.RFC_9106_LOW_MEMORY", CHEAP)
    clock, apps = Clock(), dict[str, Any]()
    config = Config(data_dir=tmp_path, base_url="https://ana.example", cast_spread_s=0)
    (tmp_path / "config.toml").write_text(f'base_url = "{config.base_url}"\n')
    create_node_key(config.node_key_path)
    database = await open_sqlite(config.database_path, clock=clock, create=True)
    await database.aclose()
    engine = AsgiEngine(apps)
    engine._apps = apps  # servers that a test adds later are reached, too
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(open_node(config, clock=clock, engine=engine))
        actor = config.node_actor
        await opened.node.work(
            lambda desk: create_node_actor(desk, replace(rsa, id=f"{actor}#main-key", owner=actor))
        )
        app = apps["ana.example"] = create_app(opened.node, opened.inbox)
        yield House(opened, clock, rsa, app, apps)
