"""Whole nodes in one process: real stores, real signatures, real HTTP messages; only the wire is short-cut.

A `World` holds nodes by name on one movable clock. `settle()` lets every worker work until nothing moves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from federation.client import AsgiEngine
from federation.errors import FetchFailed
from federation.keys import SigningKey, generate_rsa
from federation.messages import HttpMessage, JsonObject
from federation.worker import WorkerSettings
from node.app import create_app
from node.commands import answer, build_commands
from node.config import Config
from node.container import OpenNode, open_node
from node.context import Node
from node.domain.accounts import AccountKind
from node.domain.deals import Deal
from node.domain.terms import ROSTER
from node.services.accounts import NewAccount, create_account, create_node_actor
from node.signing import create_node_key
from node.store.ports import JobState, Notice
from node.store.sqlite import open_sqlite

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
COMMANDS = build_commands()
BICYCLE = "https://www.wikidata.org/wiki/Q11442"


class CommandRefused(Exception):
    """A command was answered with an error object."""

    def __init__(self, error: JsonObject) -> None:
        super().__init__(f"{error['field']}: {error['wrong']}. {error['right']} ({error['reason']})")
        self.error = error


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **spans: float) -> None:
        self.now += timedelta(**spans)


class Network:
    """The nodes' applications by host name; a host can be cut off. Counts what was sent."""

    def __init__(self) -> None:
        self.apps: dict[str, Any] = {}
        self.down: set[str] = set()
        self.sent: list[HttpMessage] = []

    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage:
        self.sent.append(message)
        host = message.url.split("/")[2]
        if host in self.down:
            raise FetchFailed("nobody answers", url=message.url)
        return await AsgiEngine(self.apps).exchange(message, total_s=total_s, max_bytes=max_bytes)


@dataclass
class Home:
    """One node with the accounts that live on it."""

    name: str
    config: Config
    opened: OpenNode
    stack: AsyncExitStack

    @property
    def node(self) -> Node:
        return self.opened.node

    async def ask(self, command: str, /, **args: Any) -> JsonObject:
        """Run a command as the command line does. Raises: CommandRefused."""
        answered = await answer(COMMANDS, self.node, command, args)
        if "error" in answered:
            raise CommandRefused(answered["error"])
        result: JsonObject = answered["result"]
        return result

    async def deals(self, account: str | None = None) -> list[Deal]:
        """Every deal of an account of this node (default: the one with the node's name)."""
        actor = f"{self.config.base_url}/actors/{account or self.name}"
        return await self.node.look(lambda desk: desk.tx.deals.all(actor))

    async def deal(self, account: str | None = None) -> Deal:
        found = await self.deals(account)
        assert len(found) == 1, [f"{deal.id} {deal.state}" for deal in found]
        return found[0]

    async def notices(self, account: str | None = None) -> list[Notice]:
        actor = f"{self.config.base_url}/actors/{account or self.name}"
        return await self.node.look(lambda desk: desk.tx.notices.all(actor))

    async def stock(self, sku: str, account: str | None = None) -> tuple[str, str]:
        """(stock, reserved) of an item."""
        actor = f"{self.config.base_url}/actors/{account or self.name}"
        item = await self.node.look(lambda desk: desk.tx.catalogue.get(actor, sku))
        assert item is not None
        return f"{item.stock:f}", f"{item.reserved:f}"


@dataclass
class World:
    """Nodes that can reach each other, by host name `NAME.example`."""

    root: Path
    rsa: SigningKey
    clock: Clock = field(default_factory=Clock)
    network: Network = field(default_factory=Network)
    homes: dict[str, Home] = field(default_factory=dict)

    async def node(self, name: str, **accounts: str) -> Home:
        """A node at `https://NAME.example`; `accounts` maps names to `person` or `vendor`."""
        directory = self.root / name
        directory.mkdir()
        config = Config(data_dir=directory, base_url=f"https://{name}.example", cast_spread_s=0)
        create_node_key(config.node_key_path)
        database = await open_sqlite(config.database_path, clock=self.clock, create=True)
        await database.aclose()
        home = await self.open(name, config)
        await home.node.work(lambda desk: create_node_actor(desk, self._key(config.node_actor)))
        for account, kind in accounts.items():
            await self.account(home, account, kind)
        return home

    async def person(self, name: str) -> Home:
        return await self.node(name, **{name: "person"})

    async def vendor(self, name: str) -> Home:
        return await self.node(name, **{name: "vendor"})

    async def account(self, home: Home, name: str, kind: str) -> None:
        actor = f"{home.config.base_url}/actors/{name}"
        terms = tuple(ROSTER) if kind == "vendor" else ()
        new = NewAccount(name, AccountKind(kind), name.title(), self._key(actor), terms_accepted=terms)
        await home.node.work(lambda desk: create_account(desk, new))

    def _key(self, actor: str) -> SigningKey:
        return replace(self.rsa, id=f"{actor}#main-key", owner=actor)

    async def open(self, name: str, config: Config) -> Home:
        """Open a node from its files."""
        stack = AsyncExitStack()
        opened = await stack.enter_async_context(
            open_node(
                config,
                clock=self.clock,
                engine=self.network,
                jitter=lambda: 0.5,
                settings=WorkerSettings(),
            )
        )
        self.network.apps[f"{name}.example"] = create_app(opened.node, opened.inbox)
        self.homes[name] = Home(name, config, opened, stack)
        return self.homes[name]

    async def restart(self, name: str) -> Home:
        """Close a node and open it again from its files."""
        home = self.homes[name]
        await home.stack.aclose()
        return await self.open(name, home.config)

    async def settle(self) -> None:
        """Let every node work until nothing is sent any more at the clock's present time."""
        for _ in range(30):
            before = len(self.network.sent)
            for home in self.homes.values():
                await home.opened.run_until_idle()
            if len(self.network.sent) == before:
                return
        raise AssertionError("the nodes never come to rest")

    async def aclose(self) -> None:
        for home in self.homes.values():
            await home.stack.aclose()

    async def assert_agreed(self, customer: Home, vendor: Home) -> None:
        """Both sides hold the same (offer, accept, conclusion, state) of their one deal in common."""
        ours = {deal.id: _essence(deal) for deal in await customer.deals()}
        theirs = {deal.id: _essence(deal) for deal in await vendor.deals()}
        common = ours.keys() & theirs.keys()
        assert common
        assert {key: ours[key] for key in common} == {key: theirs[key] for key in common}

    async def assert_nothing_waits(self) -> None:
        """No message is queued, held or given up, and none that came could not be processed."""
        states = (JobState.QUEUED, JobState.HELD, JobState.DEAD)
        for home in self.homes.values():
            jobs = await home.node.look(lambda desk: desk.tx.deliveries.all(states=states))
            assert [(job.state, job.detail) for job in jobs] == []
            assert await home.node.look(lambda desk: desk.tx.inbox.dead()) == []


def _essence(deal: Deal) -> tuple[object, ...]:
    agreed = deal.agreed
    digests = (agreed.offer_digest, agreed.digest, agreed.conclusion_digest) if agreed else None
    return deal.state, digests, deal.proposal_digest, deal.receipt.digest if deal.receipt else None


@pytest.fixture(scope="session")
def rsa() -> SigningKey:
    """One RSA key for everybody: making one takes a while, and no test is about whose it is."""
    return generate_rsa("https://nobody.example/#main-key", "https://nobody.example/")


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


@pytest.fixture
def refused() -> type[CommandRefused]:
    return CommandRefused


CATALOGUE = """\
sku,name,category,price,currency,stock,lead_days,delivery,brand,prop.bodyHeight,prop.colour
NK20,North Kid 20,https://www.wikidata.org/wiki/Q11442,279.00,EUR,3,2,10.00,North,105..125 centimetre,red
NK24,North Kid 24,https://www.wikidata.org/wiki/Q11442,319.00,EUR,1,2,10.00,North,120..140 centimetre,blue
MILK,Milk,https://www.wikidata.org/wiki/Q8495,1.35,EUR,10,0,,,,
"""


@dataclass
class Shop:
    """What most stories need of a vendor: a catalogue, and a rule that answers at once where asked for."""

    world: World

    async def stocked(self, name: str, *, rule: bool = False, firm: bool = False) -> Home:
        home = await self.world.vendor(name)
        await home.ask("catalogue.import", csv=CATALOGUE)
        if rule:
            fields = ["name", "addresses"]
            await home.ask("rules.add", name="At once", fields=fields, firm=firm)
        return home


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world)


Cast = Callable[..., Awaitable[JsonObject]]


async def cast_bicycle(home: Home, *vendors: str, **over: Any) -> JsonObject:
    """The intent of the main job: a child's bicycle by Friday, up to 300 EUR."""
    wanted: dict[str, Any] = {
        "name": "child bicycle",
        "category": "Q11442",
        "budget": "300 EUR",
        "due": "5d",
        "until": "3d",
        "wishes": [
            {"wish": "fits a child of 115 cm", "weight": "must", "property": "bodyHeight", "op": "fits",
             "value": "115", "unit": "centimetre"},
            {"wish": "red", "property": "colour", "op": "is", "value": "red"},
        ],
    }  # fmt: skip
    wanted["to"] = [f"@{name}@{name}.example" for name in vendors]
    return await home.ask("intent.cast", **{**wanted, **over})


@pytest.fixture
def cast() -> Cast:
    return cast_bicycle
