"""The actor's document, as each kind of reader gets it, and what must stand in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from federation.errors import FetchError, InvalidIri
from federation.ids import parse_iri, same_origin
from federation.jsonld import as_id, as_list, as_text, type_names
from federation.messages import HttpMessage, JsonObject
from federation.ports import SignatureSpec
from federation.vocab import (
    ACTIVITY_JSON,
    ACTOR_TYPES,
    CAPABILITY_RFC9421,
    LD_JSON_PROFILE,
    is_activity_content_type,
)
from node.domain.sayings import said
from node.examination.asking import Asker, json_of
from node.examination.findings import Check, Finding, State, failed, fine, plain, trouble, warned

__all__ = ["Shown", "document_findings", "fetch_findings", "property_findings", "reader_findings"]

_REFUSES = frozenset({401, 403})


@dataclass(slots=True)
class Shown:
    """What was seen of one actor. `answer` is the one that its document came in, `document` None for none."""

    url: str
    answer: HttpMessage | None = None
    document: JsonObject | None = None
    is_signed_only: bool = False
    findings: list[Finding] = field(default_factory=list)

    @property
    def spec(self) -> SignatureSpec | None:
        """How further documents of it are to be asked for."""
        return SignatureSpec.CAVAGE if self.is_signed_only else None


async def fetch_findings(asker: Asker, shown: Shown) -> AsyncIterator[Finding]:
    """Fetch it unsigned and signed, as servers do, and keep what came. Raises: Spent."""
    fix = said("Answer a GET of the actor's id with its document, for Accept: application/activity+json.")
    try:
        answer = shown.answer = await asker.follow(shown.url, ACTIVITY_JSON)
    except FetchError as error:
        yield failed(Check.UNSIGNED_FETCH, trouble(error), fix)
        return
    shown.is_signed_only = answer.status in _REFUSES
    if shown.is_signed_only:
        yield fine(
            Check.UNSIGNED_FETCH, said("answered %(status)s: signed fetches only", status=str(answer.status))
        )
    elif answer.status != 200:
        seen = said("answered %(status)s", status=str(answer.status))
        yield failed(Check.UNSIGNED_FETCH, seen, _FOR_STATUS.get(answer.status, fix))
        return
    else:
        yield fine(Check.UNSIGNED_FETCH, said("the document came"))
        shown.document = json_of(answer)
    async for finding in _signed(asker, shown):
        yield finding


_FOR_STATUS = {
    421: said("Let the proxy hand the Host header on as it came."),
    404: said("The handle leads to an address where nothing is: let both name the actor's id."),
    410: said("The account is deleted there; nothing mends that."),
}


async def _signed(asker: Asker, shown: Shown) -> AsyncIterator[Finding]:
    if asker.examiner.key is None:
        if shown.is_signed_only:
            seen = said("not tried: there is no key here to sign with")
            yield warned(Check.SIGNED_FETCH, seen, said("Look from a node that runs at a public address."))
        return
    for check, spec in (
        (Check.SIGNED_FETCH, SignatureSpec.CAVAGE),
        (Check.RFC9421_FETCH, SignatureSpec.RFC9421),
    ):
        try:
            answer = await asker.follow(shown.url, ACTIVITY_JSON, spec=spec)
        except FetchError as error:
            yield failed(check, trouble(error), said("Let signed and unsigned requests be answered alike."))
            continue
        if answer.status == 200:
            yield fine(check, said("the document came"))
            if shown.document is None and shown.is_signed_only:
                shown.answer, shown.document = answer, json_of(answer)
        else:
            yield _refused(check, answer, shown)


def _refused(check: Check, answer: HttpMessage, shown: Shown) -> Finding:
    seen = said("answered %(status)s", status=str(answer.status))
    speaks = CAPABILITY_RFC9421 in _offered(shown.document or {})
    if check is Check.RFC9421_FETCH and answer.status in (400, 401, 403) and not speaks:
        return fine(check, said("answered %(status)s: it does not read RFC 9421", status=str(answer.status)))
    fix = said(
        "Look in its log why our signature was refused: mostly it cannot fetch our key, or its clock is off."
    )
    return failed(check, seen, fix)


# --- by each Accept header --------------------------------------------------------------------------------


async def reader_findings(asker: Asker, shown: Shown) -> AsyncIterator[Finding]:
    """The document's type, and what other readers get at the same address. Raises: Spent."""
    if shown.answer is not None and shown.document is not None:
        yield _type(shown.answer)
    yield await _profile(asker, shown)
    async for finding in _page(asker, shown):
        yield finding


def _type(answer: HttpMessage) -> Finding:
    kind = answer.header("content-type")
    if is_activity_content_type(kind):
        return fine(Check.CONTENT_TYPE, said("it is sent as %(kind)s", kind=plain(kind)))
    fix = said("Send it with Content-Type: application/activity+json; other types are refused (FEP-fe34).")
    return failed(Check.CONTENT_TYPE, said("it is sent as %(kind)s", kind=plain(kind or "-")), fix)


async def _profile(asker: Asker, shown: Shown) -> Finding:
    fix = said(
        "Answer application/ld+json with the ActivityStreams profile alike: some ask for nothing else."
    )
    try:
        answer = await asker.follow(shown.url, LD_JSON_PROFILE, spec=shown.spec)
    except FetchError as error:
        return failed(Check.PROFILE_TYPE, trouble(error), fix)
    if answer.status == 200 and is_activity_content_type(answer.header("content-type")):
        return fine(Check.PROFILE_TYPE, said("the document came"))
    kind = plain(answer.header("content-type") or "-")
    seen = said("it answered %(status)s with %(kind)s", status=str(answer.status), kind=kind)
    return failed(Check.PROFILE_TYPE, seen, fix)


async def _page(asker: Asker, shown: Shown) -> AsyncIterator[Finding]:
    fix = said("Show browsers a page at the actor's address, or send them to one.")
    try:
        answer = await asker.get(shown.url, "text/html")
    except FetchError as error:
        yield warned(Check.PAGE, trouble(error), fix)
        return
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if 300 <= answer.status < 400:
        yield fine(Check.PAGE, said("browsers are sent to a page"))
    elif answer.status == 200 and kind == "text/html":
        yield fine(Check.PAGE, said("browsers see a page"))
        yield _vary(shown.answer)
    else:
        seen = said(
            "it answered %(status)s with %(kind)s", status=str(answer.status), kind=plain(kind or "-")
        )
        yield warned(Check.PAGE, seen, fix)


def _vary(answer: HttpMessage | None) -> Finding:
    """One address with two faces: a cache between must know. Spec: RFC 9110 §12.5.5."""
    named = ((answer.header("vary") if answer is not None else None) or "").lower()
    if "accept" in {part.strip() for part in named.split(",")} or named.strip() == "*":
        return fine(Check.VARY, said("it varies by %(named)s", named=plain(named)))
    seen = said("page and document share an address, and it does not say so")
    return warned(Check.VARY, seen, said("Send Vary: Accept, or a cache hands servers the page."))


# --- what stands in it ------------------------------------------------------------------------------------


def document_findings(shown: Shown) -> Finding | None:
    """Whether what came is a document at all; None where it is."""
    if shown.document is not None or shown.answer is None or shown.answer.status != 200:
        return None
    seen = said(
        "what came is not one JSON object: %(kind)s", kind=plain(shown.answer.header("content-type") or "-")
    )
    fix = said("Send the actor's document as one object of strict JSON, in UTF-8.")
    return failed(Check.CONTENT_TYPE, seen, fix)


def property_findings(document: JsonObject, url: str) -> list[Finding]:
    """Its id, and what servers need of it. Spec: ActivityPub §4.1; interop §3.1."""
    return [_id(document, url), _properties(document), _capabilities(document)]


def _id(document: JsonObject, url: str) -> Finding:
    fix = said("Serve the document at its own id, spelt the same, and let WebFinger name that.")
    try:
        stated = parse_iri(document.get("id"))
    except InvalidIri:
        return failed(Check.ID, said("it has no usable id"), fix)
    if stated == url:
        return fine(Check.ID, said("it is its address"))
    if not same_origin(stated, url):
        return failed(Check.ID, said("it lies on another host: %(id)s", id=plain(stated)), fix)
    return failed(Check.ID, said("it is not the address asked: %(id)s", id=plain(stated)), fix)


_NEEDED = ("type", "inbox", "preferredUsername")
_WANTED = ("outbox", "followers")


def _properties(document: JsonObject) -> Finding:
    lacks = tuple(name for name in _NEEDED if not _has(document, name))
    foreign = tuple(
        name
        for name in ("inbox", "outbox")
        if _has(document, name) and not same_origin(as_id(document.get(name)), document.get("id"))
    )
    if lacks:
        seen = said("it lacks %(names)s", names=lacks)
        return failed(Check.PROPERTIES, seen, said("State them: servers make no account of it without."))
    if foreign:
        seen = said("on another host than the actor: %(names)s", names=foreign)
        return failed(Check.PROPERTIES, seen, said("Keep an actor's mailboxes on its own origin."))
    missing = tuple(name for name in _WANTED if not _has(document, name))
    if missing and "Application" not in type_names(document):
        seen = said("it lacks %(names)s", names=missing)
        return warned(Check.PROPERTIES, seen, said("State them: some servers show nothing without."))
    return fine(
        Check.PROPERTIES, said("%(type)s, with all that is needed", type=plain(type_names(document)[0]))
    )


def _has(document: JsonObject, name: str) -> bool:
    if name == "type":
        return len([one for one in type_names(document) if one in ACTOR_TYPES]) == 1
    return bool(as_text(document.get(name)) or as_id(document.get(name)))


def _capabilities(document: JsonObject) -> Finding:
    offered = sorted(_offered(document))
    if not offered:
        return Finding(Check.CAPABILITIES, State.OK, said("it says nothing of what it implements"))
    names = tuple(plain(href.rstrip("/").rsplit("/", 1)[-1]) for href in offered[:8])
    return fine(Check.CAPABILITIES, said("it implements %(names)s", names=names))


def _offered(document: JsonObject) -> set[str]:
    """FEP-844e: of the document itself, or of its generator."""
    found: list[Any] = as_list(document.get("implements"))
    for generator in as_list(document.get("generator")):
        if isinstance(generator, dict):
            found = found + as_list(generator.get("implements"))
    hrefs = (one.get("href") or one.get("id") if isinstance(one, dict) else one for one in found[:100])
    return {href for href in hrefs if isinstance(href, str)}
