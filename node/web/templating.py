"""The one template environment: whose words and formats a template gets, and how plain text is made safe.

A page is rendered for one `Reader`; its words and formats reach the page, what it includes, and its macros.

    _("Accept")  _("%(n)s offers", n=3)     plain text, escaped when shown; also for texts marked by N_
    {% trans %}Go to <b>here</b>{% endtrans %}   text with markup of ours in it; values in it are escaped
    ngettext("%(num)s offer", "%(num)s offers", n)   pgettext(context, text)
    amount|money  price|unit_price("EUR")  n|number  q|quantity  b|size  share|percent  names|listed
    at|day  at|clock  at|moment  at|relative  at|when (an element: relative, exact on pointing)  at|stamp
    {{ text }}                              escaped, and characters that hide are shown as [U+202E]
    {{ text|typed }}                        what a person typed, given back into a field unchanged
    state|deal_state  code|reason  iri|term_words …   what `names` calls a code
    error.wrong|sentence                    what the domain says to an owner, in the reader's words
    static("obverse.css")                   where a file that pages load is found
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from node.domain.terms import short_name
from node.domain.values import Money, Quantity
from node.web import formats, names
from node.web.i18n import Locale, Words
from node.web.marks import initials
from node.web.sayings import sentence
from node.web.static import FILES
from node.web.unseen import show_unseen

__all__ = ["TEMPLATES", "TEMPLATE_DIR", "Reader", "is_web_address", "make_environment", "spoken"]

TEMPLATE_DIR = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a page is rendered, and when: `now` is aware, and what `in 5 minutes` counts from."""

    locale: Locale
    now: datetime


def spoken(reader: Reader) -> dict[str, object]:
    """What every template is given for its reader: the words, and what the filters of formats look at."""
    words = reader.locale.words
    markup = _MarkupWords(words)
    return {
        "reader": reader,
        "lang": reader.locale.tag,
        "_": words,
        "gettext": markup.gettext,
        "ngettext": markup.ngettext,
        "pgettext": markup.pgettext,
        "npgettext": markup.npgettext,
    }


def make_environment(directory: Path = TEMPLATE_DIR) -> Environment:
    """An environment over a directory of templates; pages have one, `TEMPLATES`."""
    made = _Templates(
        loader=FileSystemLoader(directory),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    # `trans` hands its values over to be put in after the translation, where they are escaped.
    made.newstyle_gettext = True  # type: ignore[attr-defined]
    made.policies["ext.i18n.trimmed"] = True
    made.filters.update(_FILTERS)
    made.globals["static"] = FILES.address
    made.globals["joined"] = _joined
    made.tests["web_address"] = is_web_address
    return made


class _Templates(Environment):
    """Every import is `with context`: a macro without its reader would fall silently back to English.

    What `~` joins to markup is looked through first: joined, it would pass for markup of ours.
    """

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for whole in tree.find_all(nodes.Import):
            whole.with_context = True
        for named in tree.find_all(nodes.FromImport):
            named.with_context = True
        for join in list(tree.find_all(nodes.Concat)):
            join.nodes = [nodes.Call(nodes.Name("joined", "load"), join.nodes, [], None, None)]
        return tree


def _seen(value: Any) -> Any:
    """What `{{ }}` shows: markup is ours or was cleaned, every other text shows what hides in it."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return show_unseen(value)


def _joined(*values: Any) -> str:
    if any(isinstance(value, Markup) for value in values):
        return Markup("").join(_seen(value) for value in values)
    return "".join(str(value) for value in values)


@dataclass(frozen=True, slots=True)
class _MarkupWords:
    """Texts of templates, which may hold markup of ours. They are constants, as the extractor needs them."""

    words: Words

    def gettext(self, text: str, /, **values: object) -> Markup:
        return _filled(self.words.catalogue.gettext(text), values)

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> Markup:
        return _filled(self.words.catalogue.ngettext(one, many, number), {"num": number, **values})

    def pgettext(self, context: str, text: str, /, **values: object) -> Markup:
        return _filled(self.words.catalogue.pgettext(context, text), values)

    def npgettext(self, context: str, one: str, many: str, number: int, /, **values: object) -> Markup:
        found = self.words.catalogue.npgettext(context, one, many, number)
        return _filled(found, {"num": number, **values})


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    shown = {name: _seen(value) for name, value in values.items()}
    return Markup(text) % shown  # noqa: S704  a text of ours; its values are escaped by `%`


# --- filters and tests ------------------------------------------------------------------------------------


@pass_context
def _money(context: Context, amount: Money) -> str:
    return formats.money(amount, _locale(context))


@pass_context
def _unit_price(context: Context, price: Decimal, currency: str) -> str:
    return formats.unit_price(price, currency, _locale(context))


@pass_context
def _number(context: Context, value: Decimal | int) -> str:
    return formats.number(value, _locale(context))


@pass_context
def _quantity(context: Context, amount: Quantity) -> str:
    return formats.quantity(amount, _locale(context))


@pass_context
def _size(context: Context, size_bytes: int) -> str:
    return formats.size(size_bytes, _locale(context))


@pass_context
def _percent(context: Context, share: Decimal) -> str:
    return formats.percent(share, _locale(context))


@pass_context
def _listed(context: Context, items: list[str], style: str = "standard") -> str:
    return formats.listed(items, _locale(context), style)


@pass_context
def _day(context: Context, at: datetime) -> str:
    return formats.day(at, _locale(context))


@pass_context
def _clock(context: Context, at: datetime) -> str:
    return formats.clock(at, _locale(context))


@pass_context
def _moment(context: Context, at: datetime) -> str:
    return formats.moment(at, _locale(context))


@pass_context
def _relative(context: Context, at: datetime) -> str:
    return formats.relative(at, context["reader"].now, _locale(context))


@pass_context
def _when(context: Context, at: datetime) -> Markup:
    locale = _locale(context)
    return formats.time_element(at, formats.relative(at, context["reader"].now, locale), locale)


@pass_context
def _duration(context: Context, length: timedelta) -> str:
    return formats.duration(length, _locale(context))


@pass_context
def _per_unit(context: Context, amount: Quantity) -> str:
    return names.per_unit(amount, _locale(context))


@pass_context
def _sentence(context: Context, text: str) -> str:
    return sentence(text, _locale(context))


@pass_context
def _term_words(context: Context, iri: str) -> str:
    return names.term_words(iri, _locale(context))


def _naming(table: Mapping[str, str]) -> Callable[[Context, str], str]:
    """A filter that says what a code of one set is called."""

    @pass_context
    def say(context: Context, code: str) -> str:
        return names.named(table, code, _locale(context))

    return say


def _locale(context: Context) -> Locale:
    locale: Locale = context["reader"].locale
    return locale


def is_web_address(address: str | None) -> bool:
    """Whether a link may lead there: a scheme like javascript: in a foreign profile must not become one."""
    if address is None:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


_FILTERS: dict[str, Any] = {
    "account_kind": _naming(names.ACCOUNT_KINDS),
    "deal_state": _naming(names.DEAL_STATES),
    "delivery_state": _naming(names.DELIVERY_STATES),
    "intent_state": _naming(names.INTENT_STATES),
    "meets": _naming(names.MEETS),
    "mood": _naming(names.MOODS),
    "offer_state": _naming(names.OFFER_STATES),
    "part_kind": _naming(names.PART_KINDS),
    "per_unit": _per_unit,
    "reason": _naming(names.REASONS),
    "refusal": _naming(names.REFUSALS),
    "stage": _naming(names.STAGES),
    "standing": _naming(names.STANDINGS),
    "term_name": short_name,
    "term_words": _term_words,
    "unit_name": _naming(names.UNITS),
    "weight": _naming(names.WEIGHTS),
    "amount_input": formats.amount_input,
    "clock": _clock,
    "day": _day,
    "duration": _duration,
    "initials": initials,
    "listed": _listed,
    "moment": _moment,
    "money": _money,
    "number": _number,
    "percent": _percent,
    "quantity": _quantity,
    "relative": _relative,
    "sentence": _sentence,
    "size": _size,
    "stamp": formats.stamp,
    "typed": escape,
    "unit_price": _unit_price,
    "when": _when,
}
TEMPLATES = make_environment()
"""Without state but for its cache of compiled templates; rendering takes everything else as values."""
