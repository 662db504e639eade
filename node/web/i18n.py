"""Languages: which one a reader gets, and what a text is called in it. Frozen values, nothing ambient.

English is the source; every other language has a catalogue under `locale/`. A screen gets its reader's
`Locale` and passes it on; tables of words in Python are marked by `N_` where they stand and translated where
they are shown.
"""

from __future__ import annotations

import gettext
import re
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import babel

__all__ = [
    "LANGUAGES",
    "LOCALE_DIR",
    "N_",
    "TAGS",
    "Locale",
    "Words",
    "choose_locale",
    "find_zone",
    "locale_for",
    "preferred_tag",
    "words_in",
]

LANGUAGES: dict[str, str] = {"en": "English", "de": "Deutsch"}
"""The languages that pages speak, each by its own name; the first is the source and the default."""

LOCALE_DIR = Path(__file__).parent / "locale"
_SOURCE = "en"
# How dates and numbers are written, for each tag that may be chosen. Plain `en` is read all over the world:
# the day stands before the month, and the clock has 24 hours.
_FORMATS: dict[str, str] = {
    "en": "en_GB",
    "en-AU": "en_AU",
    "en-CA": "en_CA",
    "en-GB": "en_GB",
    "en-IE": "en_IE",
    "en-IN": "en_IN",
    "en-NZ": "en_NZ",
    "en-US": "en_US",
    "en-ZA": "en_ZA",
    "de": "de_DE",
    "de-AT": "de_AT",
    "de-CH": "de_CH",
    "de-DE": "de_DE",
    "de-LI": "de_LI",
    "de-LU": "de_LU",
}
TAGS: tuple[str, ...] = tuple(_FORMATS)
"""Every tag (BCP 47) that a reader may set or ask for."""
_BY_FOLDED = {tag.casefold(): tag for tag in TAGS}

_MAX_HEADER_CHARS = 1000
_MAX_RANGES = 20
_RANGE = re.compile(r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)(?:\s*;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?")


def N_(text: str) -> str:  # noqa: N802  the name that extractors and people look for
    """Mark a text for translation where it stands; `words(text)` translates it where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """Texts in one language. A call translates: `_ = locale.words; _("%(n)s offers", n=3)`.

    Shapes: values are named, in the manner of `%(name)s`, and put in after the translation; without any, the
            text stays as it is, a `%` included. What has no translation stays English.
    """

    language: str
    catalogue: gettext.NullTranslations

    def __call__(self, text: str, /, **values: object) -> str:
        return _filled(self.catalogue.gettext(text) if text else "", values)

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The form for a number, which is there as `%(num)s`."""
        return _filled(self.catalogue.ngettext(one, many, number), {"num": number, **values})

    def pgettext(self, context: str, text: str, /, **values: object) -> str:
        """A text that means different things in different places: the context tells them apart."""
        return _filled(self.catalogue.pgettext(context, text), values)

    def npgettext(self, context: str, one: str, many: str, number: int, /, **values: object) -> str:
        """Both at once."""
        found = self.catalogue.npgettext(context, one, many, number)
        return _filled(found, {"num": number, **values})


def _filled(text: str, values: dict[str, Any]) -> str:
    return text % values if values else text


@cache
def words_in(language: str) -> Words:
    """The words of one of our languages, read once."""
    if language == _SOURCE:
        return Words(language, gettext.NullTranslations())
    return Words(language, gettext.translation("messages", LOCALE_DIR, [language]))


@dataclass(frozen=True, slots=True)
class Locale:
    """How one reader reads: a tag of TAGS, and the time zone in which times are shown."""

    tag: str = _SOURCE
    zone: tzinfo = UTC

    @property
    def language(self) -> str:
        """The language of the words: `de` for `de-AT`."""
        return self.tag.partition("-")[0]

    @property
    def words(self) -> Words:
        return words_in(self.language)

    @property
    def formats(self) -> babel.Locale:
        """How numbers, money and dates are written there."""
        return _formats(self.tag)


@cache
def _formats(tag: str) -> babel.Locale:
    return babel.Locale.parse(_FORMATS[tag])


def locale_for(tag: str, zone: str = "") -> Locale:
    """The locale of a reader who has set a tag and the name of a zone (`Europe/Berlin`; "" is UTC).

    What is not known becomes English and UTC: an old setting never stands in a page's way.
    """
    return Locale(_BY_FOLDED.get(tag.casefold(), _SOURCE), find_zone(zone) or UTC)


def choose_locale(setting: str | None, accept_language: str | None, zone: str = "") -> Locale:
    """The viewer's own setting, else what the browser asks for, else English."""
    return locale_for(setting or preferred_tag(accept_language), zone)


@lru_cache(maxsize=256)
def find_zone(name: str) -> tzinfo | None:
    """A time zone by its name; None for "" and for what is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, ZoneInfoNotFoundError):  # a directory's name is an OSError
        return None


@lru_cache(maxsize=256)
def preferred_tag(accept_language: str | None) -> str:
    """The tag that an Accept-Language header wants most of those that we have; the first of equals.

    `de-BE` gets `de`, `fr` and nonsense get English.
    Spec: RFC 9110 §12.5.4, RFC 4647 §3.4 (lookup).
    """
    best, weight = _SOURCE, 0.0
    for part in (accept_language or "")[:_MAX_HEADER_CHARS].split(",")[:_MAX_RANGES]:
        match = _RANGE.fullmatch(part.strip())
        tag = _lookup(match[1]) if match else None
        quality = float(match[2] or 1) if match else 0.0
        if tag is not None and weight < quality <= 1:
            best, weight = tag, quality
    return best


def _lookup(wanted: str) -> str | None:
    """The longest beginning of a language range that is a tag of ours."""
    parts = wanted.casefold().split("-")
    for length in range(len(parts), 0, -1):
        found = _BY_FOLDED.get("-".join(parts[:length]))
        if found is not None:
            return found
    return None
