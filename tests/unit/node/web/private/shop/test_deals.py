"""One deal on the vendor's pages: from the intent to the receipt."""

from __future__ import annotations

import json

import pytest

from node.domain.deals import DealState
from node.web.deal_reads import ref_of
from node.web.shop.deals import place_of
from tests.browsing import Browser
from tests.unit.node.web.private.shop.conftest import Street

pytestmark = pytest.mark.anyio


async def offer_form(street: Street, browser: Browser, query: str = "") -> str:
    """Open the form for the newest intent; where it leads."""
    here = f"/my/deals/{place_of((await street.deal()).id)}/offer"
    seen = await browser.get(here + query)
    assert seen.status == 200, seen.words
    return here


async def test_an_offer_is_filled_from_the_catalogue_checked_and_sent(street: Street) -> None:
    await street.stock()
    await street.cast()
    browser = await street.browser()
    here = await offer_form(street, browser, "?sku=NK20")
    form = browser.at.form(here)
    assert dict(form.fields)["goods"] == "279.00"
    assert dict(form.fields)["meets0"] == "yes"
    checked = await browser.submit({"delivery": "12,50", "step": "check", "fields": ["name"]}, here)
    assert "€291.50" in checked.words
    assert (await street.deal()).state is DealState.OPEN
    sent = await browser.submit({"step": "send"}, here)
    assert "Your offer is sent." in sent.words
    await street.world.settle()
    hers = await street.ana.deal()
    agreement = hers.offers[0].agreement
    assert str(agreement.price) == "291.50 EUR"
    assert agreement.item is not None
    assert agreement.item.sku == "NK20"
    assert [field.attribute for field in hers.offers[0].fields_asked] == ["name"]


async def test_an_offer_may_be_changed_after_the_check(street: Street) -> None:
    await street.stock()
    await street.cast()
    browser = await street.browser()
    here = await offer_form(street, browser, "?sku=NK20")
    await browser.submit({"text": "By Friday.", "step": "check"}, here)
    again = await browser.submit({"step": "change"}, here)
    assert again.status == 200
    assert dict(browser.at.form(here).fields)["text"] == "By Friday."
    assert dict(browser.at.form(here).fields)["sku"] == "NK20"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"goods": "two"}, "no amount"),
        ({"goods": ""}, "This is empty."),
        ({"goods": "10.00", "discount": "20.00"}, "more than the price"),
        ({"due": "2020-01-01"}, "That day is over."),
        ({"name": ""}, "This is empty."),
    ],
)
async def test_what_is_wrong_with_an_offer_is_told_and_the_rest_is_kept(
    street: Street, typed: dict[str, str], said: str
) -> None:
    await street.cast()
    browser = await street.browser()
    here = await offer_form(street, browser)
    given = {"goods": "250.00", "says1": "red as can be", **typed, "step": "check"}
    seen = await browser.submit(given, here)
    assert seen.status == 422
    assert said in seen.words
    assert dict(seen.form(here).fields)["says1"] == "red as can be"


async def test_an_offer_over_the_budget_that_was_named_is_refused(street: Street) -> None:
    await street.cast(share_budget=True)
    browser = await street.browser()
    here = await offer_form(street, browser)
    assert "€300.00" in browser.at.words
    seen = await browser.submit({"goods": "301.00", "step": "check"}, here)
    assert seen.status == 422
    assert "over their budget" in seen.words


async def test_an_intent_that_changed_meanwhile_is_looked_at_again(street: Street) -> None:
    done = await street.cast()
    browser = await street.browser()
    here = await offer_form(street, browser)
    await browser.submit({"goods": "250.00", "step": "check"}, here)
    await street.ana.ask("intent.update", intent=done["id"], text="With lights.")
    await street.world.settle()
    seen = await browser.submit({"step": "send"}, here)
    assert seen.status == 422
    assert "has changed since" in seen.words
    assert (await street.deal()).offers == ()
    await browser.submit({"step": "check"}, here)
    await browser.submit({"step": "send"}, here)
    assert len((await street.deal()).offers) == 1


async def test_the_same_as_last_time_fills_the_form(street: Street) -> None:
    await street.cast()
    deal = await street.deal()
    await street.north.ask(
        "deal.offer", deal=deal.id, price="280.00", name="Kid bike", brand="North", fields=["name"]
    )
    await street.cast(name="another")
    browser = await street.browser()
    here = await offer_form(street, browser, "?like=last")
    fields = browser.at.form(here).fields
    assert ("name", "Kid bike") in fields
    assert ("goods", "280.00") in fields
    assert ("fields", "name") in fields


async def test_an_item_that_cannot_be_offered_says_why(street: Street) -> None:
    await street.stock()
    await street.cast(quantity="5")
    browser = await street.browser()
    await offer_form(street, browser, "?sku=NK20")
    assert "5 wanted" in browser.at.words
    await offer_form(street, browser, "?q=kid")
    assert "North Kid 24" in browser.at.words
    await offer_form(street, browser, "?q=zzz")
    assert "Nothing of that name." in browser.at.words


async def test_a_new_offer_replaces_the_one_that_stands_and_one_is_taken_back(street: Street) -> None:
    await street.cast()
    deal = await street.deal()
    await street.north.ask("deal.offer", deal=deal.id, price="280.00")
    browser = await street.browser()
    here = await offer_form(street, browser)
    assert "This replaces your offer" in browser.at.words
    await browser.submit({"goods": "270.00", "step": "check"}, here)
    await browser.submit({"step": "send"}, here)
    page = f"/my/deals/{place_of(deal.id)}"
    await browser.get(page)
    seen = await browser.submit({}, f"{page}/withdraw")
    assert "taken back" in seen.words
    await street.world.settle()
    assert [offer.state.value for offer in (await street.ana.deal()).offers] == ["superseded", "withdrawn"]


async def test_no_bid_gives_a_reason(street: Street) -> None:
    await street.cast()
    deal = await street.deal()
    browser = await street.browser()
    await street.page(browser, deal)
    page = f"/my/deals/{place_of(deal.id)}"
    refused = await browser.submit({"text": "Sorry, closed."}, f"{page}/no-bid")
    assert refused.status == 422
    assert "Sorry, closed." in refused.html
    await browser.submit({"reason": "area"}, f"{page}/no-bid")
    await street.world.settle()
    assert (await street.ana.deal()).state is DealState.NO_BID


async def test_questions_are_asked_and_answered(street: Street) -> None:
    await street.cast()
    deal = await street.deal()
    await street.ana.ask("deal.ask", deal=deal.id, text="Does it come <b>assembled</b>?")
    await street.world.settle()
    browser = await street.browser()
    seen = await street.page(browser, deal)
    assert "Does it come &lt;b&gt;assembled&lt;/b&gt;?" in seen.html
    page = f"/my/deals/{place_of(deal.id)}"
    empty = await browser.submit({"text": " "}, f"{page}/ask")
    assert empty.status == 422
    await browser.submit({"text": "It does."}, f"{page}/ask")
    await street.world.settle()
    assert "It does." in (await street.page(browser, deal)).words
    assert (await street.ana.deal()).notes == 2


async def test_a_deal_is_delivered_paid_and_receipted(street: Street) -> None:
    deal = await street.agree()
    browser = await street.browser()
    page = f"/my/deals/{place_of(deal.id)}"
    assert "Ana Perez" in (await browser.get("/my/deals")).words
    seen = await street.page(browser, deal)
    assert "12 Argyle Street, Glasgow" in seen.words
    assert deal.agreed is not None
    assert f"Reference {ref_of(deal.agreed.agreement_id)}" in seen.words  # as the customer's page names it
    assert "signed by them, checked" in seen.words
    await browser.submit({"stage": "dispatched", "name": "TRACK 7"}, f"{page}/progress")
    wrong = await browser.submit({"stage": "delivered", "amount": "lots"}, f"{page}/progress")
    assert wrong.status == 422
    assert "lots" in wrong.html
    await browser.submit({"stage": "delivered", "amount": ""}, f"{page}/progress")
    assert "All is delivered." in browser.at.words
    await street.world.settle()
    await street.ana.ask("deal.progress", deal=deal.id, stage="paid")
    await street.world.settle()
    await street.page(browser, deal)
    await browser.submit({"stage": "refunded", "amount": "10,00"}, f"{page}/progress")
    await browser.submit({"return_until": "2026-12-20"}, f"{page}/receipt")
    assert "20 December 2026" in browser.at.words
    assert "not stated" in browser.at.words
    await street.world.settle()
    hers = await street.ana.deal()
    assert hers.goods_fulfilled
    assert hers.paid_minor() == 27900
    assert hers.receipt is not None
    assert "No deal is running" not in (await browser.get("/my/deals")).words


async def test_a_second_tap_on_an_old_page_asks_again(street: Street) -> None:
    deal = await street.agree()
    browser, other = await street.browser(), await street.browser()
    page = f"/my/deals/{place_of(deal.id)}"
    await street.page(browser, deal)
    await street.page(other, deal)
    await browser.submit({"stage": "dispatched"}, f"{page}/progress")
    seen = await other.submit({"stage": "dispatched"}, f"{page}/progress")
    assert seen.status == 422
    assert "has changed since" in seen.words
    assert len((await street.deal()).progress) == 1


async def test_a_cancellation_is_asked_for_and_answered(street: Street) -> None:
    deal = await street.agree()
    await street.ana.ask("deal.cancel", deal=deal.id, reason="needGone")
    await street.world.settle()
    browser = await street.browser()
    page = f"/my/deals/{place_of(deal.id)}"
    assert "answer the cancellation" in (await browser.get("/my/deals")).words
    await street.page(browser, deal)
    await browser.submit({"agree": "no", "text": "It is on its way."}, f"{page}/cancellation")
    await street.world.settle()
    assert (await street.ana.deal()).state is DealState.CONCLUDED
    await browser.submit({"reason": "capacity"}, f"{page}/cancel")
    assert "You asked to call it off" in browser.at.words
    await street.world.settle()
    await street.ana.ask("deal.cancel.answer", deal=deal.id, agree=True)
    await street.world.settle()
    assert "Called off" in (await browser.get("/my/deals?show=cancelled")).words
    assert (await street.deal()).state is DealState.CANCELLED


async def test_the_evidence_is_kept_as_a_file(street: Street) -> None:
    deal = await street.agree()
    browser = await street.browser()
    seen = await browser.get(f"/my/deals/{place_of(deal.id)}/evidence")
    assert seen.header("content-disposition").startswith("attachment")
    assert len(json.loads(seen.body)["messages"]) == 4


async def test_after_the_end_nothing_of_it_may_be_used(street: Street) -> None:
    done = await street.cast()
    deal = await street.deal()
    browser = await street.browser()
    assert "for nothing else" in (await street.page(browser, deal)).words
    await street.ana.ask("intent.withdraw", intent=done["id"])
    await street.world.settle()
    assert "Nothing of it may be used any more" in (await street.page(browser, deal)).words
