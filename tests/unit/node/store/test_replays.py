"""What was recorded is never denied; what was not is nearly always denied without a look at the disk."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from node.store.sqlite import replays
from node.store.sqlite.codec import to_micros
from node.store.sqlite.replays import ReplayFilter

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=130)


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


@pytest.fixture
def table() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE replay (key BLOB, until INTEGER)")
    yield connection
    connection.close()


def test_a_recorded_key_may_be_there_and_another_is_not(table: sqlite3.Connection) -> None:
    seen = ReplayFilter(table)
    seen.add(key(1), LATER, NOW)
    assert seen.may_hold(key(1), NOW)
    assert not seen.may_hold(key(2), NOW)


def test_what_the_table_holds_at_the_start_is_known(table: sqlite3.Connection) -> None:
    table.executemany("INSERT INTO replay VALUES (?, ?)", [(key(1), to_micros(LATER)), (key(2), None)])
    seen = ReplayFilter(table)
    assert [seen.may_hold(key(n), NOW) for n in range(4)] == [False, True, True, False]


def test_a_table_too_long_to_read_is_asked_until_it_has_run_out(
    table: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "_READ_AT_ONCE", 2)
    table.executemany("INSERT INTO replay VALUES (?, ?)", [(key(n), to_micros(LATER)) for n in range(3)])
    seen = ReplayFilter(table)
    assert seen.may_hold(key(7), LATER)
    assert not seen.may_hold(key(7), LATER + timedelta(seconds=1))


def test_old_keys_are_dropped_only_when_none_of_them_matters(
    table: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "_HALF_FULL", 2)
    seen = ReplayFilter(table)
    for number in range(6):
        seen.add(key(number), LATER, NOW)
    assert all(seen.may_hold(key(number), NOW) for number in range(6))

    much_later = LATER + timedelta(minutes=1)
    for number in range(6, 8):
        seen.add(key(number), None, much_later)
    assert not any(seen.may_hold(key(number), much_later) for number in range(2))
    assert all(seen.may_hold(key(number), much_later) for number in range(2, 8))


def test_a_key_without_an_end_is_never_dropped(
    table: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "_HALF_FULL", 1)
    seen = ReplayFilter(table)
    seen.add(key(0), None, NOW)
    for number in range(1, 5):
        seen.add(key(number), LATER, NOW + timedelta(days=1000 * number))
    assert seen.may_hold(key(0), NOW + timedelta(days=9000))
