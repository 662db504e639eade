"""Whatever is queued, settled and sent again: the outbox in SQLite and the one in memory say the same.

The one keeps marks in its rows, the other works everything out anew; so each is the other's oracle.
"""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from federation.ports import DeliveryOutcome, Outcome
from node.store.memory.queues import MemoryDeliveries
from node.store.memory.tables import Tables
from node.store.ports import JobState, QueuedJob
from node.store.sqlite.codec import from_micros
from node.store.sqlite.outbox import SqliteDeliveries
from node.store.sqlite.schema import migrate
from tests.builders import NOW

MINUTES = st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("enqueue"), st.sampled_from(["", "d1", "d2"]), st.none() | MINUTES, st.integers(1, 8)
        ),
        st.tuples(
            st.just("settle"), st.integers(1, 12), st.sampled_from(Outcome), MINUTES, st.none() | MINUTES
        ),
        st.tuples(st.just("drop"), st.integers(1, 12)),
        st.tuples(st.just("resend"), st.integers(1, 12), MINUTES),
    ),
    max_size=40,
)

Step = tuple[object, ...]
Outbox = SqliteDeliveries | MemoryDeliveries


def play(outbox: Outbox, step: tuple) -> object:
    match step:
        case ("enqueue", key, due, end):
            due_at = None if due is None else NOW + timedelta(minutes=due)
            body = f"body {due}".encode()
            ends_at = NOW + timedelta(minutes=2 * end)
            inbox = f"https://x{end % 3}/i"
            return outbox.enqueue(
                QueuedJob("a", "r", inbox, "me", "#k", body, key, NOW, ends_at, due_at=due_at)
            )
        case ("settle", job_id, outcome, minutes, hold):
            at = NOW + timedelta(minutes=minutes)
            held = None if hold is None else NOW + timedelta(minutes=hold)
            return outbox.settle(
                job_id, DeliveryOutcome(outcome, outcome.value, retry_at=at, hold_until=held), at
            )
        case ("drop", job_id):
            return outbox.drop(job_id, NOW)
        case (_, job_id, minutes):
            at = NOW + timedelta(minutes=minutes)
            return outbox.resend(job_id, at, at)
    raise AssertionError(step)


@settings(deadline=None, max_examples=80)
@given(STEPS)
def test_both_outboxes_say_the_same(steps: list[tuple]) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(Database(connection))
        lasting, passing = SqliteDeliveries(connection), MemoryDeliveries(Tables())
        for step in steps:
            assert play(lasting, step) == play(passing, step)
            for minutes in (0, 3, 9):
                now = NOW + timedelta(minutes=minutes)
                for busy in ((), ("https://x1",)):
                    assert lasting.claim(50, now, busy) == passing.claim(50, now, busy)
            due = lasting.next_due()
            waits = min(passing.due_times(), default=None)
            assert (due is None) == (waits is None)
            assert not due or from_micros(due) == waits
            assert lasting.all(limit=50) == passing.all(limit=50)
            check_order(lasting)
    finally:
        connection.close()


def check_order(outbox: SqliteDeliveries) -> None:
    """Of one deal at most one job is claimed, and none that stands behind another queued one."""
    jobs = [job for job in outbox.all(limit=50) if job.ordering_key and job.state is JobState.QUEUED]
    for claimed in outbox.claim(50, NOW + timedelta(days=1)):
        before = [job for job in jobs if job.ordering_key == claimed.ordering_key and job.id < claimed.id]
        assert not before
