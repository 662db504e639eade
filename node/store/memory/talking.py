"""Conversations with the fediverse, and the quotes that are made in them: in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.talking import Peer, Thread, ThreadState, Utterance
from node.store.memory.tables import Repository
from node.store.talking import GONE_KEPT, GONE_KEPT_OF_ONE

__all__ = ["MemoryGone", "MemoryPeers", "MemoryPlainQuotes", "MemoryThreads"]

_COUNTED_FOR = timedelta(days=2)


def _is_named(peer: Peer, words: list[str]) -> bool:
    named = f"{peer.handle}\n{peer.name}\n{peer.actor}".casefold()
    return all(word in named for word in words)


class MemoryThreads(Repository):
    def get(self, account: str, thread_id: str) -> Thread | None:
        found = self._t.talks.get((account, thread_id))
        return found[1] if found is not None else None

    def _mine(self, account: str) -> list[tuple[int, Thread]]:
        """Newest change first."""
        mine = (row for row in self._t.talks.values() if row[1].account == account)
        return sorted(mine, key=lambda row: -row[0])

    def newest_with(self, account: str, peer: str, *, context: str | None = None) -> Thread | None:
        found = (
            thread for _, thread in self._mine(account)
            if thread.peer.actor == peer and context in (None, thread.context)
        )  # fmt: skip
        return next(found, None)

    def page(
        self,
        account: str,
        *,
        states: Iterable[ThreadState] = (),
        words: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, Thread]]:
        wanted, searched = set(states) or set(ThreadState), words.casefold().split()
        found = [
            row for row in self._mine(account)
            if row[1].state in wanted and (before is None or row[0] < before)
            and _is_named(row[1].peer, searched)
        ]  # fmt: skip
        return found[:limit]

    def tally(self, account: str) -> dict[ThreadState, int]:
        return dict(Counter(thread.state for _, thread in self._mine(account)))

    def unread(self, account: str) -> int:
        return sum(
            thread.unread > 0 and thread.state is not ThreadState.CLOSED for _, thread in self._mine(account)
        )

    def save(self, thread: Thread) -> None:
        known = self._t.talks.get((thread.account, thread.id))
        is_same = known is not None and known[1].changed_at == thread.changed_at
        place = known[0] if known is not None and is_same else self._t.number("talk")
        self._t.talks[thread.account, thread.id] = (place, thread)

    def utterance(self, account: str, note_id: str) -> Utterance | None:
        return self._t.talk_said.get((note_id, account))

    def of_note(self, note_id: str) -> list[Utterance]:
        found = (said for said in self._t.talk_said.values() if said.id == note_id)
        return sorted(found, key=lambda said: said.account)

    def said_in(self, account: str, thread_id: str, *, limit: int = 200) -> list[Utterance]:
        said = self._t.talk_said.values()
        return [one for one in said if (one.account, one.thread) == (account, thread_id)][-limit:]

    def add(self, utterance: Utterance) -> bool:
        if (utterance.id, utterance.account) in self._t.talk_said:
            return False
        self._t.talk_said[utterance.id, utterance.account] = utterance
        return True

    def change(self, utterance: Utterance) -> None:
        if (utterance.id, utterance.account) in self._t.talk_said:
            self._t.talk_said[utterance.id, utterance.account] = utterance

    def all_said(self, account: str, *, after: int = 0, limit: int = 200) -> list[tuple[int, Utterance]]:
        numbered = enumerate(self._t.talk_said.values(), start=1)
        return [row for row in numbered if row[1].account == account and row[0] > after][:limit]

    def heard_since(self, account: str, author: str, since: datetime) -> int:
        said = self._t.talk_said.values()
        return sum((one.account, one.author) == (account, author) and one.at > since for one in said)

    def begun_since(self, account: str, domain: str, since: datetime) -> int:
        return self._counted(account, f"begun {domain}", since)

    def note_beginning(self, account: str, domain: str, at: datetime) -> None:
        self._count(account, f"begun {domain}", at)

    def answer_once(self, account: str, what: str, at: datetime) -> bool:
        if (account, what) in self._t.talk_answered:
            return False
        self._t.talk_answered[account, what] = at
        return True

    def automatic_since(self, account: str, peer: str, since: datetime) -> int:
        return self._counted(account, f"automatic {peer}", since)

    def note_automatic(self, account: str, peer: str, at: datetime) -> None:
        self._count(account, f"automatic {peer}", at)

    def _counted(self, account: str, what: str, since: datetime) -> int:
        rows = self._t.talk_counts.values()
        return sum(row[:2] == (account, what) and row[2] > since for row in rows)

    def _count(self, account: str, what: str, at: datetime) -> None:
        for number in [n for n, row in self._t.talk_counts.items() if row[2] < at - _COUNTED_FOR]:
            del self._t.talk_counts[number]
        self._t.talk_counts[self._t.number("talk count")] = (account, what, at)


class MemoryPeers(Repository):
    def get(self, actor: str) -> Peer | None:
        return self._t.talk_peers.get(actor)

    def save(self, peer: Peer) -> None:
        self._t.talk_peers[peer.actor] = peer


class MemoryGone(Repository):
    def add(self, actor: str, note_id: str, until: datetime) -> None:
        self._t.gone_notes[self._t.number("gone note")] = (actor, note_id, until)
        theirs = [number for number, row in self._t.gone_notes.items() if row[0] == actor]
        for number in [*theirs[:-GONE_KEPT_OF_ONE], *list(self._t.gone_notes)[:-GONE_KEPT]]:
            self._t.gone_notes.pop(number, None)

    def has(self, actor: str, note_id: str, now: datetime) -> bool:
        rows = self._t.gone_notes.values()
        return any(row[:2] == (actor, note_id) and row[2] > now for row in rows)


class MemoryPlainQuotes(Repository):
    def _all(self) -> list[tuple[int, PlainQuote]]:
        return list(self._t.plain_quotes.values())

    def find(self, reference: str) -> PlainQuote | None:
        found = self._t.plain_quotes.get(reference)
        return found[1] if found is not None else None

    def by_secret(self, secret: str) -> PlainQuote | None:
        return next((quote for _, quote in self._all() if quote.secret == secret), None)

    def of_thread(self, account: str, thread_id: str) -> list[PlainQuote]:
        return [quote for _, quote in self._all() if (quote.account, quote.thread) == (account, thread_id)]

    def page(
        self,
        account: str,
        *,
        states: Iterable[QuoteState] = (),
        is_put_away: bool | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, PlainQuote]]:
        wanted = set(states) or set(QuoteState)
        found = [
            (place, quote) for place, quote in self._all()[::-1]
            if quote.account == account and quote.state in wanted and (before is None or place < before)
            and is_put_away in (None, self._is_put_away(quote))
        ]  # fmt: skip
        return found[:limit]

    def tally(self, account: str) -> dict[tuple[QuoteState, bool], int]:
        return Counter(
            (quote.state, self._is_put_away(quote)) for _, quote in self._all() if quote.account == account
        )

    def _is_put_away(self, quote: PlainQuote) -> bool:
        found = self._t.talks.get((quote.account, quote.thread))
        return found is not None and found[1].state is ThreadState.CLOSED

    def save(self, quote: PlainQuote) -> None:
        known = self._t.plain_quotes.get(quote.reference)
        place = known[0] if known is not None else self._t.number("plain quote")
        self._t.plain_quotes[quote.reference] = (place, quote)

    def due(self, now: datetime, limit: int) -> list[PlainQuote]:
        due = [quote for _, quote in self._all() if quote.state is QuoteState.OPEN and quote.ends_at <= now]
        return sorted(due, key=lambda quote: quote.ends_at)[:limit]

    def next_end(self) -> datetime | None:
        return min(
            (quote.ends_at for _, quote in self._all() if quote.state is QuoteState.OPEN), default=None
        )
