"""What a peer's message does: one transaction from the parsed fact to state, answers and outbox rows.

    known deal? → the tables and steps → stock → what our side does at once (conclude, quote, tell the losers)

A refusal changes nothing but is answered once; what came early is parked; an echo is kept without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.deals import Deal, DealKind, DealState
from node.domain.errors import Early, Reason, Refusal, Superfluous
from node.domain.events import Settled
from node.domain.messages import (
    Accept,
    Cast,
    Conclude,
    Kind,
    Message,
    Order,
    Refuse,
    Sender,
)
from node.domain.sayings import said
from node.domain.terms import missing_terms
from node.domain.transitions import Outcome, apply
from node.sending import attest, publish
from node.services.accounts import quiet_personas
from node.services.dealing import envelope, follow_events, notice, save
from node.services.deciding import decide
from node.services.orders import answer_order, check_order
from node.services.quotes import answer_by_rule
from node.store.ports import Notice, Parked, StoredMessage

__all__ = ["Reception", "Source", "account_of", "receive", "refuse_message"]


class Reception(Enum):
    """What became of a message; matched exhaustively."""

    APPLIED = "applied"
    REFUSED = "refused"
    PARKED = "parked"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a message came from: everything beside its meaning.

    Shapes: `own` is the actor that received it; `peer_inbox` where its sender is written to; `document` the
            digest of the actor document that showed its key; `digest_member` names its digest in a refusal;
            `answerable` is False for a Reject, whose refusal would be a Reject of a Reject; `check` raises
            Refusal where a credential in it does not hold.
    """

    own: str
    peer_inbox: str
    stored: StoredMessage
    parked: Parked
    digest_member: str
    answerable: bool
    check: Callable[[Message], None]


def account_of(desk: Desk, actor: str) -> Account | None:
    """The account behind an actor of ours, be it a persona."""
    persona = desk.tx.personas.get(actor)
    return desk.tx.accounts.get(persona.account if persona else actor)


def receive(desk: Desk, message: Message, source: Source) -> Reception:
    """Let a peer's message act. Never raises a domain error; what it refuses it answers."""
    deal = desk.tx.deals.get(source.own, message.deal_id)
    try:
        deal = deal or _new_deal(desk, message, source)
        _check_party(deal, message)
        source.check(message)
        if deal.peer_inbox != source.peer_inbox:
            deal = replace(deal, peer_inbox=source.peer_inbox)
        _take(desk, deal, message, source)
        return Reception.APPLIED
    except Early as error:
        return _park(desk, deal, message, source, error)
    except Superfluous as error:
        _keep(desk, source, message, refused=f"echo: {error.detail}")
        return Reception.ECHO
    except Refusal as error:
        refuse_message(desk, source, message, error)
        return Reception.REFUSED


def _new_deal(desk: Desk, message: Message, source: Source) -> Deal:
    """A deal that we do not know can only be one that a customer opens with a vendor of ours.

    One that was never sent to us answers exactly as one that does not exist. Spec: `protocol §4`, Refusals.
    """
    account = desk.tx.accounts.get(source.own)
    minted_by_sender = message.deal_id.split("/")[:3] == message.actor.split("/")[:3]
    if account is None or account.kind is not AccountKind.VENDOR or not minted_by_sender:
        raise Refusal(Reason.NOT_ADDRESSED, "no such deal")
    kind = DealKind.ORDER if message.kind is Kind.ORDER else DealKind.INTENT
    return Deal(
        id=message.deal_id,
        own=source.own,
        peer=message.actor,
        side=Sender.VENDOR,
        account=account.id,
        kind=kind,
        peer_inbox=source.peer_inbox,
    )


def _check_party(deal: Deal, message: Message) -> None:
    """Only the counterparty speaks in a deal; anybody else hears what a stranger to it would."""
    if message.actor != deal.peer or message.to != deal.own:
        raise Refusal(Reason.NOT_ADDRESSED, "no such deal")


def _take(desk: Desk, deal: Deal, message: Message, source: Source) -> None:
    if isinstance(message, Accept) and deal.side is Sender.VENDOR:
        _conclude(desk, deal, message, source)
    elif isinstance(message, Order):
        _take_order(desk, deal, message, source)
    else:
        outcome = _apply(desk, deal, message, now=_judged_at(desk, message, source))
        if isinstance(message, Cast):
            _check_terms(desk, deal, message)
        _store(desk, outcome, message, source)
        _react(desk, outcome, message)


def _apply(desk: Desk, deal: Deal, message: Message, *, now: datetime | None = None) -> Outcome:
    sender = Sender.VENDOR if deal.side is Sender.CUSTOMER else Sender.CUSTOMER
    return apply(
        deal,
        message,
        sender=sender,
        now=now or desk.now,
        policy=desk.setting.policy,
        may_release=_may_release(desk, deal, message),
    )


def _judged_at(desk: Desk, message: Message, source: Source) -> datetime:
    """What must arrive before an end is judged by its receipt, however long it waited here.

    Spec: `protocol §4`, accept and conclude; `security §3`, "the vendor's time of receipt decides".
    """
    in_time = isinstance(message, Accept | Conclude | Order)
    return min(source.stored.at, desk.now) if in_time else desk.now


def _may_release(desk: Desk, deal: Deal, message: Message) -> bool:
    """Whether a conclusion may have come too late: not if our own record shows that it arrived in time."""
    agreed = deal.agreed
    if not isinstance(message, Refuse) or agreed is None or agreed.conclusion_id is None:
        return True
    delivered_at = desk.tx.deliveries.delivered_at(agreed.conclusion_id, deal.peer)
    return delivered_at is None or delivered_at >= agreed.ends_at


def _check_terms(desk: Desk, deal: Deal, message: Cast) -> None:
    account = desk.tx.accounts.get(deal.account)
    lacking = missing_terms(message.proposal.terms, account.terms_accepted if account else ())
    if lacking:
        words = said("not accepted here: %(terms)s", terms=tuple(lacking))
        raise Refusal(Reason.TERMS_NOT_ACCEPTED, words)


def _store(desk: Desk, outcome: Outcome, message: Message, source: Source) -> None:
    follow_events(desk, outcome.deal, outcome.events)
    save(desk, outcome.deal)
    _keep(desk, source, message)


def _keep(desk: Desk, source: Source, message: Message | None, *, refused: str = "") -> None:
    kind = message.kind.value if message is not None else ""
    desk.tx.evidence.add(replace(source.stored, kind=kind, refused=refused))


# --- what our side does at once ---------------------------------------------------------------------------


_TOLD = {
    Kind.WITHDRAW: "The customer took the intent back.",
    Kind.ASK: "A word on the deal.",
    Kind.NO_BID: "The vendor will make no offer.",
    Kind.OFFER: "An offer.",
    Kind.UNDO: "The vendor took its offer back.",
    Kind.SHORTLIST: "The offer is among the last.",
    Kind.COUNTER: "The customer would take it at another price.",
    Kind.CONCLUDE: "The vendor has concluded: it is agreed.",
    Kind.DECLINE: "The offer was declined.",
    Kind.ORDER_ACCEPT: "The order is accepted: it is agreed.",
    Kind.CANCEL: "The other side asks to call it off.",
    Kind.CANCEL_ACCEPT: "It is called off.",
    Kind.CANCEL_REJECT: "It is not called off: the agreement stands.",
    Kind.PROGRESS: "News of goods or money.",
    Kind.RECEIPT: "The receipt.",
    Kind.CONFIRM: "The customer confirms that all was received.",
    Kind.FEEDBACK: "Feedback, to you alone.",
}


def _react(desk: Desk, outcome: Outcome, message: Message) -> None:
    deal = outcome.deal
    account = desk.tx.accounts.get(deal.account)
    if message.kind in (Kind.CAST, Kind.UPDATE) and account is not None:
        answer_by_rule(desk, deal, account)
    elif message.kind is not Kind.REFUSE:
        notice(desk, deal, _TOLD.get(message.kind, f"{message.kind}"), kind=message.kind.value)
    if message.kind is Kind.CONFIRM:
        quiet_personas(desk, deal.own)
    if deal.kind is DealKind.INTENT and any(isinstance(event, Settled) for event in outcome.events):
        decide(desk, deal)


def _conclude(desk: Desk, deal: Deal, message: Accept, source: Source) -> None:
    """Each Accept gets exactly one conclusion or one Reject, in the order of our own commits."""
    agreed = deal.agreed
    if (
        agreed is not None
        and deal.state is not DealState.CANCELLED
        and _repeats(agreed.offer_digest, message)
    ):
        _say_again(desk, deal, message, source)
        return
    outcome = _apply(desk, deal, message, now=_judged_at(desk, message, source))
    draft = Conclude(
        **envelope(desk, deal),
        accept_id=message.id,
        offer_digest=message.offer_digest,
        accept_digest=message.digest,
        credential=attest.purchase_credential(desk, deal, message.feedback_key),
    )
    signed = attest.sign(desk, draft)
    concluded = apply(
        outcome.deal, signed.message, sender=Sender.VENDOR, now=desk.now, policy=desk.setting.policy
    )
    _store(desk, Outcome(concluded.deal, (*outcome.events, *concluded.events)), message, source)
    publish.send(desk, signed, concluded.deal, answers=message.id)
    notice(desk, concluded.deal, "accepted and concluded", kind="accept")


def _repeats(offer_digest: str, message: Accept) -> bool:
    return offer_digest == message.offer_digest


def _say_again(desk: Desk, deal: Deal, message: Accept, source: Source) -> None:
    """A second Accept of what is concluded gets the same conclusion again (case G06)."""
    agreed = deal.agreed
    stored = desk.tx.evidence.find(deal.own, agreed.conclusion_id or "") if agreed else None
    _keep(desk, source, message, refused="repeated: answered with the same conclusion")
    if stored is not None:
        publish.resend(desk, stored, deal)


def _take_order(desk: Desk, deal: Deal, message: Order, source: Source) -> None:
    now = _judged_at(desk, message, source)
    posting = check_order(desk, message, now=now)
    ordered = replace(deal, post_id=posting.id, category=posting.category)
    outcome = _apply(desk, ordered, message, now=now)
    accepted, signed = answer_order(desk, outcome.deal, message, posting)
    _store(desk, Outcome(accepted.deal, (*outcome.events, *accepted.events)), message, source)
    publish.send(desk, signed, accepted.deal, answers=message.id)
    notice(
        desk,
        accepted.deal,
        f"Order: {message.agreement.quantity} of {posting.name or posting.id}",
        kind="order",
        item=posting.name or "",
    )


# --- what does not act ------------------------------------------------------------------------------------


def _park(desk: Desk, deal: Deal | None, message: Message, source: Source, error: Early) -> Reception:
    policy = desk.setting.policy
    full = desk.tx.parking.count(source.own, message.deal_id) >= policy.parked_per_deal
    if full or desk.tx.parking.count_of_actor(message.actor) >= policy.parked_per_actor:
        refuse_message(desk, source, message, Refusal(Reason.LIMIT, "too many messages came early"))
        return Reception.REFUSED
    desk.tx.parking.add(replace(source.parked, until=desk.now + policy.parked_for))
    if deal is not None:
        notice(desk, deal, f"Waiting: {error}", kind="parked")
    return Reception.PARKED


def refuse_message(desk: Desk, source: Source, message: Message | None, error: Refusal) -> None:
    """Answer once with `Reject` + Reason, tell the owner, change nothing. A refusal itself is never answered.

    Shapes: `message` is None where the activity could not even be read (`malformed`).
    """
    stored = source.stored
    known = desk.tx.deals.get(stored.own, stored.deal_id)
    if known is not None:
        _keep(desk, source, message, refused=f"{error.reason}: {error.detail}")
    account = account_of(desk, stored.own)
    if account is not None:
        text = f"Refused {message.kind if message else 'a message'} from {stored.actor}: {error.detail}"
        values = {"actor": stored.actor}
        desk.tx.notices.add(
            Notice(account.id, desk.now, text, "refused", stored.deal_id, error.reason, values=values)
        )
    if message.kind is Kind.REFUSE if message is not None else not source.answerable:
        return
    publish.refuse(
        desk,
        own=stored.own,
        peer=stored.actor,
        peer_inbox=source.peer_inbox,
        deal_id=stored.deal_id,
        object_id=stored.activity_id,
        object_digest=stored.digest,
        digest_member=source.digest_member,
        reason=error.reason,
    )
