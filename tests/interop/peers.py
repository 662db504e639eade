"""A street of servers of more than one make: a person's node and a vendor's, and Fedify servers beside them.

All of them are real processes over HTTPS, under names of their own and a throw-away authority. A Fedify
server stands for how it was set up: which signature it tries first, and whether anybody may read unsigned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import trustme

from federation.messages import JsonObject
from node.demo.neighbour import Neighbour, NeighbourPlan, Runtime, open_neighbour
from node.demo.people import stock
from node.demo.stage import Network, Player, Stage, Tls, open_stage
from node.demo.waiting import await_sight

__all__ = ["SET_UPS", "Street", "open_street", "posts_of", "throw_away_tls"]

DOMAIN = "example"
CAST = (("ana", "person", "Ana"), ("south", "vendor", "South Wheels and Toys"))
USERS, LOCKED, LONG_KEYS = ("mia", "ben", "lena", "zoe"), ("lena",), ("mia",)
"""Users of each Fedify server. Lena approves who follows her, Zoe closes her account, Mia has a long key."""
T = TypeVar("T")

SET_UPS: Mapping[str, Mapping[str, Any]] = {
    "newest": {"first_knock": "rfc9421"},
    "newest-closed": {"first_knock": "rfc9421", "authorized_fetch": True},
    "usual": {"first_knock": "cavage"},
    "usual-closed": {"first_knock": "cavage", "authorized_fetch": True},
}
"""How a Fedify server can be set up: the signature that it tries first, and authorized fetch."""


def throw_away_tls(directory: Path, names: Sequence[str]) -> Tls:
    """An authority, and one certificate for all the names and the address that they stand for."""
    authority = trustme.CA()
    issued = authority.issue_cert(*names, "127.0.0.1")
    tls = Tls(directory / "authority.pem", directory / "street.pem", directory / "street.key")
    authority.cert_pem.write_to_path(str(tls.ca_file))
    issued.private_key_pem.write_to_path(str(tls.key_file))
    for number, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(str(tls.cert_file), append=number > 0)
    return tls


@dataclass(slots=True)
class Street:
    """Our nodes and the Fedify servers beside them, each of which starts when somebody first asks for it."""

    stage: Stage
    network: Network
    plans: Mapping[str, NeighbourPlan]
    runtime: Runtime
    opened: ExitStack
    neighbours: dict[str, Neighbour] = field(default_factory=dict)

    @property
    def ana(self) -> Player:
        return self.stage["ana"]

    @property
    def shop(self) -> Player:
        return self.stage["south"]

    def neighbour(self, set_up: str) -> Neighbour:
        """The Fedify server that is set up so."""
        if set_up not in self.neighbours:
            log = self.stage.home / f"{set_up}.fedify.log"
            opening = open_neighbour(self.runtime, self.plans[set_up], log)
            self.neighbours[set_up] = self.opened.enter_context(opening)
        return self.neighbours[set_up]

    def awaits(self, what: str, look: Callable[[], T | None]) -> T:
        """Look until there is something; fails after a minute."""
        return await_sight(self.stage, what, look)


@contextmanager
def open_street(home: Path, ports: Sequence[int], runtime: Runtime) -> Iterator[Street]:
    """Ana's node and a shop's with its shelves full, and room for the Fedify servers; all is ended after.

    Shapes: `ports` are free ones, two for our nodes and one for each of SET_UPS.
    """
    ours = [f"{name}.{DOMAIN}" for name, _, _ in CAST]
    hosts = {set_up: f"{set_up}.{DOMAIN}" for set_up in SET_UPS}
    tls = throw_away_tls(home, [*ours, *hosts.values()])
    theirs = dict(zip(SET_UPS, ports[len(CAST) :], strict=True))
    network = Network(
        ports[: len(CAST)], DOMAIN, tls, neighbours=[f"{hosts[one]}:{port}" for one, port in theirs.items()]
    )
    plans = {
        one: NeighbourPlan(
            hosts[one],
            port,
            [*ours, hosts[one]],
            USERS,
            locked=LOCKED,
            long_keys=LONG_KEYS,
            tls=tls,
            **SET_UPS[one],
        )
        for one, port in theirs.items()
    }
    with open_stage(home, network, CAST) as stage, ExitStack() as opened:
        stock(stage["south"])
        yield Street(stage, network, plans, runtime, opened)


def posts_of(neighbour: Neighbour, user: str) -> list[JsonObject]:
    """What a user of theirs reads, as their library understood it."""
    found: list[JsonObject] = neighbour.act("timeline", user=user)["posts"]
    return found
