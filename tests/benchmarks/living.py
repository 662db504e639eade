"""How a node feels: from a cast to the offer that answers it, a large catalogue, its start, its memory."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from statistics import median
from typing import Any

import anyio
import psutil

from node.config import Config
from node.container import open_node
from node.desk import Desk
from node.domain.deals import Deal
from node.domain.messages import Sender
from node.runtime.asking import ask_running
from node.services.quotes import answer_by_rule
from tests.benchmarks.figures import Figure, Row, figure_of
from tests.benchmarks.machine import ROOT, free_port, wait_until
from tests.benchmarks.nodes import BICYCLE, CATALOGUE, found, run_command
from tests.benchmarks.stage import Stage
from tests.builders import a_deal, a_rule, an_item, money

__all__ = [
    "CAST_P50",
    "CAST_P99",
    "CATALOGUE_ITEMS",
    "MATCHING",
    "MEMORY",
    "START",
    "casting",
    "matching",
    "resting",
    "serving",
]

CATALOGUE_ITEMS = 100_000
CATEGORIES = 100
CAST_P50 = Row("cast-p50", "cast → automatic offer shown, two idle nodes, p50", "ms", "", 150, "lower")
CAST_P99 = Row("cast-p99", "cast → automatic offer shown, two idle nodes, p99", "ms", "", 500, "lower")
MATCHING = Row(
    "matching",
    f"one intent against {CATALOGUE_ITEMS:,} catalogue items, offer made",
    "ms",
    "",
    50,
    "lower",
)
MEMORY = Row("memory", "memory of all processes of a node at rest", "MiB", "", 100, "lower")
START = Row("start", "start to first answer", "s", "", 1.5, "lower")
READY_S = 60.0
REST_S = 3.0


# --- an offer ----------------------------------------------------------------------------------------------


def casting(stage: Stage, rows: Sequence[Row]) -> Iterator[Figure]:
    """One intent at a time, as the person's command line sees it, until the offer is listed."""
    names = ("ana", "shop")
    ports = {name: free_port() for name in names}
    hosts = {name: f"{name}.localhost:{ports[name]}" for name in names}
    closed: dict[str, Any] = {
        "allowed": list(hosts.values()),
        "names": {f"{name}.localhost": "127.0.0.1" for name in names},
    }
    with ExitStack() as opened:
        ana = found(stage.directory, "ana", "person", port=ports["ana"], **closed)
        shop = found(stage.directory, "shop", "vendor", port=ports["shop"], **closed)
        run_command(shop, "catalogue.import", csv=CATALOGUE)
        run_command(shop, "rules.add", name="At once")
        for config in (shop, ana):
            opened.enter_context(stage.node(config, pinned=False))
        vendor = f"@shop@{hosts['shop']}"
        ask(ana, "vendors.add", vendor=vendor)
        for number in range(5):
            _cast_ms(ana, vendor, number)
        took = sorted(_cast_ms(ana, vendor, number) for number in range(stage.amount(200, 60)))
    found_ms = {CAST_P50: median(took), CAST_P99: took[min(len(took) - 1, len(took) * 99 // 100)]}
    yield from (figure_of(row, found_ms[row]) for row in rows)


def _cast_ms(ana: Config, vendor: str, number: int) -> float:
    wish = {"wish": "fits", "weight": "must", "property": "bodyHeight", "op": "fits", "value": "115"}
    wishes = [{**wish, "unit": "centimetre"}]
    began = time.perf_counter()
    cast = ask(
        ana,
        "intent.cast",
        name=f"Bicycle {number}",
        category=BICYCLE,
        to=[vendor],
        budget="300 EUR",
        wishes=wishes,
    )
    wait_until(
        lambda: bool(ask(ana, "offers.list", of=cast["id"])["offers"]),
        seconds=30,
        what="an offer",
        step_s=0.003,
    )
    return (time.perf_counter() - began) * 1000


def ask(config: Config, command: str, **arguments: Any) -> Mapping[str, Any]:
    """One command of a node that runs. Raises: CommandFailed, RuntimeError."""
    answer = ask_running(config, command, arguments, lambda text: None)
    if answer is None:
        raise RuntimeError(f"the node of {config.base_url} does not answer")
    return answer


# --- a catalogue -------------------------------------------------------------------------------------------


def matching(stage: Stage, row: Row) -> Iterator[Figure]:
    """From the stored proposal to the signed offer of the best item, in one transaction that is undone."""
    config = found(stage.directory, "shop", "vendor")
    yield figure_of(row, anyio.run(_match, config, stage.rounds * 5))


class _UndoneError(Exception):
    """Ends the transaction without a trace."""


async def _match(config: Config, times: int) -> float:
    actor = f"{config.base_url}/actors/shop"
    deal = replace(a_deal(side=Sender.VENDOR), own=actor, account=actor)
    took: list[float] = []
    async with open_node(config) as opened:
        await opened.node.db.write(lambda tx: tx.rules.save(actor, a_rule()))
        await opened.node.db.write(lambda tx: tx.catalogue.save(actor, _items()))

        def answer(desk: Desk) -> None:
            account = desk.tx.accounts.get(actor)
            assert account is not None
            began = time.perf_counter()
            offered = answer_by_rule(desk, _stated_now(desk, deal), account)
            took.append((time.perf_counter() - began) * 1000)
            if not offered.live_offers:
                raise RuntimeError("no item was offered")
            raise _UndoneError

        for _ in range(times):
            with suppress(_UndoneError):
                await opened.node.work(answer)
    return median(took)


def _stated_now(desk: Desk, deal: Deal) -> Deal:
    """The deal of the tests is played on a day of its own; its times are moved to now."""
    proposal = deal.proposal
    assert proposal is not None
    ahead = desk.signing_time - proposal.published_at
    due_at = None if proposal.due_at is None else proposal.due_at + ahead
    stated = replace(
        proposal, published_at=desk.signing_time, ends_at=proposal.ends_at + ahead, due_at=due_at
    )
    return replace(deal, proposal=stated)


def _items() -> Iterator[Any]:
    """Items in so many categories, of which the bicycles are one; prices and stock differ."""
    for number in range(CATALOGUE_ITEMS):
        kind = number % CATEGORIES
        yield an_item(
            sku=f"SKU{number:07d}",
            name=f"Item {number}",
            category=BICYCLE if kind == 0 else f"https://www.wikidata.org/wiki/Q{900000 + kind}",
            price=money(f"{200 + number % 97}.00"),
            stock=Decimal(number % 7),
        )


# --- at rest -----------------------------------------------------------------------------------------------


def resting(stage: Stage, rows: Sequence[Row]) -> Iterator[Figure]:
    """`obverse serve` of a node with one account, in as many processes as it has."""
    config = found(stage.directory, "ana", "person")
    memory_mib, start_s = [], []
    with _served(config):
        pass  # whatever Python still had to compile is compiled now, as it is in an installation
    for _ in range(stage.rounds):
        with _served(config) as (process, seconds):
            start_s.append(seconds)
            if MEMORY in rows:
                time.sleep(REST_S)
                memory_mib.append(_memory_mib(process.pid))
    if MEMORY in rows:
        yield figure_of(MEMORY, median(memory_mib))
    if START in rows:
        yield figure_of(START, median(start_s))


def serving(config: Config) -> subprocess.Popen[bytes]:
    """`obverse serve` of this node, as its owner starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "node", "--data", str(config.data_dir), "serve"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        start_new_session=True,
    )


@contextmanager
def _served(config: Config) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    began = time.perf_counter()
    process = serving(config)
    try:
        wait_until(lambda: _answers(config), seconds=READY_S, what="the first answer", step_s=0.002)
        yield process, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(READY_S)


def _answers(config: Config) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", config.bind_port, timeout=5)
    try:
        connection.request(
            "GET", "/actor", headers={"host": config.host, "accept": "application/activity+json"}
        )
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _memory_mib(pid: int) -> float:
    """Proportional set sizes, so that what processes share counts once."""
    node = psutil.Process(pid)
    processes = [node, *node.children(recursive=True)]
    return sum(float(process.memory_full_info().pss) for process in processes) / 2**20
