"""Money, quantities, times and categories: exact values, strictly read (`protocol §3`).

The wire carries strings; inside, money is an ISO 4217 code with integer minor units and a quantity is a
Decimal with a unit. Whatever does not read exactly is refused, never rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from node.domain.sayings import said

__all__ = [
    "CURRENCIES",
    "UNITS",
    "Currency",
    "Money",
    "Quantity",
    "Unit",
    "category_iri",
    "currency_of",
    "format_time",
    "is_category",
    "parse_amount",
    "parse_quantity",
    "parse_time",
    "parse_unit_price",
    "price_for",
    "unit_price_text",
    "whole_seconds",
]

MAX_DIGITS = 15
UNIT_PRICE_DECIMALS = 6
QUANTITY_LIMIT = Decimal(1_000_000_000)
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_ITEM = re.compile(r"(Q[1-9][0-9]{0,11})", re.ASCII)
_WIKIDATA = re.compile(r"https?://www\.wikidata\.org/(?:wiki|entity)/(Q[1-9][0-9]{0,11})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency: `exponent` digits after the point; `wikidata` is its item, used on the wire."""

    code: str
    exponent: int
    wikidata: str


_CURRENCIES = (
    ("AUD", 2, "Q259502"),
    ("BRL", 2, "Q173117"),
    ("CAD", 2, "Q1104069"),
    ("CHF", 2, "Q25344"),
    ("CNY", 2, "Q39099"),
    ("CZK", 2, "Q131016"),
    ("DKK", 2, "Q25417"),
    ("EUR", 2, "Q4916"),
    ("GBP", 2, "Q25224"),
    ("HUF", 2, "Q47190"),
    ("INR", 2, "Q80524"),
    ("JPY", 0, "Q8146"),
    ("KRW", 0, "Q202040"),
    ("KWD", 3, "Q193098"),
    ("MXN", 2, "Q4730"),
    ("NOK", 2, "Q132643"),
    ("NZD", 2, "Q1472704"),
    ("PLN", 2, "Q123213"),
    ("SEK", 2, "Q122922"),
    ("TND", 3, "Q4602"),
    ("TRY", 2, "Q172872"),
    ("USD", 2, "Q4917"),
    ("ZAR", 2, "Q181907"),
)
CURRENCIES: dict[str, Currency] = {row[0]: Currency(*row) for row in _CURRENCIES}
_BY_ITEM = {currency.wikidata: currency for currency in CURRENCIES.values()}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit by its wire name; `code` is UN/ECE Recommendation 20; an indivisible one takes whole numbers."""

    name: str
    code: str
    divisible: bool = True


UNITS: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit("one", "C62", divisible=False),
        Unit("hour", "HUR"),
        Unit("day", "DAY"),
        Unit("month", "MON"),
        Unit("gram", "GRM"),
        Unit("kilogram", "KGM"),
        Unit("tonne", "TNE"),
        Unit("millilitre", "MLT"),
        Unit("litre", "LTR"),
        Unit("centimetre", "CMT"),
        Unit("metre", "MTR"),
        Unit("kilometre", "KMT"),
        Unit("squareMetre", "MTK"),
        Unit("cubicMetre", "MTQ"),
        Unit("kilowattHour", "KWH"),
    )
}


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount: `amount_minor` in the minor unit of `currency` (an ISO 4217 code)."""

    amount_minor: int
    currency: str

    @property
    def text(self) -> str:
        """The wire form: `289.00`, `1200`."""
        exponent = CURRENCIES[self.currency].exponent
        return f"{Decimal(self.amount_minor).scaleb(-exponent):.{exponent}f}"

    def __str__(self) -> str:
        return f"{self.text} {self.currency}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """How much of what unit; `unit` is a name from UNITS."""

    value: Decimal
    unit: str

    @property
    def text(self) -> str:
        """The wire form, without exponent or trailing zeros: `1`, `2.5`."""
        plain = f"{self.value:f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain

    def __str__(self) -> str:
        return self.text if self.unit == "one" else f"{self.text} {self.unit}"


def currency_of(text: str) -> Currency:
    """The currency named by an ISO code or a Wikidata URI. Raises: ValueError."""
    found = CURRENCIES.get(text)
    if found is None and (match := _WIKIDATA.fullmatch(text)):
        found = _BY_ITEM.get(match[1])
    if found is None:
        raise ValueError(said("'%(text)s' is not a currency that we know", text=text[:70]))
    return found


def _parse_decimal(text: object, what: str) -> Decimal:
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a decimal string, not {type(text).__name__}")
    if len(text) > 32 or not _DECIMAL.fullmatch(text):
        raise ValueError(
            said("%(what)s '%(text)s' is not a plain decimal such as 289.00", what=what, text=text[:32])
        )
    if sum(char.isdigit() for char in text) > MAX_DIGITS:
        raise ValueError(said("%(what)s has more than %(most)s digits", what=what, most=MAX_DIGITS))
    return Decimal(text)


def _decimals(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)


def parse_amount(text: object, currency: str) -> Money:
    """Read a wire amount.

    Shapes: `text` a decimal string without sign, exponent or separators; `currency` an ISO code.
    Raises: ValueError or TypeError, in words for people. Spec: `protocol §3`.
    """
    number = _parse_decimal(text, "amount")
    exponent = CURRENCIES[currency].exponent
    if _decimals(number) > exponent:
        raise ValueError(
            said(
                "amount %(text)s has more decimals than %(currency)s (%(most)s)",
                text=text,
                currency=currency,
                most=exponent,
            )
        )
    return Money(int(number.scaleb(exponent)), currency)


def parse_unit_price(text: object, currency: str) -> Decimal:
    """Read a public unit price, which may have up to six decimals. Raises: ValueError, TypeError."""
    number = _parse_decimal(text, "unit price")
    if _decimals(number) > max(UNIT_PRICE_DECIMALS, CURRENCIES[currency].exponent):
        words = said(
            "unit price %(text)s has more than %(most)s decimals", text=text, most=UNIT_PRICE_DECIMALS
        )
        raise ValueError(words)
    return number


def unit_price_text(price: Decimal, currency: str) -> str:
    """The wire form of a unit price: at least the currency's decimals, no needless zeros beyond."""
    exponent = CURRENCIES[currency].exponent
    shortest = price.normalize()
    return f"{shortest:.{max(exponent, _decimals(shortest))}f}"


def price_for(price: Decimal, currency: str, quantity: Decimal) -> Money:
    """`price` a unit times `quantity`, rounded half-even. Raises: ValueError past 15 digits."""
    exponent = CURRENCIES[currency].exponent
    with localcontext(prec=60):  # exact before the one rounding: 15 digits times 15, and room
        minor = (price * quantity).scaleb(exponent).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    if minor >= 10**MAX_DIGITS:
        raise ValueError(said("the total is beyond fifteen digits"))
    return Money(int(minor), currency)


def parse_quantity(text: object, unit: object) -> Quantity:
    """Read a wire quantity: positive, below a thousand million, whole where the unit is indivisible.

    Raises: ValueError or TypeError, in words for people.
    """
    if not isinstance(unit, str) or unit not in UNITS:
        raise ValueError(said("unit '%(unit)s' is not one that we know", unit=str(unit)[:70]))
    number = _parse_decimal(text, "quantity")
    if not 0 < number < QUANTITY_LIMIT:
        words = said("quantity %(text)s is not above 0 and below %(limit)s", text=text, limit=QUANTITY_LIMIT)
        raise ValueError(words)
    if not UNITS[unit].divisible and number != number.to_integral_value():
        raise ValueError(said("quantity %(text)s: %(unit)s cannot be divided", text=text, unit=unit))
    return Quantity(number.normalize() if number % 1 else number.to_integral_value(), unit)


def parse_time(text: object) -> datetime:
    """Read an RFC 3339 time with its zone; years 2000 to 2999; fractions are cut to whole seconds.

    Raises: ValueError or TypeError, in words for people.
    """
    if not isinstance(text, str):
        raise TypeError(f"time must be a string, not {type(text).__name__}")
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"time {text[:40]!r} is not like 2026-11-24T10:00:00Z")
    whole = text if match[7] is None else text.replace(f".{match[7]}", "", 1)
    year = int(match[1])
    at = datetime.fromisoformat(whole).astimezone(UTC) if 1999 <= year <= 3000 else None
    if at is None or not 2000 <= at.year < 3000 or match[4] == "24":
        raise ValueError(f"time {text} is outside the years 2000 to 2999")
    return at


def format_time(at: datetime) -> str:
    """The wire form of an aware time: UTC, whole seconds, `Z`."""
    # Ten times faster than strftime, and a message has many times.
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def whole_seconds(at: datetime) -> datetime:
    """The same instant without its fraction, as every signed time has it."""
    return at - timedelta(microseconds=at.microsecond)


def category_iri(text: object) -> str | None:
    """The one spelling of a category that is compared, from any of its addresses or its bare item (`Q11442`).

    None for what is no Wikidata item.
    """
    match = _WIKIDATA.fullmatch(text) or _ITEM.fullmatch(text) if isinstance(text, str) else None
    return f"https://www.wikidata.org/wiki/{match[1]}" if match else None


def is_category(text: object) -> bool:
    """Whether this is a Wikidata item's URI, the form that categories have on the wire."""
    return isinstance(text, str) and _WIKIDATA.fullmatch(text) is not None
