"""Nodes are killed (SIGKILL) at random instants of running deals; nothing that was acknowledged is lost.

Two nodes carry deals of several kinds to their ends, while a hand that the seed guides kills one or the other
fifty times, mostly with a message under way. Afterwards both sides must hold the same deals, every message
once, with one effect each, and the stock must fit what was sold.
"""

from __future__ import annotations

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
KILLS = 50
KILLING_S, DRAIN_S = 100.0, 48.0
STOCK = 1000
CATALOGUE = (
    "sku,name,category,price,currency,stock,lead_days,prop.bodyHeight\n"
    f"KID,Kid 20,{BICYCLE},279.00,EUR,{STOCK},1,105..125 centimetre\n"
)


@contextmanager
def two_nodes(root: Path, dice: Random, ports: list[int]) -> Iterator[tuple[WiredHome, WiredHome]]:
    """A person's and a vendor's node, running; the addresses that they know are those of the wires."""
    with ExitStack() as opened:
        children = Children()
        opened.callback(children.close)
        pairs = {"ana": (ports[0], ports[1]), "shop": (ports[2], ports[3])}
        hosts = {name: f"{name}.localhost:{address}" for name, (address, _) in pairs.items()}
        homes = []
        for name, kind in (("ana", "person"), ("shop", "vendor")):
            found(root / name, name, kind, f"http://{hosts[name]}", pairs[name][1], hosts.values())
            wire = opened.enter_context(wire_to(*pairs[name], Random(dice.random())))
            homes.append(WiredHome(name, root / name, children, wire=wire))
        for home in homes:
            home.start()
        ana, shop = homes
        shop.surely("catalogue.import", csv=CATALOGUE)
        shop.surely("rules.add", name="At once")
        ana.surely("vendors.add", vendor=f"@shop@{hosts['shop']}")
        yield ana, shop


class Killer(threading.Thread):
    """Kills one node or the other, mostly with a message under way, and starts it again at once."""

    def __init__(self, homes: tuple[WiredHome, ...], dice: Random, until: float) -> None:
        super().__init__()
        self._homes, self._dice, self._until = homes, dice, until
        self.under_way = 0
        """Kills of which a message that passed a wire gave the signal."""
        self.failed: BaseException | None = None

    @property
    def kills(self) -> int:
        return sum(home.kills for home in self._homes)

    def run(self) -> None:
        try:
            while self.kills < KILLS and time.monotonic() < self._until:
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
        time.sleep(self._dice.uniform(0.1, 0.6))


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


def test_fifty_kills_lose_nothing_and_do_nothing_twice(
    tmp_path: Path, ports: Callable[[int], list[int]]
) -> None:
    dice, began = Random(SEED), time.monotonic()
    with two_nodes(tmp_path, dice, ports(4)) as (ana, shop):
        vendor = ana.surely("vendors.list")["vendors"][0]["handle"]
        driver = Driver(ana, shop, vendor)
        killer = Killer((ana, shop), dice, until=began + KILLING_S)
        killer.start()
        try:
            drained = drive(driver, killer, began + KILLING_S + DRAIN_S)
        finally:
            killer.join()
        assert killer.kills >= KILLS
        assert killer.under_way >= KILLS // 2, "most of them while deals were running"
        ours, theirs = kept(ana), kept(shop)
        stock = shop.ask("catalogue.list")["items"][0]
        ana.stop()
        shop.stop()

    # what was acknowledged with 202, seen from outside, is there
    for acknowledged, side in ((ana.wire.acknowledged, ours), (shop.wire.acknowledged, theirs)):
        assert set(acknowledged) == {activity for _, activity, _ in side.received}
    assert drained, "deals have not come to their ends, or messages still wait"
    # the same deals, the same signed agreements, each once
    assert ours.essence == theirs.essence
    ends = Counter(state for state, *_ in ours.essence.values())
    assert set(ends) == {"confirmed", "cancelled", "declined"}
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
    assert int(stock["stock"]) == STOCK - ends["confirmed"]
    assert stock["reserved"] == "0"
    print(
        f"{killer.kills} kills (ana {ana.kills}, shop {shop.kills}; {killer.under_way} with a message "
        f"under way), {sum(ends.values())} deals "
        f"{dict(ends)}, {len(ana.wire.acknowledged) + len(shop.wire.acknowledged)} acknowledged, "
        f"{ana.wire.broken + shop.wire.broken} connections broken, {time.monotonic() - began:.0f} s"
    )
