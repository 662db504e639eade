"""What becomes of a post of ours: changed, taken back, pinned, answered; and who may read it where."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from federation import cavage
from federation.messages import HttpMessage, JsonObject
from federation.strictjson import parse_json_object
from federation.vocab import PUBLIC
from node.domain.errors import InvalidInput
from node.domain.notes import Note, Visibility
from node.services.posting import (
    MOST_CHARS,
    MOST_PINNED,
    MOST_REPLIES,
    Saying,
    change,
    hear_reply,
    pin,
    say,
    take_back,
    unhear_reply,
    unpin,
)
from node.store.ports import Follower, FollowState, JobState, Post
from node.workflows.lookups import find_contact

pytestmark = pytest.mark.anyio
NORTH = "https://north.example/actors/north"
ANA = "https://ana.example/actors/ana"
ACTIVITY = "application/activity+json"


async def use(home: Any, act: Any, *rest: Any) -> Any:
    """Let the home's account do something with a post of its own."""
    account = await home.node.look(lambda desk: desk.tx.accounts.by_name(home.name))
    return await home.node.work(lambda desk: act(desk, account, *rest))


async def speak(home: Any, text: str = "We have milk.", **over: Any) -> Post:
    saying = Saying(**{"text": text, "visibility": Visibility.PUBLIC, **over})
    said: Post = await use(home, say, saying)
    return said


async def ana_of(home: Any) -> Any:
    account = await home.node.look(lambda desk: desk.tx.accounts.by_name(home.name))
    return await find_contact(home.node, account, "@ana@ana.example")


async def follow(home: Any, actor: str, state: FollowState = FollowState.ACCEPTED) -> None:
    follower = Follower(NORTH, actor, f"{actor}/inbox", None, f"{actor}#f", state, home.node.now())
    await home.node.work(lambda desk: desk.tx.followers.save(follower))


async def get(home: Any, address: str, accept: str = ACTIVITY, signer: Any = None) -> Any:
    """GET an address of a home, signed by the RSA key of an account of another home where one is named."""
    asked = HttpMessage.request("GET", address, {"accept": accept})
    if signer is not None:
        actor = f"{signer.config.base_url}/actors/{signer.name}"
        key = await signer.node.look(lambda desk: desk.signing_key(actor, "rsa"))
        asked = cavage.sign(asked, key, now=signer.node.now())
    return await home.node.client.send(asked)


async def read(home: Any, address: str) -> JsonObject:
    answer = await get(home, address)
    assert answer.status == 200, answer
    found: JsonObject = json.loads(answer.body)
    return found


async def sent(home: Any, activity_type: str) -> list[tuple[JsonObject, set[str]]]:
    """Activities of a kind that were queued, in order, each with the inboxes that it goes to."""
    jobs = await home.node.look(lambda desk: desk.tx.deliveries.all(states=(JobState.QUEUED, JobState.HELD)))
    found: dict[str, tuple[JsonObject, set[str]]] = {}
    for job in reversed(jobs):
        activity = parse_json_object(job.body)
        if activity["type"] == activity_type:
            found.setdefault(activity["id"], (activity, set()))[1].add(job.inbox)
    return list(found.values())


# --- as the fediverse reads it ----------------------------------------------------------------------------


async def test_a_note_is_spelt_as_every_server_reads_it(world: Any) -> None:
    await world.person("ana")
    north = await world.vendor("north")
    ana = await ana_of(north)
    text = "Hello @ana@ana.example,\nsee https://x.example/?a=1&b=2 #Größe\n\n<b>bold</b>"
    post = await speak(north, text, mentioned=(ana,), language="en", summary="a word first")
    note = await read(north, post.id)
    assert note["to"] == [PUBLIC]
    assert note["cc"] == [f"{NORTH}/followers", ANA]
    assert note["content"] == (
        '<p>Hello <a href="https://ana.example/@ana" class="u-url mention">@<span>ana</span></a>,<br>'
        'see <a href="https://x.example/?a=1&amp;b=2" rel="nofollow noopener">'
        "https://x.example/?a=1&amp;b=2</a> "
        '<a href="https://north.example/tags/gr%C3%B6sse" class="mention hashtag" rel="tag">'
        "#<span>Größe</span></a></p><p>&lt;b&gt;bold&lt;/b&gt;</p>"
    )
    assert note["contentMap"] == {"en": note["content"]}
    assert note["tag"] == [
        {"type": "Mention", "href": ANA, "name": "@ana@ana.example"},
        {"type": "Hashtag", "href": "https://north.example/tags/gr%C3%B6sse", "name": "#Größe"},
    ]
    assert (note["summary"], note["sensitive"], note["attachment"]) == ("a word first", True, [])
    assert note["url"] == f"https://north.example/@north/{post.id.rpartition('/')[2]}"
    assert note["published"] == "2026-11-23T09:00:00Z"
    assert not any("?" in str(note[name]) for name in ("id", "url", "context", "replies", "likes", "shares"))
    assert "name" not in note
    everybody = {"automaticApproval": [PUBLIC], "manualApproval": []}
    assert note["interactionPolicy"] == dict.fromkeys(
        ("canLike", "canReply", "canAnnounce", "canQuote"), everybody
    )


async def test_what_is_for_few_may_be_passed_on_by_its_author_alone(world: Any) -> None:
    await world.person("ana")
    north = await world.vendor("north")
    await follow(north, "https://fedi.example/users/bob")
    ana = await ana_of(north)
    post = await speak(north, visibility=Visibility.FOLLOWERS, mentioned=(ana,))
    note = parse_json_object(post.body)
    policy = note["interactionPolicy"]
    assert policy["canReply"]["automaticApproval"] == [NORTH, f"{NORTH}/followers", ANA]
    assert policy["canQuote"]["automaticApproval"] == policy["canAnnounce"]["automaticApproval"] == [NORTH]
    assert not {"replies", "likes", "shares"} & set(note)
    direct = parse_json_object((await speak(north, visibility=Visibility.DIRECT, mentioned=(ana,))).body)
    assert direct["interactionPolicy"]["canLike"]["automaticApproval"] == [NORTH, ANA]


async def test_whom_the_words_do_not_name_is_named_before_them(world: Any) -> None:
    await world.person("ana")
    north = await world.vendor("north")
    post = await speak(north, "Yes.", mentioned=(await ana_of(north),))
    assert post.note is not None
    assert post.note.content.startswith('<p><a href="https://ana.example/@ana" class="u-url mention">')
    assert post.note.content.endswith("</a> Yes.</p>")


# --- changing, taking back, pinning -----------------------------------------------------------------------


async def test_a_change_is_one_update_to_whom_the_create_went_and_keeps_what_was_said(world: Any) -> None:
    await world.person("ana")
    north = await world.vendor("north")
    await follow(north, "https://fedi.example/users/bob")
    ana = await ana_of(north)
    post = await speak(north, "One @ana@ana.example", mentioned=(ana,), visibility=Visibility.FOLLOWERS)
    saying = Saying(text="Two", visibility=Visibility.PUBLIC, summary="changed")
    world.clock.forward(seconds=0)
    changed = await use(north, change, post.id, saying)
    again = await use(north, change, post.id, Saying(text="Three", visibility=Visibility.PUBLIC))
    same = await use(north, change, post.id, Saying(text="Three ", visibility=Visibility.PUBLIC))
    assert same == again
    (create, created_at), *_ = await sent(north, "Create")
    (first, first_to), (second, second_to) = await sent(north, "Update")
    assert created_at == first_to == second_to == {f"{ANA}/inbox", "https://fedi.example/users/bob/inbox"}
    assert first["object"]["id"] == create["object"]["id"] == post.id
    assert (first["to"], first["object"]["to"]) == ([f"{NORTH}/followers"], [f"{NORTH}/followers"])
    assert first["object"]["published"] == create["object"]["published"] == "2026-11-23T09:00:00Z"
    assert first["object"]["updated"] == "2026-11-23T09:00:01Z"
    assert second["object"]["updated"] == "2026-11-23T09:00:02Z"
    assert first["id"] != second["id"]
    proofs = {found["object"]["proof"]["proofValue"] for found in (create, first, second)}
    assert len(proofs) == 3
    assert changed.context == post.context
    edits = await north.node.look(lambda desk: desk.tx.posts.edits(post.id))
    assert [(edit.text, edit.summary) for edit in edits] == [("One @ana@ana.example", ""), ("Two", "changed")]


async def test_nobody_changes_what_is_not_his_or_is_gone(world: Any) -> None:
    north = await world.node("north", north="vendor", other="person")
    post = await speak(north)
    other = await north.node.look(lambda desk: desk.tx.accounts.by_name("other"))
    saying = Saying(text="Mine now", visibility=Visibility.PUBLIC)
    for act in (
        lambda desk: change(desk, other, post.id, saying),
        lambda desk: take_back(desk, other, post.id),
        lambda desk: pin(desk, other, post.id),
        lambda desk: unpin(desk, other, post.id),
    ):
        with pytest.raises(InvalidInput, match="there is no such post"):
            await north.node.work(act)
    await use(north, take_back, post.id)
    gone: list[tuple[Any, ...]] = [(change, saying), (take_back,), (pin,), (unpin,)]
    for done, *rest in gone:
        with pytest.raises(InvalidInput, match="there is no such post"):
            await use(north, done, post.id, *rest)


async def test_what_is_taken_back_leaves_a_tombstone_and_no_words(world: Any) -> None:
    north = await world.vendor("north")
    await follow(north, "https://fedi.example/users/bob")
    post = await speak(north, "A secret #slip")
    await use(north, change, post.id, Saying(text="A slip #slip", visibility=Visibility.PUBLIC))
    page = post.note.url if post.note else ""
    await use(north, take_back, post.id)
    ((delete, inboxes),) = await sent(north, "Delete")
    tombstone = {
        "id": post.id,
        "type": "Tombstone",
        "formerType": "Note",
        "deleted": "2026-11-23T09:00:00Z",
    }
    assert (delete["object"], inboxes) == (tombstone, {"https://fedi.example/users/bob/inbox"})
    assert (delete["to"], delete["cc"]) == ([PUBLIC], [f"{NORTH}/followers"])
    for address in (post.id, page):
        answer = await get(north, address)
        assert answer.status == 410
        assert {**json.loads(answer.body), "@context": None} == {**tombstone, "@context": None}
        shown = await get(north, address, "text/html")
        assert (shown.status, b"secret" in shown.body) == (410, False)
    assert (await get(north, f"{post.id}/replies")).status == 404
    assert (await get(north, "https://north.example/tags/slip")).status == 404
    kept = await north.node.look(lambda desk: desk.tx.posts.get(post.id))
    assert (kept.body, kept.note, kept.text) == (b"", None, "")
    assert await north.node.look(lambda desk: desk.tx.posts.edits(post.id)) == []
    assert (await read(north, f"{NORTH}/outbox"))["totalItems"] == 0


async def test_pinned_posts_are_featured_and_told_once(world: Any) -> None:
    north = await world.vendor("north")
    await follow(north, "https://fedi.example/users/bob")
    first, second = await speak(north, "First"), await speak(north, "Second")
    for post in (first, second, second):
        await use(north, pin, post.id)
        world.clock.forward(seconds=1)
    shown = await read(north, f"{NORTH}/featured/page/1")
    assert shown["orderedItems"] == [second.id, first.id]
    added = await sent(north, "Add")
    assert [(found["object"], found["target"]) for found, _ in added] == [
        (first.id, f"{NORTH}/featured"),
        (second.id, f"{NORTH}/featured"),
    ]
    await use(north, unpin, second.id)
    await use(north, unpin, second.id)
    assert [found["object"] for found, _ in await sent(north, "Remove")] == [second.id]
    assert (await read(north, f"{NORTH}/featured"))["totalItems"] == 1
    profile = (await get(north, "https://north.example/@north", "text/html")).body.decode()
    assert profile.count("Pinned") == 1
    assert profile.index("First") < profile.index("Second")


async def test_only_what_everybody_may_read_is_pinned_and_only_a_few(world: Any) -> None:
    north = await world.vendor("north")
    await follow(north, "https://fedi.example/users/bob")
    hidden = await speak(north, visibility=Visibility.FOLLOWERS)
    with pytest.raises(InvalidInput, match="not for everybody"):
        await use(north, pin, hidden.id)
    for number in range(MOST_PINNED):
        await use(north, pin, (await speak(north, f"Post {number}")).id)
    one_more = await speak(north, "One more")
    with pytest.raises(InvalidInput, match="10 are pinned already"):
        await use(north, pin, one_more.id)


@pytest.mark.parametrize(
    ("over", "wrong"),
    [
        ({"text": "x" * (MOST_CHARS + 1)}, "5001 characters"),
        ({"text": " ".join(f"#t{n}" for n in range(21))}, "too many topics"),
        ({"visibility": Visibility.FOLLOWERS}, "nobody follows you"),
    ],
)
async def test_what_cannot_be_said_is_refused_in_words(world: Any, over: dict[str, Any], wrong: str) -> None:
    north = await world.vendor("north")
    with pytest.raises(InvalidInput, match=wrong):
        await speak(north, **over)
    assert (await read(north, f"{NORTH}/outbox"))["totalItems"] == 0


# --- threads ----------------------------------------------------------------------------------------------


def a_reply(post_id: str, name: str = "1", **over: Any) -> Note:
    values: dict[str, Any] = {
        "id": f"https://fedi.example/notes/{name}",
        "author": "https://fedi.example/users/bob",
        "content": "<p>Good.</p>",
        "published_at": over.pop("at"),
        "visibility": Visibility.PUBLIC,
        "in_reply_to": post_id,
    }
    return Note(**{**values, **over})


async def test_answers_that_everybody_may_read_are_listed_with_the_post_and_its_thread(world: Any) -> None:
    north = await world.vendor("north")
    post = await speak(north)
    at = north.node.now()
    open_one = a_reply(post.id, at=at)
    nested = a_reply(open_one.id, "2", at=at)
    hidden = a_reply(post.id, "3", at=at, visibility=Visibility.FOLLOWERS)
    elsewhere = a_reply("https://fedi.example/notes/unknown", "4", at=at)
    for note in (open_one, nested, hidden, elsewhere, open_one):
        await north.node.work(lambda desk, note=note: hear_reply(desk, note))
    ours = await speak(north, "Thank you.", in_reply_to=open_one.id)
    replies = await read(north, f"{post.id}/replies")
    assert (replies["type"], replies["totalItems"]) == ("Collection", 1)
    assert replies["first"]["items"] == [open_one.id]
    assert await read(north, f"{post.id}/replies/page/1") | {"x": 1} == replies["first"] | {
        "@context": replies["@context"],
        "x": 1,
    }
    assert (await get(north, f"{post.id}/replies/page/2")).status == 404
    assert ours.context == post.context
    thread = await read(north, post.context)
    assert (thread["type"], thread["attributedTo"]) == ("OrderedCollection", NORTH)
    assert sorted((await read(north, f"{post.context}/page/1"))["orderedItems"]) == sorted(
        [post.id, open_one.id, nested.id, ours.id]
    )
    page = (await get(north, post.note.url, "text/html")).body.decode() if post.note else ""
    assert "1 answer" in page
    await north.node.work(lambda desk: unhear_reply(desk, open_one.id, "https://evil.example/users/eve"))
    assert (await read(north, f"{post.id}/replies"))["totalItems"] == 1
    await north.node.work(lambda desk: unhear_reply(desk, open_one.id, open_one.author))
    assert (await read(north, f"{post.id}/replies"))["totalItems"] == 0


async def test_a_thread_is_listed_within_bounds(world: Any) -> None:
    north = await world.vendor("north")
    post = await speak(north)
    at = north.node.now()

    def flood(desk: Any) -> None:
        for number in range(MOST_REPLIES + 5):
            hear_reply(desk, a_reply(post.id, f"n{number}", at=at))

    await north.node.work(flood)
    replies = await read(north, f"{post.id}/replies")
    assert replies["totalItems"] <= MOST_REPLIES
    assert len(replies["first"]["items"]) == 20
    assert replies["first"]["next"] == f"{post.id}/replies/page/2"


async def test_a_thread_that_began_in_private_is_not_there(world: Any) -> None:
    await world.person("ana")
    north = await world.vendor("north")
    post = await speak(north, visibility=Visibility.DIRECT, mentioned=(await ana_of(north),))
    await north.node.work(lambda desk: hear_reply(desk, a_reply(post.id, at=desk.now)))
    for address in (post.context, f"{post.id}/replies", f"{post.id}/likes"):
        assert (await get(north, address)).status == 404


# --- who may read it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.DIRECT])
async def test_whom_it_names_may_fetch_it_by_a_signed_get_and_nobody_else(
    world: Any, visibility: Visibility
) -> None:
    ana, eve = await world.person("ana"), await world.person("eve")
    north = await world.vendor("north")
    post = await speak(north, visibility=visibility, mentioned=(await ana_of(north),))
    found = await get(north, post.id, signer=ana)
    assert (found.status, found.body) == (200, post.body)
    assert found.header("cache-control") == "no-store"
    missing = await get(north, "https://north.example/posts/nothing", signer=eve)
    strange = await get(north, post.id, signer=eve)
    plain = await get(north, post.id)
    assert missing.status == strange.status == plain.status == 404
    assert missing.body == strange.body == plain.body
    bad = HttpMessage.request("GET", post.id, {"accept": ACTIVITY, "signature": "nonsense"})
    assert (await north.node.client.send(bad)).status == 404


async def test_followers_may_fetch_what_is_for_them_as_long_as_they_are(world: Any) -> None:
    bob = await world.person("bob")
    north = await world.vendor("north")
    actor = f"{bob.config.base_url}/actors/bob"
    await follow(north, actor)
    post = await speak(north, visibility=Visibility.FOLLOWERS)
    assert (await get(north, post.id, signer=bob)).status == 200
    for state in (FollowState.PENDING, FollowState.REMOVED):
        await follow(north, actor, state)
        assert (await get(north, post.id, signer=bob)).status == 404


async def test_no_collection_counts_or_shows_what_is_not_for_everybody(world: Any) -> None:
    """Case P05."""
    await world.person("ana")
    north = await world.vendor("north")
    await follow(north, "https://fedi.example/users/bob")
    ana = await ana_of(north)
    shown = [
        await speak(north, "For all #milk"),
        await speak(north, "Quietly #milk", visibility=Visibility.UNLISTED),
    ]
    await speak(north, "Hidden #milk", visibility=Visibility.FOLLOWERS)
    await speak(north, "Hidden #milk", visibility=Visibility.DIRECT, mentioned=(ana,))
    outbox = await read(north, f"{NORTH}/outbox")
    page = await read(north, f"{NORTH}/outbox/page/1")
    assert (outbox["totalItems"], page["totalItems"]) == (2, 2)
    assert sorted(item["object"] for item in page["orderedItems"]) == sorted(post.id for post in shown)
    assert (await get(north, f"{NORTH}/outbox/page/2")).status == 404
    tagged = await read(north, "https://north.example/tags/milk/page/1")
    assert tagged["orderedItems"] == [shown[0].id]
    for address in ("https://north.example/@north", "https://north.example/@north/feed.atom"):
        body = (await get(north, address, "text/html")).body.decode()
        assert "For all" in body
        assert "Hidden" not in body
        assert "Quietly" not in body


@pytest.mark.parametrize(
    "path", ["/tags/Milk", "/tags/mi%6Ck", "/tags/%FF", "/tags/", "/tags/a/b", "/tags/none"]
)
async def test_a_topic_has_one_address(world: Any, path: str) -> None:
    north = await world.vendor("north")
    await speak(north, "Fresh #milk")
    assert (await get(north, "https://north.example/tags/milk")).status == 200
    page = (await get(north, "https://north.example/tags/milk", "text/html")).body.decode()
    assert f'<a href="{NORTH}" dir="auto">' in page  # who has said it
    assert (await get(north, f"https://north.example{path}")).status == 404


# --- between two nodes ------------------------------------------------------------------------------------


async def test_a_follower_elsewhere_reads_it_sees_it_changed_and_loses_it(world: Any) -> None:
    ana, north = await world.person("ana"), await world.vendor("north")
    await north.node.work(
        lambda desk: desk.tx.accounts.save(
            replace(desk.tx.accounts.by_name("north"), approves_followers=False)
        )
    )
    await ana.ask("following.add", who="@north@north.example")
    await world.settle()
    posted = await north.ask("post.new", text="Fresh milk, @ana@ana.example! #milk")

    async def read_by_ana() -> list[str]:
        await world.settle()
        found = await ana.node.look(lambda desk: desk.tx.readings.page(ANA))
        return [reading.note.content for _, reading in found]

    (first,) = await read_by_ana()
    assert "Fresh milk" in first
    world.clock.forward(minutes=1)
    await north.ask("post.edit", post=posted["id"], text="Fresh cream")
    (second,) = await read_by_ana()
    assert "Fresh cream" in second
    await north.ask("post.delete", post=posted["id"])
    assert await read_by_ana() == []
    await world.assert_nothing_waits()


async def test_an_answer_from_elsewhere_is_listed_until_its_author_takes_it_back(world: Any) -> None:
    ana, north = await world.person("ana"), await world.vendor("north")
    posted = await north.ask("post.new", text="What do you think?")
    account = await ana.node.look(lambda desk: desk.tx.accounts.by_name("ana"))
    writer = await find_contact(ana.node, account, "@north@north.example")
    saying = Saying(text="Good!", visibility=Visibility.PUBLIC, in_reply_to=posted["id"], mentioned=(writer,))
    reply = await ana.node.work(lambda desk: say(desk, account, saying))
    await world.settle()
    assert (await read(north, f"{posted['id']}/replies"))["first"]["items"] == [reply.id]
    shown = await north.ask("post.show", post=posted["id"])
    assert shown["replies"] == 1
    await ana.ask("post.delete", post=reply.id)
    await world.settle()
    assert (await read(north, f"{posted['id']}/replies"))["totalItems"] == 0


# --- by command -------------------------------------------------------------------------------------------


async def test_a_post_is_named_by_the_end_of_its_id_or_by_its_page(world: Any, refused: Any) -> None:
    north = await world.vendor("north")
    posted = await north.ask("post.new", text="Hello", language="en", warning="greeting")
    for name in (posted["id"], posted["url"], posted["id"][-6:]):
        shown = await north.ask("post.show", post=name)
        assert (shown["id"], shown["text"], shown["warning"]) == (posted["id"], "Hello", "greeting")
    for wrong in ("none", "x", "https://north.example/@north/none"):
        with pytest.raises(refused, match="no such post"):
            await north.ask("post.show", post=wrong)
    edited = await north.ask("post.edit", post=posted["id"][-6:], text="Hello again")
    assert (edited["language"], edited["warning"]) == ("en", "greeting")
    assert [edit["text"] for edit in (await north.ask("post.show", post=posted["id"]))["edits"]] == ["Hello"]
    listed = (await north.ask("post.list", visibility="direct"))["posts"]
    assert listed == []
    await north.ask("post.pin", post=posted["id"])
    assert (await north.ask("post.list"))["posts"][0]["pinned"] is True
    await north.ask("post.unpin", post=posted["id"])
    assert (await north.ask("post.list"))["posts"][0]["pinned"] is False


async def test_whom_a_post_names_must_be_found_before_it_is_said(world: Any, refused: Any) -> None:
    north = await world.vendor("north")
    await world.person("ana")
    for text, wrong in (
        ("Hi @eve@ana.example", "knows nobody by this name"),
        ("Hi @ana@nowhere.example", "does not answer"),
        (" ".join(f"@u{n}@ana.example" for n in range(21)), "it names 21 people"),
    ):
        with pytest.raises(refused, match=wrong):
            await north.ask("post.new", text=text)
    assert (await north.ask("post.list"))["posts"] == []
    said = await north.ask("post.new", text="Hi @ANA@ana.example and me, @north@north.example", to=[])
    assert said["mentions"] == ["@ANA@ana.example"]
    direct = await north.ask("post.new", text="Psst", to=["@ana@ana.example"], visibility="direct")
    again = await north.ask("post.edit", post=direct["id"], text="Psst!")
    assert again["mentions"] == ["@ana@ana.example"]
    assert await north.node.look(lambda desk: desk.tx.contacts.all(NORTH)) == [], (
        "nobody is kept by being named"
    )
