"""What the offer form shows and is filled with: wishes, an item of the catalogue, what was offered last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.desk import Desk
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Deal
from node.domain.errors import InvalidInput
from node.domain.intents import Proposal
from node.domain.messages import Offer
from node.domain.offers import PartKind
from node.queries.records import find_offer_message
from node.services.offering import Goods, goods_from_catalogue
from node.web.shop.deal import seen_mark
from node.web.shop.deals import Customer, customer_of, place_of
from node.web.shop.inbox import Fit, fit_of, title_of, wanted_of
from node.web.unseen import unhidden
from node.wire.html import plain_text

__all__ = ["WISHES", "OfferFormView", "filling", "offer_form_view"]

WISHES = 50
"""As many as a proposal may have (`protocol §3`)."""
FOUND = 12
LOOKED_BACK = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFormView:
    """The form for one proposal.

    Shapes: `goods` is what the form is filled with from the catalogue's `item`, `refused` says why that could
            not be; `found` are items to choose from, `last` what was offered in this category last.
    """

    place: str
    title: str
    customer: Customer
    proposal: Proposal
    seen: str
    fit: Fit | None
    item: CatalogueItem | None
    goods: Goods | None
    refused: str
    search: str
    found: tuple[CatalogueItem, ...]
    last: Offer | None
    replaces: bool
    like_last: bool = False
    sku: str = ""


def offer_form_view(
    desk: Desk, deal: Deal, proposal: Proposal, *, sku: str, search: str, like_last: bool
) -> OfferFormView:
    """Shapes: with `like_last` the form is filled as the last offer was, and its item is that one's."""
    last = _last_offer(desk, deal)
    if like_last and last is not None and last.agreement.item is not None:
        sku = last.agreement.item.sku or ""
    goods, refused = _goods(desk, deal.account, proposal, sku)
    wanted = wanted_of(desk, deal) or proposal
    found: Sequence[CatalogueItem] = ()
    if search:
        found = desk.tx.catalogue.all(deal.account, search=search, limit=FOUND)
    return OfferFormView(
        place=place_of(deal.id),
        title=title_of(deal, wanted),
        customer=customer_of(deal),
        proposal=proposal,
        seen=seen_mark(deal),
        fit=fit_of(desk, deal, wanted),
        item=desk.tx.catalogue.get(deal.account, sku) if sku else None,
        goods=goods,
        refused=refused,
        search=search,
        found=tuple(found),
        last=last,
        replaces=any(not offer.firm for offer in deal.live_offers),
        like_last=like_last and last is not None,
        sku=sku if goods is not None else "",
    )


def _goods(desk: Desk, account: str, proposal: Proposal, sku: str) -> tuple[Goods | None, str]:
    if not sku:
        return None, ""
    try:
        return goods_from_catalogue(desk, account, proposal, sku), ""
    except InvalidInput as error:
        return None, error.wrong


def _last_offer(desk: Desk, deal: Deal) -> Offer | None:
    """What was offered last for the same category and currency, in this deal or in another."""
    currency = deal.proposal.currency if deal.proposal else None
    for _, other in desk.tx.deals.page(deal.account, limit=LOOKED_BACK):
        proposal = other.proposal
        if not other.offers or proposal is None:
            continue
        if (other.category, proposal.currency) == (deal.category, currency):
            return find_offer_message(desk, other, other.offers[-1])
    return None


# --- what stands in the form ------------------------------------------------------------------------------


def filling(view: OfferFormView) -> Mapping[str, str | Sequence[str]]:
    """The fields of the form as they are before anybody types."""
    currency = view.proposal.currency or ""
    shown: dict[str, str | Sequence[str]] = {"valid": "3"}
    shown |= {f"{name}_currency": currency for name in ("goods", "delivery", "tax", "fee", "discount")}
    if view.like_last and view.last is not None:
        shown |= _from_offer(view, view.last)
    elif view.goods is not None:
        shown |= _from_goods(view.goods)
        shown |= _answers(view, {a.wish: (a.meets.value, a.text) for a in view.goods.answers})
    elif view.proposal.name:
        shown["name"] = unhidden(view.proposal.name)
    return shown


def _from_goods(goods: Goods) -> dict[str, str | Sequence[str]]:
    item = goods.item
    shown: dict[str, str | Sequence[str]] = {
        "name": item.name,
        "sku": item.sku or "",
        "brand": item.brand or "",
        "condition": item.condition or "",
        "due": f"{goods.due_at:%Y-%m-%d}" if goods.due_at else "",
    }
    shown |= {part.kind.value: part.amount.text for part in goods.parts}
    return shown


def _from_offer(view: OfferFormView, offer: Offer) -> dict[str, str | Sequence[str]]:
    """As last time, but for the day and for wishes that were others then."""
    item, price = offer.agreement.item, offer.agreement.price
    parts = {part.kind.value: part.amount.text for part in offer.price_parts}
    if not parts and price is not None:
        parts = {PartKind.GOODS.value: price.text}
    shown: dict[str, str | Sequence[str]] = {
        "name": item.name if item else "",
        "sku": (item.sku or "") if item else "",
        "brand": (item.brand or "") if item else "",
        "condition": (item.condition or "") if item else "",
        "text": plain_text(offer.content) if offer.content else "",
        "firm": "on" if offer.firm else "",
        "fields": [asked.attribute for asked in offer.fields_asked],
        **parts,
    }
    return shown | _answers(view, {a.wish: (a.meets.value, a.text) for a in offer.answers})


def _answers(view: OfferFormView, said: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    shown = {}
    for number, wish in enumerate(view.proposal.wishes[:WISHES]):
        if wish.id in said:
            shown[f"meets{number}"], words = said[wish.id]
            shown[f"says{number}"] = "" if words == "not stated" else words
    return shown
