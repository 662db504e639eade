"""The vendor's deals as a list: what was agreed and what of it is still to be done.

What was sold by a quote to a plain account stands among them, marked. No steps are told there: it is looked
after in its conversation, and whoever puts that away has done with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from urllib.parse import urlencode

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.deals import Deal, DealState
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.values import Money, Quantity
from node.web.shop.deals import Customer, Needs, customer_of, needs_of, place_of
from node.web.shop.inbox import title_of

__all__ = ["LEDGER_VIEWS", "DealLine", "LedgerView", "Start", "ledger_view"]

PAGE = 30
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_Row = tuple[int, Deal | PlainQuote]
_OPEN = (DealState.CONCLUDED, DealState.CANCELLING, DealState.ACCEPTING, DealState.ORDERED)


@dataclass(frozen=True, slots=True)
class Tab:
    """What a tab lists: deals by state; sales by message by state, and by whether they are put away."""

    deals: tuple[DealState, ...]
    sales: QuoteState
    is_put_away: bool | None = None


LEDGER_VIEWS: Mapping[str, Tab] = {
    "": Tab(_OPEN, QuoteState.CONCLUDED, is_put_away=False),
    "done": Tab((DealState.CONFIRMED,), QuoteState.CONCLUDED, is_put_away=True),
    "cancelled": Tab((DealState.CANCELLED,), QuoteState.CANCELLED),
}
"""The tabs of the list by what stands in the address."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page begins among the deals and among the sales by message; None at the newest."""

    before: int | None = None
    sold: int | None = None


@dataclass(frozen=True, slots=True)
class DealLine:
    """A deal, or a sale `by_message`; `page` is where it is looked after."""

    page: str
    title: str
    customer: Customer
    state: DealState
    needs: Needs
    quantity: Quantity | None
    price: Money | None
    paid: Money | None
    due_at: datetime | None
    agreed_at: datetime | None
    by_message: bool = False


@dataclass(frozen=True, slots=True)
class LedgerView:
    """A page of the list; `older` is the query of the address where it goes on, "" at its end."""

    shown: str
    lines: tuple[DealLine, ...]
    counts: Mapping[str, int]
    older: str
    is_first: bool


def ledger_view(desk: Desk, account: Account, shown: str, start: Start) -> LedgerView:
    """A page of both kinds, the newest change first, each beginning where the page before ended."""
    tab = LEDGER_VIEWS[shown]
    deals: Sequence[_Row] = desk.tx.deals.page(
        account.id, states=tab.deals, before=start.before, limit=PAGE + 1
    )
    sales: Sequence[_Row] = desk.tx.plain_quotes.page(
        account.id, states=(tab.sales,), is_put_away=tab.is_put_away, before=start.sold, limit=PAGE + 1
    )
    rows = list(islice(merge(deals, sales, key=_changed_at, reverse=True), PAGE + 1))
    has_more, rows = len(rows) > PAGE, rows[:PAGE]
    return LedgerView(
        shown=shown,
        lines=tuple(_sale_line(desk, one) if isinstance(one, PlainQuote) else _line(one) for _, one in rows),
        counts=_counts(desk, account),
        older=_older(shown, start, rows) if has_more else "",
        is_first=start == Start(),
    )


def _changed_at(row: _Row) -> datetime:
    _, one = row
    if isinstance(one, PlainQuote):
        return one.ended_at or one.concluded_at or one.made_at
    return one.last_at or one.created_at or _LONG_AGO


def _older(shown: str, start: Start, rows: list[_Row]) -> str:
    before, sold = start.before, start.sold
    for place, one in rows:
        if isinstance(one, PlainQuote):
            sold = place
        else:
            before = place
    said = {"show": shown or None, "before": before, "sold": sold}
    return urlencode({name: value for name, value in said.items() if value is not None})


def _counts(desk: Desk, account: Account) -> Mapping[str, int]:
    deals, sales = desk.tx.deals.tally(account.id), desk.tx.plain_quotes.tally(account.id)
    return {
        name: sum(count for (state, _), count in deals.items() if state in tab.deals)
        + sum(
            count
            for (state, is_put_away), count in sales.items()
            if state is tab.sales and tab.is_put_away in (None, is_put_away)
        )
        for name, tab in LEDGER_VIEWS.items()
    }


def _sale_line(desk: Desk, quote: PlainQuote) -> DealLine:
    thread = desk.tx.threads.get(quote.account, quote.thread)
    is_over = quote.state is QuoteState.CANCELLED
    return DealLine(
        page=f"/my/conversations/{quote.thread}",
        title=quote.goods,
        customer=Customer(thread.peer.shown if thread is not None else quote.customer),
        state=DealState.CANCELLED if is_over else DealState.CONCLUDED,
        needs=Needs.NOTHING,
        quantity=quote.quantity,
        price=quote.price,
        paid=None,
        due_at=None,
        agreed_at=quote.concluded_at,
        by_message=True,
    )


def _line(deal: Deal) -> DealLine:
    terms = deal.agreement or (deal.offers[-1].agreement if deal.offers else None)
    price = terms.price if terms else None
    return DealLine(
        page=f"/my/deals/{place_of(deal.id)}",
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
