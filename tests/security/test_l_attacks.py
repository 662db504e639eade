"""Group L, tried beyond its cases: what makes a node ask, answer or send more than it was given reason to."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from node.domain.accounts import AccountKind
from node.web.follow import FollowSettings
from tests.browsing import Browser
from tests.security.commerce import owner
from tests.security.peers import AS, PUBLIC, a_note
from tests.security.reading import a_reaction, a_share, follow, hold, post_publicly, posted, timeline
from tests.security.talking import a_quote_for, an_edit, answers_to, say_to
from tests.security.world import World

pytestmark = pytest.mark.anyio
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
REQUESTS_OF_A_LOOK = 25
"""So many requests one look from outside may make (`FEDERATION.md`, and its own bounds)."""


def asked(world: World, host: str) -> list[str]:
    """What V has asked a host for, by GET."""
    return [url for url in world.v.engine.gets if urlsplit(url).hostname == host]


# --- what a post names ------------------------------------------------------------------------------------


def endless(at: str) -> dict[str, Any]:
    """A collection that is its own next page, with ten thousand items of others."""
    items = [f"https://victim.example/notes/{number}" for number in range(10_000)]
    page = {"id": at, "type": "CollectionPage", "next": at, "prev": at, "partOf": at, "items": items}
    return {
        "@context": AS,
        "id": at,
        "type": "Collection",
        "totalItems": 10**9,
        "first": page,
        "items": items,
    }


@pytest.mark.parametrize("is_embedded", [False, True])
async def test_l01_collections_that_a_post_names_are_never_walked(world: World, is_embedded: bool) -> None:
    await follow(world, world.m)
    victim = world.host("victim.example")
    loop = "https://m.example/loop"
    world.m.host.serve("/loop", endless(loop))
    named: Any = {**endless(loop), "items": [], "first": {"type": "CollectionPage", "next": loop}}
    value = named if is_embedded else loop
    members = ("replies", "context", "likes", "shares", "contextHistory", "thread", "inReplyTo", "partOf")
    note = posted(world.m, **dict.fromkeys(members, value), quoteAuthorization="https://victim.example/auth")
    note["object"] |= {"to": [PUBLIC, world.v.actor("shop")], "conversation": "https://victim.example/c"}
    note["object"]["audience"] = "https://victim.example/group"
    await world.v.tell(world.m, note, "")
    assert not [url for url in asked(world, "m.example") if "loop" in url]
    assert victim.requests == []


async def test_l01_parents_quotes_pictures_and_emoji_on_other_hosts_are_not_fetched(world: World) -> None:
    await follow(world, world.m)
    victim = world.host("victim.example")
    at = "https://victim.example/x"
    for number in range(20):
        note = posted(
            world.m,
            text=f"Look {number} <img src='{at}.png'> <a href='{at}'>here</a>",
            inReplyTo=f"{at}/{number}",
            quoteUrl=at,
            url=at,
            icon={"type": "Image", "url": at},
            image={"type": "Image", "url": at},
            preview={"type": "Note", "url": at},
            attachment=[{"type": "Image", "mediaType": "image/png", "url": f"{at}/{n}"} for n in range(16)],
            tag=[
                {"type": "Emoji", "name": ":x:", "icon": {"type": "Image", "url": at}},
                {"type": "Mention", "href": f"{at}/{number}", "name": "@x@victim.example"},
                {"type": "Hashtag", "href": at, "name": "#x"},
            ],
        )
        await world.v.tell(world.m, note, "")
        direct = a_note(world.m, world.v.actor("shop"), "And this?")
        direct["object"] |= {**note["object"], "id": world.m.fresh("notes"), "to": [world.v.actor("shop")]}
        await world.v.tell(world.m, direct, "shop")
    assert victim.requests == []


async def test_l03_shares_that_lead_in_a_circle_are_looked_at_once(world: World) -> None:
    """Two whom Ana follows share each other's shares; and an Announce that is fetched as its own object."""
    await follow(world, world.m, world.t)
    one, two = f"{world.m.host.base}/shares/1", f"{world.t.host.base}/shares/2"
    first, second = a_share(world.m, two, id=one), a_share(world.t, one, id=two)
    world.m.host.serve("/shares/1", first)
    world.t.host.serve("/shares/2", second)
    for _ in range(3):
        await world.v.tell(world.m, {**first, "id": one}, "")
        await world.v.tell(world.t, {**second, "id": two}, "")
    fetched = [url for url in world.v.engine.gets if "/shares/" in url]
    assert len(fetched) <= 2
    assert world.v.engine.posts == []
    assert await timeline(world) == []


async def test_l03_share_of_a_post_that_names_its_sharer_as_its_parent_comes_to_rest(world: World) -> None:
    await follow(world, world.m)
    note = posted(world.m)["object"]
    note["inReplyTo"] = note["id"]
    note["quoteUrl"] = note["id"]
    hold(world.m, note)
    for _ in range(5):
        await world.v.tell(world.m, a_share(world.m, note["id"]), "")
    assert len([url for url in asked(world, "m.example") if "/notes/" in url]) <= 1


async def test_moves_in_a_circle_cost_a_bounded_number_of_fetches(world: World) -> None:
    await follow(world, world.m)
    people = [world.m, *(world.peer(f"n{number}.example", "mallory") for number in range(5))]
    for old, new in zip(people, [*people[1:], people[0]], strict=True):
        old.document["movedTo"] = new.id
        old.document["alsoKnownAs"] = [one.id for one in people]
    for _ in range(3):
        for old, new in zip(people, [*people[1:], people[0]], strict=True):
            await world.v.tell(old, a_reaction(old, old.id, "Move", target=new.id), "ana")
    assert len(world.v.engine.gets) <= 3 * 3 * len(people)
    assert world.v.engine.posts == []


# --- answers that beget answers ---------------------------------------------------------------------------


async def test_l04_two_shops_of_ours_with_words_for_each_other_come_to_rest(world: World) -> None:
    other = await world.node("w.example", {"store": AccountKind.VENDOR})
    for word in ("accept 0000-0000", "cancel 0000-0000", "accept 1111-1111"):
        await owner(
            world.v, "shop", "post.new", text=f"@store@w.example {word}", visibility="direct",
            to=["@store@w.example"],
        )  # fmt: skip
        await owner(
            other, "store", "post.new", text=f"@shop@v.example {word}", visibility="direct",
            to=["@shop@v.example"],
        )  # fmt: skip
    await world.settle()
    before = len(world.v.engine.posts) + len(other.engine.posts)
    await world.settle()
    assert len(world.v.engine.posts) + len(other.engine.posts) == before
    assert before <= 6 + 4


async def test_l04_bot_that_sends_back_every_word_it_gets_comes_to_rest(world: World) -> None:
    """Echoes of the quote, of the confirmation and of each kind word: none of them says exactly two words."""
    await a_quote_for(world, world.t, sku="")
    for _ in range(10):
        heard = answers_to(world.t)
        for words in heard:
            await say_to(world, world.t, "", content=words)
    assert len(answers_to(world.t)) == 1


async def test_edits_of_a_word_get_one_answer_however_many_they_are(world: World) -> None:
    quote = await a_quote_for(world, world.t, sku="")
    created = await say_to(world, world.t, "Hello")
    for number in range(30):
        edit = an_edit(world.t, created, f"accept {quote.reference}", after_s=number + 1)
        await world.v.tell(world.t, edit, "shop")
    assert len(answers_to(world.t)) <= 2


async def test_strangers_in_the_names_of_a_victims_host_send_it_no_answers(world: World) -> None:
    """Words to a shop, attributed to people of a victim, signed by somebody else: nobody is answered."""
    victim = world.peer("victim.example", "bob")
    for number in range(10):
        created = a_note(world.m, world.v.actor("shop"), f"accept {number:04d}-0000")
        created["actor"] = created["object"]["attributedTo"] = victim.id
        answered = await world.v.post(created, "shop", key=world.m.rsa, old_scheme=True)
        await world.v.settle()
        assert answered.status in (401, 403)
    assert victim.host.received == []


@pytest.mark.parametrize("kind", ["Like", "EmojiReact", "Announce", "Follow"])
async def test_one_act_a_hundred_times_over_is_one_row_and_one_notice(world: World, kind: str) -> None:
    post = await post_publicly(world)
    about = world.v.actor("shop") if kind == "Follow" else post.id
    for _ in range(100):
        act = a_reaction(world.m, about, kind, to=[world.v.actor("shop")])
        assert (await world.v.post(world.m.prove(act), "shop", key=world.m.ed25519)).status == 202
    await world.v.settle()
    tables = world.v.snapshot()
    assert len(tables["notice"]) <= 1
    assert len(tables.get("reaction", [])) + len(tables.get("follower", [])) <= 1


# --- the form for followers, and the look from outside ----------------------------------------------------

SPELLINGS = (
    "@a@t.example", "@a@T.example", "@a@t.example.",
    "@a@t.example:443", "@a@ｔ.example", "@a@t。example",
    "acct:a@t.example", "@a@t.example ", "@a@\u2024t.example",
    "@a@t\uff0eexample", "@a@t.ex\u00adample",
    "@a@t.example:0443", "@a@T.EXAMPLE.", "@a@t.example/", "@a@t.example?", "@a@t.example#",
)  # fmt: skip


async def test_u03_spellings_of_one_server_share_its_ration(world: World) -> None:
    browser = Browser(world.v.app, world.v.base, says={"accept": HTML})
    for handle in SPELLINGS:
        for _ in range(4):
            await browser.post("/follow", {"account": "@shop@v.example", "handle": handle}, follow=False)
    fingers = [url for url in asked(world, "t.example") if "webfinger" in url]
    assert len(fingers) <= FollowSettings().server_burst


async def test_u03_spellings_of_one_server_have_it_asked_no_oftener_than_all_servers(world: World) -> None:
    browser = Browser(world.v.app, world.v.base, says={"accept": HTML})
    for handle in SPELLINGS:
        for _ in range(4):
            await browser.post("/follow", {"account": "@shop@v.example", "handle": handle}, follow=False)
    assert len(world.v.engine.gets) <= 2 * FollowSettings().burst


@pytest.mark.parametrize(
    "server",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1:443", "[::1]", "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "2130706433", "0x7f.1", "0177.0.0.1", "127。0。0。1",
        "t.example:22", "t.example:6379", "t.example:80",
        "v.example:22", "0", "t.example@127.0.0.1", "127.0.0.1#@t.example",
    ],
)  # fmt: skip
async def test_u03_follow_form_scans_no_ports_and_tells_no_address_from_another(
    world: World, server: str
) -> None:
    browser = Browser(world.v.app, world.v.base, says={"accept": HTML})
    form = {"account": "@shop@v.example", "handle": f"@a@{server}"}
    page = await browser.post("/follow", form, follow=False)
    nowhere = await browser.post("/follow", {**form, "handle": "@a@nowhere.example"}, follow=False)
    assert page.status == 422
    reached = [url for url in world.v.engine.gets if urlsplit(url).hostname != "nowhere.example"]
    assert [url for url in reached if urlsplit(url).hostname != "t.example" or urlsplit(url).port] == []
    if "is no address" not in page.words:
        said = page.words.replace(f"@a@{server}", "X")
        assert said == nowhere.words.replace("@a@nowhere.example", "X")


async def test_look_from_outside_costs_a_hostile_server_and_its_victims_no_more_than_its_bound(
    world: World,
) -> None:
    """An actor whose inboxes, collections and pictures lie elsewhere, and redirects to somebody else."""
    victim = world.host("victim.example")
    at = "https://victim.example"
    world.m.document |= {
        "inbox": f"{at}/inbox", "outbox": f"{at}/outbox", "followers": f"{at}/followers",
        "following": f"{at}/following", "featured": f"{at}/featured", "url": f"{at}/@mallory",
        "endpoints": {"sharedInbox": f"{at}/shared", "proxyUrl": f"{at}/proxy"},
        "icon": {"type": "Image", "url": f"{at}/icon"}, "image": {"type": "Image", "url": f"{at}/image"},
        "generator": f"{at}/actor", "alsoKnownAs": [f"{at}/{number}" for number in range(1000)],
    }  # fmt: skip
    world.m.host.redirect("/.well-known/nodeinfo", f"{at}/nodeinfo")
    world.m.host.redirect("/.well-known/host-meta", f"{at}/host-meta")
    await world.v.command("node.examine", account="ana", who="@mallory@m.example")
    assert len(world.v.engine.sent) <= REQUESTS_OF_A_LOOK
    assert victim.received == []
    assert len(victim.requests) <= 4


@pytest.mark.parametrize(
    "who",
    [
        "@a@127.0.0.1", "@a@localhost", "https://127.0.0.1/", "https://[::1]/actor", "http://t.example/",
        "https://t.example:22/", "https://169.254.169.254/latest/meta-data/", "file:///etc/passwd",
        "javascript:alert(1)", "https://t.example@127.0.0.1/", "gopher://t.example/", "//t.example/",
    ],
)  # fmt: skip
async def test_look_from_outside_leads_to_no_address_of_ours(world: World, who: str) -> None:
    with suppress(AssertionError):  # what is no reference at all is refused in words
        await world.v.command("node.examine", account="ana", who=who)
    hosts = {(urlsplit(url).hostname, urlsplit(url).port) for url in world.v.engine.gets}
    assert hosts <= {("t.example", None)}
    assert not [url for url in world.v.engine.gets if url.startswith("http:")]


async def test_look_from_outside_follows_no_redirect_inside_and_posts_where_nobody_asked(
    world: World,
) -> None:
    for path in ("/actors/mallory", "/.well-known/nodeinfo", "/.well-known/webfinger", "/actor"):
        for inside in ("https://127.0.0.1/", "https://v.example/inbox", "http://m.example/"):
            world.m.host.redirect(path, inside)
            sent = len(world.v.engine.sent)
            await world.v.command("node.examine", account="ana", who="@mallory@m.example")
            fresh = world.v.engine.sent[sent:]
            assert len(fresh) <= REQUESTS_OF_A_LOOK
            assert not [one for one in fresh if urlsplit(one.url).hostname == "127.0.0.1"]
            assert not [one for one in fresh if one.url.startswith("http:")]
            assert not [one for one in fresh if one.method == "POST" and "v.example" in one.url]
