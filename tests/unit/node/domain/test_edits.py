"""The quick copy is the library's."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from node.domain.deals import DealState
from node.domain.edits import replace
from tests.builders import a_deal, a_proposal, a_rule

CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (a_deal(), {}),
    (a_deal(), {"state": DealState.DECLINED, "id": "first", "last_at": None}),
    (a_proposal(), {"category": "another", "sequence": 3}),
    (a_rule(), {"content": "words"}),
]


@pytest.mark.parametrize(("value", "changes"), CHANGES)
def test_the_quick_copy_is_the_librarys(value: Any, changes: dict[str, Any]) -> None:
    before = repr(value)
    copied = replace(value, **changes)
    assert copied == dataclasses.replace(value, **changes)
    assert copied is not value
    assert repr(value) == before


def test_a_copy_is_judged_as_the_first_was() -> None:
    with pytest.raises(Exception, match="0 to 100"):
        replace(a_rule(), discount_percent=a_rule().discount_percent + 101)


def test_a_member_that_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(KeyError):
        replace(a_deal(), nothing=1)  # type: ignore[call-arg]
