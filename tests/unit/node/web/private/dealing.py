"""Ana in her browser, and real shops on nodes of their own in this process, moved by commands."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from federation.client import AsgiEngine
from federation.keys import SigningKey
from federation.messages import HttpMessage, JsonObject
from node.app import create_app
from node.commands import answer, build_commands
from node.config import Config
from node.container import OpenNode, open_node
from node.domain.accounts import AccountKind
from node.domain.deals import Deal
from node.domain.terms import ROSTER
from node.services.accounts import NewAccount, create_account, create_node_actor
from node.signing import create_node_key
from node.store.sqlite import open_sqlite
from tests.browsing import Browser
from tests.unit.node.web.private.conftest import HASHED, PASSWORD, Clock

__all__ = ["CATALOGUE", "Home", "Street", "last_part"]

COMMANDS = build_commands()
CATALOGUE = """\
sku,name,category,price,currency,stock,lead_days,delivery,brand,prop.bodyHeight,prop.colour
NK20,North Kid 20,https://www.wikidata.org/wiki/Q11442,279.00,EUR,3,2,10.00,North,105..125 centimetre,red
MILK,Milk,https://www.wikidata.org/wiki/Q8495,1.35,EUR,10,0,,,,
"""


def last_part(iri: str) -> str:
    return iri.rsplit("/", 1)[-1]


class Network:
    """The nodes by host. `down` hosts do not answer; what was sent is counted."""

    def __init__(self) -> None:
        self.apps: dict[str, Any] = {}
        self.down: set[str] = set()
        self.sent = 0

    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage:
        self.sent += 1
        if message.url.split("/")[2] in self.down:
            raise OSError("nobody answers")
        return await AsgiEngine(self.apps).exchange(message, total_s=total_s, max_bytes=max_bytes)


@dataclass
class Home:
    """One node with one account of the same name."""

    name: str
    opened: OpenNode
    app: Any

    async def ask(self, command: str, /, **args: Any) -> JsonObject:
        """Run a command as the command line does."""
        answered = await answer(COMMANDS, self.opened.node, command, args)
        assert "error" not in answered, answered["error"]
        result: JsonObject = answered["result"]
        return result

    async def deals(self) -> list[Deal]:
        actor = f"https://{self.name}.example/actors/{self.name}"
        return await self.opened.node.look(lambda desk: desk.tx.deals.all(actor))

    async def deal(self) -> Deal:
        (found,) = await self.deals()
        return found


@dataclass
class Street:
    """Ana's node and the shops'. `settle()` lets all of them work until nothing moves."""

    root: Path
    rsa: SigningKey
    stack: AsyncExitStack
    clock: Clock = field(default_factory=Clock)
    network: Network = field(default_factory=Network)
    homes: dict[str, Home] = field(default_factory=dict)

    async def move_in(self, name: str, kind: str) -> Home:
        directory = self.root / name
        directory.mkdir()
        config = Config(data_dir=directory, base_url=f"https://{name}.example", cast_spread_s=0)
        create_node_key(config.node_key_path)
        database = await open_sqlite(config.database_path, clock=self.clock, create=True)
        await database.aclose()
        opened = await self.stack.enter_async_context(
            open_node(config, clock=self.clock, engine=self.network, jitter=lambda: 0.5)
        )
        await opened.node.work(lambda desk: create_node_actor(desk, self._key(config.node_actor)))
        new = NewAccount(
            name,
            AccountKind(kind),
            f"{name.title()} Bicycles" if kind == "vendor" else name.title(),
            self._key(f"{config.base_url}/actors/{name}"),
            terms_accepted=tuple(ROSTER) if kind == "vendor" else (),
            password_hash=HASHED,
        )
        await opened.node.work(lambda desk: create_account(desk, new))
        app = self.network.apps[f"{name}.example"] = create_app(opened.node, opened.inbox)
        self.homes[name] = Home(name, opened, app)
        return self.homes[name]

    async def neighbour(self, name: str, *, on: str, kind: str = "person") -> None:
        """Another account on the same node."""
        node = self.homes[on].opened.node
        actor = f"{node.config.base_url}/actors/{name}"
        new = NewAccount(
            name,
            AccountKind(kind),
            name.title(),
            self._key(actor),
            terms_accepted=tuple(ROSTER) if kind == "vendor" else (),
            password_hash=HASHED,
        )
        await node.work(lambda desk: create_account(desk, new))

    def _key(self, owner: str) -> SigningKey:
        return replace(self.rsa, id=f"{owner}#main-key", owner=owner)

    async def shop(self, name: str, **rule: Any) -> Home:
        """A shop with a catalogue and a rule that answers at once."""
        home = await self.move_in(name, "vendor")
        await home.ask("catalogue.import", csv=CATALOGUE)
        await home.ask("rules.add", name="At once", **{"fields": ["name", "addresses"], **rule})
        return home

    async def cast(self, *vendors: str, **over: Any) -> str:
        """Ana's wish for a child's bicycle: the page of its intent."""
        wanted: dict[str, Any] = {
            "name": "child bicycle",
            "category": "Q11442",
            "budget": "300 EUR",
            "due": "5d",
            "until": "3d",
            "to": [f"@{name}@{name}.example" for name in vendors],
            "wishes": [
                {"wish": "fits a child of 115 cm", "weight": "must", "property": "bodyHeight", "op": "fits",
                 "value": "115", "unit": "centimetre"},
                {"wish": "red", "property": "colour", "op": "is", "value": "red"},
                {"wish": "with lights"},
            ],
        }  # fmt: skip
        intent = await self.homes["ana"].ask("intent.cast", **{**wanted, **over})
        await self.settle()
        return f"/my/intents/{last_part(intent['id'])}"

    async def settle(self) -> None:
        for _ in range(30):
            before = self.network.sent
            for home in self.homes.values():
                await home.opened.run_until_idle()
            if self.network.sent == before:
                return
        raise AssertionError("the nodes never come to rest")

    async def browser(self, name: str = "ana", *, on: str = "") -> Browser:
        """A browser in which the account of that name is logged in, proven a moment ago."""
        host = on or name
        says = {"sec-fetch-site": "same-origin"}
        browser = Browser(self.homes[host].app, f"https://{host}.example", says=says)
        await browser.get("/login")
        seen = await browser.submit({"name": name, "password": PASSWORD})
        assert seen.status == 200, seen.words
        return browser
