"""What goes out: one row a delivery, one copy of each body, in order within an ordering key.

Of the queued jobs of one ordering key only the first has `head` = 1, and only heads are claimed; so a claim
reads what it returns, however many wait behind. A dead job holds those behind it, and those that are queued
after it, until its owner sends it again (`protocol §6`).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from federation.ports import DeliveryJob, DeliveryOutcome, HostState, Outcome
from node.store.ports import JobState, QueuedJob
from node.store.sqlite.codec import Json, from_micros, from_micros_or_none, to_micros

__all__ = ["HOST", "SqliteDeliveries"]

HOST = Json(HostState)
_HELD = "held back behind an earlier message of the same deal"
_JOB = (
    "activity_id, recipient, inbox, actor, key_id, coalesce(bytes, x''), ordering_key, created_at,"
    " give_up_at, fast_key_id, due_at, id, state, attempts, detail, settled_at"
)


def _job(row: Any) -> QueuedJob:
    activity_id, recipient, inbox, actor, key_id, body, ordering_key, created_at, give_up_at, *rest = row
    fast_key_id, due_at, job_id, state, attempts, detail, settled_at = rest
    return QueuedJob(
        activity_id=activity_id,
        recipient=recipient,
        inbox=inbox,
        actor=actor,
        key_id=key_id,
        body=body,
        ordering_key=ordering_key,
        created_at=from_micros(created_at),
        give_up_at=from_micros(give_up_at),
        fast_key_id=fast_key_id,
        due_at=from_micros(due_at) if due_at else None,
        id=job_id,
        state=JobState(state),
        attempts=attempts,
        detail=detail,
        settled_at=from_micros_or_none(settled_at),
    )


def _claimed(row: Any) -> DeliveryJob:
    job_id, inbox, actor, key_id, body, ordering_key, attempts, created_at, give_up_at, fast_key_id = row
    return DeliveryJob(
        id=job_id,
        inbox=inbox,
        actor=actor,
        key_id=key_id,
        body=body,
        ordering_key=ordering_key,
        attempts=attempts,
        created_at=from_micros(created_at),
        give_up_at=from_micros(give_up_at),
        fast_key_id=fast_key_id,
    )


class SqliteDeliveries:
    """Implements `Deliveries`, and what the delivery queue does within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def enqueue(self, job: QueuedJob) -> None:
        digest = hashlib.sha256(job.body).digest()
        self._db.execute("INSERT INTO body VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, job.body))
        state, head = self._place(job.ordering_key)
        self._db.execute(
            "INSERT INTO delivery (state, head, due_at, activity_id, recipient, inbox, actor, key_id,"
            " fast_key_id, body, ordering_key, created_at, give_up_at, attempts, detail)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
            (
                state.value,
                head,
                0 if job.due_at is None else to_micros(job.due_at),
                job.activity_id,
                job.recipient,
                job.inbox,
                job.actor,
                job.key_id,
                job.fast_key_id,
                digest,
                job.ordering_key,
                to_micros(job.created_at),
                to_micros(job.give_up_at),
                _HELD if state is JobState.HELD else "",
            ),
        )

    def _place(self, ordering_key: str) -> tuple[JobState, int]:
        """Where a new job stands: the last one before it decides, since what is behind a dead one is held."""
        last = None
        if ordering_key:
            last = self._db.execute(
                "SELECT state FROM delivery WHERE ordering_key = ? AND ordering_key <> ''"
                " ORDER BY id DESC LIMIT 1",
                (ordering_key,),
            ).fetchone()
        if last is None or last[0] in (JobState.DELIVERED, JobState.EXPIRED):
            # Resent jobs may be queued before the last delivered one.
            return JobState.QUEUED, int(not ordering_key or self._first_queued(ordering_key) is None)
        return (JobState.QUEUED, 0) if last[0] == JobState.QUEUED else (JobState.HELD, 0)

    def _first_queued(self, ordering_key: str) -> int | None:
        row = self._db.execute(
            "SELECT min(id) FROM delivery WHERE ordering_key = ? AND ordering_key <> '' AND state = 'queued'",
            (ordering_key,),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def _choose_head(self, ordering_key: str) -> None:
        if not ordering_key:
            return
        first = self._first_queued(ordering_key)
        self._db.execute(
            "UPDATE delivery SET head = (id = ?1) WHERE ordering_key = ?2 AND ordering_key <> ''"
            " AND state = 'queued' AND head <> (id = ?1)",
            (first, ordering_key),
        )

    # --- the delivery queue ------------------------------------------------------------------------------

    def claim(self, limit: int, now: datetime) -> list[DeliveryJob]:
        rows = self._db.execute(
            "SELECT id, inbox, actor, key_id, bytes, ordering_key, attempts, created_at, give_up_at,"
            " fast_key_id FROM delivery JOIN body ON body.digest = delivery.body"
            " WHERE head = 1 AND due_at <= ? ORDER BY due_at, id LIMIT ?",
            (to_micros(now), limit),
        )
        return [_claimed(row) for row in rows]

    def settle(self, job_id: int, outcome: DeliveryOutcome, now: datetime) -> None:
        row = self._db.execute(
            "SELECT ordering_key, body FROM delivery WHERE id = ? AND state = 'queued'", (job_id,)
        ).fetchone()
        if row is None:
            return
        match outcome.outcome:
            case Outcome.DELIVERED:
                self._end(job_id, JobState.DELIVERED, outcome, now)
                self._release_body(job_id, row[1])
                self._choose_head(row[0])
            case Outcome.RETRY:
                self._db.execute(
                    "UPDATE delivery SET due_at = coalesce(?, due_at), attempts = attempts + ?, detail = ?"
                    " WHERE id = ?",
                    (
                        None if outcome.retry_at is None else to_micros(outcome.retry_at),
                        int(outcome.attempted),
                        outcome.detail,
                        job_id,
                    ),
                )
            case Outcome.EXPIRED:
                self._end(job_id, JobState.EXPIRED, outcome, now)
                self._choose_head(row[0])
            case Outcome.DEAD:
                self._end(job_id, JobState.DEAD, outcome, now)
                self._hold_behind(job_id, row[0])
                self._choose_head(row[0])

    def _end(self, job_id: int, state: JobState, outcome: DeliveryOutcome, now: datetime) -> None:
        self._db.execute(
            "UPDATE delivery SET state = ?, head = 0, attempts = attempts + ?, detail = ?, settled_at = ?"
            " WHERE id = ?",
            (state.value, int(outcome.attempted), outcome.detail, to_micros(now), job_id),
        )

    def _hold_behind(self, job_id: int, ordering_key: str) -> None:
        if ordering_key:
            self._db.execute(
                "UPDATE delivery SET state = 'held', head = 0, detail = ?"
                " WHERE ordering_key = ? AND ordering_key <> '' AND id > ? AND state = 'queued'",
                (_HELD, ordering_key, job_id),
            )

    def _release_body(self, job_id: int, digest: bytes) -> None:
        """The bytes that were delivered are kept as evidence where they matter; here they have served."""
        self._db.execute("UPDATE delivery SET body = NULL WHERE id = ?", (job_id,))
        self._db.execute(
            "DELETE FROM body WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE body = ?1)",
            (digest,),
        )

    def next_due(self) -> int | None:
        """Microseconds; 0 is at once."""
        row = self._db.execute("SELECT min(due_at) FROM delivery WHERE head = 1").fetchone()
        return None if row[0] is None else int(row[0])

    # --- within a transaction ----------------------------------------------------------------------------

    def all(
        self, *, states: Iterable[JobState] = (), actors: Iterable[str] = (), limit: int = 200
    ) -> list[QueuedJob]:
        wanted = [msgspec.json.encode(list(values)).decode() for values in (states, actors)]
        rows = self._db.execute(
            f"SELECT {_JOB} FROM delivery LEFT JOIN body ON body.digest = delivery.body"  # noqa: S608 - fixed text
            " WHERE (?1 = '[]' OR state IN (SELECT value FROM json_each(?1)))"
            " AND (?2 = '[]' OR actor IN (SELECT value FROM json_each(?2)))"
            " ORDER BY id DESC LIMIT ?3",
            (*wanted, limit),
        )
        return [_job(row) for row in rows]

    def get(self, job_id: int) -> QueuedJob | None:
        row = self._db.execute(
            f"SELECT {_JOB} FROM delivery LEFT JOIN body ON body.digest = delivery.body WHERE id = ?",  # noqa: S608 - fixed text
            (job_id,),
        ).fetchone()
        return None if row is None else _job(row)

    def resend(self, job_id: int, now: datetime, give_up_at: datetime) -> bool:
        row = self._db.execute(
            "SELECT ordering_key FROM delivery WHERE id = ? AND state IN ('dead', 'expired', 'held')",
            (job_id,),
        ).fetchone()
        if row is None:
            return False
        self._requeue(job_id, now, give_up_at)
        if row[0]:
            self._requeue_held_behind(job_id, row[0], now, give_up_at)
            self._choose_head(row[0])
        return True

    def _requeue(self, job_id: int, now: datetime, give_up_at: datetime) -> None:
        self._db.execute(
            "UPDATE delivery SET state = 'queued', head = (ordering_key = ''), due_at = ?, give_up_at = ?,"
            " attempts = 0, detail = '', settled_at = NULL WHERE id = ?",
            (to_micros(now), to_micros(give_up_at), job_id),
        )

    def _requeue_held_behind(
        self, job_id: int, ordering_key: str, now: datetime, give_up_at: datetime
    ) -> None:
        """Those held up to the next dead one, which holds the rest; none gets less time than it had."""
        self._db.execute(
            "UPDATE delivery SET state = 'queued', due_at = max(due_at, ?3),"
            " give_up_at = max(give_up_at, ?4), detail = ''"
            " WHERE ordering_key = ?1 AND ordering_key <> '' AND state = 'held' AND id > ?2"
            " AND id < coalesce((SELECT min(id) FROM delivery WHERE ordering_key = ?1 AND ordering_key <> ''"
            " AND state = 'dead' AND id > ?2), 9223372036854775807)",
            (ordering_key, job_id, to_micros(now), to_micros(give_up_at)),
        )

    def delivered_at(self, activity_id: str, recipient: str) -> datetime | None:
        row = self._db.execute(
            "SELECT min(settled_at) FROM delivery WHERE activity_id = ? AND recipient = ?"
            " AND state = 'delivered'",
            (activity_id, recipient),
        ).fetchone()
        return from_micros_or_none(row[0])

    def hosts(self) -> list[HostState]:
        return [HOST.load(row[0]) for row in self._db.execute("SELECT data FROM host ORDER BY origin")]
