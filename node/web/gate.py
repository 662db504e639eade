"""What everybody who wants in has in common: how often it may be tried, and by what it is proven.

One gate a node, in memory: a restart forgets who tried, which nobody outside can bring about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from federation.rates import Buckets
from node.web.passkeys import Passkeys
from node.web.passwords import Busy, Passwords

__all__ = ["Gate", "GateSettings", "TooMany"]

_EVERYBODY = "everybody"
_BUSY_S = 5.0


class TooMany(Exception):
    """Too often of late: 429, and when it may be tried again."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """How often logging in may be tried: so often at once, then so often an hour."""

    name_burst: int = 8
    name_per_hour: float = 60
    overall_burst: int = 60
    overall_per_hour: float = 1200


class Gate:
    """Counts attempts, by the name that is tried and over all of them, and checks passwords.

    Every name counts, whether there is such an account or not, so that the limit tells nothing of it. What is
    proven by a key rather than by guessing counts under a name of its own, so that nobody is locked out of
    that by somebody else's guesses at a password.
    """

    def __init__(
        self, passkeys: Passkeys, settings: GateSettings | None = None, *, passwords: Passwords | None = None
    ) -> None:
        bounds = settings or GateSettings()
        self.passkeys = passkeys
        self.passwords = passwords or Passwords()
        self._names = Buckets(per_second=bounds.name_per_hour / 3600, burst=bounds.name_burst)
        self._overall = Buckets(per_second=bounds.overall_per_hour / 3600, burst=bounds.overall_burst)

    def spend(self, name: str, now: datetime, *, kind: str = "password") -> None:
        """Count one attempt, before it is looked at. Raises: TooMany; what is refused costs nothing."""
        at_s, one = now.timestamp(), f"{kind} {name.casefold()[:200]}"
        wait_s = max(self._names.wait_s(one, at_s), self._overall.wait_s(f"{kind} {_EVERYBODY}", at_s))
        if wait_s > 0:
            raise TooMany(wait_s)
        self._names.spend(one, at_s)
        self._overall.spend(f"{kind} {_EVERYBODY}", at_s)

    async def is_password(self, name: str, password: str, hashed: str | None, now: datetime) -> bool:
        """Whether this is the password of `name`, whose hash is None where there is none. Raises: TooMany."""
        self.spend(name, now)
        try:
            return await self.passwords.verify(password, hashed)
        except Busy:
            raise TooMany(_BUSY_S) from None

    async def hash(self, password: str) -> str:
        """Raises: InvalidInput for a password that is none; TooMany."""
        try:
            return await self.passwords.hash(password)
        except Busy:
            raise TooMany(_BUSY_S) from None
