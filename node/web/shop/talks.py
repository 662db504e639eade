"""What was said on all deals, those first that wait for an answer; and what was said of the vendor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import Deal
from node.domain.messages import Ask, Aspect, Feedback
from node.queries.records import read_message
from node.queries.reputation import Published, feedback_about
from node.store.ports import Direction, StoredMessage
from node.web.deal_reads import words_of
from node.web.shop.deals import Customer, customer_of, place_of
from node.web.shop.inbox import title_of, wanted_of

__all__ = [
    "FEEDBACK_SHOWN",
    "FOLLOWERS_SHOWN",
    "MOST_PAGES",
    "TALKS_SHOWN",
    "FeedbackView",
    "PrivateFeedback",
    "Talk",
    "TalksView",
    "feedback_view",
    "talks_view",
]

LOOKED_AT = 300
TALKS_SHOWN = 25
FEEDBACK_SHOWN = 15
FOLLOWERS_SHOWN = 50
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Talk:
    """One deal's talk by its last word; `waits` says that this was theirs."""

    place: str
    title: str
    customer: Customer
    at: datetime
    words: str
    waits: bool


@dataclass(frozen=True, slots=True)
class TalksView:
    """Talks, those that wait for an answer first, the longest waiting on top; then the newest.

    `newer` and `older` are addresses, "" at the ends, here and below.
    """

    talks: tuple[Talk, ...]
    waiting: int
    newer: str
    older: str


def talks_view(desk: Desk, account: Account, page: int = 0) -> TalksView:
    """One page of what was said lately; only what is shown is read."""
    last: dict[str, StoredMessage] = {}
    for stored in desk.tx.evidence.said(account.id, limit=LOOKED_AT):
        if not stored.refused:
            last.setdefault(stored.deal_id, stored)
    waiting = sorted((one for one in last.values() if _waits(one)), key=lambda one: one.at)
    others = [one for one in last.values() if not _waits(one)]
    first = page * TALKS_SHOWN
    shown = [*waiting, *others][first : first + TALKS_SHOWN + 1]
    talks = (_talk(desk, account.id, stored) for stored in shown[:TALKS_SHOWN])
    newer, older = _around("/my/messages", page, has_more=len(shown) > TALKS_SHOWN)
    return TalksView(tuple(talk for talk in talks if talk is not None), len(waiting), newer, older)


def _around(path: str, page: int, *, has_more: bool) -> tuple[str, str]:
    """The addresses of the pages beside one, "" where there is none."""
    newer = f"{path}?page={page - 1}" if page > 1 else path if page else ""
    return newer, f"{path}?page={page + 1}" if has_more else ""


def _waits(stored: StoredMessage) -> bool:
    return stored.direction is Direction.IN


def _talk(desk: Desk, own: str, stored: StoredMessage) -> Talk | None:
    deal = desk.tx.deals.get(own, stored.deal_id)
    if deal is None:
        return None
    message = read_message(deal, stored)
    words = " ".join(words_of(message.content)) if isinstance(message, Ask) else ""
    title = title_of(deal, wanted_of(desk, deal))
    return Talk(place_of(deal.id), title, customer_of(deal), stored.at, words[:200], _waits(stored))


# --- what is said of the vendor ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrivateFeedback:
    """Told to the vendor alone, about one deal."""

    place: str
    title: str
    customer: Customer
    at: datetime
    words: tuple[str, ...]
    aspects: tuple[Aspect, ...]


@dataclass(frozen=True, slots=True)
class FeedbackView:
    published: tuple[Published, ...]
    private: tuple[PrivateFeedback, ...]
    here: str
    newer: str
    older: str


def feedback_view(desk: Desk, account: Account, page: int = 0) -> FeedbackView:
    """One page of either, side by side: both are long after years."""
    first, most = page * FEEDBACK_SHOWN, FEEDBACK_SHOWN + 1
    kept = desk.tx.evidence.said(account.id, is_feedback=True, limit=most, offset=first)
    private = []
    for stored in kept[:FEEDBACK_SHOWN]:
        deal = desk.tx.deals.get(account.id, stored.deal_id)
        found = _private(deal, stored) if deal is not None and not stored.refused else None
        if found is not None:
            private.append(found)
    published = feedback_about(desk, account.id, limit=FEEDBACK_SHOWN, offset=first)
    is_last = not desk.tx.posts.all(account.id, "feedback", limit=1, offset=first + FEEDBACK_SHOWN)
    path = "/my/feedback"
    newer, older = _around(path, page, has_more=len(kept) == most or not is_last)
    return FeedbackView(published, tuple(private), f"{path}?page={page}" if page else path, newer, older)


def _private(deal: Deal, stored: StoredMessage) -> PrivateFeedback | None:
    message = read_message(deal, stored)
    if not isinstance(message, Feedback):
        return None
    words = words_of(message.content)
    return PrivateFeedback(
        place_of(deal.id), title_of(deal), customer_of(deal), stored.at, words, message.aspects
    )
