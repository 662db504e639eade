"""Passwords: hashed by Argon2id, off the loop, a few at once.

Whether a name exists is not told by the time that an answer takes: for an unknown one, and for one without a
password, the same work is done for nothing (`security U06`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from node.domain.accounts import SHORTEST_PASSWORD
from node.domain.errors import InvalidInput
from node.domain.sayings import said

__all__ = ["Busy", "Passwords"]

T = TypeVar("T")

_AT_ONCE = 2
"""Each takes 64 MiB and a core for a moment."""
_WAITING = 8
_NOBODY = "nobody has this password"


class Busy(Exception):
    """So many passwords are being checked that one more would wait for too long."""


class Passwords:
    """Makes and checks hashes, with the parameters of RFC 9106 §4 (second recommended option)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)
        self._inside = 0
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """Raises: InvalidInput for one that is too short or plainly bad, Busy."""
        password = _composed(password)
        _check(password)
        return await self._apart(lambda: self._hasher.hash(password))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether this is the password; None, for an account that has none, takes as long. Raises: Busy."""
        typed = _composed(password)
        return await self._apart(lambda: self._verify(typed, hashed))

    def needs_rehash(self, hashed: str) -> bool:
        """Whether a hash was made with parameters that are not ours any more."""
        return self._hasher.check_needs_rehash(hashed)

    def _verify(self, password: str, hashed: str | None) -> bool:
        if not self._nobodys:  # at the first log-in of all, whoever it is
            self._nobodys = self._hasher.hash(_NOBODY)
        if hashed is None:
            self._matches(self._nobodys, password)
            return False
        return self._matches(hashed, password)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _apart(self, work: Callable[[], T]) -> T:
        if self._inside >= _AT_ONCE + _WAITING:
            raise Busy
        self._inside += 1
        try:
            return await run_sync(work, limiter=self._limiter)
        finally:
            self._inside -= 1


def _composed(password: str) -> str:
    """One spelling of what keyboards write as one character or two: `ü` (RFC 8265 §4.2.2)."""
    return unicodedata.normalize("NFC", password)


def _check(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        wrong = said("only %(n)s characters", n=len(password))
        raise InvalidInput("password", wrong, said("Use at least %(n)s.", n=SHORTEST_PASSWORD))
    if len(set(password)) < 4:
        raise InvalidInput("password", "the same few characters again and again", "Use a few words.")
