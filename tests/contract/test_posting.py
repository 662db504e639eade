"""What our accounts say: whose it is, who may read it, what it said before, and which threads it is in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from node.domain.notes import Attachment, Mention, Note, Visibility
from node.store.ports import Database, Post
from node.store.posting import OPEN, Edit, Utterance
from tests.builders import CUSTOMER, NOW, VENDOR, a_standing_offer
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

ANA = "https://ana.example/actors/ana"
OTHER = "https://ana.example/actors/other"


def a_note(name: str, **over: Any) -> Note:
    return Note(
        **{
            "id": f"https://ana.example/posts/{name}",
            "author": ANA,
            "content": "<p>Hello</p>",
            "published_at": NOW,
            "visibility": Visibility.PUBLIC,
            **over,
        }
    )


def a_post(name: str, **over: Any) -> Post:
    note = over.pop("note", None) or a_note(name, visibility=over.get("visibility", Visibility.PUBLIC))
    values = {"account": ANA, "author": ANA, "kind": "note", "body": b"{}", "at": NOW, "note": note}
    return Post(**{"id": note.id, "visibility": note.visibility, **values, **over})


async def test_a_post_comes_back_exactly_with_its_note(db: Database) -> None:
    note = a_note(
        "full",
        summary="a warning",
        language="de",
        mentions=(Mention("https://b.example/u/bob", "@bob@b.example"),),
        hashtags=("Größe",),
        attachments=(Attachment("https://ana.example/media/1.png", "image/png", "a dog", 3, 4),),
        to=("x",),
        cc=("y",),
        updated_at=NOW + timedelta(microseconds=1),
    )
    post = a_post("full", note=note, text="Hello", named=(("bob", "inbox"),), pinned_at=NOW)
    await db.write(lambda tx: tx.posts.save(post))
    assert await db.read(lambda tx: tx.posts.get(post.id)) == post


async def test_own_posts_are_counted_and_listed_by_who_may_read_them(db: Database) -> None:
    seconds = {"public": 3, "unlisted": 2, "followers": 1, "direct": 0}
    posts = {
        name: a_post(name, visibility=Visibility(name), at=NOW + timedelta(seconds=second))
        for name, second in seconds.items()
    }
    received = a_post("received", author=CUSTOMER, kind="feedback")
    gone = a_post("gone", deleted_at=NOW)
    old = a_post("old", kind="reply", note=a_note("old"), at=NOW - timedelta(days=1))
    foreign = a_post("foreign", account=OTHER, author=OTHER)
    await db.write(each(lambda tx: tx.posts.save, *posts.values(), received, gone, old, foreign))
    every = await db.read(lambda tx: tx.posts.own(ANA))
    assert every == [*posts.values(), old]
    public = [posts["public"], posts["unlisted"], old]
    assert await db.read(lambda tx: tx.posts.own(ANA, visibilities=OPEN)) == public
    assert await db.read(lambda tx: tx.posts.own(ANA, visibilities=OPEN, limit=1, offset=1)) == public[1:2]
    assert await db.read(lambda tx: tx.posts.own(ANA, kinds=("reply", "feedback"))) == [old]
    assert await db.read(lambda tx: tx.posts.own(ANA, visibilities=())) == []
    assert await db.read(lambda tx: tx.posts.count_own(ANA)) == 5
    assert await db.read(lambda tx: tx.posts.count_own(ANA, visibilities=OPEN)) == 3
    assert await db.read(lambda tx: tx.posts.count_own(ANA, visibilities=OPEN, kinds=("note",))) == 2
    assert await db.read(lambda tx: tx.posts.count_own(OTHER, visibilities=OPEN)) == 1


async def test_pinned_posts_stand_the_last_one_first(db: Database) -> None:
    first = a_post("first", pinned_at=NOW)
    second = a_post("second", pinned_at=NOW + timedelta(seconds=1))
    loose = a_post("loose")
    gone = a_post("gone", pinned_at=NOW, deleted_at=NOW)
    other = a_post("other", account=OTHER, author=OTHER, pinned_at=NOW)
    await db.write(each(lambda tx: tx.posts.save, first, second, loose, gone, other))
    assert await db.read(lambda tx: tx.posts.pinned(ANA)) == [second, first]
    await db.write(lambda tx: tx.posts.save(replace(second, pinned_at=None)))
    assert await db.read(lambda tx: tx.posts.pinned(ANA)) == [first]


async def test_a_topic_leads_to_public_posts_alone_in_any_case(db: Database) -> None:
    one = a_post("one", note=a_note("one", hashtags=("Größe", "bike")))
    later = a_post("later", note=a_note("later", hashtags=("GRÖSSE",)), at=NOW + timedelta(seconds=1))
    unlisted = a_note("unlisted", hashtags=("bike",), visibility=Visibility.UNLISTED)
    direct = a_note("direct", hashtags=("bike",), visibility=Visibility.DIRECT)
    hidden = [a_post("unlisted", note=unlisted), a_post("direct", note=direct)]
    await db.write(each(lambda tx: tx.posts.save, one, later, *hidden))
    assert await db.read(lambda tx: tx.posts.tagged("grösse")) == [later, one]
    assert await db.read(lambda tx: tx.posts.tagged("grösse", limit=1, offset=1)) == [one]
    assert await db.read(lambda tx: tx.posts.tagged("BIKE")) == [one]
    assert await db.read(lambda tx: tx.posts.count_tagged("Bike")) == 1
    changed = replace(one, note=a_note("one", hashtags=("boat",)))
    await db.write(each(lambda tx: tx.posts.save, changed, replace(later, deleted_at=NOW)))
    assert await db.read(lambda tx: tx.posts.tagged("grösse")) == []
    assert await db.read(lambda tx: tx.posts.count_tagged("bike")) == 0
    assert await db.read(lambda tx: tx.posts.tagged("boat")) == [changed]


async def test_what_a_post_said_before_is_kept_in_order_until_it_is_dropped(db: Database) -> None:
    first, second = Edit("p1", NOW, "one", "w"), Edit("p1", NOW - timedelta(days=1), "two")
    await db.write(each(lambda tx: tx.posts.add_edit, first, second, Edit("p2", NOW, "other")))
    assert await db.read(lambda tx: tx.posts.edits("p1")) == [first, second]
    await db.write(lambda tx: tx.posts.drop_edits("p1"))
    assert await db.read(lambda tx: tx.posts.edits("p1")) == []
    assert len(await db.read(lambda tx: tx.posts.edits("p2"))) == 1


async def test_a_thread_is_found_by_what_it_answers_and_by_its_context(db: Database) -> None:
    root = Utterance("p1", ANA, NOW, "", "c1")
    late = Utterance("p3", CUSTOMER, NOW + timedelta(seconds=2), "p1", "c1")
    early = Utterance("p2", VENDOR, NOW + timedelta(seconds=1), "p1", "c1")
    loose = Utterance("p4", VENDOR, NOW)
    await db.write(each(lambda tx: tx.posts.hear, root, late, early, loose, replace(late, in_reply_to="p2")))
    assert await db.read(lambda tx: tx.posts.replies("p1")) == [early, late]
    assert await db.read(lambda tx: tx.posts.replies("p1", limit=1, offset=1)) == [late]
    assert await db.read(lambda tx: tx.posts.count_replies("p1")) == 2
    assert await db.read(lambda tx: tx.posts.in_context("c1")) == [root, early, late]
    assert await db.read(lambda tx: tx.posts.in_context("c1", limit=1, offset=2)) == [late]
    assert await db.read(lambda tx: tx.posts.count_in_context("c1")) == 3
    assert await db.read(lambda tx: (tx.posts.replies(""), tx.posts.count_in_context(""))) == ([], 0)
    assert await db.read(lambda tx: tx.posts.heard("p3")) == late
    await db.write(lambda tx: tx.posts.unhear("p2"))
    assert await db.read(lambda tx: tx.posts.heard("p2")) is None
    assert await db.read(lambda tx: tx.posts.replies("p1")) == [late]


async def test_a_standing_offer_runs_out_once(db: Database) -> None:
    soon = a_standing_offer(id="soon", ends_at=NOW)
    sooner = a_standing_offer(id="sooner", ends_at=NOW - timedelta(days=1))
    later = a_standing_offer(id="later", ends_at=NOW + timedelta(seconds=1))
    ended = a_standing_offer(id="ended", ends_at=NOW, withdrawn_at=NOW)
    assert await db.read(lambda tx: tx.posts.next_end()) is None
    offers = (soon, sooner, later, ended)
    await db.write(each(lambda tx: lambda offer: tx.posts.save_offer(VENDOR, offer), *offers))
    assert await db.read(lambda tx: tx.posts.run_out(NOW, 10)) == ["sooner", "soon"]
    assert await db.read(lambda tx: tx.posts.run_out(NOW, 1)) == ["sooner"]
    assert await db.read(lambda tx: tx.posts.next_end()) == sooner.ends_at
    told = [replace(found, outdated_at=NOW) for found in (soon, sooner)]
    await db.write(each(lambda tx: lambda offer: tx.posts.save_offer(VENDOR, offer), *told))
    assert await db.read(lambda tx: tx.posts.run_out(NOW, 10)) == []
    assert await db.read(lambda tx: tx.posts.next_end()) == later.ends_at


async def test_what_is_listed_of_somebody_is_found_by_who_said_it(db: Database) -> None:
    bea, ann = "https://b.example/users/bea", "https://a.example/users/ann"
    said = [
        Utterance(f"{who}/{n}", who, NOW + timedelta(seconds=n), "p1", "c1")
        for who in (bea, ann)
        for n in (2, 1)
    ]
    assert await db.read(lambda tx: tx.posts.authors_heard()) == []
    await db.write(each(lambda tx: tx.posts.hear, *said))
    assert await db.read(lambda tx: tx.posts.authors_heard()) == [ann, bea]
    assert await db.read(lambda tx: tx.posts.heard_of(bea)) == [said[1], said[0]]
    assert await db.read(lambda tx: tx.posts.heard_of("nobody")) == []
