"""What the catalogue says to a proposal, so that a person need not type it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from node.desk import Desk
from node.domain.catalogue import CatalogueItem
from node.domain.errors import InvalidInput
from node.domain.intents import Proposal
from node.domain.matching import Judgement, Rule, Verdict, judge_wish
from node.domain.offers import Answer, Item, PricePart
from node.domain.sayings import said
from node.domain.values import Money
from node.services.quotes import item_of

__all__ = ["BY_HAND", "Goods", "find_fit", "goods_from_catalogue"]

BY_HAND = Rule("by hand", "By hand")
"""A rule that asks for nothing: what the catalogue alone says."""


@dataclass(frozen=True, slots=True)
class Goods:
    """What is offered: from the catalogue, or as the vendor names it."""

    item: Item
    price: Money | None = None
    parts: tuple[PricePart, ...] = ()
    answers: tuple[Answer, ...] = ()
    due_at: datetime | None = None


def find_fit(desk: Desk, account: str, proposal: Proposal) -> Judgement | None:
    """The item of the catalogue that fits best, with what a person must still judge; None for none."""
    return desk.tx.catalogue.best(account, proposal, (BY_HAND,), desk.now)


def goods_from_catalogue(desk: Desk, account: str, proposal: Proposal, sku: str) -> Goods:
    """An item as it would be offered for a proposal. Raises: InvalidInput."""
    item = desk.tx.catalogue.get(account, sku)
    if item is None:
        raise InvalidInput(
            "sku", said("there is no item '%(sku)s'", sku=sku), "See `obverse catalogue list`."
        )
    quantity = proposal.quantity
    if item.unit != quantity.unit:
        wrong = said("%(item)s is sold by the %(unit)s", item=item.name, unit=item.unit)
        raise InvalidInput("sku", wrong, said("Wanted: %(quantity)s.", quantity=quantity))
    if item.available is not None and item.available < quantity.value:
        raise InvalidInput(
            "sku",
            said(
                "%(left)s of %(item)s left, %(wanted)s wanted",
                left=item.available,
                item=item.name,
                wanted=quantity,
            ),
            "Import the new stock first.",
        )
    return _goods(item, proposal, desk.signing_time)


def _goods(item: CatalogueItem, proposal: Proposal, now: datetime) -> Goods:
    judged = Judgement(Verdict.DRAFT, item, BY_HAND)
    quantity = proposal.quantity.value
    is_exact = item.price.currency == proposal.currency and (item.price.amount_minor * quantity) % 1 == 0
    ready_at = now + timedelta(days=max(item.lead_days, 1))
    return Goods(
        item=item_of(item),
        price=judged.price(quantity) if is_exact else None,
        parts=judged.price_parts(quantity) if is_exact else (),
        answers=tuple(judge_wish(wish, item) for wish in proposal.wishes),
        due_at=ready_at if proposal.due_at is None else min(ready_at, proposal.due_at),
    )
