"""Rules that answer at once: does this item meet this proposal, and may it be offered without a person?

A wish marked *must* that cannot be judged makes a draft for a person, never an offer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt

from node.domain.catalogue import CatalogueItem, Property
from node.domain.errors import InvalidInput
from node.domain.intents import Place, Proposal, Weight, Wish
from node.domain.offers import Answer, Meets, PartKind, PricePart
from node.domain.sayings import Said, said
from node.domain.values import MAX_DIGITS, Money

__all__ = [
    "Judgement",
    "Rule",
    "Verdict",
    "choose",
    "judge",
    "judge_wish",
    "rank_of",
    "serves",
    "wanted_number",
]

EARTH_KM = 6371.0
_TO_JUDGE = "a person must judge: %(what)s"
MAX_VALID_HOURS = 30 * 24


class Verdict(StrEnum):
    OFFER = "offer"
    DRAFT = "draft"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """When a vendor's node may answer by itself.

    `category` None means any; `place` with a radius bounds where it serves (None: anywhere); quantities are
    in the item's unit; `discount_percent` is taken off the goods; `valid_hours` is how long it stands.
    Raises: InvalidInput for a rule whose offers nobody could take.
    """

    id: str
    name: str
    category: str | None = None
    min_quantity: Decimal = Decimal(1)
    max_quantity: Decimal | None = None
    place: Place | None = None
    discount_percent: Decimal = Decimal(0)
    valid_hours: int = 72
    firm: bool = False
    enabled: bool = True
    fields_asked: tuple[str, ...] = ()
    content: str | None = None

    def __post_init__(self) -> None:
        if not (self.discount_percent.is_finite() and 0 <= self.discount_percent <= 100):
            wrong = said("%(n)s percent", n=self.discount_percent)
            raise InvalidInput("discount", wrong, "Choose from 0 to 100.")
        if not 1 <= self.valid_hours <= MAX_VALID_HOURS:
            right = said("Choose from 1 to %(most)s (30 days).", most=MAX_VALID_HOURS)
            raise InvalidInput("valid_hours", said("%(n)s hours", n=self.valid_hours), right)
        if self.min_quantity < 0 or (self.max_quantity is not None and self.max_quantity < self.min_quantity):
            raise InvalidInput("quantity", "no quantity is in that range", "Let the least be the smaller.")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One item against one proposal under one rule; `why` says in words what decided."""

    verdict: Verdict
    item: CatalogueItem
    rule: Rule
    answers: tuple[Answer, ...] = ()
    why: tuple[str, ...] = ()

    def price_parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        """Goods, delivery and the rule's discount; all of one currency."""
        goods, off = _goods_and_discount(self.item, self.rule, quantity)
        currency = self.item.price.currency
        parts = [PricePart(self.item.name, PartKind.GOODS, Money(goods, currency))]
        if self.item.delivery is not None:
            parts.append(PricePart("Delivery", PartKind.DELIVERY, self.item.delivery))
        if off:
            parts.append(PricePart(self.rule.name, PartKind.DISCOUNT, Money(off, currency)))
        return tuple(parts)

    def price(self, quantity: Decimal) -> Money:
        """What the parts sum to."""
        return Money(_total_minor(self.item, self.rule, quantity), self.item.price.currency)


def _goods_and_discount(item: CatalogueItem, rule: Rule, quantity: Decimal) -> tuple[int, int]:
    goods = int(item.price.amount_minor * quantity)
    return goods, int(goods * rule.discount_percent / 100)


def _total_minor(item: CatalogueItem, rule: Rule, quantity: Decimal) -> int:
    """What an item costs under a rule, delivery included: the sum of `Judgement.price_parts`."""
    goods, off = _goods_and_discount(item, rule, quantity)
    return goods - off + (item.delivery.amount_minor if item.delivery is not None else 0)


def judge_wish(wish: Wish, item: CatalogueItem) -> Answer:
    """What the catalogue says of one wish; `unknown` where it says nothing or the wish is only words."""
    value = item.find(wish.prop or "")
    if not wish.is_structured or value is None:
        return Answer(wish.id, "not stated", Meets.UNKNOWN)
    if value.unit is not None and wish.unit is not None and value.unit != wish.unit:
        return Answer(wish.id, _in_words(value), Meets.UNKNOWN)
    return Answer(wish.id, _in_words(value), _compare(wish, value))


def _in_words(value: Property) -> str:
    """As a customer reads it: `105–125 centimetre`, where a catalogue has `105..125 centimetre`."""
    return value.text.replace("..", "–", 1) if value.low != value.high else value.text


def _compare(wish: Wish, value: Property) -> Meets:
    wanted = wanted_number(wish.value or "")
    if wish.op == "is":
        same_words = value.text.casefold() == (wish.value or "").casefold()
        same_number = wanted is not None and value.low == wanted == value.high
        return Meets.YES if same_words or same_number else Meets.NO
    if wanted is None or value.low is None or value.high is None:
        return Meets.UNKNOWN
    if wish.op == "fits":
        return Meets.YES if value.low <= wanted <= value.high else Meets.NO
    if wish.op == "min":
        return Meets.YES if value.low >= wanted else Meets.NO
    if wish.op == "max":
        return Meets.YES if value.high <= wanted else Meets.NO
    return Meets.UNKNOWN


def wanted_number(text: str) -> Decimal | None:
    """The number that a wish names, None for words."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def judge(proposal: Proposal, item: CatalogueItem, rule: Rule, now: datetime) -> Judgement:
    """Whether the rule may offer the item: hard grounds first, then the wishes marked must."""
    against = _hard_grounds(proposal, item, rule, now)
    if against:
        return Judgement(Verdict.NONE, item, rule, why=against)
    answers = tuple(judge_wish(wish, item) for wish in proposal.wishes)
    meets = {answer.wish: answer.meets for answer in answers}
    musts = [wish for wish in proposal.wishes if wish.weight is Weight.MUST]
    failed = tuple(said("must: %(wish)s", wish=wish.text) for wish in musts if meets[wish.id] is Meets.NO)
    if failed:
        return Judgement(Verdict.NONE, item, rule, answers, failed)
    open_: tuple[str, ...] = tuple(
        said(_TO_JUDGE, what=wish.text) for wish in musts if meets[wish.id] is not Meets.YES
    )
    open_ += _doubts(proposal, item, rule)
    return Judgement(Verdict.DRAFT if open_ else Verdict.OFFER, item, rule, answers, open_)


def _hard_grounds(proposal: Proposal, item: CatalogueItem, rule: Rule, now: datetime) -> tuple[str, ...]:
    quantity = proposal.quantity.value
    total = _total_minor(item, rule, quantity)
    budget = proposal.budget
    grounds = (
        (rule.enabled, "the rule is off"),
        (proposal.category == item.category and rule.category in (None, item.category), "another category"),
        (proposal.action == "transfer", "a service is wanted"),
        (proposal.quantity.unit == item.unit, "another unit"),
        (proposal.currency == item.price.currency, "another currency"),
        (quantity >= rule.min_quantity, "too few"),
        (rule.max_quantity is None or quantity <= rule.max_quantity, "too many"),
        (item.available is None or item.available >= quantity, "not enough in stock"),
        (_in_time(proposal, item, now), "too late"),
        (_place_fits(proposal.place, rule.place) is not False, "outside the area"),
        ((item.price.amount_minor * quantity) % 1 == 0, "the price does not divide"),
        (total < 10**MAX_DIGITS, "the total is beyond fifteen digits"),
        (budget is None or total <= budget.maximum.amount_minor, "over the budget that was named"),
    )
    return tuple(words for holds, words in grounds if not holds)


def _in_time(proposal: Proposal, item: CatalogueItem, now: datetime) -> bool:
    return proposal.due_at is None or now + timedelta(days=item.lead_days) <= proposal.due_at


def _doubts(proposal: Proposal, item: CatalogueItem, rule: Rule) -> tuple[str, ...]:
    """What the rule cannot judge: the place where it is only named, and the price that a counter asks for."""
    sold_at = Place(name=item.area) if item.area else None
    asked = proposal.price
    total = _total_minor(item, rule, proposal.quantity.value)
    doubts: list[Said] = []
    if _place_fits(proposal.place, rule.place) is None:
        doubts.append(said("a person must judge: the place"))
    if _place_fits(proposal.place, sold_at) is not True:
        doubts.append(said("a person must judge: whether %(area)s is near enough", area=item.area))
    if asked is not None and total > asked.amount_minor:
        doubts.append(said("a person must judge: the price asked for, %(price)s", price=asked))
    return tuple(doubts)


def _place_fits(wanted: Place | None, served: Place | None) -> bool | None:
    """Whether the wanted place is served; None where it cannot be told."""
    if served is None:
        return True
    if wanted is None:
        return None
    if None not in (wanted.latitude, wanted.longitude, served.latitude, served.longitude):
        reach = _kilometres(served) + _kilometres(wanted)
        return _distance_km(wanted, served) <= reach
    if wanted.name and served.name:
        return wanted.name.casefold() == served.name.casefold() or None
    return None


def _kilometres(place: Place) -> float:
    scale = {"km": 1.0, "m": 0.001, "miles": 1.609344}.get(place.units or "km", 1.0)
    return (place.radius or 0.0) * scale


def _distance_km(a: Place, b: Place) -> float:
    lat1, lon1, lat2, lon2 = (radians(v or 0.0) for v in (a.latitude, a.longitude, b.latitude, b.longitude))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, half)))


def serves(proposal: Proposal, rule: Rule) -> bool | None:
    """Whether the rule may offer anything at all for this proposal; None for nothing but drafts."""
    quantity = proposal.quantity.value
    if not rule.enabled or rule.category not in (None, proposal.category) or proposal.action != "transfer":
        return False
    if quantity < rule.min_quantity or (rule.max_quantity is not None and quantity > rule.max_quantity):
        return False
    return _place_fits(proposal.place, rule.place)


def choose(
    proposal: Proposal, items: Iterable[CatalogueItem], rules: Iterable[Rule], now: datetime
) -> Judgement | None:
    """The rules' best answer: an offer before a draft, then more wishes met, then the lower price."""
    found = [judge(proposal, item, rule, now) for item in items for rule in rules]
    usable = [judged for judged in found if judged.verdict is not Verdict.NONE]
    return min(usable, key=lambda judged: rank_of(judged, proposal.quantity.value), default=None)


def rank_of(judged: Judgement, quantity: Decimal) -> tuple[bool, int, int, str]:
    """The best is least: an offer before a draft, more wishes met, the lower price, then the sku."""
    met = sum(answer.meets is Meets.YES for answer in judged.answers)
    total = _total_minor(judged.item, judged.rule, quantity)
    return judged.verdict is Verdict.DRAFT, -met, total, judged.item.sku
