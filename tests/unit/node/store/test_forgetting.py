"""What is forgotten is not in the file: deduplication keeps keyed hashes, deletion overwrites."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from federation.ports import DeliveryOutcome, InboundEntry, Outcome, Recorded
from node.store.ports import KeyRow, QueuedJob
from node.store.sqlite import SqliteDatabase
from node.store.sqlite.inbox import SeenHash
from tests.builders import NOW

pytestmark = pytest.mark.anyio

Open = Callable[..., Awaitable[SqliteDatabase]]
Make = Callable[..., InboundEntry]


def files_of(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.name.startswith(path.name))


async def test_a_processed_message_leaves_two_hashes_and_nothing_else(
    store: SqliteDatabase, an_entry: Make, path: Path
) -> None:
    entry = an_entry("SECRETID", body=b"SECRETBODY" * 1000, digest="SECRETDIGEST", key_id="SECRETKEY")
    await store.inbox_log.record(entry)
    (claimed,) = await store.inbox_log.claim(1, NOW)
    assert await store.read(lambda tx: tx.connection.execute("SELECT count(*) FROM seen").fetchone()[0]) == 1
    await store.inbox_log.finish(claimed.id)
    ((key, body),) = await store.read(
        lambda tx: tx.connection.execute("SELECT key, body FROM seen").fetchall()
    )
    assert (len(key), len(body)) == (16, 16)
    await store.aclose()
    content = files_of(path)
    for word in (b"SECRETID", b"SECRETBODY", b"SECRETDIGEST", b"SECRETKEY", entry.actor.encode()):
        assert word not in content


async def test_nobody_else_can_ask_the_hashes_what_was_seen(
    open_store: Open, an_entry: Make, tmp_path: Path
) -> None:
    first, second = await open_store(), await open_store(tmp_path / "second.db")
    for store in (first, second):
        await store.inbox_log.record(an_entry())
    hashes = [
        await store.read(lambda tx: tx.connection.execute("SELECT key, body FROM seen").fetchone())
        for store in (first, second)
    ]
    assert hashes[0][0] != hashes[1][0]
    assert hashes[0][1] != hashes[1][1]


async def test_what_was_seen_is_known_after_a_new_start(open_store: Open, an_entry: Make) -> None:
    store = await open_store()
    await store.inbox_log.record(an_entry())
    await store.aclose()
    again = await open_store()
    assert await again.inbox_log.record(an_entry()) is Recorded.DUPLICATE
    assert await again.inbox_log.record(an_entry(digest="other")) is Recorded.CONFLICT


def test_the_two_hashes_never_coincide(an_entry: Make) -> None:
    seen = SeenHash(b"secret")
    entry = an_entry(recipient="", actor="", activity_id="", digest="\0" * 12)
    assert seen.message(entry) != seen.body(entry)
    assert seen.message(entry) != SeenHash(b"other").message(entry)


async def test_a_destroyed_key_is_not_in_the_file(store: SqliteDatabase, path: Path) -> None:
    row = KeyRow("https://ana.example/p/1#k", "https://ana.example/p/1", "ed25519", "z6Mk", b"S" * 300, NOW)
    await store.write(lambda tx: tx.keys.save(row))
    await store.write(lambda tx: tx.keys.save(replace(row, sealed=None)))
    await store.aclose()
    assert b"U1NT" * 20 not in files_of(path)  # base64 of SSS


async def test_the_outbox_has_no_place_for_a_key(store: SqliteDatabase) -> None:
    rows = await store.read(lambda tx: tx.connection.execute("PRAGMA table_info(delivery)").fetchall())
    named = {row[1] for row in rows if "key" in row[1]}
    assert named == {"key_id", "fast_key_id", "ordering_key"}


async def test_one_body_for_many_inboxes_is_stored_once_and_then_gone(
    store: SqliteDatabase, path: Path
) -> None:
    body = b"SECRETBODY" * 1000
    job = QueuedJob("a", "r", "https://x.example/inbox", "me", "#k", body, "", NOW, NOW)
    for number in range(20):
        await store.write(
            lambda tx, number=number: tx.deliveries.enqueue(replace(job, recipient=f"r{number}"))  # type: ignore[misc]
        )
    sizes = "SELECT count(*), sum(length(bytes)) FROM body"
    assert await store.read(lambda tx: tx.connection.execute(sizes).fetchone()) == (1, len(body))
    for claimed in await store.delivery_queue.claim(20, NOW):
        await store.delivery_queue.settle(claimed.id, DeliveryOutcome(Outcome.DELIVERED, "ok"), NOW)
    assert await store.read(lambda tx: tx.connection.execute(sizes).fetchone()) == (0, None)
    await store.aclose()
    assert b"SECRETBODY" not in files_of(path)
