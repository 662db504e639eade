"""Group P, tried beyond its cases: what is not for everybody, asked for in every way that strangers have."""

from __future__ import annotations

from typing import Any

import pytest

from federation import cavage, signatures
from federation.messages import HttpMessage
from tests.security.commerce import owner
from tests.security.peers import ACTIVITY, Peer, a_note
from tests.security.reading import a_reaction, an_undo
from tests.security.talking import a_quote_for, threads
from tests.security.world import World

pytestmark = pytest.mark.anyio
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
SECRET = "the cellar key lies under the third stone"


def signed(
    world: World, path: str, who: Peer, *, old: bool, method: str = "GET", **headers: str
) -> HttpMessage:
    """A request of somebody's, as their server signs it."""
    given = {"accept": ACTIVITY, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = HttpMessage.request(method, world.v.base + path, given)
    if old:
        return cavage.sign(request, who.rsa, now=world.clock())
    return signatures.sign(request, who.ed25519, now=world.clock())


async def a_secret(world: World, visibility: str) -> str:
    """A post of the shop's for tess: as its follower, or by name; its path."""
    shop = world.v.actor("shop")
    await world.v.tell(world.t, a_reaction(world.t, shop, "Follow", to=[shop]), "shop")
    to = {"to": ["@tess@t.example"]} if visibility == "direct" else {}
    made = await owner(world.v, "shop", "post.new", text=SECRET, visibility=visibility, **to)
    await world.v.settle()
    return str(made["id"]).removeprefix(world.v.base)


def looks(answer: HttpMessage) -> tuple[Any, ...]:
    """What a stranger can tell one answer from another by."""
    kept = sorted((name, value) for name, value in answer.headers if name not in ("date", "x-request-id"))
    return answer.status, answer.body, kept


@pytest.mark.parametrize("visibility", ["followers", "direct"])
@pytest.mark.parametrize("old", [False, True])
async def test_p03_what_is_for_tess_opens_to_her_signature_and_to_no_other(
    world: World, visibility: str, old: bool
) -> None:
    path = await a_secret(world, visibility)
    never = f"/posts/{'x' * len(path.rpartition('/')[2])}"
    opened = await world.v.ask(signed(world, path, world.t, old=old))
    assert (opened.status, SECRET.encode() in opened.body) == (200, True)
    assert "public" not in (opened.header("cache-control") or "")
    sibling = world.peer("t.example", "sibling")
    for who in (world.m, sibling):
        for method in ("GET", "HEAD"):
            for more in (
                {},
                {"range": "bytes=0-10"},
                {"accept": HTML},
                {"accept": "*/*"},
                {"accept": 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'},
                {"if_none_match": "*"},
                {"if_modified_since": "Sat, 01 Jan 2000 00:00:00 GMT"},
                {"x_http_method_override": "GET"},
                {"from": world.t.id},
            ):
                told = [
                    looks(await world.v.ask(signed(world, where, who, old=old, method=method, **more)))
                    for where in (path, never)
                ]
                assert told[0] == told[1], (method, more)
                assert SECRET.encode() not in told[0][1]
                assert told[0][0] in (404, 406)


async def test_p03_tess_can_lend_her_signature_to_nobody_and_for_nothing_else(world: World) -> None:
    path, other = await a_secret(world, "direct"), await a_secret(world, "direct")
    good = signed(world, path, world.t, old=False)
    old = signed(world, path, world.t, old=True)
    for one in (good, old):
        moved = HttpMessage.request("GET", world.v.base + other, dict(one.headers))
        assert (await world.v.ask(moved)).status in (401, 404)
        headed = HttpMessage.request("HEAD", world.v.base + path, dict(one.headers))
        assert (await world.v.ask(headed)).status in (401, 404)
        asked = HttpMessage.request("GET", f"{world.v.base}{path}?x=1", dict(one.headers))
        assert SECRET.encode() not in (await world.v.ask(asked)).body
        renamed = [(n, v.replace("tess", "mallory")) for n, v in one.headers]
        assert (
            SECRET.encode()
            not in (await world.v.ask(HttpMessage.request("GET", one.url, dict(renamed)))).body
        )
    world.clock.advance(hours=2)
    for one in (good, old):
        assert SECRET.encode() not in (await world.v.ask(one)).body


@pytest.mark.parametrize("how", ["leaves", "is blocked", "is removed"])
async def test_p03_who_follows_no_more_reads_no_more(world: World, how: str) -> None:
    path, shop = await a_secret(world, "followers"), world.v.actor("shop")
    if how == "leaves":
        gone = {"type": "Follow", "actor": world.t.id, "object": shop}
        await world.v.tell(world.t, an_undo(world.t, gone), "shop")
    elif how == "is blocked":
        await world.v.command("shun.block", account="shop", who=world.t.id)
    else:
        await world.v.command("followers.remove", account="shop", who=world.t.id)
    await world.v.settle()
    answer = await world.v.ask(signed(world, path, world.t, old=False))
    assert (answer.status, SECRET.encode() in answer.body) == (404, False)


async def test_p03_quote_is_read_by_its_customer_alone(world: World) -> None:
    quote = await a_quote_for(world, world.t)
    path = quote.note_id.removeprefix(world.v.base)
    assert (await world.v.ask(signed(world, path, world.t, old=False))).status == 200
    for who in (world.m, world.peer("t.example", "sibling")):
        for below in ("", "/replies", "/likes", "/shares", "/activity"):
            answer = await world.v.ask(signed(world, path + below, who, old=False))
            assert answer.status == 404
            assert quote.reference.encode() not in answer.body


async def test_secret_page_of_a_quote_is_indexed_and_found_by_nobody(world: World) -> None:
    quote = await a_quote_for(world, world.t)

    async def get(path: str, accept: str = HTML, method: str = "GET") -> HttpMessage:
        return await world.v.ask(HttpMessage.request(method, world.v.base + path, {"accept": accept}))

    page = f"/quotes/{quote.secret}"
    seen = await get(page)
    assert seen.status == 200
    assert "noindex" in (seen.header("x-robots-tag") or "") + seen.body.decode()
    for accept in (HTML, ACTIVITY, "application/json", "*/*"):
        body = (await get(page, accept)).body
        assert quote.reference.encode() not in body
        assert world.t.id.encode() not in body
        assert b"tess" not in body
    for public in ("/@shop", "/@shop/feed.atom", "/robots.txt", "/sitemap.xml", "/actors/shop/outbox/page/1",
                   "/actors/shop", "/", "/nodeinfo/2.1"):  # fmt: skip
        assert quote.secret.encode() not in (await get(public)).body
    for wrong in (quote.secret[:-1], f"{quote.secret}x", quote.secret.swapcase(), "%25", "_" * 22,
                  quote.reference, f"{quote.secret}/", "", "*", f"{quote.secret}%00"):  # fmt: skip
        answer = await get(f"/quotes/{wrong}")
        assert answer.status == (400 if "%00" in wrong else 404), wrong
        assert b"North Kid" not in answer.body


async def test_secret_page_of_a_quote_is_kept_by_no_cache(world: World) -> None:
    quote = await a_quote_for(world, world.t)
    request = HttpMessage.request("GET", f"{world.v.base}/quotes/{quote.secret}", {"accept": HTML})
    kept = (await world.v.ask(request)).header("cache-control") or ""
    assert "no-store" in kept or "private" in kept


async def test_links_on_the_secret_page_of_a_quote_do_not_tell_its_address(world: World) -> None:
    quote = await a_quote_for(world, world.t)
    request = HttpMessage.request("GET", f"{world.v.base}/quotes/{quote.secret}", {"accept": HTML})
    seen = await world.v.ask(request)
    said = (seen.header("referrer-policy") or "") + seen.body.decode()
    assert "no-referrer" in said or "same-origin" in said


@pytest.mark.parametrize(
    "line",
    ["M.EXAMPLE", "m.example.", "https://m.example/@mallory", "@m.example", "m.example:443", "ｍ.example",
     "m。example", " m.example "],
)  # fmt: skip
async def test_c12_block_of_a_domain_holds_however_it_and_its_people_are_spelt(
    world: World, line: str
) -> None:
    await world.v.command("block.add", domain=line)
    for host in ("m.example", "sub.m.example", "a.b.m.example"):
        who = world.peer(host, "mallory")
        told = a_note(who, world.v.actor("shop"), "Hello")
        assert (await world.v.post(who.prove(told), "shop", key=who.ed25519)).status == 403
    for spelled in ("https://M.example/actors/mallory", "https://m.example./actors/mallory",
                    "https://m.example:443/actors/mallory"):  # fmt: skip
        told = a_note(world.m, world.v.actor("shop"), "Hello")
        told["actor"] = told["object"]["attributedTo"] = spelled
        answered = await world.v.post(told, "shop", key=world.m.rsa, old_scheme=True)
        assert answered.status in (400, 401, 403)
    await world.v.settle()
    assert await threads(world) == []
    neighbour = world.peer("xm.example", "nina")
    told = a_note(neighbour, world.v.actor("shop"), "Hello")
    assert (await world.v.post(neighbour.prove(told), "shop", key=neighbour.ed25519)).status == 202


async def test_list_of_blocks_takes_no_formula_no_star_no_number_and_not_ourselves(world: World) -> None:
    lines = {
        "=cmd|'/C calc'!A1": "wrong", "*.example": "hidden", "*": "hidden", "v.example": "ours",
        "example": "ours",
        "V.EXAMPLE.": "ours", "https://v.example/@shop": "ours", "127.0.0.1": None, "2130706433": "wrong",
        "0x7f.1": "wrong", "bad_host!": "wrong", "x" * 300: "wrong", "bücher.test": "new",
        "xn--bcher-kva.test": "twice",
        "BÜCHER.TEST.": "twice", "a.bücher.test": "twice", "user@evil.test": None, "evil.test/path": "wrong",
        "-evil.test": None, "": None,
    }  # fmt: skip
    text = "#domain,#severity,#public_comment\n" + "".join(
        '"' + line.replace('"', '""') + '",suspend,"=HYPERLINK(""https://m.example"")"\n' for line in lines
    )
    judged = await world.v.command("block.import", csv=text)
    verdicts = {one["text"]: one["verdict"] for one in judged["lines"]}
    for line, expected in lines.items():
        if expected is not None:
            assert verdicts[line[:300]] == expected, line
    await world.v.command("block.import", csv=text, apply=True)
    assert await world.v.is_alive()
    exported = (await world.v.command("block.export"))["csv"]
    for cell in exported.replace("\n", ",").split(","):
        assert cell.strip('"')[:1] not in ("=", "+", "-", "@"), cell
    assert "v.example" not in exported


@pytest.mark.parametrize(
    "domain",
    [
        "example",
        "EXAMPLE.",
        "v.example",
        "V.EXAMPLE.",
        "https://v.example/",
    ],
)
async def test_owner_cannot_block_the_node_itself_by_the_domain_above_it(world: World, domain: str) -> None:
    with pytest.raises(AssertionError, match=r"itself|own|above"):
        await world.v.command("block.add", domain=domain)
