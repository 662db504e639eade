"""The cast of every attack: V, the node under test; M, who attacks with valid keys; T, who is honest."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from federation.keys import SigningKey
from node.domain.accounts import AccountKind
from tests.security.peers import Clock, CountingEngine, Host, Peer, make_peer, serve_node_actor
from tests.security.target import Target, open_target

__all__ = ["World"]


@dataclass
class World:
    """`v` has the vendor account "shop" and the person account "ana"; `m` is mallory, `t` is tess.

    Shapes: `hosts` are the played servers by name, `apps` the applications of real nodes by host.
    """

    clock: Clock
    hosts: dict[str, Host]
    apps: dict[str, Any]
    rsa_keys: tuple[SigningKey, ...]
    directory: Path
    stack: AsyncExitStack
    nodes: list[Target] = field(default_factory=list)
    m: Peer = field(init=False)
    t: Peer = field(init=False)

    @property
    def v(self) -> Target:
        return self.nodes[0]

    def host(self, name: str) -> Host:
        """A played server; made when first named. `world.peer` puts actors on it."""
        if name not in self.hosts:
            self.hosts[name] = Host(name, self.clock)
            serve_node_actor(self.hosts[name], self.rsa_keys[0])
        return self.hosts[name]

    def peer(self, host: str, name: str, *, rsa: int = 1, kind: str = "Person", **extra: Any) -> Peer:
        """Another actor whose keys the test holds; `rsa` picks one of the session's RSA keys."""
        return make_peer(self.host(host), name, self.rsa_keys[rsa], kind=kind, **extra)

    async def node(self, host: str, accounts: dict[str, AccountKind], **settings: Any) -> Target:
        """Another real node in the same world, with a network of its own to count."""
        engine = CountingEngine(self.hosts, self.apps)
        opened = open_target(
            self.directory / host,
            host,
            accounts,
            engine=engine,
            clock=self.clock,
            rsa=self.rsa_keys[3],
            **settings,
        )
        target = await self.stack.enter_async_context(opened)
        self.apps[host] = target.app
        self.nodes.append(target)
        return target

    async def settle(self) -> None:
        """Let every real node work until none has anything to do for another."""
        for _ in range(6):
            for target in self.nodes:
                await target.settle()
