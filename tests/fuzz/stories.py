"""Target: the inbox of a whole node, told stories of deals by senders with valid keys.

A message is changed before it is proven and signed, so that it passes authentication and is read by all that
lies behind. An input is the number of a story; what was said in it is kept where it shows a fault.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from federation.keys import SigningKey, generate_rsa
from federation.messages import HttpMessage, JsonObject
from node.domain.accounts import AccountKind
from tests.fuzz.mutation import mutate_json
from tests.fuzz.plots import PLOTS, Plot
from tests.fuzz.targets import Check, Finding, Target
from tests.security.commerce import deals_of, meaning, stocked
from tests.security.peers import Clock
from tests.security.world import World

__all__ = ["STORIES", "Listener", "a_world"]

BEGIN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""When the examples were signed: their dates lie ahead."""
ANSWERS = frozenset({202, 400, 401, 403, 413, 429})
SPANS_S = (1, 1, 1, 60, 60, 3600, 3600, 90_000)
READS = (
    "deal.list", "intent.list", "offers.list", "inbox.list", "notices.list", "deliveries.list",
    "followers.list",
    "node.health", "catalogue.list", "vendors.list",
)  # fmt: skip


class Listener(logging.Handler):
    """Keeps what a node reports as its own failure."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)

    def say(self) -> None:
        """Raises what it heard."""
        if not self.heard:
            return
        record, self.heard = self.heard[0], []
        error = record.exc_info[1] if record.exc_info else None
        raise Finding(f"the node reports: {record.getMessage()}: {error!r}") from error


@cache
def _rsa_keys() -> tuple[SigningKey, ...]:
    return tuple(generate_rsa(f"https://nowhere.example/{n}", "https://nowhere.example") for n in range(4))


@asynccontextmanager
async def a_world(directory: Path) -> AsyncIterator[World]:
    """A fresh node with a stocked shop and a person, and strangers with valid keys."""
    async with AsyncExitStack() as stack:
        world = World(Clock(BEGIN), {}, {}, _rsa_keys(), directory, stack)
        world.m = world.peer("m.example", "mallory", rsa=1)
        world.t = world.peer("t.example", "tess", rsa=2)
        await world.node("v.example", {"shop": AccountKind.VENDOR, "ana": AccountKind.PERSON})
        await stocked(world.v)
        yield world


@dataclass
class Teller:
    """Tells one story to V and holds V to what must hold after each message."""

    world: World
    rng: Random
    listener: Listener
    donors: list[JsonObject] = field(default_factory=list)
    told: list[JsonObject] = field(default_factory=list)

    async def tell(self, plot: Plot) -> None:
        """Some twenty messages, then the owner looks at what came of them."""
        for _ in range(self.rng.randint(8, 24)):
            if self.rng.random() < 0.1:
                self.world.clock.advance(seconds=self.rng.choice(SPANS_S))
                await self.world.settle()
            await plot.owner_acts(self.rng)
            activity = plot.next_message(self.rng)
            if activity is not None:
                await self._say(plot, activity)
        await self._look(plot)

    async def _say(self, plot: Plot, honest: JsonObject) -> None:
        activity = honest
        if self.rng.random() < 0.5:
            activity = mutate_json(honest, self.rng, donors=self.donors[-12:], most=2)
        elif self.donors and self.rng.random() < 0.15:
            activity = self.rng.choice(self.donors)  # once more, maybe to another inbox
        proven = self._proven(plot, activity)
        self.told.append(proven)
        self.donors.append(proven)
        inbox = self.rng.choice(("shop", "ana", "")) if self.rng.random() < 0.1 else None
        await self._post(plot, proven, inbox)
        if activity is honest and proven is not honest:
            plot.heard(proven)

    def _proven(self, plot: Plot, activity: JsonObject) -> JsonObject:
        if "proof" in activity or self.rng.random() < 0.02:
            return activity
        try:
            return plot.party.peer.prove(activity)
        except ValueError:  # what cannot be signed is sent as it is
            return activity

    async def _post(self, plot: Plot, activity: JsonObject, account: str | None) -> None:
        v, strict = self.world.v, self.rng.random() < 0.1
        before = v.snapshot() if strict else {}
        meant = meaning(v) if strict else {}
        inbox = None if account is None else v.inbox(account)
        try:
            answered = await plot.party.post(activity, inbox=inbox)
        except UnicodeEncodeError:
            return
        if answered.status not in ANSWERS:
            raise Finding(f"answered {answered.status} {answered.body[:200]!r}")
        await self.world.settle()
        self.listener.say()
        if strict:
            self._check_unchanged(answered, activity, before, meant)

    def _check_unchanged(
        self, answered: HttpMessage, activity: JsonObject, before: dict[str, Any], meant: dict[str, Any]
    ) -> None:
        v = self.world.v
        if answered.status != 202:
            after = v.snapshot()
            changed = [name for name in after if after[name] != before.get(name)]
            if changed and changed != ["conflict"]:
                raise Finding(f"refused with {answered.status}, and changed {changed}")
        last = v.engine.posts and json.loads(v.engine.sent[-1].body or b"{}")
        if last and last.get("type") == "Reject" and last.get("object") == activity.get("id"):
            code = str(last.get("instrument", {}).get("reasonCode"))
            now = meaning(v)
            changed = [name for name in now if name != "lane" and now[name] != meant.get(name)]
            if changed:
                raise Finding(f"refused as {code}, and changed {changed}")

    async def _look(self, plot: Plot) -> None:
        """What the owner sees must not fall over what strangers wrote."""
        v = self.world.v
        dead = await v.open.node.look(lambda desk: desk.tx.inbox.dead())
        waits = await v.open.node.look(lambda desk: desk.tx.inbox.waiting_since())
        if dead or waits is not None:
            raise Finding(f"not processed: {dead or waits}")
        for account in ("shop", "ana"):
            for command in READS:
                answered = await plot.asked(account, command)
                if "error" in answered and answered["error"].get("reason") not in (
                    None,
                    "",
                    "notAddressed",
                    "invalid",
                ):
                    continue
            deals = await deals_of(v, account)
            for deal in deals[-3:]:
                for command in ("deal.show", "deal.export"):
                    await plot.asked(account, command, deal=deal.id)
        self.listener.say()
        if not await v.is_alive():
            raise Finding("it no longer answers")


@asynccontextmanager
async def _opened() -> AsyncIterator[Check]:
    with tempfile.TemporaryDirectory(prefix="obverse-fuzz-") as directory:
        async with a_world(Path(directory)) as world:
            listener = Listener()
            logger = logging.getLogger("obverse")
            logger.addHandler(listener)
            try:
                yield _Check(world, listener)
            finally:
                logger.removeHandler(listener)


@dataclass
class _Check:
    world: World
    listener: Listener

    async def __call__(self, data: bytes) -> None:
        rng = Random(json.loads(data)["story"])
        kind = rng.choice(PLOTS)
        teller = Teller(self.world, rng, self.listener)
        try:
            await teller.tell(await kind.begun(self.world, rng))
        except Exception as error:
            last = json.dumps(teller.told[-1:], ensure_ascii=True)
            error.add_note(f"{kind.__name__}, message {len(teller.told)}: {last[:6000]}")
            raise


def _make(rng: Random) -> bytes:
    return json.dumps({"story": rng.randrange(2**32)}).encode()


STORIES: tuple[Target, ...] = (Target("inbox", _make, _opened, share=16, most_s=10.0, many=12),)
