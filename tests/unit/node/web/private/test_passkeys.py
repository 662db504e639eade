"""Passkeys: made once, shown often; what proves nothing opens nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.web.passkeys import CREDENTIAL_CHARS, Passkeys, Unproven
from tests.authenticator import Authenticator, b64, options_in
from tests.browsing import Browser
from tests.unit.node.web.private.conftest import PASSWORD, START, House

pytestmark = pytest.mark.anyio

NEW = "/my/security/passkeys/new"


async def with_passkey(house: House, device: Authenticator, name: str = "Phone") -> Browser:
    """A browser that is logged in and has added a passkey."""
    browser = await house.logged_in()
    seen = await browser.get(NEW)
    seen = await browser.submit({"name": name, "credential": device.make(options_in(seen.html))}, NEW)
    assert f"The passkey {name} opens your pages" in seen.words, seen.words
    return browser


async def shown(house: House, device: Authenticator, *, browser: Browser | None = None) -> Any:
    browser = browser or house.browser()
    seen = await browser.get("/login")
    return await browser.submit({"credential": device.show(options_in(seen.html))}, "/login/passkey")


# --- adding and logging in --------------------------------------------------------------------------------


async def test_passkey_that_was_added_logs_in(house: House) -> None:
    account = await house.move_in()
    device = Authenticator()
    await with_passkey(house, device)
    house.clock.forward(minutes=1)
    seen = await shown(house, device)
    assert (seen.status, seen.url) == (200, "https://ana.example/my")
    (kept,) = await house.node.look(lambda desk: desk.tx.passkeys.all(account.id))
    assert (kept.sign_count, kept.last_used_at, kept.transports) == (2, house.clock.now, ("internal",))
    attempts = await house.node.look(lambda desk: desk.tx.attempts.recent(account.id))
    assert (attempts[0].how, attempts[0].succeeded) == ("passkey", True)


async def test_login_leads_back_to_where_it_was_asked(house: House) -> None:
    await house.move_in()
    device = Authenticator()
    await with_passkey(house, device)
    browser = house.browser()
    seen = await browser.get("/my/security")
    seen = await browser.submit({"credential": device.show(options_in(seen.html))}, "/login/passkey")
    assert seen.url == "https://ana.example/my/security"


async def test_page_asks_for_a_key_that_names_its_owner_by_itself(house: House) -> None:
    options = options_in((await house.browser().get("/login")).html)
    assert options["rpId"] == "ana.example"
    assert options["userVerification"] == "required"
    assert options["allowCredentials"] == []


async def test_device_that_has_one_is_not_asked_for_another(house: House) -> None:
    await house.move_in()
    device = Authenticator()
    browser = await with_passkey(house, device)
    options = options_in((await browser.get(NEW)).html)
    assert [one["id"] for one in options["excludeCredentials"]] == [b64(device.id)]
    assert options["authenticatorSelection"]["residentKey"] == "required"
    seen = await browser.submit({"name": "Again", "credential": device.make(options)}, NEW)
    assert (seen.status, "here already" in seen.words) == (422, True)


async def test_adding_asks_who_it_is_first(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    house.clock.forward(minutes=6)
    assert (await browser.get(NEW)).url.endswith("/my/confirm?next=/my/security/passkeys/new")


# --- what opens nothing -----------------------------------------------------------------------------------


async def test_key_of_nobody_here_opens_nothing(house: House) -> None:
    await house.move_in()
    seen = await shown(house, Authenticator())
    assert (seen.status, "does not open anything here" in seen.words) == (422, True)


@pytest.mark.parametrize(
    "flaw",
    [
        {"origin": "https://ana.example.evil.example"},
        {"origin": "http://ana.example"},
        {"domain": "evil.example"},
        {"verifies": False},
        {"counts": False, "count": 1},
        {"key": Authenticator().key},
    ],
    ids=["origin", "scheme", "domain", "unverified owner", "a copy", "another key"],
)
async def test_proof_with_a_flaw_opens_nothing(house: House, flaw: dict[str, Any]) -> None:
    await house.move_in()
    device = Authenticator()
    await with_passkey(house, device)
    assert (await shown(house, replace(device, **flaw))).status == 422


@pytest.mark.parametrize(
    "flaw", [{"origin": "https://evil.example"}, {"verifies": False}, {"domain": "x.example"}]
)
async def test_key_that_was_made_with_a_flaw_is_not_kept(house: House, flaw: dict[str, Any]) -> None:
    account = await house.move_in()
    browser = await house.logged_in()
    seen = await browser.get(NEW)
    credential = Authenticator(**flaw).make(options_in(seen.html))
    assert (await browser.submit({"name": "Phone", "credential": credential}, NEW)).status == 422
    assert await house.node.look(lambda desk: desk.tx.passkeys.all(account.id)) == []


async def test_proof_that_was_overheard_is_worth_nothing(house: House) -> None:
    await house.move_in()
    device = Authenticator()
    await with_passkey(house, device)
    browser = house.browser()
    seen = await browser.get("/login")
    credential = device.show(options_in(seen.html))
    kept = dict(browser.cookies)
    assert (await browser.submit({"credential": credential}, "/login/passkey")).status == 200
    browser.cookies = kept
    again = await browser.post("/login/passkey", {"credential": credential, "next": ""})
    assert again.status == 422
    other = house.browser()
    await other.get("/login")
    assert (await other.post("/login/passkey", {"credential": credential, "next": ""})).status == 422


async def test_challenge_of_another_browser_is_not_answered_here(house: House) -> None:
    await house.move_in()
    device = Authenticator()
    await with_passkey(house, device)
    theirs = options_in((await house.browser().get("/login")).html)
    browser = house.browser()
    await browser.get("/login")
    assert (await browser.submit({"credential": device.show(theirs)}, "/login/passkey")).status == 422


async def test_challenge_is_over_after_ten_minutes(house: House) -> None:
    await house.move_in()
    device = Authenticator()
    await with_passkey(house, device)
    browser = house.browser()
    seen = await browser.get("/login")
    house.clock.forward(minutes=10)
    credential = device.show(options_in(seen.html))
    assert (await browser.submit({"credential": credential}, "/login/passkey")).status == 422


async def test_guesses_at_a_password_lock_no_passkey_out(house: House) -> None:
    await house.move_in()
    device = Authenticator()
    await with_passkey(house, device)
    guesser = house.browser()
    await guesser.get("/login")
    for _ in range(12):
        seen = await guesser.post("/login", {"name": "ana", "password": "a guess of mine", "next": ""})
    assert seen.status == 429
    assert (await shown(house, device)).status == 200


async def test_passkeys_that_are_none_lock_no_passkey_out(house: House) -> None:
    await house.move_in()
    device = Authenticator()
    await with_passkey(house, device)
    guesser = house.browser()
    seen = await guesser.get("/login")
    for credential in ("nonsense", Authenticator(id=b"of nobody").show(options_in(seen.html))):
        for _ in range(12):
            seen = await guesser.post("/login/passkey", {"credential": credential, "next": ""})
    assert seen.status == 429
    assert (await shown(house, device)).status == 200


async def test_one_passkey_is_tried_so_often_and_no_other_with_it(house: House) -> None:
    await house.move_in()
    device, other = Authenticator(), Authenticator(id=b"another of hers")
    await with_passkey(house, device)
    await with_passkey(house, other)
    guesser = house.browser()
    forged = Authenticator(id=device.id).show(options_in((await guesser.get("/login")).html))
    statuses = [
        (await guesser.post("/login/passkey", {"credential": forged, "next": ""})).status for _ in range(12)
    ]
    assert (statuses[0], statuses[-1]) == (422, 429)
    assert (await shown(house, other)).status == 200


# --- proving it anew, taking away -------------------------------------------------------------------------


async def test_passkey_proves_it_anew_and_only_ones_own(house: House) -> None:
    await house.move_in()
    await house.move_in("bob")
    device, bobs = Authenticator(), Authenticator(id=b"a key of bob")
    browser = await with_passkey(house, device)
    bob = await house.logged_in("bob")
    seen = await bob.get(NEW)
    await bob.submit({"name": "Bob's", "credential": bobs.make(options_in(seen.html))}, NEW)
    house.clock.forward(hours=1)
    seen = await browser.get(NEW)
    assert [one["id"] for one in options_in(seen.html)["allowCredentials"]] == [b64(device.id)]
    seen = await browser.submit({"credential": bobs.show(options_in(seen.html))}, "/my/confirm/passkey")
    assert seen.status == 422
    seen = await browser.submit({"credential": device.show(options_in(seen.html))}, "/my/confirm/passkey")
    assert seen.url == f"https://ana.example{NEW}"


async def test_passkey_is_taken_away_by_name_and_opens_nothing_any_more(house: House) -> None:
    await house.move_in()
    device = Authenticator()
    browser = await with_passkey(house, device)
    seen = await browser.get(f"/my/security/passkeys/{b64(device.id)}")
    assert "Take the passkey Phone away?" in seen.words
    seen = await browser.submit({})
    assert "The passkey Phone opens nothing any more." in seen.words
    assert (await shown(house, device)).status == 422


async def test_last_thing_that_lets_in_is_not_taken_away(house: House) -> None:
    account = await house.move_in()
    device = Authenticator()
    browser = await with_passkey(house, device)
    await house.node.work(lambda desk: desk.tx.accounts.save(replace(account, password_hash=None)))
    await browser.get(f"/my/security/passkeys/{b64(device.id)}")
    seen = await browser.submit({})
    assert (seen.status, "This is all that lets you in." in seen.words) == (422, True)
    assert (await shown(house, device)).status == 200


async def test_nobody_sees_or_takes_anothers(house: House) -> None:
    await house.move_in()
    await house.move_in("bob")
    device = Authenticator()
    await with_passkey(house, device)
    bob = await house.logged_in("bob")
    path = f"/my/security/passkeys/{b64(device.id)}"
    assert (await bob.get(path)).status == 404
    assert (await bob.post(path)).status == 404


async def test_account_with_passkeys_alone_is_told_how_else_to_get_in(house: House) -> None:
    account = await house.move_in()
    browser = await with_passkey(house, Authenticator())
    await house.node.work(lambda desk: desk.tx.accounts.save(replace(account, password_hash=None)))
    house.clock.forward(hours=1)
    seen = await browser.get(NEW)
    assert "obverse login-link" in seen.words
    assert "/my/confirm" not in [one.action for one in seen.read.forms]
    assert PASSWORD not in seen.html


# --- what no browser brings -------------------------------------------------------------------------------

RITES = Passkeys("https://ana.example", secret=b"secret")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


def _verify(credential: str) -> None:
    for attempt in (
        lambda: RITES.verify_made(credential, browser="b", now=START),
        lambda: RITES.id_of(credential),
        lambda: RITES.verify_shown(credential, RITES_KEY, browser="b", now=START),
    ):
        with pytest.raises(Unproven):
            attempt()


def _a_key() -> Any:
    device = Authenticator()
    options = RITES.ask_to_make(user=b"u", name="ana", known=(), browser="b", nonce=b"n", now=START)
    made = RITES.verify_made(device.make(json.loads(options)), browser="b", now=START)
    return made.of("https://ana.example/actors/ana", "Phone", START)


RITES_KEY = _a_key()


@pytest.mark.parametrize("credential", ["", "{", "[]", "null", "[" * 5000, "x" * (CREDENTIAL_CHARS + 1)])
def test_nonsense_is_no_proof(credential: str) -> None:
    _verify(credential)


@given(JSON)
def test_any_json_is_no_proof(value: Any) -> None:
    with pytest.raises(Unproven):
        RITES.verify_made(json.dumps(value), browser="b", now=START)
    with pytest.raises(Unproven):
        RITES.verify_shown(json.dumps(value), RITES_KEY, browser="b", now=START)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_within_are_no_proof(attested: bytes, data: bytes) -> None:
    options = json.loads(
        RITES.ask_to_make(user=b"u", name="ana", known=(), browser="b", nonce=b"n", now=START)
    )
    made = json.loads(Authenticator().make(options))
    made["response"]["attestationObject"] = b64(attested)
    with pytest.raises(Unproven):
        RITES.verify_made(json.dumps(made), browser="b", now=START)
    shown = json.loads(Authenticator().show(options))
    shown["response"]["authenticatorData"] = b64(data)
    with pytest.raises(Unproven):
        RITES.verify_shown(json.dumps(shown), RITES_KEY, browser="b", now=START)
