"""The one place that learns other people's keys.

A key is somebody's when that actor's own document, fetched from the actor's id, lists it (`security C01` to
C04, CVE-2026-96625). The document that showed it is kept with the key as evidence. Everything here is work
done for strangers before they have proven anything, so it is bounded: one flight a key, a budget a message, a
cap a minute, and a memory for keys that could not be shown.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from federation.errors import (
    AddressRefused,
    DocumentRefused,
    FetchFailed,
    Forbidden,
    Gone,
    InvalidIri,
    KeyUnknown,
    NotFound,
    Refused,
    TemporarilyUnavailable,
)
from federation.fetching import FetchBudget, FetchedDocument, Fetcher, tell_strangers
from federation.ids import host, parse_iri, same_origin, without_fragment
from federation.jsonld import as_id, as_list, type_names
from federation.keys import KeyAlgorithm, PublicKey, keys_of_actor
from federation.messages import JsonObject, Limits
from federation.ports import Clock, KnownKey, PublicKeys
from federation.rates import MinuteRate
from federation.strictjson import parse_json_object
from federation.vocab import ACTOR_TYPES

__all__ = ["Keyring"]

_REMEMBERED = 10_000
"""How many failures and proof keys are remembered; the oldest give way."""
_RETRY_AFTER_S = 30
_WAITING = 384
"""So many messages wait for keys at once; the other places are for senders whose keys are known."""


class Keyring:
    """Resolves key ids to keys that were shown to belong to their actors.

    `is_blocked` is given a canonical host and says whether it, or a domain above it, is blocked.
    """

    def __init__(
        self,
        keys: PublicKeys,
        fetcher: Fetcher,
        clock: Clock,
        limits: Limits,
        is_blocked: Callable[[str], bool],
    ) -> None:
        self._keys = keys
        self._fetcher = fetcher
        self._clock = clock
        self._limits = limits
        self._is_blocked = is_blocked
        self._flights: dict[str, asyncio.Task[KnownKey]] = {}
        self._waiting = 0
        self._rate = MinuteRate(
            per_host=limits.key_fetches_per_host,
            per_domain=limits.key_fetches_per_domain,
            overall=limits.key_fetches_per_minute,
        )
        self._unknown: OrderedDict[str, datetime] = OrderedDict()
        self._refetched: OrderedDict[str, datetime] = OrderedDict()
        self._for_proofs: OrderedDict[tuple[str, datetime], bool] = OrderedDict()

    async def resolve(
        self,
        key_id: str,
        *,
        budget: FetchBudget,
        refresh: bool = False,
        expected_actor: str | None = None,
    ) -> KnownKey:
        """Return the key with this id and the actor that lists it.

        Shapes: `refresh` after a signature that the known key did not verify: the actor is asked once more,
                at most once a key in `limits.key_refetch_s`; within that time the known key comes back.
                `expected_actor` is who the message says it is from.
        Raises: KeyUnknown (not http(s), not listed, refused, gone, somebody else's), Forbidden (a blocked
                host holds the key, its document or its owner), TooManyRequests beyond
                the `limits` on key fetches, TemporarilyUnavailable when the key's server is just down.
        Spec:   FEP-fe34; interop §1.6, §1.7; `security B18, B22, C01 to C04, C17 to C23`.
        """
        try:
            key_id = parse_iri(key_id)
        except InvalidIri as error:
            raise KeyUnknown(f"the key id is no usable address: {error}") from None
        self._refuse_blocked(key_id)
        known = await self._keys.find(key_id)
        if known is not None and known.revoked_at is None:
            if not refresh or self._is_recent(self._refetched, key_id):
                return self._checked(known, expected_actor)
        elif self._is_recent(self._unknown, key_id):
            raise KeyUnknown("the key could not be shown to belong to an actor a moment ago")
        return self._checked(await self._fly(key_id, known, budget), expected_actor)

    async def resolve_for_proof(
        self, verification_method: str, actor: str, *, budget: FetchBudget, refresh: bool = False
    ) -> KnownKey:
        """The same for the key of an object proof: Ed25519, in `actor`'s `assertionMethod`.

        Raises: as `resolve`.
        Spec:   FEP-8b32, FEP-521a; `security D17`.
        """
        known = await self.resolve(verification_method, budget=budget, refresh=refresh, expected_actor=actor)
        if known.key.algorithm is not KeyAlgorithm.ED25519 or not self._makes_assertions(known):
            raise KeyUnknown("the proof's key is not among its actor's assertion methods")
        return known

    # --- what is known already ---------------------------------------------------------------------------

    def _checked(self, known: KnownKey, expected_actor: str | None) -> KnownKey:
        self._refuse_blocked(known.actor)
        if expected_actor is not None and not _is_same_id(expected_actor, known.actor):
            raise KeyUnknown("the key belongs to another actor")
        return known

    def _refuse_blocked(self, iri: str) -> None:
        if self._is_blocked(host(iri)):
            raise Forbidden("this domain is blocked here")

    def _is_recent(self, times: OrderedDict[str, datetime], key_id: str) -> bool:
        at = times.get(key_id)
        # Either way round: a clock that was set back must not make a failure last until then.
        return at is not None and abs(self._clock() - at) < timedelta(seconds=self._limits.key_refetch_s)

    def _note(self, times: OrderedDict[str, datetime], key_id: str) -> None:
        times[key_id] = self._clock()
        times.move_to_end(key_id)
        if len(times) > _REMEMBERED:
            times.popitem(last=False)

    def _makes_assertions(self, known: KnownKey) -> bool:
        """Whether the actor's document lists this very key for assertions; judged once a document."""
        cached = (known.key.id, known.fetched_at)
        if cached not in self._for_proofs:
            listed = _listed(parse_json_object(known.document), assertion_only=True)
            self._for_proofs[cached] = known.key in listed
            if len(self._for_proofs) > _REMEMBERED:
                self._for_proofs.popitem(last=False)
        return self._for_proofs[cached]

    # --- asking ------------------------------------------------------------------------------------------

    async def _fly(self, key_id: str, known: KnownKey | None, budget: FetchBudget) -> KnownKey:
        """Join the flight for this key or start one; it lands even when its first passenger gives up."""
        if self._waiting >= _WAITING:
            raise TemporarilyUnavailable(
                "too many messages wait for keys just now", retry_after_s=_RETRY_AFTER_S
            )
        flight = self._flights.get(key_id)
        if flight is None:
            self._rate.spend(host(key_id), self._clock())
            flight = asyncio.create_task(self._learn(key_id, known, budget))
            self._flights[key_id] = flight
            flight.add_done_callback(lambda landed: self._land(key_id, landed))
        self._waiting += 1
        try:
            return await asyncio.shield(flight)
        finally:
            self._waiting -= 1

    def _land(self, key_id: str, landed: asyncio.Task[KnownKey]) -> None:
        del self._flights[key_id]
        if not landed.cancelled():
            landed.exception()  # taken note of, also where no passenger is left to hear it

    async def _learn(self, key_id: str, known: KnownKey | None, budget: FetchBudget) -> KnownKey:
        """Fetch, decide and remember; every failure becomes a refusal."""
        if known is not None:
            self._note(self._refetched, key_id)
        try:
            document = await self._fetch_owner(key_id, budget)
            return await self._save(key_id, document)
        except Gone:
            owner = known.actor if known is not None else without_fragment(key_id)
            await self._keys.revoke_others(owner, frozenset(), self._clock())
            refusal: Refused = KeyUnknown("the key's actor is deleted")
        except FetchFailed as error:
            raise TemporarilyUnavailable(
                f"the key's server does not answer: {tell_strangers(error)}", retry_after_s=_RETRY_AFTER_S
            ) from None
        except (AddressRefused, DocumentRefused, InvalidIri, NotFound) as error:
            refusal = KeyUnknown(f"the key could not be fetched: {tell_strangers(error)}")
        except KeyUnknown as error:
            refusal = error
        # A message that ran out of its own budget says nothing about the key.
        if budget.left > 0:
            self._note(self._unknown, key_id)
        raise refusal

    async def _fetch_owner(self, key_id: str, budget: FetchBudget) -> FetchedDocument:
        """The document of the actor that may own the key: found under the key's id, or through its owner."""
        document = await self._fetcher.fetch(key_id, budget=budget)
        self._refuse_blocked(document.url)
        if any(name in ACTOR_TYPES for name in type_names(document.json)):
            return document
        owner = _stated_owner(document.json)
        if owner is None:
            raise KeyUnknown("the key names no owner")
        self._refuse_blocked(owner)
        if not same_origin(owner, key_id):
            raise KeyUnknown("the key's owner is on another origin")
        return await self._fetcher.fetch(owner, budget=budget)

    async def _save(self, key_id: str, document: FetchedDocument) -> KnownKey:
        """Keep all keys that the actor lists, drop those that it no longer lists, return the wanted one."""
        self._refuse_blocked(document.url)
        actor = document.url
        if not _is_same_id(document.json.get("id"), actor):
            raise KeyUnknown("the actor's id is only a part of its document")
        listed = _listed(document.json)
        found: KnownKey | None = None
        for key in listed:
            known = KnownKey(key, actor, document.body, document.fetched_at)
            await self._keys.save(known)
            if key.id == key_id:
                found = known
        await self._keys.revoke_others(actor, frozenset(key.id for key in listed), document.fetched_at)
        if found is None:
            raise KeyUnknown("the actor does not list the key")
        return found


def _is_same_id(one: object, canonical: str) -> bool:
    try:
        return parse_iri(one) == canonical
    except InvalidIri:
        return False


def _listed(document: JsonObject, *, assertion_only: bool = False) -> list[PublicKey]:
    """The keys that an actor lists, under their canonical ids and its own; odd ids are passed over."""
    found: list[PublicKey] = []
    for key in keys_of_actor(document, assertion_only=assertion_only):
        with suppress(InvalidIri):
            found.append(replace(key, id=parse_iri(key.id), owner=parse_iri(key.owner)))
    return found


def _stated_owner(document: JsonObject) -> str | None:
    """Whom a bare key, or a stub that holds one, names as its owner; a claim, to be checked back."""
    for holder in (document, *as_list(document.get("publicKey"))):
        if isinstance(holder, dict):
            owner = as_id(holder.get("owner")) or as_id(holder.get("controller"))
            if owner is not None:
                return without_fragment(owner)
    return None
