"""The tables, as numbered steps: a step that has been released is never edited, the next one is added.

Columns hold what is looked up by; `data` holds the aggregate whole. Times are microseconds since 1970.
"""

from __future__ import annotations

import json
import secrets
from decimal import Decimal

from sqlite_utils import Database, Migrations

from federation.ports import lane_of
from node.store.sqlite.fediverse_schema import FEDIVERSE_STEPS

__all__ = ["APPLICATION_ID", "MIGRATIONS_NAME", "SEEN_KEY", "known_steps", "migrate"]

APPLICATION_ID = 0x4F627672
"""`Obvr`: in the header of every file of ours, so that a foreign one is never taken for it."""

MIGRATIONS_NAME = "obverse"
SEEN_KEY = "seen-key"
"""The row of `meta` with the secret of the hashes in `seen`."""

_PEOPLE = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE account (id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, data TEXT NOT NULL) STRICT",
    "CREATE INDEX account_name ON account (name)",
    """CREATE TABLE persona (id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, vendor TEXT, state TEXT NOT NULL,
    data TEXT NOT NULL) STRICT""",
    "CREATE INDEX persona_account ON persona (account, vendor)",
    """CREATE TABLE own_key (key_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, created_at INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT""",
    "CREATE INDEX own_key_owner ON own_key (owner, created_at)",
    """CREATE TABLE contact (account TEXT NOT NULL, actor TEXT NOT NULL, handle TEXT NOT NULL,
    data TEXT NOT NULL, PRIMARY KEY (account, actor)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE follower (account TEXT NOT NULL, actor TEXT NOT NULL, state TEXT NOT NULL,
    at INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (account, actor)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX follower_state ON follower (account, state, at)",
    """CREATE TABLE session (token_hash TEXT PRIMARY KEY, account TEXT NOT NULL, created_at INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX session_account ON session (account, created_at)",
    "CREATE TABLE block (domain TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE notice (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    deal_id TEXT NOT NULL, data TEXT NOT NULL) STRICT""",
    "CREATE INDEX notice_account ON notice (account, id)",
    "CREATE INDEX notice_deal ON notice (account, deal_id, id)",
)

_DEALINGS = (
    """CREATE TABLE intent (id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created_at INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT""",
    "CREATE INDEX intent_account ON intent (account, created_at)",
    """CREATE TABLE deal (own TEXT NOT NULL, deal_id TEXT NOT NULL, account TEXT NOT NULL, intent_id TEXT,
    state TEXT NOT NULL, wake_at INTEGER, changed INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (own, deal_id)) STRICT""",
    "CREATE INDEX deal_account ON deal (account, changed)",
    "CREATE INDEX deal_intent ON deal (intent_id) WHERE intent_id IS NOT NULL",
    "CREATE INDEX deal_wake ON deal (wake_at) WHERE wake_at IS NOT NULL",
    "CREATE INDEX deal_changed ON deal (changed)",
    """CREATE TABLE deal_handle (account TEXT NOT NULL, reversed TEXT NOT NULL, own TEXT NOT NULL,
    deal_id TEXT NOT NULL, PRIMARY KEY (account, reversed, own, deal_id),
    FOREIGN KEY (own, deal_id) REFERENCES deal ON DELETE CASCADE) STRICT, WITHOUT ROWID""",
    "CREATE INDEX deal_handle_deal ON deal_handle (own, deal_id)",
    """CREATE TABLE evidence (id INTEGER PRIMARY KEY AUTOINCREMENT, own TEXT NOT NULL, deal_id TEXT NOT NULL,
    activity_id TEXT NOT NULL, direction TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
    digest TEXT NOT NULL, body BLOB NOT NULL, at INTEGER NOT NULL, key_id TEXT NOT NULL,
    document TEXT NOT NULL, answers TEXT NOT NULL, refused TEXT NOT NULL,
    UNIQUE (own, activity_id, direction)) STRICT""",
    "CREATE INDEX evidence_deal ON evidence (own, deal_id)",
    "CREATE INDEX evidence_answers ON evidence (own, answers) WHERE answers <> ''",
    """CREATE TABLE document (digest TEXT PRIMARY KEY, actor TEXT NOT NULL, body BLOB NOT NULL,
    fetched_at INTEGER NOT NULL) STRICT""",
    """CREATE TABLE parked (own TEXT NOT NULL, activity_id TEXT NOT NULL, deal_id TEXT NOT NULL,
    actor TEXT NOT NULL, parked_at INTEGER NOT NULL, until INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (own, activity_id)) STRICT""",
    "CREATE INDEX parked_deal ON parked (own, deal_id, parked_at)",
    "CREATE INDEX parked_actor ON parked (actor)",
    "CREATE INDEX parked_until ON parked (until)",
)

_SHOP = (
    """CREATE TABLE catalogue_item (account TEXT NOT NULL, sku TEXT NOT NULL, category TEXT NOT NULL,
    name_key TEXT NOT NULL, words TEXT NOT NULL, reserved TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (account, sku)) STRICT""",
    "CREATE INDEX catalogue_category ON catalogue_item (account, category, sku)",
    "CREATE INDEX catalogue_name ON catalogue_item (account, name_key, sku)",
    "CREATE INDEX catalogue_reserved ON catalogue_item (account, sku) WHERE reserved <> '0'",
    """CREATE TABLE rule (account TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (account, id)) STRICT""",
    """CREATE TABLE post (id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, kind TEXT NOT NULL,
    at INTEGER NOT NULL, deleted INTEGER NOT NULL, data TEXT NOT NULL) STRICT""",
    "CREATE INDEX post_account ON post (account, kind, deleted, at)",
    "CREATE TABLE standing_offer (id TEXT PRIMARY KEY, account TEXT NOT NULL, data TEXT NOT NULL) STRICT",
    """CREATE TABLE purchase_key (key TEXT PRIMARY KEY, author TEXT NOT NULL,
    note_id TEXT NOT NULL) STRICT, WITHOUT ROWID""",
)

# `seen` holds keyed hashes and nothing else, so that what is forgotten is not in it. The ids of entries and
# jobs are never used twice: a worker remembers by them what it has in hand. `due_at` 0 is "at once", which no
# clock that was set back can put off.
_QUEUES = (
    "CREATE TABLE seen (key BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE conflict (recipient TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE replay (key BLOB PRIMARY KEY, until INTEGER) STRICT, WITHOUT ROWID",
    "CREATE INDEX replay_until ON replay (until) WHERE until IS NOT NULL",
    """CREATE TABLE inbox (id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, due_at INTEGER NOT NULL,
    recipient TEXT NOT NULL, actor TEXT NOT NULL, activity_id TEXT NOT NULL, body BLOB NOT NULL,
    digest TEXT NOT NULL, received_at INTEGER NOT NULL, signer TEXT NOT NULL, key_id TEXT NOT NULL,
    proof_key_id TEXT NOT NULL, replay_key BLOB NOT NULL, replay_until INTEGER, attempts INTEGER NOT NULL,
    error TEXT NOT NULL, buried_at INTEGER) STRICT""",
    "CREATE INDEX inbox_pending ON inbox (due_at, id) WHERE state = 'pending'",
    "CREATE INDEX inbox_dead ON inbox (id) WHERE state = 'dead'",
    "CREATE TABLE body (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
    """CREATE TABLE delivery (id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL,
    head INTEGER NOT NULL, due_at INTEGER NOT NULL, activity_id TEXT NOT NULL, recipient TEXT NOT NULL,
    inbox TEXT NOT NULL, actor TEXT NOT NULL, key_id TEXT NOT NULL, fast_key_id TEXT NOT NULL,
    body BLOB REFERENCES body,
    ordering_key TEXT NOT NULL, created_at INTEGER NOT NULL, give_up_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL, detail TEXT NOT NULL, settled_at INTEGER) STRICT""",
    "CREATE INDEX delivery_due ON delivery (due_at, id) WHERE head = 1",
    "CREATE INDEX delivery_order ON delivery (ordering_key, id) WHERE ordering_key <> ''",
    "CREATE INDEX delivery_activity ON delivery (activity_id, recipient)",
    "CREATE INDEX delivery_body ON delivery (body) WHERE body IS NOT NULL",
    "CREATE INDEX delivery_actor ON delivery (actor, id)",
    "CREATE INDEX delivery_state ON delivery (state, id)",
    """CREATE TABLE public_key (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL, algorithm TEXT NOT NULL, material BLOB NOT NULL, actor TEXT NOT NULL,
    document BLOB NOT NULL, fetched_at INTEGER NOT NULL, revoked_at INTEGER) STRICT""",
    "CREATE INDEX public_key_actor ON public_key (actor)",
    """CREATE TABLE host (seq INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL UNIQUE,
    data TEXT NOT NULL) STRICT""",
)


# A lane is a host to which something waits: when its first job is due, and until when it is left alone. A
# claim reads the lanes that are ready and a few jobs of each, so that what waits for one host costs no other.
_LANES = (
    "ALTER TABLE delivery ADD COLUMN lane TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE lane (origin TEXT PRIMARY KEY, due_at INTEGER NOT NULL,
    held_until INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX lane_ready ON lane (max(due_at, held_until))",
    "CREATE INDEX delivery_lane ON delivery (lane, due_at, id) WHERE head = 1",
    "CREATE INDEX delivery_end ON delivery (give_up_at) WHERE head = 1",
    "DROP INDEX delivery_due",
)


# What a search among many items leaves out by; numbers are floats there, and what is found is judged exactly.
_MATCHING = (
    "ALTER TABLE catalogue_item ADD COLUMN unit TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE catalogue_item ADD COLUMN currency TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE catalogue_item ADD COLUMN price INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE catalogue_item ADD COLUMN delivery INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE catalogue_item ADD COLUMN free REAL",
    "ALTER TABLE catalogue_item ADD COLUMN lead_days INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE catalogue_item ADD COLUMN area TEXT",
    """CREATE INDEX catalogue_price ON catalogue_item (account, category, unit, currency, price, sku,
    delivery, free, lead_days, area)""",
    "CREATE INDEX catalogue_delivery ON catalogue_item (account, category, unit, currency, delivery)",
    """CREATE TABLE catalogue_property (account TEXT NOT NULL, sku TEXT NOT NULL, name TEXT NOT NULL,
    category TEXT NOT NULL, words TEXT NOT NULL, low REAL, high REAL, unit TEXT,
    PRIMARY KEY (account, sku, name)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX catalogue_property_low ON catalogue_property (account, category, name, low, high, unit)",
    "CREATE INDEX catalogue_property_words ON catalogue_property (account, category, name, words)",
)


# `ready` says that an entry may be claimed: it was never put off, or is due again. So the actors that have
# something to claim are found by steps of one index, whatever waits behind the first of each.
_READY = (
    "ALTER TABLE inbox ADD COLUMN ready INTEGER NOT NULL DEFAULT 1",
    "UPDATE inbox SET ready = 0 WHERE state = 'pending' AND due_at > 0",
    "CREATE INDEX inbox_ready ON inbox (actor, id) WHERE state = 'pending' AND ready = 1",
    "CREATE INDEX inbox_later ON inbox (due_at) WHERE state = 'pending' AND ready = 0",
)


# Nobody searched by these, and each message of a deal wrote to both.
_FEWER_INDEXES = ("DROP INDEX deal_handle_deal", "DROP INDEX deal_changed")

_ENTERING = (
    """CREATE TABLE passkey (id TEXT PRIMARY KEY, account TEXT NOT NULL, created_at INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX passkey_account ON passkey (account, created_at)",
    """CREATE TABLE ticket (token_hash TEXT PRIMARY KEY, purpose TEXT NOT NULL, until INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE login_attempt (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    data TEXT NOT NULL) STRICT""",
    "CREATE INDEX login_attempt_account ON login_attempt (account, id)",
    "CREATE TABLE preference (account TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID",
)


# What the vendor's pages list: deals by state, what was said on them, what was changed by hand.
_SELLING = (
    "CREATE INDEX deal_state ON deal (account, state, changed)",
    "CREATE INDEX deal_tally ON deal (account, state, json_extract(data, '$.decline_reason'))",
    "CREATE INDEX evidence_ask ON evidence (own, id) WHERE kind = 'ask'",
    "CREATE INDEX evidence_feedback ON evidence (own, id) WHERE kind = 'feedback'",
    """CREATE TABLE stock_change (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    sku TEXT NOT NULL, data TEXT NOT NULL) STRICT""",
    "CREATE INDEX stock_change_item ON stock_change (account, sku, id)",
    "CREATE TABLE upload (account TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE last_import (account TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT",
)


# What is there when the column comes has been read: only what is new from then on is marked. A deal's ids
# refer to it no more: whenever a deal is taken back, all of them would be gone through for those that do.
_COMPOSING = (
    """CREATE TABLE deal_id (account TEXT NOT NULL, reversed TEXT NOT NULL, own TEXT NOT NULL,
    deal_id TEXT NOT NULL, PRIMARY KEY (account, reversed, own, deal_id)) STRICT, WITHOUT ROWID""",
    "INSERT INTO deal_id SELECT account, reversed, own, deal_id FROM deal_handle",
    "DROP TABLE deal_handle",
    "ALTER TABLE deal_id RENAME TO deal_handle",
    """CREATE TABLE draft (account TEXT NOT NULL, id TEXT NOT NULL, changed_at INTEGER NOT NULL,
    data TEXT NOT NULL, PRIMARY KEY (account, id)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX deal_pressing ON deal (account, state, wake_at) WHERE wake_at IS NOT NULL",
    "ALTER TABLE notice ADD COLUMN unread INTEGER NOT NULL DEFAULT 1",
    "UPDATE notice SET unread = 0",
    "CREATE INDEX notice_unread ON notice (account, id) WHERE unread = 1",
)


# What the page of a vendor lists. A customer has few vendors, and these columns say which deal is whose; a
# vendor's own deals, of which each message is in haste, are in neither index.
_RELATIONS = (
    "ALTER TABLE deal ADD COLUMN peer TEXT GENERATED ALWAYS AS (json_extract(data, '$.peer')) VIRTUAL",
    "ALTER TABLE deal ADD COLUMN side TEXT GENERATED ALWAYS AS (json_extract(data, '$.side')) VIRTUAL",
    "CREATE INDEX deal_vendor ON deal (account, peer, changed) WHERE side = 'customer'",
    "CREATE INDEX deal_vendor_state ON deal (account, peer, state) WHERE side = 'customer'",
)


# What an owner is told by other ways than the pages.
_TELLING = (
    """CREATE TABLE outlet (account TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (account, id)) STRICT, WITHOUT ROWID""",
    "CREATE TABLE notice_choice (account TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID",
)


# Long tables come in by many short transactions, each with what undoes it.
_IMPORTING = (
    """CREATE TABLE import_run (account TEXT PRIMARY KEY, active INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX import_active ON import_run (active, account) WHERE active = 1",
    """CREATE TABLE import_part (account TEXT NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (account, number)) STRICT""",
)


def _fill_matching(database: Database) -> None:
    rows = database.execute("SELECT account, sku, category, data FROM catalogue_item").fetchall()
    for account, sku, category, data in rows:
        item = json.loads(data)
        stock = item["stock"]
        free = None if stock is None else float(Decimal(stock) - Decimal(item["reserved"]))
        area = item["area"].casefold() if item["area"] else None
        database.execute(
            "UPDATE catalogue_item SET unit = ?, currency = ?, price = ?, delivery = ?, free = ?,"
            " lead_days = ?, area = ? WHERE account = ? AND sku = ?",
            [
                item["unit"],
                item["price"]["currency"],
                item["price"]["amount_minor"],
                0 if item["delivery"] is None else item["delivery"]["amount_minor"],
                free,
                item["lead_days"],
                area,
                account,
                sku,
            ],
        )
        for name, value in item["properties"]:
            low, high = (None if value[end] is None else float(value[end]) for end in ("low", "high"))
            database.execute(
                "INSERT INTO catalogue_property VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [account, sku, name, category, value["text"].casefold(), low, high, value["unit"]],
            )


def _steps() -> Migrations:
    steps = Migrations(MIGRATIONS_NAME)

    @steps(name="0001-first")
    def first(database: Database) -> None:
        for statement in _PEOPLE + _DEALINGS + _SHOP + _QUEUES:
            database.execute(statement)
        database.execute("INSERT INTO meta VALUES (?, ?)", [SEEN_KEY, secrets.token_hex(32)])

    @steps(name="0002-lanes")
    def lanes(database: Database) -> None:
        for statement in _LANES:
            database.execute(statement)
        for (inbox,) in database.execute("SELECT DISTINCT inbox FROM delivery").fetchall():
            database.execute("UPDATE delivery SET lane = ? WHERE inbox = ?", [lane_of(inbox), inbox])
        database.execute(
            "INSERT INTO lane SELECT lane, min(due_at), 0 FROM delivery WHERE head = 1 GROUP BY lane"
        )

    @steps(name="0003-matching")
    def matching(database: Database) -> None:
        for statement in _MATCHING:
            database.execute(statement)
        _fill_matching(database)

    @steps(name="0004-live-intents")
    def live_intents(database: Database) -> None:
        database.execute(
            "CREATE INDEX intent_live ON intent (account, created_at)"
            " WHERE json_extract(data, '$.state') = 'live'"
        )

    for name, statements in (
        ("0005-ready", _READY),
        ("0006-fewer-indexes", _FEWER_INDEXES),
        ("0007-entering", _ENTERING),
        ("0008-selling", _SELLING),
        ("0009-composing", _COMPOSING),
        ("0010-relations", _RELATIONS),
        ("0011-telling", _TELLING),
        ("0012-importing", _IMPORTING),
        *FEDIVERSE_STEPS,
    ):
        _add_statements(steps, name, statements)
    return steps


def _add_statements(steps: Migrations, name: str, statements: tuple[str, ...]) -> None:
    @steps(name=name)
    def run(database: Database) -> None:
        for statement in statements:
            database.execute(statement)


def known_steps() -> frozenset[str]:
    """The names of the steps that this program knows."""
    nothing = Database(memory=True)
    try:
        return frozenset(step.name for step in _steps().pending(nothing))
    finally:
        nothing.close()


def migrate(database: Database) -> None:
    """Bring a store of ours up to date; each step happens whole or not at all."""
    _steps().apply(database)
