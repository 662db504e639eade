"""Names that can be handles."""

from __future__ import annotations

import pytest

from node.domain.accounts import check_name
from node.domain.errors import InvalidInput


@pytest.mark.parametrize("name", ["a", "ana", "north_shop", "4all", "x" * 30])
def test_a_plain_name_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "Ana", "ana-b", "ana.b", "ana@b", "añа", "x" * 31, "ana\n", "../x"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a handle") as refused:
        check_name(name)
    assert refused.value.field == "name"
