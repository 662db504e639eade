"""Whom an owner means by a handle or a link, to follow them, mute them or block them: for every front."""

from __future__ import annotations

from federation.errors import InvalidIri
from federation.ids import parse_iri
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.services.followings import Followable
from node.services.shunning import Shunnable
from node.store.following import FollowingState
from node.store.ports import FollowState
from node.workflows.acquaintance import Acquaintance, Unknown, Why, look_up, read_reference

__all__ = ["find_followable", "find_shunnable", "followable_of", "known_person", "said_unknown"]


def said_unknown(who: str, why: Why) -> InvalidInput:
    """Why nobody was found, as every front says it."""
    match why:
        case Why.ADDRESS:
            wrong = said("'%(who)s' is neither a handle nor a link", who=who)
            return InvalidInput("who", wrong, "Write it like @name@server.example.")
        case Why.NOBODY:
            wrong = said("the server of %(who)s knows nobody by this name", who=who)
            return InvalidInput("who", wrong, "Check it letter by letter.")
        case Why.SILENT:
            wrong = said("the server of %(who)s does not answer", who=who)
            return InvalidInput("who", wrong, "Try again in a few minutes.")
        case Why.CLOSED:
            wrong = said("%(who)s is not on the public internet", who=who)
            return InvalidInput("who", wrong, "Use the address by which everybody reaches them.")
        case Why.BLOCKED:
            wrong = said("the server of %(who)s is blocked", who=who)
            return InvalidInput("who", wrong, "See `obverse block list`.")
        case Why.SELF:
            return InvalidInput("who", "this is you", "Name somebody else.")


def followable_of(found: Acquaintance) -> Followable:
    """Somebody who was looked up, as they are followed; by their handle where it was shown to be theirs."""
    contact = found.contact
    return Followable(
        actor=contact.actor,
        handle=contact.handle if contact.proven_at is not None else contact.actor,
        name=contact.name,
        inbox=contact.inbox,
        shared_inbox=found.shared_inbox or None,
        url=contact.url or "",
    )


async def find_followable(node: Node, account: Account, reference: str) -> Followable:
    """Ask their server who that is. Raises: InvalidInput."""
    try:
        return followable_of(await look_up(node, account, reference))
    except Unknown as error:
        raise said_unknown(reference, error.why) from None


async def find_shunnable(node: Node, account: Account, reference: str) -> Shunnable:
    """Whom an owner does not want to hear: from what is known, else from their server.

    Who is named by an id is taken at that, though nobody answers there: silence must not keep out of reach
    whoever is to be blocked.
    Raises: InvalidInput.
    """
    known = await node.look(lambda desk: known_person(desk, account, reference))
    if known is not None:
        return known
    try:
        found = followable_of(await look_up(node, account, reference))
    except Unknown as error:
        if error.why in (Why.SELF, Why.ADDRESS) or (named := _id_in(reference)) is None:
            raise said_unknown(reference, error.why) from None
        return Shunnable(named, named)
    return Shunnable(found.actor, found.handle, found.inbox)


def _id_in(reference: str) -> str | None:
    try:
        return parse_iri(read_reference(reference))
    except InvalidIri:
        return None


def known_person(desk: Desk, account: Account, reference: str) -> Shunnable | None:
    """Somebody with whom this account has to do already, by id, page or handle."""
    wanted = reference.strip().removeprefix("acct:").removeprefix("@").casefold()
    for actor, handle, inbox, page in _people(desk, account):
        if wanted in (actor.casefold(), page.casefold(), handle.removeprefix("@").casefold()):
            return Shunnable(actor, handle, inbox)
    return None


def _people(desk: Desk, account: Account) -> list[tuple[str, str, str, str]]:
    """(actor, handle, inbox, page) of everybody whom this account follows, is followed by, knows or shuns."""
    people = [
        (one.actor, one.handle, one.inbox, one.url)
        for state in FollowingState
        for one in desk.tx.follows.all(account.id, state=state)
    ]
    people += [
        (one.actor, one.actor, one.inbox, one.actor)
        for state in FollowState
        for one in desk.tx.followers.all(account.id, state=state)
    ]
    people += [(one.actor, one.handle, one.inbox, one.url or "") for one in desk.tx.contacts.all(account.id)]
    people += [(one.actor, one.handle, one.inbox, one.actor) for one in desk.tx.shunned.all(account.id)]
    return people
