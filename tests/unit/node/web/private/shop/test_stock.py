"""The vendor's shelves: stock set by hand, tables that come in and can be undone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from node.desk import Desk
from node.domain.catalogue import CatalogueItem
from tests.integration.conftest import CATALOGUE
from tests.unit.node.web.private.shop.conftest import Street

pytestmark = pytest.mark.anyio

GERMAN = """\
Artikelnummer;Bezeichnung;VK;Bestand;Farbe
NK20;North Kid 20;299,00;7;rot
NK30;North Kid 30;399,00;2;blau
"""
COLUMNS = {"c0": "sku", "c1": "name", "c2": "price", "c3": "stock", "c4": "prop", "currency": "EUR"}
TRY = "/my/catalogue/import/columns?tried=yes&" + "&".join(f"{k}={v}" for k, v in COLUMNS.items())


async def test_stock_is_set_by_hand_with_a_reason(street: Street) -> None:
    await street.stock()
    browser = await street.browser()
    assert "North Kid 20" in (await browser.get("/my/catalogue")).words
    assert "Nothing has that word" in (await browser.get("/my/catalogue?q=zzz")).words
    await browser.get("/my/catalogue/item?sku=NK20")
    refused = await browser.submit({"stock": "1.5", "reason": "counted"}, "/my/catalogue/item")
    assert refused.status == 422
    assert "whole" in refused.words
    wrong = await browser.submit({"stock": "many"}, "/my/catalogue/item")
    assert wrong.status == 422
    assert "many" in wrong.html
    done = await browser.submit({"stock": "8", "reason": "counted anew"}, "/my/catalogue/item")
    assert "counted anew" in done.words
    assert await street.north.stock("NK20") == ("8", "0")
    await browser.submit({"stock": "", "reason": "never runs out"}, "/my/catalogue/item")
    item = await street.north.node.look(lambda desk: desk.tx.catalogue.get(street.account, "NK20"))
    assert item is not None
    assert item.stock is None


async def test_stock_that_was_sold_meanwhile_is_looked_at_again(street: Street) -> None:
    await street.stock()
    browser, other = await street.browser(), await street.browser()
    await browser.get("/my/catalogue/item?sku=NK20")
    await other.get("/my/catalogue/item?sku=NK20")
    await other.submit({"stock": "2", "reason": "one broke"}, "/my/catalogue/item")
    seen = await browser.submit({"stock": "4", "reason": "one came"}, "/my/catalogue/item")
    assert seen.status == 422
    assert "one came" in seen.html
    assert await street.north.stock("NK20") == ("2", "0")


async def test_what_a_firm_offer_holds_cannot_be_set_away(street: Street) -> None:
    await street.stock()
    await street.cast()
    await street.north.ask("deal.offer", deal=(await street.deal()).id, sku="NK20", firm=True)
    browser = await street.browser()
    await browser.get("/my/catalogue/item?sku=NK20")
    seen = await browser.submit({"stock": "0", "reason": "gone"}, "/my/catalogue/item")
    assert seen.status == 422
    assert "Firm offers hold 1" in seen.words


async def test_an_item_that_is_not_there_is_missing(street: Street) -> None:
    browser = await street.browser()
    assert (await browser.get("/my/catalogue/item?sku=none")).status == 404


async def test_a_table_is_tried_imported_and_undone(street: Street) -> None:
    await street.stock()
    browser = await street.browser()
    await browser.get("/my/catalogue/import")
    seen = await browser.submit({"table": GERMAN.encode("cp1252")}, "/my/catalogue/import")
    assert "Which column is which?" in seen.words
    guessed = dict(seen.read.forms[1].fields) if len(seen.read.forms) > 1 else {}
    assert guessed["c0"] == "sku"
    assert guessed["c2"] == "price"
    missing = await browser.get(TRY)
    assert "things are wrong" in missing.words or "thing is wrong" in missing.words
    assert "category" in missing.words
    assert await street.north.stock("NK20") == ("3", "0")
    tried = await browser.get(TRY + "&category=Q11442")
    assert "All is well" in tried.words
    assert "1 item is new, 1 replaces a known one" in tried.words
    done = await browser.submit({}, "/my/catalogue/import/columns")
    assert "Imported: 1 item is new, 1 replaces a known one." in done.words
    assert await street.north.stock("NK20") == ("7", "0")
    await street.north.node.work(lambda desk: desk.tx.catalogue.put(street.account, _sold(desk, street)))
    await browser.get("/my/catalogue/import")
    refused = await browser.submit({"name": "something"}, "/my/catalogue/import/undo")
    assert refused.status == 422
    back = await browser.submit({"name": "file"}, "/my/catalogue/import/undo")
    assert "undone" in back.words
    assert await street.north.stock("NK20") == ("2", "0")
    assert await street.north.node.look(lambda desk: desk.tx.catalogue.get(street.account, "NK30")) is None
    assert "Undo the last import" not in (await browser.get("/my/catalogue/import")).words


def _sold(desk: Desk, street: Street) -> CatalogueItem:
    """One more was sold since."""
    item = desk.tx.catalogue.get(street.account, "NK20")
    assert item is not None
    return item.take(Decimal(1))


async def test_every_mistake_of_a_table_is_named_by_its_line(street: Street) -> None:
    browser = await street.browser()
    await browser.get("/my/catalogue/import")
    table = CATALOGUE.replace("279.00", "two").replace("319.00", "three")
    await browser.submit({"pasted": table}, "/my/catalogue/import")
    columns = [*CATALOGUE.partition("\n")[0].split(",")[:9], "prop", "prop"]
    query = "&".join(f"c{n}={name}" for n, name in enumerate(columns))
    seen = await browser.get(f"/my/catalogue/import/columns?tried=yes&{query}")
    assert "2 things are wrong" in seen.words
    assert "'two' is not a number such as 289.00" in seen.words
    assert "Import" not in [form.action for form in seen.read.forms]
    sent = await browser.post(
        "/my/catalogue/import/columns", {f"c{n}": name for n, name in enumerate(columns)}
    )
    assert sent.status == 422
    assert await street.north.node.look(lambda desk: desk.tx.catalogue.count(street.account)) == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "There is no table."),
        ({"pasted": "sku,name"}, "nothing below its first line"),
        ({"pasted": 'sku,name\n"A,B'}, "cannot be read"),
    ],
)
async def test_what_is_no_table_is_told(street: Street, given: dict[str, str], said: str) -> None:
    browser = await street.browser()
    await browser.get("/my/catalogue/import")
    seen = await browser.submit(given, "/my/catalogue/import")
    assert seen.status == 422
    assert said in seen.words


async def test_without_a_table_there_are_no_columns(street: Street) -> None:
    browser = await street.browser()
    assert "No table waits" in (await browser.get("/my/catalogue/import/columns")).words
