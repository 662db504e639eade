"""Asking to cancel what was agreed, and yes to it; no is a Reject (`rejects`)."""

from __future__ import annotations

from federation.messages import JsonObject
from node.domain.messages import Cancel, CancelAccept
from node.domain.policy import Policy
from node.domain.reasons import CANCEL_REASONS
from node.domain.values import format_time
from node.wire.headers import Header, build_activity, present, read_deal_id, read_end
from node.wire.reading import Reader
from node.wire.rejects import build_reason, read_reason

__all__ = ["build_cancel", "build_cancel_accept", "parse_cancel", "parse_cancel_accept"]

_LASTS = Policy().cancellation


def parse_cancel(activity: Reader, header: Header) -> Cancel:
    reason = read_reason(activity, CANCEL_REASONS)
    if reason is None:
        raise activity.refuse(
            "instrument", f"is missing; a Reason, one of obv:{', obv:'.join(CANCEL_REASONS)}"
        )
    return Cancel(
        **header.on(read_deal_id(activity)),
        accept_digest=activity.digest("acceptDigest"),
        ends_at=read_end(activity, header.at, _LASTS),
        reason=reason,
        content=activity.child("object", "Cancellation").maybe_content(),
    )


def build_cancel(message: Cancel) -> JsonObject:
    members = {
        "context": message.deal_id,
        "endTime": format_time(message.ends_at),
        "acceptDigest": message.accept_digest,
        "object": present(type="Cancellation", content=message.content),
        "instrument": build_reason(message.reason, CANCEL_REASONS),
    }
    return build_activity(message, "Offer", members)


def parse_cancel_accept(activity: Reader, header: Header) -> CancelAccept:
    return CancelAccept(
        **header.on(read_deal_id(activity)),
        cancel_id=activity.iri("object"),
        cancel_digest=activity.digest("digest"),
        accept_digest=activity.digest("acceptDigest"),
    )


def build_cancel_accept(message: CancelAccept) -> JsonObject:
    members = {
        "object": message.cancel_id,
        "context": message.deal_id,
        "digest": message.cancel_digest,
        "acceptDigest": message.accept_digest,
    }
    return build_activity(message, "Accept", members)
