"""A text whose values stand apart reads in English as it always did."""

from __future__ import annotations

from decimal import Decimal

import pytest

from node.domain.sayings import Said, said, said_by
from node.domain.values import Quantity, parse_amount


def test_what_is_said_is_an_english_text_with_its_values_apart() -> None:
    text = said("%(n)s of %(item)s left", n=Decimal("1E+2"), item="Milk")
    assert text == "100 of Milk left"
    assert (text.template, dict(text.values)) == (
        "%(n)s of %(item)s left",
        {"n": Decimal(100), "item": "Milk"},
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (("a", "b"), "a, b"),
        (Quantity(Decimal(2), "litre"), "2 litre"),
        (OSError("nobody answers"), "nobody answers"),
        (7, "7"),
    ],
)
def test_a_value_reads_as_itself(value: object, shown: str) -> None:
    assert said("%(it)s", it=value) == shown


def test_without_values_a_text_stays_as_it_is() -> None:
    assert said("100 % of it") == "100 % of it"


def test_what_an_error_says_keeps_its_values_apart() -> None:
    with pytest.raises(ValueError, match=r"'x' is not a plain decimal") as refused:
        parse_amount("x", "EUR")
    text = said_by(refused.value)
    assert isinstance(text, Said)
    assert text.values["text"] == "x"
    assert str(refused.value) == text
    assert said_by(OSError(2, "No such file")) == "[Errno 2] No such file"
    assert said_by(ValueError()) == ""
