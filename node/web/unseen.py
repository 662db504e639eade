"""Characters that change what a reader sees and are not seen themselves, made visible (`security P11`).

A name such as `Nor<U+200B>th` looks like another's, and a right-to-left override turns `12.50` into `05.21`.
What is shown of strangers goes through here; it is not removed: a reader is to know that somebody tried.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["hides_something", "show_unseen", "show_unseen_in_prose", "unhidden"]

# Directional controls; zero-width and invisible ones; fillers and blanks that look like nothing; tags; and
# what no document may hold: controls, halves of pairs, U+FFFE.
_MARKS = "\u061c\u200e\u200f"
_ISOLATES = "\u2066-\u2069"
_OVERRIDES = "\u202a-\u202e"
_NOTHING = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029\u2060-\u2065"
    "\u206a-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff\U0001d173-\U0001d17a"
)
_JOINERS = "\u200c\u200d"
_UNSEEN = re.compile(f"[{_MARKS}{_ISOLATES}{_OVERRIDES}{_NOTHING}{_JOINERS}]")
_UNSEEN_IN_PROSE = re.compile(f"[{_OVERRIDES}{_NOTHING}]")
_EMOJI_PARTS = frozenset("\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")


def show_unseen(text: str) -> str:
    """A name, a title, a price: each hidden character as its number, `[U+202E]`.

    Joiners stay where a script or an emoji is written with them.
    """
    return _UNSEEN.sub(_shown, text)


def show_unseen_in_prose(text: str) -> str:
    """Longer text, a block of its own: marks and isolates, with which Arabic and Hebrew are written, stay."""
    return _UNSEEN_IN_PROSE.sub(lambda match: _number(match[0]), text)


def unhidden(text: str) -> str:
    """A stranger's name as one's own words may begin with it: what hides is left out, for one signs them."""
    return _UNSEEN.sub(lambda match: match[0] if _shown(match) == match[0] else "", text)


def hides_something(text: str) -> bool:
    """Whether `show_unseen` would change it."""
    return show_unseen(text) != text


def _shown(match: re.Match[str]) -> str:
    char = match[0]
    if char in _JOINERS and _joins(char, match.string[: match.start()], match.string[match.end() :]):
        return char
    return _number(char)


def _number(char: str) -> str:
    return f"[U+{ord(char):04X}]"


def _joins(char: str, before: str, after: str) -> bool:
    """Whether a joiner does what it is for: between emoji, or within a script that needs it."""
    if not before or not after:
        return False
    if char == "\u200d" and _is_emoji(before[-1]):
        return _is_emoji(after[0])
    return _needs_joiners(before[-1]) and _needs_joiners(after[0])


def _is_emoji(char: str) -> bool:
    return char in _EMOJI_PARTS or unicodedata.category(char) == "So"


def _needs_joiners(char: str) -> bool:
    """Arabic and its kin, and the scripts of India, where a joiner changes a letter's form."""
    return "\u0600" <= char <= "\u08ff" or "\u0900" <= char <= "\u0dff" or "\u1780" <= char <= "\u17ff"
