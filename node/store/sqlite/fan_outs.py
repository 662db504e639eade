"""What goes to many: one row for the act, a row for each inbox made from it, few statements for many rows."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from federation.ports import lane_of
from node.store.fan_outs import FanOut, Tally
from node.store.ports import Follower, JobState, QueuedJob
from node.store.sqlite.codec import Json, to_micros
from node.store.sqlite.listing import jobs_where, names
from node.store.sqlite.outbox import SqliteDeliveries

__all__ = ["SqliteFanOuts"]

_FAN_OUT = Json(FanOut)
_FOLLOWER = Json(Follower)
_COLUMNS = "id, data, coalesce(bytes, x'')"
_FAN_OUTS = f"SELECT {_COLUMNS} FROM fan_out LEFT JOIN body ON body.digest = fan_out.body WHERE "  # noqa: S608 - fixed text
_LAST_PLACE = 2**62
_ENDED = [state.value for state in JobState if state is not JobState.QUEUED]


def _read(row: Any) -> FanOut:
    number, data, body = row
    return replace(_FAN_OUT.load(data), id=number, body=body)


class SqliteFanOuts:
    """Implements `FanOuts`. Its deliveries lie among all others, with the number of the fan-out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._deliveries = SqliteDeliveries(connection)

    def add(self, fan_out: FanOut) -> FanOut:
        digest = hashlib.sha256(fan_out.body).digest()
        self._db.execute("INSERT INTO body VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, fan_out.body))
        done = self._db.execute(
            "INSERT INTO fan_out (actor, about, at, spreading, taken_back, body, data)"
            " VALUES (?, ?, ?, 1, 0, ?, ?)",
            (fan_out.actor, fan_out.about, to_micros(fan_out.created_at), digest, _dump(fan_out)),
        )
        return replace(fan_out, id=int(done.lastrowid or 0))

    def get(self, number: int) -> FanOut | None:
        return self._one("fan_out.id = ?", number)

    def next(self) -> FanOut | None:
        return self._one("spreading = 1 ORDER BY fan_out.id LIMIT 1")

    def _one(self, condition: str, *values: Any) -> FanOut | None:
        row = self._db.execute(f"{_FAN_OUTS}{condition}", values).fetchone()
        return None if row is None else _read(row)

    def of_account(self, account: str, *, before: int | None = None, limit: int = 50) -> list[FanOut]:
        rows = self._db.execute(
            f"{_FAN_OUTS}actor = ? AND fan_out.id < ? ORDER BY fan_out.id DESC LIMIT ?",
            (account, _LAST_PLACE if before is None else before, limit),
        )
        return [_read(row) for row in rows.fetchall()]

    # --- to whom it goes ---------------------------------------------------------------------------------

    def followers_after(self, account: str, inbox: str, limit: int) -> list[str]:
        rows = self._db.execute(
            "SELECT DISTINCT target FROM follower INDEXED BY follower_target"
            " WHERE account = ? AND state = 'accepted' AND target > ? ORDER BY target LIMIT ?",
            (account, inbox, limit),
        )
        return [row[0] for row in rows.fetchall()]

    def reached_after(self, fan_out: FanOut, inbox: str, limit: int) -> list[str]:
        rows = self._db.execute(
            "SELECT DISTINCT inbox FROM fan_out CROSS JOIN delivery INDEXED BY delivery_once"
            " ON delivery.fan_out = fan_out.id AND inbox > ?"
            " WHERE fan_out.actor = ? AND about = ? AND fan_out.id < ? ORDER BY inbox LIMIT ?",
            (inbox, fan_out.actor, fan_out.about, fan_out.id, limit),
        )
        return [row[0] for row in rows.fetchall()]

    def spread(self, fan_out: FanOut, inboxes: Sequence[str], *, is_last: bool) -> FanOut:
        if inboxes:
            self._queue(fan_out, inboxes)
        on = replace(
            fan_out,
            place=inboxes[-1] if inboxes else fan_out.place,
            is_spread=is_last,
            body=b"" if is_last else fan_out.body,
        )
        self._save(on)
        return on

    def _queue(self, fan_out: FanOut, inboxes: Sequence[str]) -> None:
        """A job waits for those about the same thing to the same inbox that are queued; nothing holds it."""
        lanes = {inbox: lane_of(inbox) for inbox in inboxes}
        self._db.execute(
            "INSERT INTO delivery (state, head, due_at, activity_id, recipient, inbox, actor, key_id,"
            " fast_key_id, body, ordering_key, created_at, give_up_at, attempts, detail, lane, fan_out)"
            " SELECT 'queued', NOT EXISTS (SELECT 1 FROM delivery AS other INDEXED BY delivery_order"
            " WHERE other.ordering_key = ?1 || ' ' || (value ->> 0) AND other.ordering_key <> ''"
            " AND other.state = 'queued'), 0, ?2, '', value ->> 0, ?3, ?4, ?5, ?6,"
            " ?1 || ' ' || (value ->> 0), ?7, ?8, 0, '', value ->> 1, ?9 FROM json_each(?10) WHERE TRUE"
            " ON CONFLICT (fan_out, inbox) WHERE fan_out IS NOT NULL DO NOTHING",
            (
                fan_out.about,
                fan_out.activity_id,
                fan_out.actor,
                fan_out.key_id,
                fan_out.fast_key_id,
                hashlib.sha256(fan_out.body).digest(),
                to_micros(fan_out.created_at),
                to_micros(fan_out.give_up_at),
                fan_out.id,
                names(lanes.items()),
            ),
        )
        self._db.execute(
            "INSERT INTO lane SELECT DISTINCT value, 0, 0 FROM json_each(?1)"
            " WHERE EXISTS (SELECT 1 FROM delivery WHERE lane = value AND head = 1 AND due_at = 0)"
            " ON CONFLICT DO UPDATE SET due_at = 0 WHERE due_at > 0",
            (names(set(lanes.values())),),
        )

    def _save(self, fan_out: FanOut) -> None:
        """Once its inboxes have their rows, these alone keep the bytes."""
        is_over = fan_out.is_spread or fan_out.taken_back_at is not None
        digests = self._db.execute(
            "SELECT hex(body) FROM fan_out WHERE id = ? AND body IS NOT NULL", (fan_out.id,)
        ).fetchall()
        self._db.execute(
            "UPDATE fan_out SET spreading = ?1, taken_back = ?2, body = CASE WHEN ?1 THEN body END, data = ?3"
            " WHERE id = ?4",
            (not is_over, fan_out.taken_back_at is not None, _dump(fan_out), fan_out.id),
        )
        if is_over:
            self._deliveries.release_bodies(row[0] for row in digests)

    def take_back(self, actor: str, about: str, at: datetime) -> int:
        rows = self._db.execute(
            f"{_FAN_OUTS}actor = ? AND about = ? AND taken_back = 0", (actor, about)
        ).fetchall()
        for row in rows:
            self._save(replace(_read(row), taken_back_at=at))
        return len(rows)

    # --- what became of it -------------------------------------------------------------------------------

    def tallies(self, numbers: Collection[int]) -> dict[int, Tally]:
        found: dict[int, Counter[JobState]] = {number: Counter() for number in numbers}
        rows = self._db.execute(
            "SELECT fan_out, state, count(*) FROM delivery INDEXED BY delivery_spread"
            " WHERE state IN (SELECT value FROM json_each(?))"
            " AND fan_out IN (SELECT value FROM json_each(?)) GROUP BY state, fan_out",
            (names(JobState), names(numbers)),
        )
        for number, state, count in rows.fetchall():
            found[number][JobState(state)] = count
        past = self._db.execute(
            "SELECT id, data FROM fan_out WHERE id IN (SELECT value FROM json_each(?))", (names(numbers),)
        )
        forgotten = {number: _FAN_OUT.load(data).past for number, data in past.fetchall()}
        return {
            number: Tally.of(states).plus(forgotten[number])
            for number, states in found.items()
            if number in forgotten
        }

    def unfinished(self, number: int, states: Iterable[JobState], *, limit: int = 50) -> list[QueuedJob]:
        rows = self._db.execute(
            "SELECT id FROM delivery INDEXED BY delivery_spread WHERE fan_out = ?"
            " AND state IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?",
            (number, names(states), limit),
        )
        found = [row[0] for row in rows.fetchall()]
        return jobs_where(self._db, "id IN (SELECT value FROM json_each(?))", names(found))

    def readers_at(self, account: str, inbox: str) -> list[Follower]:
        rows = self._db.execute(
            "SELECT data FROM follower INDEXED BY follower_target"
            " WHERE account = ? AND state = 'accepted' AND target = ?",
            (account, inbox),
        )
        return [_FOLLOWER.load(row[0]) for row in rows.fetchall()]

    def forget(self, before: datetime, limit: int) -> int:
        rows = self._db.execute(
            "SELECT id, fan_out, state, hex(body) FROM delivery INDEXED BY delivery_spread"
            " WHERE state IN (SELECT value FROM json_each(?)) AND fan_out <="
            " (SELECT max(id) FROM fan_out WHERE at < ?) LIMIT ?",
            (names(_ENDED), to_micros(before), limit),
        ).fetchall()
        past: dict[int, Counter[JobState]] = {}
        for _, number, state, _ in rows:
            past.setdefault(number, Counter())[JobState(state)] += 1
        for number, states in past.items():
            fan_out = self.get(number)
            assert fan_out is not None
            self._save(replace(fan_out, past=fan_out.past.plus(Tally.of(states))))
        self._db.execute(
            "DELETE FROM delivery WHERE id IN (SELECT value FROM json_each(?))", (names(r[0] for r in rows),)
        )
        self._deliveries.release_bodies({row[3] for row in rows} - {""})
        return len(rows)


def _dump(fan_out: FanOut) -> str:
    return _FAN_OUT.dump(replace(fan_out, id=0, body=b""))
