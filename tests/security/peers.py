"""The remote world, played: hosts with actors whose keys the attacker, or an honest third party, holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from federation.actors import FEP_8B32, RFC9421, Account, Capability, build_account, build_node_actor
from federation.client import AsgiEngine
from federation.errors import FetchFailed
from federation.keys import SigningKey, generate_ed25519
from federation.messages import HttpMessage, JsonObject
from federation.proofs import add_proof

__all__ = [
    "ACTIVITY",
    "AS",
    "DATA_INTEGRITY",
    "PUBLIC",
    "Clock",
    "CountingEngine",
    "Host",
    "Peer",
    "a_note",
    "numbers",
    "own_name",
]

AS = "https://www.w3.org/ns/activitystreams"
DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"
PUBLIC = f"{AS}#Public"
ACTIVITY = "application/activity+json"
PROTOCOL_1 = Capability("https://w3id.org/obverse/ns#protocol-1", "Obverse protocol 1")

Answer = Callable[[HttpMessage], HttpMessage]


@dataclass
class Clock:
    """The one clock of the world; tests move it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def numbers() -> Iterator[int]:
    """Endless fresh numbers, for ids."""
    number = 0
    while True:
        number += 1
        yield number


@dataclass
class Host:
    """A played server: documents at paths, inboxes that take everything, every request kept.

    Shapes: `routes` maps a path to what answers it; `webfinger` an account ("mallory@m.example") to an actor
            id; `received` holds the JSON of every POST, `inbox_status` is their answer.
    """

    name: str
    clock: Clock
    routes: dict[str, Answer] = field(default_factory=dict)
    webfinger: dict[str, str] = field(default_factory=dict)
    requests: list[HttpMessage] = field(default_factory=list)
    received: list[JsonObject] = field(default_factory=list)
    inbox_status: int = 202

    @property
    def base(self) -> str:
        return f"https://{self.name}"

    def serve(
        self,
        path: str,
        document: JsonObject | bytes | str,
        *,
        status: int = 200,
        media_type: str = ACTIVITY,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer GETs of this path; a dict is read anew at each request, so that a test may change it."""
        extra = tuple((headers or {}).items())

        def answer(request: HttpMessage) -> HttpMessage:
            body = document if isinstance(document, bytes) else None
            if isinstance(document, str):
                body = document.encode()
            if body is None:
                body = json.dumps(document).encode()
            return HttpMessage(
                url=request.url, status=status, body=body, headers=(("content-type", media_type), *extra)
            )

        self.routes[path] = answer

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        self.routes[path] = lambda request: HttpMessage(
            url=request.url, status=status, headers=(("location", target),)
        )

    def answer(self, request: HttpMessage) -> HttpMessage:
        """What this server says to one request."""
        self.requests.append(request)
        parts = urlsplit(request.url)
        if request.method == "POST":
            self.received.append(json.loads(request.body))
            return HttpMessage(url=request.url, status=self.inbox_status)
        if parts.path in self.routes:
            return self.routes[parts.path](request)
        if parts.path == "/.well-known/webfinger":
            return self._finger(request, parse_qs(parts.query)["resource"][0])
        return HttpMessage(url=request.url, status=404)

    def _finger(self, request: HttpMessage, resource: str) -> HttpMessage:
        actor = self.webfinger.get(resource.removeprefix("acct:"))
        if actor is None:
            return HttpMessage(url=request.url, status=404)
        link = {"rel": "self", "type": ACTIVITY, "href": actor}
        body = json.dumps({"subject": resource, "links": [link]}).encode()
        return HttpMessage(
            url=request.url, status=200, body=body, headers=(("content-type", "application/jrd+json"),)
        )

    @property
    def got(self) -> list[str]:
        """The paths that were asked for by GET, in order."""
        return [urlsplit(request.url).path for request in self.requests if request.method == "GET"]

    def sent_to(self, actor: str) -> list[JsonObject]:
        """The activities that came here for one actor."""
        return [activity for activity in self.received if actor in activity.get("to", [])]


@dataclass
class Peer:
    """An actor whose keys the test holds. `document` is served as it stands: change it to lie."""

    host: Host
    id: str
    rsa: SigningKey
    ed25519: SigningKey
    document: JsonObject
    ids: Iterator[int] = field(default_factory=numbers)

    @property
    def path(self) -> str:
        return urlsplit(self.id).path

    @property
    def inbox(self) -> str:
        return f"{self.id}/inbox"

    def fresh(self, kind: str = "activities") -> str:
        """A new id on this peer's origin."""
        return f"{self.host.base}/{kind}/{self.path.rsplit('/', 1)[-1]}-{next(self.ids):020d}"

    def prove(self, activity: JsonObject, *, key: SigningKey | None = None) -> JsonObject:
        """The activity with an object proof by this peer's key, or by another."""
        return add_proof(activity, key or self.ed25519, created=self.host.clock.now)

    @property
    def received(self) -> list[JsonObject]:
        """The activities that were addressed to this actor and arrived at its host."""
        return self.host.sent_to(self.id)


def own_name(key: SigningKey, actor: str, name: str = "main-key") -> SigningKey:
    """The same key material under an id of this actor's."""
    return replace(key, id=f"{actor}#{name}", owner=actor)


def make_peer(host: Host, name: str, rsa: SigningKey, *, kind: str = "Person", **extra: Any) -> Peer:
    """An actor of our own kind at this host, served, and known to its WebFinger."""
    actor = f"{host.base}/actors/{name}"
    main, fast = own_name(rsa, actor), generate_ed25519(f"{actor}#ed25519-key", actor)
    document = build_account(
        Account(
            id=actor,
            type=kind,
            username=name,
            name=name.title(),
            page=f"{host.base}/@{name}",
            published=host.clock.now - timedelta(days=30),
            node_actor=f"{host.base}/actor",
            shared_inbox=f"{host.base}/inbox",
            extra=extra,
        ),
        rsa=main.public,
        ed25519=fast.public,
        implements=(RFC9421, FEP_8B32, PROTOCOL_1),
    )
    peer = Peer(host, actor, main, fast, document)
    host.serve(peer.path, document)
    host.webfinger[f"{name}@{host.name}"] = actor
    return peer


def serve_node_actor(host: Host, rsa: SigningKey) -> None:
    """The host's own actor, which says what its node can do."""
    actor = f"{host.base}/actor"
    host.serve(
        "/actor",
        build_node_actor(
            actor,
            host=host.name,
            page=f"{host.base}/",
            inbox=f"{host.base}/inbox",
            rsa=own_name(rsa, actor).public,
            implements=(RFC9421, FEP_8B32, PROTOCOL_1),
        ),
    )


class CountingEngine:
    """The network of the node under test: every request that passes the guard is kept in `sent`."""

    def __init__(self, hosts: Mapping[str, Host], apps: Mapping[str, Any]) -> None:
        self._hosts = hosts
        self._apps = apps
        self.sent: list[HttpMessage] = []
        self.unreachable: set[str] = set()

    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage:
        self.sent.append(message)
        name = urlsplit(message.url).hostname or ""
        if name in self._hosts and name not in self.unreachable:
            return self._hosts[name].answer(message)
        if name in self._apps:
            return await AsgiEngine(self._apps).exchange(message, total_s=total_s, max_bytes=max_bytes)
        raise FetchFailed("no such host in this world", url=message.url)

    @property
    def gets(self) -> list[str]:
        return [message.url for message in self.sent if message.method == "GET"]

    @property
    def posts(self) -> list[str]:
        return [message.url for message in self.sent if message.method == "POST"]


def a_note(sender: Peer, to: str, text: str = "Hello", **changes: Any) -> JsonObject:
    """A direct Note in its Create, as any fediverse account sends it; unproven. `changes` replace members."""
    published = sender.host.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    note = {
        "id": sender.fresh("notes"),
        "type": "Note",
        "attributedTo": sender.id,
        "to": [to],
        "content": f"<p>{text}</p>",
        "published": published,
    }
    return {
        "@context": [AS, DATA_INTEGRITY],
        "id": sender.fresh(),
        "type": "Create",
        "actor": sender.id,
        "to": [to],
        "published": published,
        "object": note,
        **changes,
    }
