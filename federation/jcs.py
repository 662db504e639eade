"""The JSON Canonicalization Scheme: one sequence of bytes for one JSON value."""

from __future__ import annotations

import re

import msgspec
import orjson
import rfc8785

from federation.messages import JsonValue

__all__ = ["canonicalize", "canonicalize_parsed"]

_TINY, _WHOLE = re.compile(rb"e-[0-9]"), re.compile(rb"\.0[,\]}]")
"""How every number goes on that the encoder writes otherwise than JCS: tiny ones and whole floats. The strict
parser lets none in that is so large that it would be written with an exponent.
"""


class _OtherSpellingError(Exception):
    """A number that the encoder may have written otherwise than JCS."""


def _accept_plain_decimal(text: str) -> float:
    """The value of a number with a point, where its shortest form is its canonical form too.

    Python's repr gives the digits that ECMAScript gives; only exponents and whole numbers look different.
    """
    value = float(text)
    if repr(value) != text or "e" in text or text.endswith(".0"):
        raise _OtherSpellingError
    return value


_CHECK = msgspec.json.Decoder(float_hook=_accept_plain_decimal)


def canonicalize(value: JsonValue) -> bytes:
    """The canonical bytes of a JSON value.

    Shapes: `value` as `strictjson.parse_json` returns it; nothing is normalised (NFC and NFD stay apart).
    Raises: ValueError for NaN, infinities, integers beyond ±(2^53 - 1), lone surrogates, keys that are not
            strings, types that JSON does not have, and nesting by the hundreds.
    Spec:   RFC 8785.
    """
    quick = _canonicalize_quickly(value)
    if quick is not None:
        return quick
    try:
        return rfc8785.dumps(value)
    except RecursionError:
        raise ValueError("The value is nested too deep for a canonical form.") from None


def canonicalize_parsed(value: JsonValue) -> bytes:
    """The same bytes, at a third of the price, for an object or list that `strictjson.parse_json` returned.

    What that parser returns holds JSON's own types and no NaN, so that nothing needs to be read back; text
    that merely looks like a doubtful number takes the longer way.
    """
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    if _TINY.search(data) or _WHOLE.search(data) or not (data.isascii() or _has_ascii_keys(value)):
        return canonicalize(value)
    return data


def _canonicalize_quickly(value: JsonValue) -> bytes | None:
    """The same bytes by a C encoder, or None where it might write others.

    It differs in the order of keys beyond ASCII, in the spelling of some floats, and in writing NaN, dates
    and enumerations; reading its output back and comparing excludes them all, and is still much cheaper.
    """
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
        same = _CHECK.decode(data) == value
    except (orjson.JSONEncodeError, msgspec.MsgspecError, _OtherSpellingError):
        return None
    return data if same and (data.isascii() or _has_ascii_keys(value)) else None


def _has_ascii_keys(value: JsonValue) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if not all(key.isascii() for key in item):
                return False
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return True
