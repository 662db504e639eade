"""What the file of a sale to a plain account proves, offline: the vendor's quote, and one word in answer.

    each message by a key that its actor's document lists → the quote names one account and one reference →
    that account said exactly `accept REFERENCE` → whose the keys are

A plain account's server signs requests and no objects, so that the signature of the request stands in for
that of its words: it shows what the server said, and not that its user did (`protocol §5`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from federation.actors import parse_actor
from federation.digest import object_digest
from federation.errors import FetchError, InvalidJson, ProofInvalid, SignatureInvalid
from federation.ids import host
from federation.jsonld import as_id, as_list
from federation.kept_signatures import check_kept_signature
from federation.keys import PublicKey, keys_of_actor
from federation.messages import JsonObject, Limits
from federation.proofs import proof_claim, verify_proof
from federation.strictjson import parse_json_object
from node.domain.errors import Refusal
from node.domain.messages import Sender
from node.domain.plain_quotes import Act
from node.wire.binding_words import word_said
from node.wire.bundles import ActorShown, Bundle, MessageKept
from node.wire.fediverse import parse_note
from node.wire.html import plain_text
from node.wire.reports import KeySeen, Party, Problem, Report, Sale, Seen, whose_key

__all__ = ["judge_sale"]

_AHEAD = timedelta(minutes=5)
_OFFERED = re.compile(r"\baccept ([0-9A-Z]{4}-[0-9A-Z]{4})\b", re.ASCII)


def judge_sale(
    bundle: Bundle,
    *,
    pinned: Mapping[str, Collection[str]],
    known: Mapping[str, Collection[str]],
    now: datetime,
    limits: Limits,
) -> Report:
    """Judge the file of a sale; shapes, units and spec as `verification.verify_bundle`. Raises nothing."""
    check = _Check(bundle, now, limits)
    sale = check.sale()
    return Report(
        deal_id=bundle.deal_id,
        exported_by=bundle.exported_by,
        exported_at=bundle.exported_at,
        problems=tuple(check.problems),
        parties=tuple(_parties(check, pinned, known)),
        messages=tuple(check.seen),
        agreement=None,
        sale=sale,
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """A key with the document that lists it, and the name that the document gives its actor."""

    key: PublicKey
    actor: ActorShown
    name: str
    may_assert: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """A message that is signed: `note` is what it carries."""

    author: str
    note: JsonObject
    at: datetime
    by_server: bool
    name: str


class _Wrong(Exception):
    """Something does not hold; the words say what."""


class _Check:
    """One pass over the file: what holds is collected, what does not is a problem."""

    def __init__(self, bundle: Bundle, now: datetime, limits: Limits) -> None:
        self.problems: list[Problem] = []
        self.seen: list[Seen] = []
        self.used: dict[str, dict[str, _Shown]] = {}
        self.vendor = ""
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
        asserting = {key.id for key in keys_of_actor(parsed.raw, assertion_only=True)}
        name = str(parsed.raw.get("preferredUsername") or "")
        for key in keys_of_actor(parsed.raw):
            yield _Shown(key, actor, name, key.id in asserting)

    def sale(self) -> Sale | None:
        """What was sold, if quote and acceptance hold and belong together."""
        found: list[_Said] = []
        for index, kept in enumerate(self._bundle.messages):
            try:
                found.append(self._said(kept))
            except (_Wrong, InvalidJson, ProofInvalid, SignatureInvalid) as error:
                self.problems.append(Problem(f"messages[{index}]", str(error)))
        if self.problems:
            return None
        try:
            return self._bound(found)
        except (_Wrong, Refusal) as error:
            self.problems.append(Problem("messages", str(error)))
            return None

    # --- each by itself ----------------------------------------------------------------------------------

    def _said(self, kept: MessageKept) -> _Said:
        document = parse_json_object(kept.body)
        if object_digest(document) != kept.digest:
            raise _Wrong("its digest is not that of its bytes")
        is_note = document.get("type") == "Note"
        author = as_id(document.get("attributedTo" if is_note else "actor")) or ""
        objects = [document] if is_note else as_list(document.get("object"))
        if len(objects) != 1 or not isinstance(objects[0], dict):
            raise _Wrong("it carries no one Note")
        if not is_note and document.get("type") != "Create":
            raise _Wrong("it is neither a Note nor what makes one")
        claim = proof_claim(document)
        if kept.signature is not None:
            at, shown = self._by_request(kept, author)
        elif claim is not None and claim.usable and claim.created is not None:
            at, shown = claim.created, self._by_proof(document, author, claim.verification_method)
        else:
            raise _Wrong("it carries no signature that can be checked")
        if at > self._now + _AHEAD:
            raise _Wrong("it was signed in the future")
        self.used.setdefault(author, {})[shown.key.multibase] = shown
        by_server = kept.signature is not None
        kind = "quote" if is_note else "word"
        self.seen.append(Seen(kind, author, kept.digest, at, kept.received_at, by_server))
        return _Said(author, objects[0], at, by_server, shown.name)

    def _by_request(self, kept: MessageKept, author: str) -> tuple[datetime, _Shown]:
        assert kept.signature is not None
        error: SignatureInvalid | None = None
        for shown in self._fitting(author, kept.signature.key_id, may_assert=False):
            try:
                return check_kept_signature(kept.signature, kept.body, shown.key), shown
            except SignatureInvalid as found:
                error = found
        raise error or _Wrong(f"no document here shows that {kept.signature.key_id} is a key of {author}")

    def _by_proof(self, document: JsonObject, author: str, key_id: str) -> _Shown:
        error: ProofInvalid | None = None
        for shown in self._fitting(author, key_id, may_assert=True):
            try:
                verify_proof(document, shown.key, now=None, limits=self._limits)
            except ProofInvalid as found:
                error = found
            else:
                return shown
        raise error or _Wrong(f"no document here shows that {key_id} is a key of {author}")

    def _fitting(self, author: str, key_id: str, *, may_assert: bool) -> Iterator[_Shown]:
        """One key id may stand in several documents, before and after a change of keys."""
        for shown in self._shown:
            if (shown.key.owner, shown.key.id) == (author, key_id) and (shown.may_assert or not may_assert):
                yield shown

    # --- together ----------------------------------------------------------------------------------------

    def _bound(self, found: list[_Said]) -> Sale:
        if not 2 <= len(found) <= 3:
            raise _Wrong("a sale is a quote, its acceptance, and perhaps a cancellation")
        quote, accepted, *cancelled = found
        self.vendor = quote.author
        words = plain_text(str(quote.note.get("content") or ""))
        offered = set(_OFFERED.findall(words))
        if len(offered) != 1:
            raise _Wrong("the first message offers nothing under one reference")
        [reference] = offered
        if quote.by_server:
            raise _Wrong("the quote is not signed by its vendor, but by a server")
        if as_list(quote.note.get("to")) != [accepted.author] or quote.note.get("cc"):
            raise _Wrong(f"the quote is not for {accepted.author} alone")
        if accepted.author == quote.author:
            raise _Wrong("a vendor does not accept its own quote")
        for said, act in zip((accepted, *cancelled), (Act.ACCEPT, Act.CANCEL), strict=False):
            self._check_word(quote, said, act, reference)
            if said.author != accepted.author:
                raise _Wrong("the cancellation is somebody else's")
        return Sale(
            reference=reference,
            words=words,
            accepted_at=accepted.at,
            cancelled_at=cancelled[0].at if cancelled else None,
            by_server=any(said.by_server for said in (accepted, *cancelled)),
        )

    def _check_word(self, quote: _Said, said: _Said, act: Act, reference: str) -> None:
        note = parse_note(said.note, author=said.author, received_at=said.at)
        word = word_said(said.note, note, quote.name, urlsplit(quote.author).netloc)
        if word is None or (word.act, word.reference) != (act, reference):
            raise _Wrong(f"it does not say exactly: {act} {reference}")
        if note.updated_at is not None and note.updated_at > note.published_at:
            raise _Wrong("it was edited before it was sent")


def _parties(
    check: _Check, pinned: Mapping[str, Collection[str]], known: Mapping[str, Collection[str]]
) -> Iterator[Party]:
    for actor, keys in check.used.items():
        yield Party(
            actor=actor,
            role=Sender.VENDOR if actor == check.vendor else Sender.CUSTOMER,
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
