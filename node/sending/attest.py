"""Signs in the name of our actors: messages, credentials and posts get their final bytes here.

Nothing is sent: `publish` does that. Services reach the wire through this module alone, so that wire names
stop there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape

from federation.digest import object_digest
from federation.messages import JsonObject, JsonValue
from federation.proofs import add_proof
from federation.strictjson import dump_json, parse_json_object
from node.desk import Desk
from node.domain.accounts import Contact
from node.domain.deals import Deal
from node.domain.messages import Accept, Message, OrderAccept, Receipt
from node.domain.notes import Note
from node.domain.offers import StandingOffer
from node.wire.agreements import agreement_digest_of
from node.wire.credentials import build_credential
from node.wire.html import html_of
from node.wire.messages import build_message
from node.wire.postings import build_posting
from node.wire.posts import addressing, audience_of, build_deletion, build_note, build_pinning, build_update
from node.wire.receipts import build_receipt_credential
from node.wire.replies import Reply, build_reply
from node.wire.requests import build_request
from node.wire.written import html_of_written

__all__ = [
    "Reply",
    "Signed",
    "addressing",
    "agreement_digest_of",
    "build_pinning",
    "build_request",
    "build_update",
    "deletion_of",
    "digest_of",
    "html_of",
    "mention_of",
    "object_id_of",
    "purchase_credential",
    "sign",
    "sign_activity",
    "sign_note",
    "sign_posting",
    "sign_reply",
    "unsigned",
    "with_receipt_credential",
    "written",
]


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
    # Its proof was made over the canonical form, so that this is JSON's own types and nothing else.
    digest = object_digest(activity, is_parsed=True)
    return Signed(replace(message, digest=digest), activity, body, key_id)


def _agreement_answered(desk: Desk, message: Message) -> JsonObject | None:
    """The Agreement as the other side worded it: our answer repeats it member by member (`protocol §2`)."""
    if not isinstance(message, Accept | OrderAccept):
        return None
    cited = message.offer_id if isinstance(message, Accept) else message.order_id
    stored = desk.tx.evidence.find(message.actor, cited)
    return parse_json_object(stored.body)["object"] if stored is not None else None


def unsigned(message: Message) -> bytes:
    """The bytes of a message of ours as they would be signed, without a proof: to be looked at."""
    return dump_json(build_message(message))


def sign_activity(
    desk: Desk, activity: JsonObject, actor: str, at: datetime
) -> tuple[JsonObject, bytes, str]:
    """Add the actor's proof: (signed activity, its bytes, key id)."""
    key = desk.signing_key(actor)
    signed = add_proof(activity, key, created=at)
    return signed, dump_json(signed), key.id


def digest_of(body: bytes) -> str:
    """The digest of a signed document of ours, from its bytes."""
    return object_digest(parse_json_object(body))


def object_id_of(body: bytes) -> str:
    """The id of what a kept message carries, to answer it."""
    return str(parse_json_object(body)["object"]["id"])


def mention_of(contact: Contact) -> str:
    """A mention of somebody in HTML, as the fediverse links them."""
    name = contact.handle.removeprefix("@").split("@")[0]
    href = escape(contact.url or contact.actor, quote=True)
    return f'<p><a href="{href}" class="u-url mention">@<span>{escape(name)}</span></a></p>'


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
    return replace(offer, digest=object_digest(note, is_parsed=True)), note, body


def sign_reply(desk: Desk, reply: Reply) -> tuple[JsonObject, bytes]:
    """The signed Note of a public answer, and its bytes."""
    note, body, _ = sign_activity(desk, build_reply(reply), reply.author, reply.published_at)
    return note, body


def sign_note(
    desk: Desk, note: Note, inline: Mapping[str, JsonValue] | None = None
) -> tuple[JsonObject, bytes]:
    """The signed Note of ours with what it carries beside its words, and its bytes."""
    document = build_note(note, tags_at=_tags_at(desk), inline=inline)
    signed, body, _ = sign_activity(desk, document, note.author, note.updated_at or note.published_at)
    return signed, body


def deletion_of(desk: Desk, note_id: str, author: str, body: bytes) -> JsonObject:
    """The unsigned Delete of a Note of ours, kept as `body`, to whom it went."""
    return build_deletion(note_id, author, audience_of(parse_json_object(body)), desk.signing_time)


def written(desk: Desk, text: str, people: Mapping[str, str]) -> str:
    """Plain words as HTML with links; `people` has the page of everybody named, by handle."""
    return html_of_written(text, people, _tags_at(desk))


def _tags_at(desk: Desk) -> str:
    return f"{desk.setting.base_url}/tags"
