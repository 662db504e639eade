"""What an examination says: one thing looked at, how it stands, what was seen, and what mends it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from federation.errors import AddressRefused, DocumentRefused, FetchError
from node.domain.sayings import Said, said

__all__ = ["Check", "Finding", "State", "failed", "fine", "plain", "trouble", "warned"]

_LONGEST = 120
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn or hide what stands beside them."""


class Check(StrEnum):
    """What is looked at, in the words of the command line."""

    ADDRESS = "address"
    TLS = "TLS"
    CERTIFICATE = "certificate"
    CLOCK = "clock"
    HOST_META = "host-meta"
    NODEINFO = "NodeInfo"
    ROBOTS = "robots"
    WEBFINGER = "WebFinger"
    SUBJECT = "subject"
    SELF_LINK = "self link"
    WEBFINGER_TYPE = "WebFinger type"
    SCRIPTS = "open to scripts"
    UNKNOWN_NAME = "unknown name"
    NO_RESOURCE = "no resource"
    BY_ADDRESS = "WebFinger by address"
    WAY_BACK = "way back"
    UNSIGNED_FETCH = "unsigned fetch"
    SIGNED_FETCH = "signed fetch"
    RFC9421_FETCH = "RFC 9421 fetch"
    CONTENT_TYPE = "content type"
    PROFILE_TYPE = "ld+json"
    PAGE = "page"
    VARY = "Vary"
    ID = "id"
    PROPERTIES = "properties"
    KEY = "key"
    MULTIKEY = "Multikey"
    CAPABILITIES = "capabilities"
    INBOX = "inbox"
    SHARED_INBOX = "shared inbox"
    OUTBOX = "outbox"
    FOLLOWERS = "followers"
    OURS = "ourselves"
    AS_SENT = "arrives as sent"
    LARGE_BODY = "large body"
    PROXY_HEADERS = "proxy headers"
    CONNECTIONS = "connections"
    BOUNDS = "bounds"


class State(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    """It works with most, or was not to be seen."""
    FAILED = "failed"
    """Others will not get through, or must not rely on it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Shapes: `seen` and `fix` are English, their values apart (`Said`); `fix` is "" where all is well."""

    check: Check
    state: State
    seen: str
    fix: str = ""


def fine(check: Check, seen: Said) -> Finding:
    return Finding(check, State.OK, seen)


def warned(check: Check, seen: Said, fix: Said) -> Finding:
    return Finding(check, State.WARNING, seen, fix)


def failed(check: Check, seen: Said, fix: Said) -> Finding:
    return Finding(check, State.FAILED, seen, fix)


def plain(value: object) -> str:
    """What another server says, short and without what could disturb a line of ours."""
    text = _UNSEEN.sub("", str(value))
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def trouble(error: FetchError) -> Said:
    """Why something did not come, for the owner who asked."""
    detail = plain(error.detail)
    match error:
        case AddressRefused():
            return said("not opened: %(why)s", why=detail)
        case DocumentRefused():
            return said("its answer cannot be used: %(why)s", why=detail)
        case _:
            return said("no answer: %(why)s", why=detail)
