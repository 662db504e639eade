"""The outbox by hosts: a claim costs what it returns, and stores of before are brought up to date."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlite_utils import Database

from federation.ports import DeliveryOutcome, Outcome
from node.store.ports import QueuedJob
from node.store.sqlite import schema
from node.store.sqlite.outbox import SqliteDeliveries
from tests.builders import NOW
from tests.unit.node.store.steps import steps_of


def a_job(number: int, host: str, minutes: int = 0) -> QueuedJob:
    inbox = f"https://{host}.example/inbox"
    due = NOW + timedelta(minutes=minutes)
    later = NOW + timedelta(days=7)
    return QueuedJob("a", "r", inbox, "me", "#k", b"body", f"{number}", NOW, later, due_at=due)


@pytest.fixture
def connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(Database(made))
    return made


def test_x23_a_claim_costs_the_same_with_a_backlog_and_with_many_silent_hosts(
    connection: sqlite3.Connection,
) -> None:
    outbox = SqliteDeliveries(connection)
    for number in range(20):
        outbox.enqueue(a_job(number, f"well{number}"))
    outbox.enqueue(a_job(20, "flood"))
    before = steps_of(connection, lambda: outbox.claim(40, NOW), by=100)
    for number in range(21, 5000):
        outbox.enqueue(a_job(number, "flood"))
    for number in range(5000, 7000):
        outbox.enqueue(a_job(number, f"later{number}", minutes=60))
    held = DeliveryOutcome(Outcome.RETRY, "silent", attempted=False, hold_until=NOW + timedelta(hours=1))
    for number in range(7000, 8000):
        outbox.enqueue(a_job(number, f"silent{number}"))
        outbox.settle(number + 1, held, NOW)
    assert len(outbox.claim(40, NOW)) == 21
    after = steps_of(connection, lambda: outbox.claim(40, NOW), by=100)
    assert after <= 2 * before + 5
    assert steps_of(connection, outbox.next_due, by=100) <= 2
    connection.close()


def test_a_message_costs_the_same_however_many_others_wait_or_were_delivered(
    connection: sqlite3.Connection,
) -> None:
    outbox = SqliteDeliveries(connection)
    delivered = DeliveryOutcome(Outcome.DELIVERED, "accepted", 202)

    def deliver_two_of_three(number: int) -> None:
        outbox.enqueue(a_job(number, "one"))
        outbox.settle(outbox.all(limit=1)[0].id, delivered, NOW)
        outbox.enqueue(a_job(number, "one"))
        outbox.enqueue(a_job(number, "one"))
        outbox.settle(outbox.all(limit=2)[1].id, delivered, NOW)
        assert outbox.delivered_at("a", "nobody") is None

    before = steps_of(connection, lambda: deliver_two_of_three(0), by=100)
    for number in range(1, 2000):
        outbox.enqueue(replace(a_job(number, "two"), activity_id=f"b{number}"))
        if number % 2:
            outbox.settle(outbox.all(limit=1)[0].id, delivered, NOW)
    after = steps_of(connection, lambda: deliver_two_of_three(2000), by=100)
    assert after <= 2 * before + 5
    connection.close()


def test_a_store_of_before_knows_the_hosts_of_what_waits() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    database = Database(connection)
    steps = schema._steps()
    steps.apply(database, stop_before="0002-lanes")
    connection.execute("INSERT INTO body VALUES (x'00', x'01')")
    for number, inbox in enumerate(
        ("https://a.example/x", "https://a.example/y", "https://b.example:8443/z")
    ):
        connection.execute(
            "INSERT INTO delivery (state, head, due_at, activity_id, recipient, inbox, actor, key_id,"
            " fast_key_id, body, ordering_key, created_at, give_up_at, attempts, detail)"
            " VALUES ('queued', 1, ?, 'a', 'r', ?, 'me', 'k', '', x'00', '', 0, 9000000000000000, 0, '')",
            (number, inbox),
        )
    schema.migrate(database)
    lanes = connection.execute("SELECT origin, due_at, held_until FROM lane ORDER BY origin").fetchall()
    assert lanes == [("https://a.example", 0, 0), ("https://b.example:8443", 2, 0)]
    assert len(SqliteDeliveries(connection).claim(9, NOW)) == 3
    connection.close()
