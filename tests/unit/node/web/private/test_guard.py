"""What stands before every private page, by itself: whose form it is, and which cookie counts."""

from __future__ import annotations

import pytest

from node.web.guard import Cookies, Origin, is_framed, judge_origin, proves, token_of

BASE = "https://ana.example"


@pytest.mark.parametrize(
    ("says", "judged"),
    [
        ({"sec-fetch-site": "same-origin"}, Origin.OURS),
        ({"sec-fetch-site": "none", "origin": "null"}, Origin.OURS),
        ({"sec-fetch-site": "same-site"}, Origin.FOREIGN),
        ({"sec-fetch-site": "cross-site", "origin": "null"}, Origin.FOREIGN),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, Origin.FOREIGN),
        ({"origin": "https://ana.example.evil.example"}, Origin.FOREIGN),
        ({"origin": "http://ana.example"}, Origin.FOREIGN),
        ({"origin": BASE}, Origin.OURS),
        ({"origin": "null"}, Origin.UNTOLD),
        ({}, Origin.UNTOLD),
    ],
)
def test_whose_form_it_is_by_what_the_browser_says(says: dict[str, str], judged: Origin) -> None:
    assert judge_origin(says, BASE) is judged


def test_of_a_cookie_that_stands_twice_neither_counts() -> None:
    given = Cookies(is_secure=True).given("__Host-session=a; theme=dark; __Host-session=b")
    assert given == {"theme": "dark"}


def test_token_is_that_of_its_own_cookie_alone() -> None:
    assert proves(token_of("one"), "one")
    assert not proves(token_of("one"), "another")
    assert not proves(token_of(""), "")
    assert not proves("", "one")


@pytest.mark.parametrize(("dest", "framed"), [("iframe", True), ("object", True), ("document", False)])
def test_page_asked_for_to_be_put_into_another_is_known(dest: str, framed: bool) -> None:
    assert is_framed({"sec-fetch-dest": dest}) is framed


def test_cookie_is_bound_to_the_host_wherever_there_is_tls() -> None:
    assert Cookies(is_secure=True).set("__Host-session", "x", lasts_s=9) == (
        "__Host-session=x; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=9"
    )
    assert "Secure" not in Cookies(is_secure=False).set("session", "x")
