"""Groups E, K and U, once more: what a node fetches for strangers, and what its pages give to whom."""

from __future__ import annotations

import json
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

import pytest

from federation.messages import HttpMessage
from node.domain.errors import InvalidInput
from node.domain.notes import Visibility
from node.services.posting import take_back
from node.services.reading import Target, give
from node.services.reading import take_back as no_longer
from node.store.reading import ReactionKind
from node.workflows.looking import show_picture
from tests.browsing import Browser, Seen
from tests.security.commerce import owner
from tests.security.household import ANA, PageReader
from tests.security.peers import ACTIVITY
from tests.security.reading import follow, post_publicly, posted, timeline
from tests.security.world import World
from tests.unit.node.web.private.conftest import PASSWORD
from tests.unit.node.web.private.dealing import Street

pytestmark = pytest.mark.anyio
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
EVIL = "evil.example"
SECRET = "the cellar key lies under the third stone"


async def read(world: World, path: str, **headers: str) -> HttpMessage:
    given = {"accept": HTML} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.v.ask(HttpMessage.request("GET", world.v.base + path, given))


# --- pictures that an owner asks for ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "http://t.example/a.png",
        "https://t.example:22/a.png",
        "https://2130706433/a.png",
        "https://[::ffff:127.0.0.1]/a.png",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "https://t.example@127.0.0.1/a.png",
        "https://nip.127.0.0.1/",
        "ftp://t.example/a.png",
        "//t.example/a",
    ],
)
async def test_e01_picture_at_a_forbidden_place_opens_no_socket(world: World, address: str) -> None:
    world.host("t.example")
    with pytest.raises(InvalidInput):
        await show_picture(world.v.open.node, world.v.actor("ana"), address)
    assert world.v.engine.gets == []


@pytest.mark.parametrize(
    "inside",
    [
        "https://127.0.0.1/a.png",
        "http://t.example/a.png",
        "https://t.example:6379/",
        "https://[::1]/",
        "//0/a",
    ],
)
async def test_e05_picture_that_is_redirected_inside_stops_at_the_hop(world: World, inside: str) -> None:
    world.m.host.redirect("/a.png", inside)
    with pytest.raises(InvalidInput):
        await show_picture(world.v.open.node, world.v.actor("ana"), "https://m.example/a.png")
    assert world.v.engine.gets == ["https://m.example/a.png"]


async def test_e06_picture_that_is_redirected_for_ever_ends(world: World) -> None:
    world.m.host.redirect("/a.png", "https://m.example/a.png")
    with pytest.raises(InvalidInput):
        await show_picture(world.v.open.node, world.v.actor("ana"), "https://m.example/a.png")
    assert len(world.v.engine.gets) <= 4


async def test_c21_picture_on_a_blocked_server_is_reached_by_no_detour(world: World) -> None:
    victim = world.host("blocked.example")
    world.m.host.redirect("/a.png", "https://blocked.example/a.png")
    await world.v.command("block.add", domain="blocked.example")
    for address in (
        "https://m.example/a.png",
        "https://cdn.blocked.example/a.png",
        "https://BLOCKED.example./a",
    ):
        with pytest.raises(InvalidInput):
            await show_picture(world.v.open.node, world.v.actor("ana"), address)
    assert victim.requests == []


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"<html><script>alert(1)</script>", "image/png"),
        (b"GIF89a" + b"\xff" * 64, "image/gif"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xc3P\x00\x00\xc3P\x08\x02\x00\x00\x00", "image/png"),
        (b"", "image/png"),
    ],
)
async def test_e21_what_is_no_picture_is_not_shown_as_one(world: World, body: bytes, media_type: str) -> None:
    world.m.host.serve("/a.png", body, media_type=media_type)
    with pytest.raises(InvalidInput):
        await show_picture(world.v.open.node, world.v.actor("ana"), "https://m.example/a.png")
    assert await world.v.open.node.look(lambda desk: desk.tx.media.all(world.v.actor("ana"), [])) == []


# --- who V says that its accounts are ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "resource",
    [
        "acct:shop@evil.example",
        "acct:shop@v.example.evil.example",
        "acct:shop@evil.example@v.example",
        "acct:shop@v.example:8443",
        "acct:shop%40v.example@evil.example",
        "acct:@v.example",
        "acct:shop",
        "https://evil.example/@shop",
        "https://v.example@evil.example/@shop",
        "http://v.example/@shop",
        "https://v.example:8443/@shop",
        "https://v.example/@shop/../ana",
    ],
)
async def test_webfinger_names_nobody_under_a_host_that_is_not_ours(world: World, resource: str) -> None:
    address = f"/.well-known/webfinger?resource={quote(resource, safe='')}"
    answered = await read(world, address, accept="application/jrd+json")
    assert answered.status in (400, 404)
    assert b"actors/shop" not in answered.body


@pytest.mark.parametrize(
    "header",
    [
        "x_forwarded_host",
        "x_host",
        "x_forwarded_server",
        "forwarded",
        "x_original_url",
        "x_rewrite_url",
        "origin",
        "x_http_host_override",
        "x_forwarded_proto",
        "x_forwarded_prefix",
        "referer",
    ],
)
async def test_no_header_of_a_visitor_puts_a_host_of_his_into_what_everybody_gets(
    world: World, header: str
) -> None:
    await post_publicly(world)
    value = f"host={EVIL};proto=http" if header == "forwarded" else EVIL
    for path in (
        "/",
        "/@shop",
        "/actors/shop",
        "/@shop/feed.atom",
        "/.well-known/host-meta",
        "/nodeinfo/2.1",
        "/robots.txt",
        "/sitemap.xml",
        "/follow?account=@shop@v.example",
    ):
        for accept in (HTML, ACTIVITY):
            answered = await read(world, path, accept=accept, **{header: value})
            plain = await read(world, path, accept=accept)
            assert EVIL.encode() not in answered.body
            assert EVIL not in str(answered.headers)
            assert answered.status == plain.status


async def test_what_is_for_some_alone_has_no_mark_that_tells_strangers_of_it(world: World) -> None:
    """No ETag or date of a private post turns a stranger's question into 304, and no range cuts it out."""
    made = await owner(world.v, "shop", "post.new", text=SECRET, visibility="direct", to=["@tess@t.example"])
    path = urlsplit(str(made["id"])).path
    never = f"/posts/{'x' * len(path.rpartition('/')[2])}"
    tricks: list[dict[str, str]] = [
        {"if_none_match": "*"},
        {"if_modified_since": "Sat, 21 Nov 2026 11:00:00 GMT"},
        {"range": "bytes=0-10"},
        {"if_match": "*"},
        {"cache_control": "only-if-cached"},
        {"accept": "application/json"},
        {"cookie": "session=x"},
        {"authorization": "Bearer x"},
    ]
    for trick in tricks:
        given = {"accept": ACTIVITY, **trick}
        there, nowhere = await read(world, path, **given), await read(world, never, **given)
        assert (there.status, there.body) == (nowhere.status, nowhere.body)
        assert there.status == 404


# --- what is listed ---------------------------------------------------------------------------------------


async def test_p05_share_that_was_taken_back_is_listed_no_more(world: World) -> None:
    await follow(world, world.t)
    await world.v.tell(world.t, posted(world.t), "")
    (reading,) = await timeline(world)
    ana, node = world.v.accounts["ana"], world.v.open.node
    target = Target(reading.note, world.t.inbox)
    await node.work(lambda desk: give(desk, ana, target, ReactionKind.SHARE))
    listed = json.loads((await read(world, "/actors/ana/outbox/page/1", accept=ACTIVITY)).body)
    assert [item["object"] for item in listed["orderedItems"]] == [reading.note.id]
    await node.work(lambda desk: no_longer(desk, ana, reading.note.id, ReactionKind.SHARE))
    assert json.loads((await read(world, "/actors/ana/outbox", accept=ACTIVITY)).body)["totalItems"] == 0


async def test_p05_like_is_listed_nowhere(world: World) -> None:
    await follow(world, world.t)
    await world.v.tell(world.t, posted(world.t), "")
    (reading,) = await timeline(world)
    ana, target = world.v.accounts["ana"], Target(reading.note, world.t.inbox)
    await world.v.open.node.work(lambda desk: give(desk, ana, target, ReactionKind.LIKE))
    for path in ("/actors/ana/outbox", "/actors/ana/outbox/page/1", "/@ana", "/@ana/feed.atom"):
        assert reading.note.id.encode() not in (await read(world, path, accept=ACTIVITY)).body


@pytest.mark.parametrize("number", ["0", "-1", "00", "1e3", "9" * 30, "1/../2", "%31", "2147483648", "1?x=1"])
async def test_pages_of_a_collection_that_are_none_cost_nothing(world: World, number: str) -> None:
    await post_publicly(world)
    for collection in (
        "/actors/shop/outbox",
        "/actors/shop/featured",
        "/actors/shop/followers",
        "/tags/milk",
    ):
        answered = await read(world, f"{collection}/page/{number}", accept=ACTIVITY)
        assert answered.status in (200, 400, 404)
        assert (answered.status == 200) <= (number == "1?x=1")


@pytest.mark.parametrize(
    "text",
    [
        "]]><script>alert(1)</script>",
        "&lt;&amp;<b>",
        "\u202e\u200b\ufeff",
        "<!--",
        "<![CDATA[ x ]]>",
        "a\x0bb",
    ],
)
async def test_p09_feed_stays_one_document_whatever_is_said(world: World, text: str) -> None:
    try:
        post = await post_publicly(world, text, summary=text)
    except InvalidInput:
        return
    answered = await read(world, "/@shop/feed.atom", accept="application/atom+xml")
    feed = ET.fromstring(answered.body)
    assert len([one for one in feed if one.tag.endswith("entry")]) == 1
    assert b"<script" not in answered.body
    account = world.v.accounts["shop"]
    await world.v.open.node.work(lambda desk: take_back(desk, account, post.id))
    assert b"entry" not in (await read(world, "/@shop/feed.atom")).body


async def test_p05_feed_holds_nothing_that_is_not_for_everybody(world: World) -> None:
    for visibility in (Visibility.UNLISTED, Visibility.FOLLOWERS, Visibility.DIRECT):
        to = {"to": ["@tess@t.example"]} if visibility is not Visibility.UNLISTED else {}
        await owner(world.v, "shop", "post.new", text=SECRET, visibility=visibility.value, **to)
    for path in ("/@shop/feed.atom", "/@shop", "/", "/sitemap.xml"):
        assert SECRET.encode() not in (await read(world, path)).body


# --- pages of an owner ------------------------------------------------------------------------------------

PLACES = [
    "//evil.example/", "/\\evil.example/", "\\\\evil.example", "/\t/evil.example", "https:evil.example",
    "https://evil.example/", "///evil.example", "/%2Fevil.example", "/%5Cevil.example",
    "/my/../..//evil.example",
    "/\r\nLocation: https://evil.example/", "https://ana.example@evil.example/", "data:text/html,x",
    "https://ana.example.evil.example/", ".evil.example", "@evil.example", " //evil.example",
]  # fmt: skip
HANDED_IN = [
    "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "https://127.0.0.1/", "//evil.example",
    "https://ana.example/my/export", "https://ana.example@127.0.0.1/", "acct:a@127.0.0.1", "@a@localhost:22",
    "file:///etc/passwd", "https://evil.example:25/", "'\"><script>alert(1)</script>", "http://evil.example/",
]  # fmt: skip


def leads_elsewhere(answer: Seen) -> bool:
    """Whether a browser would go to another host, or is told to by what it may read as one."""
    location = answer.header("location")
    read = location.replace("\\", "/").replace("\t", "").strip()
    is_ours = urlsplit(read).netloc in ("", "ana.example") and not read.startswith(("//", "/%2F", "/%5C"))
    return bool(location) and not is_ours


@pytest.mark.parametrize("address", PLACES)
async def test_u03_login_leads_to_no_place_that_somebody_else_chose(street: Street, address: str) -> None:
    browser = Browser(street.homes["ana"].app, ANA, says={"sec-fetch-site": "same-origin"})
    page = await browser.get(f"/login?next={quote(address, safe='')}", follow=False)
    assert page.status == 200
    answer = await browser.submit({"name": "ana", "password": PASSWORD}, follow=False)
    assert answer.status == 303
    assert not leads_elsewhere(answer)


@pytest.mark.parametrize("path", ["/authorize_interaction", "/share", "/my/following", "/my/doctor"])
async def test_u03_address_that_a_link_hands_in_runs_and_redirects_nowhere(street: Street, path: str) -> None:
    browser = await street.browser("ana")
    for uri in HANDED_IN:
        named = quote(uri, safe="")
        answer = await browser.get(f"{path}?uri={named}&who={named}&url={named}", follow=False)
        assert answer.status < 500
        assert not leads_elsewhere(answer)
        assert not PageReader(answer.html).wrong
