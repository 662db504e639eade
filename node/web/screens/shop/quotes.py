"""Quotes to plain accounts: writing one, taking one back, and what was sold by them."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

from node.desk import Desk
from node.domain.plain_quotes import PlainQuote
from node.domain.plain_words import LANGUAGES
from node.domain.values import UNITS, Quantity, parse_quantity
from node.queries.records import export_sale
from node.services.plain_quotes import QuoteDraft, send_quote, total_of, withdraw_quote
from node.web import formats
from node.web.fields import choice, hidden, money, optional, switch, text
from node.web.forms import Filled, Form
from node.web.names import UNITS as UNIT_NAMES
from node.web.names import named
from node.web.screens.conversations import place_before, thread_of
from node.web.talk_views import (
    SALES_VIEWS,
    QuoteFormView,
    SaleView,
    quote_form_view,
    sale_view,
    sales_view,
)
from node.web.visits import Answer, Download, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

SKU = hidden("sku", most=64)
GOODS = text("goods", most=500)
QUANTITY = text("quantity", most=20)
UNIT = choice("unit", {name: name for name in UNITS})
PRICE = money("price")
TERMS = optional(text("terms", most=1000, lines=True))
VALID = choice("valid", {str(days): timedelta(days=days) for days in (1, 3, 7, 14, 30)})
FIRM = switch("firm")
LANGUAGE = choice("language", {name: name for name in LANGUAGES})
QUOTE = Form(SKU, GOODS, QUANTITY, UNIT, PRICE, TERMS, VALID, FIRM, LANGUAGE)
REFERENCE = hidden("reference", most=40)
WITHDRAW = Form(REFERENCE)

_DAYS = (1, 3, 7, 14, 30)
_LANGUAGES = (("en", "English"), ("de", "Deutsch"))


@SCREENS.get("/my/conversations/{thread}/quote", who=Who.VENDOR)
async def quote_page(visit: Visit) -> Answer:
    view = await visit.look(lambda desk: _form_view(desk, visit))
    item = view.item
    price = total_of(item, Quantity(Decimal(1), item.unit)) if item is not None else None
    shown = {
        "sku": item.sku if item is not None else "",
        "goods": item.name if item is not None else "",
        "quantity": "1",
        "unit": item.unit if item is not None else "one",
        "price": formats.amount_input(price) if price is not None else "",
        "price_currency": price.currency if price is not None else "EUR",
        "valid": "3",
        "language": visit.locale.language if visit.locale.language in LANGUAGES else LANGUAGES[0],
    }
    units = tuple((name, named(UNIT_NAMES, name, visit.locale)) for name in UNITS)
    days = tuple((str(n), visit.words.ngettext("%(num)s day", "%(num)s days", n)) for n in _DAYS)
    return Page("talk/quote.html", (view, units, days, _LANGUAGES), visit.form_or(QUOTE, shown))


def _form_view(desk: Desk, visit: Visit) -> QuoteFormView:
    typed = visit.form.typed if visit.form is not None else visit.query
    view = quote_form_view(
        desk,
        visit.viewer.account,
        visit.params["thread"],
        sku=typed.first("sku")[:64],
        search=visit.query.first("q")[:100],
    )
    if view is None:
        raise Missing
    return view


@SCREENS.post("/my/conversations/{thread}/quote", who=Who.VENDOR)
async def send(visit: Visit) -> Answer:
    """Send it: a direct Note that one account can accept by a word."""
    filled = await visit.read(QUOTE)
    account = visit.viewer.account
    quantity = _quantity(visit, filled)

    def work(desk: Desk) -> PlainQuote:
        draft = QuoteDraft(
            goods=filled[GOODS],
            quantity=quantity,
            price=filled[PRICE],
            ends_at=desk.signing_time + filled[VALID],
            sku=filled[SKU],
            terms=filled[TERMS] or "",
            firm=filled[FIRM],
            language=filled[LANGUAGE],
        )
        return send_quote(desk, account, thread_of(desk, visit), draft)

    quote = await visit.act(work)
    words = visit.words("Your quote is sent: “accept %(reference)s” concludes it.", reference=quote.reference)
    return Redirect(f"/my/conversations/{visit.params['thread']}", words)


def _quantity(visit: Visit, filled: Filled) -> Quantity:
    typed = filled[QUANTITY].strip().replace(",", ".")
    try:
        return parse_quantity(typed, filled[UNIT])
    except ValueError:
        _ = visit.words
        raise filled.refused(
            "quantity", _("This is no such quantity."), _("Write a number such as 1 or 2.5.")
        ) from None


@SCREENS.post("/my/conversations/{thread}/withdraw", who=Who.VENDOR, again=quote_page)
async def withdraw(visit: Visit) -> Answer:
    """Take a quote back that is neither firm nor concluded."""
    filled = await visit.read(WITHDRAW)
    account = visit.viewer.account
    await visit.act(lambda desk: withdraw_quote(desk, account, filled[REFERENCE]))
    return Redirect(f"/my/conversations/{visit.params['thread']}", visit.words("The quote is taken back."))


# --- sales ------------------------------------------------------------------------------------------------


@SCREENS.get("/my/sales", who=Who.VENDOR)
async def sales(visit: Visit) -> Answer:
    account, shown, before = visit.viewer.account, visit.query.first("show"), place_before(visit)
    if shown not in SALES_VIEWS:
        raise Missing
    return Page("talk/sales.html", await visit.look(lambda desk: sales_view(desk, account, shown, before)))


@SCREENS.get("/my/sales/{reference}/record", who=Who.VENDOR)
async def sale_record(visit: Visit) -> Answer:
    """What shows a sale, in one file, as `obverse verify` reads it."""
    account, reference = visit.viewer.account, visit.params["reference"]

    def look(desk: Desk) -> bytes:
        quote = desk.tx.plain_quotes.find(reference)
        if quote is None or quote.account != account.id:
            raise Missing
        return json.dumps(export_sale(desk, quote), indent=1).encode()

    return Download(await visit.look(look), f"sale-{reference}.json", "application/json")


@SCREENS.get("/my/sales/{reference}", who=Who.VENDOR)
async def sale(visit: Visit) -> Answer:
    account, reference = visit.viewer.account, visit.params["reference"]

    def look(desk: Desk) -> SaleView:
        view = sale_view(desk, account, reference)
        if view is None:
            raise Missing
        return view

    return Page("talk/sale.html", await visit.look(look))
