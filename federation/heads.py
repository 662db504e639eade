"""What a request's head must be before anybody looks at the request: bounded, plain, one meaning only.

A server behind a proxy sees what two programs must read alike. Whatever leaves room for two readings (two
lengths, an odd Host, an address that is spelt in a second way) is refused, not repaired.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Fault", "authorities_of", "check_head", "is_plain_path"]

_HOST = re.compile(
    r"(?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+\.?(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?"
)
# RFC 3986 §3.3, from the root; no escape of a control character. Possessive: there is no second try.
_PATH = re.compile(rb"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]++|%(?![01]|7[Ff])[0-9A-Fa-f]{2})*+")
_QUERY = re.compile(rb"[\x21-\x7e]*")
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

# Headers of which there is one reading only if there is one.
_SINGLE = frozenset(
    {b"content-encoding", b"content-length", b"content-type", b"expect", b"transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request is refused unread: an HTTP status, words, and the header it is about, if any."""

    status: int
    title: str
    place: str = ""
    detail: str = ""


def authorities_of(base_url: str, also: Collection[str] = ()) -> frozenset[str]:
    """What a Host header may say: the public origin's own authority, with and without its usual port.

    Shapes: `also` are further authorities (`host[:port]`); all in lower case.
    """
    own = urlsplit(base_url)
    name = f"[{own.hostname}]" if ":" in (own.hostname or "") else f"{own.hostname}"
    default = 443 if own.scheme == "https" else 80
    found = {own.netloc.lower(), *(authority.lower() for authority in also)}
    if own.port in (None, default):
        found |= {name, f"{name}:{default}"}
    return frozenset(found)


def is_plain_path(raw_path: bytes) -> bool:
    """Whether this is a path from the root, in characters that every reader takes alike."""
    return _PATH.fullmatch(raw_path) is not None


def check_head(
    method: str,
    raw_path: bytes,
    query: bytes,
    headers: Collection[tuple[bytes, bytes]],
    *,
    http_version: str,
    authorities: frozenset[str],
    most_bytes: int,
    most_body_bytes: int,
) -> Fault | None:
    """What is wrong with the head of a request, None for nothing.

    Shapes: header names are lower case. `authorities` as from `authorities_of`.
    Spec:   `security A01 to A09, A14`; RFC 9112 §3.2, §6; RFC 9110 §7.4 (421), §7.8 (Upgrade).
    """
    if http_version == "0.9":
        return Fault(400, "Not HTTP/1.1")
    if method not in _METHODS:
        return Fault(405, "Method not allowed")
    if not is_plain_path(raw_path) or not _QUERY.fullmatch(query):
        return Fault(400, "Not a plain path from the root")
    values: dict[bytes, bytes] = {}
    hosts: list[bytes] = []
    size = 0
    for name, value in headers:
        size += len(name) + len(value) + 4
        if name == b"host":
            hosts.append(value)
        elif name in values and name in _SINGLE:
            return Fault(400, f"One {name.decode().title()} is needed", name.decode())
        values[name] = value
    if size > most_bytes:
        return Fault(431, "Header fields too large")
    return (
        _check_length(values, http_version, most_body_bytes)
        or _check_hosts(hosts, authorities)
        or _check_wishes(values)
    )


def _check_length(values: dict[bytes, bytes], http_version: str, most_body_bytes: int) -> Fault | None:
    length, coding = values.get(b"content-length"), values.get(b"transfer-encoding")
    if length is not None and (coding is not None or not length.isdigit()):
        return Fault(400, "One length for one body is needed", "content-length")
    if coding is not None and (coding.strip().lower() != b"chunked" or http_version != "1.1"):
        return Fault(400, "No such transfer coding", "transfer-encoding")
    if length is not None and int(length[:12]) > most_body_bytes:
        return Fault(413, "Too large", "content-length", f"a body has at most {most_body_bytes} bytes")
    return None


def _check_hosts(hosts: list[bytes], authorities: frozenset[str]) -> Fault | None:
    host = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
    if host.lower() in authorities:
        return None
    if not _HOST.fullmatch(host):
        return Fault(400, "One Host is needed", "host")
    return Fault(421, "Misdirected request", "host", "this host is not served here")


def _check_wishes(values: dict[bytes, bytes]) -> Fault | None:
    """What the sender wants beyond a plain exchange."""
    if b"upgrade" in values:
        return Fault(400, "No other protocol is spoken here", "upgrade")
    if values.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        detail = "bodies come without a content encoding"
        return Fault(415, "Unsupported media type", "content-encoding", detail)
    if values.get(b"expect", b"100-continue").strip().lower() != b"100-continue":
        return Fault(417, "Expectation failed", "expect")
    return None
