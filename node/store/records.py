"""What a store keeps, as plain values: rows of ours, of peers, and of the queues."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from federation.kept_signatures import KeptSignature
from federation.ports import InboundEntry
from node.domain.errors import Reason
from node.domain.notes import Note, Visibility

__all__ = [
    "ATTEMPTS_KEPT",
    "LAST_BACKUP",
    "LAST_RESTORE",
    "Attempt",
    "Block",
    "DeadEntry",
    "Direction",
    "Flash",
    "FollowState",
    "Follower",
    "JobState",
    "KeyRow",
    "Lengths",
    "Notice",
    "Parked",
    "Passkey",
    "Post",
    "Preferences",
    "QueuedJob",
    "Session",
    "StoreRefused",
    "StoredMessage",
    "Ticket",
]


LAST_BACKUP, LAST_RESTORE = "backup", "restored"
"""Rows of `Meta`: when the node was last backed up and whereto, and from which backup it was brought back."""


ATTEMPTS_KEPT = 100
"""Of each account, so that guessing does not grow the store."""


class StoreRefused(Exception):
    """The store cannot be opened or used as it is: foreign, truncated, locked or newer; says what to do."""


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One of our own keys. `sealed` is the private half under the node key, None once destroyed."""

    key_id: str
    owner: str
    algorithm: str
    public: str
    sealed: bytes | None = field(repr=False)
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """Evidence: one message of a deal as it came or went, with the key and document that showed the signer.

    `answers` is the id of the activity that it answers ("" for none); `note` the owner's line where a message
    was refused. `document` is the digest of an actor document in `Documents`, "" for our own messages.
    `signature` is that of the request where the message binds and carries no proof of its own.
    """

    own: str
    deal_id: str
    activity_id: str
    direction: Direction
    kind: str
    actor: str
    digest: str
    body: bytes = field(repr=False)
    at: datetime
    key_id: str = ""
    document: str = ""
    answers: str = ""
    refused: str = ""
    signature: KeptSignature | None = field(default=None, repr=False)


class JobState(StrEnum):
    QUEUED = "queued"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    """Its time ran out; what comes after it goes on."""
    DEAD = "dead"
    DROPPED = "dropped"
    """Its owner gave it up; what comes after it goes on."""
    HELD = "held"
    """Stopped behind a dead one of the same ordering key, whether queued before its death or after."""


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """One delivery: `activity_id` by `actor` to `inbox` of `recipient`. `ordering_key` is the deal."""

    activity_id: str
    recipient: str
    inbox: str
    actor: str
    key_id: str
    body: bytes = field(repr=False)
    ordering_key: str
    created_at: datetime
    give_up_at: datetime
    fast_key_id: str = ""
    due_at: datetime | None = None
    """Not before this time; None means at once."""
    id: int = 0
    state: JobState = JobState.QUEUED
    attempts: int = 0
    detail: str = ""
    settled_at: datetime | None = None
    fan_out: int = 0
    """The number of what goes to many (`fan_outs`) that it is part of; 0 for none."""


@dataclass(frozen=True, slots=True)
class DeadEntry:
    """An inbound message that could not be processed."""

    entry: InboundEntry
    error: str
    buried_at: datetime


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that came before what it answers; `entry` is the whole inbound record."""

    own: str
    deal_id: str
    activity_id: str
    actor: str
    body: bytes = field(repr=False)
    entry: InboundEntry
    parked_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the owner; `reason` where something was refused, `deal_id` where it is about a deal.

    `text` is what the command line says. Pages say the same in their reader's language: `code` tells what
    happened where `kind` alone does not, `values` with whom and what.
    """

    account: str
    at: datetime
    text: str
    kind: str = "info"
    deal_id: str = ""
    reason: Reason | None = None
    id: int = 0
    code: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lengths:
    """How much waits, in numbers; counted up to a bound, so that asking stays cheap.

    `deliveries_due` could leave now, `deliveries_waiting` are queued for later or behind others;
    `deliveries_dead`, besides those of fan-outs, and `inbox_dead` wait for their owner. `circuits_open` are
    hosts that are left alone.
    """

    deliveries_due: int
    deliveries_waiting: int
    deliveries_dead: int
    inbox_pending: int
    inbox_dead: int
    parked: int
    circuits_open: int


class FollowState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Follower:
    """`actor` follows `account`; the inboxes are where posts go."""

    account: str
    actor: str
    inbox: str
    shared_inbox: str | None
    follow_id: str
    state: FollowState
    at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """An object of an account, or one received about it (feedback). `body` is the signed JSON.

    `kind`: "standing offer", "feedback", "reply", "note". `standing` is what we computed of received
    feedback. `visibility` says who may read it; `in_reply_to` and `context`, its thread, are ids, or "".

    Of what an account of ours says: `note` is what it says now, `text` the words as they were typed, `named`
    whom it was sent to beside its author's followers, as (actor, inbox).
    """

    id: str
    account: str
    author: str
    kind: str
    body: bytes = field(repr=False)
    at: datetime
    activity_id: str = ""
    standing: str = ""
    deleted_at: datetime | None = None
    visibility: Visibility = Visibility.PUBLIC
    in_reply_to: str = ""
    context: str = ""
    note: Note | None = None
    text: str = ""
    named: tuple[tuple[str, str], ...] = ()
    pinned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Flash:
    """A line that the next page says once. `tone`: "good", "bad" or "plain"."""

    text: str
    tone: str = "good"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser or device, by the hash of its token.

    `account` is "" while a node is being set up. `confirmed_at` is when its owner last proved who they are;
    `how` by what: "password", "passkey", "link", "set-up".
    """

    token_hash: str
    account: str
    created_at: datetime
    last_seen_at: datetime
    label: str
    confirmed_at: datetime | None = None
    how: str = ""
    flash: tuple[Flash, ...] = ()


@dataclass(frozen=True, slots=True)
class Passkey:
    """A public key that an authenticator made for an account. `id` is base64url without padding."""

    id: str
    account: str
    name: str
    public_key: bytes
    sign_count: int
    created_at: datetime
    last_used_at: datetime | None = None
    transports: tuple[str, ...] = ()
    is_synced: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """A one-time way in, by the hash of its token. `purpose`: "set-up" or "log-in" (as `account`)."""

    token_hash: str
    purpose: str
    account: str
    made_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody tried to log in as `account`, by the means `how`, from the browser that `label` names."""

    account: str
    at: datetime
    succeeded: bool
    how: str
    label: str


@dataclass(frozen=True, slots=True)
class Preferences:
    """How an account's owner reads its pages; "" leaves it to the browser, or to the node.

    `language` is a tag such as "de", `time_zone` an IANA name, `theme` "light" or "dark". `hold_s`: for how
    many seconds an intent that was sent from a page can still be taken back. `terms` are what a person
    proffers unless she says else; () leaves it to the node.
    """

    account: str
    language: str = ""
    time_zone: str = ""
    theme: str = ""
    hold_s: int = 30
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A blocked domain, in canonical form; its subdomains are blocked with it."""

    domain: str
    at: datetime
    reason: str = ""
