"""Quantities and prices as FEP-0837 writes them: a unit and a decimal string."""

from __future__ import annotations

from federation.messages import JsonObject
from node.domain.errors import Reason, Refusal
from node.domain.values import (
    CURRENCIES,
    Currency,
    Money,
    Quantity,
    currency_of,
    parse_amount,
    parse_quantity,
)
from node.wire.reading import Reader

__all__ = [
    "build_price",
    "build_quantity",
    "currency_iri",
    "read_amount",
    "read_currency",
    "read_price",
    "read_quantity",
    "spelled",
]

_MONEY_UNIT = "one"


def spelled(reader: Reader, name: str) -> str:
    """Under which spelling a member of a quantity stands: plain, `om2:` or `vf:`; under one of them only."""
    found = [key for key in (name, f"om2:{name}", f"vf:{name}") if reader.has(key)]
    if len(found) > 1:
        raise reader.refuse(found[1], "must not be here: it is said already")
    return found[0] if found else name


def read_quantity(parent: Reader, name: str = "resourceQuantity") -> Quantity:
    """How much of what. Raises: Refusal(malformed). Spec: `security G14, G18`."""
    reader = parent.child(name)
    unit = reader.text(spelled(reader, "hasUnit"))
    return reader.read(spelled(reader, "hasNumericalValue"), lambda value: parse_quantity(value, unit))


def build_quantity(quantity: Quantity) -> JsonObject:
    return {"hasUnit": quantity.unit, "hasNumericalValue": quantity.text}


def read_price(parent: Reader, currency: str | None, name: str = "resourceQuantity") -> Money:
    """An amount without a currency of its own. Raises: Refusal(malformed). Spec: `security D04, G15`."""
    reader = parent.child(name)
    if reader.text(spelled(reader, "hasUnit")) != _MONEY_UNIT:
        raise reader.refuse("hasUnit", f'must be "{_MONEY_UNIT}" for money')
    return read_amount(reader, spelled(reader, "hasNumericalValue"), currency)


def read_amount(reader: Reader, name: str, currency: str | None) -> Money:
    """One decimal string in the deal's currency (an ISO code).

    Shapes: `currency` is None where none was named: the deal is a gift, or nobody here knows it.
    Raises: Refusal(malformed); Refusal(notAddressed) without a currency, since the amount then answers
            something that was never said here, and must not be told apart from a deal that does not exist.
    """
    if currency is None:
        raise Refusal(Reason.NOT_ADDRESSED, f"{reader.at(name)}: no currency was named for this here")
    return reader.read(name, lambda value: parse_amount(value, currency))


def build_price(price: Money | None) -> JsonObject:
    return (
        {"hasUnit": _MONEY_UNIT}
        if price is None
        else {"hasUnit": _MONEY_UNIT, "hasNumericalValue": price.text}
    )


def read_currency(reader: Reader, name: str) -> Currency:
    """A currency by its Wikidata URI. Raises: Refusal(malformed). Spec: `security G16`."""
    iri = reader.iri(name)
    return reader.read(name, lambda _: currency_of(iri))


def currency_iri(code: str) -> str:
    """The Wikidata URI of an ISO 4217 code."""
    return f"https://www.wikidata.org/wiki/{CURRENCIES[code].wikidata}"
