"""What the application asks of a store. One contract suite runs on every adapter (`tests/contract`).

`await db.read(fn)` and `await db.write(fn)` run `fn(tx)`, a plain synchronous function that does no I/O of
its own, gets ids and time from outside, and may run twice with the same result. A write that returns is
durable; one that raises has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from federation.ports import DeliveryQueue, HostMemory, HostState, InboxLog, PublicKeys
from node.domain.accounts import Account, Persona
from node.domain.deals import Deal, DealState
from node.domain.intents import Intent
from node.store.composing import Drafts, Overview, Unsent
from node.store.entering import (
    Attempts,
    Blocks,
    Contacts,
    Followers,
    Notices,
    Passkeys,
    PreferencesOf,
    Sessions,
    Tickets,
)
from node.store.posting import Posts
from node.store.records import (
    ATTEMPTS_KEPT,
    LAST_BACKUP,
    LAST_RESTORE,
    Attempt,
    Block,
    DeadEntry,
    Direction,
    Flash,
    Follower,
    FollowState,
    JobState,
    KeyRow,
    Lengths,
    Notice,
    Parked,
    Passkey,
    Post,
    Preferences,
    QueuedJob,
    Session,
    StoredMessage,
    StoreRefused,
    Ticket,
)
from node.store.selling import (
    Catalogue,
    ImportRecord,
    PurchaseKeys,
    Rules,
    StockChange,
    Stocktaking,
    Upload,
)
from node.store.telling import Channel, Choices, News, Outlet, Outlets
from node.store.upkeep import Upkeep

__all__ = [
    "ATTEMPTS_KEPT",
    "LAST_BACKUP",
    "LAST_RESTORE",
    "Accounts",
    "Attempt",
    "Attempts",
    "Block",
    "Blocks",
    "Catalogue",
    "Channel",
    "Choices",
    "Contacts",
    "Database",
    "DeadEntry",
    "Deals",
    "Deliveries",
    "Direction",
    "Documents",
    "Drafts",
    "Evidence",
    "Flash",
    "FollowState",
    "Follower",
    "Followers",
    "ImportRecord",
    "Inbox",
    "Intents",
    "JobState",
    "KeyRow",
    "Keys",
    "Lengths",
    "Meta",
    "News",
    "Notice",
    "Notices",
    "Outlet",
    "Outlets",
    "Overview",
    "Parked",
    "Parking",
    "Passkey",
    "Passkeys",
    "Personas",
    "Post",
    "Posts",
    "Preferences",
    "PreferencesOf",
    "PurchaseKeys",
    "QueuedJob",
    "Queues",
    "Rules",
    "Session",
    "Sessions",
    "StockChange",
    "Stocktaking",
    "StoreRefused",
    "StoredMessage",
    "Ticket",
    "Tickets",
    "Tx",
    "Unsent",
    "Upload",
]

T = TypeVar("T")


class Meta(Protocol):
    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...


class Accounts(Protocol):
    def get(self, actor: str) -> Account | None: ...
    def by_name(self, name: str) -> Account | None: ...
    def all(self) -> list[Account]: ...
    def save(self, account: Account) -> None: ...


class Personas(Protocol):
    def get(self, actor: str) -> Persona | None: ...
    def all(self, account: str) -> list[Persona]: ...
    def for_vendor(self, account: str, vendor: str) -> Persona | None:
        """The open persona that `account` keeps for `vendor`."""
        ...

    def save(self, persona: Persona) -> None: ...


class Keys(Protocol):
    def get(self, key_id: str) -> KeyRow | None: ...
    def of(self, owner: str) -> list[KeyRow]:
        """All keys of an actor, oldest first, revoked ones with their dates."""
        ...

    def made_since(self, at: datetime) -> int: ...
    def save(self, row: KeyRow) -> None: ...


class Intents(Protocol):
    def get(self, intent_id: str) -> Intent | None: ...
    def all(self, account: str, *, is_live: bool = False, limit: int = 1000, offset: int = 0) -> list[Intent]:
        """Newest first, `offset` of them passed over; with `is_live` only those that are."""
        ...

    def find(self, account: str, ending: str) -> list[Intent]: ...
    def save(self, intent: Intent) -> None: ...


class Deals(Protocol):
    def get(self, own: str, deal_id: str) -> Deal | None: ...
    def save(self, deal: Deal, wake_at: datetime | None) -> None: ...
    def all(self, account: str, *, limit: int = 1000) -> list[Deal]:
        """Newest change first."""
        ...

    def page(
        self,
        account: str,
        *,
        states: Iterable[DealState] = (),
        before: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, Deal]]:
        """Newest change first, each with the place where a list goes on `before`; no `states` mean all."""
        ...

    def tally(self, account: str) -> dict[tuple[DealState, str], int]:
        """How many deals there are by state and the reason of a decline ("" for none)."""
        ...

    def of_intent(self, intent_id: str) -> list[Deal]: ...
    def due(self, now: datetime, limit: int) -> list[Deal]:
        """Deals whose `wake_at` has come, oldest first."""
        ...

    def next_wake(self) -> datetime | None: ...
    def find(self, account: str, ending: str) -> list[Deal]:
        """Deals of an account whose id, offer id or acceptance id ends with these characters (at most 10)."""
        ...


class Evidence(Protocol):
    def add(self, message: StoredMessage) -> None:
        """Harmless when the same (own, activity id, direction) is there already."""
        ...

    def of_deal(self, own: str, deal_id: str) -> list[StoredMessage]:
        """In the order of their recording."""
        ...

    def find(self, own: str, activity_id: str) -> StoredMessage | None: ...
    def said(
        self, own: str, *, is_feedback: bool = False, limit: int = 200, offset: int = 0
    ) -> list[StoredMessage]:
        """What was said on all deals of an actor, or its private feedback; newest first."""
        ...

    def answer_to(self, own: str, activity_id: str) -> StoredMessage | None:
        """The message that we sent in answer to this activity, if any: the first."""
        ...


class Documents(Protocol):
    """Actor documents as fetched: evidence of which key was whose."""

    def save(self, actor: str, body: bytes, fetched_at: datetime) -> str:
        """Store once; returns the digest of the bytes (hex sha-256)."""
        ...

    def get(self, digest: str) -> tuple[str, bytes, datetime] | None:
        """(actor, body, fetched_at)"""
        ...


class Inbox(Protocol):
    """The write side of the inbox within a handler's own transaction."""

    def is_pending(self, entry_id: int) -> bool: ...
    def finish(self, entry_id: int) -> None: ...
    def waiting_since(self) -> datetime | None:
        """When the oldest entry arrived that nobody has tried to process yet; None where there is none."""
        ...

    def dead(self) -> list[DeadEntry]: ...
    def requeue(self, entry_id: int, now: datetime) -> bool:
        """Take a dead entry up again. False: no such dead entry."""
        ...

    def drop(self, entry_id: int) -> bool: ...
    def conflicts(self, recipient: str) -> int:
        """How often a known id came with another body."""
        ...


class Parking(Protocol):
    def add(self, parked: Parked) -> None: ...
    def of_deal(self, own: str, deal_id: str) -> list[Parked]:
        """Oldest first."""
        ...

    def count(self, own: str, deal_id: str) -> int: ...
    def count_of_actor(self, actor: str) -> int: ...
    def remove(self, own: str, activity_id: str) -> None: ...
    def expired(self, now: datetime, limit: int) -> list[Parked]: ...
    def next_expiry(self) -> datetime | None: ...


class Deliveries(Protocol):
    """The outbox. Rows are written in the transaction of the change that they announce."""

    def enqueue(self, job: QueuedJob) -> None: ...
    def all(
        self, *, states: Iterable[JobState] = (), actors: Iterable[str] = (), limit: int = 200
    ) -> list[QueuedJob]:
        """Newest first; empty `states` or `actors` mean all. The `body` of a delivered job is empty."""
        ...

    def get(self, job_id: int) -> QueuedJob | None: ...
    def of_activity(self, activity_id: str) -> list[QueuedJob]: ...
    def resend(self, job_id: int, now: datetime, give_up_at: datetime) -> bool:
        """Queue a dead, expired or held job again, and those held behind it. False: none of these."""
        ...

    def drop(self, job_id: int, now: datetime) -> bool:
        """Give up a job that was not delivered; what it held goes on. False: it is none of these."""
        ...

    def delivered_at(self, activity_id: str, recipient: str) -> datetime | None: ...
    def hosts(self) -> list[HostState]: ...


class Queues(Protocol):
    def lengths(self, now: datetime) -> Lengths: ...


class Tx(Upkeep, Protocol):
    """One transaction. In `read` the same object refuses to write (the adapter's own error)."""

    @property
    def meta(self) -> Meta: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def personas(self) -> Personas: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def intents(self) -> Intents: ...
    @property
    def deals(self) -> Deals: ...
    @property
    def evidence(self) -> Evidence: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def parking(self) -> Parking: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def queues(self) -> Queues: ...
    @property
    def contacts(self) -> Contacts: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def stocktaking(self) -> Stocktaking: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def posts(self) -> Posts: ...
    @property
    def purchase_keys(self) -> PurchaseKeys: ...
    @property
    def followers(self) -> Followers: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def tickets(self) -> Tickets: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def preferences(self) -> PreferencesOf: ...
    @property
    def blocks(self) -> Blocks: ...
    @property
    def drafts(self) -> Drafts: ...
    @property
    def unsent(self) -> Unsent: ...
    @property
    def overview(self) -> Overview: ...
    @property
    def news(self) -> News: ...
    @property
    def outlets(self) -> Outlets: ...


class Database(Protocol):
    """A store, opened. The four federation ports are views on the same store, for the toolkit's loops."""

    @property
    def inbox_log(self) -> InboxLog: ...
    @property
    def delivery_queue(self) -> DeliveryQueue: ...
    @property
    def public_keys(self) -> PublicKeys: ...
    @property
    def host_memory(self) -> HostMemory: ...
    @property
    def refusal(self) -> str | None:
        """Why nothing is written any more until the store is opened anew (the disk failed), in words."""
        ...

    @property
    def shortage(self) -> str | None:
        """Why nothing is written just now (the disk is full); None again once something was."""
        ...

    async def read(self, fn: Callable[[Tx], T]) -> T: ...
    async def write(self, fn: Callable[[Tx], T]) -> T: ...
    async def copy_to(self, path: Path) -> None:
        """A consistent copy of the whole store in one file, taken while it is in use."""
        ...

    async def aclose(self) -> None: ...
