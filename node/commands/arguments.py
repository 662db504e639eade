"""Reading the arguments of a command: each by its name, or refused with what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from node.domain.errors import InvalidInput
from node.domain.values import CURRENCIES, Money, Quantity, parse_amount, parse_quantity, parse_time

__all__ = ["Arguments", "Say", "parse_span", "parse_when"]

Say = Callable[[str], None]

TEXT_CHARS = 20_000
_SPAN = re.compile(r"([1-9][0-9]{0,5})\s*([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
SPAN_RIGHT = "Write a number and m, h, d or w, such as 72h or 14d."
WHEN_RIGHT = "Write a date such as 2026-11-27, a time such as 2026-11-27T17:00:00Z, or a span such as 72h."


def parse_span(text: str, field: str) -> timedelta:
    """A length of time such as `72h`, `14d`, `30m`, `2w`. Raises: InvalidInput."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise InvalidInput(field, f"{text!r} is no length of time", SPAN_RIGHT)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def parse_when(text: str, field: str, now: datetime) -> datetime:
    """A time as people write it: a span from `now`, a date (its last second, UTC) or RFC 3339.

    Raises: InvalidInput.
    """
    text = text.strip()
    if _SPAN.fullmatch(text.lower()):
        return (now + parse_span(text, field)).replace(microsecond=0)
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(f"{text}T23:59:59").replace(tzinfo=UTC)
        return parse_time(text)
    except ValueError:
        raise InvalidInput(field, f"{text!r} is no time", WHEN_RIGHT) from None


class Arguments:
    """The arguments of one command, plain JSON. What is null, or an empty text, counts as left out.

    Every method raises InvalidInput that names the argument. `say` tells whoever waits how far it is.
    """

    def __init__(self, raw: Mapping[str, Any], say: Say = lambda text: None) -> None:
        self._raw = {name: value for name, value in raw.items() if value is not None and value != ""}
        self.say = say

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def only(self, known: Collection[str]) -> None:
        """No argument is there that the command does not take."""
        strange = sorted(set(self._raw) - set(known))
        if strange:
            raise InvalidInput(strange[0], "no such argument", f"Known: {', '.join(sorted(known))}.")

    def raw(self, name: str) -> Any:
        """The plain JSON as it came, None where it was left out."""
        return self._raw.get(name)

    @property
    def account(self) -> str | None:
        """Whose command it is: the account's name, None for the only one."""
        return self.maybe_text("account")

    # --- texts --------------------------------------------------------------------------------------------

    def text(self, name: str, limit: int = TEXT_CHARS) -> str:
        found = self.maybe_text(name, limit)
        if found is None:
            raise InvalidInput(name, "is missing", "Give it.")
        return found

    def maybe_text(self, name: str, limit: int = TEXT_CHARS) -> str | None:
        value = self._raw.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidInput(name, f"{value!r} is no text", "Give a text.")
        if len(value) > limit:
            raise InvalidInput(name, f"{len(value)} characters", f"Give at most {limit}.")
        return value.strip() or None

    def texts(self, name: str, limit: int = 100) -> tuple[str, ...]:
        """A list of texts; one alone counts as a list of one, none as an empty one."""
        value = self._raw.get(name, [])
        listed = value if isinstance(value, list) else [value]
        if len(listed) > limit or not all(isinstance(item, str) and item.strip() for item in listed):
            raise InvalidInput(name, "not a list of texts", f"Give at most {limit} texts.")
        return tuple(item.strip() for item in listed)

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of a closed set of words; `default` where it was left out."""
        found = self.maybe_text(name) or default
        if found not in allowed:
            wrong = "is missing" if found is None else f"{found!r} is not known"
            raise InvalidInput(name, wrong, f"One of: {', '.join(allowed)}.")
        return str(found)

    # --- structures ---------------------------------------------------------------------------------------

    def flag(self, name: str) -> bool:
        value = self._raw.get(name, False)
        if not isinstance(value, bool):
            raise InvalidInput(name, f"{value!r} is neither yes nor no", "Give true or false.")
        return value

    def whole(self, name: str, default: int | None = None, *, least: int = 0, most: int = 10**9) -> int:
        """A whole number within bounds."""
        value = self._raw.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            wrong = "is missing" if value is None else f"{value!r}"
            raise InvalidInput(name, wrong, f"Give a whole number from {least} to {most}.")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """An object of plain JSON, empty where it was left out."""
        value = self._raw.get(name, {})
        if not isinstance(value, dict):
            raise InvalidInput(name, "not an object", "Give names and values.")
        return value

    def objects(self, name: str, limit: int = 100) -> list[dict[str, Any]]:
        """A list of objects of plain JSON."""
        value = self._raw.get(name, [])
        if not isinstance(value, list) or len(value) > limit or not all(isinstance(v, dict) for v in value):
            raise InvalidInput(name, "not a list of objects", f"Give at most {limit} of them.")
        return value

    # --- values of the domain -----------------------------------------------------------------------------

    def maybe_span(self, name: str) -> timedelta | None:
        text = self.maybe_text(name)
        return None if text is None else parse_span(text, name)

    def maybe_when(self, name: str, now: datetime) -> datetime | None:
        text = self.maybe_text(name)
        return None if text is None else parse_when(text, name, now)

    def maybe_money(self, name: str, currency: str | None) -> Money | None:
        """An amount such as `289.00`, of `currency` unless it names its own: `289.00 EUR`."""
        text = self.maybe_text(name)
        if text is None:
            return None
        amount, _, stated = text.partition(" ")
        code = (stated.strip() or currency or "").upper()
        if code not in CURRENCIES:
            raise InvalidInput(name, f"{text!r} names no known currency", "Write it like 289.00 EUR.")
        try:
            return parse_amount(amount, code)
        except ValueError as error:
            raise InvalidInput(name, str(error), "Write it like 289.00.") from None

    def maybe_quantity(self, name: str) -> Quantity | None:
        """A quantity such as `1`, `2.5 kilogram`."""
        text = self.maybe_text(name)
        if text is None:
            return None
        amount, _, unit = text.partition(" ")
        try:
            return parse_quantity(amount, unit.strip() or "one")
        except ValueError as error:
            raise InvalidInput(name, str(error), "Write it like 1, or 2.5 kilogram.") from None
