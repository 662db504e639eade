"""The vendor's deals as a list: what was agreed and what of it is still to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import Deal, DealState
from node.domain.values import Money, Quantity
from node.web.shop.deals import Customer, Needs, customer_of, needs_of, place_of
from node.web.shop.inbox import title_of

__all__ = ["LEDGER_VIEWS", "DealLine", "LedgerView", "ledger_view"]

PAGE = 30
_OPEN = (DealState.CONCLUDED, DealState.CANCELLING, DealState.ACCEPTING, DealState.ORDERED)
LEDGER_VIEWS: Mapping[str, tuple[DealState, ...]] = {
    "": _OPEN,
    "done": (DealState.CONFIRMED,),
    "cancelled": (DealState.CANCELLED,),
}
"""The tabs of the list by what stands in the address."""


@dataclass(frozen=True, slots=True)
class DealLine:
    place: str
    title: str
    customer: Customer
    state: DealState
    needs: Needs
    quantity: Quantity | None
    price: Money | None
    paid: Money | None
    due_at: datetime | None
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LedgerView:
    """A page of the list; `older` is where it goes on, None at its end."""

    shown: str
    lines: tuple[DealLine, ...]
    counts: Mapping[str, int]
    older: int | None
    is_first: bool


def ledger_view(desk: Desk, account: Account, shown: str, before: int | None) -> LedgerView:
    page = desk.tx.deals.page(account.id, states=LEDGER_VIEWS[shown], before=before, limit=PAGE + 1)
    tally = desk.tx.deals.tally(account.id)
    return LedgerView(
        shown=shown,
        lines=tuple(_line(deal) for _, deal in page[:PAGE]),
        counts={
            name: sum(count for (state, _), count in tally.items() if state in wanted)
            for name, wanted in LEDGER_VIEWS.items()
        },
        older=page[PAGE - 1][0] if len(page) > PAGE else None,
        is_first=before is None,
    )


def _line(deal: Deal) -> DealLine:
    terms = deal.agreement or (deal.offers[-1].agreement if deal.offers else None)
    price = terms.price if terms else None
    return DealLine(
        place=place_of(deal.id),
        title=terms.item.name if terms and terms.item else title_of(deal),
        customer=customer_of(deal),
        state=deal.state,
        needs=needs_of(deal),
        quantity=terms.quantity if terms else None,
        price=price,
        paid=Money(deal.paid_minor(), price.currency) if price else None,
        due_at=terms.due_at if terms else None,
        agreed_at=deal.agreed.concluded_at if deal.agreed else None,
    )
