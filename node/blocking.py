"""Whom this node does not hear: a domain and all that lies below it, from this moment on. For every front."""

from __future__ import annotations

import re

from federation.errors import InvalidIri
from federation.ids import canonical_host, domain_matches, host
from node.context import Node
from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.services.shunning import part_from
from node.store.ports import Block

__all__ = ["block_domain", "domain_in", "own_domain", "unblock_domain"]

_WITH_PORT = re.compile(r"([^:\[\]]+|\[[^\[\]]+\]):[0-9]{1,5}", re.ASCII)


async def block_domain(node: Node, text: str, reason: str = "") -> str:
    """Refuse everything from a domain; its canonical form. Raises: InvalidInput for none, and for our own."""
    domain = _domain(text)
    if domain_matches(own_domain(node), domain):
        raise InvalidInput(
            "domain", said("%(domain)s is this node itself", domain=domain), "Name another domain."
        )

    def change(desk: Desk) -> list[Block]:
        desk.tx.blocks.save(Block(domain, desk.now, reason))
        part_from(desk, lambda actor: domain_matches(host(actor), domain))
        return desk.tx.blocks.all()

    node.blocks.replace(await node.work(change))
    return domain


async def unblock_domain(node: Node, text: str) -> str:
    """Hear a domain again; its canonical form. Raises: InvalidInput where it is not blocked."""
    domain = _domain(text)

    def change(desk: Desk) -> list[Block]:
        if not desk.tx.blocks.remove(domain):
            raise InvalidInput(
                "domain", said("%(domain)s is not blocked", domain=domain), "See `obverse block list`."
            )
        return desk.tx.blocks.all()

    node.blocks.replace(await node.work(change))
    return domain


def own_domain(node: Node) -> str:
    """The domain of this node itself, without its port."""
    return host(node.config.base_url)


def domain_in(text: str) -> str:
    """The domain that somebody means, in its one spelling: a link, a port or a handle's mark is left off.

    Raises: InvalidIri for what is no domain; numbers that only some read as an address are none, and no id is
            ever taken with such a host (`security C12, E02`).
    """
    named = text.strip().removeprefix("@")
    if "://" in named:
        return host(named)
    with_port = _WITH_PORT.fullmatch(named)
    return canonical_host(with_port[1] if with_port else named)


def _domain(text: str) -> str:
    try:
        return domain_in(text)
    except InvalidIri as error:
        wrong = said("'%(text)s': %(error)s", text=text, error=error)
        raise InvalidInput("domain", wrong, "Write a domain such as shop.example.") from None
