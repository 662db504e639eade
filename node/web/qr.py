"""The code of an account's public page, as a drawing: for a shop's counter, or to be shown on a phone.

A phone's camera opens the page; nothing here reads a code.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from node.context import Node

__all__ = ["QrCodes", "draw_code"]

_REMEMBERED = 64
_HEADERS = {"cache-control": "public, max-age=86400"}


@lru_cache(_REMEMBERED)
def draw_code(text: str) -> bytes:
    """The QR code of a text, as SVG without a size of its own: dark on white, whatever stands around it.

    No style and no class, so that a strict policy has nothing to forbid. Error correction M: a scratch on the
    counter does no harm.
    Spec: ISO/IEC 18004.
    """
    drawing = BytesIO()
    segno.make_qr(text, error="m").save(
        drawing, kind="svg", border=4, dark="#000", light="#fff", svgclass=None, lineclass=None, omitsize=True
    )
    return drawing.getvalue()


class QrCodes:
    """The ASGI end of `/@NAME/qr.svg`; `otherwise` answers where there is no such account."""

    def __init__(self, node: Node, otherwise: ASGIApp) -> None:
        self._node = node
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        name = request.path_params["name"]
        account = await self._node.look(lambda desk: desk.tx.accounts.by_name(name))
        if account is None or request.method not in ("GET", "HEAD"):
            await self._otherwise(scope, receive, send)
            return
        drawing = draw_code(f"{self._node.config.base_url}/@{account.name}")
        response = Response(drawing if request.method == "GET" else b"", 200, _HEADERS, "image/svg+xml")
        await response(scope, receive, send)
