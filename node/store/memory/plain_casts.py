"""Intents that accounts without a node were told of, and offers that were taken from messages: in memory."""

from __future__ import annotations

from datetime import datetime

from node.domain.plain_casts import CastState, HandOffer, PlainCast
from node.store.memory.tables import Repository

__all__ = ["MemoryHandOffers", "MemoryPlainCasts"]


class MemoryPlainCasts(Repository):
    def _all(self) -> list[tuple[int, PlainCast]]:
        return list(self._t.plain_casts.values())

    def get(self, account: str, cast_id: str) -> PlainCast | None:
        found = self._t.plain_casts.get(cast_id)
        return found[1] if found is not None and found[1].account == account else None

    def by_secret(self, secret: str) -> PlainCast | None:
        return next((cast for _, cast in self._all() if cast.secret == secret), None)

    def of_intent(self, intent_id: str) -> list[PlainCast]:
        return [cast for _, cast in self._all() if cast.intent == intent_id]

    def of_thread(self, account: str, thread_id: str) -> PlainCast | None:
        found = (cast for _, cast in self._all() if (cast.account, cast.thread) == (account, thread_id))
        return next(found, None) if thread_id else None

    def page(
        self, account: str, *, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, PlainCast]]:
        mine = [row for row in self._all()[::-1] if row[1].account == account]
        return [row for row in mine if before is None or row[0] < before][:limit]

    def save(self, cast: PlainCast) -> None:
        known = self._t.plain_casts.get(cast.id)
        place = known[0] if known is not None else self._t.number("plain cast")
        self._t.plain_casts[cast.id] = (place, cast)

    def forget(self, intent_id: str) -> bool:
        casts = self.of_intent(intent_id)
        if any(cast.state is not CastState.WAITING for cast in casts):
            return False
        for cast in casts:
            del self._t.plain_casts[cast.id]
        return True

    def due(self, now: datetime, limit: int) -> list[PlainCast]:
        due = [(at, cast) for _, cast in self._all() if (at := cast.wake_at) is not None and at <= now]
        return [cast for _, cast in sorted(due, key=lambda row: row[0])][:limit]

    def next_wake(self) -> datetime | None:
        return min((at for _, cast in self._all() if (at := cast.wake_at) is not None), default=None)


class MemoryHandOffers(Repository):
    def _all(self) -> list[tuple[int, HandOffer]]:
        return list(self._t.hand_offers.values())

    def get(self, account: str, offer_id: str) -> HandOffer | None:
        found = self._t.hand_offers.get(offer_id)
        return found[1] if found is not None and found[1].account == account else None

    def of_intent(self, intent_id: str) -> list[HandOffer]:
        return [offer for _, offer in self._all() if offer.intent == intent_id]

    def of_thread(self, account: str, thread_id: str) -> list[HandOffer]:
        return [offer for _, offer in self._all() if (offer.account, offer.thread) == (account, thread_id)]

    def page(
        self, account: str, *, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, HandOffer]]:
        mine = [row for row in self._all()[::-1] if row[1].account == account]
        return [row for row in mine if before is None or row[0] < before][:limit]

    def save(self, offer: HandOffer) -> None:
        known = self._t.hand_offers.get(offer.id)
        place = known[0] if known is not None else self._t.number("hand offer")
        self._t.hand_offers[offer.id] = (place, offer)

    def remove(self, account: str, offer_id: str) -> bool:
        if self.get(account, offer_id) is None:
            return False
        del self._t.hand_offers[offer_id]
        return True
