"""The one guarded HTTP client: every request that leaves goes through here.

    message → is the URL one that we open? → resolver: is every address of the name public?
            → socket factory: is this very address public? → exchange under a deadline → size and encoding

A refusal of the guard is `AddressRefused`, an OSError, so that the connector hands it on as it hands on any
failure to connect; it is never retried and never taken for a time-out (`security §1` SSRF, group E).
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from yarl import URL

from federation.addresses import is_address, is_allowed_address
from federation.errors import AddressRefused, DocumentRefused, FetchFailed, InvalidIri
from federation.ids import canonical_host, parse_iri, without_fragment
from federation.messages import HttpMessage, Limits

__all__ = [
    "AsgiEngine",
    "Client",
    "ClientConfig",
    "Engine",
    "Lookup",
    "SystemLookup",
    "is_allowed_address",
]

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Asks for all addresses of a host name; raises OSError."""

_CONNECTIONS = 1000
_CONNECTIONS_PER_HOST = 10
_CONNECT_S = 5.0
_IDLE_S = 15.0
_DNS_FAILURE_S = 5.0
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """How the client may go out; frozen, one for a node.

    Shapes: `allowed` holds `host:port` pairs that are exempt from the address, port and https rules, for
            tests and closed networks; empty as shipped. `names` maps a host to one address, in place of DNS.
            `ca_file` is a PEM file of certificate authorities to trust beside the system's.
    """

    allowed: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    user_agent: str = "obverse"
    limits: Limits = field(default_factory=Limits)
    ca_file: str | None = None


class Engine(Protocol):
    """Carries one vetted request and its answer; the default is the guarded session."""

    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage: ...


# --- the guarded session ---------------------------------------------------------------------------------


class SystemLookup:
    """The system's resolver, in threads of its own: one that hangs holds up no other work (X25)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="dns")

    async def __call__(self, host: str, port: int) -> list[str]:
        """All addresses of `host`. Raises: OSError."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return list(dict.fromkeys(str(info[4][0]) for info in found))

    def close(self) -> None:
        """Take no more questions; threads that still wait for an answer end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Guard(AbstractResolver):
    """Judges names and addresses: as the session's resolver, and as its socket factory.

    The resolver refuses a name when any of its addresses is forbidden; the socket factory judges the very
    address that is about to be connected, IP literals included, for which no resolver is asked.
    """

    def __init__(self, config: ClientConfig, lookup: Lookup) -> None:
        self._allowed = frozenset(_canonical_pair(pair) for pair in config.allowed)
        self._names = {canonical_host(name): address for name, address in config.names.items()}
        self._lookup = lookup
        self._exempt: set[tuple[str, int]] = set()
        self._failed: dict[str, float] = {}

    def vet_url(self, url: str) -> None:
        """Refuse a URL that is not ours to open. Raises: AddressRefused."""
        try:
            parsed = parse_iri(url)
        except InvalidIri as error:
            raise AddressRefused(f"not an address that is opened: {error}", url=url) from None
        if parsed != url or "#" in url:
            raise AddressRefused("not in canonical form", url=url)
        target = URL(url, encoded=True)
        host, port = target.raw_host or "", target.port or 0
        if (host, port) in self._allowed:
            if is_address(host):
                self._exempt.add((host, port))
            return
        if target.scheme != "https":
            raise AddressRefused("only https is opened", url=url)
        if port != 443:
            raise AddressRefused("only port 443 is opened", url=url)
        if is_address(host) and not is_allowed_address(host):
            raise AddressRefused(f"{host} is not a public address", url=url)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        name = host.removesuffix(".")
        addresses = [self._names[name]] if name in self._names else await self._look_up(name, port)
        if (name, port) in self._allowed:
            self._exempt.update((address, port) for address in addresses)
        else:
            for address in addresses:
                if not is_allowed_address(address):
                    raise AddressRefused(f"{name} resolves to {address}, not a public address")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in addresses
        ]

    async def _look_up(self, name: str, port: int) -> list[str]:
        """Ask, and remember a failure for a moment: a dead resolver is not asked for every message."""
        now = asyncio.get_running_loop().time()
        if self._failed.get(name, 0.0) > now:
            raise OSError(f"{name} did not resolve a moment ago")
        try:
            found = await self._lookup(name, port)
        except OSError:
            self._failed = {host: until for host, until in self._failed.items() if until > now}
            self._failed[name] = now + _DNS_FAILURE_S
            raise
        if not found:
            raise OSError(f"{name} has no address")
        return found

    async def close(self) -> None:
        """Nothing is held open."""

    def make_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Open a socket for one resolved address. Raises: AddressRefused, before there is a socket."""
        family, kind, proto, _, (address, port, *_) = info
        if (address, port) not in self._exempt and not is_allowed_address(address):
            raise AddressRefused(f"{address} is not a public address")
        return socket.socket(family=family, type=kind, proto=proto)


def _canonical_pair(pair: str) -> tuple[str, int]:
    """`host:port` of the allow-list as (canonical host, port). Raises: InvalidIri, ValueError."""
    name, _, port = pair.rpartition(":")
    return canonical_host(name), int(port)


class _Session:
    """The engine that really opens connections: one aiohttp session for the whole node."""

    def __init__(self, config: ClientConfig, guard: _Guard) -> None:
        context = ssl.create_default_context()
        if config.ca_file is not None:
            context.load_verify_locations(config.ca_file)
        context.set_alpn_protocols(["http/1.1"])
        self._user_agent = config.user_agent
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=guard,
                socket_factory=guard.make_socket,
                ssl=context,
                limit=_CONNECTIONS,
                limit_per_host=_CONNECTIONS_PER_HOST,
                keepalive_timeout=_IDLE_S,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
        )

    async def close(self) -> None:
        await self._session.close()

    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage:
        try:
            async with asyncio.timeout(total_s):
                try:
                    return await self._exchange_once(message, max_bytes)
                except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                    # A kept-alive connection may close while we write. Every receiver takes a repeated
                    # message for one, so that trying once more on a fresh connection is safe.
                    return await self._exchange_once(message, max_bytes)
        except TimeoutError:
            raise FetchFailed(f"no complete answer within {total_s:g} s", url=message.url) from None
        except (aiohttp.ClientError, OSError) as error:
            refused = _refusal_behind(error)
            if refused is not None:
                raise AddressRefused(refused.detail, url=message.url) from None
            raise FetchFailed(f"{type(error).__name__}: {error}", url=message.url) from error

    async def _exchange_once(self, message: HttpMessage, max_bytes: int) -> HttpMessage:
        headers = CIMultiDict(message.headers)
        headers["accept-encoding"] = "identity"
        headers.setdefault("user-agent", self._user_agent)
        async with self._session.request(
            message.method,
            URL(message.url, encoded=True),
            headers=headers,
            data=message.body or None,
            allow_redirects=False,
        ) as answer:
            received = tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1"))
                for name, value in answer.raw_headers
            )
            whole = message.method == "GET" and answer.status == 200
            body = await _read_body(answer, max_bytes, whole=whole, url=message.url)
            return HttpMessage(url=message.url, headers=received, body=body, status=answer.status)


async def _read_body(answer: aiohttp.ClientResponse, max_bytes: int, *, whole: bool, url: str) -> bytes:
    """Read under the cap, never inflating. What is not read in `whole` may be cut: only the status counts.

    Raises: DocumentRefused for encoded or larger documents (`security E10, E12`).
    """
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    too_large = answer.content_length is not None and answer.content_length > max_bytes
    if encoding not in ("", "identity") or too_large:
        answer.close()
        if whole:
            raise DocumentRefused(
                f"larger than {max_bytes} bytes" if too_large else f"encoded as {encoding[:40]}",
                url=url,
                status=answer.status,
            )
        return b""
    read = bytearray()
    async for chunk in answer.content.iter_any():
        read += chunk
        if len(read) > max_bytes:
            answer.close()
            if whole:
                raise DocumentRefused(f"larger than {max_bytes} bytes", url=url, status=answer.status)
            return bytes(read[:max_bytes])
    return bytes(read)


def _refusal_behind(error: BaseException | None) -> AddressRefused | None:
    """The guard's refusal inside a connector's error, if that is what it was."""
    while error is not None:
        if isinstance(error, AddressRefused):
            return error
        error = error.__cause__
    return None


# --- the public face -------------------------------------------------------------------------------------


class Client:
    """Sends vetted requests; one for a node, an async context manager.

    `engine` replaces the session (tests: `AsgiEngine`); the guard's decision on the URL is made all the same.
    `lookup` replaces the system's resolver.
    """

    def __init__(
        self, config: ClientConfig, *, engine: Engine | None = None, lookup: Lookup | None = None
    ) -> None:
        self._config = config
        self._system_lookup = SystemLookup()
        self._guard = _Guard(config, lookup or self._system_lookup)
        self._engine = engine
        self._session: _Session | None = None
        self._httpx = httpx.AsyncClient(
            transport=_GuardedTransport(self),
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": config.user_agent},
        )

    async def __aenter__(self) -> Self:
        if self._engine is None:
            self._engine = self._session = _Session(self._config, self._guard)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._httpx.aclose()
        if self._session is not None:
            await self._session.close()
        self._system_lookup.close()

    @property
    def httpx(self) -> httpx.AsyncClient:
        """An httpx client for everything else, under the same guard, deadline and size cap.

        Raises: its calls raise the FetchErrors of `send`, not httpx's own.
        """
        return self._httpx

    async def send(
        self, message: HttpMessage, *, total_s: float | None = None, max_bytes: int | None = None
    ) -> HttpMessage:
        """Send one request and return its answer; redirects are answers like any other.

        Shapes: `message.url` in canonical form (`ids.parse_iri`), without fragment. The answer's header names
                are lower case. Only the 200 of a GET surely has its whole body; others may be cut.
        Units:  `total_s` for all of it, from the look-up of the name to the last byte.
        Raises: AddressRefused, FetchFailed, DocumentRefused (encoded or larger than `max_bytes`).
        """
        self._guard.vet_url(message.url)
        for name, value in message.headers:
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise AddressRefused(f"a malformed header {name[:40]!r}", url=message.url)
        if self._engine is None:
            raise RuntimeError("the client is not open")
        limits = self._config.limits
        return await self._engine.exchange(
            message,
            total_s=limits.fetch_s if total_s is None else total_s,
            max_bytes=limits.fetch_bytes if max_bytes is None else max_bytes,
        )


class _GuardedTransport(httpx.AsyncBaseTransport):
    """httpx over `Client.send`, so that there is one guard and one pool."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        kept = [(name, value) for name, value in headers if name.lower() not in _CONNECTION_HEADERS]
        body = await request.aread()
        url = str(request.url)
        with suppress(InvalidIri):  # the guard will say what is wrong with it
            url = without_fragment(url)
        answer = await self._client.send(HttpMessage.request(request.method, url, kept, body))
        received = [(name, value) for name, value in answer.headers if name not in _CONNECTION_HEADERS]
        return httpx.Response(answer.status, headers=received, content=answer.body, request=request)


_CONNECTION_HEADERS = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
"""What belongs to one connection; each side writes its own."""


class AsgiEngine:
    """An engine for tests: the applications of several hosts in this process, without a socket.

    Shapes: `apps` maps a canonical host to an ASGI application; the port does not matter.
    """

    def __init__(self, apps: Mapping[str, Any]) -> None:
        self._apps = dict(apps)

    async def exchange(self, message: HttpMessage, *, total_s: float, max_bytes: int) -> HttpMessage:
        app = self._apps.get(URL(message.url, encoded=True).raw_host or "")
        if app is None:
            raise FetchFailed("no such host in this process", url=message.url)
        request = httpx.Request(
            message.method, message.url, headers=list(message.headers), content=message.body
        )
        try:
            async with asyncio.timeout(total_s):
                answer = await httpx.ASGITransport(app=app).handle_async_request(request)
                body = await answer.aread()
        except TimeoutError:
            raise FetchFailed(f"no complete answer within {total_s:g} s", url=message.url) from None
        if message.method == "GET" and len(body) > max_bytes:
            raise DocumentRefused(
                f"larger than {max_bytes} bytes", url=message.url, status=answer.status_code
            )
        received = tuple((name.lower(), value) for name, value in answer.headers.multi_items())
        return HttpMessage(url=message.url, headers=received, body=body, status=answer.status_code)
