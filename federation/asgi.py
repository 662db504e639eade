"""The HTTP face: inboxes, documents, discovery. The only module of the toolkit that knows a framework.

The public address of a request is built from configuration and the raw path, never from the Host header.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from federation.inbox import InboxDependencies
from federation.messages import HttpMessage, JsonObject, Limits
from federation.vocab import ACTIVITY_JSON

__all__ = ["Endpoints", "InboxEndpoint", "RequestGuard", "Served", "routes"]


@dataclass(frozen=True, slots=True)
class Served:
    """One document to serve: JSON (a dict is dumped, bytes go as they are) and perhaps a page for people.

    `status` is 200, or 410 for a Tombstone. `html`, where given, is asked for the page when the reader prefers
    HTML; `headers` are added to the answer.
    """

    json: JsonObject | bytes
    media_type: str = ACTIVITY_JSON
    status: int = 200
    html: Callable[[], Awaitable[str]] | None = None
    headers: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What the routes ask of the application.

    Shapes: `base_url` is the node's public origin without a slash ("https://ana.example").
            `recipient(path)` gives the actor id whose inbox lies at this path, "" for the shared inbox, None for none.
            `document(path, request)` serves actors, collections and objects: None is 404 for everybody alike.
            `request` is there for documents that answer a signed GET only (`inbox.authenticate`).
            `webfinger(resource)` gives the JRD or None.
    """

    base_url: str
    inbox: InboxDependencies
    recipient: Callable[[str], str | None]
    document: Callable[[str, HttpMessage], Awaitable[Served | None]]
    webfinger: Callable[[str], Awaitable[JsonObject | None]]
    nodeinfo_links: Callable[[], Awaitable[JsonObject]]
    nodeinfo: Callable[[], Awaitable[JsonObject]]
    host_meta: Callable[[], Awaitable[str]]
    inboxes_at_once: int = 256


def routes(
    endpoints: Endpoints, *, inbox_paths: Sequence[str], document_paths: Sequence[str]
) -> list[BaseRoute]:
    """Routes for a Starlette application: inboxes and documents at the given path patterns, and discovery.

    Shapes: patterns are Starlette's, e.g. `/inbox`, `/actors/{name}/inbox`, `/actors/{rest:path}`. Put these
            routes before wider ones of the application.
    """
    raise NotImplementedError


class InboxEndpoint:
    """The inbox as a plain ASGI application: POST only, body read under size and time limits."""

    def __init__(self, endpoints: Endpoints) -> None:
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


class RequestGuard:
    """Middleware around the whole application: one valid Host of ours, sane lengths, bounded headers."""

    def __init__(self, app: ASGIApp, *, base_url: str, limits: Limits) -> None:
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError
