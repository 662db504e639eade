"""Drafts, casts that have not left yet, and what a home page asks of many deals, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from node.domain.deals import Deal, DealState
from node.domain.drafts import Draft
from node.domain.messages import Sender
from node.store.composing import OfferOutline, Outline
from node.store.memory.tables import AT_ONCE, Repository
from node.store.ports import JobState, Notice, QueuedJob, StoredMessage

__all__ = ["MemoryDrafts", "MemoryOverview", "MemoryUnsent"]


class MemoryDrafts(Repository):
    def get(self, account: str, draft_id: str) -> Draft | None:
        return self._t.drafts.get((account, draft_id))

    def all(self, account: str) -> list[Draft]:
        mine = sorted((d for d in self._t.drafts.values() if d.account == account), key=lambda d: d.id)
        return sorted(mine, key=lambda draft: draft.changed_at, reverse=True)

    def save(self, draft: Draft) -> None:
        self._t.drafts[draft.account, draft.id] = draft

    def remove(self, account: str, draft_id: str) -> bool:
        return self._t.drafts.pop((account, draft_id), None) is not None


class MemoryUnsent(Repository):
    def _deals(self, intent_id: str) -> list[Deal]:
        return [row[0] for row in self._t.deals.values() if row[0].intent_id == intent_id]

    def _kept(self, deals: Iterable[Deal]) -> list[StoredMessage]:
        named = {(deal.own, deal.id) for deal in deals}
        return [kept for kept in self._t.evidence.values() if (kept.own, kept.deal_id) in named]

    def _jobs(self, messages: Iterable[StoredMessage]) -> list[QueuedJob]:
        named = {message.activity_id for message in messages}
        return [job for job in self._t.jobs.values() if job.activity_id in named]

    def hasten(self, intent_id: str, due_at: datetime) -> int:
        casts = [kept for kept in self._kept(self._deals(intent_id)) if kept.kind == "cast"]
        waiting = [
            job for job in self._jobs(casts)
            if job.state is JobState.QUEUED and not job.attempts and (job.due_at or AT_ONCE) > due_at
        ]  # fmt: skip
        for job in waiting:
            self._t.jobs[job.id] = replace(job, due_at=due_at)
        return len(waiting)

    def forget(self, intent_id: str) -> bool:
        deals = self._deals(intent_id)
        kept = self._kept(deals)
        jobs = self._jobs(kept)
        if any(message.kind != "cast" for message in kept) or any(
            job.state is not JobState.QUEUED or job.attempts for job in jobs
        ):
            return False
        for job in jobs:
            del self._t.jobs[job.id]
        for message in kept:
            del self._t.evidence[message.own, message.activity_id, message.direction]
        for deal in deals:
            self._forget_deal(deal)
        return self._t.intents.pop(intent_id, None) is not None

    def _forget_deal(self, deal: Deal) -> None:
        del self._t.deals[deal.own, deal.id]
        for notice in [one for one in self._t.notices.values() if one.deal_id == deal.id]:
            del self._t.notices[notice.id]
        persona = self._t.personas.get(deal.own)
        if persona is None or persona.vendor is not None or any(own == deal.own for own, _ in self._t.deals):
            return
        del self._t.personas[deal.own]
        for row in [row for row in self._t.keys.values() if row.owner == deal.own]:
            del self._t.keys[row.key_id]


class MemoryOverview(Repository):
    def outlines(self, intent_id: str) -> list[Outline]:
        deals = [deal for deal, _, _ in self._t.deals.values() if deal.intent_id == intent_id]
        return [
            Outline(deal.id, deal.state, tuple(OfferOutline(one.ends_at, one.state) for one in deal.offers))
            for deal in deals
        ]

    def pressing(self, account: str, states: Iterable[DealState], *, limit: int = 50) -> list[Deal]:
        wanted = set(states)
        found = [
            (wake_at, deal) for deal, wake_at, _ in self._t.deals.values()
            if wake_at is not None and deal.account == account and deal.state in wanted
        ]  # fmt: skip
        return [deal for _, deal in sorted(found, key=lambda pair: pair[0])[:limit]]

    def _with(self, account: str, vendor: str) -> list[tuple[int, Deal]]:
        mine = [
            (number, deal) for deal, _, number in self._t.deals.values()
            if (deal.account, deal.peer, deal.side) == (account, vendor, Sender.CUSTOMER)
        ]  # fmt: skip
        return sorted(mine, key=lambda row: -row[0])

    def with_vendor(
        self, account: str, vendor: str, *, before: int | None = None, limit: int = 50
    ) -> list[tuple[int, Deal]]:
        rows = self._with(account, vendor)
        return [row for row in rows if before is None or row[0] < before][:limit]

    def tally_with(self, account: str, vendor: str, states: Iterable[DealState]) -> dict[DealState, int]:
        wanted = set(states)
        return dict(Counter(deal.state for _, deal in self._with(account, vendor) if deal.state in wanted))

    def last_word(self, own: str, deal_id: str) -> StoredMessage | None:
        said = [
            kept for kept in self._t.evidence.values()
            if (kept.own, kept.deal_id, kept.kind) == (own, deal_id, "ask") and not kept.refused
        ]  # fmt: skip
        return said[-1] if said else None

    def unread(self, account: str, *, limit: int = 100) -> list[Notice]:
        mine = [one for one in self._t.notices.values() if one.account == account]
        return [one for one in mine if one.id not in self._t.read_notices][::-1][:limit]

    def see(self, account: str, deal_ids: Iterable[str]) -> int:
        named = set(deal_ids)
        new = [one for one in self.unread(account, limit=len(self._t.notices)) if one.deal_id in named]
        for notice in new:
            self._t.read_notices[notice.id] = True
        return len(new)
