"""The demo's story, told to its end, with its nodes served again and a way to log in to each.

What the browser tests walk through, and what `make screens` takes pictures of.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from argon2 import PasswordHasher

from federation.messages import JsonObject
from node.config import load_config
from node.container import open_node
from node.demo.stage import CAST, Network, Player, await_ready, free_ports, start
from node.desk import Desk
from node.domain.accounts import Account
from tests.browser.asked import leave_asked
from tests.browser.mail import leave_mail

__all__ = ["PASSWORD", "Told", "told_story"]

PASSWORD = "four quiet bicycles"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Cheap to check once; the node makes a dear one of it at the first log-in."""
SERVED = ("ana", "south")
"""Whose nodes run again: the customer's, and that of the vendor who won."""
DEMO_S, STOP_S = 180.0, 40.0


@dataclass(frozen=True, slots=True)
class Told:
    """The story's end. `players` are those whose nodes run, by name."""

    players: dict[str, Player]

    def __getitem__(self, name: str) -> Player:
        return self.players[name]

    def ask(self, who: str, command: str, **args: object) -> JsonObject:
        """What one of the nodes says to a command of the command line."""
        return self.players[who].ask(command, **args)


@contextmanager
def told_story(home: Path, first_port: int = 0) -> Iterator[Told]:
    """Play the demo under `home`, give everybody the password PASSWORD, and serve it again.

    Shapes: `first_port` is the first of four, 0 for any that are free.
    """
    ports = free_ports(len(CAST), first_port or None)
    words = ["demo", "--once", "--port", str(ports[0]), "--keep", str(home)]
    done = subprocess.run(
        [sys.executable, "-m", "node", *words], capture_output=True, text=True, timeout=DEMO_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    players = {
        name: Player(name, kind, display, port, Network(ports), home)
        for (name, kind, display), port in zip(CAST, ports, strict=True)
        if name in SERVED
    }
    with ExitStack() as served:
        for player in players.values():
            _give_password(player)
            start(player)
            served.callback(_stop, player)
        for player in players.values():
            await_ready(player)
        yield Told(players)


def _give_password(player: Player) -> None:
    """In a thread: the browser's driver has a loop of its own in this one."""
    with ThreadPoolExecutor(1) as beside:
        beside.submit(asyncio.run, _give(player)).result()


async def _give(player: Player) -> None:
    async with open_node(load_config(player.data)) as opened:
        account = await opened.node.work(partial(_set_password, name=player.name))
        if player.name == "ana":
            await leave_mail(opened.node, account)
            await opened.node.work(partial(leave_asked, account=account))


def _set_password(desk: Desk, name: str) -> Account:
    account = desk.tx.accounts.by_name(name)
    assert account is not None
    desk.tx.accounts.save(replace(account, password_hash=HASHED))
    return account


def _stop(player: Player) -> None:
    assert player.process is not None
    player.process.terminate()
    try:
        player.process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        player.process.kill()
        player.process.wait()
