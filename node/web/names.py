"""What the domain's closed sets are called on pages. Codes stay codes everywhere else.

Each table maps a code to its English words, marked for translation; `named` says them to a reader. A test
holds the tables to the sets that they name.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from node.domain.terms import short_name
from node.domain.values import Quantity
from node.web import formats
from node.web.i18n import N_, Locale

__all__ = [
    "ACCOUNT_KINDS",
    "DEAL_STATES",
    "DELIVERY_STATES",
    "INTENT_STATES",
    "MEETS",
    "MOODS",
    "OFFER_STATES",
    "PART_KINDS",
    "PER_UNIT",
    "REASONS",
    "REFUSALS",
    "STAGES",
    "STANDINGS",
    "TERMS",
    "UNITS",
    "WEIGHTS",
    "named",
    "per_unit",
    "term_words",
]


def named(table: Mapping[str, str], code: str, locale: Locale) -> str:
    """The words for a code; the code itself where it is not one of ours, as a stranger may have sent it."""
    found = table.get(code)
    return locale.words(found) if found is not None else code


def per_unit(quantity: Quantity, locale: Locale) -> str:
    """For how much a price is: `each`, `a litre`, `for 100 grams`."""
    if quantity.value == Decimal(1):
        return named(PER_UNIT, quantity.unit, locale)
    return locale.words("for %(quantity)s", quantity=formats.quantity(quantity, locale))


def term_words(iri: str, locale: Locale) -> str:
    """An agreement of the roster in a sentence, "" for one that is not in it."""
    found = TERMS.get(short_name(iri))
    return locale.words(found) if found is not None else ""


ACCOUNT_KINDS = {"person": N_("Person"), "vendor": N_("Vendor")}

TERMS = {
    "PDC-INTENT": N_("You may use this intent to make me an offer, and for nothing else."),
    "SD-BASE": N_("You may use what I give you for this service only; no sharing, no profiling."),
    "SD-BASE-DP": N_("As SD-BASE, and I may take my data with me."),
}

PER_UNIT = {
    "one": N_("each"),
    "hour": N_("an hour"),
    "day": N_("a day"),
    "month": N_("a month"),
    "gram": N_("a gram"),
    "kilogram": N_("a kilogram"),
    "tonne": N_("a tonne"),
    "millilitre": N_("a millilitre"),
    "litre": N_("a litre"),
    "centimetre": N_("a centimetre"),
    "metre": N_("a metre"),
    "kilometre": N_("a kilometre"),
    "squareMetre": N_("a square metre"),
    "cubicMetre": N_("a cubic metre"),
    "kilowattHour": N_("a kilowatt-hour"),
}
UNITS = {
    "one": N_("pieces"),
    "hour": N_("hours"),
    "day": N_("days"),
    "month": N_("months"),
    "gram": N_("grams"),
    "kilogram": N_("kilograms"),
    "tonne": N_("tonnes"),
    "millilitre": N_("millilitres"),
    "litre": N_("litres"),
    "centimetre": N_("centimetres"),
    "metre": N_("metres"),
    "kilometre": N_("kilometres"),
    "squareMetre": N_("square metres"),
    "cubicMetre": N_("cubic metres"),
    "kilowattHour": N_("kilowatt-hours"),
}
"""For a list to choose from; `formats.quantity` says an amount with its unit."""

STANDINGS = {
    "from a purchase": N_("from a purchase"),
    "not shown to come from a purchase": N_("not shown to come from a purchase"),
    "the same purchase spoke before": N_("the same purchase spoke before"),
}
MOODS = {
    "delighted": N_("delighted"),
    "pleased": N_("pleased"),
    "indifferent": N_("indifferent"),
    "annoyed": N_("annoyed"),
    "angry": N_("angry"),
}
DEAL_STATES = {
    "new": N_("not sent yet"),
    "open": N_("waiting for an answer"),
    "offered": N_("an offer is here"),
    "countered": N_("a counter-offer was made"),
    "ordered": N_("ordered, waiting for the vendor"),
    "accepting": N_("accepted, waiting for the vendor"),
    "concluded": N_("agreed"),
    "cancelling": N_("cancellation asked for"),
    "cancelled": N_("cancelled"),
    "confirmed": N_("received and confirmed"),
    "declined, a better offer is welcome": N_("declined, a better offer is welcome"),
    "declined": N_("declined"),
    "no bid": N_("no offer will come"),
    "withdrawn": N_("withdrawn"),
    "expired": N_("run out"),
    "refused": N_("refused"),
}
DELIVERY_STATES = {
    "queued": N_("waiting to be delivered"),
    "delivered": N_("delivered to their server"),
    "expired": N_("not delivered: its time had run out"),
    "dead": N_("given up: their server did not take it"),
    "dropped": N_("given up by you"),
    "held": N_("waiting behind another that was given up"),
}
INTENT_STATES = {
    "live": N_("live"),
    "decided": N_("decided"),
    "withdrawn": N_("withdrawn"),
    "expired": N_("run out"),
}
OFFER_STATES = {
    "live": N_("open"),
    "superseded": N_("replaced by a newer one"),
    "withdrawn": N_("withdrawn"),
    "countered": N_("a counter-offer was made"),
    "declined": N_("declined"),
    "expired": N_("run out"),
    "refused": N_("refused"),
    "accepted": N_("accepted"),
}
STAGES = {
    "paid": N_("paid"),
    "dispatched": N_("sent off"),
    "delivered": N_("delivered"),
    "done": N_("done"),
    "refunded": N_("refunded"),
}
MEETS = {
    "yes": N_("meets the wish"),
    "no": N_("does not meet the wish"),
    "partly": N_("meets it in part"),
    "unknown": N_("not stated"),
}
WEIGHTS = {"must": N_("must have"), "nice": N_("nice to have")}
PART_KINDS = {
    "goods": N_("goods"),
    "delivery": N_("delivery"),
    "tax": N_("tax"),
    "fee": N_("fee"),
    "discount": N_("discount"),
}
REASONS = {
    # declines, of the customer
    "price": N_("the price"),
    "timing": N_("the time"),
    "terms": N_("the terms"),
    "fit": N_("it does not fit"),
    "trust": N_("not enough trust"),
    "needGone": N_("no longer needed"),
    "other": N_("another reason"),
    # no bid, of the vendor
    "notStocked": N_("not in stock"),
    "area": N_("too far away"),
    "capacity": N_("no time for it"),
}
"""Why somebody declined, sent no offer, or cancelled."""
REFUSALS = {
    "expired": N_("its time had run out"),
    "superseded": N_("something newer had replaced it"),
    "withdrawn": N_("it had been withdrawn"),
    "notAddressed": N_("it was not meant for this account"),
    "outOfState": N_("it no longer fitted what had happened"),
    "outOfStock": N_("it is out of stock"),
    "termsNotAccepted": N_("the terms were not accepted"),
    "overBudget": N_("it was over the budget"),
    "limit": N_("a limit was reached"),
    "malformed": N_("it could not be read"),
}
"""Why a node refused a message."""
