"""What was said on all deals, those first that wait for an answer; and what was said of the vendor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import Deal
from node.domain.messages import Ask, Aspect, Feedback
from node.records import read_message
from node.reputation import Published, feedback_about
from node.store.ports import Direction, Follower, FollowState, StoredMessage
from node.web.deal_reads import words_of
from node.web.shop.deals import Customer, customer_of, place_of
from node.web.shop.inbox import title_of, wanted_of

__all__ = [
    "FeedbackView",
    "FollowersView",
    "PrivateFeedback",
    "Talk",
    "TalksView",
    "feedback_view",
    "followers_view",
    "talks_view",
]

LOOKED_AT = 300
SHOWN = 60


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
    """Talks, those that wait for an answer first, the longest waiting on top; then the newest."""

    talks: tuple[Talk, ...]
    waiting: int


def talks_view(desk: Desk, account: Account) -> TalksView:
    last: dict[str, StoredMessage] = {}
    for stored in desk.tx.evidence.said(account.id, limit=LOOKED_AT):
        if not stored.refused:
            last.setdefault(stored.deal_id, stored)
    waiting = sorted((one for one in last.values() if _waits(one)), key=lambda one: one.at)
    others = [one for one in last.values() if not _waits(one)]
    shown = [*waiting, *others][:SHOWN]
    talks = (_talk(desk, account.id, stored) for stored in shown)
    return TalksView(tuple(talk for talk in talks if talk is not None), len(waiting))


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


def feedback_view(desk: Desk, account: Account) -> FeedbackView:
    private = []
    for stored in desk.tx.evidence.said(account.id, is_feedback=True, limit=50):
        deal = desk.tx.deals.get(account.id, stored.deal_id)
        found = _private(deal, stored) if deal is not None and not stored.refused else None
        if found is not None:
            private.append(found)
    return FeedbackView(feedback_about(desk, account.id), tuple(private))


def _private(deal: Deal, stored: StoredMessage) -> PrivateFeedback | None:
    message = read_message(deal, stored)
    if not isinstance(message, Feedback):
        return None
    words = words_of(message.content)
    return PrivateFeedback(
        place_of(deal.id), title_of(deal), customer_of(deal), stored.at, words, message.aspects
    )


@dataclass(frozen=True, slots=True)
class FollowersView:
    """Who asks to follow, and who does, the newest first; `count` is of all who do."""

    asking: tuple[Follower, ...]
    following: tuple[Follower, ...]
    count: int


def followers_view(desk: Desk, account: Account) -> FollowersView:
    following = desk.tx.followers.all(account.id)
    return FollowersView(
        asking=tuple(desk.tx.followers.all(account.id, state=FollowState.PENDING)),
        following=tuple(following[::-1][:200]),
        count=len(following),
    )
