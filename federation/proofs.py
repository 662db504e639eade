"""Object proofs: FEP-8b32 with the cryptosuite eddsa-jcs-2022.

A proof is over the exact JSON that was received, read as plain JSON. No JSON-LD processing stands between the
bytes and the signature, so nothing can be rearranged under it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from federation.encodings import decode_multibase, encode_multibase
from federation.errors import ProofInvalid
from federation.jcs import canonicalize, canonicalize_parsed
from federation.keys import KeyAlgorithm, PublicKey, SigningKey
from federation.messages import JsonObject, JsonValue, Limits
from federation.strictjson import dump_json

__all__ = ["ProofClaim", "add_proof", "hash_data", "proof_claim", "verify_proof"]

_SUITE = "eddsa-jcs-2022"
_TYPE = "DataIntegrityProof"
_PURPOSE = "assertionMethod"
_PROOF_CONTEXTS = ("https://w3id.org/security/data-integrity/v2", "https://www.w3.org/ns/credentials/v2")
_MAX_PROOF_VALUE = 90
"""64 bytes take at most 88 characters of base58."""
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


# --- making --------------------------------------------------------------------------------------------


def add_proof(document: JsonObject, key: SigningKey, *, created: datetime) -> JsonObject:
    """A copy of the document with a proof by `key` as its last member.

    Shapes: `document` has no proof yet and an @context that lists data-integrity/v2 (a verifiable credential:
            credentials/v2); the proof repeats that @context.
    Units:  `created` is aware UTC, cut to seconds.
    Raises: ValueError for a document, or a kind of key, that cannot be signed so.
    Spec:   FEP-8b32, W3C vc-di-eddsa §3.3 (eddsa-jcs-2022).
    """
    if key.algorithm is not KeyAlgorithm.ED25519:
        raise ValueError("Object proofs are made with Ed25519 keys.")
    if "proof" in document:
        raise ValueError("The document has a proof already.")
    context = document.get("@context")
    listed = context if isinstance(context, list) else [context]
    if not any(known in listed for known in _PROOF_CONTEXTS):
        raise ValueError("The @context lists neither data-integrity/v2 nor credentials/v2.")
    options = {
        "type": _TYPE,
        "cryptosuite": _SUITE,
        "created": _format_time(created),
        "verificationMethod": key.id,
        "proofPurpose": _PURPOSE,
        "@context": context,
    }
    signature = key.sign(hash_data(document, options))
    return {**document, "proof": {**options, "proofValue": encode_multibase(signature)}}


def hash_data(document: JsonObject, options: JsonObject) -> bytes:
    """What eddsa-jcs-2022 signs, 64 bytes: SHA-256 of the JCS of the options, then of the document.

    Shapes: `document` without its proof, `options` the proof without its proofValue.
    Raises: ValueError for what JCS refuses.
    Spec:   W3C vc-di-eddsa §3.3.4 (the options' hash comes first).
    """
    return hashlib.sha256(canonicalize(options)).digest() + hashlib.sha256(canonicalize(document)).digest()


# --- reading -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProofClaim:
    """What a document's proof claims; nothing of it is proven yet.

    `usable` says that it is one single eddsa-jcs-2022 proof with the members that one needs; else it is a
    list, of another suite, or misshapen, and the rest may be empty. `binds_context` says that proof.@context
    equals the document's, so that no courier can have appended a context.
    """

    verification_method: str
    cryptosuite: str
    created: datetime | None
    usable: bool
    binds_context: bool


def proof_claim(document: JsonObject) -> ProofClaim | None:
    """What the document's proof claims, None where it has none; never raises.

    Spec: FEP-8b32; protocol §2 "Objects".
    """
    proof = document.get("proof")
    if proof is None:
        return None
    if not isinstance(proof, dict):
        return ProofClaim("", "", None, usable=False, binds_context=False)
    suite, method = _text(proof, "cryptosuite"), _text(proof, "verificationMethod")
    is_ours = proof.get("type") == _TYPE and suite == _SUITE
    return ProofClaim(
        verification_method=method,
        cryptosuite=suite,
        created=_parse_time(proof.get("created")),
        usable=is_ours and bool(method) and bool(_text(proof, "proofValue")),
        binds_context=_binds_context(document, proof),
    )


def _text(proof: JsonObject, name: str) -> str:
    value = proof.get(name)
    return value if isinstance(value, str) else ""


def _binds_context(document: JsonObject, proof: JsonObject) -> bool:
    # By canonical bytes: Python holds 1, 1.0 and true for equal.
    return (
        "@context" in document and "@context" in proof and _is_same(document["@context"], proof["@context"])
    )


def _is_same(first: JsonValue, second: JsonValue) -> bool:
    try:
        # Nearly always the very same text; else the order of the keys may differ.
        return dump_json(first) == dump_json(second) or canonicalize(first) == canonicalize(second)
    except (TypeError, ValueError):
        return False


# --- verifying -----------------------------------------------------------------------------------------


def verify_proof(
    document: JsonObject, key: PublicKey, *, now: datetime | None, limits: Limits, strict_context: bool = True
) -> None:
    """Prove that `key` signed this whole document.

    Shapes: `document` as parsed from the exact bytes received. That the key is the actor's own (listed both
            ways, on one origin) is the caller's to know. With `strict_context` nothing but the proof is left
            out and proof.@context must be there and equal. Without it, for other people's activities, a
            document with no @context needs none in its proof, and a JSON-LD `signature`, which is added after
            the proof, is left out; a proof.@context that is missing or shorter is refused all the same.
    Units:  `now` is aware UTC; None checks offline, where neither `created` nor `expires` can be judged. The
            proof may be old; it may be `limits.proof_ahead_s` ahead.
    Raises: ProofInvalid.
    Spec:   FEP-8b32, W3C vc-di-eddsa §3.3, protocol §2 "Objects".
    """
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise ProofInvalid("The document does not have exactly one proof.", place="/proof")
    _check_members(proof, key)
    _check_times(proof, now, limits)
    left_out = {"proof"} if strict_context else {"proof", "signature"}
    if not _binds_context(document, proof) and (
        strict_context or "@context" in document or "@context" in proof
    ):
        raise ProofInvalid("The proof's @context is not the document's.", place="/proof/@context")
    signature = _decode_proof_value(_text(proof, "proofValue"))
    signed = {name: value for name, value in document.items() if name not in left_out}
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        data = b"".join(hashlib.sha256(canonicalize_parsed(part)).digest() for part in (options, signed))
    except (TypeError, ValueError):
        raise ProofInvalid("The document has no canonical form.", place="") from None
    if not key.verify(data, signature):
        raise ProofInvalid("The proof does not match the document.", place="/proof/proofValue")


def _check_members(proof: JsonObject, key: PublicKey) -> None:
    wanted = {"type": _TYPE, "cryptosuite": _SUITE, "proofPurpose": _PURPOSE, "verificationMethod": key.id}
    for name, value in wanted.items():
        if proof.get(name) != value:
            raise ProofInvalid(f"The proof's {name} is not {value}.", place=f"/proof/{name}")
    if key.algorithm is not KeyAlgorithm.ED25519:
        raise ProofInvalid("The proof's key is not an Ed25519 key.", place="/proof/verificationMethod")


def _check_times(proof: JsonObject, now: datetime | None, limits: Limits) -> None:
    created = _parse_time(proof.get("created"))
    if created is None:
        raise ProofInvalid("The proof's created is absent or no time.", place="/proof/created")
    if now is not None and created > now + timedelta(seconds=limits.proof_ahead_s):
        raise ProofInvalid("The proof was made in the future.", place="/proof/created")
    if "expires" in proof:
        expires = _parse_time(proof["expires"])
        if expires is None or (now is not None and expires < now):
            raise ProofInvalid("The proof has expired.", place="/proof/expires")


def _decode_proof_value(text: str) -> bytes:
    """64 bytes in their one spelling: the value is part of the digest that later messages cite."""
    try:
        raw = decode_multibase(text, max_characters=_MAX_PROOF_VALUE)
    except ValueError:
        raw = b""
    if len(raw) != 64:
        raise ProofInvalid("The proofValue is not the base58btc of 64 bytes.", place="/proof/proofValue")
    return raw


# --- times ---------------------------------------------------------------------------------------------


def _format_time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse_time(value: JsonValue) -> datetime | None:
    """RFC 3339, None for anything else (a leap second too)."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
