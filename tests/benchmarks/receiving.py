"""What comes in: accepted durably, processed to the committed state and outbox row, acted on as a whole."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
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
    bar=0.16,
)
ACCEPT_ED25519 = Row(
    "accept-ed25519",
    "signed POST accepted durably, RFC 9421 Ed25519",
    "/s",
    f"trivial POST + Ed25519 verify + one row of {GROUP} a commit",
    0.60,
    "higher",
    bar=0.22,
)
DEAL = Row(
    "deal",
    "deal message up to committed state and outbox row",
    "/s",
    "the floor above + Ed25519 verify + JCS",
    0.50,
    "higher",
    bar=0.08,
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


# --- against a floor ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Work:
    """What is sent to a node in rounds of `count`, and what it is held against.

    Shapes: `flags` are those of the node's process; `pieces` what the floor has beside the trivial POST;
            `seconds` measures one round; `rows` must be as many as were sent, in the end.
    """

    config: Config
    flags: Sequence[str]
    bodies: Bodies
    sign: Sign
    pieces: Sequence[str]
    count: int
    seconds: Callable[[Child, Config, int], float]
    rows: str


def _against_floor(stage: Stage, row: Row, work: _Work) -> Figure:
    """Medians of the rounds; the ratio is that of each round, so that a slow spell meets both.

    Each round is signed just before it, since signatures do not last; the first one only warms.
    """
    known = senders(SENDERS)
    teach(work.config, known)
    rates, floors_us = [], []
    with ExitStack() as opened:
        load, pieces = opened.enter_context(stage.load()), opened.enter_context(stage.pieces())
        trivial = opened.enter_context(stage.trivial_post())
        opened.enter_context(stage.node(work.config, *work.flags))
        for _ in range(stage.rounds + 1):
            _requests(stage, load, work.config, known, work.bodies, work.sign, work.count)
            floors_us.append(_floor_us(load, pieces, trivial, work))
            rates.append(work.count / work.seconds(load, work.config, work.count))
        _check_rows(work.config, work.rows, (stage.rounds + 1) * work.count)
    ratios = [rate * floor / 1e6 for rate, floor in zip(rates, floors_us, strict=True)]
    return figure_of(row, median(rates[1:]), 1e6 / median(floors_us[1:]), median(ratios[1:]))


def _floor_us(load: Child, pieces: Child, trivial: int, work: _Work) -> float:
    """Microseconds of a trivial POST of the same bytes and of the pieces, one after the other."""
    posting = _fire(load, trivial, 0, work.count)["seconds"] / work.count * 1e6
    once = pieces.ask(do="measure", names=sorted(set(work.pieces)), seconds=PIECE_S)
    return float(posting + sum(once[name] for name in work.pieces))


def _accepted(load: Child, config: Config, count: int) -> float:
    """Seconds from the first request to the last 202."""
    return float(_fire(load, config.bind_port, 0, count)["seconds"])


def _processed(
    load: Child, config: Config, count: int, *, first: int = 0, connections: int = CONNECTIONS
) -> float:
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


# --- accepted ----------------------------------------------------------------------------------------------


def accepting(stage: Stage, row: Row) -> Iterator[Figure]:
    """A signed POST up to its 202; the worker, which would act on it, sleeps."""
    by_rsa = row is ACCEPT_CAVAGE
    work = _Work(
        config=found(stage.directory, "shop", "vendor"),
        flags=("--no-processing", "--no-delivering"),
        bodies=feedback,
        sign=by_cavage if by_rsa else by_ed25519,
        pieces=("rsa_verify" if by_rsa else "ed25519_verify", "row"),
        count=stage.amount(4000, 1500),
        seconds=_accepted,
        rows="inbox",
    )
    yield _against_floor(stage, row, work)


# --- a deal ------------------------------------------------------------------------------------------------


def dealing(stage: Stage, row: Row) -> Iterator[Figure]:
    """An intent up to the deal's state, the offer that a rule makes of it, and the outbox row of that.

    Nothing is delivered, so that delivery is not measured with it.
    """
    config = found(stage.directory, "shop", "vendor")
    run_command(config, "catalogue.import", csv=CATALOGUE)
    run_command(config, "rules.add", name="At once")
    work = _Work(
        config=config,
        flags=("--no-delivering",),
        bodies=casts,
        sign=by_ed25519,
        pieces=("ed25519_verify", "row", "ed25519_verify", "jcs"),
        count=stage.amount(1500, 400),
        seconds=_processed,
        rows="delivery WHERE attempts = 0",
    )
    yield _against_floor(stage, row, work)


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
        _processed(load, config, 500)
        first, rates = 500, {connections: list[float]() for connections in wanted}
        for _ in range(stage.rounds):
            for connections in wanted:
                count = counts[connections]
                seconds = _processed(load, config, count, first=first, connections=connections)
                rates[connections].append(count / seconds)
                first += count
        _check_rows(config, "post", total)
    yield from (figure_of(ACTED_ON[connections], median(taken)) for connections, taken in rates.items())


_ACTED = {1: (400, 150), 4: (1200, 400), 8: (2000, 600), 64: (4000, 1500)}
"""How many posts in one round, whole and quick, by the number of connections."""
