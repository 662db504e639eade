"""What came in: the durable record, the memory of what was seen, and the dead letters.

`seen` answers for ever whether a message came before, from keyed hashes alone (`security §5`, deduplication).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec

from federation.ports import InboundEntry, Recorded
from node.store.ports import DeadEntry
from node.store.sqlite.codec import (
    dump_signature,
    from_micros,
    from_micros_or_none,
    load_signature,
    to_micros,
    to_micros_or_none,
)
from node.store.sqlite.listing import names
from node.store.sqlite.schema import SEEN_KEY

__all__ = ["DEAD_COLUMNS", "SeenHash", "SqliteInbox", "dead_of"]

_HASH_BYTES = 16
_PRUNED_AT_ONCE = 1000
_READY_AT_ONCE = 1000
_NAMES = msgspec.json.Decoder(list[str])
_NUMBERS = msgspec.json.Decoder(list[int])
_ENTRY = (
    "recipient, actor, activity_id, body, digest, received_at, signer, key_id, proof_key_id, replay_key,"
    " replay_until, id, attempts, signature"
)
DEAD_COLUMNS = f"{_ENTRY}, error, buried_at"


class SeenHash:
    """128-bit hashes under the store's own secret: nobody else can ask them what was seen."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def of_store(cls, connection: sqlite3.Connection) -> SeenHash:
        """The hash of an opened store."""
        row = connection.execute("SELECT value FROM meta WHERE name = ?", (SEEN_KEY,)).fetchone()
        return cls(bytes.fromhex(row[0]))

    def message(self, entry: InboundEntry) -> bytes:
        """Of (recipient, actor, activity id); lengths keep the parts apart."""
        parts = (part.encode() for part in (entry.recipient, entry.actor, entry.activity_id))
        return self._hash(b"id", b"".join(len(part).to_bytes(4, "big") + part for part in parts))

    def body(self, entry: InboundEntry) -> bytes:
        """Of the digest of the message."""
        return self._hash(b"body", entry.digest.encode())

    def _hash(self, purpose: bytes, data: bytes) -> bytes:
        return hashlib.blake2b(data, key=self._secret, person=purpose, digest_size=_HASH_BYTES).digest()


def _entry(row: Any) -> InboundEntry:
    recipient, actor, activity_id, body, digest, received_at, signer, key_id, proof_key_id, *rest = row
    return InboundEntry(
        recipient=recipient,
        actor=actor,
        activity_id=activity_id,
        body=body,
        digest=digest,
        received_at=from_micros(received_at),
        signer=signer,
        key_id=key_id,
        proof_key_id=proof_key_id,
        replay_key=rest[0],
        replay_until=from_micros_or_none(rest[1]),
        id=rest[2],
        attempts=rest[3],
        signature=load_signature(rest[4]),
    )


def dead_of(row: Any) -> DeadEntry:
    """The dead letter of a row of DEAD_COLUMNS."""
    return DeadEntry(_entry(row), row[14], from_micros(row[15]))


class SqliteInbox:
    """Implements `Inbox`, and what the inbox log does within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    # --- the inbox log -----------------------------------------------------------------------------------

    def record(self, entry: InboundEntry, seen: SeenHash) -> tuple[Recorded, int]:
        """Decide whether it is new, and if so keep it: then the number is its id, else 0."""
        key, body = seen.message(entry), seen.body(entry)
        new = self._db.execute("INSERT INTO seen VALUES (?, ?) ON CONFLICT DO NOTHING", (key, body)).rowcount
        if not new:
            known = self._db.execute("SELECT body FROM seen WHERE key = ?", (key,)).fetchone()
            if known[0] != body:
                self._count_conflict(entry.recipient)
                return Recorded.CONFLICT, 0
        if entry.replay_key:
            self._db.execute(
                "INSERT INTO replay VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET until = excluded.until",
                (entry.replay_key, to_micros_or_none(entry.replay_until)),
            )
        if not new:
            return Recorded.DUPLICATE, 0
        return Recorded.NEW, self._insert(entry)

    def _insert(self, entry: InboundEntry) -> int:
        inserted = self._db.execute(
            "INSERT INTO inbox (state, due_at, recipient, actor, activity_id, body, digest, received_at,"
            " signer, key_id, proof_key_id, replay_key, replay_until, attempts, signature, error)"
            " VALUES ('pending', 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')",
            (
                entry.recipient,
                entry.actor,
                entry.activity_id,
                entry.body,
                entry.digest,
                to_micros(entry.received_at),
                entry.signer,
                entry.key_id,
                entry.proof_key_id,
                entry.replay_key,
                to_micros_or_none(entry.replay_until),
                entry.attempts,
                dump_signature(entry.signature),
            ),
        )
        assert inserted.lastrowid is not None
        return inserted.lastrowid

    def _count_conflict(self, recipient: str) -> None:
        self._db.execute(
            "INSERT INTO conflict VALUES (?, 1) ON CONFLICT (recipient) DO UPDATE SET count = count + 1",
            (recipient,),
        )

    def prune_replays(self, now: datetime) -> None:
        """Forget request signatures whose window has passed, a bounded number at a time."""
        self._db.execute(
            "DELETE FROM replay WHERE key IN (SELECT key FROM replay WHERE until < ? LIMIT ?)",
            (to_micros(now), _PRUNED_AT_ONCE),
        )

    def replayed(self, replay_key: bytes, now: datetime) -> bool:
        row = self._db.execute("SELECT until FROM replay WHERE key = ?", (replay_key,)).fetchone()
        return row is not None and (row[0] is None or to_micros(now) <= row[0])

    def make_ready(self, now: datetime) -> None:
        """Let what was put off and is due be claimed, a bounded number at a time."""
        self._db.execute(
            "UPDATE inbox SET ready = 1 WHERE id IN (SELECT id FROM inbox"
            " WHERE state = 'pending' AND ready = 0 AND due_at <= ? ORDER BY due_at LIMIT ?)",
            (to_micros(now), _READY_AT_ONCE),
        )

    def look(
        self, limit: int, now: datetime, after: str = "", busy: Collection[str] = ()
    ) -> tuple[bool, list[str]]:
        """Whether something that was put off is due and is to be made ready first; who has something ready.

        Those who are busy are passed over. They are told by name, from the first one behind `after` on and
        then from the first of all. Each takes one step of an index, however much it has waiting.
        """
        passed_over = names(busy)
        is_due, found = self._actors_behind(after, limit, now, passed_over)
        if after and len(found) < limit:
            _, again = self._actors_behind("", limit - len(found), now, passed_over)
            found += [actor for actor in again if actor <= after]
        return is_due, found

    def _actors_behind(
        self, after: str, limit: int, now: datetime, passed_over: str
    ) -> tuple[bool, list[str]]:
        # One statement, since each lets go of the interpreter's lock and has to wait for it again.
        is_due, actors = self._db.execute(
            "WITH RECURSIVE waiting (actor) AS ("
            " SELECT min(actor) FROM inbox WHERE state = 'pending' AND ready = 1 AND actor > ?1"
            " UNION ALL SELECT (SELECT min(inbox.actor) FROM inbox"
            " WHERE state = 'pending' AND ready = 1 AND inbox.actor > waiting.actor)"
            " FROM waiting WHERE waiting.actor IS NOT NULL)"
            " SELECT EXISTS (SELECT 1 FROM inbox WHERE state = 'pending' AND ready = 0 AND due_at <= ?4),"
            " json_group_array(actor) FROM (SELECT actor FROM waiting WHERE actor IS NOT NULL"
            " AND actor NOT IN (SELECT value FROM json_each(?2)) LIMIT ?3)",
            (after, passed_over, limit, to_micros(now)),
        ).fetchone()
        return bool(is_due), _NAMES.decode(actors)

    def first_of(self, actors: Collection[str], share: int) -> list[int]:
        """The oldest ready entries of each of these actors, at most `share` of one; oldest first."""
        ids = self._db.execute(
            "SELECT json_group_array(id) FROM (SELECT inbox.id AS id FROM json_each(?1) AS chosen JOIN inbox"
            " ON inbox.id IN (SELECT one.id FROM inbox AS one WHERE one.state = 'pending' AND one.ready = 1"
            " AND one.actor = chosen.value ORDER BY one.id LIMIT ?2))",
            (names(actors), share),
        ).fetchone()[0]
        return sorted(_NUMBERS.decode(ids))

    def entries(self, ids: Sequence[int]) -> list[InboundEntry]:
        """Those of these that are still pending, in no order."""
        rows = self._db.execute(
            f"SELECT {_ENTRY} FROM inbox WHERE state = 'pending'"  # noqa: S608 - fixed text
            " AND id IN (SELECT value FROM json_each(?))",
            (names(ids),),
        )
        return [_entry(row) for row in rows.fetchall()]

    def retry(self, entry_id: int, at: datetime, error: str) -> None:
        self._db.execute(
            "UPDATE inbox SET ready = 0, due_at = ?, error = ?, attempts = attempts + 1"
            " WHERE id = ? AND state = 'pending'",
            (to_micros(at), error, entry_id),
        )

    def bury(self, entry_id: int, error: str, now: datetime) -> None:
        self._db.execute(
            "UPDATE inbox SET state = 'dead', error = ?, buried_at = ? WHERE id = ? AND state = 'pending'",
            (error, to_micros(now), entry_id),
        )

    def next_due(self) -> int | None:
        """Microseconds; 0 is at once."""
        row = self._db.execute("SELECT min(due_at) FROM inbox WHERE state = 'pending'").fetchone()
        return None if row[0] is None else int(row[0])

    # --- within a handler's own transaction --------------------------------------------------------------

    def is_pending(self, entry_id: int) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM inbox WHERE id = ? AND state = 'pending'", (entry_id,)
        ).fetchone()
        return row is not None

    def pending_of(self, ids: Collection[int]) -> set[int]:
        """Which of these are still pending."""
        found = self._db.execute(
            "SELECT json_group_array(id) FROM inbox WHERE state = 'pending'"
            " AND id IN (SELECT value FROM json_each(?))",
            (names(ids),),
        ).fetchone()[0]
        return set(_NUMBERS.decode(found))

    def finish(self, entry_id: int) -> None:
        self._db.execute("DELETE FROM inbox WHERE id = ? AND state = 'pending'", (entry_id,))

    def waiting_since(self) -> datetime | None:
        # due_at 0 is "at once": whatever was tried and put off has a time there
        row = self._db.execute(
            "SELECT received_at FROM inbox WHERE state = 'pending' AND due_at = 0 ORDER BY id LIMIT 1"
        ).fetchone()
        return from_micros_or_none(row[0] if row else None)

    def dead(self) -> list[DeadEntry]:
        rows = self._db.execute(
            f"SELECT {DEAD_COLUMNS} FROM inbox WHERE state = 'dead' ORDER BY id"  # noqa: S608 - fixed text
        )
        return [dead_of(row) for row in rows]

    def requeue(self, entry_id: int, now: datetime) -> bool:
        done = self._db.execute(
            "UPDATE inbox SET state = 'pending', ready = 1, due_at = ?, attempts = 0, buried_at = NULL"
            " WHERE id = ? AND state = 'dead'",
            (to_micros(now), entry_id),
        )
        return done.rowcount > 0

    def drop(self, entry_id: int) -> bool:
        done = self._db.execute("DELETE FROM inbox WHERE id = ? AND state = 'dead'", (entry_id,))
        return done.rowcount > 0

    def conflicts(self, recipient: str) -> int:
        row = self._db.execute("SELECT count FROM conflict WHERE recipient = ?", (recipient,)).fetchone()
        return 0 if row is None else int(row[0])
