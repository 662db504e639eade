"""Texts for an owner whose values stand apart, so that whoever shows them can say them in another language.

The domain says what is wrong once, in English, as the command line prints it. Pages find the template in
a catalogue and put the values in as their reader writes them. A constant text needs none of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

__all__ = ["Said", "said", "said_by"]


class Said(str):
    """The English text; `template` is what is translated, `values` what is put into it, by name."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]


def said(template: str, /, **values: object) -> Said:
    """A text made of a constant template and its values.

    Shapes: placeholders in the manner of `%(name)s`; without values the template stays as it is. A tuple is a
            list of things, an error is told in words, everything else as `str` has it.
    """
    text = template % {name: _plain(value) for name, value in values.items()} if values else template
    made = Said(text)
    made.template, made.values = template, values
    return made


def said_by(error: Exception) -> str:
    """What an error says, with its values still apart where it was raised so."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, Said) else str(error)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return ", ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
