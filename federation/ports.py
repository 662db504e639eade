"""What the toolkit asks of the application's store and world, as small protocols.

`memory.py` implements them for tests and small tools; an application brings its own durable ones.
All times are aware UTC. All methods may be called concurrently from one event loop.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from federation.activity import Activity
from federation.kept_signatures import KeptSignature
from federation.keys import PublicKey, SigningKey

__all__ = [
    "LAST_CALL",
    "Clock",
    "DeliveryJob",
    "DeliveryOutcome",
    "DeliveryQueue",
    "HostMemory",
    "HostState",
    "InboundEntry",
    "InboxLog",
    "KnownKey",
    "Outcome",
    "PublicKeys",
    "Recorded",
    "SignatureSpec",
    "SigningKeys",
    "lane_of",
]


class Clock(Protocol):
    """Says what time it is, aware UTC. Passed in, so that tests may move it."""

    def __call__(self) -> datetime: ...


# --- keys of others -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key that was shown to belong to `actor`, with the document that showed it.

    `document` is the exact bytes of the actor document, fetched from `actor` at `fetched_at`: evidence that
    outlives the key. `revoked_at` is set when the actor's server has said 410 or stopped listing the key.
    """

    key: PublicKey
    actor: str
    document: bytes = field(repr=False)
    fetched_at: datetime
    revoked_at: datetime | None = None


class PublicKeys(Protocol):
    """Keys of other actors, remembered. Lookups are by the key's id."""

    async def find(self, key_id: str) -> KnownKey | None: ...

    async def save(self, known: KnownKey) -> None: ...

    async def revoke(self, key_id: str, at: datetime) -> None: ...

    async def revoke_others(self, actor: str, keep: Collection[str], at: datetime) -> None:
        """Revoke every key of `actor` that is not in `keep`: it rotated (or, with none kept, is gone)."""
        ...


class SigningKeys(Protocol):
    """Our own private keys, parsed and cached by the adapter. Queues carry key ids, never keys."""

    async def get(self, key_id: str) -> SigningKey:
        """Raises: KeyError for an unknown or destroyed key."""
        ...


# --- what is known of hosts -----------------------------------------------------------------------------


class SignatureSpec(Enum):
    """How requests to an origin are signed."""

    CAVAGE = "cavage"
    RFC9421 = "rfc9421"


@dataclass(frozen=True, slots=True)
class HostState:
    """What we remember of one origin: which signatures it reads, and whether it answers.

    `ed25519` says that it verifies RFC 9421 by Ed25519 keys (its `implements` says so). `learned_at` dates
    `spec` (forgotten after 30 days). `failures` counts failures in a row; no delivery starts before
    `open_until` (the circuit).
    """

    origin: str
    spec: SignatureSpec | None = None
    ed25519: bool = False
    learned_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    open_until: datetime | None = None


class HostMemory(Protocol):
    async def find(self, origin: str) -> HostState | None: ...

    async def save(self, state: HostState) -> None: ...


# --- the inbox -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InboundEntry:
    """One authenticated message, as it is recorded before it is answered with 202.

    `recipient` is the actor whose inbox received it, "" for the shared inbox. `actor` is who said it
    (proven), `signer` the actor that signed the request ("" in process). `body` is the exact bytes that hold:
    those received, or those refetched from the origin. `digest` is the object digest of the message.
    `proof_key_id` is set where an object proof was verified. `replay_key` identifies the request's signature;
    `signature` is that signature itself, where the application keeps it and nothing else shows who said it.
    """

    recipient: str
    actor: str
    activity_id: str
    body: bytes = field(repr=False)
    digest: str
    received_at: datetime
    signer: str = ""
    key_id: str = ""
    proof_key_id: str = ""
    replay_key: bytes = b""
    replay_until: datetime | None = None
    id: int = 0
    attempts: int = 0
    signature: KeptSignature | None = field(default=None, repr=False)
    activity: Activity | None = field(default=None, repr=False, compare=False)
    """What `body` was parsed to a moment ago. Never stored: where it is None, the body is parsed again."""


class Recorded(Enum):
    """What `InboxLog.record` did."""

    NEW = "new"
    DUPLICATE = "duplicate"
    """Same recipient, actor, id and body: 2xx, nothing done."""
    CONFLICT = "conflict"
    """Same recipient, actor and id with another body: refused, shown to the owner."""


class InboxLog(Protocol):
    """The durable record of what came in. `record` returns only after the commit is on disk."""

    async def replayed(self, replay_key: bytes, now: datetime) -> bool:
        """Whether a request with this signature was recorded within its window."""
        ...

    async def record(self, entry: InboundEntry) -> Recorded: ...

    async def claim(self, limit: int, now: datetime, *, busy: Collection[str] = ()) -> list[InboundEntry]:
        """Entries that wait to be processed and are due, with `id` set.

        Each actor gives an equal share of `limit`, its oldest, in the order in which they came; those in
        `busy` give none, and where there are more actors than `limit` they take turns from claim to claim.
        The work is that of what is returned and of who is busy, not of what waits. Claiming moves nothing: an
        entry stays pending until `finish`, `retry` or `bury`; the one worker of a store remembers what it
        has in hand.
        """
        ...

    async def finish(self, entry_id: int) -> None:
        """Mark processed; harmless when the handler's own transaction did so already."""
        ...

    async def retry(self, entry_id: int, at: datetime, error: str) -> None: ...

    async def bury(self, entry_id: int, error: str) -> None:
        """Give up: the entry goes to the dead letters, which the owner sees."""
        ...


# --- deliveries ------------------------------------------------------------------------------------------


LAST_CALL = timedelta(seconds=5)
"""So long before its end a job is tried once more, whatever it waits for."""


@dataclass(frozen=True, slots=True)
class DeliveryJob:
    """One body for one inbox. `key_id` signs the requests; jobs of one `ordering_key` leave in order."""

    id: int
    inbox: str
    actor: str
    key_id: str
    body: bytes = field(repr=False)
    ordering_key: str
    attempts: int
    created_at: datetime
    give_up_at: datetime
    fast_key_id: str = ""
    """An Ed25519 key of the same actor, used where the host is known to verify RFC 9421 by Ed25519."""
    lane: str = ""
    """Scheme, host and port of `inbox`: what takes turns, and is left alone as a whole."""


def lane_of(inbox: str) -> str:
    """Scheme, host and port of an inbox, as it is written: whose turn it is, and who is left alone."""
    return "/".join(inbox.split("/", 3)[:3])


class Outcome(Enum):
    """How one delivery attempt ended; matched exhaustively."""

    DELIVERED = "delivered"
    RETRY = "retry"
    EXPIRED = "expired"
    """Its time ran out: it is over, and stops nothing that comes after it."""
    DEAD = "dead"
    """A final failure: the later jobs of the same ordering key are stopped and shown with it."""
    TAKEN_BACK = "taken back"
    """Nobody wants it to arrive any more: it was not sent, and what comes after it goes on."""


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """`detail` is words for the owner; `retry_at` says when a RETRY is due, None leaves that as it is; `gone`
    is set for an inbox that answered 410.

    `hold_until` is set where the whole host is to be left alone (its circuit is open): none of its jobs is
    claimed before; without it, an attempt ends such a pause. `attempted` is False where nothing was sent: the
    job's `attempts` stay as they were.
    """

    outcome: Outcome
    detail: str
    status: int | None = None
    retry_at: datetime | None = None
    gone: bool = False
    attempted: bool = True
    hold_until: datetime | None = None


class DeliveryQueue(Protocol):
    async def claim(self, limit: int, now: datetime, *, busy: Collection[str] = ()) -> list[DeliveryJob]:
        """Jobs that are due, whose ordering key has no earlier unfinished job, from hosts that are not left
        alone; and those whose time ends within LAST_CALL, whatever they wait for.

        Each host (lane) gives an equal share of `limit`; those in `busy` give none. The work is that of what
        is returned, not of what waits. Claiming moves nothing: a job stays queued until `settle`; the one
        worker of a store remembers what it has in hand.
        """
        ...

    async def settle(self, job_id: int, outcome: DeliveryOutcome, now: datetime) -> None:
        """Record the end of one attempt. DEAD also stops the later jobs of the same ordering key, EXPIRED
        does not."""
        ...

    async def settle_all(self, ends: Sequence[tuple[int, DeliveryOutcome]], now: datetime) -> None:
        """Record many ends at once, in this order, each job once."""
        ...

    async def stopped(self, job_id: int) -> str:
        """Why a claimed job is not to leave any more (taken back, its peer blocked), in words for its owner.

        Shapes: "" where nothing speaks against it. Asked right before it is sent.
        """
        ...

    async def next_due(self, now: datetime) -> datetime | None:
        """When the next job or pending entry falls due, None when nothing waits."""
        ...
