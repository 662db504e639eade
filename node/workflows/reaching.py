"""Whether this node can be found from outside, asked the way that others ask; one look after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import anyio

from federation.errors import FederationError
from federation.messages import HttpMessage
from federation.vocab import ACTIVITY_JSON
from federation.webfinger import lookup, parse_handle
from node.context import Node
from node.public.documents import Documents

__all__ = ["Look", "Seen", "look_around"]

_MOST_HANDLES = 20
_WITHIN_S = 15.0


class Look(StrEnum):
    """What is looked at."""

    NAME = "name"
    """The domain's name leads to an address."""
    ANSWER = "answer"
    """Somebody answers there, with a certificate that holds, and it is this node."""
    HANDLE = "handle"
    """The handle of an account is found, and names it."""
    SIZE = "size"
    """The largest message that the node takes reaches it."""
    CLOCK = "clock"
    """The machine's clock is believed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was looked at: `about` names it, `detail` says what was found."""

    look: Look
    about: str
    detail: str
    is_trouble: bool = False


async def look_around(node: Node) -> AsyncIterator[Seen]:
    """Every look in turn; what depends on one that failed is not tried. Raises: nothing that was expected."""
    doubt = node.clock.doubt
    yield Seen(Look.CLOCK, "", doubt.words if doubt is not None else "", doubt is not None)
    name = await _name(node)
    yield name
    if name.is_trouble:
        return
    answer = await _answer(node)
    yield answer
    if answer.is_trouble:
        return
    troubled = False
    async for handle in _handles(node):
        troubled = troubled or handle.is_trouble
        yield handle
    if not troubled:
        yield await _size(node)


async def _name(node: Node) -> Seen:
    parts = urlsplit(node.config.base_url)
    host = parts.hostname or ""
    fixed = node.config.names.get(host)
    if fixed is not None:
        return Seen(Look.NAME, host, fixed)
    try:
        with anyio.fail_after(_WITHIN_S):
            found = await anyio.getaddrinfo(host, parts.port or 443)
    except (OSError, TimeoutError, UnicodeError) as error:
        return Seen(Look.NAME, host, str(error) or "no answer in time", is_trouble=True)
    return Seen(Look.NAME, host, ", ".join(sorted({str(row[4][0]) for row in found})))


async def _answer(node: Node) -> Seen:
    actor = node.config.node_actor
    ours = await node.look(
        lambda desk: Documents(node.config.base_url).actor(desk.tx, node.config.node_actor)
    )
    try:
        found = (await node.fetcher.fetch(actor)).json
    except (FederationError, OSError) as error:
        return Seen(Look.ANSWER, actor, str(error), is_trouble=True)
    if ours is None or found.get("publicKey") != ours.get("publicKey"):
        return Seen(Look.ANSWER, actor, "another node answers there: its keys are not ours", is_trouble=True)
    return Seen(Look.ANSWER, actor, "")


async def _handles(node: Node) -> AsyncIterator[Seen]:
    scheme = node.config.base_url.partition("://")[0]
    for account in (await node.look(lambda desk: desk.tx.accounts.all()))[:_MOST_HANDLES]:
        handle = f"@{account.name}@{node.config.host}"
        try:
            found = await lookup(node.fetcher, parse_handle(handle), scheme=scheme)
        except (FederationError, OSError) as error:
            yield Seen(Look.HANDLE, handle, str(error), is_trouble=True)
            continue
        yield Seen(Look.HANDLE, handle, f"names {found}", is_trouble=found != account.id)


async def _size(node: Node) -> Seen:
    """Whether the largest message that we take reaches us: a proxy's own limit would refuse it unseen."""
    inbox = f"{node.config.base_url}/inbox"
    body = b" " * node.config.limits.inbox_body_bytes
    try:
        request = HttpMessage.request("POST", inbox, {"content-type": ACTIVITY_JSON}, body)
        answered = await node.client.send(request)
    except (FederationError, OSError) as error:
        return Seen(Look.SIZE, inbox, str(error), is_trouble=True)
    if answered.status != 401:  # it bears no signature, and only the node itself looks for one
        limit = f"a message of {len(body) // 1024} KiB is answered {answered.status}"
        words = f"{limit}: let the proxy take as much as the node does"
        return Seen(Look.SIZE, inbox, words, is_trouble=True)
    return Seen(Look.SIZE, inbox, "")
