"""Members of other people's documents, one or many, id or object, text or map: what is usable, or nothing.

The opposite of `reading`: nobody is refused here. What cannot be used is left out, what is too long is cut.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import datetime

from federation.errors import InvalidIri
from federation.ids import domain_matches, host, parse_iri
from federation.jsonld import as_list
from federation.messages import JsonObject, JsonValue
from federation.vocab import PUBLIC, is_public
from node.domain.values import parse_time
from node.wire.html import plain_text

__all__ = [
    "addresses",
    "bare_types",
    "first_address",
    "iri_of",
    "is_language",
    "is_neighbour",
    "line",
    "links",
    "map_of",
    "time_of",
    "words",
]

MAX_ADDRESSES = 500
MAX_LINKS = 32
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?:([+-]\d\d):?(\d\d))?Z?", re.ASCII)
_MARKUP = re.compile(
    r"</?(?:a|abbr|audio|b|big|blockquote|body|br|button|center|code|del|div|em|embed|font|form|h[1-6]|head|hr|html|i"
    r"|iframe|img|input|ins|li|link|mark|math|meta|object|ol|p|pre|s|script|small|source|span|strike|strong|style"
    r"|sub|sup|svg|table|td|th|title|tr|u|ul|var|video|wbr)(?![\w-])",
    re.IGNORECASE | re.ASCII,
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


def iri_of(value: JsonValue) -> str:
    """The canonical address of what is named: an id, or an object's `id` or `href`; "" for nothing usable."""
    if isinstance(value, dict):
        value = value.get("id") or value.get("href")
    try:
        return parse_iri(value)
    except InvalidIri:
        return ""


def first_address(value: JsonValue) -> str:
    """The first usable address of one or many."""
    return next((found for item in as_list(value)[:MAX_LINKS] if (found := iri_of(item))), "")


def addresses(value: JsonValue) -> tuple[str, ...]:
    """Whom `to` or `cc` names, each once, canonical; the public in its one full spelling."""
    found: dict[str, None] = {}
    for item in as_list(value):
        named = item.get("id") if isinstance(item, dict) else item
        address = PUBLIC if is_public(named) else iri_of(named)
        if address:
            found[address] = None
        if len(found) == MAX_ADDRESSES:
            break
    return tuple(found)


def bare_types(document: JsonObject) -> tuple[str, ...]:
    """The names of its types without the prefix that says that they are ActivityStreams' own."""
    return tuple(name.removeprefix("as:") for name in as_list(document.get("type")) if isinstance(name, str))


def links(value: JsonValue) -> Iterator[tuple[str, str, JsonObject]]:
    """Each usable address of `url` in any of its shapes, its media type in lower case ("" for none), and the
    Link that held it.
    """
    for item in as_list(value)[:MAX_LINKS]:
        link: JsonObject = item if isinstance(item, dict) else {}
        address = iri_of(link.get("href") or link.get("url")) if link else iri_of(item)
        if address:
            yield address, media_type_of(link), link


def media_type_of(document: JsonObject) -> str:
    """`mediaType` without its parameters, in lower case; "" for none."""
    found = document.get("mediaType")
    return found.partition(";")[0].strip().lower()[:100] if isinstance(found, str) else ""


def line(value: JsonValue, most: int) -> str:
    """A text as one line of plain characters: what is written over several lines becomes one."""
    return " ".join(value[: most * 4].split())[:most] if isinstance(value, str) else ""


def words(value: JsonValue, most: int) -> str:
    """A text that should be plain, and often is HTML, as plain words on one line.

    `<chain>` is no tag, so that it stays; what is shown is escaped by whoever shows it.
    """
    if not isinstance(value, str):
        return ""
    return line(plain_text(value) if _MARKUP.search(value) else html.unescape(value), most)


def map_of(document: JsonObject, name: str) -> tuple[str, str]:
    """A natural-language value and its language: the plain member first, else the first of its map.

    Shapes: the language is "" where none is named, or several are and none has just these words.
    Spec:   ActivityStreams Core §4.7.
    """
    plain, mapped = document.get(name), document.get(f"{name}Map")
    by_language = {
        tag: text
        for tag, text in (mapped if isinstance(mapped, dict) else {}).items()
        if isinstance(text, str) and is_language(tag)
    }
    if isinstance(plain, str) and plain:
        same = [tag for tag, text in by_language.items() if text == plain]
        return plain, _known(same[0]) if same else ""
    tag, text = next(iter(by_language.items()), ("", ""))
    return text, _known(tag)


def is_language(tag: JsonValue) -> bool:
    """Whether it looks like a BCP 47 tag."""
    return isinstance(tag, str) and _LANGUAGE.fullmatch(tag) is not None


def _known(tag: str) -> str:
    return "" if tag.lower() in ("und", "zxx", "mul") else tag


def time_of(value: JsonValue) -> datetime | None:
    """A time, None for what is none. One without a zone is read as UTC, one with two by its first."""
    if isinstance(value, str) and (told := _TIME.fullmatch(value)):
        value = f"{told[1]}{told[2]}:{told[3]}" if told[2] else f"{told[1]}Z"
    try:
        return parse_time(value)
    except (TypeError, ValueError):
        return None


def is_neighbour(address: str, author: str) -> bool:
    """Whether a page lies on the author's host, on one under it (`www.`), or on one that it lies under."""
    theirs, own = host(address), host(author)
    return domain_matches(theirs, own) or (domain_matches(own, theirs) and "." in theirs)
