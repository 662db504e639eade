"""Real deals between the two nodes that are measured: played in one process, with every signature.

What the copies of `crowds` cannot have is here: messages whose proofs hold, so that the pages that check them
do all of their work.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import anyio
from argon2 import PasswordHasher

from federation.client import AsgiEngine
from federation.messages import HttpMessage
from node.app import create_app
from node.commands import answer, build_commands
from node.config import Config
from node.container import OpenNode, open_node
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.deals import Deal
from node.domain.drafts import Draft, Part, Template
from node.domain.intents import PersonaMode, Place
from node.domain.terms import DEFAULT_PROFFER, parse_terms
from node.domain.values import Quantity
from node.services.feedback import answer_feedback
from node.store.ports import Passkey
from tests.benchmarks.nodes import BICYCLE
from tests.builders import a_wish, money

__all__ = ["PASSWORD", "VENDORS", "Played", "play"]

VENDORS = ("shop", "north", "south", "west")
"""All of them on one node; the first is the one that is measured."""
PASSWORD = "four quiet bicycles"
PASSKEY = "passkeyOfOne"
_HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Cheap to check once; the node makes a dear one of it at the first log-in."""
POSTED = 30
_SHELF = "sku,name,category,price,currency,stock,lead_days,brand,condition,delivery,prop.bodyHeight\n"
_BICYCLE = f"N{{0}},North Kid {{0}},{BICYCLE},279.00,EUR,900,2,North,new,10.00,105..125 centimetre\n"
_WISHES = [
    {"wish": "fits a child of 115 cm", "weight": "must", "property": "bodyHeight", "op": "fits",
     "value": "115", "unit": "centimetre"},
    {"wish": "red", "property": "colour", "op": "is", "value": "red"},
    {"wish": "with lights"},
    {"wish": "set up at the door"},
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Played:
    """What the pages are asked for: deals by what became of them, and what hangs on them."""

    won: Deal
    """Received, confirmed, and spoken of."""
    agreed: Deal
    open: Deal
    """With an offer that can be taken."""
    sold: Deal
    """The vendor's side of `won`."""
    draft: str
    passkey: str


def play(person: Config, vendor: Config) -> Played:
    """Let the two nodes, which are not running, deal with each other until all is said."""
    return anyio.run(_play, person, vendor)


async def _play(person: Config, vendor: Config) -> Played:
    network = _Network()
    async with AsyncExitStack() as stack:
        nodes = []
        for config in (person, vendor):
            opened = await stack.enter_async_context(open_node(config, engine=network))
            network.apps[config.host.partition(":")[0]] = create_app(opened.node, opened.inbox)
            nodes.append(opened)
        return await _Players(network, *nodes).play()


class _Network:
    """The two applications by host."""

    def __init__(self) -> None:
        self.apps: dict[str, Any] = {}
        self.sent = 0

    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage:
        self.sent += 1
        return await AsgiEngine(self.apps).exchange(message, total_s=total_s, max_bytes=max_bytes)


class _Players:
    def __init__(self, network: _Network, ana: OpenNode, shop: OpenNode) -> None:
        self._network = network
        self._ana = ana
        self._shop = shop
        self._commands = build_commands()

    async def play(self) -> Played:
        await self._open_shops()
        for number in range(POSTED):
            await self._sell("post.add", sku=f"N{number}", lasts="30d")
        won = await self._buy("won")
        for by, stage in ((self._want, "paid"), (self._sell, "dispatched"), (self._sell, "delivered")):
            await by("deal.progress", deal=won, stage=stage)
        await self._sell("deal.receipt", deal=won, guarantee_until=_days(730))
        await self._want("deal.confirm", deal=won)
        await self._want("deal.feedback", deal=won, text="It rides well, and the bell is loud.")
        aspects = [{"name": "after-sales", "text": "set the saddle at my door", "mood": "delighted"}]
        await self._want("deal.feedback", deal=won, text="Good people.", public=True, aspects=aspects)
        await self._shop.node.work(partial(_answer, person=self._ana.node.config))
        agreed = await self._buy("agreed")
        await self._cast("open", *VENDORS)
        ours = {deal.id: deal for deal in await self._deals(self._ana, "ana")}
        theirs = {deal.id: deal for deal in await self._deals(self._shop, "shop")}
        (newest,) = [deal for deal in ours.values() if deal.live_offers and deal.peer.endswith("/shop")]
        return Played(
            won=ours[won],
            agreed=ours[agreed],
            open=newest,
            sold=theirs[won],
            draft=await self._ana.node.work(_write_draft),
            passkey=await self._let_in(),
        )

    async def _open_shops(self) -> None:
        for name in VENDORS:
            if name != VENDORS[0]:
                await self._ask(self._shop, "user.add", name=name, display=name.title(), kind="vendor")
            shelf = _SHELF + "".join(_BICYCLE.format(number) for number in range(POSTED))
            await self._ask(self._shop, "catalogue.import", account=name, csv=shelf)
            for number in range(8):
                rule = {
                    "name": f"At once, no. {number}",
                    "category": BICYCLE,
                    "fields": ["name", "addresses"],
                }
                await self._ask(self._shop, "rules.add", account=name, **rule)
            host = self._shop.node.config.host
            await self._want("vendors.add", vendor=f"@{name}@{host}")

    async def _buy(self, what: str) -> str:
        """One intent, one offer by rule, taken. The deal's id."""
        (deal,) = await self._cast(what, VENDORS[0])
        (offer,) = (await self._want("offers.list", of=deal))["offers"]
        disclosed = {"name": "Ana Perez", "addresses": "1 Rose Street, Glasgow"}
        price = offer["price"]["amount"]
        await self._want("deal.accept", offer=offer["id"], price=price, disclose=disclosed)
        return deal

    async def _cast(self, what: str, *vendors: str) -> list[str]:
        handles = [f"@{name}@{self._shop.node.config.host}" for name in vendors]
        wanted = {"category": BICYCLE, "budget": "300 EUR", "until": "3d", "due": "5d", "wishes": _WISHES}
        cast = await self._want("intent.cast", name=f"Child bicycle, {what}", to=handles, **wanted)
        return [deal["id"] for deal in cast["deals"]]

    async def _want(self, command: str, /, **arguments: Any) -> Any:
        return await self._ask(self._ana, command, **arguments)

    async def _sell(self, command: str, /, **arguments: Any) -> Any:
        return await self._ask(self._shop, command, account=VENDORS[0], **arguments)

    async def _ask(self, opened: OpenNode, command: str, /, **arguments: Any) -> Any:
        """A command as the command line runs it, and all that comes of it at both nodes."""
        answered = await answer(self._commands, opened.node, command, arguments)
        if "error" in answered:
            raise RuntimeError(f"{command} was refused: {answered['error']}")
        before = -1
        while self._network.sent != before:
            before = self._network.sent
            await self._ana.run_until_idle()
            await self._shop.run_until_idle()
        return answered["result"]

    async def _let_in(self) -> str:
        """Both may log in with PASSWORD, and by a passkey of this name."""
        for opened, name in ((self._shop, VENDORS[0]), (self._ana, "ana")):
            await opened.node.work(partial(_let_in, name=name))
        return PASSKEY

    async def _deals(self, opened: OpenNode, name: str) -> list[Deal]:
        return await opened.node.look(lambda desk: desk.tx.deals.all(_account(desk, name).id))


def _account(desk: Desk, name: str) -> Account:
    found = desk.tx.accounts.by_name(name)
    assert found is not None
    return found


def _answer(desk: Desk, person: Config) -> None:
    """The vendor's public answer to what was said of it."""
    shop = _account(desk, VENDORS[0])
    (post,) = desk.tx.posts.all(shop.id, "feedback", limit=1)
    writer = Contact(shop.id, post.author, f"@ana@{person.host}", "Ana", f"{post.author}/inbox", desk.now)
    answer_feedback(desk, shop, post.id, writer, "Thank you: we liked the bell as well.")


def _days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


# --- what pages alone leave behind ------------------------------------------------------------------------


def _write_draft(desk: Desk) -> str:
    """A draft of which every part was said, and two that were just begun."""
    account = _account(desk, "ana")
    vendors = tuple(one.actor for one in desk.tx.contacts.all(account.id))
    for number in range(3):
        draft = Draft(
            id=f"WdraftWdraftWdraft{number + 1}",
            account=account.id,
            template=Template.PRODUCT,
            created_at=desk.now,
            changed_at=desk.now,
            name=f"Child bicycle no. {number}",
            category=BICYCLE,
        )
        desk.tx.drafts.save(draft)
    whole = Draft(
        id="WdraftWdraftWdraft1",
        account=account.id,
        template=Template.PRODUCT,
        created_at=desk.now,
        changed_at=desk.now,
        answered=tuple(Part),
        name="Child bicycle, Glasgow",
        content="For a girl of six who rides every day.",
        category=BICYCLE,
        quantity=Quantity(Decimal(1), "one"),
        wishes=(a_wish(), a_wish(id="w2", text="with lights", prop=None, op=None, value=None, unit=None)),
        currency="EUR",
        budget=money("300.00"),
        place=Place(name="Glasgow"),
        vendors=vendors,
        terms=parse_terms(DEFAULT_PROFFER),
        persona_mode=PersonaMode.PER_DEAL,
        ends_at=(desk.now + timedelta(days=5)).replace(microsecond=0),
    )
    desk.tx.drafts.save(whole)
    return whole.id


def _let_in(desk: Desk, name: str) -> None:
    account = _account(desk, name)
    desk.tx.accounts.save(replace(account, password_hash=_HASHED))
    desk.tx.passkeys.save(Passkey(PASSKEY, account.id, "This phone", b"\0" * 70, 3, desk.now))
