"""The quick reader of usual signatures never says anything else than the library would."""

from __future__ import annotations

import base64
import dataclasses
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation import signatures
from federation.digest import content_digest
from federation.errors import AuthenticationFailed
from federation.keys import SigningKey
from federation.messages import HttpMessage, Limits
from federation.usual_signatures import build_base, read_usual
from federation.verified import SignatureClaim, Verified

T = 1795262400
LIMITS = Limits()

urls = st.sampled_from(
    [
        "https://vendor.example/inbox",
        "https://vendor.example:8443/inbox",
        "https://vendor.example:443/inbox",
        "http://vendor.example:80/inbox",
        "http://vendor.example:0080/inbox",
        "https://Vendor.example/inbox",
        "https://vendor.example",
        "https://vendor.example/",
        "https://vendor.example/a%20b",
        "https://vendor.example/a%zz",
        "https://vendor.example/inbox?x=1",
        "https://vendor.example/inbox#part",
        "https://user@vendor.example/inbox",
        "https://[2001:db8::1]/inbox",
        "vendor",
    ]
)
methods = st.sampled_from(["POST", "POST", "GET", "PUT", "post"])
names = st.sampled_from(
    ["@method", "@target-uri", "@authority", "@path", "@query", "content-digest", "date", "x-a", "absent"]
)
values = st.one_of(
    st.just("plain"), st.text("ab ,\t\u00e9\x01", max_size=6), st.sampled_from(["", " a ", "a\r\n b", "a\nb"])
)
parameters = st.lists(
    st.sampled_from(
        [
            f";created={T}",
            f";expires={T + 60}",
            f";expires={T - 60}",
            ";created=0",
            f";created=0{T}",
            f';created="{T}"',
            ';keyid="https://a.example/#k"',
            ';keyid=""',
            ';keyid="a\\"b"',
            ';alg="ed25519"',
            ';alg="rsa-v1_5-sha256"',
            ';nonce="n"',
            ';tag="t"',
            "; created=1",
            ";flag",
        ]
    ),
    max_size=5,
)
usual_parameters = st.permutations(
    [f";created={T}", ';keyid="https://a.example/#k"', ';alg="ed25519"', f";expires={T + 60}"]
).flatmap(lambda listed: st.integers(2, 4).map(lambda count: listed[:count]))
labels = st.sampled_from(["sig1", "sig1", "s", "*a", "a-b", "A"])


@st.composite
def requests(draw: st.DrawFn) -> tuple[HttpMessage, str, str]:
    """A request, the label and the text of what its signature covers; any of it may be odd."""
    body = draw(st.sampled_from([b"", b"{}"]))
    headers = [("x-a", value) for value in draw(st.lists(values, max_size=2))]
    headers += draw(st.sampled_from([[], [("date", "Sat, 21 Nov 2026 12:00:00 GMT")]]))
    headers += draw(st.sampled_from([[("content-digest", content_digest(b"{}"))], []]))
    message = HttpMessage(draw(methods), draw(urls), tuple(headers), body)
    usual = ["@method", "@target-uri", *(["content-digest"] if body else [])]
    covered = usual + draw(st.lists(names, max_size=3))
    text = "".join(draw(st.one_of(usual_parameters, parameters)))
    return message, draw(labels), "(" + " ".join(f'"{name}"' for name in covered) + ")" + text


def signed(message: HttpMessage, label: str, inner: str, key: SigningKey) -> HttpMessage:
    """Signed over what a plain reading of the text gives, right or wrong."""
    derived = {"@method": message.method, "@target-uri": message.url}
    derived["@authority"] = message.url.split("/")[2] if "/" in message.url else ""
    lines = [
        f'"{name}": {derived.get(name) or message.header(name) or ""}'
        for name in inner[1 : inner.index(")")].replace('"', "").split(" ")
    ]
    base = "\n".join([*lines, f'"@signature-params": {inner}'])
    value = base64.b64encode(key.sign(base.encode(errors="surrogatepass"))).decode()
    return message.with_headers(("signature-input", f"{label}={inner}"), ("signature", f"{label}=:{value}:"))


def outcome(message: HttpMessage, key: SigningKey, now: datetime) -> tuple[object, object]:
    claim: SignatureClaim | type
    found: Verified | type
    try:
        claim = dataclasses.replace(signatures.parse_signature(message), input="")
    except AuthenticationFailed as error:
        claim = type(error)
    try:
        found = signatures.verify(message, key.public, now=now, limits=LIMITS)
    except AuthenticationFailed as error:
        found = type(error)
    return claim, found


def both_outcomes(message: HttpMessage, key: SigningKey) -> tuple[object, object]:
    """What is said with the quick reader, and what the library alone says."""
    now = datetime.fromisoformat("2026-11-21T12:00:30Z")
    with pytest.MonkeyPatch.context() as patch:
        quick = outcome(message, key, now)
        patch.setattr(signatures, "read_usual", lambda _: None)
        return quick, outcome(message, key, now)


@pytest.fixture(scope="module")
def key(ed25519_key: SigningKey) -> SigningKey:
    return dataclasses.replace(ed25519_key, id="https://a.example/#k")


@given(made=requests())
def test_the_quick_reader_says_what_the_library_says(
    made: tuple[HttpMessage, str, str], key: SigningKey
) -> None:
    quick, library = both_outcomes(signed(*made, key), key)
    assert quick == library


@given(made=requests(), which=st.sampled_from(["signature-input", "signature", "x-a"]), data=st.data())
def test_what_was_tampered_with_is_read_alike(
    made: tuple[HttpMessage, str, str], which: str, data: st.DataObject, key: SigningKey
) -> None:
    message = signed(*made, key)
    text = message.header(which) or ""
    place = data.draw(st.integers(0, len(text)))
    piece = data.draw(
        st.sampled_from(["", " ", '"', ";", ",", "=", ":", "a", "0", "\\", "\t", "\u00e9", "\n"])
    )
    cut = data.draw(st.integers(0, 2))
    altered = message.with_headers((which, text[:place] + piece + text[place + cut :]))
    quick, library = both_outcomes(altered, key)
    assert quick == library


@given(
    url=urls,
    method=methods,
    key_id=st.sampled_from(["https://a.example/#k", "a b", 'a"b', "a\\b", "\u00e9"]),
    body=st.binary(max_size=3),
)
@example(url="https://vendor.example/inbox", method="POST", key_id="https://a.example/#k", body=b"{}")
def test_the_quick_signer_writes_what_the_library_writes(
    url: str, method: str, key_id: str, body: bytes, key: SigningKey
) -> None:
    now = datetime.fromisoformat("2026-11-21T12:00:30.5Z")
    message, named = HttpMessage(method, url, (), body), dataclasses.replace(key, id=key_id)

    def attempt() -> HttpMessage | type:
        try:
            return signatures.sign(message, named, now=now)
        except ValueError as error:
            return type(error)

    with pytest.MonkeyPatch.context() as patch:
        quick = attempt()
        patch.setattr(signatures, "build_base", lambda *_: None)
        assert quick == attempt()


def test_the_usual_signature_is_read_without_the_library(key: SigningKey, now: datetime) -> None:
    message = HttpMessage.request("POST", "https://vendor.example/inbox", {"date": "now"}, b"{}")
    made = signatures.sign(message, key, now=now)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(signatures, "_Verifier")
        assert signatures.verify(made, key.public, now=now, limits=LIMITS).key_id == key.id


def test_the_usual_signature_is_held_to_its_time(key: SigningKey, now: datetime) -> None:
    message = HttpMessage.request("GET", "https://vendor.example/inbox")
    made = signatures.sign(message, key, now=now)
    late = now + timedelta(seconds=LIMITS.ed25519_window_s + 1)
    with pytest.raises(AuthenticationFailed, match="too long ago"):
        signatures.verify(made, key.public, now=late, limits=LIMITS)


@pytest.mark.parametrize("value", ["AB==", "A" * 5000, "AAAA==="])
def test_a_signature_in_another_spelling_is_left_to_the_library(value: str) -> None:
    inner = f'("@method" "@target-uri");created={T};keyid="k"'
    headers = {"signature-input": f"sig1={inner}", "signature": f"sig1=:{value}:"}
    assert read_usual(HttpMessage.request("GET", "https://a.example/", headers)) is None


def test_a_base_is_not_built_over_what_is_not_there() -> None:
    message = HttpMessage.request("GET", "https://a.example/")
    assert build_base(message, ["@method", "date"], "()") is None
    assert build_base(message, ["@method"], "()") == b'"@method": GET\n"@signature-params": ()'
