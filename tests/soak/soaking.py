"""One soak, from the first message to the verdict.

load and harm → harm ends → what was begun comes to its end → the nodes stop → the checker
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from federation.messages import JsonObject
from tests.e2e.homes import Home, Unheard
from tests.soak.books import read_book
from tests.soak.checker import Account, check
from tests.soak.dealers import Dealer
from tests.soak.gauges import Gauge, Watcher
from tests.soak.harm import Harm
from tests.soak.plan import Plan
from tests.soak.town import STOCK, Town, open_town
from tests.soak.witness import hear

__all__ = ["Result", "soak"]

EVERY_S = 60.0
DUE_S = 15.0
"""What has been due for so long, and is not on its way, is stuck."""


@dataclass
class Result:
    """What a soak found. `figures` are for the report; `verdicts` hold what is wrong, by check."""

    plan: Plan
    account: Account
    verdicts: dict[str, list[str]]
    figures: JsonObject = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return not any(self.verdicts.values())


@dataclass
class _Cast:
    """Who acts in it."""

    town: Town
    harm: Harm
    dealers: list[Dealer]
    gauges: dict[str, Gauge]
    watcher: Watcher
    began: float

    def check(self) -> None:
        """Raises: what has made a thread fail."""
        self.town.thread.check()
        for failed in (self.harm.failed, *(dealer.failed for dealer in self.dealers)):
            if failed is not None:
                raise failed


def soak(root: Path, plan: Plan, *, say: Callable[[str], None], ports: list[int] | None = None) -> Result:
    """Run one soak in this directory, and judge it. Whatever it started has ended when it returns.

    Raises: AssertionError, Unheard and what else the load or the harm failed with.
    """
    with ExitStack() as opened:
        town = opened.enter_context(open_town(root, plan, ports))
        cast = _cast_of(town, plan)
        opened.callback(_end, cast)
        _play(cast, plan, say)
        load_s = time.monotonic() - cast.began
        cast.harm.stop.set()
        cast.harm.join()
        town.calm()
        say("the harm is over; what was begun comes to its end")
        cast.watcher.stop.set()  # what falls when the load ends says nothing of what grows under it
        cast.watcher.join()
        _drain(cast, plan, say)
        stopped_at = time.time() - DUE_S
        for home in town.homes.values():
            home.stop()
        figures = {"load_s": round(load_s), "drained_s": round(time.monotonic() - cast.began - load_s)}
        figures |= _figures(cast)
    said = hear(town.journal.path)
    account = Account(
        books={name: read_book(home.data, stopped_at) for name, home in town.homes.items()},
        said=said,
        gauges=cast.gauges,
        logs={name: home.log.read_text(errors="replace") for name, home in town.homes.items()},
        limits=plan.limits,
        stock=STOCK,
        person=town.ana.name,
        unheard=town.strangers.in_flight,
        unended={deal: words for dealer in cast.dealers for deal, words in dealer.open_deals.items()},
    )
    return Result(plan, account, check(account), figures)


def _cast_of(town: Town, plan: Plan) -> _Cast:
    dice = Random(plan.seed + 1)
    handles = {vendor["actor"]: vendor["handle"] for vendor in town.ana.surely("vendors.list")["vendors"]}
    dealers = [
        Dealer(
            town.ana,
            shop,
            next(handle for actor, handle in handles.items() if f"//{shop.name}." in actor),
            rate=plan.rate / len(town.shops),
            journal=town.journal,
            dice=Random(dice.random()),
        )
        for shop in town.shops
    ]
    gauges = {name: Gauge(home) for name, home in town.homes.items()}
    harm = Harm(town.ana, town.shops, plan, Random(dice.random()))
    return _Cast(town, harm, dealers, gauges, Watcher(list(gauges.values())), time.monotonic())


def _play(cast: _Cast, plan: Plan, say: Callable[[str], None]) -> None:
    """Load and harm for as long as the plan says."""
    cast.watcher.start()
    cast.town.thread.speak()
    for dealer in cast.dealers:
        dealer.start()
    cast.harm.start()
    told = 0
    while (passed_s := time.monotonic() - cast.began) < plan.seconds:
        time.sleep(0.2)
        cast.check()
        if passed_s >= (told + 1) * EVERY_S:
            told += 1
            say(_progress(cast))


def _end(cast: _Cast) -> None:
    """Whatever happened: no thread of ours goes on."""
    cast.harm.stop.set()
    cast.watcher.stop.set()
    cast.town.strangers.silent = True
    for dealer in cast.dealers:
        dealer.ended.set()
    for thread in (cast.harm, cast.watcher, *cast.dealers):
        if thread.ident is not None:
            thread.join()


# --- the end -----------------------------------------------------------------------------------------------


def _drain(cast: _Cast, plan: Plan, say: Callable[[str], None]) -> None:
    """Let everything come to its end, as long as patience lasts."""
    cast.town.strangers.silent = True
    for dealer in cast.dealers:
        dealer.silent.set()
    began = told = time.monotonic()
    while time.monotonic() - began < plan.drain_s:
        time.sleep(0.5)
        cast.check()
        quiet = cast.town.thread.has_spoken and not any(dealer.is_alive() for dealer in cast.dealers)
        if quiet and not any(_waits(home) for home in cast.town.homes.values()):
            return
        if time.monotonic() - told >= EVERY_S / 2:
            told = time.monotonic()
            say(_progress(cast))


def _waits(home: Home) -> bool:
    """Whether a node has anything queued, held, given up or buried."""
    try:
        found = home.ask("deliveries.list", limit=5)
    except Unheard:
        return True
    return bool(found["deliveries"] or found["dead_letters"])


# --- figures -----------------------------------------------------------------------------------------------


def _figures(cast: _Cast) -> JsonObject:
    town = cast.town
    lines = town.lines.values()
    return {
        "kills": {home.name: home.kills for home in town.homes.values()},
        "pauses": cast.harm.pauses,
        "paused_s": round(cast.harm.paused_s, 1),
        "connections": sum(line.connections for line in lines),
        "resets": sum(line.resets for line in lines),
        "drips": sum(line.drips for line in lines),
        "waits": sum(line.waits for line in lines),
        "commands": sum(dealer.told for dealer in cast.dealers),
        "commands_unheard": sum(dealer.unheard for dealer in cast.dealers),
        "deals_carried_to_their_end": sum(dealer.over for dealer in cast.dealers),
        "journal_syncs": town.journal.syncs,
        "cpu_s": {name: round(gauge.cpu_s, 1) for name, gauge in cast.gauges.items()},
    }


def _progress(cast: _Cast) -> str:
    """A line on where things stand."""
    town, strangers, dealers = cast.town, cast.town.strangers, cast.dealers
    minutes, seconds = divmod(int(time.monotonic() - cast.began), 60)
    tries = ", ".join(f"{status}: {count}" for status, count in sorted(strangers.statuses.items()))
    sizes = [
        f"{name} {gauge.samples[-1].memory_mb:.0f} MB {gauge.samples[-1].descriptors} fd"
        for name, gauge in cast.gauges.items()
        if gauge.samples
    ]
    return "; ".join(
        [
            f"{minutes:3d}:{seconds:02d}  strangers {tries}, {strangers.in_flight} under way",
            f"{strangers.heard} heard",
            f"owners {sum(dealer.told for dealer in dealers)} commands",
            f"{sum(dealer.over for dealer in dealers)} deals ended",
            f"{sum(len(dealer.open_deals) for dealer in dealers)} open",
            f"{cast.harm.kills} kills",
            f"{cast.harm.pauses} pauses",
            f"{sum(line.resets for line in town.lines.values())} resets",
            *sizes,
        ]
    )
