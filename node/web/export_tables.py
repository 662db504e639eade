"""Deals and contacts as tables that a spreadsheet opens: CSV, in which nothing is ever taken for a formula.

Spec: RFC 4180; OWASP, CSV injection.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.deals import Deal
from node.domain.messages import Sender
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.terms import short_name
from node.domain.values import Money, Quantity
from node.web import formats
from node.web.deal_reads import peer_of
from node.web.i18n import Locale
from node.web.names import DEAL_STATES, REASONS, UNITS, named
from node.web.shop.deals import customer_of
from node.web.unseen import show_unseen

__all__ = ["contacts_csv", "deals_csv", "safe_cell"]

_BOM = b"\xef\xbb\xbf"
"""By which a spreadsheet knows that letters are UTF-8."""
_AT_ONCE = 200
_FORMULA = frozenset("=+-@\t\r\n|%＝＋－＠")
"""What a cell that is worked out begins with, in one spreadsheet or another."""

_SOLD = (QuoteState.CONCLUDED, QuoteState.CANCELLED)

_Cell = str | Money | Decimal | datetime | None


def safe_cell(text: str) -> str:
    """Words as a cell shows them and works nothing out: what hides is shown, what acts is quoted."""
    shown = show_unseen(text)
    return f"'{shown}" if shown.lstrip()[:1] in _FORMULA and shown.strip() else shown


@dataclass(frozen=True, slots=True)
class _Table:
    """Its heading; `written` makes lines of cells."""

    columns: tuple[str, ...]

    def written(self, rows: Iterable[Sequence[_Cell]], *, heading: bool) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        if heading:
            writer.writerow(self.columns)
        writer.writerows([_cell(cell) for cell in row] for row in rows)
        return (_BOM if heading else b"") + out.getvalue().encode()


def _cell(cell: _Cell) -> str:
    match cell:
        case None:
            return ""
        case Money():
            return cell.text
        case Decimal():
            return f"{cell:f}"
        case datetime():
            return formats.stamp(cell)
        case _:
            return safe_cell(cell)


# --- deals ------------------------------------------------------------------------------------------------


async def deals_csv(node: Node, account: Account, locale: Locale) -> AsyncIterator[bytes]:
    """Every deal of an account, a line each, oldest first; piece by piece.

    A vendor's sales by message come after them, newest first.
    """
    _ = locale.words
    table = _Table((
        _("Deal"), _("With"), _("Address"), _("What"), _("State"), _("Reason"), _("Quantity"), _("Unit"),
        _("Price"), _("Currency"), _("Paid"), _("Due"), _("Begun"), _("Agreed"), _("Received"),
        _("Return until"), _("Guarantee until"), _("Last change"), _("Way"),
    ))  # fmt: skip
    after: int | None = 0
    while after is not None:
        at = after

        def part(desk: Desk, at: int = at) -> tuple[bytes, int | None]:
            found = desk.tx.holdings.deals(account.id, after=at, limit=_AT_ONCE)
            rows = (_deal_row(desk, deal, locale) for deal in found.rows)
            return table.written(rows, heading=at == 0), found.more

        piece, after = await node.look(part)
        yield piece
    before: int | None = None
    while True:

        def sold(desk: Desk, before: int | None = before) -> tuple[bytes, int | None]:
            found = desk.tx.plain_quotes.page(account.id, states=_SOLD, before=before, limit=_AT_ONCE)
            rows = (_sale_row(desk, quote, locale) for _, quote in found)
            more = found[-1][0] if len(found) == _AT_ONCE else None
            return table.written(rows, heading=False), more

        piece, before = await node.look(sold)
        yield piece
        if before is None:
            return


def _sale_row(desk: Desk, quote: PlainQuote, locale: Locale) -> tuple[_Cell, ...]:
    """A sale to a plain account, which the columns of a deal fit but for what it does not have."""
    thread = desk.tx.threads.get(quote.account, quote.thread)
    state = named(DEAL_STATES, quote.state.value, locale)
    return (
        quote.id,
        thread.peer.shown if thread is not None else quote.customer,
        quote.customer,
        quote.goods,
        state,
        None,
        quote.quantity.value,
        named(UNITS, quote.quantity.unit, locale),
        quote.price,
        quote.price.currency,
        None,
        None,
        quote.made_at,
        quote.concluded_at,
        None,
        None,
        None,
        quote.ended_at or quote.concluded_at,
        locale.words("by message"),
    )


def _deal_row(desk: Desk, deal: Deal, locale: Locale) -> tuple[_Cell, ...]:
    who, address = _peer(desk, deal)
    offer = deal.agreement or (deal.offers[-1].agreement if deal.offers else None)
    price = offer.price if offer is not None else None
    quantity: Quantity | None = offer.quantity if offer is not None else None
    receipt, agreed = deal.receipt, deal.agreed
    return (
        deal.id,
        who,
        address,
        _what(desk, deal),
        named(DEAL_STATES, deal.state.value, locale),
        named(REASONS, deal.decline_reason, locale) if deal.decline_reason else None,
        quantity.value if quantity is not None else None,
        named(UNITS, quantity.unit, locale) if quantity is not None else None,
        price,
        price.currency if price is not None else None,
        Money(deal.paid_minor(), price.currency) if price is not None and deal.progress else None,
        offer.due_at if offer is not None else None,
        deal.created_at,
        agreed.concluded_at if agreed is not None else None,
        deal.confirmed_at,
        receipt.return_until if receipt is not None else None,
        receipt.guarantee_until if receipt is not None else None,
        deal.last_at,
        None,
    )


def _peer(desk: Desk, deal: Deal) -> tuple[str, str]:
    """Name and address of the other side, as far as it is known."""
    if deal.side is Sender.VENDOR:
        customer = customer_of(deal)
        return customer.name or customer.host, deal.peer
    peer = peer_of(desk, deal)
    return peer.name, peer.handle.removeprefix("@")


def _what(desk: Desk, deal: Deal) -> str:
    offer = deal.agreement or (deal.offers[-1].agreement if deal.offers else None)
    if offer is not None and offer.item is not None:
        return offer.item.name
    if deal.proposal is not None and deal.proposal.name:
        return deal.proposal.name
    intent = desk.tx.intents.get(deal.intent_id) if deal.intent_id is not None else None
    return intent.name if intent is not None else ""


# --- contacts ---------------------------------------------------------------------------------------------


async def contacts_csv(node: Node, account: Account, locale: Locale) -> AsyncIterator[bytes]:
    """Everybody whom an account knows, a line each, by address."""
    _ = locale.words
    columns = (_("Name"), _("Address"), _("Page"), _("Actor"), _("Accepts"), _("Last looked up"))
    table = _Table(columns)

    def whole(desk: Desk) -> bytes:
        return table.written(map(_contact_row, desk.tx.contacts.all(account.id)), heading=True)

    yield await node.look(whole)


def _contact_row(contact: Contact) -> tuple[_Cell, ...]:
    return (
        contact.name,
        contact.handle.removeprefix("@"),
        contact.url,
        contact.actor,
        ", ".join(short_name(term) for term in contact.terms_accepted),
        contact.fetched_at,
    )
