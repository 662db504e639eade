"""The one parser for bytes from outside, and the one writer for bytes that leave.

What two readers could read differently is refused: duplicate keys, numbers that a double cannot hold,
lone surrogates, NUL, any encoding but UTF-8. So a signature over the value is a signature over one meaning.

Three passes, each only where the one before could not decide:
1. quick: a C parser whose answer is taken only if writing it again gives the very bytes received;
2. standard: the standard library's parser with a hook on everything that it is lax about;
3. locate: a tokeniser in Python that finds the first offence, run only when the answer is no.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import msgspec
import orjson

from federation.errors import InvalidJson
from federation.messages import JsonObject, JsonValue

__all__ = ["dump_json", "parse_json", "parse_json_object"]

_MAX_INTEGER = 2**53 - 1
_DEEPEST = 200
"""The parsers below recurse; this stays far from every limit of theirs."""

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
# A string, closed or not. The possessive star and the optional quote keep it linear on any input.
_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*+"?|[\[\]{},:]|[^\s"\[\]{},:]+', re.DOTALL)
_MAX_TOKENS = 20_000
"""More than any message of ours has; a longer search would only serve who sends rubbish."""
_MAX_POINTER = 200


def dump_json(value: JsonValue) -> bytes:
    """Write a value as the compact UTF-8 bytes that we send.

    Shapes: keys in the order given; no white space; no trailing newline.
    Raises: TypeError for what JSON cannot hold, an integer beyond ±(2^53 - 1), or a lone surrogate.
    """
    return orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)


def parse_json_object(data: bytes, *, max_depth: int = 32) -> JsonObject:
    """Read one strict JSON object; like `parse_json`, and anything but an object is refused.

    Raises: InvalidJson.
    """
    value = parse_json(data, max_depth=max_depth)
    if not isinstance(value, dict):
        raise InvalidJson("The document is not a JSON object.", place="line 1 column 1 ()")
    return value


def parse_json(data: bytes, *, max_depth: int = 32) -> JsonValue:
    """Read exactly one JSON document from untrusted bytes, or refuse it with the place of the trouble.

    Shapes: `data` is the exact bytes received. A refusal's `place` is "line L column C (/json/pointer)",
            columns counted in characters; the pointer is cut at 200 characters and printable.
    Units:  `max_depth` counts nested arrays and objects, at most 200.
    Raises: InvalidJson.
    Spec:   RFC 8259, RFC 7493 (I-JSON), strings without U+0000 (PostgreSQL and C cannot hold it).
    """
    if max_depth > _DEEPEST:
        raise ValueError(f"max_depth is at most {_DEEPEST}")
    if data.count(b"[") + data.count(b"{") > max_depth and _is_too_deep(data, max_depth):
        _refuse(data, max_depth, None)
    try:
        value = _QUICK.decode(data)
        # No document with a duplicate key, a number in another spelling, or white space survives this.
        if b"\\u0000" not in data and orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER) == data:
            return value
    except (msgspec.MsgspecError, orjson.JSONEncodeError, _OffenceError, ValueError):
        pass
    return _parse_standard(data, max_depth)


class _OffenceError(Exception):
    """Something that the grammar allows and we do not; the locator says where."""


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or abs(value) > _MAX_INTEGER:
        raise _OffenceError
    return value


def _integer(text: str) -> int:
    # Length first: converting thousands of digits is work that a stranger would choose.
    if len(text) > 17 or abs(value := int(text)) > _MAX_INTEGER:
        raise _OffenceError
    return value


def _constant(text: str) -> NoReturn:
    raise _OffenceError


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _OffenceError
    return found


_QUICK = msgspec.json.Decoder(float_hook=_float)
_STANDARD = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_integer, parse_constant=_constant
)


def _is_too_deep(data: bytes, max_depth: int) -> bool:
    """Whether brackets outside strings nest too deep, up to the first error that a parser would meet."""
    depth = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > max_depth:
            return True
    return False


def _parse_standard(data: bytes, max_depth: int) -> JsonValue:
    if data.startswith(_BYTE_ORDER_MARKS):
        raise InvalidJson("The document begins with a byte order mark.", place="line 1 column 1 ()")
    try:
        value = _STANDARD.decode(data.decode())
    except UnicodeDecodeError as error:
        _refuse(data[: error.start], max_depth, error)
    except (json.JSONDecodeError, _OffenceError) as error:
        _refuse(data, max_depth, error)
    # Raw ones were refused above, so only an escape can bring NUL or half a surrogate pair.
    if b"\\u" in data and not all(_is_clean(text) for text in _strings(value)):
        _refuse(data, max_depth, None)
    return value


def _strings(value: JsonValue) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _is_clean(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


# --- where is it? --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Frame:
    """One open array or object while looking for the place."""

    is_object: bool
    index: int = 0
    key: str = ""
    wants_key: bool = True
    seen: set[str] = field(default_factory=set)

    def step(self) -> str:
        return self.key if self.is_object else str(self.index)


def _refuse(data: bytes, max_depth: int, error: Exception | None) -> NoReturn:
    """Raise InvalidJson for the first offence in `data`, which is known to have one."""
    text = data.decode(errors="replace")
    end, otherwise = len(text), "The document is not strict JSON."
    if isinstance(error, json.JSONDecodeError):
        end, otherwise = error.pos, f"Not JSON: {error.msg}."
    elif isinstance(error, UnicodeDecodeError):
        otherwise = "The document is not UTF-8."
    detail, position, pointer = _locate(text, max_depth, end)
    raise InvalidJson(detail or otherwise, place=f"{_line_and_column(text[:position])} ({pointer})") from None


def _line_and_column(before: str) -> str:
    line = before.count("\n") + 1
    return f"line {line} column {len(before) - before.rfind(chr(10))}"


def _locate(text: str, max_depth: int, end: int) -> tuple[str, int, str]:
    """The first offence before `end`: what, at which character, under which JSON Pointer.

    Up to the first error of syntax this tokeniser and a parser see the same tokens. What it does not find
    within its budget of tokens has an empty detail and the place `end`.
    """
    stack: list[_Frame] = []
    for count, token in enumerate(_TOKEN.finditer(text, 0, end)):
        detail = _step(stack, token[0], max_depth)
        if detail or count > _MAX_TOKENS:
            return detail, token.start(), _pointer(stack)
    return "", end, _pointer(stack)


def _step(stack: list[_Frame], text: str, max_depth: int) -> str:
    """Move the stack over one token; words for an offence, or an empty string."""
    top = stack[-1] if stack else None
    if text in ("[", "{"):
        stack.append(_Frame(is_object=text == "{"))
        return f"Nested deeper than {max_depth} levels." if len(stack) > max_depth else ""
    if text in ("]", "}"):
        if stack:
            stack.pop()
        return ""
    if text in (",", ":"):
        if top is not None and text == ",":
            top.index += 1
            top.wants_key = True
        return ""
    if text.startswith('"'):
        return _judge_string(top, text)
    return _judge_scalar(text)


def _judge_string(top: _Frame | None, token: str) -> str:
    try:
        text = json.loads(token)
    except ValueError:
        return ""  # an error of syntax, which the parser itself has named
    if top is not None and top.is_object and top.wants_key:
        top.wants_key = False
        top.key = text
        if text in top.seen:
            return "A key stands twice in one object."
        top.seen.add(text)
    if "\x00" in text:
        return "A string holds the character U+0000."
    return "" if _is_clean(text) else "A string holds half of a surrogate pair."


def _judge_scalar(token: str) -> str:
    if token in ("true", "false", "null"):
        return ""
    if token in ("NaN", "Infinity", "-Infinity"):
        return "NaN and infinities are not JSON."
    try:
        (_float if any(char in token for char in ".eE") else _integer)(token)
    except _OffenceError:
        return "A number is outside ±(2^53 - 1)."
    except ValueError:
        return ""  # an error of syntax, which the parser itself has named
    return ""


def _pointer(stack: list[_Frame]) -> str:
    """RFC 6901, printable and short: it ends up in answers, logs and on pages."""
    raw = "".join("/" + frame.step().replace("~", "~0").replace("/", "~1") for frame in stack)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in raw[:_MAX_POINTER])
