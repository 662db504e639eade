"""Initials that stand for a name."""

from __future__ import annotations

import pytest

from node.web.marks import initials


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("North Bicycles", "NB"),
        ("South Wheels and Toys", "ST"),
        ("ana", "A"),
        ("“Quotes” & 4 wheels", "QW"),
        ("ß", "SS"),
        ("ßig straße", "SS"),
        ("東京 自転車", "東自"),
        ("  ", "·"),
        ("🚲", "·"),
        ("\u202e", "·"),
    ],
)
def test_name_gives_its_initials(name: str, mark: str) -> None:
    assert initials(name) == mark
