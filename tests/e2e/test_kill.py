"""Nodes are killed (SIGKILL) at random instants of running deals; nothing that was acknowledged is lost.

Two nodes carry deals of several kinds to their ends, while a hand that the seed guides kills one or the other
fifty times, mostly with a message under way. Afterwards both sides must hold the same deals, every message
once, with one effect each, and the stock must fit what was sold.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from federation.messages import JsonObject
from tests.e2e.wire import Wire, wire_to

pytestmark = [pytest.mark.slow, pytest.mark.processes]

SEED = 20261127
KILLS = 50
AT_ONCE = 4
MOST_DEALS = 90
KILLING_S, DRAIN_S = 90.0, 55.0
STOCK = 1000
BICYCLE = "https://www.wikidata.org/wiki/Q11442"
PLANS = ("plain", "counter", "cancel", "decline", "plain")
CATALOGUE = (
    "sku,name,category,price,currency,stock,lead_days,prop.bodyHeight\n"
    f"KID,Kid 20,{BICYCLE},279.00,EUR,{STOCK},1,105..125 centimetre\n"
)


class Unheard(Exception):
    """The node was down, or went down before it answered: what was asked is done or not."""


class Children:
    """The nursery's end of the line (see nursery.py)."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("nursery.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
        )
        self._one = threading.Lock()

    def ask(self, *words: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one:
            self._process.stdin.write(json.dumps(words) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the nursery, which ends every child."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(30)


@dataclass
class Home:
    """One node: its data, its wire, and the process that serves it just now."""

    name: str
    data: Path
    wire: Wire
    children: Children
    pid: int = 0
    kills: int = 0

    @property
    def log(self) -> Path:
        return self.data.with_suffix(".log")

    def start(self) -> None:
        self.pid = self.children.ask("start", str(self.data), str(self.log))

    def kill(self) -> None:
        """SIGKILL; it must have run until then."""
        ended = self.children.ask("kill", self.pid, signal.SIGKILL)
        assert ended == -signal.SIGKILL, (
            f"{self.name} had ended with {ended}:\n{self.log.read_text()[-3000:]}"
        )
        self.kills += 1

    def stop(self) -> None:
        assert self.children.ask("kill", self.pid, signal.SIGTERM) == 0, self.log.read_text()[-3000:]

    def ask(self, command: str, **args: Any) -> JsonObject:
        """Run a command over the control socket. Raises: Unheard."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(20)
                line.connect(str(self.data / "obverse.sock"))
                line.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
                with line.makefile("rb") as answers:
                    for answer in answers:
                        said = json.loads(answer)
                        if "progress" not in said:
                            assert "error" not in said, f"{self.name}: {command}: {said['error']}"
                            result: JsonObject = said["result"]
                            return result
        except OSError as error:
            raise Unheard(str(error)) from None
        raise Unheard("the line went dead")

    def surely(self, command: str, **args: Any) -> JsonObject:
        """The same, asked again until it is heard; for what may be done twice."""
        deadline = time.monotonic() + 20
        while True:
            try:
                return self.ask(command, **args)
            except Unheard:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def is_up(self) -> bool:
        try:
            self.ask("user.list")
        except Unheard:
            return False
        return True


@contextmanager
def two_nodes(root: Path, dice: Random, ports: list[int]) -> Iterator[tuple[Home, Home]]:
    """A person's and a vendor's node, running; the addresses that they know are those of the wires."""
    with ExitStack() as opened:
        children = Children()
        opened.callback(children.close)
        pairs = {"ana": (ports[0], ports[1]), "shop": (ports[2], ports[3])}
        homes = []
        for name, kind in (("ana", "person"), ("shop", "vendor")):
            found(root / name, name, kind, pairs)
            wire = opened.enter_context(wire_to(*pairs[name], Random(dice.random())))
            homes.append(Home(name, root / name, wire, children))
        for home in homes:
            home.start()
        ana, shop = homes
        shop.surely("catalogue.import", csv=CATALOGUE)
        shop.surely("rules.add", name="At once")
        ana.surely("vendors.add", vendor=f"@shop@shop.localhost:{pairs['shop'][0]}")
        yield ana, shop


def found(data: Path, name: str, kind: str, pairs: dict[str, tuple[int, int]]) -> None:
    """`obverse init`, with the wires' ports in the addresses and the node's own to bind to."""
    address, bound = pairs[name]
    words = ["--data", str(data), "init", "--url", f"http://{name}.localhost:{address}", "--name", name]
    words += ["--kind", kind, "--bind", f"127.0.0.1:{bound}", "--cast-spread", "0"]
    for other, (port, _) in pairs.items():
        words += ["--allow", f"{other}.localhost:{port}", "--resolve", f"{other}.localhost=127.0.0.1"]
    done = subprocess.run(
        [sys.executable, "-m", "node", *words], capture_output=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


# --- the deals --------------------------------------------------------------------------------------------


@dataclass
class Driver:
    """Carries deals to their ends, one small step at a time, by what both sides say of them."""

    ana: Home
    shop: Home
    vendor: str
    started: int = 0
    asked: set[str] = field(default_factory=set)

    def turn(self, *, may_start: bool) -> bool:
        """Look at every deal and do what is next; True once all have come to their ends.

        Raises: Unheard.
        """
        names = {one["id"]: one["name"] for one in self.ana.ask("intent.list", all=True)["intents"]}
        ours = {names[deal["intent"]]: deal for deal in self.ana.ask("deal.list")["deals"]}
        assert len(ours) == len(names), "each intent once, with one deal"
        theirs = {deal["id"]: deal for deal in self.shop.ask("deal.list")["deals"]}
        # The next name, so that a cast that was not heard of is not made twice.
        self.started = len(ours)
        unfinished = 0
        for name, deal in ours.items():
            other = theirs.get(deal["id"])
            if not self._is_over(name, deal, other):
                unfinished += 1
                self._step(name, deal, other)
        if may_start and unfinished < AT_ONCE and self.started < MOST_DEALS:
            self._cast(f"Bicycle {self.started}")
            return False
        return unfinished == 0

    def _cast(self, name: str) -> None:
        self.ana.ask(
            "intent.cast",
            name=name,
            category=BICYCLE,
            to=[self.vendor],
            budget="300 EUR",
            wishes=[
                {
                    "wish": "fits", "weight": "must", "property": "bodyHeight", "op": "fits", "value": "115",
                    "unit": "centimetre",
                }
            ],
        )  # fmt: skip

    @staticmethod
    def plan(name: str) -> str:
        return PLANS[int(name.split()[1]) % len(PLANS)]

    def _is_over(self, name: str, ours: JsonObject, theirs: JsonObject | None) -> bool:
        end = {"cancel": "cancelled", "decline": "declined"}.get(self.plan(name), "confirmed")
        return theirs is not None and ours["state"] == end == theirs["state"]

    def _step(self, name: str, ours: JsonObject, theirs: JsonObject | None) -> None:
        deal, plan = ours["id"], self.plan(name)
        match ours["state"]:
            case "offered" if plan == "decline":
                self.ana.ask("deal.decline", offer=deal, reason="price")
            case "offered" if plan == "counter" and len(ours["offers"]) == 1:
                self.ana.ask("deal.counter", offer=deal, price="250.00", text="Yes at 250.")
            case "offered" if deal not in self.asked:
                self.asked.add(deal)
                self.ana.ask("deal.ask", deal=deal, text="Is it red?")
            case "offered":
                self.ana.ask("deal.accept", offer=deal)
            case "concluded" if plan == "cancel":
                if theirs is not None and theirs["state"] == "concluded":
                    self.ana.ask("deal.cancel", deal=deal, reason="needGone")
            case "concluded":
                self._fulfil_ours(ours)
        if theirs is not None:
            self._step_of_the_shop(plan, theirs)

    def _fulfil_ours(self, ours: JsonObject) -> None:
        stages = {record["stage"] for record in ours["progress"]}
        if "paid" not in stages:
            self.ana.ask("deal.progress", deal=ours["id"], stage="paid")
        elif "delivered" in stages and ours["receipt"]:
            self.ana.ask("deal.confirm", deal=ours["id"])

    def _step_of_the_shop(self, plan: str, theirs: JsonObject) -> None:
        deal = theirs["id"]
        stages = {record["stage"] for record in theirs["progress"]}
        match theirs["state"]:
            case "countered":
                self.shop.ask("deal.offer", deal=deal, sku="KID", price="255.00")
            case "cancelling":
                self.shop.ask("deal.cancel.answer", deal=deal, agree=True)
            case "concluded" if plan != "cancel":
                if "dispatched" not in stages:
                    self.shop.ask("deal.progress", deal=deal, stage="dispatched")
                elif "delivered" not in stages:
                    self.shop.ask("deal.progress", deal=deal, stage="delivered")
                elif not theirs["receipt"]:
                    self.shop.ask("deal.receipt", deal=deal)


class Killer(threading.Thread):
    """Kills one node or the other, mostly with a message under way, and starts it again at once."""

    def __init__(self, homes: tuple[Home, ...], dice: Random, until: float) -> None:
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

    def _kill_one(self, victim: Home) -> None:
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


def drive(driver: Driver, killer: Killer, drain_until: float) -> None:
    """Deal until the killing is over, then until all deals have ended and nothing waits."""
    while time.monotonic() < drain_until:
        if killer.failed is not None:
            raise killer.failed
        try:
            over = driver.turn(may_start=killer.is_alive())
            if over and not killer.is_alive() and not waiting(driver.ana) and not waiting(driver.shop):
                return
        except Unheard:
            pass
        time.sleep(0.03)
    raise AssertionError(f"not drained: {[waiting(home) for home in (driver.ana, driver.shop)]}")


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
            drive(driver, killer, began + KILLING_S + DRAIN_S)
        finally:
            killer.join()
        assert killer.kills >= KILLS
        assert killer.under_way >= KILLS // 2, "most of them while deals were running"
        ours, theirs = kept(ana), kept(shop)
        stock = shop.ask("catalogue.list")["items"][0]
        ana.stop()
        shop.stop()

    # the same deals, the same signed agreements, each once
    assert ours.essence == theirs.essence
    ends = Counter(state for state, *_ in ours.essence.values())
    assert set(ends) == {"confirmed", "cancelled", "declined"}
    # what one sent the other has: each message once, byte for byte
    assert ours.sent == theirs.received
    assert theirs.sent == ours.received
    assert set(ours.sent.values()) == set(theirs.sent.values()) == {1}
    # what was acknowledged with 202, seen from outside, is there
    for acknowledged, side in ((ana.wire.acknowledged, ours), (shop.wire.acknowledged, theirs)):
        assert set(acknowledged) == {activity for _, activity, _ in side.received}
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
