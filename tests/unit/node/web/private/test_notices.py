"""What happened, as an owner reads it; and by which other ways they are told: every page of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from node.context import Node
from node.domain.errors import Reason
from node.domain.messages import Kind
from node.domain.notices import TOPICS, Topic, topic_of
from node.notices.pushing import load_push_key, outlet_id
from node.services.outlets import MAIL, MOST_BROWSERS
from node.store.ports import Channel, Choices, Notice, Outlet
from node.web.i18n import locale_for
from node.web.notice_words import PLAIN, TELLING, TOPIC_HINTS, TOPIC_NAMES, letter_of, sentence_of
from tests.contract.writing import each
from tests.post_office import MailBox, a_mail_server, decoded
from tests.unit.node.web.private.conftest import House

pytestmark = pytest.mark.anyio

SETTINGS = "/my/settings/notices"
ENDPOINT = "https://push.example/send/abc:DEF-1"


async def tell(house: House, account: str, *codes: str, **over: Any) -> None:
    """Notices of these kinds, each a minute after the one before."""
    for code in codes:
        house.clock.forward(minutes=1)
        line = replace(Notice(account, house.clock.now, f"Text of {code}.", code), **over)
        await house.node.work(lambda desk, line=line: desk.tx.notices.add(line))  # type: ignore[misc]


def with_mail(house: House, box: MailBox) -> None:
    """Let the node's settings name a mail server, as though it had been started with them."""
    config = replace(house.node.config, smtp_url=f"smtp://127.0.0.1:{box.port}")
    object.__setattr__(house.node, "config", config)


async def outlets(node: Node, account: str) -> list[Outlet]:
    return await node.look(lambda desk: desk.tx.outlets.all(account))


def code_in(mail: str) -> str:
    found = re.search(r"^    ([0-9]{4} [0-9]{4})", mail, flags=re.MULTILINE)
    assert found is not None, mail
    return found[1]


# --- the list ---------------------------------------------------------------------------------------------


async def test_list_without_notices_says_what_would_be_there(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    seen = await browser.get("/my/notices")
    assert "Nothing has happened yet" in seen.words
    assert "Mark all as read" not in seen.words


async def test_notices_stand_by_day_with_the_way_to_their_things(house: House) -> None:
    ana = await house.move_in()
    deal = f"{house.base}/deals/7"
    await tell(house, ana.id, "offer", deal_id=deal)
    house.clock.forward(days=1)
    await tell(house, ana.id, "delivery", values={"host": "shop.example"})
    browser = await house.logged_in()
    seen = await browser.get("/my/notices")
    assert seen.html.count('class="notice-day"') == 2
    assert seen.words.index("did not arrive at shop.example") < seen.words.index("An offer came.")
    assert seen.read.links["An offer came."] == "/my/deals/7"
    assert seen.read.links["Something that you sent did not arrive at shop.example."] == "/my/deliveries"
    assert "2 are new" in seen.words


async def test_all_is_marked_as_read_up_to_what_was_shown(house: House) -> None:
    ana = await house.move_in()
    await tell(house, ana.id, "offer", "ask")
    browser = await house.logged_in()
    await browser.get("/my/notices")
    await tell(house, ana.id, "receipt")  # came after the page
    seen = await browser.submit(action="/my/notices/read")
    assert "2 are marked as read." in seen.words
    assert "1 is new" in seen.words
    assert seen.html.count('class="new"') == 1


async def test_one_is_marked_as_read_and_another_accounts_is_missing(house: House) -> None:
    ana = await house.move_in()
    shop = await house.move_in("shop", "vendor")
    await tell(house, ana.id, "follow")
    await tell(house, shop.id, "follow")
    mine, theirs = [
        (await house.node.look(lambda desk, who=who: desk.tx.news.newest(who)))  # type: ignore[misc]
        for who in (ana.id, shop.id)
    ]
    browser = await house.logged_in()
    await browser.get("/my/notices")
    seen = await browser.submit(action=f"/my/notices/{mine}/read")
    assert "All of it was read." in seen.words
    for number in (theirs, 999, 2**70):
        assert (await browser.post(f"/my/notices/{number}/read")).status == 404
    assert await house.node.look(lambda desk: desk.tx.news.count(shop.id)) == 1


async def test_long_list_goes_on_where_it_ended(house: House) -> None:
    ana = await house.move_in()
    lines = [Notice(ana.id, house.clock.now, f"Line {n:03d}.", "old") for n in range(60)]
    await house.node.db.write(each(lambda tx: tx.notices.add, *lines))
    browser = await house.logged_in()
    seen = await browser.get("/my/notices")
    assert "Line 059." in seen.words
    assert "Line 009." not in seen.words
    seen = await browser.get(seen.read.links["Older"])
    assert "Line 009." in seen.words
    assert "Line 059." not in seen.words
    assert (await browser.get("/my/notices?before=x")).status == 200


async def test_vendors_lines_lead_to_the_vendors_pages(house: House) -> None:
    shop = await house.move_in("shop", "vendor")
    await tell(house, shop.id, "follow", values={"actor": "https://ana.example/actors/ana"})
    await tell(house, shop.id, "feedback", code="feedback-public", values={"author": "https://b.example/b"})
    await tell(house, shop.id, "clock", code="clock-doubt")
    browser = await house.logged_in("shop")
    links = (await browser.get("/my/notices")).read.links
    assert links["Somebody at ana.example follows you."] == "/my/followers"
    assert links["Somebody at b.example published feedback about you."] == "/my/feedback"


async def test_list_says_what_has_changed_as_it_happens(house: House) -> None:
    ana = await house.move_in()
    browser = await house.logged_in()
    seen = await browser.get("/my/notices")
    mark = re.search(r"changes\?since=(\w+)", seen.html)
    assert mark is not None
    await tell(house, ana.id, "offer")
    stream = await browser.get(f"/my/notices/changes?since={mark[1]}")
    assert "event: changed" in stream.html
    part = await browser.get("/my/notices", hx_request="true")
    assert "<html" not in part.html
    assert "An offer came." in part.words
    assert "/my/notices/1/read" in part.html


# --- words ------------------------------------------------------------------------------------------------


def test_every_kind_of_notice_has_words_in_both_languages() -> None:
    told = {kind.value for kind in Kind} - {"cast", "update", "refuse", "tick"}
    assert told <= set(PLAIN)
    assert set(TELLING) <= set(PLAIN)
    german = locale_for("de").words
    for text in (*PLAIN.values(), *(text for _, text in TELLING.values())):
        assert german(text) != text, text


def test_every_topic_has_a_name_and_belongs_to_somebody() -> None:
    everywhere = {topic for topics in TOPICS.values() for topic in topics}
    assert everywhere == set(Topic) == set(TOPIC_NAMES) == set(TOPIC_HINTS)


def test_topic_is_told_by_code_then_by_kind_and_a_change_of_a_deal_else() -> None:
    assert topic_of("clock", "ends-soon") is Topic.ENDING
    assert topic_of("offer", "rule-offered") is Topic.INTENTS
    assert topic_of("offer") is Topic.OFFERS
    assert topic_of("receipt") is topic_of("") is Topic.DEALS


def test_notice_of_an_older_version_is_shown_as_it_was_written() -> None:
    words = locale_for("de").words
    line = Notice("a", None, "An odd line.", "clock")  # type: ignore[arg-type]
    assert sentence_of(line, words) == "An odd line."
    assert sentence_of(replace(line, kind="offer"), words) == "Ein Angebot ist gekommen."


def test_reason_of_a_refusal_is_said_in_words() -> None:
    words = locale_for("en").words
    line = Notice("a", None, "Refused: …", "refused", "", Reason.OUT_OF_STOCK)  # type: ignore[arg-type]
    assert sentence_of(line, words) == "Something that came was refused: it is out of stock."


async def test_what_strangers_wrote_shows_what_hides_in_it(house: House) -> None:
    shop = await house.move_in("shop", "vendor")
    await tell(house, shop.id, "intent", values={"name": "Bike\u202e<b>"})
    browser = await house.logged_in("shop")
    seen = await browser.get("/my/notices")
    assert "Bike[U+202E]&lt;b&gt;" in seen.html


# --- what is told by which way ----------------------------------------------------------------------------


async def test_nothing_is_told_by_mail_or_push_until_it_is_chosen(house: House) -> None:
    ana = await house.move_in()
    browser = await house.logged_in()
    seen = await browser.get(SETTINGS)
    assert 'name="mail"' in seen.html
    assert " checked" not in seen.html
    assert "cannot send mail yet" in seen.words
    seen = await browser.submit({"mail": ["offers", "ending"], "push": ["messages"]}, SETTINGS)
    assert "Your choice is kept." in seen.words
    assert seen.html.count(" checked") == 3
    chosen = await house.node.look(lambda desk: desk.tx.outlets.choices(ana.id))
    assert chosen == Choices(ana.id, ("offers", "ending"), ("messages",))


async def test_topic_that_this_kind_of_account_has_not_is_not_kept(house: House) -> None:
    ana = await house.move_in()
    browser = await house.logged_in()
    await browser.get(SETTINGS)
    await browser.submit({"mail": ["intents", "nonsense", "offers"]}, SETTINGS)
    assert (await house.node.look(lambda desk: desk.tx.outlets.choices(ana.id))).mail == ("offers",)


async def test_address_is_confirmed_by_the_code_that_was_mailed_there(house: House) -> None:
    ana = await house.move_in()
    await tell(house, ana.id, "offer")
    async with a_mail_server() as box:
        with_mail(house, box)
        browser = await house.logged_in()
        await browser.get(SETTINGS)
        seen = await browser.submit({"address": "ana@post.example"}, f"{SETTINGS}/address")
        assert "A code is on its way to ana@post.example." in seen.words
        (mail,) = box.mails
        (waiting,) = await outlets(house.node, ana.id)
        assert waiting.confirmed_at is None
        assert code_in(mail).replace(" ", "") not in repr(await _dump(house))
        seen = await browser.submit({"code": code_in(mail)}, f"{SETTINGS}/code")
        assert "The address is confirmed." in seen.words
        (there,) = await outlets(house.node, ana.id)
        assert (there.channel, there.address, there.confirmed_at) == (
            Channel.MAIL, "ana@post.example", house.clock.now,
        )  # fmt: skip
        assert there.told == await house.node.look(lambda desk: desk.tx.news.newest(ana.id))
        seen = await browser.submit(action=f"{SETTINGS}/{MAIL}/end")
        assert "Nothing is sent there any more." in seen.words
        assert await outlets(house.node, ana.id) == []


async def _dump(house: House) -> list[Any]:
    return await house.node.look(lambda desk: desk.tx.connection.execute("SELECT * FROM outlet").fetchall())  # type: ignore[attr-defined]


async def test_wrong_code_confirms_nothing_and_five_of_them_end_it(house: House) -> None:
    ana = await house.move_in()
    async with a_mail_server() as box:
        with_mail(house, box)
        browser = await house.logged_in()
        await browser.get(SETTINGS)
        await browser.submit({"address": "ana@post.example"}, f"{SETTINGS}/address")
        for _ in range(5):
            seen = await browser.submit({"code": "0000 000x"}, f"{SETTINGS}/code")
            assert seen.status == 422
            assert "This is not the code." in seen.words
            assert seen.form(f"{SETTINGS}/code").fields[-1] == ("code", "0000 000x")
        seen = await browser.submit({"code": code_in(box.mails[0])}, f"{SETTINGS}/code")
        assert "Five codes were wrong." in seen.words
        assert (await outlets(house.node, ana.id))[0].confirmed_at is None


async def test_code_expires_after_half_an_hour(house: House) -> None:
    await house.move_in()
    async with a_mail_server() as box:
        with_mail(house, box)
        browser = await house.logged_in()
        await browser.get(SETTINGS)
        await browser.submit({"address": "ana@post.example"}, f"{SETTINGS}/address")
        house.clock.forward(minutes=30)
        seen = await browser.submit({"code": code_in(box.mails[0])}, f"{SETTINGS}/code")
        assert "This code has expired." in seen.words


async def test_letter_box_is_not_filled_with_codes(house: House) -> None:
    await house.move_in()
    async with a_mail_server() as box:
        with_mail(house, box)
        browser = await house.logged_in()
        await browser.get(SETTINGS)
        for _ in range(6):
            seen = await browser.submit({"address": "ana@post.example"}, f"{SETTINGS}/address")
        assert "Five codes were sent within an hour." in seen.words
        assert len(box.mails) == 5
        house.clock.forward(hours=1)
        seen = await browser.submit({"address": "ana@post.example"}, f"{SETTINGS}/address")
        assert len(box.mails) == 6


async def test_address_that_is_none_is_said_with_what_was_typed(house: House) -> None:
    await house.move_in()
    async with a_mail_server() as box:
        with_mail(house, box)
        browser = await house.logged_in()
        await browser.get(SETTINGS)
        for wrong in ("ana", "a@b@c", "ana@post.example, eve@evil.example", "<ana@post.example>"):
            seen = await browser.submit({"address": wrong}, f"{SETTINGS}/address")
            assert seen.status == 422
            assert "This is no mail address." in seen.words
            assert ("address", wrong) in seen.form(f"{SETTINGS}/address").fields
        seen = await browser.post(f"{SETTINGS}/address", {"address": "a@b.example\r\nBcc: eve@evil.example"})
        assert seen.status == 422
        assert box.mails == []


async def test_mail_server_that_refuses_is_told_in_words_at_once(house: House) -> None:
    await house.move_in()
    async with a_mail_server() as box:
        with_mail(house, box)
        box.answers["RCPT"] = "550 5.1.1 no such user"
        browser = await house.logged_in()
        await browser.get(SETTINGS)
        seen = await browser.submit({"address": "nobody@post.example"}, f"{SETTINGS}/address")
    assert seen.status == 422
    assert "this address takes no mail" in seen.words
    assert "550 5.1.1 no such user" in seen.words


async def test_node_without_a_mail_server_takes_no_address(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    assert (await browser.post(f"{SETTINGS}/address", {"address": "ana@post.example"})).status == 404


# --- browsers ---------------------------------------------------------------------------------------------


async def test_browser_is_added_listed_and_ended(house: House) -> None:
    ana = await house.move_in()
    browser = await house.logged_in()
    seen = await browser.get(SETTINGS)
    key = (await load_push_key(house.node)).public
    assert f'data-key="{key}"' in seen.html
    assert decoded(key)[0] == 4
    assert len(decoded(key)) == 65
    seen = await browser.submit({"endpoint": ENDPOINT}, f"{SETTINGS}/browser")
    assert "This browser will be told." in seen.words
    assert "Firefox" in seen.words
    (there,) = await outlets(house.node, ana.id)
    assert (there.id, there.address) == (outlet_id(ENDPOINT), ENDPOINT)
    assert ENDPOINT not in seen.html  # whoever knows it could nudge that browser
    await browser.submit({"endpoint": ENDPOINT}, f"{SETTINGS}/browser")  # again is no second one
    assert len(await outlets(house.node, ana.id)) == 1
    await browser.submit(action=f"{SETTINGS}/{there.id}/end")
    assert await outlets(house.node, ana.id) == []


@pytest.mark.parametrize(
    "endpoint",
    ["", "push.example", "http://push.example/1", "javascript:alert(1)", "https://u:p@push.example/1",
     "https://push.example/1#x", "https://push.example/" + "x" * 1000, "https://0x7f.1/"],
)  # fmt: skip
async def test_endpoint_that_no_push_service_has_is_refused(house: House, endpoint: str) -> None:
    ana = await house.move_in()
    browser = await house.logged_in()
    await browser.get(SETTINGS)
    seen = await browser.submit({"endpoint": endpoint}, f"{SETTINGS}/browser")
    assert seen.status == 422
    assert "named no push service" in seen.words
    assert await outlets(house.node, ana.id) == []


async def test_browsers_of_one_account_are_bounded(house: House) -> None:
    ana = await house.move_in()
    browser = await house.logged_in()
    await browser.get(SETTINGS)
    for number in range(MOST_BROWSERS):
        await browser.submit({"endpoint": f"https://push.example/{number}"}, f"{SETTINGS}/browser")
    seen = await browser.submit({"endpoint": "https://push.example/more"}, f"{SETTINGS}/browser")
    assert seen.status == 422
    assert "20 browsers are told already." in seen.words
    assert len(await outlets(house.node, ana.id)) == MOST_BROWSERS


async def test_another_accounts_way_out_is_missing(house: House) -> None:
    await house.move_in()
    shop = await house.move_in("shop", "vendor")
    theirs = Outlet("p1", shop.id, Channel.PUSH, ENDPOINT, house.clock.now, confirmed_at=house.clock.now)
    await house.node.work(lambda desk: desk.tx.outlets.save(theirs))
    browser = await house.logged_in()
    for act in ("end", "again"):
        assert (await browser.post(f"{SETTINGS}/p1/{act}")).status == 404
    assert await outlets(house.node, shop.id) == [theirs]


async def test_trouble_is_told_on_the_page_and_can_be_tried_again(house: House) -> None:
    ana = await house.move_in()
    now = house.clock.now
    stuck = Outlet(
        MAIL, ana.id, Channel.MAIL, "ana@post.example", now, confirmed_at=now, tries=3, stopped_at=now,
        trouble="address", detail="550 gone",
    )  # fmt: skip
    await house.node.work(lambda desk: desk.tx.outlets.save(stuck))
    async with a_mail_server() as box:
        with_mail(house, box)
        browser = await house.logged_in()
        seen = await browser.get(SETTINGS)
        assert "takes no mail" in seen.words
        assert "550 gone" in seen.words
        await browser.submit(action=f"{SETTINGS}/{MAIL}/again")
        (there,) = await outlets(house.node, ana.id)
        assert (there.stopped_at, there.trouble, there.tries) == (None, "", 0)


# --- what a nudged browser asks ---------------------------------------------------------------------------


async def test_nudged_browser_is_told_a_kind_and_a_number_and_nothing_else(house: House) -> None:
    ana = await house.move_in()
    await house.node.work(lambda desk: desk.tx.outlets.choose(Choices(ana.id, (), ("messages", "offers"))))
    browser = await house.logged_in(accept_language="de")
    await tell(house, ana.id, "ask", values={"secret": "Norbert"}, text="Norbert asks for 12.50")
    await tell(house, ana.id, "receipt")  # is not told by push
    answer = await browser.get("/my/notices/push")
    assert json.loads(answer.body) == {"title": "ana.example", "body": "Nachrichten", "page": "/my/notices"}
    await tell(house, ana.id, "offer")
    answer = await browser.get("/my/notices/push")
    assert json.loads(answer.body)["body"] == "2 neue Mitteilungen"
    assert "Norbert" not in answer.html
    assert answer.header("cache-control") == "no-store"


async def test_browser_that_is_logged_out_is_told_to_log_in(house: House) -> None:
    ana = await house.move_in()
    await tell(house, ana.id, "ask")
    answer = await house.browser().get("/my/notices/push")
    assert json.loads(answer.body)["body"] == "There may be something new. Log in to see it."


async def test_worker_lies_where_it_rules_and_may_ask_this_node_alone(house: House) -> None:
    await house.move_in()
    answer = await house.browser().get("/my/worker.js")
    assert answer.status == 200
    assert answer.header("content-type").startswith("text/javascript")
    assert "connect-src 'self'" in answer.header("content-security-policy")
    assert answer.html.startswith('const OFFLINE = {"title": "ana.example"')
    assert "/my/notices/push" in answer.html


# --- what mail says ---------------------------------------------------------------------------------------


def test_letter_says_kinds_and_numbers_and_where_to_read() -> None:
    letter = letter_of("de", [(Topic.OFFERS, 2), (Topic.MESSAGES, 1)], "https://ana.example")
    assert letter.subject == "Neues auf ana.example"
    assert "- Angebote: 2\n- Nachrichten: 1\n" in letter.text
    assert "https://ana.example/my/notices" in letter.text
    assert letter.text.isprintable() or "\n" in letter.text
