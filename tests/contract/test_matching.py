"""The best answer that a store finds is the one that judging every item would have found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.catalogue import CatalogueItem, parse_property
from node.domain.intents import Budget, Place, Proposal, Weight
from node.domain.matching import Rule, choose
from node.domain.values import Quantity
from node.store.ports import Database
from node.store.sqlite.opening import connect_writer, create_store
from node.store.sqlite.transaction import SqliteTx
from tests.builders import BICYCLE, NOW, VENDOR, a_proposal, a_rule, a_wish, an_item, money

pytestmark = pytest.mark.anyio

OTHER = "https://www.wikidata.org/wiki/Q1"
GLASGOW = Place("Glasgow", 55.86, -4.25)
TEXTS = ("red", "Red", "20 inch", "18..22 inch", "105..125 centimetre", "0.1", "20", "20.0")
VALUES = ("red", "20", "110", "0.1", "0.10000000000000000001", "many", "NaN")

wishes = st.builds(
    a_wish,
    id=st.sampled_from([f"w{n}" for n in range(4)]),
    weight=st.sampled_from(Weight),
    prop=st.sampled_from(["colour", "size", "nothing", None]),
    op=st.sampled_from(["is", "min", "max", "fits", "like"]),
    value=st.sampled_from(VALUES),
    unit=st.sampled_from([None, "inch", "centimetre"]),
)
items = st.builds(
    an_item,
    category=st.sampled_from([BICYCLE, BICYCLE, OTHER]),
    price=st.integers(1, 8).map(lambda n: money(f"{n * 50}.00")),
    unit=st.sampled_from(["one", "one", "hour"]),
    stock=st.sampled_from([None, Decimal(1), Decimal("2.5")]),
    reserved=st.sampled_from([Decimal(0), Decimal(1)]),
    lead_days=st.integers(0, 4),
    area=st.sampled_from([None, None, "Glasgow", "Leith"]),
    delivery=st.sampled_from([None, money("4.90")]),
    properties=st.lists(
        st.tuples(st.sampled_from(["colour", "size"]), st.sampled_from(TEXTS).map(parse_property)), max_size=3
    ).map(tuple),
)
rules = st.builds(
    a_rule,
    category=st.sampled_from([None, BICYCLE, OTHER]),
    min_quantity=st.sampled_from([Decimal(1), Decimal(2)]),
    max_quantity=st.sampled_from([None, Decimal(3)]),
    place=st.sampled_from([None, None, Place("Leith"), Place("Glasgow", 55.9, -4.3, 10, "km")]),
    discount_percent=st.sampled_from([Decimal(0), Decimal("2.5"), Decimal(100)]),
    enabled=st.sampled_from([True, True, False]),
)
proposals = st.builds(
    a_proposal,
    quantity=st.sampled_from(["1", "2", "1.5"]).map(lambda text: Quantity(Decimal(text), "one")),
    currency=st.sampled_from(["EUR", "EUR", "GBP", None]),
    price=st.sampled_from([None, None, money("120.00")]),
    due_at=st.sampled_from([None, NOW + timedelta(days=2), NOW + timedelta(days=3, seconds=-1)]),
    place=st.sampled_from([None, GLASGOW, Place("leith")]),
    wishes=st.lists(wishes, max_size=4, unique_by=lambda wish: wish.id).map(tuple),
    budget=st.sampled_from([None, None, Budget(money("150.00"))]),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> SqliteTx:
    """A store that each example fills and leaves as it was."""
    path = tmp_path_factory.mktemp("matching") / "obverse.db"
    create_store(path)
    return SqliteTx(connect_writer(path))


@given(
    st.lists(items, max_size=12).map(lambda all_: [replace(one, sku=f"S{n}") for n, one in enumerate(all_)]),
    st.lists(rules, max_size=3).map(lambda all_: [replace(one, id=f"r{n}") for n, one in enumerate(all_)]),
    proposals,
    st.integers(1, 4),
    st.integers(0, 4),
)
def test_the_search_finds_what_judging_every_item_finds(
    empty: SqliteTx,
    items: list[CatalogueItem],
    rules: list[Rule],
    proposal: Proposal,
    cheapest: int,
    few: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("node.store.sqlite.matching._CHEAPEST", cheapest)
        patch.setattr("node.store.sqlite.matching._FEW", few)
        empty.connection.execute("BEGIN")
        try:
            for item in items:
                empty.catalogue.put(VENDOR, item)
            found = empty.catalogue.best(VENDOR, proposal, rules, NOW)
            in_category = empty.catalogue.in_category(VENDOR, proposal.category)
        finally:
            empty.connection.execute("ROLLBACK")
    assert found == choose(proposal, in_category, rules, NOW)


async def test_every_store_answers_by_rule(db: Database) -> None:
    cheap = an_item(sku="A", price=money("90.00"), properties=())
    fitting = an_item(sku="B", price=money("120.00"))
    await db.write(lambda tx: tx.catalogue.save(VENDOR, [cheap, fitting, an_item(sku="C")]))
    found = await db.read(lambda tx: tx.catalogue.best(VENDOR, a_proposal(), [a_rule()], NOW))
    assert found is not None
    assert found.item.sku == "B"
    assert await db.read(lambda tx: tx.catalogue.best(OTHER, a_proposal(), [a_rule()], NOW)) is None
    assert await db.read(lambda tx: tx.catalogue.best(VENDOR, a_proposal(), [], NOW)) is None
    await db.write(lambda tx: tx.catalogue.save(VENDOR, [replace(fitting, properties=())]))
    found = await db.read(lambda tx: tx.catalogue.best(VENDOR, a_proposal(), [a_rule()], NOW))
    assert found is not None
    assert found.item.sku == "C", "what was changed is known by what it is now"


def test_where_nothing_meets_every_wish_the_most_wishes_win_not_the_lowest_price(empty: SqliteTx) -> None:
    """The cheapest three hundred meet neither wish, the next meet one each; nobody meets both."""
    both = (
        a_wish(id="a", weight=Weight.NICE, prop="colour", op="is", value="red", unit=None),
        a_wish(id="b", weight=Weight.NICE, prop="size", op="max", value="20", unit="inch"),
    )
    red, small = ("colour", parse_property("red")), ("size", parse_property("18 inch"))
    with_none = [an_item(sku=f"N{n}", price=money("10.00"), properties=()) for n in range(300)]
    with_one = [
        an_item(sku=f"O{n}", price=money(f"{50 - n}.00"), properties=(red if n % 2 else small,))
        for n in range(9)
    ]
    proposal = a_proposal(wishes=both)
    empty.connection.execute("BEGIN")
    try:
        empty.catalogue.save(VENDOR, [*with_none, *with_one])
        found = empty.catalogue.best(VENDOR, proposal, [a_rule()], NOW)
    finally:
        empty.connection.execute("ROLLBACK")
    assert found is not None
    assert found.item.sku == "O8"
    assert found == choose(proposal, [*with_none, *with_one], [a_rule()], NOW)
