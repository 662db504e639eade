"""A deal's messages as they were kept, read anew: what each says, whether its signature holds, where it is.

Nothing here trusts what was found when a message came: digest and proof are computed again from the bytes.
The command line and the pages show the same records, each in its own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from federation.actors import parse_actor
from federation.digest import object_digest
from federation.errors import FederationError
from federation.keys import KeyAlgorithm, PublicKey, parse_multikey
from federation.messages import JsonObject, Limits
from federation.proofs import proof_claim, verify_proof
from federation.strictjson import dump_json, parse_json_object
from node.desk import Desk
from node.domain.deals import Deal, OfferRecord
from node.domain.errors import Refusal
from node.domain.intents import Proposal
from node.domain.messages import Cast, Kind, Message, Offer, Sender, Update
from node.domain.plain_quotes import PlainQuote
from node.public.documents import Documents
from node.store.ports import Direction, QueuedJob, StoredMessage
from node.wire.bundles import SALE_FORMAT, ActorShown, Bundle, MessageKept, build_bundle
from node.wire.messages import UnknownMessage, parse_message

__all__ = [
    "STANDING_OFFER",
    "Cited",
    "Record",
    "Seal",
    "SealState",
    "export_deal",
    "export_sale",
    "find_offer_message",
    "find_seal",
    "find_told",
    "read_message",
    "read_records",
]

STANDING_OFFER = "standing offer"
"""The kind under which the posting that an order binds is kept with it."""
_CITED = ("proposalDigest", "offerDigest", "acceptDigest", "digest")


class SealState(StrEnum):
    HOLDS = "holds"
    ALTERED = "altered"
    """The kept bytes are not those that came."""
    UNKNOWN_KEY = "unknown key"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Seal:
    """Whether a message is signed as it says. `shown_at` is when the signer's server showed us the key.

    `detail` says why a broken one does not hold.
    """

    state: SealState
    key_id: str
    signer: str = ""
    shown_at: datetime | None = None
    is_ours: bool = False
    detail: str = ""

    @property
    def holds(self) -> bool:
        return self.state is SealState.HOLDS


@dataclass(frozen=True, slots=True)
class Cited:
    """A digest that a message names, and the kind of the message of this deal that has it."""

    member: str
    digest: str
    kind: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """One message of a deal. `message` is None for one that this version cannot read.

    `job` is the delivery of a message of ours; None for one that came, or whose delivery is forgotten.
    """

    stored: StoredMessage
    activity: JsonObject = field(repr=False)
    message: Message | None
    seal: Seal
    cites: tuple[Cited, ...]
    job: QueuedJob | None
    by: Sender

    @property
    def is_sent(self) -> bool:
        return self.stored.direction is Direction.OUT


def read_records(desk: Desk, deal: Deal, limits: Limits, *, newest: int = 0) -> list[Record]:
    """Every message of a deal, oldest first; with `newest` only so many of the last.

    Each is checked anew, which takes a millisecond or two: a page of a long deal shows its end.
    """
    kept = desk.tx.evidence.of_deal(deal.own, deal.id)
    kinds = {stored.digest: stored.kind for stored in kept}
    shown = _Shown(desk)
    return [_record(desk, deal, stored, kinds, limits, shown) for stored in kept[-newest:]]


def _record(
    desk: Desk,
    deal: Deal,
    stored: StoredMessage,
    kinds: Mapping[str, str],
    limits: Limits,
    shown: _Shown,
) -> Record:
    activity = parse_json_object(stored.body)
    is_sent = stored.direction is Direction.OUT
    jobs = desk.tx.deliveries.of_activity(stored.activity_id) if is_sent else []
    return Record(
        stored=stored,
        activity=activity,
        message=_read(deal, stored, activity),
        seal=_seal(desk, stored, activity, limits, shown),
        cites=tuple(
            Cited(name, str(activity[name]), kinds.get(str(activity[name])))
            for name in _CITED
            if isinstance(activity.get(name), str)
        ),
        job=next(iter(jobs), None),
        by=deal.side if is_sent else _other(deal.side),
    )


def _other(side: Sender) -> Sender:
    return Sender.VENDOR if side is Sender.CUSTOMER else Sender.CUSTOMER


# --- what it says -----------------------------------------------------------------------------------------


def read_message(deal: Deal, stored: StoredMessage) -> Message | None:
    """A message as it is kept; None for one that this version cannot read (it was refused)."""
    return _read(deal, stored, parse_json_object(stored.body))


def _read(deal: Deal, stored: StoredMessage, activity: JsonObject) -> Message | None:
    try:
        return parse_message(activity, digest=stored.digest, currency=_currency(deal))
    except (UnknownMessage, Refusal):
        return None


def _currency(deal: Deal) -> str | None:
    if deal.proposal is not None:
        return deal.proposal.currency
    price = deal.offers[0].agreement.price if deal.offers else None
    return price.currency if price else None


def find_offer_message(desk: Desk, deal: Deal, offer: OfferRecord) -> Offer | None:
    """The offer as its vendor sent it, with its words on each wish; None for an order."""
    stored = desk.tx.evidence.find(deal.own, offer.id)
    message = read_message(deal, stored) if stored is not None else None
    return message if isinstance(message, Offer) else None


def find_told(desk: Desk, deal: Deal) -> Proposal | None:
    """What is wanted as it was told last in whole: a counter names its price, and leaves the rest unsaid."""
    kept = desk.tx.evidence.of_deal(deal.own, deal.id)
    for stored in reversed([one for one in kept if not one.refused and one.kind in (Kind.CAST, Kind.UPDATE)]):
        message = read_message(deal, stored)
        if isinstance(message, Cast | Update):
            return message.proposal
    return deal.proposal


# --- whether it holds -------------------------------------------------------------------------------------


def find_seal(desk: Desk, deal: Deal, offer: OfferRecord, limits: Limits) -> Seal | None:
    """Whether the signature of an offer holds; None where its message is not kept."""
    stored = desk.tx.evidence.find(deal.own, offer.id)
    if stored is None:
        return None
    return _seal(desk, stored, parse_json_object(stored.body), limits, _Shown(desk))


def _seal(desk: Desk, stored: StoredMessage, activity: JsonObject, limits: Limits, shown: _Shown) -> Seal:
    """Digest and proof, computed again from the bytes, under the key that was shown when it came."""
    is_ours = stored.direction is Direction.OUT
    if object_digest(activity) != stored.digest:
        return Seal(SealState.ALTERED, stored.key_id, is_ours=is_ours)
    key, shown_at = shown.key_of(stored, activity)
    if key is None:
        return Seal(SealState.UNKNOWN_KEY, stored.key_id, is_ours=is_ours)
    try:
        verify_proof(activity, key, now=desk.now, limits=limits)
    except FederationError as error:
        return Seal(SealState.BROKEN, key.id, key.owner, shown_at, is_ours, str(error))
    return Seal(SealState.HOLDS, key.id, key.owner, shown_at, is_ours)


class _Shown:
    """The keys under which messages came, read once each: a deal has two or three.

    `at` is when its owner's server showed it; None for ours.
    """

    def __init__(self, desk: Desk) -> None:
        self._tx = desk.tx
        self._own: dict[str, PublicKey | None] = {}
        self._theirs: dict[str, tuple[tuple[PublicKey, ...], datetime | None]] = {}

    def key_of(self, stored: StoredMessage, activity: JsonObject) -> tuple[PublicKey | None, datetime | None]:
        """The key, and when it was shown. A standing offer names its key in its proof."""
        claim = proof_claim(activity)
        key_id = stored.key_id or (claim.verification_method if claim is not None else "")
        if stored.direction is Direction.OUT:
            if key_id not in self._own:
                self._own[key_id] = self._read_own(key_id)
            return self._own[key_id], None
        if stored.document not in self._theirs:
            self._theirs[stored.document] = self._read_theirs(stored.document)
        keys, shown_at = self._theirs[stored.document]
        return next((key for key in keys if key.id == key_id and key.owner == stored.actor), None), shown_at

    def _read_own(self, key_id: str) -> PublicKey | None:
        row = self._tx.keys.get(key_id)
        if row is None or row.algorithm != KeyAlgorithm.ED25519.value:
            return None
        return parse_multikey(row.public, key_id=row.key_id, owner=row.owner)

    def _read_theirs(self, document: str) -> tuple[tuple[PublicKey, ...], datetime | None]:
        found = self._tx.documents.get(document)
        if found is None:
            return (), None
        actor, body, fetched_at = found
        return tuple(parse_actor(parse_json_object(body), actor).keys), fetched_at


# --- all of it in one file --------------------------------------------------------------------------------


def export_deal(desk: Desk, deal: Deal) -> JsonObject:
    """The bundle that `obverse verify` reads: every message, and the documents that showed the keys.

    What was refused has changed nothing and is no part of the evidence.
    """
    kept = [message for message in desk.tx.evidence.of_deal(deal.own, deal.id) if not message.refused]
    kept.sort(key=lambda message: message.kind != STANDING_OFFER)  # it stands before the order that binds it
    bundle = Bundle(
        exported_by=deal.account,
        exported_at=desk.now,
        deal_id=deal.id,
        messages=tuple(MessageKept(message.at, message.digest, message.body) for message in kept),
        actors=tuple(_actors(desk, deal.own, kept)),
    )
    return build_bundle(bundle)


def export_sale(desk: Desk, quote: PlainQuote) -> JsonObject:
    """The same of a sale to a plain account: the quote, their words, and the signatures they came with."""
    kept = desk.tx.evidence.of_deal(quote.account, quote.id)
    bundle = Bundle(
        exported_by=quote.account,
        exported_at=desk.now,
        deal_id=quote.id,
        messages=tuple(MessageKept(one.at, one.digest, one.body, one.signature) for one in kept),
        actors=tuple(_actors(desk, quote.account, kept)),
        format=SALE_FORMAT,
    )
    return build_bundle(bundle)


def _actors(desk: Desk, own_id: str, kept: list[StoredMessage]) -> Iterator[ActorShown]:
    """Our own document as we serve it, and each document of theirs that showed a key, once."""
    own = Documents(desk.setting.base_url).actor(desk.tx, own_id)
    if own is not None:
        yield ActorShown(desk.now, own_id, dump_json(own))
    for digest in dict.fromkeys(message.document for message in kept if message.document):
        found = desk.tx.documents.get(digest)
        if found is not None:
            actor, body, fetched_at = found
            yield ActorShown(fetched_at, actor, body)
