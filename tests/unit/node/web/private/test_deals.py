"""A deal to its end on Ana's pages: said, paid, received, called off, told of; and what proves it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from federation.keys import SigningKey
from node.desk import Desk
from node.domain.deals import DealState
from node.domain.messages import Kind, Stage
from node.domain.offers import FieldAsked
from node.services.disclosure import disclose, read_card
from node.web.deal_views import NEWEST, PER_PAGE
from node.wire.bundles import parse_bundle
from tests.browsing import Browser
from tests.builders import a_deal
from tests.unit.node.web.private.dealing import CATALOGUE, Home, Street

pytestmark = pytest.mark.anyio
ANA = "https://ana.example"
NORTH = "https://north.example/actors/north"


@pytest.fixture
async def street(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[Street]:
    async with AsyncExitStack() as stack:
        made = Street(tmp_path, rsa, stack)
        await made.move_in("ana", "person")
        yield made


async def agreed(street: Street) -> tuple[Home, Browser, str]:
    """North and Ana have agreed: its home, her browser, the page of the deal."""
    north = await street.shop("north")
    intent = await street.cast("north")
    browser = await street.browser()
    page = (await browser.get(f"{intent}/offers")).read.links["Look at it"]
    await browser.get(f"{page}/accept")
    await browser.submit({}, f"{page}/accept")
    await street.settle()
    return north, browser, page.partition("/offers/")[0]


async def sent(street: Street, kind: Kind) -> int:
    """How many messages of a kind Ana's node has sent or kept in her one deal."""
    ana = street.homes["ana"]
    (deal,) = await ana.deals()
    kept = await ana.opened.node.look(lambda desk: desk.tx.evidence.of_deal(deal.own, deal.id))
    return sum(message.kind == kind for message in kept)


@dataclass
class Featuring:
    """A node whose collection of standing offers is served as another software might."""

    app: Any
    collection: dict[str, Any]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/featured"):
            document = {"id": f"{NORTH}/featured", "type": "OrderedCollection", **self.collection}
            await JSONResponse(document, media_type="application/activity+json")(scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def published(street: Street) -> list[bytes]:
    """Ana's public feedback."""
    ana = street.homes["ana"].opened.node
    posts = await ana.look(lambda desk: desk.tx.posts.all(f"{ANA}/actors/ana", "feedback"))
    return [post.body for post in posts]


# --- the whole way ------------------------------------------------------------------------------------------


async def test_deal_goes_from_agreed_to_published_feedback(street: Street) -> None:
    north, browser, page = await agreed(street)
    theirs = (await north.deal()).id
    await browser.get(page)
    await browser.submit({"text": "Does it come assembled?"}, f"{page}/ask")
    await street.settle()
    await north.ask("deal.ask", deal=theirs, text="Yes, only the pedals are loose.")
    for stage in ("dispatched", "delivered"):
        await north.ask("deal.progress", deal=theirs, stage=stage)
    await north.ask("deal.receipt", deal=theirs, return_until="2026-12-07")
    await street.settle()

    seen = await browser.get(page)
    assert "Yes, only the pedals are loose." in seen.words
    assert "Delivered 1 of 1" in seen.words
    assert "May come back until 7 December 2026" in seen.words
    assert "Guaranteed until not stated" in seen.words

    await browser.get(f"{page}/paid")
    seen = await browser.submit({"amount": "100"}, f"{page}/paid")
    assert "€100.00 of €289.00" in seen.words
    await browser.get(f"{page}/paid")
    assert "Left to pay €189.00" in browser.at.words
    seen = await browser.submit({}, f"{page}/paid")
    assert "€289.00 of €289.00" in seen.words

    await browser.get(f"{page}/received")
    seen = await browser.submit({}, f"{page}/received")
    assert "received and confirmed" in seen.words

    await browser.get(f"{page}/feedback")
    told = {
        "text": "Quick and kind.",
        "aspect_1": "Delivery",
        "about_1": "A day early",
        "mood_1": "delighted",
    }
    seen = await browser.submit(told, f"{page}/feedback")
    assert "You told North Bicycles, and nobody else, how it was." in seen.words
    assert await published(street) == [], "publishing is another step"

    await browser.get(f"{page}/feedback/publish")
    public = {"title": "A good shop", "text": "Quick and kind."}
    seen = await browser.submit(public, f"{page}/feedback/publish")
    assert (seen.status, "This is not ticked." in seen.words) == (422, True)
    assert 'value="A good shop"' in seen.html
    form = browser.at
    seen = await browser.submit({"understood": "on"}, f"{page}/feedback/publish")
    assert "You published feedback on this." in seen.words
    browser.at = form
    await browser.submit({"understood": "on"}, f"{page}/feedback/publish")
    (post,) = await published(street)  # a second tap publishes nothing twice
    assert b"A good shop" in post
    await street.settle()
    theirs_now = await north.deal()
    assert theirs_now.state is DealState.CONFIRMED
    assert [record.stage for record in theirs_now.progress].count(Stage.PAID) == 2


async def test_second_tap_says_nothing_twice(street: Street) -> None:
    _, browser, page = await agreed(street)
    await browser.get(f"{page}/paid")
    form = browser.at
    await browser.submit({"amount": "100"}, f"{page}/paid")
    browser.at = form
    seen = await browser.submit({"amount": "100"}, f"{page}/paid")
    assert (seen.status, "What is left to pay has changed" in seen.words) == (422, True)
    assert await sent(street, Kind.PROGRESS) == 1
    await browser.get(f"{page}/received")
    form = browser.at
    await browser.submit({}, f"{page}/received")
    browser.at = form
    seen = await browser.submit({}, f"{page}/received")
    assert seen.status == 200
    assert await sent(street, Kind.CONFIRM) == 1


@pytest.mark.parametrize(
    ("amount", "wrong"),
    [
        ("0", "That is nothing."),
        ("289.01", "That is more than is left to pay."),
        ("a lot", "a lot is no amount"),
    ],
)
async def test_amount_that_cannot_be_keeps_what_was_typed(street: Street, amount: str, wrong: str) -> None:
    _, browser, page = await agreed(street)
    await browser.get(f"{page}/paid")
    seen = await browser.submit({"amount": amount}, f"{page}/paid")
    assert (seen.status, wrong in seen.words) == (422, True)
    assert f'value="{amount}"' in seen.html
    assert await sent(street, Kind.PROGRESS) == 0


async def test_aspect_needs_a_name(street: Street) -> None:
    _, browser, page = await agreed(street)
    await browser.get(f"{page}/feedback")
    seen = await browser.submit({"text": "Good.", "about_2": "much too loud"}, f"{page}/feedback")
    assert (seen.status, "What is this about?" in seen.words) == (422, True)
    assert 'value="much too loud"' in seen.html


# --- calling it off -----------------------------------------------------------------------------------------


async def test_agreement_stands_until_the_vendor_agrees_to_call_it_off(street: Street) -> None:
    north, browser, page = await agreed(street)
    await browser.get(f"{page}/cancel")
    seen = await browser.submit({"text": "Found one."}, f"{page}/cancel")
    assert (seen.status, "Nothing is chosen." in seen.words) == (422, True)
    assert "Found one." in seen.html
    seen = await browser.submit({"reason": "needGone"}, f"{page}/cancel")
    assert "You asked to call it off" in seen.words
    await street.settle()
    await north.ask("deal.cancel.answer", deal=(await north.deal()).id, agree=True)
    await street.settle()
    assert "Called off by both" in (await browser.get(page)).words
    assert "Called off by both" in (await browser.get(f"{page}/agreement")).words


@pytest.mark.parametrize(("answer", "state"), [("yes", DealState.CANCELLED), ("no", DealState.CONCLUDED)])
async def test_vendor_who_asks_to_call_it_off_gets_her_answer(
    street: Street, answer: str, state: DealState
) -> None:
    north, browser, page = await agreed(street)
    await north.ask("deal.cancel", deal=(await north.deal()).id, reason="notStocked")
    await street.settle()
    seen = await browser.get(page)
    assert "North Bicycles asks to call it off" in seen.words
    form = browser.at
    await browser.submit({"agree": answer}, f"{page}/cancel/answer")
    browser.at = form
    await browser.submit({"agree": answer}, f"{page}/cancel/answer")  # a second tap
    await street.settle()
    assert (await north.deal()).state is state


async def test_question_to_a_deal_that_has_ended_keeps_the_words(street: Street) -> None:
    _, browser, page = await agreed(street)
    await browser.get(page)
    form = browser.at
    ana = street.homes["ana"].opened.node
    (deal,) = await street.homes["ana"].deals()
    await ana.work(lambda desk: desk.tx.deals.save(replace(deal, state=DealState.DECLINED), None))
    browser.at = form
    seen = await browser.submit({"text": "Are you there?"}, f"{page}/ask")
    assert (seen.status, "This deal has ended" in seen.words) == (422, True)
    assert "Are you there?" in seen.words


# --- what proves it -----------------------------------------------------------------------------------------


async def test_every_message_is_checked_and_can_be_taken_away_as_it_came(street: Street) -> None:
    _, browser, page = await agreed(street)
    seen = await browser.get(f"{page}/evidence")
    assert "Every signature holds" in seen.words
    assert "4 messages were checked just now" in seen.words
    ana = street.homes["ana"].opened.node
    (deal,) = await street.homes["ana"].deals()
    kept = await ana.look(lambda desk: desk.tx.evidence.of_deal(deal.own, deal.id))
    one = await browser.get(f"{page}/evidence/{kept[1].digest}")
    assert one.body == kept[1].body
    assert one.header("content-disposition").startswith("attachment")
    assert (await browser.get(f"{page}/evidence/zQmNowhere")).status == 404
    record = await browser.get(f"{page}/record")
    bundle = parse_bundle(record.body)
    assert [message.body for message in bundle.messages] == [message.body for message in kept]
    assert json.loads(record.body)["deal"] == deal.id


async def test_message_that_was_tampered_with_is_marked(street: Street) -> None:
    _, browser, page = await agreed(street)
    (deal,) = await street.homes["ana"].deals()
    ana = street.homes["ana"].opened.node

    def forge(desk: Desk) -> None:
        offer = desk.tx.evidence.of_deal(deal.own, deal.id)[1]
        body = offer.body.replace(b"289.00", b"189.00")
        desk.tx.evidence.add(replace(offer, activity_id=f"{offer.activity_id}-forged", body=body))

    await ana.work(forge)
    seen = await browser.get(f"{page}/evidence")
    assert "Not every signature holds" in seen.words
    assert "4 of 5 hold" in seen.words
    assert "The signature does not hold" in (await browser.get(page)).words


async def test_deal_of_another_account_is_missing_everywhere(street: Street) -> None:
    _, _, page = await agreed(street)
    await street.neighbour("bea", on="ana")
    browser = await street.browser("bea", on="ana")
    for part in (
        "",
        "/agreement",
        "/evidence",
        "/record",
        "/changes",
        "/paid",
        "/received",
        "/cancel",
        "/feedback",
    ):
        assert (await browser.get(page + part)).status == 404, part
    for part, form in (("/ask", {"text": "x"}), ("/received", {}), ("/cancel", {"reason": "price"})):
        assert (await browser.post(page + part, form)).status == 404, part
    assert await sent(street, Kind.CONFIRM) == 0


async def test_page_of_a_long_deal_shows_its_end_and_leads_to_the_rest(street: Street) -> None:
    north, browser, page = await agreed(street)
    for number in range(NEWEST):
        await north.ask("deal.ask", deal=(await north.deal()).id, text=f"word {number} of ours")
    await street.settle()
    seen = await browser.get(page)
    assert seen.read.links["4 earlier messages"] == f"{page}/evidence"
    assert "You accepted" not in seen.words
    assert "word 11 of ours" in seen.words
    assert "You accepted" in (await browser.get(f"{page}/evidence")).words


async def test_server_that_does_not_answer_is_told_in_words(street: Street) -> None:
    _, browser, page = await agreed(street)
    street.network.down.add("north.example")
    await browser.get(page)
    seen = await browser.submit({"text": "Are you there?"}, f"{page}/ask")
    assert "On its way to their server." in seen.words
    await street.settle()
    seen = await browser.get(page)
    assert "Their server did not take it yet. It is tried again by itself." in seen.words


# --- the list -----------------------------------------------------------------------------------------------


async def test_list_without_deals_teaches_the_next_step(street: Street) -> None:
    seen = await (await street.browser()).get("/my/deals")
    assert "No deals yet" in seen.words
    assert seen.read.links["Say what you want"] == "/my/intents/new"


async def test_long_list_goes_on_and_can_be_narrowed_down(street: Street) -> None:
    ana = street.homes["ana"].opened.node
    one, done = a_deal(DealState.OPEN), a_deal(DealState.CONFIRMED)

    def fill(desk: object) -> None:
        tx = desk.tx  # type: ignore[attr-defined]
        for number in range(PER_PAGE + 3):
            deal = replace(
                one, id=f"{ANA}/deals/open{number:04}", account=f"{ANA}/actors/ana", intent_id=None
            )
            tx.deals.save(deal, None)
        tx.deals.save(
            replace(done, id=f"{ANA}/deals/done0001", account=f"{ANA}/actors/ana", intent_id=None), None
        )

    await ana.work(fill)
    browser = await street.browser()
    seen = await browser.get("/my/deals")
    assert seen.html.count('<th scope="row">') == PER_PAGE
    assert seen.read.links["Older"].startswith("/my/deals?before=")
    rest = await browser.get(seen.read.links["Older"])
    assert rest.html.count('<th scope="row">') == 4
    assert "Older" not in rest.read.links
    assert rest.read.links["Newer"] == "/my/deals"
    seen = await browser.get("/my/deals?show=done")
    assert seen.html.count('<th scope="row">') == 1
    assert 'href="/my/deals?show=done" aria-current="page"' in seen.html
    assert "None of this kind" in (await browser.get("/my/deals?show=ended")).words
    assert (await browser.get("/my/deals?show=nonsense&before=x")).html.count('<th scope="row">') == PER_PAGE


# --- buying at once -----------------------------------------------------------------------------------------


async def milk(street: Street) -> tuple[Home, Browser, str]:
    """North sells milk to everybody: its home, Ana's browser, the page of the order."""
    north = await street.shop("north")
    await north.ask("post.add", sku="MILK")
    await street.homes["ana"].ask("vendors.add", vendor="@north@north.example")
    browser = await street.browser()
    seen = await browser.get("/my/buy?vendor=%40north%40north.example")
    assert "€1.35 each" in seen.words, seen.words
    return north, browser, next(href for words, href in seen.read.links.items() if words.startswith("Milk"))


async def test_standing_offer_of_a_vendor_is_ordered_once(street: Street) -> None:
    north, browser, page = await milk(street)
    seen = await browser.get(page)
    assert "Under a throw-away name" in seen.words
    form = browser.at
    first = await browser.submit({"quantity": "3"}, page)
    browser.at = form
    second = await browser.submit({"quantity": "3"}, page)
    assert (second.status, second.url) == (200, first.url)
    await street.settle()
    deal = await north.deal()
    assert deal.state is DealState.CONCLUDED
    assert str(deal.agreement.price if deal.agreement else "") == "4.05 EUR"
    assert "agreed" in (await browser.get(first.url.removeprefix(ANA))).words


async def test_order_that_nobody_can_take_keeps_what_was_typed(street: Street) -> None:
    _, browser, page = await milk(street)
    await browser.get(page)
    for quantity, wrong in (("a few", "a few is no amount"), ("0", "0"), ("1,5", "only whole pieces")):
        seen = await browser.submit({"quantity": quantity}, page)
        assert (seen.status, wrong in seen.words) == (422, True), seen.words
        assert f'value="{quantity}"' in seen.html
    assert await street.homes["ana"].deals() == []


async def test_standing_offer_that_changed_since_the_look_asks_again(street: Street) -> None:
    _, browser, page = await milk(street)
    await browser.get(page)
    seen = await browser.submit({"digest": "zQmOlder"}, page)
    assert (seen.status, "has changed since you looked" in seen.words) == (422, True)
    seen = await browser.submit({"shown_at": "once"}, page)
    assert (seen.status, "This page has expired." in seen.words) == (422, True)
    assert await street.homes["ana"].deals() == []


async def test_link_that_is_no_standing_offer_is_told_so(street: Street) -> None:
    browser = await street.browser()
    seen = await browser.get("/my/buy/order?url=https%3A%2F%2Fnowhere.example%2Fx")
    assert seen.status == 422
    assert "That did not work" in seen.words
    assert 'value="https://nowhere.example/x"' in seen.html


async def test_vendor_whose_server_is_down_is_told_so(street: Street) -> None:
    _, browser, _ = await milk(street)
    street.network.down.add("north.example")
    seen = await browser.get("/my/buy?vendor=%40north%40north.example")
    assert (seen.status, "could not be asked" in seen.words) == (502, True)


async def test_vendor_of_the_same_node_sells_without_the_network(street: Street) -> None:
    ana = street.homes["ana"]
    await street.neighbour("dairy", on="ana", kind="vendor")
    await ana.ask("catalogue.import", csv=CATALOGUE, account="dairy")
    await ana.ask("post.add", sku="MILK", account="dairy")
    await ana.ask("vendors.add", vendor="@dairy@ana.example", account="ana")
    before, browser = street.network.sent, await street.browser()
    seen = await browser.get("/my/buy?vendor=%40dairy%40ana.example")
    assert "€1.35 each" in seen.words
    assert street.network.sent == before


async def test_of_many_vendors_a_few_are_listed_and_each_can_be_chosen(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.web.screens.buying.VENDORS_SHOWN", 1)
    _, browser, _ = await milk(street)
    assert "All your vendors" not in browser.at.words
    ana = street.homes["ana"]
    await street.neighbour("dairy", on="ana", kind="vendor")
    await ana.ask("vendors.add", vendor="@dairy@ana.example", account="ana")
    seen = await browser.get("/my/buy")
    assert [f"/my/buy?vendor=%40{name}" in seen.html for name in ("dairy", "north")] == [True, False]
    assert seen.read.links["All your vendors"] == "/my/vendors"
    assert "€1.35 each" in (await browser.get("/my/buy?vendor=%40north%40north.example")).words
    assert (await browser.get("/my/buy?vendor=%40nobody%40north.example")).status == 200


async def test_collection_of_other_software_is_read_as_it_comes(street: Street) -> None:
    north, browser, _ = await milk(street)
    post = (await north.opened.node.look(lambda desk: desk.tx.posts.all(NORTH, "standing offer")))[0]
    for listed, is_found in (
        ({"orderedItems": [{"id": post.id}, 7, f"{NORTH}/nothing"]}, True),
        ({"orderedItems": "none"}, False),
        ({}, False),
    ):
        street.network.apps["north.example"] = Featuring(north.app, listed)
        seen = await browser.get("/my/buy?vendor=%40north%40north.example")
        assert ("€1.35 each" in seen.words) is is_found
        assert is_found or "Nothing just now" in seen.words


# --- what was disclosed -------------------------------------------------------------------------------------


def test_card_says_what_was_disclosed() -> None:
    given = {"name": "Ana Perez", "phones": "+44 141 000", "notes": "Ring twice"}
    card = disclose(tuple(FieldAsked(name, "") for name in given), given)
    assert dict(read_card(card)) == given
    for nothing in (None, "", "[]", "{", '{"name": 3}', '{"name": {"full": 3}}'):
        assert read_card(nothing) == ()
