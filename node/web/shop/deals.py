"""How a vendor's pages name a deal and its customer, and what a deal waits for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from node.desk import Desk
from node.domain.deals import Deal, DealState
from node.domain.messages import Sender
from node.web.places import named_by, place_of

__all__ = [
    "ENDED",
    "TO_ANSWER",
    "WAITING_FOR_THEM",
    "Customer",
    "Needs",
    "customer_of",
    "disclosed_card",
    "find_deal",
    "needs_of",
    "place_of",
]

TO_ANSWER = (DealState.OPEN, DealState.COUNTERED, DealState.ANSWERABLE)
WAITING_FOR_THEM = (DealState.OFFERED, DealState.ACCEPTING)
ENDED = (
    DealState.DECLINED,
    DealState.NO_BID,
    DealState.WITHDRAWN,
    DealState.EXPIRED,
    DealState.REFUSED,
)


class Needs(Enum):
    """What a deal waits for from the vendor."""

    OFFER = "offer"
    COUNTER = "counter"
    BETTER = "better"
    CANCELLATION = "cancellation"
    DELIVERY = "delivery"
    RECEIPT = "receipt"
    NOTHING = ""


def needs_of(deal: Deal) -> Needs:
    """The next thing that is the vendor's to do."""
    found = {
        DealState.OPEN: Needs.OFFER,
        DealState.COUNTERED: Needs.COUNTER,
        DealState.ANSWERABLE: Needs.BETTER,
    }.get(deal.state)
    if found is not None:
        return found
    if any(found.by is not Sender.VENDOR for found in deal.pending_cancellations):
        return Needs.CANCELLATION
    if deal.state is not DealState.CONCLUDED:
        return Needs.NOTHING
    if not deal.goods_fulfilled:
        return Needs.DELIVERY
    return Needs.NOTHING if deal.receipt else Needs.RECEIPT


@dataclass(frozen=True, slots=True)
class Customer:
    """Who asks: what they let be known of their name, "" for nothing, and the host that speaks for them."""

    host: str
    name: str = ""


def customer_of(deal: Deal) -> Customer:
    """The other side of a deal, by what it disclosed: a throw-away name says nothing of its own."""
    return Customer(urlsplit(deal.peer).netloc, _disclosed_name(deal))


def _disclosed_name(deal: Deal) -> str:
    card = disclosed_card(deal)
    name = card.get("name")
    full = name.get("full") if isinstance(name, dict) else None
    return full if isinstance(full, str) else ""


def disclosed_card(deal: Deal) -> dict[str, object]:
    """The JSContact card that the customer gave with the acceptance; empty where there is none to be read."""
    agreed = deal.agreed
    if agreed is None or agreed.disclosed is None:
        return {}
    try:
        card = json.loads(agreed.disclosed)
    except ValueError:
        return {}
    return card if isinstance(card, dict) else {}


def find_deal(desk: Desk, account: str, place: str) -> Deal | None:
    """The vendor's deal of that name; None for another's, and for what is no name."""
    deal = desk.tx.deals.get(account, named_by(place))
    return deal if deal is not None and deal.side is Sender.VENDOR and deal.account == account else None
