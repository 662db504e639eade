"""A backup that waits takes a node's place whole, wherever it was cut off, and removes nothing."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from node.store.ports import StoreRefused
from node.store.sqlite import hold_store, open_sqlite
from node.store.staging import draft_of, drop_staged, is_staged, settle, take_over, unpack
from tests.builders import NOW
from tests.unit.node.store.test_backup import KEY, PASSPHRASE, back_up, value_in

ASIDE = "before-20261121T120000Z"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Of a node that is there already: another key, another store, a journal beside it."""
    made = tmp_path / "data"
    made.mkdir()
    (made / "node.key").write_bytes(b"the old key")
    (made / "config.toml").write_text('base_url = "https://ana.example"\nbind_port = 8001\n')

    async def make() -> None:
        store = await open_sqlite(made / "obverse.db", clock=lambda: NOW, create=True)
        await store.write(lambda tx: tx.meta.set("SECRETNAME", "of the old one"))
        await store.aclose()

    asyncio.run(make())
    (made / "obverse.db-wal").write_bytes(b"the old journal")
    return made


def wait(data_dir: Path) -> None:
    path = data_dir.parent / "node.backup"
    back_up(path, settings=b'base_url = "https://ana.example"\n')
    unpack(path, PASSPHRASE, data_dir, now=NOW)
    settle(data_dir)


def test_what_waits_takes_the_place_and_the_old_is_kept(data_dir: Path) -> None:
    wait(data_dir)
    assert is_staged(data_dir)
    assert (data_dir / "node.key").read_bytes() == b"the old key"
    aside = take_over(data_dir, now=NOW)
    assert aside == data_dir / ASIDE
    assert value_in(data_dir / "obverse.db") == "SECRETVALUE"
    assert (data_dir / "node.key").read_bytes() == KEY
    assert "bind_port" in (data_dir / "config.toml").read_text()
    assert (aside / "node.key").read_bytes() == b"the old key"
    assert (aside / "obverse.db-wal").read_bytes() == b"the old journal"
    assert not (data_dir / "obverse.db-wal").exists()
    assert value_in(aside / "obverse.db") == "of the old one"
    assert not is_staged(data_dir)
    assert take_over(data_dir, now=NOW) is None


@pytest.mark.parametrize("step", range(6))
def test_a_start_that_was_cut_off_is_taken_up_by_the_next(
    data_dir: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(data_dir)
    done = 0
    rename, remove = Path.rename, shutil.rmtree

    def until_then() -> None:
        nonlocal done
        done += 1
        if done > step:
            raise KeyboardInterrupt

    def cut_rename(self: Path, target: Any) -> Path:
        until_then()
        return rename(self, target)

    def cut_remove(*of: Any, **how: Any) -> None:
        until_then()
        remove(*of, **how)

    with monkeypatch.context() as cut:
        cut.setattr(Path, "rename", cut_rename)
        cut.setattr(shutil, "rmtree", cut_remove)
        with pytest.raises(KeyboardInterrupt):
            take_over(data_dir, now=NOW)
    assert is_staged(data_dir)
    take_over(data_dir, now=NOW)
    assert value_in(data_dir / "obverse.db") == "SECRETVALUE"
    assert (data_dir / "node.key").read_bytes() == KEY
    assert not (data_dir / "obverse.db-wal").exists()
    kept = sorted(path.name for path in (data_dir / ASIDE).iterdir())
    assert kept == ["node.key", "obverse.db", "obverse.db-wal"]
    assert not is_staged(data_dir)


def test_nothing_is_moved_under_a_store_that_is_open(data_dir: Path) -> None:
    wait(data_dir)
    with hold_store(data_dir / "obverse.db"), pytest.raises(StoreRefused, match="in use"):
        take_over(data_dir, now=NOW)
    assert is_staged(data_dir)
    assert (data_dir / "node.key").read_bytes() == b"the old key"
    assert take_over(data_dir, now=NOW) is not None


def test_what_does_not_open_never_waits(data_dir: Path) -> None:
    path = data_dir.parent / "node.backup"
    back_up(path)
    with pytest.raises(StoreRefused, match="passphrase is wrong"):
        unpack(path, "another", data_dir, now=NOW)
    assert not is_staged(data_dir)
    assert not draft_of(data_dir).exists()


def test_a_later_one_takes_the_place_of_one_that_waits(data_dir: Path) -> None:
    wait(data_dir)
    (data_dir.parent / "node.backup").unlink()
    (data_dir.parent / "source.db").unlink()
    wait(data_dir)
    drop_staged(data_dir)
    assert not is_staged(data_dir)
    assert take_over(data_dir, now=NOW) is None
    assert value_in(data_dir / "obverse.db") == "of the old one"


def test_a_disk_that_refuses_is_told_in_words(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wait(data_dir)

    def full(self: Path, target: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(StoreRefused, match=r"cannot be written: No space left on device\."):
        take_over(data_dir, now=NOW)
