"""What a bundle proves, offline: that it is *signed*, *whose key* that was, and *when*; three things apart.

    parse → each message by a key that its actor's document lists → bound to each other → whose the keys are

A forger can make documents, keys and messages that hold together perfectly. So what holds together is called
signed, and whose it is comes from outside alone: keys that the verifier pins, or knows from its own past.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from federation.actors import parse_actor
from federation.digest import object_digest
from federation.errors import FetchError, InvalidJson, ProofInvalid
from federation.ids import host
from federation.jsonld import as_id
from federation.keys import PublicKey, keys_of_actor
from federation.messages import JsonObject, Limits
from federation.proofs import proof_claim, verify_proof
from federation.strictjson import parse_json_object
from node.domain.errors import Refusal
from node.domain.messages import Cast, Counter, Message, Order, Sender, Update
from node.domain.offers import StandingOffer
from node.wire.bindings import Evidence, binding_problems, summary_of
from node.wire.bundles import SALE_FORMAT, ActorShown, Bundle, MessageKept, parse_bundle
from node.wire.messages import UnknownMessage, parse_message
from node.wire.postings import parse_posting
from node.wire.reports import KeySeen, Party, Problem, Report, Seen, Whose, whose_key
from node.wire.sales import judge_sale

__all__ = ["KeySeen", "Party", "Problem", "Report", "Seen", "Whose", "verify_bundle"]

AHEAD = timedelta(minutes=5)


def verify_bundle(
    data: bytes,
    *,
    pinned: Mapping[str, Collection[str]],
    known: Mapping[str, Collection[str]],
    now: datetime,
    limits: Limits,
) -> Report:
    """Judge an exported deal.

    Shapes: `data` is the file; `pinned` and `known` map an actor to the `publicKeyMultibase` of its keys:
            those that the verifier was given, and those that its own node has met. No network is asked.
    Units:  `now` is aware UTC: nothing may be signed after it.
    Raises: InvalidInput for what is no bundle; anything wrong inside one is a problem in the report.
    Spec:   `protocol §2` "Evidence"; `security G28`.
    """
    bundle = parse_bundle(data)
    if bundle.format == SALE_FORMAT:
        return judge_sale(bundle, pinned=pinned, known=known, now=now, limits=limits)
    check = _Check(bundle, now, limits)
    evidence = check.evidence()
    check.problems += [Problem(place, text) for place, text in binding_problems(evidence)]
    return Report(
        deal_id=bundle.deal_id,
        exported_by=bundle.exported_by,
        exported_at=bundle.exported_at,
        problems=tuple(check.problems),
        parties=tuple(_parties(evidence, check.used, pinned, known)),
        messages=tuple(check.seen),
        agreement=summary_of(evidence),
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """A key with the document that lists it."""

    key: PublicKey
    actor: ActorShown


class _Check:
    """One pass over a bundle: what holds is collected, what does not is a problem."""

    def __init__(self, bundle: Bundle, now: datetime, limits: Limits) -> None:
        self.problems: list[Problem] = []
        self.seen: list[Seen] = []
        self.used: dict[str, dict[str, _Shown]] = {}
        self._bundle = bundle
        self._now = now
        self._limits = limits
        self._shown = [
            shown
            for index, actor in enumerate(bundle.actors)
            for shown in self._keys(actor, f"actors[{index}]")
        ]

    def _keys(self, actor: ActorShown, place: str) -> Iterator[_Shown]:
        try:
            parsed = parse_actor(parse_json_object(actor.body), actor.source)
        except (InvalidJson, FetchError) as error:
            self.problems.append(Problem(place, f"not the document of {actor.source}: {error}"))
            return
        for key in keys_of_actor(parsed.raw, assertion_only=True):
            yield _Shown(key, actor)

    def evidence(self) -> Evidence:
        """Every message whose signature holds, as facts."""
        facts: dict[str, Message] = {}
        postings: dict[str, StandingOffer] = {}
        currency: str | None = None
        for index, kept in enumerate(self._bundle.messages):
            fact = self._fact(kept, f"messages[{index}]", currency)
            if fact is None:
                continue
            if kept.digest in facts or kept.digest in postings:
                self.problems.append(Problem(f"messages[{index}]", "stands twice"))
            elif isinstance(fact, StandingOffer):
                postings[kept.digest], currency = fact, fact.currency
                self._see(kept, "standing offer", fact.author, fact.updated_at or fact.published_at)
            else:
                facts[kept.digest] = fact
                if isinstance(fact, Cast | Update | Counter):
                    currency = fact.proposal.currency
                self._see(kept, fact.kind.value, fact.actor, fact.at)
        return Evidence(self._bundle.deal_id, facts, postings, self._keys_by_id())

    def _fact(self, kept: MessageKept, place: str, currency: str | None) -> Message | StandingOffer | None:
        """What one message says, if its signature holds; amounts are in the deal's `currency`."""
        document = self._proven(kept, place)
        if document is None:
            return None
        try:
            if document.get("type") == "Note":
                return parse_posting(document)
            return parse_message(document, digest=kept.digest, currency=currency)
        except Refusal as error:
            self.problems.append(Problem(place, error.detail))
        except UnknownMessage as error:
            self.problems.append(Problem(place, str(error)))
        return None

    def _see(self, kept: MessageKept, kind: str, actor: str, signed_at: datetime) -> None:
        self.seen.append(Seen(kind, actor, kept.digest, signed_at, kept.received_at))

    def _keys_by_id(self) -> dict[str, tuple[PublicKey, ...]]:
        found: dict[str, tuple[PublicKey, ...]] = {}
        for shown in self._shown:
            found[shown.key.id] = (*found.get(shown.key.id, ()), shown.key)
        return found

    def _proven(self, kept: MessageKept, place: str) -> JsonObject | None:
        """The message, if its digest and its actor's signature hold."""
        try:
            document = parse_json_object(kept.body)
            if object_digest(document) != kept.digest:
                raise ProofInvalid("its digest is not that of its bytes")
            self._prove(document)
        except (InvalidJson, ProofInvalid) as error:
            self.problems.append(Problem(place, error.detail))
            return None
        return document

    def _prove(self, document: JsonObject) -> None:
        author = as_id(document.get("actor") or document.get("attributedTo")) or ""
        claim = proof_claim(document)
        if claim is None or not claim.usable:
            raise ProofInvalid("it carries no signature that can be checked")
        fitting = [
            shown
            for shown in self._shown
            if shown.key.owner == author and shown.key.id == claim.verification_method
        ]
        if not fitting:
            raise ProofInvalid(
                f"no document here shows that {claim.verification_method} is a key of {author}"
            )
        shown = self._first_that_verifies(document, fitting)
        if claim.created is not None and claim.created > self._now + AHEAD:
            raise ProofInvalid("it was signed in the future")
        self.used.setdefault(author, {})[shown.key.multibase] = shown

    def _first_that_verifies(self, document: JsonObject, fitting: list[_Shown]) -> _Shown:
        """One key id may stand in several documents, before and after a change of keys."""
        for shown in fitting[:-1]:
            try:
                verify_proof(document, shown.key, now=None, limits=self._limits)
            except ProofInvalid:
                continue
            return shown
        verify_proof(document, fitting[-1].key, now=None, limits=self._limits)
        return fitting[-1]


def _parties(
    evidence: Evidence,
    used: Mapping[str, Mapping[str, _Shown]],
    pinned: Mapping[str, Collection[str]],
    known: Mapping[str, Collection[str]],
) -> Iterator[Party]:
    opener = next((m for m in evidence.messages.values() if isinstance(m, Cast | Order)), None)
    for actor, keys in used.items():
        is_customer = opener is not None and actor == opener.actor
        yield Party(
            actor=actor,
            role=Sender.CUSTOMER if is_customer else Sender.VENDOR,
            keys=tuple(
                KeySeen(
                    shown.key.id,
                    multibase,
                    whose_key(actor, multibase, pinned, known),
                    host(shown.actor.source),
                    shown.actor.fetched_at,
                )
                for multibase, shown in keys.items()
            ),
        )
