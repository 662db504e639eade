"""How long an inbox is shut when its node is started anew: peers do not knock for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from statistics import median

from node.config import Config
from tests.benchmarks.figures import Figure, Row, figure_of
from tests.benchmarks.living import serving
from tests.benchmarks.machine import wait_until
from tests.benchmarks.nodes import Sender, found, senders, teach
from tests.benchmarks.requests import by_cavage, feedback
from tests.benchmarks.stage import Stage

__all__ = ["RESTART", "restarting"]

RESTART = Row(
    "restart",
    "restart under load: start of the process to its first 2xx for a signed message",
    "s",
    "",
    2.0,
    "lower",
)
SENDERS = 50
EVERY_S = 0.01
WAIT_S = 60.0
READY_S = 60.0


class _Knocking(threading.Thread):
    """One signed message after the other, each on a connection of its own, as peers send them."""

    def __init__(self, config: Config, known: Sequence[Sender]) -> None:
        super().__init__(daemon=True)
        self._port, self._known = config.bind_port, known
        self._vendor = f"{config.base_url}/actors/shop"
        self.taken: list[float] = []
        """When each was taken: the moment of its 2xx."""
        self.is_over = False

    def run(self) -> None:
        for sender, body in feedback(self._known, self._vendor, 1_000_000):
            if self.is_over:
                return
            request = by_cavage(sender, f"{self._vendor}/inbox", body)
            with suppress(OSError):
                if self._answer(request).startswith(b"HTTP/1.1 2"):
                    self.taken.append(time.perf_counter())
            time.sleep(EVERY_S)

    def _answer(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._port), timeout=READY_S) as line:
            line.sendall(request)
            return line.recv(64)


def restarting(stage: Stage, row: Row) -> Iterator[Figure]:
    """A node that takes messages is told to stop, and is started again at once."""
    config = found(stage.directory, "shop", "vendor")
    known = senders(SENDERS)
    teach(config, known)
    took: list[float] = []
    with _knocking(config, known) as knocking:
        process = serving(config)
        try:
            _wait_for_more(knocking)  # and what Python still had to compile is compiled
            for _ in range(stage.rounds):
                process.terminate()
                process.wait(READY_S)
                began = time.perf_counter()
                process = serving(config)
                _wait_for_more(knocking)
                took.append(next(at for at in knocking.taken if at > began) - began)
        finally:
            process.terminate()
            process.wait(READY_S)
    yield figure_of(row, median(took))


@contextmanager
def _knocking(config: Config, known: Sequence[Sender]) -> Iterator[_Knocking]:
    knocking = _Knocking(config, known)
    knocking.start()
    try:
        yield knocking
    finally:
        knocking.is_over = True
        knocking.join()


def _wait_for_more(knocking: _Knocking) -> None:
    """Until a good many were taken from now on."""
    enough = len(knocking.taken) + SENDERS
    wait_until(lambda: len(knocking.taken) >= enough, seconds=WAIT_S, what="messages that are taken")
