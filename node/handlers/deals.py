"""Inbound messages of the deal: from the recorded bytes to the use case, in one transaction.

who sent it → which deal → parse → services.reception → parked ones again → processed
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from federation.jsonld import as_id, as_list
from federation.keys import PublicKey
from federation.listeners import Inbound
from federation.messages import JsonObject
from federation.ports import InboundEntry
from federation.strictjson import parse_json_object
from node.context import Node
from node.desk import Desk
from node.domain.deals import Deal, DealKind
from node.domain.errors import Reason, Refusal
from node.domain.messages import Conclude, Message, OrderAccept, Receipt
from node.handlers.evidence import Sender, sender_of
from node.services.reception import Reception, Source, receive, refuse_message
from node.services.shunning import refuses
from node.store.ports import Direction, Parked, StoredMessage
from node.wire.credentials import MAX_CREDENTIAL_CHARS, parse_credential, verify_credential
from node.wire.messages import Envelope, UnknownMessage, envelope_of, parse_message
from node.wire.receipts import verify_receipt
from node.workflows.lookups import known_key_for_proof

__all__ = ["take_deal_message"]


async def take_deal_message(node: Node, inbound: Inbound) -> None:
    """Process one recorded message of the deal. Raises: FetchError; the worker tries again later."""
    entry = inbound.entry
    own = _addressed(node, entry, inbound.activity.json)
    sender = await sender_of(node, entry)
    keys = await _credential_keys(node, entry, inbound.activity.json)
    await node.work(lambda desk: _take(desk, node, inbound, own, sender, keys))


def _addressed(node: Node, entry: InboundEntry, activity: JsonObject) -> str:
    """Which actor of ours this is for: the inbox's owner; at the shared one the first of ours in `to`."""
    if entry.recipient:
        return entry.recipient
    named = (as_id(item) for item in as_list(activity.get("to")))
    return next((iri for iri in named if iri and iri.startswith(node.config.base_url + "/")), "")


async def _credential_keys(node: Node, entry: InboundEntry, activity: JsonObject) -> dict[str, PublicKey]:
    """The sender's keys that credentials in this message name; nothing for most messages."""
    found: dict[str, PublicKey] = {}
    for method in _credential_methods(activity):
        key = await known_key_for_proof(node, method, entry.actor)
        if key is not None:
            found[method] = key
    return found


def _credential_methods(activity: JsonObject) -> Iterator[str]:
    """The key ids that the credentials in a message name; only looked at, nothing is believed yet."""
    text = activity.get("purchaseCredential")
    carried = [activity.get("object")]
    if isinstance(text, str) and len(text) <= MAX_CREDENTIAL_CHARS:
        with suppress(Refusal):
            carried.append(parse_credential(text).document)
    for document in carried:
        proof = document.get("proof") if isinstance(document, dict) else None
        method = proof.get("verificationMethod") if isinstance(proof, dict) else None
        if isinstance(method, str):
            yield method


def _take(
    desk: Desk, node: Node, inbound: Inbound, own: str, sender: Sender, keys: dict[str, PublicKey]
) -> None:
    entry = inbound.entry
    if not desk.tx.inbox.is_pending(entry.id):
        return
    is_actor = desk.tx.accounts.get(own) is not None or desk.tx.personas.get(own) is not None
    if is_actor:
        changed = _take_one(desk, node, entry, inbound.activity.json, own, sender, keys)
        if changed:
            _take_parked(desk, node, own, changed, sender, keys)
    desk.tx.inbox.finish(entry.id)


def _take_one(
    desk: Desk,
    node: Node,
    entry: InboundEntry,
    activity: JsonObject,
    own: str,
    sender: Sender,
    keys: dict[str, PublicKey],
) -> str:
    """Parse and receive one message; the deal that it changed, "" for none."""
    envelope = envelope_of(activity)
    if refuses(desk, own, entry.actor, envelope.deal_id):
        return ""
    deal = desk.tx.deals.get(own, envelope.deal_id)
    source = _source(desk, entry, activity, envelope, own, sender, keys)
    known = desk.tx.evidence.find(own, entry.activity_id)
    if known is not None and known.direction is Direction.IN:
        _meet_again(desk, source, known)
        return ""
    currency = _currency(desk, deal, activity)
    try:
        message = parse_message(activity, digest=entry.digest, currency=currency, kind=envelope.kind)
    except UnknownMessage:
        return ""
    except Refusal as error:
        refuse_message(desk, source, None, error)
        return ""
    return envelope.deal_id if receive(desk, message, source) is Reception.APPLIED else ""


def _meet_again(desk: Desk, source: Source, known: StoredMessage) -> None:
    """A message of this id is kept already. The same bytes, by another inbox, have had their effect.

    Other bytes, or those of another actor, are refused: an id stands for one message of the evidence, so what
    was let in under it could not be shown afterwards.
    """
    if (known.digest, known.actor) != (source.stored.digest, source.stored.actor):
        error = Refusal(Reason.MALFORMED, "another message came under this id before")
        refuse_message(desk, source, None, error)


def _take_parked(
    desk: Desk, node: Node, own: str, deal_id: str, sender: Sender, keys: dict[str, PublicKey]
) -> None:
    """What had come early may fit now; each that does may let the next one fit."""
    waiting = desk.tx.parking.of_deal(own, deal_id)
    progress = True
    while waiting and progress:
        progress = False
        for parked in waiting:
            desk.tx.parking.remove(own, parked.activity_id)
            activity = parse_json_object(parked.body)
            progress |= bool(_take_one(desk, node, parked.entry, activity, own, sender, keys))
        waiting = desk.tx.parking.of_deal(own, deal_id)


def _currency(desk: Desk, deal: Deal | None, activity: JsonObject) -> str | None:
    """The currency of a deal's amounts, which carry none: the proposal's, or the posting's for an order."""
    if deal is not None and deal.kind is DealKind.INTENT:
        return deal.proposal.currency if deal.proposal else None
    if deal is not None and deal.offers:
        price = deal.offers[0].agreement.price
        return price.currency if price else None
    satisfied = _satisfied(activity)
    posting = desk.tx.posts.offer(satisfied) if satisfied else None
    return posting.currency if posting else None


def _satisfied(activity: JsonObject) -> str:
    """Which posting an order cites."""
    agreement = activity.get("object")
    commitment = agreement.get("stipulates") if isinstance(agreement, dict) else None
    satisfies = as_id(commitment.get("satisfies")) if isinstance(commitment, dict) else None
    return (satisfies or "").removesuffix("#primary")


def _source(
    desk: Desk,
    entry: InboundEntry,
    activity: JsonObject,
    envelope: Envelope,
    own: str,
    sender: Sender,
    keys: dict[str, PublicKey],
) -> Source:
    document = desk.tx.documents.save(sender.actor, sender.document, sender.fetched_at)
    stored = StoredMessage(
        own=own,
        deal_id=envelope.deal_id,
        activity_id=entry.activity_id,
        direction=Direction.IN,
        kind="",
        actor=entry.actor,
        digest=entry.digest,
        body=entry.body,
        at=entry.received_at,
        key_id=entry.proof_key_id,
        document=document,
    )
    parked = Parked(
        own, envelope.deal_id, entry.activity_id, entry.actor, entry.body, entry, desk.now, desk.now
    )
    return Source(
        own=own,
        peer_inbox=sender.inbox,
        stored=stored,
        parked=parked,
        digest_member=envelope.digest_member,
        answerable=activity.get("type") != "Reject",
        check=lambda message: _check_credentials(desk, own, message, keys),
    )


def _check_credentials(desk: Desk, own: str, message: Message, keys: dict[str, PublicKey]) -> None:
    """A conclusion without a good purchase credential is malformed; so is a receipt that does not verify."""
    deal = desk.tx.deals.get(own, message.deal_id)
    if isinstance(message, Receipt):
        verify_receipt(message, _signed_by(parse_json_object(message.credential.encode()), keys))
    elif isinstance(message, Conclude | OrderAccept):
        credential = parse_credential(message.credential)
        verify_credential(
            credential,
            _signed_by(credential.document, keys),
            issuer=message.actor,
            feedback_key=_feedback_key(desk, deal, message),
            category=deal.category if deal else "",
            month=f"{message.at:%Y-%m}",
        )


def _signed_by(document: JsonObject, keys: dict[str, PublicKey]) -> PublicKey:
    key = keys.get(str(document["proof"].get("verificationMethod")))
    if key is None:
        raise Refusal(Reason.MALFORMED, "the credential is not signed by a key of its issuer")
    return key


def _feedback_key(desk: Desk, deal: Deal | None, message: Conclude | OrderAccept) -> str:
    if deal is None:
        return ""
    if isinstance(message, Conclude):
        return next((found.feedback_key for found in deal.acceptances if found.id == message.accept_id), "")
    return next((offer.feedback_key for offer in deal.offers if offer.id == message.order_id), "")
