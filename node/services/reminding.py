"""Reminds a person of offers that are about to end, once each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from node.desk import Desk
from node.domain.accounts import AccountKind
from node.domain.deals import Deal, DealState, OfferRecord
from node.domain.messages import Sender
from node.domain.values import format_time
from node.services.dealing import notice

__all__ = ["CODE", "find_ending", "remind"]

CODE = "ends-soon"
_AT_MOST = timedelta(hours=24)
_LOOKED_AT = 50
_NOTICES_LOOKED_AT = 100


def find_ending(desk: Desk) -> list[tuple[Deal, OfferRecord]]:
    """Live offers to persons here of which a quarter of the time is left, at most a day, and not told yet."""
    return [
        found
        for account in desk.tx.accounts.all()
        if account.kind is AccountKind.PERSON
        for deal in desk.tx.overview.pressing(account.id, (DealState.OFFERED,), limit=_LOOKED_AT)
        if deal.side is Sender.CUSTOMER
        for found in _ending(desk, deal)
    ]


def _ending(desk: Desk, deal: Deal) -> Iterator[tuple[Deal, OfferRecord]]:
    for offer in deal.live_offers:
        ahead = min(_AT_MOST, (offer.ends_at - offer.received_at) / 4)
        if offer.ends_at - ahead <= desk.now < offer.ends_at and not _is_told(desk, deal, offer):
            yield deal, offer


def _is_told(desk: Desk, deal: Deal, offer: OfferRecord) -> bool:
    told = desk.tx.notices.all(deal.account, deal_id=deal.id, limit=_NOTICES_LOOKED_AT)
    return any(one.code == CODE and one.values.get("offer") == offer.digest for one in told)


def remind(desk: Desk) -> int:
    """Write a line for each of them; how many that were."""
    found = find_ending(desk)
    for deal, offer in found:
        until = format_time(offer.ends_at)
        text = f"An offer ends at {until}."
        notice(desk, deal, text, kind="clock", code=CODE, offer=offer.digest, until=until)
    return len(found)
