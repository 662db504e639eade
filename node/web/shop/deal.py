"""One deal as its vendor sees it: what is wanted, what was offered, agreed and done, what was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from federation.messages import Limits
from node.desk import Desk
from node.domain.deals import Cancellation, Deal, DealState, OfferRecord, OfferState, ReceiptRecord
from node.domain.intents import Proposal, Wish
from node.domain.messages import Ask, Cast, Feedback, Kind, Offer, Sender, Update
from node.domain.offers import AgreementTerms, Answer, PricePart
from node.domain.tables import TABLES, is_terminal
from node.domain.values import Money, Quantity
from node.queries.records import Record, read_records
from node.web.deal_reads import ref_of, stated_day, words_of
from node.web.events import mark_of
from node.web.shop.deals import (
    TO_ANSWER,
    Customer,
    Needs,
    customer_of,
    disclosed_card,
    needs_of,
    place_of,
)
from node.web.shop.inbox import Fit, fit_of, title_of

__all__ = ["Agreed", "DealView", "OfferLine", "Said", "deal_view", "seen_mark"]

_STAGES: Mapping[DealState, int] = {
    DealState.NEW: 0,
    DealState.OPEN: 1,
    DealState.COUNTERED: 2,
    DealState.ANSWERABLE: 2,
    DealState.OFFERED: 2,
    DealState.ORDERED: 3,
    DealState.ACCEPTING: 3,
    DealState.CONCLUDED: 4,
    DealState.CANCELLING: 4,
    DealState.CONFIRMED: 5,
}
"""How many of the five stages were reached."""


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One offer of ours. `message` is it as it was sent, None for a customer's order."""

    offer: OfferRecord
    message: Offer | None
    can_withdraw: bool = False

    @property
    def parts(self) -> tuple[PricePart, ...]:
        return self.message.price_parts if self.message else ()

    @property
    def answers(self) -> tuple[Answer, ...]:
        return self.message.answers if self.message else ()

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.message.content) if self.message else ()


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was agreed, and how far it is done. `disclosed` are (field, value) of the customer's card.

    Shapes: `reference` is what the customer's page names too: the end of the agreement's id.
    """

    terms: AgreementTerms
    reference: str
    concluded_at: datetime | None
    disclosed: tuple[tuple[str, str], ...]
    dispatched: Quantity
    delivered: Quantity
    paid: Money | None
    goods_done: bool
    money_done: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A message between the two; `is_ours` says whose. `record` has its signature and delivery."""

    at: datetime
    is_ours: bool
    words: tuple[str, ...]
    record: Record = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DealView:
    """A deal.

    Shapes: `stage` counts the stages that were reached, `failed` says that it ended there; `can` are the
            kinds of message that may be sent now; `seen` stands for what was shown, so that an act upon
            something else is asked about again; `use_until` is how long the customer's words may be used as
            their terms say, None for as long as the agreement lasts; `draft` is what a rule left for a
            person.
    """

    place: str
    title: str
    customer: Customer
    state: DealState
    needs: Needs
    stage: int
    failed: bool
    can: frozenset[Kind]
    seen: str
    proposal: Proposal | None
    wishes: tuple[Wish, ...]
    wanted: tuple[str, ...]
    answer_by: datetime | None
    fit: Fit | None
    draft: str
    offers: tuple[OfferLine, ...]
    agreed: Agreed | None
    receipt: ReceiptRecord | None
    asked_to_cancel: Cancellation | None
    our_cancellation: Cancellation | None
    said: tuple[Said, ...]
    feedback: tuple[Feedback, ...]
    records: tuple[Record, ...]
    terms: tuple[str, ...]
    use_until: datetime | None
    is_over: bool
    reason: str
    refused: str
    presumed: bool
    unread: bool = False

    @property
    def return_until(self) -> datetime | None:
        return stated_day(self.receipt.return_until) if self.receipt is not None else None

    @property
    def guarantee_until(self) -> datetime | None:
        return stated_day(self.receipt.guarantee_until) if self.receipt is not None else None


def seen_mark(deal: Deal) -> str:
    """What stands for a deal as it was shown."""
    return mark_of(
        (
            deal.state.value,
            deal.proposal_digest,
            [(offer.id, offer.state.value) for offer in deal.offers],
            len(deal.progress),
            [(one.id, one.state.value) for one in deal.cancellations],
            deal.receipt is not None,
        )
    )


def deal_view(desk: Desk, deal: Deal, limits: Limits) -> DealView:
    records = tuple(read_records(desk, deal, limits))
    proposal = deal.proposal
    theirs = [one for one in deal.pending_cancellations if one.by is Sender.CUSTOMER]
    ours = [one for one in deal.pending_cancellations if one.by is Sender.VENDOR]
    can = kinds_that_may_be_sent(deal)
    told = _told(records) or proposal
    said = tuple(_said(records))
    return DealView(
        place=place_of(deal.id),
        title=(told.name if told else None) or title_of(deal),
        customer=customer_of(deal),
        state=deal.state,
        needs=needs_of(deal),
        stage=_stage(deal),
        failed=is_terminal(deal.state) and deal.state is not DealState.CONFIRMED,
        can=can,
        seen=seen_mark(deal),
        proposal=proposal,
        wishes=told.wishes if told else (),
        wanted=words_of(told.content) if told and told.content else (),
        answer_by=deal.answer_by or (proposal.ends_at if proposal and deal.state in TO_ANSWER else None),
        fit=fit_of(desk, deal, told) if told and proposal and deal.state in TO_ANSWER else None,
        draft=_draft(desk, deal),
        offers=tuple(_offers(deal, records, can)),
        agreed=_agreed(deal),
        receipt=deal.receipt,
        asked_to_cancel=theirs[-1] if theirs else None,
        our_cancellation=ours[-1] if ours else None,
        said=said,
        feedback=tuple(r.message for r in records if isinstance(r.message, Feedback)),
        records=records,
        terms=proposal.terms if proposal else deal.offers[-1].terms if deal.offers else (),
        use_until=proposal.ends_at if proposal and deal.agreed is None else None,
        is_over=is_terminal(deal.state) and deal.agreed is None,
        reason=deal.decline_reason or "",
        refused=deal.refused.value if deal.refused else "",
        presumed=deal.presumed,
        unread=bool(said) and not said[-1].is_ours,
    )


def _told(records: Sequence[Record]) -> Proposal | None:
    """What was wanted, as it was told last in whole: a counter names its price and nothing else."""
    whole = [
        r.message.proposal for r in records if isinstance(r.message, Cast | Update) and not r.stored.refused
    ]
    return whole[-1] if whole else None


def kinds_that_may_be_sent(deal: Deal) -> frozenset[Kind]:
    """What the tables let the vendor do in the deal's state."""
    table = TABLES[deal.kind, Sender.VENDOR]
    return frozenset(kind for state, kind, sender in table if (state, sender) == (deal.state, Sender.VENDOR))


def _stage(deal: Deal) -> int:
    known = _STAGES.get(deal.state)
    if known is not None:
        return known
    if deal.agreed is not None:
        return 4
    return 2 if deal.offers else 1


def _draft(desk: Desk, deal: Deal) -> str:
    if deal.state not in TO_ANSWER:
        return ""
    notices = desk.tx.notices.all(deal.account, deal_id=deal.id, limit=20)
    return next((notice.text for notice in notices if notice.kind == "draft"), "")


def _offers(deal: Deal, records: Sequence[Record], can: frozenset[Kind]) -> Iterator[OfferLine]:
    """Newest first."""
    sent = {record.stored.activity_id: record.message for record in records}
    for offer in reversed(deal.offers):
        message = sent.get(offer.id)
        may = offer.state is OfferState.LIVE and not offer.firm and Kind.UNDO in can
        yield OfferLine(offer, message if isinstance(message, Offer) else None, may)


def _said(records: Sequence[Record]) -> Iterator[Said]:
    for record in records:
        if isinstance(record.message, Ask) and not record.stored.refused:
            yield Said(record.stored.at, record.is_sent, words_of(record.message.content), record)


def _agreed(deal: Deal) -> Agreed | None:
    agreed, terms = deal.agreed, deal.agreement
    if agreed is None or terms is None:
        return None
    return Agreed(
        terms=terms,
        reference=ref_of(agreed.agreement_id),
        concluded_at=agreed.concluded_at,
        disclosed=tuple(_card_lines(deal)),
        dispatched=Quantity(deal.dispatched(), terms.quantity.unit),
        delivered=Quantity(deal.delivered(), terms.quantity.unit),
        paid=Money(deal.paid_minor(), terms.price.currency) if terms.price else None,
        goods_done=deal.goods_fulfilled,
        money_done=deal.money_fulfilled,
    )


_VALUES = ("full", "name", "number", "address", "user", "note")


def _card_lines(deal: Deal) -> Iterator[tuple[str, str]]:
    """What the customer disclosed, field by field, as the card has it."""
    for name, value in disclosed_card(deal).items():
        if name in ("@type", "version") or not isinstance(value, dict):
            continue
        for found in [value, *(one for one in value.values() if isinstance(one, dict))]:
            text = next((found[key] for key in _VALUES if isinstance(found.get(key), str)), None)
            if isinstance(text, str):
                yield name, text[:1000]
