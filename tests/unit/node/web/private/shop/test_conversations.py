"""Conversations with the fediverse on the pages: reading, answering, quoting, what was sold."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest

from node.domain.notes import Attachment, Visibility
from node.services.accounts import find_account
from node.services.posting import Saying, change, say, take_back
from node.store.ports import Post
from node.web.places import place_of
from node.web.shop import ledger
from node.workflows.lookups import find_contact
from tests.browsing import Browser, Seen
from tests.unit.node.web.private.shop.conftest import Street

pytestmark = pytest.mark.anyio


async def speak(street: Street, text: str, **over: Any) -> Post:
    """Ana says something to the shop, from her account."""
    home = street.ana
    account = await home.node.look(lambda desk: find_account(desk, "ana"))
    contact = await find_contact(home.node, account, "@north@north.example")
    values: dict[str, Any] = {"visibility": Visibility.DIRECT, "mentioned": (contact,), **over}
    post: Post = await home.node.work(lambda desk: say(desk, account, Saying(text=text, **values)))
    await street.world.settle()
    return post


async def open_thread(street: Street, browser: Browser, home: Any = None) -> Seen:
    [thread] = (await (home or street.north).ask("talk.list", all=True))["threads"]
    return await browser.get(f"/my/conversations/{thread['id']}")


def path_of(seen: Seen) -> str:
    return urlsplit(seen.url).path


async def test_nobody_has_written_and_the_page_says_who_would(street: Street) -> None:
    browser = await street.browser()
    seen = await browser.get("/my/conversations")
    assert "Nobody waits for an answer" in seen.words
    assert '<a href="/my/conversations" aria-current="page">Waiting' in seen.html
    assert (await browser.get("/my/conversations?show=nothing")).status == 404
    assert (await browser.get("/my/conversations/nowhere")).status == 404
    assert (await browser.get("/my/conversations?before=x")).status == 404


async def test_message_is_new_until_it_is_opened_and_is_answered_there(street: Street) -> None:
    await speak(street, "Do you mend wheels?")
    browser = await street.browser()
    seen = await browser.get("/my/conversations")
    assert "@ana@ana.example" in seen.words
    assert "Do you mend wheels?" in seen.words
    assert "waits for you" in seen.words
    assert "1 new" in " ".join(seen.words.split())
    notices = await browser.get("/my/notices")
    assert "@ana@ana.example wrote to you." in notices.words
    await open_thread(street, browser)
    assert "new" not in (await browser.get("/my/conversations")).words.split()
    seen = await open_thread(street, browser)
    seen = await browser.submit({"text": "Yes, on Fridays."}, path_of(seen))
    assert "Your answer is sent." in seen.words
    assert "answered" in seen.words
    await street.world.settle()
    hers = await street.ana.ask("talk.list")
    assert "Yes, on Fridays." in hers["threads"][0]["excerpt"]
    assert "delivered" in (await open_thread(street, browser)).words


async def test_wider_answer_is_asked_for_twice(street: Street) -> None:
    await speak(street, "Between us")
    browser = await street.browser()
    path = path_of(await open_thread(street, browser))
    refused = await browser.submit({"text": "To all", "visibility": "public"}, path)
    assert refused.status == 422
    assert "more people would read this answer" in refused.words.lower()
    await browser.submit({"text": "To all", "visibility": "public", "wider": "on"}, path)
    assert "Everybody" in browser.at.words


async def test_warning_is_folded_attachments_are_links_and_nothing_of_theirs_is_loaded(
    street: Street,
) -> None:
    picture = Attachment("https://far.example/wheel.png", "image/png", "A bent wheel")
    await speak(street, "Look at this", summary="Bent metal", attachments=(picture,))
    seen = await open_thread(street, await street.browser())
    assert "<summary>Bent metal</summary>" in seen.html
    assert 'href="https://far.example/wheel.png"' in seen.html
    assert "A bent wheel" in seen.words
    assert "<img" not in seen.html
    assert "far.example/wheel.png" not in seen.html.replace('href="https://far.example/wheel.png"', "")


async def test_edited_words_show_how_they_read_before_and_deleted_ones_are_gone(street: Street) -> None:
    post = await speak(street, "Do you mend wheals?")
    home = street.ana
    account = await home.node.look(lambda desk: find_account(desk, "ana"))
    contact = await find_contact(home.node, account, "@north@north.example")
    saying = Saying(text="Do you mend wheels?", visibility=Visibility.DIRECT, mentioned=(contact,))
    street.world.clock.forward(minutes=1)
    await home.node.work(lambda desk: change(desk, account, post.id, saying))
    await street.world.settle()
    browser = await street.browser()
    seen = await open_thread(street, browser)
    assert "edited" in seen.words
    assert "How it read before" in seen.words
    assert "wheals" in seen.words
    await home.node.work(lambda desk: take_back(desk, account, post.id))
    await street.world.settle()
    seen = await open_thread(street, browser)
    assert "Deleted by its author." in seen.words
    assert "wheels" not in seen.words
    assert "wheals" not in seen.words


async def test_conversation_is_put_away_and_found_again(street: Street) -> None:
    await speak(street, "Hello")
    browser = await street.browser()
    seen = await open_thread(street, browser)
    path = path_of(seen)
    seen = await browser.submit({}, f"{path}/close")
    assert "What they say next brings it back." in seen.words
    assert "@ana@ana.example" not in seen.words
    assert "@ana@ana.example" in (await browser.get("/my/conversations?show=closed")).words
    assert "@ana@ana.example" in (await browser.get("/my/conversations?find=ANA&show=all")).words
    assert "Nobody of that name." in (await browser.get("/my/conversations?find=bea&show=all")).words
    await browser.get(path)
    assert "taken up again" in (await browser.submit({}, f"{path}/open")).words


async def test_person_has_the_same_pages_without_quotes(street: Street) -> None:
    await speak(street, "Hello")
    [thread] = (await street.north.ask("talk.list"))["threads"]
    await street.north.ask("talk.answer", thread=thread["id"], text="Good morning")
    await street.world.settle()
    browser = await street.browser("ana", street.ana)
    assert "@north@north.example" in (await browser.get("/my/conversations")).words
    seen = await open_thread(street, browser, street.ana)
    assert "Good morning" in seen.words
    assert "Send a quote" not in seen.words
    assert (await browser.get(f"{path_of(seen)}/quote")).status in (403, 404)
    assert (await browser.get("/my/sales")).status in (403, 404)


# --- quotes -----------------------------------------------------------------------------------------------


async def a_quote(street: Street, browser: Browser) -> str:
    """The shop's quote for a bicycle, by the pages; its reference."""
    await street.stock()
    await speak(street, "What is the red one?")
    seen = await open_thread(street, browser)
    found = await browser.get(f"{path_of(seen)}/quote?q=North")
    assert "North Kid 20" in found.words
    await browser.get(f"{path_of(seen)}/quote?sku=NK20")
    seen = await browser.submit({"terms": "Collected."}, f"{path_of(seen)}/quote")
    assert "Your quote is sent" in seen.words
    [quote] = (await street.north.ask("talk.quotes"))["quotes"]
    assert quote["reference"] in seen.words
    reference: str = quote["reference"]
    return reference


async def test_quote_is_written_from_the_catalogue_and_its_page_names_nobody(street: Street) -> None:
    browser = await street.browser()
    reference = await a_quote(street, browser)
    [quote] = (await street.north.ask("talk.quotes"))["quotes"]
    stranger = Browser(
        street.world.network.apps["north.example"], "https://north.example", says={"accept": "text/html"}
    )
    seen = await stranger.get(quote["page"].removeprefix("https://north.example"))
    for part in ("North Kid 20", "289.00", "Collected."):
        assert part in seen.html
    assert reference not in seen.html
    assert "ana" not in seen.words.lower().split()
    assert "noindex" in seen.html
    assert (await stranger.get("/quotes/")).status == 404
    assert (await stranger.get("/quotes/" + reference)).status == 404


async def test_sale_is_listed_with_whose_signature_it_has(street: Street) -> None:
    browser = await street.browser()
    reference = await a_quote(street, browser)
    await street.world.settle()
    await speak(street, f"accept {reference}")
    seen = await browser.get("/my/sales")
    assert "North Kid 20" in seen.words
    assert "agreed" in seen.words
    seen = await browser.get(f"/my/sales/{reference}")
    assert "Signed by the customer's server" in seen.words
    assert "Their word, as it came" in seen.words
    assert "https://ana.example/actors/ana#" in seen.words
    assert "Your quote was accepted, it is agreed: North Kid 20" in (await browser.get("/my/notices")).words
    record = await browser.get(f"/my/sales/{reference}/record")
    assert json.loads(record.body)["format"] == "obverse-sale/1"
    assert (await browser.get("/my/sales/0000-0000")).status == 404
    assert (await browser.get("/my/sales/0000-0000/record")).status == 404
    assert (await browser.get("/my/sales?show=none")).status == 404
    stranger = Browser(
        street.world.network.apps["north.example"], "https://north.example", says={"accept": "text/html"}
    )
    [quote] = (await street.north.ask("talk.quotes"))["quotes"]
    seen = await stranger.get(quote["page"].removeprefix("https://north.example"))
    assert "This was accepted" in seen.words


async def deals_table(browser: Browser) -> list[str]:
    await browser.get("/my/export")
    return (await browser.submit({}, "/my/export/deals")).body.decode("utf-8-sig").splitlines()


async def test_deals_and_sales_by_message_go_on_together_each_once(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await street.browser()
    deal = await street.agree()
    reference = await a_quote(street, browser)
    [thread] = (await street.north.ask("talk.list", all=True))["threads"]
    other = await street.north.ask("talk.quote", thread=thread["id"], goods="A bell", price="9.80 EUR")
    await street.world.settle()
    for accepted in (reference, other["reference"]):
        street.world.clock.forward(minutes=1)
        await speak(street, f"accept {accepted}")
    monkeypatch.setattr(ledger, "PAGE", 1)
    page, found = "/my/deals", list[tuple[str, str]]()
    while page:
        seen = await browser.get(page)
        assert "Running 3" in seen.words
        found += re.findall(r'<th scope="row"><span><a href="([^"]+)" dir="auto">([^<]+)', seen.html)
        older = re.findall(r'href="(/my/deals\?[^"]*(?:before|sold)=[^"]*)"', seen.html)
        page = unescape(older[-1]) if older else ""
    talk = f"/my/conversations/{thread['id']}"
    assert [name for where, name in found if where == talk] == ["A bell", "North Kid 20"]
    assert found[-1][0] == f"/my/deals/{place_of(deal.id)}"
    assert len(found) == 3


async def test_sale_by_message_is_among_the_deals_until_its_conversation_is_put_away(street: Street) -> None:
    browser = await street.browser()
    reference = await a_quote(street, browser)
    await street.world.settle()
    assert "by message" not in (await browser.get("/my/deals")).words
    await speak(street, f"accept {reference}")
    [sale] = (await street.north.ask("deal.list"))["sales"]
    assert (sale["reference"], sale["peer"], sale["state"]) == (reference, "@ana@ana.example", "concluded")
    path = f"/my/conversations/{sale['thread']}"
    seen = await browser.get("/my/deals")
    assert f'<a href="{path}" dir="auto">North Kid 20' in seen.html
    assert seen.words.count("by message") == 1
    assert "@ana@ana.example" in seen.words
    await browser.get(path)
    await browser.submit({}, f"{path}/close")
    assert "North Kid 20" not in (await browser.get("/my/deals")).words
    assert "by message" in (await browser.get("/my/deals?show=done")).words
    assert "by message" not in (await browser.get("/my/deals?show=cancelled")).words
    rows = await deals_table(browser)
    assert [row.endswith(",by message") for row in rows] == [False, True]
    assert rows[1].startswith("https://north.example/sales/")
    assert (await browser.get("/my/deals?sold=x")).status == 404


async def test_sale_that_was_cancelled_is_called_off_among_the_deals(street: Street) -> None:
    browser = await street.browser()
    reference = await a_quote(street, browser)
    await street.world.settle()
    await speak(street, f"accept {reference}")
    await speak(street, f"cancel {reference}")
    assert "by message" not in (await browser.get("/my/deals")).words
    assert "by message" in (await browser.get("/my/deals?show=cancelled")).words
    [sale] = (await street.north.ask("deal.list"))["sales"]
    assert sale["state"] == "cancelled"


async def test_quote_is_taken_back_on_the_page(street: Street) -> None:
    browser = await street.browser()
    await a_quote(street, browser)
    seen = await open_thread(street, browser)
    seen = await browser.submit({}, f"{path_of(seen)}/withdraw")
    assert "The quote is taken back." in seen.words
    assert "North Kid 20" in (await browser.get("/my/sales?show=over")).words


@pytest.mark.parametrize(
    ("typed", "said"),
    [({"quantity": "1,5"}, "no such quantity"), ({"goods": ""}, "empty"), ({"price": "x"}, "no amount")],
)
async def test_quote_that_was_mistyped_keeps_what_was_typed(
    street: Street, typed: dict[str, str], said: str
) -> None:
    browser = await street.browser()
    await speak(street, "Hello")
    seen = await open_thread(street, browser)
    await browser.get(f"{path_of(seen)}/quote")
    values = {"goods": "Painting", "price": "40", "terms": "By Friday.", **typed}
    refused = await browser.submit(values, f"{path_of(seen)}/quote")
    assert refused.status == 422
    assert said in refused.words
    assert "By Friday." in refused.html


async def test_neighbour_sees_nothing_of_it(street: Street) -> None:
    reference = await a_quote(street, await street.browser())
    await speak(street, "Between us")
    await street.world.account(street.north, "south", "vendor")
    [thread] = (await street.north.ask("talk.list", account="north"))["threads"]
    browser = await street.browser_of("south")
    assert (await browser.get(f"/my/sales/{reference}")).status == 404
    for path in ("", "/quote", "/changes"):
        seen = await browser.get(f"/my/conversations/{thread['id']}{path}")
        assert "Between us" not in seen.html
        assert seen.status == 404
