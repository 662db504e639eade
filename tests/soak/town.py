"""The world of a soak: three nodes as processes, a line to each, and strangers on hosts of their own.

strangers ⇄ line ⇄ north, south ⇄ lines ⇄ ana
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.e2e.deals import BICYCLE
from tests.e2e.homes import Children, Home, found
from tests.soak.journal import Journal
from tests.soak.lines import Line
from tests.soak.plan import Plan
from tests.soak.strangers import Shop, Strangers, stranger_hosts

__all__ = ["NODES", "STOCK", "Town", "open_town"]

NODES = {"ana": "person", "north": "vendor", "south": "vendor"}
STOCK = 1_000_000
CATALOGUE = (
    "sku,name,category,price,currency,stock,lead_days,prop.bodyHeight\n"
    f"KID,Kid 20,{BICYCLE},279.00,EUR,{STOCK},1,105..125 centimetre\n"
)
PATIENCE_S = 90.0


@dataclass
class Town:
    """Everything that runs. `fronts` are the ports that the world knows, by name ("strangers" is one)."""

    homes: dict[str, Home]
    fronts: dict[str, int]
    lines: dict[str, Line]
    strangers: Strangers
    journal: Journal
    thread: Outdoors

    @property
    def ana(self) -> Home:
        return self.homes["ana"]

    @property
    def shops(self) -> list[Home]:
        return [home for name, home in self.homes.items() if NODES[name] == "vendor"]

    def calm(self) -> None:
        """No more resets, drips and waits."""
        for line in self.lines.values():
            line.calm = True


class Outdoors(threading.Thread):
    """The event loop of the lines and the strangers."""

    def __init__(self, lines: Iterable[Line], strangers: Strangers, serve_at: int) -> None:
        super().__init__(name="outdoors")
        self._lines, self._strangers, self._serve_at = list(lines), strangers, serve_at
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._speaking: asyncio.Task[None] | None = None
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as error:  # told by the soak's own thread
            self.failed = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _main(self) -> None:
        server = await self._strangers.serve(self._serve_at)
        closers = [await line.open() for line in self._lines]
        self._ready.set()
        await self._over.wait()
        server.close()
        for close in closers:
            close()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def open(self) -> None:
        """Start, and wait until everything listens."""
        self.start()
        self._ready.wait()
        self.check()

    def check(self) -> None:
        """Raises: what has ended the loop, or the strangers."""
        if self.failed is not None:
            raise self.failed
        failed = self._strangers.failed
        if self._speaking is not None and self._speaking.done():
            failed = failed or self._speaking.exception()
        if failed is not None:
            raise RuntimeError("a stranger fell silent") from failed

    def speak(self) -> None:
        """Let the strangers begin."""

        async def begin() -> None:
            self._speaking = asyncio.create_task(self._strangers.run())

        asyncio.run_coroutine_threadsafe(begin(), self._loop).result(10)

    @property
    def has_spoken(self) -> bool:
        """Whether the strangers have said all, and were heard."""
        return self._speaking is not None and self._speaking.done()

    def close(self) -> None:
        if self.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self.join()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody has just now."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def open_town(root: Path, plan: Plan, ports: list[int] | None = None) -> Iterator[Town]:
    """Found and start everything, with the shelves full and Ana acquainted with both vendors.

    Shapes: `ports` are 8 free ones. Everything that was started has ended when the context ends.
    """
    dice = Random(plan.seed)
    ports = ports or free_ports(8)
    names = [*NODES, "strangers"]
    fronts = dict(zip(names, ports[:4], strict=True))
    backs = dict(zip(names, ports[4:], strict=True))
    with ExitStack() as opened:
        journal = Journal(root / "journal.jsonl")
        opened.callback(journal.close)
        lines = {name: Line(fronts[name], backs[name], plan, Random(dice.random())) for name in names}
        shops = [
            Shop(name, f"http://{name}.localhost:{fronts[name]}/actors/{name}", fronts[name])
            for name, kind in NODES.items()
            if kind == "vendor"
        ]
        strangers = Strangers(plan, shops, journal, Random(dice.random()), fronts["strangers"])
        strangers.settle_in()
        outdoors = Outdoors(lines.values(), strangers, backs["strangers"])
        outdoors.open()
        opened.callback(outdoors.close)
        homes = _homes(root, fronts, backs, opened)
        _acquaint(homes, fronts)
        yield Town(homes, fronts, lines, strangers, journal, outdoors)


def _homes(root: Path, fronts: dict[str, int], backs: dict[str, int], opened: ExitStack) -> dict[str, Home]:
    hosts = [f"{name}.localhost:{fronts[name]}" for name in NODES] + stranger_hosts(fronts["strangers"])
    children = Children()
    opened.callback(children.close)
    homes = {}
    for name, kind in NODES.items():
        url = f"http://{name}.localhost:{fronts[name]}"
        found(root / name, name, kind, url, backs[name], hosts)
        homes[name] = Home(name, root / name, children, patience_s=PATIENCE_S)
    for home in homes.values():
        home.start()
    return homes


def _acquaint(homes: dict[str, Home], fronts: dict[str, int]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    for name, kind in NODES.items():
        if kind == "vendor":
            homes[name].surely("catalogue.import", csv=CATALOGUE)
            homes[name].surely("rules.add", name="At once")
    while True:
        try:
            for name, kind in NODES.items():
                if kind == "vendor":
                    homes["ana"].surely("vendors.add", vendor=f"@{name}@{name}.localhost:{fronts[name]}")
            return
        except AssertionError:
            # The lines may have broken just this one; whoever looks somebody up tries again.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
