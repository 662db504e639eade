"""The tables of the store in memory: one dict each, rows frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from federation.ports import HostState, InboundEntry, KnownKey
from node.domain.accounts import Account, Contact, Persona
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Deal
from node.domain.drafts import Draft
from node.domain.intents import Intent
from node.domain.matching import Rule
from node.domain.offers import StandingOffer
from node.domain.plain_casts import HandOffer, PlainCast
from node.domain.plain_quotes import PlainQuote
from node.domain.talking import Peer, Thread
from node.domain.talking import Utterance as Said
from node.store.fan_outs import FanOut
from node.store.following import Following, Moving, Shun
from node.store.imports import ImportPart, ImportRun
from node.store.media import KeptPicture
from node.store.ports import (
    Attempt,
    Block,
    Choices,
    Direction,
    Follower,
    ImportRecord,
    KeyRow,
    Notice,
    Outlet,
    Parked,
    Passkey,
    Post,
    Preferences,
    QueuedJob,
    Session,
    StockChange,
    StoredMessage,
    Ticket,
    Upload,
)
from node.store.posting import Edit, Utterance
from node.store.reading import GivenReaction, Reaction, ReactionKind, Reading

__all__ = ["AT_ONCE", "Pending", "Repository", "Tables"]

AT_ONCE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pending:
    """An inbound entry and what became of it; `buried_at` makes it a dead one."""

    entry: InboundEntry
    due_at: datetime = AT_ONCE
    error: str = ""
    buried_at: datetime | None = None


@dataclass(slots=True)
class Tables:
    """One dict a table; rows are frozen, so that copying the dicts copies everything."""

    meta: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    personas: dict[str, Persona] = field(default_factory=dict)
    keys: dict[str, KeyRow] = field(default_factory=dict)
    contacts: dict[tuple[str, str], Contact] = field(default_factory=dict)
    followers: dict[tuple[str, str], Follower] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    passkeys: dict[str, Passkey] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    preferences: dict[str, Preferences] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    notices: dict[int, Notice] = field(default_factory=dict)
    read_notices: dict[int, bool] = field(default_factory=dict)
    import_runs: dict[str, ImportRun] = field(default_factory=dict)
    import_parts: dict[tuple[str, int], ImportPart] = field(default_factory=dict)
    outlets: dict[tuple[str, str], Outlet] = field(default_factory=dict)
    choices: dict[str, Choices] = field(default_factory=dict)
    talks: dict[tuple[str, str], tuple[int, Thread]] = field(default_factory=dict)
    talk_said: dict[tuple[str, str], Said] = field(default_factory=dict)
    talk_answered: dict[tuple[str, str], datetime] = field(default_factory=dict)
    talk_counts: dict[int, tuple[str, str, datetime]] = field(default_factory=dict)
    talk_peers: dict[str, Peer] = field(default_factory=dict)
    gone_notes: dict[int, tuple[str, str, datetime]] = field(default_factory=dict)
    plain_quotes: dict[str, tuple[int, PlainQuote]] = field(default_factory=dict)
    plain_casts: dict[str, tuple[int, PlainCast]] = field(default_factory=dict)
    hand_offers: dict[str, tuple[int, HandOffer]] = field(default_factory=dict)
    following: dict[tuple[str, str], Following] = field(default_factory=dict)
    shunned: dict[tuple[str, str], Shun] = field(default_factory=dict)
    undone: dict[int, tuple[str, str, datetime]] = field(default_factory=dict)
    movings: dict[tuple[str, str], Moving] = field(default_factory=dict)
    drafts: dict[tuple[str, str], Draft] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    deals: dict[tuple[str, str], tuple[Deal, datetime | None, int]] = field(default_factory=dict)
    evidence: dict[tuple[str, str, Direction], StoredMessage] = field(default_factory=dict)
    documents: dict[str, tuple[str, bytes, datetime]] = field(default_factory=dict)
    parked: dict[tuple[str, str], Parked] = field(default_factory=dict)
    items: dict[tuple[str, str], CatalogueItem] = field(default_factory=dict)
    stock_changes: dict[int, StockChange] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    imports: dict[str, ImportRecord] = field(default_factory=dict)
    rules: dict[tuple[str, str], Rule] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    offers: dict[str, tuple[str, StandingOffer]] = field(default_factory=dict)
    post_edits: dict[str, tuple[Edit, ...]] = field(default_factory=dict)
    utterances: dict[str, Utterance] = field(default_factory=dict)
    purchase_keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    readings: dict[tuple[str, str], tuple[int, Reading]] = field(default_factory=dict)
    reactions: dict[tuple[str, str, ReactionKind], tuple[int, Reaction]] = field(default_factory=dict)
    given_reactions: dict[tuple[str, str, ReactionKind], tuple[int, GivenReaction]] = field(
        default_factory=dict
    )
    pictures: dict[str, bytes] = field(default_factory=dict)
    kept_pictures: dict[tuple[str, str, str, str], tuple[int, KeptPicture]] = field(default_factory=dict)
    seen: dict[tuple[str, str, str], str] = field(default_factory=dict)
    conflicts: dict[str, int] = field(default_factory=dict)
    replays: dict[bytes, datetime | None] = field(default_factory=dict)
    inbox: dict[int, Pending] = field(default_factory=dict)
    jobs: dict[int, QueuedJob] = field(default_factory=dict)
    holds: dict[str, datetime] = field(default_factory=dict)
    fan_outs: dict[int, FanOut] = field(default_factory=dict)
    public_keys: dict[str, KnownKey] = field(default_factory=dict)
    hosts: dict[str, HostState] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    def each(self, change: Callable[[dict[Any, Any]], Mapping[Any, Any]]) -> Tables:
        made: dict[str, Any] = {table.name: change(getattr(self, table.name)) for table in fields(self)}
        return Tables(**made)

    def number(self, counter: str) -> int:
        """The next number; never the same twice."""
        self.counters[counter] = self.counters.get(counter, 0) + 1
        return self.counters[counter]


class Repository:
    """One port over the tables."""

    def __init__(self, tables: Tables) -> None:
        self._t = tables
