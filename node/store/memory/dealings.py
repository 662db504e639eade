"""Intents, deals and what proves them, in memory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from node.domain.deals import Deal, DealState
from node.domain.intents import Intent, IntentState
from node.store.memory.tables import Repository
from node.store.ports import Direction, Parked, StoredMessage

__all__ = ["MemoryDeals", "MemoryDocuments", "MemoryEvidence", "MemoryIntents", "MemoryParking"]


class MemoryIntents(Repository):
    def get(self, intent_id: str) -> Intent | None:
        return self._t.intents.get(intent_id)

    def all(self, account: str, *, is_live: bool = False, limit: int = 1000, offset: int = 0) -> list[Intent]:
        mine = [intent for intent in self._t.intents.values() if intent.account == account]
        newest = sorted(mine, key=lambda intent: intent.created_at)[::-1]
        return [one for one in newest if one.state is IntentState.LIVE or not is_live][offset:][:limit]

    def find(self, account: str, ending: str) -> list[Intent]:
        mine = self.all(account, limit=len(self._t.intents))
        return [one for one in mine if ending and one.id.endswith(ending)][:10]

    def save(self, intent: Intent) -> None:
        self._t.intents[intent.id] = intent


class MemoryDeals(Repository):
    def get(self, own: str, deal_id: str) -> Deal | None:
        row = self._t.deals.get((own, deal_id))
        return None if row is None else row[0]

    def save(self, deal: Deal, wake_at: datetime | None) -> None:
        self._t.deals[deal.own, deal.id] = (deal, wake_at, self._t.number("deal"))

    def all(self, account: str, *, limit: int = 1000) -> list[Deal]:
        mine = [row for row in self._t.deals.values() if row[0].account == account]
        return [row[0] for row in sorted(mine, key=lambda row: -row[2])][:limit]

    def page(
        self,
        account: str,
        *,
        states: Iterable[DealState] = (),
        before: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, Deal]]:
        wanted = set(states) or set(DealState)
        found = [
            (changed, deal)
            for deal, _, changed in self._t.deals.values()
            if deal.account == account and deal.state in wanted and (before is None or changed < before)
        ]
        return sorted(found, key=lambda row: -row[0])[:limit]

    def tally(self, account: str) -> dict[tuple[DealState, str], int]:
        mine = (deal for deal, _, _ in self._t.deals.values() if deal.account == account)
        return dict(Counter((deal.state, deal.decline_reason or "") for deal in mine))

    def of_intent(self, intent_id: str) -> list[Deal]:
        return [row[0] for row in self._t.deals.values() if row[0].intent_id == intent_id]

    def due(self, now: datetime, limit: int) -> list[Deal]:
        due = [(wake_at, deal) for deal, wake_at, _ in self._t.deals.values() if wake_at and wake_at <= now]
        return [deal for _, deal in sorted(due, key=lambda pair: pair[0])][:limit]

    def next_wake(self) -> datetime | None:
        return min((row[1] for row in self._t.deals.values() if row[1] is not None), default=None)

    def find(self, account: str, ending: str) -> list[Deal]:
        found = (deal for deal in self.all(account, limit=len(self._t.deals)) if _ends(deal, ending))
        return list(found)[:10]


def _ends(deal: Deal, ending: str) -> bool:
    ids = [deal.id, *(offer.id for offer in deal.offers), *(accept.id for accept in deal.acceptances)]
    return any(id_.endswith(ending) for id_ in ids)


class MemoryEvidence(Repository):
    def add(self, message: StoredMessage) -> None:
        if (key := (message.own, message.activity_id, message.direction)) not in self._t.evidence:
            self._t.evidence[key] = message

    def of_deal(self, own: str, deal_id: str) -> list[StoredMessage]:
        return [kept for kept in self._t.evidence.values() if (kept.own, kept.deal_id) == (own, deal_id)]

    def find(self, own: str, activity_id: str) -> StoredMessage | None:
        messages = self._t.evidence.values()
        return next((kept for kept in messages if (kept.own, kept.activity_id) == (own, activity_id)), None)

    def said(
        self, own: str, *, is_feedback: bool = False, limit: int = 200, offset: int = 0
    ) -> list[StoredMessage]:
        kind = "feedback" if is_feedback else "ask"
        found = [kept for kept in self._t.evidence.values() if (kept.own, kept.kind) == (own, kind)]
        return found[::-1][offset : offset + limit]

    def answer_to(self, own: str, activity_id: str) -> StoredMessage | None:
        sent = (
            kept for kept in self._t.evidence.values() if kept.direction is Direction.OUT and kept.answers
        )
        return next((kept for kept in sent if (kept.own, kept.answers) == (own, activity_id)), None)


class MemoryDocuments(Repository):
    def save(self, actor: str, body: bytes, fetched_at: datetime) -> str:
        digest = hashlib.sha256(body).hexdigest()
        if digest not in self._t.documents:
            self._t.documents[digest] = (actor, body, fetched_at)
        return digest

    def get(self, digest: str) -> tuple[str, bytes, datetime] | None:
        return self._t.documents.get(digest)


class MemoryParking(Repository):
    def _sorted(self, matches: Callable[[Parked], bool], by: Callable[[Parked], datetime]) -> list[Parked]:
        return sorted((parked for parked in self._t.parked.values() if matches(parked)), key=by)

    def add(self, parked: Parked) -> None:
        if (parked.own, parked.activity_id) not in self._t.parked:
            self._t.parked[parked.own, parked.activity_id] = parked

    def of_deal(self, own: str, deal_id: str) -> list[Parked]:
        return self._sorted(lambda row: (row.own, row.deal_id) == (own, deal_id), lambda row: row.parked_at)

    def count(self, own: str, deal_id: str) -> int:
        return len(self.of_deal(own, deal_id))

    def count_of_actor(self, actor: str) -> int:
        return sum(parked.actor == actor for parked in self._t.parked.values())

    def remove(self, own: str, activity_id: str) -> None:
        if (own, activity_id) in self._t.parked:
            del self._t.parked[own, activity_id]

    def expired(self, now: datetime, limit: int) -> list[Parked]:
        return self._sorted(lambda row: row.until <= now, lambda row: row.until)[:limit]

    def next_expiry(self) -> datetime | None:
        return min((parked.until for parked in self._t.parked.values()), default=None)
