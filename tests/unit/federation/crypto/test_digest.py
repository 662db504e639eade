from __future__ import annotations

import base64
import hashlib

import base58
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.digest import (
    body_digest,
    cavage_digest,
    content_digest,
    object_digest,
    verify_cavage_digest,
    verify_content_digest,
)
from federation.errors import SignatureInvalid

BODY = b'{"type":"Create"}'


def b64(algorithm: str, body: bytes = BODY) -> str:
    return base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


SHA256, SHA512 = b64("sha256"), b64("sha512")
STALE256, STALE512 = b64("sha256", b"other"), b64("sha512", b"other")


@given(st.binary(), st.binary())
def test_a_digest_verifies_its_own_body_and_no_other(body: bytes, other: bytes) -> None:
    verify_content_digest(content_digest(body), body)
    verify_cavage_digest(cavage_digest(body), body)
    if body != other:
        with pytest.raises(SignatureInvalid):
            verify_content_digest(content_digest(body), other)
        with pytest.raises(SignatureInvalid):
            verify_cavage_digest(cavage_digest(body), other)


@pytest.mark.parametrize(
    "header",
    [
        f"sha-256=:{SHA256}:",
        f"sha-512=:{SHA512}:",
        f"sha-256=:{SHA256}:, sha-512=:{SHA512}:",
        f"sha-512=:{SHA512}:,sha-256=:{SHA256}:",
        f"md5=:AAAA:, sha-256=:{SHA256}:",
        f"blake3=?1, sha-256=:{SHA256}:;x=1",
        f"newer=(1 2), sha-256=:{SHA256}:",
    ],
)
def test_content_digest_by_known_algorithms_is_accepted(header: str) -> None:
    verify_content_digest(header, BODY)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha-256",
        f"sha-256=:{STALE256}:",
        f"sha-256=:{SHA256}:, sha-512=:{STALE512}:",
        f"sha-256=:{STALE256}:, sha-512=:{SHA512}:",
        f"md5=:{b64('md5')}:",
        f"sha=:{b64('sha1')}:",
        f"sha-1=:{b64('sha1')}:",
        f"md5=:{b64('md5')}:, sha=:{b64('sha1')}:",
        f"sha-256=:{SHA256}:, sha-256=:{SHA256}:",
        f"sha-256=:{STALE256}:, sha-256=:{SHA256}:",
        f"SHA-256=:{SHA256}:",
        f"sha-256={SHA256}",
        f'sha-256="{SHA256}"',
        f"sha-256=(:{SHA256}:)",
        f"sha-256=:{SHA256}",
        f"sha-256=:{SHA256[:-4]}:",
        f"sha-256=:{SHA512}:",
        f"sha-512=:{SHA256}:",
        "sha-256=::",
        f"sha-256=:{SHA256}:;a=1;a=2",
        f"sha-256=:{SHA256}:,",
        f"sha-256=:{base64.urlsafe_b64encode(bytes([255] * 32)).decode()}:",
        f"sha-256=:{SHA256}: é",
        "sha-256=:" + "A" * 5000 + ":",
    ],
)
def test_content_digest_is_refused(header: str) -> None:
    with pytest.raises(SignatureInvalid) as caught:
        verify_content_digest(header, BODY)
    assert caught.value.place == "content-digest"


@pytest.mark.parametrize(
    "header",
    [
        f"SHA-256={SHA256}",
        f"sha-256={SHA256}",
        f"Sha-256={SHA256}",
        f"SHA-512={SHA512}",
        f"SHA-256={SHA256},SHA-512={SHA512}",
        f"unixsum=30637, SHA-256={SHA256}",
        f"MD5={b64('md5')},\tSHA-256={SHA256} ",
    ],
)
def test_digest_of_the_older_kind_is_accepted(header: str) -> None:
    verify_cavage_digest(header, BODY)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "SHA-256",
        f"SHA-256={STALE256}",
        f"SHA-256={SHA256},SHA-512={STALE512}",
        f"MD5={b64('md5')}",
        f"SHA={b64('sha1')}",
        "unixsum=30637",
        f"SHA-256={SHA256},sha-256={SHA256}",
        f"SHA-256={STALE256},SHA-256={SHA256}",
        f"SHA-256={SHA256}=",
        f"SHA-256={SHA256}\n",
        f"SHA-256 ={SHA256}",
        f"SHA-256=:{SHA256}:",
        f"SHA-256={SHA256[:-1]}",
        f"SHA-256={SHA256},",
        "SHA-256=",
        "SHA-256=é",
        f"SHA-256={base64.urlsafe_b64encode(bytes([255] * 32)).decode()}",
        f"SHA-256={hashlib.sha256(BODY).hexdigest()}",
        "SHA-256=" + "A" * 5000,
    ],
)
def test_digest_of_the_older_kind_is_refused(header: str) -> None:
    with pytest.raises(SignatureInvalid) as caught:
        verify_cavage_digest(header, BODY)
    assert caught.value.place == "digest"


@given(st.text(max_size=80))
def test_any_header_is_accepted_or_refused(header: str) -> None:
    for verify in (verify_content_digest, verify_cavage_digest):
        with pytest.raises(SignatureInvalid):
            verify(header, BODY)


def test_the_body_digest_is_plain_sha256() -> None:
    assert body_digest(BODY) == hashlib.sha256(BODY).digest()


def test_an_object_digest_is_a_multihash_of_the_canonical_form() -> None:
    digest = object_digest({"b": 1, "a": 2})
    multihash = base58.b58decode(digest[1:])
    assert digest.startswith("zQm")
    assert multihash == b"\x12\x20" + hashlib.sha256(b'{"a":2,"b":1}').digest()


def test_an_object_digest_ignores_order_and_nothing_else() -> None:
    message = {"id": "x", "proof": {"proofValue": "z1"}, "name": "caf\u00e9"}
    assert object_digest(dict(reversed(message.items()))) == object_digest(message)
    for changed in (
        {**message, "proof": {"proofValue": "z2"}},
        {**message, "name": "cafe\u0301"},
        {**message, "new": None},
        {key: value for key, value in message.items() if key != "proof"},
    ):
        assert object_digest(changed) != object_digest(message)


def test_an_amount_that_would_be_rounded_has_no_digest() -> None:
    with pytest.raises(ValueError):
        object_digest({"amount": 2**53 + 1})
