"""What transitions mean for the vendor's stock: firm offers reserve, conclusions take, releases put back.

Stock changes in the transaction of the message that caused it, so that two buyers of the last unit are
settled by the order of commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from node.desk import Desk
from node.domain.catalogue import CatalogueItem
from node.domain.deals import OfferRecord
from node.domain.events import Event, OfferEnded, OfferMade, Released, Settled

__all__ = ["follow_stock"]


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
