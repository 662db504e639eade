"""Whether the messages of one deal bind each other: who may say what, what each cites, what was agreed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from federation.keys import PublicKey
from federation.messages import JsonObject
from federation.strictjson import parse_json_object
from node.domain.errors import Reason, Refusal
from node.domain.intents import Proposal
from node.domain.messages import (
    Accept,
    Cancel,
    CancelAccept,
    CancelReject,
    Cast,
    Conclude,
    Confirm,
    Counter,
    Kind,
    Message,
    Offer,
    Order,
    OrderAccept,
    Receipt,
    Refuse,
    Sender,
    Update,
)
from node.domain.offers import AgreementTerms, StandingOffer
from node.wire.credentials import parse_credential, verify_credential
from node.wire.receipts import verify_receipt

__all__ = ["Evidence", "Summary", "binding_problems", "summary_of"]

_CUSTOMER, _VENDOR = Sender.CUSTOMER, Sender.VENDOR
_SAID_BY: dict[Kind, Sender] = {
    Kind.CAST: _CUSTOMER, Kind.UPDATE: _CUSTOMER, Kind.WITHDRAW: _CUSTOMER, Kind.SHORTLIST: _CUSTOMER,
    Kind.COUNTER: _CUSTOMER, Kind.ACCEPT: _CUSTOMER, Kind.DECLINE: _CUSTOMER, Kind.ORDER: _CUSTOMER,
    Kind.CONFIRM: _CUSTOMER, Kind.FEEDBACK: _CUSTOMER,
    Kind.NO_BID: _VENDOR, Kind.OFFER: _VENDOR, Kind.UNDO: _VENDOR, Kind.CONCLUDE: _VENDOR,
    Kind.ORDER_ACCEPT: _VENDOR, Kind.RECEIPT: _VENDOR,
}  # fmt: skip
"""What only one side may say; the rest is either's."""

_CITES: dict[str, tuple[type[Message], ...]] = {
    "proposal_digest": (Cast, Update, Counter),
    "offer_digest": (Offer,),
    "order_digest": (Order,),
    "accept_digest": (Accept, OrderAccept),
    "cancel_digest": (Cancel,),
}
"""Each member that names an earlier message by its digest, and what that may be."""
_CITED_ID = {
    "offer_digest": "offer_id",
    "order_digest": "order_id",
    "cancel_digest": "cancel_id",
}
"""Where a message also says the id of what it cites, both name one message."""

Found = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The messages of a deal whose signatures hold, by digest, in order; and the keys that documents show."""

    deal_id: str
    messages: Mapping[str, Message]
    postings: Mapping[str, StandingOffer]
    keys: Mapping[str, tuple[PublicKey, ...]]


@dataclass(frozen=True, slots=True)
class Summary:
    """What was agreed: `accept_digest` is the reference that everything after it cites."""

    what: str
    agreement: AgreementTerms
    terms: tuple[str, ...]
    accept_digest: str
    concluded_at: datetime


def summary_of(evidence: Evidence) -> Summary | None:
    """The agreement of record, if the deal was concluded."""
    for message in evidence.messages.values():
        accepted = evidence.messages.get(message.accept_digest) if isinstance(message, Conclude) else message
        if isinstance(accepted, OrderAccept) or (
            isinstance(message, Conclude) and isinstance(accepted, Accept)
        ):
            return Summary(
                what=accepted.agreement.item.name if accepted.agreement.item else "",
                agreement=accepted.agreement,
                terms=accepted.terms,
                accept_digest=accepted.digest,
                concluded_at=message.at,
            )
    return None


def binding_problems(evidence: Evidence) -> Iterator[Found]:
    """Everything that does not hold between the messages, as (digest of the message, words)."""
    yield from _party_problems(evidence)
    for digest, message in evidence.messages.items():
        if message.deal_id != evidence.deal_id:
            yield digest, f"belongs to another deal, {message.deal_id}"
        for text in (*_citation_problems(message, evidence), *_agreement_problems(message, evidence)):
            yield digest, f"{message.kind}: {text}"


# --- who speaks -------------------------------------------------------------------------------------------


def _party_problems(evidence: Evidence) -> Iterator[Found]:
    opener = next((m for m in evidence.messages.values() if isinstance(m, Cast | Order)), None)
    if opener is None:
        yield "messages", "the message that opened the deal is not here"
        return
    sides = {opener.actor: _CUSTOMER, opener.to: _VENDOR}
    for digest, message in evidence.messages.items():
        side = sides.get(message.actor)
        if side is None or {message.actor, message.to} != set(sides):
            yield digest, f"{message.kind}: {message.actor} to {message.to} are not the two parties"
        elif _SAID_BY.get(message.kind, side) is not side:
            yield digest, f"{message.kind}: is not the {side}'s to say"
    for digest, posting in evidence.postings.items():
        if sides.get(posting.author) is not _VENDOR:
            yield digest, "standing offer: is not by the vendor of this deal"


# --- what is cited ----------------------------------------------------------------------------------------


def _citation_problems(message: Message, evidence: Evidence) -> Iterator[str]:
    """Every digest names a message that is here and is of the kind that it must be.

    A refusal cites what has changed nothing, which is no part of the evidence.
    """
    if isinstance(message, Refuse):
        return
    if isinstance(message, Order) and message.post_digest not in evidence.postings:
        yield "the standing offer that it binds is not here"
    for name, kinds in _CITES.items():
        digest = getattr(message, name, None)
        if digest is None:
            continue
        cited = evidence.messages.get(digest)
        if cited is None:
            yield f"what it cites as {name} is not here"
        elif not isinstance(cited, kinds):
            yield f"what it cites as {name} is of kind {cited.kind}"
        elif getattr(message, _CITED_ID.get(name, ""), cited.id) != cited.id:
            yield f"{name} and {_CITED_ID[name]} name two messages"


# --- what was agreed --------------------------------------------------------------------------------------


def _agreement_problems(message: Message, evidence: Evidence) -> Iterator[str]:
    match message:
        case Offer():
            yield from _offer_problems(message, evidence)
        case Accept():
            yield from _accept_problems(message, evidence)
        case Conclude():
            yield from _conclusion_problems(message, evidence)
        case OrderAccept():
            yield from _order_problems(message, evidence)
        case Receipt():
            yield from _receipt_problems(message, evidence)
        case Confirm():
            yield from _agreement_id_problems(message.agreement_id, message.accept_digest, evidence)
        case CancelAccept() | CancelReject():
            cancel = evidence.messages.get(message.cancel_digest)
            if cancel is not None and cancel.actor == message.actor:
                yield "answers its own cancellation"
        case _:
            return


def _proposal(digest: str, evidence: Evidence) -> Proposal | None:
    stated = evidence.messages.get(digest)
    return stated.proposal if isinstance(stated, Cast | Update | Counter) else None


def _offer_problems(message: Offer, evidence: Evidence) -> Iterator[str]:
    proposal = _proposal(message.proposal_digest, evidence)
    if proposal is not None and message.agreement.primary != proposal.primary_id:
        yield "it is about another proposal than the one that it cites"


def _accept_problems(message: Accept, evidence: Evidence) -> Iterator[str]:
    offer = evidence.messages.get(message.offer_digest)
    if not isinstance(offer, Offer):
        return
    if message.agreement_digest != offer.agreement_digest:
        yield "the agreement is not the one that was offered, member by member"
    proposal = _proposal(offer.proposal_digest, evidence)
    if proposal is not None and message.terms != proposal.terms:
        yield "the terms are not those that were proffered"
    if message.at > offer.ends_at:
        yield "it was signed after the offer had ended"


def _conclusion_problems(message: Conclude, evidence: Evidence) -> Iterator[str]:
    accept = evidence.messages.get(message.accept_digest)
    offer = evidence.messages.get(message.offer_digest)
    if not isinstance(accept, Accept) or not isinstance(offer, Offer):
        return
    if accept.id != message.accept_id or accept.offer_digest != message.offer_digest:
        yield "it concludes another Accept than the one that it cites"
    if message.at > accept.ends_at:
        yield "it was signed after the Accept had ended"
    proposal = _proposal(offer.proposal_digest, evidence)
    category = proposal.category if proposal is not None else ""
    yield from _credential_problems(message, accept.feedback_key, category, evidence)


def _order_problems(message: OrderAccept, evidence: Evidence) -> Iterator[str]:
    order = evidence.messages.get(message.order_digest)
    if not isinstance(order, Order):
        return
    if message.agreement_digest != order.agreement_digest:
        yield "the agreement is not the one that was ordered, member by member"
    if message.terms != order.terms:
        yield "the terms are not those that were proffered"
    posting = evidence.postings.get(order.post_digest)
    if posting is None:
        return
    if order.agreement.primary != f"{posting.id}#primary":
        yield "the order is about another standing offer than the one that it cites"
    if order.at > posting.ends_at:
        yield "it was ordered after the standing offer had ended"
    yield from _credential_problems(message, order.feedback_key, posting.category, evidence)


def _credential_problems(
    message: Conclude | OrderAccept, feedback_key: str, category: str, evidence: Evidence
) -> Iterator[str]:
    def check() -> None:
        credential = parse_credential(message.credential)
        _by_one_key(
            credential.document,
            evidence,
            lambda key: verify_credential(
                credential,
                key,
                issuer=message.actor,
                feedback_key=feedback_key,
                category=category,
                month=f"{message.at:%Y-%m}",
            ),
        )

    yield from _refusal_of(check)


def _receipt_problems(message: Receipt, evidence: Evidence) -> Iterator[str]:
    document = parse_json_object(message.credential.encode())
    yield from _refusal_of(lambda: _by_one_key(document, evidence, lambda key: verify_receipt(message, key)))
    yield from _agreement_id_problems(message.agreement_id, message.accept_digest, evidence)
    accepted = evidence.messages.get(message.accept_digest)
    if isinstance(accepted, Accept | OrderAccept) and message.total != accepted.agreement.price:
        yield f"its total is {message.total}, the agreement says {accepted.agreement.price}"


def _by_one_key(document: JsonObject, evidence: Evidence, verify: Callable[[PublicKey], None]) -> None:
    """One of the keys of that id signed this: a key id may have had several. Raises: Refusal."""
    refusal = Refusal(Reason.MALFORMED, "no document here shows the key of the credential")
    for key in evidence.keys.get(str(document["proof"].get("verificationMethod")), ()):
        try:
            return verify(key)
        except Refusal as error:
            refusal = error
    raise refusal


def _agreement_id_problems(agreement_id: str, accept_digest: str, evidence: Evidence) -> Iterator[str]:
    accepted = evidence.messages.get(accept_digest)
    if isinstance(accepted, Accept | OrderAccept) and agreement_id != accepted.agreement_id:
        yield "it names another agreement than the one that it cites"


def _refusal_of(check: Callable[[], None]) -> Iterator[str]:
    try:
        check()
    except Refusal as error:
        yield error.detail
