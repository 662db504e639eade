"""Where other servers lead whoever has an account here: `/authorize_interaction`, and what is asked there.

Nothing is looked up and nothing done by a link from elsewhere: it leads to a page of ours that asks
(`security U03`). Of its query only names that we know go on, each as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from federation.errors import InvalidIri
from federation.ids import parse_iri
from node.web.fields import Typed
from node.web.visits import is_local

__all__ = ["INTERACTION_PATHS", "Interaction", "WayBack", "ways_back"]

PATH = "/authorize_interaction"
_MOST = 1000
_PLACES = {
    PATH: ("/my/interact", {"uri": "uri", "acct": "uri"}),
    f"{PATH}/offer": ("/my/interact/offer", {"to": "to", "about": "about"}),
    f"{PATH}/create": ("/my/interact/create", {"text": "text", "reply": "reply"}),
}
"""Which page of ours each leads to, and what its query is called there."""
INTERACTION_PATHS = tuple(_PLACES)
_ENDS = ("on-success", "on-cancel")


class Interaction:
    """The ASGI end of `/authorize_interaction` and what lies below it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(Request(scope, receive))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        page, names = _PLACES[request.scope["path"]]
        asked = request.query_params
        told = {ours: asked[theirs][:_MOST] for theirs, ours in names.items() if asked.get(theirs)}
        told |= {name: asked[name][:_MOST] for name in _ENDS if asked.get(name)}
        there = f"{page}?{urlencode(told, quote_via=quote, safe='')}" if told else page
        return RedirectResponse(there if is_local(there) else page, 303)


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where whoever came from another server goes afterwards. `closes` says that the page may be closed.

    Shapes: `address` is https and `host` where it lies, which is shown before anybody is led there.
    """

    address: str = ""
    host: str = ""
    closes: bool = False


def ways_back(told: Typed) -> dict[str, WayBack]:
    """What a query names for the end of it, `on-success` and `on-cancel`; what is no place is left out.

    Spec: FEP-3b86 (`(close)`, or an address); `security U03`.
    """
    found = {name: _way_back(told.first(name)) for name in _ENDS}
    return {name: way for name, way in found.items() if way is not None}


def _way_back(text: str) -> WayBack | None:
    if text == "(close)":
        return WayBack(closes=True)
    try:
        address = parse_iri(text)
    except InvalidIri:
        return None
    if not address.startswith("https://"):
        return None
    return WayBack(address, urlsplit(address).netloc)
