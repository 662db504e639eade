"""Rules, standing offers, lost offers, messages, feedback and followers on the vendor's pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from node.desk import Desk
from node.domain.deals import DealState
from node.store.ports import Follower, FollowState
from node.web.relation_views import A_PAGE
from node.web.shop.deals import place_of
from tests.unit.node.web.private.shop.conftest import Street

pytestmark = pytest.mark.anyio


# --- rules ------------------------------------------------------------------------------------------------


async def test_a_rule_is_tried_out_before_it_answers_anything(street: Street) -> None:
    await street.stock()
    await street.cast()
    await street.cast(name="bread", category="Q7802")
    browser = await street.browser()
    seen = await browser.get(
        "/my/rules/new?tried=yes&name=At+once&valid=72&least=1&category=Q11442&fields=name"
    )
    assert "0 drafts left to you, 1 left alone." in seen.words
    assert "<strong>1 offer</strong>" in seen.html
    assert "North Kid 20" in seen.words
    assert (await street.north.ask("rules.list"))["rules"] == []
    saved = await browser.submit({}, "/my/rules/new")
    assert "answers by itself" in saved.words
    await street.cast(name="another")
    assert (await street.deal()).state is DealState.OFFERED
    rule = (await street.north.ask("rules.list"))["rules"][0]
    assert (rule["category"], rule["fields_asked"]) == ("https://www.wikidata.org/wiki/Q11442", ["name"])


async def test_a_rule_rests_and_is_removed_by_name(street: Street) -> None:
    await street.north.ask("rules.add", name="At once")
    browser = await street.browser()
    await browser.get("/my/rules")
    await browser.submit({}, "/my/rules/switch")
    assert "rests" in browser.at.words
    await browser.submit({}, "/my/rules/switch")
    assert "The rule is on." in browser.at.words
    refused = await browser.submit({"sure": "at once"}, "/my/rules/remove")
    assert refused.status == 422
    assert "another name" in refused.words
    await browser.submit({"sure": "At once"}, "/my/rules/remove")
    assert "No rule yet" in browser.at.words


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("name=&valid=72", "This is empty."),
        ("name=x&valid=72&category=bread", "no item of Wikidata"),
        ("name=x&valid=72&least=5&most=2", "No quantity is in that range"),
        ("name=x&valid=72&discount=120", "120 percent"),
        ("name=x&valid=72&latitude=55.8", "all three, or none"),
        ("name=x&valid=72&latitude=95&longitude=1&radius=1", "no such number"),
    ],
)
async def test_what_is_wrong_with_a_rule_is_told(street: Street, query: str, said: str) -> None:
    browser = await street.browser()
    seen = await browser.get(f"/my/rules/new?tried=yes&{query}")
    assert said in seen.words
    assert "Save the rule" not in seen.words


async def test_a_rule_of_another_shop_is_not_there(street: Street) -> None:
    await street.north.ask("rules.add", name="At once")
    await street.world.account(street.north, "south", "vendor")
    browser = await street.browser_of("south")
    rule = (await street.north.ask("rules.list", account="north"))["rules"][0]["id"]
    seen = await browser.post("/my/rules/remove", {"rule": rule, "sure": "At once"})
    assert seen.status == 404


# --- standing offers --------------------------------------------------------------------------------------


async def test_an_item_is_offered_to_everybody_and_taken_back(street: Street) -> None:
    await street.stock()
    browser = await street.browser()
    assert "Choose an item" in (await browser.get("/my/offers")).words
    await browser.get("/my/offers/new?sku=MILK")
    wrong = await browser.submit({"least": "0"}, "/my/offers/new")
    assert wrong.status == 422
    done = await browser.submit({"price": "1,20", "least": "2", "text": "Fresh."}, "/my/offers/new")
    assert "It is published" in done.words
    assert "€1.20" in done.words
    url = done.read.links["Milk"]
    refused = await browser.submit({"sure": "milk"}, "/my/offers/end")
    assert refused.status == 422
    gone = await browser.submit({"sure": "Milk"}, "/my/offers/end")
    assert "taken back" in gone.words
    assert "Nothing is offered to everybody" in gone.words
    page = await browser.get(url.removeprefix("https://north.example"))
    assert page.status in (404, 410)


async def test_followers_hear_of_an_offer_and_of_its_end(street: Street) -> None:
    await street.stock()
    await follow(street, FollowState.ACCEPTED)
    browser = await street.browser()
    await browser.get("/my/offers/new?sku=MILK")
    await browser.submit({}, "/my/offers/new")
    await browser.submit({"sure": "Milk"}, "/my/offers/end")
    jobs = await street.north.node.look(lambda desk: desk.tx.deliveries.all())
    assert [b'"type":"Delete"' in job.body for job in jobs] == [True, False]


async def test_without_an_item_the_catalogue_is_shown(street: Street) -> None:
    browser = await street.browser()
    assert "Choose what you want" in (await browser.get("/my/offers/new?sku=none")).words


# --- what is to be learned --------------------------------------------------------------------------------


async def test_reasons_of_lost_offers_are_counted_with_their_table(street: Street) -> None:
    browser = await street.browser()
    assert "Nothing to learn from yet" in (await browser.get("/my/lost")).words
    for reason in ("price", "price", None):
        await street.cast()
        deal = await street.deal()
        await street.north.ask("deal.offer", deal=deal.id, price="280.00")
        await street.world.settle()
        await street.ana.ask("deal.decline", offer=deal.id, **({"reason": reason} if reason else {}))
        await street.world.settle()
    seen = await browser.get("/my/lost")
    assert "the price 2" in seen.words
    assert "no reason given" in seen.words
    assert "€280.00" in seen.words
    assert "<svg" in seen.html


async def test_questions_without_an_answer_stand_first(street: Street) -> None:
    browser = await street.browser()
    assert "Nobody has written yet" in (await browser.get("/my/messages")).words
    for name in ("first", "second"):
        await street.cast(name=name)
        await street.ana.ask("deal.ask", deal=(await street.deal()).id, text=f"About {name}?")
        await street.world.settle()
    deals = {deal.proposal.name: deal for deal in await street.north.deals() if deal.proposal}
    await street.north.ask("deal.ask", deal=deals["first"].id, text="Yes.")
    seen = await browser.get("/my/messages")
    assert "1 waits for your answer" in seen.words
    assert seen.words.index("About second?") < seen.words.index("Yes.")


async def test_a_long_list_of_messages_goes_on_page_by_page(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.web.shop.talks.TALKS_SHOWN", 1)
    for name in ("first", "second"):
        await street.cast(name=name)
        await street.ana.ask("deal.ask", deal=(await street.deal()).id, text=f"About {name}?")
        await street.world.settle()
        street.world.clock.forward(minutes=1)
    browser = await street.browser()
    seen = await browser.get("/my/messages")
    assert ("About first?" in seen.words, "About second?" in seen.words) == (True, False)
    assert "2 wait for your answer" in seen.words
    assert 'href="/my/messages?page=1"' in seen.html
    older = await browser.get("/my/messages?page=1")
    assert ("About first?" in older.words, "About second?" in older.words) == (False, True)
    assert 'rel="prev" href="/my/messages"' in older.html
    assert 'rel="next"' not in older.html


@pytest.mark.parametrize("page", ["-1", "1e3", "%C2%B2", "9" * 9, "x"])
async def test_a_page_that_no_link_of_ours_names_is_the_first(street: Street, page: str) -> None:
    browser = await street.browser()
    for path in ("/my/messages", "/my/feedback", "/my/followers"):
        seen = await browser.get(f"{path}?page={page}")
        assert seen.status == 200
        assert 'rel="prev"' not in seen.html


async def test_a_long_list_of_feedback_goes_on_page_by_page(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.web.shop.talks.FEEDBACK_SHOWN", 1)
    deal = await street.agree()
    await street.north.ask("deal.progress", deal=deal.id, stage="delivered")
    await street.world.settle()
    for text in ("A brake squeals.", "No longer."):
        await street.ana.ask("deal.feedback", deal=deal.id, text=text)
    await street.ana.ask("deal.feedback", deal=deal.id, text="Fine wheels.", public=True)
    await street.world.settle()
    browser = await street.browser()
    seen = await browser.get("/my/feedback")
    assert [words in seen.words for words in ("Fine wheels.", "No longer.", "A brake squeals.")] == [1, 1, 0]
    older = await browser.get("/my/feedback?page=1")
    assert [words in older.words for words in ("Fine wheels.", "No longer.", "A brake squeals.")] == [0, 0, 1]
    assert 'rel="next"' not in older.html


async def test_a_refused_answer_is_shown_on_the_page_where_it_was_typed(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.web.shop.talks.FEEDBACK_SHOWN", 1)
    for text in ("Fine wheels.", "Fine bell."):
        deal = await street.agree()
        await street.ana.ask("deal.feedback", deal=deal.id, text=text, public=True)
        await street.world.settle()
    browser = await street.browser()
    assert "Fine bell." in (await browser.get("/my/feedback")).words
    assert "Fine wheels." in (await browser.get("/my/feedback?page=1")).words
    refused = await browser.submit({"text": ""}, "/my/feedback?page=1")
    assert refused.status == 422
    assert "Fine wheels." in refused.words


async def test_feedback_is_answered_in_public(street: Street) -> None:
    deal = await street.agree()
    await street.north.ask("deal.progress", deal=deal.id, stage="delivered")
    await street.world.settle()
    await street.ana.ask("deal.feedback", deal=deal.id, text="A brake squeals.")
    await street.ana.ask("deal.feedback", deal=deal.id, text="Fine <wheels>.", public=True, title="Good")
    await street.world.settle()
    browser = await street.browser()
    seen = await browser.get("/my/feedback")
    assert "A brake squeals." in seen.words
    assert "Fine &lt;wheels&gt;." in seen.html
    assert "from a purchase" in seen.words
    assert (await browser.submit({"text": ""}, "/my/feedback")).status == 422
    done = await browser.submit({"text": "Thank you, Ana."}, "/my/feedback")
    assert "Your answer" in done.words
    assert "Thank you, Ana." in done.words
    jobs = await street.north.node.look(lambda desk: desk.tx.deliveries.all())
    assert any(b"Thank you, Ana." in job.body and b"inReplyTo" in job.body for job in jobs)
    await street.world.settle()
    await street.world.assert_nothing_waits()
    other = await browser.post("/my/feedback", {"feedback": "https://north.example/posts/none", "text": "x"})
    assert other.status == 404


async def follow(street: Street, state: FollowState) -> str:
    actor = "https://ana.example/actors/ana"
    follower = Follower(
        account=street.account,
        actor=actor,
        inbox=f"{actor}/inbox",
        shared_inbox=None,
        follow_id="https://ana.example/activities/follow",
        state=state,
        at=street.world.clock(),
    )
    await street.north.node.work(lambda desk: desk.tx.followers.save(follower))
    return actor


async def test_who_asks_to_follow_is_let_in_or_not(street: Street) -> None:
    browser = await street.browser()
    assert "@north@north.example" in (await browser.get("/my/followers")).words
    actor = await follow(street, FollowState.PENDING)
    await browser.get("/my/followers")
    await browser.submit({}, "/my/followers")
    assert "They follow you now." in browser.at.words
    assert "1 follower" in browser.at.words
    await browser.submit({}, "/my/followers")
    assert "Nobody follows you yet" in browser.at.words
    jobs: list[Any] = await street.north.node.look(lambda desk: desk.tx.deliveries.all())
    assert [(job.recipient, b'"type":"Reject"' in job.body) for job in jobs] == [
        (actor, True),
        (actor, False),
    ]
    gone = await browser.post("/my/followers", {"actor": actor, "may": "yes"})
    assert gone.status == 422


async def test_a_long_list_of_followers_goes_on_page_by_page(street: Street) -> None:
    made = [
        Follower(street.account, f"https://home{number}.example/a", "https://home.example/inbox", None, "f",
                 FollowState.ACCEPTED, street.world.clock() + timedelta(seconds=number))
        for number in range(A_PAGE + 1)
    ]  # fmt: skip
    asks = replace(made[0], actor="https://asks.example/a", state=FollowState.PENDING)

    def save_all(desk: Desk) -> None:
        for follower in (*made, asks):
            desk.tx.followers.save(follower)

    await street.north.node.work(save_all)
    browser = await street.browser()
    seen = await browser.get("/my/followers")
    assert f"{A_PAGE + 1} followers" in seen.words
    assert [one.actor in seen.words for one in (made[0], made[1], made[-1], asks)] == [
        False,
        True,
        True,
        True,
    ]
    older = await browser.get("/my/followers?page=1")
    assert [one.actor in older.words for one in (made[0], made[1], asks)] == [True, False, False]


async def test_the_inbox_nudges_when_something_came(street: Street) -> None:
    browser = await street.browser()
    before = (await browser.get("/my")).html
    await street.cast()
    after = (await browser.get("/my")).html
    mark = "/my/inbox/changes?since="
    assert before.partition(mark)[2][:12] != after.partition(mark)[2][:12]
    part = await browser.get("/my?show=", hx_request="true")
    assert "child bicycle" in part.words
    assert "<html" not in part.html
    assert place_of((await street.deal()).id) in part.html
