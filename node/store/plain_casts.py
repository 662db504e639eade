"""Ports for intents told to accounts without a node, and for offers that were taken from messages."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from node.domain.plain_casts import HandOffer, PlainCast

__all__ = ["Asking", "HandOffers", "PlainCasts"]


class PlainCasts(Protocol):
    def get(self, account: str, cast_id: str) -> PlainCast | None: ...
    def by_secret(self, secret: str) -> PlainCast | None: ...
    def of_intent(self, intent_id: str) -> list[PlainCast]:
        """In the order in which they were made."""
        ...

    def of_thread(self, account: str, thread_id: str) -> PlainCast | None: ...
    def page(
        self, account: str, *, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, PlainCast]]:
        """Newest first, each with the place where a list goes on `before`."""
        ...

    def save(self, cast: PlainCast) -> None: ...
    def forget(self, intent_id: str) -> bool:
        """Take those of an intent away as though they had never been; False, and nothing has changed, where
        one has left.
        """
        ...

    def due(self, now: datetime, limit: int) -> list[PlainCast]:
        """Those with which the clock has something to do, the earliest first."""
        ...

    def next_wake(self) -> datetime | None: ...


class HandOffers(Protocol):
    def get(self, account: str, offer_id: str) -> HandOffer | None: ...
    def of_intent(self, intent_id: str) -> list[HandOffer]:
        """Oldest first."""
        ...

    def of_thread(self, account: str, thread_id: str) -> list[HandOffer]:
        """Oldest first."""
        ...

    def page(
        self, account: str, *, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, HandOffer]]:
        """Newest first, each with the place where a list goes on `before`."""
        ...

    def save(self, offer: HandOffer) -> None: ...
    def remove(self, account: str, offer_id: str) -> bool: ...


class Asking(Protocol):
    """This part of a transaction."""

    @property
    def plain_casts(self) -> PlainCasts: ...
    @property
    def hand_offers(self) -> HandOffers: ...
