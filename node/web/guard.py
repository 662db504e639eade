"""What stands before every private page: whose form it is, which cookies there are, what the browser is told.

Pure; the frame asks. `security U01`, `U02`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

__all__ = ["PRIVATE_HEADERS", "Cookies", "Origin", "is_framed", "judge_origin", "proves", "token_of"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; worker-src 'self'"
)
PRIVATE_HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "browsing-topics=(), camera=(), geolocation=(), microphone=(), "
        "publickey-credentials-get=(self), publickey-credentials-create=(self)"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


class Origin(Enum):
    """Where a browser says that a request comes from."""

    OURS = "ours"
    FOREIGN = "foreign"
    UNTOLD = "untold"


def judge_origin(headers: Mapping[str, str], base_url: str) -> Origin:
    """Whether a page of ours sent this form.

    `Sec-Fetch-Site` decides where there is one, since our pages send no referrer and browsers then say
    `Origin: null`; an origin that is another's is always foreign. What says neither must show the token.
    Spec: Fetch Metadata §2.3; RFC 6454 §7; Fetch §3.2 (`null` under no-referrer).
    """
    origin, site = headers.get("origin", "null"), headers.get("sec-fetch-site")
    if origin not in ("null", base_url):
        return Origin.FOREIGN
    if site is not None:
        return Origin.OURS if site in ("same-origin", "none") else Origin.FOREIGN
    return Origin.OURS if origin == base_url else Origin.UNTOLD


def is_framed(headers: Mapping[str, str]) -> bool:
    """Whether a browser asks for this page to put it into another one."""
    return headers.get("sec-fetch-dest", "") in _FRAMES


def token_of(cookie: str) -> str:
    """The token of the forms of whoever has this cookie; nobody finds the one from the other."""
    return hmac.new(cookie.encode(), b"obverse form token", hashlib.sha256).hexdigest()


def proves(token: str, cookie: str) -> bool:
    """Whether a form's token belongs to this cookie, in constant time."""
    return bool(cookie) and hmac.compare_digest(token.encode(), token_of(cookie).encode())


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of one node. Over https they are bound to the host and to it alone (`__Host-`).

    A node on plain http is one of a closed network on one machine; there the prefix would have them refused.
    """

    is_secure: bool

    @property
    def session(self) -> str:
        """Whose browser it is."""
        return "__Host-session" if self.is_secure else "session"

    @property
    def visitor(self) -> str:
        """A browser that is not logged in and fills in a form: log-in, set-up."""
        return "__Host-visitor" if self.is_secure else "visitor"

    def given(self, header: str) -> dict[str, str]:
        """Cookies by name; of a name that stands twice neither counts."""
        found: dict[str, str] = {}
        twice = set()
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            if name in found:
                twice.add(name)
            found[name] = value
        return {name: value for name, value in found.items() if name not in twice}

    def set(self, name: str, value: str, *, lasts_s: int | None = None) -> str:
        """A Set-Cookie header; without `lasts_s` until the browser is closed."""
        parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if self.is_secure:
            parts.append("Secure")
        if lasts_s is not None:
            parts.append(f"Max-Age={lasts_s}")
        return "; ".join(parts)

    def clear(self, name: str) -> str:
        return self.set(name, "", lasts_s=0)
