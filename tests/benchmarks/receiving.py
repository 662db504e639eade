"""What comes in: accepted durably, processed to the committed state and outbox row, acted on as a whole."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from statistics import median
from typing import Any

from node.config import Config
from tests.benchmarks.figures import Figure, Row, figure_of
from tests.benchmarks.floors import GROUP
from tests.benchmarks.load import write_requests
from tests.benchmarks.machine import Child, wait_until
from tests.benchmarks.nodes import CATALOGUE, Sender, found, run_command, senders, teach
from tests.benchmarks.requests import Sign, by_cavage, by_ed25519, casts, feedback
from tests.benchmarks.stage import Stage, check_statuses

__all__ = ["ACCEPT_CAVAGE", "ACCEPT_ED25519", "ACTED_ON", "DEAL", "accepting", "acting", "dealing"]

CONNECTIONS = 64
SENDERS = 64
PIECE_S = 0.2
Bodies = Callable[[Sequence[Sender], str, int], Iterator[tuple[Sender, bytes]]]

ACCEPT_CAVAGE = Row(
    "accept-cavage",
    "signed POST accepted durably, cavage RSA",
    "/s",
    f"trivial POST + RSA verify + one row of {GROUP} a commit",
    0.60,
    "higher",
)
ACCEPT_ED25519 = Row(
    "accept-ed25519",
    "signed POST accepted durably, RFC 9421 Ed25519",
    "/s",
    f"trivial POST + Ed25519 verify + one row of {GROUP} a commit",
    0.60,
    "higher",
)
DEAL = Row(
    "deal",
    "deal message up to committed state and outbox row",
    "/s",
    "the floor above + Ed25519 verify + JCS",
    0.50,
    "higher",
)
ACTED_ON = {
    connections: Row(
        f"acted-on-{connections}",
        f"fediverse post accepted, stored and acted on, {connections} connection{'s' * (connections > 1)}",
        "/s",
        "",
        target,
        "higher",
    )
    for connections, target in ((1, 1100.0), (4, 2930.0), (8, 3680.0), (64, 3680.0))
}
"""The targets are ten times what GoToSocial accepts over so many connections on two such cores."""


def _requests(
    stage: Stage, load: Child, config: Config, known: Sequence[Sender], bodies: Bodies, sign: Sign, count: int
) -> None:
    """Sign so many requests and let the load process hold them."""
    url = f"{config.base_url}/actors/shop/inbox"
    path = stage.directory / "requests.bin"
    written = bodies(known, f"{config.base_url}/actors/shop", count)
    write_requests(path, (sign(sender, url, body) for sender, body in written))
    load.ask(do="load", path=str(path))
    path.unlink()


def _fire(load: Child, port: int, first: int, count: int, connections: int = CONNECTIONS) -> Any:
    answer = load.ask(do="fire", port=port, first=first, count=count, connections=connections)
    check_statuses(answer, count)
    return answer


# --- accepted ----------------------------------------------------------------------------------------------


def accepting(stage: Stage, row: Row) -> Iterator[Figure]:
    """A signed POST up to its 202; the worker, which would act on it, sleeps."""
    sign, piece = (by_cavage, "rsa_verify") if row is ACCEPT_CAVAGE else (by_ed25519, "ed25519_verify")
    count, warm = stage.amount(4000, 1500), 500
    with ExitStack() as opened:
        config = found(stage.directory, "shop", "vendor")
        known = senders(SENDERS)
        teach(config, known)
        load, pieces = opened.enter_context(stage.load()), opened.enter_context(stage.pieces())
        trivial = opened.enter_context(stage.trivial_post())
        opened.enter_context(stage.node(config, "--no-processing", "--no-delivering"))
        _requests(stage, load, config, known, feedback, sign, warm + count * stage.rounds)
        for port in (trivial, config.bind_port):
            _fire(load, port, 0, warm)
        rates, floors = [], []
        for number in range(stage.rounds):
            first = warm + number * count
            floors.append(_floor_us(load, pieces, trivial, first, count, (piece, "row")))
            rates.append(count / _fire(load, config.bind_port, first, count)["seconds"])
        _check_rows(config, "inbox", warm + stage.rounds * count)
    yield _ratio(row, rates, floors)


def _floor_us(
    load: Child, pieces: Child, trivial: int, first: int, count: int, names: Sequence[str]
) -> float:
    """Microseconds of a trivial POST of the same bytes and of these pieces, one after the other."""
    posting = _fire(load, trivial, first, count)["seconds"] / count * 1e6
    once = pieces.ask(do="measure", names=sorted(set(names)), seconds=PIECE_S)
    return float(posting + sum(once[name] for name in names))


def _ratio(row: Row, rates: Sequence[float], floors_us: Sequence[float]) -> Figure:
    """Medians; the ratio is that of each round, so that a slow spell meets both."""
    ratios = [rate * floor / 1e6 for rate, floor in zip(rates, floors_us, strict=True)]
    return figure_of(row, median(rates), 1e6 / median(floors_us), median(ratios))


# --- a deal ------------------------------------------------------------------------------------------------


def dealing(stage: Stage, row: Row) -> Iterator[Figure]:
    """An intent up to the deal's state, the offer that a rule makes of it, and the outbox row of that.

    Nothing is delivered, so that delivery is not measured with it.
    """
    count, warm = stage.amount(1500, 500), 200
    with ExitStack() as opened:
        config = found(stage.directory, "shop", "vendor")
        known = senders(SENDERS)
        teach(config, known)
        run_command(config, "catalogue.import", csv=CATALOGUE)
        run_command(config, "rules.add", name="At once")
        load, pieces = opened.enter_context(stage.load()), opened.enter_context(stage.pieces())
        trivial = opened.enter_context(stage.trivial_post())
        opened.enter_context(stage.node(config, "--no-delivering"))
        _requests(stage, load, config, known, casts, by_ed25519, warm + count * stage.rounds)
        _fire(load, trivial, 0, warm)
        _processed(load, config, 0, warm, CONNECTIONS)
        rates, floors = [], []
        for number in range(stage.rounds):
            first = warm + number * count
            names = ("ed25519_verify", "row", "ed25519_verify", "jcs")
            floors.append(_floor_us(load, pieces, trivial, first, count, names))
            rates.append(count / _processed(load, config, first, count, CONNECTIONS))
        _check_rows(config, "delivery WHERE attempts = 0", warm + stage.rounds * count)
    yield _ratio(row, rates, floors)


def _processed(load: Child, config: Config, first: int, count: int, connections: int) -> float:
    """Seconds from the first request until nothing waits any more."""
    with closing(sqlite3.connect(f"file:{config.database_path}?mode=ro", uri=True)) as database:
        began_at = _fire(load, config.bind_port, first, count, connections)["began_at"]
        waiting = "SELECT EXISTS (SELECT 1 FROM inbox WHERE state = 'pending')"
        wait_until(lambda: not database.execute(waiting).fetchone()[0], seconds=120, what="processing")
    return time.time() - float(began_at)


def _check_rows(config: Config, rows: str, expected: int) -> None:
    """What was acted on is there. Raises: RuntimeError."""
    with closing(sqlite3.connect(f"file:{config.database_path}?mode=ro", uri=True)) as database:
        (there,) = database.execute(f"SELECT count(*) FROM {rows}").fetchone()
    if there != expected:
        raise RuntimeError(f"{expected} messages came in, and {there} rows of {rows} came of them")


# --- acted on ----------------------------------------------------------------------------------------------


def acting(stage: Stage, rows: Sequence[Row]) -> Iterator[Figure]:
    """The whole node, on whatever cores there are: a post about the vendor, verified, kept, shown to it."""
    counts = {connections: stage.amount(*full) for connections, full in _ACTED.items()}
    with ExitStack() as opened:
        config = found(stage.directory, "shop", "vendor")
        known = senders(SENDERS)
        teach(config, known)
        load = opened.enter_context(stage.load())
        opened.enter_context(stage.node(config, pinned=False))
        wanted = [connections for connections, row in ACTED_ON.items() if row in rows]
        total = 500 + stage.rounds * sum(counts[connections] for connections in wanted)
        _requests(stage, load, config, known, feedback, by_cavage, total)
        _processed(load, config, 0, 500, CONNECTIONS)
        first, rates = 500, {connections: list[float]() for connections in wanted}
        for _ in range(stage.rounds):
            for connections in wanted:
                seconds = _processed(load, config, first, counts[connections], connections)
                rates[connections].append(counts[connections] / seconds)
                first += counts[connections]
        _check_rows(config, "post", total)
    yield from (figure_of(ACTED_ON[connections], median(taken)) for connections, taken in rates.items())


_ACTED = {1: (400, 150), 4: (1200, 400), 8: (2000, 600), 64: (4000, 1500)}
"""How many posts in one round, whole and quick, by the number of connections."""
