"""Public feedback and the vendor's answer beside it, on both nodes, as strangers see them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from federation.messages import JsonObject
from federation.strictjson import dump_json, parse_json_object
from node.domain.errors import Reason, Refusal
from node.sending.publish import announce_note
from node.services.feedback import KIND, REPLY, receive_answer
from node.store.ports import Post
from node.wire.replies import Reply, build_reply, is_reply, parse_reply
from tests.browsing import Browser, Seen
from tests.integration.conftest import Home
from tests.unit.node.web.private.shop.conftest import Street

pytestmark = pytest.mark.anyio

ATOM = "{http://www.w3.org/2005/Atom}"
ANA, NORTH = "https://ana.example/actors/ana", "https://north.example/actors/north"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


async def said_in_public(street: Street, *titles: str) -> list[str]:
    """Ana publishes feedback on a delivered deal; her posts' ids, oldest first."""
    deal = await street.agree()
    await street.north.ask("deal.progress", deal=deal.id, stage="delivered")
    await street.world.settle()
    for title in titles:
        street.world.clock.forward(minutes=1)
        await street.ana.ask("deal.feedback", deal=deal.id, text=f"{title} words.", title=title, public=True)
        await street.world.settle()
    kept = await street.ana.node.look(lambda desk: desk.tx.posts.all(ANA, KIND))
    return [post.id for post in reversed(kept)]


async def answered_on_the_page(street: Street, *answers: str) -> None:
    browser = await street.browser()
    for words in answers:
        await browser.get("/my/feedback")
        seen = await browser.submit({"text": words}, "/my/feedback")
        assert "Your answer" in seen.words
    await street.world.settle()
    await street.world.assert_nothing_waits()


async def seen_by_strangers(street: Street, home: Home, path: str) -> Seen:
    app = street.world.network.apps[f"{home.name}.example"]
    seen = await Browser(app, home.config.base_url).get(path, accept="text/html")
    assert seen.status == 200
    return seen


def path_of(home: Home, iri: str) -> str:
    return iri.removeprefix(home.config.base_url)


async def test_the_answer_stands_beside_the_feedback_on_both_nodes(street: Street) -> None:
    (said,) = await said_in_public(street, "Good")
    await answered_on_the_page(street, "Thank you, <Ana>.")
    at_the_shop = await seen_by_strangers(street, street.north, "/@north")
    assert "North answered on 23 November 2026" in at_the_shop.words
    assert "Thank you, &lt;Ana&gt;." in at_the_shop.html
    at_her_own = await seen_by_strangers(street, street.ana, path_of(street.ana, said))
    assert "@north@north.example answered on 23 November 2026" in at_her_own.words
    assert "Thank you, &lt;Ana&gt;." in at_her_own.html
    given = await seen_by_strangers(street, street.ana, "/@ana")
    assert "@north@north.example answered on" in given.words
    told = [notice.text for notice in await street.ana.notices()]
    assert "North answered your public feedback, for everybody to read" in told


async def test_the_feeds_of_both_show_the_answer(street: Street) -> None:
    await said_in_public(street, "Good")
    street.world.clock.forward(hours=2)
    await answered_on_the_page(street, "Thank you, Ana.")
    for home, name in ((street.north, "North"), (street.ana, "@north@north.example")):
        feed = ElementTree.fromstring(
            (await seen_by_strangers(street, home, f"/@{home.name}/feed.atom")).body
        )
        (entry,) = feed.findall(f"{ATOM}entry")
        content = entry.findtext(f"{ATOM}content") or ""
        assert "Good words." in content
        assert f"<blockquote><p>{name} answered on 23 November 2026</p>" in content
        assert "Thank you, Ana." in content
        assert entry.findtext(f"{ATOM}updated") == feed.findtext(f"{ATOM}updated") == "2026-11-23T11:01:00Z"


async def test_one_that_cannot_be_read_hides_nothing_beside_it(street: Street) -> None:
    ids = await said_in_public(street, "First", "Second", "Third")

    async def spoil(home: Home, post_id: str, body: bytes) -> None:
        def work(desk: Any) -> None:
            desk.tx.posts.save(replace(desk.tx.posts.get(post_id), body=body))

        await home.node.work(work)

    await spoil(street.north, ids[0], b"{")
    await spoil(street.north, ids[1], b'{"type":"Create"}')
    metrics = street.north.node.metrics
    before = metrics.failures.counts.get(("kept feedback",), 0)
    seen = await seen_by_strangers(street, street.north, "/@north")
    assert "Third" in seen.words
    assert "First" not in seen.words
    assert "Second" not in seen.words
    assert metrics.failures.counts[("kept feedback",)] == before + 2
    feed = await seen_by_strangers(street, street.north, "/@north/feed.atom")
    assert "Third" in feed.html
    own = await street.browser()
    assert "Third" in (await own.get("/my/feedback")).words


async def test_an_answer_to_what_cannot_be_read_is_still_shown(street: Street) -> None:
    (said,) = await said_in_public(street, "Good")
    await answered_on_the_page(street, "Thank you, Ana.")
    (reply,) = await street.north.node.look(lambda desk: desk.tx.posts.all(NORTH, REPLY))

    def spoil(desk: Any) -> None:
        desk.tx.posts.save(replace(desk.tx.posts.get(said), body=b"{}"))

    await street.north.node.work(spoil)
    seen = await seen_by_strangers(street, street.north, path_of(street.north, reply.id))
    assert "Thank you, Ana." in seen.words
    assert "no longer here" in seen.words


async def test_nobody_but_the_vendor_answers_beside_it(street: Street) -> None:
    (said,) = await said_in_public(street, "Good")
    await street.world.vendor("south")
    south = street.world.homes["south"]

    def answer(desk: Any) -> None:
        # What another vendor's node sends if it wants to stand there too.
        account = desk.tx.accounts.by_name("south")
        note_id = "https://south.example/posts/x1"
        reply = Reply(note_id, account.id, said, ANA, "@ana@ana.example", "<p>Buy here.</p>", desk.now)
        announce_note(desk, account, build_reply(reply), named=[(ANA, f"{ANA}/inbox")])

    await south.node.work(answer)
    await street.world.settle()
    await street.world.assert_nothing_waits()
    assert await street.ana.node.look(lambda desk: desk.tx.posts.all(ANA, REPLY)) == []
    seen = await seen_by_strangers(street, street.ana, path_of(street.ana, said))
    assert "answered on" not in seen.words


async def test_a_vendor_does_not_fill_her_page_with_answers(street: Street) -> None:
    (said,) = await said_in_public(street, "Good")
    await answered_on_the_page(street, *(f"Answer {number}." for number in range(12)))
    kept = await street.ana.node.look(lambda desk: desk.tx.posts.all(ANA, REPLY))
    assert len(kept) == 10
    seen = await seen_by_strangers(street, street.ana, path_of(street.ana, said))
    assert "Answer 9." in seen.words
    assert "Answer 10." not in seen.words


async def test_an_answer_is_said_once(street: Street) -> None:
    (said,) = await said_in_public(street, "Good")
    body = dump_json(a_reply(said, NORTH, "https://north.example/posts/x1"))

    def take(desk: Any) -> None:
        post: Post = desk.tx.posts.get(said)
        receive_answer(desk, post, "https://north.example/posts/x1", NORTH, desk.now, body)

    await street.ana.node.work(take)
    first = await street.ana.node.look(lambda desk: desk.tx.posts.all(ANA, REPLY))
    street.world.clock.forward(hours=1)
    await street.ana.node.work(take)
    assert await street.ana.node.look(lambda desk: desk.tx.posts.all(ANA, REPLY)) == first
    assert len([one for one in await street.ana.notices() if "answered your" in one.text]) == 1


# --- reading an answer ------------------------------------------------------------------------------------

CONTEXT = ["https://www.w3.org/ns/activitystreams"]


def a_reply(to: str, author: str = NORTH, note_id: str = "https://north.example/posts/x1") -> JsonObject:
    audience = {"to": [PUBLIC], "cc": [ANA]}
    note = {
        "id": note_id,
        "type": "Note",
        "attributedTo": author,
        "inReplyTo": to,
        **audience,
        "content": "<p>Thank you.</p>",
        "published": "2026-11-23T09:00:00Z",
    }
    return {
        "@context": CONTEXT,
        "id": f"{note_id}#create",
        "type": "Create",
        "actor": author,
        **audience,
        "object": note,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": [ANA], "cc": []},
        {"attributedTo": "https://south.example/actors/south"},
        {"id": "https://south.example/posts/x1"},
        {"inReplyTo": "no address"},
        {"content": " "},
        {"published": "yesterday"},
        {"type": "Article"},
    ],
)
async def test_what_is_no_public_answer_of_its_sender_is_refused(wrong: JsonObject) -> None:
    reply = a_reply("https://ana.example/posts/y")
    assert parse_reply(reply).in_reply_to == "https://ana.example/posts/y"
    with pytest.raises(Refusal) as refused:
        parse_reply({**reply, "object": {**reply["object"], **wrong}})
    assert refused.value.reason is Reason.MALFORMED


async def test_only_a_note_that_answers_one_is_an_answer() -> None:
    reply = a_reply("https://ana.example/posts/y")
    assert is_reply(reply)
    assert not is_reply({**reply, "type": "Announce"})
    assert not is_reply({**reply, "object": "https://north.example/posts/x1"})
    assert not is_reply({**reply, "object": {**reply["object"], "inReplyTo": None}})
    assert is_reply(parse_json_object(dump_json(reply)))
