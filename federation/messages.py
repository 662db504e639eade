"""HTTP messages as plain values, and the size limits that every part agrees on.

One shape serves requests and answers, inbound and outbound, so that signing, verifying, sending and
testing need no framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["HttpMessage", "JsonObject", "JsonValue", "Limits"]

JsonValue = Any
"""What strictjson returns: dict, list, str, int, float, bool or None."""

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on work for strangers (`protocol §6`). Sizes in bytes, times in seconds."""

    inbox_body_bytes: int = 256 * 1024
    sent_body_bytes: int = 64 * 1024
    header_bytes: int = 16 * 1024
    json_depth: int = 32
    request_s: float = 30.0
    fetch_s: float = 10.0
    fetch_bytes: int = 1024 * 1024
    redirects: int = 3
    fetches_per_message: int = 20
    recipients: int = 10_000
    signature_window_s: int = 65 * 60
    ed25519_window_s: int = 5 * 60
    proof_ahead_s: int = 5 * 60
    key_refetch_s: int = 5 * 60
    key_fetches_per_minute: int = 300
    key_fetches_per_host: int = 60
    """In a minute: one host of strangers cannot use up what the others need."""
    key_fetches_per_domain: int = 120
    """In a minute, all hosts under one domain together: names under one's own domain cost nothing."""
    actor_per_second: float = 60.0
    actor_burst: int = 1200
    host_per_second: float = 100.0
    host_burst: int = 2400
    domain_per_second: float = 200.0
    domain_burst: int = 4800
    """Messages of proven senders (`rates.SenderRates`): far above what a deal or a feed needs."""


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """A request (`status` 0) or an answer (`method` empty).

    Shapes: `url` is absolute and public, as the sender addressed it; header names are lower case and kept in
    the order received, repeated headers stay apart; `body` is the exact bytes.
    """

    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    status: int = 0
    _by_name: dict[str, list[str]] | None = field(default=None, init=False, repr=False, compare=False)

    @staticmethod
    def request(
        method: str, url: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> HttpMessage:
        """Build a request; header names are lowered."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        return HttpMessage(method.upper(), url, tuple((k.lower(), v) for k, v in pairs), body)

    def values(self, name: str) -> list[str]:
        """All values of one header, in order; `name` in lower case."""
        return list(self._named().get(name, ()))

    def header(self, name: str) -> str | None:
        """The values of one header joined with ", " (RFC 9110 §5.3), or None; `name` in lower case."""
        found = self._named().get(name)
        return ", ".join(found) if found else None

    def _named(self) -> dict[str, list[str]]:
        """The headers by name, sorted out at the first question: a signature asks a dozen of them."""
        if self._by_name is None:
            by_name: dict[str, list[str]] = {}
            for key, value in self.headers:
                by_name.setdefault(key, []).append(value)
            object.__setattr__(self, "_by_name", by_name)
            return by_name
        return self._by_name

    def with_headers(self, *pairs: tuple[str, str]) -> HttpMessage:
        """The same message with these headers in place of any of the same names."""
        names = {name.lower() for name, _ in pairs}
        kept = tuple(pair for pair in self.headers if pair[0] not in names)
        added = tuple((name.lower(), value) for name, value in pairs)
        return HttpMessage(self.method, self.url, kept + added, self.body, self.status)
