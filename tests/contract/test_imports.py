"""A long table on its way in: how far it is, and what takes each part back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from node.domain.sayings import said
from node.store.imports import ImportPart, ImportRun
from node.store.ports import Database
from tests.builders import NOW, VENDOR, an_item
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

OTHER = "https://shop.example/users/other"
RUN = ImportRun(VENDOR, NOW, "„Herbst“.csv", 3, ("sku", "", "name"), (("currency", "EUR"),), 2, 1, 1)


async def test_a_run_comes_back_exactly_and_is_found_while_it_goes_on(db: Database) -> None:
    earlier = ImportRun(OTHER, NOW - timedelta(hours=1), "x", 9, is_undo=True)
    await db.write(each(lambda tx: tx.imports.save_run, replace(RUN, done=1), RUN, earlier))
    assert await db.read(lambda tx: tx.imports.run(VENDOR)) == RUN
    assert await db.read(lambda tx: tx.imports.run("nobody")) is None
    assert await db.read(lambda tx: tx.imports.active()) == [earlier, RUN]
    for ended in (replace(RUN, ended_at=NOW), replace(RUN, trouble=said("the table is gone"))):
        await db.write(lambda tx, run=ended: tx.imports.save_run(run))  # type: ignore[misc]
        assert await db.read(lambda tx: tx.imports.active()) == [earlier]
        assert await db.read(lambda tx: tx.imports.run(VENDOR)) == ended


async def test_parts_come_back_the_last_first_and_go_with_their_run(db: Database) -> None:
    first = ImportPart(VENDOR, 0, ((an_item(stock=Decimal("2.50")), None),), (("S1", Decimal(3)),))
    second, others = ImportPart(VENDOR, 500), ImportPart(OTHER, 7)
    await db.write(each(lambda tx: tx.imports.add_part, first, second, others))
    await db.write(lambda tx: tx.imports.save_run(RUN))
    assert await db.read(lambda tx: tx.imports.last_part(VENDOR)) == second
    assert await db.write(lambda tx: tx.imports.drop_part(VENDOR, 500))
    assert not await db.write(lambda tx: tx.imports.drop_part(VENDOR, 500))
    assert await db.read(lambda tx: tx.imports.last_part(VENDOR)) == first
    assert await db.write(lambda tx: tx.imports.drop_run(VENDOR))
    assert not await db.write(lambda tx: tx.imports.drop_run(VENDOR))
    assert await db.read(lambda tx: (tx.imports.run(VENDOR), tx.imports.last_part(VENDOR))) == (None, None)
    assert await db.read(lambda tx: tx.imports.last_part(OTHER)) == others
