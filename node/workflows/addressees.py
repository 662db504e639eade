"""Whom words name, found before they are said: each by its server, and nobody is kept by being named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import anyio

from node.context import Node
from node.domain.accounts import Account, Contact
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.domain.written import MOST_MENTIONS, handles_in
from node.workflows.acquaintance import Unknown, Why, look_up
from node.workflows.lookups import FRESH, known_contact

__all__ = ["find_mentioned"]

WITHIN_S = 20.0
"""All of them together."""


async def find_mentioned(
    node: Node, account: Account, text: str, further: Iterable[str] = ()
) -> tuple[Contact, ...]:
    """Everybody whom a text names by a whole handle, and `further` handles, each once; not who writes it.

    Raises: InvalidInput for one who cannot be found: nobody is to believe that they were told.
    """
    handles = dict.fromkeys((*further, *handles_in(text)))
    if len(handles) > MOST_MENTIONS:
        wrong = said("it names %(n)s people", n=len(handles))
        raise InvalidInput("text", wrong, said("Name at most %(most)s.", most=MOST_MENTIONS))
    found: dict[str, Contact] = {}
    with anyio.move_on_after(WITHIN_S) as scope:
        for handle in handles:
            contact = await _find(node, account, handle)
            if contact is not None:
                found.setdefault(contact.actor, contact)
    if scope.cancelled_caught:
        raise InvalidInput("text", "the servers of those whom it names are too slow", "Try again later.")
    return tuple(found.values())


async def _find(node: Node, account: Account, handle: str) -> Contact | None:
    known = await node.look(lambda desk: known_contact(desk.tx.contacts.all(account.id), handle))
    if known is not None and known.proven_at is not None and node.now() - known.fetched_at < FRESH:
        return known
    try:
        # As it was typed, and as its own host has just said: what the words name it by is what they link.
        return replace((await look_up(node, account, handle)).contact, handle=handle)
    except Unknown as error:
        if error.why is Why.SELF:
            return None
        raise _missed(error.why, handle) from None


def _missed(why: Why, who: str) -> InvalidInput:
    """Why somebody who is named cannot be told."""
    match why:
        case Why.BLOCKED:
            return InvalidInput("text", said("the server of %(who)s is blocked", who=who), "Leave them out.")
        case Why.NOBODY:
            wrong = said("the server of %(who)s knows nobody by this name", who=who)
            return InvalidInput("text", wrong, "Check it letter by letter.")
        case Why.SILENT:
            wrong = said("the server of %(who)s does not answer", who=who)
            return InvalidInput("text", wrong, "Try again in a few minutes.")
        case _:
            wrong = said("nobody is reached by %(who)s", who=who)
            return InvalidInput("text", wrong, "Write it like @name@server.example.")
