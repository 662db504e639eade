"""What may be opened: URLs, names and addresses are judged here, for every request that leaves.

    is the URL one that we open? → is every address of its name public? → is this very address public?

A refusal is `AddressRefused`, an OSError, so that a connector hands it on as it hands on any failure to
connect; it is never retried and never taken for a time-out (`security §1` SSRF, group E).
"""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from federation.addresses import is_address, is_allowed_address
from federation.errors import AddressRefused, InvalidIri
from federation.ids import canonical_host, parse_iri

__all__ = ["Guard", "Lookup", "SystemLookup", "Target"]

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Asks for all addresses of a host name; raises OSError."""

_DNS_FAILURE_S = 5.0
_REMEMBERED = 10_000
_URLS_REMEMBERED = 2_000
_THREADS = 32
_SLOW_THREADS = 8
_SLOW_S = 1.0


class SystemLookup:
    """The system's resolver, in threads of its own: one that hangs holds up no other work (X25).

    Names that failed or took long the last time have a few threads to themselves, so that many of them do not
    keep the others waiting.
    """

    def __init__(self, resolve: Callable[..., Iterable[Any]] = socket.getaddrinfo) -> None:
        self._resolve = resolve
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="dns")
        self._slow_threads = ThreadPoolExecutor(_SLOW_THREADS, thread_name_prefix="slow-dns")
        self._slow: OrderedDict[str, None] = OrderedDict()

    async def __call__(self, host: str, port: int) -> list[str]:
        """All addresses of `host`. Raises: OSError."""
        loop = asyncio.get_running_loop()
        threads = self._slow_threads if host in self._slow else self._threads
        began = loop.time()
        # Slow until shown otherwise: what is cut off from outside does not come back to say so.
        _remember(self._slow, host)
        found = await loop.run_in_executor(
            threads, lambda: list(self._resolve(host, port, type=socket.SOCK_STREAM))
        )
        if loop.time() - began < _SLOW_S:
            self._slow.pop(host, None)
        return list(dict.fromkeys(str(info[4][0]) for info in found))

    def close(self) -> None:
        """Take no more questions; threads that still wait for an answer end by themselves."""
        for threads in (self._threads, self._slow_threads):
            threads.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be opened, taken apart. `host` is without brackets; `authority` as the Host header has
    it; `path` with its query."""

    scheme: str
    host: str
    port: int
    authority: str
    path: str


class Guard:
    """Judges what strangers make us open.

    Shapes: `allowed` holds `host:port` pairs that are exempt from the address, port and https rules; `names`
            maps host names to one address each, in place of the look-up.
    """

    def __init__(self, allowed: Iterable[str], names: Mapping[str, str], lookup: Lookup) -> None:
        """Raises: InvalidIri, ValueError for a pair that is none."""
        self._allowed = frozenset(_canonical_pair(pair) for pair in allowed)
        self._names = {canonical_host(name): address for name, address in names.items()}
        self._lookup = lookup
        self._exempt: set[tuple[str, int]] = set()
        self._failed: OrderedDict[str, float] = OrderedDict()
        self._vetted: OrderedDict[str, Target] = OrderedDict()
        self._sockets: WeakSet[socket.socket] = WeakSet()

    @property
    def open_sockets(self) -> int:
        """How many of the sockets that were opened are still there."""
        return len(self._sockets)

    def vet(self, url: str) -> Target:
        """Take a URL apart that is ours to open. Raises: AddressRefused."""
        target = self._vetted.get(url)
        if target is None:
            target = self._judge(url)
            self._vetted[url] = target
            if len(self._vetted) > _URLS_REMEMBERED:
                self._vetted.popitem(last=False)
        return target

    def _judge(self, url: str) -> Target:
        try:
            parsed = parse_iri(url)
        except InvalidIri as error:
            raise AddressRefused(f"not an address that is opened: {error}", url=url) from None
        if parsed != url or "#" in url:
            raise AddressRefused("not in canonical form", url=url)
        target = _taken_apart(url)
        if (target.host, target.port) in self._allowed:
            if is_address(target.host):
                self._exempt.add((target.host, target.port))
            return target
        if target.scheme != "https":
            raise AddressRefused("only https is opened", url=url)
        if target.port != 443:
            raise AddressRefused("only port 443 is opened", url=url)
        if is_address(target.host) and not is_allowed_address(target.host):
            raise AddressRefused(f"{target.host} is not a public address", url=url)
        return target

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses of a name, none of which is forbidden. Raises: AddressRefused, OSError."""
        name = host.removesuffix(".")
        found = [self._names[name]] if name in self._names else await self._look_up(name, port)
        if (name, port) in self._allowed:
            self._exempt.update((address, port) for address in found)
            return found
        for address in found:
            if not is_allowed_address(address):
                raise AddressRefused(f"{name} resolves to {address}, not a public address")
        return found

    async def _look_up(self, name: str, port: int) -> list[str]:
        """Ask, and remember a failure for a moment: a dead resolver is not asked for every message."""
        now = asyncio.get_running_loop().time()
        if self._failed.get(name, 0.0) > now:
            raise OSError(f"{name} did not resolve a moment ago")
        try:
            found = await self._lookup(name, port)
            if not found:
                raise OSError(f"{name} has no address")
        except OSError:
            self._failed[name] = now + _DNS_FAILURE_S
            if len(self._failed) > _REMEMBERED:
                self._failed.popitem(last=False)
            raise
        self._failed.pop(name, None)
        return found

    def make_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Open a socket for one resolved address. Raises: AddressRefused, before there is a socket."""
        family, kind, proto, _, (address, port, *_) = info
        if (address, port) not in self._exempt and not is_allowed_address(address):
            raise AddressRefused(f"{address} is not a public address")
        made = socket.socket(family=family, type=kind, proto=proto)
        self._sockets.add(made)
        return made


def _remember(names: OrderedDict[str, None], name: str) -> None:
    names[name] = None
    if len(names) > _REMEMBERED:
        names.popitem(last=False)


def _taken_apart(url: str) -> Target:
    """A canonical IRI without fragment, cut where it says to be cut."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, _, port = authority.rpartition(":") if not authority.endswith("]") else ("", "", "")
    if not host:
        host, port = authority, ""
    return Target(
        scheme=scheme,
        host=host.strip("[]"),
        port=int(port) if port else {"https": 443, "http": 80}[scheme],
        authority=authority,
        path=slash + path,
    )


def _canonical_pair(pair: str) -> tuple[str, int]:
    """`host:port` of the allow-list as (canonical host, port). Raises: InvalidIri, ValueError."""
    name, _, port = pair.rpartition(":")
    return canonical_host(name), int(port)
