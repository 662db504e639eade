"""A server that others would follow, on loopback, of which a test breaks one thing at a time."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from federation.keys import generate_ed25519, generate_rsa
from federation.vocab import ACTIVITY_JSON, AS_CONTEXT, JRD_JSON, REL_NODEINFO_2_1

__all__ = ["HOST", "Peer", "a_listener", "listening", "serving"]

HOST = "shop.localhost"
Answer = Callable[[Request], Awaitable[Response]]
_RSA = generate_rsa("https://shop.localhost/#main-key", "https://shop.localhost/")
_ED25519 = generate_ed25519("https://shop.localhost/#ed25519-key", "https://shop.localhost/")


@dataclass
class Peer:
    """Shapes: `answers` maps a path to what a test has it answer instead; `actor` and `jrd` are changed in
    place; `headers` are sent with every answer."""

    port: int
    scheme: str = "http"
    answers: dict[str, Answer] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    actor: dict[str, Any] = field(default_factory=dict)
    jrd: dict[str, Any] = field(default_factory=dict)
    jrd_type: str = JRD_JSON
    actor_type: str = ACTIVITY_JSON
    cors: str = "*"
    vary: str = "Accept"
    is_signed_only: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        base, me = self.base, self.id
        self.actor = {
            "@context": AS_CONTEXT,
            "id": me,
            "type": "Organization",
            "preferredUsername": "shop",
            "name": "The Shop",
            "inbox": f"{me}/inbox",
            "outbox": f"{me}/outbox",
            "followers": f"{me}/followers",
            "endpoints": {"sharedInbox": f"{base}/inbox"},
            "publicKey": {"id": f"{me}#main-key", "owner": me, "publicKeyPem": _RSA.public.pem},
            "assertionMethod": [
                {
                    "id": f"{me}#ed25519-key",
                    "type": "Multikey",
                    "controller": me,
                    "publicKeyMultibase": _ED25519.public.multibase,
                }
            ],
        }
        self.jrd = {
            "subject": f"acct:shop@{self.host}",
            "aliases": [me],
            "links": [{"rel": "self", "type": ACTIVITY_JSON, "href": me}],
        }

    @property
    def host(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def base(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def id(self) -> str:
        return f"{self.base}/actors/shop"

    @property
    def handle(self) -> str:
        return f"@shop@{self.host}"

    def break_(self, path: str, answer: Response | Answer) -> None:
        """Have a path answer otherwise."""

        async def given(request: Request) -> Response:
            return answer if isinstance(answer, Response) else await answer(request)

        self.answers[path] = given

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        self.asked.append((request.method, scope["path"]))
        response = await self.answers.get(scope["path"], self._usual)(request)
        for name, value in self.headers.items():
            response.headers[name] = value
        await response(scope, receive, send)

    async def _usual(self, request: Request) -> Response:
        path = request.url.path
        if path == "/.well-known/webfinger":
            return self._finger(request)
        if request.method == "POST":
            await request.body()
            is_inbox = path in ("/inbox", "/actors/shop/inbox")
            return PlainTextResponse("unsigned", 401 if is_inbox else 404)
        if path == "/actors/shop":
            return self.document(request)
        if path in ("/actors/shop/outbox", "/actors/shop/followers"):
            collection = {"@context": AS_CONTEXT, "id": self.base + path, "type": "OrderedCollection"}
            return JSONResponse({**collection, "totalItems": 3}, media_type=ACTIVITY_JSON)
        return self._small(path)

    def document(self, request: Request) -> Response:
        if "text/html" in request.headers["accept"]:
            return Response("<h1>The Shop</h1>", media_type="text/html", headers={"vary": self.vary})
        if self.is_signed_only and "signature" not in request.headers:
            return PlainTextResponse("sign", 401)
        kind = self.actor_type if "activity+json" in request.headers["accept"] else ACTIVITY_JSON
        return JSONResponse(self.actor, media_type=kind, headers={"vary": self.vary})

    def _finger(self, request: Request) -> Response:
        headers = {"access-control-allow-origin": self.cors}
        resource = request.query_params.get("resource", "")
        if not resource:
            return PlainTextResponse("which", 400, headers)
        if resource not in (f"acct:shop@{self.host}", self.id, f"{self.base}/@shop", f"{self.base}/"):
            return PlainTextResponse("who", 404, headers)
        return Response(json.dumps(self.jrd), headers=headers, media_type=self.jrd_type)

    def _small(self, path: str) -> Response:
        match path:
            case "/.well-known/host-meta":
                return Response('<XRD><Link rel="lrdd"/></XRD>', media_type="application/xrd+xml")
            case "/.well-known/nodeinfo":
                return JSONResponse({"links": [{"rel": REL_NODEINFO_2_1, "href": f"{self.base}/ni"}]})
            case "/ni":
                return JSONResponse({"version": "2.1", "software": {"name": "faulty", "version": "1"}})
            case "/@shop":
                return RedirectResponse(self.id)
            case _:
                return PlainTextResponse("nothing", 404)


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def serving(
    peer_of: Callable[[int], Peer], *, tls: tuple[Path, Path] | None = None
) -> AsyncIterator[Peer]:
    """Serve a peer on a port of loopback until the block is left."""
    with a_listener() as listener:
        peer = peer_of(int(listener.getsockname()[1]))
        async with listening(peer, listener, tls=tls, date_header="date" not in peer.headers):
            yield peer


def a_listener() -> socket.socket:
    """Named as TCP, so that asyncio lets small answers leave at once (TCP_NODELAY)."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener


@asynccontextmanager
async def listening(
    app: Any, listener: socket.socket, *, tls: tuple[Path, Path] | None = None, date_header: bool = True
) -> AsyncIterator[None]:
    """Serve an application over HTTP in this process until the block is left."""
    files: dict[str, Any] = {"ssl_certfile": str(tls[0]), "ssl_keyfile": str(tls[1])} if tls else {}
    server = _Server(
        uvicorn.Config(app, log_level="critical", lifespan="off", date_header=date_header, **files)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    with anyio.fail_after(10):
        await server.ready.wait()
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await task
