"""The purchase credential: what shows a stranger that somebody bought here, and nothing more.

It travels as JSON text in a string, so that no nested context has to be understood. Its members are a closed
set: a note, an amount or an id slipped in would go out with the feedback and give its writer away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from federation.errors import KeyRefused, ProofInvalid
from federation.keys import PublicKey, parse_did_key
from federation.messages import JsonObject, Limits
from federation.proofs import verify_proof
from federation.vocab import CREDENTIALS_CONTEXT
from node.domain.errors import Reason, Refusal
from node.wire.contexts import OBV
from node.wire.reading import Reader

__all__ = [
    "MAX_CREDENTIAL_CHARS",
    "Credential",
    "build_credential",
    "check_vendor_proof",
    "parse_credential",
    "read_credential",
    "read_feedback_key",
    "verify_credential",
]

MAX_CREDENTIAL_CHARS = 8_000
_CONTEXT = [
    CREDENTIALS_CONTEXT,
    {"obv": OBV, "category": {"@id": "obv:category", "@type": "@id"}, "month": "obv:month"},
]
_TYPE = ["VerifiableCredential", "obv:PurchaseCredential"]
_MEMBERS = frozenset({"@context", "type", "issuer", "credentialSubject", "proof"})
_SUBJECT = frozenset({"id", "category", "month"})
_PROOF = frozenset(
    {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "@context", "proofValue"}
)
_MONTH = re.compile(r"2\d{3}-(?:0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a purchase credential says; nothing of it is proven yet. `document` is the whole of it."""

    issuer: str
    feedback_key: str
    category: str
    month: str
    document: JsonObject = field(repr=False, compare=False)


def build_credential(*, issuer: str, feedback_key: str, category: str, month: str) -> JsonObject:
    """The unsigned credential.

    Shapes: `feedback_key` a did:key; `category` a Wikidata URI; `month` like 2026-11.
    Spec:   `protocol §5` "From a purchase".
    """
    return {
        "@context": _CONTEXT,
        "type": _TYPE,
        "issuer": issuer,
        "credentialSubject": {"id": feedback_key, "category": category, "month": month},
    }


def parse_credential(text: str) -> Credential:
    """Read a credential from its JSON text. Raises: Refusal(malformed)."""
    return read_credential(Reader({"purchaseCredential": text}))


def read_credential(message: Reader) -> Credential:
    """The credential that a message carries as `purchaseCredential`. Raises: Refusal(malformed)."""
    _, found = message.embedded("purchaseCredential", MAX_CREDENTIAL_CHARS)
    subject, proof = found.child("credentialSubject"), found.child("proof", "DataIntegrityProof")
    for reader, allowed in ((found, _MEMBERS), (subject, _SUBJECT), (proof, _PROOF)):
        for name in reader.json:
            if name not in allowed:
                raise reader.refuse(name, "must not be here: a credential says nothing else")
    if found.json.get("@context") != _CONTEXT or found.json.get("type") != _TYPE:
        raise found.refuse("type", "must be a purchase credential in its one context")
    month = subject.text("month", 7)
    if not _MONTH.fullmatch(month):
        raise subject.refuse("month", "must be like 2026-11")
    return Credential(
        issuer=found.iri("issuer"),
        feedback_key=read_feedback_key(subject, "id"),
        category=subject.category("category"),
        month=month,
        document=found.json,
    )


def read_feedback_key(reader: Reader, name: str) -> str:
    """A usable Ed25519 did:key. Raises: Refusal(malformed). Spec: `security B20`."""
    text = reader.text(name, 200)
    try:
        key = parse_did_key(text)
    except KeyRefused as error:
        raise reader.refuse(name, f"must be a did:key with an Ed25519 key: {error}") from None
    if key.owner != text:
        raise reader.refuse(name, "must be a did:key without a fragment")
    return text


def verify_credential(
    credential: Credential, key: PublicKey, *, issuer: str, feedback_key: str, category: str, month: str
) -> None:
    """The vendor's key signed exactly this: this issuer, this feedback key, this category, this month.

    Another month than the purchase's own would go out with her words, and tell or mark what is not so.

    Shapes: `key` is one that the issuer's actor document lists (the caller knows); `category` a Wikidata URI;
            `month` that of the conclusion, like 2026-11.
    Raises: Refusal(malformed).
    Spec:   `protocol §5` "From a purchase".
    """
    said = (credential.issuer, credential.feedback_key, credential.category.rpartition("/")[2])
    if said != (issuer, feedback_key, category.rpartition("/")[2]):
        raise Refusal(Reason.MALFORMED, "purchaseCredential: is about another issuer, key or category")
    if credential.month != month:
        raise Refusal(Reason.MALFORMED, f"purchaseCredential: the month of this purchase is {month}")
    check_vendor_proof(credential.document, key, issuer, "purchaseCredential")


def check_vendor_proof(document: JsonObject, key: PublicKey, issuer: str, path: str) -> None:
    """The document is signed by this key, and the key is the issuer's. Raises: Refusal(malformed).

    Its times are not judged: what was true when it was issued stays true.
    """
    if key.owner != issuer:
        raise Refusal(Reason.MALFORMED, f"{path}: is not signed by a key of its issuer")
    try:
        verify_proof(document, key, now=None, limits=Limits())
    except ProofInvalid as error:
        raise Refusal(Reason.MALFORMED, f"{path}: {error.detail}") from None
