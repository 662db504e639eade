"""The inbox by actors: a claim costs what it returns, whatever one of them has waiting."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlite_utils import Database

from federation.ports import InboundEntry
from node.store.sqlite import inbox as inbox_module
from node.store.sqlite import schema
from node.store.sqlite.inbox import SeenHash, SqliteInbox
from tests.builders import NOW
from tests.unit.node.store.steps import steps_of

SEEN = SeenHash(b"k")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(Database(made))
    yield made
    made.close()


def an_entry(actor: str, number: int) -> InboundEntry:
    return InboundEntry("https://v.example/u", actor, f"{actor}/{number}", b"{}", "d", NOW)


def fill(inbox: SqliteInbox, actor: str, count: int) -> None:
    for number in range(count):
        inbox.record(an_entry(actor, number), SEEN)


def claim(inbox: SqliteInbox, *busy: str) -> list[int]:
    is_due, actors = inbox.look(100, NOW, "", busy)
    assert not is_due
    return inbox.first_of(actors, 2)


def steps_of_claim(connection: sqlite3.Connection, *busy: str) -> int:
    """How many tens of steps the database takes for one claim."""
    return steps_of(connection, lambda: claim(SqliteInbox(connection), *busy), by=10)


def test_a_backlog_of_100_000_costs_a_claim_no_more_than_one_of_ten(connection: sqlite3.Connection) -> None:
    inbox = SqliteInbox(connection)
    for number in range(20):
        fill(inbox, f"https://h{number}.example/u", 1)
    fill(inbox, "https://flood.example/u", 10)
    before, while_busy = steps_of_claim(connection), steps_of_claim(connection, "https://flood.example/u")
    connection.execute("BEGIN")
    connection.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
        " INSERT INTO inbox (state, due_at, recipient, actor, activity_id, body, digest, received_at, signer,"
        " key_id, proof_key_id, replay_key, attempts, error) SELECT 'pending', 0, 'r',"
        " 'https://flood.example/u', 'x' || i, x'7b7d', 'd', 0, '', '', '', x'', 0, '' FROM n"
    )
    connection.execute("COMMIT")
    assert len(claim(inbox)) == 22
    assert steps_of_claim(connection) <= 1.1 * before
    assert steps_of_claim(connection, "https://flood.example/u") <= 1.1 * while_busy


def test_a_thousand_waiting_actors_cost_a_claim_no_more_than_it_takes(connection: sqlite3.Connection) -> None:
    inbox = SqliteInbox(connection)
    for number in range(100):
        fill(inbox, f"https://h{number}.example/u", 1)
    before = steps_of_claim(connection)
    for number in range(100, 3000):
        fill(inbox, f"https://h{number}.example/u", 1)
    assert len(claim(inbox)) == 100
    assert steps_of_claim(connection) <= 1.1 * before


@pytest.mark.parametrize(
    "look",
    [
        lambda inbox: inbox.look(10, NOW, "https://m.example/u", ["https://a.example/u"]),
        lambda inbox: inbox.pending_of([1, 2]),
        lambda inbox: inbox.first_of(["https://a.example/u"], 2),
        lambda inbox: inbox.entries([1, 2]),
        lambda inbox: inbox.next_due(),
        lambda inbox: inbox.waiting_since(),
    ],
)
def test_looks_at_the_inbox_search_an_index_and_sort_nothing(
    connection: sqlite3.Connection, look: Any
) -> None:
    fill(SqliteInbox(connection), "https://a.example/u", 3)
    asked: list[tuple[str, Any]] = []

    class Asked:
        def execute(self, statement: str, parameters: Any = ()) -> sqlite3.Cursor:
            asked.append((statement, parameters))
            return connection.execute(statement, parameters)

    look(SqliteInbox(Asked()))  # type: ignore[arg-type]
    assert asked
    for statement, parameters in asked:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        assert any("inbox" in line or "one" in line for line in plan)
        assert not [line for line in plan if "TEMP B-TREE" in line]
        assert not [line for line in plan if line.startswith(("SCAN inbox", "SCAN one"))]


def test_what_is_due_again_is_made_ready_a_bounded_number_at_a_time(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "_READY_AT_ONCE", 2)
    inbox = SqliteInbox(connection)
    fill(inbox, "https://a.example/u", 5)
    for entry_id in range(1, 6):
        inbox.retry(entry_id, NOW + timedelta(minutes=entry_id), "not now")
    assert inbox.look(9, NOW) == (False, [])
    later = NOW + timedelta(minutes=3)
    rounds = 0
    while inbox.look(9, later)[0]:
        inbox.make_ready(later)
        rounds += 1
    assert rounds == 2
    assert inbox.first_of(["https://a.example/u"], 9) == [1, 2, 3]
    assert inbox.waiting_since() is None, "each has had its try"


def test_a_store_of_before_knows_what_was_put_off() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    database = Database(connection)
    schema._steps().apply(database, stop_before="0005-ready")
    due = int(NOW.timestamp() * 1e6)
    for number, (state, due_at) in enumerate(
        [("pending", 0), ("pending", due), ("pending", due + 1), ("dead", 5)]
    ):
        connection.execute(
            "INSERT INTO inbox (state, due_at, recipient, actor, activity_id, body, digest, received_at,"
            " signer, key_id, proof_key_id, replay_key, attempts, error, buried_at)"
            " VALUES (?, ?, 'r', 'a', ?, x'7b7d', 'd', 0, '', '', '', x'', 0, '', 7)",
            (state, due_at, f"{number}"),
        )
    schema.migrate(database)
    inbox = SqliteInbox(connection)
    assert inbox.first_of(["a"], 9) == [1]
    inbox.make_ready(NOW)
    assert inbox.first_of(["a"], 9) == [1, 2]
    assert inbox.requeue(4, NOW)
    assert inbox.first_of(["a"], 9) == [1, 2, 4]
    connection.close()
