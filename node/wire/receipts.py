"""The end of a deal: the vendor's receipt, a verifiable credential, and the customer's confirmation."""

from __future__ import annotations

import re
from datetime import date, datetime

from federation.keys import PublicKey
from federation.messages import JsonObject
from federation.strictjson import dump_json, parse_json_object
from federation.vocab import CREDENTIALS_CONTEXT
from node.domain.messages import Confirm, Receipt
from node.domain.values import Money, format_time
from node.wire.agreements import MAX_LINKS
from node.wire.contexts import OBV
from node.wire.credentials import check_vendor_proof
from node.wire.headers import Header, build_activity, present, read_deal_id, read_made_object
from node.wire.quantities import currency_iri, read_amount, read_currency
from node.wire.reading import Reader

__all__ = [
    "build_confirm",
    "build_receipt",
    "build_receipt_credential",
    "parse_confirm",
    "parse_receipt",
    "verify_receipt",
]

_CONTEXT = [CREDENTIALS_CONTEXT, {"obv": OBV}]
_TYPE = ["VerifiableCredential", "obv:ReceiptCredential"]
_REL = f"{OBV}receipt"
_DATE = re.compile(r"2\d{3}-\d\d-\d\d", re.ASCII)


def build_receipt_credential(
    *,
    receipt_id: str,
    issuer: str,
    customer: str,
    agreement_id: str,
    accept_digest: str,
    category: str,
    total: Money | None,
    valid_from: datetime,
    return_until: str | None = None,
    guarantee_until: str | None = None,
) -> JsonObject:
    """The unsigned receipt. Shapes: dates like 2026-12-11; `total` None for a gift. Spec: VC 2.0."""
    return {
        "@context": _CONTEXT,
        "id": receipt_id,
        "type": _TYPE,
        "issuer": issuer,
        "validFrom": format_time(valid_from),
        "credentialSubject": present(
            id=customer,
            **{
                "obv:agreement": agreement_id,
                "obv:acceptDigest": accept_digest,
                "obv:category": category,
                "obv:total": total.text if total else None,
                "obv:currency": currency_iri(total.currency) if total else None,
                "obv:returnUntil": return_until,
                "obv:guaranteeUntil": guarantee_until,
            },
        ),
    }


def parse_receipt(activity: Reader, header: Header) -> Receipt:
    """The credential is read here; whether its proof holds is `verify_receipt`'s to say."""
    found = activity.child("object")
    if found.json.get("@context") != _CONTEXT or found.json.get("type") != _TYPE:
        raise found.refuse("type", "must be a receipt credential in its one context")
    found.child("proof", "DataIntegrityProof")
    found.same("issuer", header.actor, "the sender")
    subject = found.child("credentialSubject")
    subject.same("id", header.to, "the customer that receives it")
    accept_digest = activity.digest("acceptDigest")
    if subject.digest("obv:acceptDigest") != accept_digest:
        raise subject.refuse("obv:acceptDigest", "must be the message's acceptDigest")
    return Receipt(
        **header.on(read_deal_id(activity)),
        accept_digest=accept_digest,
        receipt_id=found.own_iri("id", header.actor),
        agreement_id=subject.iri("obv:agreement"),
        category=subject.category("obv:category"),
        total=_read_total(subject),
        valid_from=found.time("validFrom"),
        credential=dump_json(found.json).decode(),
        return_until=_maybe_date(subject, "obv:returnUntil"),
        guarantee_until=_maybe_date(subject, "obv:guaranteeUntil"),
    )


def _read_total(subject: Reader) -> Money | None:
    if not subject.has("obv:total"):
        return None
    return read_amount(subject, "obv:total", read_currency(subject, "obv:currency").code)


def _maybe_date(subject: Reader, name: str) -> str | None:
    found = subject.maybe_text(name, 10)
    if found is not None:
        subject.read(name, lambda _: date.fromisoformat(found if _DATE.fullmatch(found) else ""))
    return found


def build_receipt(message: Receipt) -> JsonObject:
    """The activity around the signed credential that `message.credential` holds."""
    credential = parse_json_object(message.credential.encode())
    members = {"context": message.deal_id, "acceptDigest": message.accept_digest, "object": credential}
    return build_activity(message, "Create", members)


def verify_receipt(message: Receipt, key: PublicKey) -> None:
    """The receipt's own proof is by this key of the vendor. Raises: Refusal(malformed)."""
    check_vendor_proof(parse_json_object(message.credential.encode()), key, message.actor, "object")


# --- confirmation ---------------------------------------------------------------------------------------


def parse_confirm(activity: Reader, header: Header) -> Confirm:
    document = read_made_object(activity, "Document", header)
    receipts = [
        link.iri("href")
        for link in document.children("attachment", MAX_LINKS)
        if link.json.get("type") == "Link" and _REL in (link.json.get("rel") or ())
    ]
    if len(receipts) > 1:
        raise document.refuse("attachment", "must link to one receipt at most")
    return Confirm(
        **header.on(read_deal_id(activity)),
        document_id=document.iri("id"),
        accept_digest=activity.digest("acceptDigest"),
        agreement_id=document.iri("context"),
        receipt_id=receipts[0] if receipts else None,
    )


def build_confirm(message: Confirm) -> JsonObject:
    link = {"type": "Link", "href": message.receipt_id, "mediaType": "application/vc", "rel": [_REL]}
    document = present(
        id=message.document_id,
        type="Document",
        name="Confirmation",
        attributedTo=message.actor,
        context=message.agreement_id,
        published=format_time(message.at),
        to=[message.to],
        attachment=[link] if message.receipt_id else [],
    )
    members = {"context": message.deal_id, "acceptDigest": message.accept_digest, "object": document}
    return build_activity(message, "Create", members)
