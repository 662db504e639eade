"""Categories and measures by the words that people type."""

from __future__ import annotations

import pytest

from node.domain.intents import Weight, Wish
from node.domain.values import is_category
from node.web.categories import CATEGORIES, category_name, find_category, labels, near_to
from node.web.i18n import locale_for
from node.web.measures import OPS, PROPERTIES, find_property, measure_words, property_name

EN, DE = locale_for("en"), locale_for("de")
BICYCLE = "https://www.wikidata.org/wiki/Q11442"


def test_each_category_stands_once_and_is_found_by_each_of_its_words() -> None:
    assert len({category.item for category in CATEGORIES}) == len(CATEGORIES)
    spoken: dict[str, str] = {}
    for category in CATEGORIES:
        assert is_category(category.iri)
        for word in category.words:
            assert spoken.setdefault(word.casefold(), category.item) == category.item, word
            assert find_category(f"  {word.upper()} ") == category.iri


@pytest.mark.parametrize(
    "typed", ["bicycle", "Fahrrad", "BIKE", "Q11442", BICYCLE, "  q11442 ".strip().upper()]
)
def test_category_is_found_by_label_in_any_language_item_or_address(typed: str) -> None:
    assert find_category(typed) == BICYCLE


@pytest.mark.parametrize("typed", ["", "flying carpet", "Q", "Q0", "javascript:alert(1)"])
def test_what_is_no_category_is_none(typed: str) -> None:
    assert find_category(typed) is None


def test_category_is_called_in_the_readers_language_and_by_its_item_where_it_has_no_label() -> None:
    assert (category_name(BICYCLE, EN), category_name(BICYCLE, DE)) == ("Bicycle", "Fahrrad")
    assert category_name("https://www.wikidata.org/wiki/Q999999", DE) == "Q999999"


def test_near_labels_are_offered_for_what_was_typed_wrongly() -> None:
    assert near_to("bycicle", EN) == ("Bicycle",)
    assert near_to("child bicycle red", DE)[0] == "Fahrrad"
    assert set(near_to("wash", EN)) == {"Washing machine", "Dishwasher"}
    assert near_to("xq", EN) == ()


def test_list_begins_with_the_labels_and_ends_with_items_that_were_used_before() -> None:
    unknown = "https://www.wikidata.org/wiki/Q999999"
    listed = labels(DE, [BICYCLE, unknown])
    assert list(listed[:-1]) == sorted(listed[:-1], key=str.casefold)
    assert (len(listed), listed[-1]) == (len(CATEGORIES) + 1, "Q999999")


@pytest.mark.parametrize(
    ("typed", "prop"),
    [
        ("body height", "bodyHeight"),
        ("BodyHeight", "bodyHeight"),
        ("Körpergröße", "bodyHeight"),
        ("Seat  height", "seatHeight"),
        ("wheelSize", "wheelSize"),
        ("9 lives", None),
        ("Größe über alles", None),
        ("", None),
    ],
)
def test_property_is_found_by_its_label_or_made_of_plain_words(typed: str, prop: str | None) -> None:
    assert find_property(typed, DE) == prop


def test_measured_half_of_a_wish_is_said_in_words() -> None:
    wish = Wish("w1", "fits", Weight.MUST, "bodyHeight", "fits", "115", "centimetre")
    assert measure_words(wish, EN) == "body height has a range that fits 115 centimetres"
    assert measure_words(Wish("w1", "red", Weight.NICE), EN) == ""
    bare = Wish("w2", "x", Weight.NICE, "seatHeight", "near", "3")
    assert measure_words(bare, EN) == "seatHeight near 3"
    assert property_name("seatHeight", DE) == "seatHeight"
    assert set(OPS) == {"is", "min", "max", "fits"}
    assert all(find_property(words, EN) == prop for prop, words in PROPERTIES.items())
