"""Plain words of ours as HTML: who is named, what is marked and where they lead become links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from node.domain.written import Kind, Piece, pieces

__all__ = ["html_of_written", "tag_address"]

_PARAGRAPH = re.compile(r"\n\s*\n")


def tag_address(tags_at: str, topic: str) -> str:
    """The page of a topic, one for all ways to spell it."""
    return f"{tags_at}/{quote(topic.casefold(), safe='')}"


def html_of_written(text: str, people: Mapping[str, str], tags_at: str) -> str:
    """Escaped, a paragraph for each blank line, a break for each other one, and links in it.

    Shapes: `people` has the page of everybody who is named, by the handle in small letters; a handle that is
            not in it stays words. `tags_at` is the address below which our pages of topics lie.
    Spec:   interop §4.3 (classes that the fediverse reads).
    """
    paragraphs = [part for part in _PARAGRAPH.split(text.strip()) if part]
    return "".join(
        f"<p>{''.join(_shown(piece, people, tags_at) for piece in pieces(part))}</p>" for part in paragraphs
    )


def _shown(piece: Piece, people: Mapping[str, str], tags_at: str) -> str:
    if piece.kind is Kind.LINK:
        return f'<a href="{escape(piece.text)}" rel="nofollow noopener">{_words(piece.text)}</a>'
    if piece.kind is Kind.HASHTAG:
        href = escape(tag_address(tags_at, piece.text))
        return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{_words(piece.text)}</span></a>'
    page = people.get(piece.text.casefold()) if piece.kind is Kind.MENTION else None
    if page is None:
        return _words(piece.text)
    name = piece.text.removeprefix("@").partition("@")[0]
    return f'<a href="{escape(page)}" class="u-url mention">@<span>{_words(name)}</span></a>'


def _words(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>")
