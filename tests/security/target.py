"""The node under test, whole: its store on disk, its application called at its public address."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from federation import cavage, signatures
from federation.keys import SigningKey
from federation.messages import HttpMessage, JsonObject
from node.app import create_app
from node.commands import answer, build_commands
from node.config import Config
from node.container import OpenNode, open_node
from node.domain.accounts import Account, AccountKind
from node.services.accounts import NewAccount, create_account, create_node_actor
from node.signing import create_node_key
from node.store.ports import Notice, QueuedJob
from node.store.sqlite import open_sqlite
from tests.security.peers import ACTIVITY, Clock, CountingEngine, Peer, own_name

__all__ = ["NOT_STATE", "TERMS", "Target", "dump", "open_target"]

TERMS = ("PDC-INTENT", "SD-BASE", "SD-BASE-DP")
NOT_STATE = frozenset({"replay", "public_key", "host"})
"""Limiters and caches: the replay table, other people's keys, what is known of hosts."""

Snapshot = dict[str, list[tuple[Any, ...]]]


@dataclass
class Target:
    """V. `posts` count nothing; `engine.sent` holds every request that it made itself."""

    base: str
    config: Config
    open: OpenNode
    app: Any
    engine: CountingEngine
    clock: Clock
    accounts: dict[str, Account] = field(default_factory=dict)

    def actor(self, name: str) -> str:
        return self.accounts[name].id

    def inbox(self, name: str) -> str:
        """An account's inbox; "" is the shared one."""
        return f"{self.actor(name)}/inbox" if name else f"{self.base}/inbox"

    # --- asking ---------------------------------------------------------------------------------------

    async def ask(self, request: HttpMessage, *, chunks: Iterable[bytes] | None = None) -> HttpMessage:
        """Call the application with exactly these headers (doubles and all) and bytes, in these chunks.

        Shapes: a Host header is added where there is none; nothing else is.
        """
        parts = urlsplit(request.url)
        headers = list(request.headers)
        if not any(name == "host" for name, _ in headers):
            headers.insert(0, ("host", parts.netloc))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "https",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            "client": ("192.0.2.7", 50000),
            "server": (parts.hostname, 443),
        }
        waiting = list(chunks) if chunks is not None else [request.body]
        answered: dict[str, Any] = {"status": 0, "headers": (), "body": b""}

        async def receive() -> dict[str, Any]:
            if not waiting:
                return {"type": "http.disconnect"}
            chunk = waiting.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answered["status"] = message["status"]
                answered["headers"] = tuple(
                    (name.decode("latin-1").lower(), value.decode("latin-1"))
                    for name, value in message["headers"]
                )
            else:
                answered["body"] += message.get("body", b"")

        await self.app(scope, receive, send)
        return HttpMessage(
            url=request.url, status=answered["status"], headers=answered["headers"], body=answered["body"]
        )

    def request(self, activity: JsonObject | bytes, to: str, media_type: str = ACTIVITY) -> HttpMessage:
        """An unsigned POST to one account's inbox, "" for the shared one."""
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        return HttpMessage.request("POST", self.inbox(to), {"content-type": media_type}, body)

    async def post(
        self,
        activity: JsonObject | bytes,
        to: str,
        *,
        key: SigningKey,
        media_type: str = ACTIVITY,
        old_scheme: bool = False,
    ) -> HttpMessage:
        """Post, signed by `key`: RFC 9421, or draft-cavage-12 (RSA only)."""
        request = self.request(activity, to, media_type)
        sign = cavage.sign if old_scheme else signatures.sign
        return await self.ask(sign(request, key, now=self.clock.now))

    async def tell(self, sender: Peer, activity: JsonObject, to: str) -> HttpMessage:
        """Post what is proven and signed by the sender's Ed25519 key, then let V work."""
        answered = await self.post(sender.prove(activity), to, key=sender.ed25519)
        await self.settle()
        return answered

    async def settle(self) -> None:
        """Process, deliver and keep the clock until nothing is due."""
        await self.open.run_until_idle()

    async def is_alive(self) -> bool:
        request = HttpMessage.request("GET", f"{self.base}/actor", {"accept": ACTIVITY})
        return (await self.ask(request)).status == 200

    async def refuses(
        self, request: HttpMessage, *statuses: int, chunks: Iterable[bytes] | None = None
    ) -> HttpMessage:
        """Ask, and hold V to it: one of these statuses, state unchanged, nothing sent in answer, alive.

        Shapes: 401 where no status is named. The answer comes back.
        """
        before, posts = self.snapshot(), len(self.engine.posts)
        answered = await self.ask(request, chunks=chunks)
        await self.settle()
        expected = statuses or (401,)
        assert answered.status in expected, f"{answered.status} instead of {expected}: {answered.body!r}"
        changed = [name for name, rows in self.snapshot().items() if rows != before[name]]
        assert not changed, f"the refused request changed {changed}"
        assert len(self.engine.posts) == posts, f"sent {self.engine.posts[posts:]}"
        assert await self.is_alive()
        return answered

    async def takes(self, request: HttpMessage) -> HttpMessage:
        """Ask, let V work, and hold it to a 2xx: what shows that a refusal elsewhere has its named cause."""
        answered = await self.ask(request)
        await self.settle()
        assert 200 <= answered.status < 300, f"{answered.status}: {answered.body!r}"
        return answered

    async def command(self, name: str, **arguments: Any) -> JsonObject:
        """What the owner asks of the node by its command line; AssertionError where it refuses."""
        answered = await answer(build_commands(), self.open.node, name, arguments)
        assert "result" in answered, f"{name}: {answered}"
        result: JsonObject = answered["result"]
        return result

    async def followers(self, name: str = "shop") -> list[str]:
        """Who follows an account: the effect that a Follow has."""
        listed = await self.open.node.look(lambda desk: desk.tx.followers.all(self.actor(name)))
        return [follower.actor for follower in listed]

    # --- looking --------------------------------------------------------------------------------------

    def snapshot(self, *, besides: Collection[str] = ()) -> Snapshot:
        """Every table but limiters and caches, and but those named."""
        return dump(self.config.database_path, besides=NOT_STATE | set(besides))

    async def notices(self, name: str) -> list[Notice]:
        """What the owner is told, newest first."""
        return await self.open.node.look(lambda desk: desk.tx.notices.all(self.actor(name)))

    async def jobs(self) -> list[QueuedJob]:
        """The outbox: every delivery, also those that are done."""
        return await self.open.node.look(lambda desk: desk.tx.deliveries.all())


def dump(path: Path, *, besides: Collection[str] = ()) -> Snapshot:
    """The rows of every table, long values by their hash; read by a connection of its own."""
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        names = [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = [name for name in names if name not in besides and not name.startswith(("sqlite_", "_"))]
        return {name: sorted(_rows(store, name), key=repr) for name in kept}
    finally:
        store.close()


def _rows(store: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    return [tuple(_short(value) for value in row) for row in store.execute(f'SELECT * FROM "{table}"')]


def _short(value: Any) -> Any:
    if isinstance(value, bytes) and len(value) > 64:
        return hashlib.sha256(value).hexdigest()
    return value


@asynccontextmanager
async def open_target(
    directory: Path,
    host: str,
    accounts: dict[str, AccountKind],
    *,
    engine: CountingEngine,
    clock: Clock,
    rsa: SigningKey,
    elapsed: Callable[[], float] | None = None,
    **settings: Any,
) -> AsyncIterator[Target]:
    """Make a node with these accounts, open it and its application. `settings` are of Config."""
    config = _prepare(directory, host, settings)
    await (await open_sqlite(config.database_path, clock=clock, create=True)).aclose()
    async with open_node(config, engine=engine, clock=clock, elapsed=elapsed, jitter=lambda: 0.5) as opened:
        await opened.node.work(lambda desk: create_node_actor(desk, own_name(rsa, config.node_actor)))
        target = Target(config.base_url, config, opened, create_app(opened.node, opened.inbox), engine, clock)
        for name, kind in accounts.items():
            target.accounts[name] = await _account(opened, config, name, kind, rsa)
        yield target


def _prepare(directory: Path, host: str, settings: dict[str, Any]) -> Config:
    directory.mkdir()
    config = Config(data_dir=directory, base_url=f"https://{host}", cast_spread_s=0, **settings)
    create_node_key(config.node_key_path)
    return config


async def _account(
    opened: OpenNode, config: Config, name: str, kind: AccountKind, rsa: SigningKey
) -> Account:
    new = NewAccount(
        name,
        kind,
        name.title(),
        own_name(rsa, f"{config.base_url}/actors/{name}"),
        terms_accepted=TERMS if kind is AccountKind.VENDOR else (),
    )
    return await opened.node.work(lambda desk: create_account(desk, new))
