"""What transitions mean for the vendor's stock: firm offers reserve, conclusions take, releases put back.

Stock changes in the transaction of the message that caused it, so that two buyers of the last unit are
settled by the order of commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal

from node.desk import Desk
from node.domain.catalogue import CatalogueItem
from node.domain.deals import OfferRecord
from node.domain.errors import InvalidInput
from node.domain.events import Event, OfferEnded, OfferMade, Released, Settled
from node.domain.sayings import said
from node.domain.values import UNITS
from node.store.ports import StockChange

__all__ = ["follow_stock", "set_stock"]


def follow_stock(
    desk: Desk, account: str, events: Iterable[Event], *, sku_of: Callable[[OfferRecord], str | None]
) -> None:
    """Carry the events of a vendor's deal over to its catalogue.

    Raises: Refusal(outOfStock); the caller has written nothing yet, or lets the transaction fail.
    """
    changed: dict[str, CatalogueItem] = {}
    for event in events:
        change = _change(event)
        if change is None:
            continue
        offer, edit = change
        sku = sku_of(offer)
        item = changed.get(sku or "") or (desk.tx.catalogue.get(account, sku) if sku else None)
        if item is not None:
            changed[item.sku] = edit(item, offer.agreement.quantity.value)
    for item in changed.values():
        desk.tx.catalogue.put(account, item)


Edit = Callable[[CatalogueItem, Decimal], CatalogueItem]


def _change(event: Event) -> tuple[OfferRecord, Edit] | None:
    match event:
        case OfferMade(offer) if offer.firm:
            return offer, CatalogueItem.reserve
        case OfferEnded(offer) if offer.firm:
            return offer, CatalogueItem.unreserve
        case Settled(_, offer):
            return offer, _sell_reserved if offer.firm else CatalogueItem.take
        case Released(_, offer):
            return offer, CatalogueItem.put_back
        case _:
            return None


def _sell_reserved(item: CatalogueItem, quantity: Decimal) -> CatalogueItem:
    return item.unreserve(quantity).take(quantity)


def set_stock(
    desk: Desk, account: str, sku: str, stock: Decimal | None, reason: str, *, seen: Decimal | None
) -> CatalogueItem:
    """Set by hand how much of an item there is, and keep why; None: it is not counted.

    Shapes: `seen` is the stock that whoever sets it saw: a sale in between is not wiped out.
    Raises: InvalidInput.
    """
    item = desk.tx.catalogue.get(account, sku)
    if item is None:
        wrong = said("there is no item '%(sku)s'", sku=sku)
        raise InvalidInput("sku", wrong, "It was taken out of the catalogue.")
    if item.stock != seen:
        now = said("it has changed meanwhile: it is %(stock)s now", stock=item.stock)
        uncounted = said("it has changed meanwhile: it is not counted now")
        raise InvalidInput("stock", uncounted if item.stock is None else now, "Look again, then set it.")
    if stock is not None and stock % 1 and not UNITS[item.unit].divisible:
        wrong = said("%(n)s is no whole number", n=stock)
        raise InvalidInput("stock", wrong, "This is sold in whole pieces.")
    if item.reserved and (stock is None or stock < item.reserved):
        raise InvalidInput(
            "stock",
            said("firm offers hold %(n)s of it", n=item.reserved),
            "Set at least that, or wait until they end.",
        )
    changed = replace(item, stock=stock)
    desk.tx.catalogue.put(account, changed)
    desk.tx.stocktaking.add(StockChange(account, sku, desk.now, item.stock, stock, reason))
    return changed
