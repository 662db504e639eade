"""A transaction is a function: all of it or nothing, and reads that do not write."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from node.store.ports import Database, StoreRefused, Tx

pytestmark = pytest.mark.anyio


async def test_what_was_written_is_read(db: Database) -> None:
    assert await db.read(lambda tx: tx.meta.get("colour")) is None
    await db.write(lambda tx: tx.meta.set("colour", "red"))
    await db.write(lambda tx: tx.meta.set("colour", "blue"))
    assert await db.read(lambda tx: tx.meta.get("colour")) == "blue"


async def test_a_write_returns_what_its_function_returns(db: Database) -> None:
    assert await db.write(lambda tx: ("anything", tx.meta.get("nothing"))) == ("anything", None)


async def test_a_function_that_raises_changes_nothing(db: Database) -> None:
    def half(tx: Tx) -> None:
        tx.meta.set("half", "done")
        raise LookupError("no further")

    with pytest.raises(LookupError, match="no further"):
        await db.write(half)
    assert await db.read(lambda tx: tx.meta.get("half")) is None


async def test_a_function_sees_its_own_writes(db: Database) -> None:
    def twice(tx: Tx) -> str | None:
        tx.meta.set("n", "1")
        return tx.meta.get("n")

    assert await db.write(twice) == "1"


async def test_a_read_cannot_write_and_harms_nothing(db: Database) -> None:
    with pytest.raises(Exception, match=r"readonly|assignment"):
        await db.read(lambda tx: tx.meta.set("sneaked", "in"))
    assert await db.read(lambda tx: tx.meta.get("sneaked")) is None
    await db.write(lambda tx: tx.meta.set("honest", "yes"))


async def test_concurrent_writes_each_see_those_before(db: Database) -> None:
    def count(tx: Tx) -> None:
        tx.meta.set("n", str(int(tx.meta.get("n") or "0") + 1))

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(db.write, count)
    assert await db.read(lambda tx: tx.meta.get("n")) == "100"


async def test_one_failure_among_concurrent_writes_is_alone(db: Database) -> None:
    failed: list[int] = []

    async def one(number: int) -> None:
        def write(tx: Tx) -> None:
            tx.meta.set(f"n{number}", "there")
            if number % 3 == 0:
                raise ValueError(number)

        try:
            await db.write(write)
        except ValueError:
            failed.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(one, number)
    assert sorted(failed) == list(range(0, 30, 3))
    there = await db.read(lambda tx: [number for number in range(30) if tx.meta.get(f"n{number}")])
    assert there == [number for number in range(30) if number % 3]


async def test_a_closed_store_refuses(db: Database) -> None:
    await db.aclose()
    with pytest.raises(StoreRefused, match="closed"):
        await db.read(lambda tx: tx.meta.get("a"))
    with pytest.raises(StoreRefused, match="closed"):
        await db.write(lambda tx: tx.meta.set("a", "b"))
    await db.aclose()


async def test_a_copy_is_whole_or_refused(db: Database, tmp_path: Path) -> None:
    await db.write(lambda tx: tx.meta.set("colour", "red"))
    path = tmp_path / "copy.db"
    try:
        await db.copy_to(path)
    except StoreRefused:
        assert not path.exists()
    else:
        assert path.stat().st_size > 0
