"""The one guarded HTTP client: every request that leaves goes through here.

    message → `guard`: is the URL one that we open, is every address of the name public, is this very address?
            → exchange under a deadline → size and encoding

Requests are written, and answers read, right on the connections that aiohttp's connector opens, keeps and
parses for: its session on top of it costs more than all the rest of a delivery (`speed` 4).
"""

from __future__ import annotations

import asyncio
import errno
import re
import resource
import socket
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, Self

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from federation.addresses import is_allowed_address
from federation.errors import AddressRefused, DocumentRefused, FetchFailed, InvalidIri, NoRoom
from federation.guard import Guard, Lookup, SystemLookup, Target
from federation.ids import without_fragment
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

_CONNECTIONS = 2500
_CONNECTIONS_PER_HOST = 10
_CONNECT_S = 5.0
_IDLE_S = 15.0
_INTERIM_ANSWERS = 10
_OVERHEAD_BYTES = 256 * 1024
_HEADER_LINES = 100
_HEADER_LINE_BYTES = 8190
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OWN_HEADERS = frozenset({"accept-encoding", "connection", "content-length", "transfer-encoding"})
"""What the session writes itself, whatever the message says."""
_OUT_OF_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})


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


class _Resolver(AbstractResolver):
    """The guard, as the connector asks it."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in await self._guard.addresses(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held open."""


class _Measured(ResponseHandler):
    """A connection that takes so many bytes and no more, whatever becomes of them: a parser may swallow
    without end what it hands to nobody, such as the size of a chunk.
    """

    left_bytes = 0

    def data_received(self, data: bytes) -> None:
        self.left_bytes -= len(data)
        if self.left_bytes >= 0:
            super().data_received(data)
        else:
            self.set_exception(aiohttp.ClientPayloadError("longer than any answer may be"))
            assert self.transport is not None  # it is what hands the data over
            self.transport.abort()


class _Connector(aiohttp.TCPConnector):
    """Makes such connections."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._factory = partial(_Measured, loop=self._loop)  # type: ignore[assignment]


class _Session:
    """The engine that really opens connections: one pool for the whole node."""

    def __init__(self, config: ClientConfig, guard: Guard) -> None:
        context = ssl.create_default_context()
        if config.ca_file is not None:
            context.load_verify_locations(config.ca_file)
        context.set_alpn_protocols(["http/1.1"])
        self._guard = guard
        self._user_agent = config.user_agent
        self._most = _most_connections()
        self._connector = _Connector(
            resolver=_Resolver(guard),
            socket_factory=guard.make_socket,
            ssl=context,
            limit=self._most,
            limit_per_host=_CONNECTIONS_PER_HOST,
            keepalive_timeout=_IDLE_S,
        )
        self._connect = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S)
        self._routes: OrderedDict[tuple[str, str], aiohttp.ClientRequest] = OrderedDict()

    async def close(self) -> None:
        await self._connector.close()

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
        except HttpProcessingError as error:
            raise FetchFailed(f"not an HTTP answer: {error.message[:80]}", url=message.url) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _failure_of(error, message.url) from error

    async def _exchange_once(self, message: HttpMessage, max_bytes: int) -> HttpMessage:
        target = self._guard.vet(message.url)
        connection = await self._connector.connect(self._route(target), [], self._connect)
        try:
            protocol = connection.protocol
            assert isinstance(protocol, _Measured)
            assert protocol.transport is not None
            protocol.left_bytes = 2 * max_bytes + _OVERHEAD_BYTES
            protocol.set_response_params(
                skip_payload=message.method == "HEAD",
                read_until_eof=True,
                auto_decompress=False,
                max_line_size=_HEADER_LINE_BYTES,
                max_field_size=_HEADER_LINE_BYTES,
                max_headers=_HEADER_LINES,
            )
            protocol.transport.write(self._head(message, target) + message.body)
            head, payload = await _final_answer(protocol, message.url)
            answer = await _read(head, payload, message, max_bytes)
            if self._guard.open_sockets >= self._most:
                protocol.force_close()
        except BaseException:
            connection.close()
            raise
        connection.release()
        return answer

    def _route(self, target: Target) -> aiohttp.ClientRequest:
        """Where the connector connects to; the request in it is never sent, only its address is read."""
        key = (target.scheme, target.authority)
        route = self._routes.get(key)
        if route is None:
            url = URL(f"{target.scheme}://{target.authority}/", encoded=True)
            route = self._routes[key] = aiohttp.ClientRequest("GET", url, loop=asyncio.get_running_loop())
            if len(self._routes) > self._most:
                self._routes.popitem(last=False)
        return route

    def _head(self, message: HttpMessage, target: Target) -> bytes:
        named = {name for name, _ in message.headers}
        lines = [f"{message.method} {target.path} HTTP/1.1"]
        if "host" not in named:
            lines.append(f"host: {target.authority}")
        lines += [f"{name}: {value}" for name, value in message.headers if name not in _OWN_HEADERS]
        if "user-agent" not in named:
            lines.append(f"user-agent: {self._user_agent}")
        lines.append("accept-encoding: identity")
        if message.body or message.method == "POST":
            lines.append(f"content-length: {len(message.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _most_connections() -> int:
    """Half of the descriptors that the process may have: those who call us need some, too (X07)."""
    return max(8, min(_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))


async def _final_answer(protocol: ResponseHandler, url: str) -> tuple[Any, aiohttp.StreamReader]:
    """The head of the answer that counts, interim ones passed over. Raises: FetchFailed for too many."""
    for _ in range(_INTERIM_ANSWERS + 1):
        head, payload = await protocol.read()
        if not 100 <= head.code < 200 or head.code == 101:
            return head, payload
    raise FetchFailed(f"more than {_INTERIM_ANSWERS} interim answers", url=url)


async def _read(
    head: Any, payload: aiohttp.StreamReader, message: HttpMessage, max_bytes: int
) -> HttpMessage:
    """Read under the cap, never inflating. Only the document of a GET is read whole or refused; of others the
    status counts, and they may be cut.

    Raises: DocumentRefused for encoded or larger documents (`security E10, E12`).
    """
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in head.raw_headers
    )
    answer = HttpMessage(url=message.url, headers=headers, status=head.code)
    encoding = (answer.header("content-encoding") or "identity").strip().lower()
    refusal = "" if encoding in ("", "identity") else f"encoded as {encoding[:40]}"
    if (answer.header("content-length") or "0").rjust(20, "0") > str(max_bytes).rjust(20, "0"):
        refusal = f"larger than {max_bytes} bytes"
    read = bytearray()
    if not refusal:
        async for chunk in payload.iter_any():
            read += chunk
            if len(read) > max_bytes:
                refusal = f"larger than {max_bytes} bytes"
                break
    if refusal and message.method == "GET" and head.code == 200:
        raise DocumentRefused(refusal, url=message.url, status=head.code)
    return HttpMessage(url=message.url, headers=headers, body=bytes(read[:max_bytes]), status=head.code)


def _failure_of(error: BaseException, url: str) -> AddressRefused | FetchFailed:
    """What a connector's error means: the guard's refusal inside it, our own want of room, or the peer's."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, AddressRefused):
            return AddressRefused(inner.detail, url=url)
        if isinstance(inner, OSError) and inner.errno in _OUT_OF_ROOM:
            return NoRoom(f"no connection can be opened here now: {inner.strerror}", url=url)
        inner = inner.__cause__
    return FetchFailed(f"{type(error).__name__}: {error}", url=url)


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
        self._guard = Guard(config.allowed, config.names, lookup or self._system_lookup)
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
    def guard(self) -> Guard:
        """What judges every address that is opened."""
        return self._guard

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
        self._guard.vet(message.url)
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
