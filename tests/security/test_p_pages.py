"""Group P on the public pages: what they tell nobody, what they never run, and what they do not hide.

And U03 for the one page of theirs that leads elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from federation.errors import FederationError
from federation.messages import HttpMessage, JsonObject
from federation.webfinger import parse_handle
from node.domain.notes import Visibility
from node.lookups import find_follow_place
from node.store.ports import Post
from node.wire.replies import Reply, build_reply
from tests.browsing import Browser
from tests.security.commerce import owner, stocked
from tests.security.peers import Answer
from tests.security.world import World

pytestmark = pytest.mark.anyio

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
LANGUAGES = ("", "en", "de", "de-AT,en;q=0.5", "fr", "*", "de;q=0, en", "x" * 3000, "\x80\xff,,;q=;")
ACCEPTS = (HTML, "text/html", "application/activity+json", "application/json", "*/*", "", "text/html;q=0")


async def asked(world: World, url: str, *, accept: str = HTML, language: str = "") -> HttpMessage:
    headers = {"accept": accept} if accept else {}
    if language:
        headers["accept-language"] = language
    return await world.v.ask(HttpMessage.request("GET", url, headers))


def seen(answer: HttpMessage, url: str) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    headers = tuple((name, value) for name, value in answer.headers if name != "date")
    return answer.status, headers, answer.body.replace(url.encode(), b"URL")


# --- P04 -------------------------------------------------------------------------------------------------


async def private_addresses(world: World) -> list[tuple[str, str]]:
    """Addresses of private things, each with one of the same kind that never was."""
    await stocked(world.v)
    world.peer("a.example", "alder", kind="Organization", termsAccepted=[])
    v = world.v
    await owner(v, "shop", "post.add", sku="MILK")
    (post,) = await v.open.node.look(lambda desk: desk.tx.posts.all(v.actor("shop"), "standing offer"))
    few = Visibility.FOLLOWERS  # of what everybody could read it is said that it is gone: 410
    gone = replace(post, id=f"{v.base}/posts/{'2' * 22}", deleted_at=v.clock(), visibility=few)
    hidden_one = replace(post, id=f"{v.base}/posts/{'4' * 22}", visibility=few)
    foreign = replace(post, id=f"{v.base}/posts/{'3' * 22}", author="https://t.example/actors/tess")
    for hidden in (gone, foreign, hidden_one):
        await v.open.node.work(lambda desk, hidden=hidden: desk.tx.posts.save(hidden))  # type: ignore[misc]
    nothing = "1" * 22
    return [
        (gone.id, f"{v.base}/posts/{nothing}"),
        (foreign.id, f"{v.base}/posts/{nothing}"),
        (hidden_one.id, f"{v.base}/posts/{nothing}"),
        (f"{v.base}/@shop/{'2' * 22}", f"{v.base}/@shop/{nothing}"),
        (f"{v.base}/@shop/{'3' * 22}", f"{v.base}/@shop/{nothing}"),
        (f"{v.base}/@ana/{post.id.rsplit('/', 1)[1]}", f"{v.base}/@ana/{nothing}"),
        (f"{v.actor('ana')}/inbox/1", f"{v.base}/actors/nobody/inbox/1"),
    ]


async def test_p04_private_thing_is_answered_like_none_whatever_is_accepted(world: World) -> None:
    for url, nothing in await private_addresses(world):
        for accept in ACCEPTS:
            for language in LANGUAGES:
                there = seen(await asked(world, url, accept=accept, language=language), url)
                not_there = seen(await asked(world, nothing, accept=accept, language=language), nothing)
                assert there == not_there, (url, accept, language)
                assert there[0] in (404, 406), url


async def test_p04_nothing_is_answered_alike_in_every_language(world: World) -> None:
    for url, nothing in await private_addresses(world):
        for accept in ACCEPTS:
            answers = {
                seen(await asked(world, address, accept=accept, language=language), address)
                for address in (url, nothing, f"{world.v.base}/@nobody", f"{world.v.base}/no/where")
                for language in LANGUAGES
            }
            bodies = {body for _, _, body in answers}
            assert len(bodies) == 1, (url, accept)


async def test_p04_variant_what_is_public_says_that_it_varies(world: World) -> None:
    page = f"{world.v.base}/@shop"
    german, english = await asked(world, page, language="de"), await asked(world, page, language="en")
    assert german.body != english.body
    assert b'<html lang="de">' in german.body
    for answer in (german, english, await asked(world, page, accept="application/activity+json")):
        assert answer.header("vary") == "Accept, Accept-Language, Signature"


# --- P09 -------------------------------------------------------------------------------------------------

CORPUS = (
    "<script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "<img src=https://evil.example/x>",
    "</title><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    "<style>*{background:url(https://evil.example/)}</style>",
    '<p style="background:url(https://evil.example/)" onclick=alert(1)>x</p>',
    "{{ 7*7 }}{% raw %}${7*7}",
    "%(name)s %s %n %%",
    "<!--<script>",
    "]]><x/>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\x00\x0b<b>\ufffe",
)
RUNS = re.compile(r"javascript:|vbscript:|data:", re.IGNORECASE)
ALLOWED_SOURCES = ("/static/",)
OWN_CODE = re.compile(r"/@[a-z0-9_]+/qr\.svg")
"""The one picture of a public page: where it lies itself."""


class Parts(HTMLParser):
    """Everything of a page that a browser would run, load or follow."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "img" and OWN_CODE.fullmatch(given.get("src", "")):
            tag, given = "own code", {name: value for name, value in given.items() if name != "src"}
        if tag in ("iframe", "img", "object", "embed", "style", "base", "math", "video", "audio", "source"):
            self.wrong.append(tag)
        if tag == "script" and given != {"type": "application/ld+json"}:
            self.wrong.append(f"script {given}")
        for name, value in given.items():
            if name.startswith("on") or name in ("style", "srcdoc", "formaction", "ping"):
                self.wrong.append(f"{tag} {name}")
            if name in ("href", "src", "action") and RUNS.match(re.sub(r"[\x00-\x20]", "", value)):
                self.wrong.append(f"{tag} {name}={value}")
            is_loaded = name == "src" or (
                tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload")
            )
            if is_loaded and name in ("src", "href") and not value.startswith(ALLOWED_SOURCES):
                self.wrong.append(f"{tag} loads {value}")


def poisoned(document: Any, poison: str) -> Iterator[Any]:
    """A document with the poison in one text after another; names of the protocol stay."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name in ("@context", "type", "published", "updated", "endTime", "proof"):
                continue
            for changed in poisoned(value, poison):
                yield {**document, name: changed}
    elif isinstance(document, list):
        for index, value in enumerate(document):
            for changed in poisoned(value, poison):
                yield [*document[:index], changed, *document[index + 1 :]]
    elif isinstance(document, str):
        yield poison
        yield document + poison


async def a_feedback(world: World) -> Post:
    """Feedback of a stranger about the shop, kept as it was received."""
    author = world.t.id
    note: JsonObject = {
        "id": f"{author}/notes/1",
        "type": "Note",
        "attributedTo": author,
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "content": "<p>Swapped at my door.</p>",
        "withRegardTo": world.v.actor("shop"),
        "published": "2026-11-20T10:00:00Z",
        "url": f"{author}/notes/1",
        "relatedWith": [],
    }
    body: JsonObject = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{author}/activities/1",
        "type": "Create",
        "actor": author,
        "to": note["to"],
        "object": note,
    }
    v = world.v
    return Post(note["id"], v.actor("shop"), author, "feedback", json.dumps(body).encode(), v.clock())


async def pages_of(world: World, *paths: str) -> list[str]:
    found = []
    for path in paths:
        for language in ("en", "de"):
            answer = await asked(world, f"{world.v.base}{path}", language=language)
            if answer.status == 200:
                assert "default-src 'none'" in (answer.header("content-security-policy") or "")
                assert "script-src" not in (answer.header("content-security-policy") or "")
                assert answer.header("x-content-type-options") == "nosniff"
                found.append(answer.body.decode())
    return found


def nothing_runs(html: str, where: object) -> None:
    assert Parts(html).wrong == [], where
    assert "49" not in re.findall(r">([^<>]*)\$\{", html), where


async def change_account(world: World, **changes: Any) -> None:
    v = world.v
    account = v.accounts["shop"]
    await v.open.node.work(lambda desk: desk.tx.accounts.save(replace(account, **changes)))


@pytest.mark.parametrize("poison", CORPUS)
async def test_p09_text_of_a_profile_runs_nothing(world: World, poison: str) -> None:
    for field, value in (
        ("display_name", poison),
        ("summary", f"<p>{poison}</p>"),
        ("terms_accepted", (poison,)),
    ):
        await change_account(world, **{field: value})
        shown = await pages_of(world, "/", "/@shop", "/actors/shop")
        assert shown
        for html in shown:
            nothing_runs(html, (field, poison))


@pytest.mark.parametrize("poison", CORPUS)
async def test_p09_text_of_a_standing_offer_runs_nothing(world: World, poison: str) -> None:
    await stocked(world.v)
    posted = await owner(world.v, "shop", "post.add", sku="MILK")
    v, path = world.v, posted["url"].removeprefix(world.v.base)
    offer = await v.open.node.look(lambda desk: desk.tx.posts.offer(posted["id"]))
    assert offer is not None
    changes: dict[str, Any] = {
        "name": poison,
        "content": f"<p>{poison}</p>",
        "category": poison,
        "terms_accepted": (poison, f"https://x.example/{poison}"),
    }
    for field, value in changes.items():
        changed = replace(offer, **{field: value})
        await v.open.node.work(lambda desk, it=changed: desk.tx.posts.save_offer(v.actor("shop"), it))  # type: ignore[misc]
        shown = await pages_of(world, path, "/@shop")
        assert len(shown) == 4
        for html in shown:
            nothing_runs(html, (field, poison))
        feed = await asked(world, f"{v.base}/@shop/feed.atom")
        assert feed.header("content-type") == "application/atom+xml"
        for content in ElementTree.fromstring(feed.body).iter("{http://www.w3.org/2005/Atom}content"):
            nothing_runs(content.text or "", (field, poison))


# The last of the corpus never was JSON: the strict parser takes no such text from anybody.
@pytest.mark.parametrize("poison", CORPUS[:-1])
async def test_p09_text_of_a_strangers_feedback_runs_nothing(world: World, poison: str) -> None:
    post = await a_feedback(world)
    v = world.v
    kept = 0
    for document in poisoned(json.loads(post.body)["object"], poison):
        body = {**json.loads(post.body), "object": document}
        changed = replace(post, body=json.dumps(body).encode(), standing=poison)
        await v.open.node.work(lambda desk, it=changed: desk.tx.posts.save(it))  # type: ignore[misc]
        answer = await asked(world, f"{v.base}/@shop")
        if answer.status == 200:  # what cannot be read is refused long before; here it was put in by force
            kept += 1
            nothing_runs(answer.body.decode(), (document, poison))
    assert kept >= 2


@pytest.mark.parametrize("poison", CORPUS[:-1])
async def test_p09_answer_to_feedback_runs_nothing(world: World, poison: str) -> None:
    v, said = world.v, await a_feedback(world)
    reply = Reply(
        id=f"{v.base}/posts/{'4' * 22}",
        author=v.actor("shop"),
        in_reply_to=said.id,
        writer=said.author,
        mention="@tess@t.example",
        content=f"<p>We mend it. {poison}</p>",
        published_at=v.clock(),
    )
    body = json.dumps(build_reply(reply)).encode()
    answer = Post(reply.id, reply.author, reply.author, "reply", body, v.clock())
    for post in (said, answer):
        await v.open.node.work(lambda desk, it=post: desk.tx.posts.save(it))  # type: ignore[misc]
    shown = await pages_of(world, "/@shop", f"/@shop/{'4' * 22}", f"/posts/{'4' * 22}")
    assert len(shown) == 6
    for html in shown:
        assert "We mend it." in html
        assert "tess" in html
        nothing_runs(html, poison)


# --- P11 -------------------------------------------------------------------------------------------------

HIDDEN = (
    "\u202e",
    "\u202d",
    "\u2066",
    "\u2067",
    "\u200e",
    "\u200f",
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
)


@pytest.mark.parametrize("char", HIDDEN, ids=lambda char: f"U+{ord(char):04X}")
async def test_p11_what_hides_in_a_vendors_name_or_an_offer_is_seen(world: World, char: str) -> None:
    await stocked(world.v)
    posted = await owner(world.v, "shop", "post.add", sku="MILK")
    v, path = world.v, posted["url"].removeprefix(world.v.base)
    await change_account(world, display_name=f"Nor{char}th")
    offer = await v.open.node.look(lambda desk: desk.tx.posts.offer(posted["id"]))
    assert offer is not None
    named = replace(offer, name=f"Milk {char}05.21 EUR")
    await v.open.node.work(lambda desk: desk.tx.posts.save_offer(v.actor("shop"), named))
    shown = [*(await pages_of(world, "/", "/@shop", path))]
    shown.append((await asked(world, f"{v.base}/@shop/feed.atom")).body.decode())
    assert len(shown) == 7
    for html in shown:
        assert char not in html
        assert f"[U+{ord(char):04X}]" in html


@pytest.mark.parametrize("char", ["\u202e", "\u202d", "\u200b", "\ufeff"])
async def test_p11_price_in_the_words_of_an_offer_cannot_be_turned_around(world: World, char: str) -> None:
    await stocked(world.v)
    posted = await owner(world.v, "shop", "post.add", sku="MILK")
    v, path = world.v, posted["url"].removeprefix(world.v.base)
    offer = await v.open.node.look(lambda desk: desk.tx.posts.offer(posted["id"]))
    assert offer is not None
    said = replace(offer, content=f"<p>Only {char}05.21 EUR, &#x202e;truly</p>")
    await v.open.node.work(lambda desk: desk.tx.posts.save_offer(v.actor("shop"), said))
    for html in await pages_of(world, path):
        assert char not in html
        assert "\u202e" not in html
        assert f"Only [U+{ord(char):04X}]05.21 EUR" in html


# --- U03 -------------------------------------------------------------------------------------------------

FOLLOW = "https://w3id.org/fep/3b86/Follow"
SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"


def finger(*links: tuple[str, Any]) -> Answer:
    body = {"subject": "acct:tess@t.example", "links": [{"rel": rel, "template": to} for rel, to in links]}

    def answer(request: HttpMessage) -> HttpMessage:
        kind = (("content-type", "application/jrd+json"),)
        return HttpMessage(url=request.url, status=200, body=json.dumps(body).encode(), headers=kind)

    return answer


async def led(world: World, *links: tuple[str, Any]) -> str | None:
    world.t.host.routes["/.well-known/webfinger"] = finger(*links)
    found = await find_follow_place(world.v.open.node, parse_handle("@tess@t.example"), world.v.actor("shop"))
    return found.address if found is not None else None


ACTOR = "https%3A%2F%2Fv.example%2Factors%2Fshop"


@pytest.mark.parametrize(
    ("links", "address"),
    [
        ([(SUBSCRIBE, "https://t.example/i?uri={uri}")], f"https://t.example/i?uri={ACTOR}"),
        (
            [
                (SUBSCRIBE, "https://t.example/i?uri={uri}"),
                (FOLLOW, "https://t.example/f?o={object}&s={on-success}"),
            ],
            f"https://t.example/f?o={ACTOR}&s=",
        ),
        (
            [(FOLLOW, "javascript:x{object}"), (SUBSCRIBE, "https://t.example/{uri}")],
            f"https://t.example/{ACTOR}",
        ),
        ([(SUBSCRIBE, "https://social.t.example/i?uri={uri}")], f"https://social.t.example/i?uri={ACTOR}"),
    ],
)
async def test_u03_visitor_is_led_to_what_his_own_server_names(
    world: World, links: list[tuple[str, Any]], address: str
) -> None:
    assert await led(world, *links) == address


@pytest.mark.parametrize(
    "template",
    [
        "javascript:alert('{uri}')",
        "JAVASCRIPT:alert(1)//{uri}",
        " javascript:alert(1)",
        "data:text/html,{uri}",
        "//evil.example/{uri}",
        "/authorize_interaction?uri={uri}",
        "http://t.example/i?uri={uri}",
        "https://{uri}/",
        "https://t.example@evil.example/{uri}",
        "https://t.example\\@evil.example/{uri}",
        "https://t.example/\u202e{uri}",
        "https://t.example/ {uri}",
        "https://[/{uri}",
        "https:///{uri}",
        f"https://t.example/{'x' * 2000}{{uri}}",
        "",
        None,
        7,
        {"href": "https://t.example/"},
    ],
)
async def test_u03_no_other_scheme_and_no_hidden_host_is_a_place_to_follow(
    world: World, template: Any
) -> None:
    assert await led(world, (SUBSCRIBE, template), (FOLLOW, template)) is None


async def test_u03_server_of_the_handle_is_asked_and_no_other(world: World) -> None:
    node, shop = world.v.open.node, world.v.actor("shop")
    with pytest.raises((FederationError, OSError)):
        await find_follow_place(node, parse_handle("@x@nowhere.example"), shop)
    before = len(world.v.engine.sent)
    assert await find_follow_place(node, parse_handle("@shop@v.example"), shop) is None
    assert len(world.v.engine.sent) == before, "a node does not speak to itself"


async def test_u03_follow_page_names_the_server_and_redirects_nobody(world: World) -> None:
    world.t.host.routes["/.well-known/webfinger"] = finger((SUBSCRIBE, "https://t.example/i?uri={uri}"))
    browser = Browser(world.v.app, world.v.base, says={"accept": HTML})
    await browser.get("/@shop")
    page = await browser.submit({"handle": "@tess@t.example"}, "/follow", follow=False)
    assert (page.status, page.header("location")) == (200, "")
    assert page.read.links["Go on at t.example"] == f"https://t.example/i?uri={ACTOR}"
    assert not browser.cookies


@pytest.mark.parametrize(
    ("handle", "says"),
    [
        ("tess", "is no address of the form @name@server"),
        ("@x@nowhere.example", "does not answer"),
        ("@shop@v.example", "names no page for this"),
        ('"><script>alert(1)</script>@x.example', "is no address"),
        ("@tess@127.0.0.1", "does not answer"),
        ("@tess@localhost", "does not answer"),
    ],
)
async def test_u03_follow_page_says_what_is_wrong_and_keeps_the_handle(
    world: World, handle: str, says: str
) -> None:
    browser = Browser(world.v.app, world.v.base, says={"accept": HTML})
    await browser.get("/@shop")
    page = await browser.submit({"handle": handle}, "/follow", follow=False)
    assert page.status == 422
    assert says in page.words
    assert ("handle", handle) in page.form("/follow").fields
    nothing_runs(page.html, handle)


async def test_u03_strangers_cannot_have_the_node_ask_without_end(world: World) -> None:
    world.t.host.routes["/.well-known/webfinger"] = finger((SUBSCRIBE, "https://t.example/i?uri={uri}"))
    browser = Browser(world.v.app, world.v.base, says={"accept": HTML})
    form = {"account": "@shop@v.example", "handle": "@tess@T.example"}
    statuses = [(await browser.post("/follow", form, follow=False)).status for _ in range(12)]
    assert statuses == [200] * 4 + [429] * 8
    assert browser.at.header("retry-after").isdigit()
    others = [
        (await browser.post("/follow", {**form, "handle": f"@a@h{n}.example"}, follow=False)).status
        for n in range(30)
    ]
    assert others.count(422) == 16
    assert others[-1] == 429
    world.clock.advance(minutes=2)
    assert (await browser.post("/follow", form, follow=False)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"account=%40nobody%40v.example&handle=x",
        b"account=%40shop%40t.example",
        b"%zz",
        b"a=" + b"x" * 5000,
    ],
)
async def test_u03_form_of_no_page_of_ours_finds_nothing(world: World, body: bytes) -> None:
    page = await Browser(world.v.app, world.v.base, says={"accept": HTML}).post("/follow", body, follow=False)
    assert page.status == 404
    assert "Nothing is here" in page.words


async def test_u03_follow_without_a_form_leads_home(world: World) -> None:
    page = await Browser(world.v.app, world.v.base, says={"accept": HTML}).get("/follow", follow=False)
    assert (page.status, page.header("location")) == (303, "/")
