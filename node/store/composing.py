"""Ports for what a person's own pages live on: drafts, casts that have not left yet, and what is new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from node.domain.deals import Deal, DealState, OfferState
from node.domain.drafts import Draft
from node.store.records import Notice, StoredMessage

__all__ = ["Drafts", "OfferOutline", "Outline", "Overview", "Unsent"]


class Drafts(Protocol):
    def get(self, account: str, draft_id: str) -> Draft | None: ...
    def all(self, account: str) -> list[Draft]:
        """Changed last first."""
        ...

    def save(self, draft: Draft) -> None: ...
    def remove(self, account: str, draft_id: str) -> bool: ...


class Unsent(Protocol):
    """Intents of which nothing has left this node yet."""

    def hasten(self, intent_id: str, due_at: datetime) -> int:
        """Let the casts that wait leave at this time, where they would leave later; how many."""
        ...

    def forget(self, intent_id: str) -> bool:
        """Take the intent away as though it had never been: its deals, what proves them, its deliveries,
        and the personas that were made for it alone, with their keys.

        False, and nothing has changed, where a delivery was tried, or something was said or heard since.
        """
        ...


@dataclass(frozen=True, slots=True)
class OfferOutline:
    """Of an offer, how long it stands."""

    ends_at: datetime
    state: OfferState = OfferState.LIVE


@dataclass(frozen=True, slots=True)
class Outline:
    """Of a deal, what a line about its intent adds up: a list of them reads hundreds."""

    id: str
    state: DealState
    offers: tuple[OfferOutline, ...] = ()

    @property
    def live_offers(self) -> tuple[OfferOutline, ...]:
        return tuple(offer for offer in self.offers if offer.state is OfferState.LIVE)


class Overview(Protocol):
    """What a home page asks of many deals."""

    def outlines(self, intent_id: str) -> list[Outline]:
        """The deals of an intent, in the order in which they began, without most of what is in them."""
        ...

    def pressing(self, account: str, states: Iterable[DealState], *, limit: int = 50) -> list[Deal]:
        """Deals in these states that have a clock; the one that strikes first comes first."""
        ...

    def with_vendor(
        self, account: str, vendor: str, *, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, Deal]]:
        """A customer's deals with one vendor, newest change first, each with the place to go on `before`."""
        ...

    def tally_with(self, account: str, vendor: str, states: Iterable[DealState]) -> dict[DealState, int]:
        """How many of a customer's deals with one vendor are in each of these states; none of 0."""
        ...

    def last_word(self, own: str, deal_id: str) -> StoredMessage | None:
        """The last question, answer or other word of a deal that was not refused, of whichever side."""
        ...

    def unread(self, account: str, *, limit: int = 100) -> list[Notice]:
        """Notices that nobody has looked at, newest first."""
        ...

    def see(self, account: str, deal_ids: Iterable[str]) -> int:
        """Their notices were looked at; how many were new."""
        ...
