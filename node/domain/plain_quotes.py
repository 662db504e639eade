"""A quote to a plain fediverse account, and what `accept REFERENCE` does to it (`protocol §5`).

Pure. One table says what may happen to a quote in which state; whatever is not in it changes nothing, and is
answered kindly.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from node.domain.notes import Note
from node.domain.values import Money, Quantity

__all__ = [
    "CANCEL_WITHIN",
    "QUOTE_TABLE",
    "REFERENCE_BYTES",
    "Act",
    "PlainQuote",
    "QuoteState",
    "Unchanged",
    "Word",
    "act",
    "make_reference",
    "names_in",
    "read_reference",
    "read_word",
]

CANCEL_WITHIN = timedelta(hours=1)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("ILO", "110")
REFERENCE_BYTES = 5
"""40 random bits: eight characters."""
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_WORD = re.compile(r"(accept|cancel) ([0-9A-Z]{4}-?[0-9A-Z]{4})", re.ASCII | re.IGNORECASE)
_HANDLE = re.compile(r"@[^\s@]+@[^\s@]+")
_MOST_CHARS = 500
"""What says exactly `accept REFERENCE` is short, but may mention a few people first."""


def make_reference(random: bytes) -> str:
    """A reference of 40 random bits, in Crockford's base 32: `7K3M-9QXT`. Shapes: `random` is five bytes."""
    number = int.from_bytes(random)
    letters = "".join(_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{letters[:4]}-{letters[4:]}"


def read_reference(text: str) -> str | None:
    """A reference however it was typed: case, the hyphen, and I, L and O do not matter; or None."""
    letters = text.translate(_HYPHENS).replace("-", "").strip().upper().translate(_READ_AS)
    if len(letters) != 8 or any(letter not in _ALPHABET for letter in letters):
        return None
    return f"{letters[:4]}-{letters[4:]}"


class Act(StrEnum):
    """What may happen to a quote."""

    ACCEPT = "accept"
    """By the customer, in a Note that says exactly that."""
    CANCEL = "cancel"
    """By the customer, within the hour."""
    WITHDRAW = "withdraw"
    """By the vendor, unless it is firm."""
    END = "end"
    """By the clock."""


@dataclass(frozen=True, slots=True)
class Word:
    """A Note that says exactly `accept REFERENCE` or `cancel REFERENCE`."""

    act: Act
    reference: str


def read_word(text: str, mentions: Collection[str] = ()) -> Word | None:
    """What a Note says to a quote; None for anything else, which is a message.

    Shapes: `text` is without HTML. These `mentions` (casefolded) and white space are taken away here, nothing
            else is: another word that begins with @ may be a price or a condition.
    Spec:   `protocol §5`, Plain fediverse accounts.
    """
    if len(text) > _MOST_CHARS:
        return None
    words = [word for word in text.split() if word.casefold() not in mentions]
    match = _WORD.fullmatch(" ".join(words).translate(_HYPHENS))
    reference = read_reference(match[2]) if match else None
    return Word(Act(match[1].lower()), reference) if match and reference else None


def names_in(note: Note, vendor: str, server: str) -> set[str]:
    """What is taken away of a Note before its words count.

    That is the vendor by name or handle, and others by their whole handles: a name alone could be any word.
    """
    others = {found.handle.casefold() for found in note.mentions if _HANDLE.fullmatch(found.handle)}
    return {f"@{vendor}", f"@{vendor}@{server}", *others}


class QuoteState(StrEnum):
    OPEN = "open"
    CONCLUDED = "concluded"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


QUOTE_TABLE: dict[tuple[QuoteState, Act], QuoteState] = {
    (QuoteState.OPEN, Act.ACCEPT): QuoteState.CONCLUDED,
    (QuoteState.OPEN, Act.WITHDRAW): QuoteState.WITHDRAWN,
    (QuoteState.OPEN, Act.END): QuoteState.EXPIRED,
    (QuoteState.CONCLUDED, Act.CANCEL): QuoteState.CANCELLED,
}
"""All that can happen; a pair that is not here changes nothing."""


@dataclass(frozen=True, slots=True)
class PlainQuote:
    """What a vendor offers to one plain account, by a reference that belongs to that account.

    Shapes: `id` names it in evidence, `secret` its page; `customer` is the actor's id; `sku` is "" for
            what is not from the catalogue; `price` is for all of the quantity; `note_id` is the Note that
            says it, `accepted_by` the one that concluded it.
    """

    account: str
    reference: str
    id: str
    secret: str
    thread: str
    customer: str
    goods: str
    quantity: Quantity
    price: Money
    terms: str
    made_at: datetime
    ends_at: datetime
    note_id: str = ""
    sku: str = ""
    firm: bool = False
    language: str = "en"
    state: QuoteState = QuoteState.OPEN
    accepted_by: str = ""
    concluded_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def cancel_until(self) -> datetime | None:
        """Until when the customer may cancel what was concluded."""
        return self.concluded_at + CANCEL_WITHIN if self.concluded_at is not None else None


class Unchanged(StrEnum):
    """Why nothing has changed. A customer's word that did not is answered kindly, once."""

    REPEATED = "repeated"
    """It is concluded already."""
    LATE = "late"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    """It was concluded, and cancelled again."""
    FOREIGN = "foreign"
    """No quote of this reference is this account's."""
    NOT_SAID = "not-said"
    """An edit, a quote of somebody's post, or what did not come from the account's own server itself."""
    SOLD_OUT = "sold-out"
    TOO_LATE_TO_CANCEL = "too-late-to-cancel"
    NOTHING_TO_CANCEL = "nothing-to-cancel"
    FIRM = "firm"
    """Ours alone: what was promised until a time is not withdrawn before."""
    SETTLED = "settled"
    """Ours and the clock's: it has come to its end already."""


_WHY_NOT: dict[tuple[QuoteState, Act], Unchanged] = {
    (QuoteState.CONCLUDED, Act.ACCEPT): Unchanged.REPEATED,
    (QuoteState.CANCELLED, Act.ACCEPT): Unchanged.CANCELLED,
    (QuoteState.WITHDRAWN, Act.ACCEPT): Unchanged.WITHDRAWN,
    (QuoteState.EXPIRED, Act.ACCEPT): Unchanged.LATE,
    (QuoteState.OPEN, Act.CANCEL): Unchanged.NOTHING_TO_CANCEL,
    (QuoteState.WITHDRAWN, Act.CANCEL): Unchanged.NOTHING_TO_CANCEL,
    (QuoteState.EXPIRED, Act.CANCEL): Unchanged.NOTHING_TO_CANCEL,
    (QuoteState.CANCELLED, Act.CANCEL): Unchanged.CANCELLED,
}


def act(quote: PlainQuote, what: Act, at: datetime, *, by: str = "") -> PlainQuote | Unchanged:
    """Let something happen to a quote: the quote as it is then, or why nothing has changed.

    Shapes: `by` is the actor who said it, proven; "" for ourselves and the clock.
    Units:  `at` is when that came in, by our own clock.
    """
    if what in (Act.ACCEPT, Act.CANCEL) and by != quote.customer:
        return Unchanged.FOREIGN
    target = QUOTE_TABLE.get((quote.state, what))
    if target is None:
        return _WHY_NOT.get((quote.state, what), Unchanged.SETTLED)
    match what:
        case Act.ACCEPT:
            return _accept(quote, target, at)
        case Act.CANCEL:
            return _cancel(quote, target, at)
        case Act.WITHDRAW:
            return Unchanged.FIRM if quote.firm else replace(quote, state=target, ended_at=at)
        case Act.END:  # pragma: no branch (the enum is closed, which mypy checks)
            return replace(quote, state=target, ended_at=at)


def _accept(quote: PlainQuote, target: QuoteState, at: datetime) -> PlainQuote | Unchanged:
    return Unchanged.LATE if at >= quote.ends_at else replace(quote, state=target, concluded_at=at)


def _cancel(quote: PlainQuote, target: QuoteState, at: datetime) -> PlainQuote | Unchanged:
    until = quote.cancel_until
    is_late = until is None or at >= until
    return Unchanged.TOO_LATE_TO_CANCEL if is_late else replace(quote, state=target, ended_at=at)
