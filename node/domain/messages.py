"""The messages of a deal as facts. Wire names stop at `node.wire`; here they are what they mean.

Every message has an envelope: `id` (of the activity), `deal_id` (its context), `actor`, `to`, `at` (signed
time) and, once signed, `digest`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from node.domain.errors import Reason
from node.domain.intents import Proposal
from node.domain.offers import AgreementTerms, Answer, FieldAsked, Link, PricePart, Recurring
from node.domain.values import Money, Quantity

__all__ = [
    "Accept",
    "Ask",
    "Aspect",
    "Cancel",
    "CancelAccept",
    "CancelReject",
    "Cast",
    "Conclude",
    "Confirm",
    "Counter",
    "Decline",
    "Feedback",
    "Kind",
    "Message",
    "NoBid",
    "Offer",
    "Order",
    "OrderAccept",
    "Progress",
    "Receipt",
    "Refuse",
    "Sender",
    "Shortlist",
    "Stage",
    "Undo",
    "Update",
    "Withdraw",
]


class Sender(StrEnum):
    """Who speaks: one of the two parties, or the clock."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    CLOCK = "clock"


class Kind(StrEnum):
    CAST = "cast"
    UPDATE = "update"
    WITHDRAW = "withdraw"
    ASK = "ask"
    NO_BID = "no bid"
    OFFER = "offer"
    UNDO = "undo"
    SHORTLIST = "shortlist"
    COUNTER = "counter"
    ACCEPT = "accept"
    CONCLUDE = "conclude"
    DECLINE = "decline"
    ORDER = "order"
    ORDER_ACCEPT = "order accepted"
    CANCEL = "cancel"
    CANCEL_ACCEPT = "cancellation accepted"
    CANCEL_REJECT = "cancellation rejected"
    PROGRESS = "progress"
    RECEIPT = "receipt"
    CONFIRM = "confirm"
    FEEDBACK = "feedback"
    REFUSE = "refuse"
    TICK = "tick"


class Stage(StrEnum):
    PAID = "paid"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    DONE = "done"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    kind: ClassVar[Kind]
    id: str
    deal_id: str
    actor: str
    to: str
    at: datetime
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast(Message):
    kind = Kind.CAST
    proposal: Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(Message):
    kind = Kind.UPDATE
    proposal: Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Message):
    kind = Kind.WITHDRAW
    proposal_id: str
    proposal_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Message):
    """A question, an answer, or any word on the deal."""

    kind = Kind.ASK
    note_id: str
    in_reply_to: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBid(Message):
    kind = Kind.NO_BID
    cast_id: str
    proposal_digest: str
    reason: str
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Message):
    """`agreement_digest` is that of the agreement as it stands in the message, unknown members included."""

    kind = Kind.OFFER
    proposal_digest: str
    agreement: AgreementTerms
    agreement_digest: str
    ends_at: datetime
    firm: bool | None = None
    supersedes: str | None = None
    terms_accepted: tuple[str, ...] = ()
    content: str | None = None
    answers: tuple[Answer, ...] = ()
    price_parts: tuple[PricePart, ...] = ()
    recurring: Recurring | None = None
    fields_asked: tuple[FieldAsked, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Message):
    """The vendor withdraws an offer."""

    kind = Kind.UNDO
    offer_id: str
    offer_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortlist(Message):
    kind = Kind.SHORTLIST
    offer_id: str
    offer_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Message):
    """Ends one offer and states the proposal anew."""

    kind = Kind.COUNTER
    offer_id: str
    offer_digest: str
    proposal: Proposal
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(Message):
    """`disclosed` is a JSContact Card as JSON text; `feedback_key` a fresh did:key."""

    kind = Kind.ACCEPT
    offer_id: str
    offer_digest: str
    agreement_id: str
    agreement: AgreementTerms
    agreement_digest: str
    terms: tuple[str, ...]
    ends_at: datetime
    feedback_key: str
    disclosed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclude(Message):
    """`credential` is the purchase credential as JSON text, with the vendor's proof in it."""

    kind = Kind.CONCLUDE
    accept_id: str
    offer_digest: str
    accept_digest: str
    credential: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(Message):
    kind = Kind.DECLINE
    offer_id: str
    offer_digest: str
    reason: str | None = None
    may_answer: bool | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Message):
    """The one-off path: the customer offers an agreement that binds a public posting."""

    kind = Kind.ORDER
    post_digest: str
    agreement: AgreementTerms
    agreement_digest: str
    ends_at: datetime
    feedback_key: str
    terms: tuple[str, ...] = ()
    disclosed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccept(Message):
    """The vendor's Accept of an order *is* the conclusion; the vendor owns the agreement."""

    kind = Kind.ORDER_ACCEPT
    order_id: str
    order_digest: str
    agreement_id: str
    agreement: AgreementTerms
    agreement_digest: str
    terms: tuple[str, ...]
    credential: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Message):
    kind = Kind.CANCEL
    accept_digest: str
    ends_at: datetime
    reason: str
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAccept(Message):
    kind = Kind.CANCEL_ACCEPT
    cancel_id: str
    cancel_digest: str
    accept_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReject(Message):
    kind = Kind.CANCEL_REJECT
    cancel_id: str
    cancel_digest: str
    accept_digest: str
    reason: str | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Message):
    """`quantity` for goods, `amount` for money (paid, refunded)."""

    kind = Kind.PROGRESS
    event_id: str
    accept_digest: str
    fulfills: str
    stage: Stage
    happened_at: datetime
    quantity: Quantity | None = None
    amount: Money | None = None
    action: str = "transfer"
    name: str | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Message):
    """A verifiable credential of the vendor; `credential` is its JSON text, proof included."""

    kind = Kind.RECEIPT
    accept_digest: str
    receipt_id: str
    agreement_id: str
    category: str
    total: Money | None
    valid_from: datetime
    credential: str
    return_until: str | None = None
    guarantee_until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Message):
    kind = Kind.CONFIRM
    document_id: str
    accept_digest: str
    agreement_id: str
    receipt_id: str | None = None


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing liked or disliked, in words; `mood` is optional and never a score."""

    name: str
    content: str
    mood: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(Message):
    """Private to the vendor. Public feedback is a post of its own (`node.domain.feedback`)."""

    kind = Kind.FEEDBACK
    note_id: str
    accept_digest: str
    content: str
    aspects: tuple[Aspect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Message):
    """`object_id` was refused; `digest_member` names which digest of it `object_digest` is on the wire."""

    kind = Kind.REFUSE
    object_id: str
    reason: Reason
    object_digest: str | None = None
    digest_member: str = "digest"
    content: str | None = None
