"""The vendor's inbox: what is wanted, whether the catalogue has it, several declined at once."""

from __future__ import annotations

import pytest

from node.domain.deals import DealState
from node.web.shop.deals import place_of
from tests.unit.node.web.private.shop.conftest import Street

pytestmark = pytest.mark.anyio


async def test_an_empty_inbox_teaches_the_next_step(street: Street) -> None:
    browser = await street.browser()
    assert "Import a catalogue" in (await browser.get("/my")).words
    await street.stock()
    assert "Make a rule" in (await browser.get("/my")).words
    await street.north.ask("rules.add", name="At once")
    assert "All answered" in (await browser.get("/my")).words


async def test_an_intent_shows_what_is_wanted_and_what_fits(street: Street) -> None:
    await street.stock()
    await street.cast(name="<b>child</b> bicycle\u202e")
    browser = await street.browser()
    assert "North Kid 20" not in (await browser.get("/my")).words
    seen = await browser.get("/my?fit=shown")
    assert "&lt;b&gt;child&lt;/b&gt; bicycle" in seen.html
    assert "\u202e" not in seen.html
    assert "North Kid 20 fits, €289.00" in seen.words
    assert "no budget named" in seen.words
    assert "Somebody at ana.example" in seen.words
    await street.cast(category="Q7802", name="bread")
    seen = await browser.get("/my?fit=shown")
    assert "nothing in the catalogue fits" in seen.words
    seen = await browser.get("/my?fit=only")
    assert "bread" not in seen.words
    assert "child" in seen.words


async def test_what_was_answered_leaves_the_inbox(street: Street) -> None:
    await street.cast()
    deal = await street.deal()
    await street.north.ask("deal.offer", deal=deal.id, price="280.00")
    browser = await street.browser()
    assert "child bicycle" not in (await browser.get("/my")).words
    assert "child bicycle" in (await browser.get("/my?show=offered")).words
    assert (await browser.get("/my?show=nonsense")).status == 404
    assert (await browser.get("/my?before=-1")).status == 404


async def test_several_are_declined_at_once_and_named_before(street: Street) -> None:
    for name in ("one", "two", "three"):
        await street.cast(name=name)
    places = {deal.proposal.name: place_of(deal.id) for deal in await street.north.deals() if deal.proposal}
    browser = await street.browser()
    seen = await browser.get(f"/my/inbox/decline?deal={places['one']}&deal={places['three']}")
    assert "Decline 2 intents" in seen.words
    assert "two" not in seen.words
    refused = await browser.submit({"text": "Sorry."}, "/my/inbox/decline")
    assert refused.status == 422
    assert "Sorry." in refused.html
    assert (await street.north.deals())[0].state is DealState.OPEN
    done = await browser.submit({"reason": "capacity"}, "/my/inbox/decline")
    assert "2 intents declined." in done.words
    await street.world.settle()
    hers = {deal.proposal.name: deal.state for deal in await street.ana.deals() if deal.proposal}
    assert hers == {"one": DealState.NO_BID, "two": DealState.OPEN, "three": DealState.NO_BID}


async def test_what_was_answered_meanwhile_is_left_as_it_is(street: Street) -> None:
    await street.cast()
    deal = await street.deal()
    browser = await street.browser()
    await browser.get(f"/my/inbox/decline?deal={place_of(deal.id)}")
    await street.north.ask("deal.offer", deal=deal.id, price="280.00")
    done = await browser.submit({"reason": "price"}, "/my/inbox/decline")
    assert "answered or had ended meanwhile" in done.words
    assert (await street.deal()).state is DealState.OFFERED


async def test_nothing_chosen_is_told(street: Street) -> None:
    browser = await street.browser()
    assert "Choose the intents" in (await browser.get("/my/inbox/decline")).words


async def test_another_shops_intent_is_not_there(street: Street) -> None:
    await street.cast()
    deal = await street.deal()
    await street.world.account(street.north, "south", "vendor")
    from_south = await street.browser_of("south")
    assert (await from_south.get("/my/deals/" + place_of(deal.id))).status == 404
    assert (await from_south.get(f"/my/inbox/decline?deal={place_of(deal.id)}")).status == 404
    assert (await from_south.get("/my/deals/nonsense!")).status == 404
    assert "child bicycle" not in (await from_south.get("/my")).words


async def test_a_person_has_no_inbox(street: Street) -> None:
    browser = await street.browser("ana", street.ana)
    assert (await browser.get("/my/inbox/decline")).status == 403


async def test_the_list_goes_on_on_the_next_page(street: Street) -> None:
    for number in range(22):
        await street.cast(name=f"wanted {number:02}")
    browser = await street.browser()
    first = await browser.get("/my")
    assert "wanted 21" in first.words
    assert "wanted 01" not in first.words
    older = await browser.get(first.read.links["Older"])
    assert "wanted 01" in older.words
    assert "wanted 21" not in older.words
    part = older.html.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    assert "wanted 01" in (await browser.get(part, hx_request="true")).words


async def test_a_counter_leaves_an_intent_its_name_its_wishes_and_what_fits_them(street: Street) -> None:
    await street.stock()
    await street.north.ask(
        "catalogue.import",
        csv="sku,name,category,price,currency,prop.bodyHeight\n"
        "NK16,North Kid 16,Q11442,199.00,EUR,90..105 centimetre",
    )
    await street.cast(name="For a girl of 115 cm")
    deal = await street.deal()
    await street.north.ask("deal.offer", deal=deal.id, price="289.00")
    await street.world.settle()
    await street.ana.ask("deal.ask", deal=deal.id, text="Is it red?")
    await street.ana.ask("deal.counter", offer=deal.id, price="250.00")
    await street.world.settle()
    browser = await street.browser()
    seen = await browser.get("/my?fit=shown")
    assert "For a girl of 115 cm" in seen.words
    assert "asks for €250.00" in seen.words
    assert "North Kid 20 may fit, €289.00" in seen.words
    assert "North Kid 16" not in seen.words
    place = place_of(deal.id)
    assert "North Kid 16" not in (await browser.get(f"/my/deals/{place}")).words
    assert "North Kid 16" not in (await browser.get(f"/my/deals/{place}/offer")).words
    assert "For a girl of 115 cm" in (await browser.get("/my/messages")).words
