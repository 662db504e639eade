"""What was told to a plain account, a quote or an intent: for whoever has the link, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from federation.messages import JsonObject
from node.domain.accounts import Account
from node.domain.plain_casts import PlainCast
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.values import format_time
from node.store.ports import Tx
from node.web.asked_views import AskedView
from node.web.views import Party, QuoteView

__all__ = ["PATHS", "told_at"]

_QUOTES = "/quotes/"
_ASKED = "/asked/"
PATHS = (_QUOTES, _ASKED)


def told_at(
    tx: Tx, path: str, host: str, party: Callable[[Account], Party], now: datetime
) -> tuple[JsonObject, QuoteView | AskedView] | None:
    """What lies at a secret address, for programs and for people; None for every other one."""
    kind, _, secret = path.rpartition("/")
    if kind + "/" == _ASKED:
        cast = tx.plain_casts.by_secret(secret) if secret else None
        return _asked(cast, host, now) if cast is not None and cast.note_id else None
    quote = tx.plain_quotes.by_secret(secret) if secret and kind + "/" == _QUOTES else None
    vendor = tx.accounts.get(quote.account) if quote is not None else None
    if quote is None or vendor is None:
        return None
    return _quote_document(quote), _quote_view(host, f"https://{host}{path}", party(vendor), quote, now)


def _asked(cast: PlainCast, host: str, now: datetime) -> tuple[JsonObject, AskedView]:
    """The very words of its message; what has not left yet is not here."""
    is_open = cast.is_open and cast.ends_at > now
    document: JsonObject = {
        "type": "Request",
        "name": cast.title,
        "content": cast.words,
        "open": is_open,
        "endTime": format_time(cast.ends_at),
    }
    return document, AskedView(host, cast.title, cast.words, is_open)


def _quote_document(quote: PlainQuote) -> JsonObject:
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


def _quote_view(host: str, page: str, vendor: Party, quote: PlainQuote, now: datetime) -> QuoteView:
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
