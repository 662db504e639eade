"""Group U between accounts of one node: nothing of another's is shown, changed, or told apart from nothing.

Every screen that there is, is asked for Ana's things by her neighbours; new ones are tried by themselves.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from urllib.parse import quote

import pytest

from node.desk import Desk
from node.web.screens import ALL
from node.web.shop.deals import place_of
from node.web.visits import Screen
from tests.browsing import Browser, Seen
from tests.security.household import ANA, PageReader, conclude, household_rows, offers_of, stranger, walk
from tests.unit.node.web.private.conftest import PASSWORD
from tests.unit.node.web.private.dealing import CATALOGUE, Street

pytestmark = pytest.mark.anyio

NOTHING = "zzzzzzzzzzzzzzzzzzzzzz"
NOBODY = "987654321"


async def things_of_ana(street: Street) -> dict[str, str]:
    """One id of everything that a path can name; `deal` and `offer` belong together."""
    done = await conclude(street)
    intent = await street.cast("north", account="ana")
    browser = done.browser
    (offer,) = await offers_of(browser, intent)
    await browser.get("/my/intents/new")
    await browser.submit({"template": "product"})
    evidence = (await browser.get(f"{done.deal}/evidence")).html
    digest = re.search(r"/evidence/(\w+)", evidence)
    vendor = re.search(r'"/my/vendors/([\w-]{20,})"', (await browser.get("/my/vendors")).html)
    draft = (await browser.get("/my")).html
    found = re.search(r"/my/intents/new/(\w+)/", draft)
    assert digest
    assert vendor
    said = "To everybody, and hers to change."
    posted = await street.homes["ana"].ask("post.new", account="ana", text=said)
    return {
        "post": posted["id"].rpartition("/")[2],
        "thread": NOTHING,
        "reference": NOTHING,
        "act": NOTHING,
        "name": NOTHING,
        "intent": intent.rpartition("/")[2],
        "deal": offer.split("/")[3],
        "offer": offer.split("/")[5],
        "draft": found[1] if found else NOTHING,
        "digest": digest[1],
        "vendor": vendor[1],
        "passkey": NOTHING,
        "outlet": NOTHING,
        "number": "1",
        "notice": "1",
    }


def path_of(screen: Screen, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: ids[match[1]], screen.path)


def seen_of(seen: Seen, path: str) -> tuple[object, ...]:
    """An answer without what differs between any two."""
    html = re.sub(r'name="form_token"[^>]*', "", seen.html).replace(path, "PATH").replace(quote(path), "PATH")
    headers = tuple(pair for pair in seen.headers if pair[0] not in ("set-cookie", "content-length"))
    return seen.status, headers, html


@pytest.mark.parametrize("name", ["bea", "corner"])
async def test_p03_what_is_anothers_is_answered_as_what_never_was(street: Street, name: str) -> None:
    ids = await things_of_ana(street)
    none = {key: NOBODY if key in ("number", "notice") else NOTHING for key in ids}
    browser = await street.browser(name, on="ana")
    before, tried = household_rows(street), 0
    for screen in ALL:
        if "{" not in screen.path or "{rest" in screen.path:
            continue
        there, not_there = path_of(screen, ids), path_of(screen, none)
        if screen.method == "POST":
            hers = await browser.post(there, {}, follow=False)
            nobodys = await browser.post(not_there, {}, follow=False)
        else:
            hers, nobodys = (
                await browser.get(there, follow=False),
                await browser.get(not_there, follow=False),
            )
        assert seen_of(hers, there) == seen_of(nobodys, not_there), screen.path
        assert hers.status in (400, 403, 404, 405, 422), (screen.method, screen.path, hers.status)
        tried += 1
    assert tried >= 60
    assert household_rows(street) == before


async def test_u01_her_forms_do_nothing_to_her_in_anothers_browser(street: Street) -> None:
    """With every hidden field that her pages hold, and a token of the neighbour's own."""
    await things_of_ana(street)
    ana, bea = await street.browser("ana"), await street.browser("bea", on="ana")
    pages = await walk(ana, "/my", "/my/security", "/my/settings", "/my/notices", "/my/deliveries")
    before, tried = _of_ana(street), 0
    for path, page in pages.items():
        if not page.header("content-type").startswith("text/html"):
            continue
        for form in page.read.forms:
            if form.method.lower() != "post" or form.action == "/logout" or form.action.startswith("#"):
                continue
            given = {name: value for name, value in form.fields if name != "form_token"}
            given |= dict.fromkeys(form.names - set(given) - {"form_token"}, "on")
            seen = await bea.post(form.action or path, given, follow=False)
            assert seen.status < 500
            tried += 1
    assert tried >= 15
    assert _of_ana(street) == before


def _of_ana(street: Street) -> list[tuple[str, object]]:
    """Every row of the store that speaks of Ana, and of nobody who tried."""
    rows = household_rows(street, besides={"session", "draft", "notice_choice", "preference"})
    return [(table, row) for table, kept in rows.items() for row in kept if "/actors/ana" in str(row)]


async def test_u01_shops_forms_do_nothing_to_it_in_anothers_browser(street: Street) -> None:
    ana = street.homes["ana"]
    await street.neighbour("mill", on="ana", kind="vendor")
    await ana.ask("catalogue.import", account="mill", csv=CATALOGUE.replace("NK20", "MILL20"))
    await ana.ask("rules.add", account="mill", name="R", fields=["name"])
    posted = await ana.ask("post.add", account="mill", sku="MILL20")
    await street.cast(account="ana", to=["@mill@ana.example"])
    account = f"{ANA}/actors/mill"
    (deal,) = await ana.opened.node.look(lambda desk: desk.tx.deals.all(account))
    (rule,) = await ana.opened.node.look(lambda desk: desk.tx.rules.all(account))
    corner = await street.browser("corner", on="ana")
    before = _of_mill(street)
    answers = {
        "/my/rules/remove": {"rule": rule.id, "sure": "on"},
        "/my/rules/switch": {"rule": rule.id, "on": "no"},
        "/my/offers/end": {"offer": posted["id"], "sure": "on"},
        "/my/catalogue/item": {"sku": "MILL20", "seen": "3", "stock": "1", "reason": "x"},
        "/my/offers/new": {
            "sku": "MILL20",
            "price": "1",
            "price_currency": "EUR",
            "least": "1",
            "lasts": "30",
        },
        "/my/inbox/decline": {"deal": place_of(deal.id), "reason": "price"},
        "/my/feedback": {"post": f"{ANA}/posts/1", "text": "x"},
        "/my/followers": {"follower": "https://north.example/actors/north", "decision": "accept"},
        f"/my/deals/{place_of(deal.id)}/offer": {"goods": "1.00", "step": "send"},
        f"/my/deals/{place_of(deal.id)}/no-bid": {"reason": "price"},
    }
    for path, given in answers.items():
        seen = await corner.post(path, given, follow=False)
        assert 400 <= seen.status < 500 or seen.header("location") == "/my/catalogue", (path, seen.status)
    assert _of_mill(street) == before


def _of_mill(street: Street) -> list[tuple[str, object]]:
    rows = household_rows(street)
    return [(table, row) for table, kept in rows.items() for row in kept if "/actors/mill" in str(row)]


async def test_u05_session_of_another_is_not_ended(street: Street) -> None:
    ana, bea = await street.browser("ana"), await street.browser("bea", on="ana")
    await street.browser("ana")
    ends = [
        dict(form.fields)
        for form in (await ana.get("/my/security")).read.forms
        if form.action == "/my/security/end"
    ]
    assert ends
    for fields in ends:
        assert (
            await bea.post("/my/security/end", {"session": fields["session"]}, follow=False)
        ).status == 404
    await street.browser("bea", on="ana")
    await bea.get("/my/security")
    await bea.submit({}, "/my/security/end-others")
    assert (await ana.get("/my", follow=False)).status == 200


# --- what one takes along ---------------------------------------------------------------------------------


async def test_p16_export_holds_ones_own_and_nothing_of_the_household(street: Street) -> None:
    await conclude(street)
    bea = await street.browser("bea", on="ana")
    for part in ("everything", "deals", "contacts"):
        await bea.get("/my/export")
        seen = await bea.submit({}, f"/my/export/{part}", follow=False)
        assert seen.header("content-disposition").startswith("attachment;")
        data = seen.body
        if part == "everything":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                assert all(not name.startswith("/") and ".." not in name for name in archive.namelist())
                data = b"".join(archive.read(name) for name in archive.namelist())
        for word in (b"child bicycle", b"actors/ana", b"NK20"):
            assert word not in data, (part, word)


async def test_p16_nobody_of_a_household_takes_all_of_it_along(street: Street) -> None:
    """A backup holds everybody's keys."""
    for name in ("ana", "bea", "corner"):
        browser = await street.browser(name, on="ana")
        await browser.get("/my/export")
        words = "a quiet long passphrase of mine"
        seen = await browser.post("/my/export/backup", {"passphrase": words, "again": words}, follow=False)
        assert seen.status in (400, 403), (name, seen.status)
        assert seen.header("content-disposition") == ""


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://evil.example")', "+1+1", "-1+1", "@SUM(1)", "\t=1+1", " =1+1", "＝1+1"]
)
async def test_p09_table_that_is_taken_along_calculates_nothing(street: Street, name: str) -> None:
    def call_itself(desk: Desk) -> None:
        account = desk.tx.accounts.by_name("north")
        assert account is not None
        desk.tx.accounts.save(replace(account, display_name=name))

    await street.homes["north"].opened.node.work(call_itself)
    await street.cast("north", account="ana", name=name)
    browser = await street.browser()
    for part in ("deals", "contacts"):
        await browser.get("/my/export")
        table = (await browser.submit({}, f"/my/export/{part}", follow=False)).body.decode("utf-8-sig")
        parted = ";" if ";" in table.partition("\n")[0] else ","
        cells = [cell for row in csv.reader(io.StringIO(table), delimiter=parted) for cell in row]
        assert any(name.strip() in cell for cell in cells), part
        assert not [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝＋－＠")]


# --- what a GET does --------------------------------------------------------------------------------------


async def test_u01_no_link_changes_anything(street: Street) -> None:
    """Every link of every page; being seen is all that is noted."""
    await things_of_ana(street)
    for name, on in (("ana", "ana"), ("corner", "ana"), ("north", "north")):
        browser = await street.browser(name, on=on)
        await browser.get("/my/settings/notices")  # where the node makes its key for push services, once
        noted = {"notice", "draft"}  # what was read; a draft's own page may drop what is over
        before = household_rows(street, on, besides=noted)
        sent = street.network.sent
        pages = await walk(browser, "/my", "/my/security", "/my/settings", "/my/notices", "/my/deliveries")
        for path in list(pages):
            await browser.head(path)
        assert household_rows(street, on, besides=noted) == before
        assert len(pages) >= 15
        if name != "ana":  # she asks vendors' nodes for their standing offers
            assert street.network.sent == sent


# --- leaving ----------------------------------------------------------------------------------------------


async def test_u05_form_of_a_session_that_is_over_does_nothing(street: Street) -> None:
    intent = await street.cast("north", account="ana")
    browser, other = await street.browser(), await street.browser()
    (offer,) = await offers_of(browser, intent)
    await browser.get(f"{offer}/accept")
    form, kept = browser.at, dict(browser.cookies)
    await browser.submit({}, "/logout")
    before = household_rows(street)
    for cookies in ({}, kept):
        browser.at, browser.cookies = form, dict(cookies)
        seen = await browser.submit({}, f"{offer}/accept", follow=False)
        assert seen.status in (303, 403)
        assert "/agreement" not in seen.header("location")
    browser.cookies = dict(other.cookies)  # logged in anew meanwhile: the old page has another's token
    browser.at, browser.says = form, {}
    assert (await browser.submit({}, f"{offer}/accept", follow=False)).status == 403
    assert household_rows(street) == before


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example", "/\\evil.example", "/%5cevil.example", "/%2fevil.example", "///evil.example",
        "/ /evil.example", "/my/\t/evil.example", "/my\r\nX: y", "/my/..//evil.example",
        "https:/evil.example",
        "/my@evil.example", "/mymy", "javascript:alert(1)", "data:text/html,x", "/.evil.example",
        "\u2028//evil",
        "/logout", "/my/" + "a" * 5000,
    ],
)  # fmt: skip
async def test_u03_neither_log_in_nor_confirmation_leads_elsewhere(street: Street, wanted: str) -> None:
    ask = quote(wanted, safe="")
    browser = stranger(street)
    page = await browser.get(f"/login?next={ask}")
    assert PageReader(page.html).wrong == []
    seen = await browser.post("/login", {"name": "ana", "password": PASSWORD, "next": wanted}, follow=False)
    assert (seen.status, seen.header("location")) in ((303, "/my"), (422, ""))
    browser = await street.browser()
    for path in (f"/login?next={ask}", f"/my/confirm?next={ask}"):
        seen = await browser.get(path, follow=False)
        assert "evil" not in seen.header("location")
        assert "X" not in {name for name, _ in seen.headers}
    seen = await browser.post("/my/confirm", {"password": PASSWORD, "next": wanted}, follow=False)
    assert "evil" not in seen.header("location")
    assert not seen.header("location") or seen.header("location").startswith("/my")


@pytest.mark.parametrize(
    "host", ["evil.example", "ana.example.evil.example", "ana.example:8443", "x@ana.example"]
)
async def test_u03_other_host_is_not_ours_and_stands_in_no_link(street: Street, host: str) -> None:
    browser = stranger(street)
    for path in ("/login", "/setup", "/my", "/login/link?token=x"):
        seen = await _as(browser, host).get(path, follow=False)
        assert seen.status in (400, 421)
        assert "evil" not in seen.html + seen.header("location")
    for header in ("x-forwarded-host", "forwarded", "x-original-url", "x-rewrite-url"):
        browser.says[header] = f"host={host}"
        seen = await browser.get("/login")
        assert seen.status == 200
        assert host not in seen.html


def _as(browser: Browser, host: str) -> Browser:
    """The same, but for the name that it calls the server by."""
    return Browser(browser._app, f"https://{host}", says=browser.says)
