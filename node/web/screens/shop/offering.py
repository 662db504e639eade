"""The offer form: filled from the catalogue or from last time, checked before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from node.desk import Desk
from node.domain.deals import Deal
from node.domain.errors import InvalidInput
from node.domain.intents import Proposal
from node.domain.offers import Answer as WishAnswer
from node.domain.offers import Item, Meets, PartKind, PricePart
from node.domain.values import Money
from node.services.disclosure import FIELDS
from node.services.quotes import Quote, make_offer
from node.web import formats
from node.web.deal_words import FIELDS as FIELD_NAMES
from node.web.fields import choice, day, hidden, many, money, optional, switch, text
from node.web.forms import Filled, Form
from node.web.i18n import N_
from node.web.names import MEETS as MEETS_WORDS
from node.web.names import PART_KINDS, named
from node.web.screens.shop.deals import SEEN, check_seen, deal_of
from node.web.shop.offering import WISHES, OfferFormView, filling, offer_form_view
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

STEP = choice("step", {"check": "check", "send": "send", "change": "change"})
SKU = hidden("sku", most=64)
NAME = text("name")
BRAND = optional(text("brand"))
CONDITION = optional(choice("condition", {name: name for name in ("new", "used", "refurbished")}))
GOODS = optional(money("goods"))
DELIVERY = optional(money("delivery"))
TAX = optional(money("tax"))
FEE = optional(money("fee"))
DISCOUNT = optional(money("discount"))
PARTS = (
    (GOODS, PartKind.GOODS),
    (DELIVERY, PartKind.DELIVERY),
    (TAX, PartKind.TAX),
    (FEE, PartKind.FEE),
    (DISCOUNT, PartKind.DISCOUNT),
)
VALID = choice("valid", {str(days): timedelta(days=days) for days in (1, 3, 7, 14, 30)})
DUE = optional(day("due"))
FIRM = switch("firm")
WORDS = optional(text("text", most=5000, lines=True))
ASKED = many(choice("fields", {name: name for name in FIELDS}), most=len(FIELDS))
MEETS = tuple(optional(choice(f"meets{n}", {m.value: m for m in Meets})) for n in range(WISHES))
SAYS = tuple(optional(text(f"says{n}", most=500)) for n in range(WISHES))
OFFER = Form(
    STEP,
    SEEN,
    SKU,
    NAME,
    BRAND,
    CONDITION,
    *(field for field, _ in PARTS),
    VALID,
    DUE,
    FIRM,
    WORDS,
    ASKED,
    *MEETS,
    *SAYS,
)


_DAYS = (1, 3, 7, 14, 30)
_CONDITIONS = (("new", N_("new")), ("used", N_("used")), ("refurbished", N_("refurbished")))


@dataclass(frozen=True, slots=True)
class OfferWords:
    """Options of the form's choices, each (value, words)."""

    fields: tuple[tuple[str, str], ...]
    meets: tuple[tuple[str, str], ...]
    conditions: tuple[tuple[str, str], ...]
    days: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CheckView:
    """An offer as it would be sent; `again` holds every field of its form."""

    form: OfferFormView
    quote: Quote
    again: tuple[tuple[str, str], ...]


@SCREENS.get("/my/deals/{deal}/offer", who=Who.VENDOR)
async def offer_page(visit: Visit) -> Answer:
    view = await visit.look(lambda desk: _form_view(desk, visit))
    form = visit.form_or(OFFER, filling(view))
    words = OfferWords(
        tuple((name, named(FIELD_NAMES, name, visit.locale)) for name in FIELDS),
        tuple((m.value, named(MEETS_WORDS, m.value, visit.locale)) for m in Meets),
        tuple((name, visit.words(words)) for name, words in _CONDITIONS),
        tuple((str(days), visit.words.ngettext("%(num)s day", "%(num)s days", days)) for days in _DAYS),
    )
    return Page("shop/offer.html", (view, words), form)


def _form_view(desk: Desk, visit: Visit) -> OfferFormView:
    """Raises: Missing where there is nothing to answer."""
    deal = deal_of(desk, visit)
    query = visit.query
    if deal.proposal is None:
        raise Missing
    sku = visit.form.typed.first("sku") if visit.form is not None else query.first("sku")
    return offer_form_view(
        desk,
        deal,
        deal.proposal,
        sku=sku[:64],
        search=query.first("q")[:100],
        like_last=visit.form is None and query.first("like") == "last",
    )


@SCREENS.post("/my/deals/{deal}/offer", who=Who.VENDOR)
async def offer(visit: Visit) -> Answer:
    """First shown as it would be sent, with its total; the second time it is sent."""
    filled = await visit.read(OFFER)
    if filled[STEP] == "change":
        visit.form = filled
        return await offer_page(visit)
    if filled[STEP] == "check":
        visit.form = filled
        view = await visit.look(lambda desk: _form_view(desk, visit))
        quote = await visit.look(lambda desk: _checked(desk, visit, filled)[1])
        return Page("shop/offer_check.html", CheckView(view, quote, _again(filled)), filled)
    await visit.act(lambda desk: make_offer(desk, *_checked(desk, visit, filled)))
    return Redirect(f"/my/deals/{visit.params['deal']}", visit.words("Your offer is sent."))


def _checked(desk: Desk, visit: Visit, filled: Filled) -> tuple[Deal, Quote]:
    """The deal and the offer that was typed. Raises: FormRefused, InvalidInput, Missing."""
    deal = deal_of(desk, visit)
    if deal.proposal is None:
        raise Missing
    check_seen(visit, filled, deal)
    return deal, _quote(desk, visit, filled, deal.account, deal.proposal)


def _quote(desk: Desk, visit: Visit, filled: Filled, account: str, proposal: Proposal) -> Quote:
    parts = _parts(visit, filled, proposal)
    asked: tuple[str, ...] = filled[ASKED]
    total = sum(p.amount.amount_minor * (-1 if p.kind is PartKind.DISCOUNT else 1) for p in parts)
    _ = visit.words
    if proposal.currency is not None and not any(part.kind is PartKind.GOODS for part in parts):
        raise filled.refused("goods", _("This is empty."), _("Write what the goods cost."))
    if total < 0:
        raise filled.refused("discount", _("It is more than the price."), _("Choose a smaller one."))
    if proposal.budget is not None and total > proposal.budget.maximum.amount_minor:
        budget = formats.money(proposal.budget.maximum, visit.locale)
        raise filled.refused(
            "goods", _("It is over their budget of %(budget)s.", budget=budget), _("Offer less.")
        )
    return Quote(
        price=Money(total, proposal.currency) if proposal.currency else None,
        item=_item(desk, filled, account),
        valid=filled[VALID],
        due_at=_due(visit, filled),
        firm=filled[FIRM],
        content=filled[WORDS],
        answers=tuple(_answers(filled, proposal)),
        price_parts=parts if len(parts) > 1 else (),
        fields_asked=tuple(dict.fromkeys(asked)),
    )


def _parts(visit: Visit, filled: Filled, proposal: Proposal) -> tuple[PricePart, ...]:
    found = []
    for field, kind in PARTS:
        amount = filled[field]
        if amount is None or (not amount.amount_minor and kind is not PartKind.GOODS):
            continue
        if amount.currency != proposal.currency:
            _ = visit.words
            raise filled.refused(
                field.name,
                _("They pay in %(currency)s.", currency=proposal.currency or "–"),
                _("Load the page again."),
            )
        # The customer may read another language than we do: a part is named as the protocol's own word.
        name = filled[NAME] if kind is PartKind.GOODS else PART_KINDS[kind.value].capitalize()
        found.append(PricePart(name, kind, amount))
    return tuple(found)


def _item(desk: Desk, filled: Filled, account: str) -> Item:
    """What is offered; its catalogue item as well, where the form was filled from one.

    Raises: InvalidInput where that is gone, or there is no longer enough of it.
    """
    known = desk.tx.catalogue.get(account, filled[SKU]) if filled[SKU] else None
    if filled[SKU] and known is None:
        raise InvalidInput("name", "it is no longer in the catalogue", "Choose another, or write it by hand.")
    return Item(
        name=filled[NAME],
        sku=known.sku if known else None,
        gtin=known.gtin if known else None,
        brand=filled[BRAND],
        condition=filled[CONDITION],
        url=known.url if known else None,
    )


def _due(visit: Visit, filled: Filled) -> datetime | None:
    """The end of the day by which it is there, in the vendor's own zone."""
    wanted = filled[DUE]
    if wanted is None:
        return None
    at = datetime.combine(wanted, time(23, 59, 59), visit.locale.zone).astimezone(UTC)
    if at <= visit.now:
        _ = visit.words
        raise filled.refused("due", _("That day is over."), _("Choose one that is to come."))
    return at


def _answers(filled: Filled, proposal: Proposal) -> list[WishAnswer]:
    answers = []
    for wish, meets, says in zip(proposal.wishes, MEETS, SAYS, strict=False):
        judged, words = filled[meets], filled[says]
        if judged is not None or words:
            judged = judged or Meets.UNKNOWN
            answers.append(WishAnswer(wish.id, words or judged.value, judged))
    return answers


def _again(filled: Filled) -> tuple[tuple[str, str], ...]:
    """Everything that was typed but which step it was for."""
    names = OFFER.names - {"step"}
    return tuple(
        (name, value) for name in filled.typed if name in names for value in filled.typed.all(name) if value
    )
