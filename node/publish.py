"""The only place that sends: fact → activity → final signed bytes → evidence and outbox rows.

Everything here happens in the transaction of the change that is announced. The bytes are fixed once; only the
request signature is made anew for each attempt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from federation.digest import object_digest
from federation.jsonld import as_id
from federation.messages import JsonObject
from federation.proofs import add_proof
from federation.strictjson import dump_json, parse_json_object
from node.desk import Desk
from node.domain.deals import Deal
from node.domain.errors import Reason
from node.domain.messages import (
    Accept,
    Cancel,
    Cast,
    Conclude,
    Counter,
    Message,
    Offer,
    Order,
    OrderAccept,
    Refuse,
    Update,
)
from node.store.ports import Direction, QueuedJob, StoredMessage
from node.wire.messages import build_message

__all__ = ["Signed", "post", "refuse", "resend", "send", "sign", "sign_activity", "sign_credential"]

KEEP_TRYING = timedelta(days=7)
KEEP_TRYING_AGREED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Signed:
    """A message with its digest, and the bytes that carry it."""

    message: Message
    activity: JsonObject = field(repr=False)
    body: bytes = field(repr=False)
    key_id: str


def sign(desk: Desk, message: Message) -> Signed:
    """Build and sign a message of the deal by its `actor`, one of ours. Raises: KeyError without a key."""
    activity, body, key_id = sign_activity(desk, build_message(message), message.actor, message.at)
    return Signed(replace(message, digest=object_digest(activity)), activity, body, key_id)


def sign_activity(
    desk: Desk, activity: JsonObject, actor: str, at: datetime
) -> tuple[JsonObject, bytes, str]:
    """Add the actor's proof: (signed activity, its bytes, key id)."""
    key = desk.signing_key(actor)
    signed = add_proof(activity, key, created=at)
    return signed, dump_json(signed), key.id


def _give_up_at(message: Message, deal: Deal | None, now: datetime) -> datetime:
    """Seven days, thirty for what concerns an agreement, never past the message's own end (`protocol §6`)."""
    match message:
        case Cast() | Update() | Counter():
            return min(now + KEEP_TRYING, message.proposal.ends_at)
        case Offer() | Accept() | Order() | Cancel():
            return min(now + KEEP_TRYING, message.ends_at)
        case Conclude() | OrderAccept():
            return now + KEEP_TRYING_AGREED
        case _:
            agreed = deal is not None and deal.agreed is not None
            return now + (KEEP_TRYING_AGREED if agreed else KEEP_TRYING)


def send(
    desk: Desk, signed: Signed, deal: Deal, *, answers: str = "", due_at: datetime | None = None
) -> None:
    """Keep the message as evidence and queue it for the other party of the deal.

    Shapes: `answers` is the id of the activity that it answers, so that a repetition gets the same answer.
    """
    _keep(desk, signed, deal.own, deal.id, answers)
    give_up_at = _give_up_at(signed.message, deal, desk.now)
    _enqueue(desk, signed, deal.peer_inbox, f"{deal.own} {deal.id}", give_up_at, due_at)


def _keep(desk: Desk, signed: Signed, own: str, deal_id: str, answers: str) -> None:
    desk.tx.evidence.add(
        StoredMessage(
            own=own,
            deal_id=deal_id,
            activity_id=signed.message.id,
            direction=Direction.OUT,
            kind=signed.message.kind.value,
            actor=signed.message.actor,
            digest=signed.message.digest,
            body=signed.body,
            at=desk.now,
            key_id=signed.key_id,
            answers=answers,
        )
    )


def _request_keys(desk: Desk, actor: str) -> tuple[str, str]:
    """(key that signs requests, faster key for those who read it): personas have Ed25519 only."""
    fast = desk.signing_key(actor).id
    try:
        return desk.signing_key(actor, "rsa").id, fast
    except KeyError:
        return fast, fast


def _enqueue(
    desk: Desk,
    signed: Signed,
    inbox: str,
    ordering_key: str,
    give_up_at: datetime,
    due_at: datetime | None = None,
) -> None:
    key_id, fast = _request_keys(desk, signed.message.actor)
    desk.tx.deliveries.enqueue(
        QueuedJob(
            activity_id=signed.message.id,
            recipient=signed.message.to,
            inbox=inbox,
            actor=signed.message.actor,
            key_id=key_id,
            fast_key_id=fast,
            body=signed.body,
            ordering_key=ordering_key,
            created_at=desk.now,
            give_up_at=give_up_at,
            due_at=due_at,
        )
    )


def refuse(
    desk: Desk,
    *,
    own: str,
    peer: str,
    peer_inbox: str,
    deal_id: str,
    object_id: str,
    object_digest: str | None,
    digest_member: str,
    reason: Reason,
) -> None:
    """Tell the sender of a message that it was refused, once (`protocol §4`, Refusals)."""
    if desk.tx.evidence.answer_to(own, object_id) is not None:
        return
    message = Refuse(
        id=desk.iri("activities"),
        deal_id=deal_id,
        actor=own,
        to=peer,
        at=desk.signing_time,
        object_id=object_id,
        reason=reason,
        object_digest=object_digest,
        digest_member=digest_member,
    )
    signed = sign(desk, message)
    _keep(desk, signed, own, deal_id, object_id)
    deal = desk.tx.deals.get(own, deal_id)
    _enqueue(desk, signed, peer_inbox, f"{own} {deal_id}", _give_up_at(message, deal, desk.now))


def resend(desk: Desk, stored: StoredMessage, deal: Deal) -> None:
    """Send the very bytes of an earlier message again: a repetition gets the same answer."""
    activity = parse_json_object(stored.body)
    key_id, fast = _request_keys(desk, stored.actor)
    desk.tx.deliveries.enqueue(
        QueuedJob(
            activity_id=stored.activity_id,
            recipient=as_id(activity["to"][0]) or deal.peer,
            inbox=deal.peer_inbox,
            actor=stored.actor,
            key_id=key_id,
            fast_key_id=fast,
            body=stored.body,
            ordering_key=f"{deal.own} {deal.id}",
            created_at=desk.now,
            give_up_at=desk.now + KEEP_TRYING,
        )
    )


def post(
    desk: Desk, activity: JsonObject, *, actor: str, inboxes: Iterable[tuple[str, str]], ordering_key: str
) -> bytes:
    """Sign a public or fediverse activity and queue it for these (recipient, inbox) pairs; its bytes.

    Shapes: `inboxes` are what `federation.addressing` made of the audience, each inbox once.
    """
    _, body, _ = sign_activity(desk, activity, actor, desk.signing_time)
    key_id, fast = _request_keys(desk, actor)
    for recipient, inbox in inboxes:
        desk.tx.deliveries.enqueue(
            QueuedJob(
                activity_id=str(activity["id"]),
                recipient=recipient,
                inbox=inbox,
                actor=actor,
                key_id=key_id,
                fast_key_id=fast,
                body=body,
                ordering_key=f"{ordering_key} {inbox}",
                created_at=desk.now,
                give_up_at=desk.now + KEEP_TRYING,
            )
        )
    return body


def sign_credential(desk: Desk, document: JsonObject, issuer: str, at: datetime) -> str:
    """Sign a verifiable credential of an actor of ours; its JSON text, as it travels in a string."""
    return dump_json(add_proof(document, desk.signing_key(issuer), created=at)).decode()
