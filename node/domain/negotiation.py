"""The steps from the first word to the conclusion (`protocol §4`, cast to decline, and the one-off path)."""

from __future__ import annotations

from node.domain.deals import Acceptance, AcceptanceState, Deal, OfferRecord, OfferState
from node.domain.edits import replace
from node.domain.errors import Early, Reason, Refusal, Superfluous
from node.domain.events import Event, OfferEnded, OfferMade, Settled
from node.domain.intents import Proposal
from node.domain.messages import (
    Accept,
    Ask,
    Cast,
    Conclude,
    Counter,
    Decline,
    Kind,
    NoBid,
    Offer,
    Order,
    OrderAccept,
    Sender,
    Shortlist,
    Undo,
    Update,
    Withdraw,
)
from node.domain.offers import AgreementTerms, check_price_parts
from node.domain.sayings import said
from node.domain.steps import Context, Result, Step, check_lifetime, known_offer, require
from node.domain.terms import missing_terms

__all__ = ["STEPS", "check_answer"]


def _check_proposal(deal: Deal, proposal: Proposal, context: Context) -> None:
    customer = deal.own if deal.side is Sender.CUSTOMER else deal.peer
    vendor = deal.peer if deal.side is Sender.CUSTOMER else deal.own
    require(proposal.author == customer, Reason.MALFORMED, "the proposal is not attributed to its sender")
    require(proposal.addressee == vendor, Reason.NOT_ADDRESSED, "the proposal is addressed to somebody else")
    require(proposal.deal_id == deal.id, Reason.MALFORMED, "the proposal names another deal")
    check_lifetime(proposal.stated_at, proposal.ends_at, context.policy.intent_max, context, "proposal")
    budget = proposal.budget
    if budget is not None:
        require(
            budget.maximum.currency == proposal.currency,
            Reason.MALFORMED,
            "the budget is in another currency",
        )


def _end_offers(deal: Deal, state: OfferState) -> Result:
    events: list[Event] = []
    for offer in deal.live_offers:
        deal = deal.with_offer(ended := replace(offer, state=state))
        events.append(OfferEnded(ended))
    return deal, tuple(events)


def _cast(deal: Deal, message: Cast, context: Context) -> Result:
    _check_proposal(deal, message.proposal, context)
    cast = replace(
        deal,
        proposal=message.proposal,
        proposal_digest=message.digest,
        cast_id=message.id,
        cast_digest=message.digest,
        statement_id=message.id,
        category=message.proposal.category,
        created_at=context.now,
    )
    return cast, ()


def _restate(deal: Deal, proposal: Proposal, message: Update | Counter, context: Context) -> Deal:
    """State the proposal anew, a decline of the old statement forgotten.

    One older than what we hold came out of order and changes nothing.
    """
    _check_proposal(deal, proposal, context)
    known = deal.proposal
    assert known is not None, "the tables let nothing be stated anew before the cast"
    if proposal.stated_at <= known.stated_at:
        raise Superfluous(Reason.SUPERSEDED, "a newer statement of this proposal is known")
    same = proposal.currency == known.currency
    require(same, Reason.MALFORMED, "the currency of a deal cannot be changed")
    most = context.policy.statements_per_deal
    too_many = said("at most %(most)s statements of a proposal", most=most)
    require(len(deal.past_digests) < most, Reason.LIMIT, too_many)
    return replace(
        deal,
        proposal=proposal,
        proposal_digest=message.digest,
        statement_id=message.id,
        category=proposal.category,
        past_digests=(*deal.past_digests, deal.proposal_digest),
        no_bid=False,
        refused=None,
        declined=False,
        answer_by=None,
    )


def _update(deal: Deal, message: Update, context: Context) -> Result:
    _is_ours(deal, message.proposal)
    deal = replace(_restate(deal, message.proposal, message, context), counter_pending=False)
    return _end_offers(deal, OfferState.SUPERSEDED)


def _is_ours(deal: Deal, proposal: Proposal) -> None:
    """It restates the proposal that we hold, or one that a counter has replaced (`_restate` sees to that).

    Raises: Refusal, Early where it restates a proposal that a counter on its way will make.
    """
    if deal.proposal is None or proposal.id == deal.proposal.id:
        return
    require(deal.side is Sender.VENDOR, Reason.NOT_ADDRESSED, "no such proposal in this deal")
    if proposal.stated_at > deal.proposal.stated_at:
        raise Early("it updates a proposal that has not arrived")


def _is_current(deal: Deal, digest: str) -> None:
    """The digest is the one that we hold. Raises: Refusal(superseded), Early for one still on its way."""
    if digest in deal.past_digests:
        raise Refusal(Reason.SUPERSEDED, "the proposal has been stated anew since")
    if digest != deal.proposal_digest:
        raise Early("it speaks of a statement of the proposal that has not arrived")


def _withdraw(deal: Deal, message: Withdraw, context: Context) -> Result:
    if deal.withdrawn_at is not None:
        return deal, ()
    _is_current(deal, message.proposal_digest)
    require(
        deal.proposal is not None and message.proposal_id == deal.proposal.id,
        Reason.NOT_ADDRESSED,
        "no such proposal in this deal",
    )
    return _end_offers(replace(deal, withdrawn_at=context.now), OfferState.SUPERSEDED)


def _ask(deal: Deal, message: Ask, context: Context) -> Result:
    require(bool(message.content.strip()), Reason.MALFORMED, "the message is empty")
    require(deal.notes < context.policy.notes_per_deal, Reason.LIMIT, "too many messages in this deal")
    deal = replace(deal, notes=deal.notes + 1)
    if context.sender is Sender.CUSTOMER or deal.offers:
        return deal, ()
    allowed = context.policy.questions_before_offer
    too_many = said("at most %(most)s questions before an offer", most=allowed)
    require(deal.questions < allowed, Reason.LIMIT, too_many)
    return replace(deal, questions=deal.questions + 1), ()


def _no_bid(deal: Deal, message: NoBid, context: Context) -> Result:
    _is_current_for_answer(deal, message.proposal_digest)
    return replace(deal, no_bid=True, counter_pending=False), ()


def _is_current_for_answer(deal: Deal, digest: str) -> None:
    """As `_is_current`, for the vendor's answers: it cannot know a statement that we have not made."""
    require(digest == deal.proposal_digest, Reason.SUPERSEDED, "it answers another statement of the proposal")


def check_answer(proposal: Proposal, agreement: AgreementTerms) -> None:
    """The commitments answer the proposal: ids, unit, exact quantity, currency.

    Raises: Refusal(malformed). Spec: FEP-0837 (`unitBased` false: amounts must be equal).
    """
    require(
        agreement.primary == proposal.primary_id, Reason.MALFORMED, "it does not satisfy what was asked for"
    )
    require(
        agreement.quantity == proposal.quantity,
        Reason.MALFORMED,
        "quantity or unit is not what was asked for",
    )
    if proposal.currency is None:
        require(agreement.price is None, Reason.MALFORMED, "a price where none was asked for")
        return
    price = agreement.price
    if price is None or agreement.reciprocal != proposal.reciprocal_id:
        raise Refusal(Reason.MALFORMED, "the price is missing or answers something else")
    require(price.currency == proposal.currency, Reason.MALFORMED, "the currency is not the one asked for")


def _offer(deal: Deal, message: Offer, context: Context) -> Result:
    proposal = deal.proposal
    if proposal is None:
        raise Refusal(Reason.NOT_ADDRESSED, "there is no proposal to answer")
    _is_current_for_answer(deal, message.proposal_digest)
    check_answer(proposal, message.agreement)
    check_price_parts(message.price_parts, message.agreement.price)
    check_lifetime(message.at, message.ends_at, context.policy.offer_max, context, "offer")
    lacking = missing_terms(proposal.terms, message.terms_accepted)
    require(not lacking, Reason.TERMS_NOT_ACCEPTED, said("not accepted: %(terms)s", terms=tuple(lacking)))
    limit = context.policy.offers_per_intent
    require(len(deal.offers) < limit, Reason.LIMIT, said("at most %(most)s offers", most=limit))
    price, budget = message.agreement.price, proposal.budget
    if budget is not None and price is not None:
        within = price.amount_minor <= budget.maximum.amount_minor
        require(within, Reason.OVER_BUDGET, "it is over the budget that was named")
    record = OfferRecord(
        id=message.id,
        digest=message.digest,
        agreement=message.agreement,
        agreement_digest=message.agreement_digest,
        received_at=context.now,
        ends_at=message.ends_at,
        firm=bool(message.firm),
        proposal_id=proposal.id,
        terms=proposal.terms,
        fields_asked=message.fields_asked,
        proposal_digest=deal.proposal_digest,
    )
    deal, events = _supersede(deal)
    offered = replace(
        deal,
        offers=(*deal.offers, record),
        counter_pending=False,
        no_bid=False,
        refused=None,
        declined=False,
        answer_by=None,
        better_offer_used=deal.declined or deal.better_offer_used,
    )
    return offered, (*events, OfferMade(record))


def _supersede(deal: Deal) -> Result:
    """A newer offer takes the place of the live ones; a firm one stands beside it."""
    events: list[Event] = []
    for offer in deal.offers:
        if offer.firm:
            continue
        if offer.state is OfferState.LIVE:
            deal = deal.with_offer(ended := replace(offer, state=OfferState.SUPERSEDED))
            events.append(OfferEnded(ended))
        elif offer.state is OfferState.ACCEPTED:
            deal = deal.with_offer(replace(offer, fate=OfferState.SUPERSEDED))
    return deal, tuple(events)


def _undo(deal: Deal, message: Undo, context: Context) -> Result:
    if deal.offer(message.offer_id) is None and deal.side is Sender.CUSTOMER:
        raise Early("the offer that it withdraws has not arrived")
    offer = known_offer(deal, message.offer_id, message.offer_digest)
    require(not offer.firm, Reason.OUT_OF_STATE, "a firm offer cannot be withdrawn")
    if offer.state is OfferState.ACCEPTED and deal.agreed is None:
        return deal.with_offer(replace(offer, fate=OfferState.WITHDRAWN)), ()
    if offer.state is not OfferState.LIVE:
        # It may have crossed what ended the offer, but never the agreement, which is the vendor's own word.
        crossed = deal.side is Sender.CUSTOMER and offer.state is not OfferState.ACCEPTED
        require(crossed, Reason.OUT_OF_STATE, said("the offer is %(state)s already", state=offer.state))
        return deal, ()
    ended = replace(offer, state=OfferState.WITHDRAWN)
    return deal.with_offer(ended), (OfferEnded(ended),)


def _shortlist(deal: Deal, message: Shortlist, context: Context) -> Result:
    offer = known_offer(deal, message.offer_id, message.offer_digest)
    live = offer.state is OfferState.LIVE or deal.side is Sender.VENDOR
    require(live, Reason.OUT_OF_STATE, said("the offer is %(state)s already", state=offer.state))
    return deal.with_offer(replace(offer, shortlisted=True)), ()


def _end_cited(deal: Deal, offer: OfferRecord, state: OfferState) -> Result:
    """End the offer that a counter or decline cites; at the customer's it must be live still."""
    if offer.state is OfferState.LIVE:
        ended = replace(offer, state=state)
        return deal.with_offer(ended), (OfferEnded(ended),)
    by_vendor = deal.side is Sender.VENDOR
    require(by_vendor, Reason.OUT_OF_STATE, said("the offer is %(state)s already", state=offer.state))
    return deal, ()


def _counter(deal: Deal, message: Counter, context: Context) -> Result:
    offer = known_offer(deal, message.offer_id, message.offer_digest)
    most = context.policy.counters
    require(deal.rounds < most, Reason.LIMIT, said("at most %(most)s rounds", most=most))
    deal, events = _end_cited(deal, offer, OfferState.COUNTERED)
    deal = _restate(deal, message.proposal, message, context)
    return replace(deal, rounds=deal.rounds + 1, counter_pending=True), events


def _accept(deal: Deal, message: Accept, context: Context) -> Result:
    offer = known_offer(deal, message.offer_id, message.offer_digest)
    reasons = {OfferState.WITHDRAWN: Reason.WITHDRAWN, OfferState.EXPIRED: Reason.EXPIRED}
    reasons[OfferState.SUPERSEDED] = Reason.SUPERSEDED
    why = reasons.get(offer.state, Reason.OUT_OF_STATE)
    require(offer.state is OfferState.LIVE, why, said("the offer is %(state)s", state=offer.state))
    check_lifetime(message.at, message.ends_at, context.policy.offer_max, context, "Accept")
    same = message.agreement_digest == offer.agreement_digest
    require(same, Reason.MALFORMED, "the agreement is not the one that was offered")
    require(message.terms == offer.terms, Reason.MALFORMED, "the terms are not those proffered")
    acceptance = Acceptance(
        id=message.id,
        digest=message.digest,
        offer_id=offer.id,
        offer_digest=offer.digest,
        agreement_id=message.agreement_id,
        ends_at=message.ends_at,
        feedback_key=message.feedback_key,
        disclosed=message.disclosed,
    )
    deal = deal.with_offer(replace(offer, state=OfferState.ACCEPTED, fate=None))
    return replace(deal, acceptances=(*deal.acceptances, acceptance)), ()


def _conclude(deal: Deal, message: Conclude, context: Context) -> Result:
    acceptance = next((found for found in deal.acceptances if found.id == message.accept_id), None)
    if acceptance is None:
        raise Refusal(Reason.OUT_OF_STATE, "it concludes no Accept of this deal")
    cited = (message.accept_digest, message.offer_digest)
    same = cited == (acceptance.digest, acceptance.offer_digest)
    require(same, Reason.SUPERSEDED, "the Accept that we know, or its offer, has another digest")
    if acceptance.state is AcceptanceState.LAPSED:
        # Another Accept is under way by now; the vendor must hear that this one was late, to release it.
        raise Refusal(Reason.EXPIRED, "the conclusion came after the end of the Accept")
    pending = acceptance.state is AcceptanceState.PENDING
    require(pending, Reason.OUT_OF_STATE, "it concludes no Accept that is under way")
    offer = known_offer(deal, acceptance.offer_id, acceptance.offer_digest)
    concluded = replace(
        acceptance,
        state=AcceptanceState.CONCLUDED,
        conclusion_id=message.id,
        conclusion_digest=message.digest,
        concluded_at=context.now,
        credential=message.credential,
    )
    deal, events = _end_offers(deal.with_acceptance(concluded), OfferState.DECLINED)
    return deal, (*events, Settled(concluded, offer))


def _decline(deal: Deal, message: Decline, context: Context) -> Result:
    offer = known_offer(deal, message.offer_id, message.offer_digest)
    deal, events = _end_cited(deal, offer, OfferState.DECLINED)
    deal = replace(deal, decline_reason=message.reason)
    if offer.proposal_digest != deal.proposal_digest:
        return deal, events  # she has stated the proposal anew since: that stands
    welcome = bool(message.may_answer) and not deal.better_offer_used
    answer_by = context.now + context.policy.better_offer_within if welcome else None
    return replace(deal, declined=True, answer_by=answer_by), events


def _order(deal: Deal, message: Order, context: Context) -> Result:
    check_lifetime(message.at, message.ends_at, context.policy.offer_max, context, "order")
    record = OfferRecord(
        id=message.id,
        digest=message.digest,
        agreement=message.agreement,
        agreement_digest=message.agreement_digest,
        received_at=context.now,
        ends_at=message.ends_at,
        terms=message.terms,
        feedback_key=message.feedback_key,
    )
    return replace(deal, offers=(record,), created_at=context.now), ()


def _order_accept(deal: Deal, message: OrderAccept, context: Context) -> Result:
    order = known_offer(deal, message.order_id, message.order_digest)
    same = message.agreement_digest == order.agreement_digest
    require(same, Reason.MALFORMED, "the agreement is not the one that was ordered")
    require(message.terms == order.terms, Reason.MALFORMED, "the terms are not those proffered")
    acceptance = Acceptance(
        id=message.id,
        digest=message.digest,
        offer_id=order.id,
        offer_digest=order.digest,
        agreement_id=message.agreement_id,
        ends_at=order.ends_at,
        feedback_key=order.feedback_key,
        state=AcceptanceState.CONCLUDED,
        conclusion_id=message.id,
        conclusion_digest=message.digest,
        concluded_at=context.now,
        credential=message.credential,
    )
    deal = deal.with_offer(replace(order, state=OfferState.ACCEPTED))
    return replace(deal, acceptances=(acceptance,)), (Settled(acceptance, order),)


STEPS: dict[Kind, Step] = {
    Kind.CAST: _cast,
    Kind.UPDATE: _update,
    Kind.WITHDRAW: _withdraw,
    Kind.ASK: _ask,
    Kind.NO_BID: _no_bid,
    Kind.OFFER: _offer,
    Kind.UNDO: _undo,
    Kind.SHORTLIST: _shortlist,
    Kind.COUNTER: _counter,
    Kind.ACCEPT: _accept,
    Kind.CONCLUDE: _conclude,
    Kind.DECLINE: _decline,
    Kind.ORDER: _order,
    Kind.ORDER_ACCEPT: _order_accept,
}
