"""Nodes are killed (SIGKILL) at random instants of running deals; nothing that was acknowledged is lost.

Two nodes carry deals of several kinds to their ends, while a hand that the seed guides kills one or the
other, mostly with a message under way. Afterwards both sides must hold the same deals, every message once,
with one effect each, and the stock must fit what was sold. OBVERSE_KILLS says how often (`security X01`);
more than one round can hold are spread over several, each from the same prepared data under another seed.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from federation.messages import JsonObject
from tests.e2e.deals import BICYCLE, Driver
from tests.e2e.homes import Children, Home, Unheard, WiredHome, found
from tests.e2e.wire import wire_to

pytestmark = [pytest.mark.slow, pytest.mark.processes]

SEED = 20261127
KILLS = int(os.environ.get("OBVERSE_KILLS", "60"))
A_ROUND = 60
"""Kills of one round: with many more deals in one store, each look at all of them would become slow."""
KILLING_S, DRAIN_S = 150.0, 60.0
STOCK = 1000
CATALOGUE = (
    "sku,name,category,price,currency,stock,lead_days,prop.bodyHeight\n"
    f"KID,Kid 20,{BICYCLE},279.00,EUR,{STOCK},1,105..125 centimetre\n"
)


@dataclass
class Pair:
    """A person's and a vendor's node, acquainted; each round begins from their data as they were then."""

    root: Path
    ports: list[int]
    children: Children

    @property
    def hosts(self) -> dict[str, str]:
        return {"ana": f"ana.localhost:{self.ports[0]}", "shop": f"shop.localhost:{self.ports[2]}"}

    @contextmanager
    def running(self, at: Path, dice: Random) -> Iterator[tuple[WiredHome, WiredHome]]:
        """Both nodes on the data under `at`; the addresses that they know are those of the wires."""
        with ExitStack() as opened:
            homes = []
            for name, port in (("ana", self.ports[0]), ("shop", self.ports[2])):
                wire = opened.enter_context(wire_to(port, port + 1, Random(dice.random())))
                homes.append(WiredHome(name, at / name, self.children, wire=wire))
            for home in homes:
                home.start()
            ana, shop = homes
            yield ana, shop

    def prepare(self) -> None:
        """Found both, fill the shelf, let Ana look the shop up; then stop, and keep it so."""
        first = self.root / "first"
        for (name, host), kind in zip(self.hosts.items(), ("person", "vendor"), strict=True):
            port = int(host.rpartition(":")[2])
            found(first / name, name, kind, f"http://{host}", port + 1, self.hosts.values())
        with self.running(first, Random(SEED)) as (ana, shop):
            shop.surely("catalogue.import", csv=CATALOGUE)
            shop.surely("rules.add", name="At once")
            ana.surely("vendors.add", vendor=f"@shop@{self.hosts['shop']}")
            ana.stop()
            shop.stop()

    def copy(self, number: int) -> Path:
        """Fresh data for one round."""
        at = self.root / f"round-{number}"
        shutil.copytree(self.root / "first", at)
        return at


class Killer(threading.Thread):
    """Kills one node or the other, mostly with a message under way, and starts it again at once."""

    def __init__(self, homes: tuple[WiredHome, ...], dice: Random, kills: int, until: float) -> None:
        super().__init__()
        self._homes, self._dice, self._kills, self._until = homes, dice, kills, until
        self.under_way = 0
        """Kills of which a message that passed a wire gave the signal."""
        self.failed: BaseException | None = None

    @property
    def kills(self) -> int:
        return sum(home.kills for home in self._homes)

    def run(self) -> None:
        try:
            while self.kills < self._kills and time.monotonic() < self._until:
                self._kill_one(self._dice.choice(self._homes))
        except BaseException as error:  # told by the test's own thread
            self.failed = error

    def _kill_one(self, victim: WiredHome) -> None:
        wire = self._dice.choice(self._homes).wire
        wire.busy.clear()
        under_way = wire.busy.wait(1.0)
        time.sleep(self._dice.uniform(0.0, 0.06))
        victim.kill()
        self.under_way += under_way
        victim.start()
        if self._dice.random() < 0.85:  # else the next one may strike while it starts
            deadline = time.monotonic() + 20
            while not victim.is_up() and time.monotonic() < deadline:
                time.sleep(0.02)
        time.sleep(self._dice.uniform(0.0, 0.4))


def drive(driver: Driver, killer: Killer, drain_until: float) -> bool:
    """Deal until the killing is over, then until all deals have ended and nothing waits; whether they did."""
    while time.monotonic() < drain_until:
        if killer.failed is not None:
            raise killer.failed
        try:
            over = driver.turn(may_start=killer.is_alive())
            if over and not killer.is_alive() and not waiting(driver.ana) and not waiting(driver.shop):
                return True
        except Unheard:
            pass
        time.sleep(0.03)
    return False


def waiting(home: Home) -> list[JsonObject]:
    """What is queued, held, given up, or buried."""
    found = home.ask("deliveries.list", limit=1000)
    return [*found["deliveries"], *found["dead_letters"]]


# --- what must be so afterwards ---------------------------------------------------------------------------

Line = tuple[str, str, str]


@dataclass(frozen=True)
class Kept:
    """What one side keeps of every deal."""

    essence: dict[str, tuple[Any, ...]]
    sent: Counter[Line]
    received: Counter[Line]
    effects: Counter[tuple[str, str]]
    notices: Counter[tuple[str, str]]


def kept(home: Home) -> Kept:
    essence: dict[str, tuple[Any, ...]] = {}
    lines: dict[str, Counter[Line]] = {"sent": Counter(), "received": Counter()}
    effects: Counter[tuple[str, str]] = Counter()
    for deal in home.ask("deal.list")["deals"]:
        shown = home.ask("deal.show", deal=deal["id"])
        agreed = shown["agreement"] or {}
        digests = [agreed.get(f"{name}_digest") for name in ("offer", "accept", "conclusion")]
        essence[deal["id"]] = (shown["state"], *digests, agreed.get("price", {}).get("amount"))
        for line in shown["messages"]:
            assert line["signature"]["holds"], line
            assert line["refused"] is None, line
            assert all(cite["found"] for cite in line["cites"]), line
            lines[line["direction"]][(deal["id"], line["id"], line["digest"])] += 1
            if line["direction"] == "received":
                effects[(deal["id"], line["kind"])] += 1
    told = home.ask("notices.list", limit=1000)["notices"]
    assert len(told) < 1000
    notices = Counter((notice["deal"] or "", notice["kind"]) for notice in told)
    return Kept(essence, lines["sent"], lines["received"], effects, notices)


@dataclass
class Round:
    """What one round came to."""

    killer: Killer
    ours: Kept
    theirs: Kept
    acknowledged: tuple[list[str], list[str]]
    stock: JsonObject
    drained: bool

    @property
    def ends(self) -> Counter[str]:
        return Counter(state for state, *_ in self.ours.essence.values())


def play(pair: Pair, number: int, kills: int) -> Round:
    """One round of so many kills, from the prepared data."""
    dice, began = Random(SEED + number), time.monotonic()
    with pair.running(pair.copy(number), dice) as (ana, shop):
        vendor = ana.surely("vendors.list")["vendors"][0]["handle"]
        killer = Killer((ana, shop), dice, kills, until=began + KILLING_S)
        killer.start()
        try:
            drained = drive(Driver(ana, shop, vendor), killer, began + KILLING_S + DRAIN_S)
        finally:
            killer.join()
        ours, theirs = kept(ana), kept(shop)
        stock = shop.ask("catalogue.list")["items"][0]
        ana.stop()
        shop.stop()
        return Round(killer, ours, theirs, (ana.wire.acknowledged, shop.wire.acknowledged), stock, drained)


def check(played: Round) -> None:
    """Nothing is lost, and nothing is done twice."""
    ours, theirs = played.ours, played.theirs
    # what was acknowledged with 202, seen from outside, is there
    for acknowledged, side in zip(played.acknowledged, (ours, theirs), strict=True):
        assert set(acknowledged) == {activity for _, activity, _ in side.received}
    assert played.drained, "deals have not come to their ends, or messages still wait"
    # the same deals, the same signed agreements, each once
    assert ours.essence == theirs.essence
    assert set(played.ends) <= {"confirmed", "cancelled", "declined"}
    # what one sent the other has: each message once, byte for byte
    assert ours.sent == theirs.received
    assert theirs.sent == ours.received
    assert set(ours.sent.values()) == set(theirs.sent.values()) == {1}
    # each message had its effect once: one line for the owner each, one offer for each cast, stock as sold
    for side in (ours, theirs):
        for (deal, kind), count in side.effects.items():
            if kind not in ("cast", "offer"):
                assert side.notices[(deal, kind)] == count, (deal, kind)
    for deal in theirs.essence:
        assert theirs.effects[(deal, "cast")] == theirs.notices[(deal, "offer")] == 1
        assert ours.effects[(deal, "offer")] == ours.notices[(deal, "offer")]
    assert int(played.stock["stock"]) == STOCK - played.ends["confirmed"]
    assert played.stock["reserved"] == "0"


def test_x01_kills_at_random_instants_lose_nothing_and_do_nothing_twice(
    tmp_path: Path, ports: Callable[[int], list[int]]
) -> None:
    children, began = Children(), time.monotonic()
    kills = under_way = deals = acknowledged = 0
    ends: Counter[str] = Counter()
    try:
        pair = Pair(tmp_path, ports(4), children)
        pair.prepare()
        number = 0
        while kills < KILLS:
            number += 1
            played = play(pair, number, min(A_ROUND, KILLS - kills))
            check(played)
            kills += played.killer.kills
            under_way += played.killer.under_way
            deals += len(played.ours.essence)
            acknowledged += sum(map(len, played.acknowledged))
            ends += played.ends
            assert played.killer.kills > 0
    finally:
        children.close()
    assert under_way >= kills // 2, "most of them while deals were running"
    assert set(ends) == {"confirmed", "cancelled", "declined"}
    print(
        f"{kills} kills ({under_way} with a message under way) in {number} rounds, {deals} deals "
        f"{dict(ends)}, {acknowledged} messages acknowledged, {time.monotonic() - began:.0f} s"
    )
