"""Offers as they arrive, side by side, one by one; and her three answers to one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from federation.keys import SigningKey
from node.domain.deals import AcceptanceState, DealState, OfferState
from node.domain.messages import Kind
from node.web.events import mark_of
from node.web.offer_views import watch_offers
from tests.browsing import Browser, Seen
from tests.unit.node.web.private.dealing import Home, Street, last_part

pytestmark = pytest.mark.anyio
ANA = "https://ana.example"


@pytest.fixture
async def street(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[Street]:
    async with AsyncExitStack() as stack:
        made = Street(tmp_path, rsa, stack)
        await made.move_in("ana", "person")
        yield made


async def one_offer(street: Street) -> tuple[Home, Browser, str]:
    """North has answered by rule: its home, Ana's browser, and the page of the offer."""
    north = await street.shop("north")
    intent = await street.cast("north")
    browser = await street.browser()
    seen = await browser.get(f"{intent}/offers")
    return north, browser, seen.read.links["Look at it"]


def rows_of(seen: Seen) -> list[str]:
    """The names of the rows of a comparison, in their order."""
    return [
        re.sub(r"<[^>]+>", " ", row).split("\n")[0].strip()
        for row in re.findall(r'<th scope="row">(.*?)</th>', seen.html, re.DOTALL)
    ]


# --- as they arrive -----------------------------------------------------------------------------------------


async def test_lowest_total_stands_first_and_nothing_is_chosen_beforehand(street: Street) -> None:
    await street.shop("north")
    await street.shop("south", discount="5")
    seen = await (await street.browser()).get(f"{await street.cast('north', 'south')}/offers")
    assert seen.status == 200
    assert seen.words.index("€275.05") < seen.words.index("€289.00")
    assert "checked" not in re.sub(r"checked here", "", seen.html)
    assert "Signed by South Bicycles, checked here" in seen.words


async def test_page_without_offers_says_what_will_come(street: Street) -> None:
    await street.move_in("north", "vendor")
    seen = await (await street.browser()).get(f"{await street.cast('north')}/offers")
    assert "No offers yet" in seen.words
    assert "North Bicycles waiting for an answer" in seen.words


async def test_page_is_told_of_an_offer_that_comes(street: Street) -> None:
    north = await street.move_in("north", "vendor")
    intent, ana = await street.cast("north"), street.homes["ana"].opened.node

    async def mark() -> str:
        account = await ana.look(lambda desk: desk.tx.accounts.by_name("ana"))
        assert account is not None
        return mark_of(await ana.look(lambda desk: watch_offers(desk, account, last_part(intent))))

    before = await mark()
    seen = await (await street.browser()).get(f"{intent}/offers")
    assert f"{intent}/offers/changes?since={before}" in seen.html
    await north.ask("deal.offer", deal=(await north.deal()).id, price="250.00", valid="1d")
    await street.settle()
    assert await mark() != before


async def test_htmx_is_given_the_list_alone(street: Street) -> None:
    _, browser, _ = await one_offer(street)
    seen = await browser.get(browser.at.url.removeprefix(ANA), hx_request="true")
    assert "€289.00" in seen.words
    assert "<html" not in seen.html


@pytest.mark.parametrize("part", ["offers", "offers/changes", "compare"])
async def test_intent_of_another_account_is_missing(street: Street, part: str) -> None:
    await street.shop("north")
    intent = await street.cast("north")
    await street.neighbour("bea", on="ana")
    browser = await street.browser("bea", on="ana")
    assert (await browser.get(f"{intent}/{part}")).status == 404


async def test_offer_of_another_account_can_neither_be_seen_nor_answered(street: Street) -> None:
    _, _, page = await one_offer(street)
    await street.neighbour("bea", on="ana")
    browser = await street.browser("bea", on="ana")
    for part in ("", "/accept", "/decline", "/counter"):
        assert (await browser.get(page + part)).status == 404, part
    assert (await browser.post(f"{page}/accept", {"price_seen": "289.00 EUR"})).status == 404
    assert (await browser.post(f"{page}/decline", {})).status == 404
    (deal,) = await street.homes["ana"].deals()
    assert deal.state is DealState.OFFERED


# --- side by side -------------------------------------------------------------------------------------------


async def three_offers(street: Street) -> tuple[Browser, str]:
    await street.shop("north")
    await street.shop("south", discount="5")
    west = await street.move_in("west", "vendor")
    intent = await street.cast("north", "south", "west")
    answers = [
        {"wish": "w1", "answer": "100 to 120 cm", "meets": "partly"},
        {"wish": "w2", "answer": "blue", "meets": "no"},
    ]
    deal = (await west.deal()).id
    await west.ask(
        "deal.offer", deal=deal, price="312.00", name="Solano", valid="2d", due="8d", answers=answers
    )
    await street.settle()
    return await street.browser(), intent


async def test_rows_are_her_wishes_in_her_order(street: Street) -> None:
    browser, intent = await three_offers(street)
    seen = await browser.get(f"{intent}/compare")
    rows = rows_of(seen)
    assert rows[:3] == ["fits a child of 115 cm  must have", "red  nice to have", "with lights  nice to have"]
    assert rows.index("In all") > rows.index("Price") > rows.index("Delivery")
    assert "not stated" in seen.words


async def test_departure_from_what_she_asked_shows_both_values(street: Street) -> None:
    browser, intent = await three_offers(street)
    seen = await browser.get(f"{intent}/compare")
    assert "<del>€300.00</del> <ins>€312.00</ins>" in seen.html
    assert "<del>28 November 2026</del> <ins>1 December 2026</ins>" in seen.html


async def test_only_differences_hides_what_the_offers_share(street: Street) -> None:
    browser, intent = await three_offers(street)
    whole = await browser.get(f"{intent}/compare")
    seen = await browser.get(whole.read.links["Show only where they differ"])
    assert "Price" in rows_of(seen)
    assert "Can be withdrawn" in rows_of(whole)
    assert "Can be withdrawn" not in rows_of(seen)
    assert rows_of(await browser.get(seen.read.links["Show all rows"])) == rows_of(whole)


async def test_two_of_three_are_compared_and_what_has_ended_is_named(street: Street) -> None:
    browser, intent = await three_offers(street)
    await browser.get(f"{intent}/compare")
    picked = re.findall(r'name="offer" value="([^"]+)"', browser.at.html)
    assert len(picked) == 3
    seen = await browser.get(f"{intent}/compare?offer={picked[0]}&offer={picked[2]}")
    assert "South Bicycles" in seen.words
    assert 'data-label="North Bicycles"' not in seen.html
    west = street.homes["west"]
    await west.ask("deal.offer.withdraw", offer=(await west.deal()).offers[0].id)
    await street.settle()
    seen = await browser.get(f"{intent}/compare?offer={picked[0]}&offer={picked[2]}")
    assert "1 of the offers that you chose is not open any more" in seen.words
    assert "Nothing to compare with" in seen.words


async def test_comparison_without_an_open_offer_leads_back_to_the_list(street: Street) -> None:
    await street.move_in("north", "vendor")
    intent = await street.cast("north")
    seen = await (await street.browser()).get(f"{intent}/compare")
    assert seen.url == f"{ANA}{intent}/offers"
    assert "No offer is open any more" in seen.words


# --- another price, no, and the last round ------------------------------------------------------------------


async def test_price_that_is_not_lower_is_refused_with_what_was_typed(street: Street) -> None:
    _, browser, page = await one_offer(street)
    await browser.get(f"{page}/counter")
    seen = await browser.submit({"price": "289", "text": "Could you?"}, f"{page}/counter")
    assert seen.status == 422
    assert "That is not less than they ask." in seen.words
    assert 'value="289"' in seen.html
    assert "Could you?" in seen.html
    seen = await browser.submit({"price": "cheap"}, f"{page}/counter")
    assert "cheap is no amount" in seen.words


async def test_counter_ends_the_offer_and_what_was_said_before_still_stands(street: Street) -> None:
    north, browser, page = await one_offer(street)
    await browser.get(f"{page}/counter")
    seen = await browser.submit({"price": "270,50", "text": "Could you?"}, f"{page}/counter")
    assert "They have your price" in seen.words
    assert "€270.50" in seen.words
    await street.settle()
    theirs = await north.deal()
    assert theirs.state is DealState.COUNTERED
    assert theirs.proposal is not None
    assert str(theirs.proposal.price) == "270.50 EUR"
    item = {"sku": "NK20", "price": "275.00"}
    await north.ask("deal.offer", deal=theirs.id, valid="1d", **item)
    await street.settle()
    seen = await browser.get(seen.read.links["All offers"])
    seen = await browser.get(seen.read.links["Look at it"])
    assert "(said with an offer before)" in seen.words
    assert "Price : €270.50 €275.00" in seen.words.replace("Price:", "Price :")


async def test_declined_vendor_hears_the_reason_that_she_gave(street: Street) -> None:
    north, browser, page = await one_offer(street)
    await browser.get(f"{page}/decline")
    await browser.submit({"reason": "fit", "may_answer": "on", "text": "Too tall."}, f"{page}/decline")
    await street.settle()
    deal = await north.deal()
    assert (deal.state, deal.decline_reason) == (DealState.ANSWERABLE, "fit")


async def test_reason_is_hers_to_keep(street: Street) -> None:
    north, browser, page = await one_offer(street)
    await browser.get(f"{page}/decline")
    await browser.submit({}, f"{page}/decline")
    await street.settle()
    deal = await north.deal()
    assert (deal.state, deal.decline_reason) == (DealState.DECLINED, None)


async def test_shortlisted_vendor_knows_and_twice_is_once(street: Street) -> None:
    north, browser, page = await one_offer(street)
    await browser.get(page)
    await browser.submit({}, f"{page}/shortlist")
    assert "They know now" in browser.at.words
    await browser.post(f"{page}/shortlist", {})
    await street.settle()
    deal = await north.deal()
    assert deal.offers[0].shortlisted
    kept = await north.opened.node.look(lambda desk: desk.tx.evidence.of_deal(deal.own, deal.id))
    assert [message.kind for message in kept].count(Kind.SHORTLIST) == 1


# --- yes ----------------------------------------------------------------------------------------------------


async def test_accepted_offer_waits_then_is_agreed_and_the_others_hear_why(street: Street) -> None:
    await street.shop("north")
    south = await street.shop("south", discount="5")
    intent = await street.cast("north", "south")
    browser = await street.browser()
    page = (await browser.get(f"{intent}/offers")).read.links["Look at it"]
    seen = await browser.get(f"{page}/accept")
    assert "You Under" not in seen.words
    assert "1 other offer is open" in seen.words
    filled = {
        "disclose": ["name", "addresses"],
        "value_name": "Ana Perez",
        "value_addresses": "12 Argyle Street",
        "reason": "price",
    }
    seen = await browser.submit(filled, f"{page}/accept")
    assert seen.url.endswith("/agreement")
    assert "waiting for the shop’s node" in seen.words
    assert "12 Argyle Street" in seen.words
    await street.settle()
    seen = await browser.get(seen.url.removeprefix(ANA))
    assert "Agreed: both have signed" in seen.words
    deal = await south.deal()
    assert deal.state is DealState.CONCLUDED
    assert deal.agreed is not None
    assert "12 Argyle Street" in str(deal.agreed.disclosed)
    lost = await street.homes["north"].deal()
    assert (lost.state, lost.decline_reason) == (DealState.DECLINED, "price")


async def test_second_tap_accepts_nothing_twice(street: Street) -> None:
    _, browser, page = await one_offer(street)
    await browser.get(f"{page}/accept")
    shown = browser.at
    first = await browser.submit({}, f"{page}/accept")
    browser.at = shown
    second = await browser.submit({}, f"{page}/accept")
    assert (second.status, second.url) == (200, first.url)
    (deal,) = await street.homes["ana"].deals()
    assert [found.state for found in deal.acceptances] == [AcceptanceState.PENDING]
    assert (await browser.get(f"{page}/accept")).url == first.url


async def test_tick_and_words_go_together(street: Street) -> None:
    _, browser, page = await one_offer(street)
    await browser.get(f"{page}/accept")
    seen = await browser.submit({"disclose": ["name"]}, f"{page}/accept")
    assert (seen.status, "This is ticked, but empty." in seen.words) == (422, True)
    assert 'value="name" checked' in seen.html
    seen = await browser.submit({"disclose": [], "value_addresses": "12 Argyle Street"}, f"{page}/accept")
    assert (seen.status, "it would not be sent" in seen.words) == (422, True)
    assert 'value="12 Argyle Street"' in seen.html
    (deal,) = await street.homes["ana"].deals()
    assert deal.state is DealState.OFFERED


async def test_offer_that_was_replaced_between_view_and_click_asks_again(street: Street) -> None:
    north, browser, page = await one_offer(street)
    await browser.get(f"{page}/accept")
    await north.ask("deal.offer", deal=(await north.deal()).id, sku="NK20", price="299.00", valid="1d")
    await street.settle()
    seen = await browser.submit({}, f"{page}/accept")
    assert seen.status == 422
    assert "Nothing was sent" in seen.words
    assert "€289.00" in seen.words
    assert "€299.00" in seen.words
    newer = seen.read.links["Look at the newer offer"]
    assert "€299.00" in (await browser.get(newer)).words
    (deal,) = await street.homes["ana"].deals()
    assert deal.state is DealState.OFFERED


async def test_other_price_than_the_page_showed_is_not_accepted(street: Street) -> None:
    _, browser, page = await one_offer(street)
    await browser.get(f"{page}/accept")
    seen = await browser.submit({"price_seen": "1.00 EUR"}, f"{page}/accept")
    assert (seen.status, "not the one that you saw" in seen.words) == (422, True)
    (deal,) = await street.homes["ana"].deals()
    assert deal.state is DealState.OFFERED


async def test_offer_whose_time_is_over_cannot_be_taken_before_the_clock_comes_by(
    street: Street,
) -> None:
    _, browser, page = await one_offer(street)
    await browser.get(f"{page}/accept")
    street.clock.forward(days=4)
    browser = await street.browser()
    seen = await browser.get(f"{page}/accept")
    assert (seen.status, "This offer is not open any more" in seen.words) == (409, True)
    seen = await browser.post(f"{page}/accept", {"price_seen": "289.00 EUR"})
    assert seen.status == 422
    for part in ("counter", "decline"):
        assert "any more" in (await browser.get(f"{page}/{part}")).words
    (deal,) = await street.homes["ana"].deals()
    assert deal.offers[0].state is OfferState.LIVE
    assert deal.acceptances == ()


async def test_accepting_asks_who_she_is_and_leads_back(street: Street) -> None:
    _, browser, page = await one_offer(street)
    street.clock.forward(minutes=10)
    seen = await browser.get(f"{page}/accept")
    assert seen.url.startswith(f"{ANA}/my/confirm?next=/my/deals/")
    seen = await browser.submit({"password": "four quiet bicycles"}, "/my/confirm")
    assert seen.url == f"{ANA}{page}/accept"
    street.clock.forward(minutes=20)
    seen = await browser.submit({}, f"{page}/accept")
    assert seen.url.endswith("/agreement"), "the form may take a while"


async def test_stale_proof_accepts_nothing(street: Street) -> None:
    _, browser, page = await one_offer(street)
    await browser.get(f"{page}/accept")
    street.clock.forward(minutes=31)
    seen = await browser.submit({}, f"{page}/accept")
    assert "/my/confirm" in seen.url
    (deal,) = await street.homes["ana"].deals()
    assert deal.acceptances == ()


async def test_second_offer_of_an_intent_cannot_be_accepted(street: Street) -> None:
    await street.shop("north")
    await street.shop("south", discount="5")
    intent = await street.cast("north", "south")
    browser = await street.browser()
    seen = await browser.get(f"{intent}/offers")
    first, second = re.findall(r'href="(/my/deals/[^"]+)">Look at it', seen.html)
    await browser.get(f"{second}/accept")
    other = browser.at
    await browser.get(f"{first}/accept")
    await browser.submit({}, f"{first}/accept")
    browser.at = other
    seen = await browser.submit({}, f"{second}/accept")
    assert (seen.status, "accepted already" in seen.words) == (422, True)
    assert seen.read.links["See how it stands"] == first.partition("/offers/")[0]
    states = {deal.state for deal in await street.homes["ana"].deals()}
    assert states == {DealState.ACCEPTING, DealState.OFFERED}
