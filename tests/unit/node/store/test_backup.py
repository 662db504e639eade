"""A backup holds database and node key whole, or is refused; nothing is overwritten or left half-written."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from federation.ports import InboundEntry, Recorded
from node.config import Config
from node.store import backup as module
from node.store.backup import RestoredBackup, read_backup, restore_backup, write_backup
from node.store.memory import MemoryDatabase
from node.store.ports import StoreRefused
from node.store.sqlite import SqliteDatabase, open_sqlite
from tests.builders import NOW

Open = Callable[..., Awaitable[SqliteDatabase]]
KEY = bytes(range(32))
PASSPHRASE = "correct horse battery staple"
SETTINGS = b'base_url = "https://ana.example"\n'
CHUNK = 1024 * 1024 + 16
HEADER = 33


@pytest.fixture
def backup_path(tmp_path: Path) -> Path:
    return tmp_path / "node.backup"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "restored"


def back_up(
    path: Path, big: int = 0, passphrase: str = PASSPHRASE, source: Path | None = None, **over: Any
) -> None:
    """A backup of a store with one known row, and `big` random megabytes."""

    async def make() -> None:
        store = await open_sqlite(source or path.with_name("source.db"), clock=lambda: NOW, create=True)
        try:
            await store.write(lambda tx: tx.meta.set("SECRETNAME", "SECRETVALUE"))
            await store.write(lambda tx: tx.meta.set("big", os.urandom(big * 512 * 1024).hex()))
            await write_backup(store, KEY, path, passphrase, now=NOW, **over)
        finally:
            await store.aclose()

    asyncio.run(make())


def value_in(database: Path) -> str | None:
    """What the known row says in a restored store."""

    async def read() -> str | None:
        store = await open_sqlite(database, clock=lambda: NOW)
        try:
            return await store.read(lambda tx: tx.meta.get("SECRETNAME"))
        finally:
            await store.aclose()

    return asyncio.run(read())


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} if folder.exists() else set()


def refused(path: Path, passphrase: str, data_dir: Path) -> str:
    """The words of a refused restore, which leaves no trace."""
    before = names_in(data_dir)
    with pytest.raises(StoreRefused) as refusal:
        restore_backup(path, passphrase, data_dir)
    assert names_in(data_dir) == before
    return str(refusal.value)


def test_a_backup_brings_the_node_back(backup_path: Path, data_dir: Path) -> None:
    back_up(backup_path, settings=SETTINGS)
    found = restore_backup(backup_path, PASSPHRASE, data_dir)
    assert (found.made_at, found.node_key, found.settings) == (NOW, KEY, SETTINGS)
    assert (data_dir / "node.key").read_bytes() == KEY
    assert (data_dir / "config.toml").read_bytes() == SETTINGS
    assert found.database_bytes == (data_dir / "obverse.db").stat().st_size
    assert value_in(data_dir / "obverse.db") == "SECRETVALUE"


def test_a_backup_of_many_chunks_is_read_in_pieces(backup_path: Path, data_dir: Path) -> None:
    back_up(backup_path, big=3)
    found = read_backup(backup_path, PASSPHRASE)
    pieces = list(found.database())
    assert len(pieces) >= 4
    assert sum(len(piece) for piece in pieces) == found.database_bytes
    assert max(len(piece) for piece in pieces) <= 1024 * 1024


@pytest.mark.parametrize("less", [-1, 0, 1])
def test_a_backup_may_end_anywhere_in_a_chunk(
    backup_path: Path, data_dir: Path, less: int, tmp_path: Path
) -> None:
    """The manifest and the file together just fill two chunks, or nearly."""
    plain = tmp_path / "plain"
    manifest = module._Manifest(NOW, KEY, 2_000_000)
    before = len(msgspec.json.encode(manifest)) + 4
    content = os.urandom(2 * 1024 * 1024 - before - less)
    plain.write_bytes(content)
    module._write(plain, module._Manifest(NOW, KEY, len(content)), backup_path, PASSPHRASE)
    assert b"".join(read_backup(backup_path, PASSPHRASE).database()) == content


@pytest.mark.anyio
async def test_a_backup_under_load_holds_everything_acknowledged_before_it(
    store: SqliteDatabase,
    open_store: Open,
    an_entry: Callable[..., InboundEntry],
    backup_path: Path,
    data_dir: Path,
) -> None:
    """X15."""
    acknowledged: list[int] = []
    stopping = False

    async def write() -> None:
        number = 0
        while not stopping:
            assert await store.inbox_log.record(an_entry(str(number))) is Recorded.NEW
            acknowledged.append(number)
            number += 1

    writing = asyncio.ensure_future(write())
    while len(acknowledged) < 20:  # noqa: ASYNC110 - the writer is the load, not a signal
        await asyncio.sleep(0)
    before = len(acknowledged)
    await write_backup(store, KEY, backup_path, PASSPHRASE, now=NOW)
    stopping = True
    await writing
    await asyncio.to_thread(restore_backup, backup_path, PASSPHRASE, data_dir)
    again = await open_store(data_dir / "obverse.db", create=False)
    kept = [entry.activity_id for entry in await again.inbox_log.claim(100_000, NOW)]
    assert kept == [an_entry(str(number)).activity_id for number in range(len(kept))]
    assert before <= len(kept)
    assert await again.inbox_log.record(an_entry("0")) is Recorded.DUPLICATE


def test_a_backup_shows_nothing_and_only_to_its_owner(backup_path: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    back_up(backup_path, settings=b"SECRETSETTING", work_dir=work)
    content = backup_path.read_bytes()
    for word in (b"SECRET", KEY, b"SQLite format", PASSPHRASE.encode()):
        assert word not in content
    assert oct(backup_path.stat().st_mode & 0o777) == oct(0o600)
    assert names_in(work) == set()
    again = tmp_path / "again.backup"
    back_up(again)
    assert again.read_bytes()[:HEADER] != content[:HEADER]
    assert PASSPHRASE not in repr(read_backup(again, PASSPHRASE))
    assert repr(KEY) not in repr(read_backup(again, PASSPHRASE))


def test_restored_files_are_their_owners_alone(backup_path: Path, data_dir: Path) -> None:
    back_up(backup_path, settings=SETTINGS)
    restore_backup(backup_path, PASSPHRASE, data_dir)
    assert {file.stat().st_mode & 0o777 for file in data_dir.iterdir()} == {0o600}
    assert data_dir.stat().st_mode & 0o777 == 0o700


def test_a_passphrase_means_the_same_however_it_is_typed(backup_path: Path) -> None:
    back_up(backup_path, passphrase="Gr\u00fc\u00dfe")
    assert read_backup(backup_path, "Gru\u0308\u00dfe").node_key == KEY


# --- refusals ------------------------------------------------------------------------------------------


def test_a_wrong_passphrase_is_refused(backup_path: Path, data_dir: Path) -> None:
    back_up(backup_path)
    assert "passphrase is wrong" in refused(backup_path, "guess", data_dir)
    assert not data_dir.exists()


def test_an_empty_passphrase_is_refused(backup_path: Path) -> None:
    with pytest.raises(StoreRefused, match="needs a passphrase"):
        back_up(backup_path, passphrase="")
    assert not names_in(backup_path.parent) & {backup_path.name}


def altered(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Every way to spoil a backup of at least three chunks."""
    chunks = [content[HEADER:][start : start + CHUNK] for start in range(0, len(content) - HEADER, CHUNK)]
    header = content[:HEADER]
    assert len(chunks) >= 3
    for position in (20, HEADER, HEADER + CHUNK + 5, len(content) - 1):
        flipped = bytearray(content)
        flipped[position] ^= 1
        yield f"one bit at {position}", bytes(flipped)
    yield "cut at a chunk", header + b"".join(chunks[:-1])
    yield "cut within a chunk", content[:-100]
    yield "cut within a tag", content[: HEADER + CHUNK + 7]
    yield "nothing after the header", header
    yield "chunks exchanged", header + b"".join([chunks[1], chunks[0], *chunks[2:]])
    yield "a chunk left out", header + b"".join([chunks[0], *chunks[2:]])
    yield "a chunk twice", header + b"".join([*chunks, chunks[-1]])
    yield "something after the end", content + b"x"


def test_an_altered_backup_is_refused_and_leaves_nothing(backup_path: Path, data_dir: Path) -> None:
    back_up(backup_path, big=2)
    for way, content in altered(backup_path.read_bytes()):
        backup_path.write_bytes(content)
        words = refused(backup_path, PASSPHRASE, data_dir)
        assert "altered" in words, way
        assert not data_dir.exists(), way


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a backup"),
        (b"PK\x03\x04 a zip file", "not a backup"),
        (b"OBVERSE BACKUP\x00\x02" + b"\x0f" * 17, "newer version"),
        (b"OBVERSE BACKUP\x00\x01\x0f", "damaged"),
        (b"OBVERSE BACKUP\x00\x01\x28" + b"s" * 16, "damaged"),
        (b"OBVERSE BACKUP\x00\x01\x01" + b"s" * 16, "damaged"),
    ],
)
def test_what_is_no_backup_of_ours_is_refused(
    backup_path: Path, data_dir: Path, content: bytes, words: str
) -> None:
    backup_path.write_bytes(content)
    assert words in refused(backup_path, PASSPHRASE, data_dir)


def test_a_backup_that_is_not_there_is_refused(backup_path: Path, data_dir: Path) -> None:
    assert "cannot be read" in refused(backup_path, PASSPHRASE, data_dir)


def seal_other(path: Path, plain: bytes, manifest: bytes) -> None:
    """A file under the right passphrase whose content we would not write."""
    header = module._MAGIC + bytes([15]) + b"s" * 16
    content = len(manifest).to_bytes(4, "big") + manifest + plain
    cipher = AESGCM(module._derive(PASSPHRASE, header))
    sealed = cipher.encrypt(module._nonce(0), content, module._bound_to(header, 0, last=True))
    path.write_bytes(header + sealed)


def test_an_unknown_manifest_is_refused(backup_path: Path, data_dir: Path) -> None:
    seal_other(backup_path, b"", b'{"format": "another"}')
    assert "another version" in refused(backup_path, PASSPHRASE, data_dir)


def test_a_database_that_is_not_whole_is_refused(backup_path: Path, data_dir: Path) -> None:
    manifest = msgspec.json.encode(module._Manifest(NOW, KEY, 100))
    seal_other(backup_path, b"only so much", manifest)
    assert "not whole" in refused(backup_path, PASSPHRASE, data_dir)


def test_an_existing_file_is_not_overwritten_by_a_backup(backup_path: Path) -> None:
    backup_path.write_bytes(b"last year's")
    with pytest.raises(StoreRefused, match="not replaced"):
        back_up(backup_path)
    assert backup_path.read_bytes() == b"last year's"


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_appears_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    target = tmp_path / "target"

    def write_late() -> None:
        with module._new_file(target) as file:
            file.write(b"ours")
            target.write_bytes(b"theirs")

    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(StoreRefused, match="not replaced"):
        write_late()
    assert target.read_bytes() == b"theirs"
    assert names_in(tmp_path) == {"target"}


def no_links(*_: object) -> None:
    """A disk without hard links: a stick with FAT, which cannot be had here."""
    raise PermissionError(1, "Operation not permitted")


def test_a_disk_without_hard_links_holds_backups_too(
    backup_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(backup_path.with_name("first.backup"))
    monkeypatch.setattr(os, "link", no_links)
    back_up(backup_path)
    assert read_backup(backup_path, PASSPHRASE).node_key == KEY
    assert names_in(backup_path.parent) >= {"node.backup"}
    assert not [name for name in names_in(backup_path.parent) if name.endswith(".partial")]


def test_a_backup_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="could not be written"):
        back_up(tmp_path / "no" / "such" / "folder", source=tmp_path / "source.db")
    with pytest.raises(StoreRefused, match="too long"):
        back_up(tmp_path / "b", settings=b"x" * 2_000_000)
    assert "b" not in names_in(tmp_path)


@pytest.mark.anyio
async def test_a_store_in_memory_is_not_backed_up(backup_path: Path) -> None:
    with pytest.raises(StoreRefused, match="memory"):
        await write_backup(MemoryDatabase(clock=lambda: NOW), KEY, backup_path, PASSPHRASE, now=NOW)
    assert not names_in(backup_path.parent) & {backup_path.name}


@pytest.mark.parametrize("there", ["obverse.db", "obverse.db-wal"])
def test_a_database_that_is_there_is_never_overwritten(backup_path: Path, data_dir: Path, there: str) -> None:
    back_up(backup_path)
    data_dir.mkdir()
    (data_dir / there).write_bytes(b"precious")
    assert "not replaced" in refused(backup_path, PASSPHRASE, data_dir)
    assert (data_dir / there).read_bytes() == b"precious"


def test_another_nodes_key_is_never_overwritten(backup_path: Path, data_dir: Path) -> None:
    back_up(backup_path)
    data_dir.mkdir()
    (data_dir / "node.key").write_bytes(b"another")
    assert "another node" in refused(backup_path, PASSPHRASE, data_dir)


def test_a_restore_that_was_cut_off_can_be_done_again(backup_path: Path, data_dir: Path) -> None:
    back_up(backup_path, settings=SETTINGS)
    data_dir.mkdir()
    (data_dir / "node.key").write_bytes(KEY)
    (data_dir / "config.toml").write_bytes(b"# mine")
    restore_backup(backup_path, PASSPHRASE, data_dir)
    assert names_in(data_dir) == {"node.key", "config.toml", "obverse.db"}
    assert (data_dir / "config.toml").read_bytes() == b"# mine"


def test_a_restore_that_fails_midway_takes_back_what_it_put(
    backup_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup is changed between its proof and its use: the database does not come, nor does the key."""
    back_up(backup_path, big=2)
    whole = read_backup(backup_path, PASSPHRASE)
    spoilt = bytearray(backup_path.read_bytes())
    spoilt[-1] ^= 1

    def read_and_spoil(path: Path, passphrase: str) -> RestoredBackup:
        backup_path.write_bytes(spoilt)
        return whole

    monkeypatch.setattr(module, "read_backup", read_and_spoil)
    assert "altered" in refused(backup_path, PASSPHRASE, data_dir)


def test_a_place_that_cannot_hold_a_node_is_refused(backup_path: Path, tmp_path: Path) -> None:
    back_up(backup_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreRefused, match="cannot be written"):
        restore_backup(backup_path, PASSPHRASE, tmp_path / "file" / "below")


def test_the_names_are_those_that_a_node_looks_for(data_dir: Path) -> None:
    config = Config(data_dir, "https://ana.example")
    assert config.database_path.name == module.DATABASE_FILE
    assert config.node_key_path.name == module.NODE_KEY_FILE
