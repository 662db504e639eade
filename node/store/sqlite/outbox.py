"""What goes out: one row a delivery, one copy of each body, in order within an ordering key.

Of the queued jobs of one ordering key only the first has `head` = 1, and only heads are claimed. `lane` has
one row a host to which a head waits: when the first of them is due, and until when the host is left alone. So
a claim reads what it returns, however many wait behind. A dead job holds those behind it, and those that are
queued after it, until its owner sends it again (`protocol §6`).

What is asked of one ordering key or activity names its index: left to itself SQLite would go through all that
are in the same state, however many wait.

Many rows are read and written by few statements: each step of one lets go of the interpreter's lock, and has
to wait for it again while the event loop is busy.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from federation.ports import LAST_CALL, DeliveryJob, DeliveryOutcome, HostState, Outcome, lane_of
from node.store.ports import JobState, QueuedJob
from node.store.sqlite.codec import Json, from_micros, from_micros_or_none, to_micros
from node.store.sqlite.listing import jobs_where, list_jobs, names

__all__ = ["HOST", "SqliteDeliveries"]

HOST = Json(HostState)
_HELD = "held back behind an earlier message of the same deal"


_CLAIMED = (
    "id, due_at, inbox, actor, key_id, hex(body), ordering_key, attempts, created_at, give_up_at,"
    " fast_key_id, lane"
)
_UNKEPT = (Outcome.DELIVERED, Outcome.TAKEN_BACK)
_SHARE = 64
"""No host gives more at once, so that what is in memory stays bounded."""

_LIST = msgspec.json.Decoder(list[Any])


def _claimed(row: list[Any], bodies: dict[str, bytes]) -> DeliveryJob:
    job_id, _, inbox, actor, key_id, digest, ordering_key, attempts, created_at, give_up_at, fast, lane = row
    return DeliveryJob(
        id=job_id,
        inbox=inbox,
        actor=actor,
        key_id=key_id,
        body=bodies[digest],
        ordering_key=ordering_key,
        attempts=attempts,
        created_at=from_micros(created_at),
        give_up_at=from_micros(give_up_at),
        fast_key_id=fast,
        lane=lane,
    )


class SqliteDeliveries:
    """Implements `Deliveries`, and what the delivery queue does within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def enqueue(self, job: QueuedJob) -> None:
        digest = hashlib.sha256(job.body).digest()
        self._db.execute("INSERT INTO body VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, job.body))
        state, head = self._place(job.ordering_key)
        due_at, lane = 0 if job.due_at is None else to_micros(job.due_at), lane_of(job.inbox)
        if head:
            self._db.execute(
                "INSERT INTO lane VALUES (?, ?, 0) ON CONFLICT DO UPDATE SET due_at = excluded.due_at"
                " WHERE excluded.due_at < lane.due_at",
                (lane, due_at),
            )
        self._db.execute(
            "INSERT INTO delivery (state, head, due_at, activity_id, recipient, inbox, actor, key_id,"
            " fast_key_id, body, ordering_key, created_at, give_up_at, attempts, detail, lane)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
            (
                state.value,
                head,
                due_at,
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
                lane,
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
        if last is None:
            return JobState.QUEUED, 1
        if last[0] in (JobState.DELIVERED, JobState.EXPIRED, JobState.DROPPED):
            # Resent jobs may be queued before the last delivered one.
            return JobState.QUEUED, int(self._first_queued(ordering_key) is None)
        return (JobState.QUEUED, 0) if last[0] == JobState.QUEUED else (JobState.HELD, 0)

    def _first_queued(self, ordering_key: str) -> int | None:
        row = self._db.execute(
            "SELECT min(id) FROM delivery INDEXED BY delivery_order"
            " WHERE ordering_key = ? AND ordering_key <> '' AND state = 'queued'",
            (ordering_key,),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def _choose_heads(self, ordering_keys: Iterable[str]) -> list[str]:
        """Let the first queued job of each key go; the lanes in which something changed."""
        changed = self._db.execute(
            "UPDATE delivery INDEXED BY delivery_order SET head = 1 - head WHERE state = 'queued'"
            " AND ordering_key <> '' AND ordering_key IN (SELECT value FROM json_each(?)) AND head <> (id ="
            " (SELECT min(id) FROM delivery AS other INDEXED BY delivery_order"
            " WHERE other.ordering_key = delivery.ordering_key"
            " AND other.ordering_key <> '' AND other.state = 'queued')) RETURNING lane",
            (names(ordering_keys),),
        )
        return [row[0] for row in changed.fetchall()]

    def look_at_lanes(self, lanes: Iterable[str]) -> None:
        """Say anew when the first job of each of these lanes is due."""
        named = (names(lanes),)
        self._db.execute(
            "DELETE FROM lane WHERE origin IN (SELECT value FROM json_each(?))"
            " AND NOT EXISTS (SELECT 1 FROM delivery WHERE lane = origin AND head = 1)",
            named,
        )
        self._db.execute(
            "INSERT INTO lane SELECT name, due, 0 FROM (SELECT value AS name,"
            " (SELECT min(due_at) FROM delivery WHERE lane = value AND head = 1) AS due FROM json_each(?))"
            " WHERE due IS NOT NULL"
            " ON CONFLICT DO UPDATE SET due_at = excluded.due_at WHERE due_at <> excluded.due_at",
            named,
        )

    # --- the delivery queue ------------------------------------------------------------------------------

    def claim(self, limit: int, now: datetime, busy: Collection[str] = ()) -> list[DeliveryJob]:
        micros, passed_over = to_micros(now), names(busy)
        ready = self._db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM lane WHERE max(due_at, held_until) <= ?"
            " AND origin NOT IN (SELECT value FROM json_each(?)) LIMIT ?)",
            (micros, passed_over, limit),
        ).fetchone()[0]
        share = min(max(limit // max(ready, 1), 1), _SHARE)
        due = self._db.execute(
            f"SELECT json_group_array(json_array({_CLAIMED})) FROM ("  # noqa: S608 - fixed text
            "SELECT delivery.* FROM (SELECT origin FROM lane WHERE max(due_at, held_until) <= ?1"
            " AND origin NOT IN (SELECT value FROM json_each(?2))"
            " ORDER BY max(due_at, held_until) LIMIT ?3) AS ready JOIN delivery ON delivery.id IN"
            " (SELECT id FROM delivery AS one WHERE one.lane = ready.origin AND one.head = 1"
            " AND one.due_at <= ?1 ORDER BY one.due_at, one.id LIMIT ?4))",
            (micros, passed_over, limit, share),
        ).fetchone()[0]
        ending = self._db.execute(
            f"SELECT json_group_array(json_array({_CLAIMED})) FROM (SELECT * FROM delivery WHERE head = 1"  # noqa: S608 - fixed text
            " AND give_up_at <= ? AND lane NOT IN (SELECT value FROM json_each(?))"
            " ORDER BY give_up_at LIMIT ?)",
            (to_micros(now + LAST_CALL), passed_over, limit),
        ).fetchone()[0]
        rows = {row[0]: row for row in (*_LIST.decode(due), *_LIST.decode(ending))}
        bodies = {digest: self._body(digest) for digest in {row[5] for row in rows.values()}}
        in_order = sorted(rows.values(), key=lambda row: (row[1], row[0]))
        return [_claimed(row, bodies) for row in in_order[:limit]]

    def _body(self, digest: str) -> bytes:
        row = self._db.execute("SELECT bytes FROM body WHERE digest = ?", (bytes.fromhex(digest),)).fetchone()
        return bytes(row[0])

    def settle(self, job_id: int, outcome: DeliveryOutcome, now: datetime) -> None:
        self.settle_all([(job_id, outcome)], now)

    def settle_all(self, ends: Sequence[tuple[int, DeliveryOutcome]], now: datetime) -> None:
        queued = self._db.execute(
            "SELECT json_group_array(json_array(id, ordering_key, lane, hex(body), fan_out)) FROM delivery"
            " WHERE id IN (SELECT value FROM json_each(?)) AND state = 'queued'",
            (names(job_id for job_id, _ in ends),),
        ).fetchone()[0]
        rows = {row[0]: row for row in _LIST.decode(queued)}
        known = [(job_id, outcome) for job_id, outcome in ends if job_id in rows]
        self._deliver_all([end for end in known if end[1].outcome is Outcome.DELIVERED], now)
        for job_id, outcome in known:
            # What one inbox refuses of a fan-out tells nothing of what is said next about the same thing.
            holds = rows[job_id][1] if rows[job_id][4] is None else ""
            self._settle_other(job_id, holds, outcome, now)
        self.release_bodies({rows[job_id][3] for job_id, end in known if end.outcome in _UNKEPT})
        tried = [end for end in known if end[1].attempted or end[1].hold_until is not None]
        self._hold_lanes({rows[job_id][2]: outcome.hold_until for job_id, outcome in tried})
        over = {rows[job_id][1] for job_id, outcome in known if outcome.outcome is not Outcome.RETRY} - {""}
        moved = self._choose_heads(over) if over else []
        self.look_at_lanes({*(rows[job_id][2] for job_id, _ in known), *moved})

    def _deliver_all(self, ends: Sequence[tuple[int, DeliveryOutcome]], now: datetime) -> None:
        """Peers answer alike, so that a few statements end many jobs."""
        alike: dict[tuple[str, bool], list[int]] = {}
        for job_id, outcome in ends:
            alike.setdefault((outcome.detail, outcome.attempted), []).append(job_id)
        for (detail, attempted), job_ids in alike.items():
            self._db.execute(
                "UPDATE delivery SET state = 'delivered', head = 0, attempts = attempts + ?, detail = ?,"
                " settled_at = ?, body = NULL WHERE id IN (SELECT value FROM json_each(?))",
                (int(attempted), detail, to_micros(now), names(job_ids)),
            )

    def _settle_other(self, job_id: int, ordering_key: str, outcome: DeliveryOutcome, now: datetime) -> None:
        match outcome.outcome:
            case Outcome.DELIVERED:
                pass
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
            case Outcome.TAKEN_BACK:
                self._end(job_id, JobState.DROPPED, outcome, now)
                self._db.execute("UPDATE delivery SET body = NULL WHERE id = ?", (job_id,))
            case Outcome.EXPIRED:
                self._end(job_id, JobState.EXPIRED, outcome, now)
            case Outcome.DEAD:
                self._end(job_id, JobState.DEAD, outcome, now)
                self._hold_behind(job_id, ordering_key)

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

    def release_bodies(self, digests: Iterable[str]) -> None:
        """The bytes that were delivered are kept as evidence where they matter; here they have served."""
        self._db.executemany(
            "DELETE FROM body WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE body = ?1)"
            " AND NOT EXISTS (SELECT 1 FROM fan_out WHERE body = ?1)",
            [(bytes.fromhex(digest),) for digest in digests],
        )

    def _hold_lanes(self, until: dict[str, datetime | None]) -> None:
        """Leave these hosts alone until then, or no longer."""
        free = [lane for lane, at in until.items() if at is None]
        self._db.execute(
            "UPDATE lane SET held_until = 0 WHERE held_until <> 0"
            " AND origin IN (SELECT value FROM json_each(?))",
            (names(free),),
        )
        self._db.executemany(
            "UPDATE lane SET held_until = ? WHERE origin = ?",
            [(to_micros(at), lane) for lane, at in until.items() if at is not None],
        )

    def next_due(self) -> int | None:
        """Microseconds; 0 is at once."""
        # One statement, so that both are of one moment: the writer goes on meanwhile.
        lane, end = self._db.execute(
            "SELECT (SELECT max(due_at, held_until) FROM lane ORDER BY max(due_at, held_until) LIMIT 1),"
            " (SELECT min(give_up_at) FROM delivery WHERE head = 1)"
        ).fetchone()
        if lane is None or end is None:
            return None
        return int(min(lane, end - LAST_CALL // timedelta(microseconds=1)))

    # --- within a transaction ----------------------------------------------------------------------------

    def all(
        self, *, states: Iterable[JobState] = (), actors: Iterable[str] = (), limit: int = 200
    ) -> list[QueuedJob]:
        return list_jobs(self._db, list(states), list(actors), limit)

    def get(self, job_id: int) -> QueuedJob | None:
        return next(iter(jobs_where(self._db, "id = ?", job_id)), None)

    def of_activity(self, activity_id: str) -> list[QueuedJob]:
        return jobs_where(self._db, "activity_id = ?", activity_id)

    def resend(self, job_id: int, now: datetime, give_up_at: datetime) -> bool:
        row = self._db.execute(
            "SELECT ordering_key, lane FROM delivery WHERE id = ? AND state IN ('dead', 'expired', 'held')",
            (job_id,),
        ).fetchone()
        if row is None:
            return False
        self._requeue(job_id, now, give_up_at)
        self._go_on(job_id, row[0], row[1], now, give_up_at)
        return True

    def drop(self, job_id: int, now: datetime) -> bool:
        row = self._db.execute(
            "SELECT ordering_key, lane, hex(body) FROM delivery WHERE id = ?"
            " AND state IN ('queued', 'dead', 'expired', 'held')",
            (job_id,),
        ).fetchone()
        if row is None:
            return False
        self._db.execute(
            "UPDATE delivery SET state = 'dropped', head = 0, body = NULL, settled_at = ? WHERE id = ?",
            (to_micros(now), job_id),
        )
        self.release_bodies([row[2]])
        self._go_on(job_id, row[0], row[1], now, now)
        return True

    def _go_on(self, job_id: int, ordering_key: str, lane: str, now: datetime, give_up_at: datetime) -> None:
        """What this job held back may go."""
        moved: list[str] = []
        if ordering_key:
            self._requeue_held_behind(job_id, ordering_key, now, give_up_at)
            moved = self._choose_heads([ordering_key])
        self.look_at_lanes({lane, *moved})

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
            "SELECT min(settled_at) FROM delivery INDEXED BY delivery_activity"
            " WHERE activity_id = ? AND recipient = ?"
            " AND state = 'delivered'",
            (activity_id, recipient),
        ).fetchone()
        return from_micros_or_none(row[0])

    def hosts(self) -> list[HostState]:
        return [HOST.load(row[0]) for row in self._db.execute("SELECT data FROM host ORDER BY origin")]
