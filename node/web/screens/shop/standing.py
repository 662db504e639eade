"""Standing offers: publish an item of the catalogue to everybody, and take one back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.domain.values import UNITS, unit_price_text
from node.services.orders import end_posting, post_offer
from node.services.standing import change_offer
from node.web.fields import choice, hidden, money, optional, text
from node.web.forms import Form
from node.web.screens.shop.stock import number
from node.web.shop.standing import item_to_offer, own_offer, standing_view
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

_DAYS = (1, 7, 14, 30, 60, 90)
SKU = hidden("sku", most=64)
PRICE = money("price")
LEAST = number("least")
LASTS = choice("lasts", {str(days): timedelta(days=days) for days in _DAYS})
WORDS = optional(text("text", most=2000, lines=True))
POST = Form(SKU, PRICE, LEAST, LASTS, WORDS)
WHICH = hidden("offer", most=2000)
STAY = "stay"
NEW_END = choice("lasts", {STAY: None, **{str(days): timedelta(days=days) for days in _DAYS}})
CHANGE = Form(WHICH, PRICE, LEAST, NEW_END, WORDS)
END = Form(WHICH, text("sure", most=200))


@SCREENS.get("/my/offers", who=Who.VENDOR)
async def offers(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: standing_view(desk, account))
    return Page("shop/standing.html", view, visit.form_or(END))


@SCREENS.get("/my/offers/new", who=Who.VENDOR)
async def new_page(visit: Visit) -> Answer:
    account = visit.viewer.account
    sku = (visit.form.typed if visit.form is not None else visit.query).first("sku")
    item = await visit.look(lambda desk: item_to_offer(desk, account, sku))
    if item is None:
        return Redirect("/my/catalogue", visit.words("Choose what you want to offer to everybody."), "warn")
    words = visit.words
    spans = [(str(days), words.ngettext("%(num)s day", "%(num)s days", days)) for days in _DAYS]
    shown = {"price": item.price.text, "least": "1", "lasts": "30"}
    return Page("shop/publish.html", (item, spans), visit.form_or(POST, shown))


@SCREENS.post("/my/offers/new", who=Who.VENDOR)
async def publish(visit: Visit) -> Answer:
    filled = await visit.read(POST)
    account, least = visit.viewer.account, filled[LEAST]
    least = Decimal(1) if least is None else least
    _ = visit.words

    def work(desk: Desk) -> None:
        item = item_to_offer(desk, account, filled[SKU])
        if item is None:
            raise filled.refused("", _("It is no longer in your catalogue."), _("Choose another."))
        if filled[PRICE].currency != item.price.currency:
            wrong = said("it is sold in %(currency)s", currency=item.price.currency)
            raise InvalidInput("price", wrong, "Load the page again.")
        if least <= 0 or (least % 1 and not UNITS[item.unit].divisible):
            raise filled.refused("least", _("That cannot be ordered."), _("Write a whole number, from 1 on."))
        priced = replace(item, price=filled[PRICE])
        post_offer(desk, account, priced, lasts=filled[LASTS], minimum=least, words=filled[WORDS])

    await visit.act(work)
    return Redirect("/my/offers", _("It is published, and your followers hear of it."))


@SCREENS.get("/my/offers/change", who=Who.VENDOR)
async def change_page(visit: Visit) -> Answer:
    """The same offer with another price, end or words."""
    account = visit.viewer.account
    which = (visit.form.typed if visit.form is not None else visit.query).first("offer")
    offer = await visit.look(lambda desk: own_offer(desk, account, which))
    if offer is None:
        raise Missing
    words = visit.words
    spans = [(str(days), words.ngettext("%(num)s day", "%(num)s days", days)) for days in _DAYS]
    is_over = offer.ends_at <= visit.now
    shown = {
        "price": unit_price_text(offer.unit_price, offer.currency),
        "least": f"{offer.minimum_quantity:f}",
        "lasts": "30" if is_over else STAY,
        "text": offer.words,
    }
    ends = spans if is_over else [(STAY, words("as before")), *spans]
    return Page("shop/change_offer.html", (offer, ends, is_over), visit.form_or(CHANGE, shown))


@SCREENS.post("/my/offers/change", who=Who.VENDOR)
async def change(visit: Visit) -> Answer:
    """State it anew; who follows is sent the same post again, and nothing appears twice."""
    filled, account = await visit.read(CHANGE), visit.viewer.account
    await visit.act(
        lambda desk: change_offer(
            desk,
            account,
            filled[WHICH],
            price=filled[PRICE],
            minimum=filled[LEAST],
            lasts=filled[NEW_END],
            words=filled[WORDS] or "",
        )
    )
    return Redirect("/my/offers", visit.words("It is stated anew: whoever orders from now on pays this."))


@SCREENS.post("/my/offers/end", who=Who.VENDOR, again=offers)
async def end(visit: Visit) -> Answer:
    """Take one back; its name is asked for."""
    filled = await visit.read(END)
    account, _ = visit.viewer.account, visit.words

    def work(desk: Desk) -> None:
        offer = desk.tx.posts.offer(filled[WHICH])
        if offer is not None and offer.author == account.id and filled.value("sure") != offer.name:
            raise filled.refused(
                "sure", _("That is another name."), _("Write %(name)s.", name=offer.name or "")
            )
        end_posting(desk, account, filled[WHICH])

    await visit.act(work)
    return Redirect("/my/offers", _("It is taken back: nobody can order from it any more."))
