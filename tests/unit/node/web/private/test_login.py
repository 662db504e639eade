"""Logging in and out, by password and by link; what an owner sees of it, and ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher

from node.commands import answer, build_commands
from node.domain.accounts import Account
from node.web.sessions import ABSOLUTE, FRESH, IDLE, SEEN_EVERY
from tests.unit.node.web.private.conftest import PASSWORD, House

pytestmark = pytest.mark.anyio


async def ask(house: House, name: str, **arguments: Any) -> Any:
    answered = await answer(build_commands(), house.node, name, arguments)
    return answered.get("result", answered)


async def link_of(house: House) -> str:
    url: str = (await ask(house, "login.link", account="ana"))["url"]
    return url.removeprefix(house.base)


# --- by password ------------------------------------------------------------------------------------------


async def test_logging_in_and_out(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    assert browser.at.url == "https://ana.example/my"
    seen = await browser.submit({}, "/logout")
    assert "You are logged out." in seen.words
    assert not any("session" in name for name in browser.cookies)
    assert (await browser.get("/my", follow=False)).header("location") == "/login"


async def test_logged_out_token_opens_nothing(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    kept = dict(browser.cookies)
    await browser.submit({}, "/logout")
    browser.cookies.update(kept)
    assert (await browser.get("/my", follow=False)).status == 303


async def test_name_may_be_typed_as_a_handle(house: House) -> None:
    await house.move_in()
    browser = house.browser()
    await browser.get("/login")
    assert (await browser.submit({"name": "@Ana@ana.example", "password": PASSWORD})).status == 200


async def test_account_without_a_password_is_not_logged_in_by_one(house: House) -> None:
    await house.move_in(password=False)
    browser = house.browser()
    await browser.get("/login")
    assert (await browser.submit({"name": "ana", "password": "anything at all"})).status == 422


async def test_hash_of_old_parameters_is_renewed_at_the_log_in(house: House) -> None:
    before = await house.move_in()
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    await house.node.work(lambda desk: desk.tx.accounts.save(replace(before, password_hash=old)))
    await house.logged_in()
    account = await account_of(house)
    assert (account.password_hash or "").startswith("$argon2id$v=19$m=8,t=1,p=1$")
    await house.logged_in()
    assert await account_of(house) == account


async def account_of(house: House) -> Account:
    account = await house.node.look(lambda desk: desk.tx.accounts.by_name("ana"))
    assert account is not None
    return account


async def test_logging_in_anew_ends_what_this_browser_was_before(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    old = dict(browser.cookies)
    session = browser.cookies.pop("__Host-session")
    await browser.get("/login")
    browser.cookies["__Host-session"] = session
    await browser.submit({"name": "ana", "password": PASSWORD})
    assert browser.cookies["__Host-session"] != session
    browser.cookies = old
    assert (await browser.get("/my", follow=False)).status == 303


async def test_whoever_is_logged_in_is_led_on(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    assert (await browser.get("/login?next=/my/security")).url == "https://ana.example/my/security"


# --- how long ---------------------------------------------------------------------------------------------


async def test_session_ends_after_rest(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    house.clock.now += IDLE - SEEN_EVERY
    assert (await browser.get("/my", follow=False)).status == 200
    house.clock.now += IDLE
    assert (await browser.get("/my", follow=False)).status == 303


async def test_session_ends_at_last_however_much_it_is_used(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    for _ in range(ABSOLUTE // IDLE + 1):
        house.clock.now += IDLE * 0.9
        await browser.get("/my", follow=False)
    for _ in range(2):
        house.clock.now += IDLE * 0.5
    assert (await browser.get("/my", follow=False)).status == 303


async def test_being_seen_is_noted_coarsely(house: House) -> None:
    account = await house.move_in()
    browser = await house.logged_in()
    made = house.clock.now
    house.clock.forward(seconds=200)
    await browser.get("/my")
    sessions = await house.node.look(lambda desk: desk.tx.sessions.all(account.id))
    assert sessions[0].last_seen_at == made
    house.clock.forward(seconds=200)
    await browser.get("/my")
    sessions = await house.node.look(lambda desk: desk.tx.sessions.all(account.id))
    assert sessions[0].last_seen_at == house.clock.now


# --- by link ----------------------------------------------------------------------------------------------


async def test_link_lets_in_once(house: House) -> None:
    await house.move_in(password=False)
    path = await link_of(house)
    browser = house.browser()
    for _ in range(2):  # what looks at links in advance uses nothing up
        assert "Log in as Ana" in (await browser.get(path)).words
    seen = await browser.submit()
    assert (seen.status, seen.url) == (200, "https://ana.example/my/security")
    other = house.browser()
    assert (await other.get(path)).status == 404
    token = path.partition("=")[2]
    assert (await other.post("/login/link", {"token": token})).status == 404


async def test_link_is_over_after_a_quarter_of_an_hour(house: House) -> None:
    await house.move_in()
    browser = house.browser()
    await browser.get(await link_of(house))
    house.clock.forward(minutes=15)
    assert (await browser.submit()).status == 404


async def test_guessing_links_is_slowed_down(house: House) -> None:
    browser = house.browser()
    statuses = [(await browser.post("/login/link", {"token": "A" * 43})).status for _ in range(12)]
    assert statuses[-1] == 429


async def test_guesses_at_links_and_links_themselves_keep_nobody_out(house: House) -> None:
    await house.move_in(password=False)
    guesser = house.browser()
    for _ in range(12):
        seen = await guesser.post("/login/link", {"token": "A" * 43})
    assert seen.status == 429
    for _ in range(10):
        browser = house.browser()
        await browser.get(await link_of(house))
        assert (await browser.submit()).status == 200


async def test_who_came_by_a_link_may_set_a_password_without_the_old_one(house: House) -> None:
    await house.move_in(password=False)
    browser = house.browser()
    await browser.get(await link_of(house))
    await browser.submit()
    seen = await browser.submit({"password": "six patient unicycles"}, "/my/security/password")
    assert "Your password is new" in seen.words
    again = house.browser()
    await again.get("/login")
    assert (await again.submit({"name": "ana", "password": "six patient unicycles"})).status == 200


async def test_links_are_made_for_accounts_that_are_there(house: House) -> None:
    assert "error" in await ask(house, "login.link", account="nobody")


async def test_set_up_link_is_made_while_nobody_can_log_in_and_no_longer(house: House) -> None:
    assert await ask(house, "setup.needed") == {"needed": True}
    assert "/setup?token=" in (await ask(house, "setup.link"))["url"]
    await house.move_in()
    assert await ask(house, "setup.needed") == {"needed": False}
    assert (await ask(house, "setup.link"))["error"]["right"] == "To get in again: obverse login-link"


# --- what the owner sees ----------------------------------------------------------------------------------


async def test_owner_sees_who_tried_and_ends_another_browser(house: House) -> None:
    await house.move_in()
    stolen = await house.logged_in(user_agent="Mozilla/5.0 (iPhone) Version/19 Safari/605")
    browser = await house.logged_in()
    guesser = house.browser(user_agent="curl/8")
    await guesser.get("/login")
    await guesser.submit({"name": "ana", "password": "a guess of mine"})
    seen = await browser.get("/my/security")
    assert "Safari, iPhone" in seen.words
    assert "curl turned away" in seen.words
    seen = await browser.submit({}, "/my/security/end")
    assert "That browser is logged out." in seen.words
    assert (await stolen.get("/my", follow=False)).status == 303
    assert (await browser.get("/my", follow=False)).status == 200


async def test_nobody_ends_anothers_session(house: House) -> None:
    await house.move_in()
    await house.move_in("bob")
    ana, bob = await house.logged_in(), await house.logged_in("bob")
    hashes = await house.node.look(
        lambda desk: [s.token_hash for s in desk.tx.sessions.all(f"{house.base}/actors/ana")]
    )
    assert (await bob.post("/my/security/end", {"session": hashes[0][:16]})).status == 404
    assert (await ana.get("/my", follow=False)).status == 200


@pytest.mark.parametrize(
    ("password", "words"),
    [("short", "Use at least 10."), ("aaaaaaaaaaaaaa", "Use a few words."), ("", "This is empty.")],
)
async def test_poor_password_is_refused_with_what_would_be_right(
    house: House, password: str, words: str
) -> None:
    await house.move_in()
    browser = await house.logged_in()
    await browser.get("/my/security")
    seen = await browser.submit({"current": PASSWORD, "password": password}, "/my/security/password")
    assert seen.status == 422
    assert words in seen.words
    await house.logged_in()


# --- proving it anew --------------------------------------------------------------------------------------


async def test_what_binds_asks_again_after_five_minutes(house: House) -> None:
    await house.move_in(password=False)
    browser = house.browser()
    await browser.get(await link_of(house))
    await browser.submit()
    house.clock.now += FRESH
    house.clock.forward(seconds=1)
    seen = await browser.submit({"password": "six patient unicycles"}, "/my/security/password")
    assert seen.url == "https://ana.example/my/confirm?next=/my/security"


async def test_proving_it_leads_back_to_where_it_was_asked(house: House) -> None:
    account = await house.move_in()
    browser = await house.logged_in()
    house.clock.forward(hours=1)
    await browser.get("/my/confirm?next=/my/security")
    seen = await browser.submit({"password": "not my password"})
    assert (seen.status, "This is not your password." in seen.words) == (422, True)
    seen = await browser.submit({"password": PASSWORD})
    assert seen.url == "https://ana.example/my/security"
    sessions = await house.node.look(lambda desk: desk.tx.sessions.all(account.id))
    assert sessions[0].confirmed_at == house.clock.now
