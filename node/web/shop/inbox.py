"""The vendor's inbox: what is wanted, whether the catalogue has it, and how long there is to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import Deal, DealState
from node.domain.intents import Proposal
from node.domain.matching import Verdict
from node.domain.talking import ThreadState
from node.domain.values import Money, Quantity
from node.queries.records import find_told
from node.services.offering import find_fit
from node.web.events import mark_of
from node.web.shop.deals import (
    ENDED,
    TO_ANSWER,
    WAITING_FOR_THEM,
    Customer,
    Needs,
    customer_of,
    needs_of,
    place_of,
)

__all__ = [
    "INBOX_VIEWS",
    "DeclineView",
    "Fit",
    "InboxView",
    "IntentLine",
    "decline_view",
    "fit_of",
    "inbox_view",
    "intent_line",
    "title_of",
    "wanted_of",
    "watch_inbox",
]

PAGE = 20
INBOX_VIEWS: Mapping[str, tuple[DealState, ...]] = {
    "": TO_ANSWER,
    "offered": WAITING_FOR_THEM,
    "ended": ENDED,
}
"""The tabs of the inbox by what stands in the address."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What the catalogue has for an intent; unless it `is_sure`, `why` says what a person must judge."""

    name: str
    sku: str
    price: Money
    is_sure: bool
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IntentLine:
    """One intent in the list. `place` is its name in addresses, `asked` the price that a counter names."""

    place: str
    title: str
    customer: Customer
    quantity: Quantity | None
    needs: Needs
    state: DealState
    since: datetime | None
    ends_at: datetime | None
    due_at: datetime | None
    where: str = ""
    musts: int = 0
    budget: Money | None = None
    asked: Money | None = None
    fit: Fit | None = None
    offered: Money | None = None
    reason: str = ""

    @property
    def can_decline(self) -> bool:
        """Whether a no bid may be sent; one is not after an offer."""
        return self.state in (DealState.OPEN, DealState.COUNTERED)


@dataclass(frozen=True, slots=True)
class InboxView:
    """A page of the inbox.

    Shapes: `shown` is the tab; `counts` how many each has; `older` is where the list goes on, None at its
            end; `has_catalogue` and `has_rules` say what is still to be set up.
    """

    shown: str
    lines: tuple[IntentLine, ...]
    counts: Mapping[str, int]
    older: int | None
    is_first: bool
    has_catalogue: bool
    has_rules: bool
    fits: str = ""
    mark: str = ""
    before: int | None = None
    talks: int = 0
    """So many conversations with people of other servers wait for an answer."""


def watch_inbox(desk: Desk, account: Account) -> tuple[int, int]:
    """What is another value whenever a deal of the vendor's has changed, or a conversation waits."""
    newest = desk.tx.deals.page(account.id, limit=1)
    return (newest[0][0] if newest else 0), desk.tx.threads.tally(account.id).get(ThreadState.OPEN, 0)


def inbox_view(desk: Desk, account: Account, shown: str, before: int | None, *, fits: str) -> InboxView:
    """The newest intents of a tab.

    Shapes: `fits` is "" to leave out what the catalogue has for each, which takes longer than all the rest;
            "shown" to say it; "only" to leave out those that it has nothing for.
    """
    states = INBOX_VIEWS[shown]
    page = desk.tx.deals.page(account.id, states=states, before=before, limit=PAGE + 1)
    lines = [intent_line(desk, deal, has_fit=bool(fits)) for _, deal in page[:PAGE]]
    tally = desk.tx.deals.tally(account.id)
    return InboxView(
        shown=shown,
        lines=tuple(line for line in lines if line.fit is not None or fits != "only"),
        counts={
            name: sum(count for (state, _), count in tally.items() if state in wanted)
            for name, wanted in INBOX_VIEWS.items()
        },
        older=page[PAGE - 1][0] if len(page) > PAGE else None,
        is_first=before is None,
        has_catalogue=bool(desk.tx.catalogue.all(account.id, limit=1)),
        has_rules=bool(desk.tx.rules.all(account.id)),
        fits=fits,
        before=before,
        mark=mark_of(watch_inbox(desk, account)),
        talks=desk.tx.threads.tally(account.id).get(ThreadState.OPEN, 0),
    )


def intent_line(desk: Desk, deal: Deal, *, has_fit: bool = False) -> IntentLine:
    proposal = wanted_of(desk, deal)
    last = deal.offers[-1].agreement if deal.offers else None
    return IntentLine(
        place=place_of(deal.id),
        title=title_of(deal, proposal),
        customer=customer_of(deal),
        quantity=proposal.quantity if proposal else last.quantity if last else None,
        needs=needs_of(deal),
        state=deal.state,
        since=deal.created_at,
        ends_at=deal.answer_by or (proposal.ends_at if proposal else None),
        due_at=proposal.due_at if proposal else None,
        where=(proposal.place.name or "") if proposal and proposal.place else "",
        musts=sum(wish.weight == "must" for wish in proposal.wishes) if proposal else 0,
        budget=proposal.budget.maximum if proposal and proposal.budget else None,
        asked=proposal.price if proposal else None,
        fit=fit_of(desk, deal, proposal) if has_fit and proposal and deal.state in TO_ANSWER else None,
        offered=last.price if last else None,
        reason=deal.decline_reason or "",
    )


def wanted_of(desk: Desk, deal: Deal) -> Proposal | None:
    """All that is wanted: as it was told last in whole, at the price and until the end of a counter."""
    proposal = deal.proposal
    if proposal is None or proposal.price is None:
        return proposal
    told = find_told(desk, deal)
    return replace(told, price=proposal.price, ends_at=proposal.ends_at) if told is not None else proposal


def title_of(deal: Deal, wanted: Proposal | None = None) -> str:
    """What it is about, in the customer's words where there are any; `wanted` where a counter has none."""
    proposal = wanted or deal.proposal
    if proposal is not None and proposal.name:
        return proposal.name
    item = deal.offers[-1].agreement.item if deal.offers else None
    return item.name if item is not None else deal.category.rsplit("/", 1)[-1]


def fit_of(desk: Desk, deal: Deal, proposal: Proposal) -> Fit | None:
    """What the catalogue has for a proposal, None for nothing."""
    judged = find_fit(desk, deal.account, proposal)
    if judged is None:
        return None
    price = judged.price(proposal.quantity.value)
    return Fit(judged.item.name, judged.item.sku, price, judged.verdict is Verdict.OFFER, judged.why)


# --- several at once --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeclineView:
    """Which intents are about to be answered with no bid; `reason` as it was chosen, "" for none yet."""

    lines: tuple[IntentLine, ...]
    reason: str = ""


def decline_view(desk: Desk, deals: Sequence[Deal], reason: str) -> DeclineView:
    return DeclineView(tuple(intent_line(desk, deal) for deal in deals), reason)
