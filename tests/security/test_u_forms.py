"""Group U on forms and files: what no page of ours sends is refused whole, whoever sends it, and quickly."""

from __future__ import annotations

import gzip
import unicodedata

import pytest

from node.commands import answer
from tests.browsing import Browser
from tests.security.household import ANA, PageReader, household_rows, stranger
from tests.unit.node.web.private.conftest import PASSWORD
from tests.unit.node.web.private.dealing import CATALOGUE, COMMANDS, Street

pytestmark = pytest.mark.anyio

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"


def part(head: str, data: bytes = b"ana") -> bytes:
    return f"--x\r\nContent-Disposition: form-data{head}\r\n\r\n".encode() + data + b"\r\n"


BODIES: dict[str, tuple[bytes, str]] = {
    "ten thousand fields": ("&".join(f"f{n}=x" for n in range(10_000)).encode(), FORM),
    "nothing but signs": (b"&" * 100_000, FORM),
    "a deep name": (b"name" + b"[x]" * 4000 + b"=1", FORM),
    "a field that the form has not": (b"name=ana&password=x&is_admin=1", FORM),
    "another method": (b"_method=DELETE&name=ana", FORM),
    "half a pair of surrogates": (b"name=%ed%a0%80", FORM),
    "an overlong slash": (b"name=%c0%af", FORM),
    "half an escape": (b"name=%zz", FORM),
    "raw bytes": (b"name=\xff\xfe", FORM),
    "UTF-16": ("name=ana".encode("utf-16"), FORM + "; charset=utf-16"),
    "another charset, by its field": (b"_charset_=utf-16&name=ana", FORM),
    "a quarter of a megabyte and more": (b"name=" + b"x" * 300_000, FORM),
    "JSON": (b'{"name": "ana"}', "application/json"),
    "plain text, which needs no leave": (b"name=ana", "text/plain"),
    "two types": (b"name=ana", FORM + ", text/plain"),
    "no boundary": (b"--x\r\n", "multipart/form-data"),
    "an empty boundary": (b"----\r\n", "multipart/form-data; boundary="),
    "a long boundary": (b"--x\r\n", "multipart/form-data; boundary=" + "x" * 3000),
    "three thousand parts": (
        b"".join(part(f'; name="a{n}"') for n in range(3000)) + b"--x--\r\n",
        PARTS,
    ),
    "a thousand heads": (
        b"--x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(8000)) + b"\r\n--x--\r\n",
        PARTS,
    ),
    "no end": (part('; name="table"; filename="a"'), PARTS),
    "a part without a name": (part("") + b"--x--\r\n", PARTS),
    "parts within a part": (part('; name="table"; filename="a"', b"--y\r\n\r\n--y--"), PARTS),
}
REFUSED = {400, 413}


@pytest.mark.parametrize(("body", "kind"), BODIES.values(), ids=BODIES)
async def test_u01_body_that_is_no_form_of_ours_changes_nothing(
    street: Street, body: bytes, kind: str
) -> None:
    ana, corner = await street.browser("ana"), await street.browser("corner", on="ana")
    before = household_rows(street)
    for browser, paths in (
        (stranger(street), ("/login", "/setup")),
        (ana, ("/my/security/password", "/my/intents/hold", "/my/intents/new")),
        (corner, ("/my/catalogue/import", "/my/rules/new")),
    ):
        for path in paths:
            seen = await browser.post(path, body, follow=False, content_type=kind)
            assert seen.status in REFUSED, (path, seen.words)
            assert "Traceback" not in seen.html
    assert household_rows(street) == before


async def test_u01_packed_body_is_not_unpacked(street: Street) -> None:
    browser = await street.browser("ana")
    bomb = gzip.compress(b"name=" + b"x" * 50_000_000)
    for path in ("/login", "/my/security/password", "/my/intents/hold"):
        seen = await browser.post(path, bomb, content_type=FORM, content_encoding="gzip")
        assert seen.status == 415


@pytest.mark.parametrize("typed", ["a\x00na", "ana\x07", "ana\r\nSet-Cookie: a=b", "ana\u2028", "a" * 5000])
async def test_u01_line_with_what_no_line_holds_is_shown_again_and_not_kept(
    street: Street, typed: str
) -> None:
    browser = await street.browser("ana")
    await browser.get("/my/intents/new")
    await browser.submit({"template": "product"})
    before = household_rows(street)
    seen = await browser.submit({"name": typed}, follow=False)
    assert seen.status == 422
    assert PageReader(seen.html).wrong == []
    assert not [name for name, value in seen.headers if "a=b" in value]
    assert household_rows(street) == before


# --- passwords --------------------------------------------------------------------------------------------


async def set_password(browser: Browser, old: str, new: str) -> None:
    await browser.get("/my/security")
    seen = await browser.submit({"current": old, "password": new}, "/my/security/password")
    assert "Your password is new" in seen.words


async def lets_in(street: Street, password: str) -> bool:
    street.clock.forward(minutes=10)
    browser = stranger(street)
    await browser.get("/login")
    return (await browser.submit({"name": "ana", "password": password}, follow=False)).status == 303


async def test_u06_password_counts_to_its_last_character(street: Street) -> None:
    """Some hashes read 72 bytes, some stop at the first zero byte."""
    browser, long = await street.browser("ana"), "a quiet bicycle " * 5 + "at last"
    await set_password(browser, PASSWORD, long)
    assert await lets_in(street, long)
    assert not await lets_in(street, long[:72])
    assert not await lets_in(street, long + "!")
    zero = "before\x00behind it all"
    await set_password(browser, long, zero)
    assert await lets_in(street, zero)
    assert not await lets_in(street, "before")
    assert not await lets_in(street, "before\x00behind it ALL")


async def test_u06_password_is_the_same_from_every_keyboard(street: Street) -> None:
    """One sends ü as one character, another as two (RFC 8265 §4.2.2)."""
    browser = await street.browser("ana")
    for typed, other in (("NFC", "NFD"), ("NFD", "NFC")):
        word = unicodedata.normalize(typed, f"über süße Räder {typed}")  # type: ignore[arg-type]
        old = PASSWORD if typed == "NFC" else unicodedata.normalize("NFC", "über süße Räder NFC")
        await set_password(browser, old, word)
        assert await lets_in(street, unicodedata.normalize(other, word))  # type: ignore[arg-type]
        assert await lets_in(street, word)


@pytest.mark.parametrize("size", [1001, 100_000])
async def test_u06_password_of_any_length_is_answered_and_hashed_up_to_a_bound(
    street: Street, size: int
) -> None:
    browser = await street.browser("ana")
    await browser.get("/my/security")
    word = "".join(chr(97 + n % 23) for n in range(size))
    seen = await browser.submit({"current": PASSWORD, "password": word}, "/my/security/password")
    assert seen.status == 422
    assert word not in seen.html
    assert await lets_in(street, PASSWORD)


# --- tables -----------------------------------------------------------------------------------------------

HEAD = "sku,name,category,price,currency,stock\n"
REST = "Q8495,1.35,EUR,10"
COLUMNS = "&".join(f"c{n}={name}" for n, name in enumerate(HEAD.strip().split(",")))


async def bring(street: Street, table: bytes) -> tuple[Browser, int]:
    browser = await street.browser("corner", on="ana")
    await browser.get("/my/catalogue/import")
    seen = await browser.submit({"table": table}, "/my/catalogue/import")
    return browser, seen.status


async def names(street: Street) -> set[str]:
    listed = await street.homes["ana"].ask("catalogue.list", account="corner")
    return {item["name"] for item in listed["items"]}


@pytest.mark.parametrize(
    "table",
    [
        b'"' * 5_000_000,
        b"," * 5_000_000,
        b"\n" * 5_000_000,
        ",".join(f"c{n}" for n in range(600_000)).encode(),
        HEAD.encode() + b'A,"' + b"x" * 4_000_000 + b'",' + REST.encode(),
        b"",
    ],
    ids=["quotes", "commas", "lines", "columns", "one cell", "nothing"],
)
async def test_u01_table_that_is_none_is_told_and_not_kept(street: Street, table: bytes) -> None:
    before = household_rows(street)
    browser, status = await bring(street, table)
    assert status == 422
    assert len(browser.at.body) < 20_000
    assert household_rows(street) == before


@pytest.mark.parametrize(
    "cell", ["a\x00b", "a\x07b", "x" * 501], ids=["a zero byte", "a bell", "too long for a message"]
)
async def test_u01_cell_that_no_message_may_hold_is_named(street: Street, cell: str) -> None:
    """Else each offer of that item would be refused by whoever gets it, and nobody would know why."""
    browser, status = await bring(street, f"{HEAD}A,{cell},{REST}\n".encode())
    assert status == 200
    seen = await browser.get(f"/my/catalogue/import/columns?tried=yes&{COLUMNS}")
    assert "thing is wrong" in seen.words
    assert "/my/catalogue/import/columns" not in PageReader(seen.html).posts
    form = dict(pair.split("=") for pair in COLUMNS.split("&"))
    assert (await browser.post("/my/catalogue/import/columns", form)).status == 422
    assert await names(street) == {"North Kid 20", "Milk"}


async def test_u01_longest_name_that_is_imported_reaches_the_customer(street: Street) -> None:
    north = street.homes["north"]
    await north.ask("catalogue.import", csv=CATALOGUE.replace("North Kid 20", "N" * 500))
    await street.cast("north", account="ana")
    (deal,) = await street.homes["ana"].deals()
    assert len(deal.live_offers) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8", "cp1252"])
async def test_u01_table_is_read_as_spreadsheets_write_it(street: Street, encoding: str) -> None:
    browser, status = await bring(street, f"{HEAD}A,Käse,{REST}\n".encode(encoding))
    assert status == 200
    await browser.get(f"/my/catalogue/import/columns?tried=yes&{COLUMNS}")
    await browser.submit({}, "/my/catalogue/import/columns")
    assert "Käse" in await names(street)


@pytest.mark.parametrize(
    "code", ["=1+1", "@SUM(1)", "+1", "-1", "../../x", "<b>x", "x\r\ny", "\u202ex", "x&y=1"]
)
async def test_p09_code_of_an_item_is_plain(street: Street, code: str) -> None:
    """It stands in addresses and in tables that programs calculate."""
    north = street.homes["ana"].opened.node
    table = f'{HEAD}"{code}",Milk,{REST}\n'
    told = await answer(COMMANDS, north, "catalogue.import", {"account": "corner", "csv": table})
    assert told["result"]["problem_count"] == 1
    assert not told["result"]["saved"]


async def test_p09_names_of_columns_and_files_run_nothing(street: Street) -> None:
    bad = '"<script>alert(1)</script>","prop.\u202e<img src=x onerror=alert(1)>","\u202ex"'
    table = f"{HEAD.strip()},{bad}\nA,<b>x</b>\u202e,{REST},1,2,3\n".encode()
    browser = await street.browser("corner", on="ana")
    await browser.get("/my/catalogue/import")
    token = dict(browser.at.form("/my/catalogue/import").fields)["form_token"]
    name = "../../<script>alert(1)</script>\u202e.csv"
    body = part('; name="form_token"', token.encode())
    body += part(f'; name="table"; filename="{name}"', table) + b"--x--\r\n"
    seen = await browser.post("/my/catalogue/import", body, content_type=PARTS)
    assert seen.url == f"{ANA}/my/catalogue/import/columns", seen.words
    for page in (seen, await browser.get(f"/my/catalogue/import/columns?tried=yes&{COLUMNS}")):
        assert PageReader(page.html).wrong == []
        assert "\u202e" not in page.html
        assert "../" not in page.words
