"""A person's deals: the list of them, and one on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from federation.messages import Limits
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import (
    Acceptance,
    AcceptanceState,
    Cancellation,
    Deal,
    DealKind,
    DealState,
    OfferRecord,
)
from node.domain.messages import Ask, Feedback, Kind, Sender
from node.domain.tables import TABLES
from node.domain.values import Money
from node.queries.records import Cited, Record, Seal, read_records
from node.web.deal_reads import (
    Peer,
    deal_page,
    find_deal_of,
    intent_page,
    is_open,
    offer_page,
    peer_of,
    ref_of,
    stated_day,
)
from node.web.deal_words import delivery_words, detail_of, said_in
from node.web.events import mark_of
from node.web.i18n import Locale

__all__ = [
    "GROUPS",
    "PER_PAGE",
    "DealLine",
    "DealView",
    "DealsView",
    "Line",
    "OfferLink",
    "Published",
    "deal_line",
    "deal_view",
    "deals_view",
    "find_published",
    "may",
    "title_of",
    "told",
    "watch_deal",
]

PER_PAGE = 20
NEWEST = 12
"""So many messages of a deal are on its page; all of them are where they are proven."""
GROUPS: Mapping[str, tuple[DealState, ...]] = {
    "open": (DealState.NEW, DealState.OPEN, DealState.OFFERED, DealState.COUNTERED, DealState.ANSWERABLE),
    "agreed": (DealState.ACCEPTING, DealState.ORDERED, DealState.CONCLUDED, DealState.CANCELLING),
    "done": (DealState.CONFIRMED,),
    "ended": (
        DealState.CANCELLED,
        DealState.DECLINED,
        DealState.NO_BID,
        DealState.WITHDRAWN,
        DealState.EXPIRED,
        DealState.REFUSED,
    ),
}
"""How the list can be narrowed down; "" is all."""


def may(deal: Deal, kind: Kind) -> bool:
    """Whether its own side may say this now, by the very tables that decide when it does."""
    return (deal.state, kind, deal.side) in TABLES[deal.kind, deal.side]


def title_of(desk: Desk, deal: Deal) -> str:
    """What the deal is about: as she named it, else as what was offered is called."""
    intent = desk.tx.intents.get(deal.intent_id) if deal.intent_id is not None else None
    if intent is not None:
        return intent.name
    item = deal.offers[-1].agreement.item if deal.offers else None
    if item is not None:
        return item.name
    return deal.proposal.name or "" if deal.proposal is not None else ""


# --- the list ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DealLine:
    """One deal of the list. `price` is agreed, else the lowest that is offered."""

    deal: Deal
    page: str
    title: str
    peer: Peer
    price: Money | None


@dataclass(frozen=True, slots=True)
class DealsView:
    """`counts` by group, "" for all; `older` is where the list goes on, 0 at its end."""

    group: str
    lines: tuple[DealLine, ...]
    counts: Mapping[str, int]
    older: int
    is_first: bool


def deals_view(desk: Desk, account: Account, group: str, before: int | None) -> DealsView:
    """One page of the list; an unknown group is all."""
    group = group if group in GROUPS else ""
    found = desk.tx.deals.page(account.id, states=GROUPS.get(group, ()), before=before, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    tally = desk.tx.deals.tally(account.id)
    counts = {
        name: sum(count for (state, _), count in tally.items() if state in states)
        for name, states in GROUPS.items()
    }
    return DealsView(
        group=group,
        lines=tuple(deal_line(desk, deal) for _, deal in shown),
        counts={"": sum(counts.values()), **counts},
        older=shown[-1][0] if len(found) > PER_PAGE else 0,
        is_first=before is None,
    )


def deal_line(desk: Desk, deal: Deal) -> DealLine:
    """One deal as a list shows it."""
    agreement = deal.agreement
    prices = [offer.agreement.price for offer in deal.live_offers if offer.agreement.price is not None]
    price = agreement.price if agreement is not None else min(prices, default=None)
    return DealLine(deal, deal_page(deal), title_of(desk, deal), peer_of(desk, deal), price)


# --- one deal ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a deal in words. `who` is "ours", "theirs", or "failed" where it was not delivered."""

    record: Record
    words: str
    details: tuple[str, ...]
    who: str
    by: str
    delivery: str

    @property
    def at(self) -> datetime:
        return self.record.stored.at

    @property
    def seal(self) -> Seal:
        return self.record.seal

    @property
    def is_speech(self) -> bool:
        """Whether somebody wrote it in words of their own."""
        return isinstance(self.record.message, Ask | Feedback)

    @property
    def cites(self) -> tuple[Cited, ...]:
        return tuple(cited for cited in self.record.cites if cited.kind is not None)


@dataclass(frozen=True, slots=True)
class OfferLink:
    offer: OfferRecord
    page: str


@dataclass(frozen=True, slots=True)
class Published:
    """Her public feedback on this purchase."""

    at: datetime
    page: str


@dataclass(frozen=True, slots=True)
class DealView:
    """All that the page of a deal says: the last of its messages, and how many came `earlier`.

    `acts` are the kinds of messages that she may send now.
    """

    deal: Deal
    page: str
    title: str
    peer: Peer
    intent: str
    live: tuple[OfferLink, ...]
    lines: tuple[Line, ...]
    earlier: int
    acts: frozenset[Kind]
    has_given_feedback: bool
    published: Published | None
    mark: str

    @property
    def price(self) -> Money | None:
        return self.deal.agreement.price if self.deal.agreement is not None else None

    @property
    def paid(self) -> Money | None:
        return Money(self.deal.paid_minor(), self.price.currency) if self.price is not None else None

    @property
    def unpaid(self) -> Money | None:
        """What is left to pay, None where nothing is."""
        if self.price is None or self.deal.money_fulfilled:
            return None
        return Money(self.price.amount_minor - self.deal.paid_minor(), self.price.currency)

    @property
    def return_until(self) -> datetime | None:
        return stated_day(self.deal.receipt.return_until) if self.deal.receipt is not None else None

    @property
    def guarantee_until(self) -> datetime | None:
        return stated_day(self.deal.receipt.guarantee_until) if self.deal.receipt is not None else None

    @property
    def their_cancellation(self) -> Cancellation | None:
        return self._pending(Sender.VENDOR)

    @property
    def her_cancellation(self) -> Cancellation | None:
        return self._pending(Sender.CUSTOMER)

    def _pending(self, by: Sender) -> Cancellation | None:
        pending = self.deal.pending_cancellations
        return next((found for found in reversed(pending) if found.by is by), None)

    @property
    def accepted(self) -> Acceptance | None:
        """What waits for the vendor's word."""
        found = self.deal.acceptance
        return found if found is not None and found.state is AcceptanceState.PENDING else None

    @property
    def stages(self) -> tuple[int, bool]:
        """How many stages were reached, and whether it ended before the next, as `deal_stages` shows it."""
        return _STAGES.get(self.deal.state, (2 if self.deal.offers else 1, True))


_STAGES = {
    DealState.NEW: (0, False),
    DealState.OPEN: (1, False),
    DealState.OFFERED: (2, False),
    DealState.COUNTERED: (2, False),
    DealState.ANSWERABLE: (2, False),
    DealState.ORDERED: (3, False),
    DealState.ACCEPTING: (3, False),
    DealState.CONCLUDED: (4, False),
    DealState.CANCELLING: (4, False),
    DealState.CANCELLED: (4, True),
    DealState.CONFIRMED: (5, False),
}


def watch_deal(desk: Desk, account: Account, ref: str) -> Any:
    """What makes the page of a deal another one. Raises: Missing."""
    deal = find_deal_of(desk, account, ref)
    return deal.state, deal.last_at, deal.notes, len(deal.progress), len(deal.offers), deal.receipt is None


def deal_view(desk: Desk, account: Account, ref: str, limits: Limits, locale: Locale) -> DealView:
    """Raises: Missing."""
    deal = find_deal_of(desk, account, ref)
    peer = peer_of(desk, deal)
    kept = desk.tx.evidence.of_deal(deal.own, deal.id)
    records = read_records(desk, deal, limits, newest=NEWEST)
    return DealView(
        deal=deal,
        page=deal_page(deal),
        title=title_of(desk, deal),
        peer=peer,
        intent=intent_page(deal.intent_id) if deal.intent_id is not None else "",
        live=tuple(
            OfferLink(offer, offer_page(deal, offer))
            for offer in deal.live_offers
            if is_open(offer, desk.now) and deal.kind is DealKind.INTENT
        ),
        lines=tuple(told(record, peer, locale) for record in records),
        acts=frozenset(kind for kind in Kind if may(deal, kind)),
        earlier=len(kept) - len(records),
        has_given_feedback=any(stored.kind == Kind.FEEDBACK for stored in kept),
        published=find_published(desk, account, deal),
        mark=mark_of(watch_deal(desk, account, ref)),
    )


def told(record: Record, peer: Peer, locale: Locale) -> Line:
    """One message in words."""
    delivery = delivery_words(record, locale) if record.is_sent else ""
    failed = bool(record.stored.refused) or not record.seal.holds
    return Line(
        record=record,
        words=said_in(record, peer.name, locale),
        details=tuple(detail_of(record.message, locale)),
        who="failed" if failed else "ours" if record.is_sent else "theirs",
        by=locale.words("you") if record.is_sent else peer.name,
        delivery=delivery,
    )


def find_published(desk: Desk, account: Account, deal: Deal) -> Published | None:
    """Her public post from this purchase: it carries the key that stands for it."""
    agreed = deal.agreed
    if agreed is None or not agreed.feedback_key:
        return None
    key = agreed.feedback_key.encode()
    found = next((p for p in desk.tx.posts.all(account.id, "feedback") if key in p.body), None)
    return Published(found.at, f"/@{account.name}/{ref_of(found.id)}") if found is not None else None
