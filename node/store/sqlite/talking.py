"""Conversations with the fediverse, and the quotes that are made in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.talking import Peer, Thread, ThreadState, Utterance
from node.store.sqlite.codec import Json, from_micros, to_micros
from node.store.sqlite.listing import names
from node.store.talking import GONE_KEPT, GONE_KEPT_OF_ONE

__all__ = ["SqliteGone", "SqlitePeers", "SqlitePlainQuotes", "SqliteThreads"]

_THREAD = Json(Thread)
_UTTERANCE = Json(Utterance)
_PEER = Json(Peer)
_QUOTE = Json(PlainQuote)
_LAST = 2**62
_COUNTED_FOR = timedelta(days=2)


def _named(peer: Peer) -> str:
    return f"{peer.handle}\n{peer.name}\n{peer.actor}".casefold()


class SqliteThreads:
    """Implements `Threads`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, thread_id: str) -> Thread | None:
        row = self._db.execute(
            "SELECT data FROM talk WHERE account = ? AND id = ?", (account, thread_id)
        ).fetchone()
        return None if row is None else _THREAD.load(row[0])

    def newest_with(self, account: str, peer: str, *, context: str | None = None) -> Thread | None:
        row = self._db.execute(
            "SELECT data FROM talk WHERE account = ?1 AND peer = ?2 AND (?3 IS NULL OR context = ?3)"
            " ORDER BY changed DESC LIMIT 1",
            (account, peer, context),
        ).fetchone()
        return None if row is None else _THREAD.load(row[0])

    def page(
        self,
        account: str,
        *,
        states: Iterable[ThreadState] = (),
        words: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, Thread]]:
        wanted = [state.value for state in states] or [state.value for state in ThreadState]
        place = _LAST if before is None else before
        searched = "".join(" AND instr(named, ?) > 0" for _ in words.split())
        found = [
            row for state in wanted
            for row in self._db.execute(
                "SELECT changed, data FROM talk WHERE account = ? AND state = ? AND changed < ?"  # noqa: S608 - fixed text
                f"{searched} ORDER BY changed DESC LIMIT ?",
                (account, state, place, *words.casefold().split(), limit),
            )
        ]  # fmt: skip
        newest = sorted(found, key=lambda row: -row[0])[:limit]
        return [(changed, _THREAD.load(data)) for changed, data in newest]

    def tally(self, account: str) -> dict[ThreadState, int]:
        rows = self._db.execute(
            "SELECT state, count(*) FROM talk WHERE account = ? GROUP BY state", (account,)
        )
        return {ThreadState(state): count for state, count in rows}

    def unread(self, account: str) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM talk WHERE account = ? AND unread > 0 AND state <> 'closed'", (account,)
        ).fetchone()
        return int(row[0])

    def save(self, thread: Thread) -> None:
        self._db.execute(
            "INSERT INTO talk VALUES (?, ?, ?, ?, ?, ?, ?, ?,"
            " (SELECT coalesce(max(changed), 0) + 1 FROM talk), ?) ON CONFLICT (account, id) DO UPDATE SET"
            " peer = excluded.peer, context = excluded.context, state = excluded.state,"
            " unread = excluded.unread, named = excluded.named, data = excluded.data,"
            " changed = iif(changed_at = excluded.changed_at, changed, excluded.changed),"
            " changed_at = excluded.changed_at",
            (
                thread.account,
                thread.id,
                thread.peer.actor,
                thread.context,
                thread.state.value,
                thread.unread,
                _named(thread.peer),
                to_micros(thread.changed_at),
                _THREAD.dump(thread),
            ),
        )

    def utterance(self, account: str, note_id: str) -> Utterance | None:
        row = self._db.execute(
            "SELECT data FROM talk_said WHERE note_id = ? AND account = ?", (note_id, account)
        ).fetchone()
        return None if row is None else _UTTERANCE.load(row[0])

    def of_note(self, note_id: str) -> list[Utterance]:
        rows = self._db.execute("SELECT data FROM talk_said WHERE note_id = ? ORDER BY account", (note_id,))
        return [_UTTERANCE.load(row[0]) for row in rows]

    def said_in(self, account: str, thread_id: str, *, limit: int = 200) -> list[Utterance]:
        rows = self._db.execute(
            "SELECT data FROM talk_said WHERE account = ? AND thread = ? ORDER BY id DESC LIMIT ?",
            (account, thread_id, limit),
        ).fetchall()
        return [_UTTERANCE.load(row[0]) for row in rows[::-1]]

    def add(self, utterance: Utterance) -> bool:
        done = self._db.execute(
            "INSERT INTO talk_said (account, note_id, thread, author, at, data) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (note_id, account) DO NOTHING",
            (
                utterance.account,
                utterance.id,
                utterance.thread,
                utterance.author,
                to_micros(utterance.at),
                _UTTERANCE.dump(utterance),
            ),
        )
        return done.rowcount > 0

    def change(self, utterance: Utterance) -> None:
        self._db.execute(
            "UPDATE talk_said SET data = ? WHERE note_id = ? AND account = ?",
            (_UTTERANCE.dump(utterance), utterance.id, utterance.account),
        )

    def all_said(self, account: str, *, after: int = 0, limit: int = 200) -> list[tuple[int, Utterance]]:
        rows = self._db.execute(
            "SELECT id, data FROM talk_said WHERE account = ? AND id > ? ORDER BY id LIMIT ?",
            (account, after, limit),
        )
        return [(place, _UTTERANCE.load(data)) for place, data in rows]

    def heard_since(self, account: str, author: str, since: datetime) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM talk_said WHERE account = ? AND author = ? AND at > ?",
            (account, author, to_micros(since)),
        ).fetchone()
        return int(row[0])

    def begun_since(self, account: str, domain: str, since: datetime) -> int:
        return self._counted(account, f"begun {domain}", since)

    def note_beginning(self, account: str, domain: str, at: datetime) -> None:
        self._count(account, f"begun {domain}", at)

    def answer_once(self, account: str, what: str, at: datetime) -> bool:
        done = self._db.execute(
            "INSERT INTO talk_answered VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (account, what, to_micros(at)),
        )
        return done.rowcount > 0

    def automatic_since(self, account: str, peer: str, since: datetime) -> int:
        return self._counted(account, f"automatic {peer}", since)

    def note_automatic(self, account: str, peer: str, at: datetime) -> None:
        self._count(account, f"automatic {peer}", at)

    def _counted(self, account: str, what: str, since: datetime) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM talk_count WHERE account = ? AND what = ? AND at > ?",
            (account, what, to_micros(since)),
        ).fetchone()
        return int(row[0])

    def _count(self, account: str, what: str, at: datetime) -> None:
        self._db.execute("DELETE FROM talk_count WHERE at < ?", (to_micros(at - _COUNTED_FOR),))
        self._db.execute("INSERT INTO talk_count VALUES (?, ?, ?)", (account, what, to_micros(at)))


class SqlitePeers:
    """Implements `Peers`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, actor: str) -> Peer | None:
        row = self._db.execute("SELECT data FROM talk_peer WHERE actor = ?", (actor,)).fetchone()
        return None if row is None else _PEER.load(row[0])

    def save(self, peer: Peer) -> None:
        self._db.execute(
            "INSERT INTO talk_peer VALUES (?, ?) ON CONFLICT (actor) DO UPDATE SET data = excluded.data",
            (peer.actor, _PEER.dump(peer)),
        )


class SqliteGone:
    """Implements `Gone`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, actor: str, note_id: str, until: datetime) -> None:
        self._db.execute(
            "INSERT INTO gone_note (actor, note_id, until) VALUES (?, ?, ?)",
            (actor, note_id, to_micros(until)),
        )
        self._db.execute(
            "DELETE FROM gone_note WHERE actor = ?1 AND id <= (SELECT id FROM gone_note WHERE actor = ?1"
            " ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            (actor, GONE_KEPT_OF_ONE),
        )
        self._db.execute(
            "DELETE FROM gone_note WHERE id <= (SELECT id FROM gone_note ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (GONE_KEPT,),
        )

    def has(self, actor: str, note_id: str, now: datetime) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM gone_note WHERE actor = ? AND note_id = ? AND until > ? LIMIT 1",
            (actor, note_id, to_micros(now)),
        ).fetchone()
        return row is not None


_PUT_AWAY = (
    "EXISTS (SELECT 1 FROM talk WHERE talk.account = plain_quote.account AND talk.id = plain_quote.thread"
    " AND talk.state = 'closed')"
)


class SqlitePlainQuotes:
    """Implements `PlainQuotes`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, reference: str) -> PlainQuote | None:
        row = self._db.execute("SELECT data FROM plain_quote WHERE reference = ?", (reference,)).fetchone()
        return None if row is None else _QUOTE.load(row[0])

    def by_secret(self, secret: str) -> PlainQuote | None:
        row = self._db.execute("SELECT data FROM plain_quote WHERE secret = ?", (secret,)).fetchone()
        return None if row is None else _QUOTE.load(row[0])

    def of_thread(self, account: str, thread_id: str) -> list[PlainQuote]:
        rows = self._db.execute(
            "SELECT data FROM plain_quote WHERE account = ? AND thread = ? ORDER BY id", (account, thread_id)
        )
        return [_QUOTE.load(row[0]) for row in rows]

    def page(
        self,
        account: str,
        *,
        states: Iterable[QuoteState] = (),
        is_put_away: bool | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, PlainQuote]]:
        wanted = names(state.value for state in states or QuoteState)
        away = "" if is_put_away is None else f" AND {'' if is_put_away else 'NOT '}{_PUT_AWAY}"
        rows = self._db.execute(
            "SELECT id, data FROM plain_quote WHERE account = ? AND id < ?"  # noqa: S608 - fixed text
            f" AND state IN (SELECT value FROM json_each(?)){away} ORDER BY id DESC LIMIT ?",
            (account, _LAST if before is None else before, wanted, limit),
        )
        return [(place, _QUOTE.load(data)) for place, data in rows]

    def tally(self, account: str) -> dict[tuple[QuoteState, bool], int]:
        rows = self._db.execute(
            f"SELECT state, {_PUT_AWAY}, count(*) FROM plain_quote WHERE account = ? GROUP BY 1, 2",  # noqa: S608 - fixed text
            (account,),
        )
        return {(QuoteState(state), bool(away)): count for state, away, count in rows}

    def save(self, quote: PlainQuote) -> None:
        self._db.execute(
            "INSERT INTO plain_quote (reference, secret, account, thread, state, ends_at, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (reference) DO UPDATE SET state = excluded.state,"
            " ends_at = excluded.ends_at, data = excluded.data",
            (
                quote.reference,
                quote.secret,
                quote.account,
                quote.thread,
                quote.state.value,
                to_micros(quote.ends_at),
                _QUOTE.dump(quote),
            ),
        )

    def due(self, now: datetime, limit: int) -> list[PlainQuote]:
        rows = self._db.execute(
            "SELECT data FROM plain_quote WHERE state = 'open' AND ends_at <= ? ORDER BY ends_at LIMIT ?",
            (to_micros(now), limit),
        )
        return [_QUOTE.load(row[0]) for row in rows]

    def next_end(self) -> datetime | None:
        row = self._db.execute("SELECT min(ends_at) FROM plain_quote WHERE state = 'open'").fetchone()
        return None if row[0] is None else from_micros(row[0])
