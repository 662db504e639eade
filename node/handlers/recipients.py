"""Which actors of ours have an inbox: asked of every message, before anything is done for it."""

from __future__ import annotations

from node.context import Node
from node.desk import Desk

__all__ = ["Recipients"]

_REMEMBERED = 10_000


class Recipients:
    """Says whether an actor lives here. A yes is remembered, since neither an account nor a persona is ever
    taken away: a closed one goes on answering. A no is not, since the next moment may make one.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._known: set[str] = set()

    async def __call__(self, actor: str) -> bool:
        if actor in self._known:
            return True
        found = await self._node.look(lambda desk: _lives_here(desk, actor))
        if found:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known.add(actor)
        return found


def _lives_here(desk: Desk, actor: str) -> bool:
    return desk.tx.accounts.get(actor) is not None or desk.tx.personas.get(actor) is not None
