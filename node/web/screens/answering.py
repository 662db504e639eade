"""Her answers to an offer: another price, no, or yes. What was clicked must still be what is offered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from node.desk import Desk
from node.domain.deals import AcceptanceState, Deal, OfferRecord
from node.domain.reasons import DECLINE_REASONS
from node.domain.values import Money
from node.services import negotiating
from node.services.disclosure import FIELDS
from node.services.negotiating import LosersWord
from node.web.deal_reads import deal_page, find_offer_of, intent_page, is_open
from node.web.deal_words import FIELDS as FIELD_WORDS
from node.web.deal_words import purpose_words
from node.web.fields import Field, choice, hidden, many, money, optional, switch, text
from node.web.forms import Filled, Form
from node.web.offer_views import OneOfferView, one_offer_view
from node.web.visits import Answer, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

WORDS_CHARS = 5000
VALUE_CHARS = 1000
TO_FILL_IN = timedelta(minutes=30)
"""How long a form may take that was opened right after proving who she is."""

REASON = optional(choice("reason", {code: code for code in DECLINE_REASONS}))
MAY_ANSWER = switch("may_answer")
WORDS = optional(text("text", most=WORDS_CHARS, lines=True))
PRICE_SEEN = hidden("price_seen", most=40)
DISCLOSED = many(choice("disclose", {name: name for name in FIELDS}))
VALUES: dict[str, Field[str | None]] = {
    name: optional(text(f"value_{name}", most=VALUE_CHARS)) for name in FIELDS
}

DECLINE = Form(REASON, MAY_ANSWER, WORDS)
ACCEPT = Form(PRICE_SEEN, DISCLOSED, *VALUES.values(), REASON, MAY_ANSWER)


async def _view(visit: Visit) -> OneOfferView:
    account, limits = visit.viewer.account, visit.node.config.limits
    ref, digest = visit.params["deal"], visit.params["offer"]
    return await visit.look(lambda desk: one_offer_view(desk, account, ref, digest, limits))


def _find(desk: Desk, visit: Visit) -> tuple[Deal, OfferRecord]:
    return find_offer_of(desk, visit.viewer.account, visit.params["deal"], visit.params["offer"])


def _check_open(filled: Filled, offer: OfferRecord, desk: Desk, visit: Visit) -> None:
    """What ended between view and click asks again; the page tells what became of it. Raises: FormRefused."""
    _ = visit.words
    if not is_open(offer, desk.now):
        raise filled.refused(
            "", _("This offer is not open any more. Nothing was sent."), _("See what is open now.")
        )


# --- another price ----------------------------------------------------------------------------------------


def _counter_form(currency: str) -> tuple[Form, Field[Money]]:
    price = money("price", currency=currency)
    return Form(price, WORDS), price


@SCREENS.get("/my/deals/{deal}/offers/{offer}/counter", who=Who.PERSON)
async def counter_page(visit: Visit) -> Answer:
    view = await _view(visit)
    form = visit.form or Form().blank()
    visit.is_shown = visit.form is not None
    return Page("offers/counter.html", view, form)


@SCREENS.post("/my/deals/{deal}/offers/{offer}/counter", who=Who.PERSON)
async def counter(visit: Visit) -> Answer:
    """End this offer by naming the price at which she would take it."""
    view = await _view(visit)
    price = view.offer.agreement.price
    form, field = _counter_form(price.currency if price is not None else "")
    filled = await visit.read(form)
    named = filled[field]
    _ = visit.words
    if price is not None and named.amount_minor >= price.amount_minor:
        raise filled.refused(
            "price", _("That is not less than they ask."), _("Name a lower price, or accept the offer.")
        )
    if named.amount_minor == 0:
        raise filled.refused("price", _("That is nothing."), _("Name a price that you would pay."))

    def work(desk: Desk) -> Deal:
        deal, offer = _find(desk, visit)
        _check_open(filled, offer, desk, visit)
        return negotiating.counter(desk, deal, offer.id, named.text, filled[WORDS])

    deal = await visit.act(work)
    return Redirect(deal_page(deal), _("Sent. That offer has ended; a new one may come."))


# --- no ---------------------------------------------------------------------------------------------------


@SCREENS.get("/my/deals/{deal}/offers/{offer}/decline", who=Who.PERSON)
async def decline_page(visit: Visit) -> Answer:
    return Page("offers/decline.html", await _view(visit), visit.form_or(DECLINE))


@SCREENS.post("/my/deals/{deal}/offers/{offer}/decline", who=Who.PERSON)
async def decline(visit: Visit) -> Answer:
    """Say no; the reason is hers to give or keep."""
    filled = await visit.read(DECLINE)

    def work(desk: Desk) -> str:
        deal, offer = _find(desk, visit)
        _check_open(filled, offer, desk, visit)
        word = LosersWord(filled[REASON], filled[MAY_ANSWER])
        negotiating.decline(desk, deal, offer.id, word, filled[WORDS])
        return f"{intent_page(deal.intent_id)}/offers" if deal.intent_id else deal_page(deal)

    return Redirect(await visit.act(work), visit.words("Declined."))


# --- yes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A field that the vendor wants to know, and what for."""

    name: str
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class AcceptView:
    """What is said yes to. `seen` is the price that the page shows, and comes back with the form."""

    shown: OneOfferView
    asked: tuple[Asked, ...]
    seen: str

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Where an error may stand, with its name."""
        return [(f"value_{item.name}", item.label) for item in self.asked]


@SCREENS.get("/my/deals/{deal}/offers/{offer}/accept", who=Who.PERSON)
async def accept_page(visit: Visit) -> Answer:
    view = await _view(visit)
    if view.is_this_taken:
        return Redirect(f"{deal_page(view.deal)}/agreement")
    if view.is_taken or not view.one.is_live:
        return await _not_any_more(visit, view)
    if visit.form is None:
        visit.confirmed()
    asked = tuple(
        Asked(
            field.attribute,
            visit.words(FIELD_WORDS[field.attribute]),
            purpose_words(field.purpose, visit.locale),
        )
        for field in view.offer.fields_asked
        if field.attribute in FIELD_WORDS
    )
    return Page("offers/accept.html", AcceptView(view, asked, _seen(view.offer)), visit.form_or(ACCEPT))


async def _not_any_more(visit: Visit, view: OneOfferView) -> Answer:
    """What became of it, and where to go on; never the form."""
    visit.is_shown = True
    return Page("offers/gone.html", view, status=409)


def _seen(offer: OfferRecord) -> str:
    """The price as the page shows it, to be compared with what is offered at the click."""
    price = offer.agreement.price
    return str(price) if price is not None else ""


@SCREENS.post("/my/deals/{deal}/offers/{offer}/accept", who=Who.PERSON)
async def accept(visit: Visit) -> Answer:
    """Bound from here on. A second tap finds it done and does nothing."""
    visit.confirmed(within=TO_FILL_IN)
    filled = await visit.read(ACCEPT)
    fields = _disclosed(filled, visit)

    def work(desk: Desk) -> Deal:
        deal, offer = _find(desk, visit)
        if _is_done(deal, offer):
            return deal
        _check_open(filled, offer, desk, visit)
        if filled[PRICE_SEEN] != _seen(offer):
            raise filled.refused(
                "", visit.words("The price is not the one that you saw. Nothing was sent."), ""
            )
        losers = LosersWord(filled[REASON], filled[MAY_ANSWER])
        return negotiating.accept(
            desk, deal, offer.id, fields=fields, losers=losers, expect_price=offer.agreement.price
        )

    deal = await visit.act(work)
    return Redirect(f"{deal_page(deal)}/agreement")


def _is_done(deal: Deal, offer: OfferRecord) -> bool:
    found = deal.acceptance
    under_way = (AcceptanceState.PENDING, AcceptanceState.CONCLUDED)
    return found is not None and found.offer_digest == offer.digest and found.state in under_way


def _disclosed(filled: Filled, visit: Visit) -> dict[str, str]:
    """What she ticked, with what she wrote. Raises: FormRefused where one stands without the other."""
    _ = visit.words
    given: dict[str, str] = {}
    ticked = filled[DISCLOSED]
    for name, field in VALUES.items():
        value = filled[field]
        if name in ticked and value is None:
            raise filled.refused(field.name, _("This is ticked, but empty."), _("Write it, or untick it."))
        if name not in ticked and value is not None:
            raise filled.refused(
                field.name,
                _("This is written, but not ticked: it would not be sent."),
                _("Tick it, or empty it."),
            )
        if value is not None:
            given[name] = value
    return given
