"""Shelves for the demo's shops: a thousand things and more, the same ones at every run.

Nothing here is tuned to the story: who offers what follows from these tables and the vendors' rules.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["BICYCLE", "COLUMNS", "RANGES", "Line", "Shelf", "build_rows", "to_csv"]

SEED = 2026
BICYCLE = "https://www.wikidata.org/wiki/Q11442"
COLUMNS = (
    *("sku", "name", "category", "price", "currency", "stock", "lead_days", "delivery", "brand", "condition"),
    *("prop.bodyHeight", "prop.wheel", "prop.gears", "prop.color", "prop.material"),
)
COLOURS = ("red", "blue", "green", "yellow", "black", "white", "orange", "silver")
MATERIALS = ("wood", "steel", "aluminium", "cotton", "wool", "leather", "glass", "porcelain")
Row = dict[str, str]
Properties = Callable[[random.Random], Row]


def _plain(dice: random.Random) -> Row:
    return {"prop.color": dice.choice(COLOURS), "prop.material": dice.choice(MATERIALS)}


def _child_bicycle(dice: random.Random) -> Row:
    """Wheels come in inches; how tall a child they fit follows from them."""
    wheel = dice.choice((12, 14, 16, 18, 20, 24))
    low = wheel * 5 + dice.choice((0, 5))
    return {
        "prop.wheel": f"{wheel} inch",
        "prop.bodyHeight": f"{low}..{low + 20} centimetre",
        "prop.gears": str(dice.choice((1, 1, 3, 6, 7))),
        "prop.color": dice.choice(COLOURS),
    }


def _bicycle(dice: random.Random) -> Row:
    low = dice.randrange(150, 180, 5)
    return {
        "prop.wheel": "28 inch",
        "prop.bodyHeight": f"{low}..{low + 20} centimetre",
        "prop.gears": str(dice.choice((7, 8, 11, 24))),
        "prop.color": dice.choice(COLOURS),
    }


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of thing. Units: `price` is a range in whole EUR; `delivery` EUR, "" for none."""

    noun: str
    category: str
    price: tuple[int, int]
    delivery: str = "4.90"
    properties: Properties = field(default=_plain)


def _line(noun: str, item: str, low: int, high: int) -> Line:
    return Line(noun, f"https://www.wikidata.org/wiki/{item}", (low, high))


BICYCLES = (
    Line("Kid", BICYCLE, (219, 319), "10.00", _child_bicycle),
    Line("Tour", BICYCLE, (499, 1999), "25.00", _bicycle),
    Line("City", BICYCLE, (399, 1299), "25.00", _bicycle),
)
TOYS = (
    _line("doll", "Q168658", 9, 79),
    _line("ball", "Q18545", 4, 39),
    _line("toy", "Q11422", 5, 89),
    _line("book", "Q571", 6, 45),
)
HOUSEHOLD = (
    _line("chair", "Q15026", 39, 349),
    _line("towel", "Q131696", 7, 39),
    _line("plate", "Q57216", 5, 49),
    _line("vase", "Q191851", 12, 129),
    _line("teapot", "Q245005", 15, 119),
    _line("hammer", "Q25294", 9, 59),
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one shop sells: how many things, from which lines, under which brands."""

    count: int
    lines: tuple[Line, ...]
    brands: tuple[str, ...]


RANGES: Mapping[str, Shelf] = {
    "north": Shelf(1200, (*BICYCLES, *HOUSEHOLD), ("Norrland", "Polar", "Birk")),
    "south": Shelf(1100, (*BICYCLES, *TOYS), ("Sur", "Solano", "Marisol")),
    "west": Shelf(1000, (*TOYS, *HOUSEHOLD), ("Westwind", "Sundown")),
}
"""Shelves by the name of the vendor; west sells no bicycles."""


def build_rows(vendor: str, *, seed: int = SEED) -> Iterator[Row]:
    """The rows of a vendor's table; the same for the same seed. Raises: KeyError for an unknown vendor."""
    shelf = RANGES[vendor]
    dice = random.Random(f"{seed}:{vendor}")  # noqa: S311 (goods, not secrets)
    for number in range(1, shelf.count + 1):
        line, brand = dice.choice(shelf.lines), dice.choice(shelf.brands)
        yield {
            "sku": f"{vendor[0].upper()}{number:04d}",
            "name": f"{brand} {line.noun} {dice.randrange(100, 1000)}",
            "category": line.category,
            "price": f"{dice.randint(*line.price)}.{dice.choice(('00', '00', '50', '90'))}",
            "currency": "EUR",
            "stock": str(dice.choice((0, 1, 2, 3, 5, 8, 13))),
            "lead_days": str(dice.choice((1, 1, 2, 3, 7))),
            "delivery": line.delivery,
            "brand": brand,
            "condition": "new",
            **line.properties(dice),
        }


def to_csv(rows: Iterator[Row]) -> str:
    """Rows as the table that `obverse catalogue import` reads."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
