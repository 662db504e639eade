from __future__ import annotations

import base64
import dataclasses
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import cavage, signatures
from federation.digest import cavage_digest
from federation.errors import SignatureExpired, SignatureInvalid, SignatureMissing
from federation.keys import SigningKey, generate_rsa
from federation.messages import HttpMessage, Limits
from federation.ports import SignatureSpec
from federation.verified import Verified

LIMITS = Limits()
T = 1795262400
DATE = "Sat, 21 Nov 2026 12:00:00 GMT"
URL = "https://shop.example/actors/shop/inbox"
TARGET = "(request-target): post /actors/shop/inbox"


def verify(message: HttpMessage, key: SigningKey, now: datetime) -> Verified:
    return cavage.verify(message, key.public, now=now, limits=LIMITS)


def by_hand(
    message: HttpMessage, key: SigningKey, *lines: str, template: str = "", **parameters: str
) -> HttpMessage:
    """Sign lines written by hand; the header comes from `template` or the parameters."""
    names = " ".join(line.partition(": ")[0] for line in lines)
    value = base64.b64encode(key.sign("\n".join(lines).encode("latin-1"))).decode()
    listed = {"keyId": key.id, "headers": names, "signature": value, **parameters}
    text = template.format(key=key.id, names=names, value=value) if template else ""
    return message.with_headers(
        ("signature", text or ",".join(f'{name}="{listed[name]}"' for name in listed))
    )


@pytest.fixture
def ready(a_post: HttpMessage) -> HttpMessage:
    """A post with every header that is to be signed, and no signature yet."""
    return a_post.with_headers(
        ("host", "shop.example"), ("date", DATE), ("digest", cavage_digest(a_post.body))
    )


@pytest.fixture
def lines(ready: HttpMessage) -> list[str]:
    return [TARGET, "host: shop.example", f"date: {DATE}", f"digest: {ready.header('digest')}"]


# --- what is accepted ------------------------------------------------------------------------------------


def test_a_signed_post_verifies(a_post: HttpMessage, rsa_key: SigningKey, now: datetime) -> None:
    found = verify(cavage.sign(a_post, rsa_key, now=now), rsa_key, now)
    assert (found.key_id, found.spec, found.created) == (rsa_key.id, SignatureSpec.CAVAGE, now)
    assert found.expires_at == now + timedelta(minutes=65)


def test_a_signed_get_verifies_with_its_query(a_get: HttpMessage, rsa_key: SigningKey, now: datetime) -> None:
    asked = dataclasses.replace(a_get, url=a_get.url + "?page=2&x=%2F")
    signed = cavage.sign(asked, rsa_key, now=now)
    assert signed.header("digest") is None
    verify(signed, rsa_key, now)


def test_the_header_is_the_one_that_every_reader_takes(
    a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    signed = cavage.sign(a_post, rsa_key, now=now)
    assert signed.header("host") == "shop.example"
    assert signed.header("date") == DATE
    assert signed.header("digest") == cavage_digest(a_post.body)
    assert (signed.header("signature") or "").startswith(
        f'keyId="{rsa_key.id}",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="'
    )


def test_our_signature_is_the_one_written_by_hand(
    a_post: HttpMessage, ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    mine = cavage.parse_signature(cavage.sign(a_post, rsa_key, now=now))
    theirs = cavage.parse_signature(by_hand(ready, rsa_key, *lines))
    assert mine.signature == theirs.signature


def test_signing_replaces_every_older_signature(
    a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    twice = cavage.sign(
        cavage.sign(signatures.sign(a_post, rsa_key, now=now), rsa_key, now=now), rsa_key, now=now
    )
    assert len(twice.values("signature")) == 1
    assert twice.values("signature-input") == []
    verify(twice, rsa_key, now)


def test_only_rsa_keys_sign_and_verify(
    a_post: HttpMessage, rsa_key: SigningKey, ed25519_key: SigningKey, now: datetime
) -> None:
    with pytest.raises(ValueError, match="RSA"):
        cavage.sign(a_post, ed25519_key, now=now)
    same_id = dataclasses.replace(ed25519_key.public, id=rsa_key.id)
    with pytest.raises(SignatureInvalid, match="RSA"):
        cavage.verify(cavage.sign(a_post, rsa_key, now=now), same_id, now=now, limits=LIMITS)


def test_a_port_is_part_of_the_host(a_post: HttpMessage, rsa_key: SigningKey, now: datetime) -> None:
    there = dataclasses.replace(a_post, url="http://shop.localhost:8080")
    signed = cavage.sign(there, rsa_key, now=now)
    assert signed.header("host") == "shop.localhost:8080"
    verify(signed, rsa_key, now)


@pytest.mark.parametrize(
    "url", ["/inbox", "ftp://shop.example/", "https:///x", "https://a@b/", "https://a b/", ""]
)
def test_a_url_that_is_not_http_is_not_signed(
    url: str, a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    with pytest.raises(SignatureInvalid, match="http"):
        cavage.sign(dataclasses.replace(a_post, url=url), rsa_key, now=now)


@pytest.mark.parametrize(
    "template",
    [
        'keyId="{key}",headers="{names}",signature="{value}"',
        'signature="{value}",headers="{names}",keyId="{key}"',
        'keyId="{key}", algorithm="hs2019", headers="{names}", signature="{value}"',
        'keyId="{key}" ,\talgorithm="rsa-sha256",headers="{names}",signature="{value}"',
        'keyId="{key}",algorithm="hs2019",created=5,expires=9999999999,headers="{names}",signature="{value}"',
        'keyId="{key}",opaque="anything",headers="{names}",signature="{value}"',
        'keyId="{key}",headers="{names}",signature="{value}",',
    ],
)
def test_parameters_as_other_software_writes_them_are_read(
    template: str, ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    verify(by_hand(ready, rsa_key, *lines, template=template), rsa_key, now)


def test_names_of_covered_headers_may_be_written_in_capitals(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    signed = by_hand(ready, rsa_key, *lines, headers="(request-target) Host Date Digest")
    verify(signed, rsa_key, now)


@pytest.mark.parametrize("scheme", ["Signature", "signature"])
def test_a_signature_in_authorization_is_read(
    scheme: str, ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    value = by_hand(ready, rsa_key, *lines).header("signature") or ""
    verify(ready.with_headers(("authorization", f"{scheme} {value}")), rsa_key, now)


def test_another_authorization_is_no_signature(ready: HttpMessage) -> None:
    with pytest.raises(SignatureMissing):
        cavage.parse_signature(ready.with_headers(("authorization", "Bearer abc")))
    with pytest.raises(SignatureMissing):
        cavage.parse_signature(ready)


@pytest.mark.parametrize("algorithm", ["hs2019", None])
def test_created_and_expires_date_a_request(
    algorithm: str | None, ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    undated = [line for line in lines if not line.startswith("date")]
    middle = f'algorithm="{algorithm}",' if algorithm else ""
    template = (
        f'keyId="{{key}}",{middle}created={T},expires="{T + 60}",headers="{{names}}",signature="{{value}}"'
    )
    signed = by_hand(ready, rsa_key, f"(created): {T}", f"(expires): {T + 60}", *undated, template=template)
    found = verify(signed, rsa_key, now)
    assert (found.created, found.expires_at) == (now, now + timedelta(seconds=60))
    with pytest.raises(SignatureExpired, match="has expired"):
        verify(signed, rsa_key, now + timedelta(seconds=61))


def test_repeated_headers_are_joined_as_the_draft_says(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    message = dataclasses.replace(
        ready, headers=(*ready.headers, ("x-a", " one "), ("x-a", "two\t"), ("x-b", ""))
    )
    verify(by_hand(message, rsa_key, *lines, "x-a: one, two", "x-b: "), rsa_key, now)


def test_header_bytes_beyond_ascii_are_taken_as_they_came(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    verify(by_hand(ready.with_headers(("x-a", "\xe9")), rsa_key, *lines, "x-a: \xe9"), rsa_key, now)
    odd = by_hand(ready, rsa_key, *lines, "x-a: x").with_headers(("x-a", "\u20ac"))
    with pytest.raises(SignatureInvalid, match="over HTTP"):
        verify(odd, rsa_key, now)


# --- what is altered on the road -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"url": URL + "?admin=1"},
        {"url": URL + "?"},
        {"url": URL + "/"},
        {"url": "https://shop.example/actors/sho%70/inbox"},
        {"url": "https://shop.example/actors/./shop/inbox"},
        {"url": "https://shop.example/actors/other/inbox"},
        {"url": "https://other.example/actors/shop/inbox"},
        {"url": "https://shop.example:8443/actors/shop/inbox"},
        {"url": "https://shop.example@other.example/actors/shop/inbox"},
        {"url": "/actors/shop/inbox"},
        {"url": "https://shop.example/actors/shop/inbox\nhost: x"},
        {"body": b'{"type":"Delete"}'},
        {"body": b""},
    ],
)
def test_an_altered_request_is_refused(
    change: dict[str, Any], a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    signed = cavage.sign(a_post, rsa_key, now=now)
    with pytest.raises(SignatureInvalid):
        verify(dataclasses.replace(signed, **change), rsa_key, now)


def test_a_query_taken_away_is_refused(a_get: HttpMessage, rsa_key: SigningKey, now: datetime) -> None:
    signed = cavage.sign(dataclasses.replace(a_get, url=a_get.url + "?page=2"), rsa_key, now=now)
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify(dataclasses.replace(signed, url=a_get.url), rsa_key, now)


def test_a_peer_that_signs_without_the_query_is_refused(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    asked = dataclasses.replace(ready, url=URL + "?page=2")
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify(by_hand(asked, rsa_key, *lines), rsa_key, now)


@pytest.mark.parametrize(
    "header",
    [
        ("date", "Sat, 21 Nov 2026 12:00:01 GMT"),
        ("digest", cavage_digest(b"other")),
        ("host", "other.example"),
        ("host", "shop.example, other.example"),
        ("host", "shop.example."),
        ("host", "shop.example:80"),
        ("host", "shop.example:8443"),
        ("host", ""),
    ],
)
def test_an_altered_header_is_refused(
    header: tuple[str, str], a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    signed = cavage.sign(a_post, rsa_key, now=now)
    with pytest.raises(SignatureInvalid):
        verify(signed.with_headers(header), rsa_key, now)


@pytest.mark.parametrize("name", ["host", "date", "digest", "signature"])
def test_a_header_that_stands_twice_or_is_gone_is_refused(
    name: str, a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    signed = cavage.sign(a_post, rsa_key, now=now)
    (line,) = [pair for pair in signed.headers if pair[0] == name]
    rest = tuple(pair for pair in signed.headers if pair[0] != name)
    for headers in ((*signed.headers, line), (line, *signed.headers), rest):
        with pytest.raises((SignatureInvalid, SignatureMissing)):
            verify(dataclasses.replace(signed, headers=headers), rsa_key, now)


@pytest.mark.parametrize(
    "host", ["shop.example", "SHOP.example", "shop.example:443", " shop.example\t", "Shop.Example:443"]
)
def test_the_host_may_be_in_capitals_or_name_the_default_port(
    host: str, ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    written = [f"host: {host.strip()}" if line.startswith("host") else line for line in lines]
    verify(by_hand(ready.with_headers(("host", host)), rsa_key, *written), rsa_key, now)


def test_a_signed_host_of_another_node_is_refused(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    written = ["host: other.example" if line.startswith("host") else line for line in lines]
    with pytest.raises(SignatureInvalid, match="not the one addressed"):
        verify(by_hand(ready.with_headers(("host", "other.example")), rsa_key, *written), rsa_key, now)


@pytest.mark.parametrize("digest", ["MD5=x", "SHA=x", "unixsum=3", "SHA-256=AAAA", ""])
def test_a_signed_digest_that_proves_nothing_is_refused(
    digest: str, ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    written = [f"digest: {digest}" if line.startswith("digest") else line for line in lines]
    with pytest.raises(SignatureInvalid):
        verify(by_hand(ready.with_headers(("digest", digest)), rsa_key, *written), rsa_key, now)


def test_a_body_added_to_a_signed_get_is_refused(
    a_get: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    signed = dataclasses.replace(cavage.sign(a_get, rsa_key, now=now), body=b"x")
    for message in (signed, signed.with_headers(("digest", cavage_digest(b"x")))):
        with pytest.raises(SignatureInvalid, match="does not cover digest"):
            verify(message, rsa_key, now)


@pytest.mark.parametrize("position", [0, 1, 128, 255])
def test_a_flipped_bit_in_the_signature_is_refused(
    position: int, a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    signed = cavage.sign(a_post, rsa_key, now=now)
    raw = bytearray(cavage.parse_signature(signed).signature)
    good = base64.b64encode(raw).decode()
    raw[position] ^= 1
    header = (signed.header("signature") or "").replace(good, base64.b64encode(raw).decode())
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify(signed.with_headers(("signature", header)), rsa_key, now)


def test_a_line_cannot_be_smuggled_in_a_header_value(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    for value in ("a\nx-b: b", "a\rb"):
        signed = by_hand(ready.with_headers(("x-a", value)), rsa_key, *lines, f"x-a: {value}", headers="")
        header = (signed.header("signature") or "").replace(
            'headers=""', 'headers="(request-target) host date digest x-a"'
        )
        with pytest.raises(SignatureInvalid, match="absent or malformed"):
            verify(signed.with_headers(("signature", header)), rsa_key, now)


# --- coverage, keys, parameters --------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_too_little_coverage_is_refused(
    missing: int, ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    rest = lines[:missing] + lines[missing + 1 :]
    with pytest.raises(SignatureInvalid, match="does not cover"):
        verify(by_hand(ready, rsa_key, *rest), rsa_key, now)


def test_a_covered_header_that_is_not_there_is_refused(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    with pytest.raises(SignatureInvalid, match="absent"):
        verify(by_hand(ready, rsa_key, *lines, "x-missing: "), rsa_key, now)


@pytest.mark.parametrize(
    "algorithm", ["hmac-sha256", "rsa-sha512", "rsa-sha1", "ed25519", "none", "", "HS2019"]
)
def test_another_algorithm_is_refused(
    algorithm: str, ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    with pytest.raises(SignatureInvalid, match="RSA with SHA-256"):
        verify(by_hand(ready, rsa_key, *lines, algorithm=algorithm), rsa_key, now)


def test_created_with_rsa_sha256_is_refused(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    for extra in (f"(created): {T}", f"(expires): {T}"):
        signed = by_hand(
            ready, rsa_key, *lines, extra, algorithm="rsa-sha256", created=str(T), expires=str(T)
        )
        with pytest.raises(SignatureInvalid, match="need the algorithm hs2019"):
            verify(signed, rsa_key, now)


def test_another_key_is_refused(a_post: HttpMessage, rsa_key: SigningKey, now: datetime) -> None:
    signed = cavage.sign(a_post, rsa_key, now=now)
    with pytest.raises(SignatureInvalid, match="another key"):
        cavage.verify(signed, dataclasses.replace(rsa_key.public, id="other"), now=now, limits=LIMITS)
    stranger = generate_rsa(rsa_key.id, rsa_key.owner)
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify(signed, stranger, now)


GOOD = 'keyId="k",headers="(request-target) host date",signature="AAAA"'


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        "sig1=:AAAA:",
        'headers="(request-target) host date",signature="AAAA"',
        'keyId="",headers="(request-target) host date",signature="AAAA"',
        'keyId=5,headers="(request-target) host date",signature="AAAA"x',
        'keyId=k,headers="(request-target) host date",signature="AAAA"',
        f'keyId="{"k" * 2049}",headers="date",signature="AAAA"',
        f'keyId="{"k" * 10_240}",headers="date",signature="AAAA"',
        GOOD + ',keyId="m"',
        GOOD + ',keyid="m"',
        GOOD + ',KEYID="m"',
        GOOD + ',headers="date"',
        GOOD + ',signature="BBBB"',
        GOOD + ',algorithm="hs2019",algorithm="hs2019"',
        GOOD + "," + GOOD,
        GOOD.replace("AAAA", ""),
        GOOD.replace("AAAA", "AAA"),
        GOOD.replace("AAAA", "AA AA"),
        GOOD.replace("AAAA", "AB=="),
        GOOD.replace("AAAA", "AA==="),
        GOOD.replace("AAAA", "-_-_"),
        GOOD.replace("AAAA", "\xe9\xe9\xe9\xe9"),
        GOOD.replace(',signature="AAAA"', ""),
        GOOD.replace(',headers="(request-target) host date"', ""),
        GOOD.replace("(request-target) host date", ""),
        GOOD.replace("host date", "host  date"),
        GOOD.replace("host date", "host date date"),
        GOOD.replace("host date", "host date Host"),
        GOOD.replace("host date", "host\tdate"),
        GOOD.replace("host date", "host,date"),
        GOOD.replace("host date", "host date (unknown)"),
        GOOD.replace("host date", "host date da\xdfte"),
        GOOD.replace("host date", "host " + " ".join(f"x{n}" for n in range(40))),
        GOOD.replace('keyId="k"', 'keyId="k\\""'),
        GOOD.replace('keyId="k"', "keyId='k'"),
        GOOD.replace(",", ";"),
        GOOD.replace('keyId="k",', 'keyId="k" '),
        GOOD.replace('keyId="k",', ',keyId="k",'),
        GOOD + "\n",
        GOOD + ",created=1e3",
        GOOD.replace("host date", "host (created)") + ',created="x"',
        GOOD.replace("host date", "host (created)") + ',created="-5"',
        GOOD.replace("host date", "host (created)") + ',created="99999999999.5"',
        GOOD.replace("host date", "host (created)") + ',created="999999999999"',
        GOOD + ',expires=""',
        GOOD + ',expires="tomorrow"',
    ],
)
def test_a_malformed_signature_header_is_refused(header: str, ready: HttpMessage) -> None:
    with pytest.raises(SignatureInvalid):
        cavage.parse_signature(ready.with_headers(("signature", header)))


def test_the_pattern_of_the_malformed_headers_is_itself_good(ready: HttpMessage) -> None:
    assert cavage.parse_signature(ready.with_headers(("signature", GOOD))).key_id == "k"


def test_two_places_for_a_signature_are_refused(ready: HttpMessage) -> None:
    both = ready.with_headers(("signature", GOOD), ("authorization", "Signature " + GOOD))
    with pytest.raises(SignatureInvalid, match="more than one"):
        cavage.parse_signature(both)


def test_beside_signature_input_nothing_is_read(
    a_post: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    signed = cavage.sign(a_post, rsa_key, now=now)
    for value in ("", "sig1=()", 'sig1=("@method")'):
        with pytest.raises(SignatureInvalid, match="RFC 9421 decides"):
            verify(signed.with_headers(("signature-input", value)), rsa_key, now)


# --- time ------------------------------------------------------------------------------------------------


def test_the_window_holds_on_both_sides(a_post: HttpMessage, rsa_key: SigningKey, now: datetime) -> None:
    signed = cavage.sign(a_post, rsa_key, now=now)
    for minutes in (65, -65):
        verify(signed, rsa_key, now + timedelta(minutes=minutes))
    for seconds in (65 * 60 + 1, -65 * 60 - 1):
        with pytest.raises(SignatureExpired):
            verify(signed, rsa_key, now + timedelta(seconds=seconds))


def test_an_unsigned_created_does_not_refresh_an_old_date(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    later = now + timedelta(hours=5)
    signed = by_hand(ready, rsa_key, *lines, created=str(int(later.timestamp())))
    with pytest.raises(SignatureExpired):
        verify(signed, rsa_key, later)


def test_an_unsigned_date_does_not_refresh_an_old_created(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    later = now + timedelta(hours=5)
    undated = [line for line in lines if not line.startswith("date")]
    signed = by_hand(ready, rsa_key, *undated, f"(created): {T}", created=str(T))
    fresh = signed.with_headers(("date", format_datetime(later, usegmt=True)))
    with pytest.raises(SignatureExpired):
        verify(fresh, rsa_key, later)
    verify(fresh, rsa_key, now)


def test_where_both_times_are_signed_both_must_hold(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    for created in (T + 9000, T - 9000):
        signed = by_hand(ready, rsa_key, *lines, f"(created): {created}", created=str(created))
        with pytest.raises(SignatureExpired):
            verify(signed, rsa_key, now)
    late = by_hand(ready, rsa_key, *lines, f"(created): {T + 60}", created=str(T + 60))
    assert verify(late, rsa_key, now).expires_at == now + timedelta(minutes=65)


def test_an_expires_that_is_past_refuses_signed_or_not(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    for extra in ((), (f"(expires): {T - 1}",)):
        with pytest.raises(SignatureExpired, match="has expired"):
            verify(by_hand(ready, rsa_key, *lines, *extra, expires=str(T - 1)), rsa_key, now)


def test_a_covered_time_that_is_not_there_is_refused(
    ready: HttpMessage, lines: list[str], rsa_key: SigningKey, now: datetime
) -> None:
    for extra in ("(created): 0", "(expires): 0"):
        with pytest.raises(SignatureInvalid, match=r"not there|absent"):
            verify(by_hand(ready, rsa_key, *lines, extra), rsa_key, now)
    undated = dataclasses.replace(ready, headers=tuple(p for p in ready.headers if p[0] != "date"))
    with pytest.raises(SignatureInvalid, match="not there"):
        verify(by_hand(undated, rsa_key, *lines), rsa_key, now)


@pytest.mark.parametrize(
    "date",
    [
        "",
        "now",
        "2026-11-21T12:00:00Z",
        "Sat, 21 Nov 2026 12:00:00 +0000",
        "Sat, 21 Nov 2026 12:00:00 UTC",
        "Sat, 21 Nov 2026 12:00:00 gmt",
        "Saturday, 21-Nov-26 12:00:00 GMT",
        "Sat Nov 21 12:00:00 2026",
        "Sat, 21 Nov 2026 24:00:00 GMT",
        "Sat, 31 Feb 2026 12:00:00 GMT",
        "Sat, 21 Nov 0000 12:00:00 GMT",
        "Sat, 21 Nov 2026 12:00:00 GMT, Sat, 21 Nov 2026 12:00:00 GMT",
        "Sat, \u0662\u0661 Nov 2026 12:00:00 GMT",
        "Sat, 21 Nov 2026 12:00:00 GMT\n",
    ],
)
def test_a_date_in_another_form_is_refused(
    date: str, ready: HttpMessage, rsa_key: SigningKey, now: datetime
) -> None:
    with pytest.raises(SignatureInvalid):
        cavage.parse_signature(ready.with_headers(("date", date), ("signature", GOOD)))


# --- replays and robustness ------------------------------------------------------------------------------


@given(st.text(alphabet='keyIdhaders=(request-target)"sigu, \\0\n', max_size=80))
def test_anything_like_a_signature_header_is_refused(text: str) -> None:
    with pytest.raises((SignatureInvalid, SignatureMissing)):
        cavage.parse_signature(HttpMessage.request("POST", URL, {"signature": text}))
