"""What becomes of a standing offer: stated anew, and said to be outdated once it has ended.

It is the same post all along: who follows is sent an Update, which puts nothing into a timeline twice. An
order that cites what it said before is answered by `services.orders`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.offers import StandingOffer
from node.domain.sayings import said
from node.domain.values import CURRENCIES, UNITS, Money
from node.sending import attest, publish
from node.store.ports import Post

__all__ = ["LONGEST", "change_offer", "content_of", "tell_of_ends"]

LONGEST = timedelta(days=90)


def content_of(offer: StandingOffer, *, is_over: bool = False) -> str:
    """The words of a standing offer's post. The first line is what an agreement names the thing by."""
    unit = "each" if offer.unit == "one" else f"a {offer.unit}"
    minor = int(offer.unit_price.scaleb(CURRENCIES[offer.currency].exponent))
    if is_over:
        fact = f"Outdated since {offer.ends_at:%d %B %Y}: please ask again."
    else:
        fact = f"{Money(minor, offer.currency)} {unit}, until {offer.ends_at:%d %B %Y}."
    facts = f"{offer.name}\n{fact}"
    return attest.html_of(f"{facts}\n\n{offer.words}" if offer.words else facts)


def change_offer(
    desk: Desk,
    account: Account,
    post_id: str,
    *,
    price: Money | None = None,
    minimum: Decimal | None = None,
    lasts: timedelta | None = None,
    words: str | None = None,
) -> StandingOffer:
    """State it anew: what is None stays; one that has run out stands again where it is given a new end.

    Shapes: `words` are plain, "" for none.
    Units:  `lasts` is from now on.
    Raises: InvalidInput.
    """
    post, offer = desk.tx.posts.get(post_id), desk.tx.posts.offer(post_id)
    if post is None or offer is None or post.account != account.id or post.deleted_at is not None:
        raise InvalidInput("offer", "there is no such standing offer", "It may have been taken back already.")
    if lasts is None and offer.ends_at <= desk.now:
        raise InvalidInput("until", "it has ended", "Say how long it stands from now on.")
    if lasts is not None and not timedelta(0) < lasts <= LONGEST:
        raise InvalidInput("until", "a standing offer lasts at most 90 days", "Choose an earlier end.")
    if price is not None and price.currency != offer.currency:
        wrong = said("it is sold in %(currency)s", currency=offer.currency)
        raise InvalidInput("price", wrong, "Publish another offer in that currency.")
    least = offer.minimum_quantity if minimum is None else minimum
    if least <= 0 or (least % 1 and not UNITS[offer.unit].divisible):
        raise InvalidInput("least", "that cannot be ordered", "Write a whole number, from 1 on.")
    stated = replace(
        offer,
        unit_price=offer.unit_price if price is None else _unit_price(price),
        minimum_quantity=least,
        ends_at=offer.ends_at if lasts is None else desk.signing_time + lasts,
        words=offer.words if words is None else words.strip(),
        terms_accepted=account.terms_accepted,
        outdated_at=None,
    )
    if stated == offer:
        return offer
    return _state_anew(desk, account, post, replace(stated, content=content_of(stated)))


def _unit_price(price: Money) -> Decimal:
    return Decimal(price.amount_minor).scaleb(-CURRENCIES[price.currency].exponent)


def _state_anew(desk: Desk, account: Account, post: Post, offer: StandingOffer) -> StandingOffer:
    at = desk.after(offer.updated_at or offer.published_at)
    offer, note, body = attest.sign_posting(desk, replace(offer, updated_at=at))
    desk.tx.posts.save(replace(post, body=body))
    desk.tx.posts.save_offer(account.id, offer)
    publish.post_to_readers(
        desk, account, attest.build_update(note), post.id, to_followers=True, named=post.named
    )
    return offer


def tell_of_ends(desk: Desk, now: datetime, limit: int) -> int:
    """Say of those that have ended that they are outdated, each once; how many there were.

    Units: `now` is how far the clock may strike; no order that waits has come before it.
    """
    ended = desk.tx.posts.run_out(now, limit)
    for post_id in ended:
        offer, post = desk.tx.posts.offer(post_id), desk.tx.posts.get(post_id)
        account = desk.tx.accounts.get(offer.author) if offer is not None else None
        if offer is None or post is None:
            continue
        over = replace(offer, outdated_at=desk.now)
        if account is None or post.deleted_at is not None:
            desk.tx.posts.save_offer(post.account, over)
            continue
        _state_anew(desk, account, post, replace(over, content=content_of(over, is_over=True)))
    return len(ended)
