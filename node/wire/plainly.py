"""Whether a Note says its words to everybody alike: what binds somebody must read the same for all.

What is merely shown is read tolerantly (`fediverse`, `html`). This is the opposite: a list of what may be
there. Whatever else is there makes the Note say more than its words, although we might drop it.
"""

from __future__ import annotations

from html.parser import HTMLParser

from federation.jsonld import as_list
from federation.messages import JsonObject, JsonValue

__all__ = ["plain_words"]

_MOST_CHARS = 2_000
_MOST_TAGS = 50
_MOST_LANGUAGES = 20
_TAGS = {
    "a": frozenset({"class", "href", "rel", "target", "title", "translate"}),
    "br": frozenset[str](),
    **dict.fromkeys(("p", "span", "div"), frozenset({"class", "dir", "lang", "translate"})),
    **dict.fromkeys(("strong", "em", "b", "i", "u", "bdi"), frozenset[str]()),
}
"""What servers put around the words of a short message, and that changes none of them."""
_LINES = frozenset({"p", "div", "br"})
_HIDES = "invisible"
"""The class that the fediverse does not show (`interop §4.3`)."""
_SPEAKING = ("name", "nameMap", "summary", "summaryMap", "attachment", "oneOf", "anyOf", "endTime")
_QUOTING = ("quote", "quoteUrl", "quoteUri", "quoteURL", "_misskey_quote")


def plain_words(note: JsonObject) -> str | None:
    """The words of a Note that says these and nothing else to whoever sees it; None for any other.

    Spec: `protocol §5`, Plain fediverse accounts ("says exactly").
    """
    if any(note.get(name) for name in (*_SPEAKING, *_QUOTING)):
        return None
    if any(isinstance(tag, dict) and tag.get("type") == "Link" for tag in as_list(note.get("tag"))):
        return None  # a quote by FEP-e232
    texts = [_words(text) if isinstance(text, str) else None for text in _texts(note)]
    said = texts[0] if texts else None
    if said is None or any(text is None or not _is_said_by(said, text) for text in texts):
        return None
    return said


def _is_said_by(said: str, text: str) -> bool:
    """Whether a text in another markup says no more and no less than what is judged.

    It may name fewer people at its beginning: Friendica adds to the plainer text whom it answers.
    """
    words, others = said.split(), text.split()
    begins = len(words) - len(others)  # below 0 for a longer one, which nothing here is equal to
    return words[begins:] == others and all(word.startswith("@") for word in words[:begins])


def _texts(note: JsonObject) -> list[JsonValue]:
    """The text for everybody, then what stands under a language and is not just that text again."""
    content, mapped = note.get("content"), note.get("contentMap") or {}
    if not isinstance(mapped, dict) or len(mapped) > _MOST_LANGUAGES:
        return []
    texts = [] if content is None else [content]
    return [*texts, *(text for text in mapped.values() if text not in texts)]


def _words(text: str) -> str | None:
    if len(text) > _MOST_CHARS or text.count("<") > _MOST_TAGS:
        return None
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return "".join(reader.words) if reader.is_plain else None


class _Reader(HTMLParser):
    """Gathers the words, as long as nothing but `_TAGS` is around them."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.is_plain = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = _TAGS.get(tag)
        if allowed is None or any(not _is_harmless(name, value, allowed) for name, value in attrs):
            self.is_plain = False
        if tag in _LINES:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.is_plain &= tag in _TAGS
        if tag in _LINES:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.is_plain = False

    def handle_decl(self, decl: str) -> None:
        self.is_plain = False

    def handle_pi(self, data: str) -> None:
        self.is_plain = False

    def unknown_decl(self, data: str) -> None:
        self.is_plain = False


def _is_harmless(name: str, value: str | None, allowed: frozenset[str]) -> bool:
    if name.startswith("data-"):  # which no browser shows; some servers name whom they mention by it
        return True
    return name in allowed and not (name == "class" and _HIDES in (value or "").split())
