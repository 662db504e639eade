"""The first run, for a person and for a shop: open to nobody without its link, whole at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from node.container import open_node
from node.domain.accounts import Account, AccountKind
from node.services.entering import make_set_up_link
from node.services.setting_up import end_set_up, load_draft
from node.store.backup import read_backup, write_backup
from node.store.ports import LAST_BACKUP, LAST_RESTORE, StoreRefused
from node.store.staging import draft_of, is_staged, take_over
from node.web.screens import setup as setup_screens
from node.web.setting_up import is_code
from node.workflows.reaching import Look, Seen
from tests.authenticator import Authenticator, options_in
from tests.browsing import Browser
from tests.browsing import Seen as Shown
from tests.unit.node.web.private.conftest import PASSWORD, House

pytestmark = pytest.mark.anyio


async def link_of(house: House) -> str:
    link = await house.node.work(make_set_up_link)
    return link.url.removeprefix(house.base)


async def begun(house: House, choice: str = "person") -> Browser:
    browser = house.browser()
    await browser.get(await link_of(house))
    seen = await browser.submit({"choice": choice})
    assert seen.status == 200, seen.words
    return browser


async def account_of(house: House, name: str = "ana") -> Account:
    account = await house.node.look(lambda desk: desk.tx.accounts.by_name(name))
    assert account is not None
    return account


def place(browser: Browser) -> str:
    return browser.at.url.removeprefix("https://ana.example")


# --- who may ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/setup", "/setup?token=wrong", f"/setup?token={'A' * 43}"])
async def test_stranger_is_told_where_the_link_is_and_nothing_else(house: House, path: str) -> None:
    seen = await house.browser().get(path)
    assert (seen.status, "obverse setup-link" in seen.words) == (404, True)
    assert seen.read.forms == []


@pytest.mark.parametrize(
    "step", ["domain", "key", "name", "terms", "goods", "hours", "practice", "recovery", "restore"]
)
async def test_no_step_is_open_to_strangers(house: House, step: str) -> None:
    await link_of(house)
    assert (await house.browser().get(f"/setup/{step}", follow=False)).status == 403
    assert (await house.browser().post(f"/setup/{step}", {})).status == 403


async def test_link_is_looked_at_without_being_used_up_and_then_opens_once(house: House) -> None:
    path = await link_of(house)
    browser, other = house.browser(), house.browser()
    for _ in range(2):
        assert (await browser.get(path)).status == 200
    await other.get(path)
    await browser.submit({"choice": "person"})
    assert place(browser) == "/setup/domain"
    assert (await other.submit({"choice": "person"})).status == 404
    assert (await other.get(path)).status == 404


async def test_newer_link_ends_the_older_and_a_day_ends_both(house: House) -> None:
    old = await link_of(house)
    new = await link_of(house)
    assert (await house.browser().get(old)).status == 404
    house.clock.forward(days=1)
    assert (await house.browser().get(new)).status == 404


async def test_guessing_the_link_is_slowed_down(house: House) -> None:
    browser = house.browser()
    values = {"token": "A" * 43, "choice": "person"}
    assert [(await browser.post("/setup", values)).status for _ in range(12)][-1] == 429


async def test_set_up_session_opens_no_page_of_an_owner(house: House) -> None:
    browser = await begun(house)
    assert (await browser.get("/my", follow=False)).status == 303


async def test_node_that_is_set_up_is_not_set_up_again(house: House) -> None:
    path = await link_of(house)
    browser = house.browser()
    await browser.get(path)
    await house.move_in()
    assert (await browser.submit({"choice": "person"})).status == 404
    seen = await browser.get(path)
    assert (seen.status, "This node is set up" in seen.words) == (404, True)


async def test_whoever_was_slower_makes_no_account(house: House) -> None:
    browser = await begun(house)
    await browser.submit({})
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    await house.move_in("bob")
    seen = await browser.submit({"name": "eve", "display": "Eve"})
    assert (seen.status, "Somebody has set this node up already" in seen.words) == (422, True)
    assert await house.node.look(lambda desk: desk.tx.accounts.by_name("eve")) is None


# --- a person ---------------------------------------------------------------------------------------------


async def test_person_is_set_up_in_six_screens(house: House) -> None:
    browser = await begun(house)
    assert (place(browser), "Step 2 of 6" in browser.at.words) == ("/setup/domain", True)
    assert "This cannot be changed later." in browser.at.words
    await browser.submit({})
    assert (place(browser), "Step 3 of 6" in browser.at.words) == ("/setup/key", True)
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    assert place(browser) == "/setup/name"
    await browser.submit({"name": "Ana", "display": "Ana Ñandú", "summary": "Lives in Glasgow"})
    assert place(browser) == "/setup/terms"
    await browser.submit({"bundle": "service"})
    assert (place(browser), "Step 6 of 6" in browser.at.words) == ("/setup/recovery", True)
    code = next(value for name, value in browser.at.form("/setup/recovery").fields if name == "code")
    seen = await browser.submit({"last": code[-5:].lower()}, "/setup/recovery")
    assert (seen.status, place(browser)) == (200, "/my")
    assert "Your node is set up." in seen.words

    account = await account_of(house)
    assert (account.kind, account.display_name, account.summary) == (
        AccountKind.PERSON, "Ana Ñandú", "Lives in Glasgow",
    )  # fmt: skip
    preferences = await house.node.look(lambda desk: desk.tx.preferences.get(account.id))
    assert [term.rpartition("#")[2] for term in preferences.terms] == ["PDC-INTENT", "SD-BASE"]
    assert await house.node.look(load_draft) is None
    assert (await browser.get("/setup")).status == 404
    assert (await (await house.logged_in()).get("/my")).status == 200


async def test_passkey_made_in_the_set_up_logs_in(house: House) -> None:
    browser, device = await begun(house), Authenticator()
    seen = await browser.submit({})
    await browser.submit({"credential": device.make(options_in(seen.html))}, "/setup/key/passkey")
    await browser.submit({"name": "ana", "display": "Ana"})
    assert place(browser) == "/setup/terms"
    account = await account_of(house)
    assert account.password_hash is None
    (kept,) = await house.node.look(lambda desk: desk.tx.passkeys.all(account.id))
    assert kept.name == "Firefox, Linux"
    other = house.browser()
    seen = await other.get("/login")
    seen = await other.submit({"credential": device.show(options_in(seen.html))}, "/login/passkey")
    assert seen.url == "https://ana.example/my"


async def test_what_is_wrong_is_told_where_it_is_and_what_was_typed_stays(house: House) -> None:
    browser = await begun(house)
    await browser.submit({})
    seen = await browser.submit({"password": PASSWORD, "again": "another"})
    assert (seen.status, "The two are not the same." in seen.words) == (422, True)
    seen = await browser.submit({"password": "short", "again": "short"})
    assert (seen.status, "Use at least 10." in seen.words) == (422, True)
    seen = await browser.submit({"credential": "{}"}, "/setup/key/passkey")
    assert (seen.status, "could not be checked" in seen.words) == (422, True)
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    seen = await browser.submit({"name": "not a handle", "display": "Ana <b>"})
    assert seen.status == 422
    assert 'value="Ana &lt;b&gt;"' in seen.html
    assert "Use 1 to 30 of a-z" in seen.words
    await browser.submit({"name": "ana", "display": "Ana"})
    seen = await browser.submit({})
    assert (seen.status, "Nothing is chosen." in seen.words) == (422, True)


async def test_account_of_the_command_line_is_furnished_not_doubled(house: House) -> None:
    made = await house.move_in(password=False)
    browser = await begun(house)
    await browser.submit({})
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    assert ("name", "ana") in browser.at.form().fields
    await browser.submit({"display": "Ana of Glasgow"})
    account = await account_of(house)
    assert account == replace(made, display_name="Ana of Glasgow", password_hash=account.password_hash)
    assert account.password_hash is not None


async def test_steps_are_gone_through_in_order(house: House) -> None:
    browser = await begun(house)
    for later in ("terms", "recovery", "goods"):
        await browser.get(f"/setup/{later}")
        assert place(browser) == "/setup/domain"
    await browser.submit({})
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    await browser.submit({"name": "ana", "display": "Ana"})
    for earlier in ("domain", "key", "name", "restore"):
        await browser.get(f"/setup/{earlier}")
        assert place(browser) == "/setup/terms"
    await browser.get("/setup")
    assert place(browser) == "/setup/terms"


# --- the domain -------------------------------------------------------------------------------------------


async def test_domain_is_looked_at_on_request_and_troubles_say_what_to_do(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def looks(node: object) -> AsyncIterator[Seen]:
        yield Seen(Look.CLOCK, "", "")
        yield Seen(Look.NAME, "ana.example", "203.0.113.7")
        yield Seen(Look.ANSWER, "https://ana.example/actor", "nobody answers <there>", is_trouble=True)

    browser = await begun(house)
    assert "Look now" in browser.at.words
    monkeypatch.setattr(setup_screens, "look_around", looks)
    seen = await browser.get("/setup/domain?look")
    assert "leads to 203.0.113.7" in seen.words
    assert "Let the proxy or the firewall lead https://ana.example to 127.0.0.1:8000" in seen.words
    assert "nobody answers &lt;there&gt;" in seen.html
    part = await browser.get("/setup/domain?look", hx_request="true")
    assert "<html" not in part.html
    assert "leads to 203.0.113.7" in part.words


# --- a shop -----------------------------------------------------------------------------------------------


async def test_shop_is_set_up_with_its_terms_hours_and_a_trial(house: House) -> None:
    browser = await begun(house, "vendor")
    assert (place(browser), "Step 2 of 9" in browser.at.words) == ("/setup/name", True)
    await browser.submit({"name": "shop", "display": "North Bicycles", "summary": "Bicycles"})
    await browser.submit({})
    assert place(browser) == "/setup/key"
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    assert place(browser) == "/setup/terms"
    seen = await browser.submit({"accepts": []})
    assert (seen.status, "Nobody could deal with you." in seen.words) == (422, True)
    await browser.submit({"accepts": ["PDC-INTENT", "SD-BASE"]})
    assert place(browser) == "/setup/goods"
    await browser.submit({})
    await browser.submit({"hours": "Mon to Fri 9 to 18"})
    await browser.get("/setup/hours")
    await browser.submit({"hours": "Mon to Sat 9 to 18"})
    assert place(browser) == "/setup/practice"
    seen = await browser.submit({})
    assert (place(browser), "A trial customer has asked you" in seen.words) == ("/setup/recovery", True)
    seen = await browser.submit({"later": "on"}, "/setup/recovery")
    assert place(browser) == "/my"

    shop = await account_of(house, "shop")
    assert shop.summary == "Bicycles\nMon to Sat 9 to 18"
    assert [term.rpartition("#")[2] for term in shop.terms_accepted] == ["PDC-INTENT", "SD-BASE"]
    await house.opened.run_until_idle()
    (deal,) = await house.node.look(lambda desk: desk.tx.deals.all(shop.id))
    assert deal.proposal is not None
    assert deal.proposal.name == "A trial: answer it as you would answer a customer"


async def test_shop_walks_its_first_run_from_the_link_to_a_full_inbox(house: House) -> None:
    """Only by what the pages lead to: each link followed, each form filled in as it stands."""
    browser = house.browser()
    await browser.get(await link_of(house))
    await browser.submit({"choice": "vendor"})
    await browser.submit({"name": "shop", "display": "North Bicycles", "summary": "Bicycles"})
    await browser.submit({})
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    seen = await browser.submit({"accepts": ["PDC-INTENT", "SD-BASE"]})
    assert (place(browser), "Step 6 of 9" in seen.words) == ("/setup/goods", True)
    await browser.get(seen.read.links["Import a table"])
    table = "Art.-Nr.;Name;Preis\nKID;Kid 20;279,00\nKID;Kid 20 again;1,00"
    await browser.submit({"pasted": table})
    columns = {"c0": "sku", "c1": "name", "c2": "price", "currency": "EUR", "category": "Q11442"}
    seen = await tried(browser, columns)
    assert "KID stands twice" in seen.words
    await browser.get(seen.read.links["Another table"])
    await browser.submit({"pasted": table.replace("KID;Kid 20 again", "KIT;Kit")})
    seen = await tried(browser, columns)
    assert "2 items are new" in seen.words
    seen = await browser.submit({}, "/my/catalogue/import/columns")
    assert (place(browser), "Imported: 2 items are new" in seen.words) == ("/setup/goods", True)
    await browser.submit({})
    await browser.submit({"hours": "Mon to Fri 9 to 18"})
    await browser.submit({})
    seen = await browser.submit({"later": "on"}, "/setup/recovery")
    assert place(browser) == "/my"
    await house.opened.run_until_idle()
    seen = await browser.get("/my")
    pages = [href for words, href in seen.read.links.items() if "Kid 20" in words]
    assert pages, "the trial customer asks for something that the shop has"
    seen = await browser.get(pages[0])
    assert (seen.status, "Kid 20" in seen.words) == (200, True)
    await browser.get("/setup/goods")
    assert place(browser) == "/my", "the first run is over"


async def tried(browser: Browser, columns: dict[str, str]) -> Shown:
    """Send the form that names the columns, which asks by its address."""
    form = browser.at.form("/my/catalogue/import/columns#trial")
    assert set(columns) <= form.names
    return await browser.get(f"/my/catalogue/import/columns?{urlencode({'tried': 'yes', **columns})}")


async def test_shop_that_brings_its_goods_is_back_in_its_first_run(house: House) -> None:
    browser = await begun(house, "vendor")
    await browser.submit({"name": "shop", "display": "Shop"})
    await browser.submit({})
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    await browser.submit({"accepts": ["PDC-INTENT"]})
    for expected in ("/setup/goods", "/my/catalogue"):
        await browser.get("/my/catalogue/import")
        table = "sku,name,category,price,currency\nKID,Kid,Q11442,279.00,EUR"
        await browser.submit({"pasted": table}, "/my/catalogue/import")
        columns = "c0=sku&c1=name&c2=category&c3=price&c4=currency"
        await browser.get(f"/my/catalogue/import/columns?tried=yes&{columns}")
        seen = await browser.submit({}, "/my/catalogue/import/columns")
        assert (place(browser), "Imported:" in seen.words) == (expected, True)
        await house.node.work(end_set_up)  # the next table comes when the first run is over


async def test_shop_may_do_without_a_trial_and_try_again(house: House) -> None:
    browser = await begun(house, "vendor")
    await browser.submit({"name": "shop", "display": "Shop"})
    await browser.submit({})
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    for _ in range(2):
        await browser.get("/setup/practice")
        await browser.submit({}, "/setup/practice")
    seen = await browser.get("/setup/practice")
    assert "The trial customer has asked for" in seen.words
    await browser.submit({}, "/setup/practice/skip")
    assert place(browser) == "/setup/recovery"


# --- keeping safe and bringing back -----------------------------------------------------------------------


async def at_recovery(house: House) -> Browser:
    browser = await begun(house)
    await browser.submit({})
    await browser.submit({"password": PASSWORD, "again": PASSWORD})
    await browser.submit({"name": "ana", "display": "Ana"})
    await browser.submit({"bundle": "offer"})
    return browser


async def test_kit_is_the_whole_node_sealed_by_the_code_on_the_page(house: House, tmp_path: Path) -> None:
    browser = await at_recovery(house)
    page = browser.at
    code = next(value for name, value in page.form("/setup/recovery/kit").fields if name == "code")
    assert is_code(code)
    assert code in page.words
    seen = await browser.submit({}, "/setup/recovery/kit")
    assert seen.header("content-disposition") == 'attachment; filename="ana.example-2026-11-23.obverse"'
    assert seen.header("cache-control") == "no-store"
    kit = tmp_path / "kit.obverse"
    kit.write_bytes(seen.body)
    restored = read_backup(kit, code)
    assert b'base_url = "https://ana.example"' in restored.settings
    assert [name for name in names_in(tmp_path) if "kit-" in name] == []
    assert await house.node.look(lambda desk: desk.tx.meta.get(LAST_BACKUP)) is not None


def names_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def test_done_needs_the_end_of_the_code_and_keeps_the_code_while_one_looks(house: House) -> None:
    browser = await at_recovery(house)
    code = dict(browser.at.form("/setup/recovery").fields)["code"]
    seen = await browser.submit({"last": "WRONG"}, "/setup/recovery")
    assert (seen.status, "not the last five letters" in seen.words) == (422, True)
    assert dict(seen.form("/setup/recovery").fields)["code"] == code
    seen = await browser.post("/setup/recovery/kit", {"code": "mine"})
    assert seen.status == 422


async def a_backup(
    house: House, directory: Path, base_url: str = "https://ana.example", *, key: bytes = b""
) -> bytes:
    path = directory / "made.backup"
    settings = f'base_url = "{base_url}"\n'.encode()
    key = key or house.node.config.node_key_path.read_bytes()
    await write_backup(house.node.db, key, path, "a passphrase", now=house.clock.now, settings=settings)
    return path.read_bytes()


async def test_backup_waits_for_the_next_start_and_nobody_goes_on_meanwhile(
    house: House, tmp_path: Path
) -> None:
    await house.node.work(lambda desk: desk.tx.meta.set("seen", "in the backup"))
    data = await a_backup(house, tmp_path)
    await house.node.work(lambda desk: desk.tx.meta.set("seen", "after it"))
    browser = await begun(house, "restore")
    assert place(browser) == "/setup/restore"
    seen = await browser.submit({"file": data, "passphrase": "wrong one"})
    assert (seen.status, "the passphrase is wrong" in seen.words) == (422, True)
    assert str(tmp_path) not in seen.words
    seen = await browser.submit({"file": data, "passphrase": "a passphrase"})
    assert "This backup waits for the next start" in seen.words
    assert "systemctl restart obverse" in seen.words
    for path in ("/setup/domain", "/setup/key", "/setup/name"):
        await browser.get(path)
        assert place(browser) == "/setup/restore"
    assert await house.node.look(lambda desk: desk.tx.meta.get("seen")) == "after it"
    with pytest.raises(StoreRefused, match="in use"):
        take_over(tmp_path, now=house.clock.now)
    await house.node.db.aclose()
    assert take_over(tmp_path, now=house.clock.now) is not None
    async with open_node(house.node.config, clock=house.clock) as again:
        assert await again.node.look(lambda desk: desk.tx.meta.get("seen")) == "in the backup"
        assert await again.node.look(lambda desk: desk.tx.meta.get(LAST_RESTORE)) is not None


async def test_what_waits_is_dropped_again(house: House, tmp_path: Path) -> None:
    data = await a_backup(house, tmp_path)
    browser = await begun(house, "restore")
    await browser.submit({"file": data, "passphrase": "a passphrase"})
    await browser.get("/setup/restore")
    seen = await browser.submit({}, "/setup/restore/drop")
    assert "Nothing waits any more." in seen.words
    assert take_over(tmp_path, now=house.clock.now) is None
    await browser.get("/setup/domain")
    assert place(browser) == "/setup/domain"


async def test_backup_that_the_node_could_not_open_never_waits(house: House, tmp_path: Path) -> None:
    data = await a_backup(house, tmp_path, key=b"k" * 32)
    browser = await begun(house, "restore")
    seen = await browser.submit({"file": data, "passphrase": "a passphrase"})
    assert seen.status == 422
    assert "does not open what is in it" in seen.words
    assert not is_staged(tmp_path)
    assert not draft_of(tmp_path).exists()


async def test_backup_of_another_address_is_not_brought_back_here(house: House, tmp_path: Path) -> None:
    data = await a_backup(house, tmp_path, "https://bob.example")
    browser = await begun(house, "restore")
    seen = await browser.submit({"file": data, "passphrase": "a passphrase"})
    assert "of a node at https://bob.example" in seen.words
    assert "systemctl" not in seen.words
    assert not is_staged(tmp_path)


async def test_altered_backup_is_found_out(house: House, tmp_path: Path) -> None:
    data = bytearray(await a_backup(house, tmp_path))
    data[-5] ^= 1
    browser = await begun(house, "restore")
    seen = await browser.submit({"file": bytes(data), "passphrase": "a passphrase"})
    assert seen.status == 422
    seen = await browser.submit({"file": b"no backup", "passphrase": "a passphrase"})
    assert "is not a backup of Obverse" in seen.words
