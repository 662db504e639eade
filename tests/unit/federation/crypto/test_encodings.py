from __future__ import annotations

import base58
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.encodings import decode_base64, decode_multibase, encode_base58, encode_multibase


@given(st.binary(max_size=80))
def test_multibase_is_read_as_it_was_written(raw: bytes) -> None:
    assert decode_multibase(encode_multibase(raw), max_characters=200) == raw


@given(st.text(max_size=30))
def test_text_has_one_meaning_or_none(text: str) -> None:
    try:
        raw = decode_multibase("z" + text, max_characters=200)
    except ValueError:
        return
    assert encode_multibase(raw) == "z" + text


@pytest.mark.parametrize(
    "text", ["", "2", "m2", "z2 ", "z 2", "z2\n", "z0", "zO", "zI", "zl", "z+", "z\u0661"]
)
def test_other_multibase_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode_multibase(text, max_characters=200)


def test_a_text_over_the_bound_is_not_even_decoded() -> None:
    assert decode_multibase("z" + "2" * 9, max_characters=10)
    with pytest.raises(ValueError, match="too long"):
        decode_multibase("z" + "2" * 10, max_characters=10)


@pytest.mark.parametrize(
    ("text", "raw"), [("", b""), ("AA==", b"\0"), ("AAA=", b"\0\0"), ("+/+/", b"\xfb\xff\xbf")]
)
def test_base64_is_read(text: str, raw: bytes) -> None:
    assert decode_base64(text) == raw


@pytest.mark.parametrize(
    "text", ["A", "AA", "AA=", "AA===", "AB==", "AAB=", "AA==\n", " AA==", "-_-_", "AA==AA==", "é"]
)
def test_other_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode_base64(text)


@given(st.binary(max_size=300))
def test_base58_is_that_of_the_reference(raw: bytes) -> None:
    assert encode_base58(raw) == base58.b58encode(raw).decode()
    assert decode_multibase(encode_multibase(raw), max_characters=500) == raw


@given(st.text("123456789ABCxyz", max_size=60))
def test_base58_is_read_as_the_reference_reads_it(text: str) -> None:
    assert decode_multibase("z" + text, max_characters=100) == base58.b58decode(text)


@given(st.text(max_size=8))
def test_what_base58_does_not_have_is_refused(text: str) -> None:
    if not set(text) <= set("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"):
        with pytest.raises(ValueError, match="Not base58btc"):
            decode_multibase("z" + text, max_characters=100)
