"""The one place that learns other people's keys."""

from __future__ import annotations

from collections.abc import Callable

from federation.fetching import FetchBudget, Fetcher
from federation.messages import Limits
from federation.ports import Clock, KnownKey, PublicKeys

__all__ = ["Keyring"]


class Keyring:
    def __init__(
        self,
        keys: PublicKeys,
        fetcher: Fetcher,
        clock: Clock,
        limits: Limits,
        is_blocked: Callable[[str], bool],
    ) -> None:
        """`is_blocked` is given a canonical host."""
        raise NotImplementedError

    async def resolve(
        self,
        key_id: str,
        *,
        budget: FetchBudget,
        refresh: bool = False,
        expected_actor: str | None = None,
    ) -> KnownKey:
        """Raises: KeyUnknown, Forbidden, TooManyRequests, TemporarilyUnavailable."""
        raise NotImplementedError

    async def resolve_for_proof(
        self, verification_method: str, actor: str, *, budget: FetchBudget, refresh: bool = False
    ) -> KnownKey:
        """Raises: as `resolve`."""
        raise NotImplementedError
