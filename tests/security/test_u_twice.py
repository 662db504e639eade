"""Group U on double taps: what is sent several times at the same moment happens once, or not at all."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

import anyio
import pytest

from node.domain.deals import DealState
from node.web.shop.deals import place_of
from tests.browsing import Browser, Seen
from tests.security.household import ANA, again, at_once, conclude, household_rows, offers_of, stranger
from tests.unit.node.web.private.dealing import CATALOGUE, Street

pytestmark = pytest.mark.anyio
TIMES = 5


def statuses(answers: list[Seen]) -> Counter[int]:
    return Counter(seen.status for seen in answers)


async def said(street: Street, host: str = "ana") -> Counter[str]:
    """How many messages of each kind the deals of the account of that name hold."""
    node, actor = street.homes[host].opened.node, f"https://{host}.example/actors/{host}"

    def view(desk: Any) -> Counter[str]:
        kept = [m for d in desk.tx.deals.all(actor) for m in desk.tx.evidence.of_deal(d.own, d.id)]
        return Counter(str(message.kind) for message in kept)

    return await node.look(view)


async def stock(street: Street, sku: str) -> tuple[str, str]:
    listed = await street.homes["north"].ask("catalogue.list")
    return next((item["stock"], item["reserved"]) for item in listed["items"] if item["sku"] == sku)


# --- a person ---------------------------------------------------------------------------------------------


async def test_u01_offer_is_accepted_once_however_often_one_taps(street: Street) -> None:
    intent = await street.cast("north", account="ana")
    browser = await street.browser()
    (offer,) = await offers_of(browser, intent)
    await browser.get(f"{offer}/accept")
    answers = await at_once(browser, TIMES, f"{offer}/accept")
    assert {(seen.status, seen.header("location")) for seen in answers} == {
        (303, f"{offer.partition('/offers/')[0]}/agreement")
    }
    await street.settle()
    assert (await said(street))["accept"] == 1
    assert [deal.state for deal in await street.homes["north"].deals()] == [DealState.CONCLUDED]
    assert await stock(street, "NK20") == ("2", "0")


async def test_u01_of_two_offers_for_one_wish_one_is_accepted(street: Street) -> None:
    """Two windows, two offers, both buttons at the same moment."""
    await street.shop("south")
    intent = await street.cast("north", "south", account="ana")
    browser = await street.browser()
    offers = await offers_of(browser, intent)
    tabs = [again(browser) for _ in offers]
    for tab, offer in zip(tabs, offers, strict=True):
        await tab.get(f"{offer}/accept")
    async with anyio.create_task_group() as tasks:
        for tab, offer in zip(tabs, offers, strict=True):
            tasks.start_soon(tab.submit, {}, f"{offer}/accept")
    await street.settle()
    assert sorted(tab.at.status for tab in tabs) == [200, 422]
    assert (await said(street))["accept"] == 1
    states = [deal.state for deal in await street.homes["ana"].deals()]
    assert sorted(states) == sorted([DealState.CONCLUDED, DealState.DECLINED])


async def test_u01_last_one_is_sold_to_one_of_two(street: Street) -> None:
    await street.homes["north"].ask("catalogue.import", csv=CATALOGUE.replace("EUR,3,2", "EUR,1,2"))
    tabs: list[tuple[Browser, str]] = []
    for name in ("ana", "bea"):
        intent = await street.cast("north", account=name)
        browser = await street.browser(name, on="ana")
        (offer,) = await offers_of(browser, intent)
        await browser.get(f"{offer}/accept")
        tabs.append((browser, f"{offer}/accept"))
    async with anyio.create_task_group() as tasks:
        for browser, action in tabs:
            tasks.start_soon(browser.submit, {}, action)
    await street.settle()
    states = Counter(deal.state for deal in await street.homes["north"].deals())
    assert states[DealState.CONCLUDED] == 1
    assert await stock(street, "NK20") == ("0", "0")


async def draft_to_check(street: Street) -> Browser:
    await street.homes["ana"].ask("vendors.add", account="ana", vendor="@north@north.example")
    browser = await street.browser()
    await browser.get("/my/intents/new")
    await browser.submit({"template": "product"})
    await browser.submit({"name": "Child bicycle", "category": "Bicycle"})
    await browser.submit(action=browser.at.url.removeprefix(ANA).partition("#")[0] + "/done")
    await browser.submit({"budget": "300", "budget_currency": "EUR", "due": "2026-11-28", "place": "Glasgow"})
    await browser.submit({"vendor": ["https://north.example/actors/north"], "go": "next"})
    seen = await browser.submit({"ends": "2026-11-30"})
    assert seen.url.endswith("/check")
    return browser


async def test_u01_wish_is_sent_once_and_the_second_tap_finds_no_dead_end(street: Street) -> None:
    browser = await draft_to_check(street)
    answers = await at_once(browser, TIMES)
    assert set(statuses(answers)) == {303}
    intents = await street.homes["ana"].opened.node.look(
        lambda desk: desk.tx.intents.all(f"{ANA}/actors/ana")
    )
    assert len(intents) == 1
    assert len(await street.homes["ana"].deals()) == 1
    led = {seen.header("location") for seen in answers}
    assert led <= {"/my/intents", f"/my/intents/{intents[0].id.rsplit('/', 1)[1]}"}
    assert (await browser.submit({})).status == 200  # the page that lay open in another window


async def test_u01_undo_and_send_now_at_once_leave_one_of_both(street: Street) -> None:
    browser = await draft_to_check(street)
    seen = await browser.submit({})
    page = seen.url.removeprefix(ANA)
    acts = [f"{page}/undo", f"{page}/send-now"] * 3
    async with anyio.create_task_group() as tasks:
        for act in acts:
            tasks.start_soon(again(browser).submit, {}, act)
    await street.settle()
    hers, theirs = await street.homes["ana"].deals(), await street.homes["north"].deals()
    assert [deal.id for deal in hers] == [deal.id for deal in theirs]
    late = await browser.post(f"{page}/undo", {}, follow=False)
    assert late.status == (303 if hers else 404)
    assert [deal.id for deal in await street.homes["ana"].deals()] == [deal.id for deal in hers]


async def test_u01_standing_offer_is_ordered_once(street: Street) -> None:
    posted = await street.homes["north"].ask("post.add", sku="NK20")
    browser = await street.browser()
    await browser.get(f"/my/buy/order?url={quote(posted['url'], safe='')}")
    answers = await at_once(browser, TIMES)
    assert len({seen.header("location") for seen in answers}) == 1
    await street.settle()
    assert len(await street.homes["ana"].deals()) == 1
    assert await stock(street, "NK20") == ("2", "0")


async def test_g08_more_orders_than_there_are_things_end_in_words(street: Street) -> None:
    posted = await street.homes["north"].ask("post.add", sku="NK20")
    browser = await street.browser()
    for _ in range(5):
        street.clock.forward(seconds=5)
        await browser.get(f"/my/buy/order?url={quote(posted['url'], safe='')}")
        await browser.submit({})
    await street.settle()
    states = Counter(deal.state for deal in await street.homes["ana"].deals())
    assert states == {DealState.CONCLUDED: 3, DealState.REFUSED: 2}
    assert await stock(street, "NK20") == ("0", "0")


@pytest.mark.parametrize(
    "typed", ["1e3", "1_000", "１", "١", "0x1", "NaN", "Infinity", "-1", "0", "+1", "1\u202e"]
)
async def test_g18_quantity_is_a_plain_number_or_nothing(street: Street, typed: str) -> None:
    posted = await street.homes["north"].ask("post.add", sku="NK20")
    browser = await street.browser()
    await browser.get(f"/my/buy/order?url={quote(posted['url'], safe='')}")
    seen = await browser.submit({"quantity": typed}, follow=False)
    assert seen.status == 422
    assert ("quantity", typed) in seen.form().fields
    assert await street.homes["ana"].deals() == []


async def test_u01_words_are_said_once_and_said_again_when_meant(street: Street) -> None:
    done = await conclude(street)
    browser = done.browser
    await browser.get(done.deal)
    assert statuses(await at_once(browser, TIMES, f"{done.deal}/ask", text="When?\n\nAnd <where>?")) == {
        303: 5
    }
    assert (await said(street))["ask"] == 1
    await browser.get(done.deal)
    await browser.submit({"text": "At six?"}, f"{done.deal}/ask")
    await browser.submit({"text": "When?\n\nAnd <where>?"}, f"{done.deal}/ask")
    assert (await said(street))["ask"] == 3
    street.clock.forward(minutes=2)
    await browser.get(done.deal)
    await browser.submit({"text": "When?\n\nAnd <where>?"}, f"{done.deal}/ask")
    assert (await said(street))["ask"] == 4


async def test_u01_what_is_told_after_a_deal_is_told_once(street: Street) -> None:
    done = await conclude(street)
    browser = done.browser
    for part, typed in (("paid", {}), ("received", {}), ("feedback", {"text": "It squeaks."})):
        await browser.get(f"{done.deal}/{part}")
        assert statuses(await at_once(browser, TIMES, f"{done.deal}/{part}", **typed)) == {303: 5}
    kinds = await said(street)
    assert (kinds["progress"], kinds["confirm"], kinds["feedback"]) == (1, 1, 1)


async def test_u01_what_was_agreed_is_not_countered_declined_or_withdrawn(street: Street) -> None:
    """Forms that lay open in other windows when she accepted."""
    intent = await street.cast("north", account="ana")
    browser = await street.browser()
    (offer,) = await offers_of(browser, intent)
    counter, decline, late = again(browser), again(browser), again(browser)
    await counter.get(f"{offer}/counter")
    await decline.get(f"{offer}/decline")
    await late.get(f"{intent}/withdraw")
    await browser.get(f"{offer}/accept")
    await browser.submit({}, f"{offer}/accept")
    await street.settle()
    before = await said(street)
    assert (await counter.submit({"price": "1.00"}, f"{offer}/counter", follow=False)).status in (409, 422)
    assert (await decline.submit({}, f"{offer}/decline", follow=False)).status in (409, 422)
    await late.post(f"{intent}/withdraw", {"sure": "on"}, follow=False)
    await street.settle()
    assert await said(street) == before
    assert [deal.state for deal in await street.homes["ana"].deals()] == [DealState.CONCLUDED]


@pytest.mark.parametrize("price", ["1.00 EUR", "289.00 USD", "", "289", "289.000 EUR", "-289.00 EUR"])
async def test_u01_other_price_than_the_one_shown_is_not_accepted(street: Street, price: str) -> None:
    intent = await street.cast("north", account="ana")
    browser = await street.browser()
    (offer,) = await offers_of(browser, intent)
    await browser.get(f"{offer}/accept")
    seen = await browser.submit({"price_seen": price}, f"{offer}/accept", follow=False)
    assert seen.status == 422
    assert (await said(street))["accept"] == 0


# --- a shop -----------------------------------------------------------------------------------------------


async def test_u01_shop_offers_reports_and_receipts_once(street: Street) -> None:
    north = street.homes["north"]
    await north.ask("rules.remove", rule="At once")
    intent = await street.cast("north", account="ana")
    shop = await street.browser("north")
    page = f"/my/deals/{place_of((await north.deal()).id)}"
    await shop.get(f"{page}/offer?sku=NK20")
    await shop.submit({"step": "check"}, f"{page}/offer")
    assert statuses(await at_once(shop, TIMES, f"{page}/offer", step="send")) == {303: 1, 422: 4}
    await street.settle()
    browser = await street.browser()
    (offer,) = await offers_of(browser, intent)
    await browser.get(f"{offer}/accept")
    await browser.submit({}, f"{offer}/accept")
    await street.settle()
    for act, typed in (("ask", {"text": "Friday?"}), ("progress", {"stage": "delivered"}), ("receipt", {})):
        await shop.get(page)
        await at_once(shop, TIMES, f"{page}/{act}", **typed)
    kinds = await said(street, "north")
    assert (kinds["offer"], kinds["ask"], kinds["progress"], kinds["receipt"]) == (1, 1, 1, 1)
    assert await stock(street, "NK20") == ("2", "0")


# --- the way in -------------------------------------------------------------------------------------------


async def test_u06_link_that_lets_in_lets_in_one_of_many(street: Street) -> None:
    link = (await street.homes["ana"].ask("login.link", account="ana"))["url"].removeprefix(ANA)
    browsers = [stranger(street) for _ in range(TIMES)]
    for browser in browsers:
        await browser.get(link)
    before = household_rows(street, besides={"ticket"})
    async with anyio.create_task_group() as tasks:
        for browser in browsers:
            tasks.start_soon(browser.submit, {})
    assert Counter(browser.at.status for browser in browsers) == {200: 1, 404: TIMES - 1}
    sessions = await street.homes["ana"].opened.node.look(
        lambda desk: desk.tx.sessions.all(f"{ANA}/actors/ana")
    )
    assert len(sessions) == 1
    assert household_rows(street, besides={"ticket"}) == before
