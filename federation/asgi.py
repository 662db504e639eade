"""The HTTP face: inboxes, documents, discovery. With `answers`, all of the toolkit that knows a framework.

The public address of a request is built from configuration and the raw path, never from the Host header, so
that neither a proxy nor a forged header changes what a signature is held against.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote

from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from federation.answers import (
    NEGOTIATED,
    PLAIN,
    closing,
    not_allowed,
    not_found,
    problem,
    refusal,
    refused_head,
)
from federation.errors import InvalidIri, Refused, TemporarilyUnavailable
from federation.heads import authorities_of, check_head
from federation.inbox import InboxDependencies, receive
from federation.intake import Bodies, Body, BodyTimeout, Patience, Room, Turnstile, read_body
from federation.messages import HttpMessage, JsonObject, Limits
from federation.nodeinfo import NODEINFO_2_0, NODEINFO_2_1, as_nodeinfo_2_0
from federation.preferences import prefers_html
from federation.strictjson import dump_json
from federation.vocab import ACTIVITY_JSON, JRD_JSON, JSON, REL_NODEINFO_2_0, REL_NODEINFO_2_1, XRD_XML

__all__ = ["Endpoints", "InboxEndpoint", "RequestGuard", "Served", "public_request", "routes"]

_COME_BACK_S = 30
_FOR_SCRIPTS = {**PLAIN, "access-control-allow-origin": "*"}
_NOTHING_FOLLOWS = ((b"content-length", b"0"),)
_NOTHING: Message = {"type": "http.response.body", "body": b""}


@dataclass(frozen=True, slots=True)
class Served:
    """One document to serve: JSON (a dict is dumped, bytes go as they are) and perhaps a page for people.

    `status` is 200, or 410 for a Tombstone. `html`, where given, is asked for the page when the reader
    prefers HTML; `headers` are added to the answer.
    """

    json: JsonObject | bytes
    media_type: str = ACTIVITY_JSON
    status: int = 200
    html: Callable[[], Awaitable[str]] | None = None
    headers: tuple[tuple[str, str], ...] = ()


def _log_failure(what: str, error: BaseException) -> None:
    logging.getLogger(__name__).error("%s failed", what, exc_info=error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """What the routes ask of the application.

    Shapes: `base_url` is the node's public origin without a slash ("https://ana.example").
            `recipient(path)` gives the actor id whose inbox lies at this path, "" for the shared inbox, None
            for none. `document(path, request)` serves actors, collections and objects: None is 404, the same
            for everybody; it may raise Refused, e.g. by `inbox.authenticate(request)` for what answers a
            signed GET only. Paths are raw: nothing is decoded, one spelling names one thing.
            `webfinger(resource)` gives the JRD or None, and may raise InvalidIri for a resource that is none.
            `room` bounds what is held at once; beyond it the answer is 503.
    """

    base_url: str
    inbox: InboxDependencies
    recipient: Callable[[str], str | None]
    document: Callable[[str, HttpMessage], Awaitable[Served | None]]
    webfinger: Callable[[str], Awaitable[JsonObject | None]]
    nodeinfo_links: Callable[[], Awaitable[JsonObject]]
    nodeinfo: Callable[[], Awaitable[JsonObject]]
    host_meta: Callable[[], Awaitable[bytes]]
    room: Room = field(default_factory=Room)
    report: Callable[[str, BaseException], None] = _log_failure


def routes(
    endpoints: Endpoints,
    *,
    inbox_paths: Sequence[str],
    document_paths: Sequence[str],
    inbox: InboxEndpoint | None = None,
) -> list[BaseRoute]:
    """Routes for a Starlette application: inboxes and documents at the given patterns, and discovery.

    Shapes: patterns are Starlette's, e.g. `/inbox`, `/actors/{name}/inbox`, `/actors/{rest:path}`; inboxes
            come first. Put these routes before wider ones of the application. `inbox` is the one that
            `RequestGuard` knows as well, where it does.
    """
    inbox = inbox or InboxEndpoint(endpoints)
    room = endpoints.room
    turnstile = Turnstile(at_once=room.read_at_once, waiting=room.read_waiting)
    discovery: dict[str, _Answering] = {
        "/.well-known/webfinger": _webfinger,
        "/.well-known/nodeinfo": _nodeinfo_links,
        NODEINFO_2_0: _nodeinfo_2_0,
        NODEINFO_2_1: _nodeinfo,
        "/.well-known/host-meta": _host_meta,
    }
    return [
        *(Route(path, inbox) for path in inbox_paths),
        *(Route(path, _Reading(endpoints, turnstile, answer)) for path, answer in discovery.items()),
        *(Route(path, _Reading(endpoints, turnstile, _document)) for path in document_paths),
    ]


def public_request(scope: Scope, base_url: str, body: bytes = b"") -> HttpMessage:
    """The request of an ASGI scope as its sender addressed it: configured origin, raw path, query.

    Spec: RFC 9421 §2.2.2; `interop §1.4`, @target-uri.
    """
    query = scope.get("query_string", b"").decode("latin-1")
    url = base_url + _raw_path(scope) + ("?" + query if query else "")
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    return HttpMessage(scope["method"], url, tuple(pairs), body)


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    # Servers need not give the raw path; all that we run on do.
    path: str = raw.decode("latin-1") if raw else quote(scope["path"])
    return path.partition("?")[0]


# --- the inbox -------------------------------------------------------------------------------------------


class InboxEndpoint:
    """The inbox as a plain ASGI application: POST only, body read under size and time limits.

    Not a Request object: building one costs as much as verifying the signature (`speed` 6).
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        room = endpoints.room
        self._judging = Turnstile(at_once=room.judged_at_once, waiting=room.judged_waiting)
        self._bodies = Bodies(room.body_bytes)
        self._for_a_body, self._for_a_verdict = Patience(room.body_s), Patience(room.judge_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await not_allowed("POST")(scope, receive, send)
        elif not await self.take(scope, receive, send):
            await closing(not_found())(scope, receive, send)

    async def take(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Take what is posted to an inbox of ours; False, with nothing read or said, where there is none."""
        recipient = self._endpoints.recipient(_raw_path(scope))
        if recipient is None:
            return False
        body = self._bodies.open()
        try:
            answer = await self._take(scope, receive, recipient, body)
        finally:
            body.close()
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        elif answer is not None:
            await send({"type": "http.response.start", "status": answer, "headers": _NOTHING_FOLLOWS})
            await send(_NOTHING)
        return True

    async def _take(
        self, scope: Scope, receive_body: Receive, recipient: str, body: Body
    ) -> Response | int | None:
        """The answer, or just its status, or None where nobody is there any more to get one."""
        limits = self._endpoints.inbox.limits
        try:
            content = await read_body(
                body,
                receive_body,
                scope["headers"],
                most_bytes=limits.inbox_body_bytes,
                patience=self._for_a_body,
            )
        except BodyTimeout:
            return closing(problem(408, "Request timeout", "the body took too long to arrive"))
        except Refused as error:
            return closing(refusal(error))
        if content is None:
            return None
        try:
            async with self._judging:
                with body.wait.for_(self._for_a_verdict):
                    message = public_request(scope, self._endpoints.base_url, content)
                    return await self._judge(message, recipient)
        except TemporarilyUnavailable as error:
            return refusal(error)
        except TimeoutError:
            return refusal(TemporarilyUnavailable("this took too long here", retry_after_s=_COME_BACK_S))

    async def _judge(self, message: HttpMessage, recipient: str) -> Response | int:
        try:
            receipt = await receive(message, recipient=recipient, deps=self._endpoints.inbox)
        except (
            Exception
        ) as error:  # the application's store, or a fault of ours: never a 2xx, never words of it
            self._endpoints.report("inbox", error)
            return refusal(TemporarilyUnavailable("try again later", retry_after_s=_COME_BACK_S))
        return receipt.status if receipt.error is None else refusal(receipt.error)


# --- documents and discovery -----------------------------------------------------------------------------

_Answering = Callable[[Endpoints, Scope], Awaitable[Response]]


class _Reading:
    """One kind of GET as a plain ASGI application; HEAD is the same without the body.

    Shapes: `turnstile` is shared by all that is read, so that a flood of GETs cannot fill the store's queue.
    """

    def __init__(self, endpoints: Endpoints, turnstile: Turnstile, answer: _Answering) -> None:
        self._endpoints = endpoints
        self._turnstile = turnstile
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            response = not_allowed("GET, HEAD")
        else:
            response = await self._read(scope)
        if scope["method"] == "HEAD":
            response.body = b""  # content-length stays that of the GET (RFC 9110 §9.3.2)
        await response(scope, receive, send)

    async def _read(self, scope: Scope) -> Response:
        try:
            async with self._turnstile:
                return await self._answer(self._endpoints, scope)
        except TemporarilyUnavailable as error:
            return refusal(error)
        except Exception as error:  # as in the inbox: what went wrong is for the owner alone
            self._endpoints.report("document", error)
            return refusal(TemporarilyUnavailable("try again later", retry_after_s=_COME_BACK_S))


async def _document(endpoints: Endpoints, scope: Scope) -> Response:
    request = public_request(scope, endpoints.base_url)
    try:
        served = await endpoints.document(_raw_path(scope), request)
    except Refused as error:
        return refusal(error, NEGOTIATED)
    if served is None:
        return not_found()
    headers = {**NEGOTIATED, **dict(served.headers)}
    if served.html is not None and prefers_html(request.header("accept")):
        return Response(await served.html(), served.status, headers, "text/html")
    body = served.json if isinstance(served.json, bytes) else dump_json(served.json)
    return Response(body, served.status, headers, served.media_type)


async def _webfinger(endpoints: Endpoints, scope: Scope) -> Response:
    """RFC 7033 §4.2: 400 for a missing or bad `resource`, 404 for one that is not ours, open to scripts."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    resources = query.get("resource", [])
    if len(resources) != 1:
        return problem(400, "One resource is needed", place="resource", headers=_FOR_SCRIPTS)
    try:
        jrd = await endpoints.webfinger(resources[0])
    except InvalidIri as error:
        return problem(400, "Bad resource", str(error), place="resource", headers=_FOR_SCRIPTS)
    if jrd is None:
        return problem(404, "Not found", headers=_FOR_SCRIPTS)
    rels = query.get("rel")
    if rels:
        jrd = {**jrd, "links": [link for link in jrd.get("links", []) if link.get("rel") in rels]}
    return Response(dump_json(jrd), 200, _FOR_SCRIPTS, JRD_JSON)


async def _nodeinfo_links(endpoints: Endpoints, scope: Scope) -> Response:
    return Response(dump_json(await endpoints.nodeinfo_links()), 200, _FOR_SCRIPTS, JSON)


async def _nodeinfo(endpoints: Endpoints, scope: Scope) -> Response:
    media_type = f'{JSON}; profile="{REL_NODEINFO_2_1}#"'
    return Response(dump_json(await endpoints.nodeinfo()), 200, _FOR_SCRIPTS, media_type)


async def _nodeinfo_2_0(endpoints: Endpoints, scope: Scope) -> Response:
    media_type = f'{JSON}; profile="{REL_NODEINFO_2_0}#"'
    return Response(dump_json(as_nodeinfo_2_0(await endpoints.nodeinfo())), 200, _FOR_SCRIPTS, media_type)


async def _host_meta(endpoints: Endpoints, scope: Scope) -> Response:
    return Response(await endpoints.host_meta(), 200, _FOR_SCRIPTS, XRD_XML)


# --- around the whole application ------------------------------------------------------------------------


class RequestGuard:
    """Middleware around the whole application: a plain bounded head, and one Host, which is ours.

    Behind it a path is routed as it is spelt: nothing is decoded, so that one spelling names one thing.

    Shapes: `base_url` is the public origin; `also` are further authorities (`host[:port]`) that may be asked
            for; `inbox`, where given, gets what is posted to it at once: all else is routed first, which
            takes a tenth of a message's time.
    Spec:   `security A01 to A09, A14`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_url: str,
        limits: Limits,
        also: Collection[str] = (),
        inbox: InboxEndpoint | None = None,
    ) -> None:
        self._app = app
        self._inbox = inbox
        self._limits = limits
        self._authorities = authorities_of(base_url, also)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw_path = _raw_path(scope)
        fault = check_head(
            scope["method"],
            raw_path.encode("latin-1"),
            scope.get("query_string", b""),
            scope["headers"],
            http_version=scope.get("http_version", "1.1"),
            authorities=self._authorities,
            most_bytes=self._limits.header_bytes,
            most_body_bytes=self._limits.inbox_body_bytes,
        )
        if fault is not None:
            await refused_head(fault)(scope, receive, send)
            return
        plain = {**scope, "path": raw_path}
        is_taken = (
            self._inbox is not None
            and scope["method"] == "POST"
            and await self._inbox.take(plain, receive, send)
        )
        if not is_taken:
            await self._app(plain, receive, send)
