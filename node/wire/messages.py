"""The two doors between the domain and the wire: `parse_message` and `build_message`.

Nobody else needs to know that an Intent travels as a Proposal or a counter as a Reject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from federation.errors import InvalidDocument, InvalidIri
from federation.ids import parse_iri
from federation.jsonld import as_id, as_list, check_context, has_forbidden_keywords
from federation.messages import JsonObject, JsonValue
from node.domain.errors import Refusal
from node.domain.messages import Accept, Kind, Message, OrderAccept
from node.wire import accepts, cancellations, notes, offers, postings, progress, proposals, receipts, rejects
from node.wire.contexts import READ_TERMS, has_only_our_contexts, is_plainly_written, odd_member
from node.wire.headers import Header, read_header
from node.wire.kinds import DIGESTS, is_deal_message, kind_of
from node.wire.reading import Reader, UnknownMessage, malformed

__all__ = [
    "Envelope",
    "UnknownMessage",
    "build_message",
    "envelope_of",
    "is_deal_message",
    "parse_message",
]

_PARSERS: dict[Kind, Callable[[Reader, Header], Message]] = {
    Kind.CAST: proposals.parse_cast,
    Kind.UPDATE: proposals.parse_update,
    Kind.WITHDRAW: proposals.parse_withdraw,
    Kind.ASK: notes.parse_ask,
    Kind.FEEDBACK: notes.parse_feedback,
    Kind.UNDO: offers.parse_undo,
    Kind.SHORTLIST: accepts.parse_shortlist,
    Kind.CONCLUDE: accepts.parse_conclude,
    Kind.NO_BID: rejects.parse_no_bid,
    Kind.COUNTER: rejects.parse_counter,
    Kind.DECLINE: rejects.parse_decline,
    Kind.CANCEL_REJECT: rejects.parse_cancel_reject,
    Kind.REFUSE: rejects.parse_refuse,
    Kind.CANCEL: cancellations.parse_cancel,
    Kind.CANCEL_ACCEPT: cancellations.parse_cancel_accept,
    Kind.RECEIPT: receipts.parse_receipt,
    Kind.CONFIRM: receipts.parse_confirm,
}
_PRICED_PARSERS: dict[Kind, Callable[[Reader, Header, str | None], Message]] = {
    Kind.OFFER: offers.parse_offer,
    Kind.ORDER: postings.parse_order,
    Kind.ACCEPT: accepts.parse_accept,
    Kind.ORDER_ACCEPT: accepts.parse_order_accept,
    Kind.PROGRESS: progress.parse_progress,
}
"""These hold amounts that carry no currency: it is the one that the proposal, or the posting, has named."""

_BUILDERS: dict[Kind, Callable[..., JsonObject]] = {
    Kind.CAST: proposals.build_cast,
    Kind.UPDATE: proposals.build_update,
    Kind.WITHDRAW: proposals.build_withdraw,
    Kind.ASK: notes.build_ask,
    Kind.FEEDBACK: notes.build_feedback,
    Kind.UNDO: offers.build_undo,
    Kind.OFFER: offers.build_offer,
    Kind.SHORTLIST: accepts.build_shortlist,
    Kind.CONCLUDE: accepts.build_conclude,
    Kind.NO_BID: rejects.build_no_bid,
    Kind.COUNTER: rejects.build_counter,
    Kind.DECLINE: rejects.build_decline,
    Kind.CANCEL_REJECT: rejects.build_cancel_reject,
    Kind.REFUSE: rejects.build_refuse,
    Kind.CANCEL: cancellations.build_cancel,
    Kind.CANCEL_ACCEPT: cancellations.build_cancel_accept,
    Kind.ORDER: postings.build_order,
    Kind.PROGRESS: progress.build_progress,
    Kind.RECEIPT: receipts.build_receipt,
    Kind.CONFIRM: receipts.build_confirm,
}


def parse_message(
    activity: JsonObject, *, digest: str, currency: str | None = None, kind: Kind | None = None
) -> Message:
    """Read one message of the protocol from an authenticated activity.

    Shapes: `activity` as the strict parser returned it, its proof (verified by the caller) included or not;
            `digest` is that of the whole signed message; `currency` is the ISO code of the deal, or of the
            posting that an order binds, None where none was named (a gift, or a deal that is not known);
            `kind` is what `envelope_of` made of this activity, where that was asked before.
    Raises: Refusal(malformed), whose detail names the member and what would be right; UnknownMessage for what
            is not of this protocol, or of a part of it that this version does not read.
    Spec:   `protocol §2` to `§4`; `security D04, D10, D11, G12 to G21, G26`.
    """
    kind = kind or kind_of(activity)
    _check_meaning(activity)
    reader = Reader(activity)
    header = read_header(reader, digest)
    parse = _PARSERS.get(kind)
    return parse(reader, header) if parse else _PRICED_PARSERS[kind](reader, header, currency)


def _check_meaning(activity: JsonObject) -> None:
    """No context gives a name that we read another meaning, and no keyword moves parts about."""
    if is_plainly_written(activity):
        return
    odd = odd_member(activity)
    if odd is not None:
        raise malformed(odd, "must be written as its plain name")
    if has_only_our_contexts(activity):
        return
    if has_forbidden_keywords(activity):
        raise malformed("", "@graph, @included and @reverse rearrange a document and are not read")
    try:
        check_context(activity, READ_TERMS)
    except InvalidDocument as error:
        raise malformed(error.place, error.detail) from None


def build_message(message: Message, *, agreement: JsonObject | None = None) -> JsonObject:
    """The unsigned activity: with its context, without a proof, `published` at the message's `at`.

    Shapes: `agreement` is the Agreement as the offer or order states it, for an answer that must repeat it
            member by member, those that we do not know included; left out, it is worded from the message.
    Raises: ValueError for a reason or a digest member that would make it another message, and for an
            agreement that is not the one that `agreement_digest` names.
    """
    if isinstance(message, Accept):
        return accepts.build_accept(message, agreement)
    if isinstance(message, OrderAccept):
        return accepts.build_order_accept(message, agreement)
    return _BUILDERS[message.kind](message)


# --- what can be said of a message that does not parse --------------------------------------------------

_REFUSED_AS = {Kind.ACCEPT: "acceptDigest", Kind.OFFER: "offerDigest", Kind.ORDER: "offerDigest"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What little is needed to find the deal of a message, or to refuse it; nothing of it is judged.

    Shapes: empty strings where nothing usable stands; `kind` is None where the shape is no message of ours;
            `digests` are those that it cites, by their wire names; `digest_member` is the name under which a
            refusal of it states its digest.
    """

    id: str
    actor: str
    to: str
    deal_id: str
    kind: Kind | None
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest_member(self) -> str:
        return _REFUSED_AS.get(self.kind, "digest") if self.kind else "digest"


def envelope_of(activity: JsonObject) -> Envelope:
    """The envelope, as far as it can be read. Raises: nothing, whatever the document holds."""
    named = as_list(activity.get("to"))
    carried = [activity, activity.get("object"), activity.get("result")]
    contexts = (_iri(part.get("context")) for part in carried if isinstance(part, dict))
    return Envelope(
        id=_iri(activity.get("id")),
        actor=_iri(as_id(activity.get("actor"))),
        to=_iri(named[0]) if len(named) == 1 else "",
        deal_id=next(filter(None, contexts), ""),
        kind=_maybe_kind(activity),
        digests={name: activity[name] for name in DIGESTS if isinstance(activity.get(name), str)},
    )


def _maybe_kind(activity: JsonObject) -> Kind | None:
    try:
        return kind_of(activity)
    except (Refusal, UnknownMessage):
        return None


def _iri(value: JsonValue) -> str:
    try:
        return parse_iri(value)
    except InvalidIri:
        return ""
