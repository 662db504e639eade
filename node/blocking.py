"""Whom this node does not hear: a domain and all that lies below it, from this moment on. For every front."""

from __future__ import annotations

from federation.errors import InvalidIri
from federation.ids import canonical_host
from node.context import Node
from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.store.ports import Block

__all__ = ["block_domain", "unblock_domain"]


async def block_domain(node: Node, text: str, reason: str = "") -> str:
    """Refuse everything from a domain; its canonical form. Raises: InvalidInput for none, and for our own."""
    domain = _domain(text)
    if domain == canonical_host(node.config.host.rpartition(":")[0] or node.config.host):
        raise InvalidInput(
            "domain", said("%(domain)s is this node itself", domain=domain), "Name another domain."
        )

    def change(desk: Desk) -> list[Block]:
        desk.tx.blocks.save(Block(domain, desk.now, reason))
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


def _domain(text: str) -> str:
    try:
        return canonical_host(text)
    except InvalidIri as error:
        wrong = said("'%(text)s': %(error)s", text=text, error=error)
        raise InvalidInput("domain", wrong, "Write a domain such as shop.example.") from None
