"""What an examination may spend, and its one way to ask: through the guarded client, and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin

from federation import cavage, signatures
from federation.client import Client
from federation.errors import DocumentRefused, FederationError, InvalidIri, InvalidJson
from federation.ids import without_fragment
from federation.keys import SigningKey
from federation.messages import HttpMessage, JsonObject, JsonValue
from federation.ports import SignatureSpec
from federation.strictjson import parse_json_object
from node.examination.arrivals import Arrivals

__all__ = ["Asker", "Bounds", "Examiner", "Ours", "Spent", "json_of"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3


class Spent(FederationError):
    """The examination has used up its requests or its time."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one examination may cost whoever is looked at."""

    requests: int = 25
    total_s: float = 20.0
    one_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What a node knows of itself, and others only believe.

    Shapes: `arrivals` sees what comes to the node's inboxes, and `mark` is random, for one examination;
            `public_key` is what the node actor's document says of its key; `largest_bytes` the largest
            message that the node takes.
    """

    base_url: str
    node_actor: str
    public_key: JsonValue
    largest_bytes: int
    arrivals: Arrivals
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner:
    """Who looks. Without a node there is no `key` to sign with, and nothing that is `ours`.

    Shapes: `scheme` is http in closed networks only; `ca_file` as the client has it.
    """

    client: Client
    now: Callable[[], datetime]
    key: SigningKey | None = None
    ours: Ours | None = None
    scheme: str = "https"
    ca_file: str | None = None
    bounds: Bounds = field(default_factory=Bounds)


class Asker:
    """Asks for one examination, within its bounds; redirects are answers, but where `follow` is asked."""

    def __init__(self, examiner: Examiner) -> None:
        self.examiner = examiner
        self.requests = 0
        self._ends_at = asyncio.get_running_loop().time() + examiner.bounds.total_s

    def spend(self) -> float:
        """Count one request; how long it may take. Raises: Spent."""
        bounds = self.examiner.bounds
        left_s = self._ends_at - asyncio.get_running_loop().time()
        if self.requests >= bounds.requests or left_s <= 0:
            raise Spent("no more requests, or no more time")
        self.requests += 1
        return min(bounds.one_s, left_s)

    async def get(
        self,
        url: str,
        accept: str,
        *,
        spec: SignatureSpec | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpMessage:
        """One GET, signed by the node actor where `spec` says how.

        Raises: Spent; FetchError.
        """
        request = HttpMessage.request("GET", url, {"accept": accept, **(headers or {})})
        return await self.send(self._signed(request, spec))

    def _signed(self, request: HttpMessage, spec: SignatureSpec | None) -> HttpMessage:
        key = self.examiner.key
        if spec is None or key is None:
            return request
        sign = cavage.sign if spec is SignatureSpec.CAVAGE else signatures.sign
        return sign(request, key, now=self.examiner.now())

    async def post(
        self,
        url: str,
        content_type: str,
        body: bytes,
        *,
        spec: SignatureSpec | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpMessage:
        """One POST. Raises: Spent; FetchError."""
        request = HttpMessage.request("POST", url, {"content-type": content_type, **(headers or {})}, body)
        return await self.send(self._signed(request, spec))

    async def follow(self, url: str, accept: str, *, spec: SignatureSpec | None = None) -> HttpMessage:
        """GET over at most three redirects, each judged by the guard.

        Raises: Spent; FetchError, DocumentRefused for redirects that lead nowhere.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self.get(url, accept, spec=spec)
            if answer.status not in _REDIRECTS:
                return answer
            try:
                url = without_fragment(urljoin(url, answer.header("location") or ""))
            except (InvalidIri, ValueError):
                raise DocumentRefused("it redirects to no usable address", url=url) from None
        raise DocumentRefused("it redirects without end", url=url)

    async def send(self, request: HttpMessage) -> HttpMessage:
        """Raises: Spent; FetchError."""
        return await self.examiner.client.send(request, total_s=self.spend())


def json_of(answer: HttpMessage) -> JsonObject | None:
    """The answer's one strict JSON object, None for anything else."""
    try:
        return parse_json_object(answer.body)
    except InvalidJson:
        return None
