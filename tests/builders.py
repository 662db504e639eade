"""Values that are valid as they stand: a test overrides the one field that it is about.

The story behind them is always the same: a persona of ana's wants a child's bicycle and one shop answers. A
deal is never put together by hand: `a_deal(state)` plays the messages that lead there through the domain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from node.domain.catalogue import CatalogueItem, Property
from node.domain.deals import Deal, DealKind, DealState
from node.domain.errors import Reason
from node.domain.intents import Intent, Place, Proposal, Weight, Wish
from node.domain.matching import Rule
from node.domain.messages import (
    Accept,
    Ask,
    Cancel,
    CancelAccept,
    CancelReject,
    Cast,
    Conclude,
    Confirm,
    Counter,
    Decline,
    Feedback,
    Kind,
    Message,
    NoBid,
    Offer,
    Order,
    OrderAccept,
    Progress,
    Receipt,
    Refuse,
    Sender,
    Shortlist,
    Stage,
    Undo,
    Update,
    Withdraw,
)
from node.domain.offers import AgreementTerms, Item, StandingOffer
from node.domain.policy import Policy
from node.domain.terms import DEFAULT_PROFFER, parse_terms
from node.domain.transitions import apply, tick
from node.domain.values import Money, Quantity

__all__ = [
    "CUSTOMER",
    "DEAL",
    "NOW",
    "POLICY",
    "VENDOR",
    "a_cast",
    "a_conclusion",
    "a_deal",
    "a_message",
    "a_proposal",
    "a_rule",
    "a_standing_offer",
    "an_accept",
    "an_agreement",
    "an_intent",
    "an_item",
    "an_offer",
    "an_order",
    "money",
    "one",
    "other_side",
]

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=2)
POLICY = Policy()
CUSTOMER = "https://ana.example/p/NNQSzoUrVZvVMmYqduP3mq"
VENDOR = "https://shop.example/actors/shop"
ACCOUNT = "https://ana.example/actors/ana"
DEAL = "https://ana.example/deals/N89iUcGooMQZ26huKnPDLD"
POST = "https://shop.example/posts/GpuRMVDVbCJKh3mRD6c48Q"
BICYCLE = "https://www.wikidata.org/wiki/Q11442"
FEEDBACK_KEY = "did:key:z6MksKqDLgocCZa6yq1zXyBcSTHW7B2Jp8wzh5B194WrPDSv"
TERMS = parse_terms(DEFAULT_PROFFER)


def money(text: str, currency: str = "EUR") -> Money:
    """`money("289.00")`"""
    return Money(int(Decimal(text) * 100), currency)


def one() -> Quantity:
    return Quantity(Decimal(1), "one")


def other_side(side: Sender) -> Sender:
    return Sender.VENDOR if side is Sender.CUSTOMER else Sender.CUSTOMER


# --- what is wanted and what is sold ------------------------------------------------------------------------


def a_wish(**over: Any) -> Wish:
    wish = Wish(
        id="w1",
        text="fits 115 cm",
        weight=Weight.MUST,
        prop="bodyHeight",
        op="fits",
        value="115",
        unit="centimetre",
    )
    return replace(wish, **over)


def a_proposal(**over: Any) -> Proposal:
    """For one child's bicycle, in EUR, stated two hours ago, for three days."""
    proposal = Proposal(
        id="https://ana.example/proposals/7HpCSd8abqJF9sWUxei4jh",
        deal_id=DEAL,
        author=CUSTOMER,
        addressee=VENDOR,
        category=BICYCLE,
        quantity=one(),
        published_at=EARLIER,
        ends_at=NOW + timedelta(days=3),
        currency="EUR",
        name="Child bicycle, Glasgow, by Friday",
        content="<p>For a 6-year-old of 115 cm.</p>",
        due_at=NOW + timedelta(days=7),
        place=Place(name="Glasgow", latitude=55.9, longitude=-4.3, radius=10, units="km"),
        wishes=(a_wish(),),
        terms=TERMS,
    )
    return replace(proposal, **over)


def an_intent(**over: Any) -> Intent:
    intent = Intent(
        id="https://ana.example/intents/1",
        account=ACCOUNT,
        name="Child bicycle, Glasgow, by Friday",
        category=BICYCLE,
        quantity=one(),
        created_at=EARLIER,
        ends_at=NOW + timedelta(days=3),
        currency="EUR",
        wishes=(a_wish(),),
        terms=TERMS,
    )
    return replace(intent, **over)


def an_item(**over: Any) -> CatalogueItem:
    """Five bicycles that fit children of 105 to 125 cm, 279.00 EUR each and 10.00 for delivery."""
    item = CatalogueItem(
        sku="NK20-R",
        name="North Kid 20",
        category=BICYCLE,
        price=money("279.00"),
        stock=Decimal(5),
        lead_days=2,
        brand="North",
        condition="new",
        delivery=money("10.00"),
        properties=(
            ("bodyHeight", Property("105..125 centimetre", Decimal(105), Decimal(125), "centimetre")),
        ),
    )
    return replace(item, **over)


def a_rule(**over: Any) -> Rule:
    return replace(Rule(id="r1", name="Bicycles at once"), **over)


def an_agreement(**over: Any) -> AgreementTerms:
    """One bicycle against 289.00 EUR, in answer to `a_proposal()`."""
    proposal = a_proposal()
    agreement = AgreementTerms(
        primary=proposal.primary_id,
        quantity=one(),
        reciprocal=proposal.reciprocal_id,
        price=money("289.00"),
        due_at=NOW + timedelta(days=6),
        item=Item("North Kid 20", sku="NK20-R", brand="North", condition="new"),
    )
    return replace(agreement, **over)


def a_standing_offer(**over: Any) -> StandingOffer:
    """Milk at 1.35 EUR a litre, from one litre on."""
    offer = StandingOffer(
        id=POST,
        author=VENDOR,
        category="https://www.wikidata.org/wiki/Q8495",
        unit="litre",
        per_quantity=Decimal(1),
        minimum_quantity=Decimal(1),
        unit_price=Decimal("1.35"),
        currency="EUR",
        content="<p>Whole milk, 1.35 EUR a litre.</p>",
        url="https://shop.example/@shop/GpuRMVDVbCJKh3mRD6c48Q",
        published_at=EARLIER,
        ends_at=NOW + timedelta(days=7),
        terms_accepted=TERMS,
        name="Whole milk, 1 L",
        digest="digest of the posting",
    )
    return replace(offer, **over)


# --- messages -----------------------------------------------------------------------------------------------

Fields = dict[str, Any]


def _offer_id(deal: Deal) -> tuple[str, str]:
    """The offer that a message would cite: a live one, else the last, else none that exists."""
    known = deal.live_offers or deal.offers
    return (known[-1].id, known[-1].digest) if known else ("https://shop.example/activities/none", "none")


def _accept_digest(deal: Deal) -> str:
    acceptance = deal.acceptance
    return acceptance.digest if acceptance else "digest of no Accept"


def _agreement_id(deal: Deal) -> str:
    acceptance = deal.acceptance
    return acceptance.agreement_id if acceptance else "https://ana.example/agreements/none"


def _new_proposal(deal: Deal, at: datetime, **over: Any) -> Proposal:
    known = deal.proposal or a_proposal(deal_id=deal.id)
    return replace(known, **over) if over else known


def _cast(deal: Deal, at: datetime, tag: str) -> Fields:
    customer = deal.own if deal.side is Sender.CUSTOMER else deal.peer
    vendor = deal.peer if deal.side is Sender.CUSTOMER else deal.own
    stated = a_proposal(deal_id=deal.id, author=customer, addressee=vendor, published_at=at)
    return {"proposal": stated}


def _update(deal: Deal, at: datetime, tag: str) -> Fields:
    return {"proposal": _new_proposal(deal, at, updated_at=at, content="<p>Red if possible.</p>")}


def _withdraw(deal: Deal, at: datetime, tag: str) -> Fields:
    known = _new_proposal(deal, at)
    return {"proposal_id": known.id, "proposal_digest": deal.proposal_digest}


def _ask(deal: Deal, at: datetime, tag: str) -> Fields:
    note = f"https://notes.example/messages/{tag}"
    return {"note_id": note, "in_reply_to": _new_proposal(deal, at).id, "content": "<p>With gears?</p>"}


def _no_bid(deal: Deal, at: datetime, tag: str) -> Fields:
    return {"cast_id": deal.cast_id, "proposal_digest": deal.proposal_digest, "reason": "notStocked"}


def _offer(deal: Deal, at: datetime, tag: str) -> Fields:
    proposal = _new_proposal(deal, at)
    agreement = an_agreement(
        primary=proposal.primary_id,
        quantity=proposal.quantity,
        reciprocal=proposal.reciprocal_id if proposal.currency else None,
        price=Money(28900, proposal.currency) if proposal.currency else None,
    )
    return {
        "proposal_digest": deal.proposal_digest,
        "agreement": agreement,
        "agreement_digest": f"digest of agreement {tag}",
        "ends_at": at + timedelta(days=3),
        "terms_accepted": proposal.terms,
    }


def _cited(deal: Deal, at: datetime, tag: str) -> Fields:
    offer_id, digest = _offer_id(deal)
    return {"offer_id": offer_id, "offer_digest": digest}


def _counter(deal: Deal, at: datetime, tag: str) -> Fields:
    proposal = _new_proposal(
        deal,
        at,
        id=f"https://ana.example/proposals/{tag}",
        published_at=at,
        updated_at=None,
        price=money("270.00"),
    )
    return {**_cited(deal, at, tag), "proposal": proposal, "content": "<p>Yes at 270.</p>"}


def _accept(deal: Deal, at: datetime, tag: str) -> Fields:
    offer_id, digest = _offer_id(deal)
    offer = deal.offer(offer_id)
    return {
        "offer_id": offer_id,
        "offer_digest": digest,
        "agreement_id": f"https://ana.example/agreements/{tag}",
        "agreement": offer.agreement if offer else an_agreement(),
        "agreement_digest": offer.agreement_digest if offer else "digest of no agreement",
        "terms": offer.terms if offer else TERMS,
        "ends_at": at + POLICY.conclude_within,
        "feedback_key": FEEDBACK_KEY,
    }


def _conclude(deal: Deal, at: datetime, tag: str) -> Fields:
    known = deal.acceptance
    return {
        "accept_id": known.id if known else "https://ana.example/activities/none",
        "offer_digest": known.offer_digest if known else "none",
        "accept_digest": _accept_digest(deal),
        "credential": '{"type":"VerifiableCredential"}',
    }


def _decline(deal: Deal, at: datetime, tag: str) -> Fields:
    return {**_cited(deal, at, tag), "reason": "timing"}


def _order(deal: Deal, at: datetime, tag: str) -> Fields:
    agreement = AgreementTerms(
        primary=f"{POST}#primary",
        quantity=Quantity(Decimal(2), "litre"),
        reciprocal=f"{POST}#reciprocal",
        price=money("2.70"),
        item=Item("Whole milk, 1 L"),
    )
    return {
        "post_digest": "digest of the posting",
        "agreement": agreement,
        "agreement_digest": f"digest of agreement {tag}",
        "ends_at": at + POLICY.order_default,
        "feedback_key": FEEDBACK_KEY,
        "terms": TERMS[1:],
    }


def _order_accept(deal: Deal, at: datetime, tag: str) -> Fields:
    offer_id, digest = _offer_id(deal)
    order = deal.offer(offer_id)
    return {
        "order_id": offer_id,
        "order_digest": digest,
        "agreement_id": f"https://shop.example/agreements/{tag}",
        "agreement": order.agreement if order else an_agreement(),
        "agreement_digest": order.agreement_digest if order else "digest of no agreement",
        "terms": order.terms if order else TERMS,
        "credential": '{"type":"VerifiableCredential"}',
    }


def _cancel(deal: Deal, at: datetime, tag: str) -> Fields:
    return {
        "accept_digest": _accept_digest(deal),
        "ends_at": at + POLICY.cancellation,
        "reason": "needGone",
    }


def _answer_cancel(deal: Deal, at: datetime, tag: str) -> Fields:
    asked = deal.pending_cancellations or deal.cancellations
    return {
        "cancel_id": asked[-1].id if asked else "https://ana.example/activities/none",
        "cancel_digest": asked[-1].digest if asked else "none",
        "accept_digest": _accept_digest(deal),
    }


def _progress(deal: Deal, at: datetime, tag: str) -> Fields:
    agreement = deal.agreement
    return {
        "event_id": f"https://shop.example/events/{tag}",
        "accept_digest": _accept_digest(deal),
        "fulfills": f"{_agreement_id(deal)}#primary",
        "stage": Stage.DISPATCHED,
        "happened_at": at,
        "quantity": agreement.quantity if agreement else one(),
    }


def _receipt(deal: Deal, at: datetime, tag: str) -> Fields:
    return {
        "accept_digest": _accept_digest(deal),
        "receipt_id": f"https://shop.example/receipts/{tag}",
        "agreement_id": _agreement_id(deal),
        "category": deal.category or BICYCLE,
        "total": deal.agreement.price if deal.agreement else None,
        "valid_from": at,
        "credential": '{"type":"VerifiableCredential"}',
    }


def _confirm(deal: Deal, at: datetime, tag: str) -> Fields:
    return {
        "document_id": f"https://ana.example/confirmations/{tag}",
        "accept_digest": _accept_digest(deal),
        "agreement_id": _agreement_id(deal),
    }


def _feedback(deal: Deal, at: datetime, tag: str) -> Fields:
    return {
        "note_id": f"https://ana.example/messages/{tag}",
        "accept_digest": _accept_digest(deal),
        "content": "<p>It rides well.</p>",
    }


def _refuse(deal: Deal, at: datetime, tag: str) -> Fields:
    return {"object_id": deal.cast_id or "https://ana.example/activities/none", "reason": Reason.OUT_OF_STATE}


Make = Callable[[Deal, datetime, str], Fields]
_MAKE: dict[Kind, tuple[type[Message], Make]] = {
    Kind.CAST: (Cast, _cast),
    Kind.UPDATE: (Update, _update),
    Kind.WITHDRAW: (Withdraw, _withdraw),
    Kind.ASK: (Ask, _ask),
    Kind.NO_BID: (NoBid, _no_bid),
    Kind.OFFER: (Offer, _offer),
    Kind.UNDO: (Undo, _cited),
    Kind.SHORTLIST: (Shortlist, _cited),
    Kind.COUNTER: (Counter, _counter),
    Kind.ACCEPT: (Accept, _accept),
    Kind.CONCLUDE: (Conclude, _conclude),
    Kind.DECLINE: (Decline, _decline),
    Kind.ORDER: (Order, _order),
    Kind.ORDER_ACCEPT: (OrderAccept, _order_accept),
    Kind.CANCEL: (Cancel, _cancel),
    Kind.CANCEL_ACCEPT: (CancelAccept, _answer_cancel),
    Kind.CANCEL_REJECT: (CancelReject, _answer_cancel),
    Kind.PROGRESS: (Progress, _progress),
    Kind.RECEIPT: (Receipt, _receipt),
    Kind.CONFIRM: (Confirm, _confirm),
    Kind.FEEDBACK: (Feedback, _feedback),
    Kind.REFUSE: (Refuse, _refuse),
}

M = TypeVar("M", bound=Message)


def a_message(
    kind: Kind, deal: Deal, sender: Sender, *, at: datetime = NOW, tag: str = "1", **over: Any
) -> Message:
    """A valid message of this kind in this deal, citing what the deal holds.

    Shapes: `tag` makes its id (and the ids in it) its own; `over` replaces members. The digest is made from
            the id, so that whoever knows the one can tell the other.
    """
    of_type, make = _MAKE[kind]
    own = sender is deal.side
    actor, to = (deal.own, deal.peer) if own else (deal.peer, deal.own)
    origin = "/".join(actor.split("/")[:3])
    message_id = f"{origin}/activities/{kind.name.lower()}-{tag}"
    envelope: Fields = {
        "id": message_id,
        "deal_id": deal.id,
        "actor": actor,
        "to": to,
        "at": at,
        "digest": f"digest of {message_id}",
    }
    members = {**envelope, **make(deal, at, tag), **over}
    if of_type is Refuse:
        members.setdefault("object_digest", f"digest of {members['object_id']}")
    return of_type(**members)


def _like(of_type: type[M], message: Message) -> M:
    assert isinstance(message, of_type)
    return message


def a_cast(**over: Any) -> Cast:
    """The customer's cast of `a_proposal()`, two hours ago."""
    deal = a_deal(DealState.NEW)
    return _like(Cast, a_message(Kind.CAST, deal, Sender.CUSTOMER, at=EARLIER, **over))


def an_offer(**over: Any) -> Offer:
    """The vendor's offer of 289.00 EUR in answer to `a_cast()`, for three days."""
    return _like(Offer, a_message(Kind.OFFER, a_deal(DealState.OPEN), Sender.VENDOR, **over))


def an_accept(**over: Any) -> Accept:
    """The customer's Accept of the offer in `a_deal(DealState.OFFERED)`."""
    return _like(Accept, a_message(Kind.ACCEPT, a_deal(DealState.OFFERED), Sender.CUSTOMER, **over))


def a_conclusion(**over: Any) -> Conclude:
    """The vendor's conclusion of the Accept in `a_deal(DealState.ACCEPTING)`."""
    return _like(Conclude, a_message(Kind.CONCLUDE, a_deal(DealState.ACCEPTING), Sender.VENDOR, **over))


def an_order(**over: Any) -> Order:
    """An order of two litres of milk from `a_standing_offer()`."""
    deal = a_deal(DealState.NEW, kind=DealKind.ORDER)
    return _like(Order, a_message(Kind.ORDER, deal, Sender.CUSTOMER, **over))


# --- deals --------------------------------------------------------------------------------------------------

C, V = Sender.CUSTOMER, Sender.VENDOR
Path = tuple[tuple[Kind, Sender], ...]
_OFFERED: Path = ((Kind.CAST, C), (Kind.OFFER, V))
_CONCLUDED: Path = (*_OFFERED, (Kind.ACCEPT, C), (Kind.CONCLUDE, V))
_PATHS: dict[DealState, Path] = {
    DealState.NEW: (),
    DealState.OPEN: ((Kind.CAST, C),),
    DealState.OFFERED: _OFFERED,
    DealState.COUNTERED: (*_OFFERED, (Kind.COUNTER, C)),
    DealState.ACCEPTING: (*_OFFERED, (Kind.ACCEPT, C)),
    DealState.CONCLUDED: _CONCLUDED,
    DealState.CANCELLING: (*_CONCLUDED, (Kind.CANCEL, C)),
    DealState.CANCELLED: (*_CONCLUDED, (Kind.CANCEL, C), (Kind.CANCEL_ACCEPT, V)),
    DealState.CONFIRMED: (*_CONCLUDED, (Kind.CONFIRM, C)),
    DealState.ANSWERABLE: (*_OFFERED, (Kind.DECLINE, C)),
    DealState.DECLINED: (*_OFFERED, (Kind.DECLINE, C)),
    DealState.NO_BID: ((Kind.CAST, C), (Kind.NO_BID, V)),
    DealState.WITHDRAWN: ((Kind.CAST, C), (Kind.WITHDRAW, C)),
    DealState.EXPIRED: ((Kind.CAST, C),),
    DealState.REFUSED: ((Kind.CAST, C), (Kind.REFUSE, V)),
}
_ORDERED: Path = ((Kind.ORDER, C),)
_ORDER_CONCLUDED: Path = (*_ORDERED, (Kind.ORDER_ACCEPT, V))
_ORDER_PATHS: dict[DealState, Path] = {
    DealState.NEW: (),
    DealState.ORDERED: _ORDERED,
    DealState.EXPIRED: _ORDERED,
    DealState.REFUSED: (*_ORDERED, (Kind.REFUSE, V)),
    DealState.CONCLUDED: _ORDER_CONCLUDED,
    DealState.CANCELLING: (*_ORDER_CONCLUDED, (Kind.CANCEL, C)),
    DealState.CANCELLED: (*_ORDER_CONCLUDED, (Kind.CANCEL, C), (Kind.CANCEL_ACCEPT, V)),
    DealState.CONFIRMED: (*_ORDER_CONCLUDED, (Kind.CONFIRM, C)),
}


def a_deal(
    state: DealState = DealState.OPEN,
    *,
    side: Sender = Sender.CUSTOMER,
    kind: DealKind = DealKind.INTENT,
    with_offer: bool = False,
    by: Sender = Sender.CUSTOMER,
    **over: Any,
) -> Deal:
    """A deal as `side` holds it at NOW, led into `state` by real messages two hours ago.

    Shapes: `with_offer` has an offer come and go first where the way to the state has none; `by` is who asks
            for a cancellation. A state that this side cannot reach is forced onto the nearest one.
    """
    own, peer = (CUSTOMER, VENDOR) if side is Sender.CUSTOMER else (VENDOR, CUSTOMER)
    account = ACCOUNT if side is Sender.CUSTOMER else VENDOR
    deal = Deal(id=DEAL, own=own, peer=peer, side=side, account=account, kind=kind)
    path = (_PATHS if kind is DealKind.INTENT else _ORDER_PATHS).get(state, ())
    if with_offer and path and (Kind.OFFER, V) not in path and kind is DealKind.INTENT:
        path = (path[0], (Kind.OFFER, V), (Kind.UNDO, V), *path[1:])
        path = (*path[:-1], (Kind.UPDATE, C), path[-1]) if state is DealState.REFUSED else path
    for number, (step, sender) in enumerate(path):
        deal = _play(deal, step, sender, number, state, by)
    deal = tick(deal, NOW, POLICY).deal if path else deal
    return replace(deal, state=state, **over)


def _play(deal: Deal, step: Kind, sender: Sender, number: int, state: DealState, by: Sender) -> Deal:
    at = EARLIER + timedelta(seconds=number)
    over: Fields = {}
    if step in (Kind.CANCEL, Kind.CANCEL_ACCEPT) and by is Sender.VENDOR:
        sender = other_side(sender)
    if step is Kind.DECLINE:
        over["may_answer"] = state is DealState.ANSWERABLE
    if step is Kind.REFUSE:
        over = _refused_statement(deal)
        if deal.side is Sender.VENDOR:
            return deal  # a vendor's deal is never refused as a whole
    message = a_message(step, deal, sender, at=at, tag=f"0{number}", **over)
    if state is DealState.EXPIRED:
        message = _short_lived(message, at + timedelta(hours=1))
    return apply(deal, message, sender=sender, now=at, policy=POLICY).deal


def _refused_statement(deal: Deal) -> Fields:
    return {"object_id": deal.offers[0].id if deal.kind is DealKind.ORDER else deal.statement_id}


def _short_lived(message: Message, ends_at: datetime) -> Message:
    if isinstance(message, Cast):
        return replace(message, proposal=replace(message.proposal, ends_at=ends_at))
    return replace(message, ends_at=ends_at) if isinstance(message, Offer | Order) else message
