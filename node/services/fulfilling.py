"""After the conclusion: progress, receipt, confirmation, feedback, cancellation; from either side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from node.desk import Desk
from node.domain.deals import Acceptance, CancellationState, Deal
from node.domain.errors import InvalidInput
from node.domain.messages import (
    Aspect,
    Cancel,
    CancelAccept,
    CancelReject,
    Confirm,
    Feedback,
    Progress,
    Receipt,
    Sender,
    Stage,
)
from node.domain.offers import AgreementTerms
from node.domain.reasons import CANCEL_REASONS
from node.domain.sayings import said, said_by
from node.domain.values import Money, Quantity, parse_amount, parse_quantity
from node.sending import attest
from node.services.accounts import quiet_personas
from node.services.dealing import act, envelope

__all__ = [
    "ReceiptWish",
    "answer_cancellation",
    "cancel",
    "confirm",
    "give_feedback",
    "issue_receipt",
    "report_progress",
]


def _agreed(deal: Deal) -> tuple[Acceptance, AgreementTerms]:
    agreed, agreement = deal.agreed, deal.agreement
    if agreed is None or agreement is None:
        raise InvalidInput(
            "deal",
            said("nothing is agreed: it is %(state)s", state=deal.state),
            "This comes after the conclusion.",
        )
    return agreed, agreement


def report_progress(
    desk: Desk,
    deal: Deal,
    stage: Stage,
    *,
    amount: str | None = None,
    name: str | None = None,
    content: str | None = None,
    happened_at: datetime | None = None,
) -> Deal:
    """Say that goods moved or money was paid; `amount` is how much, by default all that is left.

    Raises: InvalidInput, Refusal.
    """
    agreed, agreement = _agreed(deal)
    is_money = stage in (Stage.PAID, Stage.REFUNDED)
    message = Progress(
        **envelope(desk, deal),
        event_id=desk.iri("events"),
        accept_digest=agreed.digest,
        fulfills=f"{agreed.agreement_id}#{'reciprocal' if is_money else 'primary'}",
        stage=stage,
        happened_at=happened_at or desk.signing_time,
        quantity=None if is_money else _goods(deal, agreement, stage, amount),
        amount=_money(deal, agreement, stage, amount) if is_money else None,
        action=deal.proposal.action if deal.proposal else "transfer",
        name=name,
        content=attest.html_of(content) if content else None,
    )
    return act(desk, deal, message)[0]


def _goods(deal: Deal, agreement: AgreementTerms, stage: Stage, text: str | None) -> Quantity:
    if text is None:
        done = deal.delivered() if stage in (Stage.DELIVERED, Stage.DONE) else 0
        return Quantity(agreement.quantity.value - done, agreement.quantity.unit)
    try:
        return parse_quantity(text, agreement.quantity.unit)
    except ValueError as error:
        right = said("Agreed were %(amount)s.", amount=agreement.quantity)
        raise InvalidInput("amount", said_by(error), right) from None


def _money(deal: Deal, agreement: AgreementTerms, stage: Stage, text: str | None) -> Money:
    price = agreement.price
    if price is None:
        raise InvalidInput("stage", "nothing is paid in this deal", "Report the goods only.")
    if text is None:
        paid = deal.paid_minor()
        return Money(paid if stage is Stage.REFUNDED else price.amount_minor - paid, price.currency)
    try:
        return parse_amount(text, price.currency)
    except ValueError as error:
        right = said("Agreed were %(amount)s.", amount=price)
        raise InvalidInput("amount", said_by(error), right) from None


@dataclass(frozen=True, slots=True)
class ReceiptWish:
    """Until when goods may come back and are guaranteed; dates or None."""

    return_until: date | None = None
    guarantee_until: date | None = None


def issue_receipt(desk: Desk, deal: Deal, wish: ReceiptWish) -> Deal:
    """Issue the vendor's signed receipt. Raises: InvalidInput, Refusal."""
    agreed, agreement = _agreed(deal)
    receipt = Receipt(
        **envelope(desk, deal),
        accept_digest=agreed.digest,
        receipt_id=desk.iri("receipts"),
        agreement_id=agreed.agreement_id,
        category=deal.category,
        total=agreement.price,
        valid_from=desk.signing_time,
        credential="",
        return_until=wish.return_until.isoformat() if wish.return_until else None,
        guarantee_until=wish.guarantee_until.isoformat() if wish.guarantee_until else None,
    )
    return act(desk, deal, attest.with_receipt_credential(desk, receipt))[0]


def confirm(desk: Desk, deal: Deal) -> Deal:
    """The customer confirms that she received what was agreed. Raises: InvalidInput, Refusal."""
    agreed, _ = _agreed(deal)
    message = Confirm(
        **envelope(desk, deal),
        document_id=desk.iri("confirmations"),
        accept_digest=agreed.digest,
        agreement_id=agreed.agreement_id,
        receipt_id=deal.receipt.id if deal.receipt else None,
    )
    deal = act(desk, deal, message)[0]
    quiet_personas(desk, deal.own)
    return deal


def give_feedback(desk: Desk, deal: Deal, content: str, aspects: tuple[Aspect, ...]) -> Deal:
    """Tell the vendor, and only the vendor. Publishing is a second act. Raises: InvalidInput, Refusal."""
    agreed, _ = _agreed(deal)
    if not content.strip():
        raise InvalidInput("text", "it is empty", "Say in words how it was.")
    message = Feedback(
        **envelope(desk, deal),
        note_id=desk.iri("messages"),
        accept_digest=agreed.digest,
        content=attest.html_of(content),
        aspects=aspects,
    )
    return act(desk, deal, message)[0]


def cancel(desk: Desk, deal: Deal, reason: str, content: str | None = None) -> Deal:
    """Ask the other side to call the agreement off. Raises: InvalidInput, Refusal."""
    agreed, _ = _agreed(deal)
    if reason not in CANCEL_REASONS:
        raise InvalidInput(
            "reason",
            said("'%(reason)s' is none of ours", reason=reason),
            said("Choose from %(choices)s.", choices=tuple(CANCEL_REASONS)),
        )
    message = Cancel(
        **envelope(desk, deal),
        accept_digest=agreed.digest,
        ends_at=desk.signing_time + desk.setting.policy.cancellation,
        reason=reason,
        content=attest.html_of(content) if content else None,
    )
    return act(desk, deal, message)[0]


def answer_cancellation(desk: Desk, deal: Deal, *, agree: bool, content: str | None = None) -> Deal:
    """Answer the cancellation that the other side asked for. Raises: InvalidInput, Refusal."""
    agreed, _ = _agreed(deal)
    other = Sender.VENDOR if deal.side is Sender.CUSTOMER else Sender.CUSTOMER
    asked = [c for c in deal.cancellations if c.by is other and c.state is CancellationState.PENDING]
    if not asked:
        raise InvalidInput("deal", "no cancellation waits for your answer", "See `obverse offers`.")
    cited: dict[str, str] = {
        "cancel_id": asked[-1].id,
        "cancel_digest": asked[-1].digest,
        "accept_digest": agreed.digest,
    }
    words = attest.html_of(content) if content else None
    message: CancelAccept | CancelReject
    if agree:
        message = CancelAccept(**envelope(desk, deal) | cited)
    else:
        message = CancelReject(**envelope(desk, deal) | cited, content=words)
    return act(desk, deal, message)[0]
