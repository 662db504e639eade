"""What people write for a category or a place."""

from __future__ import annotations

from typing import Any

import pytest

from node.commands.places import read_place
from node.commands.references import category_of
from node.domain.errors import InvalidInput
from node.domain.intents import Place


@pytest.mark.parametrize(
    "text",
    [
        "Q11442",
        "https://www.wikidata.org/wiki/Q11442",
        "http://www.wikidata.org/wiki/Q11442",
        "http://www.wikidata.org/entity/Q11442",
    ],
)
def test_category_has_one_spelling(text: str) -> None:
    assert category_of(text) == "https://www.wikidata.org/wiki/Q11442"


@pytest.mark.parametrize(
    "text", ["bicycle", "Q0", "q11442", "https://wikidata.example/wiki/Q11442", "Q1 ", ""]
)
def test_what_is_no_wikidata_item_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as found:
        category_of(text)
    assert found.value.field == "category"


def test_no_place_is_none() -> None:
    assert read_place({}) is None


def test_place_by_name_has_no_units() -> None:
    assert read_place({"name": "Glasgow"}) == Place(name="Glasgow")


def test_place_by_coordinates_counts_its_radius_in_kilometres() -> None:
    assert read_place({"latitude": 55, "longitude": -4.25, "radius": 10}) == Place(
        latitude=55.0, longitude=-4.25, radius=10.0, units="km"
    )


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"latitude": 55.0}, "place"),
        ({"latitude": -91, "longitude": 0}, "place.latitude"),
        ({"latitude": 0, "longitude": True}, "place.longitude"),
        ({"name": "x", "radius": "10"}, "place.radius"),
        ({"name": "x", "radius": float("nan")}, "place.radius"),
        ({"name": "x", "radius": 1, "units": "leagues"}, "units"),
        ({"name": "x" * 300}, "name"),
        ({"city": "x"}, "city"),
    ],
)
def test_bad_place_is_refused(raw: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as found:
        read_place(raw)
    assert found.value.field == field
