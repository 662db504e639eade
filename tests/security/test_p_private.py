"""Group P on the private pages: what a stranger wrote runs nothing, hides nothing and takes no page away.

A hostile shop writes to Ana wherever words travel, she as hostile to the shop; then every page that links
lead to is read, in both languages.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from node.desk import Desk
from node.web.shop.deals import place_of
from tests.browsing import Browser, Seen
from tests.security.household import ANA, PageReader, at_once, offers_of, walk
from tests.unit.node.web.private.conftest import PASSWORD
from tests.unit.node.web.private.dealing import Home, Street

pytestmark = pytest.mark.anyio

SIGN = "pzn"
"""What every poisoned text begins with, so that it is known to have come."""
POISON = (
    SIGN + "\"'><script>alert(1)</script><img src=x onerror=alert(1)></title></textarea></script>"
    '<a href="javascript:alert(1)">x</a><style>*{}</style><!--{{7*191}}{% raw %}%(name)s%n\u202e\u200b'
)
HIDDEN = "\u202e\u200b"
OWN_WORDS = (
    "/change",
    "/my/settings",
    "like=last",
    "/my/rules/",
    "/my/catalogue/item",
    "/my/offers/new",
    "sku=",
)
"""Pages with a form in which the viewer's own words stand, to be changed."""
ANSWERS = [{"wish": name, "answer": POISON, "meets": "partly"} for name in ("w1", "w2")]
WISHES = [
    {"wish": POISON, "weight": "must", "property": "colour", "op": "is", "value": POISON},
    {"wish": "red " + POISON},
]


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


CATALOGUE = f"""\
sku,name,category,price,currency,stock,lead_days,brand,prop.colour
NK20,{quoted(POISON)},Q11442,279.00,EUR,9,2,{quoted(POISON)},{quoted(POISON)}
"""


@dataclass
class Poisoned:
    """Three intents, their deals, one of them at its end; every text of them is poison."""

    street: Street
    intents: list[str] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    deals: list[str] = field(default_factory=list)


async def poisoned(street: Street) -> Poisoned:
    ana, north = street.homes["ana"], street.homes["north"]
    made = Poisoned(street)
    await north.opened.node.work(_call_itself)
    await north.ask("catalogue.import", csv=CATALOGUE)
    await north.ask("rules.remove", rule="At once")
    await north.ask("rules.add", name=POISON, text=POISON, fields=["name", "addresses"])
    await north.ask("post.add", sku="NK20", text=POISON)
    await ana.ask("vendors.add", account="ana", vendor="@north@north.example")
    wanted: dict[str, Any] = {"name": POISON, "text": POISON, "wishes": WISHES, "place": {"name": POISON}}
    for _ in range(3):
        made.intents.append(await street.cast("north", account="ana", **wanted))
        street.clock.forward(seconds=2)
    first, second, third = (deal.id for deal in reversed(await north.deals()))
    await north.ask("deal.ask", deal=first, text=POISON)
    await ana.ask("deal.ask", account="ana", deal=first, text=POISON)
    words = {"name": POISON, "brand": POISON, "text": POISON, "answers": ANSWERS}
    await north.ask("deal.offer", deal=first, price="250.00", fields=["name", "addresses"], **words)
    await street.settle()
    await ana.ask("deal.counter", account="ana", offer=second, price="200.00", text=POISON)
    await street.settle()
    await north.ask("deal.nobid", deal=second, reason="other", text=POISON)
    await ana.ask("deal.decline", account="ana", offer=third, reason="price", text=POISON)
    await street.settle()
    made.offers = await offers_of(await street.browser(), made.intents[0])
    await to_its_end(ana, north, first, street)
    made.deals = [first, second, third]
    return made


def _call_itself(desk: Desk) -> None:
    account = desk.tx.accounts.by_name("north")
    assert account is not None
    desk.tx.accounts.save(replace(account, display_name=POISON, summary=f"<p>{POISON}</p>"))


async def to_its_end(ana: Home, north: Home, deal: str, street: Street) -> None:
    given = {"name": POISON, "addresses": POISON}
    await ana.ask("deal.accept", account="ana", offer=deal, disclose=given)
    await street.settle()
    await north.ask("deal.progress", deal=deal, stage="delivered", name=POISON[:190], text=POISON)
    await north.ask("deal.receipt", deal=deal)
    await street.settle()
    await ana.ask("deal.progress", account="ana", deal=deal, stage="paid", name=POISON[:190], text=POISON)
    await ana.ask("deal.confirm", account="ana", deal=deal)
    aspects = [{"name": POISON[:190], "text": POISON}]
    await ana.ask("deal.feedback", account="ana", deal=deal, text=POISON, aspects=aspects)
    await ana.ask(
        "deal.feedback",
        account="ana",
        deal=deal,
        text=POISON,
        aspects=aspects,
        public=True,
        title=POISON[:190],
    )
    await street.settle()


def nothing_runs(path: str, seen: Seen) -> None:
    """That a page or file of ours loads, runs and leads to nothing of theirs, and says so by its headers."""
    policy = seen.header("content-security-policy")
    assert "default-src 'none'; script-src 'self'" in policy, path
    assert "unsafe" not in policy, path
    assert seen.header("x-content-type-options") == "nosniff", path
    assert seen.header("cache-control") == "no-store", path
    assert seen.status < 500, path
    if seen.header("content-type").startswith("text/html"):
        assert PageReader(seen.html).wrong == [], path
        assert "1337" not in seen.html, path
        return
    if seen.body:
        assert seen.header("content-disposition").startswith("attachment; filename="), path
        name = seen.header("content-disposition").partition("filename=")[2].strip('"')
        assert SIGN not in name, path
        assert name.replace("-", "").replace(".", "").isalnum(), path


def shown_by(pages: dict[str, Seen]) -> list[str]:
    return [
        path
        for path, seen in pages.items()
        if seen.header("content-type").startswith("text/html") and SIGN in seen.html
    ]


@pytest.mark.parametrize("language", ["en", "de"])
async def test_p09_p11_nothing_of_a_hostile_shop_runs_or_hides_on_her_pages(
    street: Street, language: str
) -> None:
    made = await poisoned(street)
    browser = await street.browser()
    browser.says |= {"accept-language": language, "user-agent": POISON.encode("ascii", "ignore").decode()}
    starts = [f"{page}/{part}" for page in made.intents for part in ("", "offers", "compare", "withdraw")]
    starts += [offer + part for offer in made.offers for part in ("", "/accept", "/counter", "/decline")]
    starts += ["/my", "/my/security", "/my/vendors", "/my/notices", "/my/buy?vendor=%40north%40north.example"]
    pages = await walk(browser, *(start.rstrip("/") for start in starts))
    for path, seen in pages.items():
        nothing_runs(path, seen)
        if seen.header("content-type").startswith("text/html") and not any(own in path for own in OWN_WORDS):
            assert not set(HIDDEN) & set(seen.html), path
    assert len(shown_by(pages)) >= 20, shown_by(pages)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_p09_p11_nothing_of_a_hostile_customer_runs_or_hides_on_a_shops_pages(
    street: Street, language: str
) -> None:
    made = await poisoned(street)
    shop = await street.browser("north")
    shop.says |= {"accept-language": language}
    places = [f"/my/deals/{place_of(deal)}" for deal in made.deals]
    starts = ["/my", *places, *(f"{place}/offer" for place in places), "/my/security", "/my/notices"]
    pages = await walk(shop, *starts, "/my?show=offered", "/my?show=ended")
    for path, seen in pages.items():
        nothing_runs(path, seen)
        if seen.header("content-type").startswith("text/html") and not any(own in path for own in OWN_WORDS):
            assert not set(HIDDEN) & set(seen.html), path
    assert len(shown_by(pages)) >= 10, shown_by(pages)


async def test_p11_shop_does_not_sign_what_a_customer_hid_in_a_name(street: Street) -> None:
    """The offer form begins with what they call it: as it looks, without what nobody sees."""
    await street.homes["north"].ask("rules.remove", rule="At once")
    name = "Bicycle \u202eRUE 00.1\u200b, \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    await street.cast("north", account="ana", name=name)
    shop = await street.browser("north")
    page = f"/my/deals/{place_of((await street.homes['north'].deal()).id)}/offer"
    seen = await shop.get(page)
    assert "[U+202E]RUE 00.1[U+200B]" in seen.words
    # a joiner within a Persian word is how it is written, and stays
    assert ("name", "Bicycle RUE 00.1, \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645") in seen.form(
        page
    ).fields


async def test_p09_feed_of_poison_is_a_feed(street: Street) -> None:
    await poisoned(street)
    for host, path in (("north", "/@north/feed.atom"), ("ana", "/@ana/feed.atom")):
        browser = Browser(street.homes[host].app, f"https://{host}.example")
        seen = await browser.get(path)
        if seen.status == 200:
            assert "<script" not in seen.html
            assert not set(HIDDEN) & set(seen.html)


async def test_p09_downloads_are_whole_and_are_no_pages(street: Street) -> None:
    made = await poisoned(street)
    browser = await street.browser()
    deal = made.offers[0].partition("/offers/")[0]
    record = await browser.get(f"{deal}/record")
    assert record.header("content-type") == "application/json"
    assert json.loads(record.html)["deal"].endswith(deal.rpartition("/")[2])
    for path in (f"{deal}/record", f"{deal}/evidence/{made.offers[0].rpartition('/')[2]}"):
        seen = await browser.get(path)
        nothing_runs(path, seen)
        assert "html" not in seen.header("content-type")


# --- P13 --------------------------------------------------------------------------------------------------


async def test_p13_nothing_that_is_typed_or_lets_in_stands_in_the_log(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    link = (await street.homes["ana"].ask("login.link", account="ana"))["url"]
    browser = Browser(street.homes["ana"].app, ANA, says={"sec-fetch-site": "same-origin"})
    await browser.get(link.removeprefix(ANA))
    await browser.submit({})
    await browser.get("/my/security")
    await browser.submit({"password": "zimtfarbene murmeltiere"}, "/my/security/password")
    other = await street.browser("bea", on="ana")
    await other.get("/my/security")
    wrong = {"current": "a wrong guess of quittenpost", "password": "another one 7"}
    await other.submit(wrong, "/my/security/password")
    await browser.get("/my/intents/new")
    await browser.submit({"template": "product"})
    await browser.submit({"name": "quittenfarbenes fahrrad \x00"})
    await browser.post("/my/intents/new", b"name=murmelkram&%zz")
    await street.cast("north", account="ana", name="quittenfarbenes fahrrad")
    assert caplog.records
    said = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    tokens = [link.partition("token=")[2], *browser.cookies.values(), *other.cookies.values()]
    for secret in (*tokens, "murmel", "quitten", PASSWORD):
        assert secret not in said


# --- P14 --------------------------------------------------------------------------------------------------

SECRET = "no such table: account at /var/lib/obverse/store.db"


@pytest.mark.parametrize("headers", [{}, {"hx_request": "true"}, {"accept": "application/json"}])
@pytest.mark.parametrize("lasting", [0, 1])
async def test_p14_fault_of_ours_is_told_to_nobody(
    street: Street, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], lasting: int
) -> None:
    browser = await street.browser()
    node = street.homes["ana"].opened.node
    look, looks = type(node).look, [0]

    async def breaking(self: Any, view: Any) -> Any:
        looks[0] += 1
        if looks[0] > lasting:
            raise RuntimeError(SECRET)
        return await look(self, view)

    with monkeypatch.context() as patched:
        patched.setattr(type(node), "look", breaking)
        seen = await browser.get("/my", follow=False, **headers)
    assert seen.status == 500
    for word in ("table", "/var", "Traceback", "RuntimeError", "look"):
        assert word not in seen.html
    assert seen.header("cache-control") == "no-store"
    assert "default-src 'none'" in seen.header("content-security-policy")
    assert (await browser.get("/my")).status == 200


async def test_p14_many_at_once_are_answered_in_words(street: Street) -> None:
    browser = await street.browser()
    await browser.get("/my/security")
    answers = await at_once(
        browser, 16, "/my/security/password", current="wrong one", password="another one 7"
    )
    assert {seen.status for seen in answers} <= {422, 429, 503}
    assert all(ANA not in seen.html or "Traceback" not in seen.html for seen in answers)
