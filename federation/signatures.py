"""Request signatures by RFC 9421, the strict profile of protocol §2, through http-message-signatures.

The library builds the signature base and does the arithmetic, but for the usual shape of signature, which
`usual_signatures` reads in a tenth of the time. What both leave open is closed here: which components, one
signature, no parameter twice, the caller's clock, the body.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import http_sf
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
)
from http_message_signatures.algorithms import ED25519, RSA_V1_5_SHA256, HTTPSignatureAlgorithm

from federation.digest import content_digest, verify_content_digest
from federation.errors import SignatureExpired, SignatureInvalid, SignatureMissing
from federation.keys import KeyAlgorithm, PublicKey, SigningKey
from federation.messages import HttpMessage, Limits
from federation.ports import SignatureSpec
from federation.usual_signatures import UsualSignature, build_base, read_usual
from federation.verified import SignatureClaim, Verified

__all__ = ["SignatureClaim", "Verified", "parse_signature", "sign", "verify"]

_LABEL = "sig1"
_MAX_HEADER = 8192
_MAX_KEY_ID = 2048
_MAX_COMPONENTS = 40
_PLAIN_KEY_ID = re.compile(r"[!#-\[\]-~]+")
_ALGORITHMS: dict[KeyAlgorithm, type[HTTPSignatureAlgorithm]] = {
    KeyAlgorithm.RSA: RSA_V1_5_SHA256,
    KeyAlgorithm.ED25519: ED25519,
}


# --- making --------------------------------------------------------------------------------------------


def sign(message: HttpMessage, key: SigningKey, *, now: datetime) -> HttpMessage:
    """The same request with Signature-Input and Signature, and Content-Digest where it has a body.

    Shapes: label sig1 over "@method", "@target-uri" and, with a body, "content-digest"; any signature that
            was there is replaced. `message.url` is the public URL as the receiver knows it.
    Units:  `now` is aware UTC, cut to seconds.
    Raises: ValueError for a URL or key id that cannot stand in a header.
    Spec:   RFC 9421 §3.1, RFC 9530 §2.
    """
    covered = ["@method", "@target-uri"]
    if message.body:
        covered.append("content-digest")
        message = message.with_headers(("content-digest", content_digest(message.body)))
    base, parameters = _usual_base_to_sign(message, covered, key, now) or _base_to_sign(
        message, covered, key, now
    )
    signature = base64.b64encode(key.sign(base)).decode()
    return message.with_headers(
        ("signature-input", f"{_LABEL}={parameters}"), ("signature", f"{_LABEL}=:{signature}:")
    )


def _usual_base_to_sign(
    message: HttpMessage, covered: list[str], key: SigningKey, now: datetime
) -> tuple[bytes, str] | None:
    if not _PLAIN_KEY_ID.fullmatch(key.id):
        return None
    names = " ".join(f'"{name}"' for name in covered)
    algorithm = _ALGORITHMS[key.algorithm].algorithm_id
    parameters = f'({names});created={int(now.timestamp())};keyid="{key.id}";alg="{algorithm}"'
    base = build_base(message, covered, parameters)
    return None if base is None else (base, parameters)


def _base_to_sign(
    message: HttpMessage, covered: list[str], key: SigningKey, now: datetime
) -> tuple[bytes, str]:
    try:
        prepared = HTTPMessageSigner(signature_algorithm=_ALGORITHMS[key.algorithm]).prepare(
            _as_library_request(message),
            key_id=key.id,
            created=now,
            label=_LABEL,
            covered_component_ids=covered,
            use_existing_digest=bool(message.body),
        )
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise ValueError(f"This request cannot be signed: {error}") from None
    return prepared.signature_base, prepared.signature_params


# --- reading -------------------------------------------------------------------------------------------


def parse_signature(message: HttpMessage) -> SignatureClaim:
    """Read the request's one signature without believing it, so that its key can be looked up.

    Shapes: components in `covered` are bare names, or `"name";parameter` where parameters stand.
    Raises: SignatureMissing without Signature-Input; SignatureInvalid for more or less than one signature,
            anything malformed or standing twice, no `keyid` of 1 to 2,048 characters, no `created`.
    Spec:   RFC 9421 §4, RFC 9651.
    """
    if not message.values("signature-input"):
        raise SignatureMissing("The request has no Signature-Input header.", place="signature-input")
    usual = read_usual(message)
    return _parse_with_library(message) if usual is None else _claim_of(usual)


def _claim_of(usual: UsualSignature) -> SignatureClaim:
    return SignatureClaim(
        key_id=usual.key_id,
        spec=SignatureSpec.RFC9421,
        created=datetime.fromtimestamp(usual.created, UTC),
        expires=None if usual.expires is None else datetime.fromtimestamp(usual.expires, UTC),
        algorithm=usual.algorithm,
        covered=usual.covered,
        signature=usual.signature,
        input=usual.input,
    )


def _parse_with_library(message: HttpMessage) -> SignatureClaim:
    label, components, parameters = _parse_input(message)
    key_id = parameters.get("keyid")
    if type(key_id) is not str or not 0 < len(key_id) <= _MAX_KEY_ID:
        raise SignatureInvalid("The keyid is absent, no string, or too long.", place="signature-input")
    created = _time(parameters, "created")
    if created is None:
        raise SignatureInvalid("The signature has no created time.", place="signature-input")
    algorithm = parameters.get("alg")
    if algorithm is not None and type(algorithm) is not str:
        raise SignatureInvalid("The alg parameter is no string.", place="signature-input")
    return SignatureClaim(
        key_id=key_id,
        spec=SignatureSpec.RFC9421,
        created=created,
        expires=_time(parameters, "expires"),
        algorithm=algorithm,
        covered=tuple(_component_name(component) for component in components),
        signature=_parse_value(message, label),
    )


def _parse_input(message: HttpMessage) -> tuple[str, list[Any], dict[str, Any]]:
    place = "signature-input"
    members = _parse_dictionary(message, place)
    if len(members) != 1:
        raise SignatureInvalid("The request has more or less than one signature.", place=place)
    label, member = next(iter(members.items()))
    if not isinstance(member, tuple) or not isinstance(member[0], list):
        raise SignatureInvalid("The signature input is no list of components.", place=place)
    components, parameters = member
    if len(components) > _MAX_COMPONENTS or any(type(name) is not str for name, _ in components):
        raise SignatureInvalid("The covered components are too many, or not strings.", place=place)
    return label, components, parameters


def _parse_value(message: HttpMessage, label: str) -> bytes:
    place = "signature"
    members = _parse_dictionary(message, place)
    if list(members) != [label]:
        raise SignatureInvalid("The Signature header has another label than Signature-Input.", place=place)
    member = members[label]
    value = member[0] if isinstance(member, tuple) else member
    if not isinstance(value, bytes):
        raise SignatureInvalid("The signature is no byte sequence.", place=place)
    return value


def _parse_dictionary(message: HttpMessage, name: str) -> dict[str, Any]:
    text = message.header(name)
    if text is None or len(text) > _MAX_HEADER:
        raise SignatureInvalid(f"The {name} header is absent or too long.", place=name)
    try:
        members = http_sf.parse(text.encode("ascii"), tltype="dictionary", on_duplicate_key=_refuse_duplicate)
    except (ValueError, OverflowError, OSError):
        raise SignatureInvalid(f"The {name} header is malformed.", place=name) from None
    assert isinstance(members, dict)
    return members


def _refuse_duplicate(name: str, context: str) -> None:
    # RFC 9651 lets the last one win; a verifier that takes the first one would see another signature.
    raise ValueError(f"{context} {name} stands twice")


def _component_name(component: tuple[str, dict[str, Any]]) -> str:
    name, parameters = component
    return http_sf.ser((name, parameters)) if parameters else name


def _time(parameters: dict[str, Any], name: str) -> datetime | None:
    value = parameters.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise SignatureInvalid(f"The {name} parameter is no integer.", place="signature-input")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureInvalid(f"The {name} parameter is no time.", place="signature-input") from None


# --- verifying -----------------------------------------------------------------------------------------


def verify(
    message: HttpMessage,
    key: PublicKey,
    *,
    now: datetime,
    limits: Limits,
    claim: SignatureClaim | None = None,
) -> Verified:
    """Prove that `key` signed this very request, body included, and recently.

    Shapes: `key` is the one that `parse_signature` named; `message.body` is the exact bytes received and
            `message.url` the public URL, built from configuration. `claim` is what `parse_signature` read of
            this message, where the caller has read it and held the body against its digest already.
    Units:  `now` is aware UTC; the window is `limits.ed25519_window_s` or, for RSA, `signature_window_s`,
            on either side.
    Raises: SignatureMissing, SignatureInvalid, SignatureExpired. Replays are the caller's.
    Spec:   RFC 9421 §3.2, RFC 9530 §2, protocol §2.
    """
    is_body_checked = claim is not None
    claim = claim or parse_signature(message)
    _check_key(claim, key)
    _check_coverage(claim, message)
    expires_at = _check_time(claim, key, now, limits)
    if "content-digest" in claim.covered and not is_body_checked:
        verify_content_digest(message.header("content-digest") or "", message.body)
    base = _signed_base(message, claim, key)
    if base is None:
        raise SignatureInvalid("The signature does not match the request.", place="signature")
    assert claim.created is not None
    return Verified(
        key_id=key.id,
        spec=SignatureSpec.RFC9421,
        created=claim.created,
        expires_at=expires_at,
        base=base,
        signature=claim.signature,
    )


def _signed_base(message: HttpMessage, claim: SignatureClaim, key: PublicKey) -> bytes | None:
    """What was signed, None where it was not by this key."""
    base = build_base(message, claim.covered, claim.input) if claim.input else None
    if base is not None:
        return base if key.verify(base, claim.signature) else None
    return _base_by_library(message, key)


def _base_by_library(message: HttpMessage, key: PublicKey) -> bytes | None:
    bases: list[bytes] = []

    class Algorithm(HTTPSignatureAlgorithm):
        """The library builds what was signed and shows it to its algorithm alone."""

        algorithm_id = _ALGORITHMS[key.algorithm].algorithm_id

        def __init__(self, public_key: Any = None, private_key: Any = None) -> None:
            """The key is at hand."""

        def verify(self, signature: bytes, message: bytes) -> None:
            if not key.verify(message, signature):
                raise HTTPMessageSignaturesException("not signed by this key")
            bases.append(message)

    verifier = _Verifier(signature_algorithm=Algorithm, key_resolver=_OneKey(key))
    try:
        verifier.verify(_as_library_request(message), max_age=None)
    except HTTPMessageSignaturesException:
        return None
    [base] = bases
    return base


def _check_key(claim: SignatureClaim, key: PublicKey) -> None:
    if claim.key_id != key.id:
        raise SignatureInvalid("The signature names another key.", place="signature-input")
    if claim.algorithm not in (None, _ALGORITHMS[key.algorithm].algorithm_id):
        raise SignatureInvalid("The alg parameter does not fit the key.", place="signature-input")


def _check_coverage(claim: SignatureClaim, message: HttpMessage) -> None:
    # A body that was taken away on the road leaves its covered digest behind, which then does not match.
    required = ("@method", "@target-uri", "content-digest") if message.body else ("@method", "@target-uri")
    for name in required:
        if name not in claim.covered:
            raise SignatureInvalid(f"The signature does not cover {name}.", place="signature-input")


def _check_time(claim: SignatureClaim, key: PublicKey, now: datetime, limits: Limits) -> datetime:
    is_ed25519 = key.algorithm is KeyAlgorithm.ED25519
    window = timedelta(seconds=limits.ed25519_window_s if is_ed25519 else limits.signature_window_s)
    assert claim.created is not None
    if abs(now - claim.created) > window:
        raise SignatureExpired("The signature was made too long ago, or in the future.", place="created")
    if claim.expires is None:
        return claim.created + window
    if claim.expires < now:
        raise SignatureExpired("The signature has expired.", place="expires")
    return min(claim.created + window, claim.expires)


# --- the library's side --------------------------------------------------------------------------------


class _Verifier(HTTPMessageVerifier):
    """Time is judged above, by the caller's clock; the library would read the machine's."""

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        return None


class _OneKey(HTTPSignatureKeyResolver):
    """The key was looked up before, asynchronously; this only hands it over."""

    def __init__(self, key: PublicKey) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> Any:
        return self._key.material


@dataclass(frozen=True, slots=True)
class _LibraryHeaders:
    pairs: tuple[tuple[str, str], ...]

    def items(self) -> Iterable[tuple[str, str]]:
        return self.pairs


@dataclass(frozen=True, slots=True)
class _LibraryRequest:
    method: str
    url: str
    headers: _LibraryHeaders


def _as_library_request(message: HttpMessage) -> _LibraryRequest:
    return _LibraryRequest(message.method, message.url, _LibraryHeaders(message.headers))
