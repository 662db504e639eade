"""A deal's messages as they were kept, read anew: what each says, and whether its signature holds.

Nothing here trusts what was found when a message came: digest and proof are computed again from the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

from federation.actors import parse_actor
from federation.digest import object_digest
from federation.errors import FederationError
from federation.keys import KeyAlgorithm, PublicKey, parse_multikey
from federation.messages import JsonObject, Limits
from federation.proofs import proof_claim, verify_proof
from federation.strictjson import parse_json_object
from node.commands.shown import shown_words
from node.desk import Desk
from node.domain.deals import Deal, OfferRecord
from node.domain.errors import Refusal
from node.domain.messages import (
    Accept,
    Ask,
    Cancel,
    CancelReject,
    Cast,
    Counter,
    Decline,
    Feedback,
    Message,
    NoBid,
    Offer,
    Order,
    OrderAccept,
    Progress,
    Receipt,
    Refuse,
    Sender,
    Update,
)
from node.domain.values import Money, format_time
from node.store.ports import Direction, JobState, QueuedJob, StoredMessage
from node.wire.messages import UnknownMessage, parse_message
from node.wire.postings import is_posting

__all__ = ["offer_message", "offer_signature", "shown_timeline"]

_CITED = ("proposalDigest", "offerDigest", "acceptDigest", "digest")


def _currency(desk: Desk, deal: Deal) -> str | None:
    if deal.proposal is not None:
        return deal.proposal.currency
    price = deal.offers[0].agreement.price if deal.offers else None
    return price.currency if price else None


def _read(desk: Desk, deal: Deal, stored: StoredMessage) -> Message | None:
    """The message as it is kept; None for one that this version cannot read (it was refused)."""
    try:
        activity = parse_json_object(stored.body)
        return parse_message(activity, digest=stored.digest, currency=_currency(desk, deal))
    except (UnknownMessage, Refusal):
        return None


def offer_message(desk: Desk, deal: Deal, offer: OfferRecord) -> Offer | None:
    """The offer as its vendor sent it, with its words on each wish; None for an order."""
    stored = desk.tx.evidence.find(deal.own, offer.id)
    message = _read(desk, deal, stored) if stored is not None else None
    return message if isinstance(message, Offer) else None


def offer_signature(desk: Desk, deal: Deal, offer: OfferRecord, limits: Limits) -> JsonObject | None:
    """Whether the signature of an offer holds; None where its message is not kept."""
    stored = desk.tx.evidence.find(deal.own, offer.id)
    return _signature(desk, stored, parse_json_object(stored.body), limits) if stored is not None else None


def shown_timeline(desk: Desk, deal: Deal, limits: Limits) -> list[JsonObject]:
    """Every message of a deal, oldest first."""
    kept = desk.tx.evidence.of_deal(deal.own, deal.id)
    kinds = {stored.digest: stored.kind for stored in kept}
    return [_line(desk, deal, stored, kinds, _job_of(desk, stored), limits) for stored in kept]


def _job_of(desk: Desk, stored: StoredMessage) -> QueuedJob | None:
    """The delivery of a message of ours; None for one that came, or whose delivery is forgotten."""
    if stored.direction is Direction.IN:
        return None
    return next(iter(desk.tx.deliveries.of_activity(stored.activity_id)), None)


def _line(
    desk: Desk,
    deal: Deal,
    stored: StoredMessage,
    kinds: Mapping[str, str],
    job: QueuedJob | None,
    limits: Limits,
) -> JsonObject:
    activity = parse_json_object(stored.body)
    message = _read(desk, deal, stored)
    is_sent = stored.direction is Direction.OUT
    return {
        "id": stored.activity_id,
        "kind": stored.kind,
        "direction": "sent" if is_sent else "received",
        "by": (deal.side if is_sent else _other(deal.side)).value,
        "actor": stored.actor,
        "at": format_time(stored.at),
        "digest": stored.digest,
        "says": _words(message) if message is not None else _posting_words(activity),
        "signature": _signature(desk, stored, activity, limits),
        "cites": [
            {"member": name, "digest": activity[name], "found": kinds.get(str(activity[name]))}
            for name in _CITED
            if isinstance(activity.get(name), str)
        ],
        "refused": stored.refused or None,
        "delivery": _delivery(job) if is_sent else None,
    }


def _other(side: Sender) -> Sender:
    return Sender.VENDOR if side is Sender.CUSTOMER else Sender.CUSTOMER


# --- what it says -----------------------------------------------------------------------------------------


def _words(message: Message) -> str | None:
    """The gist of a message, in one line or two."""
    match message:
        case Cast() | Update():
            return message.proposal.name or message.proposal.category
        case Ask() | Feedback():
            return shown_words(message.content)
        case NoBid() | Decline() | Cancel() | CancelReject():
            return _joined(message.reason, shown_words(message.content))
        case Counter():
            return _joined(_price(message.proposal.price), shown_words(message.content))
        case Offer() | Accept() | Order() | OrderAccept():
            item = message.agreement.item
            return _joined(_price(message.agreement.price), item.name if item else None)
        case Progress():
            return _joined(message.stage.value, _price(message.amount) or str(message.quantity or ""))
        case Receipt():
            return _price(message.total)
        case Refuse():
            return message.reason.value
        case _:
            return None


def _posting_words(activity: JsonObject) -> str | None:
    """What a standing offer says; nothing for a message that could not be read."""
    return shown_words(str(activity.get("content"))) if is_posting(activity) else None


def _joined(*parts: str | None) -> str | None:
    return ", ".join(part for part in parts if part) or None


def _price(money: Money | None) -> str | None:
    return str(money) if money is not None else None


# --- whether it holds -------------------------------------------------------------------------------------


def _signature(desk: Desk, stored: StoredMessage, activity: JsonObject, limits: Limits) -> JsonObject:
    """Digest and proof, computed again from the bytes, under the key that was shown when it came."""
    if object_digest(activity) != stored.digest:
        return {"holds": False, "words": "the kept bytes are not those that came", "key": stored.key_id}
    key, source = _key(desk, stored, activity)
    if key is None:
        return {"holds": False, "words": "the key that signed it is not known here", "key": stored.key_id}
    try:
        verify_proof(activity, key, now=desk.now, limits=limits)
    except FederationError as error:
        return {"holds": False, "words": f"the signature does not hold: {error}", "key": key.id}
    return {"holds": True, "words": f"signed by {source}", "key": key.id}


def _key(desk: Desk, stored: StoredMessage, activity: JsonObject) -> tuple[PublicKey | None, str]:
    """The key, and in words whose it is and who showed it. A standing offer names its key in its proof."""
    claim = proof_claim(activity)
    key_id = stored.key_id or (claim.verification_method if claim is not None else "")
    if stored.direction is Direction.OUT:
        row = desk.tx.keys.get(key_id)
        own = row is not None and row.algorithm == KeyAlgorithm.ED25519.value
        key = parse_multikey(row.public, key_id=row.key_id, owner=row.owner) if row and own else None
        return key, "this node"
    found = desk.tx.documents.get(stored.document)
    if found is None:
        return None, ""
    actor, body, fetched_at = found
    keys = parse_actor(parse_json_object(body), actor).keys
    key = next((key for key in keys if key.id == key_id and key.owner == stored.actor), None)
    return key, f"{actor}, whose server showed this key at {format_time(fetched_at)}"


def _delivery(job: QueuedJob | None) -> str:
    """Where a message of ours is, in words."""
    if job is None:
        return "delivered, or no longer on the list"
    match job.state:
        case JobState.DELIVERED:
            return "delivered"
        case JobState.QUEUED if job.attempts:
            return f"queued, trying again: {job.detail}"
        case JobState.QUEUED:
            return "queued"
        case JobState.HELD:
            return "held behind an earlier message that was given up"
        case _:
            return f"given up: {job.detail}"
