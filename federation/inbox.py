"""What comes in: one request becomes one durable record, or one refusal.

    limits → signature's claim → replay look-up → key → signature → parse → who may send → proof → record →
    202

Nothing is processed here; the worker does that from the record. Refusals speak of transport and
authentication only (`protocol §4`, Refusals); what a message means is judged later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from federation.activity import Activity, parse_activity
from federation.authentication import (
    InboxDependencies,
    Signer,
    authenticate,
    parse_claim,
    replay_key_of,
    verify_claim,
)
from federation.authority import check_sender
from federation.digest import object_digest
from federation.errors import Forbidden, KeyUnknown, NotHere, Refused, TooLarge, UnsupportedMediaType
from federation.fetching import FetchBudget
from federation.ids import origin
from federation.kept_signatures import ALGORITHMS, KeptSignature
from federation.keys import KeyAlgorithm
from federation.messages import HttpMessage
from federation.ports import HostState, InboundEntry, Recorded, SignatureSpec
from federation.receipts import Receipt, Reception
from federation.senders import find_farewell, is_idle_farewell, local_finder, prove, who_says_it
from federation.vocab import is_inbox_content_type

__all__ = [
    "InboxDependencies",
    "Receipt",
    "Reception",
    "Signer",
    "authenticate",
    "receive",
    "receive_local",
]


async def receive(message: HttpMessage, *, recipient: str, deps: InboxDependencies) -> Receipt:
    """Judge one POST to an inbox and record it durably; every refusal is a value, not an exception.

    Shapes: `message` is the request as it came, with `url` the public address (configured origin and raw
            path) and `body` the exact bytes; `recipient` is the id of the actor whose inbox this is, "" for
            the shared one.
    Raises: nothing of this toolkit; errors of the application's store pass through, so that no 2xx is sent.
    Spec:   ActivityPub §5.2, §7; `protocol §2`, `§4` Refusals, `§6`.
    """
    try:
        receipt = await _receive(message, recipient, deps)
    except Refused as error:
        receipt = Receipt(error.status, Reception.REFUSED, error)
    deps.judged(message, receipt)
    return receipt


async def receive_local(body: bytes, *, actor: str, recipient: str, deps: InboxDependencies) -> Receipt:
    """The same for a message between two actors of this node: no request, hence no request signature.

    Shapes: `actor` is the local actor whose outbox this came from, whom the caller vouches for; `body` its
            exact bytes. Proofs are verified with the node's own public keys, never by a fetch.
    Raises: as `receive`.
    """
    try:
        _check_size(body, deps)
        await _check_recipient(recipient, deps)
        activity = parse_activity(body, limits=deps.limits, terms=deps.terms)
        check_sender(activity.json, actor)
        required = deps.requires_proof(activity.json)
        proof_key = await prove(activity, local_finder(actor, deps), deps=deps, required=required)
        recipient = recipient or await _only_addressee(activity, deps)
        return await _record(_entry(activity, recipient, deps.clock(), proof_key_id=proof_key), deps)
    except Refused as error:
        return Receipt(error.status, Reception.REFUSED, error)


async def _receive(message: HttpMessage, recipient: str, deps: InboxDependencies) -> Receipt:
    _check_limits(message, deps)
    await _check_recipient(recipient, deps)
    now = deps.clock()
    claim = parse_claim(message, deps=deps, now=now)
    replay_key = replay_key_of(message, claim)
    if await deps.log.replayed(replay_key, now):
        return Receipt(202, Reception.DUPLICATE)
    if await is_idle_farewell(message, claim, deps=deps):
        return Receipt(202, Reception.IGNORED)
    budget = FetchBudget(deps.limits.fetches_per_message)
    try:
        signer = await verify_claim(message, claim, deps=deps, budget=budget, now=now)
    except KeyUnknown:
        farewell = await find_farewell(message, deps=deps, budget=budget)
        if farewell is None:
            raise
        return await _record(_entry(farewell, recipient, now), deps)
    activity = parse_activity(message.body, limits=deps.limits, terms=deps.terms)
    said, proof_key = await who_says_it(activity, signer, deps=deps, budget=budget)
    recipient = recipient or await _only_addressee(said, deps)
    entry = _entry(said, recipient, now, signer=signer, proof_key_id=proof_key, replay_key=replay_key)
    if not proof_key and signer.actor == said.actor and deps.keeps_signature(said.json):
        entry = replace(entry, signature=_kept(signer))
    receipt = await _record(entry, deps)
    if receipt.outcome is Reception.ACCEPTED:
        await _learn(signer, deps, now)
    return receipt


def _check_limits(message: HttpMessage, deps: InboxDependencies) -> None:
    if message.method != "POST" or not _is_ours(message.url, deps):
        raise NotHere("messages are posted to an inbox of this node")
    _check_size(message.body, deps)
    if (message.header("content-encoding") or "identity").lower() != "identity":
        raise UnsupportedMediaType("bodies come without a content encoding", place="content-encoding")
    if not is_inbox_content_type(message.header("content-type")):
        raise UnsupportedMediaType(
            "an inbox takes application/activity+json or application/ld+json", place="content-type"
        )


def _check_size(body: bytes, deps: InboxDependencies) -> None:
    if len(body) > deps.limits.inbox_body_bytes:
        raise TooLarge(f"a message has at most {deps.limits.inbox_body_bytes} bytes")


async def _check_recipient(recipient: str, deps: InboxDependencies) -> None:
    if recipient and not await deps.known_recipient(recipient):
        raise NotHere("there is no such inbox")


async def _only_addressee(activity: Activity, deps: InboxDependencies) -> str:
    """The actor of ours that is all that a message at the shared inbox is addressed to, else "".

    So that one message is one message, and one id one body, in whichever of the two inboxes it comes: who
    receives it is a part of the key of duplicates (`protocol §2`, Who may send).
    """
    if len(activity.to) != 1 or activity.cc or not _is_ours(activity.to[0], deps):
        return ""
    return activity.to[0] if await deps.known_recipient(activity.to[0]) else ""


def _is_ours(iri: str, deps: InboxDependencies) -> bool:
    for own in deps.own_origins:  # noqa: SIM110 - a generator costs more than the question
        if iri.startswith(own + "/"):
            return True
    return False


def _kept(signer: Signer) -> KeptSignature | None:
    """The signature of a request for whoever checks it later; None for one that is beyond all measure."""
    verified, key = signer.verified, signer.key
    kept = KeptSignature(
        verified.spec.value, ALGORITHMS[key.algorithm], key.id, verified.base, verified.signature
    )
    return kept if kept.is_small else None


def _entry(
    activity: Activity,
    recipient: str,
    received_at: datetime,
    *,
    signer: Signer | None = None,
    proof_key_id: str = "",
    replay_key: bytes = b"",
) -> InboundEntry:
    return InboundEntry(
        recipient=recipient,
        actor=activity.actor,
        activity_id=activity.id,
        body=activity.body,
        digest=object_digest(activity.json, is_parsed=True),
        received_at=received_at,
        signer=signer.actor if signer else "",
        key_id=signer.key.id if signer else "",
        proof_key_id=proof_key_id,
        replay_key=replay_key,
        replay_until=signer.verified.expires_at if signer else None,
        activity=activity,
    )


async def _record(entry: InboundEntry, deps: InboxDependencies) -> Receipt:
    """Commit the message; only after that there is a 2xx."""
    match await deps.log.record(entry):
        case Recorded.NEW:
            deps.accepted()
            return Receipt(202, Reception.ACCEPTED, None, entry.actor, entry.activity_id)
        case Recorded.DUPLICATE:
            return Receipt(202, Reception.DUPLICATE, None, entry.actor, entry.activity_id)
        case Recorded.CONFLICT:  # pragma: no branch (the enum is closed, which mypy checks)
            error = Forbidden("this id is known here with another body", place="/id")
            return Receipt(error.status, Reception.CONFLICT, error, entry.actor, entry.activity_id)


async def _learn(signer: Signer, deps: InboxDependencies, now: datetime) -> None:
    """A verified request shows how its server signs, and that it is alive (`interop §1.5` (b), §7 (6))."""
    home = origin(signer.actor)
    state = await deps.hosts.find(home) or HostState(home)
    learned = state if state.open_until is None else replace(state, open_until=None)
    if signer.verified.spec is SignatureSpec.RFC9421:
        ed25519 = state.ed25519 or signer.key.algorithm is KeyAlgorithm.ED25519
        if state.spec is not SignatureSpec.RFC9421 or ed25519 != state.ed25519:
            learned = replace(learned, spec=SignatureSpec.RFC9421, ed25519=ed25519, learned_at=now)
    if learned is not state:
        await deps.hosts.save(learned)
