"""Money, numbers and times as readers write them: exact, unambiguous, in their own manner."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.values import CURRENCIES, UNITS, Money, Quantity
from node.web import formats
from node.web.i18n import TAGS, Locale, locale_for

EN, US, DE, CH = (locale_for(tag, "Europe/Berlin") for tag in ("en", "en-US", "de", "de-CH"))
NOW = datetime(2026, 11, 22, 14, 5, 9, tzinfo=UTC)
LOCALES = [locale_for(tag) for tag in TAGS]


# --- money -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "locale", "said"),
    [
        (Money(28_900, "EUR"), EN, "€289.00"),
        (Money(28_900, "EUR"), DE, "289,00 €"),
        (Money(123_456_789, "EUR"), DE, "1.234.567,89 €"),
        (Money(28_900, "USD"), US, "USD 289.00"),
        (Money(28_900, "CAD"), EN, "CAD 289.00"),
        (Money(28_900, "SEK"), DE, "289,00 SEK"),
        (Money(28_900, "CHF"), CH, "CHF 289.00"),
        (Money(-28_900, "CHF"), CH, "CHF -289.00"),
        (Money(1_200, "JPY"), EN, "JPY 1,200"),
        (Money(5, "KWD"), EN, "KWD 0.005"),
        (Money(0, "EUR"), EN, "€0.00"),
        (Money(10**15 - 1, "TND"), EN, "TND 999,999,999,999.999"),
    ],
)
def test_money_shows_all_its_decimals_and_which_currency_it_is(
    amount: Money, locale: Locale, said: str
) -> None:
    assert formats.money(amount, locale).replace("\xa0", " ") == said


@given(
    minor=st.integers(-(10**15) + 1, 10**15 - 1),
    currency=st.sampled_from(sorted(CURRENCIES)),
    locale=st.sampled_from(LOCALES),
)
def test_money_is_never_rounded(minor: int, currency: str, locale: Locale) -> None:
    said = formats.money(Money(minor, currency), locale)
    digits = re.sub(r"[^0-9]", "", said)
    assert int(digits) == abs(minor)
    assert ("-" in said) == (minor < 0)


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.tag)
def test_no_two_currencies_look_alike(locale: Locale) -> None:
    assert len({formats.money(Money(1000, code), locale) for code in CURRENCIES if code != "JPY"}) == 22
    assert not any("$" in formats.money(Money(1, code), locale) for code in CURRENCIES)


@given(
    price=st.decimals(0, 10**9, places=6, allow_nan=False),
    currency=st.sampled_from(sorted(CURRENCIES)),
    locale=st.sampled_from(LOCALES),
)
def test_price_a_unit_keeps_every_digit(price: Decimal, currency: str, locale: Locale) -> None:
    said = formats.unit_price(price, currency, locale)
    number = re.sub(r"[^0-9.,]", "", said)
    point = str(locale.formats.number_symbols["latn"]["decimal"])
    whole, _, fraction = number.rpartition(point) if point in number else (number, "", "")
    assert Decimal(re.sub(r"\D", "", whole) + "." + (fraction or "0")) == price


def test_field_of_a_form_holds_what_its_parser_reads_back() -> None:
    assert formats.amount_input(Money(123_456_700, "EUR")) == "1234567.00"
    assert formats.amount_input(Decimal("0.284512")) == "0.284512"
    assert formats.amount_input(None) == ""


# --- numbers, quantities, sizes, lists -------------------------------------------------------------------


def test_number_has_the_decimals_that_it_has() -> None:
    assert formats.number(Decimal("1234567.12345678"), EN) == "1,234,567.12345678"
    assert formats.number(Decimal("1234.50"), DE) == "1.234,5"
    assert formats.number(1_200, DE) == "1.200"


def test_share_is_said_in_hundredths() -> None:
    assert formats.percent(Decimal("0.125"), EN) == "12.5%"
    assert formats.percent(Decimal("0.5"), DE) == "50\xa0%"


@pytest.mark.parametrize(
    ("value", "unit", "locale", "said"),
    [
        ("1", "litre", EN, "1 litre"),
        ("2.5", "kilogram", EN, "2.5 kilograms"),
        ("2.1234567", "kilogram", DE, "2,1234567 Kilogramm"),
        ("1", "litre", US, "1 liter"),
        ("1200", "one", DE, "1.200"),
    ],
)
def test_quantity_names_its_unit(value: str, unit: str, locale: Locale, said: str) -> None:
    assert formats.quantity(Quantity(Decimal(value), unit), locale) == said


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_every_unit_of_the_wire_can_be_said(unit: str) -> None:
    said = [formats.quantity(Quantity(Decimal(2), unit), locale) for locale in (EN, DE)]
    assert all(text.startswith("2") and "squareMetre" not in text for text in said)
    assert unit == "one" or all(len(text) > 2 for text in said)


def test_size_of_a_file_is_said_for_people() -> None:
    assert [formats.size(n, EN) for n in (0, 1, 999, 3_210_000, 250_000_000)] == [
        "0 bytes",
        "1 byte",
        "999 bytes",
        "3.2 MB",
        "250 MB",
    ]
    assert formats.size(3_210_000, DE) == "3,2 MB"


def test_list_reads_as_a_sentence() -> None:
    assert formats.listed(["red", "green", "blue"], EN) == "red, green and blue"
    assert formats.listed(["rot", "grün"], DE, "or") == "rot oder grün"
    assert formats.listed(["red"], EN) == "red"
    assert formats.listed([], EN) == ""


# --- time ------------------------------------------------------------------------------------------------


def test_times_are_those_of_the_readers_zone() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert formats.day(late, DE) == "23. November 2026"
    assert formats.day(late, locale_for("de")) == "22. November 2026"
    assert formats.clock(NOW, EN) == "15:05"
    assert formats.clock(NOW, US).replace("\u202f", " ") == "3:05 PM"
    assert formats.moment(NOW, EN) == "22 November 2026, 15:05"


def test_time_without_a_zone_of_the_readers_says_which_it_is() -> None:
    assert formats.moment(NOW, locale_for("en")) == "22 November 2026, 14:05 UTC"
    assert formats.stamp(NOW.astimezone(DE.zone)) == "2026-11-22T14:05:09Z"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "in a moment"),
        (0, "just now"),
        (-3, "just now"),
        (59, "in 59 seconds"),
        (61, "in 1 minute"),
        (-119, "1 minute ago"),
        (7_199, "in 119 minutes"),
        (7_201, "in 2 hours"),
        (90_000, "in 25 hours"),
        (-200_000, "2 days ago"),
        (40 * 86_400, "in 40 days"),
        (100 * 86_400, "in 3 months"),
        (-900 * 86_400, "2 years ago"),
    ],
)
def test_time_to_come_is_never_said_longer_than_it_is(seconds: int, said: str) -> None:
    assert formats.relative(NOW + timedelta(seconds=seconds), NOW, EN) == said


def test_time_is_said_in_german() -> None:
    assert formats.relative(NOW + timedelta(minutes=5), NOW, DE) == "in 5 Minuten"
    assert formats.relative(NOW - timedelta(days=3), NOW, DE) == "vor 3 Tagen"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(hours=52, minutes=3), "2 days and 4 hours"),
        (timedelta(seconds=75), "1 minute and 15 seconds"),
        (timedelta(days=3, minutes=4), "3 days"),
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(0), "0 seconds"),
        (timedelta(seconds=-5), "0 seconds"),
    ],
)
def test_duration_names_its_two_largest_steps(length: timedelta, said: str) -> None:
    assert formats.duration(length, EN) == said


def test_time_in_a_page_holds_the_exact_one_beside_the_words() -> None:
    element = formats.time_element(NOW, "in <5> minutes", EN)
    assert element == (
        '<time datetime="2026-11-22T14:05:09Z" title="22 November 2026, 15:05">in &lt;5&gt; minutes</time>'
    )
