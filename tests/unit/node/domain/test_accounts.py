"""Names that can be handles."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from node.domain.accounts import Contact, check_name, is_named
from node.domain.errors import InvalidInput


@pytest.mark.parametrize("name", ["a", "ana", "north_shop", "4all", "x" * 30])
def test_a_plain_name_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "Ana", "ana-b", "ana.b", "ana@b", "añа", "x" * 31, "ana\n", "../x"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a handle") as refused:
        check_name(name)
    assert refused.value.field == "name"


NORTH = Contact("a", "v", "@north@shop.example", "Nördlich Räder", "i", datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize("words", ["", "nörd", "NÖRDLICH", "räder @north", "shop.example"])
def test_a_vendor_is_found_by_parts_of_its_name_and_handle(words: str) -> None:
    assert is_named(NORTH, words)


def test_every_word_has_to_be_there() -> None:
    assert not is_named(NORTH, "nörd fish")
