"""WebFinger, there and back: does the handle lead to the actor, and the actor to the handle?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

from federation.errors import FetchError, InvalidIri
from federation.ids import origin, parse_iri
from federation.jsonld import as_list, as_text
from federation.messages import HttpMessage, JsonObject
from federation.vocab import JRD_JSON, JSON, REL_SELF, is_activity_content_type
from federation.webfinger import Handle, parse_handle
from node.domain.sayings import said
from node.examination.asking import Asker, json_of
from node.examination.findings import Check, Finding, failed, fine, plain, trouble, warned

__all__ = ["Fingered", "handle_findings", "manner_findings", "way_back"]

_ACCEPT = f"{JRD_JSON}, {JSON}"
_UNLIKELY = "nobody-7f3a9c51e2"
"""A name that nobody has, to hear what is said of it."""


@dataclass(slots=True)
class Fingered:
    """What the handle's host said: the canonical handle and the actor, None where it named none."""

    handle: Handle
    canonical: Handle | None = None
    actor: str | None = None
    answer: HttpMessage | None = None
    is_doubtful: bool = False
    """It speaks of somebody else, so that there is no way back to be looked for."""


async def handle_findings(asker: Asker, asked: Fingered) -> AsyncIterator[Finding]:
    """Ask the handle's host, and fill in what it says. Raises: Spent."""
    fix = said("Answer /.well-known/webfinger?resource=acct:NAME@HOST with a JRD (RFC 7033).")
    try:
        answer = asked.answer = await asker.follow(
            _query(asker, asked.handle.host, asked.handle.acct), _ACCEPT
        )
    except FetchError as error:
        yield failed(Check.WEBFINGER, trouble(error), fix)
        return
    document = json_of(answer) if answer.status == 200 else None
    if document is None:
        seen = said("it answered %(status)s, and nothing that could be read", status=str(answer.status))
        misled = said("Let the proxy hand the Host header on as it came.")
        yield failed(Check.WEBFINGER, seen, misled if answer.status == 421 else fix)
        return
    yield fine(Check.WEBFINGER, said("%(handle)s is known there", handle=plain(asked.handle)))
    yield _subject(asked, document)
    yield _self_link(asked, document)
    yield _type(answer)
    yield _scripts(answer)


def _query(asker: Asker, host: str, resource: str) -> str:
    quoted = quote(resource, safe=":@")
    return f"{asker.examiner.scheme}://{host}/.well-known/webfinger?resource={quoted}"


def _subject(asked: Fingered, document: JsonObject) -> Finding:
    fix = said("Say the account's one canonical acct: address in subject, always the same.")
    try:
        canonical = parse_handle(document.get("subject"))
    except InvalidIri:
        asked.is_doubtful = True
        return failed(Check.SUBJECT, said("it is no account: %(it)s", it=plain(document.get("subject"))), fix)
    asked.canonical = canonical
    if canonical.names_same(asked.handle):
        return fine(Check.SUBJECT, said("it is %(handle)s", handle=plain(canonical)))
    if canonical.host != asked.handle.host:
        seen = said("the account goes by %(handle)s, which is asked below", handle=plain(canonical))
        return fine(Check.SUBJECT, seen)
    asked.is_doubtful = True
    seen = said("it speaks of %(handle)s instead", handle=plain(canonical))
    return failed(Check.SUBJECT, seen, fix)


def _self_link(asked: Fingered, document: JsonObject) -> Finding:
    fix = said("Give exactly one link with rel self and type application/activity+json: the actor's id.")
    links = [link for link in as_list(document.get("links"))[:50] if isinstance(link, dict)]
    ours = [
        link
        for link in links
        if link.get("rel") == REL_SELF and is_activity_content_type(str(link.get("type")))
    ]
    if len({str(link.get("href")) for link in ours}) != 1:
        seen = said("%(n)s links of rel self are for servers, and one should be", n=len(ours))
        return failed(Check.SELF_LINK, seen, fix)
    try:
        asked.actor = parse_iri(ours[0].get("href"))
    except InvalidIri:
        return failed(Check.SELF_LINK, said("it leads to no usable address"), fix)
    if len(ours) > 1:  # which some servers take for none (`interop §3.2`), though all lead to the same
        seen = said("%(n)s links of rel self lead to %(actor)s", n=len(ours), actor=plain(asked.actor))
        return warned(Check.SELF_LINK, seen, fix)
    return fine(Check.SELF_LINK, said("it leads to %(actor)s", actor=plain(asked.actor)))


def _type(answer: HttpMessage) -> Finding:
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if kind == JRD_JSON:
        return fine(Check.WEBFINGER_TYPE, said("it is sent as %(kind)s", kind=kind))
    fix = said("Answer with Content-Type: application/jrd+json.")
    seen = said("it is sent as %(kind)s", kind=plain(kind or "-"))
    return (warned if kind == JSON else failed)(Check.WEBFINGER_TYPE, seen, fix)


def _scripts(answer: HttpMessage) -> Finding:
    if answer.header("access-control-allow-origin") == "*":
        return fine(Check.SCRIPTS, said("pages elsewhere may ask it"))
    fix = said("Send Access-Control-Allow-Origin: * with every WebFinger answer (RFC 7033 §5).")
    return warned(Check.SCRIPTS, said("pages elsewhere may not ask it"), fix)


# --- manners ----------------------------------------------------------------------------------------------


async def manner_findings(asker: Asker, host: str, actor: str | None) -> AsyncIterator[Finding]:
    """What is said of who is unknown, of nobody, and of the actor's own address. Raises: Spent."""
    scheme = asker.examiner.scheme
    unknown = _query(asker, host, f"acct:{_UNLIKELY}@{host}")
    yield await _status(asker, Check.UNKNOWN_NAME, unknown, 404)
    yield await _status(asker, Check.NO_RESOURCE, f"{scheme}://{host}/.well-known/webfinger", 400)
    if actor is not None:
        yield await _by_address(asker, actor)


async def _status(asker: Asker, check: Check, url: str, wanted: int) -> Finding:
    fix = said("Answer %(status)s there (RFC 7033 §4.2).", status=str(wanted))
    try:
        answer = await asker.get(url, _ACCEPT)
    except FetchError as error:
        return warned(check, trouble(error), fix)
    seen = said("answered %(status)s", status=str(answer.status))
    if answer.status == wanted:
        return fine(check, seen)
    if check is Check.UNKNOWN_NAME and answer.status == 200:
        fix = said("Answer 404 for accounts that are not there: else anybody is found, and mail gets lost.")
        return failed(check, seen, fix)
    return warned(check, seen, fix)


async def _by_address(asker: Asker, actor: str) -> Finding:
    fix = said("Answer WebFinger for the actor's own address, too: some servers ask so.")
    host = origin(actor).partition("://")[2]
    try:
        answer = await asker.follow(_query(asker, host, actor), _ACCEPT)
    except FetchError as error:
        return warned(Check.BY_ADDRESS, trouble(error), fix)
    document = json_of(answer) if answer.status == 200 else None
    if document is None:
        return warned(Check.BY_ADDRESS, said("answered %(status)s", status=str(answer.status)), fix)
    return fine(Check.BY_ADDRESS, said("it names %(handle)s", handle=plain(document.get("subject"))))


# --- the way back -----------------------------------------------------------------------------------------


async def way_back(asker: Asker, asked: Fingered, document: JsonObject, actor: str) -> Finding:
    """Whether the actor's own host names the same account and the same actor.

    Raises: Spent.
    Spec:   interop §3.2, Loop; `security C15`.
    """
    fix = said(
        "Let WebFinger for preferredUsername@HOST of the actor's id name this very actor, and the handle."
    )
    named = as_text(document.get("preferredUsername")) or ""
    try:
        back = parse_handle(f"{named}@{origin(actor).partition('://')[2]}")
    except InvalidIri:
        seen = said("preferredUsername is no name of a handle: %(it)s", it=plain(named or "-"))
        return failed(Check.WAY_BACK, seen, fix)
    canonical = asked.canonical or asked.handle
    known = [asked.handle] if canonical.names_same(asked.handle) else []
    for other in (back, canonical):
        if any(other.names_same(one) for one in known):
            continue
        known.append(other)
        if not await _agrees(asker, other, canonical, actor):
            seen = said("%(handle)s does not lead back to it", handle=plain(other))
            return failed(Check.WAY_BACK, seen, fix)
    return fine(Check.WAY_BACK, said("%(handle)s leads back to it", handle=plain(canonical)))


async def _agrees(asker: Asker, asked: Handle, canonical: Handle, actor: str) -> bool:
    try:
        answer = await asker.follow(_query(asker, asked.host, asked.acct), _ACCEPT)
        document = (json_of(answer) if answer.status == 200 else None) or {}
        other = Fingered(asked)
        _self_link(other, document)
        return other.actor == actor and parse_handle(document.get("subject")).names_same(canonical)
    except (FetchError, InvalidIri):
        return False
