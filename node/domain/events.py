"""What follows from a transition, for the services to carry out in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass

from node.domain.deals import Acceptance, OfferRecord
from node.domain.errors import Reason

__all__ = ["AcceptanceEnded", "Event", "Noted", "OfferEnded", "OfferMade", "Released", "Settled"]


@dataclass(frozen=True, slots=True)
class OfferMade:
    """An offer came to life; a firm one reserves its quantity."""

    offer: OfferRecord


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """An offer came to its end without being agreed; a firm one frees what it reserved."""

    offer: OfferRecord


@dataclass(frozen=True, slots=True)
class Settled:
    """Concluded: the quantity leaves the stock, and the losers may be told."""

    acceptance: Acceptance
    offer: OfferRecord


@dataclass(frozen=True, slots=True)
class AcceptanceEnded:
    """A pending Accept was refused or lapsed: the customer is free to accept another offer."""

    acceptance: Acceptance


@dataclass(frozen=True, slots=True)
class Released:
    """An agreement ended before anything was shipped: the quantity goes back into the stock."""

    acceptance: Acceptance
    offer: OfferRecord


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that the owner should see; `code` is what pages know it by."""

    text: str
    reason: Reason | None = None
    code: str = ""


Event = OfferMade | OfferEnded | Settled | AcceptanceEnded | Released | Noted
