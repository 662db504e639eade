"""What comes in: one request becomes one durable record, or one refusal.

    limits → replay look-up → signature → key → parse → who may send → proof → durable record → 202

Nothing is processed here; the worker does that from the record. Refusals speak of transport and
authentication only (`protocol §4`, Refusals); what a message means is judged later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from federation.errors import Refused
from federation.fetching import Fetcher
from federation.keyring import Keyring
from federation.keys import PublicKey
from federation.messages import HttpMessage, JsonObject, Limits
from federation.ports import Clock, HostMemory, InboxLog, PublicKeys

__all__ = ["InboxDependencies", "Receipt", "Reception", "receive", "receive_local"]


class Reception(Enum):
    """How one request to an inbox ended; matched exhaustively."""

    ACCEPTED = "accepted"
    """Recorded: 202."""
    DUPLICATE = "duplicate"
    """Seen before, byte for byte or by its id and digest: 202, nothing done."""
    CONFLICT = "conflict"
    """A known id with another body: 403, kept for the owner to see."""
    IGNORED = "ignored"
    """Taken note of without a trace (an unknown actor deletes itself): 202."""
    REFUSED = "refused"
    """`error` says why; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one inbound message.

    `status` is the HTTP status to answer. `error` is set for REFUSED and CONFLICT. `actor` and `activity_id`
    are set once they are proven (not for REFUSED).
    """

    status: int
    outcome: Reception
    error: Refused | None = None
    actor: str = ""
    activity_id: str = ""


def _nothing() -> None:
    return None


async def _nobody(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class InboxDependencies:
    """What `receive` asks of the application; one value for the whole life of a node.

    Shapes: `own_origins` are this node's own origins, as `ids.origin` writes them.
            `is_blocked(host)` says whether a host (or a domain above it) is blocked.
            `requires_proof(activity)` says whether this JSON is a message that must carry a proof by its actor
            and come from that very actor (for Obverse: every message of the deal).
            `known_recipient(actor_id)` says whether an inbox of that actor exists here.
            `local_key(key_id)` gives the public key of an actor of this node, None for all others.
            `knows_actor(actor_id)` says whether a remote actor matters to us (follows, deals): the self-Delete
            of one that does not is 202 without any look-up.
            `accepted()` is called after each new durable record, to wake the worker; it must not block.
    """

    limits: Limits
    keyring: Keyring
    keys: PublicKeys
    fetcher: Fetcher
    hosts: HostMemory
    log: InboxLog
    clock: Clock
    own_origins: frozenset[str]
    is_blocked: Callable[[str], bool]
    requires_proof: Callable[[JsonObject], bool]
    known_recipient: Callable[[str], Awaitable[bool]]
    local_key: Callable[[str], Awaitable[PublicKey | None]]
    knows_actor: Callable[[str], Awaitable[bool]] = _nobody
    accepted: Callable[[], None] = _nothing


async def receive(message: HttpMessage, *, recipient: str, deps: InboxDependencies) -> Receipt:
    """Judge one POST to an inbox and record it durably; every refusal is a value, not an exception.

    Shapes: `message` is the request as it came, with `url` the public address (configured origin and raw path)
            and `body` the exact bytes; `recipient` is the id of the actor whose inbox this is, "" for the shared one.
    Raises: nothing of this toolkit; errors of the application's store pass through, so that no 2xx is sent.
    Spec:   ActivityPub §5.2, §7; `protocol §2`, `§4` Refusals, `§6`.
    """
    raise NotImplementedError


async def receive_local(body: bytes, *, actor: str, recipient: str, deps: InboxDependencies) -> Receipt:
    """The same for a message between two actors of this node: no request, hence no request signature.

    Shapes: `actor` is the local actor whose outbox this came from; `body` its exact bytes. Proofs are verified
            with the node's own public keys, never by a fetch.
    Raises: as `receive`.
    """
    raise NotImplementedError
