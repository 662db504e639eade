"""Parties on a network of this process: real keys, signatures and routes; only the sockets are missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from starlette.applications import Starlette

from federation import cavage, signatures
from federation.actors import FEP_8B32, RFC9421, Account, build_account, build_node_actor, build_persona
from federation.asgi import Endpoints, RequestGuard, Served, routes
from federation.client import AsgiEngine, Client, ClientConfig
from federation.delivery import DeliveryPorts, deliver
from federation.errors import InvalidIri
from federation.fetching import Fetcher
from federation.ids import domain_matches
from federation.inbox import InboxDependencies, Receipt, receive, receive_local
from federation.keyring import Keyring
from federation.keys import SigningKey, generate_ed25519, generate_rsa
from federation.listeners import Inbound
from federation.memory import (
    MemoryDeliveryQueue,
    MemoryHostMemory,
    MemoryInboxLog,
    MemoryPublicKeys,
    MemorySigningKeys,
)
from federation.messages import HttpMessage, JsonObject, Limits
from federation.ports import DeliveryJob
from federation.proofs import add_proof
from federation.strictjson import dump_json
from federation.vocab import ACTIVITY_JSON, AS_CONTEXT, DATA_INTEGRITY_CONTEXT, PUBLIC
from federation.worker import Worker, WorkerSettings

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
IMPLEMENTS = (RFC9421, FEP_8B32)
DEAL = "https://deals.example/ns#deal"
"""A property that marks the messages of the tests' own protocol, which must carry a proof."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class MovingClock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Actor:
    id: str
    ed25519: SigningKey
    rsa: SigningKey | None
    document: JsonObject

    @property
    def inbox(self) -> str:
        return f"{self.id}/inbox"


@dataclass
class Seen:
    """One request that reached a party."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


class _Late:
    """An application that is named before it is built, and that writes down what comes."""

    def __init__(self) -> None:
        self.app: Any = None
        self.seen: list[Seen] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append(Seen(scope["method"], scope["path"], headers))
        await self.app(scope, receive, send)


@dataclass
class Party:
    """One server with its store, its worker and its actors."""

    name: str
    network: Network
    late: _Late
    documents: dict[str, Served | Callable[[HttpMessage], Awaitable[Served | None]]] = field(
        default_factory=dict
    )
    actors: dict[str, Actor] = field(default_factory=dict)
    handled: list[Inbound] = field(default_factory=list)
    failures: list[tuple[str, BaseException]] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    known_actors: set[str] = field(default_factory=set)
    woken: int = 0
    handler: Callable[[Inbound], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        self.base = f"https://{self.name}"
        self.clock = self.network.clock
        self.limits = self.network.limits
        self.log = MemoryInboxLog()
        self.queue = MemoryDeliveryQueue(self.log)
        self.keys = MemoryPublicKeys()
        self.signing_keys = MemorySigningKeys()
        self.hosts = MemoryHostMemory()
        self.client = Client(ClientConfig(limits=self.limits), engine=self.network.engine)
        self.node_key = self.network.rsa(f"{self.base}/actor#main-key", f"{self.base}/actor")
        self.fetcher = Fetcher(self.client, lambda: self.node_key, self.hosts, self.clock, self.limits)
        self.keyring = Keyring(self.keys, self.fetcher, self.clock, self.limits, self.is_blocked)
        self.deps = InboxDependencies(
            limits=self.limits,
            keyring=self.keyring,
            keys=self.keys,
            fetcher=self.fetcher,
            hosts=self.hosts,
            log=self.log,
            clock=self.clock,
            own_origins=frozenset({self.base}),
            is_blocked=self.is_blocked,
            requires_proof=lambda activity: DEAL in activity,
            known_recipient=self._knows_recipient,
            local_key=self._local_key,
            knows_actor=self._knows_actor,
            accepted=self._wake,
        )
        self.documents["/actor"] = Served(
            build_node_actor(
                f"{self.base}/actor",
                host=self.name,
                page=f"{self.base}/",
                inbox=f"{self.base}/inbox",
                rsa=self.node_key.public,
                implements=IMPLEMENTS,
            )
        )
        self.endpoints = Endpoints(
            base_url=self.base,
            inbox=self.deps,
            recipient=self.recipient,
            document=self._document,
            webfinger=self._webfinger,
            nodeinfo_links=partial(_constant, {"links": []}),
            nodeinfo=partial(_constant, {"version": "2.1", "software": {"name": "us", "version": "1"}}),
            host_meta=partial(_constant, b"<XRD/>"),
            report=lambda what, error: self.failures.append((what, error)),
        )
        self.late.app = RequestGuard(self.application(self.endpoints), base_url=self.base, limits=self.limits)

    def application(self, endpoints: Endpoints) -> Starlette:
        inboxes = ["/inbox", "/actors/{name}/inbox", "/p/{name}/inbox"]
        return Starlette(routes=routes(endpoints, inbox_paths=inboxes, document_paths=["/{rest:path}"]))

    # --- what the application would do ---

    def is_blocked(self, host: str) -> bool:
        return any(domain_matches(host, domain) for domain in self.blocked)

    async def _knows_recipient(self, actor: str) -> bool:
        return actor in self.actors

    async def _knows_actor(self, actor: str) -> bool:
        return actor in self.known_actors

    async def _local_key(self, key_id: str) -> Any:
        for actor in self.actors.values():
            for key in (actor.ed25519, actor.rsa):
                if key is not None and key.id == key_id:
                    return key.public
        return None

    def _wake(self) -> None:
        self.woken += 1

    def recipient(self, path: str) -> str | None:
        if path == "/inbox":
            return ""
        return self.base + path.removesuffix("/inbox") if path.endswith("/inbox") else None

    async def _document(self, path: str, request: HttpMessage) -> Served | None:
        found = self.documents.get(path)
        return await found(request) if callable(found) else found

    async def _webfinger(self, resource: str) -> JsonObject | None:
        if ":" not in resource:
            raise InvalidIri("not a URI")
        known = resource == f"acct:ana@{self.name}"
        links = [{"rel": "self", "href": f"{self.base}/actors/ana"}, {"rel": "other", "href": "x"}]
        return {"subject": resource, "links": links} if known else None

    # --- actors and messages ---

    def account(self, username: str) -> Actor:
        actor_id = f"{self.base}/actors/{username}"
        rsa = self.network.rsa(f"{actor_id}#main-key", actor_id)
        ed25519 = generate_ed25519(f"{actor_id}#ed25519-key", actor_id)
        account = Account(
            id=actor_id,
            type="Person",
            username=username,
            name=username.title(),
            page=f"{self.base}/@{username}",
            published=START,
            node_actor=f"{self.base}/actor",
            shared_inbox=f"{self.base}/inbox",
        )
        document = build_account(account, rsa=rsa.public, ed25519=ed25519.public, implements=IMPLEMENTS)
        return self.add(Actor(actor_id, ed25519, rsa, document))

    def persona(self, name: str) -> Actor:
        actor_id = f"{self.base}/p/{name}"
        key = generate_ed25519(f"{actor_id}#ed25519-key", actor_id)
        document = build_persona(
            actor_id,
            username=name,
            ed25519=key.public,
            node_actor=f"{self.base}/actor",
            implements=IMPLEMENTS,
        )
        return self.add(Actor(actor_id, key, None, document))

    def add(self, actor: Actor) -> Actor:
        self.actors[actor.id] = actor
        self.documents[actor.id.removeprefix(self.base)] = Served(actor.document)
        for key in (actor.ed25519, actor.rsa):
            if key is not None:
                self.signing_keys.add(key)
        return actor

    def serve(self, url: str, document: JsonObject, **how: Any) -> None:
        self.documents[url.removeprefix(self.base)] = Served(document, **how)

    async def take(self, message: HttpMessage, recipient: str = "") -> Receipt:
        return await receive(message, recipient=recipient, deps=self.deps)

    @property
    def pending(self) -> list[Any]:
        return [entry for entry, _ in self.log.pending.values()]

    # --- sending ---

    def job(self, actor: Actor, inbox: str, activity: JsonObject | bytes, **change: Any) -> DeliveryJob:
        first = actor.rsa or actor.ed25519
        usual = DeliveryJob(
            id=0,
            inbox=inbox,
            actor=actor.id,
            key_id=first.id,
            body=activity if isinstance(activity, bytes) else dump_json(activity),
            ordering_key="",
            attempts=0,
            created_at=self.clock(),
            give_up_at=self.clock() + timedelta(days=7),
            fast_key_id=actor.ed25519.id if actor.rsa else "",
        )
        return replace(usual, **change)

    @property
    def ports(self) -> DeliveryPorts:
        return DeliveryPorts(
            client=self.client,
            signing_keys=self.signing_keys,
            hosts=self.hosts,
            clock=self.clock,
            limits=self.limits,
            random=lambda: 0.5,
        )

    def worker(self, **change: Any) -> Worker:
        async def dispatch(inbound: Inbound) -> None:
            if self.handler is not None:
                await self.handler(inbound)
            self.handled.append(inbound)

        async def at_home(job: DeliveryJob) -> Receipt:
            recipient = job.inbox.removesuffix("/inbox")
            return await receive_local(job.body, actor=job.actor, recipient=recipient, deps=self.deps)

        usual: dict[str, Any] = {
            "log": self.log,
            "queue": self.queue,
            "dispatch": dispatch,
            "deliver": partial(deliver, ports=self.ports),
            "deliver_local": at_home,
            "own_origins": frozenset({self.base}),
            "clock": self.clock,
            "random": lambda: 0.5,
            "report": lambda what, error: self.failures.append((what, error)),
            "settings": WorkerSettings(tries=3, pause_s=0.001, grace_s=0.05),
        }
        return Worker(**{**usual, **change})


async def _constant(value: Any) -> Any:
    return value


@dataclass
class Network:
    materials: list[Any]
    clock: MovingClock = field(default_factory=MovingClock)
    limits: Limits = field(default_factory=Limits)
    parties: dict[str, Party] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._apps = {
            name: _Late() for name in ("ana.example", "shop.example", "evil.example", "third.example")
        }
        self.engine = AsgiEngine(self._apps)

    def rsa(self, key_id: str, owner: str) -> SigningKey:
        """A key from the pool: making RSA keys takes longer than all else in these tests."""
        place = sum(key_id.encode()) % len(self.materials)
        key: SigningKey = replace(self.materials[place], id=key_id, owner=owner)
        return key

    def party(self, name: str) -> Party:
        party = Party(name, self, self._apps[name])
        self.parties[name] = party
        return party

    @property
    def seen(self) -> list[Seen]:
        return [seen for late in self._apps.values() for seen in late.seen]

    # --- requests as other servers make them ---

    def post(
        self, url: str, body: JsonObject | bytes, *, key: SigningKey | None, spec: str = "", **headers: str
    ) -> HttpMessage:
        """A signed POST: RFC 9421 for Ed25519 keys and `spec="rfc9421"`, else draft-cavage."""
        raw = body if isinstance(body, bytes) else dump_json(body)
        given = {"content-type": ACTIVITY_JSON}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        message = HttpMessage.request("POST", url, given, raw)
        if key is None:
            return message
        if key.material.__class__.__name__.startswith("Ed25519") or spec == "rfc9421":
            return signatures.sign(message, key, now=self.clock())
        return cavage.sign(message, key, now=self.clock())


@pytest.fixture(scope="session")
def rsa_materials() -> list[Any]:
    return [generate_rsa("https://pool.example/#k", "https://pool.example/") for _ in range(2)]


@pytest.fixture
def network(rsa_materials: list[Any]) -> Network:
    return Network(rsa_materials)


@pytest.fixture
def ana(network: Network) -> Party:
    return network.party("ana.example")


@pytest.fixture
def shop(network: Network) -> Party:
    return network.party("shop.example")


@pytest.fixture
def evil(network: Network) -> Party:
    return network.party("evil.example")


def _make_note(actor: Actor, name: str = "1", **change: Any) -> JsonObject:
    base = actor.id.rsplit("/", 2)[0]
    note: JsonObject = {
        "@context": AS_CONTEXT,
        "id": f"{base}/activities/{name}",
        "type": "Create",
        "actor": actor.id,
        "to": [PUBLIC],
        "object": {
            "id": f"{base}/notes/{name}",
            "type": "Note",
            "attributedTo": actor.id,
            "content": "Hello",
            "to": [PUBLIC],
        },
    }
    return {**note, **change}


def _make_deal(actor: Actor, to: str, name: str = "1", **change: Any) -> JsonObject:
    deal = _make_note(actor, name, to=[to])
    deal |= {"@context": [AS_CONTEXT, DATA_INTEGRITY_CONTEXT], DEAL: True}
    return {**deal, **change}


@pytest.fixture
def a_note() -> Callable[..., JsonObject]:
    """A public Create of a Note; keywords replace members."""
    return _make_note


@pytest.fixture
def a_deal() -> Callable[..., JsonObject]:
    """A message of the tests' own protocol, with its proof; keywords replace members before it is signed."""

    def make(actor: Actor, to: str, name: str = "1", **change: Any) -> JsonObject:
        return add_proof(_make_deal(actor, to, name, **change), actor.ed25519, created=START)

    return make


@pytest.fixture
def an_unproven_deal() -> Callable[..., JsonObject]:
    return _make_deal
