"""What a vendor answers: the offer, and the agreement that it would become if accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlsplit

from node.domain.errors import Reason, Refusal
from node.domain.sayings import said
from node.domain.values import Money, Quantity

__all__ = [
    "AgreementTerms",
    "Answer",
    "FieldAsked",
    "Item",
    "Link",
    "Meets",
    "PartKind",
    "PricePart",
    "Recurring",
    "StandingOffer",
    "check_price_parts",
    "is_trusted_link",
]


class Meets(StrEnum):
    YES = "yes"
    NO = "no"
    PARTLY = "partly"
    UNKNOWN = "unknown"


class PartKind(StrEnum):
    GOODS = "goods"
    DELIVERY = "delivery"
    TAX = "tax"
    FEE = "fee"
    DISCOUNT = "discount"


@dataclass(frozen=True, slots=True)
class Answer:
    """The vendor's word on one wish."""

    wish: str
    text: str
    meets: Meets


@dataclass(frozen=True, slots=True)
class PricePart:
    """A part of the price; a discount is taken off, everything else adds up."""

    name: str
    kind: PartKind
    amount: Money


@dataclass(frozen=True, slots=True)
class Recurring:
    """What is paid again: `amount` each `period` (ISO 8601 duration), `times` in all."""

    amount: Money
    period: str
    times: int


@dataclass(frozen=True, slots=True)
class FieldAsked:
    """What the vendor needs to know if accepted: a JSContact name and a DPV purpose."""

    attribute: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    href: str
    rel: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """What is bought, so that an agreement names it."""

    name: str
    sku: str | None = None
    gtin: str | None = None
    brand: str | None = None
    condition: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class AgreementTerms:
    """The two commitments: goods (`primary`) against money (`price`, None for a gift).

    `primary` and `reciprocal` are the ids of the intents that they satisfy.
    """

    primary: str
    quantity: Quantity
    reciprocal: str | None = None
    price: Money | None = None
    due_at: datetime | None = None
    item: Item | None = None


@dataclass(frozen=True, slots=True)
class StandingOffer:
    """A public posting: `price` a unit for whoever orders before `ends_at`. Stock is not in it.

    `digest` is that of the signed Note, which an order binds. `sku` is the vendor's own link to its catalogue
    and never leaves its node; nor do `words`, as they were typed, and `outdated_at`: when its readers were
    told that it has ended.
    """

    id: str
    author: str
    category: str
    unit: str
    per_quantity: Decimal
    minimum_quantity: Decimal
    unit_price: Decimal
    currency: str
    content: str
    url: str
    published_at: datetime
    ends_at: datetime
    terms_accepted: tuple[str, ...] = ()
    name: str | None = None
    updated_at: datetime | None = None
    digest: str = ""
    sku: str | None = None
    withdrawn_at: datetime | None = None
    outdated_at: datetime | None = None
    words: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it was neither taken back nor said to be over."""
        return self.withdrawn_at is None and self.outdated_at is None


def check_price_parts(parts: tuple[PricePart, ...], price: Money | None) -> None:
    """Parts, where given, sum to the price. Raises: Refusal(malformed). Spec: `protocol §3`."""
    if not parts:
        return
    if price is None:
        raise Refusal(Reason.MALFORMED, "price parts without a price")
    if any(part.amount.currency != price.currency for part in parts):
        raise Refusal(Reason.MALFORMED, said("a price part is not in %(currency)s", currency=price.currency))
    total = sum(
        -part.amount.amount_minor if part.kind is PartKind.DISCOUNT else part.amount.amount_minor
        for part in parts
    )
    if total != price.amount_minor:
        raise Refusal(Reason.MALFORMED, said("the price parts do not sum to %(price)s", price=price))


def is_trusted_link(href: str, vendor: str) -> bool:
    """Whether a vendor's link may be shown as a link: http(s), on the vendor's own origin (case G29)."""
    try:
        link, own = urlsplit(href), urlsplit(vendor)
    except ValueError:  # `http://[`, say: what cannot be read is not trusted
        return False
    return link.scheme in ("https", "http") and (link.scheme, link.netloc) == (own.scheme, own.netloc)
