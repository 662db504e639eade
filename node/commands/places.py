"""Places as commands take them."""

from __future__ import annotations

from typing import Any

from node.commands.arguments import Arguments
from node.domain.errors import InvalidInput
from node.domain.intents import Place

__all__ = ["read_place"]


def read_place(raw: dict[str, Any]) -> Place | None:
    """A place by name, or by latitude and longitude with a radius. Raises: InvalidInput."""
    if not raw:
        return None
    place = Arguments(raw)
    place.only(("name", "latitude", "longitude", "radius", "units"))
    numbers = {
        name: _number(raw.get(name), f"place.{name}", low, high)
        for name, low, high in (("latitude", -90, 90), ("longitude", -180, 180), ("radius", 0, 50_000_000))
    }
    if (numbers["latitude"] is None) != (numbers["longitude"] is None):
        raise InvalidInput("place", "latitude without longitude, or the reverse", "Give both.")
    units = place.choice("units", ("km", "m", "miles"), "km") if numbers["radius"] is not None else None
    return Place(name=place.maybe_text("name", 200), units=units, **numbers)


def _number(value: Any, name: str, low: float, high: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidInput(name, f"{value!r}", f"Give a number from {low} to {high}.")
    return float(value)
