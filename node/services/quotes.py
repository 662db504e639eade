"""The vendor's offers: answered at once by rule, drafted for a person, or written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Deal
from node.domain.errors import InvalidInput, Refusal
from node.domain.intents import Proposal
from node.domain.matching import Judgement, Verdict
from node.domain.messages import NoBid, Offer, Undo
from node.domain.offers import AgreementTerms, Answer, FieldAsked, Item, Link, PricePart, Recurring
from node.domain.reasons import NO_BID_REASONS
from node.domain.sayings import said
from node.domain.values import Money
from node.sending import attest
from node.services.dealing import act, envelope, notice, offer_named

__all__ = ["Quote", "answer_by_rule", "make_offer", "refuse_to_bid", "withdraw_offer"]

DELIVERY_PURPOSE = "https://w3id.org/dpv#DeliveryOfGoods"


@dataclass(frozen=True, slots=True)
class Quote:
    """An offer as a form or a rule gives it; `item.sku` ties it to the catalogue."""

    price: Money | None
    item: Item
    valid: timedelta
    due_at: datetime | None = None
    firm: bool = False
    content: str | None = None
    answers: tuple[Answer, ...] = ()
    price_parts: tuple[PricePart, ...] = ()
    recurring: Recurring | None = None
    fields_asked: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


def make_offer(desk: Desk, deal: Deal, quote: Quote) -> Deal:
    """Offer. Raises: Refusal or InvalidInput; nothing is sent then."""
    proposal = deal.proposal
    if proposal is None:
        raise InvalidInput("deal", "there is no proposal to answer", "See `obverse offers`.")
    if not timedelta(0) < quote.valid <= desk.setting.policy.offer_max:
        raise InvalidInput("valid", "an offer stands for at most 30 days", "Choose a shorter time.")
    known = {wish.id for wish in proposal.wishes}
    for answer in quote.answers:
        if answer.wish not in known:
            right = said("Her wishes are %(wishes)s.", wishes=tuple(sorted(known)) or ("none",))
            raise InvalidInput("answer", said("she has no wish '%(wish)s'", wish=answer.wish), right)
    agreement = AgreementTerms(
        primary=proposal.primary_id,
        quantity=proposal.quantity,
        reciprocal=proposal.reciprocal_id if proposal.currency else None,
        price=quote.price,
        due_at=quote.due_at,
        item=quote.item,
    )
    replaced = next((offer for offer in deal.live_offers if not offer.firm), None)
    message = Offer(
        **envelope(desk, deal),
        proposal_digest=deal.proposal_digest,
        agreement=agreement,
        agreement_digest=attest.agreement_digest_of(agreement),
        ends_at=desk.signing_time + quote.valid,
        firm=True if quote.firm else None,
        supersedes=replaced.id if replaced else None,
        terms_accepted=proposal.terms,
        content=attest.html_of(quote.content) if quote.content else None,
        answers=quote.answers,
        price_parts=quote.price_parts,
        recurring=quote.recurring,
        fields_asked=tuple(FieldAsked(name, DELIVERY_PURPOSE) for name in quote.fields_asked),
        links=quote.links,
    )
    return act(desk, deal, message)[0]


def answer_by_rule(desk: Desk, deal: Deal, account: Account) -> Deal:
    """Let the vendor's rules answer a proposal: an offer at once, a draft for a person, or only a notice."""
    proposal = deal.proposal
    if proposal is None:
        return deal
    best = desk.tx.catalogue.best(account.id, proposal, desk.tx.rules.all(account.id), desk.now)
    if best is None:
        name = proposal.name or proposal.category
        notice(desk, deal, f"New intent: {name}", kind="intent", name=proposal.name or "")
        return deal
    if best.verdict is Verdict.DRAFT:
        why = "; ".join(best.why)
        text = f"Draft: {best.item.name} ({best.item.sku}) would fit, but {why}"
        notice(desk, deal, text, kind="draft", item=best.item.name)
        return deal
    try:
        offered = make_offer(desk, deal, quote_of(best, proposal, desk.signing_time))
    except Refusal as error:
        text = f"The rule {best.rule.name!r} could not answer: {error.detail}"
        notice(desk, deal, text, kind="draft", code="rule-failed", rule=best.rule.name)
        return deal
    text = f"Offered by rule {best.rule.name!r}: {best.item.name}"
    notice(desk, offered, text, kind="offer", code="rule-offered", rule=best.rule.name, item=best.item.name)
    return offered


def quote_of(judged: Judgement, proposal: Proposal, now: datetime) -> Quote:
    """The offer that a rule makes of a matching item."""
    quantity = proposal.quantity.value
    return Quote(
        price=judged.price(quantity),
        item=item_of(judged.item),
        valid=timedelta(hours=judged.rule.valid_hours),
        due_at=_promised_at(proposal, judged.item, now),
        firm=judged.rule.firm,
        content=judged.rule.content,
        answers=judged.answers,
        price_parts=judged.price_parts(quantity),
        fields_asked=judged.rule.fields_asked,
    )


def _promised_at(proposal: Proposal, item: CatalogueItem, now: datetime) -> datetime:
    ready = now + timedelta(days=max(item.lead_days, 1))
    return min(ready, proposal.due_at) if proposal.due_at is not None else ready


def item_of(item: CatalogueItem) -> Item:
    """What an agreement says of a catalogue item."""
    return Item(
        name=item.name, sku=item.sku, gtin=item.gtin, brand=item.brand, condition=item.condition, url=item.url
    )


def refuse_to_bid(desk: Desk, deal: Deal, reason: str, content: str | None = None) -> Deal:
    """Say that there will be no offer, and why. Raises: InvalidInput, Refusal."""
    if reason not in NO_BID_REASONS:
        raise InvalidInput(
            "reason",
            said("'%(reason)s' is none of ours", reason=reason),
            said("Choose from %(choices)s.", choices=tuple(NO_BID_REASONS)),
        )
    message = NoBid(
        **envelope(desk, deal),
        cast_id=deal.statement_id,
        proposal_digest=deal.proposal_digest,
        reason=reason,
        content=attest.html_of(content) if content else None,
    )
    return act(desk, deal, message)[0]


def withdraw_offer(desk: Desk, deal: Deal, reference: str = "") -> Deal:
    """Take a live offer back. Raises: InvalidInput, Refusal (a firm one stands)."""
    offer = offer_named(deal, reference or deal.id)
    message = Undo(**envelope(desk, deal), offer_id=offer.id, offer_digest=offer.digest)
    return act(desk, deal, message)[0]
