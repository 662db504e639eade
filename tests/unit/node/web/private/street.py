"""Several whole nodes in one process, and a browser without scripts that is logged in on one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from node.domain.intents import Intent
from node.store.ports import JobState, QueuedJob
from tests.browsing import Browser, Seen
from tests.integration.conftest import CATALOGUE, Home, World
from tests.unit.node.web.private.conftest import HASHED, PASSWORD

__all__ = ["Street"]

BICYCLE = "https://www.wikidata.org/wiki/Q11442"


@dataclass
class Street:
    """Ana's node, and vendors' beside it. `browser` is hers."""

    world: World
    ana: Home
    browser: Browser

    @classmethod
    async def of(cls, world: World, *vendors: str, rule: bool = False) -> Street:
        """Ana is logged in; each vendor has three things on its shelves and, with `rule`, answers at once."""
        ana = await world.person("ana")
        await cls._let_in(ana, "ana")
        for name in vendors:
            vendor = await world.vendor(name)
            await vendor.ask("catalogue.import", csv=CATALOGUE)
            if rule:
                await vendor.ask("rules.add", name="At once", fields=["name", "addresses"])
            await ana.ask("vendors.add", vendor=f"@{name}@{name}.example")
        street = cls(world, ana, cls._browser(world, ana))
        await street.log_in("ana")
        return street

    @staticmethod
    async def _let_in(home: Home, name: str) -> None:
        def work(desk: Any) -> None:
            account = desk.tx.accounts.by_name(name)
            desk.tx.accounts.save(replace(account, password_hash=HASHED))

        await home.node.work(work)

    @staticmethod
    def _browser(world: World, home: Home) -> Browser:
        app = world.network.apps[f"{home.name}.example"]
        return Browser(app, home.config.base_url, says={"sec-fetch-site": "same-origin"})

    async def log_in(self, name: str) -> None:
        await self.browser.get("/login")
        seen = await self.browser.submit({"name": name, "password": PASSWORD})
        assert seen.status == 200, seen.words

    async def another(self, name: str) -> Browser:
        """Somebody else of the same node, logged in."""
        await self.world.account(self.ana, name, "person")
        await self._let_in(self.ana, name)
        browser = self._browser(self.world, self.ana)
        await browser.get("/login")
        await browser.submit({"name": name, "password": PASSWORD})
        return browser

    # --- composing by hand --------------------------------------------------------------------------------

    async def compose(self, *vendors: str, template: str = "product", **over: str) -> Seen:
        """Fill in every part, up to the page where all is looked through."""
        browser = self.browser
        await browser.get("/my/intents/new")
        await browser.submit({"template": template})
        what = {"name": "Child bicycle, Glasgow", "category": "Bicycle"}
        await browser.submit({**what, **{k: v for k, v in over.items() if k in ("name", "category")}})
        await browser.submit({"wish": "fits a child of 115 cm", "weight": "must", "property": "body height",
                              "op": "fits", "value": "115", "wish_unit": "centimetre"})  # fmt: skip
        await browser.submit(action=browser.at.url.removeprefix(self.base).partition("#")[0] + "/done")
        limits = {} if template == "donation" else {"budget": "300", "budget_currency": "EUR"}
        await browser.submit({**limits, "due": "2026-11-28", "place": "Glasgow"})
        actors = [f"https://{name}.example/actors/{name}" for name in vendors]
        await browser.submit({"vendor": actors, "go": "next"})
        return await browser.submit({"ends": "2026-11-30"})

    @property
    def base(self) -> str:
        return self.ana.config.base_url

    async def intents(self) -> list[Intent]:
        account = f"{self.base}/actors/ana"
        return await self.ana.node.look(lambda desk: desk.tx.intents.all(account))

    async def waiting(self) -> list[QueuedJob]:
        states = (JobState.QUEUED,)
        return await self.ana.node.look(lambda desk: desk.tx.deliveries.all(states=states))
