"""Where a server is, and what it says of itself as a whole: name, certificate, clock, small documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from federation.addresses import is_allowed_address
from federation.errors import AddressRefused, FetchError
from federation.handshakes import Handshake, TlsTrouble, shake_hands
from federation.jsonld import as_text
from federation.messages import HttpMessage
from federation.nodeinfo import parse_wellknown
from federation.vocab import JSON, XRD_XML
from node.domain.sayings import Said, said
from node.examination.asking import Asker, json_of
from node.examination.findings import Check, Finding, failed, fine, plain, trouble, warned

__all__ = ["clock_finding", "host_documents", "place_findings"]

_SOON = timedelta(days=14)
_DRIFTS, _TOO_FAR = timedelta(minutes=2), timedelta(minutes=55)
"""The narrowest windows in use are of minutes; at an hour nearly everybody refuses (interop §1.2)."""


async def place_findings(asker: Asker, base: str) -> AsyncIterator[Finding]:
    """Its name, its address, its certificate. Raises: Spent."""
    target_url = f"{base}/"
    total_s = asker.spend()
    guard = asker.examiner.client.guard
    try:
        target = guard.vet(target_url)
        async with asyncio.timeout(total_s):
            addresses = await guard.addresses(target.host, target.port)
    except AddressRefused as error:
        yield failed(
            Check.ADDRESS,
            trouble(error),
            said("Let the name lead to a public address, and serve https on port 443 there."),
        )
        return
    except TimeoutError:
        yield failed(Check.ADDRESS, said("its name was not looked up in time"), _LOOK_AT_DNS)
        return
    except OSError as error:
        seen = said("its name leads nowhere: %(why)s", why=plain(error.strerror or error))
        yield failed(Check.ADDRESS, seen, _LOOK_AT_DNS)
        return
    yield _address(addresses)
    if target.scheme == "http":
        yield fine(Check.TLS, said("plain HTTP, as only a closed network may"))
        return
    async for finding in _tls(asker, target_url):
        yield finding


_LOOK_AT_DNS = said("Set an A or AAAA record for the name, and wait until it has spread.")
_START_IT = said("Start the server, and let port 443 through the firewall to it or to its proxy.")


def _address(addresses: list[str]) -> Finding:
    listed = tuple(addresses[:6])
    if all(is_allowed_address(address) for address in addresses):
        return fine(Check.ADDRESS, said("public: %(addresses)s", addresses=listed))
    return fine(Check.ADDRESS, said("not public, and allowed here: %(addresses)s", addresses=listed))


async def _tls(asker: Asker, url: str) -> AsyncIterator[Finding]:
    examiner = asker.examiner
    try:
        shown = await shake_hands(examiner.client.guard, url, ca_file=examiner.ca_file, total_s=asker.spend())
    except FetchError as error:
        yield failed(Check.ADDRESS, trouble(error), _START_IT)
        return
    if shown.trouble is TlsTrouble.NO_TLS:
        fix = said("Serve TLS 1.2 or 1.3 there: most servers open nothing else.")
        yield failed(Check.TLS, said("no TLS could be agreed on: %(why)s", why=plain(shown.detail)), fix)
        return
    front = said("agreed on %(version)s, with HTTP/2 in front", version=shown.version)
    yield fine(
        Check.TLS, front if shown.protocol == "h2" else said("agreed on %(version)s", version=shown.version)
    )
    yield _certificate(shown, examiner.now())


def _certificate(shown: Handshake, now: datetime) -> Finding:
    ends = f"{shown.ends_at:%Y-%m-%d}" if shown.ends_at is not None else "?"
    names = tuple(plain(name) for name in shown.names[:5])
    match shown.trouble:
        case TlsTrouble.EXPIRED:
            return failed(Check.CERTIFICATE, said("it has ended on %(day)s", day=ends), _RENEW)
        case TlsTrouble.NOT_YET_VALID:
            seen = said("it is not valid yet")
            return failed(Check.CERTIFICATE, seen, said("Set the clocks right, or have it issued anew."))
        case TlsTrouble.WRONG_NAME:
            seen = said("it is for another name: %(names)s", names=names)
            fix = said("Have a certificate issued for this very name, and let the proxy show that one.")
            return failed(Check.CERTIFICATE, seen, fix)
        case TlsTrouble():  # all that is left: no authority that is trusted
            seen = said("nobody trusts it: %(why)s", why=plain(shown.detail))
            fix = said(
                "Serve the whole chain, the intermediate certificates included, of a public authority."
            )
            return failed(Check.CERTIFICATE, seen, fix)
        case None if shown.ends_at is not None and shown.ends_at < now + _SOON:
            return warned(Check.CERTIFICATE, said("it ends soon, on %(day)s", day=ends), _RENEW)
        case None:
            return fine(Check.CERTIFICATE, said("it holds until %(day)s", day=ends))


_RENEW = said("Renew the certificate, and look why that did not happen by itself.")


def clock_finding(answer: HttpMessage, now: datetime) -> Finding:
    """Their Date header beside our clock: signatures are dated. Spec: RFC 9110 §6.6.1."""
    fix = said("Let the machine keep its time from the network; look at both clocks.")
    try:
        theirs = parsedate_to_datetime(answer.header("date") or "")
    except ValueError:
        seen = said("its answers bear no date that can be read")
        return warned(Check.CLOCK, seen, said("Let the server send a Date header."))
    apart = theirs.replace(tzinfo=theirs.tzinfo or now.tzinfo) - now
    off = timedelta(seconds=abs(round(apart.total_seconds())))
    if off > _TOO_FAR:
        return failed(Check.CLOCK, said("it is %(span)s away from ours", span=off), fix)
    if off > _DRIFTS:
        return warned(Check.CLOCK, said("it is %(span)s away from ours", span=off), fix)
    return fine(Check.CLOCK, said("it agrees with ours"))


# --- small documents --------------------------------------------------------------------------------------


async def host_documents(asker: Asker, base: str) -> AsyncIterator[Finding]:
    """host-meta, NodeInfo, robots. None of them keeps anybody from federating. Raises: Spent."""
    yield await _host_meta(asker, base)
    yield await _nodeinfo(asker, base)
    yield await _robots(asker, base)


async def _host_meta(asker: Asker, base: str) -> Finding:
    fix = said("Serve an XRD with an lrdd template there, or answer 404.")
    try:
        answer = await asker.follow(f"{base}/.well-known/host-meta", XRD_XML)
    except FetchError as error:
        return warned(Check.HOST_META, trouble(error), fix)
    if answer.status == 200 and b"lrdd" in answer.body:
        return fine(Check.HOST_META, said("it leads to WebFinger"))
    if answer.status in (404, 410):
        return fine(Check.HOST_META, said("there is none; few ask for it"))
    return warned(Check.HOST_META, _answered(answer), fix)


async def _nodeinfo(asker: Asker, base: str) -> Finding:
    fix = said("Serve /.well-known/nodeinfo with a link to a NodeInfo 2.0 or 2.1 document.")
    try:
        links = await asker.follow(f"{base}/.well-known/nodeinfo", JSON)
        document = json_of(links)
        if links.status != 200 or document is None:
            return warned(Check.NODEINFO, _answered(links), fix)
        url = parse_wellknown(document).nodeinfo_url
        if url is None:
            return warned(Check.NODEINFO, said("it links to no NodeInfo document"), fix)
        answer = await asker.follow(url, JSON)
    except FetchError as error:
        return warned(Check.NODEINFO, trouble(error), fix)
    found = json_of(answer) if answer.status == 200 else None
    software = found.get("software") if found is not None else None
    if not isinstance(software, dict) or not as_text(software.get("name")):
        return warned(Check.NODEINFO, said("the document names no software"), fix)
    named = plain(f"{software['name']} {as_text(software.get('version')) or ''}".strip())
    return fine(Check.NODEINFO, said("it runs %(software)s", software=named))


async def _robots(asker: Asker, base: str) -> Finding:
    try:
        answer = await asker.follow(f"{base}/robots.txt", "text/plain")
    except FetchError as error:
        return warned(Check.ROBOTS, trouble(error), said("Serve a robots.txt, or answer 404."))
    if answer.status != 200:
        return fine(Check.ROBOTS, said("there is none: search engines may look"))
    lines = {line.strip().lower().replace(b" ", b"") for line in answer.body[:65536].splitlines()}
    if b"disallow:/" in lines:
        return fine(Check.ROBOTS, said("some or all search engines are asked to stay away"))
    return fine(Check.ROBOTS, said("search engines may look"))


def _answered(answer: HttpMessage) -> Said:
    kind = plain(answer.header("content-type") or "-")
    return said("it answered %(status)s with %(kind)s", status=str(answer.status), kind=kind)
