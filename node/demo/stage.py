"""Four nodes on one machine: four data directories, four processes, and the way to speak to each.

Everything goes through the command line: `obverse init` makes a node, `obverse serve` runs it, and every
other command reaches it over its control socket.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from federation.messages import JsonObject
from node.config import load_config
from node.runtime.asking import CommandFailed, ask_running

__all__ = [
    "CAST",
    "OBVERSE",
    "POLL_S",
    "Network",
    "Player",
    "Stage",
    "StageFailed",
    "Tls",
    "await_ready",
    "free_ports",
    "log_tails",
    "open_stage",
    "start",
]

OBVERSE = (sys.executable, "-m", "node")
"""The command line, run by the Python that runs this."""
INIT_S, READY_S, STOP_S = 90.0, 60.0, 40.0
POLL_S = 0.02
TAIL_LINES = 12
FIRST_PORT, PORT_STEP = 8410, 10


class StageFailed(Exception):
    """A node could not be made, did not start, or ended by itself."""


@dataclass(frozen=True, slots=True)
class Tls:
    """One certificate for all names of a stage, and the authority that issued it; PEM files."""

    ca_file: Path
    cert_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class Network:
    """Where the nodes are: a port of 127.0.0.1 each, names under `domain`; plain HTTP without `tls`.

    Shapes: `neighbours` are servers of other makes on this machine that the nodes may reach, as host:port.
    """

    ports: Sequence[int]
    domain: str = "localhost"
    tls: Tls | None = None
    neighbours: Sequence[str] = ()


@dataclass(slots=True)
class Player:
    """One node of the story: its name, its address, where it lives, and its process once it runs."""

    name: str
    kind: str
    display: str
    port: int
    network: Network
    home: Path
    process: subprocess.Popen[bytes] | None = None
    log_from: int = 0

    @property
    def domain(self) -> str:
        return f"{self.name}.{self.network.domain}"

    @property
    def host(self) -> str:
        return f"{self.domain}:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.network.tls else 'http'}://{self.host}"

    @property
    def actor(self) -> str:
        return f"{self.url}/actors/{self.name}"

    @property
    def handle(self) -> str:
        return f"@{self.name}@{self.host}"

    @property
    def data(self) -> Path:
        return self.home / self.name

    @property
    def log(self) -> Path:
        return self.home / f"{self.name}.log"

    def ask(self, command: str, /, **args: Any) -> JsonObject:
        """Run one command of this node over its control socket. Raises: CommandFailed, StageFailed."""
        if self.process is not None and self.process.poll() is not None:
            raise StageFailed(f"{self.name}'s node has ended with exit code {self.process.returncode}")
        try:
            result = ask_running(load_config(self.data), command, args, lambda text: None)
        except CommandFailed as error:
            error.add_note(f"{self.name}: {command}")
            raise
        if result is None:
            raise StageFailed(f"{self.name}'s node does not answer at its socket")
        return result


@dataclass(slots=True)
class Stage:
    """The four players, by name; `home` holds their data and their logs."""

    home: Path
    players: dict[str, Player] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Player:
        return self.players[name]

    def ended(self) -> Player | None:
        """A player whose process has ended by itself, if any."""
        return next((p for p in self.players.values() if p.process and p.process.poll() is not None), None)


def log_tails(home: Path) -> list[tuple[str, list[str]]]:
    """(file name, last lines) of each node's log that has any."""
    found = [(path.name, _tail(path)) for path in sorted(home.glob("*.log"))]
    return [(name, lines) for name, lines in found if lines]


def _tail(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]


CAST = (
    ("ana", "person", "Ana"),
    ("north", "vendor", "North Bicycles"),
    ("south", "vendor", "South Wheels and Toys"),
    ("west", "vendor", "West Toys and Home"),
)


@contextmanager
def open_stage(home: Path, network: Network, cast: Sequence[tuple[str, str, str]] = CAST) -> Iterator[Stage]:
    """Make the nodes under `home` and run them; every process is ended however this is left.

    Shapes: `cast` is (name, kind, display name) of each, with a port of `network` each.
    Raises: StageFailed.
    """
    players = [
        Player(name, kind, display, port, network, home)
        for (name, kind, display), port in zip(cast, network.ports, strict=True)
    ]
    for player in players:
        if player.data.exists():
            raise StageFailed(f"{player.data} is there already. Name another directory with --keep.")
    with ExitStack() as started:
        _make(players, started)
        for player in players:
            started.callback(_await_end, player)
        started.callback(_ask_to_stop, players)
        for player in players:
            start(player)
        for player in players:
            await_ready(player)
        yield Stage(home, {player.name: player for player in players})


def _make(players: Sequence[Player], started: ExitStack) -> None:
    """`obverse init`, for all of them at once."""
    makers = []
    for player in players:
        maker = subprocess.Popen(  # noqa: S603 (our own command line, arguments of our own)
            _init_command(player, players),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started.callback(_end_maker, maker)
        makers.append(maker)
    for player, maker in zip(players, makers, strict=True):
        try:
            said, _ = maker.communicate(timeout=INIT_S)
        except subprocess.TimeoutExpired:
            raise StageFailed(f"{player.name}: `obverse init` took more than {INIT_S:g} s") from None
        if maker.returncode != 0:
            words = said.decode(errors="replace").strip()
            raise StageFailed(f"{player.name}: `obverse init` failed: {words}")


def _init_command(player: Player, players: Sequence[Player]) -> list[str]:
    """A closed network: each pair of host and port is allowed, each name has its address."""
    command = [*OBVERSE, "--data", str(player.data), "init", "--url", player.url]
    command += ["--name", player.name, "--kind", player.kind, "--display", player.display]
    command += ["--bind", f"127.0.0.1:{player.port}", "--cast-spread", "0"]
    for reached in [*(other.host for other in players), *player.network.neighbours]:
        command += ["--allow", reached, "--resolve", f"{reached.rpartition(':')[0]}=127.0.0.1"]
    if tls := player.network.tls:
        command += ["--tls-cert", str(tls.cert_file), "--tls-key", str(tls.key_file)]
        command += ["--ca-file", str(tls.ca_file)]
    return command


def start(player: Player) -> None:
    """`obverse serve`, in a session of its own: Ctrl-C reaches the demo alone, which ends what it started."""
    with player.log.open("ab") as log:
        player.log_from = log.tell()
        player.process = subprocess.Popen(  # noqa: S603 (our own command line, arguments of our own)
            [*OBVERSE, "--data", str(player.data), "serve"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def await_ready(player: Player) -> None:
    """The node says where it is served once it takes requests."""
    deadline = time.monotonic() + READY_S
    assert player.process is not None
    while f"{player.url} is served".encode() not in player.log.read_bytes()[player.log_from :]:
        if player.process.poll() is not None:
            raise StageFailed(f"{player.name}: `obverse serve` ended: {' '.join(_tail(player.log))}")
        if time.monotonic() > deadline:
            raise StageFailed(f"{player.name}: `obverse serve` was not ready after {READY_S:g} s")
        time.sleep(POLL_S)


def _ask_to_stop(players: Sequence[Player]) -> None:
    """All at once, so that ending four takes no longer than ending one. Once each: a second signal would cut
    them short.
    """
    for player in players:
        if player.process is not None and player.process.poll() is None:
            player.process.terminate()


def _await_end(player: Player) -> None:
    """Wait for a player that was asked to stop; kill it where it does not."""
    if player.process is not None:
        try:
            player.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            player.process.kill()
            player.process.wait()


def _end_maker(maker: subprocess.Popen[bytes]) -> None:
    """End an `obverse init` that still runs; what it has made so far is of no use."""
    if maker.poll() is None:
        maker.terminate()
        maker.wait()
    if maker.stdout is not None:
        maker.stdout.close()


# --- ports ------------------------------------------------------------------------------------------------


def free_ports(count: int, first: int | None = None) -> list[int]:
    """So many neighbouring ports of 127.0.0.1 that are free: from `first` on, or the first such row.

    Raises: StageFailed where one of those asked for is taken, or none are free.
    """
    if first is not None:
        ports = list(range(first, first + count))
        taken = [port for port in ports if not _is_free(port)]
        if taken:
            row = f"{count} neighbouring ones that are free"
            raise StageFailed(f"port {taken[0]} is in use. Name the first of {row} with --port, or none.")
        return ports
    for start in range(FIRST_PORT, 65000, PORT_STEP):
        ports = list(range(start, start + count))
        if all(_is_free(port) for port in ports):
            return ports
    raise StageFailed(f"no {count} neighbouring ports of 127.0.0.1 are free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
