"""The steps after the conclusion: cancellation, progress, receipt, confirmation, feedback; and refusals."""

from __future__ import annotations

from node.domain.deals import (
    Acceptance,
    AcceptanceState,
    Cancellation,
    CancellationState,
    Deal,
    DealKind,
    DealState,
    OfferRecord,
    OfferState,
    ProgressRecord,
    ReceiptRecord,
)
from node.domain.edits import replace
from node.domain.errors import Reason, Refusal, Superfluous
from node.domain.events import Event, Noted, OfferEnded, Released
from node.domain.messages import (
    Cancel,
    CancelAccept,
    CancelReject,
    Confirm,
    Feedback,
    Kind,
    Progress,
    Receipt,
    Refuse,
    Sender,
    Stage,
)
from node.domain.sayings import said
from node.domain.steps import (
    Context,
    Result,
    Step,
    check_lifetime,
    end_acceptance,
    known_offer,
    lapse_cancellations,
    require,
)

__all__ = ["STEPS"]


def _agreed(deal: Deal, accept_digest: str) -> Acceptance:
    """The agreement that a later message cites. Raises: Refusal."""
    agreed = deal.agreed
    assert agreed is not None, "the tables let nothing in here before the conclusion"
    require(agreed.digest == accept_digest, Reason.SUPERSEDED, "it cites another agreement")
    return agreed


def _cancel(deal: Deal, message: Cancel, context: Context) -> Result:
    _agreed(deal, message.accept_digest)
    require(not deal.is_fulfilled, Reason.OUT_OF_STATE, "everything agreed has been done")
    check_lifetime(message.at, message.ends_at, context.policy.offer_max, context, "cancellation")
    asked = [found for found in deal.cancellations if found.by is context.sender]
    open_one = any(found.state is CancellationState.PENDING for found in asked)
    require(not open_one, Reason.OUT_OF_STATE, "a cancellation is waiting for an answer already")
    require(len(asked) < context.policy.cancellations_per_deal, Reason.LIMIT, "too many cancellations")
    record = Cancellation(
        id=message.id,
        digest=message.digest,
        by=context.sender,
        ends_at=message.ends_at,
        reason=message.reason,
    )
    return replace(deal, cancellations=(*deal.cancellations, record)), ()


def _answered(deal: Deal, message: CancelAccept | CancelReject, context: Context) -> Cancellation:
    """The cancellation that is answered, by the other party than asked for it. Raises: Refusal."""
    _agreed(deal, message.accept_digest)
    found = deal.cancellation(message.cancel_id)
    if found is None or found.by is context.sender:
        raise Refusal(Reason.NOT_ADDRESSED, "no such cancellation to answer")
    require(found.digest == message.cancel_digest, Reason.SUPERSEDED, "the cancellation has another digest")
    # She cannot honestly have said both: whoever agrees to cancel has nothing to confirm, nor the reverse.
    confirmed = deal.confirmed_at is not None and not deal.presumed
    by_her = context.sender is Sender.CUSTOMER
    require(not (by_her and confirmed), Reason.OUT_OF_STATE, "she has confirmed that all was received")
    if found.state in (CancellationState.ACCEPTED, CancellationState.REJECTED):
        raise Superfluous(
            Reason.OUT_OF_STATE, said("the cancellation was %(state)s already", state=found.state)
        )
    if deal.side is context.sender:
        in_time = found.state is CancellationState.PENDING
    else:
        # Whoever asked is bound until the end that was named, however late the answer arrives.
        in_time = message.at <= found.ends_at + context.policy.max_clock_ahead
    require(in_time, Reason.EXPIRED, "the cancellation has ended")
    return found


def _cancel_accept(deal: Deal, message: CancelAccept, context: Context) -> Result:
    found = _answered(deal, message, context)
    is_first = not any(other.state is CancellationState.ACCEPTED for other in deal.cancellations)
    deal = deal.with_cancellation(replace(found, state=CancellationState.ACCEPTED))
    return deal, _release(deal, _agreed(deal, message.accept_digest)) if is_first else ()


def _cancel_reject(deal: Deal, message: CancelReject, context: Context) -> Result:
    found = _answered(deal, message, context)
    return deal.with_cancellation(replace(found, state=CancellationState.REJECTED)), ()


def _release(deal: Deal, acceptance: Acceptance) -> tuple[Event, ...]:
    """What was taken from the stock goes back, unless it has left the house."""
    offer = known_offer(deal, acceptance.offer_id, acceptance.offer_digest)
    return () if deal.has_shipped else (Released(acceptance, offer),)


_STAGES = {
    Sender.VENDOR: (Stage.DISPATCHED, Stage.DELIVERED, Stage.DONE, Stage.REFUNDED),
    Sender.CUSTOMER: (Stage.PAID,),
}


def _progress(deal: Deal, message: Progress, context: Context) -> Result:
    agreed = _agreed(deal, message.accept_digest)
    stages = _STAGES.get(context.sender, ())
    whose = said("%(stage)s is not the %(sender)s's to report", stage=message.stage, sender=context.sender)
    require(message.stage in stages, Reason.MALFORMED, whose)
    require(len(deal.progress) < context.policy.progress_per_deal, Reason.LIMIT, "too many reports")
    is_money = message.stage in (Stage.PAID, Stage.REFUNDED)
    if context.sender is deal.side:
        _check_own_report(deal, message, context)
    side = "reciprocal" if is_money else "primary"
    fits = message.fulfills == f"{agreed.agreement_id}#{side}"
    require(fits, Reason.MALFORMED, said("it does not fulfil the agreement's %(side)s", side=side))
    record = ProgressRecord(
        stage=message.stage,
        by=context.sender,
        happened_at=message.happened_at,
        quantity=message.quantity,
        amount=message.amount,
        name=message.name,
        recorded_at=context.now,
    )
    changed = replace(deal, progress=(*deal.progress, record))
    if is_money:
        _check_money(deal, changed, message)
    else:
        _check_goods(changed, message)
    return changed, ()


def _check_own_report(deal: Deal, message: Progress, context: Context) -> None:
    """Asked of our own user only: a peer's report may cross a cancellation, or be of another clock."""
    soon = context.now + context.policy.max_clock_ahead
    require(message.happened_at <= soon, Reason.MALFORMED, "it reports what has not happened yet")
    owed = deal.state is not DealState.CANCELLED or message.stage is Stage.REFUNDED
    require(owed, Reason.OUT_OF_STATE, "the agreement was cancelled: only money can go back")


def _check_money(deal: Deal, changed: Deal, message: Progress) -> None:
    price = deal.agreement.price if deal.agreement else None
    if price is None or message.amount is None or message.amount.currency != price.currency:
        raise Refusal(Reason.MALFORMED, "the amount is missing or in another currency")
    sound = 0 <= changed.paid_minor() <= price.amount_minor
    require(sound, Reason.MALFORMED, "more money than was agreed")


def _check_goods(changed: Deal, message: Progress) -> None:
    agreement = changed.agreement
    if agreement is None or message.quantity is None or message.quantity.unit != agreement.quantity.unit:
        raise Refusal(Reason.MALFORMED, "the quantity is missing or in another unit")
    for done in (changed.dispatched(), changed.delivered()):
        require(done <= agreement.quantity.value, Reason.MALFORMED, "more goods than were agreed")


def _receipt(deal: Deal, message: Receipt, context: Context) -> Result:
    agreed = _agreed(deal, message.accept_digest)
    require(deal.receipt is None, Reason.OUT_OF_STATE, "there is a receipt already")
    require(message.agreement_id == agreed.agreement_id, Reason.MALFORMED, "it is for another agreement")
    price = deal.agreement.price if deal.agreement else None
    require(
        message.total == price,
        Reason.MALFORMED,
        said("the total is not the %(price)s that was agreed", price=price),
    )
    record = ReceiptRecord(
        id=message.receipt_id,
        digest=message.digest,
        credential=message.credential,
        received_at=context.now,
        return_until=message.return_until,
        guarantee_until=message.guarantee_until,
    )
    return replace(deal, receipt=record), ()


def _confirm(deal: Deal, message: Confirm, context: Context) -> Result:
    agreed = _agreed(deal, message.accept_digest)
    require(deal.confirmed_at is None or deal.presumed, Reason.OUT_OF_STATE, "it is confirmed already")
    require(message.agreement_id == agreed.agreement_id, Reason.MALFORMED, "it is for another agreement")
    known = deal.receipt.id if deal.receipt else None
    require(message.receipt_id in (None, known), Reason.MALFORMED, "it cites a receipt that was never issued")
    return replace(lapse_cancellations(deal), confirmed_at=context.now, presumed=False), ()


def _feedback(deal: Deal, message: Feedback, context: Context) -> Result:
    _agreed(deal, message.accept_digest)
    require(deal.notes < context.policy.notes_per_deal, Reason.LIMIT, "too many messages in this deal")
    return replace(deal, notes=deal.notes + 1), ()


# --- refusals: somebody could not take what the other had sent ----------------------------------------


def _refuse(deal: Deal, message: Refuse, context: Context) -> Result:
    """Undo on this side what the other side refused. A refusal is never answered, so nothing here raises.

    One that is not bound to the digest of what it refuses ends nothing (`protocol §2`, Digests).
    """
    noted = Noted(f"Refused: {message.reason}", message.reason, "refused-there")
    step = _refused_by_customer if context.sender is Sender.CUSTOMER else _refused_by_vendor
    deal, events = step(deal, message, context)
    found = deal.cancellation(message.object_id)
    if found is None or found.digest != message.object_digest:
        return deal, (*events, noted)
    if found.by is not context.sender and found.state is CancellationState.PENDING:
        deal = deal.with_cancellation(replace(found, state=CancellationState.REJECTED))
    return deal, (*events, noted)


def _refused_by_customer(deal: Deal, message: Refuse, context: Context) -> Result:
    offer = _refused_offer(deal, message)
    if deal.kind is DealKind.INTENT and offer is not None:
        ended = replace(offer, state=OfferState.REFUSED)
        return deal.with_offer(ended), (OfferEnded(ended),)
    agreed = deal.agreed
    if agreed is None or message.reason is not Reason.EXPIRED:
        return deal, ()
    if (message.object_id, message.object_digest) != (agreed.conclusion_id, agreed.conclusion_digest):
        return deal, ()
    # By her own clock, which she signs: it cannot run far ahead of ours, or nothing of hers would come in.
    is_late = message.at >= agreed.ends_at
    if not (is_late and context.may_release) or _was_taken_up(deal):
        text = "She calls the conclusion late, but the record shows that it was not."
        return deal, (Noted(text, code="not-late"),)
    return _undo_conclusion(deal, agreed)


def _refused_offer(deal: Deal, message: Refuse) -> OfferRecord | None:
    """The live offer (or order) that a refusal is bound to."""
    offer = deal.offer(message.object_id)
    if offer is None or offer.digest != message.object_digest:
        return None
    return offer if offer.state is OfferState.LIVE else None


def _was_taken_up(deal: Deal) -> bool:
    """Whether something that the customer signed shows that she had taken the conclusion.

    What the vendor did meanwhile shows nothing: it could not know that its conclusion was late.
    """
    return (
        (deal.confirmed_at is not None and not deal.presumed)
        or any(record.by is Sender.CUSTOMER for record in deal.progress)
        or any(
            found.by is Sender.CUSTOMER or found.state is CancellationState.ACCEPTED
            for found in deal.cancellations
        )
    )


def _undo_conclusion(deal: Deal, agreed: Acceptance) -> Result:
    """Both are free again; what was done under the agreement is not part of the deal any more."""
    events = _release(deal, agreed)
    if not events:
        text = "The agreement is released, but something had left the house: settle it by hand."
        events = (Noted(text, code="settle-by-hand"),)
    deal = deal.with_acceptance(replace(agreed, state=AcceptanceState.RELEASED))
    offer = known_offer(deal, agreed.offer_id, agreed.offer_digest)
    deal = deal.with_offer(replace(offer, state=OfferState.EXPIRED))
    deal = replace(deal, progress=(), receipt=None, cancellations=(), confirmed_at=None, presumed=False)
    return deal, events


def _refused_by_vendor(deal: Deal, message: Refuse, context: Context) -> Result:
    refused = (message.object_id, message.object_digest)
    for found in deal.acceptances:
        open_still = found.state in (AcceptanceState.PENDING, AcceptanceState.LAPSED)
        if refused == (found.id, found.digest) and open_still:
            return end_acceptance(deal, found, AcceptanceState.REFUSED, context.now)
    order = _refused_offer(deal, message) if deal.kind is DealKind.ORDER else None
    if order is not None:
        deal = deal.with_offer(replace(order, state=OfferState.REFUSED))
        return replace(deal, refused=message.reason), ()
    is_first = refused == (deal.cast_id, deal.cast_digest)
    is_last = refused == (deal.statement_id, deal.proposal_digest)
    if (is_first and not deal.offers) or (not is_first and is_last):
        return replace(deal, refused=message.reason), ()
    return deal, ()


STEPS: dict[Kind, Step] = {
    Kind.CANCEL: _cancel,
    Kind.CANCEL_ACCEPT: _cancel_accept,
    Kind.CANCEL_REJECT: _cancel_reject,
    Kind.PROGRESS: _progress,
    Kind.RECEIPT: _receipt,
    Kind.CONFIRM: _confirm,
    Kind.FEEDBACK: _feedback,
    Kind.REFUSE: _refuse,
}
