"""The five things that a Reject can say: no bid, counter, decline, no to a cancellation, refusal."""

from __future__ import annotations

from collections.abc import Collection

from federation.messages import JsonObject
from node.domain.errors import Reason
from node.domain.messages import CancelReject, Counter, Decline, NoBid, Refuse
from node.domain.reasons import CANCEL_REASONS, DECLINE_REASONS, NO_BID_REASONS
from node.wire.contexts import obv, plain_code
from node.wire.headers import Header, build_activity, present, read_deal_id
from node.wire.proposals import build_proposal, parse_proposal
from node.wire.reading import Reader

__all__ = [
    "REFUSED_DIGESTS",
    "build_cancel_reject",
    "build_counter",
    "build_decline",
    "build_no_bid",
    "build_reason",
    "build_refuse",
    "is_refusal",
    "parse_cancel_reject",
    "parse_counter",
    "parse_decline",
    "parse_no_bid",
    "parse_refuse",
    "read_reason",
]

REFUSED_DIGESTS = ("acceptDigest", "offerDigest", "proposalDigest", "digest")
"""The digest of what is refused stands under one of these."""

_REFUSALS = tuple(reason.value for reason in Reason)


def is_refusal(activity: JsonObject) -> bool:
    """Whether a Reject gives a reason that says: this message could not be taken at all."""
    instrument = activity.get("instrument")
    code = instrument.get("reasonCode") if isinstance(instrument, dict) else None
    return isinstance(code, str) and plain_code(code) in _REFUSALS


def read_reason(activity: Reader, allowed: Collection[str]) -> str | None:
    """The code of the Reason, where one is given."""
    reason = activity.maybe_child("instrument", "Reason")
    return None if reason is None else reason.maybe_code("reasonCode", allowed)


def _required_reason(activity: Reader, allowed: Collection[str]) -> str:
    code = read_reason(activity, allowed)
    if code is None:
        raise activity.refuse("instrument.reasonCode", f"is missing; one of obv:{', obv:'.join(allowed)}")
    return code


def build_reason(
    code: str | None, allowed: Collection[str], *, may_answer: bool | None = None
) -> JsonObject | None:
    """The Reason of a message. Raises: ValueError for a code that would say something else."""
    if code is None and may_answer is None:
        return None
    if code is not None and code not in allowed:
        raise ValueError(f"{code!r} is not one of {', '.join(allowed)}")
    return present(type="Reason", reasonCode=obv(code) if code else None, mayAnswer=may_answer)


# --- no bid ---------------------------------------------------------------------------------------------


def parse_no_bid(activity: Reader, header: Header) -> NoBid:
    return NoBid(
        **header.on(read_deal_id(activity)),
        cast_id=activity.iri("object"),
        proposal_digest=activity.digest("proposalDigest"),
        reason=_required_reason(activity, NO_BID_REASONS),
        content=activity.maybe_content(),
    )


def build_no_bid(message: NoBid) -> JsonObject:
    members = present(
        object=message.cast_id,
        context=message.deal_id,
        proposalDigest=message.proposal_digest,
        content=message.content,
        instrument=build_reason(message.reason, NO_BID_REASONS),
    )
    return build_activity(message, "Reject", members)


# --- counter and decline --------------------------------------------------------------------------------


def parse_counter(activity: Reader, header: Header) -> Counter:
    """Ends one offer; `result` states the proposal anew."""
    return Counter(
        **header.on(read_deal_id(activity)),
        offer_id=activity.iri("object"),
        offer_digest=activity.digest("offerDigest"),
        proposal=parse_proposal(activity, header, "result"),
        content=activity.maybe_content(),
    )


def build_counter(message: Counter) -> JsonObject:
    members = present(
        object=message.offer_id,
        context=message.deal_id,
        offerDigest=message.offer_digest,
        content=message.content,
        result=build_proposal(message.proposal),
    )
    return build_activity(message, "Reject", members)


def parse_decline(activity: Reader, header: Header) -> Decline:
    reason = activity.maybe_child("instrument", "Reason")
    return Decline(
        **header.on(read_deal_id(activity)),
        offer_id=activity.iri("object"),
        offer_digest=activity.digest("offerDigest"),
        reason=read_reason(activity, DECLINE_REASONS),
        may_answer=None if reason is None else reason.maybe_flag("mayAnswer"),
        content=activity.maybe_content(),
    )


def build_decline(message: Decline) -> JsonObject:
    members = present(
        object=message.offer_id,
        context=message.deal_id,
        offerDigest=message.offer_digest,
        content=message.content,
        instrument=build_reason(message.reason, DECLINE_REASONS, may_answer=message.may_answer),
    )
    return build_activity(message, "Reject", members)


# --- the answer to a cancellation -----------------------------------------------------------------------


def parse_cancel_reject(activity: Reader, header: Header) -> CancelReject:
    return CancelReject(
        **header.on(read_deal_id(activity)),
        cancel_id=activity.iri("object"),
        cancel_digest=activity.digest("digest"),
        accept_digest=activity.digest("acceptDigest"),
        reason=read_reason(activity, CANCEL_REASONS),
        content=activity.maybe_content(),
    )


def build_cancel_reject(message: CancelReject) -> JsonObject:
    members = present(
        object=message.cancel_id,
        context=message.deal_id,
        digest=message.cancel_digest,
        acceptDigest=message.accept_digest,
        content=message.content,
        instrument=build_reason(message.reason, CANCEL_REASONS),
    )
    return build_activity(message, "Reject", members)


# --- refusal --------------------------------------------------------------------------------------------


def parse_refuse(activity: Reader, header: Header) -> Refuse:
    """What we sent could not be taken.

    Shapes: `deal_id` is empty where the refused message named no deal that could be read.
    """
    member = next((name for name in REFUSED_DIGESTS if activity.has(name)), None)
    return Refuse(
        **header.on(activity.maybe_iri("context") or ""),
        object_id=activity.iri("object"),
        reason=Reason(_required_reason(activity, _REFUSALS)),
        object_digest=activity.digest(member) if member else None,
        digest_member=member or "digest",
        content=activity.maybe_content(),
    )


def build_refuse(message: Refuse) -> JsonObject:
    if message.digest_member not in REFUSED_DIGESTS:
        raise ValueError(f"{message.digest_member!r} is not one of {', '.join(REFUSED_DIGESTS)}")
    members = present(
        object=message.object_id,
        context=message.deal_id or None,
        content=message.content,
        instrument=build_reason(message.reason.value, _REFUSALS),
    )
    if message.object_digest is not None:
        members[message.digest_member] = message.object_digest
    return build_activity(message, "Reject", members)
