"""What our accounts say: their posts, what these said before, and the threads that they belong to."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import datetime
from typing import Any

from node.domain.notes import Visibility
from node.domain.offers import StandingOffer
from node.store.ports import Post
from node.store.posting import EVERYBODY, Edit, Utterance
from node.store.sqlite.codec import Json, from_micros, from_micros_or_none, to_micros
from node.store.sqlite.listing import names

__all__ = ["SqlitePosts"]

_POST = Json(Post)
_OFFER = Json(StandingOffer)
_EDIT = Json(Edit)
_FIRST_TIME = -(2**62)
_OWN = (
    " FROM post WHERE account = ?1 AND author = account AND deleted = 0"
    " AND visibility IN (SELECT value FROM json_each(?2))"
    " AND (?3 = '[]' OR kind IN (SELECT value FROM json_each(?3)))"
)
_TAGGED = " FROM post_topic JOIN post USING (id) WHERE topic = ?1"
_UTTERANCE = "SELECT id, author, at, in_reply_to, context FROM utterance"


class SqlitePosts:
    """Implements `Posts`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, post_id: str) -> Post | None:
        row = self._db.execute("SELECT data FROM post WHERE id = ?", (post_id,)).fetchone()
        return None if row is None else _POST.load(row[0])

    def all(
        self, account: str, kind: str, *, limit: int = 100, offset: int = 0, since: datetime | None = None
    ) -> list[Post]:
        rows = self._db.execute(
            "SELECT data FROM post WHERE account = ? AND kind = ? AND deleted = 0 AND at >= ?"
            " ORDER BY at DESC, rowid DESC LIMIT ? OFFSET ?",
            (account, kind, _FIRST_TIME if since is None else to_micros(since), limit, offset),
        )
        return [_POST.load(row[0]) for row in rows]

    def own(
        self,
        account: str,
        *,
        visibilities: Collection[Visibility] = EVERYBODY,
        kinds: Collection[str] = (),
        limit: int = 100,
        offset: int = 0,
    ) -> list[Post]:
        rows = self._db.execute(
            f"SELECT data{_OWN} ORDER BY at DESC, rowid DESC LIMIT ?4 OFFSET ?5",
            (account, names(visibilities), names(kinds), limit, offset),
        )
        return [_POST.load(row[0]) for row in rows]

    def count_own(
        self,
        account: str,
        *,
        visibilities: Collection[Visibility] = EVERYBODY,
        kinds: Collection[str] = (),
    ) -> int:
        row = self._db.execute(
            f"SELECT count(*){_OWN}",
            (account, names(visibilities), names(kinds)),
        ).fetchone()
        return int(row[0])

    def pinned(self, account: str) -> list[Post]:
        rows = self._db.execute(
            "SELECT data FROM post WHERE account = ? AND pinned IS NOT NULL AND deleted = 0"
            " AND author = account ORDER BY pinned DESC, rowid DESC",
            (account,),
        )
        return [_POST.load(row[0]) for row in rows]

    def tagged(self, topic: str, *, limit: int = 50, offset: int = 0) -> list[Post]:
        rows = self._db.execute(
            f"SELECT data{_TAGGED} ORDER BY post_topic.at DESC, post_topic.id DESC LIMIT ?2 OFFSET ?3",
            (topic.casefold(), limit, offset),
        )
        return [_POST.load(row[0]) for row in rows]

    def count_tagged(self, topic: str) -> int:
        row = self._db.execute(f"SELECT count(*){_TAGGED}", (topic.casefold(),)).fetchone()
        return int(row[0])

    def save(self, post: Post) -> None:
        deleted = int(post.deleted_at is not None)
        self._db.execute(
            "INSERT INTO post (id, account, kind, at, deleted, data) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET account = excluded.account, kind = excluded.kind,"
            " at = excluded.at, deleted = excluded.deleted, data = excluded.data",
            (post.id, post.account, post.kind, to_micros(post.at), deleted, _POST.dump(post)),
        )
        self._db.execute("DELETE FROM post_topic WHERE id = ?", (post.id,))
        self._db.executemany(
            "INSERT INTO post_topic (topic, id, at) VALUES (?, ?, ?)",
            [(topic, post.id, to_micros(post.at)) for topic in topics_of(post)],
        )

    def add_edit(self, edit: Edit) -> None:
        self._db.execute("INSERT INTO post_edit (post, data) VALUES (?, ?)", (edit.post, _EDIT.dump(edit)))

    def edits(self, post_id: str) -> list[Edit]:
        rows = self._db.execute("SELECT data FROM post_edit WHERE post = ? ORDER BY number", (post_id,))
        return [_EDIT.load(row[0]) for row in rows]

    def drop_edits(self, post_id: str) -> None:
        self._db.execute("DELETE FROM post_edit WHERE post = ?", (post_id,))

    # --- threads ------------------------------------------------------------------------------------------

    def hear(self, said: Utterance) -> None:
        self._db.execute(
            "INSERT INTO utterance (id, author, at, in_reply_to, context) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO NOTHING",
            (said.id, said.author, to_micros(said.at), said.in_reply_to, said.context),
        )

    def unhear(self, post_id: str) -> None:
        self._db.execute("DELETE FROM utterance WHERE id = ?", (post_id,))

    def heard(self, post_id: str) -> Utterance | None:
        row = self._db.execute(f"{_UTTERANCE} WHERE id = ?", (post_id,)).fetchone()
        return None if row is None else _utterance(row)

    def authors_heard(self) -> list[str]:
        rows = self._db.execute("SELECT DISTINCT author FROM utterance ORDER BY author")
        return [row[0] for row in rows]

    def heard_of(self, author: str) -> list[Utterance]:
        rows = self._db.execute(f"{_UTTERANCE} WHERE author = ? ORDER BY at, id", (author,))
        return [_utterance(row) for row in rows]

    def replies(self, post_id: str, *, limit: int = 50, offset: int = 0) -> list[Utterance]:
        return self._utterances("in_reply_to", post_id, limit, offset)

    def count_replies(self, post_id: str) -> int:
        return self._count("in_reply_to", post_id)

    def in_context(self, context: str, *, limit: int = 50, offset: int = 0) -> list[Utterance]:
        return self._utterances("context", context, limit, offset)

    def count_in_context(self, context: str) -> int:
        return self._count("context", context)

    def _utterances(self, column: str, value: str, limit: int, offset: int) -> list[Utterance]:
        rows = self._db.execute(
            f"{_UTTERANCE} WHERE {column} = ? AND {column} <> '' ORDER BY at, id LIMIT ? OFFSET ?",
            (value, limit, offset),
        )
        return [_utterance(row) for row in rows]

    def _count(self, column: str, value: str) -> int:
        row = self._db.execute(
            f"SELECT count(*) FROM utterance WHERE {column} = ? AND {column} <> ''",  # noqa: S608 - fixed text
            (value,),
        ).fetchone()
        return int(row[0])

    # --- standing offers ----------------------------------------------------------------------------------

    def offer(self, post_id: str) -> StandingOffer | None:
        row = self._db.execute("SELECT data FROM standing_offer WHERE id = ?", (post_id,)).fetchone()
        return None if row is None else _OFFER.load(row[0])

    def save_offer(self, account: str, offer: StandingOffer) -> None:
        self._db.execute(
            "INSERT INTO standing_offer (id, account, data, ends) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET account = excluded.account, data = excluded.data,"
            " ends = excluded.ends",
            (offer.id, account, _OFFER.dump(offer), to_micros(offer.ends_at) if offer.is_running else None),
        )

    def run_out(self, now: datetime, limit: int) -> list[str]:
        rows = self._db.execute(
            "SELECT id FROM standing_offer WHERE ends IS NOT NULL AND ends <= ? ORDER BY ends, id LIMIT ?",
            (to_micros(now), limit),
        )
        return [row[0] for row in rows]

    def next_end(self) -> datetime | None:
        row = self._db.execute("SELECT min(ends) FROM standing_offer WHERE ends IS NOT NULL").fetchone()
        return from_micros_or_none(row[0])


def _utterance(row: Any) -> Utterance:
    said, author, at, in_reply_to, context = row
    return Utterance(said, author, from_micros(at), in_reply_to, context)


def topics_of(post: Post) -> set[str]:
    """By which topics a post is found: those of our own public ones that still stand."""
    if post.note is None or post.deleted_at is not None or post.visibility is not Visibility.PUBLIC:
        return set()
    return {topic.casefold() for topic in post.note.hashtags}
