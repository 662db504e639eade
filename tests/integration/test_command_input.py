"""Bad input of commands: the field, what is wrong, what would be right; and nothing half-saved."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.anyio

WANTED: dict[str, Any] = {"name": "tea", "category": "Q6097", "currency": "EUR", "to": ["@shop@town.example"]}


@pytest.fixture
async def town(world: Any) -> Any:
    """One node with a person and a shop, the shop's catalogue filled."""
    home = await world.node("town", ana="person", shop="vendor")
    csv = "sku,name,category,price,currency,stock,unit\nT1,Tea,http://www.wikidata.org/entity/Q6097,3.00,EUR,5,\n"
    await home.ask(
        "catalogue.import", csv=csv + "G1,Gold,https://www.wikidata.org/wiki/Q897,0.01,EUR,,gram\n"
    )
    return home


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"category": "tea"}, "category"),
        ({"category": None}, "category"),
        ({"currency": None}, "currency"),
        ({"currency": "XYZ", "budget": "3"}, "budget"),
        ({"budget": "3 USD"}, "budget"),
        ({"budget": "1e3 EUR"}, "budget"),
        ({"budget": 3}, "budget"),
        ({"quantity": "1.5"}, "quantity"),
        ({"until": "100d"}, "until"),
        ({"until": "soon"}, "until"),
        ({"due": "2020-01-01"}, "due"),
        ({"terms": ["SD-WRONG"]}, "terms"),
        ({"persona": "nobody"}, "persona"),
        ({"to": []}, "to"),
        ({"to": ["@nobody@town.example"]}, "vendor"),
        ({"to": ["@ana@town.example"]}, "terms"),
        ({"wishes": [{"wish": "hot", "property": "heat"}]}, "wishes"),
        ({"wishes": [{"wish": "hot", "property": "heat", "op": "like", "value": "1"}]}, "op"),
        ({"wishes": [{"wish": "a", "id": "w"}, {"wish": "b", "id": "w"}]}, "wishes"),
        ({"wishes": [{"wish": "a", "colour": "red"}]}, "colour"),
        ({"wishes": "a"}, "wishes"),
        ({"place": {"latitude": 1.0}}, "place"),
        ({"place": {"latitude": 91, "longitude": 0}}, "place.latitude"),
        ({"place": {"town": "x"}}, "town"),
        ({"colour": "red"}, "colour"),
        ({"account": "shop"}, "account"),
        ({"account": "nobody"}, "account"),
        ({"gift": "yes"}, "gift"),
    ],
)
async def test_intent_with_a_bad_field_is_refused(
    town: Any, refused: Any, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(refused) as found:
        await town.ask("intent.cast", **{**WANTED, **change})
    error = found.value.error
    assert (error["field"], error["reason"]) == (field, None)
    assert error["wrong"]
    assert error["right"]
    assert await town.deals("ana") == []
    assert (await town.ask("intent.list", all=True))["intents"] == []


async def test_gift_and_service_and_place_are_understood(world: Any, town: Any) -> None:
    await town.ask(
        "intent.cast",
        **{**WANTED, "currency": None},
        gift=True,
        service=True,
        persona="myself",
        terms=["none"],
        place={"name": "Glasgow", "latitude": 55.86, "longitude": -4.25, "radius": 10},
    )
    await world.settle()
    deal = await town.deal("shop")
    assert deal.proposal.currency is None
    assert (deal.proposal.action, deal.proposal.terms) == ("deliverService", ())
    assert (deal.proposal.place.name, deal.proposal.place.units) == ("Glasgow", "km")
    assert deal.peer == "https://town.example/actors/ana"
    shown = await town.ask("deal.offer", deal=deal.id, name="Tea for all")
    assert shown["offers"][0]["price"] is None
    await world.settle()
    assert len((await town.ask("offers.list", account="ana"))["offers"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": None}, "price"),
        ({"price": "3 USD"}, "price"),
        ({"price": "3.001"}, "price"),
        ({"sku": "T9"}, "sku"),
        ({"sku": "G1"}, "sku"),
        ({"valid": "31d"}, "valid"),
        ({"valid": "never"}, "valid"),
        ({"condition": "mint"}, "condition"),
        ({"answers": [{"wish": "w9", "meets": "yes"}]}, "answer"),
        ({"answers": [{"wish": "w1", "meets": "maybe"}]}, "meets"),
        ({"answers": [{"wish": "w1"}, {"wish": "w1"}]}, "answer"),
        ({"fields": ["shoeSize"]}, "fields"),
        ({"firm": 1}, "firm"),
        ({"deal": "zzzz"}, "deal"),
    ],
)
async def test_offer_with_a_bad_field_is_refused(
    world: Any, town: Any, refused: Any, change: dict[str, Any], field: str
) -> None:
    await town.ask("intent.cast", **WANTED, wishes=[{"wish": "hot"}])
    await world.settle()
    deal = await town.deal("shop")
    with pytest.raises(refused) as found:
        await town.ask("deal.offer", **{"deal": deal.id, "price": "3.00", "name": "Tea", **change})
    assert found.value.error["field"] == field
    assert (await town.deal("shop")).offers == ()


async def test_offer_by_hand_never_exceeds_the_stock(world: Any, town: Any, refused: Any) -> None:
    await town.ask("intent.cast", **WANTED, quantity="6")
    await world.settle()
    with pytest.raises(refused, match="5 of Tea left, 6 wanted"):
        await town.ask("deal.offer", deal=(await town.deal("shop")).id, sku="T1")


async def test_rule_finds_an_item_whose_category_was_spelt_otherwise(world: Any, town: Any) -> None:
    await town.ask("rules.add", name="All", discount="10", valid="2d")
    await town.ask("intent.cast", **WANTED, quantity="2")
    await world.settle()
    assert [offer.agreement.price.text for offer in (await town.deal("ana")).offers] == ["5.40"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"category": "tea"}, "category"),
        ({"discount": "101"}, "discount"),
        ({"discount": "much"}, "discount"),
        ({"valid": "90m"}, "valid"),
        ({"valid": "31d"}, "valid"),
        ({"least": "0"}, "least"),
        ({"least": "5", "most": "2"}, "quantity"),
        ({"fields": ["shoeSize"]}, "fields"),
    ],
)
async def test_rule_with_a_bad_field_is_refused(
    town: Any, refused: Any, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(refused) as found:
        await town.ask("rules.add", **{"name": "All", **change})
    assert found.value.error["field"] == field
    assert (await town.ask("rules.list"))["rules"] == []


async def test_rule_is_removed_by_id_or_name_and_never_by_guess(town: Any, refused: Any) -> None:
    first = await town.ask("rules.add", name="All")
    await town.ask("rules.add", name="All", category="Q6097")
    with pytest.raises(refused, match="2 rules are 'All'"):
        await town.ask("rules.remove", rule="All")
    await town.ask("rules.remove", rule=first["id"])
    await town.ask("rules.remove", rule="All")
    assert (await town.ask("rules.list"))["rules"] == []


async def test_catalogue_with_one_bad_row_saves_nothing(town: Any) -> None:
    csv = (
        "sku,name,category,price,currency\n"
        "N1,New,https://www.wikidata.org/wiki/Q1,1.00,EUR\n"
        "N2,,https://www.wikidata.org/wiki/Q1,1,00,EUR\n"
    )
    done = await town.ask("catalogue.import", csv=csv)
    assert (done["saved"], done["items"]) == (False, 1)
    assert {(one["row"], one["column"]) for one in done["problems"]} >= {(2, "name")}
    assert (await town.ask("catalogue.list"))["count"] == 2


async def test_dry_run_says_what_would_be_done_and_does_nothing(town: Any) -> None:
    csv = "sku,name,category,price,currency\nN1,New,https://www.wikidata.org/wiki/Q1,1.00,EUR\nT1,Tea,https://www.wikidata.org/wiki/Q1,9,EUR\n"
    done = await town.ask("catalogue.import", csv="\ufeff" + csv, dry_run=True)
    assert (done["new"], done["replaced"], done["saved"]) == (1, 1, False)
    assert [item["sku"] for item in (await town.ask("catalogue.list", search="tea"))["items"]] == ["T1"]
    assert (await town.ask("catalogue.list"))["count"] == 2


async def test_catalogue_that_is_no_table_is_refused(town: Any, refused: Any) -> None:
    with pytest.raises(refused) as found:
        await town.ask("catalogue.import", csv='sku,name\n"open')
    assert found.value.error["field"] == "csv"
    assert (await town.ask("catalogue.import", csv="what,ever\n"))["saved"] is False


@pytest.mark.parametrize(
    ("command", "args", "field"),
    [
        ("deal.ask", {"text": " "}, "text"),
        ("deal.cancel", {"reason": "price"}, "deal"),
        ("deal.cancel", {"reason": "whim"}, "reason"),
        ("deal.cancel.answer", {"agree": True}, "deal"),
        ("deal.cancel.answer", {}, "agree"),
        ("deal.progress", {"stage": "flown"}, "stage"),
        ("deal.progress", {"stage": "paid"}, "deal"),
        ("deal.receipt", {"return_until": "soon"}, "return_until"),
        ("deal.confirm", {}, "deal"),
        ("deal.feedback", {"text": "x", "aspects": [{"name": "a", "mood": "5 stars"}]}, "mood"),
        ("deal.feedback", {"text": "x", "title": "y"}, "title"),
        ("deal.feedback", {"text": "x", "public": True}, "deal"),
        ("deal.nobid", {"reason": "lazy"}, "reason"),
        ("deal.accept", {}, "offer"),
        ("intent.update", {}, "intent"),
    ],
)
async def test_bad_input_on_a_deal_names_its_field(
    world: Any, town: Any, refused: Any, command: str, args: dict[str, Any], field: str
) -> None:
    intent = await town.ask("intent.cast", **WANTED)
    await world.settle()
    subject = {"deal.accept": "offer", "intent.update": "intent"}.get(command, "deal")
    reference = intent["id"] if subject == "intent" else (await town.deal("ana")).id
    account = "shop" if command in ("deal.receipt", "deal.nobid") else "ana"
    with pytest.raises(refused) as found:
        await town.ask(command, account=account, **{subject: reference}, **args)
    assert found.value.error["field"] == field
    assert (await town.deal("ana")).state == (await town.deal("shop")).state == "open"


async def test_command_of_the_other_side_says_whose_it_is(world: Any, town: Any, refused: Any) -> None:
    await town.ask("intent.cast", **WANTED)
    await world.settle()
    deal = (await town.deal("ana")).id
    with pytest.raises(refused, match="you are the customer in this deal"):
        await town.ask("deal.nobid", deal=deal, reason="area", account="ana")


async def test_shown_price_protects_from_a_newer_offer(world: Any, town: Any, refused: Any) -> None:
    await town.ask("intent.cast", **WANTED)
    await world.settle()
    deal = (await town.deal("ana")).id
    await town.ask("deal.offer", deal=deal, price="3.00")
    await town.ask("deal.offer", deal=deal, price="4.00")
    await world.settle()
    with pytest.raises(refused, match=r"the offer says 4\.00 EUR"):
        await town.ask("deal.accept", offer=deal, price="3.00")
    with pytest.raises(refused, match="did not ask"):
        await town.ask("deal.accept", offer=deal, disclose={"name": "Ana"})
    with pytest.raises(refused, match="no text"):
        await town.ask("deal.accept", offer=deal, disclose={"name": 5})
    await town.ask("deal.shortlist", offer=deal)
    await town.ask("deal.accept", offer=deal, price="4.00 EUR")


async def test_url_that_is_no_standing_offer_cannot_be_bought(world: Any, town: Any, refused: Any) -> None:
    for url in ("https://town.example/@shop/nothing", "https://town.example/actors/shop", "nonsense"):
        with pytest.raises(refused) as found:
            await town.ask("order.buy", url=url)
        assert found.value.error["field"] == "offer"
    with pytest.raises(refused, match="there is no item 'T9'"):
        await town.ask("post.add", sku="T9")
    with pytest.raises(refused, match="cannot be divided"):
        await town.ask("post.add", sku="T1", least="0.5")
    posted = await town.ask("post.add", sku="T1", price="2.50")
    with pytest.raises(refused) as found:
        await town.ask("order.buy", url=posted["url"], terms=["SD-WRONG"])
    assert found.value.error["field"] == "terms"
    bought = await town.ask("order.buy", url=posted["url"])
    assert bought["offers"][0]["item"]["name"] == "Tea"


async def test_unknown_command_and_argument_are_refused(town: Any, refused: Any) -> None:
    with pytest.raises(refused, match=r"there is no 'deal\.haggle' here"):
        await town.ask("deal.haggle")
    with pytest.raises(refused, match="no such argument"):
        await town.ask("deal.list", colour="red")
