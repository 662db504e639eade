"""Who signed this request? The claim, the key, the proof of both; and what the application lends for it.

Ordered by cost: headers are read and the body is hashed before a key is looked up, and a look-up is bounded
(`keyring`), so that a stranger's nonsense opens no connection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from federation import cavage, signatures
from federation.digest import verify_cavage_digest, verify_content_digest
from federation.errors import Forbidden, InvalidIri, KeyUnknown, SignatureExpired, SignatureInvalid
from federation.fetching import FetchBudget, Fetcher
from federation.ids import host, origin
from federation.keyring import Keyring
from federation.keys import PublicKey
from federation.messages import HttpMessage, JsonObject, Limits
from federation.ports import Clock, HostMemory, InboxLog, PublicKeys, SignatureSpec
from federation.rates import SenderRates
from federation.receipts import Receipt
from federation.verified import SignatureClaim, Verified
from federation.vocab import AS_TERMS

__all__ = [
    "InboxDependencies",
    "Signer",
    "authenticate",
    "check_standing",
    "parse_claim",
    "replay_key_of",
    "verify_claim",
]


def _nothing() -> None:
    return None


def _unheard(_: HttpMessage, __: Receipt) -> None:
    return None


async def _nobody(_: str) -> bool:
    return False


def _nothing_kept(_: JsonObject) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxDependencies:
    """What `inbox.receive` asks of the application; one value for the whole life of a node.

    Shapes: `own_origins` are this node's own origins, as `ids.origin` writes them.
            `is_blocked(host)` says whether a canonical host (or a domain above it) is blocked.
            `requires_proof(activity)` says whether this JSON is a message that must carry a proof by its
            actor and come from that very actor (for Obverse: every message of the deal). It must not raise.
            `known_recipient(actor_id)` says whether an inbox of that actor exists here.
            `local_key(key_id)` gives the public key of an actor of this node, None for all others.
            `knows_actor(actor_id)` says whether a remote actor matters to us (follows, deals): the
            self-Delete of one that does not is 202 without any look-up.
            `accepted()` is called after each new durable record, to wake the worker; it must not block.
            `keeps_signature(activity)` says whether the signature of the request is to be recorded with this
            JSON, where it has no proof of its own; like `requires_proof` it must not raise.
            `terms` are the JSON-LD terms that the application reads, with what they may stand for.
            `judged(message, receipt)` is told of every message that came over HTTP and how it ended, for
            counting and for the log; like `accepted` it must neither block nor raise.
            `rates` is what each proven sender may send; it lives as long as the node.
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
    keeps_signature: Callable[[JsonObject], bool] = _nothing_kept
    terms: Mapping[str, Collection[str]] = field(default_factory=lambda: AS_TERMS)
    judged: Callable[[HttpMessage, Receipt], None] = _unheard
    rates: SenderRates = field(default_factory=SenderRates)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request: the actor that lists the key, the key, and what the signature proves."""

    actor: str
    key: PublicKey
    verified: Verified


async def authenticate(
    message: HttpMessage, *, deps: InboxDependencies, budget: FetchBudget | None = None
) -> Signer:
    """Prove who signed a request of any method; signed GETs of private documents use it as well.

    Shapes: `message.url` is the public address; `message.body` the exact bytes.
    Raises: SignatureMissing, SignatureInvalid, SignatureExpired, KeyUnknown, Forbidden, TooManyRequests,
            TemporarilyUnavailable.
    Spec:   `protocol §2`, Requests.
    """
    now = deps.clock()
    claim = parse_claim(message, deps=deps, now=now)
    spendable = budget or FetchBudget(deps.limits.fetches_per_message)
    return await verify_claim(message, claim, deps=deps, budget=spendable, now=now)


def parse_claim(message: HttpMessage, *, deps: InboxDependencies, now: datetime) -> SignatureClaim:
    """What the one signature claims, refused at once where no key could make it hold.

    Where `Signature-Input` is present RFC 9421 decides and there is no falling back.
    Raises: SignatureMissing, SignatureInvalid, SignatureExpired, KeyUnknown, Forbidden.
    Spec:   `protocol §2`, Requests.
    """
    if message.header("signature-input") is not None:
        claim = signatures.parse_signature(message)
        header, check_digest = "content-digest", verify_content_digest
    else:
        claim = cavage.parse_signature(message)
        header, check_digest = "digest", verify_cavage_digest
    _check_coverage(claim, has_body=bool(message.body))
    widest = timedelta(seconds=deps.limits.signature_window_s)
    if claim.created is not None and abs(now - claim.created) > widest:
        raise SignatureExpired("the signature was made too long ago, or too far ahead")
    if claim.expires is not None and claim.expires < now:
        raise SignatureExpired("the signature has expired")
    digest = message.header(header)
    if digest is not None:
        check_digest(digest, message.body)
    elif message.body:
        raise SignatureInvalid(f"a body needs a {header} header", place=header)
    _check_key_address(claim.key_id, deps)
    return claim


def _check_coverage(claim: SignatureClaim, *, has_body: bool) -> None:
    """What `verify` will ask for as well; here it saves the look-up of a key that could not help."""
    missing = _lacking(claim.spec, claim.covered, has_body)
    if missing:
        raise SignatureInvalid(f"the signature does not cover {', '.join(missing)}", place="signature")


@lru_cache(256)
def _lacking(spec: SignatureSpec, covered: tuple[str, ...], has_body: bool) -> tuple[str, ...]:
    # Remembered, since whole servers send one and the same list; a list fits into its header: bounded.
    if spec is SignatureSpec.RFC9421:
        required = ["@method", "@target-uri"] + ["content-digest"] * has_body
    else:
        required = ["(request-target)", "host"] + ["digest"] * has_body
        required += ["date"] * ("(created)" not in covered)
    return tuple(name for name in required if name not in covered)


def _check_key_address(key_id: str, deps: InboxDependencies) -> None:
    """Keys of ours are not looked up from outside (`security L06`), those of blocked hosts not at all."""
    try:
        key_origin, key_host = origin(key_id), host(key_id)
    except InvalidIri as error:
        raise KeyUnknown(f"the key id is no http(s) IRI: {error}", place="keyid") from None
    if key_origin in deps.own_origins:
        raise Forbidden("an actor of this node does not come in from outside", place="keyid")
    if deps.is_blocked(key_host):
        raise Forbidden("this server is blocked here", place="keyid")


async def verify_claim(
    message: HttpMessage,
    claim: SignatureClaim,
    *,
    deps: InboxDependencies,
    budget: FetchBudget,
    now: datetime,
) -> Signer:
    """Verify with the key as we know it; where that fails, once more with the key as its actor lists it now.

    Only who has proven itself is charged for the message; who has spent its share is refused before that.
    Raises: as `authenticate`.
    Spec:   `security C17`: an actor that has changed its key is noticed, by one look-up in five minutes.
    """
    verify = signatures.verify if claim.spec is SignatureSpec.RFC9421 else cavage.verify
    deps.rates.check(claim.key_id, now)
    known = await deps.keyring.resolve(claim.key_id, budget=budget)
    try:
        verified = verify(message, known.key, now=now, limits=deps.limits, claim=claim)
    except SignatureInvalid:
        fresh = await deps.keyring.resolve(claim.key_id, budget=budget, refresh=True)
        if fresh.key.fingerprint == known.key.fingerprint:
            raise
        verified = verify(message, fresh.key, now=now, limits=deps.limits, claim=claim)
        known = fresh
    check_standing(known.actor, deps)
    deps.rates.spend(known.actor, now)
    return Signer(known.actor, known.key, verified)


def check_standing(actor: str, deps: InboxDependencies) -> None:
    """Refuse actors of blocked hosts, and those that pretend to be of this node.

    Raises: Forbidden.
    """
    if origin(actor) in deps.own_origins:
        raise Forbidden("an actor of this node does not come in from outside", place="/actor")
    if deps.is_blocked(host(actor)):
        raise Forbidden("this server is blocked here", place="/actor")


_ALWAYS_HASHED = frozenset(
    {
        "authorization",
        "content-digest",
        "content-type",
        "date",
        "digest",
        "host",
        "signature",
        "signature-input",
    }
)


def replay_key_of(message: HttpMessage, claim: SignatureClaim) -> bytes:
    """Names this very request, 32 bytes: method, address, body, the signature and every header that it
    covers.

    Not the signature alone: a replay is answered before it is verified, so that a resend with anything
    altered must not match. Headers that proxies set afresh are covered by no sane signature and stay out.
    """
    names = _hashed(claim.covered)
    headers = [pair for pair in message.headers if pair[0] in names]
    # As Python writes values, in ASCII: no two of them alike, and it ends before the body begins.
    head = ascii((message.method, message.url, headers)).encode("ascii")
    return hashlib.sha256(head + b"\n" + message.body).digest()


@lru_cache(256)
def _hashed(covered: tuple[str, ...]) -> frozenset[str]:
    return _ALWAYS_HASHED.union(covered)
