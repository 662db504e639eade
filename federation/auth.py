"""Signed tries of one request, as a pure generator: yield one, look at the answer, perhaps yield another.

Two ways to sign HTTP requests are in use and no request can carry both, so an origin that is not known gets
the older one first and the other once, on 400 or 401 (double knocking, interop §1.5).
"""

from __future__ import annotations

from collections.abc import Generator

from federation.keys import SigningKey
from federation.messages import HttpMessage
from federation.ports import Clock, HostState

__all__ = ["signed_tries"]


def signed_tries(
    request: HttpMessage,
    *,
    rsa: SigningKey | None,
    ed25519: SigningKey | None,
    state: HostState | None,
    now: Clock,
) -> Generator[HttpMessage, HttpMessage, HostState | None]:
    raise NotImplementedError
