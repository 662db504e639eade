"""The page of a quote to a plain account: what its Note says, for whoever has the link, and nothing else."""

from __future__ import annotations

from datetime import datetime

from federation.messages import JsonObject
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.values import format_time
from node.store.ports import Tx
from node.web.views import Party, QuoteView

__all__ = ["PATH", "found_at", "quote_document", "quote_view"]

PATH = "/quotes/"


def found_at(tx: Tx, path: str) -> PlainQuote | None:
    """The quote of a secret address, None for every other one."""
    secret = path.removeprefix(PATH)
    return tx.plain_quotes.by_secret(secret) if secret and secret != path else None


def quote_document(quote: PlainQuote) -> JsonObject:
    """The same for programs; neither whom it is for nor the reference is in it."""
    return {
        "type": "Quote",
        "seller": quote.account,
        "goods": quote.goods,
        "quantity": quote.quantity.text,
        "unit": quote.quantity.unit,
        "price": quote.price.text,
        "currency": quote.price.currency,
        "terms": quote.terms,
        "firm": quote.firm,
        "endTime": format_time(quote.ends_at),
    }


def quote_view(host: str, page: str, vendor: Party, quote: PlainQuote, now: datetime) -> QuoteView:
    is_open = quote.state is QuoteState.OPEN and quote.ends_at > now
    return QuoteView(
        host=host,
        page=page,
        vendor=vendor,
        title=quote.goods,
        quantity=quote.quantity,
        price=quote.price,
        terms=quote.terms,
        ends_at=quote.ends_at,
        firm=quote.firm,
        is_open=is_open,
        is_agreed=quote.state is QuoteState.CONCLUDED,
    )
