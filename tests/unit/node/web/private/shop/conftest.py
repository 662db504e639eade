"""A shop and its customer, each a whole node of its own; the shop's pages are read by a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from federation.keys import SigningKey
from federation.messages import JsonObject
from node.domain.deals import Deal
from node.web.shop.deals import place_of
from tests.browsing import Browser, Seen
from tests.integration.conftest import CATALOGUE, Home, World, cast_bicycle
from tests.unit.node.web.private.conftest import HASHED, PASSWORD

__all__ = ["Street", "street"]


@dataclass
class Street:
    """`ana` is a person's node, `north` a shop's; both know each other over the same short-cut network."""

    world: World
    ana: Home
    north: Home

    @property
    def account(self) -> str:
        return f"{self.north.config.base_url}/actors/north"

    async def browser(self, name: str = "north", home: Home | None = None) -> Browser:
        """A browser, logged in at the shop's node (or another's)."""
        home = home or self.north
        app = self.world.network.apps[f"{home.name}.example"]
        browser = Browser(app, home.config.base_url, says={"sec-fetch-site": "same-origin"})
        await browser.get("/login")
        seen = await browser.submit({"name": name, "password": PASSWORD})
        assert seen.status == 200, seen.words
        return browser

    async def browser_of(self, name: str) -> Browser:
        """A browser of another account at the shop's node."""
        await give_password(self.north, name)
        return await self.browser(name)

    async def stock(self, table: str = CATALOGUE) -> None:
        await self.north.ask("catalogue.import", csv=table)

    async def cast(self, **over: Any) -> JsonObject:
        """Ana's intent, delivered to the shop."""
        done = await cast_bicycle(self.ana, "north", **over)
        await self.world.settle()
        return done

    async def agree(self, price: str = "289.00") -> Deal:
        """An intent, an offer, an acceptance; all delivered."""
        await self.cast()
        deal = (await self.north.deals())[0]
        await self.north.ask("deal.offer", deal=deal.id, price=price, fields=["name", "addresses"])
        await self.world.settle()
        given = {"name": "Ana Perez", "addresses": "12 Argyle Street, Glasgow"}
        await self.ana.ask("deal.accept", offer=deal.id, disclose=given)
        await self.world.settle()
        return (await self.north.deals())[0]

    async def page(self, browser: Browser, deal: Deal) -> Seen:
        return await browser.get(f"/my/deals/{place_of(deal.id)}")

    async def deal(self) -> Deal:
        """The newest deal of the shop."""
        return (await self.north.deals())[0]


@pytest.fixture
async def street(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[Street]:
    world = World(tmp_path, rsa)
    ana, north = await world.person("ana"), await world.vendor("north")
    for home, name in ((ana, "ana"), (north, "north")):
        await give_password(home, name)
    yield Street(world, ana, north)
    await world.aclose()


async def give_password(home: Home, name: str) -> None:
    def work(desk: Any) -> None:
        account = desk.tx.accounts.by_name(name)
        desk.tx.accounts.save(replace(account, password_hash=HASHED))

    await home.node.work(work)
