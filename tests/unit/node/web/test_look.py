"""The design system: legible in light and dark by reckoning, colours in one place, each class has a rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from node.domain.accounts import AccountKind
from node.web.i18n import locale_for
from node.web.rendering import Frame, render
from node.web.specimens import specimens
from node.web.static import STATIC_DIR
from node.web.templating import TEMPLATE_DIR

TOKENS = (STATIC_DIR / "tokens.css").read_text(encoding="utf-8")
SHEET = (STATIC_DIR / "obverse.css").read_text(encoding="utf-8")
SCRIPT = (STATIC_DIR / "obverse.js").read_text(encoding="utf-8")
PAIRS: dict[str, str] = dict(
    re.findall(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\);", TOKENS)
)
PLAIN = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", TOKENS))
PARTS = ("words", "deals")
THEMES = ("light", "dark")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

GROUNDS = ("paper", "card", "raised", "sunken")
TEXTS = ("ink", "quiet", "accent", "accent-strong", "good", "warn", "bad", "info")


def colour(name: str, theme: str) -> str:
    return PAIRS[name].split(", ")[THEMES.index(theme)]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def on_grounds() -> Iterator[tuple[str, str, float]]:
    yield from ((text, ground, 4.5) for text, ground in product(TEXTS, GROUNDS))
    yield from ((kind, f"{kind}-soft", 4.5) for kind in ("accent", "good", "warn", "bad", "info"))
    yield from (("ink", f"{kind}-soft", 4.5) for kind in ("accent", "good", "warn", "bad", "info"))
    yield from (("accent", f"{kind}-soft", 4.5) for kind in ("good", "warn", "bad", "info"))
    yield from (("on-accent", ground, 4.5) for ground in ("accent", "accent-strong"))
    yield from (("edge", ground, 3.0) for ground in GROUNDS)
    yield from ((f"series-{n}", "card", 3.0) for n in range(1, 6))


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_stands_out_from_its_ground(theme: str) -> None:
    weak = [
        f"{text} on {ground}: {reached:.2f}"
        for text, ground, least in on_grounds()
        if (reached := contrast(colour(text, theme), colour(ground, theme))) < least
    ]
    assert weak == []


def test_reckoning_agrees_with_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_browser_too_old_for_pairs_gets_the_light_one_of_each() -> None:
    assert {name: pair.split(", ")[0] for name, pair in PAIRS.items()} == PLAIN


def test_only_the_tokens_name_colours() -> None:
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsl\(", SHEET) == []


def test_every_token_that_is_used_is_defined() -> None:
    defined = set(re.findall(r"^\s*--([a-z0-9-]+):", TOKENS + SHEET, re.MULTILINE))
    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", SHEET)) <= defined


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_class_of_the_style_guide_has_a_rule(language: str, part: str) -> None:
    html = styleguide(part, language)
    used = {name for found in re.findall(r'class="([^"]+)"', html) for name in found.split()}
    unruled = {name for name in used if not re.search(rf"\.{name}\b", SHEET + SCRIPT)}
    assert unruled - {"differs", "same", "coming", "person"} == set()
    assert " style=" not in html


@pytest.mark.parametrize("part", PARTS)
def test_every_id_of_the_style_guide_is_there_once_and_those_named_are_there(part: str) -> None:
    html = styleguide(part)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert sorted({name for name in ids if ids.count(name) > 1}) == []
    named = re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"|\bfor="([^"]+)"', html)
    assert {name for pair in named for some in pair for name in some.split()} <= set(ids)


def test_every_macro_is_shown_in_the_style_guide() -> None:
    guide = (TEMPLATE_DIR / "styleguide.html").read_text(encoding="utf-8")
    frame = (TEMPLATE_DIR / "my.html").read_text(encoding="utf-8")
    parts = ("charts", "deals", "forms", "icons", "lists", "nav", "notes")
    elsewhere = {"act", "hidden", "rail", "who_mark", "verdict", "stage_bar"}
    missing = [
        f"{part}: {macro}"
        for part in parts
        for macro in re.findall(r"{% macro ([a-z]\w*)\(", (TEMPLATE_DIR / f"parts/{part}.html").read_text())
        if macro not in elsewhere and f"{macro}(" not in guide + frame
    ]
    assert missing == []


def styleguide(part: str, language: str = "en") -> str:
    account: Any = SimpleNamespace(kind=AccountKind.PERSON)  # all that the frame looks at
    frame = Frame(
        host="ana.example",
        path="/my/styleguide",
        locale=locale_for(language),
        now=NOW,
        token="t",
        account=account,
    )
    return render("styleguide.html", frame, NOW, specimens(part, NOW))
