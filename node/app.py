"""The ASGI application of a node: the federation's routes, the public pages, and what guards them all.

Every object is served by content negotiation at one address each for people and for programs; what is private
and what never was answer alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from federation.answers import not_found
from federation.asgi import Endpoints, InboxEndpoint, RequestGuard, Served, routes
from federation.authentication import InboxDependencies, authenticate
from federation.errors import Refused
from federation.intake import Room
from federation.messages import HttpMessage, JsonObject, Limits
from federation.nodeinfo import build_nodeinfo, build_wellknown
from federation.preferences import prefers_html
from federation.webfinger import build_host_meta
from node.config import Config, software_version
from node.context import Node
from node.observability.probes import Measured, health_routes
from node.observability.reporting import Reports
from node.public.documents import Documents, may_read
from node.public.pages import PublicDocument, PublicPages
from node.public.usage import usage_of
from node.web.follow import Follow
from node.web.frame import PRIVATE_PATHS, PrivatePages
from node.web.gate import Gate
from node.web.i18n import choose_locale
from node.web.interact import INTERACTION_PATHS, Interaction
from node.web.media import MediaFiles
from node.web.pages import PAGE_HEADERS, render_missing, render_public
from node.web.passkeys import Passkeys
from node.web.qr import QrCodes
from node.web.screens import ALL
from node.web.static import FILES
from node.web.templating import Reader
from node.web.uploads import PLACES
from node.web.views import FeedView, MissingView

__all__ = ["create_app"]

INBOX_PATHS = ("/inbox", "/actors/{name}/inbox", "/p/{name}/inbox")
DOCUMENT_PATHS = (
    "/",
    "/actor",
    "/actor/{rest:path}",
    "/actors/{rest:path}",
    "/p/{rest:path}",
    "/posts/{rest:path}",
    "/quotes/{rest:path}",
    "/asked/{rest:path}",
    "/contexts/{rest:path}",
    "/tags/{rest:path}",
    "/@{rest:path}",
    "/.well-known/myterms.json",
)


def create_app(node: Node, inbox: InboxDependencies, *, room: Room | None = None) -> ASGIApp:
    """The whole HTTP face of one node.

    Shapes: `inbox` is what `open_node` made for it; `room` bounds what is held for strangers at once.
    """
    documents = Documents(node.config.base_url)
    endpoints = _endpoints(node, inbox, documents, room or Room())
    posted = InboxEndpoint(endpoints)
    gate = Gate(Passkeys(node.config.base_url, secret=node.seed()))
    private = PrivatePages(node, ALL, gate=gate, report=Reports(node.metrics).failed)
    app = Starlette(
        routes=[
            Mount("/static", FILES),
            *health_routes(node.health),
            *(Route(path, private) for path in PRIVATE_PATHS),
            Route("/follow", _following(node, documents)),
            *(Route(path, Interaction()) for path in INTERACTION_PATHS),
            Route("/@{name}/qr.svg", QrCodes(node, _Missing(node.config.host))),
            Route("/media/{name}", MediaFiles(node, _Missing(node.config.host))),
            *routes(endpoints, inbox_paths=INBOX_PATHS, document_paths=DOCUMENT_PATHS, inbox=posted),
            Route("/{rest:path}", _Missing(node.config.host)),
        ],
        middleware=[Middleware(_PageHeaders)],
    )
    app.state.node = node
    return Measured(_Guards(app, node.config, posted), node.metrics)


def _endpoints(node: Node, inbox: InboxDependencies, documents: Documents, room: Room) -> Endpoints:
    pages = PublicPages(node.config.base_url, documents, Reports(node.metrics).failed)

    async def document(path: str, request: HttpMessage) -> Served | None:
        for_people = prefers_html(request.header("accept"))
        found = await node.look(lambda desk: pages.at(desk.tx, path, desk.now, as_page=for_people))
        if found is not None:
            locale = choose_locale(None, request.header("accept-language"))
            return _served(found, Reader(locale, node.now()))
        if not for_people and path.startswith("/posts/") and request.header("signature") is not None:
            return await _for_its_readers(node, inbox, documents, path, request)
        return _nothing(node.config.host) if for_people else None

    async def webfinger(resource: str) -> JsonObject | None:
        return await node.look(lambda desk: documents.webfinger(desk.tx, resource))

    async def nodeinfo_links() -> JsonObject:
        return build_wellknown(base_url=node.config.base_url, node_actor=documents.node_actor)

    async def nodeinfo() -> JsonObject:
        is_told = node.config.shows_usage
        usage = await node.look(lambda desk: usage_of(desk.tx, desk.now)) if is_told else None
        return build_nodeinfo(
            name="obverse", version=software_version(), node_name=node.config.host, usage=usage
        )

    async def host_meta() -> bytes:
        return build_host_meta(node.config.base_url)

    return Endpoints(
        base_url=node.config.base_url,
        inbox=inbox,
        recipient=documents.inbox_owner,
        document=document,
        webfinger=webfinger,
        nodeinfo_links=nodeinfo_links,
        nodeinfo=nodeinfo,
        host_meta=host_meta,
        room=room,
        report=Reports(node.metrics).failed,
    )


def _following(node: Node, documents: Documents) -> Follow:
    pages = PublicPages(node.config.base_url, documents, Reports(node.metrics).failed)
    return Follow(node, lambda handle: node.look(lambda desk: pages.follow(desk.tx, handle)))


def _served(found: PublicDocument, reader: Reader) -> Served:
    """A document and its page in the reader's language: one address, so both say what they vary by."""
    view, headers = found.view, [("vary", "Accept, Accept-Language, Signature")]
    if view is not None and not getattr(view, "indexed", True):
        headers.append(("x-robots-tag", "noindex"))
    if getattr(view, "by_link_only", False):
        headers.append(("cache-control", "private, no-store"))
    vary = tuple(headers)
    if isinstance(view, FeedView):
        return Served(render_public(view, reader).encode(), found.media_type, headers=vary)
    if isinstance(view, MissingView):
        return Served(found.json, found.media_type, found.status, _soon(render_missing(view)), vary)
    html = _soon(render_public(view, reader)) if view is not None else None
    return Served(found.json, found.media_type, html=html, headers=vary)


async def _for_its_readers(
    node: Node, inbox: InboxDependencies, documents: Documents, path: str, request: HttpMessage
) -> Served | None:
    """A post that is not for everybody, for those who show that it is for them; nothing for all others.

    Whoever shows nothing, or shows it badly, gets the same answer as for what never was (`security P05`).
    """
    post = await node.look(lambda desk: documents.hidden_post(desk.tx, path))
    if post is None:
        return None
    try:
        signer = await authenticate(request, deps=inbox)
    except Refused:
        return None
    if not await node.look(lambda desk: may_read(desk.tx, post, signer.actor)):
        return None
    return Served(post.body, headers=(("cache-control", "no-store"), ("vary", "Accept, Signature")))


def _nothing(host: str) -> Served:
    """The page for people of what is not there, and of what they may not see (`security P03`, `P04`)."""
    return Served(b"", status=404, html=_soon(render_missing(MissingView(host=host))))


def _soon(html: str) -> Callable[[], Awaitable[str]]:
    async def ready() -> str:
        return html

    return ready


class _Guards:
    """The guard of all requests; where owners send files, the same one with room for them."""

    def __init__(self, app: ASGIApp, config: Config, posted: InboxEndpoint) -> None:
        def guard(limits: Limits) -> RequestGuard:
            return RequestGuard(app, base_url=config.base_url, limits=limits, inbox=posted)

        self._usual = guard(config.limits)
        self._wider = [
            (place.prefix, guard(replace(config.limits, inbox_body_bytes=place.body_bytes)))
            for place in PLACES
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("raw_path", b"").decode("latin-1") if scope["type"] == "http" else ""
        wider = (guard for prefix, guard in self._wider if path.startswith(prefix))
        await next(wider, self._usual)(scope, receive, send)


class _Missing:
    """404: a page for people, a problem document for programs. A class, since a route calls those as ASGI."""

    def __init__(self, host: str) -> None:
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accept = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"accept"), None)
        response: Response = not_found()
        if prefers_html(accept):
            response = HTMLResponse(render_missing(MissingView(host=self._host)), 404)
        await response(scope, receive, send)


class _PageHeaders:
    """Adds the headers that forbid everything a page does not need."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                extra = [(name.encode(), value.encode()) for name, value in PAGE_HEADERS]
                message["headers"] = [
                    *message["headers"],
                    *(pair for pair in extra if pair[0] not in present),
                ]
            await send(message)

        await self._app(scope, receive, with_headers)
