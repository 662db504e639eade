"""One strict way from a posted form to typed values: each field by name, refused with what would be right.

    body → parse_urlencoded → Typed → Form.read → Filled: values by field, or errors and what was typed

A screen names its fields once (`NAME = text("name")`, `ADD = Form(NAME)`), reads `filled[NAME]` as the type
that the field has, and shows the same `Filled` again where something was wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from node.domain.errors import InvalidInput, Refusal
from node.web.fields import Field, Typed, Wrong
from node.web.i18n import Locale
from node.web.sayings import wrong_of

__all__ = [
    "FORM_BYTES",
    "MOST_FIELDS",
    "TOKEN_FIELD",
    "BadForm",
    "Filled",
    "Form",
    "FormRefused",
    "parse_urlencoded",
]

T = TypeVar("T")

FORM_BYTES = 256 * 1024
MOST_FIELDS = 500
TOKEN_FIELD = "form_token"  # noqa: S105 - its name
"""The hidden field of every form, by which a form of ours is known where the browser does not say."""

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class BadForm(Exception):
    """No browser sends this for a form of ours: bad escapes, no UTF-8, unknown or too many fields."""


def parse_urlencoded(body: bytes) -> Typed:
    """Read `application/x-www-form-urlencoded`, strictly; line ends become `\\n`.

    Raises: BadForm.
    Spec:   WHATWG URL §5.1.
    """
    if not body:
        return Typed({})
    try:
        text = body.decode("ascii")
        if _BAD_ESCAPE.search(text):
            raise BadForm("an escape is no byte")
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:  # UnicodeDecodeError is one
        raise BadForm("this is no form") from None
    return Typed.of(pairs)


class FormRefused(Exception):
    """A form cannot be used as it was typed; the screen shows it again, answered 422."""

    def __init__(self, filled: Filled) -> None:
        super().__init__(", ".join(filled.errors) or "the form")
        self.filled = filled


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in: values where all is well, else errors beside what was typed.

    Templates ask `value`, `chosen` and `error` by a field's name; secrets are never shown again. `trouble` is
    what is wrong with the form as a whole.
    """

    form: Form
    typed: Typed
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    errors: Mapping[str, Wrong] = field(default_factory=lambda: MappingProxyType({}))
    trouble: Wrong | None = None

    def __getitem__(self, wanted: Field[T]) -> T:
        """The value of a field. Raises: KeyError before the form was read, or for a field of another form."""
        value: T = self.values[wanted.name]
        return value

    def value(self, name: str) -> str:
        """What was typed, "" for nothing and for a secret."""
        return "" if name in self.form.secrets else self.typed.first(name)

    def chosen(self, name: str, value: str = "on") -> bool:
        """Whether a box or an option is to be shown as chosen."""
        return value in self.typed.all(name)

    def error(self, name: str) -> Wrong | None:
        """What is wrong with a field, and what would be right."""
        return self.errors.get(name)

    @property
    def is_refused(self) -> bool:
        return bool(self.errors) or self.trouble is not None

    def refused(self, name: str, wrong: str, right: str) -> FormRefused:
        """The same form with an error at a field, or over all of it where it has no such field."""
        trouble = Wrong(wrong, right)
        if name in self.form.names:
            return FormRefused(replace(self, errors=MappingProxyType({**self.errors, name: trouble})))
        return FormRefused(replace(self, trouble=trouble))

    def refused_by(self, error: InvalidInput | Refusal, locale: Locale) -> FormRefused:
        """The same for what a use case refused, in the reader's words."""
        told = wrong_of(error, locale)
        return self.refused(getattr(error, "field", ""), told.wrong, told.right)


class Form:
    """The fields of one form, in the order in which their errors are told."""

    def __init__(self, *fields: Field[Any]) -> None:
        self.fields = fields
        self.names = frozenset(name for one in fields for name in one.names)
        self.secrets = frozenset(name for one in fields if one.is_secret for name in one.names)

    def blank(self, shown: Mapping[str, str | Sequence[str]] | None = None) -> Filled:
        """The form before anybody typed; `shown` is what stands in it."""
        return Filled(self, Typed.of(_pairs(shown or {})))

    def read(self, typed: Typed, locale: Locale) -> Filled:
        """Read every field, so that all errors are told at once.

        Raises: BadForm for fields that this form does not have; FormRefused.
        """
        strange = set(typed) - self.names - {TOKEN_FIELD}
        if strange:
            raise BadForm(f"there is no field {min(strange)[:50]!r}")
        values: dict[str, Any] = {}
        errors: dict[str, Wrong] = {}
        for one in self.fields:
            try:
                values[one.name] = one.read(typed, locale)
            except Wrong as error:
                errors[one.name] = error
        filled = Filled(self, typed, MappingProxyType(values), MappingProxyType(errors))
        if errors:
            raise FormRefused(filled)
        return filled


def _pairs(shown: Mapping[str, str | Sequence[str]]) -> Iterator[tuple[str, str]]:
    for name, values in shown.items():
        for value in [values] if isinstance(values, str) else values:
            yield name, value
