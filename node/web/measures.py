"""What a wish can be measured by: properties with labels, and how a value is compared."""

from __future__ import annotations

import re

from node.domain.intents import Wish
from node.domain.values import UNITS
from node.web import names
from node.web.i18n import N_, Locale

__all__ = ["OPS", "PROPERTIES", "find_property", "measure_words", "property_name"]

# Note: properties of goods, as catalogues name them.
PROPERTIES: dict[str, str] = {
    "bodyHeight": N_("body height"),
    "brand": N_("brand"),
    "capacity": N_("capacity"),
    "colour": N_("colour"),
    "depth": N_("depth"),
    "gears": N_("gears"),
    "height": N_("height"),
    "length": N_("length"),
    "material": N_("material"),
    "memory": N_("memory"),
    "power": N_("power"),
    "screenSize": N_("screen size"),
    "shoeSize": N_("shoe size"),
    "size": N_("size"),
    "speed": N_("speed"),
    "storage": N_("storage"),
    "weight": N_("weight"),
    "wheelSize": N_("wheel size"),
    "width": N_("width"),
}
OPS: dict[str, str] = {
    "is": N_("is exactly"),
    "min": N_("is at least"),
    "max": N_("is at most"),
    "fits": N_("has a range that fits"),
}
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,39}", re.ASCII)


def property_name(prop: str, locale: Locale) -> str:
    """What a property is called; its own name where it is not in the list."""
    return names.named(PROPERTIES, prop, locale)


def find_property(text: str, locale: Locale) -> str | None:
    """A property by its label or name; words in Latin letters become a name (`seat height`: seatHeight)."""
    typed = " ".join(text.split())
    for prop, words in PROPERTIES.items():
        if typed.casefold() in (prop.casefold(), words.casefold(), locale.words(words).casefold()):
            return prop
    first, *others = typed.split() or [""]
    name = first[:1].lower() + first[1:] + "".join(word[:1].upper() + word[1:] for word in others)
    return name if _NAME.fullmatch(name) else None


def measure_words(wish: Wish, locale: Locale) -> str:
    """The measured half of a wish in words, "" where it has none."""
    if not wish.is_structured:
        return ""
    unit = wish.unit or ""
    named_unit = names.named(names.UNITS, unit, locale) if unit in UNITS and unit != "one" else ""
    value = f"{wish.value} {named_unit}".strip()
    op = names.named(OPS, wish.op or "", locale)
    return f"{property_name(wish.prop or '', locale)} {op} {value}"
