"""The code of a public page: what a phone reads in it, and what a strict policy has to allow for it."""

from __future__ import annotations

import re

import pytest
import segno

from node.web.pages import CONTENT_SECURITY_POLICY
from node.web.qr import draw_code

PAGE = "https://south.example/@south"
RUN = re.compile(rb"([Mmh])(-?[0-9.]+)(?: (-?[0-9.]+))?")


def dark_cells(drawing: bytes) -> set[tuple[int, int]]:
    """The dark squares of a drawing, as a browser would paint its strokes."""
    strokes = re.findall(rb'stroke="#000" d="([^"]+)"', drawing)
    assert len(strokes) == 1
    x = y = 0.0
    cells: set[tuple[int, int]] = set()
    for kind, first, second in RUN.findall(strokes[0]):
        if kind == b"M":
            x, y = float(first), float(second)
        elif kind == b"m":
            x, y = x + float(first), y + float(second)
        else:
            cells |= {(int(x) + n, int(y)) for n in range(int(first))}
            x += float(first)
    return cells


def test_code_holds_the_address_and_a_quiet_zone_around_it() -> None:
    matrix = segno.make_qr(PAGE, error="m").matrix
    dark = {(x + 4, y + 4) for y, row in enumerate(matrix) for x, cell in enumerate(row) if cell & 1}
    assert dark_cells(draw_code(PAGE)) == dark
    size = len(matrix) + 8
    assert f'viewBox="0 0 {size} {size}"'.encode() in draw_code(PAGE)


def test_code_is_dark_on_white_whatever_the_page_is() -> None:
    assert b'fill="#fff"' in draw_code(PAGE)


def test_drawing_needs_no_style_and_no_script() -> None:
    drawing = draw_code(PAGE)
    for forbidden in (b"style", b"class", b"<script", b"on", b"href"):
        assert forbidden not in drawing.replace(b'version="1.0" encoding="utf-8"', b"")
    assert "unsafe-inline" not in CONTENT_SECURITY_POLICY
    assert "img-src 'self'" in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("length", [20, 300])
def test_longest_name_of_a_node_still_has_a_code(length: int) -> None:
    assert draw_code(f"https://{'x' * length}.example/@{'n' * 30}").startswith(b"<?xml")
