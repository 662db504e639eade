"""Digests of bodies (for requests) and of messages (for the chain from one message to the next)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

import http_sf

from federation.encodings import decode_base64, encode_multibase
from federation.errors import SignatureInvalid
from federation.jcs import canonicalize, canonicalize_parsed
from federation.messages import JsonObject

__all__ = [
    "body_digest",
    "cavage_digest",
    "content_digest",
    "object_digest",
    "verify_cavage_digest",
    "verify_content_digest",
]

_MULTIHASH_SHA256 = b"\x12\x20"
_MAX_HEADER = 4096
_KNOWN = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def body_digest(body: bytes) -> bytes:
    """SHA-256 of the exact bytes, 32 bytes."""
    return hashlib.sha256(body).digest()


def object_digest(message: JsonObject, *, is_parsed: bool = False) -> str:
    """The name of a signed message: multibase base58btc of the sha2-256 multihash of its JCS form.

    Shapes: the whole message, its proof included; the answer begins with "zQm". `is_parsed` says that it is
            as `strictjson.parse_json` returned it, which makes it quicker.
    Raises: ValueError for what JCS refuses, which nothing that `parse_json` returned is.
    Spec:   protocol §2 "Digests", RFC 8785, multihash.
    """
    canonical = canonicalize_parsed(message) if is_parsed else canonicalize(message)
    multihash = _MULTIHASH_SHA256 + hashlib.sha256(canonical).digest()
    return encode_multibase(multihash)


def content_digest(body: bytes) -> str:
    """The value of a Content-Digest header for `body`.

    Spec: RFC 9530 §2.
    """
    return f"sha-256=:{base64.b64encode(body_digest(body)).decode()}:"


def verify_content_digest(header: str, body: bytes) -> None:
    """Every digest by an algorithm that we know must be that of `body`, and there is at least one.

    Shapes: `header` is all lines of Content-Digest joined by ", "; `body` is the exact bytes received.
    Raises: SignatureInvalid, also where an algorithm stands twice (readers disagree which one counts).
    Spec:   RFC 9530 §2; md5, sha and unixsum are insecure by its §5 and count as nothing.
    """
    place = "content-digest"
    if header == content_digest(body):  # as nearly everybody writes it; all else is taken apart
        return
    try:
        members = http_sf.parse(
            _bounded(header, place).encode("ascii"), tltype="dictionary", on_duplicate_key=_duplicate
        )
    except ValueError:
        raise SignatureInvalid("The Content-Digest header is malformed.", place=place) from None
    assert isinstance(members, dict)
    # Members are pairs of (value, parameters); parameters mean nothing here.
    found = [(name, member[0]) for name, member in members.items() if isinstance(member, tuple)]
    if any(name in _KNOWN and not isinstance(value, bytes) for name, value in found):
        raise SignatureInvalid("A content digest is not a byte sequence.", place=place)
    _compare(((name, value) for name, value in found if isinstance(value, bytes)), body, place)


def cavage_digest(body: bytes) -> str:
    """The value of a Digest header for `body`.

    Spec: RFC 3230 §4.3.2, as the fediverse writes it.
    """
    return f"SHA-256={base64.b64encode(body_digest(body)).decode()}"


def verify_cavage_digest(header: str, body: bytes) -> None:
    """Like `verify_content_digest`, for the older Digest header.

    Shapes: "SHA-256=<base64>", a list is tolerated, names in any case.
    Raises: SignatureInvalid.
    Spec:   RFC 3230 §4.3.2.
    """
    place = "digest"
    if header == cavage_digest(body):  # as nearly everybody writes it; all else is taken apart
        return
    found: dict[str, bytes] = {}
    for part in _bounded(header, place).split(","):
        name, equals, value = part.strip(" \t").partition("=")
        name = name.lower()
        if not equals or name in found:
            raise SignatureInvalid("The Digest header is malformed.", place=place)
        # Values of algorithms that we do not know may be anything, such as unixsum's decimal.
        found[name] = _decode(value, place) if name in _KNOWN else b""
    _compare(found.items(), body, place)


def _bounded(header: str, place: str) -> str:
    if len(header) > _MAX_HEADER:
        raise SignatureInvalid("The digest header is too long.", place=place)
    return header


def _duplicate(name: str, context: str) -> None:
    raise ValueError(f"{context} {name} stands twice")


def _decode(value: str, place: str) -> bytes:
    try:
        return decode_base64(value)
    except ValueError:
        raise SignatureInvalid("A digest is not base64.", place=place) from None


def _compare(found: Iterable[tuple[str, bytes]], body: bytes, place: str) -> None:
    known = [(_KNOWN[name], value) for name, value in found if name in _KNOWN]
    if not known:
        raise SignatureInvalid("No digest by SHA-256 or SHA-512.", place=place)
    if not all(hmac.compare_digest(hasher(body).digest(), value) for hasher, value in known):
        raise SignatureInvalid("The digest is not that of the body received.", place=place)
