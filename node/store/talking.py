"""Ports for conversations with the fediverse, and for the quotes that are made in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.talking import Peer, Thread, ThreadState, Utterance

__all__ = ["GONE_KEPT", "GONE_KEPT_OF_ONE", "Gone", "Peers", "PlainQuotes", "Talking", "Threads"]

GONE_KEPT = 2_000
GONE_KEPT_OF_ONE = 50
"""So many Deletes that came before their Create are remembered, of all and of one actor."""


class Threads(Protocol):
    def get(self, account: str, thread_id: str) -> Thread | None: ...
    def newest_with(self, account: str, peer: str, *, context: str | None = None) -> Thread | None:
        """The thread with this peer that changed last; with `context`, of those in this conversation."""
        ...

    def page(
        self,
        account: str,
        *,
        states: Iterable[ThreadState] = (),
        words: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, Thread]]:
        """Newest change first, each with the place where a list goes on `before`; no `states` mean all.

        Shapes: `words` are in the peer's handle, name or id, in any case.
        """
        ...

    def tally(self, account: str) -> dict[ThreadState, int]:
        """How many threads there are by state; none of 0."""
        ...

    def unread(self, account: str) -> int:
        """In how many threads there is something that nobody has looked at, of those that are not closed."""
        ...

    def save(self, thread: Thread) -> None: ...

    def utterance(self, account: str, note_id: str) -> Utterance | None: ...
    def of_note(self, note_id: str) -> list[Utterance]:
        """The same Note in the threads of all accounts that it reached."""
        ...

    def said_in(self, account: str, thread_id: str, *, limit: int = 200) -> list[Utterance]:
        """The last of a thread, oldest first."""
        ...

    def add(self, utterance: Utterance) -> bool:
        """False, and nothing is changed, where the account has this Note already."""
        ...

    def change(self, utterance: Utterance) -> None: ...
    def all_said(self, account: str, *, after: int = 0, limit: int = 200) -> list[tuple[int, Utterance]]:
        """All that an account has in its threads, oldest first, each with its place to go on `after`."""
        ...

    def heard_since(self, account: str, author: str, since: datetime) -> int:
        """How much this actor has said to an account since then."""
        ...

    def begun_since(self, account: str, domain: str, since: datetime) -> int:
        """How many threads the people of a domain have begun with an account since then."""
        ...

    def note_beginning(self, account: str, domain: str, at: datetime) -> None:
        """Write down that somebody of this domain began a thread; what is older than two days is dropped."""
        ...

    def answer_once(self, account: str, what: str, at: datetime) -> bool:
        """Whether this is the first time that an automatic answer of this kind is given."""
        ...

    def automatic_since(self, account: str, peer: str, since: datetime) -> int:
        """How often the node has answered this peer by itself since then."""
        ...

    def note_automatic(self, account: str, peer: str, at: datetime) -> None: ...


class Peers(Protocol):
    """Who somebody is, as their server showed it when it was last asked."""

    def get(self, actor: str) -> Peer | None: ...
    def save(self, peer: Peer) -> None: ...


class Gone(Protocol):
    """Notes that were deleted before they came; remembered for a while, and boundedly (`interop §4.4`)."""

    def add(self, actor: str, note_id: str, until: datetime) -> None: ...
    def has(self, actor: str, note_id: str, now: datetime) -> bool: ...


class PlainQuotes(Protocol):
    def find(self, reference: str) -> PlainQuote | None: ...
    def by_secret(self, secret: str) -> PlainQuote | None: ...
    def of_thread(self, account: str, thread_id: str) -> list[PlainQuote]:
        """Oldest first."""
        ...

    def page(
        self,
        account: str,
        *,
        states: Iterable[QuoteState] = (),
        is_put_away: bool | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, PlainQuote]]:
        """Newest first, each with the place where a list goes on `before`; no `states` mean all.

        With `is_put_away` only those whose conversation is closed, or is not.
        """
        ...

    def tally(self, account: str) -> dict[tuple[QuoteState, bool], int]:
        """How many there are in each state, by whether their conversation is put away."""
        ...

    def save(self, quote: PlainQuote) -> None: ...
    def due(self, now: datetime, limit: int) -> list[PlainQuote]:
        """Open ones whose end has come, the earliest first."""
        ...

    def next_end(self) -> datetime | None: ...


class Talking(Protocol):
    """This part of a transaction."""

    @property
    def threads(self) -> Threads: ...
    @property
    def peers(self) -> Peers: ...
    @property
    def gone(self) -> Gone: ...
    @property
    def plain_quotes(self) -> PlainQuotes: ...
