"""Buying from a standing offer: found in public, proven to be its author's, ordered with what proves it kept.

Reads the network before the use case runs, so it stands above services and lookups; every front uses it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from federation.errors import FederationError
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.deals import Deal
from node.domain.errors import InvalidInput, Refusal
from node.domain.messages import Sender
from node.domain.offers import StandingOffer
from node.domain.sayings import said
from node.services.orders import Purchase, buy, keep_posting
from node.wire.html import plain_text
from node.wire.postings import is_posting, parse_posting
from node.workflows.lookups import SeenActor, fetch_post, find_contact, see_actor

__all__ = ["Found", "find_standing_offer", "list_standing_offers", "order", "vendor_of"]

KIND = "standing offer"
NAME_CHARS = 120
_LAST_DEALS = 20
MOST_LISTED = 20
"""So many standing offers of one vendor are looked at; each is a request to its server."""


@dataclass(frozen=True, slots=True)
class Found:
    """A standing offer as its author's server shows it now, and its exact bytes."""

    posting: StandingOffer
    body: bytes = field(repr=False)


async def find_standing_offer(node: Node, url: str) -> Found:
    """The standing offer at an address, proven to be its author's. Raises: InvalidInput."""
    post = await fetch_post(node, url)
    if not is_posting(post.document):
        raise InvalidInput("url", "that post is no standing offer", "Take the link from the vendor's page.")
    try:
        posting = parse_posting(post.document)
    except Refusal as error:
        raise InvalidInput(
            "url", said("the standing offer cannot be read: %(error)s", error=error.detail), "Ask the vendor."
        ) from None
    # An ordinary post has no name: its first line is what the agreement says was bought.
    first_line = plain_text(posting.content).partition("\n")[0][:NAME_CHARS]
    return Found(replace(posting, name=posting.name or first_line or None), post.body)


async def list_standing_offers(node: Node, vendor: Contact) -> tuple[Found, ...]:
    """What a vendor sells at once, newest first, as its collection `featured` names it; each is proven.

    A post that cannot be read, or is no standing offer, is left out. Raises: InvalidInput when the vendor's
    server does not answer.
    """
    found: list[Found] = []
    for address in await _featured(node, vendor):
        try:
            one = await find_standing_offer(node, address)
        except InvalidInput:
            continue
        if one.posting.author == vendor.actor and one.posting.ends_at > node.now():
            found.append(one)
    return tuple(found)


async def _featured(node: Node, vendor: Contact) -> list[str]:
    try:
        if vendor.actor.startswith(f"{node.config.base_url}/"):
            posts = await node.look(
                lambda desk: desk.tx.posts.all(vendor.actor, "standing offer", limit=MOST_LISTED)
            )
            return [post.id for post in posts]
        seen = await see_actor(node, vendor.actor)
        collection = seen.actor.raw.get("featured")
        if not isinstance(collection, str):
            return []
        return await _items(node, collection)
    except (FederationError, OSError) as error:
        raise InvalidInput(
            "vendor",
            said("%(vendor)s could not be asked: %(error)s", vendor=vendor.handle, error=error),
            "Try again in a while.",
        ) from None


def _own_offers(desk: Desk, author: str) -> list[str]:
    return [post.id for post in desk.tx.posts.all(author, KIND, limit=MOST_LISTED)]


async def _items(node: Node, collection: str) -> list[str]:
    """The ids in a collection: in itself, or on its first page."""
    document = (await node.fetcher.fetch(collection)).json
    first = document.get("first")
    if isinstance(first, str):
        document = (await node.fetcher.fetch(first)).json
    listed = document.get("orderedItems")
    items = listed if isinstance(listed, list) else []
    return [address for item in items[:MOST_LISTED] if (address := _id_of(item))]


def _id_of(item: object) -> str:
    if isinstance(item, dict):
        item = item.get("id")
    return item if isinstance(item, str) else ""


async def vendor_of(node: Node, account: Account, posting: StandingOffer) -> Contact:
    """Who sells it, remembered among the account's contacts. Raises: InvalidInput."""
    return await find_contact(node, account, posting.author)


async def order(
    node: Node, account: Account, found: Found, purchase: Purchase, *, shown_at: datetime | None = None
) -> Deal:
    """Order with a throw-away persona: no follow, no grant. Raises: InvalidInput, Refusal.

    Units: `shown_at` is when the buyer saw the form; what she has ordered by it already is given again.
    """
    posting = found.posting
    vendor = await vendor_of(node, account, posting)
    seen: SeenActor = await see_actor(node, posting.author)

    def work(desk: Desk) -> Deal:
        done = _ordered_since(desk, account, posting, shown_at) if shown_at is not None else None
        if done is not None:
            return done
        deal = buy(desk, account, vendor, posting, purchase)
        document = desk.tx.documents.save(seen.actor.id, seen.body, seen.fetched_at)
        keep_posting(desk, deal, posting, found.body, document=document)
        return deal

    return await node.work(work)


def _ordered_since(desk: Desk, account: Account, posting: StandingOffer, shown_at: datetime) -> Deal | None:
    """What a second tap finds: her order of this very posting, made after the form was shown."""
    for _, deal in desk.tx.deals.page(account.id, limit=_LAST_DEALS):
        is_it = deal.post_id == posting.id and deal.side is Sender.CUSTOMER
        if is_it and deal.created_at is not None and deal.created_at >= shown_at:
            return deal
    return None
