"""The way through an examination: what is looked at after what, and where there is no sense in going on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from federation.errors import FetchError, InvalidIri
from federation.ids import origin, parse_iri, same_origin, without_fragment
from federation.jsonld import as_text
from federation.messages import JsonObject
from federation.ports import SignatureSpec
from federation.vocab import ACTIVITY_JSON, is_activity_content_type
from federation.webfinger import Handle, parse_handle
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.examination.actors import (
    Shown,
    document_findings,
    fetch_findings,
    property_findings,
    reader_findings,
)
from node.examination.asking import Asker, Examiner, Spent, json_of
from node.examination.findings import Check, Finding, State, failed, plain, warned
from node.examination.handles import Fingered, handle_findings, manner_findings, way_back
from node.examination.inboxes import collection_findings, inbox_findings
from node.examination.key_forms import key_findings, multikey_finding
from node.examination.ourselves import own_findings
from node.examination.places import clock_finding, host_documents, place_findings

__all__ = ["examine", "parse_reference"]

_MOST = 500


def parse_reference(text: str, scheme: str) -> Handle | str:
    """What is to be looked at: a handle, or a canonical address; a bare host is its first page.

    Raises: InvalidInput.
    """
    typed = text.strip()
    right = "Write a handle such as @shop@shop.example, or an address."
    if not typed or len(typed) > _MOST:
        raise InvalidInput("who", "it is empty, or very long", right)
    try:
        if typed.startswith(("https://", "http://")):
            return without_fragment(parse_iri(typed))
        if "@" in typed:
            return parse_handle(typed)
        if "://" in typed:
            raise InvalidIri("only https is looked at")
        return without_fragment(parse_iri(f"{scheme}://{typed}/"))
    except InvalidIri as error:
        raise InvalidInput(
            "who", said("it is neither a handle nor an address: %(why)s", why=str(error)), right
        ) from None


async def examine(examiner: Examiner, reference: Handle | str) -> AsyncIterator[Finding]:
    """Look at a server and at one account of it; each finding as soon as it is there.

    Shapes: `reference` as `parse_reference` gives it. Each check is told at most once, but for keys.
    Raises: nothing that was expected: what cannot be looked at is a finding.
    """
    walk = _Walk(Asker(examiner))
    try:
        async for finding in walk.go(reference):
            yield finding
    except Spent:
        yield warned(
            Check.BOUNDS,
            said("the look ended after %(n)s requests, and before its end", n=walk.asker.requests),
            said("Look again: where a server is slow, some of it is not seen in time."),
        )


@dataclass(slots=True)
class _Walk:
    asker: Asker
    seen_places: set[str] = field(default_factory=set)
    is_stopped: bool = False
    is_itself: bool = True
    """The document says the id that it was asked for by."""

    async def go(self, reference: Handle | str) -> AsyncIterator[Finding]:
        if isinstance(reference, Handle):
            async for finding in self._by_handle(reference):
                yield finding
        else:
            async for finding in self._by_address(reference):
                yield finding

    def _is_over(self) -> bool:
        return self.is_stopped

    async def _place(self, base: str) -> AsyncIterator[Finding]:
        """The place of an origin, once; what cannot be reached ends the walk."""
        if base in self.seen_places:
            return
        self.seen_places.add(base)
        async for finding in place_findings(self.asker, base):
            self.is_stopped = self.is_stopped or finding.state is State.FAILED
            yield finding

    async def _by_handle(self, handle: Handle) -> AsyncIterator[Finding]:
        base = f"{self.asker.examiner.scheme}://{handle.host}"
        async for finding in self._place(base):
            yield finding
        if self._is_over():
            return
        asked = Fingered(handle)
        async for finding in handle_findings(self.asker, asked):
            yield finding
        if asked.answer is not None:
            yield clock_finding(asked.answer, self.asker.examiner.now())
        if asked.actor is None:
            return
        async for finding in self._place(origin(asked.actor)):
            yield finding
        if self._is_over():
            return
        shown = Shown(asked.actor)
        async for finding in fetch_findings(self.asker, shown):
            yield finding
        async for finding in self._rest(shown, asked, handle.host):
            yield finding

    async def _by_address(self, url: str) -> AsyncIterator[Finding]:
        async for finding in self._place(origin(url)):
            yield finding
        if self._is_over():
            return
        shown = Shown(await self._actor_at(url))
        async for finding in fetch_findings(self.asker, shown):
            yield finding
        if shown.answer is not None:
            yield clock_finding(shown.answer, self.asker.examiner.now())
        asked = _handle_of(shown)
        if asked is not None:
            async for finding in handle_findings(self.asker, asked):
                yield finding
            if asked.actor not in (None, shown.url):
                seen = said("its handle names another: %(actor)s", actor=plain(asked.actor))
                fix = said("Let WebFinger and the document name one and the same id.")
                yield failed(Check.WAY_BACK, seen, fix)
                asked = None
        async for finding in self._rest(shown, asked, origin(url).partition("://")[2]):
            yield finding

    async def _actor_at(self, url: str) -> str:
        """The actor's id behind an address that may be its page; the address where none is named."""
        try:
            answer = await self.asker.follow(url, ACTIVITY_JSON)
            if answer.status in (401, 403):
                answer = await self.asker.follow(url, ACTIVITY_JSON, spec=SignatureSpec.CAVAGE)
        except FetchError:
            return url  # the next look says so
        document = json_of(answer) if is_activity_content_type(answer.header("content-type")) else None
        stated = (document or {}).get("id")
        if answer.status == 200 and same_origin(stated, url):
            return without_fragment(parse_iri(stated))
        return url

    async def _rest(self, shown: Shown, asked: Fingered | None, host: str) -> AsyncIterator[Finding]:
        """What follows once the document is there, and what can be seen without it."""
        asker, document = self.asker, shown.document
        broken = document_findings(shown)
        if broken is not None:
            yield broken
        if document is not None:
            async for finding in self._document(shown, document, asked):
                yield finding
        async for finding in manner_findings(asker, host, shown.url if document is not None else None):
            yield finding
        if document is not None and self.is_itself:
            async for finding in collection_findings(asker, document, shown.spec):
                yield finding
        async for finding in host_documents(asker, origin(shown.url)):
            yield finding

    async def _document(
        self, shown: Shown, document: JsonObject, asked: Fingered | None
    ) -> AsyncIterator[Finding]:
        asker = self.asker
        for finding in property_findings(document, shown.url):
            yield finding
            if finding.check is Check.ID and finding.state is State.FAILED:
                self.is_itself = False
                return  # what else it says is another's
        async for finding in key_findings(asker, document):
            yield finding
        yield multikey_finding(document)
        if asked is not None and not asked.is_doubtful:
            yield await way_back(asker, asked, document, shown.url)
        async for finding in inbox_findings(asker, document):
            yield finding
        async for finding in self._ours(shown.url):
            yield finding
        async for finding in reader_findings(asker, shown):
            yield finding

    async def _ours(self, actor: str) -> AsyncIterator[Finding]:
        ours = self.asker.examiner.ours
        if ours is not None and same_origin(actor, ours.base_url):
            async for finding in own_findings(self.asker, ours):
                yield finding


def _handle_of(shown: Shown) -> Fingered | None:
    """The handle that the document's own words make, None where they make none."""
    named = as_text((shown.document or {}).get("preferredUsername"))
    try:
        return Fingered(parse_handle(f"{named}@{origin(shown.url).partition('://')[2]}")) if named else None
    except InvalidIri:
        return None
