"""What every template may rely on: words in the reader's language, and text that shows what hides in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from markupsafe import Markup

from node.domain.values import Money, Quantity
from node.web.i18n import locale_for
from node.web.templating import Reader, is_web_address, make_environment, spoken
from node.web.unseen import hides_something, show_unseen, show_unseen_in_prose

NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
RLO, ZWSP, ZWJ, ZWNJ, RLM, FSI, PDI = "\u202e", "\u200b", "\u200d", "\u200c", "\u200f", "\u2068", "\u2069"


def said(tmp_path: Path, template: str, tag: str = "en", **values: object) -> str:
    (tmp_path / "page.html").write_text(template, encoding="utf-8")
    page = make_environment(tmp_path).get_template("page.html")
    return page.render(spoken(Reader(locale_for(tag), NOW)), **values)


def test_macro_that_is_imported_speaks_its_readers_language(tmp_path: Path) -> None:
    (tmp_path / "part.html").write_text(
        '{% macro now() %}{{ _("just now") }}{% endmacro %}', encoding="utf-8"
    )
    template = (
        '{% from "part.html" import now %}{% import "part.html" as part %}{{ now() }}, {{ part.now() }}'
    )
    assert said(tmp_path, template, "de") == "gerade eben, gerade eben"
    assert said(tmp_path, template, "en") == "just now, just now"


def test_values_in_a_text_are_escaped_and_the_texts_own_markup_is_not(tmp_path: Path) -> None:
    template = "{% trans name=name %}Ask <b>{{ name }}</b> for 5 %{% endtrans %}"
    assert said(tmp_path, template, name="<i>Eve</i>") == "Ask <b>&lt;i&gt;Eve&lt;/i&gt;</b> for 5 %"
    assert said(tmp_path, '{{ _("Ask %(name)s", name=name) }}', name="<i>") == "Ask &lt;i&gt;"


def test_text_from_outside_is_no_markup_even_where_it_is_translated(tmp_path: Path) -> None:
    assert said(tmp_path, "{{ _(word) }}", word="<script>") == "&lt;script&gt;"
    assert said(tmp_path, "{{ _(word) }}", word="100 %s") == "100 %s"


def test_number_chooses_its_form(tmp_path: Path) -> None:
    template = '{{ ngettext("%(num)s <b>offer</b>", "%(num)s <b>offers</b>", n) }}'
    assert said(tmp_path, template, n=1) == "1 <b>offer</b>"
    assert said(tmp_path, template, n=3) == "3 <b>offers</b>"
    assert said(tmp_path, '{{ pgettext("button", "Open") }}') == "Open"
    assert said(tmp_path, '{{ npgettext("a", "%(num)s day", "%(num)s days", 2) }}') == "2 days"


def test_filters_write_as_the_reader_does(tmp_path: Path) -> None:
    template = (
        '{{ m|money }} {{ d|unit_price("EUR") }} {{ d|number }} {{ q|quantity }} {{ 2000|size }}'
        ' {{ d|percent }} {{ ["a", "b"]|listed }} {{ at|day }} {{ at|clock }} {{ at|moment }}'
        " {{ at|relative }} {{ l|duration }} {{ at|stamp }} {{ m|amount_input }}"
    )
    shown = said(
        tmp_path,
        template,
        "de",
        m=Money(135, "EUR"),
        d=Decimal("0.5"),
        q=Quantity(Decimal(2), "litre"),
        at=NOW + timedelta(minutes=5),
        l=timedelta(hours=2),
    )
    assert shown.replace("\xa0", " ") == (
        "1,35 € 0,50 € 0,5 2 Liter 2 kB 50 % a und b 22. November 2026 14:10 22. November 2026, 14:10 UTC"
        " in 5 Minuten 2 Stunden 2026-11-22T14:10:00Z 1.35"
    )
    assert said(tmp_path, "{{ at|when }}", at=NOW) == (
        '<time datetime="2026-11-22T14:05:00Z" title="22 November 2026, 14:05 UTC">just now</time>'
    )


# --- what hides ------------------------------------------------------------------------------------------


def test_what_hides_in_a_text_is_shown_wherever_it_is_put(tmp_path: Path) -> None:
    name = f"Nor{ZWSP}th{RLO}"
    assert said(tmp_path, '<p title="{{ n }}">{{ n }}</p>', n=name) == (
        '<p title="Nor[U+200B]th[U+202E]">Nor[U+200B]th[U+202E]</p>'
    )
    assert said(tmp_path, "{% trans n=n %}By {{ n }}{% endtrans %}", n=name) == "By Nor[U+200B]th[U+202E]"
    assert said(tmp_path, '{{ _("By %(n)s", n=n) }}', n=name) == "By Nor[U+200B]th[U+202E]"


def test_what_was_typed_and_what_was_cleaned_stay_as_they_are(tmp_path: Path) -> None:
    assert said(tmp_path, '<input value="{{ n|typed }}">', n=f'a{ZWSP}"') == f'<input value="a{ZWSP}&#34;">'
    assert said(tmp_path, "{{ n }}", n=Markup(f"<b>{RLM}</b>")) == f"<b>{RLM}</b>"
    assert said(tmp_path, "{{ n }}", n=3) == "3"


@pytest.mark.parametrize(
    "char",
    [*"\u200b\u200e\u200f\u2060\ufeff\u00ad\u034f\u061c\u180e\u115f\u3164\u2800\u2028", "\U000e0041", "\x07"],
)
def test_each_character_that_is_not_seen_is_shown_by_its_number(char: str) -> None:
    assert show_unseen(f"a{char}b") == f"a[U+{ord(char):04X}]b"
    assert hides_something(f"a{char}b")


@pytest.mark.parametrize("char", [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))])
def test_each_control_of_direction_is_shown(char: str) -> None:
    assert show_unseen(f"{char}05.21") == f"[U+{ord(char):04X}]05.21"


@pytest.mark.parametrize(
    "text",
    [
        "North Bicycles",
        "Käse & Brot, Genève\xa0– 東京",
        "שלום",
        "می\u200cخواهم",
        "क्\u200dष",
        "👩\u200d🔬 👩🏽\u200d🚀 🏳️\u200d🌈",
        "a\tb\nc\r\n",
        "",
    ],
)
def test_names_of_all_scripts_stay_as_they_are(text: str) -> None:
    assert show_unseen(text) == text
    assert not hides_something(text)


@pytest.mark.parametrize(
    "text", [f"Nor{ZWJ}th", f"Nor{ZWNJ}th", f"{ZWJ}x", f"x{ZWJ}", f"👩{ZWJ}x", f"{ZWNJ}"]
)
def test_joiner_that_joins_nothing_is_shown(text: str) -> None:
    assert "[U+200" in show_unseen(text)


def test_prose_keeps_the_marks_that_hebrew_is_written_with_but_no_override() -> None:
    assert show_unseen_in_prose(f"{FSI}שלום{PDI}{RLM}") == f"{FSI}שלום{PDI}{RLM}"
    assert show_unseen_in_prose(f"{RLO}05.21") == "[U+202E]05.21"


@pytest.mark.parametrize("address", ["https://a.example/x", "http://a.example"])
def test_address_of_the_web_may_be_a_link(address: str) -> None:
    assert is_web_address(address)


@pytest.mark.parametrize("address", [None, "", "javascript:alert(1)", "//a.example", "https://", "http://["])
def test_other_address_may_not(address: str | None) -> None:
    assert not is_web_address(address)
