"""Pictures as they are served: what this node encoded itself, and nothing that a browser could take for more.

A stranger's browser may show them anywhere, since other servers' pages do; what is not for all is found by
a name that cannot be guessed, and kept by nobody on the way.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from node.context import Node
from node.store.media import KeptPicture, Purpose

__all__ = ["MediaFiles", "picture_answer"]

_FOR_EVER = "max-age=31536000, immutable"
_SAFE = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
}


def picture_answer(
    kept: KeptPicture, body: bytes, asked: Mapping[str, str], *, method: str = "GET", is_owners: bool = False
) -> Response:
    """A picture as an answer to GET or HEAD.

    Shapes: `asked` are the request's headers. `is_owners` is for pictures on its owner's own pages.
    Spec:   `security P10`; FEP-fe34 (never an ActivityPub type).
    """
    tag = f'"{kept.digest}"'
    is_shared = kept.purpose is not Purpose.HIDDEN and not is_owners
    headers = {
        **_SAFE,
        "cache-control": f"{'public' if is_shared else 'private'}, {_FOR_EVER}",
        "content-disposition": f'inline; filename="{kept.name}"',
        "cross-origin-resource-policy": "same-origin" if is_owners else "cross-origin",
        "etag": tag,
        "referrer-policy": "no-referrer",
    }
    if tag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    headers["content-length"] = str(len(body))
    return Response(body if method == "GET" else b"", 200, headers, kept.media_type)


class MediaFiles:
    """The ASGI end of `/media/NAME`; `otherwise` answers where there is nothing for everybody."""

    def __init__(self, node: Node, otherwise: ASGIApp) -> None:
        self._node = node
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        name = request.path_params["name"]
        found = None
        if request.method in ("GET", "HEAD"):
            found = await self._node.look(lambda desk: desk.tx.media.served(name))
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        answer = picture_answer(*found, request.headers, method=request.method)
        await answer(scope, receive, send)
