"""Who lives here and whom they know: settings, accounts, personas, keys, contacts, followers, sessions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import islice

from node.domain.accounts import Account, Contact, Persona, PersonaState, is_named
from node.store.ports import Block, Follower, FollowState, KeyRow, Notice, Session
from node.store.sqlite.codec import Json, to_micros
from node.store.sqlite.known import Known

__all__ = [
    "SqliteAccounts",
    "SqliteBlocks",
    "SqliteContacts",
    "SqliteFollowers",
    "SqliteKeys",
    "SqliteMeta",
    "SqliteNotices",
    "SqlitePersonas",
    "SqliteSessions",
]

_ACCOUNT = Json(Account)
_PERSONA = Json(Persona)
_KEY = Json(KeyRow)
_CONTACT = Json(Contact)
_FOLLOWER = Json(Follower)
_SESSION = Json(Session)
_BLOCK = Json(Block)
_NOTICE = Json(Notice)


class SqliteMeta:
    """Implements `Meta`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set(self, name: str, value: str) -> None:
        self._db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )


class SqliteAccounts:
    """Implements `Accounts`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.known: Known[str, Account | None] = Known()

    def get(self, actor: str) -> Account | None:
        return self.known.find(actor, self._read)

    def _read(self, actor: str) -> Account | None:
        row = self._db.execute("SELECT data FROM account WHERE id = ?", (actor,)).fetchone()
        return None if row is None else _ACCOUNT.load(row[0])

    def by_name(self, name: str) -> Account | None:
        row = self._db.execute(
            "SELECT data FROM account WHERE name = ? ORDER BY rowid LIMIT 1", (name,)
        ).fetchone()
        return None if row is None else _ACCOUNT.load(row[0])

    def all(self) -> list[Account]:
        rows = self._db.execute("SELECT data FROM account ORDER BY rowid")
        return [_ACCOUNT.load(row[0]) for row in rows]

    def save(self, account: Account) -> None:
        self._db.execute(
            "INSERT INTO account (id, name, data) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, data = excluded.data",
            (account.id, account.name, _ACCOUNT.dump(account)),
        )
        self.known.put(account.id, account)


class SqlitePersonas:
    """Implements `Personas`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.known: Known[str, Persona | None] = Known()

    def get(self, actor: str) -> Persona | None:
        return self.known.find(actor, self._read)

    def _read(self, actor: str) -> Persona | None:
        row = self._db.execute("SELECT data FROM persona WHERE id = ?", (actor,)).fetchone()
        return None if row is None else _PERSONA.load(row[0])

    def all(self, account: str) -> list[Persona]:
        rows = self._db.execute("SELECT data FROM persona WHERE account = ? ORDER BY rowid", (account,))
        return [_PERSONA.load(row[0]) for row in rows]

    def for_vendor(self, account: str, vendor: str) -> Persona | None:
        row = self._db.execute(
            "SELECT data FROM persona WHERE account = ? AND vendor = ? AND state = ? ORDER BY rowid LIMIT 1",
            (account, vendor, PersonaState.OPEN.value),
        ).fetchone()
        return None if row is None else _PERSONA.load(row[0])

    def save(self, persona: Persona) -> None:
        self._db.execute(
            "INSERT INTO persona (id, account, vendor, state, data) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET account = excluded.account, vendor = excluded.vendor,"
            " state = excluded.state, data = excluded.data",
            (persona.id, persona.account, persona.vendor, persona.state.value, _PERSONA.dump(persona)),
        )
        self.known.put(persona.id, persona)


class SqliteKeys:
    """Implements `Keys`. A destroyed key's sealed half is overwritten in the file (`secure_delete`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.known: Known[str, list[KeyRow]] = Known()

    def get(self, key_id: str) -> KeyRow | None:
        row = self._db.execute("SELECT data FROM own_key WHERE key_id = ?", (key_id,)).fetchone()
        return None if row is None else _KEY.load(row[0])

    def of(self, owner: str) -> list[KeyRow]:
        return list(self.known.find(owner, self._read))

    def _read(self, owner: str) -> list[KeyRow]:
        rows = self._db.execute(
            "SELECT data FROM own_key WHERE owner = ? ORDER BY created_at, rowid", (owner,)
        )
        return [_KEY.load(row[0]) for row in rows]

    def made_since(self, at: datetime) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM own_key WHERE created_at > ?", (to_micros(at),)
        ).fetchone()
        return int(row[0])

    def save(self, row: KeyRow) -> None:
        self._db.execute(
            "INSERT INTO own_key (key_id, owner, created_at, data) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (key_id) DO UPDATE SET owner = excluded.owner, created_at = excluded.created_at,"
            " data = excluded.data",
            (row.key_id, row.owner, to_micros(row.created_at), _KEY.dump(row)),
        )
        self.known.drop(row.owner)


class SqliteContacts:
    """Implements `Contacts`; listed by handle.

    `write_down` lets the deals be written that the function has saved so far.
    """

    def __init__(self, connection: sqlite3.Connection, write_down: Callable[[], None]) -> None:
        self._db = connection
        self._write_down = write_down

    def get(self, account: str, actor: str) -> Contact | None:
        row = self._db.execute(
            "SELECT data FROM contact WHERE account = ? AND actor = ?", (account, actor)
        ).fetchone()
        return None if row is None else _CONTACT.load(row[0])

    def all(self, account: str) -> list[Contact]:
        rows = self._db.execute(
            "SELECT data FROM contact WHERE account = ? ORDER BY handle, actor", (account,)
        )
        return [_CONTACT.load(row[0]) for row in rows]

    def has_any(self, account: str) -> bool:
        found = self._db.execute("SELECT 1 FROM contact WHERE account = ? LIMIT 1", (account,))
        return found.fetchone() is not None

    def page(self, account: str, *, words: str = "", limit: int = 40, offset: int = 0) -> list[Contact]:
        self._write_down()
        rows = self._db.execute(
            "SELECT data FROM contact WHERE account = ?1 ORDER BY (SELECT max(changed) FROM deal"
            " WHERE account = ?1 AND peer = contact.actor AND side = 'customer') DESC NULLS LAST,"
            " handle, actor LIMIT ?2 OFFSET ?3",
            (account, -1 if words else limit, 0 if words else offset),
        )
        found = (_CONTACT.load(row[0]) for row in rows)
        if not words:
            return list(found)
        return list(islice((one for one in found if is_named(one, words)), offset, offset + limit))

    def save(self, contact: Contact) -> None:
        self._db.execute(
            "INSERT INTO contact VALUES (?, ?, ?, ?)"
            " ON CONFLICT (account, actor) DO UPDATE SET handle = excluded.handle, data = excluded.data",
            (contact.account, contact.actor, contact.handle, _CONTACT.dump(contact)),
        )

    def remove(self, account: str, actor: str) -> bool:
        done = self._db.execute("DELETE FROM contact WHERE account = ? AND actor = ?", (account, actor))
        return done.rowcount > 0


class SqliteFollowers:
    """Implements `Followers`; listed in the order in which they came."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, account: str, actor: str) -> Follower | None:
        row = self._db.execute(
            "SELECT data FROM follower WHERE account = ? AND actor = ?", (account, actor)
        ).fetchone()
        return None if row is None else _FOLLOWER.load(row[0])

    def all(self, account: str, *, state: FollowState = FollowState.ACCEPTED) -> list[Follower]:
        rows = self._db.execute(
            "SELECT data FROM follower WHERE account = ? AND state = ? ORDER BY at, actor",
            (account, state.value),
        )
        return [_FOLLOWER.load(row[0]) for row in rows]

    def newest(
        self, account: str, *, state: FollowState = FollowState.ACCEPTED, limit: int = 50, offset: int = 0
    ) -> list[Follower]:
        rows = self._db.execute(
            "SELECT data FROM follower WHERE account = ? AND state = ? ORDER BY at DESC, actor DESC"
            " LIMIT ? OFFSET ?",
            (account, state.value, limit, offset),
        )
        return [_FOLLOWER.load(row[0]) for row in rows]

    def count(self, account: str) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM follower WHERE account = ? AND state = ?",
            (account, FollowState.ACCEPTED.value),
        ).fetchone()
        return int(row[0])

    def save(self, follower: Follower) -> None:
        self._db.execute(
            "INSERT INTO follower VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, actor)"
            " DO UPDATE SET state = excluded.state, at = excluded.at, data = excluded.data",
            (
                follower.account,
                follower.actor,
                follower.state.value,
                to_micros(follower.at),
                _FOLLOWER.dump(follower),
            ),
        )


class SqliteSessions:
    """Implements `Sessions`; listed oldest first."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, token_hash: str) -> Session | None:
        row = self._db.execute("SELECT data FROM session WHERE token_hash = ?", (token_hash,)).fetchone()
        return None if row is None else _SESSION.load(row[0])

    def all(self, account: str) -> list[Session]:
        rows = self._db.execute(
            "SELECT data FROM session WHERE account = ? ORDER BY created_at, token_hash", (account,)
        )
        return [_SESSION.load(row[0]) for row in rows]

    def save(self, session: Session) -> None:
        self._db.execute(
            "INSERT INTO session VALUES (?, ?, ?, ?) ON CONFLICT (token_hash) DO UPDATE SET"
            " account = excluded.account, created_at = excluded.created_at, data = excluded.data",
            (session.token_hash, session.account, to_micros(session.created_at), _SESSION.dump(session)),
        )

    def remove(self, token_hash: str) -> bool:
        return self._db.execute("DELETE FROM session WHERE token_hash = ?", (token_hash,)).rowcount > 0

    def remove_all(self, account: str, *, besides: str = "") -> int:
        return self._db.execute(
            "DELETE FROM session WHERE account = ? AND token_hash <> ?", (account, besides)
        ).rowcount

    def remove_idle(self, account: str, *, seen_before: datetime, made_before: datetime) -> int:
        return sum(
            self.remove(one.token_hash)
            for one in self.all(account)
            if one.last_seen_at < seen_before or one.created_at < made_before
        )


class SqliteBlocks:
    """Implements `Blocks`; listed by domain."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> list[Block]:
        return [_BLOCK.load(row[0]) for row in self._db.execute("SELECT data FROM block ORDER BY domain")]

    def save(self, block: Block) -> None:
        self._db.execute(
            "INSERT INTO block VALUES (?, ?) ON CONFLICT (domain) DO UPDATE SET data = excluded.data",
            (block.domain, _BLOCK.dump(block)),
        )

    def remove(self, domain: str) -> bool:
        return self._db.execute("DELETE FROM block WHERE domain = ?", (domain,)).rowcount > 0


class SqliteNotices:
    """Implements `Notices`; the store gives the ids."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, notice: Notice) -> None:
        self._db.execute(
            "INSERT INTO notice (account, deal_id, data) VALUES (?, ?, ?)",
            (notice.account, notice.deal_id, _NOTICE.dump(notice)),
        )

    def all(self, account: str, *, limit: int = 100, deal_id: str = "") -> list[Notice]:
        if deal_id:
            rows = self._db.execute(
                "SELECT id, data FROM notice WHERE account = ? AND deal_id = ? ORDER BY id DESC LIMIT ?",
                (account, deal_id, limit),
            )
        else:
            rows = self._db.execute(
                "SELECT id, data FROM notice WHERE account = ? ORDER BY id DESC LIMIT ?", (account, limit)
            )
        return [replace(_NOTICE.load(data), id=notice_id) for notice_id, data in rows]
