"""Following an account here, or asking a vendor, from elsewhere: a visitor types his handle, we find a page.

Nobody is redirected: the answer is a page that names the server and links to it (`security U03`). It is the
one thing that a stranger can have this node ask of the network, so it is rationed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from federation.errors import FederationError, InvalidIri
from federation.ids import host
from federation.rates import Buckets
from federation.webfinger import Handle, parse_handle
from node.context import Node
from node.lookups import FollowPlace, find_ask_place, find_follow_place
from node.web.fields import Typed
from node.web.forms import BadForm, parse_urlencoded
from node.web.i18n import choose_locale
from node.web.pages import render_follow, render_missing
from node.web.templating import Reader
from node.web.views import FollowView, MissingView

__all__ = ["Follow", "FollowSettings"]

PATH = "/follow"
_FORM_BYTES = 4096
_FORM_S = 10
_MAX_HANDLE = 400
_EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowSettings:
    """How often servers may be asked: so many at once, then so many a minute; each server less."""

    burst: int = 20
    per_minute: float = 30
    server_burst: int = 4
    server_per_minute: float = 6


class Follow:
    """The ASGI end of `/follow`. `followed` finds who a handle of ours is, as its page shows it, or None."""

    def __init__(
        self,
        node: Node,
        followed: Callable[[str], Awaitable[FollowView | None]],
        settings: FollowSettings | None = None,
    ) -> None:
        bounds = settings or FollowSettings()
        self._node = node
        self._followed = followed
        self._overall = Buckets(per_second=bounds.per_minute / 60, burst=bounds.burst)
        self._servers = Buckets(per_second=bounds.server_per_minute / 60, burst=bounds.server_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return RedirectResponse("/", 303)
        typed = await self._typed(request)
        view = await self._followed(typed.first("account")[:_MAX_HANDLE]) if typed is not None else None
        if typed is None or view is None:
            return HTMLResponse(render_missing(MissingView(host=self._node.config.host)), 404)
        reader = Reader(choose_locale(None, request.headers.get("accept-language")), self._node.now())
        view = replace(view, asks=typed.first("want") == "ask")
        found, status, headers = await self._found(view, typed.first("handle").strip()[:_MAX_HANDLE])
        return HTMLResponse(render_follow(found, reader), status, {"cache-control": "no-store", **headers})

    async def _typed(self, request: Request) -> Typed | None:
        """What the form says; None where it is none of ours, too long, or too slow."""
        body = b""
        with anyio.move_on_after(_FORM_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _FORM_BYTES:
                    return None
            try:
                return parse_urlencoded(body)
            except BadForm:
                return None
        return None

    async def _found(self, view: FollowView, handle: str) -> tuple[FollowView, int, dict[str, str]]:
        try:
            visitor = parse_handle(handle)
        except InvalidIri:
            return replace(view, typed=handle, wrong="handle"), 422, {}
        wait_s = self._wait_s(visitor)
        if wait_s > 0:
            return replace(view, typed=handle, wrong="busy"), 429, {"retry-after": str(int(wait_s) + 1)}
        try:
            find = find_ask_place if view.asks else find_follow_place
            place = await find(self._node, visitor, view.actor)
        except (FederationError, OSError):
            return replace(view, typed=handle, wrong="server"), 422, {}
        return _with_place(view, handle, place)

    def _wait_s(self, visitor: Handle) -> float:
        """Count this question, or say how long to wait: a ration for each server, at whatever port."""
        at_s, server = self._node.now().timestamp(), host(f"https://{visitor.host}")
        wait_s = max(self._overall.wait_s(_EVERYBODY, at_s), self._servers.wait_s(server, at_s))
        if wait_s <= 0:
            self._overall.spend(_EVERYBODY, at_s)
            self._servers.spend(server, at_s)
        return wait_s


def _with_place(
    view: FollowView, handle: str, place: FollowPlace | None
) -> tuple[FollowView, int, dict[str, Any]]:
    if place is None:
        return replace(view, typed=handle, wrong="none"), 422, {}
    return replace(view, typed=handle, action=place.address, server=place.host), 200, {}
