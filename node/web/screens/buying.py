"""Buying at once: the standing offers of vendors that she knows, or one by its link; ordered in one step."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.errors import InvalidInput
from node.domain.offers import StandingOffer
from node.domain.terms import ROSTER, terms_iri
from node.domain.values import Money, Quantity, parse_time, price_for
from node.services.orders import Purchase
from node.web import formats
from node.web.deal_reads import deal_page, words_of
from node.web.fields import choice, hidden, many, text
from node.web.forms import Form
from node.web.i18n import Locale
from node.web.names import term_words
from node.web.visits import Answer, Page, Redirect, Screens, Visit, Who
from node.workflows.buying import Found, find_standing_offer, list_standing_offers, order

__all__ = ["SCREENS"]

SCREENS = Screens()

VENDORS_SHOWN = 30

QUANTITY = text("quantity", most=20)
TERMS = many(choice("terms", {name: terms_iri(name) for name in ROSTER}))
DIGEST = hidden("digest", most=200)
SHOWN_AT = hidden("shown_at", most=40)
ORDER = Form(QUANTITY, TERMS, DIGEST, SHOWN_AT)
_PLAIN = re.compile(r"[0-9]{1,10}(?:[.,][0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Posted:
    """A standing offer as it is listed: `price` for `per`."""

    posting: StandingOffer
    page: str
    words: tuple[str, ...]

    @property
    def per(self) -> Quantity:
        return Quantity(self.posting.per_quantity, self.posting.unit)

    @property
    def least(self) -> Quantity:
        return Quantity(self.posting.minimum_quantity, self.posting.unit)

    @property
    def least_price(self) -> Money | None:
        """What the smallest order costs; None where nobody can say so in fifteen digits."""
        unit_price = self.posting.unit_price / self.posting.per_quantity
        try:
            return price_for(unit_price, self.posting.currency, self.posting.minimum_quantity)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class BuyView:
    """`chosen` is the vendor whose offers are listed; `trouble` says why they could not be.

    `vendors` are those with whom something happened last, `has_more` says that there are others.
    """

    vendors: tuple[Contact, ...]
    has_more: bool
    chosen: Contact | None
    offers: tuple[Posted, ...]
    trouble: InvalidInput | None
    url: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """What is ordered: `accepted` are the terms that this vendor takes."""

    posted: Posted
    vendor: Contact | None
    accepted: tuple[str, ...]
    shown_at: datetime
    has_ended: bool

    def terms_options(self, locale: Locale) -> list[tuple[str, str, str]]:
        """The terms to choose from, each with what it says."""
        return [(name, name, term_words(terms_iri(name), locale)) for name in self.accepted]


def _posted(found: Found) -> Posted:
    page = f"/my/buy/order?url={quote(found.posting.url, safe='')}"
    return Posted(found.posting, page, words_of(found.posting.content))


def _buy_view(desk: Desk, account: Account, url: str) -> BuyView:
    found = desk.tx.contacts.page(account.id, limit=VENDORS_SHOWN + 1)
    return BuyView(tuple(found[:VENDORS_SHOWN]), len(found) > VENDORS_SHOWN, None, (), None, url)


def _by_handle(desk: Desk, account: Account, handle: str) -> Contact | None:
    found = desk.tx.contacts.page(account.id, words=handle[:300])
    return next((vendor for vendor in found if vendor.handle == handle), None)


@SCREENS.get("/my/buy", who=Who.PERSON)
async def buy_page(visit: Visit) -> Answer:
    account, wanted = visit.viewer.account, visit.query.first("vendor")
    chosen = await visit.look(lambda desk: _by_handle(desk, account, wanted)) if wanted else None
    offers: tuple[Posted, ...] = ()
    trouble: InvalidInput | None = None
    if chosen is not None:
        try:
            offers = tuple(_posted(found) for found in await list_standing_offers(visit.node, chosen))
        except InvalidInput as error:
            trouble = error
    view = await visit.look(lambda desk: _buy_view(desk, account, visit.query.first("url")))
    view = replace(view, chosen=chosen, offers=offers, trouble=trouble)
    return Page("buy/list.html", view, status=502 if trouble is not None else 200)


@SCREENS.get("/my/buy/order", who=Who.PERSON)
async def order_page(visit: Visit) -> Answer:
    account, url = visit.viewer.account, visit.query.first("url")
    if visit.form is None:
        visit.confirmed(back=f"/my/buy/order?url={quote(url, safe='')}")
    try:
        found = await find_standing_offer(visit.node, url)
    except InvalidInput as error:
        listed = await visit.look(lambda desk: _buy_view(desk, account, url))
        return Page("buy/list.html", replace(listed, trouble=error), status=422)
    known = await visit.look(lambda desk: desk.tx.contacts.get(account.id, found.posting.author))
    posted = _posted(found)
    view = OrderView(
        posted=posted,
        vendor=known,
        accepted=tuple(name for name in ROSTER if terms_iri(name) in found.posting.terms_accepted),
        shown_at=visit.now,
        has_ended=found.posting.ends_at <= visit.now,
    )
    least = formats.amount_input(posted.least.value)
    return Page("buy/order.html", view, visit.form_or(ORDER, {"quantity": least}))


@SCREENS.post("/my/buy/order", who=Who.PERSON)
async def order_now(visit: Visit) -> Answer:
    """Order what the page showed; another price, or a changed offer, asks again."""
    account, url, _ = visit.viewer.account, visit.query.first("url"), visit.words
    visit.confirmed(back=f"/my/buy/order?url={quote(url, safe='')}")
    filled = await visit.read(ORDER)
    try:
        shown_at = parse_time(filled[SHOWN_AT])
    except ValueError:
        raise filled.refused("", _("This page has expired."), _("Look at the offer again.")) from None
    found = await find_standing_offer(visit.node, url)
    if found.posting.digest != filled[DIGEST]:
        wrong = _("The offer has changed since you looked. Nothing was ordered.")
        raise filled.refused("", wrong, _("Look at it again."))
    written = filled[QUANTITY]
    if not _PLAIN.fullmatch(written):  # Decimal takes 1e3, 1_000 and digits of every script (`security G18`)
        raise filled.refused("quantity", _("%(value)s is no amount.", value=written), _("Write a number."))
    quantity = f"{Decimal(written.replace(',', '.')).normalize():f}"
    deal = await order(visit.node, account, found, Purchase(quantity, filled[TERMS], {}), shown_at=shown_at)
    return Redirect(deal_page(deal), _("Ordered. It is agreed as soon as the vendor says so."))
