"""Signatures of requests that are checked long after: by the standards' own vectors, and byte by byte."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from federation import cavage, signatures
from federation.errors import SignatureInvalid
from federation.kept_signatures import (
    ALGORITHMS,
    CAVAGE,
    MOST_BASE_BYTES,
    MOST_VALUE_BYTES,
    RFC9421,
    KeptSignature,
    check_kept_signature,
)
from federation.keys import KeyAlgorithm, PublicKey, SigningKey
from federation.messages import HttpMessage, Limits

Sign = Callable[[str, str], tuple[KeptSignature, bytes, PublicKey]]

# draft-cavage-http-signatures-12, Appendix C: the key, and C.3 as the digest of its body is covered.
CAVAGE_KEY = b"""-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----
"""
CAVAGE_BODY = b'{"hello": "world"}'
CAVAGE_STRING = b"""(request-target): post /foo?param=value&pet=dog
host: example.com
date: Sun, 05 Jan 2014 21:31:40 GMT
content-type: application/json
digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=
content-length: 18"""
CAVAGE_VALUE = base64.b64decode(
    "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V0"
    "1IL+TAD48XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE="
)
# RFC 9421, B.1.4 and B.2.6.
RFC_KEY = base64.b64decode("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
RFC_BASE = b""""date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")\
;created=1618884473;keyid="test-key-ed25519\""""
RFC_VALUE = base64.b64decode(
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)


def of_the_draft() -> tuple[KeptSignature, PublicKey]:
    material = load_pem_public_key(CAVAGE_KEY)
    assert isinstance(material, RSAPublicKey)
    key = PublicKey("Test", "", KeyAlgorithm.RSA, material)
    return KeptSignature(CAVAGE, "rsa-v1_5-sha256", "Test", CAVAGE_STRING, CAVAGE_VALUE), key


def of_the_rfc() -> tuple[KeptSignature, PublicKey]:
    material = Ed25519PublicKey.from_public_bytes(RFC_KEY)
    key = PublicKey("test-key-ed25519", "", KeyAlgorithm.ED25519, material)
    return KeptSignature(RFC9421, "ed25519", "test-key-ed25519", RFC_BASE, RFC_VALUE), key


def test_vector_of_the_draft_holds_and_tells_its_time() -> None:
    kept, key = of_the_draft()
    assert check_kept_signature(kept, CAVAGE_BODY, key) == datetime(2014, 1, 5, 21, 31, 40, tzinfo=UTC)


def test_vector_of_the_draft_does_not_hold_for_another_body() -> None:
    kept, key = of_the_draft()
    with pytest.raises(SignatureInvalid, match="not that of the body"):
        check_kept_signature(kept, CAVAGE_BODY + b" ", key)


def test_vector_of_the_rfc_is_signed_and_shows_nothing_of_a_body() -> None:
    kept, key = of_the_rfc()
    assert key.verify(kept.base, kept.value)
    with pytest.raises(SignatureInvalid, match="covers no POST to an address"):
        check_kept_signature(kept, CAVAGE_BODY, key)


@pytest.mark.parametrize("part", ["base", "value"])
@pytest.mark.parametrize("vector", [of_the_draft, of_the_rfc])
def test_no_byte_of_a_vector_can_be_changed(
    part: str, vector: Callable[[], tuple[KeptSignature, PublicKey]]
) -> None:
    kept, key = vector()
    raw = kept.base if part == "base" else kept.value
    for place in range(0, len(raw), 7):
        other = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        changed = replace(kept, base=other) if part == "base" else replace(kept, value=other)
        with pytest.raises(SignatureInvalid, match="not this key's"):
            check_kept_signature(changed, CAVAGE_BODY, key)


# --- what our own verification leaves ---------------------------------------------------------------------


@pytest.fixture
def kept_of(a_post: HttpMessage, rsa_key: SigningKey, ed25519_key: SigningKey, now: datetime) -> Sign:
    def sign(scheme: str, algorithm: str) -> tuple[KeptSignature, bytes, PublicKey]:
        key = rsa_key if algorithm == "rsa-v1_5-sha256" else ed25519_key
        module = cavage if scheme == CAVAGE else signatures
        signed = module.sign(a_post, key, now=now)
        verified = module.verify(signed, key.public, now=now, limits=Limits())
        kept = KeptSignature(verified.spec.value, algorithm, key.id, verified.base, verified.signature)
        return kept, a_post.body, key.public

    return sign


KINDS = [(CAVAGE, "rsa-v1_5-sha256"), (RFC9421, "rsa-v1_5-sha256"), (RFC9421, "ed25519")]


@pytest.mark.parametrize(("scheme", "algorithm"), KINDS)
def test_what_a_verified_request_leaves_holds_by_itself(
    scheme: str, algorithm: str, kept_of: Sign, now: datetime
) -> None:
    kept, body, key = kept_of(scheme, algorithm)
    assert check_kept_signature(kept, body, key) == now


@pytest.mark.parametrize(("scheme", "algorithm"), KINDS)
@pytest.mark.parametrize("part", ["body", "base", "value", "key_id", "algorithm", "scheme"])
def test_nothing_of_it_can_be_changed(scheme: str, algorithm: str, part: str, kept_of: Sign) -> None:
    kept, body, key = kept_of(scheme, algorithm)
    other = {
        "body": kept,
        "base": replace(kept, base=kept.base.replace(b"shop.example", b"evil.example")),
        "value": replace(kept, value=kept.value[:-1] + bytes([kept.value[-1] ^ 1])),
        "key_id": replace(kept, key_id=kept.key_id + "2"),
        "algorithm": replace(kept, algorithm=next(one for one in ALGORITHMS.values() if one != algorithm)),
        "scheme": replace(kept, scheme=CAVAGE if scheme == RFC9421 else RFC9421),
    }[part]
    with pytest.raises(SignatureInvalid):
        check_kept_signature(other, body + b" " if part == "body" else body, key)


def test_signature_that_only_the_library_reads_leaves_what_was_signed(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = signatures.sign(a_post, ed25519_key, now=now)
    odd = signed.with_headers(
        ("signature-input", str(signed.header("signature-input")).replace(";cr", "; cr"))
    )
    verified = signatures.verify(odd, ed25519_key.public, now=now, limits=Limits())
    usual = signatures.verify(signed, ed25519_key.public, now=now, limits=Limits())
    assert (verified.base, verified.signature) == (usual.base, usual.signature) != (b"", b"")


def test_signature_that_only_the_library_reads_is_refused_under_another_key(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = signatures.sign(a_post, ed25519_key, now=now)
    odd = signed.with_headers(
        ("signature-input", str(signed.header("signature-input")).replace(";cr", "; cr")),
        ("date", "Sat, 21 Nov 2026 12:00:00 GMT"),
    )
    other = replace(odd, url="https://shop.example/actors/other/inbox")
    with pytest.raises(SignatureInvalid, match="does not match"):
        signatures.verify(other, ed25519_key.public, now=now, limits=Limits())


# --- what a key signed that shows nothing of the body -----------------------------------------------------

GOOD = {
    "(request-target)": "post /inbox",
    "host": "shop.example",
    "date": "Sat, 21 Nov 2026 12:00:00 GMT",
    "digest": "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
}


def lines(found: dict[str, str | None]) -> bytes:
    return "\n".join(f"{name}: {value}" for name, value in found.items() if value is not None).encode(
        "latin-1"
    )


def signed_string(key: SigningKey, base: bytes, scheme: str = CAVAGE) -> KeptSignature:
    return KeptSignature(scheme, ALGORITHMS[key.algorithm], key.id, base, key.sign(base))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"(request-target)": "get /inbox"}, "no POST"),
        ({"(request-target)": None}, "no POST"),
        ({"host": None}, "no POST"),
        ({"digest": None}, "does not cover the body"),
        ({"digest": "MD5=abc"}, "No digest"),
        ({"date": None}, "no time"),
        ({"date": "yesterday"}, "no time"),
        ({"(created)": "now"}, "no time of its making"),
        ({"(created)": "999999999999"}, "no time of its making"),
        ({"digest": GOOD["digest"] + "\nhost: evil.example"}, "twice"),
        ({"digest": GOOD["digest"] + "\nno line"}, "malformed"),
    ],
)
def test_signing_string_that_does_not_cover_what_it_must_shows_nothing(
    changes: dict[str, str | None], words: str, rsa_key: SigningKey
) -> None:
    found: dict[str, str | None] = {**GOOD, **changes}
    kept = signed_string(rsa_key, lines(found))
    with pytest.raises(SignatureInvalid, match=words):
        check_kept_signature(kept, CAVAGE_BODY, rsa_key.public)


def test_signing_string_may_tell_its_time_by_created(rsa_key: SigningKey) -> None:
    kept = signed_string(rsa_key, lines({**GOOD, "(created)": "1795262400", "date": None}))
    at = check_kept_signature(kept, CAVAGE_BODY, rsa_key.public)
    assert at == datetime.fromtimestamp(1795262400, UTC)


DIGEST = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
COVERED = {'"@method"': "POST", '"@target-uri"': "https://shop.example/inbox", '"content-digest"': DIGEST}


def a_base(key: SigningKey, *, parameters: str | None = None, **changes: str | None) -> bytes:
    renamed = {f'"{name.replace("_", "-")}"': value for name, value in changes.items()}
    found = {name: value for name, value in {**COVERED, **renamed}.items() if value is not None}
    said = f'({" ".join(found)});created=1795262400;keyid="{key.id}"' if parameters is None else parameters
    return "\n".join([*(f"{n}: {v}" for n, v in found.items()), f'"@signature-params": {said}']).encode()


def test_signature_base_of_these_parts_holds(ed25519_key: SigningKey) -> None:
    kept = signed_string(ed25519_key, a_base(ed25519_key), RFC9421)
    at = check_kept_signature(kept, CAVAGE_BODY, ed25519_key.public)
    assert at == datetime.fromtimestamp(1795262400, UTC)


NAMES = '("@method" "@target-uri" "content-digest")'


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"content_digest": None}, "does not cover the body"),
        ({"content_digest": "sha-256=:AAAA:"}, "not that of the body"),
        ({"@method": "GET"}, "no POST"),
        ({"@target_uri": None}, "no POST"),
        ({"parameters": '("@method");created=1;keyid="x"'}, "other parts than it says"),
        ({"parameters": f'{NAMES};created=1;keyid="x"'}, "another key"),
        ({"parameters": f'{NAMES};created=1;keyid="KEY";alg="rsa-v1_5-sha256"'}, "another key or algorithm"),
        ({"parameters": f'{NAMES};keyid="KEY"'}, "no time of its making"),
        ({"parameters": f'{NAMES};created=999999999999999;keyid="KEY"'}, "no time of its making"),
        ({"parameters": "(("}, "malformed"),
        ({"parameters": '"@method"'}, "malformed"),
        ({"parameters": "(), ()"}, "malformed"),
        ({"parameters": "(\xe9)"}, "malformed"),
    ],
)
def test_signature_base_that_does_not_cover_what_it_must_shows_nothing(
    changes: dict[str, str | None], words: str, ed25519_key: SigningKey
) -> None:
    changes = {
        name: value.replace("KEY", ed25519_key.id) if value else value for name, value in changes.items()
    }
    kept = signed_string(ed25519_key, a_base(ed25519_key, **changes), RFC9421)
    with pytest.raises(SignatureInvalid, match=words):
        check_kept_signature(kept, CAVAGE_BODY, ed25519_key.public)


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (b"", "does not end with its parameters"),
        (b'"@signature-params": ()\n"@method": POST', "does not end with its parameters"),
        (b"\xff", "no text"),
    ],
)
def test_signature_base_that_is_none_shows_nothing(base: bytes, words: str, ed25519_key: SigningKey) -> None:
    with pytest.raises(SignatureInvalid, match=words):
        check_kept_signature(signed_string(ed25519_key, base, RFC9421), CAVAGE_BODY, ed25519_key.public)


def test_scheme_that_nobody_knows_shows_nothing(ed25519_key: SigningKey) -> None:
    kept = signed_string(ed25519_key, a_base(ed25519_key), "other")
    with pytest.raises(SignatureInvalid, match="no known scheme"):
        check_kept_signature(kept, CAVAGE_BODY, ed25519_key.public)


@pytest.mark.parametrize(("base", "value"), [(MOST_BASE_BYTES + 1, 64), (10, MOST_VALUE_BYTES + 1)])
def test_what_is_beyond_all_measure_is_not_looked_at(base: int, value: int, ed25519_key: SigningKey) -> None:
    kept = KeptSignature(RFC9421, "ed25519", ed25519_key.id, b"x" * base, b"x" * value)
    with pytest.raises(SignatureInvalid, match="too large"):
        check_kept_signature(kept, CAVAGE_BODY, ed25519_key.public)
