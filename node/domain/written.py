"""Plain words as their writer typed them: where they name somebody, mark a topic, or lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["MOST_HASHTAGS", "MOST_MENTIONS", "Kind", "Piece", "handles_in", "hashtags_in", "pieces"]

MOST_MENTIONS = 20
MOST_HASHTAGS = 20


class Kind(StrEnum):
    WORDS = "words"
    LINK = "link"
    """An address of the web, as it was typed."""
    MENTION = "mention"
    """A whole handle: `@bob@host.example`."""
    HASHTAG = "hashtag"
    """A topic without its sign."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of what was typed: the pieces of a text, in order, are all of it but a topic’s sign."""

    kind: Kind
    text: str


_FOUND = re.compile(
    r"(?P<link>(?<![\w@/])https?://[^\s<>\"\x00-\x1f]+)"
    r"|(?<![\w@/.])(?P<mention>@[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
    r"@\w(?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?)*(?::[0-9]{1,5})?)"
    r"|(?<![\w&/#])#(?P<hashtag>\w{1,100})(?![\w#])"
)
_AFTER_A_LINK = ".,;:!?'*_~"
"""What ends a sentence around an address, and hardly ever an address."""
_PAIRS = {")": "(", "]": "[", "}": "{"}


def pieces(text: str) -> Iterator[Piece]:
    """Take a text apart: whole handles, topics and addresses, and the words between them."""
    done = 0
    for match in _FOUND.finditer(text):
        kind = Kind(str(match.lastgroup))
        found = _without_the_sentence(match[0]) if kind is Kind.LINK else match[str(kind)]
        if not _stands(kind, found):
            continue
        if match.start() > done:
            yield Piece(Kind.WORDS, text[done : match.start()])
        yield Piece(kind, found)
        done = match.start() + len(found) + (kind is Kind.HASHTAG)
    if done < len(text):
        yield Piece(Kind.WORDS, text[done:])


def _stands(kind: Kind, found: str) -> bool:
    """A number is no topic (`#1`), and a scheme alone no address."""
    if kind is Kind.HASHTAG:
        return not found.strip("_").isdigit() and bool(found.strip("_"))
    return kind is not Kind.LINK or not found.endswith("//")


def _without_the_sentence(link: str) -> str:
    """An address without what ends the sentence that it stands in; a bracket that it opened is its own."""
    while link[-1] in _AFTER_A_LINK or link.count(link[-1]) > link.count(_PAIRS.get(link[-1], link[-1])):
        link = link[:-1]
    return link


def handles_in(text: str) -> tuple[str, ...]:
    """Whom a text names by whole handles, each once, in order."""
    return _each_once(text, Kind.MENTION)


def hashtags_in(text: str) -> tuple[str, ...]:
    """The topics that a text marks, each once and as it was first spelt, in order."""
    return _each_once(text, Kind.HASHTAG)


def _each_once(text: str, kind: Kind) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for piece in pieces(text):
        if piece.kind is kind:
            found.setdefault(piece.text.casefold(), piece.text)
    return tuple(found.values())
