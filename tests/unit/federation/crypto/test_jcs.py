from __future__ import annotations

import enum
import json
import math
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import InvalidJson
from federation.jcs import canonicalize, canonicalize_parsed
from federation.strictjson import parse_json

SAFE = 2**53 - 1

text = st.text(st.characters(exclude_categories=["Cs"]))
numbers = (
    st.integers(-SAFE, SAFE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(-1000, 1000, allow_nan=False, places=6).map(float)
)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5),
    max_leaves=12,
)
ascii_values = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | text,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_the_quick_way_and_the_library_write_the_same_bytes(value: Any) -> None:
    assert canonicalize(value) == rfc8785.dumps(value)


@given(ascii_values)
def test_both_ways_agree_on_ascii_keys_without_floats(value: Any) -> None:
    assert canonicalize(value) == rfc8785.dumps(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_both_ways_agree_on_every_double(number: float) -> None:
    assert canonicalize([number]) == rfc8785.dumps([number])


@given(
    st.dictionaries(
        st.text(st.sampled_from("az\ue000\uffff\U00010000\U0001f600\u00e9"), max_size=3), st.none()
    )
)
def test_keys_are_sorted_by_utf16_units(value: Any) -> None:
    assert canonicalize(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": 2}, b'{"a":2,"b":1}'),
        ({"b": {"d": [], "c": {}}, "a": None}, b'{"a":null,"b":{"c":{},"d":[]}}'),
        ([10.0, -0.0, 1e-7, 1e-6, 1e21, 0.1], b"[10,0,1e-7,0.000001,1e+21,0.1]"),
        ("\x7f\u2028</script>\x00\x1f", '"\x7f\u2028</script>\\u0000\\u001f"'.encode()),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'.encode()),
        ({"n": "é", "k": ["é"]}, '{"k":["é"],"n":"é"}'.encode()),
        (True, b"true"),
    ],
)
def test_canonical_form(value: Any, expected: bytes) -> None:
    assert canonicalize(value) == expected


def test_composed_and_decomposed_names_have_different_forms() -> None:
    assert canonicalize({"name": "caf\u00e9"}) != canonicalize({"name": "cafe\u0301"})


def test_amounts_that_a_double_would_merge_are_refused() -> None:
    for amount in (2**53, 2**53 + 1, -(2**53), 10**400):
        with pytest.raises(ValueError):
            canonicalize({"amount": amount})


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        [math.inf],
        {"a": -math.inf},
        "\ud800",
        {"\udc00": 1},
        {1: 2},
        {None: 1},
        uuid.UUID(int=0),
        datetime(2026, 1, 1, tzinfo=UTC),
        [Colour.RED],
        b"bytes",
        {"set": {1}},
    ],
)
def test_what_is_not_json_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(ValueError):
        canonicalize(value)


@pytest.mark.parametrize("levels", [300, 100_000])
def test_bottomless_nesting_is_a_value_error_or_written(levels: int) -> None:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    if levels == 300:
        assert canonicalize(value) == b"[" * 301 + b"]" * 301
    else:
        with pytest.raises(ValueError, match="nested too deep"):
            canonicalize(value)


@given(st.lists(values, max_size=3) | st.dictionaries(text, values, max_size=3))
def test_what_was_parsed_has_the_same_canonical_form(value: Any) -> None:
    try:
        parsed = parse_json(json.dumps(value).encode())
    except InvalidJson:  # beyond what a double holds exactly, or a NUL
        return
    assert canonicalize_parsed(parsed) == rfc8785.dumps(parsed)


@given(st.floats(-SAFE, SAFE) | st.floats(-1e-3, 1e-3))
def test_every_double_that_was_parsed_has_its_canonical_form(number: float) -> None:
    parsed = parse_json(json.dumps([number, {"a": number}]).encode())
    assert canonicalize_parsed(parsed) == rfc8785.dumps(parsed)


@pytest.mark.parametrize(
    "number", ["1e-7", "1.5e-10", "0.0", "-0.0", "7.0", "9007199254740991.0", "0.00001", "5e-324"]
)
def test_numbers_of_two_spellings_take_the_longer_way(number: str) -> None:
    for written in (f"[{number}]", f'{{"a":{number}}}', f"[{number},1]"):
        parsed = parse_json(written.encode())
        assert canonicalize_parsed(parsed) == rfc8785.dumps(parsed)


def test_words_that_look_like_numbers_change_nothing() -> None:
    value: Any = {"b": "e-mail, version 1.0, 1e-7", "\u00e4": 1, "a": ["x.0]", "\u20ac"]}
    assert canonicalize_parsed(value) == rfc8785.dumps(value)
