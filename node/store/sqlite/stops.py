"""What is queued and must not leave any more: found by an index, however much else waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from federation.ports import DeliveryOutcome, Outcome, lane_of
from node.store.fan_outs import FanOut
from node.store.ports import JobState, QueuedJob
from node.store.sqlite.codec import Json
from node.store.sqlite.listing import jobs_where, names
from node.store.sqlite.outbox import SqliteDeliveries
from node.store.stops import Stop, delete_behind, domains_over

__all__ = ["SqliteStops"]

_FAN_OUT = Json(FanOut)


class SqliteStops:
    """Implements `Stops`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def why(self, job_id: int) -> str:
        row = self._db.execute(
            "SELECT state, coalesce(taken_back, 0), lane, EXISTS (SELECT 1 FROM block),"
            " CASE WHEN fan_out IS NULL THEN ordering_key ELSE '' END, inbox"
            " FROM delivery LEFT JOIN fan_out ON fan_out.id = delivery.fan_out WHERE delivery.id = ?",
            (job_id,),
        ).fetchone()
        if row is None or row[0] != JobState.QUEUED:
            return Stop.ENDED
        _, is_taken_back, lane, has_blocks, order, inbox = row
        if is_taken_back or self._is_deleted(job_id, order, delete_behind(order, inbox)):
            return Stop.TAKEN_BACK
        return Stop.BLOCKED if has_blocks and self._is_blocked(lane) else ""

    def _is_deleted(self, job_id: int, order: str, delete: str) -> bool:
        if not delete:
            return False
        found = self._db.execute(
            "SELECT 1 FROM delivery INDEXED BY delivery_order WHERE ordering_key = ?"
            " AND ordering_key <> '' AND id > ? AND activity_id = ? LIMIT 1",
            (order, job_id, delete),
        ).fetchone()
        return found is not None

    def _is_blocked(self, lane: str) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM block WHERE domain IN (SELECT value FROM json_each(?)) LIMIT 1",
            (names(domains_over(lane)),),
        ).fetchone()
        return found is not None

    def hosts(self) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT origin FROM lane ORDER BY origin")]

    def hurry(self, lanes: Collection[str]) -> None:
        named = (names(lanes),)
        self._db.execute(
            "UPDATE delivery INDEXED BY delivery_lane SET due_at = 0"
            " WHERE lane IN (SELECT value FROM json_each(?)) AND head = 1",
            named,
        )
        self._db.execute(
            "UPDATE lane SET due_at = 0, held_until = 0 WHERE origin IN (SELECT value FROM json_each(?))",
            named,
        )

    def posts_at(self, actor: str, inboxes: Collection[str]) -> list[QueuedJob]:
        rows = self._db.execute(
            "SELECT delivery.id FROM fan_out CROSS JOIN delivery INDEXED BY delivery_once"
            " ON delivery.fan_out = fan_out.id AND inbox IN (SELECT value FROM json_each(?))"
            " WHERE fan_out.actor = ? AND fan_out.id >= coalesce((SELECT min(other.fan_out)"
            " FROM delivery AS other INDEXED BY delivery_spread"
            " WHERE other.state = 'queued' AND other.fan_out IS NOT NULL), 0)"
            " AND state = 'queued' ORDER BY delivery.id",
            (names(inboxes), actor),
        )
        return self._jobs([row[0] for row in rows.fetchall()])

    def words_for(self, recipient: str, inbox: str) -> list[QueuedJob]:
        rows = self._db.execute(
            "SELECT id FROM delivery INDEXED BY delivery_lane WHERE lane = ?1 AND head = 1"
            " AND recipient = ?2 AND fan_out IS NULL"
            " UNION SELECT later.id FROM delivery AS one INDEXED BY delivery_lane"
            " CROSS JOIN delivery AS later INDEXED BY delivery_order"
            " ON later.ordering_key = one.ordering_key AND later.ordering_key <> ''"
            " WHERE one.lane = ?1 AND one.head = 1 AND one.recipient = ?2 AND one.fan_out IS NULL"
            " AND later.recipient = ?2 AND later.state = 'queued'",
            (lane_of(inbox), recipient),
        )
        return self._jobs([row[0] for row in rows.fetchall()])

    def _jobs(self, numbers: list[int]) -> list[QueuedJob]:
        return jobs_where(self._db, "id IN (SELECT value FROM json_each(?))", names(numbers))

    def is_overtaken(self, job: QueuedJob) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM delivery INDEXED BY delivery_order WHERE ordering_key = ?1 AND ordering_key <> ''"
            " AND id > ?2 AND state = 'delivered' LIMIT 1",
            (job.ordering_key, job.id),
        ).fetchone()
        return found is not None

    def end(self, job_ids: Collection[int], why: Stop, now: datetime) -> None:
        outcome = DeliveryOutcome(Outcome.TAKEN_BACK, why, attempted=False)
        SqliteDeliveries(self._db).settle_all([(job_id, outcome) for job_id in job_ids], now)

    def unname(self, actor: str, inbox: str) -> None:
        rows = self._db.execute("SELECT id, actor, data FROM fan_out WHERE spreading = 1").fetchall()
        for number, whose, data in rows:
            fan_out = _FAN_OUT.load(data)
            if whose == actor and inbox in fan_out.named and not fan_out.to_reached:
                left = replace(fan_out, named=tuple(one for one in fan_out.named if one != inbox))
                self._db.execute("UPDATE fan_out SET data = ? WHERE id = ?", (_FAN_OUT.dump(left), number))
