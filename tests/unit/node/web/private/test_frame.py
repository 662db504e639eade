"""What is around every private page: who is let in, whose forms count, what is told of trouble."""

from __future__ import annotations

import re

import pytest

from tests.unit.node.web.private.conftest import PASSWORD, House

pytestmark = pytest.mark.anyio


async def test_private_page_asks_for_the_log_in_and_leads_back(house: House) -> None:
    await house.move_in()
    browser = house.browser()
    seen = await browser.get("/my/security")
    assert seen.url == "https://ana.example/login?next=/my/security"
    seen = await browser.submit({"name": "ana", "password": PASSWORD})
    assert (seen.status, seen.url) == (200, "https://ana.example/my/security")
    assert "Firefox, Linux" in seen.words


async def test_private_pages_say_what_browsers_may_not_do_with_them(house: House) -> None:
    await house.move_in()
    for seen in ((await house.browser().get("/login")), (await (await house.logged_in()).get("/my"))):
        assert seen.header("cache-control") == "no-store"
        assert "frame-ancestors 'none'" in seen.header("content-security-policy")
        assert "unsafe" not in seen.header("content-security-policy")
        assert seen.header("referrer-policy") == "no-referrer"
        assert seen.header("x-content-type-options") == "nosniff"
        assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=", seen.html)


async def test_page_that_is_not_there_explains_and_offers_the_way_back(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    seen = await browser.get("/my/nowhere")
    assert seen.status == 404
    assert seen.read.links["Go to your first page"] == "/my"


async def test_method_that_no_screen_answers_is_named(house: House) -> None:
    seen = await house.browser().get("/logout")
    assert (seen.status, seen.header("allow")) == (405, "POST")


async def test_head_is_the_same_without_its_body(house: House) -> None:
    seen = await house.browser().head("/login")
    assert (seen.status, seen.body) == (200, b"")
    assert int(seen.header("content-length")) > 500


async def test_act_after_the_session_ended_changes_nothing_and_leads_to_the_log_in(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    await browser.get("/my/security")
    browser.cookies.clear()
    seen = await browser.submit(
        {"current": PASSWORD, "password": "another good one"}, "/my/security/password"
    )
    assert seen.status == 403
    assert "Nothing was done" in seen.words
    assert seen.read.links["Log in and go on"] == "/login?next=/my/security"


async def test_refused_form_keeps_what_was_typed_but_no_password(house: House) -> None:
    await house.move_in()
    browser = house.browser()
    await browser.get("/login")
    seen = await browser.submit({"name": "ana & co", "password": "wrong-password-here"})
    assert seen.status == 422
    assert 'value="ana &amp; co"' in seen.html
    assert "wrong-password-here" not in seen.html
    assert "do not fit together" in seen.words


async def test_form_with_a_field_that_it_does_not_have_is_none_of_ours(house: House) -> None:
    seen = await house.browser().post(
        "/login", {"name": "ana", "password": PASSWORD, "next": "", "admin": "1"}
    )
    assert seen.status == 400


@pytest.mark.parametrize(
    "body", [b"name=%zz", b"name=%ff", b"name=a&&x", b"\xff=1", b"a=1&" * 600 + b"a=1", b"name"]
)
async def test_body_that_no_browser_sends_is_refused(house: House, body: bytes) -> None:
    seen = await house.browser().post("/login", body)
    assert seen.status == 400, seen.words


async def test_json_is_no_form(house: House) -> None:
    seen = await house.browser().post("/login", b"{}", content_type="application/json")
    assert seen.status == 400


async def test_stranger_cannot_send_more_than_a_log_in_needs(house: House) -> None:
    seen = await house.browser().post("/login", b"name=" + b"a" * 20_000)
    assert (seen.status, seen.header("connection")) == (413, "close")


async def test_what_was_done_is_told_once(house: House) -> None:
    await house.move_in()
    browser = await house.logged_in()
    other = await house.logged_in()
    await browser.get("/my/security")
    seen = await browser.submit({}, "/my/security/end-others")
    assert "1 other browser is logged out." in seen.words
    assert "1 other browser is logged out." not in (await browser.get("/my/security")).words
    assert (await other.get("/my", follow=False)).status == 303


async def test_fault_of_ours_is_told_without_a_word_of_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("secret words of a fault")

    monkeypatch.setattr(house.node.db, "read", fails)
    browser = house.browser()
    browser.cookies["__Host-session"] = "A" * 43
    seen = await browser.get("/my")
    assert seen.status == 500
    assert b"secret" not in seen.body
    assert b"Traceback" not in seen.body


async def test_page_speaks_the_readers_language(house: House) -> None:
    seen = await house.browser(accept_language="de").get("/login")
    assert '<html lang="de"' in seen.html


async def test_only_ours_is_where_a_log_in_leads(house: House) -> None:
    await house.move_in()
    for wanted in (
        "https://evil.example/",
        "//evil.example",
        "/my//evil",
        "/\\evil.example",
        "javascript:alert(1)",
    ):
        browser = house.browser()
        await browser.get(f"/login?next={wanted}")
        seen = await browser.submit({"name": "ana", "password": PASSWORD, "next": wanted}, follow=False)
        assert (seen.status, seen.header("location")) == (303, "/my"), wanted
