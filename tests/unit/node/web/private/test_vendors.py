"""A person's vendors: found, shown before they are added, listed by what happened last, taken off again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import pytest

from federation.keys import SigningKey
from node.domain.accounts import Contact
from node.public.documents import Documents
from node.store.ports import Block, Follower, FollowState
from node.web.places import place_of
from node.web.qr import draw_code
from tests.browsing import Seen
from tests.integration.conftest import CATALOGUE, Home, World, cast_bicycle
from tests.unit.node.web.private.street import Street

pytestmark = pytest.mark.anyio

NORTH = "https://north.example/actors/north"
NORTH_PAGE = f"/my/vendors/{place_of(NORTH)}"


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


async def contacts(street: Street) -> list[Contact]:
    account = f"{street.base}/actors/ana"
    return await street.ana.node.look(lambda desk: desk.tx.contacts.all(account))


async def change(home: Home, **over: Any) -> None:
    """Let the account of a node show another face."""

    def work(desk: Any) -> None:
        desk.tx.accounts.save(replace(desk.tx.accounts.by_name(home.name), **over))

    await home.node.work(work)


async def found(street: Street, who: str, **headers: Any) -> Seen:
    return await street.browser.get(f"/my/vendors/found?who={quote(who, safe='')}", **headers)


# --- the list ---------------------------------------------------------------------------------------------


async def test_empty_list_teaches_how_the_first_is_added(world: World) -> None:
    street = await Street.of(world)
    seen = await street.browser.get("/my/vendors")
    assert "You know no vendor yet" in seen.words
    assert "@shop@example.org" in seen.words
    assert seen.read.links["Add a vendor"] == "/my/vendors/add"
    assert "Find among them" not in seen.words


async def test_list_goes_by_what_happened_last(world: World) -> None:
    street = await Street.of(world, "north", "south", "west")
    await cast_bicycle(street.ana, "south")
    await world.settle()
    words = (await street.browser.get("/my/vendors")).words
    assert words.index("@south@") < words.index("@north@") < words.index("@west@")
    assert "1 not decided" in words
    assert words.count("Nothing between you yet") == 2
    await cast_bicycle(street.ana, "west")
    await world.settle()
    words = (await street.browser.get("/my/vendors")).words
    assert words.index("@west@") < words.index("@south@") < words.index("@north@")


async def test_agreed_and_new_are_told_apart_from_what_is_open(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    await cast_bicycle(street.ana, "north")
    await world.settle()
    await street.ana.ask("deal.accept", offer=(await street.ana.deal()).id)
    await world.settle()
    words = (await street.browser.get("/my/vendors")).words
    assert "1 under way" in words
    assert "not decided" not in words
    assert " New " in words


async def test_vendor_that_lacks_one_of_her_terms_says_so_in_the_list(world: World) -> None:
    street = await Street.of(world, "north")
    assert "accepts your terms" in (await street.browser.get("/my/vendors")).words
    north = (await contacts(street))[0]
    await street.ana.node.work(lambda desk: desk.tx.contacts.save(replace(north, terms_accepted=())))
    assert "does not accept PDC-INTENT and SD-BASE-DP" in (await street.browser.get("/my/vendors")).words
    await street.ana.node.work(lambda desk: desk.tx.contacts.save(replace(north, implements=())))
    assert "no Obverse node" in (await street.browser.get("/my/vendors")).words


async def test_list_is_searched_by_words_and_says_where_nothing_is(world: World) -> None:
    street = await Street.of(world, "north", "south")
    words = (await street.browser.get("/my/vendors?find=NORTH+example")).words
    assert "@north@" in words
    assert "@south@" not in words
    seen = await street.browser.get("/my/vendors?find=fish")
    assert "None of your vendors is called so" in seen.words
    assert seen.read.links["Add a vendor"] == "/my/vendors/add"
    part = await street.browser.get("/my/vendors?find=north", hx_request="true")
    assert "<html" not in part.html
    assert "@north@" in part.words


async def test_long_list_comes_in_pages(world: World) -> None:
    street = await Street.of(world, "north")
    north = (await contacts(street))[0]

    def many(desk: Any) -> None:
        for n in range(70):
            desk.tx.contacts.save(replace(north, actor=f"{NORTH}{n:02}", handle=f"@n{n:02}@north.example"))

    await street.ana.node.work(many)
    first = await street.browser.get("/my/vendors")
    assert "@n29@" in first.words
    assert "@n30@" not in first.words
    second = await street.browser.get(first.read.links["Older"])
    assert "@n30@" in second.words
    assert second.read.links["Newer"] == "/my/vendors"
    last = await street.browser.get(second.read.links["Older"])
    assert "@n69@" in last.words
    assert "Older" not in last.read.links
    assert "Nothing on this page" in (await street.browser.get("/my/vendors?page=9")).words
    for strange in ("0", "-1", "x", "99999999", "²"):
        assert "@n28@" in (await street.browser.get(f"/my/vendors?page={quote(strange)}")).words


async def test_another_accounts_vendors_are_none_of_hers(world: World) -> None:
    street = await Street.of(world, "north")
    bea = await street.another("bea")
    assert "You know no vendor yet" in (await bea.get("/my/vendors")).words
    for path in ("", "/remove"):
        assert (await bea.get(NORTH_PAGE + path)).status == 404
    for path in ("/remove", "/again"):
        assert (await bea.post(NORTH_PAGE + path)).status == 404
    assert len(await contacts(street)) == 1
    for path in ("/my/vendors/%FF", "/my/vendors/x", f"/my/vendors/{place_of('https://nobody.example/')}"):
        assert (await street.browser.get(path)).status == 404


# --- somebody new -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "who",
    [
        "@north@north.example",
        "north@north.example",
        "acct:north@north.example",
        "https://north.example/@north",
        "north.example/@north",
        NORTH,
    ],
)
async def test_vendor_is_shown_before_it_is_added(world: World, who: str) -> None:
    street = await Street.of(world)
    await world.vendor("north")
    await street.browser.get("/my/vendors/add")
    seen = await found(street, who)
    assert seen.status == 200
    assert "@north@north.example" in seen.words
    assert "Its own server names it: checked" in seen.words
    assert "SD-BASE-DP" in seen.words
    assert "none just now" in seen.words
    assert "z6Mk" in seen.words
    assert await contacts(street) == []
    seen = await street.browser.submit(action=f"/my/vendors/found?who={quote(who, safe='')}")
    assert seen.url == street.base + NORTH_PAGE
    assert "North is among your vendors now." in seen.words
    (north,) = await contacts(street)
    assert north.actor == NORTH
    assert north.proven_at == world.clock.now
    assert north.keys[0].startswith("z6Mk")


async def test_link_from_elsewhere_fills_the_form_and_asks_nobody(world: World) -> None:
    street = await Street.of(world)
    await world.vendor("north")
    before = len(world.network.sent)
    seen = await street.browser.get(f"/my/vendors/add?who={quote(NORTH, safe='')}")
    assert dict(seen.form("/my/vendors/found").fields)["who"] == NORTH
    assert len(world.network.sent) == before
    for site in ("cross-site", "same-site"):
        seen = await found(street, NORTH, sec_fetch_site=site)
        assert seen.url.startswith(f"{street.base}/my/vendors/add?who=")
        assert dict(seen.form("/my/vendors/found").fields)["who"] == NORTH
    assert len(world.network.sent) == before
    assert await contacts(street) == []


async def test_link_still_says_whom_it_is_about_after_the_log_in(world: World) -> None:
    street = await Street.of(world)
    await street.browser.submit(action="/logout")
    link = f"/my/vendors/add?who={quote(NORTH, safe='')}"
    seen = await street.browser.get(link)
    assert seen.url.startswith(f"{street.base}/login?next=")
    seen = await street.browser.submit({"name": "ana", "password": "four quiet bicycles"})
    assert dict(seen.form("/my/vendors/found").fields)["who"] == NORTH


async def test_persons_own_server_tells_shops_where_she_adds_them(world: World) -> None:
    """A code opens the shop's page; her own address there brings her to her node, where she is asked."""
    street = await Street.of(world)
    await world.vendor("north")
    app = world.network.apps["north.example"]
    browser = type(street.browser)(app, "https://north.example", says={"accept": "text/html"})
    await browser.get("/@north")
    seen = await browser.submit({"handle": "@ana@ana.example"}, "/follow")
    assert f"https://ana.example/authorize_interaction?uri={quote(NORTH, safe='')}" in seen.html


@pytest.mark.parametrize(
    ("who", "wrong", "right"),
    [
        ("", "This is empty.", "Please fill it in."),
        ("north", "This is neither a handle nor a link.", "@shop@shop.example"),
        ("@north@", "This is neither a handle nor a link.", "https://"),
        ("@nobody@north.example", "knows nobody by this name", "letter by letter"),
        ("https://north.example/@nobody", "knows nobody by this name", "letter by letter"),
        ("@north@silent.example", "Their server does not answer.", "after the last @"),
        ("https://silent.example/@north", "Their server does not answer.", "after the last @"),
        ("@a@10.0.0.1", "not on the public internet", "by which everybody reaches them"),
        ("@spam@spam.example", "it was blocked", "obverse block remove"),
        ("@ana@ana.example", "This is you.", "Give the vendor's handle"),
        ("https://ana.example/@ana", "This is you.", "Give the vendor's handle"),
    ],
)
async def test_whoever_is_not_found_is_told_of_in_words_with_what_would_help(
    world: World, who: str, wrong: str, right: str
) -> None:
    street = await Street.of(world)
    await world.vendor("north")
    world.network.down.add("silent.example")
    node = street.ana.node
    node.blocks.replace([Block("spam.example", world.clock.now)])
    seen = await found(street, who)
    assert seen.status == 422
    assert wrong in seen.words
    assert right in seen.words.replace("’", "'")
    assert dict(seen.form("/my/vendors/found").fields)["who"] == who
    assert "/my/vendors/found?who=" not in seen.html
    part = await found(street, who, hx_request="true")
    assert part.status == 422
    assert wrong in part.words
    assert await contacts(street) == []


async def test_server_that_never_answers_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    street = await Street.of(world)
    monkeypatch.setattr("node.workflows.acquaintance.WITHIN_S", 0.05)

    async def forever(scope: object, receive: object, send: object) -> None:
        await anyio.sleep_forever()

    world.network.apps["slow.example"] = forever
    with anyio.fail_after(5):  # one request alone would be waited for twice as long
        seen = await found(street, "@a@slow.example")
    assert "Their server does not answer." in seen.words


async def test_person_is_no_vendor_and_cannot_be_added(world: World) -> None:
    street = await Street.of(world)
    await world.person("bob")
    seen = await found(street, "@bob@bob.example")
    assert "This is no vendor" in seen.words
    assert "Vendors have accounts of their own" in seen.words
    assert not [form for form in seen.read.forms if form.action.startswith("/my/vendors/found?")]


async def test_server_itself_is_no_vendor(world: World) -> None:
    street = await Street.of(world)
    await world.vendor("north")
    seen = await found(street, "https://north.example/actor")
    assert "Name an account on it" in seen.words


async def test_account_of_other_software_can_be_kept_and_is_said_to_read_no_intents(world: World) -> None:
    street = await Street.of(world)
    await world.vendor("north")
    app = world.network.apps["north.example"]
    world.network.apps["north.example"] = _without(app, b'"https://w3id.org/obverse/ns#protocol-1"')
    seen = await found(street, NORTH)
    assert "It has no Obverse node" in seen.words
    await street.browser.submit(action=f"/my/vendors/found?who={quote(NORTH, safe='')}")
    seen = await street.browser.get(NORTH_PAGE)
    assert "no Obverse node" in seen.words
    assert "Ask for an offer" not in seen.read.links


def _without(app: Any, what: bytes) -> Any:
    """The same application, in whose answers something else stands."""

    async def changed(scope: Any, receive: Any, send: Any) -> None:
        async def tell(message: Any) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": message.get("body", b"").replace(what, b'"x:' + what[4:])}
            await send(message)

        await app(scope, receive, tell)

    return changed


async def test_vendor_that_is_there_already_leads_to_its_page(world: World) -> None:
    street = await Street.of(world, "north")
    seen = await found(street, "@north@north.example")
    assert "It is among your vendors already" in seen.words
    assert seen.read.links["To its page"] == NORTH_PAGE


async def test_what_changed_since_she_looked_is_asked_again(world: World) -> None:
    street = await Street.of(world)
    north = await world.vendor("north")
    await found(street, NORTH)
    await change(north, terms_accepted=())
    action = f"/my/vendors/found?who={quote(NORTH, safe='')}"
    seen = await street.browser.submit(action=action)
    assert seen.status == 422
    assert "has changed since you looked. Nobody was added." in seen.words
    assert "It does not accept all of your terms" in seen.words
    assert await contacts(street) == []
    seen = await street.browser.submit(action=action)
    assert seen.status == 200
    assert len(await contacts(street)) == 1


async def test_server_that_falls_silent_between_two_clicks_adds_nobody(world: World) -> None:
    street = await Street.of(world)
    await world.vendor("north")
    await found(street, NORTH)
    world.network.down.add("north.example")
    seen = await street.browser.submit(action=f"/my/vendors/found?who={quote(NORTH, safe='')}")
    assert seen.status == 422
    assert "Nobody was added. Their server does not answer." in seen.words
    assert await contacts(street) == []


async def test_handle_that_its_host_gives_to_another_is_not_called_proven(world: World) -> None:
    street = await Street.of(world)
    await world.vendor("north")
    app = world.network.apps["north.example"]

    async def denies(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith("/.well-known/webfinger"):
            scope = {**scope, "path": "/nothing", "raw_path": b"/nothing"}
        await app(scope, receive, send)

    world.network.apps["north.example"] = denies
    seen = await found(street, NORTH)
    assert "Not shown yet that the handle is its own" in seen.words
    assert "Its own server names it" not in seen.words


async def test_standing_offers_are_counted(world: World) -> None:
    street = await Street.of(world)
    north = await world.vendor("north")
    await north.ask("catalogue.import", csv=CATALOGUE)
    await north.ask("post.add", sku="MILK", lasts="30d")
    assert "1 offer" in (await found(street, NORTH)).words


async def test_shop_on_her_own_node_is_found_without_asking_anybody(world: World) -> None:
    street = await Street.of(world)
    await world.account(street.ana, "bakery", "vendor")
    before = len(world.network.sent)
    for who in ("@bakery@ana.example", "https://ana.example/@bakery"):
        seen = await found(street, who)
        assert "Its own server names it" in seen.words
        assert "none just now" in seen.words
    assert len(world.network.sent) == before


async def test_vendors_account_has_no_vendors(world: World) -> None:
    street = await Street.of(world)
    await world.account(street.ana, "bakery", "vendor")
    await street._let_in(street.ana, "bakery")
    browser = street._browser(world, street.ana)
    await browser.get("/login")
    await browser.submit({"name": "bakery", "password": "four quiet bicycles"})
    for path in ("/my/vendors", "/my/vendors/add", f"/my/vendors/found?who={NORTH}"):
        assert (await browser.get(path)).status == 403


# --- one vendor -------------------------------------------------------------------------------------------


async def test_page_of_a_vendor_says_who_it_is_and_what_lies_between(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    seen = await street.browser.get(NORTH_PAGE)
    assert "Nothing yet" in seen.words
    await cast_bicycle(street.ana, "north")
    await world.settle()
    seen = await street.browser.get(NORTH_PAGE)
    assert "child bicycle" in seen.words
    assert "an offer is here" in seen.words
    assert "north.example" in seen.words
    assert "z6Mk" in seen.words
    assert seen.words.count("accepted") >= 3
    assert seen.read.links["What it offers to everybody"] == f"/my/buy?vendor={quote('@north@north.example')}"
    buy = await street.browser.get(seen.read.links["What it offers to everybody"])
    assert "Offered by North" in buy.words


async def test_many_deals_with_one_vendor_come_in_pages(world: World) -> None:
    street = await Street.of(world, "north")
    for n in range(17):
        await cast_bicycle(street.ana, "north", name=f"bicycle {n:02}")
    await world.settle()
    first = await street.browser.get(NORTH_PAGE)
    assert "bicycle 16" in first.words
    assert "bicycle 01" not in first.words
    second = await street.browser.get(first.read.links["Older"])
    assert "bicycle 01" in second.words
    assert "bicycle 16" not in second.words
    assert second.read.links["Newer"] == NORTH_PAGE
    assert "Nothing on this page" in (await street.browser.get(f"{NORTH_PAGE}?before=1")).words
    assert "bicycle 16" in (await street.browser.get(f"{NORTH_PAGE}?before=x")).words


async def test_asking_for_an_offer_begins_with_this_vendor_chosen(world: World) -> None:
    street = await Street.of(world, "north", "south")
    seen = await street.browser.get(NORTH_PAGE)
    seen = await street.browser.get(seen.read.links["Ask for an offer"])
    assert "For North." in seen.words
    refused = await street.browser.submit()
    assert refused.status == 422
    assert "For North." in refused.words
    seen = await street.browser.submit({"template": "product"})
    seen = await street.browser.get(re.sub("/what$", "/vendors", seen.url.removeprefix(street.base)))
    assert [value for name, value in seen.form().fields if name == "vendor"] == [NORTH]


async def test_strange_vendor_in_the_address_is_not_chosen(world: World) -> None:
    street = await Street.of(world, "north")
    for strange in ("x", "%FF", place_of("https://nobody.example/")):
        seen = await street.browser.get(f"/my/intents/new?vendor={strange}")
        assert seen.form().action == "/my/intents/new"
        assert "You can choose others too" not in seen.words


async def test_looking_again_takes_over_what_its_server_shows_now(world: World) -> None:
    street = await Street.of(world, "north")
    await change(world.homes["north"], display_name="North of the River", terms_accepted=())
    await street.browser.get(NORTH_PAGE)
    seen = await street.browser.submit(action=f"{NORTH_PAGE}/again")
    assert "North of the River" in seen.words
    assert "does not accept PDC-INTENT and SD-BASE-DP" in seen.words
    assert "Looked at again just now." in seen.words


async def test_another_key_than_before_is_no_small_matter(world: World) -> None:
    street = await Street.of(world, "north")
    north = (await contacts(street))[0]
    await street.ana.node.work(lambda desk: desk.tx.contacts.save(replace(north, keys=("z6MkOther",))))
    seen = await found(street, NORTH)
    assert "Its key is another one than before" in seen.words
    await street.browser.get(NORTH_PAGE)
    seen = await street.browser.submit(action=f"{NORTH_PAGE}/again")
    assert "Ask the vendor, by another way, whether that is right." in seen.words


async def test_looking_again_at_a_silent_server_keeps_what_was_known(world: World) -> None:
    street = await Street.of(world, "north")
    before = await contacts(street)
    world.network.down.add("north.example")
    await street.browser.get(NORTH_PAGE)
    seen = await street.browser.submit(action=f"{NORTH_PAGE}/again")
    assert seen.status == 422
    assert "Their server does not answer." in seen.words
    assert await contacts(street) == before


async def test_vendor_that_asks_to_follow_her_is_answered_on_its_page(world: World) -> None:
    street = await Street.of(world, "north")
    ana = f"{street.base}/actors/ana"
    follow = Follower(
        ana, NORTH, f"{NORTH}/inbox", None, f"{NORTH}/f/1", FollowState.PENDING, world.clock.now
    )
    await street.ana.node.work(lambda desk: desk.tx.followers.save(follow))
    seen = await street.browser.get(NORTH_PAGE)
    assert "It asks to follow you" in seen.words
    action = f"{NORTH_PAGE}/follower"
    seen = await street.browser.post(action, {"may": "yes", "form_token": _token(seen)})
    assert "It follows you now." in seen.words
    assert "follows you" in (await street.browser.get("/my/vendors")).words
    await street.browser.get(NORTH_PAGE)
    seen = await street.browser.submit(action=action)
    assert "It does not follow you." in seen.words
    assert "follows you" not in (await street.browser.get("/my/vendors")).words
    seen = await street.browser.post(action, {"may": "no", "form_token": _token(seen)})
    assert seen.status == 422
    assert "hey do not ask any more" in seen.words


def _token(seen: Seen) -> str:
    return next(value for form in seen.read.forms for name, value in form.fields if name == "form_token")


async def test_taking_one_off_the_list_is_asked_for_by_name_and_keeps_the_deals(world: World) -> None:
    street = await Street.of(world, "north", rule=True)
    await cast_bicycle(street.ana, "north")
    await world.settle()
    seen = await street.browser.get(NORTH_PAGE)
    seen = await street.browser.get(seen.read.links["Take it off the list"])
    assert "Take “North” off the list?" in seen.words
    assert "1 deal with it is not over and goes on." in seen.words
    assert len(await contacts(street)) == 1
    seen = await street.browser.submit(action=f"{NORTH_PAGE}/remove")
    assert seen.url == f"{street.base}/my/vendors"
    assert "North is no longer among your vendors." in seen.words
    assert await contacts(street) == []
    assert "child bicycle" in (await street.browser.get("/my/deals")).words
    assert (await street.browser.post(f"{NORTH_PAGE}/remove", {"form_token": _token(seen)})).status == 404


async def test_draft_that_names_it_is_told_of_before_it_is_taken_off(world: World) -> None:
    street = await Street.of(world, "north")
    await street.compose("north")
    assert "It is chosen in 1 draft of yours" in (await street.browser.get(f"{NORTH_PAGE}/remove")).words


async def test_what_hides_in_a_name_is_made_visible(world: World) -> None:
    street = await Street.of(world)
    north = await world.vendor("north")
    await change(north, display_name="Nor\u202eth<script>")
    seen = await found(street, NORTH)
    assert "Nor[U+202E]th<script>" in seen.words
    assert "<script>alert" not in seen.html
    assert "\u202e" not in seen.html


# --- how others find her ----------------------------------------------------------------------------------


async def test_own_address_is_shown_with_a_code_that_leads_to_the_public_page(world: World) -> None:
    street = await Street.of(world)
    seen = await street.browser.get("/my/code")
    assert "@ana@ana.example" in seen.words
    assert "https://ana.example/@ana" in seen.words
    assert "z6Mk" in seen.words
    assert '<img src="/@ana/qr.svg"' in seen.html
    drawing = await street.browser.get("/@ana/qr.svg")
    assert drawing.header("content-type").startswith("image/svg+xml")
    assert b"<svg" in drawing.body


async def test_shops_public_page_shows_its_code_to_everybody(world: World) -> None:
    street = await Street.of(world)
    await world.vendor("north")
    app = world.network.apps["north.example"]
    stranger = type(street.browser)(app, "https://north.example", says={"accept": "text/html"})
    assert '<img src="/@north/qr.svg"' in (await stranger.get("/@north")).html
    drawing = await stranger.get("/@north/qr.svg")
    assert drawing.status == 200
    assert drawing.header("content-type") == "image/svg+xml"
    assert drawing.header("x-content-type-options") == "nosniff"
    assert "default-src 'none'" in drawing.header("content-security-policy")
    assert not drawing.header("set-cookie")
    assert drawing.body == draw_code("https://north.example/@north")
    assert (await stranger.head("/@north/qr.svg")).body == b""


async def test_code_of_nobody_is_what_any_missing_page_is(world: World) -> None:
    street = await Street.of(world)
    none = await street.browser.get("/@nobody/qr.svg", accept="text/html")
    page = await street.browser.get("/nothing", accept="text/html")
    assert (none.status, none.body) == (404, page.body)
    assert (await street.browser.post("/@ana/qr.svg")).status == 404


async def test_every_account_is_asked_on_its_own_node_and_only_a_person_casts(world: World) -> None:
    def places(document: Any) -> dict[str, str]:
        links = document["links"]
        return {link["rel"].rpartition("/")[2]: link["template"] for link in links if "template" in link}

    street = await Street.of(world)
    await world.account(street.ana, "bakery", "vendor")
    documents = Documents(street.base)
    ana = await street.ana.node.look(lambda desk: documents.webfinger(desk.tx, "acct:ana@ana.example"))
    shop = await street.ana.node.look(lambda desk: documents.webfinger(desk.tx, "acct:bakery@ana.example"))
    assert places(ana)["subscribe"] == "https://ana.example/authorize_interaction?uri={uri}"
    assert set(places(ana)) == {"subscribe", "Follow", "Object", "Create", "Offer"}
    assert set(places(shop)) == {"subscribe", "Follow", "Object", "Create"}
    assert all(
        place.startswith("https://ana.example/authorize_interaction") for place in places(ana).values()
    )


# --- servers that are not heard ---------------------------------------------------------------------------


async def test_blocked_server_is_asked_for_by_name_refused_from_then_on_and_heard_again(world: World) -> None:
    street = await Street.of(world, "north")
    await cast_bicycle(street.ana, "north")
    await world.settle()
    seen = await street.browser.get(NORTH_PAGE)
    seen = await street.browser.get(seen.read.links["Block its server"])
    assert "Block “north.example”?" in seen.words
    assert "1 deal with it is not over: its answers will be missing." in seen.words
    assert not street.ana.node.blocks("north.example")
    seen = await street.browser.submit(action=f"{NORTH_PAGE}/block")
    assert "north.example is blocked: nothing from it reaches you." in seen.words
    assert "You hear nothing from it" in seen.words
    assert street.ana.node.blocks("north.example")
    deal = (await street.ana.deal()).id
    await world.homes["north"].ask("deal.ask", deal=deal, text="Which colour?")
    await world.settle()
    assert "Which colour?" not in (await street.browser.get(f"/my/deals/{deal.rpartition('/')[2]}")).words
    await street.browser.get(NORTH_PAGE)
    seen = await street.browser.submit(action=f"{NORTH_PAGE}/unblock")
    assert "north.example is heard again." in seen.words
    assert not street.ana.node.blocks("north.example")
    again = await street.browser.post(f"{NORTH_PAGE}/unblock", {"form_token": _token(seen)})
    assert again.status == 200


async def test_wider_block_is_told_of_on_the_page_and_lifted_whole(world: World) -> None:
    street = await Street.of(world, "north")
    kept = Block("example", street.ana.node.now(), "")  # as older versions took it
    await street.ana.node.work(lambda desk: desk.tx.blocks.save(kept))
    street.ana.node.blocks.replace([kept])
    seen = await street.browser.get(NORTH_PAGE)
    assert "example has been blocked since" in seen.words
    await street.browser.submit(action=f"{NORTH_PAGE}/unblock")
    assert not street.ana.node.blocks("north.example")


async def test_block_that_would_hold_for_others_too_is_not_hers_to_make(world: World) -> None:
    street = await Street.of(world, "north")
    await street.another("bea")
    seen = await street.browser.get(NORTH_PAGE)
    assert "Block its server" not in seen.read.links
    token = _token(seen)
    assert (await street.browser.get(f"{NORTH_PAGE}/block")).status == 404
    for act in ("block", "unblock"):
        assert (await street.browser.post(f"{NORTH_PAGE}/{act}", {"form_token": token})).status == 404
    assert not street.ana.node.blocks("north.example")
    await street.ana.ask("block.add", domain="north.example")
    seen = await street.browser.get(NORTH_PAGE)
    assert "Whoever runs your node can lift that" in seen.words


async def test_shop_of_the_same_node_cannot_be_blocked(world: World) -> None:
    street = await Street.of(world)
    await world.account(street.ana, "bakery", "vendor")
    await found(street, "@bakery@ana.example")
    seen = await street.browser.submit(
        action=f"/my/vendors/found?who={quote('@bakery@ana.example', safe='')}"
    )
    assert "Bakery is among your vendors now." in seen.words
    assert "Block its server" not in seen.read.links


async def test_pages_and_troubles_are_said_in_the_readers_language(world: World) -> None:
    street = await Street.of(world, "north")
    street.browser.says["accept-language"] = "de"
    assert "nimmt deine Bedingungen an" in (await street.browser.get("/my/vendors")).words
    assert "Zwischen euch" in (await street.browser.get(NORTH_PAGE)).words
    seen = await found(street, "@nobody@north.example")
    assert "Der Server antwortet, kennt aber niemanden mit diesem Namen." in seen.words
    assert "„north.example“ sperren?" in (await street.browser.get(f"{NORTH_PAGE}/block")).words
