"""A deal's messages as plain JSON: what each says, and in words whether its signature holds."""

from __future__ import annotations

from federation.messages import JsonObject, Limits
from node.commands.shown import shown_words
from node.desk import Desk
from node.domain.deals import Deal, OfferRecord
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
    Update,
)
from node.domain.values import Money, format_time
from node.queries.records import Record, Seal, SealState, find_seal, read_records
from node.store.ports import JobState, QueuedJob
from node.wire.postings import is_posting

__all__ = ["offer_signature", "shown_timeline"]


def offer_signature(desk: Desk, deal: Deal, offer: OfferRecord, limits: Limits) -> JsonObject | None:
    """Whether the signature of an offer holds; None where its message is not kept."""
    seal = find_seal(desk, deal, offer, limits)
    return _signature(seal) if seal is not None else None


def shown_timeline(desk: Desk, deal: Deal, limits: Limits) -> list[JsonObject]:
    """Every message of a deal, oldest first."""
    return [_line(record) for record in read_records(desk, deal, limits)]


def _line(record: Record) -> JsonObject:
    stored, message = record.stored, record.message
    return {
        "id": stored.activity_id,
        "kind": stored.kind,
        "direction": "sent" if record.is_sent else "received",
        "by": record.by.value,
        "actor": stored.actor,
        "at": format_time(stored.at),
        "digest": stored.digest,
        "says": _words(message) if message is not None else _posting_words(record.activity),
        "signature": _signature(record.seal),
        "cites": [{"member": c.member, "digest": c.digest, "found": c.kind} for c in record.cites],
        "refused": stored.refused or None,
        "delivery": _delivery(record.job) if record.is_sent else None,
    }


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


def _signature(seal: Seal) -> JsonObject:
    return {"holds": seal.holds, "words": _signature_words(seal), "key": seal.key_id}


def _signature_words(seal: Seal) -> str:
    match seal.state:
        case SealState.HOLDS if seal.shown_at is not None:
            at = format_time(seal.shown_at)
            return f"signed by {seal.signer}, whose server showed this key at {at}"
        case SealState.HOLDS:
            return "signed by this node"
        case SealState.ALTERED:
            return "the kept bytes are not those that came"
        case SealState.UNKNOWN_KEY:
            return "the key that signed it is not known here"
        case SealState.BROKEN:
            return f"the signature does not hold: {seal.detail}"


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
