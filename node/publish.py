"""The only place that sends: fact → activity → final signed bytes → evidence and outbox rows.

Everything here happens in the transaction of the change that is announced. The bytes are fixed once; only the
request signature is made anew for each attempt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html import escape

from federation.addressing import Recipient, inboxes
from federation.digest import object_digest
from federation.jsonld import as_id
from federation.keys import SigningKey
from federation.messages import JsonObject
from federation.proofs import add_proof
from federation.strictjson import dump_json, parse_json_object
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.deals import Deal
from node.domain.errors import Reason
from node.domain.feedback import FeedbackPost, Standing
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
    Receipt,
    Refuse,
    Update,
)
from node.domain.offers import StandingOffer
from node.store.ports import Direction, Post, QueuedJob, StoredMessage
from node.wire.agreements import agreement_digest_of
from node.wire.contexts import context_for
from node.wire.credentials import build_credential
from node.wire.feedback import build_feedback_post, sign_purchase
from node.wire.html import html_of
from node.wire.messages import build_message
from node.wire.postings import build_posting
from node.wire.receipts import build_receipt_credential

__all__ = [
    "Signed",
    "accept_follow",
    "agreement_digest_of",
    "announce_post",
    "html_of",
    "mention_of",
    "post",
    "publish_feedback",
    "purchase_credential",
    "refuse",
    "resend",
    "send",
    "sign",
    "sign_activity",
    "sign_posting",
    "with_receipt_credential",
]

CONTEXT = context_for({})
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
    built = build_message(message, agreement=_agreement_answered(desk, message))
    activity, body, key_id = sign_activity(desk, built, message.actor, message.at)
    return Signed(replace(message, digest=object_digest(activity)), activity, body, key_id)


def _agreement_answered(desk: Desk, message: Message) -> JsonObject | None:
    """The Agreement as the other side worded it: our answer repeats it member by member (`protocol §2`)."""
    if not isinstance(message, Accept | OrderAccept):
        return None
    cited = message.offer_id if isinstance(message, Accept) else message.order_id
    stored = desk.tx.evidence.find(message.actor, cited)
    return parse_json_object(stored.body)["object"] if stored is not None else None


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
    desk: Desk, activity: JsonObject, *, actor: str, targets: Iterable[tuple[str, str]], ordering_key: str
) -> bytes:
    """Sign a public or fediverse activity and queue it for these (recipient, inbox) pairs; its bytes.

    Shapes: `targets` are what `federation.addressing` made of the audience, each inbox once.
    """
    _, body, _ = sign_activity(desk, activity, actor, desk.signing_time)
    _queue_bytes(desk, str(activity["id"]), body, actor, targets, ordering_key)
    return body


def _queue_bytes(
    desk: Desk,
    activity_id: str,
    body: bytes,
    actor: str,
    targets: Iterable[tuple[str, str]],
    ordering_key: str,
) -> None:
    key_id, fast = _request_keys(desk, actor)
    for recipient, inbox in targets:
        desk.tx.deliveries.enqueue(
            QueuedJob(
                activity_id=activity_id,
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


def accept_follow(desk: Desk, account: str, follow: JsonObject, follower: str, inbox: str) -> None:
    """Answer a Follow, with the whole of it embedded, as peers expect (`interop §4.4`)."""
    activity = {
        "@context": list(CONTEXT),
        "id": desk.iri("activities"),
        "type": "Accept",
        "actor": account,
        "to": [follower],
        "object": follow,
    }
    post(desk, activity, actor=account, targets=[(follower, inbox)], ordering_key=account)


def announce_post(
    desk: Desk, account: Account, note: JsonObject, extra: Iterable[tuple[str, str]] = ()
) -> None:
    """Send the Create of a public post to the followers, and to those whom it mentions (`extra`)."""
    activity = {
        "@context": note["@context"],
        "id": f"{note['id']}#create",
        "type": "Create",
        "actor": account.id,
        "to": note["to"],
        "cc": note["cc"],
        "published": note["published"],
        "object": note,
    }
    _, body, _ = sign_activity(desk, activity, account.id, desk.signing_time)
    _queue_post(desk, account, str(activity["id"]), body, str(note["id"]), extra)


def _queue_post(
    desk: Desk,
    account: Account,
    activity_id: str,
    body: bytes,
    ordering: str,
    named: Iterable[tuple[str, str]],
) -> None:
    """One row an inbox: the followers', by shared inbox where several read there, and those named."""
    followers = desk.tx.followers.all(account.id)
    readers = [Recipient(found.actor, found.inbox, found.shared_inbox or "") for found in followers]
    readers += [Recipient(actor, inbox) for actor, inbox in named]
    targets = [("", inbox) for inbox in inboxes(readers, private=False)]
    _queue_bytes(desk, activity_id, body, account.id, targets, ordering)


def mention_of(contact: Contact) -> str:
    """A mention of somebody in HTML, as the fediverse links them."""
    name = contact.handle.removeprefix("@").split("@")[0]
    href = escape(contact.url or contact.actor, quote=True)
    return f'<p><a href="{href}" class="u-url mention">@<span>{escape(name)}</span></a></p>'


def publish_feedback(
    desk: Desk, account: Account, draft: FeedbackPost, vendor: Contact, key: SigningKey
) -> FeedbackPost:
    """Sign a public post with the key of the purchase and the account's own, keep it, and send it out."""
    proof = sign_purchase(
        key,
        note_id=draft.note_id,
        author=draft.author,
        content=draft.content,
        credential=draft.credential or "",
    )
    words = replace(draft, purchase_proof=proof)
    activity, body, _ = sign_activity(desk, build_feedback_post(words), account.id, draft.published_at)
    desk.tx.posts.save(
        Post(
            id=words.note_id,
            account=account.id,
            author=account.id,
            kind="feedback",
            body=body,
            at=desk.now,
            activity_id=words.activity_id,
            standing=Standing.FROM_A_PURCHASE.value,
        )
    )
    _queue_post(desk, account, str(activity["id"]), body, words.note_id, [(vendor.actor, vendor.inbox)])
    return replace(words, digest=object_digest(activity))


# --- credentials and postings -----------------------------------------------------------------------------


def purchase_credential(desk: Desk, deal: Deal, feedback_key: str) -> str:
    """The vendor's word that whoever holds this key bought here: category and month, nothing else."""
    document = build_credential(
        issuer=deal.own,
        feedback_key=feedback_key,
        category=deal.category,
        month=f"{desk.signing_time:%Y-%m}",
    )
    return _signed_text(desk, document, deal.own)


def with_receipt_credential(desk: Desk, receipt: Receipt) -> Receipt:
    """The receipt with its credential, signed by the vendor."""
    document = build_receipt_credential(
        receipt_id=receipt.receipt_id,
        issuer=receipt.actor,
        customer=receipt.to,
        agreement_id=receipt.agreement_id,
        accept_digest=receipt.accept_digest,
        category=receipt.category,
        total=receipt.total,
        valid_from=receipt.valid_from,
        return_until=receipt.return_until,
        guarantee_until=receipt.guarantee_until,
    )
    return replace(receipt, credential=_signed_text(desk, document, receipt.actor))


def _signed_text(desk: Desk, document: JsonObject, issuer: str) -> str:
    return dump_json(add_proof(document, desk.signing_key(issuer), created=desk.signing_time)).decode()


def sign_posting(desk: Desk, offer: StandingOffer) -> tuple[StandingOffer, JsonObject, bytes]:
    """The standing offer with its digest, the signed Note, and its bytes."""
    note, body, _ = sign_activity(
        desk, build_posting(offer), offer.author, offer.updated_at or offer.published_at
    )
    return replace(offer, digest=object_digest(note)), note, body
