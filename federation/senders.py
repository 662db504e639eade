"""Whose word is this activity? The signer's own, a courier's, or that of an actor that is gone.

An activity holds by the request's signature where its actor signed, by an object proof, or as its origin has
it; never because somebody else brought it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from federation.activity import Activity, parse_activity
from federation.authentication import InboxDependencies, Signer, check_standing
from federation.authority import check_origins, check_sender
from federation.errors import (
    AuthenticationFailed,
    FetchError,
    FetchFailed,
    Gone,
    InvalidDocument,
    InvalidIri,
    KeyUnknown,
    ProofInvalid,
    ProofMissing,
    Refused,
    TemporarilyUnavailable,
)
from federation.fetching import FetchBudget, tell_strangers
from federation.ids import parse_iri
from federation.jsonld import as_list
from federation.keys import KeyAlgorithm, PublicKey
from federation.messages import HttpMessage, JsonObject
from federation.proofs import proof_claim, verify_proof
from federation.verified import SignatureClaim

__all__ = ["KeyFinder", "find_farewell", "is_idle_farewell", "local_finder", "prove", "who_says_it"]

KeyFinder = Callable[[str], Awaitable[PublicKey]]
"""From a proof's `verificationMethod` to a key that was shown to be its actor's; raises KeyUnknown."""

_COME_BACK_S = 60
_FAREWELL_BYTES = 16 * 1024
"""No self-Delete is larger, signatures of all kinds included."""


async def who_says_it(
    activity: Activity, signer: Signer, *, deps: InboxDependencies, budget: FetchBudget
) -> tuple[Activity, str]:
    """The activity that holds, as its actor said it, and the key of its proof ("" for none).

    Raises: AuthenticationFailed and below, Forbidden, TooManyRequests, TemporarilyUnavailable.
    Spec:   `protocol §2`, Who may send; FEP-fe34.
    """
    if activity.actor != signer.actor:  # whose standing is known
        check_standing(activity.actor, deps)
    required = deps.requires_proof(activity.json)
    find_key = _remote_finder(activity.actor, deps, budget)
    if signer.actor == activity.actor or required or not activity.is_public:
        check_sender(activity.json, signer.actor, own_origins=deps.own_origins)
        return activity, await prove(activity, find_key, deps=deps, required=required)
    check_origins(activity.json, own_origins=deps.own_origins)
    proof_key = await prove(activity, find_key, deps=deps, required=False)
    return (activity, proof_key) if proof_key else (await _as_origin_has_it(activity, deps, budget), "")


async def _as_origin_has_it(activity: Activity, deps: InboxDependencies, budget: FetchBudget) -> Activity:
    """Somebody else's public activity, fetched from where it lives; the courier's copy is thrown away."""
    deps.rates.spend_look_up(activity.id, deps.clock())
    try:
        fetched = await deps.fetcher.fetch(activity.id, budget=budget)
    except FetchFailed as error:
        raise TemporarilyUnavailable(
            f"the activity's server cannot confirm it now: {tell_strangers(error)}",
            retry_after_s=_COME_BACK_S,
        ) from None
    except (FetchError, InvalidIri) as error:
        raise AuthenticationFailed(
            f"the activity's server does not confirm it: {tell_strangers(error)}"
        ) from None
    try:
        held = parse_activity(fetched.body, limits=deps.limits, terms=deps.terms)
    except Refused as error:
        raise AuthenticationFailed(f"the activity's server does not confirm it: {error}") from None
    same = (held.id, held.actor, held.type) == (activity.id, activity.actor, activity.type)
    if not same or not held.is_public or deps.requires_proof(held.json):
        raise AuthenticationFailed("the activity's server has another activity under this id", place="/id")
    check_origins(held.json, own_origins=deps.own_origins)
    return held


# --- proofs ----------------------------------------------------------------------------------------------


def _remote_finder(actor: str, deps: InboxDependencies, budget: FetchBudget) -> KeyFinder:
    async def find(method: str) -> PublicKey:
        return (await deps.keyring.resolve_for_proof(method, actor, budget=budget)).key

    return find


def local_finder(actor: str, deps: InboxDependencies) -> KeyFinder:
    """Finds the Ed25519 keys of one actor of this node, and no others."""

    async def find(method: str) -> PublicKey:
        key = await deps.local_key(method)
        if key is None or key.owner != actor or key.algorithm is not KeyAlgorithm.ED25519:
            raise KeyUnknown("the proof's key is not one of its actor", place="/proof/verificationMethod")
        return key

    return find


async def prove(activity: Activity, find_key: KeyFinder, *, deps: InboxDependencies, required: bool) -> str:
    """The key id of the activity's valid proof; "" where it carries none that we read and needs none.

    Raises: ProofMissing, ProofInvalid, and what `find_key` raises; InvalidDocument where a proof is required
            and the ids are not in their canonical spelling: evidence is compared as text, so it has one.
    Spec:   `protocol §2`, Objects; `security D15 to D23`.
    """
    if required:
        _check_spelling(activity)
    claim = proof_claim(activity.json)
    if claim is None:
        if required:
            raise ProofMissing("a message of this protocol carries a proof by its actor", place="/proof")
        return ""
    if not required and (not claim.usable or _covers_less(activity.json)):
        return ""
    if not claim.usable:
        raise ProofInvalid("one proof, by eddsa-jcs-2022, is what we can check", place="/proof")
    key = await find_key(claim.verification_method)
    verify_proof(activity.json, key, now=deps.clock(), limits=deps.limits, strict_context=required)
    return key.id


def _check_spelling(activity: Activity) -> None:
    for name, canonical in (("id", activity.id), ("actor", activity.actor)):
        if activity.json[name] != canonical:
            raise InvalidDocument(f"written otherwise than {canonical}", place=f"/{name}")


def _covers_less(document: JsonObject) -> bool:
    """Whether the proof's context is absent or a strict prefix of the document's: the rest is unsigned."""
    whole, covered = as_list(document.get("@context")), as_list(document["proof"].get("@context"))
    return len(covered) < len(whole) and whole[: len(covered)] == covered


# --- actors that are gone --------------------------------------------------------------------------------


async def is_idle_farewell(message: HttpMessage, claim: SignatureClaim, *, deps: InboxDependencies) -> bool:
    """Whether an actor that we never heard of deletes itself, or what it said: that asks for no work.

    A Delete by which an application lives, as one of a deal does, is none.
    Spec: `interop §4.4`, Delete; `security F12`.
    """
    # Parsing before the signature is verified is kept for the few, and small, bodies that may be one.
    if len(message.body) > _FAREWELL_BYTES or b'"Delete"' not in message.body:
        return False
    if await deps.keys.find(parse_iri(claim.key_id)) is not None:
        return False
    activity = _delete(message, deps)
    if activity is None or (not activity.is_self_delete and deps.requires_proof(activity.json)):
        return False
    return not await deps.knows_actor(activity.actor)


def _delete(message: HttpMessage, deps: InboxDependencies) -> Activity | None:
    try:
        activity = parse_activity(message.body, limits=deps.limits, terms=deps.terms)
    except Refused:
        return None
    return activity if activity.type == "Delete" else None


def _self_delete(message: HttpMessage, deps: InboxDependencies) -> Activity | None:
    activity = _delete(message, deps)
    return activity if activity is not None and activity.is_self_delete else None


async def find_farewell(
    message: HttpMessage, *, deps: InboxDependencies, budget: FetchBudget
) -> Activity | None:
    """The self-Delete of an actor that matters to us, where its own server says 410; else None.

    Its key is gone with it, so the server's answer is the proof. 404 is not enough.
    Raises: Forbidden, TemporarilyUnavailable, TooManyRequests.
    Spec:   `security F13`.
    """
    activity = _self_delete(message, deps)
    if activity is None or deps.requires_proof(activity.json) or not await deps.knows_actor(activity.actor):
        return None
    check_standing(activity.actor, deps)
    check_origins(activity.json, own_origins=deps.own_origins)
    deps.rates.spend_look_up(activity.actor, deps.clock())
    try:
        await deps.fetcher.fetch(activity.actor, budget=budget)
    except Gone:
        return activity
    except FetchFailed as error:
        raise TemporarilyUnavailable(
            f"the actor's server does not answer: {tell_strangers(error)}", retry_after_s=_COME_BACK_S
        ) from None
    except (FetchError, InvalidIri):
        return None
    return None
