"""What waits, was given up, could not be read or arrived: in words, for whom it is, to be acted on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from federation.keys import SigningKey
from federation.ports import InboundEntry
from node.desk import Desk
from node.domain.notes import Visibility
from node.queries.deliveries import count_failed
from node.services.accounts import find_account
from node.services.posting import Saying, say, take_back
from node.store.ports import Follower, FollowState, JobState, Post, QueuedJob
from node.web.delivery_words import cause_words
from node.web.i18n import locale_for
from tests.browsing import Browser, Seen
from tests.integration.conftest import Home, World, cast_bicycle
from tests.unit.node.web.private.street import Street

pytestmark = pytest.mark.anyio

ANA = "https://ana.example/actors/ana"


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


def answering(status: int) -> Any:
    """A server that answers everything with this status."""

    async def app(scope: object, receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


async def cast_to(street: Street, *, status: int = 0) -> None:
    """Cast to North, whose server answers so, or not at all."""
    world = street.world
    if status:
        real, world.network.apps["north.example"] = world.network.apps["north.example"], answering(status)
    else:
        world.network.down.add("north.example")
    await cast_bicycle(street.ana, "north")
    await street.ana.opened.run_until_idle()
    if status:
        world.network.apps["north.example"] = real


async def jobs(home: Home) -> list[QueuedJob]:
    return await home.node.look(lambda desk: desk.tx.deliveries.all())


async def bury(home: Home, recipient: str, body: bytes, activity: str = "1") -> None:
    """Something comes that this node stumbles over."""
    entry = InboundEntry(
        recipient=recipient,
        actor="https://north.example/actors/north",
        activity_id=f"https://north.example/activities/{activity}",
        body=body,
        digest="u",
        received_at=home.node.now(),
    )
    await home.node.db.inbox_log.record(entry)
    newest = max(found.id for found in await home.node.db.inbox_log.claim(9, home.node.now()))
    await home.node.db.inbox_log.bury(newest, "KeyError: 'quantity'")


async def open_first(browser: Browser, tab: str = "") -> Seen:
    """The page of the first message in a list."""
    seen = await browser.get("/my/deliveries" + tab)
    beginning = "/my/deliveries/unread/" if tab == "/unread" else "/my/deliveries/"
    pages = [href for href in seen.read.links.values() if href.removeprefix(beginning).isdigit()]
    assert pages, seen.words
    return await browser.get(pages[0])


# --- lists ------------------------------------------------------------------------------------------------


async def test_empty_lists_teach_what_would_be_there(world: World) -> None:
    browser = (await Street.of(world)).browser
    assert "Nothing waits" in (await browser.get("/my/deliveries")).words
    assert "Nothing was given up" in (await browser.get("/my/deliveries/given-up")).words
    assert "Everything that came could be read" in (await browser.get("/my/deliveries/unread")).words
    assert "Nothing has been delivered yet" in (await browser.get("/my/deliveries/delivered")).words


async def test_message_that_could_not_leave_says_when_it_is_tried_again(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_to(street)
    seen = await street.browser.get("/my/deliveries")
    assert "What is wanted" in seen.words
    assert "Queued, trying again in" in seen.words
    assert "their server did not answer" in seen.words
    world.network.down.clear()
    world.clock.forward(hours=2)
    await world.settle()
    assert "Nothing waits" in (await street.browser.get("/my/deliveries")).words
    assert "Delivered to their server" in (await street.browser.get("/my/deliveries/delivered")).words


async def test_server_that_stays_silent_is_named_with_its_next_try(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_to(street)
    for _ in range(6):
        world.clock.forward(hours=2)
        await street.ana.opened.run_until_idle()
    seen = await street.browser.get("/my/deliveries")
    assert "1 server does not answer" in seen.words
    assert "north.example, since 23 November 2026" in seen.words
    assert "1 message waits." in seen.words
    assert "Waiting: north.example has not answered since" in seen.words


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (410, "their server says this account is gone"),
        (403, "their server takes nothing from this sender"),
        (418, "their server answered 418, which is final"),
    ],
)
async def test_given_up_message_says_why_in_words(world: World, status: int, words: str) -> None:
    street = await Street.of(world, "north")
    await cast_to(street, status=status)
    seen = await street.browser.get("/my/deliveries/given-up")
    assert f"Given up just now: {words}" in seen.words
    assert await street.ana.node.look(lambda desk: count_failed(desk, find_account(desk, "ana"))) == 1


def test_what_a_worker_wrote_is_said_in_words_or_as_unknown() -> None:
    english, german = locale_for("en"), locale_for("de")
    assert cause_words("answered 503", english) == "their server has trouble of its own (503)"
    assert cause_words("answered 501, which is final", english) == "their server answered 501, which is final"
    assert cause_words("https://x.example did not answer 5 times in a row; waiting", english) == (
        "their server did not answer"
    )
    assert cause_words("<b>", english) == "something that this page has no words for"
    assert cause_words("answered 410, gone", german) == "ihr Server sagt, dieses Konto gebe es nicht mehr"


async def test_many_deliveries_go_on_page_by_page(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_to(street)
    (job,) = await jobs(street.ana)

    def more(desk: Desk) -> None:
        for number in range(60):
            desk.tx.deliveries.enqueue(
                QueuedJob(
                    f"https://ana.example/x/{number}",
                    job.recipient,
                    job.inbox,
                    ANA,
                    job.key_id,
                    b"{}",
                    "",
                    desk.now,
                    job.give_up_at,
                )
            )

    await street.ana.node.work(more)
    first = await street.browser.get("/my/deliveries")
    assert first.html.count("<tr>") == 41
    second = await street.browser.get(first.read.links["Older"])
    assert second.html.count("<tr>") == 22
    assert second.read.links["Newer"] == "/my/deliveries"
    assert "Older" not in second.read.links
    assert "Nothing on this page" in (await street.browser.get("/my/deliveries?before=1")).words
    assert (await street.browser.get("/my/deliveries?before=x")).html.count("<tr>") == 41


# --- to many ----------------------------------------------------------------------------------------------


async def follow_from(street: Street, *hosts: str) -> None:
    def save(desk: Desk) -> None:
        for host in hosts:
            actor, shared = f"https://{host}/users/x", f"https://{host}/inbox"
            follow = f"{actor}#follow"
            state = FollowState.ACCEPTED
            desk.tx.followers.save(Follower(ANA, actor, f"{actor}/inbox", shared, follow, state, desk.now))

    await street.ana.node.work(save)


async def speak(street: Street) -> Post:
    saying = Saying(text="I found a bicycle.", visibility=Visibility.PUBLIC)
    return await street.ana.node.work(lambda desk: say(desk, find_account(desk, "ana"), saying))


async def test_post_to_many_is_one_line_that_says_how_many_have_it(world: World) -> None:
    street = await Street.of(world)
    assert "Nothing has been told to many yet" in (await street.browser.get("/my/deliveries/posts")).words
    hosts = [f"h{number}.example" for number in range(8)]
    world.network.apps |= dict.fromkeys(hosts, answering(202))
    world.network.apps["h3.example"] = answering(403)
    world.network.down.add("h4.example")
    await follow_from(street, *hosts)
    await speak(street)
    seen = await street.browser.get("/my/deliveries/posts")
    assert "A public post" in seen.words
    assert "0 of 5 inboxes" in seen.words
    assert "On its way" in seen.words
    await street.ana.opened.run_until_idle()
    assert "6 of 8 inboxes" in (await street.browser.get("/my/deliveries/posts")).words
    for tab in ("", "/given-up", "/delivered"):
        seen = await street.browser.get(f"/my/deliveries{tab}")
        assert "A public post" not in seen.words, "not one line for each server"
    assert "Given up 0" not in seen.words
    world.network.down.clear()
    world.clock.forward(hours=1)
    await street.ana.opened.run_until_idle()
    seen = await street.browser.get("/my/deliveries/posts")
    assert "7 of 8 inboxes" in seen.words
    assert "Given up at 1 inbox" in seen.words


async def test_page_of_a_post_to_many_names_who_could_not_be_reached(world: World) -> None:
    street = await Street.of(world)
    world.network.apps |= {"good.example": answering(202), "bad.example": answering(403)}
    world.network.down.add("down.example")
    await follow_from(street, "good.example", "bad.example", "down.example")
    post = await speak(street)
    await street.ana.opened.run_until_idle()
    page = (await street.browser.get("/my/deliveries/posts")).read.links
    (address,) = [href for href in page.values() if href.startswith("/my/deliveries/posts/")]
    seen = await street.browser.get(address)
    assert "1 of 3 inboxes" in seen.words
    assert "their server takes nothing from this sender" in seen.words
    assert "trying again in" in seen.words
    assert seen.read.links["See the post"] == post.id.removeprefix("https://ana.example")
    failed = await street.browser.get(seen.read.links["bad.example"])
    assert "answered 403" in failed.words
    assert "good.example" not in seen.words
    await street.ana.node.work(lambda desk: take_back(desk, find_account(desk, "ana"), post.id))
    await street.ana.opened.run_until_idle()
    listed = await street.browser.get("/my/deliveries/posts")
    assert "Taken back: what had not left leaves no more" in listed.words
    assert "Word that a public post is gone" in listed.words
    assert "See the post" not in (await street.browser.get(address)).read.links


async def test_posts_to_many_go_on_page_by_page_and_are_their_accounts_own(world: World) -> None:
    street = await Street.of(world)
    for _ in range(42):
        await speak(street)
    first = await street.browser.get("/my/deliveries/posts")
    assert first.html.count("<tr>") == 41
    assert "Nobody follows yet" in first.words
    assert (await street.browser.get(first.read.links["Older"])).html.count("<tr>") == 3
    other = await street.another("ben")
    assert (await other.get("/my/deliveries/posts/1")).status == 404
    assert (await other.get("/my/deliveries/posts/999")).status == 404
    assert (await other.get("/my/deliveries/posts")).html.count("<tr>") == 0


# --- one of ours ------------------------------------------------------------------------------------------


async def test_exact_bytes_of_a_message_can_be_looked_at_until_long_after(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_to(street)
    (job,) = await jobs(street.ana)
    body = job.body.decode()
    seen = await open_first(street.browser)
    assert " ".join(body.split()) in seen.words
    assert seen.read.links["See the deal"].startswith("/my/deals/")
    world.network.down.clear()
    world.clock.forward(hours=2)
    await world.settle()
    assert (await jobs(street.ana))[0].body == b""
    assert " ".join(body.split()) in (await open_first(street.browser, "/delivered")).words


async def test_given_up_message_is_tried_again_by_hand(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_to(street, status=410)
    await open_first(street.browser, "/given-up")
    page = street.browser.at.url.removeprefix(street.base)
    seen = await street.browser.submit(action=page + "/again")
    assert (seen.status, "It is tried again." in seen.words) == (200, True)
    await world.settle()
    assert [job.state for job in await jobs(street.ana)] == [JobState.DELIVERED]
    again = await street.browser.post(page + "/again")
    assert again.status == 422
    assert "This was not given up." in again.words


async def test_message_whose_own_time_is_over_is_not_tried_again(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_to(street, status=410)
    world.clock.forward(days=9)
    seen = await street.browser.get("/my/deliveries/given-up")
    assert "too late" in seen.words
    seen = await open_first(street.browser, "/given-up")
    assert "Its own time is over" in seen.words
    refused = await street.browser.post(seen.url.removeprefix(street.base) + "/again")
    assert (refused.status, "Say it anew." in refused.words) == (422, True)
    assert [job.state for job in await jobs(street.ana)] == [JobState.DEAD]


async def test_letting_go_is_asked_by_name_and_done_once(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_to(street)
    seen = await open_first(street.browser)
    page = seen.url.removeprefix(street.base)
    asked = await street.browser.get(seen.read.links["Let go of it"])
    assert "Let go of “What is wanted” to North?" in asked.words
    assert asked.read.links["Keep it"] == page
    done = await street.browser.submit()
    assert "Let go. What waited behind it goes on." in done.words
    assert [job.state for job in await jobs(street.ana)] == [JobState.DROPPED]
    assert "was let go of, already" in (await street.browser.get(page + "/drop")).words
    late = await street.browser.post(page + "/drop", {"seen": ""})
    assert "It is too late" in late.words


async def test_what_changed_since_it_was_asked_is_asked_again(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_to(street)
    seen = await open_first(street.browser)
    await street.browser.get(seen.read.links["Let go of it"])
    world.clock.forward(days=9)
    await street.ana.opened.run_until_idle()  # its time runs out meanwhile
    again = await street.browser.submit()
    assert (again.status, "This has changed since you looked." in again.words) == (422, True)
    assert [job.state for job in await jobs(street.ana)] == [JobState.EXPIRED]


# --- what could not be read -------------------------------------------------------------------------------


async def test_unread_letter_is_shown_read_again_and_let_go_of(world: World) -> None:
    street = await Street.of(world, "north")
    await bury(street.ana, ANA, b'{"type":"Offer","object":{"type":"Agreement"}}')
    seen = await street.browser.get("/my/deliveries")
    assert seen.read.links["Unread1"] == "/my/deliveries/unread"
    seen = await open_first(street.browser, "/unread")
    assert "KeyError: 'quantity'" in seen.words
    assert '"type": "Agreement"' in seen.words
    page = seen.url.removeprefix(street.base)
    seen = await street.browser.submit(action=page + "/again")
    assert "It is read again" in seen.words
    assert (await street.browser.get(page)).status == 404
    await bury(street.ana, ANA, b"\xff not JSON \xe2\x80\xae", "2")
    seen = await open_first(street.browser, "/unread")
    assert "\\xff not JSON [U+202E]" in seen.words
    page = seen.url.removeprefix(street.base)
    await street.browser.get(page + "/drop")
    assert "Let go of “A message” from North?" in street.browser.at.words
    assert "It is gone." in (await street.browser.submit()).words
    assert await street.ana.node.look(lambda desk: desk.tx.inbox.dead()) == []


# --- whose it is ------------------------------------------------------------------------------------------


async def test_mail_of_somebody_else_is_neither_seen_nor_touched(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_to(street, status=410)
    await bury(street.ana, ANA, b'{"type":"Offer"}')
    (job,) = await jobs(street.ana)
    (dead,) = await street.ana.node.look(lambda desk: desk.tx.inbox.dead())
    bea = await street.another("bea")
    for tab in ("", "/given-up", "/unread", "/delivered"):
        assert "<tr>" not in (await bea.get("/my/deliveries" + tab)).html
    for page in (f"/my/deliveries/{job.id}", f"/my/deliveries/unread/{dead.entry.id}"):
        assert (await bea.get(page)).status == 404
        assert (await bea.get(page + "/drop")).status == 404
        assert (await bea.post(page + "/again")).status == 404
        assert (await bea.post(page + "/drop")).status == 404
    assert (await jobs(street.ana))[0].state is JobState.DEAD
    assert len(await street.ana.node.look(lambda desk: desk.tx.inbox.dead())) == 1
    assert (await street.browser.get("/my/deliveries/99999999999999999999")).status == 404


async def test_letter_to_the_shared_inbox_belongs_to_whom_it_names(world: World) -> None:
    street = await Street.of(world, "north")
    await bury(street.ana, "", b'{"type":"Offer","to":["%s"]}' % ANA.encode())
    await bury(
        street.ana, "", b'{"type":"Create","to":["https://www.w3.org/ns/activitystreams#Public"]}', "2"
    )
    assert (await street.browser.get("/my/deliveries/unread")).html.count("<tr>") == 3  # she lives here alone
    bea = await street.another("bea")
    assert "<tr>" not in (await bea.get("/my/deliveries/unread")).html
    assert (await street.browser.get("/my/deliveries/unread")).html.count("<tr>") == 2


async def test_changes_are_told_as_they_happen(world: World) -> None:
    street = await Street.of(world, "north")
    seen = await street.browser.get("/my/deliveries")
    mark = seen.html.partition("changes?since=")[2].partition('"')[0]
    assert "event: hello" in (await street.browser.get(f"/my/deliveries/changes?since={mark}")).html
    await cast_to(street)
    assert "event: changed" in (await street.browser.get(f"/my/deliveries/changes?since={mark}")).html
    part = await street.browser.get("/my/deliveries", hx_request="true")
    assert "<html" not in part.html
    assert "Queued, trying again" in part.words
