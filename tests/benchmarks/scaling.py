"""What a long past costs: inbox and lists of the command line with a million activities in the store."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from node.config import Config
from tests.benchmarks.figures import Figure, Row, figure_of
from tests.benchmarks.filling import PER_DEAL, fill
from tests.benchmarks.living import ask
from tests.benchmarks.load import write_requests
from tests.benchmarks.machine import Child
from tests.benchmarks.nodes import found, run_command, senders, teach
from tests.benchmarks.requests import by_cavage, feedback
from tests.benchmarks.stage import Stage, check_statuses

__all__ = ["MILLION", "QUICK", "rows_with", "scaling"]

MILLION, QUICK = 1_000_000, 100_000
SHOWN = 1_000
"""No list shows more deals than this."""
CONNECTIONS = 8
SENDERS = 64
LISTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "intents": ("intent.list", {"account": "ana"}),
    "offers": ("offers.list", {"account": "ana"}),
    "deals": ("deal.list", {"account": "ana"}),
    "vendor": ("inbox.list", {"account": "shop"}),
    "notices": ("notices.list", {"account": "ana"}),
    "deliveries": ("deliveries.list", {}),
    "status": ("node.health", {}),
}


def rows_with(activities: int) -> tuple[Row, ...]:
    """The rows, whose names say how long the past is."""
    past = f"{activities:,} activities in the store"
    inbox = Row("past-inbox", f"inbox p99 with {past}", "ms", "the same with none", 2.0, "lower")
    shown = "the same with no more than a list can show"
    lists = [
        Row(f"past-{name}", f"{command} with {past}", "ms", shown, 2.0, "lower")
        for name, (command, _) in LISTS.items()
    ]
    return (inbox, *lists)


def scaling(stage: Stage, rows: Sequence[Row]) -> Iterator[Figure]:
    """The same node three times: with a long past, with as much of it as lists show, and with none."""
    long, short, none = (_node(stage, name) for name in ("long", "short", "none"))
    fill(long, QUICK if stage.quick else MILLION)
    fill(short, 2 * SHOWN * PER_DEAL)
    known = senders(SENDERS)
    for config in (long, none):
        teach(config, known)
    by_key = {row.key: row for row in rows}
    if "past-inbox" in by_key:
        yield _inbox(stage, by_key["past-inbox"], long, none, known)
    asked = {name: row for name in LISTS if (row := by_key.get(f"past-{name}")) is not None}
    if asked:
        yield from _lists(stage, asked, long, short)


def _node(stage: Stage, name: str) -> Config:
    """A vendor "shop" and a person "ana" on one node."""
    config = found(stage.directory, name, "vendor", account="shop")
    run_command(config, "user.add", name="ana", display="Ana", kind="person", terms=[])
    return config


# --- the inbox ---------------------------------------------------------------------------------------------


def _inbox(stage: Stage, row: Row, long: Config, none: Config, known: Sequence[Any]) -> Figure:
    count = stage.amount(2000, 800)
    p99: dict[str, list[float]] = {"long": [], "none": []}
    with ExitStack() as opened:
        loads = {}
        for config in (long, none):
            opened.enter_context(stage.node(config))
            load = opened.enter_context(stage.load())
            _prepare(stage, load, config, known, count * (stage.rounds + 1))
            loads[config.data_dir.name] = (load, config.bind_port)
        for number in range(stage.rounds + 1):
            for name, (load, port) in loads.items():
                answer = load.ask(
                    do="fire", port=port, first=number * count, count=count, connections=CONNECTIONS
                )
                check_statuses(answer, count)
                if number > 0:  # the first round warms both
                    p99[name].append(answer["p99_ms"])
    ratios = [one / other for one, other in zip(p99["long"], p99["none"], strict=True)]
    return figure_of(row, median(p99["long"]), median(p99["none"]), median(ratios))


def _prepare(stage: Stage, load: Child, config: Config, known: Sequence[Any], count: int) -> None:
    shop = f"{config.base_url}/actors/shop"
    path = stage.directory / "requests.bin"
    posts = feedback(known, shop, count)
    write_requests(path, (by_cavage(sender, f"{shop}/inbox", body) for sender, body in posts))
    load.ask(do="load", path=str(path))
    path.unlink()


# --- the lists ---------------------------------------------------------------------------------------------


def _lists(stage: Stage, rows: Mapping[str, Row], long: Config, short: Config) -> Iterator[Figure]:
    with ExitStack() as opened:
        for config in (long, short):
            opened.enter_context(stage.node(config))
        for name, row in rows.items():
            command, arguments = LISTS[name]
            found_ms = [
                tuple(_ask_ms(config, command, arguments) for config in (long, short))
                for _ in range(2 * stage.rounds + 1)
            ][1:]
            ratio = median(one / other for one, other in found_ms)
            yield figure_of(
                row, median(one for one, _ in found_ms), median(other for _, other in found_ms), ratio
            )


def _ask_ms(config: Config, command: str, arguments: dict[str, Any]) -> float:
    began = time.perf_counter()
    ask(config, command, **arguments)
    return (time.perf_counter() - began) * 1000
