"""What strangers may know of a node's health, and how its answers are counted: the ASGI ends of both."""

from __future__ import annotations

import time

from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from federation.answers import problem
from node.observability.health import Health
from node.observability.metrics import Metrics

__all__ = ["Measured", "health_routes"]

_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_COME_BACK_S = 10


def health_routes(health: Health) -> list[BaseRoute]:
    """`/livez` says that the process answers, `/readyz` that it can do its work; why not is not told here."""
    return [Route("/livez", _Probe(None)), Route("/readyz", _Probe(health))]


class _Probe:
    def __init__(self, health: Health | None) -> None:
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._answer(scope["method"]))(scope, receive, send)

    async def _answer(self, method: str) -> Response:
        if method not in ("GET", "HEAD"):
            return problem(405, "Method not allowed", headers={"allow": "GET, HEAD"})
        if self._health is not None and await self._health.failing():
            return problem(
                503, "Not ready", retry_after_s=_COME_BACK_S, headers={"cache-control": "no-store"}
            )
        return PlainTextResponse(b"" if method == "HEAD" else b"ok\n", headers=_HEADERS)


class Measured:
    """Middleware around everything: how long each answer took, by its kind and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                kind = "inbox" if scope["method"] == "POST" else "read"
                self._metrics.answered(kind, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, told)
