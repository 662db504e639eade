"""A store with a long past: one finished deal is written through the store's own code, then multiplied.

The copies differ in the twelve characters that TOKEN stands for, wherever they stand; so every table and
index that a deal touches grows as it would, whatever the schema is, and a million activities take a minute.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from federation.ports import DeliveryOutcome, Outcome
from node.config import Config
from node.domain.accounts import Contact, Persona, PersonaState
from node.domain.deals import Deal, DealState
from node.domain.intents import Intent, IntentState
from node.domain.messages import Sender
from node.store.ports import Direction, Notice, QueuedJob, StoredMessage
from node.store.records import KeyRow
from node.store.sqlite.codec import Json
from node.store.sqlite.transaction import SqliteTx
from tests.builders import CUSTOMER, DEAL, VENDOR, a_deal, an_intent

__all__ = ["GOLDEN", "LIVE", "OWN_IDS", "PER_DEAL", "TOKEN", "fill", "in_bulk", "last_rows", "multiply"]

GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
TOKEN = "TOKEN0000000"
PER_DEAL = 8
LIVE = 20
"""Deals of each account that are not over: what its lists are about."""
OWN_IDS = re.compile(
    r"(https://(?:ana|shop)\.example/(?:p|activities|agreements|deals|events|intents|messages|proposals|posts|"
    r"receipts|confirmations))/([A-Za-z0-9-]+)"
)
_MESSAGES = (
    ("01-intent.json", "cast-00", Sender.CUSTOMER),
    ("04-question.json", "ask-00", Sender.VENDOR),
    ("06-offer.json", "offer-01", Sender.VENDOR),
    ("10-accept.json", "accept-02", Sender.CUSTOMER),
    ("11-conclusion.json", "conclude-03", Sender.VENDOR),
    ("15-progress.json", "progress-04", Sender.VENDOR),
    ("16-receipt.json", "receipt-05", Sender.VENDOR),
    ("17-confirm.json", "confirm-06", Sender.CUSTOMER),
)


def fill(config: Config, activities: int) -> None:
    """Give the accounts "ana" and "shop" of a node that is not running so many messages of finished deals.

    Besides, each has LIVE deals that are not over, the same in every store.
    """
    with in_bulk(config) as connection:
        before = last_rows(connection)
        for side in (Sender.CUSTOMER, Sender.VENDOR):
            _Past(connection, config, side).write(TOKEN, DealState.CONFIRMED)
        multiply(connection, before, activities // (2 * PER_DEAL))
        for number in range(LIVE):
            for side, state in ((Sender.CUSTOMER, DealState.OFFERED), (Sender.VENDOR, DealState.OPEN)):
                _Past(connection, config, side).write(f"LIVE{number:08d}", state)


@contextmanager
def in_bulk(config: Config) -> Iterator[sqlite3.Connection]:
    """The store of a node that is not running, for much to be written in one go: whole or not at all."""
    connection = sqlite3.connect(config.database_path, isolation_level=None)
    try:
        for pragma in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "temp_store = MEMORY",
            "cache_size = -400000",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("backwards", 1, lambda text: text[::-1], deterministic=True)
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


# --- one deal ----------------------------------------------------------------------------------------------


class _Past:
    """Writes one deal as one side holds it, with all that comes of it."""

    def __init__(self, connection: sqlite3.Connection, config: Config, side: Sender) -> None:
        self._tx = SqliteTx(connection)
        self._connection = connection
        self._side = side
        self._base = config.base_url
        name, here = (
            ("ana", "https://ana.example") if side is Sender.CUSTOMER else ("shop", "https://shop.example")
        )
        self._here = here
        self._account = f"{config.base_url}/actors/{name}"
        self._now = datetime.now(UTC)

    def write(self, token: str, state: DealState) -> None:
        """The deal in this state, under ids that end in `token`."""
        deal = self._deal(token, state)
        if self._side is Sender.CUSTOMER:
            self._write_customer(deal, token)
        else:
            self._write_key(deal.peer)
        self._tx.deals.save(deal, None)
        document = json.dumps({"id": deal.peer, "type": "Person", "inbox": deal.peer_inbox, "pad": "x" * 900})
        digest = self._tx.documents.save(deal.peer, document.encode(), self._now)
        over = state is DealState.CONFIRMED
        for file, slug, sender in _MESSAGES if over else _MESSAGES[:3]:
            self._write_message(deal, file, slug, sender, token, digest)
        for number in range(4 if over else 1):
            text = f"The vendor has concluded: it is agreed. ({number})"
            self._tx.notices.add(Notice(self._account, self._now, text, kind="conclude", deal_id=deal.id))

    def _own(self, text: str, token: str) -> str:
        """The same text with ids of this deal's own, ours on this node's origin."""
        renamed = OWN_IDS.sub(lambda found: f"{found[1]}/{found[2][:9]}-{token}", text)
        return renamed.replace(self._here + "/", self._base + "/")

    def _deal(self, token: str, state: DealState) -> Deal:
        made = a_deal(state, side=self._side)
        assert (made.id, *_parties(made)) == (DEAL, CUSTOMER, VENDOR)
        kept = Json(Deal).load(self._own(Json(Deal).dump(made), token))
        intent = f"{self._base}/intents/intent-{token}" if self._side is Sender.CUSTOMER else None
        inbox = f"{kept.peer}/inbox"
        return replace(kept, account=self._account, peer_inbox=inbox, intent_id=intent)

    def _write_customer(self, deal: Deal, token: str) -> None:
        """Her persona with its key, and her intent."""
        over = deal.state is DealState.CONFIRMED
        self._tx.personas.save(
            Persona(
                deal.own, self._account, self._now, state=PersonaState.QUIET if over else PersonaState.OPEN
            )
        )
        row = KeyRow(
            f"{deal.own}#ed25519-key", deal.own, "ed25519", "z6Mk" + "a" * 44, b"\0" * 120, self._now
        )
        self._tx.keys.save(row)
        state = IntentState.DECIDED if over else IntentState.LIVE
        intent = an_intent(id=deal.intent_id, account=self._account, state=state, deal_ids=(deal.id,))
        self._tx.intents.save(Json(Intent).load(Json(Intent).dump(intent)))
        contact = Contact(self._account, deal.peer, "@shop@shop.example", "Shop", deal.peer_inbox, self._now)
        self._tx.contacts.save(contact)

    def _write_key(self, actor: str) -> None:
        """The key of the customer's persona, as it was fetched."""
        columns = (f"{actor}#ed25519-key", actor, "ed25519", b"\0" * 44, actor, b"x" * 900, 0)
        self._connection.execute(
            "INSERT INTO public_key (id, owner, algorithm, material, actor, document, fetched_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            columns,
        )

    def _write_message(
        self, deal: Deal, file: str, slug: str, sender: Sender, token: str, document: str
    ) -> None:
        golden = json.loads((GOLDEN / file).read_text())
        text = json.dumps(golden, separators=(",", ":")).replace(
            golden["id"], f"{golden['id'].rsplit('/', 1)[0]}/{slug}"
        )
        body = self._own(text, token).encode()
        activity_id = str(json.loads(body)["id"])
        out = sender is self._side
        stored = StoredMessage(
            own=deal.own,
            deal_id=deal.id,
            activity_id=activity_id,
            direction=Direction.OUT if out else Direction.IN,
            kind=slug.split("-")[0],
            actor=deal.own if out else deal.peer,
            digest="zQmV6k" + "d" * 40,
            body=body,
            at=self._now,
            key_id=f"{deal.own if out else deal.peer}#ed25519-key",
            document="" if out else document,
        )
        self._tx.evidence.add(stored)
        if out:
            self._write_delivery(deal, activity_id, body)
        else:
            self._connection.execute("INSERT INTO seen VALUES (randomblob(16), randomblob(16))")

    def _write_delivery(self, deal: Deal, activity_id: str, body: bytes) -> None:
        job = QueuedJob(
            activity_id=activity_id,
            recipient=deal.peer,
            inbox=deal.peer_inbox,
            actor=deal.own,
            key_id=f"{deal.own}#ed25519-key",
            body=body,
            ordering_key=f"{deal.own} {deal.id}",
            created_at=self._now,
            give_up_at=self._now + timedelta(days=7),
        )
        self._tx.deliveries.enqueue(job)
        (job_id,) = self._connection.execute("SELECT max(id) FROM delivery").fetchone()
        self._tx.deliveries.settle(job_id, DeliveryOutcome(Outcome.DELIVERED, "answered 202", 202), self._now)


def _parties(deal: Deal) -> tuple[str, str]:
    return (deal.own, deal.peer) if deal.side is Sender.CUSTOMER else (deal.peer, deal.own)


# --- many ---------------------------------------------------------------------------------------------------


def last_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """How far each table is filled, for `multiply` to know what was written since."""
    return {table: _last_row(connection, table) for table in _tables(connection)}


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        " AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY rowid"
    )
    return [row[0] for row in rows]


def _last_row(connection: sqlite3.Connection, table: str) -> int:
    """How far a table was filled, by its rowid; -1 for one that has none."""
    try:
        return int(connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0])
    except sqlite3.OperationalError:
        return -1


def multiply(connection: sqlite3.Connection, before: dict[str, int], copies: int) -> None:
    """Put `copies` rows in the place of each that was written since."""
    connection.execute("CREATE TEMP TABLE number (n INTEGER)")
    connection.executemany("INSERT INTO number VALUES (?)", ((number,) for number in range(1, copies + 1)))
    for table, last in before.items():
        columns = _columns(connection, table)
        is_new = f"rowid > {last}" if last >= 0 else _has_token(columns)
        connection.execute(f"CREATE TEMP TABLE pattern AS SELECT * FROM {table} WHERE {is_new}")
        if connection.execute("SELECT count(*) FROM pattern").fetchone()[0]:
            names = [name for name, _, key in columns if not (name in ("id", "seq") and key)]
            kinds = {name: kind for name, kind, _ in columns}
            values = ", ".join(_copied(table, name, kinds[name]) for name in names)
            connection.execute(f"DELETE FROM {table} WHERE {is_new}")
            connection.execute(
                f"INSERT OR IGNORE INTO {table} ({', '.join(names)})"
                f" SELECT {values} FROM number CROSS JOIN pattern ORDER BY n"
            )
        connection.execute("DROP TABLE pattern")
    connection.execute("DROP TABLE number")


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[str, str, bool]]:
    """(name, type, is it the integer primary key)"""
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return [(row[1], row[2], bool(row[5]) and row[2] == "INTEGER") for row in rows]


def _has_token(columns: list[tuple[str, str, bool]]) -> str:
    texts = [f"instr({name}, '{TOKEN}')" for name, kind, _ in columns if kind == "TEXT"]
    return " OR ".join(texts) or "1"


def _copied(table: str, name: str, kind: str) -> str:
    """The value of a column in the copy number n."""
    fresh = "printf('%012d', n)"
    if table == "seen":
        return "randomblob(16)"
    if (table, name) == ("document", "digest"):
        return "hex(randomblob(32))"
    if name == "changed":
        return "n * 1000 + changed"  # the pattern holds fewer, so that no two copies have the same
    if name == "reversed":
        return f"replace(reversed, '{TOKEN[::-1]}', backwards({fresh}))"
    if kind == "TEXT":
        return f"replace({name}, '{TOKEN}', {fresh})"
    if kind == "BLOB":
        return f"CAST(replace(CAST({name} AS TEXT), '{TOKEN}', {fresh}) AS BLOB)"
    return name
