"""What was clicked twice, too late or on an old page does nothing that was not meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import Look
from tests.browser.people import Person, at_a_browser
from tests.browser.story import PASSWORD
from tests.browser.street import Pair, until

pytestmark = [pytest.mark.slow, pytest.mark.processes]

LOOKS = (Look(1280, "light"), Look(360, "light", has_script=False))


@pytest.fixture(params=LOOKS, ids=str)
def ana(request: pytest.FixtureRequest, chromium: Browser, pair: Pair) -> Iterator[Person]:
    with at_a_browser(chromium, request.param, pair.ana.url) as ana:
        ana.page.goto(pair.ana.ask("login.link")["url"])
        ana.press("Log in")
        yield ana


def a_draft(ana: Person, name: str) -> None:
    """A draft that is ready to be sent; its last page is open."""
    ana.go("/my/intents/new")
    ana.pick("A thing")
    ana.press("Begin")
    ana.write("In a few words", name)
    ana.write("Category", "Bicycle")
    ana.press("Save and go on")
    ana.press("Go on without wishes")
    ana.press("Save and go on")
    ana.pick("South Wheels")
    ana.press("Save and go on")
    ana.pick("A new name for each vendor")
    ana.press("Save and go on")


def names_waiting(pair: Pair) -> list[str]:
    return [str(deal["proposal"]["name"]) for deal in pair.south.ask("inbox.list")["deals"]]


def the_offer(ana: Person, pair: Pair, name: str, price: str) -> str:
    """A deal with one offer, whose page is open."""
    deal = pair.want(name)
    pair.offer(deal, price)
    ana.go(f"/my/deals/{deal.rpartition('/')[2]}")
    ana.follow("Look at it")
    return deal


def test_intent_that_is_taken_back_in_time_never_left(ana: Person, pair: Pair) -> None:
    a_draft(ana, f"Second thoughts {ana.look}")
    ana.press("Send to 1 vendor")
    ana.reads("Nothing has left yet.")
    ana.press("Take it back")
    ana.reads("Taken back. Nothing has left your node.")
    ana.reads("Is it as you want it?")
    pair.want(f"Meant so {ana.look}")  # whatever had left before would be there before
    assert f"Second thoughts {ana.look}" not in names_waiting(pair)
    live = [intent["name"] for intent in pair.ana.ask("intent.list")["intents"]]
    assert f"Second thoughts {ana.look}" not in live


def test_way_back_after_sending_sends_nothing_again(ana: Person, pair: Pair) -> None:
    name = f"Once {ana.look}"
    a_draft(ana, name)
    ana.press("Send to 1 vendor")
    ana.press("Send now")
    ana.reads("It is on its way.")
    until(lambda: name in names_waiting(pair))
    intent = ana.path
    ana.page.go_back()
    ana.page.go_back()
    ana.page.go_back()
    assert ana.path == intent, "the pages of a draft that was sent lead to what became of it"
    expect(ana.main.get_by_role("button", name=re.compile("^Send"))).to_have_count(0)
    pair.want(f"Afterwards {ana.look}")
    assert names_waiting(pair).count(name) == 1


def test_second_click_accepts_nothing_twice(ana: Person, pair: Pair) -> None:
    deal = the_offer(ana, pair, f"Clicked twice {ana.look}", "231.00")
    ana.follow("Accept …")
    ana.main.get_by_role("button", name="Accept for €231.00").dblclick(no_wait_after=True)
    expect(ana.page).to_have_url(re.compile("/agreement$"))
    (ana.comes if ana.look.has_script else ana.finds)("Agreed: both have signed")
    assert pair.said(deal, "accept") == 1
    ana.page.go_back()
    if "/accept" in ana.page.url and ana.main.get_by_role("button", name="Accept for €231.00").is_visible():
        ana.press("Accept for €231.00")
    expect(ana.page).to_have_url(re.compile("/agreement$"))
    assert pair.said(deal, "accept") == 1


def test_offer_that_was_replaced_since_it_was_looked_at_asks_again(ana: Person, pair: Pair) -> None:
    deal = the_offer(ana, pair, f"Dearer meanwhile {ana.look}", "221.00")
    ana.follow("Accept …")
    old = ana.page.url
    pair.offer(deal, "229.00")
    ana.press("Accept for €221.00")
    ana.reads("It cannot be accepted as it was")
    ana.reads("There is a newer one")
    ana.reads("€229.00")
    assert pair.said(deal, "accept") == 0
    ana.follow("Look at the newer offer")
    ana.follow("Accept …")
    ana.press("Accept for €229.00")
    ana.comes("Agreed: both have signed")
    another_tab = ana.page.context.new_page()  # the old page, opened anew, has no form any more
    another_tab.goto(old)
    expect(another_tab.get_by_text("An offer of this intent is accepted already")).to_be_visible()
    expect(another_tab.get_by_role("button", name="Accept for €221.00")).to_have_count(0)


def test_page_of_an_ended_session_explains_and_leads_back(ana: Person, pair: Pair) -> None:
    deal = the_offer(ana, pair, f"Logged out meanwhile {ana.look}", "211.00")
    ana.follow("Name another price …")
    form = ana.page.url
    ana.write("I would take it for", "200")
    log_out_elsewhere(ana.page.context.new_page(), ana)
    ana.press("Send my price")
    ana.reads("You are logged out")
    ana.reads("Nothing was done")
    ana.follow("Log in and go on")
    log_in_again(ana)
    assert ana.page.url == form
    ana.write("I would take it for", "200")
    ana.press("Send my price")
    ana.reads("They have your price")
    until(lambda: pair.said(deal, "counter") == 1)


def log_out_elsewhere(tab: Page, ana: Person) -> None:
    tab.goto(f"{ana.url}/my")
    if not tab.get_by_role("button", name="Log out").is_visible():
        tab.locator("header.rail summary").click()
    tab.get_by_role("button", name="Log out").click()
    expect(tab.get_by_text("You are logged out.")).to_be_visible()
    tab.close()


def log_in_again(ana: Person) -> None:
    ana.write("Name", "ana")
    ana.write("Password", PASSWORD)
    ana.press("Log in")
