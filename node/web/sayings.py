"""What the domain and its use cases say to an owner, said on a page: in the reader's language, as a sentence.

Their English is short and written for the command line; where a page says it otherwise, that stands in
ON_PAGES. All of these texts are in the catalogues beside those of the pages (`tests/sayings.py` finds them).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from node.domain.accounts import AccountKind
from node.domain.deals import CancellationState, DealState, OfferState
from node.domain.errors import InvalidInput, Refusal
from node.domain.intents import IntentState
from node.domain.messages import Stage
from node.domain.sayings import Said
from node.domain.values import Money, Quantity
from node.web import formats, names
from node.web.fields import Wrong
from node.web.i18n import N_, Locale

__all__ = ["ON_PAGES", "sentence", "wrong_of"]

ON_PAGES: Mapping[str, str] = {
    # what names a command, or a way of the command line
    "List them with `obverse offers`.": N_("Look at your deals."),
    "List them with `obverse intent list`.": N_("Look at your intents."),
    "See `obverse offers`.": N_("Look at the deal again."),
    "See `obverse offers --all`.": N_("Look at the deal again."),
    "See `obverse catalogue list`.": N_("Choose one of the catalogue."),
    "See `obverse following`.": N_("Look at the list again."),
    "See `obverse shun list`.": N_("Look at the list again."),
    "See `obverse block list`.": N_("Look at the list of servers."),
    "'%(text)s': %(error)s": N_("'%(text)s' is no domain."),
    "Ask instead: `obverse ask`.": N_("Ask instead."),
    "Ask the vendor: `obverse intent cast`.": N_("Ask the vendor: cast an intent."),
    "Ask it with a message instead (--as-message), or choose a vendor that is one.": N_(
        "Ask it by a message instead, or choose a vendor that is one."
    ),
    "Name it with --to: it answers with signed offers.": N_(
        "Choose it among the vendors instead: it answers with signed offers."
    ),
    "Name one with --to; add them with `obverse vendors add`.": N_("Choose at least one."),
    "To get in again: obverse login-link": N_("Log in. Whoever runs the server can let you in."),
    "Log in, or: obverse login-link": N_("Log in. Whoever runs the server can let you in."),
    "It accepts %(terms)s; use --terms, or leave it out.": N_(
        "It accepts %(terms)s. Choose among these, or leave the vendor out."
    ),
    "Name one by the end of its id.": N_("Choose one of them."),
    "Write more of its id.": N_("Choose one of them."),
    "no deal or offer ends with '%(reference)s'": N_("There is no such deal or offer."),
    "%(n)s deals end with '%(reference)s'": N_("Several deals are meant by this."),
    "%(n)s intents end with '%(reference)s'": N_("There is no such intent."),
    # what would be no sentence with a state's words in it
    "it is %(state)s": N_("That cannot be done now: %(state)s."),
    "the offer is %(state)s": N_("The offer is no longer open: %(state)s."),
    "the offer is %(state)s already": N_("The offer is no longer open: %(state)s."),
    "the deal is %(state)s; no offer is live": N_("No offer is open in this deal: %(state)s."),
    "nothing is agreed: it is %(state)s": N_("Nothing is agreed yet: %(state)s."),
    "a %(kind)s is not possible: the deal is %(state)s": N_("That cannot be done now. The deal: %(state)s."),
    "the cancellation was %(state)s already": N_("The cancellation was answered already."),
    "%(name)s is a %(kind)s here": N_("%(name)s is there already, of another kind."),
    "%(stage)s is not the %(sender)s's to report": N_("This is for the other side to report."),
    "it does not fulfil the agreement's %(side)s": N_("It does not fit what was agreed."),
    "the %(what)s has ended": N_("Its time has run out."),
    "the %(what)s lasts longer than %(days)s days": N_("It would last longer than %(days)s days."),
    "%(span)s is out of bounds": N_("%(span)s is too short or too long."),
    "%(n)s hours": N_("%(n)s hours is too short or too long."),
    "%(n)s percent": N_("%(n)s percent is not possible."),
    "%(what)s '%(text)s' is not a plain decimal such as 289.00": N_(
        "'%(text)s' is not a number such as 289.00."
    ),
    "%(what)s has more than %(most)s digits": N_("It has more than %(most)s digits."),
    "amount %(text)s has more decimals than %(currency)s (%(most)s)": N_(
        "%(text)s has more decimals than %(currency)s has: %(most)s."
    ),
    "quantity %(text)s is not above 0 and below %(limit)s": N_(
        "%(text)s is not above 0 and below %(limit)s."
    ),
    "quantity %(text)s: %(unit)s cannot be divided": N_("%(text)s: only whole pieces of this can be had."),
    "It is sold by the %(unit)s.": N_("Its unit: %(unit)s."),
    "%(item)s is sold by the %(unit)s": N_("%(item)s has another unit: %(unit)s."),
    "%(unit)s where it is sold by the %(sold)s": N_("Its unit is another one: %(sold)s."),
    "line %(line)s cannot be read: %(error)s": N_("Line %(line)s cannot be read."),
    "the standing offer cannot be read: %(error)s": N_("The standing offer cannot be read."),
    "the signature of %(url)s does not hold: %(error)s": N_("The signature of %(url)s does not hold."),
}
"""By the text of the command line: what a page says instead."""

_TROUBLES: Mapping[str, str] = {
    "Gone": N_("it is gone"),
    "NotFound": N_("there is nothing at that address"),
    "TooManyRequests": N_("its server is asked too often"),
    "InvalidIri": N_("that is no address"),
    "FetchFailed": N_("its server does not answer"),
}
_TROUBLE = N_("its answer cannot be used")
_CODES: Mapping[type, Mapping[str, str]] = {
    AccountKind: names.ACCOUNT_KINDS,
    DealState: names.DEAL_STATES,
    IntentState: names.INTENT_STATES,
    OfferState: names.OFFER_STATES,
    Stage: names.STAGES,
    CancellationState: {},
}
_BY_NAME: Mapping[str, Mapping[str, str]] = {"unit": names.UNITS, "sold": names.UNITS}
_SHOWN: Mapping[type, Callable[[Any, Locale], str]] = {
    Money: formats.money,
    Quantity: formats.quantity,
    Decimal: formats.number,
    int: formats.number,
    datetime: formats.moment,
    timedelta: formats.duration,
}


def wrong_of(error: InvalidInput | Refusal, locale: Locale) -> Wrong:
    """What a use case refuses, as a page tells it."""
    if isinstance(error, InvalidInput):
        return Wrong(sentence(error.wrong, locale), sentence(error.right, locale))
    return Wrong(sentence(error.detail, locale))


def sentence(text: str, locale: Locale) -> str:
    """A text of the domain in a reader's words, with a capital and an end; "" stays "".

    Shapes: a text that is no constant of ours must be a `Said`; what nobody has translated stays English.
    """
    template = text.template if isinstance(text, Said) else text
    values = text.values if isinstance(text, Said) else {}
    shown = {name: _value(name, value, locale) for name, value in values.items()}
    made = locale.words(ON_PAGES.get(template, template), **shown)
    if not made:
        return ""
    return made[0].upper() + made[1:] + ("" if made[-1] in ".?!…" else ".")


def _value(name: str, value: object, locale: Locale) -> str:
    kind = type(value)
    if kind in _SHOWN:
        return _SHOWN[kind](value, locale)
    if isinstance(value, tuple):
        return formats.listed([str(one) for one in value], locale)
    if isinstance(value, Exception):
        told = (_TROUBLES.get(one.__name__) for one in kind.__mro__)
        return locale.words(next((words for words in told if words), _TROUBLE))
    table = _BY_NAME.get(name) or _CODES.get(kind, {})
    return names.named(table, str(value), locale)
