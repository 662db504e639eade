"""Handles: WebFinger (RFC 7033) as server and as client, and host-meta."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from federation.fetching import FetchBudget, Fetcher
from federation.messages import JsonObject

__all__ = ["Handle", "build_host_meta", "build_jrd", "lookup", "parse_handle"]


@dataclass(frozen=True, slots=True)
class Handle:
    """`user` as written, `host` canonical."""

    user: str
    host: str

    def __str__(self) -> str:
        return f"@{self.user}@{self.host}"

    @property
    def acct(self) -> str:
        return f"acct:{self.user}@{self.host}"


def parse_handle(text: str) -> Handle:
    """Raises: InvalidIri."""
    raise NotImplementedError


def build_jrd(
    *, subject: str, actor: str, profile: str | None, subscribe: str | None, aliases: Sequence[str] = ()
) -> JsonObject:
    raise NotImplementedError


def build_host_meta(base_url: str) -> bytes:
    raise NotImplementedError


async def lookup(fetcher: Fetcher, handle: Handle, *, budget: FetchBudget | None = None) -> str:
    """Raises: the FetchErrors."""
    raise NotImplementedError
