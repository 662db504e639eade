"""Following, muting, blocking, moving and lists of servers, on the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from federation.keys import SigningKey
from node.domain.notes import Visibility
from node.domain.talking import Peer
from node.services.posting import Saying, say
from node.store.following import FollowingState
from node.store.ports import Follower, FollowState
from node.web.places import place_of
from tests.integration.conftest import World
from tests.unit.node.web.private.street import Street

pytestmark = pytest.mark.anyio

ANA, NORTH = "https://ana.example/actors/ana", "https://north.example/actors/north"
NORTH_PAGE = f"/my/vendors/{place_of(NORTH)}"


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


async def state(street: Street, actor: str = NORTH) -> FollowingState | None:
    found = await street.ana.node.look(lambda desk: desk.tx.follows.get(ANA, actor))
    return found.state if found is not None else None


async def keep_peer(street: Street, peer: Peer) -> None:
    """Their server has shown her node who somebody is."""
    await street.ana.node.work(lambda desk: desk.tx.peers.save(peer))


# --- followers --------------------------------------------------------------------------------------------


async def test_a_person_lets_somebody_follow_and_ends_it_and_blocks(world: World) -> None:
    street, north = await Street.of(world), await world.vendor("north")
    assert "Nobody follows you yet" in (await street.browser.get("/my/followers")).words
    await north.ask("following.add", who="@ana@ana.example")
    await world.settle()
    assert "asks to follow you" in (await street.browser.get("/my/notices")).words
    seen = await street.browser.get("/my/followers")
    assert NORTH in seen.words
    assert "They follow you now." in (await street.browser.submit({}, "/my/followers")).words
    await world.settle()
    found = await north.node.look(lambda desk: desk.tx.follows.get(NORTH, ANA))
    assert found is not None
    assert found.state is FollowingState.ACCEPTED
    assert "They do not follow you." in (await street.browser.submit({}, "/my/followers")).words
    gone = await street.browser.post("/my/followers", {"actor": NORTH, "may": "no"})
    assert gone.status == 422


async def test_follower_that_is_known_is_shown_by_name(world: World) -> None:
    street = await Street.of(world, "north")
    fan = Follower(ANA, NORTH, f"{NORTH}/inbox", None, f"{NORTH}/f", FollowState.ACCEPTED, world.clock())
    await street.ana.node.work(lambda desk: desk.tx.followers.save(fan))
    seen = await street.browser.get("/my/followers")
    assert "North @north@north.example" in seen.words
    seen = await street.browser.submit({}, "/my/shunned")
    assert "is blocked" in seen.words
    assert "Nobody follows you yet" in (await street.browser.get("/my/followers")).words


async def test_follower_who_only_wrote_is_shown_by_what_their_server_showed(world: World) -> None:
    street = await Street.of(world)
    bob = "https://north.example/users/bob"
    fan = Follower(ANA, bob, f"{bob}/inbox", None, f"{bob}/f", FollowState.ACCEPTED, world.clock())
    await street.ana.node.work(lambda desk: desk.tx.followers.save(fan))
    assert bob in (await street.browser.get("/my/followers")).words
    for handle, shown in (("", f"Bob {bob}"), ("@bob@north.example", "Bob @bob@north.example")):
        await keep_peer(street, Peer(bob, f"{bob}/inbox", world.clock(), handle, "Bob"))
        assert shown in (await street.browser.get("/my/followers")).words


@pytest.mark.parametrize(
    ("page", "entry"),
    [
        ("/my/followers", "/my/following"),
        ("/my/shunned", "/my/following"),
        ("/my/moves", "/my/following"),
        ("/my/interact", "/my/following"),
        ("/my/doctor", "/my/settings"),
        ("/my/conversations", "/my/conversations"),
    ],
)
async def test_the_rail_says_where_a_page_belongs(world: World, page: str, entry: str) -> None:
    street = await Street.of(world)
    html = (await street.browser.get(page)).html
    rail = html[html.index('<header class="rail">') : html.index("</header>")]
    assert rail.count("aria-current") == 1
    assert f'<a href="{entry}" aria-current="page">' in rail


# --- following --------------------------------------------------------------------------------------------


async def test_somebody_is_looked_up_shown_and_followed(world: World) -> None:
    street, _ = await Street.of(world), await world.vendor("north")
    assert 'action="/my/interact/found"' in (await street.browser.get("/my/following")).html
    seen = await street.browser.get("/my/interact/found?uri=@north@north.example")
    assert "@north@north.example" in seen.words
    assert await state(street) is None
    seen = await street.browser.submit({}, "/my/interact")
    assert "Not answered yet" in seen.words
    assert await state(street) is FollowingState.PENDING
    await world.settle()
    seen = await street.browser.get("/my/following")
    assert "You follow 1 account" in seen.words
    assert "lets you follow" in (await street.browser.get("/my/notices")).words
    seen = await street.browser.get(f"/my/interact/found?uri={quote(NORTH, safe='')}")
    assert "You follow this account." in seen.words
    await street.browser.get("/my/following")
    assert "no more" in (await street.browser.submit({}, "/my/following")).words
    assert await state(street) is FollowingState.REMOVED


@pytest.mark.parametrize(
    ("uri", "wrong"),
    [
        ("north", "neither a handle nor a link"),
        ("@nobody@north.example", "knows nobody"),
        ("@ana@ana.example", "This is you."),
        ("https://north.example/nothing", "knows nobody"),
    ],
)
async def test_who_is_not_found_is_said_in_words(world: World, uri: str, wrong: str) -> None:
    street, _ = await Street.of(world), await world.vendor("north")
    seen = await street.browser.get(f"/my/interact/found?uri={quote(uri, safe='')}")
    assert seen.status == 422
    assert wrong in seen.words
    assert f'value="{uri}"' in seen.html


async def test_vendor_is_followed_muted_and_blocked_from_its_page(world: World) -> None:
    street = await Street.of(world, "north")
    await street.browser.get(NORTH_PAGE)
    assert "server answers now" in (await street.browser.submit({}, f"{NORTH_PAGE}/follow")).words
    await world.settle()
    assert "You follow it" in (await street.browser.get(NORTH_PAGE)).words
    assert "no more" in (await street.browser.submit({}, f"{NORTH_PAGE}/follow")).words
    await street.browser.post("/my/shunned", {"actor": NORTH, "do": "mute"})
    assert "muted" in (await street.browser.get(NORTH_PAGE)).words
    await street.browser.post("/my/shunned", {"actor": NORTH, "do": "unmute"})
    await street.browser.post("/my/shunned", {"actor": NORTH, "do": "block"})
    seen = await street.browser.get("/my/shunned")
    assert "@north@north.example" in seen.words
    seen = await street.browser.post("/my/shunned", {"actor": NORTH, "do": "unblock"})
    assert "is heard again" in seen.words
    assert "You hear everybody" in seen.words
    again = await street.browser.post("/my/shunned", {"actor": NORTH, "do": "unblock"})
    assert again.status == 422


# --- found elsewhere --------------------------------------------------------------------------------------


async def test_u03_a_link_from_elsewhere_looks_nobody_up_and_does_nothing(world: World) -> None:
    street, _ = await Street.of(world), await world.vendor("north")
    sent = len(world.network.sent)
    seen = await street.browser.get(f"/authorize_interaction?uri={quote(NORTH, safe='')}")
    assert seen.status == 200
    assert dict(seen.form("/my/interact/found").fields)["uri"] == NORTH
    found = f"/my/interact/found?uri={quote(NORTH, safe='')}"
    seen = await street.browser.get(found, sec_fetch_site="cross-site")
    assert "/my/interact?uri=" in seen.url
    assert len(world.network.sent) == sent
    assert await state(street) is None


async def test_u03_whoever_is_not_logged_in_comes_back_to_what_was_asked(world: World) -> None:
    street, _ = await Street.of(world), await world.vendor("north")
    await street.browser.get("/my/security")
    await street.browser.post("/logout", {})
    seen = await street.browser.get(f"/authorize_interaction?uri={quote(NORTH, safe='')}")
    assert "/login?next=" in seen.url
    seen = await street.browser.submit({"name": "ana", "password": "correct horse"})
    assert seen.status in (200, 422)


@pytest.mark.parametrize(
    "query",
    [
        "uri=javascript:alert(1)",
        "uri=//evil.example",
        "uri=%0d%0alocation:%20https://evil.example",
        "uri=https://evil.example&next=https://evil.example",
        "acct=acct:bob@evil.example",
        "uri=%5C%5Cevil.example",
        "uri=" + "x" * 5000,
        "",
    ],
)
async def test_u03_interaction_leads_to_our_own_page_alone(world: World, query: str) -> None:
    street = await Street.of(world)
    for place in ("/authorize_interaction", "/authorize_interaction/offer", "/authorize_interaction/create"):
        seen = await street.browser.get(f"{place}?{query}", follow=False)
        assert seen.status == 303
        assert seen.header("location").startswith("/my/interact")
        assert "//" not in seen.header("location").partition("?")[0]


async def test_u03_way_back_is_named_before_anybody_goes_there(world: World) -> None:
    street, _ = await Street.of(world), await world.vendor("north")
    done, no = (quote(f"https://blog.example/{name}", safe="") for name in ("done", "no"))
    ends = f"&on-success={done}&on-cancel={no}"
    seen = await street.browser.get(f"/my/interact/found?uri={quote(NORTH, safe='')}{ends}")
    assert "Back to blog.example" in seen.words
    seen = await street.browser.submit({}, "/my/interact")
    assert "Go on at blog.example" in seen.words
    assert 'href="https://blog.example/done"' in seen.html
    for wrong in (
        "javascript:alert(1)",
        "http://blog.example/",
        "data:text/html,x",
        "//evil.example",
        "https://a@b/",
    ):
        seen = await street.browser.get(f"/my/interact/done?on-success={quote(wrong, safe='')}")
        assert "Go on at" not in seen.words
        assert wrong not in seen.html
    seen = await street.browser.get("/my/interact/done?on-success=(close)")
    assert "You can close this page." in seen.words


async def test_a_post_is_shown_and_answered_to_its_author(world: World) -> None:
    street, north = await Street.of(world), await world.vendor("north")

    def work(desk: Any) -> str:
        account = desk.tx.accounts.by_name("north")
        return say(desk, account, Saying(text="Milk is <b>here</b>", visibility=Visibility.PUBLIC)).id

    post = await north.node.work(work)
    seen = await street.browser.get(f"/my/interact/found?uri={quote(post, safe='')}")
    assert "A post by North" in seen.words
    assert "Milk is <b>here</b>" in seen.words
    seen = await street.browser.submit({"text": "", "readers": "direct"}, "/my/interact/reply")
    assert seen.status == 422
    seen = await street.browser.submit({"text": "Two, please", "readers": "direct"}, "/my/interact/reply")
    assert "on its way" in seen.words
    await world.settle()
    said = await street.ana.node.look(lambda desk: desk.tx.posts.all(ANA, "note"))
    assert [(one.in_reply_to, one.visibility) for one in said] == [(post, Visibility.DIRECT)]
    seen = await street.browser.post(
        "/my/interact/reply", {"uri": f"{post}x", "text": "Hm", "readers": "direct"}
    )
    assert seen.status == 422


async def test_another_page_proposes_words_and_nothing_is_said(world: World) -> None:
    street, _ = await Street.of(world), await world.vendor("north")
    seen = await street.browser.get(f"/authorize_interaction/create?content=x&text={quote('Look & see')}")
    assert "/my/posts/new" in seen.url
    assert "Look &amp; see" in seen.html
    seen = await street.browser.get(f"/authorize_interaction/create?text=Hi&reply={quote(NORTH, safe='')}")
    assert "/my/interact" in seen.url
    assert await street.ana.node.look(lambda desk: desk.tx.posts.all(ANA, "note")) == []


async def test_ask_me_leads_to_an_intent_for_this_vendor(world: World) -> None:
    street, _ = await Street.of(world), await world.vendor("north")
    seen = await street.browser.get(f"/authorize_interaction/offer?to={quote(NORTH, safe='')}")
    assert dict(seen.form("/my/interact/found").fields)["uri"] == NORTH
    seen = await street.browser.get(f"/my/interact/found?uri={quote(NORTH, safe='')}")
    assert f"/my/vendors/found?who={quote(NORTH, safe='')}" in seen.html
    await street.ana.ask("vendors.add", vendor="@north@north.example")
    seen = await street.browser.get(f"/my/interact/found?uri={quote(NORTH, safe='')}")
    assert f"/my/intents/new?vendor={place_of(NORTH)}" in seen.html


async def test_vendors_own_page_leads_a_visitor_to_the_node_where_she_asks(world: World) -> None:
    street, _ = await Street.of(world), await world.vendor("north")
    app = world.network.apps["north.example"]
    visitor = type(street.browser)(app, "https://north.example", says={"accept": "text/html"})
    answers = {"@ana@ana.example": "Go on at ana.example", "@north@north.example": "no Obverse node"}
    for handle, said in answers.items():
        values = {"account": "@north@north.example", "want": "ask", "handle": handle}
        seen = await visitor.post("/follow", values)
        assert said in seen.words
    place = f"/authorize_interaction/offer?to={quote(NORTH, safe='')}"
    seen = await visitor.post("/follow", {**values, "handle": "@ana@ana.example"})
    assert f"https://ana.example{place}" in seen.html
    seen = await street.browser.get(place)
    assert dict(seen.form("/my/interact/found").fields)["uri"] == NORTH


async def test_whoever_lives_on_the_same_node_follows_from_there(world: World) -> None:
    street = await Street.of(world)
    await world.account(street.ana, "bakery", "vendor")
    app = world.network.apps["ana.example"]
    visitor = type(street.browser)(app, "https://ana.example", says={"accept": "text/html"})
    seen = await visitor.post("/follow", {"account": "@bakery@ana.example", "handle": "@ana@ana.example"})
    bakery = quote("https://ana.example/actors/bakery", safe="")
    assert f"https://ana.example/authorize_interaction?uri={bakery}" in seen.html
    seen = await visitor.post("/follow", {"account": "@bakery@ana.example", "handle": "@no@ana.example"})
    assert seen.status == 422


# --- moving -----------------------------------------------------------------------------------------------


async def test_a_move_waits_for_her_word(world: World) -> None:
    street, north = await Street.of(world, "north"), world.homes["north"]
    shop = await world.vendor("shop")
    await street.ana.ask("following.add", who="@north@north.example")
    await world.settle()
    await shop.ask("account.alias.add", who=NORTH)
    await north.ask("account.move", to="@shop@shop.example")
    await world.settle()
    assert "has moved" in (await street.browser.get("/my/notices")).words
    seen = await street.browser.get("/my/moves")
    assert "@north@north.example is now @shop@shop.example" in seen.words
    seen = await street.browser.submit({}, "/my/moves")
    assert "takes the old one’s place" in seen.words
    assert "You went along." in seen.words
    await world.settle()
    assert await state(street, "https://shop.example/actors/shop") is FollowingState.ACCEPTED
    seen = await street.browser.post("/my/moves", {"actor": NORTH, "may": "no"})
    assert seen.status == 422


async def test_network_and_moving_are_settled_on_one_page(world: World) -> None:
    street, north = await Street.of(world), await world.vendor("north")
    page = "/my/settings/network"
    await street.browser.get(page)
    assert "Strangers may read" in (await street.browser.submit({"shown": "on"}, page)).words
    seen = await street.browser.post(page, {})
    assert "numbers alone" in seen.words
    seen = await street.browser.submit({"who": "@north@north.example"}, f"{page}/alias")
    assert NORTH in seen.words
    assert "taken away" in (await street.browser.submit({}, f"{page}/alias/remove")).words
    seen = await street.browser.submit({"who": "nobody"}, f"{page}/alias")
    assert seen.status == 422
    await street.browser.get(page)
    seen = await street.browser.submit({"to": "@north@north.example", "sure": "bea"}, f"{page}/move")
    assert (seen.status, "Write ana." in seen.words) == (422, True)
    await north.ask("account.alias.add", who="@ana@ana.example")
    seen = await street.browser.submit({"to": "@north@north.example", "sure": "ana"}, f"{page}/move")
    assert "Your followers are told" in seen.words
    assert "This account has moved" in (await street.browser.get("/my/following")).words
    await street.browser.get(page)
    assert "in use again" in (await street.browser.submit({}, f"{page}/return")).words
    assert "the next time is possible" in street.browser.at.words


# --- servers ----------------------------------------------------------------------------------------------


async def test_list_of_servers_is_looked_at_then_taken_over_then_saved(world: World) -> None:
    street = await Street.of(world)
    page = "/my/settings/blocks"
    assert "Every server is heard" in (await street.browser.get(page)).words
    seen = await street.browser.submit({"domain": "SPAM.example.", "reason": "spam"}, page)
    assert "spam.example is blocked" in seen.words
    seen = await street.browser.submit({"domain": "no domain"}, page)
    assert seen.status == 422
    await street.browser.get(page)
    lines = ("spam.example,suspend", "bad.example,suspend", "loud.example,silence", "h*.example,suspend")
    pasted = "\n".join(["#domain,#severity", *lines])
    seen = await street.browser.submit({"pasted": pasted}, f"{page}/look")
    assert "1 server would be blocked." in seen.words
    assert "3 lines are left out." in seen.words
    assert not street.ana.node.blocks("bad.example")
    seen = await street.browser.submit({}, f"{page}/apply")
    assert "1 server is blocked." in seen.words
    assert street.ana.node.blocks("bad.example")
    seen = await street.browser.post(f"{page}/apply", {})
    assert "no list any more" in seen.words
    assert (await street.browser.get(f"{page}/look")).url.endswith(page)
    saved = await street.browser.get(f"{page}/list")
    assert b"bad.example,suspend" in saved.body
    await street.browser.get(page)
    assert "is heard again" in (await street.browser.submit({}, f"{page}/remove")).words
    for nothing in ({}, {"pasted": "a,b,c,d\n"}):
        assert (await street.browser.post(f"{page}/look", nothing)).status == 422


async def test_what_all_of_a_node_do_not_hear_is_not_one_neighbours_to_say(world: World) -> None:
    street = await Street.of(world)
    await street.another("bea")
    page = "/my/settings/blocks"
    assert "whoever runs it decides" in (await street.browser.get(page)).words
    for path, form in (("", {"domain": "spam.example"}), ("/look", {"pasted": "a.example"}), ("/apply", {}),
                       ("/remove", {"domain": "spam.example"})):  # fmt: skip
        assert (await street.browser.post(page + path, form)).status == 403
    assert (await street.browser.get(f"{page}/list")).status == 403
    assert (await street.browser.get(f"{page}/look")).status == 403
