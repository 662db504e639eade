"""Request signatures by draft-cavage-http-signatures-12, as the fediverse writes them: RSA-SHA256 only.

Of no standing as a standard and without a sound library, but what most servers still speak. The signed string
is one line for each listed header; everything that the list leaves out is unsigned, so the list is judged.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from federation.digest import cavage_digest, verify_cavage_digest
from federation.encodings import decode_base64
from federation.errors import SignatureExpired, SignatureInvalid, SignatureMissing
from federation.keys import KeyAlgorithm, PublicKey, SigningKey
from federation.messages import HttpMessage, Limits
from federation.ports import SignatureSpec
from federation.verified import SignatureClaim, Verified

__all__ = ["parse_signature", "sign", "verify"]

_MAX_HEADER = 8192
_MAX_KEY_ID = 2048
_MAX_COMPONENTS = 40
_ALGORITHMS = (None, "rsa-sha256", "hs2019")
"""hs2019 says "what the key says", which in the fediverse is RSA-SHA256 too."""

_PSEUDO = frozenset({"(created)", "(expires)"})
# Printable ASCII only, and no user information; urlsplit would drop tabs and an empty query in silence.
_URL = re.compile(r"https?://([A-Za-z0-9.:_\[\]-]+)(/[!-\"$->@-~]*)?(\?[!-\"$-~]*)?(?:#[!-~]*)?", re.ASCII)
_USUAL = re.compile(r'keyId="([^"\\]+)",algorithm="([^"\\]+)",headers="([^"\\]+)",signature="([^"\\]+)"')
"""How nearly everybody writes the header; all else is taken apart piece by piece."""
_PARAMETER = re.compile(r'[ \t]*([A-Za-z]+)=(?:"([^"\\]*)"|([0-9]{1,11}))[ \t]*(?:,|\Z)', re.ASCII)
_NAME = re.compile(r"\((?:request-target|created|expires)\)|[!#$%&'*+.^_`|~0-9a-z-]+", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) (" + "|".join(_MONTHS) + r") ([0-9]{4})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT",
    re.ASCII,
)


# --- making --------------------------------------------------------------------------------------------


def sign(message: HttpMessage, key: SigningKey, *, now: datetime) -> HttpMessage:
    """The same request with Host, Date, Signature and, where it has a body, Digest.

    Shapes: covers `(request-target) host date`, and `digest` with a body; what was there of these headers and
            of Signature-Input is replaced. The sender must send this Host.
    Units:  `now` is aware UTC, cut to seconds.
    Raises: ValueError for a key that is not RSA; SignatureInvalid for a URL that is not absolute http(s).
    Spec:   draft-cavage-http-signatures-12 §2, §4.1; interop §1.1.
    """
    if key.algorithm is not KeyAlgorithm.RSA:
        raise ValueError("draft-cavage requests are signed by RSA keys only.")
    host = _split_url(message.url)[0]
    covered = ["(request-target)", "host", "date"]
    unsigned = tuple(pair for pair in message.headers if pair[0] not in ("signature", "signature-input"))
    message = HttpMessage(message.method, message.url, unsigned, message.body, message.status)
    message = message.with_headers(
        ("host", host), ("date", format_datetime(now.astimezone(UTC), usegmt=True))
    )
    if message.body:
        covered.append("digest")
        message = message.with_headers(("digest", cavage_digest(message.body)))
    signature = base64.b64encode(key.sign(_signing_string(message, covered, {}))).decode()
    return message.with_headers(
        (
            "signature",
            f'keyId="{key.id}",algorithm="rsa-sha256",headers="{" ".join(covered)}",signature="{signature}"',
        )
    )


# --- reading -------------------------------------------------------------------------------------------


def parse_signature(message: HttpMessage) -> SignatureClaim:
    """Read the request's one signature without believing it, so that its key can be looked up.

    Shapes: from `Signature`, or `Authorization: Signature …`; parameters in any order, unknown ones ignored.
    Raises: SignatureMissing; SignatureInvalid for two signatures, a parameter or covered name that stands
            twice, no `keyId` of 1 to 2,048 characters, and wherever Signature-Input stands too (RFC 9421
            decides then).
    Spec:   draft-cavage-http-signatures-12 §2.1.
    """
    parameters = _parse_parameters(_signature_text(message))
    key_id = parameters.get("keyid", "")
    if not 0 < len(key_id) <= _MAX_KEY_ID:
        raise SignatureInvalid("The keyId is absent or too long.", place="signature")
    covered = _parse_covered(parameters.get("headers", ""))
    created = _seconds(parameters, "created") if "(created)" in covered else _date(message)
    return SignatureClaim(
        key_id=key_id,
        spec=SignatureSpec.CAVAGE,
        created=created,
        expires=_seconds(parameters, "expires"),
        algorithm=parameters.get("algorithm"),
        covered=covered,
        signature=_decode(parameters.get("signature", "")),
    )


def _signature_text(message: HttpMessage) -> str:
    if message.header("signature-input") is not None:
        raise SignatureInvalid("Signature-Input is present, so RFC 9421 decides.", place="signature-input")
    found = message.values("signature")
    if message.header("authorization") is not None:
        for value in message.values("authorization"):
            scheme, _, rest = value.partition(" ")
            if scheme.lower() == "signature":
                found.append(rest)
    if not found:
        raise SignatureMissing("The request has no signature.", place="signature")
    if len(found) > 1 or len(found[0]) > _MAX_HEADER:
        raise SignatureInvalid(
            "The request has more than one signature, or a very long one.", place="signature"
        )
    return found[0]


def _parse_parameters(text: str) -> dict[str, str]:
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        return dict(zip(("keyid", "algorithm", "headers", "signature"), usual.groups(), strict=True))
    parameters: dict[str, str] = {}
    position = 0
    while position < len(text):
        found = _PARAMETER.match(text, position)
        # Names differ by case in no honest message; two of them would be read differently by two readers.
        name = found[1].lower() if found else ""
        if found is None or name in parameters:
            raise SignatureInvalid(
                "The Signature header is malformed or says something twice.", place="signature"
            )
        parameters[name] = found[3] if found[2] is None else found[2]
        position = found.end()
    return parameters


@lru_cache(256)
def _parse_covered(text: str) -> tuple[str, ...]:
    # Remembered, since whole servers send one and the same list; a list fits into its header: bounded.
    names = tuple(text.lower().split(" "))
    if len(names) > _MAX_COMPONENTS or len(set(names)) != len(names):
        raise SignatureInvalid(
            "The list of covered headers is too long or names one twice.", place="signature"
        )
    if not all(_NAME.fullmatch(name) for name in names):
        raise SignatureInvalid("The list of covered headers is absent or malformed.", place="signature")
    return names


def _seconds(parameters: dict[str, str], name: str) -> datetime | None:
    if name not in parameters:
        return None
    if not _SECONDS.fullmatch(parameters[name]):
        raise SignatureInvalid(f"The {name} parameter is no time.", place="signature")
    return datetime.fromtimestamp(int(parameters[name]), UTC)


def _date(message: HttpMessage) -> datetime | None:
    """The time of the one Date header, None where there is none; IMF-fixdate, as all senders write it."""
    values = message.values("date")
    if not values:
        return None
    return _fixdate(values[0].strip(" \t") if len(values) == 1 else "")


@lru_cache(256)
def _fixdate(text: str) -> datetime:
    # Remembered, since many messages are of one second.
    found = _DATE.fullmatch(text)
    if found is None:
        raise SignatureInvalid("The Date header is malformed or stands twice.", place="date")
    day, month, year, hour, minute, second = found.groups()
    try:
        return datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        raise SignatureInvalid("The Date header is no time.", place="date") from None


def _decode(text: str) -> bytes:
    try:
        raw = decode_base64(text)
    except ValueError:
        raw = b""
    if not raw:
        raise SignatureInvalid("The signature is absent or not base64.", place="signature")
    return raw


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
            `message.url` the public URL, built from configuration. The query is part of what is signed.
            `claim` is what `parse_signature` read of this message, where the caller has read it and held the
            body against its digest already.
    Units:  `now` is aware UTC; the window is `limits.signature_window_s` on either side.
    Raises: SignatureMissing, SignatureInvalid, SignatureExpired. Replays are the caller's.
    Spec:   draft-cavage-http-signatures-12 §2.5, protocol §2.
    """
    is_body_checked = claim is not None
    claim = claim or parse_signature(message)
    _check_key(claim, key)
    _check_coverage(claim, message)
    created, expires_at = _check_time(claim, message, now, limits)
    if "digest" in claim.covered and not is_body_checked:
        verify_cavage_digest(message.header("digest") or "", message.body)
    times = {"(created)": claim.created, "(expires)": claim.expires}
    base = _signing_string(message, claim.covered, times)
    if not key.verify(base, claim.signature):
        raise SignatureInvalid("The signature does not match the request.", place="signature")
    return Verified(
        key_id=key.id,
        spec=SignatureSpec.CAVAGE,
        created=created,
        expires_at=expires_at,
        base=base,
        signature=claim.signature,
    )


def _check_key(claim: SignatureClaim, key: PublicKey) -> None:
    if claim.key_id != key.id:
        raise SignatureInvalid("The signature names another key.", place="signature")
    if key.algorithm is not KeyAlgorithm.RSA or claim.algorithm not in _ALGORITHMS:
        raise SignatureInvalid(
            "draft-cavage requests are signed by RSA with SHA-256 only.", place="signature"
        )
    if claim.algorithm == "rsa-sha256" and not _PSEUDO.isdisjoint(claim.covered):
        # §2.3: an error, so that no intermediary of an older draft reads them as header names.
        raise SignatureInvalid("(created) and (expires) need the algorithm hs2019.", place="signature")


def _check_coverage(claim: SignatureClaim, message: HttpMessage) -> None:
    lacking = _lacking(claim.covered, bool(message.body))
    if lacking:
        raise SignatureInvalid(f"The signature does not cover {lacking}.", place="signature")
    addressed = _split_url(message.url)[0]
    hosts = message.values("host")
    if hosts == [addressed]:  # as everybody writes it
        return
    hosts = [_without_default_port(value.strip(" \t").lower(), message.url) for value in hosts]
    if hosts != [_without_default_port(addressed, message.url)]:
        raise SignatureInvalid("The signed Host is not the one addressed, or stands twice.", place="host")


@lru_cache(256)
def _lacking(covered: tuple[str, ...], has_body: bool) -> str:
    """The first name that must be covered and is not, "" for none."""
    required = ["(request-target)", "host"] + ["digest"] * has_body
    required += ["date"] * ("(created)" not in covered)
    return next((name for name in required if name not in covered), "")


def _without_default_port(host: str, url: str) -> str:
    return host.removesuffix(":443" if url.startswith("https:") else ":80")


def _check_time(
    claim: SignatureClaim, message: HttpMessage, now: datetime, limits: Limits
) -> tuple[datetime, datetime]:
    """The time that holds, and until when. Only covered times count: anybody could change another."""
    window = timedelta(seconds=limits.signature_window_s)
    times = [claim.created]
    if "(created)" in claim.covered and "date" in claim.covered:
        times.append(_date(message))
    signed = [time for time in times if time is not None]
    if len(signed) != len(times):
        raise SignatureInvalid("The signature covers a time that is not there.", place="date")
    if any(abs(now - time) > window for time in signed):
        raise SignatureExpired("The signature was made too long ago, or in the future.", place="date")
    expires_at = min(signed) + window
    if claim.expires is not None:
        if claim.expires < now:
            raise SignatureExpired("The signature has expired.", place="expires")
        expires_at = min(expires_at, claim.expires)
    return signed[0], expires_at


# --- the signed string ---------------------------------------------------------------------------------


def _signing_string(
    message: HttpMessage, covered: Iterable[str], times: Mapping[str, datetime | None]
) -> bytes:
    """One line for each covered name; repeated headers are joined as §2.3 says."""
    lines = []
    for name in covered:
        if name == "(request-target)":
            value: str | None = f"{message.method.lower()} {_split_url(message.url)[1]}"
        elif name in _PSEUDO:
            time = times.get(name)
            value = None if time is None else str(int(time.timestamp()))
        else:
            values = message.values(name)
            value = values[0].strip(" \t") if len(values) == 1 else None
            if len(values) > 1:
                value = ", ".join(value.strip(" \t") for value in values)
        if value is None or "\n" in value or "\r" in value:
            raise SignatureInvalid(f"The signature covers {name}, which is absent or malformed.", place=name)
        lines.append(f"{name}: {value}")
    try:
        # As servers hand over header bytes: one character a byte.
        return "\n".join(lines).encode("latin-1")
    except UnicodeEncodeError:
        raise SignatureInvalid("A covered header cannot have come over HTTP.", place="signature") from None


@lru_cache(256)
def _split_url(url: str) -> tuple[str, str]:
    """Host with its port in lower case, and the request target as it is on the wire: nothing is decoded."""
    found = _URL.fullmatch(url)
    if found is None:
        raise SignatureInvalid("The request was not for an absolute http(s) URL.", place="url")
    host, path, query = found.groups()
    return host.lower(), (path or "/") + (query or "")
