"""What the people of the story want and do: Ana's wishes, a shop's stock, what is taken off the shelf."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from federation.messages import JsonObject
from node.demo.catalogue import BICYCLE, build_rows, to_csv
from node.demo.stage import Player, StageFailed
from node.domain.catalogue import parse_property

__all__ = ["amount_of", "coming_friday", "pick", "stock", "wanted"]

HEIGHT_CM = Decimal(115)


def amount_of(priced: JsonObject) -> Decimal:
    return Decimal(priced["price"]["amount"])


def coming_friday(today: date) -> date:
    """The first Friday that is at least three days off."""
    soonest = today + timedelta(days=3)
    return soonest + timedelta(days=(4 - soonest.weekday()) % 7)


def wanted(friday: date, handles: list[str], terms: Sequence[str]) -> dict[str, Any]:
    return {
        "name": "Child bicycle",
        "category": BICYCLE,
        "to": handles,
        "budget": "300 EUR",
        "until": "3d",
        "terms": list(terms),
        "due": friday.isoformat(),
        "place": {"name": "Glasgow"},
        "wishes": [
            {
                "wish": "fits a child of 115 cm",
                "weight": "must",
                "property": "bodyHeight",
                "op": "fits",
                "value": f"{HEIGHT_CM}",
                "unit": "centimetre",
            },
            {"wish": "red", "weight": "nice", "property": "color", "op": "is", "value": "red"},
            {"wish": "with gears", "weight": "nice", "property": "gears", "op": "min", "value": "3"},
        ],
    }


def pick(shop: Player) -> str:
    """What a person in the shop would take off the shelf: it fits, is there soon, red, with gears, cheap."""
    items = shop.ask("catalogue.list", search="Kid", limit=1000)["items"]
    fitting = [item for item in items if int(item["stock"]) > 0 and item["lead_days"] <= 2 and _fits(item)]
    if not fitting:
        raise StageFailed(f"no bicycle that {shop.name} sells fits")
    return str(min(fitting, key=lambda item: (_miss(item), amount_of(item)))["sku"])


def _fits(item: JsonObject) -> bool:
    height = parse_property(item["properties"].get("bodyHeight", ""))
    return height.low is not None and height.high is not None and height.low <= HEIGHT_CM <= height.high


def _miss(item: JsonObject) -> int:
    properties = item["properties"]
    is_red, has_gears = properties.get("color") == "red", int(properties.get("gears", "1")) >= 3
    return int(not is_red) + int(not has_gears)


def stock(shop: Player) -> str:
    """Import a shop's catalogue; North's person lets a rule answer from then on. What was done, in words.

    Raises: StageFailed where the table is not taken as it is.
    """
    began = time.monotonic()
    done = shop.ask("catalogue.import", csv=to_csv(build_rows(shop.name)))
    if done["problem_count"]:
        raise StageFailed(
            f"{shop.name}'s catalogue has {done['problem_count']} problems: {done['problems'][0]}"
        )
    words = f"{done['items']:,} items imported in {time.monotonic() - began:.1f} s"
    if shop.name != "north":
        return f"{words}, answers by hand"
    rule = {"name": "Bicycles at once", "category": BICYCLE, "most": "3", "place": {"name": "Glasgow"}}
    shop.ask("rules.add", fields=["name", "addresses"], **rule)
    return f"{words}, answers by rule"
