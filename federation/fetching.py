"""Documents of other servers: redirects by hand, signed, typed, bounded, and only under their own id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin

from federation.auth import signed_tries
from federation.client import Client
from federation.errors import (
    AddressRefused,
    DocumentRefused,
    FetchError,
    FetchFailed,
    Gone,
    InvalidIri,
    InvalidJson,
    NotFound,
)
from federation.ids import origin, parse_iri, without_fragment
from federation.jsonld import as_id
from federation.keys import KeyAlgorithm, SigningKey
from federation.messages import HttpMessage, JsonObject, Limits
from federation.ports import Clock, HostMemory
from federation.strictjson import parse_json_object
from federation.vocab import FETCH_ACCEPT, is_activity_content_type, is_json_content_type

__all__ = ["FetchBudget", "FetchedDocument", "Fetcher", "tell_strangers"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429})


class FetchBudget:
    """Counts the look-ups that one inbound message may cause (`protocol §6`)."""

    def __init__(self, limit: int = 20) -> None:
        self.left = limit

    def spend(self, url: str) -> None:
        """Count one request. Raises: DocumentRefused when the budget is used up."""
        if self.left <= 0:
            raise DocumentRefused("one message may not cause more look-ups", url=url)
        self.left -= 1


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """`url` is the final address, canonical and without fragment; `body` the exact bytes behind `json`."""

    url: str
    body: bytes = field(repr=False)
    json: JsonObject
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class _Errand:
    """What stays the same over the hops of one fetch. `ends_at` is in the event loop's time."""

    accept: str
    is_wanted: Callable[[str | None], bool]
    key: SigningKey | None
    budget: FetchBudget
    ends_at: float


class Fetcher:
    """Fetches by the rules of FEP-fe34 through the guarded client.

    `signer` gives the key that signs ordinary fetches (the node actor's), or None to fetch unsigned.
    """

    def __init__(
        self,
        client: Client,
        signer: Callable[[], SigningKey | None],
        hosts: HostMemory,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._client = client
        self._signer = signer
        self._hosts = hosts
        self._clock = clock
        self._limits = limits

    async def fetch(
        self, url: str, *, budget: FetchBudget | None = None, signed: bool = True
    ) -> FetchedDocument:
        """Fetch an ActivityStreams document from the address that is its id.

        Shapes: a fragment of `url` is cut off. The answer's `id` is its final address (it may carry a
                fragment of it); where it is another, that id is fetched once in its stead.
        Units:  all of it within `limits.fetch_s`.
        Raises: InvalidIri, AddressRefused, FetchFailed (passing), NotFound, Gone, DocumentRefused (type,
                size, JSON, id, redirects, budget).
        Spec:   FEP-fe34; interop §1.6, §2.4; `security C04, C06 to C08, E05 to E07`.
        """
        errand = self._errand(
            FETCH_ACCEPT, is_activity_content_type, self._signer() if signed else None, budget
        )
        document = await self._follow(without_fragment(url), errand)
        stated = _stated_id(document)
        if stated == document.url:
            return document
        # Another server's word for where the original is; only the original itself is believed.
        document = await self._follow(stated, errand)
        if _stated_id(document) != document.url:
            raise DocumentRefused("the document says another id than its address", url=document.url)
        return document

    async def fetch_json(
        self, url: str, accept: str, *, budget: FetchBudget | None = None
    ) -> FetchedDocument:
        """Fetch a discovery document (JRD, NodeInfo), unsigned, from wherever its address leads.

        Raises: as `fetch`, without the rules about ids.
        Spec:   RFC 7033 §4.2; `security C16`.
        """
        return await self._follow(
            without_fragment(url), self._errand(accept, is_json_content_type, None, budget)
        )

    def _errand(
        self,
        accept: str,
        is_wanted: Callable[[str | None], bool],
        key: SigningKey | None,
        budget: FetchBudget | None,
    ) -> _Errand:
        ends_at = asyncio.get_running_loop().time() + self._limits.fetch_s
        own_budget = FetchBudget(self._limits.fetches_per_message)
        return _Errand(accept, is_wanted, key, budget or own_budget, ends_at)

    async def _follow(self, url: str, errand: _Errand) -> FetchedDocument:
        """Fetch, by hand over at most `limits.redirects` redirects, each vetted and signed anew."""
        for _ in range(self._limits.redirects + 1):
            errand.budget.spend(url)
            answer = await self._ask(url, errand)
            if answer.status not in _REDIRECTS:
                return self._read(url, answer, errand)
            url = _next_hop(url, answer)
        raise DocumentRefused(f"more than {self._limits.redirects} redirects", url=url)

    async def _ask(self, url: str, errand: _Errand) -> HttpMessage:
        """One hop; signed, it may knock a second time."""
        request = HttpMessage.request("GET", url, {"accept": errand.accept})
        if errand.key is None:
            return await self._send(request, errand)
        is_rsa = errand.key.algorithm is KeyAlgorithm.RSA
        tries = signed_tries(
            request,
            rsa=errand.key if is_rsa else None,
            ed25519=None if is_rsa else errand.key,
            state=await self._hosts.find(origin(url)),
            now=self._clock,
        )
        attempt = next(tries)
        while True:
            answer = await self._send(attempt, errand)
            try:
                attempt = tries.send(answer)
            except StopIteration as end:
                if end.value is not None:
                    await self._hosts.save(end.value)
                return answer

    async def _send(self, request: HttpMessage, errand: _Errand) -> HttpMessage:
        left_s = errand.ends_at - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise FetchFailed(f"no complete answer within {self._limits.fetch_s:g} s", url=request.url)
        return await self._client.send(request, total_s=left_s, max_bytes=self._limits.fetch_bytes)

    def _read(self, url: str, answer: HttpMessage, errand: _Errand) -> FetchedDocument:
        """Judge a final answer. Raises: FetchFailed, NotFound, Gone, DocumentRefused."""
        _check_status(url, answer.status)
        content_type = answer.header("content-type")
        if not errand.is_wanted(content_type):
            raise DocumentRefused(f"of type {(content_type or 'none')[:80]!r}", url=url, status=answer.status)
        try:
            json = parse_json_object(answer.body)
        except InvalidJson as error:
            raise DocumentRefused(f"not strict JSON: {error}", url=url, status=answer.status) from None
        return FetchedDocument(url, answer.body, json, self._clock())


def _check_status(url: str, status: int) -> None:
    if status == 200:
        return
    if status == 410:
        raise Gone("it is deleted", url=url, status=status)
    if status in _PASSING or status >= 500:
        raise FetchFailed(f"answered {status}", url=url, status=status)
    if 400 <= status < 500:
        raise NotFound(f"answered {status}", url=url, status=status)
    raise DocumentRefused(f"answered {status}", url=url, status=status)


def _next_hop(url: str, answer: HttpMessage) -> str:
    """Where a redirect leads. Raises: DocumentRefused for none, a malformed one, or one away from https."""
    location = answer.header("location")
    try:
        target = without_fragment(urljoin(url, location) if location else "")
    except (InvalidIri, ValueError):
        raise DocumentRefused("redirects to no usable address", url=url, status=answer.status) from None
    if url.startswith("https:") and not target.startswith("https:"):
        raise DocumentRefused("redirects away from https", url=url, status=answer.status)
    return target


def _stated_id(document: FetchedDocument) -> str:
    """The document's own id without its fragment. Raises: DocumentRefused when it has none."""
    try:
        return parse_iri(as_id(document.json.get("id"))).split("#", 1)[0]
    except InvalidIri as error:
        raise DocumentRefused(f"the document has no usable id: {error}", url=document.url) from None


def tell_strangers(error: FetchError | InvalidIri) -> str:
    """Why a look-up failed, for whoever's message caused it: what the other server said, and nothing of what
    this machine knows of its own network, such as where a name leads (`security P14`).
    """
    if isinstance(error, AddressRefused):
        return "not an address that is opened"
    if isinstance(error, FetchFailed):
        return f"answered {error.status}" if error.status else "no answer"
    return str(error)
