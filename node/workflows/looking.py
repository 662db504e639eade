"""Somebody else's picture, fetched because an owner asked to see it: never by itself (`security P08`).

address → guarded client, a few redirects by hand → decoded and encoded anew → kept for a day, for its owner
"""

from __future__ import annotations

from urllib.parse import urljoin

from federation.errors import FederationError
from federation.ids import host, without_fragment
from federation.messages import HttpMessage
from node.context import Node
from node.domain.errors import InvalidInput
from node.domain.pictures import IN_POSTS
from node.domain.sayings import said
from node.services.media import keep_shown
from node.store.media import KeptPicture, Purpose

__all__ = ["show_picture"]

_ACCEPT = "image/webp, image/jpeg, image/png, image/gif"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 3
_FIELD = "picture"


async def show_picture(node: Node, account: str, address: str) -> KeptPicture:
    """Fetch a picture, unsigned and unnamed, and keep it where its owner's pages find it.

    Raises: InvalidInput, in words: its server does not give it, or it is none that is taken.
    Spec:   `security P08, E21`.
    """
    shown = await node.look(lambda desk: desk.tx.media.all(account, [Purpose.SHOWN], place=address))
    if shown:
        return shown[0]
    try:
        data = await _fetch(node, without_fragment(address))
    except (FederationError, OSError) as error:
        wrong = said("the picture could not be had: %(error)s", error=error)
        raise InvalidInput(_FIELD, wrong, "Open it at its own place instead.") from None
    picture = await node.darkroom.develop(data, IN_POSTS)
    return await node.work(lambda desk: keep_shown(desk, account, address, picture))


async def _fetch(node: Node, url: str) -> bytes:
    """Raises: FederationError; InvalidInput for a server that this node does not hear, or no picture."""
    for _ in range(_HOPS + 1):
        if node.blocks(host(url)):
            raise InvalidInput(_FIELD, "its server is blocked here", "Unblock it first, or leave it.")
        request = HttpMessage.request("GET", url, {"accept": _ACCEPT})
        answer = await node.client.send(request, max_bytes=IN_POSTS.bytes_in)
        location = answer.header("location")
        if answer.status == 200:
            return answer.body
        if answer.status not in _REDIRECTS or not location:
            break
        url = without_fragment(urljoin(url, location))
    raise InvalidInput(_FIELD, "its server does not give it", "Open it at its own place instead.")
