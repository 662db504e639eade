from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import InvalidIri
from federation.ids import (
    MAX_IRI_CHARS,
    canonical_host,
    domain_matches,
    host,
    origin,
    parse_iri,
    same_origin,
    without_fragment,
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("https://a.example/x#main-key", "https://a.example/x#main-key"),
        ("HTTPS://A.Example:443", "https://a.example/"),
        ("https://a.example?q=1", "https://a.example/?q=1"),
        ("http://h:8080/a?b#c", "http://h:8080/a?b#c"),
        ("http://h:80/a", "http://h/a"),
        ("https://h:/a", "https://h/a"),
        ("https://a.example./", "https://a.example/"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://ＥＸＡＭＰＬＥ。com/", "https://example.com/"),
        ("https://127。0。0。1/", "https://127.0.0.1/"),
        ("https://[::1]:8443/", "https://[::1]:8443/"),
        ("https://[0:0::1]/", "https://[::1]/"),
        ("https://a_b.example/", "https://a_b.example/"),
        ("https://a.example/%C3%BC", "https://a.example/%C3%BC"),
        ("https://M/k#https://T/u", "https://m/k#https://T/u"),
        ("https://1.2.3.4.example/", "https://1.2.3.4.example/"),
    ],
)
def test_every_spelling_has_one_canonical_form(text: str, canonical: str) -> None:
    assert parse_iri(text) == canonical
    assert parse_iri(canonical) == canonical


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "a.example",
        "/path",
        "//a.example/",
        "ftp://a.example/",
        "data:text/plain,x",
        "file:///etc/passwd",
        "did:key:z6Mk",
        "acct:a@b.example",
        "https:///path",
        "https://T@M/",
        "https://user:secret@a.example/",
        "https://a.example\\@b.example/",
        "https://a.example/\r\nHost: b",
        "https://a.example/a b",
        "https://a.example/\x00",
        "https://a.example/\u2028",
        "https://a.example/\ud800",
        'https://a.example/"',
        "https://a..example/",
        "https://-a.example/",
        "https://a-.example/x",
        "https://.example/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:0000443/",
        "https://a.example:x/",
        "https://a.example/#a#b",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1/",
        "https://[::1%25eth0]/",
        "https://[zz]/",
        "https://[1:2]/",
        "https://[::1]x/",
        "https://xn--a/",
        "https://a℀b/",
        "https://bücher.example../",
        "https://213070\u00ad6433/",
        "https://127.0.0.\u00ad1/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 127 + "example/",
        "https://a.example/" + "a" * MAX_IRI_CHARS,
        "https://a.example/" + "ü" * 1000,
    ],
)
def test_what_two_parsers_may_read_in_two_ways_is_refused(text: object) -> None:
    with pytest.raises(InvalidIri):
        parse_iri(text)


def test_c10_a_user_name_is_called_what_it_is() -> None:
    with pytest.raises(InvalidIri, match="user name"):
        parse_iri("https://T@M/")


def test_a_zone_in_an_ipv6_host_is_refused() -> None:
    with pytest.raises(InvalidIri, match="zone"):
        canonical_host("fe80::1%eth0")


@given(st.text(max_size=40))
def test_parsing_is_idempotent_whatever_comes(rest: str) -> None:
    for text in (f"https://a.example/{rest}", f"https://{rest}/x", rest):
        try:
            canonical = parse_iri(text)
        except InvalidIri:
            continue
        assert canonical.isascii()
        assert parse_iri(canonical) == canonical
        assert origin(text) == origin(canonical)


def test_origin_is_scheme_host_and_port() -> None:
    assert origin("https://a.example/x") == "https://a.example"
    assert origin("https://a.example:8443/x") == "https://a.example:8443"
    assert origin("http://[::1]:80/x") == "http://[::1]"


@pytest.mark.parametrize(
    "other", ["https://a.example:8443/", "http://a.example/", "https://b.a.example/", "nothing", None]
)
def test_another_port_scheme_or_host_is_another_origin(other: object) -> None:
    assert not same_origin("https://a.example/x", other)
    assert not same_origin(other, "https://a.example/x")


def test_same_origin_ignores_path_and_spelling() -> None:
    assert same_origin("https://a.example/x", "https://A.example:443/y#z")


def test_host_is_canonical_and_without_brackets() -> None:
    assert host("https://A.example:8443/x") == "a.example"
    assert host("https://[::1]:8443/x") == "::1"


@pytest.mark.parametrize(
    "spelling",
    [
        "bücher.example",
        "BÜCHER.example.",
        "xn--bcher-kva.example",
        "ｂüｃｈｅｒ．example",
        "shop.bücher。example",
    ],
)
def test_every_spelling_of_a_blocked_domain_and_its_subdomains_is_blocked(spelling: str) -> None:
    assert domain_matches(spelling, "bücher.example")


def test_a_domain_that_only_ends_alike_is_not_blocked() -> None:
    assert not domain_matches("notevil.example", "evil.example")
    assert not domain_matches("example", "evil.example")


def test_a_document_is_named_without_the_fragment() -> None:
    assert without_fragment("https://a.example/u#main-key") == "https://a.example/u"
    assert without_fragment("https://a.example/u") == "https://a.example/u"
