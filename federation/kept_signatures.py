"""A request's signature that is kept, so that anybody can check later that its key signed that very body.

A server that signs requests and no objects proves what it said to whoever receives it, and to nobody else
afterwards, unless what was signed is kept: the exact string, the signature, and which key made it. The body
belongs to it by the digest that the string covers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import http_sf

from federation.digest import verify_cavage_digest, verify_content_digest
from federation.errors import SignatureInvalid
from federation.keys import KeyAlgorithm, PublicKey

__all__ = [
    "ALGORITHMS",
    "CAVAGE",
    "MOST_BASE_BYTES",
    "MOST_VALUE_BYTES",
    "RFC9421",
    "KeptSignature",
    "check_kept_signature",
]

RFC9421 = "rfc9421"
CAVAGE = "cavage"
MOST_BASE_BYTES = 16 * 1024
"""As much as the head of a request may have."""
MOST_VALUE_BYTES = 1024
"""A signature by an RSA key of 8,192 bits."""
ALGORITHMS = {KeyAlgorithm.RSA: "rsa-v1_5-sha256", KeyAlgorithm.ED25519: "ed25519"}


@dataclass(frozen=True, slots=True)
class KeptSignature:
    """The signature `value` over `base` by the key `key_id`.

    Shapes: `scheme` is RFC9421 or CAVAGE and says how `base` reads: the signature base of RFC 9421 §2.5, or
            the signing string of draft-cavage-http-signatures-12 §2.3, byte for byte. `algorithm` is the name
            of RFC 9421 §3.3 for what the key does, whatever the request called it.
    """

    scheme: str
    algorithm: str
    key_id: str
    base: bytes = field(repr=False)
    value: bytes = field(repr=False)

    @property
    def is_small(self) -> bool:
        """Whether it is small enough to be kept."""
        return len(self.base) <= MOST_BASE_BYTES and len(self.value) <= MOST_VALUE_BYTES


def check_kept_signature(kept: KeptSignature, body: bytes, key: PublicKey) -> datetime:
    """Prove that `key` signed a POST of `body`; when, by the signer's clock.

    Shapes: `key` is one that its actor's document lists; `body` the exact bytes.
    Raises: SignatureInvalid.
    Spec:   RFC 9421 §2.5, §3.2; draft-cavage-http-signatures-12 §2.3, §2.5; `protocol §2`, coverage.
    """
    if not kept.is_small:
        raise SignatureInvalid("The kept signature is too large.", place="signature")
    if kept.key_id != key.id:
        raise SignatureInvalid("The signature names another key.", place="signature")
    if kept.algorithm != ALGORITHMS[key.algorithm]:
        raise SignatureInvalid("The algorithm does not fit the key.", place="signature")
    if not key.verify(kept.base, kept.value):
        raise SignatureInvalid("The signature is not this key's over what is kept.", place="signature")
    if kept.scheme == RFC9421:
        return _check_base(kept, body)
    if kept.scheme == CAVAGE:
        return _check_signing_string(kept.base, body)
    raise SignatureInvalid("The kept signature is of no known scheme.", place="signature")


def _check_base(kept: KeptSignature, body: bytes) -> datetime:
    *lines, last = _text(kept.base, "utf-8").split("\n")
    name, _, parameters = last.partition(": ")
    if name != '"@signature-params"':
        raise SignatureInvalid("The signature base does not end with its parameters.", place="signature")
    components, said = _parse_parameters(parameters)
    covered = _members(lines)
    if list(covered) != components:
        raise SignatureInvalid("The signature base covers other parts than it says.", place="signature")
    if said.get("keyid") != kept.key_id or said.get("alg", kept.algorithm) != kept.algorithm:
        raise SignatureInvalid("The signature base names another key or algorithm.", place="signature")
    if covered.get('"@method"') != "POST" or '"@target-uri"' not in covered:
        raise SignatureInvalid("The signature covers no POST to an address.", place="signature")
    if '"content-digest"' not in covered:
        raise SignatureInvalid("The signature does not cover the body.", place="content-digest")
    verify_content_digest(covered['"content-digest"'], body)
    return _seconds(said.get("created"))


def _parse_parameters(text: str) -> tuple[list[str], dict[str, Any]]:
    """The covered components as they are written, and the parameters of the signature."""
    try:
        members: Any = http_sf.parse(text.encode("ascii"), tltype="list")
        [(components, parameters)] = members
        return [http_sf.ser((name, with_)) for name, with_ in components], dict(parameters)
    except (ValueError, TypeError, OverflowError):
        raise SignatureInvalid("The parameters of the signature are malformed.", place="signature") from None


def _check_signing_string(base: bytes, body: bytes) -> datetime:
    covered = _members(_text(base, "latin-1").split("\n"))
    if not covered.get("(request-target)", "").startswith("post ") or "host" not in covered:
        raise SignatureInvalid("The signature covers no POST to a host.", place="signature")
    if "digest" not in covered:
        raise SignatureInvalid("The signature does not cover the body.", place="digest")
    verify_cavage_digest(covered["digest"], body)
    if "(created)" in covered:
        text = covered["(created)"]
        return _seconds(int(text) if text.isascii() and text.isdigit() and len(text) <= 11 else None)
    try:
        return parsedate_to_datetime(covered.get("date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise SignatureInvalid("The signature covers no time.", place="date") from None


def _text(base: bytes, encoding: str) -> str:
    try:
        return base.decode(encoding)
    except UnicodeDecodeError:
        raise SignatureInvalid("What was signed is no text.", place="signature") from None


def _members(lines: list[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(": ")
        if not colon or name in found:
            raise SignatureInvalid(
                "What was signed is malformed, or says something twice.", place="signature"
            )
        found[name] = value
    return found


def _seconds(value: object) -> datetime:
    try:
        if type(value) is int:
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise SignatureInvalid("The signature has no time of its making.", place="signature")
