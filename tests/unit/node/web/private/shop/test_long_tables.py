"""A long table comes in part by part, is seen on its way, goes on after a restart, and is undone whole."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from node.domain.sheets import items_of, read_sheet
from node.runtime.importing import import_on, run_imports
from node.services.importing import AT_ONCE, import_part
from node.store.imports import ImportRun
from node.store.ports import StoreRefused
from tests.browsing import Browser, Seen
from tests.unit.node.web.private.shop.conftest import Street

pytestmark = pytest.mark.anyio

PROGRESS = "/my/catalogue/import/progress"
COLUMNS = "c0=sku&c1=name&c2=category&c3=price&c4=stock&currency=EUR"
ROWS = 2 * AT_ONCE + 100


def table(rows: int, *, stock: int = 5) -> str:
    lines = [f"B{n:05},Bolt {n},Q11442,{n % 90 + 1}.50,{stock}" for n in range(rows)]
    return "\n".join(["sku,name,category,price,stock", *lines])


async def send(browser: Browser, text: str) -> Seen:
    """Choose a table, name its columns, try it out, import it."""
    await browser.get("/my/catalogue/import")
    await browser.submit({"pasted": text}, "/my/catalogue/import")
    seen = await browser.get(f"/my/catalogue/import/columns?tried=yes&{COLUMNS}")
    assert "All is well" in seen.words, seen.words
    return await browser.submit({}, "/my/catalogue/import/columns")


async def run_of(street: Street) -> ImportRun | None:
    return await street.north.node.look(lambda desk: desk.tx.imports.run(street.account))


async def count(street: Street) -> int:
    return await street.north.node.look(lambda desk: desk.tx.catalogue.count(street.account))


async def one_part(street: Street) -> None:
    """What the node does first, as if it were cut off after that."""
    run = await run_of(street)
    assert run is not None
    items = await _items_of(street, run)
    await street.north.node.work(lambda desk: import_part(desk, run, items))


async def _items_of(street: Street, run: ImportRun) -> Any:
    upload = await street.north.node.look(lambda desk: desk.tx.stocktaking.upload(street.account))
    assert upload is not None
    sheet = read_sheet(upload.text)
    part = replace(sheet, rows=sheet.rows[run.done : run.done + AT_ONCE])
    return items_of(part, run.columns, dict(run.given))[0]


async def at_its_end(street: Street) -> ImportRun:
    """The run once it goes on no more."""
    changes = street.north.node.changes
    with anyio.fail_after(60):
        while (run := await run_of(street)) is None or run.is_active:
            with anyio.move_on_after(1):
                await changes.next()
    return run


async def test_a_long_table_is_seen_on_its_way_and_at_its_end(street: Street) -> None:
    browser = await street.browser()
    seen = await send(browser, table(ROWS))
    assert seen.url.endswith(PROGRESS)
    assert f"0 of {ROWS:,}" in seen.words
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in seen.html
    assert await count(street) == 0
    await one_part(street)
    seen = await browser.get(PROGRESS)
    assert f"{AT_ONCE} of {ROWS:,}" in seen.words
    assert await count(street) == AT_ONCE
    part = await browser.get(PROGRESS, hx_request="true")
    assert "<title>" not in part.html
    assert f"{AT_ONCE} of" in part.words
    await street.north.opened.run_until_idle()
    seen = await browser.get(PROGRESS)
    assert "All of it is in the catalogue" in seen.words
    assert f"{ROWS:,} items are new" in seen.words or f"{ROWS} items are new" in seen.words
    assert "http-equiv" not in seen.html
    assert await count(street) == ROWS


async def test_whoever_looks_on_is_nudged(street: Street) -> None:
    browser = await street.browser()
    await send(browser, table(ROWS))
    mark = browser.at.html.partition("since=")[2].partition('"')[0]
    await one_part(street)
    stream = await browser.get(f"{PROGRESS}/changes?since={mark}")
    assert "event: changed" in stream.body.decode()


async def test_it_goes_on_where_it_stopped_after_a_restart(street: Street) -> None:
    await send(await street.browser(), table(ROWS))
    await one_part(street)
    street.north = await street.world.restart("north")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_imports, street.north.node)
        run = await at_its_end(street)
        tasks.cancel_scope.cancel()
    assert run.ended_at is not None
    assert (run.done, run.added, run.replaced) == (ROWS, ROWS, 0)
    assert await count(street) == ROWS


async def test_a_table_that_comes_while_the_node_runs_is_taken_up_at_once(street: Street) -> None:
    browser = await street.browser()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_imports, street.north.node)
        await anyio.lowlevel.checkpoint()
        await send(browser, table(AT_ONCE + 1))
        await at_its_end(street)
        tasks.cancel_scope.cancel()
    assert await count(street) == AT_ONCE + 1


async def test_one_table_at_a_time(street: Street) -> None:
    browser = await street.browser()
    await send(browser, table(ROWS))
    seen = await browser.get("/my/catalogue/import")
    assert "A table is coming in" in seen.words
    refused = await browser.submit({"pasted": table(3)}, "/my/catalogue/import")
    assert refused.status == 422
    assert "Another table is on its way." in refused.words


async def test_a_long_import_is_undone_as_a_whole(street: Street) -> None:
    browser = await street.browser()
    await send(browser, table(3, stock=2))
    await send(browser, table(ROWS, stock=9))
    await street.north.opened.run_until_idle()
    held = await street.north.node.look(lambda desk: desk.tx.catalogue.get(street.account, "B00500"))
    await street.north.node.work(
        lambda desk: desk.tx.catalogue.put(street.account, held.reserve(Decimal(1)))  # type: ignore[union-attr]
    )
    await browser.get("/my/catalogue/import")
    assert (await browser.submit({"name": "x"}, "/my/catalogue/import/undo")).status == 422
    await browser.get("/my/catalogue/import")
    seen = await browser.submit({"name": "a pasted table"}, "/my/catalogue/import/undo")
    assert f"0 of {ROWS:,}" in seen.words
    await street.north.opened.run_until_idle()
    seen = await browser.get(PROGRESS)
    assert "The last import is undone." in seen.words
    left = await street.north.node.look(lambda desk: desk.tx.catalogue.all(street.account))
    assert sorted((item.sku, item.stock) for item in left) == [
        ("B00000", Decimal(2)),
        ("B00001", Decimal(2)),
        ("B00002", Decimal(2)),
        ("B00500", Decimal(9)),
    ]
    assert "Undo the last import" not in (await browser.get("/my/catalogue/import")).words


async def test_what_is_reserved_of_a_known_item_stays_so(street: Street) -> None:
    browser = await street.browser()
    await send(browser, table(2))
    known = await street.north.node.look(lambda desk: desk.tx.catalogue.get(street.account, "B00001"))
    await street.north.node.work(
        lambda desk: desk.tx.catalogue.put(street.account, known.reserve(Decimal(2)))  # type: ignore[union-attr]
    )
    await send(browser, table(ROWS, stock=7))
    await street.north.opened.run_until_idle()
    found = await street.north.node.look(lambda desk: desk.tx.catalogue.get(street.account, "B00001"))
    assert found is not None
    assert (found.stock, found.reserved) == (Decimal(7), Decimal(2))


@pytest.mark.parametrize("gone", [True, False])
async def test_a_table_that_is_not_the_tried_one_stops_in_words(street: Street, gone: bool) -> None:
    browser = await street.browser()
    await send(browser, table(ROWS))
    await one_part(street)

    def spoil(desk: Any) -> None:
        upload = desk.tx.stocktaking.upload(street.account)
        if gone:
            desk.tx.stocktaking.drop_upload(street.account)
        else:
            text = upload.text.replace(f"B{AT_ONCE + 3:05},", ",")
            desk.tx.stocktaking.save_upload(replace(upload, text=text))

    await street.north.node.work(spoil)
    await street.north.opened.run_until_idle()
    seen = await browser.get(PROGRESS)
    assert "It stopped on the way" in seen.words
    assert ("The table is gone." in seen.words) is gone
    assert f"{AT_ONCE} of {ROWS:,} rows are in the catalogue" in seen.words
    assert await count(street) == AT_ONCE
    assert "Undo the last import" in (await browser.get("/my/catalogue/import")).words


async def test_the_same_part_never_comes_in_twice(street: Street) -> None:
    await send(await street.browser(), table(ROWS))
    run = await run_of(street)
    assert run is not None
    items = await _items_of(street, run)
    for _ in range(2):
        await street.north.node.work(lambda desk: import_part(desk, run, items))
    now = await run_of(street)
    assert now is not None
    assert now.done == AT_ONCE


async def test_a_store_that_refuses_is_tried_again(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    await send(await street.browser(), table(AT_ONCE + 1))
    tries = 0

    async def refuse_once(node: Any) -> bool:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StoreRefused("The disk is full.")
        if tries == 2:
            raise RuntimeError("a fault of ours")
        return await import_on(node)

    monkeypatch.setattr("node.runtime.importing.import_on", refuse_once)
    monkeypatch.setattr("node.runtime.importing._REST_S", 0.01)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_imports, street.north.node)
        await at_its_end(street)
        tasks.cancel_scope.cancel()
    assert tries >= 3


async def test_a_table_that_makes_us_stumble_stops_and_keeps_nobody_waiting(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await street.browser()
    await send(browser, table(ROWS))
    await one_part(street)

    def stumble(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr("node.runtime.importing.items_of", stumble)
        with anyio.fail_after(20):
            assert await import_on(street.north.node)
    run = await run_of(street)
    assert run is not None
    assert (run.is_active, run.done) == (False, AT_ONCE)
    assert "This node stumbled over it, and its log says why." in (await browser.get(PROGRESS)).words
    await send(browser, table(AT_ONCE + 1))
    await import_on(street.north.node)
    assert (await run_of(street)).ended_at is not None  # type: ignore[union-attr]


async def test_pages_of_an_import_that_never_was_lead_to_its_first_step(street: Street) -> None:
    browser = await street.browser()
    seen = await browser.get(PROGRESS)
    assert seen.url.endswith("/my/catalogue/import")


async def test_too_many_rows_are_refused_with_the_number(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.web.screens.shop.importing.MOST_ROWS", 3)
    browser = await street.browser()
    seen = await browser.get("/my/catalogue/import")
    assert "at most 5 MiB and 100,000 rows" in seen.words
    seen = await browser.submit({"pasted": table(4)}, "/my/catalogue/import")
    assert seen.status == 422
    assert "It has 4 rows." in seen.words
