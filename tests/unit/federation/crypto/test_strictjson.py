from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import InvalidJson
from federation.strictjson import dump_json, parse_json, parse_json_object

SAFE = 2**53 - 1

text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
numbers = st.integers(-SAFE, SAFE) | st.floats(-SAFE, SAFE, allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=10,
)


def refusal(data: bytes, **limits: int) -> InvalidJson:
    with pytest.raises(InvalidJson) as caught:
        parse_json(data, **limits)
    return caught.value


# --- what is read ----------------------------------------------------------------------------------------


@given(values)
def test_what_we_write_is_read_as_it_was(value: Any) -> None:
    assert parse_json(dump_json(value)) == value


@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_other_spellings_of_a_value_are_read_alike(value: Any, indent: Any, ascii_only: bool) -> None:
    spelled = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    assert parse_json(spelled) == parse_json(dump_json(value))


@given(values)
def test_a_value_keeps_its_types(value: Any) -> None:
    def types(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: types(member) for key, member in item.items()}
        return [types(member) for member in item] if isinstance(item, list) else type(item)

    assert types(parse_json(json.dumps(value).encode())) == types(value)


def test_keys_keep_their_order() -> None:
    assert list(parse_json_object(b'{"b":1,"a":2}')) == ["b", "a"]
    assert list(parse_json_object(b'{"b": 1, "a": 2}')) == ["b", "a"]


@pytest.mark.parametrize("number", [SAFE, -SAFE, 0, 0.5, -1.25])
def test_numbers_that_a_double_holds_are_read(number: float) -> None:
    assert parse_json(dump_json(number)) == number
    assert parse_json(b" " + dump_json(number)) == number


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert parse_json(rb'"\\u0000"') == "\\u0000"


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert parse_json(rb'["\ud83d\ude00",{"\ud83d\ude00":1}]') == ["😀", {"😀": 1}]


def test_composed_and_decomposed_names_stay_apart() -> None:
    composed, decomposed = '{"n":"caf\u00e9"}'.encode(), '{"n":"cafe\u0301"}'.encode()
    assert parse_json(composed) != parse_json(decomposed)


def test_the_same_key_in_two_objects_is_no_duplicate() -> None:
    assert parse_json(b'[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]


def test_depth_up_to_the_limit_is_read() -> None:
    assert parse_json(b"[" * 32 + b"]" * 32) is not None
    assert parse_json(b'{"a":' * 3 + b"1" + b"}" * 3, max_depth=3) == {"a": {"a": {"a": 1}}}


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    value = {"a": "[[[{{{" * 20, 'b"\\': '\\"[' * 40}
    assert parse_json(dump_json(value)) == value


def test_many_siblings_are_not_deep() -> None:
    assert parse_json(dump_json([[]] * 100)) == [[]] * 100


# --- what is refused -------------------------------------------------------------------------------------

REFUSED = {
    "nothing": (b"", "line 1 column 1 ()"),
    "white space only": (b"  \n ", "line 2 column 2 ()"),
    "a duplicate key": (b'{"price":"1","price":"2"}', "line 1 column 14 (/price)"),
    "a duplicate key in another spelling": (b'{"a":1,\n"\\u0061":2}', "line 2 column 1 (/a)"),
    "a duplicate key in a nested object": (b'{"x":[0,{"a":1,"a":1}]}', "line 1 column 16 (/x/1/a)"),
    "NaN": (b'{"a":NaN}', "line 1 column 6 (/a)"),
    "Infinity": (b"[Infinity]", "line 1 column 2 (/0)"),
    "minus Infinity": (b"[1,-Infinity]", "line 1 column 4 (/1)"),
    "1e400": (b'{"a":[1,1e400]}', "line 1 column 9 (/a/1)"),
    "2^53": (b"[9007199254740992]", "line 1 column 2 (/0)"),
    "minus 2^53": (b"[-9007199254740992]", "line 1 column 2 (/0)"),
    "2^53 + 1 as a decimal": (b"[9007199254740993.0]", "line 1 column 2 (/0)"),
    "2^53 as an exponent": (b"[1e16]", "line 1 column 2 (/0)"),
    "5,000 digits": (b'{"n":' + b"9" * 5000 + b"}", "line 1 column 6 (/n)"),
    "a lone high surrogate": (rb'{"a":"\ud800"}', "line 1 column 6 (/a)"),
    "a lone low surrogate": (rb'["\udc00x"]', "line 1 column 2 (/0)"),
    "surrogates in the wrong order": (rb'["\ude00\ud83d"]', "line 1 column 2 (/0)"),
    "a lone surrogate in a key": (rb'{"\ud800":1}', "line 1 column 2 (/\\ud800)"),
    "an escaped NUL": (rb'{"a":"\u0000"}', "line 1 column 6 (/a)"),
    "an escaped NUL in a key": (rb'{"a\u0000":1}', "line 1 column 2 (/a\\u0000)"),
    "a raw NUL": (b'"a\x00"', "line 1 column 3 ()"),
    "a raw newline in a string": (b'["a\nb"]', "line 1 column 4 (/0)"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "line 1 column 1 ()"),
    "UTF-16 with a mark": ("{}".encode("utf-16"), "line 1 column 1 ()"),
    "UTF-16 without a mark": ('{"a":1}'.encode("utf-16-le"), "line 1 column 2 (/)"),
    "UTF-32": ("{}".encode("utf-32"), "line 1 column 1 ()"),
    "invalid UTF-8": (b'{"a":["\xff"]}', "line 1 column 8 (/a/0)"),
    "invalid UTF-8 after an error of syntax": (b"]\xff", "line 1 column 2 ()"),
    "overlong UTF-8": (b'["\xc0\xaf"]', "line 1 column 3 (/0)"),
    "a surrogate in UTF-8": (b'["\xed\xa0\x80"]', "line 1 column 3 (/0)"),
    "two documents": (b'{"a":1}{"b":2}', "line 1 column 8 ()"),
    "two documents on two lines": (b'{"a":1}\n{"b":2}', "line 2 column 1 ()"),
    "something after the document": (b"{} x", "line 1 column 4 ()"),
    "a comment": (b'{"a":1 /* x */}', "line 1 column 8 (/a)"),
    "a trailing comma": (b'{"a":1,}', "line 1 column 8 (/a)"),
    "single quotes": (b"{'a':1}", "line 1 column 2 (/)"),
    "a leading zero": (b"[01]", "line 1 column 3 (/0)"),
    "a bare minus": (b"[-]", "line 1 column 2 (/0)"),
    "a number with a point and nothing after": (b"[1.]", "line 1 column 3 (/0)"),
    "an unfinished array": (b'["a"', "line 1 column 5 (/0)"),
    "an unfinished string": (b'["a', "line 1 column 2 (/0)"),
    "an unknown escape": (rb'["\x41"]', "line 1 column 3 (/0)"),
    "an underscore in an escape": (rb'["\u0_41"]', "line 1 column 4 (/0)"),
    "a bracket closed by a brace": (b'["a"}', "line 1 column 5 (/0)"),
    "a brace closed too often": (b"{}}", "line 1 column 3 ()"),
    "white space that JSON lacks": (b"{\x0b}", "line 1 column 2 (/)"),
    "a no-break space": ("[\u00a01]".encode(), "line 1 column 2 (/0)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_the_place_is_named(name: str) -> None:
    data, place = REFUSED[name]
    assert refusal(data).place == place


@pytest.mark.parametrize("name", ["a duplicate key", "1e400", "2^53", "an escaped NUL", "5,000 digits"])
def test_white_space_does_not_hide_an_offence(name: str) -> None:
    data, _ = REFUSED[name]
    refusal(data + b" ")
    refusal(b"\r\n" + data)


@pytest.mark.parametrize("data", [b"[]", b'"a"', b"1", b"null", b"true"])
def test_only_an_object_is_an_object(data: bytes) -> None:
    parse_json(data)
    with pytest.raises(InvalidJson, match="not a JSON object"):
        parse_json_object(data)


def test_one_level_too_deep_is_refused_where_it_opens() -> None:
    error = refusal(b"[" * 33 + b"]" * 33)
    assert "deeper than 32" in error.detail
    assert error.place.startswith("line 1 column 33 ")
    assert refusal(b'{"a":{"b":[]}}', max_depth=2).place == "line 1 column 11 (/a/b/0)"


def test_depth_cannot_hide_behind_brackets_in_strings() -> None:
    hidden = b'["]",' * 33 + b'"[[["' + b"]" * 33
    assert "deeper" in refusal(hidden).detail


def test_a_depth_limit_that_parsers_cannot_keep_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at most 200"):
        parse_json(b"1", max_depth=201)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"9" * 250_000,
        b'"' + rb"\"" * 120_000,
        b'"\\' * 120_000,
        rb'"\u0000' * 30_000,
        b'[{"a":1},' * 25_000,
        b"[" + b"0," * 120_000 + b"1e400]",
        b"[" + b'"a",' * 60_000 + b"1e400]",
    ],
)
def test_hostile_documents_are_refused_in_little_time(data: bytes) -> None:
    began = time.process_time()
    refusal(data)
    # Generous, since machines differ: quadratic work on these would take minutes.
    assert time.process_time() - began < 2


def test_past_its_budget_the_locator_gives_up_without_a_wrong_answer() -> None:
    error = refusal(b"[" + b"0," * 120_000 + b"1e400]")
    assert error.detail == "The document is not strict JSON."


def test_a_pointer_is_short_escaped_and_printable() -> None:
    key = "a/b~c\u202e\n" + "x" * 500
    place = refusal(json.dumps({key: math.inf}).encode()).place
    assert place.startswith("line 1 column ")
    assert "(/a~1b~0c\\u202e\\u000a" in place
    assert len(place) < 300
    assert place.isprintable()


def test_the_answer_never_repeats_the_offending_text() -> None:
    error = refusal(b'{"a": <script>alert(1)</script>}')
    assert "script" not in error.detail + error.place


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse_json(data)
    except InvalidJson as error:
        place = error.place
    else:
        place = "line "
    assert place.startswith("line ")


@given(st.text(alphabet='{}[],:"\\u0dD8019eE+-.aNn \n\x00\ufeff', max_size=40))
def test_anything_like_json_is_read_as_the_standard_parser_does_or_refused(text: str) -> None:
    try:
        value = parse_json(text.encode())
    except InvalidJson:
        return
    assert json.loads(text) == value


@given(values, st.sampled_from(["a", "", "é", "\n"]), st.integers(0, 3))
def test_a_key_that_stands_twice_is_always_refused(value: Any, key: str, spaces: int) -> None:
    member = json.dumps(key) + ":" + json.dumps(value)
    refusal((" " * spaces + "{" + member + "," + member + "}").encode())


# --- what is written -------------------------------------------------------------------------------------


def test_writing_is_compact_utf8_in_the_given_order() -> None:
    assert dump_json({"b": "é", "a": [1, None]}) == '{"b":"é","a":[1,null]}'.encode()


@pytest.mark.parametrize("value", [2**53, {"a": "\ud800"}, {1: 2}, b"bytes", object()])
def test_what_a_reader_would_refuse_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        dump_json(value)
