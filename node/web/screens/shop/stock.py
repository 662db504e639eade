"""The vendor's catalogue: look, search, set the stock of an item by hand and say why."""

from __future__ import annotations

import re
from decimal import Decimal

from node.services.stock import set_stock
from node.web.fields import Field, Typed, Wrong, hidden, text
from node.web.forms import Form
from node.web.i18n import Locale
from node.web.shop.stock import catalogue_view, item_view
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS", "item_address"]

SCREENS = Screens()

_NUMBER = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,6}))?", re.ASCII)


def number(name: str) -> Field[Decimal | None]:
    """A number that is not negative, with a point or a comma; None where nothing was typed."""

    def read(typed: Typed, locale: Locale) -> Decimal | None:
        value = typed.first(name).strip()
        if not value:
            return None
        found = _NUMBER.fullmatch(value)
        if found is None:
            raise Wrong(
                locale.words("%(value)s is no such number.", value=value[:30]),
                locale.words("Write it as %(example)s.", example="12"),
            )
        return Decimal(f"{found[1]}.{found[2] or 0}") if found[2] else Decimal(found[1])

    return Field(name, read, (name,))


SKU = hidden("sku", most=64)
SEEN = hidden("seen", most=40)
STOCK = number("stock")
REASON = text("reason", most=200)
SET = Form(SKU, SEEN, STOCK, REASON)


@SCREENS.get("/my/catalogue", who=Who.VENDOR)
async def catalogue(visit: Visit) -> Answer:
    account, query = visit.viewer.account, visit.query
    search, after = query.first("q")[:100], query.first("after")[:64]
    return Page(
        "shop/catalogue.html", await visit.look(lambda desk: catalogue_view(desk, account, search, after))
    )


def item_address(sku: str) -> str:
    """Where the page of an item is; a sku may hold a slash."""
    return f"/my/catalogue/item?sku={sku}"


@SCREENS.get("/my/catalogue/item", who=Who.VENDOR)
async def item_page(visit: Visit) -> Answer:
    account = visit.viewer.account
    sku = visit.form.typed.first("sku") if visit.form is not None else visit.query.first("sku")
    view = await visit.look(lambda desk: item_view(desk, account, sku))
    if view is None:
        raise Missing
    return Page("shop/item.html", view, visit.form_or(SET, {"stock": view.seen}))


@SCREENS.post("/my/catalogue/item", who=Who.VENDOR)
async def change_stock(visit: Visit) -> Answer:
    filled = await visit.read(SET)
    account, seen = visit.viewer.account, filled[SEEN]
    was = Decimal(seen) if _NUMBER.fullmatch(seen) else None
    await visit.act(
        lambda desk: set_stock(desk, account.id, filled[SKU], filled[STOCK], filled[REASON], seen=was)
    )
    return Redirect(item_address(filled[SKU]), visit.words("The stock is changed."))
