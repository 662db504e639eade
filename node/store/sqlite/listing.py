"""Deliveries as their owner sees them: found by an index, however many others there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from node.store.ports import JobState, QueuedJob
from node.store.sqlite.codec import from_micros, from_micros_or_none

__all__ = ["jobs_where", "list_jobs", "names"]

_JOB = (
    "activity_id, recipient, inbox, actor, key_id, coalesce(bytes, x''), ordering_key, created_at,"
    " give_up_at, fast_key_id, due_at, id, state, attempts, detail, settled_at, coalesce(fan_out, 0)"
)
_JOBS = f"SELECT {_JOB} FROM delivery LEFT JOIN body ON body.digest = delivery.body WHERE "  # noqa: S608 - fixed text
_ALL = "SELECT id FROM delivery WHERE TRUE"
_BY_STATE = "SELECT id FROM delivery INDEXED BY delivery_state WHERE fan_out IS NULL AND state = ?"
_BY_ACTOR = "SELECT id FROM delivery INDEXED BY delivery_actor WHERE actor = ?"
_OF_MANY = "SELECT id FROM delivery INDEXED BY delivery_spread WHERE fan_out IS NOT NULL AND state = ?"
_SINGLY = " AND fan_out IS NULL"
_NEWEST = " ORDER BY id DESC LIMIT ?"
_NEWEST_OF_MANY = " ORDER BY fan_out DESC, id DESC LIMIT ?"
"""Fan-outs are spread one after the other."""


def names(values: Iterable[Any]) -> str:
    """Values as the JSON that `json_each` reads."""
    return msgspec.json.encode(list(values)).decode()


def _job(row: Any) -> QueuedJob:
    activity_id, recipient, inbox, actor, key_id, body, ordering_key, created_at, give_up_at, *rest = row
    fast_key_id, due_at, job_id, state, attempts, detail, settled_at, fan_out = rest
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
        fan_out=fan_out,
    )


def jobs_where(db: sqlite3.Connection, condition: str, value: Any) -> list[QueuedJob]:
    """The jobs of a condition in SQL with one parameter, oldest first."""
    return [_job(row) for row in db.execute(f"{_JOBS}{condition} ORDER BY id", (value,))]


def list_jobs(
    db: sqlite3.Connection,
    states: Sequence[JobState],
    actors: Sequence[str],
    limit: int,
    *,
    singly: bool = False,
) -> list[QueuedJob]:
    """The newest jobs of these states and actors, newest first; none named means all."""
    found: set[int] = set()
    for query, values in _groups(states, actors, singly=singly):
        found.update(row[0] for row in db.execute(query, (*values, limit)))
    newest = sorted(found, reverse=True)[:limit]
    return jobs_where(db, "id IN (SELECT value FROM json_each(?))", names(newest))[::-1]


def _groups(
    states: Sequence[JobState], actors: Sequence[str], *, singly: bool
) -> Iterable[tuple[str, tuple[Any, ...]]]:
    """The queries that give the ids of all that is asked for, but for the limit."""
    alone = _SINGLY if singly else ""
    if not states and not actors:
        return [(_ALL + alone + _NEWEST, ())]
    if not states:
        return [(_BY_ACTOR + alone + _NEWEST, (actor,)) for actor in actors]
    if actors and JobState.DELIVERED in states:
        # Delivered ones are the many: whose they are leaves out more.
        among = " AND state IN (SELECT value FROM json_each(?))"
        return [(_BY_ACTOR + among + alone + _NEWEST, (actor, names(states))) for actor in actors]
    among = ""
    values: tuple[str, ...] = ()
    if actors:
        among, values = " AND actor IN (SELECT value FROM json_each(?))", (names(actors),)
    found = [(_BY_STATE + among + _NEWEST, (state.value, *values)) for state in states]
    if not singly:
        found += [(_OF_MANY + among + _NEWEST_OF_MANY, (state.value, *values)) for state in states]
    return found
