"""A rule answers at once only where everything that is a must can be judged, and holds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from node.domain.catalogue import Property, parse_property
from node.domain.errors import InvalidInput
from node.domain.intents import Budget, Place, Weight
from node.domain.matching import Judgement, Rule, Verdict, choose, judge, judge_wish, serves
from node.domain.offers import Meets, PartKind
from node.domain.values import Money, Quantity
from tests.builders import NOW, a_proposal, a_rule, a_wish, an_item, money, one

GLASGOW = Place("Glasgow", 55.86, -4.25, 10, "km")
EDINBURGH = Place("Edinburgh", 55.95, -3.19, 10, "km")


def judged(**proposal: Any) -> Judgement:
    return judge(a_proposal(**proposal), an_item(), a_rule(), NOW)


def test_an_item_that_fits_is_offered_at_once() -> None:
    judgement = judged()
    assert judgement.verdict is Verdict.OFFER
    assert judgement.why == ()
    assert [(answer.wish, answer.meets) for answer in judgement.answers] == [("w1", Meets.YES)]


@pytest.mark.parametrize(
    ("proposal", "item", "rule", "why"),
    [
        ({}, {}, {"enabled": False}, "the rule is off"),
        ({"category": "https://www.wikidata.org/wiki/Q1"}, {}, {}, "another category"),
        ({}, {}, {"category": "https://www.wikidata.org/wiki/Q1"}, "another category"),
        ({"action": "deliverService"}, {}, {}, "a service is wanted"),
        ({"quantity": Quantity(Decimal(1), "kilogram")}, {}, {}, "another unit"),
        ({"currency": "USD"}, {}, {}, "another currency"),
        ({"currency": None}, {}, {}, "another currency"),
        ({}, {}, {"min_quantity": Decimal(2)}, "too few"),
        ({"quantity": Quantity(Decimal(3), "one")}, {}, {"max_quantity": Decimal(2)}, "too many"),
        ({"quantity": Quantity(Decimal(6), "one")}, {}, {}, "not enough in stock"),
        ({}, {"reserved": Decimal(5)}, {}, "not enough in stock"),
        ({}, {"lead_days": 8}, {}, "too late"),
        ({"place": EDINBURGH}, {}, {"place": GLASGOW}, "outside the area"),
        ({"budget": Budget(money("288.99"))}, {}, {}, "over the budget that was named"),
        ({}, {"price": Money(10**15, "EUR")}, {}, "the total is beyond fifteen digits"),
    ],
)
def test_one_hard_ground_is_enough_for_no_offer(
    proposal: dict[str, Any], item: dict[str, Any], rule: dict[str, Any], why: str
) -> None:
    judgement = judge(a_proposal(**proposal), an_item(**item), a_rule(**rule), NOW)
    assert judgement.verdict is Verdict.NONE
    assert judgement.why == (why,)


def test_a_price_that_does_not_divide_is_never_rounded_by_a_rule() -> None:
    sold = an_item(unit="litre", price=money("0.99"), stock=None, delivery=None)
    wanted = a_proposal(quantity=Quantity(Decimal("1.5"), "litre"))
    assert judge(wanted, sold, a_rule(), NOW).why == ("the price does not divide",)


def test_the_lead_time_is_measured_against_the_time_due() -> None:
    just = NOW + timedelta(days=2)
    assert judged(due_at=just).verdict is Verdict.OFFER
    assert judged(due_at=just - timedelta(seconds=1)).verdict is Verdict.NONE
    assert judged(due_at=None).verdict is Verdict.OFFER


def test_stock_that_is_not_counted_suffices() -> None:
    plenty = a_proposal(quantity=Quantity(Decimal(500), "one"))
    assert judge(plenty, an_item(stock=None), a_rule(), NOW).verdict is Verdict.OFFER


def test_a_must_that_fails_makes_no_offer() -> None:
    judgement = judged(wishes=(a_wish(value="130"),))
    assert judgement.verdict is Verdict.NONE
    assert judgement.why == ("must: fits 115 cm",)


@pytest.mark.parametrize(
    "wish",
    [
        a_wish(prop=None, op=None, value=None, text="looks nice"),
        a_wish(prop="colour"),
        a_wish(unit="inch"),
        a_wish(op="near"),
        a_wish(value="tall"),
    ],
)
def test_a_must_that_cannot_be_judged_makes_a_draft_for_a_person(wish: Any) -> None:
    judgement = judged(wishes=(wish,))
    assert judgement.verdict is Verdict.DRAFT
    assert judgement.why == (f"a person must judge: {wish.text}",)
    assert judgement.answers[0].meets is Meets.UNKNOWN


def test_a_nice_wish_stands_in_no_offers_way() -> None:
    nice = a_wish(weight=Weight.NICE, value="130")
    assert judged(wishes=(nice,)).verdict is Verdict.OFFER


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ("105..125 centimetre", "105–125 centimetre"),
        ("20 inch", "20 inch"),
        ("red .. or nearly", "red .. or nearly"),
    ],
)
def test_a_range_is_told_as_people_write_it(held: str, told: str) -> None:
    assert judge_wish(a_wish(), an_item(properties=(("bodyHeight", parse_property(held)),))).text == told


@pytest.mark.parametrize(
    ("held", "op", "value", "meets"),
    [
        ("red", "is", "red", Meets.YES),
        ("red", "is", "Red", Meets.YES),
        ("blue", "is", "red", Meets.NO),
        ("20 inch", "is", "20", Meets.YES),
        ("20.0 inch", "is", "20", Meets.YES),
        ("20 inch", "is", "24", Meets.NO),
        ("10..20 inch", "is", "20", Meets.NO),
        ("20 inch", "is", "red", Meets.NO),
        ("105..125", "fits", "105", Meets.YES),
        ("105..125", "fits", "126", Meets.NO),
        ("105..125", "min", "105", Meets.YES),
        ("105..125", "min", "106", Meets.NO),
        ("105..125", "max", "125", Meets.YES),
        ("105..125", "max", "124", Meets.NO),
        ("red", "min", "1", Meets.UNKNOWN),
        ("105..125", "fits", "NaN", Meets.UNKNOWN),
        ("105..125", "fits", "Infinity", Meets.UNKNOWN),
    ],
)
def test_a_wish_is_compared_by_its_own_measure(held: str, op: str, value: str, meets: Meets) -> None:
    item = an_item(properties=(("size", parse_property(held)),))
    answer = judge_wish(a_wish(prop="size", op=op, value=value, unit=None), item)
    assert (answer.meets, answer.text) == (meets, held.replace("..", "–"))


def test_words_do_not_match_other_words() -> None:
    """Neither has a number, and no number is not an equal number."""
    item = an_item(properties=(("colour", Property("blue")),))
    assert judge_wish(a_wish(prop="colour", op="is", value="red", unit=None), item).meets is Meets.NO


@pytest.mark.parametrize(
    ("wanted", "served", "verdict"),
    [
        (None, None, Verdict.OFFER),
        (None, GLASGOW, Verdict.DRAFT),
        (GLASGOW, None, Verdict.OFFER),
        (GLASGOW, GLASGOW, Verdict.OFFER),
        (EDINBURGH, GLASGOW, Verdict.NONE),
        (EDINBURGH, Place("Glasgow", 55.86, -4.25, 60, "km"), Verdict.OFFER),
        (EDINBURGH, Place("Glasgow", 55.86, -4.25, 60_000, "m"), Verdict.OFFER),
        (EDINBURGH, Place("Glasgow", 55.86, -4.25, 37, "miles"), Verdict.OFFER),
        (EDINBURGH, Place("Glasgow", 55.86, -4.25), Verdict.NONE),
        (Place("GLASGOW"), Place("Glasgow"), Verdict.OFFER),
        (Place("Paisley"), Place("Glasgow"), Verdict.DRAFT),
        (Place(latitude=55.86, longitude=-4.25), Place("Glasgow"), Verdict.DRAFT),
    ],
)
def test_a_place_is_served_not_served_or_left_to_a_person(
    wanted: Place | None, served: Place | None, verdict: Verdict
) -> None:
    assert judge(a_proposal(place=wanted), an_item(), a_rule(place=served), NOW).verdict is verdict


@pytest.mark.parametrize(
    ("area", "verdict"), [(None, Verdict.OFFER), ("Glasgow", Verdict.OFFER), ("Leith", Verdict.DRAFT)]
)
def test_an_item_sold_in_one_area_is_offered_there(area: str | None, verdict: Verdict) -> None:
    assert judge(a_proposal(), an_item(area=area), a_rule(), NOW).verdict is verdict


def test_a_price_that_she_asks_for_is_a_persons_to_grant() -> None:
    assert judged(price=money("270.00")).why == ("a person must judge: the price asked for, 270.00 EUR",)
    assert judged(price=money("289.00")).verdict is Verdict.OFFER


def test_an_offer_within_the_budget_that_was_named_is_made() -> None:
    assert judged(budget=Budget(money("289.00"))).verdict is Verdict.OFFER


def test_the_parts_are_goods_delivery_and_discount_and_sum_to_the_price() -> None:
    rule = a_rule(discount_percent=Decimal(10))
    judgement = Judgement(Verdict.OFFER, an_item(), rule)
    parts = judgement.price_parts(Decimal(2))
    assert [(part.kind, part.amount) for part in parts] == [
        (PartKind.GOODS, money("558.00")),
        (PartKind.DELIVERY, money("10.00")),
        (PartKind.DISCOUNT, money("55.80")),
    ]
    assert judgement.price(Decimal(2)) == money("512.20")


def test_no_delivery_and_no_discount_leave_the_goods() -> None:
    parts = Judgement(Verdict.OFFER, an_item(delivery=None), a_rule()).price_parts(Decimal(1))
    assert [part.kind for part in parts] == [PartKind.GOODS]


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"discount_percent": Decimal(101)}, "discount"),
        ({"discount_percent": Decimal(-1)}, "discount"),
        ({"discount_percent": Decimal("NaN")}, "discount"),
        ({"valid_hours": 0}, "valid_hours"),
        ({"valid_hours": 721}, "valid_hours"),
        ({"min_quantity": Decimal(-1)}, "quantity"),
        ({"min_quantity": Decimal(3), "max_quantity": Decimal(2)}, "quantity"),
    ],
)
def test_a_rule_whose_offers_nobody_could_take_is_refused(over: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        a_rule(**over)
    assert refused.value.field == field


def test_an_offer_is_chosen_before_a_draft_then_more_wishes_then_the_lower_price() -> None:
    colour = a_wish(id="w2", prop="colour", op="is", value="red", unit=None, weight=Weight.NICE)
    wanted = a_proposal(wishes=(a_wish(), colour))
    fits = an_item().properties
    draft = an_item(sku="draft", price=money("1.00"), properties=())
    plain = an_item(sku="plain", price=money("100.00"))
    red = an_item(sku="red", properties=(*fits, ("colour", Property("red"))))
    cheap = an_item(sku="cheap", price=money("200.00"), properties=red.properties)
    rules = [a_rule(), a_rule(id="r2", enabled=False)]

    def chosen(*items: Any) -> str | None:
        best = choose(wanted, items, rules, NOW)
        return best.item.sku if best else None

    assert chosen(draft, plain, red, cheap) == "cheap"
    assert chosen(draft, plain, red) == "red"
    assert chosen(draft, plain) == "plain"
    assert chosen(draft) == "draft"
    assert chosen(an_item(stock=Decimal(0))) is None
    assert chosen() is None


def test_equal_items_are_chosen_the_same_way_every_time() -> None:
    twins = [an_item(sku="b"), an_item(sku="a")]
    for items in (twins, twins[::-1]):
        best = choose(a_proposal(quantity=one()), items, [Rule("r", "r")], NOW)
        assert best is not None
        assert best.item.sku == "a"


@pytest.mark.parametrize(
    ("rule", "proposal", "served"),
    [
        ({}, {}, True),
        ({"enabled": False}, {}, False),
        ({"category": "https://www.wikidata.org/wiki/Q1"}, {}, False),
        ({}, {"action": "deliverService"}, False),
        ({"min_quantity": Decimal(2)}, {}, False),
        ({"max_quantity": Decimal("0.5"), "min_quantity": Decimal(0)}, {}, False),
        ({"max_quantity": Decimal(1)}, {}, True),
        ({"place": Place("Leith")}, {"place": None}, None),
        ({"place": Place("x", 0.0, 0.0, 1)}, {"place": Place("y", 50.0, 50.0)}, False),
    ],
)
def test_a_rule_serves_a_proposal_with_something_with_drafts_only_or_never(
    rule: Any, proposal: Any, served: bool | None
) -> None:
    assert serves(a_proposal(**proposal), a_rule(**rule)) is served
