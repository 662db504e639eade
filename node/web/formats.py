"""Money, numbers, times and quantities as one reader writes them. Exact: nothing is ever rounded but time.

Money shows the currency by its sign where no other currency has that sign, else by its code: `$` alone would
be one of ten. All functions are pure; `now` is passed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from babel.dates import format_date, format_time, format_timedelta
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal, format_percent, parse_pattern
from babel.units import format_unit
from markupsafe import Markup

from node.domain.values import CURRENCIES, Money, Quantity
from node.web.i18n import Locale

__all__ = [
    "amount_input",
    "clock",
    "day",
    "duration",
    "listed",
    "moment",
    "money",
    "number",
    "percent",
    "quantity",
    "relative",
    "size",
    "stamp",
    "time_element",
    "unit_price",
]

_NO_BREAK = "\xa0"
_OWN_SIGNS = {"EUR": "€", "GBP": "£", "INR": "₹", "KRW": "₩"}
"""Signs that stand for one currency of ours and are not another's on a reader's keyboard."""
_DIGITS = re.compile(r"0\.00")

# Our units by their names in CLDR; `one` is bare.
_UNITS: dict[str, str] = {
    "hour": "duration-hour",
    "day": "duration-day",
    "month": "duration-month",
    "gram": "mass-gram",
    "kilogram": "mass-kilogram",
    "tonne": "mass-tonne",
    "millilitre": "volume-milliliter",
    "litre": "volume-liter",
    "centimetre": "length-centimeter",
    "metre": "length-meter",
    "kilometre": "length-kilometer",
    "squareMetre": "area-square-meter",
    "cubicMetre": "volume-cubic-meter",
    "kilowattHour": "energy-kilowatt-hour",
}


# --- money and numbers ------------------------------------------------------------------------------------


def money(amount: Money, locale: Locale) -> str:
    """`€289.00`, `289,00 €`, US dollars as `USD 289.00`: all its decimals, always."""
    exponent = CURRENCIES[amount.currency].exponent
    return _priced(Decimal(amount.amount_minor).scaleb(-exponent), amount.currency, exponent, locale)


def unit_price(price: Decimal, currency: str, locale: Locale) -> str:
    """A price a unit, which may have more decimals than the currency: `€0.284512`."""
    decimals = max(CURRENCIES[currency].exponent, _decimals(price.normalize()))
    return _priced(price, currency, decimals, locale)


def _priced(value: Decimal, currency: str, decimals: int, locale: Locale) -> str:
    pattern = _money_pattern(locale.tag, currency in _OWN_SIGNS, decimals)
    said: str = pattern.apply(
        value,
        locale.formats,
        currency=currency,
        currency_digits=False,
        decimal_quantization=False,
    )
    return said


@lru_cache(maxsize=512)
def _money_pattern(tag: str, by_sign: bool, decimals: int) -> NumberPattern:
    """How a locale writes money with so many decimals; a code is kept apart from the digits beside it."""
    text = Locale(tag).formats.currency_formats["standard"].pattern
    text = _DIGITS.sub("0." + "0" * decimals if decimals else "0", text)
    if not by_sign:
        text = re.sub("¤(?=[#0-])", "¤" + _NO_BREAK, text).replace("¤", "¤¤")
    return parse_pattern(text)


def number(value: Decimal | int, locale: Locale) -> str:
    """`1,234.5` with all the decimals that it has and no others."""
    return format_decimal(value, _plain_pattern(value), locale.formats, decimal_quantization=False)


def amount_input(amount: Money | Decimal | None) -> str:
    """What a field of a form holds: `289.00`, without signs or separators; the parser reads it back."""
    if amount is None:
        return ""
    return amount.text if isinstance(amount, Money) else f"{amount:f}"


def percent(share: Decimal, locale: Locale) -> str:
    """`12.5%` for 0.125, exact."""
    decimals = "." + "#" * _decimals((share * 100).normalize())
    pattern = locale.formats.percent_formats[None].pattern.replace("0", "0" + decimals, 1)
    return format_percent(share, pattern, locale.formats, decimal_quantization=False)


def _plain_pattern(value: Decimal | int) -> str:
    return "#,##0." + "#" * _decimals(value.normalize()) if isinstance(value, Decimal) else "#,##0"


def _decimals(value: Decimal) -> int:
    return max(0, -int(value.as_tuple().exponent))


def quantity(amount: Quantity, locale: Locale) -> str:
    """`2.5 kilograms`, `1 litre`; a bare number where things are counted."""
    name = _UNITS.get(amount.unit)
    if name is None:
        return number(amount.value, locale)
    pattern = _plain_pattern(amount.value)
    return format_unit(amount.value, name, "long", pattern, locale=locale.formats)


def size(size_bytes: int, locale: Locale) -> str:
    """`3.2 MB`: of a file, for people, so in steps of a thousand and one decimal."""
    value, unit = Decimal(size_bytes), "byte"
    for larger in ("kilobyte", "megabyte", "gigabyte", "terabyte"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    if unit == "byte":
        return format_unit(size_bytes, "digital-byte", "long", locale=locale.formats)
    pattern = "#,##0" if value >= 100 else "#,##0.#"
    return format_unit(value, f"digital-{unit}", "short", pattern, locale=locale.formats)


def listed(items: Iterable[str], locale: Locale, style: str = "standard") -> str:
    """`red, green and blue`; style `or`: `red, green or blue`. One item is itself, none is empty."""
    return format_list(list(items), "or" if style == "or" else "standard", locale.formats)


# --- time -------------------------------------------------------------------------------------------------


def stamp(at: datetime) -> str:
    """For programs, as in `<time datetime>`: UTC, whole seconds."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def day(at: datetime, locale: Locale) -> str:
    """`22 November 2026`, in the reader's zone."""
    return _day_said(at.astimezone(locale.zone).date(), locale.tag)


def clock(at: datetime, locale: Locale) -> str:
    """`14:05`, `2:05 pm`."""
    here = at.astimezone(locale.zone)
    return _clock_said(here.hour, here.minute, locale.tag)


# A list says many times but few different ones: days, minutes of the day, so many steps. What they
# are called depends on nothing else, so it is kept: to find it out takes longer than the rest of a line.


@lru_cache(maxsize=2048)
def _day_said(here: date, tag: str) -> str:
    return format_date(here, "long", Locale(tag).formats)


@lru_cache(maxsize=2 * 24 * 60)
def _clock_said(hour: int, minute: int, tag: str) -> str:
    return format_time(time(hour, minute), "short", locale=Locale(tag).formats)


def moment(at: datetime, locale: Locale) -> str:
    """`22 November 2026, 14:05`, with `UTC` where the reader has set no zone: a time that is somewhere."""
    said = f"{day(at, locale)}, {clock(at, locale)}"
    return f"{said} UTC" if locale.zone is UTC else said


_Unit = Literal["second", "minute", "hour", "day", "month", "year"]
_STEPS: tuple[tuple[int, _Unit, int], ...] = (
    # below so many seconds, count in …, each of so many seconds
    (60, "second", 1),
    (2 * 3600, "minute", 60),
    (2 * 86_400, "hour", 3600),
    (60 * 86_400, "day", 86_400),
    (730 * 86_400, "month", 2_629_746),
)

_ONLY_THAT_STEP = 1e12


def relative(at: datetime, now: datetime, locale: Locale) -> str:
    """`in 5 minutes`, `3 days ago`; whole steps that have passed or are left, so that no time is promised."""
    seconds = int((at - now).total_seconds())
    if abs(seconds) < 10:
        return locale.words("just now") if seconds <= 0 else locale.words("in a moment")
    unit, each = _step(abs(seconds))
    whole = abs(seconds) // each * each
    return _relative_said(whole if seconds > 0 else -whole, unit, locale.tag)


@lru_cache(maxsize=2048)
def _relative_said(seconds: int, unit: _Unit, tag: str) -> str:
    return format_timedelta(
        timedelta(seconds=seconds),
        granularity=unit,
        threshold=_ONLY_THAT_STEP,
        add_direction=True,
        locale=Locale(tag).formats,
    )


def duration(length: timedelta, locale: Locale) -> str:
    """`2 days and 4 hours`, `5 minutes`: the largest two steps, whole ones; below a minute, seconds."""
    left = max(0, int(length.total_seconds()))
    said: list[str] = []
    for unit, each in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(left, each)
        if count and len(said) < 2:
            said.append(format_unit(count, f"duration-{unit}", "long", locale=locale.formats))
            left = rest
        elif said:
            break
    return listed(said or [format_unit(0, "duration-second", "long", locale=locale.formats)], locale)


def time_element(at: datetime, words: str, locale: Locale) -> Markup:
    """`<time>` around words, with the exact time for programs and, on pointing, for people."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp(at), moment(at, locale), words)


def _step(seconds: int) -> tuple[_Unit, int]:
    for below, unit, each in _STEPS:
        if seconds < below:
            return unit, each
    return "year", 31_556_952
