"""Acting in a deal: one path for everything that a user of ours, or a rule, does.

apply → sign → keep → queue, in one transaction. What a transition entails (stock, losers, notices) follows in
the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from node.desk import Desk
from node.domain.deals import Deal, DealKind, OfferRecord
from node.domain.errors import InvalidInput, Reason
from node.domain.events import Event, Noted
from node.domain.messages import Message, Sender
from node.domain.sayings import said
from node.domain.transitions import apply
from node.sending import attest, publish
from node.services.stock import follow_stock
from node.store.ports import Notice

__all__ = ["act", "envelope", "find_deal", "follow_events", "notice", "offer_named", "save"]


def envelope(desk: Desk, deal: Deal, *, at: datetime | None = None) -> dict[str, Any]:
    """The members that every message of ours in this deal has."""
    return {
        "id": desk.iri("activities"),
        "deal_id": deal.id,
        "actor": deal.own,
        "to": deal.peer,
        "at": at or desk.signing_time,
    }


def save(desk: Desk, deal: Deal) -> None:
    """Store a deal with the time at which its clock next speaks."""
    desk.tx.deals.save(deal, deal.wake_at(desk.setting.policy.presume_after))


def act(
    desk: Desk, deal: Deal, message: Message, *, answers: str = "", due_at: datetime | None = None
) -> tuple[Deal, tuple[Event, ...]]:
    """Let our side do something: the deal as it is then, and what followed.

    Raises: Refusal in words for our own user; nothing is written then.
    """
    policy = desk.setting.policy
    apply(deal, message, sender=deal.side, now=desk.now, policy=policy)  # refuse before anything is signed
    signed = attest.sign(desk, message)
    outcome = apply(deal, signed.message, sender=deal.side, now=desk.now, policy=policy)
    follow_events(desk, outcome.deal, outcome.events)
    save(desk, outcome.deal)
    publish.send(desk, signed, outcome.deal, answers=answers, due_at=due_at)
    return outcome.deal, outcome.events


def follow_events(desk: Desk, deal: Deal, events: Iterable[Event]) -> None:
    """Stock and notices of one transition. Raises: Refusal(outOfStock)."""
    events = tuple(events)
    if deal.side is Sender.VENDOR:
        follow_stock(desk, deal.account, events, sku_of=lambda offer: sku_of(desk, deal, offer))
    for event in events:
        if isinstance(event, Noted):
            notice(desk, deal, event.text, reason=event.reason, code=event.code)


def sku_of(desk: Desk, deal: Deal, offer: OfferRecord) -> str | None:
    """Which catalogue item an offer or order is about: by its posting, else by the item that it names."""
    if deal.kind is DealKind.ORDER and deal.post_id:
        posting = desk.tx.posts.offer(deal.post_id)
        return posting.sku if posting else None
    return offer.agreement.item.sku if offer.agreement.item else None


def notice(
    desk: Desk,
    deal: Deal,
    text: str,
    *,
    kind: str = "deal",
    reason: Reason | None = None,
    code: str = "",
    **values: str,
) -> None:
    """A line for the owner about this deal.

    Shapes: `text` is for the command line; pages say it by `code`, else by `kind`, with `values`.
    """
    desk.tx.notices.add(Notice(deal.account, desk.now, text, kind, deal.id, reason, code=code, values=values))


def find_deal(desk: Desk, account: str, reference: str) -> Deal:
    """The one deal that a user names by its id, or by the end of its id or of an offer's.

    Raises: InvalidInput.
    """
    found = desk.tx.deals.find(account, reference.rsplit("/", 1)[-1]) if len(reference) >= 4 else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise InvalidInput(
            "deal",
            said("no deal or offer ends with '%(reference)s'", reference=reference),
            "List them with `obverse offers`.",
        )
    wrong = said("%(n)s deals end with '%(reference)s'", n=len(found), reference=reference)
    raise InvalidInput("deal", wrong, "Write more of its id.")


def offer_named(deal: Deal, reference: str) -> OfferRecord:
    """The offer that a user names, or the one live offer of the deal. Raises: InvalidInput."""
    ending = reference.rsplit("/", 1)[-1]
    named = [offer for offer in deal.offers if offer.id.endswith(ending)]
    if len(named) == 1:
        return named[0]
    if len(deal.live_offers) == 1:
        return deal.live_offers[0]
    if not deal.live_offers:
        raise InvalidInput(
            "offer",
            said("the deal is %(state)s; no offer is live", state=deal.state),
            "See `obverse offers --all`.",
        )
    raise InvalidInput("offer", "several offers are live in this deal", "Name one by the end of its id.")
