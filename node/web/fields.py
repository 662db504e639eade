"""The kinds of fields that forms have: what each takes, and in words what is wrong and would be right."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from anyio.to_thread import run_sync

from node.domain.values import CURRENCIES, Money, parse_amount
from node.web.i18n import Locale

__all__ = [
    "Field",
    "Typed",
    "UploadedFile",
    "Wrong",
    "attached",
    "choice",
    "day",
    "hidden",
    "many",
    "moment",
    "money",
    "optional",
    "secret",
    "switch",
    "text",
    "whole",
]

T = TypeVar("T")

_LINE_CHARS = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ufffe\uffff]")
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_AMOUNT = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]{1,3}))?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)


class Wrong(Exception):
    """What is wrong with a field, and what would be right; both are shown."""

    def __init__(self, wrong: str, right: str = "") -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.right = right


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that came with a form: at `path` until the answer is given; `name` is what its owner says."""

    name: str
    path: Path
    size_bytes: int

    async def read(self) -> bytes:
        """All of it."""
        return await run_sync(self.path.read_bytes)


@dataclass(frozen=True, slots=True)
class Typed:
    """What came with a form or in a query, by name, in order; nothing of it is checked."""

    by_name: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, UploadedFile] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Typed:
        made: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            plain = value.replace("\r\n", "\n").replace("\r", "\n")
            made[name] = (*made.get(name, ()), plain)
        return cls(MappingProxyType(made))

    def __iter__(self) -> Iterator[str]:
        yield from self.by_name
        yield from self.files

    def first(self, name: str) -> str:
        """The first value, "" where there is none."""
        return next(iter(self.by_name.get(name, ())), "")

    def all(self, name: str) -> tuple[str, ...]:
        return self.by_name.get(name, ())


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One field: `read` gives its value or raises Wrong. `names` are the inputs that it reads."""

    name: str
    read: Callable[[Typed, Locale], T]
    names: tuple[str, ...]
    is_secret: bool = False


def _line(typed: Typed, name: str, locale: Locale) -> str:
    """The one value of an input. Raises: Wrong where it came twice."""
    if len(typed.all(name)) > 1:
        raise Wrong(locale.words("This came twice."), locale.words("Fill it in once."))
    return typed.first(name)


def _needed(typed: Typed, name: str, locale: Locale) -> str:
    value = _line(typed, name, locale).strip()
    if not value:
        raise Wrong(locale.words("This is empty."), locale.words("Please fill it in."))
    return value


def text(name: str, *, most: int = _LINE_CHARS, least: int = 1, lines: bool = False) -> Field[str]:
    """Words: one line, or several with `lines`; outer blanks are dropped, control characters refused."""

    def read(typed: Typed, locale: Locale) -> str:
        value = _needed(typed, name, locale)
        _ = locale.words
        if _CONTROL.search(value) or (not lines and "\n" in value):
            raise Wrong(_("There is a character in it that nobody can see."), _("Type it by hand."))
        if len(value) > most:
            raise Wrong(
                _("This has %(count)s characters.", count=len(value)), _("Use at most %(most)s.", most=most)
            )
        if len(value) < least:
            raise Wrong(
                _("This has %(count)s characters.", count=len(value)),
                _("Use at least %(least)s.", least=least),
            )
        return unicodedata.normalize("NFC", value)

    return Field(name, read, (name,))


def secret(name: str, *, most: int = 1000) -> Field[str]:
    """A password or the like: taken as it is typed, and never shown again."""

    def read(typed: Typed, locale: Locale) -> str:
        value = _line(typed, name, locale)
        if not value:
            raise Wrong(locale.words("This is empty."), locale.words("Please fill it in."))
        if len(value) > most:
            raise Wrong(locale.words("This is too long."), locale.words("Use at most %(most)s.", most=most))
        return value

    return Field(name, read, (name,), is_secret=True)


def hidden(name: str, *, most: int = 4000) -> Field[str]:
    """What a page of ours, or its script, put into the form: "" where nothing did; never shown again."""

    def read(typed: Typed, locale: Locale) -> str:
        value = _line(typed, name, locale)
        if len(value) > most or _CONTROL.search(value):
            raise Wrong(locale.words("This page has expired."), locale.words("Load it again."))
        return value

    return Field(name, read, (name,), is_secret=True)


def attached(name: str) -> Field[UploadedFile]:
    """A file. The form is sent as multipart, and its screen says how much it takes by `upload_bytes`."""

    def read(typed: Typed, locale: Locale) -> UploadedFile:
        found = typed.files.get(name)
        if found is None or not found.size_bytes:
            raise Wrong(locale.words("There is no file."), locale.words("Choose one."))
        return found

    return Field(name, read, (name,))


def choice(name: str, options: Mapping[str, T]) -> Field[T]:
    """One of the options: the value of the input to what it means. Nothing is chosen beforehand."""

    def read(typed: Typed, locale: Locale) -> T:
        value = _line(typed, name, locale)
        if value not in options:
            raise Wrong(locale.words("Nothing is chosen."), locale.words("Choose one."))
        return options[value]

    return Field(name, read, (name,))


def switch(name: str) -> Field[bool]:
    """A check box."""

    def read(typed: Typed, locale: Locale) -> bool:
        return _line(typed, name, locale) != ""

    return Field(name, read, (name,))


def whole(name: str, *, least: int, most: int) -> Field[int]:
    """A whole number."""

    def read(typed: Typed, locale: Locale) -> int:
        value = _needed(typed, name, locale)
        if not _WHOLE.fullmatch(value) or not least <= int(value) <= most:
            raise Wrong(
                locale.words("%(value)s is no such number.", value=value[:30]),
                locale.words("Write a whole number from %(least)s to %(most)s.", least=least, most=most),
            )
        return int(value)

    return Field(name, read, (name,))


def money(name: str, *, currency: str = "") -> Field[Money]:
    """An exact amount: the input `name`, and its currency in `NAME_currency` where none is given.

    12.50 and 12,50 are the same; thousands are not parted, since a stray sign must never change an amount.
    """
    currency_name = f"{name}_currency"

    def read(typed: Typed, locale: Locale) -> Money:
        value, code = _needed(typed, name, locale), currency or _line(typed, currency_name, locale)
        if code not in CURRENCIES:
            raise Wrong(locale.words("The currency is missing."), locale.words("Choose one."))
        exponent = CURRENCIES[code].exponent
        found = _AMOUNT.fullmatch(value)
        right = locale.words("Write it as %(example)s.", example=Money(125050, code).text)
        if found is None or len(found[2] or "") > exponent:
            raise Wrong(locale.words("%(value)s is no amount.", value=value[:30]), right)
        fraction = (found[2] or "").ljust(exponent, "0")
        written = (found[1].lstrip("0") or "0") + (f".{fraction}" if exponent else "")
        try:
            return parse_amount(written, code)
        except ValueError:
            raise Wrong(locale.words("%(value)s is no amount.", value=value[:30]), right) from None

    return Field(name, read, (name,) if currency else (name, currency_name))


def day(name: str) -> Field[date]:
    """A day, as `<input type="date">` gives it."""

    def read(typed: Typed, locale: Locale) -> date:
        value = _needed(typed, name, locale)
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise Wrong(
            locale.words("%(value)s is no day.", value=value[:30]),
            locale.words("Write it as %(example)s.", example="2026-12-24"),
        )

    return Field(name, read, (name,))


def moment(name: str) -> Field[datetime]:
    """A day and a time in the reader's own zone, as `<input type="datetime-local">` gives it; aware UTC."""

    def read(typed: Typed, locale: Locale) -> datetime:
        value = _needed(typed, name, locale)
        try:
            if _MOMENT.fullmatch(value):
                return datetime.fromisoformat(value).replace(tzinfo=locale.zone).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise Wrong(
            locale.words("%(value)s is no time.", value=value[:30]),
            locale.words("Write it as %(example)s.", example="2026-12-24T18:00"),
        )

    return Field(name, read, (name,))


def optional(wanted: Field[T]) -> Field[T | None]:
    """The same field, None where nothing was typed."""

    def read(typed: Typed, locale: Locale) -> T | None:
        if wanted.name not in typed.files and not any(one.strip() for one in typed.all(wanted.name)):
            return None
        return wanted.read(typed, locale)

    return Field(wanted.name, read, wanted.names, wanted.is_secret)


def many(wanted: Field[T], *, most: int = 100) -> Field[tuple[T, ...]]:
    """The same field as often as it came, at most `most` times; those left empty do not count."""

    def read(typed: Typed, locale: Locale) -> tuple[T, ...]:
        given = [value for value in typed.all(wanted.name) if value.strip()]
        if len(given) > most:
            raise Wrong(
                locale.words("These are %(count)s.", count=len(given)),
                locale.words("Use at most %(most)s.", most=most),
            )
        alone = (Typed(MappingProxyType({**typed.by_name, wanted.name: (value,)})) for value in given)
        return tuple(wanted.read(one, locale) for one in alone)

    return Field(wanted.name, read, wanted.names, wanted.is_secret)
