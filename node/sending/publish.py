"""The only place that sends: fact → activity → final signed bytes → evidence and outbox rows.

Everything here happens in the transaction of the change that is announced. The bytes are fixed once; only the
request signature is made anew for each attempt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from federation.digest import object_digest
from federation.jsonld import as_id
from federation.keys import SigningKey
from federation.messages import JsonObject
from federation.strictjson import parse_json_object
from federation.vocab import PUBLIC
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
    Refuse,
    Update,
)
from node.domain.offers import StandingOffer
from node.sending.attest import Signed, sign, sign_activity
from node.sending.fanning import begin_fan_out, kind_of_activity
from node.store.fan_outs import FanOut
from node.store.ports import Direction, Post, QueuedJob, StoredMessage
from node.wire.contexts import context_for
from node.wire.feedback import build_feedback_post, sign_purchase
from node.wire.postings import build_posting_withdrawal

__all__ = [
    "announce_actor",
    "announce_note",
    "post",
    "post_to_followers",
    "post_to_readers",
    "publish_feedback",
    "refuse",
    "resend",
    "send",
    "withdraw_post",
]

CONTEXT = context_for({})
KEEP_TRYING = timedelta(days=7)
KEEP_TRYING_AGREED = timedelta(days=30)


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


def announce_note(
    desk: Desk,
    account: Account,
    note: JsonObject,
    *,
    to_followers: bool = True,
    named: Iterable[tuple[str, str]] = (),
) -> None:
    """Send the Create of a Note to the followers, if it is for them, and to whom it names: (actor, inbox)."""
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
    post_to_readers(desk, account, activity, str(note["id"]), to_followers=to_followers, named=named)


def post_to_readers(
    desk: Desk,
    account: Account,
    activity: JsonObject,
    about: str,
    *,
    to_followers: bool,
    named: Iterable[tuple[str, str]],
) -> None:
    """Sign what is said of a Note and queue it for its author's followers, and for whom it names.

    Shapes: `about` is the id of the Note: all that is sent about it keeps its order. What goes to those alone
            whom it names goes to their own inboxes, not to a shared one.
    """
    if to_followers:
        _post_to_many(desk, account, activity, about, named)
    else:
        post(desk, activity, actor=account.id, targets=named, ordering_key=about)


def announce_actor(desk: Desk, account: Account, document: JsonObject) -> None:
    """Tell the followers how an account describes itself now: an Update of its actor."""
    activity = {
        "@context": list(CONTEXT),
        "id": desk.iri("activities"),
        "type": "Update",
        "actor": account.id,
        "to": [PUBLIC],
        "cc": [f"{account.id}/followers"],
        "object": document,
    }
    _post_to_many(desk, account, activity, f"{account.id}#actor", ())


def post_to_followers(desk: Desk, account: Account, activity: JsonObject, *, ordering_key: str) -> None:
    """Sign an activity of an account and queue it for its followers."""
    _post_to_many(desk, account, activity, ordering_key, ())


def withdraw_post(desk: Desk, account: Account, offer: StandingOffer) -> None:
    """Tell the followers that a standing offer is gone: a Delete of its Note."""
    activity = build_posting_withdrawal(offer, activity_id=f"{offer.id}#delete", at=desk.signing_time)
    _post_to_many(desk, account, activity, offer.id, ())


def _post_to_many(
    desk: Desk, account: Account, activity: JsonObject, about: str, named: Iterable[tuple[str, str]]
) -> None:
    """Sign it, and let it leave for the followers and for those named."""
    _, body, _ = sign_activity(desk, activity, account.id, desk.signing_time)
    _send_to_many(desk, account, activity, body, about, named)


def _send_to_many(
    desk: Desk,
    account: Account,
    activity: JsonObject,
    body: bytes,
    about: str,
    named: Iterable[tuple[str, str]],
) -> None:
    """Let it leave for the followers and for those named; a Delete stops what has not left yet."""
    key_id, fast = _request_keys(desk, account.id)
    is_delete = activity["type"] == "Delete"
    fan_out = FanOut(
        activity_id=str(activity["id"]),
        actor=account.id,
        about=about,
        key_id=key_id,
        fast_key_id=fast,
        body=body,
        created_at=desk.now,
        give_up_at=desk.now + KEEP_TRYING,
        named=tuple(dict.fromkeys(inbox for _, inbox in named)),
        to_reached=is_delete,
        kind=kind_of_activity(activity),
    )
    begin_fan_out(desk, fan_out, takes_back=is_delete)


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
    _send_to_many(desk, account, activity, body, words.note_id, [(vendor.actor, vendor.inbox)])
    return replace(words, digest=object_digest(activity))
