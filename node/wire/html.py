"""HTML from outside made safe to show, and words of ours made into HTML."""

from __future__ import annotations

import html
import re

import nh3

__all__ = ["clean_html", "html_of", "plain_text"]

_TAGS = frozenset(
    (
        "p",
        "span",
        "br",
        "a",
        "del",
        "pre",
        "code",
        "em",
        "strong",
        "b",
        "i",
        "u",
        "ul",
        "ol",
        "li",
        "blockquote",
    )
)
_ATTRIBUTES = {
    "a": {"href", "class"},
    "span": {"class"},
    "ol": {"start", "reversed"},
    "li": {"value"},
}
_CLASS = re.compile(r"(?:h|p|u|dt|e)-[a-z-]+|mention|hashtag|ellipsis|invisible|quote-inline", re.ASCII)
_MAX_CHARS = 20_000
"""As long as a message of ours may be; nested markup costs more than its length."""
_BREAK = re.compile(r"<br>|</(?:p|li|blockquote|pre)>")


def _keep_classes(tag: str, name: str, value: str) -> str | None:
    """Only the classes that the fediverse gives a meaning."""
    if name != "class":
        return value
    return " ".join(part for part in value.split() if _CLASS.fullmatch(part)) or None


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_classes,
    link_rel="nofollow noopener",
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
)
_STRIPPER = nh3.Cleaner(tags=set(), attributes={}, link_rel=None)


def clean_html(text: str) -> str:
    """HTML of strangers with nothing in it that runs, loads or hides where it leads.

    Shapes: what is longer than 20,000 characters is cut first.
    Spec:   interop §4.3 (what the fediverse keeps); `security P08, P09`.
    """
    # A carriage return that stood there as a reference would be read as a line feed by the next reader.
    return _CLEANER.clean(text[:_MAX_CHARS]).replace("\r\n", "\n").replace("\r", "\n")


def plain_text(text: str) -> str:
    """The words of a piece of HTML, a line for each paragraph or break."""
    broken = _BREAK.sub(lambda match: match[0] + "\n", _CLEANER.clean(text[:_MAX_CHARS]))
    lines = (line.strip() for line in html.unescape(_STRIPPER.clean(broken)).split("\n"))
    return "\n".join(lines).strip()


def html_of(text: str) -> str:
    """Plain words as HTML: escaped, a paragraph for each blank line, a break for each other one."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "".join(f"<p>{html.escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in paragraphs)
