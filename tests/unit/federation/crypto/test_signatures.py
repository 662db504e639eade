from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation import cavage, signatures
from federation.digest import content_digest
from federation.errors import SignatureExpired, SignatureInvalid, SignatureMissing
from federation.keys import PublicKey, SigningKey, generate_ed25519
from federation.messages import HttpMessage, Limits
from federation.ports import SignatureSpec
from federation.verified import Verified

LIMITS = Limits()
T = 1795262400
BOTH = pytest.mark.parametrize("kind", ["rsa_key", "ed25519_key"])


def verify(message: HttpMessage, key: SigningKey | PublicKey, now: datetime) -> Verified:
    public = key.public if isinstance(key, SigningKey) else key
    return signatures.verify(message, public, now=now, limits=LIMITS)


def forge(message: HttpMessage, key: SigningKey, inner: str, base: str, label: str = "sig1") -> HttpMessage:
    """Sign a base written by hand, as an attacker with a valid key would, with any input beside it."""
    value = base64.b64encode(key.sign(base.encode())).decode()
    return message.with_headers(("signature-input", f"{label}={inner}"), ("signature", f"{label}=:{value}:"))


def signed_by_hand(
    message: HttpMessage, key: SigningKey, *, components: str = "", parameters: str = "", lines: str = ""
) -> HttpMessage:
    """A signature whose base is right for the components and parameters given."""
    message = message.with_headers(("content-digest", content_digest(message.body)))
    components = components or '"@method" "@target-uri" "content-digest"'
    parameters = parameters or f';created={T};keyid="{key.id}"'
    usual = (
        f'"@method": {message.method}\n"@target-uri": {message.url}\n'
        f'"content-digest": {message.header("content-digest")}\n'
    )
    inner = f"({components}){parameters}"
    return forge(message, key, inner, (lines or usual) + f'"@signature-params": {inner}')


# --- what is accepted ------------------------------------------------------------------------------------


@BOTH
def test_a_signed_post_verifies(
    kind: str, request: pytest.FixtureRequest, a_post: HttpMessage, now: datetime
) -> None:
    key: SigningKey = request.getfixturevalue(kind)
    signed = signatures.sign(a_post, key, now=now)
    found = verify(signed, key, now)

    window = 65 * 60 if kind == "rsa_key" else 5 * 60
    assert (found.key_id, found.spec, found.created) == (key.id, SignatureSpec.RFC9421, now)
    assert found.expires_at == now + timedelta(seconds=window)


@BOTH
def test_a_signed_get_verifies_without_a_digest(
    kind: str, request: pytest.FixtureRequest, a_get: HttpMessage, now: datetime
) -> None:
    key: SigningKey = request.getfixturevalue(kind)
    signed = signatures.sign(a_get, key, now=now)
    assert signed.header("content-digest") is None
    assert verify(signed, key, now).key_id == key.id


def test_the_header_is_the_one_that_every_reader_takes(
    a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    signed = signatures.sign(a_post, rsa_key, now=now)
    assert signed.header("signature-input") == (
        'sig1=("@method" "@target-uri" "content-digest")'
        f';created={T};keyid="{rsa_key.id}";alg="rsa-v1_5-sha256"'
    )
    assert signed.header("content-digest") == content_digest(a_post.body)
    assert (signed.header("signature") or "").startswith("sig1=:")


def test_signing_again_replaces_the_signature(
    a_post: HttpMessage, rsa_key: SigningKey, ed25519_key: SigningKey, now: datetime
) -> None:
    again = signatures.sign(signatures.sign(a_post, rsa_key, now=now), ed25519_key, now=now)
    assert len(again.values("signature")) == len(again.values("signature-input")) == 1
    verify(again, ed25519_key, now)


def test_a_stale_digest_of_the_sender_is_replaced(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    stale = a_post.with_headers(("content-digest", content_digest(b"other")))
    verify(signatures.sign(stale, ed25519_key, now=now), ed25519_key, now)


@pytest.mark.parametrize(("url", "key_id"), [("/inbox", "k"), ("https://a b/", "k"), ("https://a/", "k\n")])
def test_what_cannot_stand_in_a_header_is_not_signed(url: str, key_id: str, now: datetime) -> None:
    with pytest.raises(ValueError, match="cannot be signed"):
        signatures.sign(HttpMessage.request("GET", url), generate_ed25519(key_id, "o"), now=now)


def test_a_signature_without_alg_is_judged_by_its_key(
    a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    verify(signed_by_hand(a_post, rsa_key), rsa_key, now)


def test_more_components_label_and_parameters_of_other_software_are_accepted(
    a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    message = a_post.with_headers(("host", "shop.example"), ("date", "Sat, 21 Nov 2026 12:00:00 GMT"))
    digest = content_digest(message.body)
    inner = (
        '("@method" "@target-uri" "@authority" "host" "date" "content-digest")'
        f';alg="rsa-v1_5-sha256";keyid="{rsa_key.id}";created={T};expires={T + 60};nonce="n";tag="t"'
    )
    base = (
        f'"@method": POST\n"@target-uri": {message.url}\n"@authority": shop.example\n"host": shop.example\n'
        f'"date": Sat, 21 Nov 2026 12:00:00 GMT\n"content-digest": {digest}\n"@signature-params": {inner}'
    )
    signed = forge(message.with_headers(("content-digest", digest)), rsa_key, inner, base, label="other")
    assert verify(signed, rsa_key, now).expires_at == now + timedelta(seconds=60)


def test_a_component_with_parameters_keeps_them_in_the_claim(
    a_post: HttpMessage, ed25519_key: SigningKey
) -> None:
    message = a_post.with_headers(
        ("signature-input", f'sig1=("@method" "content-digest";key="sha-256");created={T};keyid="k"'),
        ("signature", "sig1=:AAAA:"),
    )
    assert signatures.parse_signature(message).covered == ("@method", '"content-digest";key="sha-256"')


# --- what is altered on the road -------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"method": "post"},
        {"method": ""},
        {"url": "https://shop.example/actors/other/inbox"},
        {"url": "https://shop.example/actors/shop/inbox?admin=1"},
        {"url": "https://shop.example/actors/shop/inbox?"},
        {"url": "https://shop.example/actors/shop/inbox/"},
        {"url": "https://shop.example/actors/sho%70/inbox"},
        {"url": "https://shop.example/actors/./shop/inbox"},
        {"url": "https://shop.example:443/actors/shop/inbox"},
        {"url": "https://shop.example:8443/actors/shop/inbox"},
        {"url": "http://shop.example/actors/shop/inbox"},
        {"url": "https://SHOP.example/actors/shop/inbox"},
        {"url": "https://other.example/actors/shop/inbox"},
        {"url": "/actors/shop/inbox"},
        {"url": "https://shop.example/actors/shop/in box"},
        {"url": ""},
        {"body": b'{"type":"Delete"}'},
        {"body": b'{"type":"Create"} '},
        {"body": b""},
    ],
)
def test_an_altered_request_is_refused(
    kind: str, request: pytest.FixtureRequest, change: dict[str, str], a_post: HttpMessage, now: datetime
) -> None:
    key: SigningKey = request.getfixturevalue(kind)
    signed = signatures.sign(a_post, key, now=now)
    with pytest.raises(SignatureInvalid):
        verify(dataclasses.replace(signed, **change), key, now)  # type: ignore[arg-type]


def test_a_body_added_to_a_signed_get_is_refused(
    a_get: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = dataclasses.replace(signatures.sign(a_get, ed25519_key, now=now), body=b"x")
    with pytest.raises(SignatureInvalid, match="does not cover content-digest"):
        verify(signed, ed25519_key, now)
    with pytest.raises(SignatureInvalid, match="does not cover content-digest"):
        verify(signed.with_headers(("content-digest", content_digest(b"x"))), ed25519_key, now)


def test_a_fresh_digest_for_an_altered_body_is_refused(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = signatures.sign(a_post, ed25519_key, now=now)
    altered = dataclasses.replace(signed, body=b"x").with_headers(("content-digest", content_digest(b"x")))
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify(altered, ed25519_key, now)


def test_a_second_digest_line_is_refused(a_post: HttpMessage, ed25519_key: SigningKey, now: datetime) -> None:
    signed = signatures.sign(a_post, ed25519_key, now=now)
    extra = (
        "content-digest",
        "sha-512=:" + base64.b64encode(hashlib.sha512(a_post.body).digest()).decode() + ":",
    )
    for headers in ((*signed.headers, extra), (extra, *signed.headers)):
        with pytest.raises(SignatureInvalid):
            verify(dataclasses.replace(signed, headers=headers), ed25519_key, now)


def test_a_digest_header_taken_away_is_refused(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = signatures.sign(a_post, ed25519_key, now=now)
    headers = tuple(pair for pair in signed.headers if pair[0] != "content-digest")
    with pytest.raises(SignatureInvalid):
        verify(dataclasses.replace(signed, headers=headers), ed25519_key, now)


@pytest.mark.parametrize("wrong", ["md5=:AAAA:", "sha=:AAAA:", "x=1"])
def test_a_signed_digest_by_weak_algorithms_only_is_refused(
    wrong: str, a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    inner = f'("@method" "@target-uri" "content-digest");created={T};keyid="{ed25519_key.id}"'
    base = f'"@method": POST\n"@target-uri": {a_post.url}\n"content-digest": {wrong}\n'
    base += f'"@signature-params": {inner}'
    signed = forge(a_post.with_headers(("content-digest", wrong)), ed25519_key, inner, base)
    with pytest.raises(SignatureInvalid):
        verify(signed, ed25519_key, now)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 63), bit=st.integers(0, 7))
def test_a_flipped_bit_in_the_signature_is_refused(
    position: int, bit: int, a_get: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = signatures.sign(a_get, ed25519_key, now=now)
    raw = bytearray(signatures.parse_signature(signed).signature)
    raw[position] ^= 1 << bit
    with pytest.raises(SignatureInvalid):
        verify(
            signed.with_headers(("signature", f"sig1=:{base64.b64encode(raw).decode()}:")), ed25519_key, now
        )


# --- coverage and keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("components", "lines"),
    [
        ('"@method"', '"@method": POST\n'),
        ("", '"@method": POST\n'),
        ('"@target-uri" "content-digest"', None),
        ('"@method" "content-digest"', None),
        ('"@method" "@path" "content-digest"', None),
        ('"@method" "@target-uri"', None),
        ('"@method" "@target-uri" "content-digest";key="sha-256"', None),
        ('"@method" "@target-uri" "content-digest";sf', None),
        ('"@method" "@target-uri" "content-digest";bs', None),
        ('"@method" "@target-uri" "content-digest";req', None),
        ('"@method" "@target-uri";req "content-digest"', None),
        ('"@method";req "@target-uri" "content-digest"', None),
    ],
)
def test_too_little_coverage_is_refused(
    components: str, lines: str | None, a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    message = a_post.with_headers(("content-digest", content_digest(a_post.body)))
    inner = f'({components});created={T};keyid="{ed25519_key.id}"'
    signed = forge(message, ed25519_key, inner, (lines or "") + f'"@signature-params": {inner}')
    with pytest.raises(SignatureInvalid, match="does not cover"):
        verify(signed, ed25519_key, now)


@pytest.mark.parametrize(
    "components",
    [
        '"@method" "@method" "@target-uri" "content-digest"',
        '"@method" "@target-uri" "content-digest" "x-missing"',
        '"@method" "@target-uri" "content-digest" "@status"',
        '"@method" "@target-uri" "content-digest" "@unknown"',
        '"@method" "@target-uri" "content-digest" "Content-Type"',
        '"@method" "@target-uri" "content-digest" "@signature-params"',
        '"@method" "@target-uri" "content-digest" "content-type";tr',
        '"@method" "@target-uri" "content-digest" "content-type";unknown',
    ],
)
def test_components_that_cannot_be_are_refused(
    components: str, a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify(signed_by_hand(a_post, ed25519_key, components=components), ed25519_key, now)


@pytest.mark.parametrize(
    "components",
    ["@method", 'content-digest "@method"', '"@method" 1', '"@method" ?1', '"@method" :AAAA:', '"a" ' * 41],
)
def test_components_that_are_no_strings_or_too_many_are_refused(
    components: str, a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    with pytest.raises(SignatureInvalid):
        verify(signed_by_hand(a_post, ed25519_key, components=components.strip()), ed25519_key, now)


def test_a_signature_by_another_key_of_the_same_id_is_refused(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    other = generate_ed25519(ed25519_key.id, ed25519_key.owner)
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify(signatures.sign(a_post, other, now=now), ed25519_key, now)


def test_a_key_of_another_id_is_not_tried(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = signatures.sign(a_post, ed25519_key, now=now)
    for key_id in (ed25519_key.id + "x", ed25519_key.owner, ed25519_key.id.upper()):
        with pytest.raises(SignatureInvalid, match="another key"):
            verify(signed, dataclasses.replace(ed25519_key.public, id=key_id), now)


@pytest.mark.parametrize(
    "alg", ["hmac-sha256", "ed25519", "rsa-pss-sha512", "ecdsa-p256-sha256", "none", "", "RSA-v1_5-sha256"]
)
def test_an_algorithm_that_does_not_fit_the_key_is_refused(
    alg: str, a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    parameters = f';created={T};keyid="{rsa_key.id}";alg="{alg}"'
    with pytest.raises(SignatureInvalid, match="does not fit"):
        verify(signed_by_hand(a_post, rsa_key, parameters=parameters), rsa_key, now)


def test_a_public_key_is_no_hmac_secret(a_post: HttpMessage, rsa_key: SigningKey, now: datetime) -> None:
    signed = signed_by_hand(
        a_post, rsa_key, parameters=f';created={T};keyid="{rsa_key.id}";alg="hmac-sha256"'
    )
    mac = hmac.new(rsa_key.public.pem.encode(), b"base", "sha256").digest()
    forged = signed.with_headers(("signature", f"sig1=:{base64.b64encode(mac).decode()}:"))
    with pytest.raises(SignatureInvalid, match="does not fit"):
        verify(forged, rsa_key, now)


def test_an_unknown_parameter_is_refused(a_post: HttpMessage, ed25519_key: SigningKey, now: datetime) -> None:
    parameters = f';created={T};keyid="{ed25519_key.id}";method="GET"'
    with pytest.raises(SignatureInvalid):
        verify(signed_by_hand(a_post, ed25519_key, parameters=parameters), ed25519_key, now)


# --- time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "window"), [("rsa_key", 65 * 60), ("ed25519_key", 5 * 60)])
def test_the_window_holds_on_both_sides(
    kind: str, window: int, request: pytest.FixtureRequest, a_post: HttpMessage, now: datetime
) -> None:
    key: SigningKey = request.getfixturevalue(kind)
    signed = signatures.sign(a_post, key, now=now)
    for offset in (window, -window):
        verify(signed, key, now + timedelta(seconds=offset))
    for offset in (window + 1, -window - 1):
        with pytest.raises(SignatureExpired):
            verify(signed, key, now + timedelta(seconds=offset))


def test_expires_ends_a_signature_early_and_never_late(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    def until(seconds: int) -> HttpMessage:
        parameters = f';created={T};keyid="{ed25519_key.id}";expires={T + seconds}'
        return signed_by_hand(a_post, ed25519_key, parameters=parameters)

    assert verify(until(30), ed25519_key, now).expires_at == now + timedelta(seconds=30)
    assert verify(until(99_999), ed25519_key, now).expires_at == now + timedelta(seconds=300)
    with pytest.raises(SignatureExpired, match="has expired"):
        verify(until(30), ed25519_key, now + timedelta(seconds=31))
    with pytest.raises(SignatureExpired):
        verify(until(99_999), ed25519_key, now + timedelta(seconds=301))
    with pytest.raises(SignatureExpired):
        verify(until(-1), ed25519_key, now)


@pytest.mark.parametrize(
    "parameters",
    [
        ';keyid="K"',
        ';created;keyid="K"',
        ';created=?1;keyid="K"',
        ';created=1795262400.0;keyid="K"',
        ';created="1795262400";keyid="K"',
        ';created=@1795262400;keyid="K"',
        ';created=999999999999999;keyid="K"',
        ';created=-999999999999999;keyid="K"',
        ';created=1795262400;expires="x";keyid="K"',
        ';created=1795262400;expires=999999999999999;keyid="K"',
        ";created=1795262400",
        ";created=1795262400;keyid",
        ";created=1795262400;keyid=5",
        ";created=1795262400;keyid=K",
        ";created=1795262400;keyid=:SyA=:",
        ';created=1795262400;keyid=%"K"',
        ';created=1795262400;keyid=""',
        ';created=1795262400;keyid="K";alg=ed25519',
        ';created=1795262400;keyid="K";alg=5',
        f';created=1795262400;keyid="{"k" * 2049}"',
        f';created=1795262400;keyid="{"k" * 10_240}"',
        ';created=1795262400;keyid="M";keyid="K"',
        ';created=1;created=1795262400;keyid="K"',
        ';created=1795262400;keyid="K";alg="hmac-sha256";alg="ed25519"',
    ],
)
def test_parameters_absent_misshapen_or_twice_are_refused(
    parameters: str, a_post: HttpMessage, now: datetime
) -> None:
    key = generate_ed25519("K", "o")
    signed = signed_by_hand(a_post, key, parameters=parameters)
    with pytest.raises(SignatureInvalid):
        signatures.parse_signature(signed)
    with pytest.raises(SignatureInvalid):
        verify(signed, key, now)


def test_the_longest_key_id_is_read(a_get: HttpMessage, now: datetime) -> None:
    key = generate_ed25519("k" * 2048, "o")
    verify(signatures.sign(a_get, key, now=now), key, now)


# --- the headers themselves ------------------------------------------------------------------------------


def test_no_signature_is_missing(a_post: HttpMessage, ed25519_key: SigningKey, now: datetime) -> None:
    with pytest.raises(SignatureMissing):
        signatures.parse_signature(a_post)
    with pytest.raises(SignatureMissing):
        verify(a_post.with_headers(("signature", "sig1=:AAAA:")), ed25519_key, now)


INPUT = f'("@method" "@target-uri" "content-digest");created={T};keyid="k"'


@pytest.mark.parametrize(
    ("signature_input", "signature"),
    [
        ("", "sig1=:AAAA:"),
        ("sig1", "sig1=:AAAA:"),
        ("sig1=1", "sig1=:AAAA:"),
        ('sig1="@method"', "sig1=:AAAA:"),
        (f"sig1={INPUT}", ""),
        (f"sig1={INPUT}", "sig1"),
        (f"sig1={INPUT}", "sig1=AAAA"),
        (f"sig1={INPUT}", 'sig1="AAAA"'),
        (f"sig1={INPUT}", "sig1=(:AAAA:)"),
        (f"sig1={INPUT}", "sig2=:AAAA:"),
        (f"sig1={INPUT}", "sig1=:AAAA:, sig2=:AAAA:"),
        (f"sig1={INPUT}", "sig1=:AAAA:, sig1=:AAAA:"),
        (f"sig1={INPUT}", "sig1=:A A:"),
        (f"sig1={INPUT}", "sig1=:" + "A" * 9000 + ":"),
        (f"sig1={INPUT}, sig2={INPUT}", "sig1=:AAAA:"),
        (f"sig1={INPUT}, sig2={INPUT}", "sig1=:AAAA:, sig2=:AAAA:"),
        (f"sig1={INPUT}, sig1={INPUT}", "sig1=:AAAA:"),
        (f"sig1={INPUT},", "sig1=:AAAA:"),
        (f"sig1={INPUT} x", "sig1=:AAAA:"),
        (f"Sig1={INPUT}", "Sig1=:AAAA:"),
        (f"sig1={INPUT}\u00e9", "sig1=:AAAA:"),
        (f"sig1={INPUT}\x00", "sig1=:AAAA:"),
        ('sig1=("@method"', "sig1=:AAAA:"),
        ("sig1=" + "(" * 3000, "sig1=:AAAA:"),
    ],
)
def test_signature_headers_that_are_not_one_signature_are_refused(
    signature_input: str, signature: str, a_post: HttpMessage
) -> None:
    message = a_post.with_headers(("signature-input", signature_input), ("signature", signature))
    with pytest.raises(SignatureInvalid):
        signatures.parse_signature(message)


def test_two_signatures_in_two_header_lines_are_refused(
    a_post: HttpMessage, ed25519_key: SigningKey, rsa_key: SigningKey, now: datetime
) -> None:
    mine = signatures.sign(a_post, ed25519_key, now=now)
    other = signatures.sign(a_post, rsa_key, now=now)
    for label in ("sig1", "sig2"):
        more = tuple(
            (name, value.replace("sig1=", f"{label}=", 1))
            for name, value in other.headers
            if name in ("signature", "signature-input")
        )
        with pytest.raises(SignatureInvalid):
            verify(dataclasses.replace(mine, headers=mine.headers + more), ed25519_key, now)


def test_a_signature_input_alone_is_refused(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = signatures.sign(a_post, ed25519_key, now=now)
    headers = tuple(pair for pair in signed.headers if pair[0] != "signature")
    with pytest.raises(SignatureInvalid):
        verify(dataclasses.replace(signed, headers=headers), ed25519_key, now)


def test_a_header_value_with_a_newline_cannot_carry_more_lines(
    a_post: HttpMessage, ed25519_key: SigningKey, now: datetime
) -> None:
    inner = f'("x" "@method" "@target-uri" "content-digest");created={T};keyid="{ed25519_key.id}"'
    digest = content_digest(a_post.body)
    base = f'"x": a\n"@method": POST\n"@target-uri": {a_post.url}\n"content-digest": {digest}\n'
    base += f'"@signature-params": {inner}'
    message = a_post.with_headers(("content-digest", digest), ("x", "a\nb"))
    with pytest.raises(SignatureInvalid):
        verify(forge(message, ed25519_key, inner, base), ed25519_key, now)


# --- replays ---------------------------------------------------------------------------------------------


# --- robustness ------------------------------------------------------------------------------------------


@given(st.text(max_size=120), st.text(max_size=60))
def test_any_headers_are_read_or_refused(signature_input: str, signature: str) -> None:
    message = HttpMessage.request(
        "POST", "https://shop.example/", {"signature-input": signature_input, "signature": signature}
    )
    with pytest.raises((SignatureInvalid, SignatureMissing)):
        signatures.parse_signature(message)
    with pytest.raises((SignatureInvalid, SignatureMissing)):
        cavage.parse_signature(message)


@given(st.text(alphabet='("@metho)dsig1=;:,.? %A\\0-created*x', max_size=60))
def test_anything_like_a_signature_input_is_read_or_refused(text: str) -> None:
    message = HttpMessage.request(
        "POST", "https://shop.example/", {"signature-input": f"sig1={text}", "signature": "sig1=:AAAA:"}
    )
    with pytest.raises(SignatureInvalid):
        signatures.parse_signature(message)
