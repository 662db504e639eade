"""Signed tries of one request, as a pure generator: yield one, look at the answer, perhaps yield another.

Two ways to sign HTTP requests are in use and no request can carry both, so an origin that is not known gets
the older one first and the other once, on 400 or 401 (double knocking, interop §1.5).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from federation import cavage, signatures
from federation.ids import origin
from federation.keys import SigningKey
from federation.messages import HttpMessage
from federation.ports import Clock, HostState, SignatureSpec

__all__ = ["MEMORY", "signed_tries"]

MEMORY = timedelta(days=30)
"""How long what was learned of an origin's signatures holds."""


def signed_tries(
    request: HttpMessage,
    *,
    rsa: SigningKey | None,
    ed25519: SigningKey | None,
    state: HostState | None,
    now: Clock,
) -> Generator[HttpMessage, HttpMessage, HostState | None]:
    """Yield `request` signed, be sent the answer, perhaps yield it once more signed the other way.

    Shapes: `rsa` and `ed25519` are keys of one actor, at least one given; an actor without RSA (a persona)
            only ever signs RFC 9421. The value returned is `state` with what these answers taught of the
            origin's signatures, None when they taught nothing. The last answer sent in is the answer.
    Units:  `now` is asked anew for each try, so that each carries a fresh date.
    Raises: ValueError without any key; InvalidIri for a URL that is none.
    Spec:   `protocol §2` Sending; interop §1.5.
    """
    state = state or HostState(origin(request.url))
    first, second = _tries(rsa, ed25519, _known(state, now()))
    answer = yield first.sign(request, now())
    if answer.status not in (400, 401):
        asks_newer = first.spec is SignatureSpec.CAVAGE and answer.header("accept-signature") is not None
        if asks_newer and 200 <= answer.status < 300:
            return replace(state, spec=SignatureSpec.RFC9421, learned_at=now())
        return None
    if second is None:
        return None
    answer = yield second.sign(request, now())
    if 200 <= answer.status < 300:
        return replace(state, spec=second.spec, ed25519=False, learned_at=now())
    return None


@dataclass(frozen=True, slots=True)
class _Try:
    spec: SignatureSpec
    key: SigningKey

    def sign(self, request: HttpMessage, now: datetime) -> HttpMessage:
        if self.spec is SignatureSpec.CAVAGE:
            return cavage.sign(request, self.key, now=now)
        return signatures.sign(request, self.key, now=now)


def _known(state: HostState, now: datetime) -> HostState:
    """The state as far as it is fresh enough to go by."""
    if state.learned_at is not None and now - state.learned_at <= MEMORY:
        return state
    return HostState(state.origin)


def _tries(rsa: SigningKey | None, ed25519: SigningKey | None, known: HostState) -> tuple[_Try, _Try | None]:
    """Which signature first, and which other one, if any, on 400 or 401."""
    if rsa is None:
        if ed25519 is None:
            raise ValueError("signing needs a key")
        return _Try(SignatureSpec.RFC9421, ed25519), None
    older, newer = _Try(SignatureSpec.CAVAGE, rsa), _Try(SignatureSpec.RFC9421, rsa)
    if known.spec is not SignatureSpec.RFC9421:
        return older, newer
    if known.ed25519 and ed25519 is not None:
        newer = _Try(SignatureSpec.RFC9421, ed25519)
    return newer, older
