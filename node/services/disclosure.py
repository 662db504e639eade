"""What a customer lets the winner know: a JSContact Card of the fields that she ticked, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from node.domain.errors import InvalidInput
from node.domain.offers import FieldAsked
from node.domain.sayings import said

__all__ = ["FIELDS", "disclose", "read_card"]

FIELDS = (
    *("name", "nicknames", "addresses", "phones", "emails", "onlineServices", "organizations", "titles"),
    "notes",
)
"""JSContact (RFC 9553) properties that can be asked for and given."""


def disclose(asked: tuple[FieldAsked, ...], given: Mapping[str, str]) -> str | None:
    """The card as JSON text, None where nothing is given.

    Raises: InvalidInput for a field that was not asked for: it would tell more than is needed.
    """
    wanted = [field.attribute for field in asked]
    for name, value in given.items():
        if name not in wanted:
            right = (
                said("Asked for: %(fields)s.", fields=tuple(wanted)) if wanted else "It asked for nothing."
            )
            raise InvalidInput("disclose", said("the vendor did not ask for '%(name)s'", name=name), right)
        if not value.strip():
            wrong = said("%(name)s is empty", name=name)
            raise InvalidInput("disclose", wrong, "Write the value, or leave the field out.")
    if not given:
        return None
    card: dict[str, Any] = {"@type": "Card", "version": "1.0"}
    for name, value in given.items():
        card[name] = _property(name, value.strip())
    return json.dumps(card, ensure_ascii=False, separators=(",", ":"))


def _property(name: str, value: str) -> dict[str, Any]:
    match name:
        case "name":
            return {"full": value}
        case "nicknames":
            return {"nickname": {"name": value}}
        case "addresses":
            return {"home": {"full": value, "contexts": {"private": True}}}
        case "phones":
            return {"phone": {"number": value, "contexts": {"private": True}}}
        case "emails":
            return {"email": {"address": value, "contexts": {"private": True}}}
        case "onlineServices":
            return {"service": {"user": value}}
        case "organizations":
            return {"organization": {"name": value}}
        case "titles":
            return {"title": {"name": value}}
        case "notes":
            return {"note": {"note": value}}
        case _:
            raise InvalidInput(
                "disclose",
                said("'%(name)s' is no field that we know", name=name),
                said("Known: %(fields)s.", fields=tuple(FIELDS)),
            )


_VALUES = ("full", "nickname", "number", "address", "user", "name", "title", "note")


def read_card(card: str | None) -> tuple[tuple[str, str], ...]:
    """What a card says, field by field, in the order of `FIELDS`; what is not of our making is left out."""
    try:
        found = json.loads(card) if card else None
    except ValueError:
        return ()
    if not isinstance(found, dict):
        return ()
    said = ((name, _value(found.get(name))) for name in FIELDS)
    return tuple((name, value) for name, value in said if value)


def _value(held: object) -> str:
    """The value in a property, or in the one entry of a property that has many."""
    if not isinstance(held, dict):
        return ""
    direct = next((held[key] for key in _VALUES if isinstance(held.get(key), str)), "")
    inner = (entry for entry in held.values() if isinstance(entry, dict))
    return direct or next((value for entry in inner if (value := _value(entry))), "")
