"""Group U: what other sites, other people's pages and guessers cannot do with an owner's browser."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY

from node.desk import Desk
from node.web.screens import ALL
from node.web.visits import Screen
from tests.browsing import Browser
from tests.security.world import World

pytestmark = pytest.mark.anyio

PASSWORD = "four quiet bicycles"
NEW = "five loud tricycles"
ACTS = [screen for screen in ALL if screen.method == "POST"]
FROM_ELSEWHERE = {
    "another site": {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    "a site beside it": {"sec-fetch-site": "same-site", "origin": "https://other.v.example"},
    "another site, by an old browser": {"origin": "https://evil.example"},
    "another scheme": {"origin": "http://v.example"},
    "an origin that contradicts": {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
    "a page without an origin": {"origin": "null"},
    "nobody says where": {},
}


def path_of(screen: Screen) -> str:
    return re.sub(r"\{\w+(:int)?[^}]*\}", lambda match: "1" if match[1] else "x", screen.path)


@pytest.fixture(autouse=True)
def cheap_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """But where it is the work itself that is looked at, a hash costs nothing."""
    if "same_work" not in request.node.name:
        cheap = replace(RFC_9106_LOW_MEMORY, time_cost=1, memory_cost=8, parallelism=1)
        monkeypatch.setattr("node.web.passwords.RFC_9106_LOW_MEMORY", cheap)


async def let_in(world: World, **says: str) -> Browser:
    """A browser that is logged in as the person ana, by a password."""
    v = world.v
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

    def furnish(desk: Desk) -> None:
        account = desk.tx.accounts.by_name("ana")
        assert account is not None
        if account.password_hash is None:
            desk.tx.accounts.save(replace(account, password_hash=hashed))

    await v.open.node.work(furnish)
    browser = Browser(v.app, v.base, says={"sec-fetch-site": "same-origin"})
    await browser.get("/login")
    seen = await browser.submit({"name": "ana", "password": PASSWORD})
    assert (seen.status, seen.url) == (200, f"{v.base}/my"), seen.words
    return browser


async def sessions(world: World) -> int:
    return await world.v.open.node.look(lambda desk: len(desk.tx.sessions.all(world.v.actor("ana"))))


# --- U01 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("says", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
async def test_u01_no_act_is_done_for_a_form_that_is_not_ours(world: World, says: dict[str, str]) -> None:
    """Every act that there is, a new screen's too: accepting an offer, logging out, changing the password."""
    browser = await let_in(world)
    before = world.v.snapshot()
    browser.says = {"user-agent": browser.says["user-agent"], **says}
    for screen in ACTS:
        values = {"password": NEW, "current": PASSWORD, "name": "ana"}
        seen = await browser.post(path_of(screen), values, follow=False)
        assert seen.status == 403, (screen.path, seen.words)
    assert world.v.snapshot() == before


async def test_u01_token_of_the_form_speaks_for_a_browser_that_says_nothing(world: World) -> None:
    browser = await let_in(world)
    await browser.get("/my/security")
    browser.says = {}
    seen = await browser.submit({"current": PASSWORD, "password": NEW}, "/my/security/password")
    assert seen.status == 200
    assert "Your password is new" in seen.words


async def test_u01_token_of_another_session_speaks_for_nobody(world: World) -> None:
    browser, other = await let_in(world), await let_in(world)
    await other.get("/my/security")
    token = next(value for name, value in other.at.form().fields if name == "form_token")
    browser.says = {}
    values = {"current": PASSWORD, "password": NEW, "form_token": token}
    assert (await browser.post("/my/security/password", values)).status == 403


async def test_u01_nobody_is_logged_in_by_another_sites_form(world: World) -> None:
    await let_in(world)
    browser = Browser(world.v.app, world.v.base, says={"sec-fetch-site": "cross-site"})
    seen = await browser.post("/login", {"name": "ana", "password": PASSWORD, "next": ""})
    assert seen.status == 403
    assert not any("session" in name for name in browser.cookies)


async def test_u01_cookie_goes_nowhere_else_and_no_script_reads_it(world: World) -> None:
    browser = Browser(world.v.app, world.v.base, says={"sec-fetch-site": "same-origin"})
    await let_in(world)
    await browser.get("/login")
    seen = await browser.submit({"name": "ana", "password": PASSWORD}, follow=False)
    cookie = next(v for k, v in seen.headers if k == "set-cookie" and v.startswith("__Host-session="))
    assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


# --- U02 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/login", "/my", "/my/security", "/my/confirm", "/my/nowhere"])
async def test_u02_page_is_not_shown_inside_another(world: World, path: str) -> None:
    browser = await let_in(world)
    seen = await browser.get(path, follow=False)
    assert "frame-ancestors 'none'" in seen.header("content-security-policy")
    assert seen.header("x-frame-options") == "DENY"


async def test_u02_browser_that_frames_a_page_is_not_given_it(world: World) -> None:
    browser = await let_in(world)
    for place in ("iframe", "frame", "embed", "object"):
        seen = await browser.get("/my/security", sec_fetch_dest=place)
        assert seen.status == 403
        assert "Firefox" not in seen.words


# --- U03: the part of it that is the log-in's ---------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        "javascript:alert(1)",
        "https://evil.example/",
        "//evil.example/",
        "/my//evil.example",
        "/\\evil.example",
    ],
)
async def test_u03_log_in_leads_nowhere_else(world: World, wanted: str) -> None:
    await let_in(world)
    browser = Browser(world.v.app, world.v.base, says={"sec-fetch-site": "same-origin"})
    await browser.get(f"/login?next={wanted}")
    assert wanted not in browser.at.html
    seen = await browser.submit({"name": "ana", "password": PASSWORD, "next": wanted}, follow=False)
    assert (seen.status, seen.header("location")) == (303, "/my")


# --- U05 --------------------------------------------------------------------------------------------------


async def test_u05_new_password_ends_all_other_sessions(world: World) -> None:
    browser, stolen = await let_in(world), await let_in(world)
    await browser.get("/my/security")
    await browser.submit({"current": PASSWORD, "password": NEW}, "/my/security/password")
    assert await sessions(world) == 1
    assert (await stolen.get("/my", follow=False)).status == 303
    assert (await browser.get("/my", follow=False)).status == 200


async def test_u05_so_does_one_that_is_set_by_command(world: World) -> None:
    browser = await let_in(world)
    await world.v.command("user.passwd", account="ana", password=NEW)
    assert (await browser.get("/my", follow=False)).status == 303
    assert await sessions(world) == 0


async def test_u05_session_cannot_set_a_password_without_knowing_the_old_one(world: World) -> None:
    stolen = await let_in(world)
    await stolen.get("/my/security")
    seen = await stolen.submit({"current": "a guess of mine", "password": NEW}, "/my/security/password")
    assert seen.status == 422
    await let_in(world)


# --- U06 --------------------------------------------------------------------------------------------------


async def guess(world: World, name: str, times: int) -> list[int]:
    browser = Browser(world.v.app, world.v.base, says={"sec-fetch-site": "same-origin"})
    await browser.get("/login")
    statuses = []
    for number in range(times):
        values = {"name": name, "password": f"guess number {number}", "next": ""}
        seen = await browser.post("/login", values)
        statuses.append(seen.status)
        if seen.status == 429:
            assert int(seen.header("retry-after")) >= 1
    return statuses


@pytest.mark.parametrize("name", ["ana", "nobody_here"])
async def test_u06_guessing_is_slowed_down_whether_the_name_exists_or_not(world: World, name: str) -> None:
    await let_in(world)
    statuses = await guess(world, name, 14)
    assert set(statuses) == {422, 429}
    assert statuses.count(422) <= 8
    assert statuses[-4:] == [429] * 4


async def test_u06_right_password_does_not_help_while_guessing_is_slowed_down(world: World) -> None:
    await let_in(world)
    await guess(world, "ana", 12)
    browser = Browser(world.v.app, world.v.base, says={"sec-fetch-site": "same-origin"})
    await browser.get("/login")
    assert (await browser.submit({"name": "ana", "password": PASSWORD})).status == 429
    world.clock.advance(minutes=5)
    await browser.get("/login")
    assert (await browser.submit({"name": "ana", "password": PASSWORD})).status == 200


async def test_u06_spelling_the_name_otherwise_is_no_way_around(world: World) -> None:
    await let_in(world)
    spellings = ["ana", "ANA", "@ana", "Ana@v.example", " ana "]
    statuses = [status for name in spellings for status in await guess(world, name, 3)]
    assert statuses.count(422) <= 8


async def test_u06_many_names_are_slowed_down_together(world: World) -> None:
    statuses = [status for number in range(70) for status in await guess(world, f"name{number}", 1)]
    assert statuses[-1] == 429
    assert statuses.count(422) <= 60


async def test_u06_answer_for_an_unknown_name_is_the_same_and_takes_the_same_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await let_in(world)
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, hash: str, password: str) -> bool:  # noqa: A002 - the library's name
        checked.append(hash.rpartition("$")[0].rpartition("$")[0])
        return bool(verify(self, hash, password))

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    told = []
    for name in ("ana", "shop", "nobody_here"):
        browser = Browser(world.v.app, world.v.base, says={"sec-fetch-site": "same-origin"})
        await browser.get("/login")
        seen = await browser.submit({"name": name, "password": "not this one, surely"})
        token = dict(browser.at.form("/login").fields)["form_token"]
        plain = re.sub(r'data-options="[^"]*"', "", seen.html)  # a challenge of its own each time
        told.append((seen.status, plain.replace(name, "NAME").replace(token, "TOKEN")))
    assert told[0] == told[1] == told[2]
    assert len(checked) == 3
    assert checked[1] == checked[2] == "$argon2id$v=19$m=65536,t=3,p=4"
