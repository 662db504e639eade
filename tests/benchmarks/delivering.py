"""What goes out: to hosts that are known and kept alive, to hosts that are met first, to few and to many."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import trustme

from node.config import Config
from tests.benchmarks.figures import Figure, Row, figure_of
from tests.benchmarks.machine import Child, cores, free_port, running, wait_until
from tests.benchmarks.nodes import found
from tests.benchmarks.stage import Stage

__all__ = [
    "CAVAGE",
    "ED25519",
    "FIRST_CONTACT",
    "MANY_HOSTS",
    "Scene",
    "delivering",
    "meeting",
    "names_of",
    "open_scene",
    "spreading",
]

HOSTS = 500
FEW, MANY = 50, 2000
SIGN_S = 0.3

CAVAGE = Row(
    "deliver-cavage",
    f"delivery by cavage to {HOSTS} kept-alive hosts",
    "/s",
    "RSA signing rate of one core",
    0.55,
    "higher",
)
ED25519 = Row(
    "deliver-ed25519",
    f"delivery by Ed25519 to {HOSTS} kept-alive hosts",
    "/s",
    "delivery by cavage",
    3.0,
    "higher",
)
FIRST_CONTACT = Row(
    "first-contact",
    f"first contact with {HOSTS} TLS hosts, by cavage",
    "/s",
    "bare TLS connections",
    0.60,
    "higher",
    bar=0.22,
)
MANY_HOSTS = Row(
    "many-hosts",
    f"CPU a delivery with {MANY:,} hosts",
    "µs",
    f"CPU a delivery with {FEW} hosts",
    1.4,
    "lower",
)


@dataclass(frozen=True, slots=True)
class _Took:
    """How long, and how much time of its own the process used for it."""

    seconds: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A node that delivers, on the measured core; the hosts that it delivers to, on the other one."""

    dispatcher: Child
    sink: Child
    pieces: Child
    port: int
    scheme: str
    database: Path
    troubled_ports: tuple[int, int] = (0, 0)
    """Where nobody listens, and where nobody answers."""

    def origins(self, names: Sequence[str]) -> list[str]:
        return [f"{self.scheme}://{name}:{self.port}" for name in names]

    def deliver(self, names: Sequence[str], each: int) -> _Took:
        """Until all is delivered and recorded. Raises: RuntimeError where anything needed a second try."""
        before = self.sink.ask(do="count")
        began = self.dispatcher.ask(do="deliver", origins=self.origins(names), each=each)
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as store:
            queued = "SELECT EXISTS (SELECT 1 FROM delivery WHERE head = 1)"
            wait_until(lambda: not store.execute(queued).fetchone()[0], seconds=180, what="deliveries")
        took = _Took(time.time() - began["began_at"], self.dispatcher.ask(do="used") - began["cpu_s"])
        arrived = self.sink.ask(do="count") - before
        words = self.dispatcher.ask(do="failures")
        if words or arrived != len(names) * each:
            raise RuntimeError(f"{len(names) * each} messages, {arrived} arrived: {words}")
        return took


def names_of(kind: str, count: int) -> list[str]:
    """Names of so many hosts that no other kind has."""
    return [f"{kind}{number}.peers.localhost" for number in range(count)]


@contextmanager
def open_scene(
    stage: Stage, names: Sequence[str], *, tls: bool = False, troubled: Sequence[str] = ()
) -> Iterator[Scene]:
    """Shapes: `names` are hosts that take everything; `troubled` may be asked for at any port."""
    with ExitStack() as opened:
        files = _certificate(stage.directory) if tls else ()
        sink = opened.enter_context(
            running("-m", "tests.benchmarks.sink", *map(str, files), core=cores()[1], log=stage.log("sink"))
        )
        port = int(sink.read())
        dead, silent = free_port(), int(sink.ask(do="silence")) if troubled else 0
        settings: dict[str, Any] = {
            "allowed": [
                *(f"{name}:{port}" for name in names),
                *(f"{name}:{at}" for name in troubled for at in (dead, silent)),
            ],
            "names": dict.fromkeys([*names, *troubled], "127.0.0.1"),
        }
        if tls:
            settings["ca_file"] = str(stage.directory / "ca.pem")
        config = found(stage.directory, "shop", "vendor", **settings)
        pieces = opened.enter_context(stage.pieces())
        dispatcher = opened.enter_context(_dispatcher(stage, config))
        scheme = "https" if tls else "http"
        yield Scene(dispatcher, sink, pieces, port, scheme, config.database_path, (dead, silent))


@contextmanager
def _dispatcher(stage: Stage, config: Config) -> Iterator[Child]:
    arguments = ["-m", "tests.benchmarks.dispatch", str(config.data_dir), *stage.profiling]
    with running(*arguments, core=cores()[0], log=stage.log("dispatch")) as child:
        child.read()
        yield child


def _certificate(directory: Path) -> tuple[Path, Path]:
    """One certificate for all names, by an authority of its own."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / "ca.pem")
    issued = authority.issue_cert("*.peers.localhost")
    certificate, key = directory / "peers.pem", directory / "peers.key"
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(certificate, append=number > 0)
    issued.private_key_pem.write_to_path(key)
    return certificate, key


# --- kept alive --------------------------------------------------------------------------------------------


def delivering(stage: Stage, rows: Sequence[Row]) -> Iterator[Figure]:
    """The same messages to the same number of hosts, signed the one way and the other."""
    each = stage.amount(6, 3)
    older, newer = names_of("older", HOSTS), names_of("newer", HOSTS)
    rates: dict[str, list[float]] = {"cavage": [], "ed25519": [], "floor": []}
    with open_scene(stage, [*older, *newer]) as scene:
        scene.dispatcher.ask(do="remember", origins=scene.origins(newer))
        for names in (older, newer):
            scene.deliver(names, 1)
        for _ in range(stage.rounds):
            signing_us = scene.pieces.ask(do="measure", names=["rsa_sign"], seconds=SIGN_S)["rsa_sign"]
            rates["floor"].append(1e6 / signing_us)
            rates["cavage"].append(HOSTS * each / scene.deliver(older, each).seconds)
            rates["ed25519"].append(HOSTS * each / scene.deliver(newer, each).seconds)
    if CAVAGE in rows:
        yield _ratio(CAVAGE, rates["cavage"], rates["floor"])
    if ED25519 in rows:
        yield _ratio(ED25519, rates["ed25519"], rates["cavage"])


def _ratio(row: Row, values: Sequence[float], floors: Sequence[float]) -> Figure:
    ratios = [value / floor for value, floor in zip(values, floors, strict=True)]
    return figure_of(row, median(values), median(floors), median(ratios))


# --- met first ---------------------------------------------------------------------------------------------


def meeting(stage: Stage, row: Row) -> Iterator[Figure]:
    """One message to each of hosts that were never met, over TLS; new ones in every round."""
    groups = [names_of(f"round{number}-", HOSTS) for number in range(stage.rounds + 1)]
    rates, floors = [], []
    with open_scene(stage, [name for names in groups for name in names], tls=True) as scene:
        ca_file = str(stage.directory / "ca.pem")
        scene.deliver(groups[0][:50], 1)
        for names in groups[1:]:
            seconds = scene.pieces.ask(do="connect", port=scene.port, names=names, ca_file=ca_file)
            floors.append(HOSTS / seconds)
            rates.append(HOSTS / scene.deliver(names, 1).seconds)
    yield _ratio(row, rates, floors)


# --- few and many ------------------------------------------------------------------------------------------


def spreading(stage: Stage, row: Row) -> Iterator[Figure]:
    """The same number of messages, to few hosts and to many; what it costs this process."""
    total = stage.amount(4000, 2000)
    few, many = names_of("few", FEW), names_of("many", MANY)
    costs: dict[int, list[float]] = {FEW: [], MANY: []}
    with open_scene(stage, [*few, *many]) as scene:
        for names in (few, many):
            scene.deliver(names, 1)
        for _ in range(stage.rounds):
            for names in (few, many):
                used = scene.deliver(names, total // len(names)).cpu_s
                costs[len(names)].append(used / total * 1e6)
    yield _ratio(row, costs[MANY], costs[FEW])
