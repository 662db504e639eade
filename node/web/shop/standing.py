"""The vendor's standing offers: what is open to everybody, and what it may be made of."""

from __future__ import annotations

from dataclasses import dataclass

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.catalogue import CatalogueItem
from node.domain.offers import StandingOffer
from node.services.orders import KIND

__all__ = ["StandingView", "item_to_offer", "own_offer", "standing_view"]


@dataclass(frozen=True, slots=True)
class StandingView:
    """`running` may be ordered from, newest first; `over` has run out."""

    running: tuple[StandingOffer, ...]
    over: tuple[StandingOffer, ...]
    has_catalogue: bool


def standing_view(desk: Desk, account: Account) -> StandingView:
    posts = desk.tx.posts.all(account.id, KIND)
    offers = [offer for post in posts if (offer := desk.tx.posts.offer(post.id)) is not None]
    return StandingView(
        running=tuple(offer for offer in offers if offer.ends_at > desk.now),
        over=tuple(offer for offer in offers if offer.ends_at <= desk.now),
        has_catalogue=bool(desk.tx.catalogue.all(account.id, limit=1)),
    )


def own_offer(desk: Desk, account: Account, post_id: str) -> StandingOffer | None:
    """A standing offer of this account that was not taken back."""
    offer = desk.tx.posts.offer(post_id)
    is_own = offer is not None and offer.author == account.id and offer.withdrawn_at is None
    return offer if is_own else None


def item_to_offer(desk: Desk, account: Account, sku: str) -> CatalogueItem | None:
    return desk.tx.catalogue.get(account.id, sku)
