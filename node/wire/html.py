"""HTML from outside made safe to show, and words of ours made into HTML."""

from __future__ import annotations

import html
import re

import nh3

__all__ = ["clean_html", "has_words", "html_of", "plain_text"]

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
_MAX_TAGS = 2_000
"""Beginnings and ends, before and after: overlapping tags multiply when they are sorted out."""
_MAX_DEPTH = 64
_MAX_PASSES = 4
_BREAK = re.compile(r"<br>|</(?:p|li|blockquote|pre)>")
_SKIPPED = dict.fromkeys(map(ord, "\t\n\r"))
"""What browsers leave out of an address wherever it stands."""
_USER_IN_ADDRESS = re.compile(r"\s*https?:[/\\]{2}[^/?#\\]*@", re.IGNORECASE)

# What has no place among the tags that stay, but says something that has: written in their terms first.
_BLOCKS = (
    "address|article|aside|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|header|main|nav"
    "|section|summary|table|tr"
)
_OTHER_TAG = re.compile(
    rf"<(/?)(?:(h[1-6])|({_BLOCKS})|(s|strike)|(t[dh])|(img|audio|video|source)|(hr))(?![\w-])"
    r"""((?>[^<>"']|"[^"]{0,2000}"|'[^']{0,2000}'){0,2000})>""",
    re.IGNORECASE | re.ASCII,
)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(src|alt)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""", re.IGNORECASE
)
_EMPTY_PARAGRAPH = re.compile(r"<p>\s*</p>")
_TAG = re.compile(r"""<(/?)([a-z]+)(?:[^">]|"[^"]*")*>""")


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    """Only the classes that the fediverse gives a meaning, and no address that shows another host first."""
    if name == "href":
        address = value.translate(_SKIPPED)
        return None if _USER_IN_ADDRESS.match(address) else address
    if name != "class":
        return value
    return " ".join(part for part in value.split() if _CLASS.fullmatch(part)) or None


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    link_rel="nofollow noopener",
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
)
_STRIPPER = nh3.Cleaner(tags=set(), attributes={}, link_rel=None)


def clean_html(text: str) -> str:
    """HTML of strangers with nothing in it that runs, loads or hides where it leads.

    Headings become strong paragraphs, other blocks paragraphs, and pictures, sounds and films links to them.

    Shapes: what is longer than 20,000 characters or has more than 2,000 tags is cut first; what is nested
            more than 64 deep, or grows past measure when it is sorted out, keeps its words alone.
    Spec:   interop §4.3 (what the fediverse keeps); `security P08, P09`.
    """
    return _settled(_cleaned(text))


def plain_text(text: str) -> str:
    """The words of a piece of HTML, a line for each paragraph or break."""
    return _words(_cleaned(text))


def has_words(cleaned: str) -> bool:
    """Whether clean HTML says anything: an empty paragraph says nothing."""
    return bool(html.unescape(_TAG.sub("", cleaned)).strip())


def _cleaned(text: str) -> str:
    cut = text[:_MAX_CHARS]
    parts = cut.split("<", _MAX_TAGS + 1)
    if len(parts) > _MAX_TAGS + 1:
        cut = "<".join(parts[:-1])
    rewritten, count = _OTHER_TAG.subn(_in_our_terms, cut)
    cleaned = _CLEANER.clean(rewritten)
    if count:
        cleaned = _EMPTY_PARAGRAPH.sub("", cleaned)
    # A carriage return that stood there as a reference would be read as a line feed by the next reader.
    return cleaned.replace("\r\n", "\n").replace("\r", "\n")


def _settled(cleaned: str) -> str:
    """What the next reader will read as it stands: without the tags that went, others nest in another way."""
    for _ in range(_MAX_PASSES):
        if _is_overgrown(cleaned):
            break
        again = _CLEANER.clean(cleaned)
        if again == cleaned:
            return cleaned
        cleaned = again
    return _CLEANER.clean(html_of(_words(cleaned)))


def _in_our_terms(match: re.Match[str]) -> str:
    ends, heading, block, struck, cell, medium, rule, rest = match.groups()
    if heading:
        return "</strong></p>" if ends else "<p><strong>"
    if block:
        return f"<{ends}p>"
    if struck:
        return f"<{ends}del>"
    if medium:
        return "" if ends else _link_to_medium(rest)
    return " " if cell else "<br>" if rule else ""


def _link_to_medium(attributes: str) -> str:
    """A link to what would have been loaded, by the words that stand for it, else by its address.

    The sign of an emoji (`:blobcat:`) stays a sign.
    """
    found = {
        name.lower(): html.unescape(quoted or single or bare).strip()
        for name, quoted, single, bare in reversed(_ATTRIBUTE.findall(attributes))
    }
    source, words = found.get("src", ""), found.get("alt", "")
    is_sign = len(words) > 2 and words[0] == words[-1] == ":"
    if is_sign or not source.lower().startswith(("https://", "http://")):
        return html.escape(words)
    return f'<a href="{html.escape(source)}">{html.escape(words or source)}</a>'


def _words(cleaned: str) -> str:
    broken = _BREAK.sub(lambda match: match[0] + "\n", cleaned)
    lines = (line.strip() for line in html.unescape(_STRIPPER.clean(broken)).split("\n"))
    return "\n".join(lines).strip()


def _is_overgrown(cleaned: str) -> bool:
    """Whether cleaned HTML is nested too deep, or has more tags than may come in."""
    tags = cleaned.count("<")
    if tags <= _MAX_DEPTH or tags > _MAX_TAGS:
        return tags > _MAX_TAGS
    depth = 0
    for end, name in _TAG.findall(cleaned):
        depth += -1 if end else name != "br"
        if depth > _MAX_DEPTH:
            return True
    return False


def html_of(text: str) -> str:
    """Plain words as HTML: escaped, a paragraph for each blank line, a break for each other one."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "".join(f"<p>{html.escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in paragraphs)
