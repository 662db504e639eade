"""A street of real nodes for the browser tests: each a process on loopback, all of them neighbours."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from federation.messages import JsonObject
from node.demo.stage import OBVERSE, Network, Player, await_ready, start
from node.store.sqlite.opening import connect_writer
from node.store.sqlite.people import SqliteSessions
from tests.browser.story import PASSWORD
from tests.e2e.conftest import free_rows

__all__ = ["Pair", "Street", "an_hour_passes", "open_pair", "open_street", "set_up_link", "until"]

WAIT_S, STOP_S = 60.0, 40.0


@dataclass(frozen=True, slots=True)
class Street:
    """Nodes by name; none has an account yet unless it was named in `settled`."""

    players: dict[str, Player]

    def __getitem__(self, name: str) -> Player:
        return self.players[name]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two who know each other. What a test does not walk through by its pages, it asks for here."""

    ana: Player
    south: Player

    def want(self, name: str) -> str:
        """Ana wants a bicycle of this name from the shop: the deal, once the shop has heard of it."""
        wanted = {"name": name, "category": "Q11442", "currency": "EUR", "to": [self.south.handle]}
        deal = str(self.ana.ask("intent.cast", **wanted)["deals"][0]["id"])
        until(lambda: deal in self.waiting())
        return deal

    def waiting(self) -> list[str]:
        """The deals that wait for the shop's answer."""
        return [str(deal["id"]) for deal in self.south.ask("inbox.list")["deals"]]

    def offer(self, deal: str, price: str) -> None:
        """The shop offers, and Ana has it."""
        self.south.ask("deal.offer", deal=deal, name="Kid 20", price=price)
        until(lambda: price in [offer["price"]["amount"] for offer in self.offers(deal)])

    def offers(self, deal: str) -> list[JsonObject]:
        """Those that are open, as Ana has them."""
        shown = self.ana.ask("deal.show", deal=deal)
        return [offer for offer in shown["offers"] if offer["state"] == "live"]

    def said(self, deal: str, kind: str) -> int:
        """How many messages of a kind the shop has of this deal."""
        shown = self.south.ask("deal.show", deal=deal)
        return sum(line["kind"] == kind for line in shown["messages"])


@contextmanager
def open_pair(home: Path) -> Iterator[Pair]:
    """Both nodes with their accounts, and the shop among Ana's vendors."""
    cast = (("ana", "person", "Ana"), ("south", "vendor", "South Wheels"))
    with open_street(home, cast, settled=("ana", "south")) as street:
        street["ana"].ask("vendors.add", vendor=street["south"].handle)
        street["ana"].ask("user.passwd", password=PASSWORD)
        yield Pair(street["ana"], street["south"])


@contextmanager
def open_street(
    home: Path, cast: Sequence[tuple[str, str, str]], settled: Sequence[str] = ()
) -> Iterator[Street]:
    """Make these nodes and serve them until this is left.

    Shapes: `cast` is (name, kind, display name) of each; whoever is `settled` has an account from the start,
            the others wait for whoever opens the link that they print.
    """
    network = Network(next(free_rows())[: len(cast)])
    players = [
        Player(name, kind, display, port, network, home)
        for (name, kind, display), port in zip(cast, network.ports, strict=True)
    ]
    makers = [_make(player, players, player.name in settled) for player in players]
    for player, maker in zip(players, makers, strict=True):
        said, _ = maker.communicate(timeout=WAIT_S)
        assert maker.returncode == 0, (player.name, said.decode())
    try:
        for player in players:
            start(player)
        for player in players:
            await_ready(player)
        yield Street({player.name: player for player in players})
    finally:
        _stop(players)


def _make(player: Player, players: Sequence[Player], is_settled: bool) -> subprocess.Popen[bytes]:
    """`obverse init`; each may speak to all, itself included."""
    words = ["--data", str(player.data), "init", "--url", player.url]
    words += ["--bind", f"127.0.0.1:{player.port}", "--cast-spread", "0"]
    if is_settled:
        words += ["--name", player.name, "--kind", player.kind, "--display", player.display]
    for other in players:
        words += ["--allow", other.host, "--resolve", f"{other.domain}=127.0.0.1"]
    return subprocess.Popen([*OBVERSE, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _stop(players: Sequence[Player]) -> None:
    """All at once, each by itself and once."""
    running = [player.process for player in players if player.process is not None]
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def set_up_link(player: Player) -> str:
    """What a node without an account prints at its start, for its owner alone."""
    found: list[str] = []

    def is_printed() -> bool:
        lines = player.log.read_text(encoding="utf-8").splitlines()
        found[:] = [line for line in lines if line.startswith(f"{player.url}/setup?token=")]
        return bool(found)

    until(is_printed)
    return found[-1]


def until(holds: Callable[[], object]) -> None:
    """Ask again until it holds; for what no page shows."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def an_hour_passes(player: Player) -> None:
    """Nobody here has proven who they are for an hour: as though every log-in had been that long ago."""
    connection = connect_writer(player.data / "obverse.db")
    try:
        sessions = SqliteSessions(connection)
        owners = [row[0] for row in connection.execute("SELECT DISTINCT account FROM session")]
        for session in [session for owner in owners for session in sessions.all(owner)]:
            if session.confirmed_at is not None:
                sessions.save(replace(session, confirmed_at=session.confirmed_at - timedelta(hours=1)))
    finally:
        connection.close()
