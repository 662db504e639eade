"""One deal as one side holds it: its state, and the record of everything that binds.

A deal is addressed by (own actor, deal id), since both parties may live on one node. Values only; what may
happen when is in `tables`, what happens then is in `transitions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from node.domain.edits import replace
from node.domain.errors import Reason
from node.domain.intents import Proposal
from node.domain.messages import Sender, Stage
from node.domain.offers import AgreementTerms, FieldAsked
from node.domain.values import Money, Quantity

__all__ = [
    "Acceptance",
    "AcceptanceState",
    "Cancellation",
    "CancellationState",
    "Deal",
    "DealKind",
    "DealState",
    "OfferRecord",
    "OfferState",
    "ProgressRecord",
    "ReceiptRecord",
]


class DealKind(StrEnum):
    """A deal from an intent, or an order of a standing offer."""

    INTENT = "intent"
    ORDER = "order"


class DealState(StrEnum):
    NEW = "new"
    OPEN = "open"
    OFFERED = "offered"
    COUNTERED = "countered"
    ORDERED = "ordered"
    ACCEPTING = "accepting"
    CONCLUDED = "concluded"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    CONFIRMED = "confirmed"
    ANSWERABLE = "declined, a better offer is welcome"
    DECLINED = "declined"
    NO_BID = "no bid"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REFUSED = "refused"


class OfferState(StrEnum):
    LIVE = "live"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    COUNTERED = "countered"
    DECLINED = "declined"
    EXPIRED = "expired"
    REFUSED = "refused"
    ACCEPTED = "accepted"


class AcceptanceState(StrEnum):
    PENDING = "pending"
    CONCLUDED = "concluded"
    REFUSED = "refused"
    LAPSED = "lapsed"
    """The customer's clock passed its end without a conclusion."""
    RELEASED = "released"
    """Concluded too late: both sides are free."""


class CancellationState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class OfferRecord:
    """An offer of this deal (or the customer's order) and what became of it."""

    id: str
    digest: str
    agreement: AgreementTerms
    agreement_digest: str
    received_at: datetime
    ends_at: datetime
    firm: bool = False
    state: OfferState = OfferState.LIVE
    proposal_id: str = ""
    proposal_digest: str = ""
    """Of the statement of the proposal that it answers."""
    terms: tuple[str, ...] = ()
    fields_asked: tuple[FieldAsked, ...] = ()
    shortlisted: bool = False
    feedback_key: str = ""
    """On the one-off path: the order names it."""
    fate: OfferState | None = None
    """What it becomes if the Accept that is under way fails: a withdrawal or a newer offer crossed it."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An Accept and what became of it. On the one-off path `id` and `digest` are the vendor's Accept."""

    id: str
    digest: str
    offer_id: str
    offer_digest: str
    agreement_id: str
    ends_at: datetime
    feedback_key: str = ""
    disclosed: str | None = None
    state: AcceptanceState = AcceptanceState.PENDING
    conclusion_id: str | None = None
    conclusion_digest: str | None = None
    concluded_at: datetime | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    id: str
    digest: str
    by: Sender
    ends_at: datetime
    reason: str
    state: CancellationState = CancellationState.PENDING


@dataclass(frozen=True, slots=True)
class ProgressRecord:
    stage: Stage
    by: Sender
    happened_at: datetime
    quantity: Quantity | None = None
    amount: Money | None = None
    name: str | None = None
    recorded_at: datetime | None = None
    """When this side heard of it (or said it), by its own clock."""


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    id: str
    digest: str
    credential: str
    received_at: datetime
    return_until: str | None = None
    guarantee_until: str | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    id: str
    own: str
    peer: str
    side: Sender
    account: str
    kind: DealKind = DealKind.INTENT
    state: DealState = DealState.NEW
    created_at: datetime | None = None
    peer_inbox: str = ""
    intent_id: str | None = None
    category: str = ""
    post_id: str | None = None
    cast_id: str = ""
    cast_digest: str = ""
    proposal: Proposal | None = None
    proposal_digest: str = ""
    statement_id: str = ""
    past_digests: tuple[str, ...] = ()
    offers: tuple[OfferRecord, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    cancellations: tuple[Cancellation, ...] = ()
    progress: tuple[ProgressRecord, ...] = ()
    receipt: ReceiptRecord | None = None
    rounds: int = 0
    questions: int = 0
    notes: int = 0
    counter_pending: bool = False
    no_bid: bool = False
    refused: Reason | None = None
    declined: bool = False
    better_offer_used: bool = False
    decline_reason: str | None = None
    answer_by: datetime | None = None
    confirmed_at: datetime | None = None
    presumed: bool = False
    withdrawn_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def live_offers(self) -> tuple[OfferRecord, ...]:
        return tuple(offer for offer in self.offers if offer.state is OfferState.LIVE)

    @property
    def acceptance(self) -> Acceptance | None:
        """The pending or concluded one, else the last."""
        for found in reversed(self.acceptances):
            if found.state in (AcceptanceState.PENDING, AcceptanceState.CONCLUDED):
                return found
        return self.acceptances[-1] if self.acceptances else None

    @property
    def agreed(self) -> Acceptance | None:
        """The concluded acceptance: the agreement of record."""
        for found in self.acceptances:
            if found.state is AcceptanceState.CONCLUDED:
                return found
        return None

    @property
    def agreement(self) -> AgreementTerms | None:
        """What was agreed."""
        agreed = self.agreed
        offer = self.offer(agreed.offer_id) if agreed else None
        return offer.agreement if offer else None

    def offer(self, offer_id: str) -> OfferRecord | None:
        return next((offer for offer in self.offers if offer.id == offer_id), None)

    def offer_by_digest(self, digest: str) -> OfferRecord | None:
        return next((offer for offer in self.offers if offer.digest == digest), None)

    def acceptance_by_digest(self, digest: str) -> Acceptance | None:
        return next((found for found in self.acceptances if found.digest == digest), None)

    def cancellation(self, cancel_id: str) -> Cancellation | None:
        return next((found for found in self.cancellations if found.id == cancel_id), None)

    @property
    def pending_cancellations(self) -> tuple[Cancellation, ...]:
        return tuple(found for found in self.cancellations if found.state is CancellationState.PENDING)

    # --- what has been done ---------------------------------------------------------------------------

    def _goods(self, *stages: Stage) -> Decimal:
        done = (record.quantity for record in self.progress if record.stage in stages)
        return sum((quantity.value for quantity in done if quantity is not None), Decimal(0))

    def dispatched(self) -> Decimal:
        """How much of the goods was dispatched."""
        return self._goods(Stage.DISPATCHED)

    def delivered(self) -> Decimal:
        """How much of the goods was delivered or done."""
        return self._goods(Stage.DELIVERED, Stage.DONE)

    def paid_minor(self) -> int:
        """What was paid less what was refunded, in minor units."""
        return sum(
            (1 if record.stage is Stage.PAID else -1) * record.amount.amount_minor
            for record in self.progress
            if record.stage in (Stage.PAID, Stage.REFUNDED) and record.amount is not None
        )

    @property
    def has_shipped(self) -> bool:
        return any(
            record.by is Sender.VENDOR and record.stage is not Stage.REFUNDED for record in self.progress
        )

    @property
    def goods_fulfilled(self) -> bool:
        agreement = self.agreement
        return agreement is not None and self.delivered() >= agreement.quantity.value

    @property
    def money_fulfilled(self) -> bool:
        agreement = self.agreement
        if agreement is None:
            return False
        return agreement.price is None or self.paid_minor() >= agreement.price.amount_minor

    @property
    def is_fulfilled(self) -> bool:
        """Both commitments are fulfilled: nothing is left to cancel."""
        return self.goods_fulfilled and self.money_fulfilled

    def delivered_whole_at(self) -> datetime | None:
        """When this side had heard that the whole quantity was delivered or done.

        Not when it is said to have happened: a back-dated word would leave no time to object.
        """
        agreement = self.agreement
        total = Decimal(0)
        for record in self.progress:
            if record.stage in (Stage.DELIVERED, Stage.DONE) and record.quantity is not None:
                total += record.quantity.value
                if agreement is not None and total >= agreement.quantity.value:
                    return record.recorded_at or record.happened_at
        return None

    # --- clocks -----------------------------------------------------------------------------------------

    def wake_at(self, presume_after: timedelta) -> datetime | None:
        """When the clock next has something to say about this deal; None when it never will."""
        times: list[datetime] = []
        if self.state in (DealState.OPEN, DealState.OFFERED, DealState.COUNTERED, DealState.ANSWERABLE):
            times += [offer.ends_at for offer in self.live_offers]
            if self.answer_by is not None:
                times.append(self.answer_by)
            elif self.proposal is not None and not self.live_offers:
                times.append(self.proposal.ends_at)
        elif self.state in (DealState.ACCEPTING, DealState.ORDERED):
            times += [found.ends_at for found in self.acceptances if found.state is AcceptanceState.PENDING]
            if self.state is DealState.ORDERED:
                times += [offer.ends_at for offer in self.live_offers]
        elif self.state in (DealState.CONCLUDED, DealState.CANCELLING):
            times += [found.ends_at for found in self.pending_cancellations]
            delivered_at = self.delivered_whole_at()
            if delivered_at is not None:
                times.append(delivered_at + presume_after)
        return min(times, default=None)

    # --- small edits, each a new value --------------------------------------------------------------

    def with_offer(self, changed: OfferRecord) -> Deal:
        return replace(
            self, offers=tuple(changed if offer.id == changed.id else offer for offer in self.offers)
        )

    def with_acceptance(self, changed: Acceptance) -> Deal:
        return replace(
            self,
            acceptances=tuple(changed if found.id == changed.id else found for found in self.acceptances),
        )

    def with_cancellation(self, changed: Cancellation) -> Deal:
        return replace(
            self,
            cancellations=tuple(changed if found.id == changed.id else found for found in self.cancellations),
        )
