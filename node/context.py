"""What one node is, as a frozen value that is passed along: no globals, so two live in one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from federation.client import Client
from federation.fetching import Fetcher
from federation.ids import canonical_host
from federation.keyring import Keyring
from node.changes import Changes
from node.clocks import SteadyClock
from node.config import Config
from node.desk import Desk, Moment, Setting
from node.examination.arrivals import Arrivals
from node.examination.examinations import Examinations
from node.observability.health import Health
from node.observability.metrics import Metrics
from node.pictures.darkroom import Darkroom
from node.signing import OwnKeys
from node.store.ports import Block, Database

__all__ = ["BlockList", "Node"]

T = TypeVar("T")


class BlockList:
    """The blocked domains, in memory: every request asks, and the list is short."""

    def __init__(self) -> None:
        self._domains: frozenset[str] = frozenset()

    def replace(self, blocks: list[Block]) -> None:
        """Take over what the store holds."""
        self._domains = frozenset(canonical_host(block.domain) for block in blocks)

    def __call__(self, host: str) -> bool:
        """Whether this host, or a domain above it, is blocked, in any spelling (case C12)."""
        if not self._domains:
            return False
        name = canonical_host(host)
        while name not in self._domains:
            _, _, name = name.partition(".")
            if not name:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Node:
    """One node, opened. `wake` tells the worker to look for new work; `seed` gives 32 fresh random bytes."""

    config: Config
    clock: SteadyClock
    seed: Callable[[], bytes]
    db: Database
    keys: OwnKeys
    setting: Setting
    client: Client
    fetcher: Fetcher
    keyring: Keyring
    blocks: BlockList
    wake: Callable[[], None]
    metrics: Metrics
    health: Health
    changes: Changes = field(default_factory=Changes)
    """Whoever waits for news (`node.web.events`) is told by every unit of work."""

    examinations: Examinations = field(default_factory=Examinations)
    """The looks from outside that owners have begun."""

    arrivals: Arrivals = field(default_factory=Arrivals)
    """Whoever sends this node a message through its public address sees here how it came."""

    tables: Changes = field(default_factory=Changes)
    """Whoever lets a long table come in tells it here, so that `node.runtime.importing` looks."""

    darkroom: Darkroom = field(default_factory=Darkroom)
    """Where pictures are decoded and encoded anew, one at a time."""

    async def work(self, use_case: Callable[[Desk], T]) -> T:
        """Run a use case in one transaction, durably, then wake the worker for what it queued."""
        moment = Moment(self.clock(), self.seed())
        done = await self.db.write(lambda tx: use_case(Desk(tx, self.setting, moment)))
        self.wake()
        self.changes.happened()
        return done

    async def look(self, view: Callable[[Desk], T]) -> T:
        """Read only; the desk's transaction refuses to write."""
        moment = Moment(self.clock(), self.seed())
        return await self.db.read(lambda tx: view(Desk(tx, self.setting, moment)))

    def now(self) -> datetime:
        return self.clock()
