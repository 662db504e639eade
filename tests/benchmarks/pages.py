"""How long the server takes for each private page, with ten thousand deals in the store.

A real server, one connection that is kept, one session that logged in; the pages are asked for in turn, so
that none is measured while only its own memory is warm.
"""

from __future__ import annotations

import http.client
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from node.config import Config
from node.web.visits import Who
from tests.benchmarks.addresses import MISSING, Address, addresses
from tests.benchmarks.crowds import DEALS, crowd_person, crowd_vendor
from tests.benchmarks.dealings import PASSWORD, Played, play
from tests.benchmarks.figures import Figure, Row, figure_of
from tests.benchmarks.machine import ROOT, free_port
from tests.benchmarks.nodes import found
from tests.benchmarks.stage import Stage

__all__ = ["REPORT", "ROWS", "Taken", "browsing", "p95_of"]

REPORT = ROOT / "build" / "pages.json"
PASSES, WARM, ROUNDS = 2, 5, 60
_AIM_MS, _LOST_MS = 30, 60
_OF = f"{DEALS:,} deals in the store, p95"


def _row(key: str, what: str) -> Row:
    return Row(f"pages-{key}", f"{what}, {_OF}", "ms", "", _AIM_MS, "lower", bar=_LOST_MS)


SLOWEST = _row("slowest", "the slowest of all private pages")
_PERSON = {
    _row("missing", "a private page that is not there"): MISSING,
    _row("home-person", "a person's home"): "/my",
    _row("deals", "a person's deals"): "/my/deals",
    _row("deal", "a deal, its signatures checked"): "/my/deals/{deal}",
    _row("compare", "offers compared, their signatures checked"): "/my/intents/{intent}/compare",
    _row("compose", "composing: whom to ask"): "/my/intents/new/{draft}/vendors",
}
_VENDOR = {
    _row("home-vendor", "a vendor's home, its inbox"): "/my",
    _row("sales", "a vendor's deals"): "/my/deals",
}
ROWS = (*_PERSON, *_VENDOR, SLOWEST)


@dataclass(slots=True)
class Taken:
    """What one page took, each time it was asked for. Shapes: `wall_ms` has one list a pass."""

    path: str
    wall_ms: list[list[float]] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    size_bytes: int = 0

    @property
    def p50(self) -> float:
        return min(median(one) for one in self.wall_ms)

    @property
    def p95(self) -> float:
        """Of the better pass: a busy machine makes a page slow, and none quick."""
        return min(p95_of(one) for one in self.wall_ms)


def p95_of(values: Sequence[float]) -> float:
    """The value that 19 of 20 do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, len(ranked) * 95 // 100)]


def browsing(stage: Stage, rows: Sequence[Row]) -> Iterator[Figure]:
    """A person's node, then a vendor's, each with its past: all pages; with `quick` those of these rows.

    The slowest of all is not said by `quick`, which does not look at all.
    """
    homes, played = _nodes(stage)
    pages: dict[Who, list[Taken]] = {}
    for kind, (config, given_up) in homes.items():
        asked = addresses(kind, played, given_up)
        wanted = _wanted(kind, asked, rows, everything=not stage.quick and SLOWEST in rows)
        if wanted:
            pages[kind] = _measured(stage, config, wanted)
    for chosen, kind in ((_PERSON, Who.PERSON), (_VENDOR, Who.VENDOR)):
        for row, path in chosen.items():
            if row in rows:
                yield figure_of(row, next(one.p95 for one in pages[kind] if one.path == path))
    if SLOWEST in rows and not stage.quick:
        yield figure_of(SLOWEST, max(one.p95 for whose in pages.values() for one in whose))
    _tell(pages)


def _nodes(stage: Stage) -> tuple[dict[Who, tuple[Config, int]], Played]:
    """Both nodes, each with a delivery of its own that was given up, and what was played between them."""
    ports = {name: free_port() for name in ("ana", "shop")}
    allowed = [f"{name}.localhost:{port}" for name, port in ports.items()]
    names = {f"{name}.localhost": "127.0.0.1" for name in ports}
    person, vendor = (
        found(stage.directory, name, kind, port=ports[name], allowed=allowed, names=names)
        for name, kind in (("ana", "person"), ("shop", "vendor"))
    )
    played = play(person, vendor)
    given_up = crowd_person(person, "ana"), crowd_vendor(vendor, "shop")
    return {Who.PERSON: (person, given_up[0]), Who.VENDOR: (vendor, given_up[1])}, played


def _wanted(kind: Who, asked: Sequence[Address], rows: Sequence[Row], *, everything: bool) -> list[Address]:
    chosen = _PERSON if kind is Who.PERSON else _VENDOR
    named = {path for row, path in chosen.items() if row in rows}
    return [one for one in asked if everything or one.path in named]


# --- asking -----------------------------------------------------------------------------------------------


def _measured(stage: Stage, config: Config, wanted: Sequence[Address]) -> list[Taken]:
    taken = [Taken(one.path) for one in wanted]
    with ExitStack() as opened:
        server = opened.enter_context(stage.node(config))
        browser = opened.enter_context(_browser(config, server.pid))
        for number in range(1 if stage.profile is not None else PASSES):
            browser.log_in(config.data_dir.name)  # anew, so that nothing asks who it is in the middle
            for one in taken:
                one.wall_ms.append([])
            for turn in range(WARM * (number == 0) + stage.amount(ROUNDS, ROUNDS // 2)):
                for address, one in zip(wanted, taken, strict=True):
                    wall_ms, cpu_ms, one.size_bytes = browser.get(address.url)
                    if turn >= WARM * (number == 0):
                        one.wall_ms[-1].append(wall_ms)
                        one.cpu_ms.append(cpu_ms)
    return taken


@contextmanager
def _browser(config: Config, pid: int) -> Iterator[_Browser]:
    connection = http.client.HTTPConnection("127.0.0.1", config.bind_port, timeout=60)
    try:
        yield _Browser(connection, config.host, pid)
    finally:
        connection.close()


class _Browser:
    """Asks a server for pages, one after the other on one connection, and looks how long it took."""

    def __init__(self, connection: http.client.HTTPConnection, host: str, pid: int) -> None:
        self._connection = connection
        self._headers = {"host": host, "sec-fetch-site": "same-origin", "accept-language": "en"}
        self._threads = Path(f"/proc/{pid}/task")

    def log_in(self, name: str) -> None:
        self._headers.pop("cookie", None)
        form = urlencode({"name": name, "password": PASSWORD})
        given = {**self._headers, "content-type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", "/login", form, given)
        answer = self._connection.getresponse()
        answer.read()
        cookies = [value.partition(";")[0] for value in answer.headers.get_all("set-cookie", [])]
        self._headers["cookie"] = next(cookie for cookie in cookies if cookie.startswith("session="))

    def get(self, url: str) -> tuple[float, float, int]:
        """(wall ms, ms of the server's processors, bytes). Raises: RuntimeError where there is no page."""
        before, began = self._cpu_ms(), time.perf_counter()
        self._connection.request("GET", url, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        wall_ms = (time.perf_counter() - began) * 1000
        if answer.status != (404 if url == MISSING else 200):
            raise RuntimeError(f"{url} was answered with {answer.status}: {body[-300:]!r}")
        return wall_ms, self._cpu_ms() - before, len(body)

    def _cpu_ms(self) -> float:
        """What all threads of the server have had of a processor: exact, and the same on a busy machine."""
        return sum(int((one / "schedstat").read_text().split()[0]) for one in self._threads.iterdir()) / 1e6


# --- the table of all pages -------------------------------------------------------------------------------


def _tell(pages: dict[Who, list[Taken]]) -> None:
    """Every page, the slowest first: on the screen, and in `build/pages.json`."""
    table = Table("page", "p50 ms", "p95 ms", "CPU ms", "kB", title="private pages", title_justify="left")
    report = defaultdict(list)
    for kind, whose in pages.items():
        for one in sorted(whose, key=lambda one: -one.p95):
            cpu_ms = median(one.cpu_ms)
            figures = (f"{one.p50:.1f}", f"{one.p95:.1f}", f"{cpu_ms:.1f}", f"{one.size_bytes / 1000:.1f}")
            table.add_row(f"{kind.value}: {one.path}", *figures)
            names = ("p50_ms", "p95_ms", "cpu_ms", "kB")
            report[kind.value].append(
                {"path": one.path, **dict(zip(names, map(float, figures), strict=True))}
            )
    Console(width=110).print(table)
    REPORT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
