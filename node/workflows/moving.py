"""Moving from one account to another, ours or somebody else's: what must be asked of the network first.

A move holds where both sides say so: the old account names the new one as `movedTo`, the new one the old one
as `alsoKnownAs`, each in its own document, fetched just now (`interop §4.4`; `security F14`).
"""

from __future__ import annotations

from federation.errors import FederationError, FetchFailed
from federation.ids import host
from federation.jsonld import as_id, as_list
from federation.messages import JsonObject
from node.context import Node
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.services.moving import add_alias, confirm_move, move_away
from node.store.following import MoveState, Moving
from node.workflows.acquaintance import Unknown, look_up
from node.workflows.lookups import SeenActor, resolve, see_actor
from node.workflows.whom import followable_of

__all__ = ["alias", "follow_mover", "followable_of", "move", "see_move", "shown_handle"]

MOST_ALIASES = 50


def names_as_alias(document: JsonObject, actor: str) -> bool:
    """Whether an actor document says that it is also `actor`."""
    return actor in [as_id(item) for item in as_list(document.get("alsoKnownAs"))[:MOST_ALIASES]]


async def see_move(node: Node, old: str, new: str) -> SeenActor | None:
    """The new account, where both accounts say that the old one has moved there; None where they do not.

    Raises: FetchFailed where one of them could not be asked; it may be tried again.
    Spec:   `security F14`.
    """
    try:
        if node.blocks(host(new)):
            return None
        there = await see_actor(node, new)
        if there.actor.id != new or not names_as_alias(there.actor.raw, old):
            return None
        here = await see_actor(node, old)
    except FetchFailed:
        raise
    except FederationError:
        return None
    return there if as_id(here.actor.raw.get("movedTo")) == new else None


async def shown_handle(node: Node, seen: SeenActor) -> str:
    """By what somebody is called: the handle where its host names this actor, else the id."""
    claimed = f"@{seen.actor.preferred_username}@{seen.actor.id.split('://', 1)[1].partition('/')[0]}"
    try:
        return claimed if await resolve(node, claimed) == seen.actor.id else seen.actor.id
    except (FederationError, OSError):
        return seen.actor.id


async def follow_mover(node: Node, account: Account, old: str) -> Moving:
    """The owner has confirmed: follow the new account in place of the old one, and know it as a contact.

    Both sides are asked once more, since days may have passed. Raises: InvalidInput.
    """
    moving = await node.look(lambda desk: desk.tx.moves.get(account.id, old))
    if moving is None or moving.state is MoveState.FOLLOWED:
        raise InvalidInput("who", "no such move waits for your word", "Look at the list again.")
    try:
        still = await see_move(node, old, moving.new)
        found = await look_up(node, account, moving.new)
    except (FederationError, OSError, Unknown):
        wrong = said("%(actor)s could not be asked", actor=moving.new)
        raise InvalidInput("who", wrong, "Try again in a while.") from None
    if still is None:
        wrong = said("%(old)s and %(new)s no longer say this together", old=old, new=moving.new)
        raise InvalidInput("who", wrong, "Ask them by another way.")
    return await node.work(
        lambda desk: confirm_move(desk, account, moving, followable_of(found), found.contact)
    )


async def alias(node: Node, account: Account, reference: str) -> Account:
    """Say that another account is the same owner's, so that it may move here. Raises: InvalidInput."""
    seen = await _seen(node, "alias", reference)
    return await node.work(lambda desk: add_alias(desk, account, seen.actor.id))


async def move(node: Node, account: Account, reference: str) -> Account:
    """Tell the followers that this account's owner has moved to another one, which must name it as alias.

    Raises: InvalidInput.
    """
    seen = await _seen(node, "target", reference)
    if not names_as_alias(seen.actor.raw, account.id):
        wrong = said("%(actor)s does not say that it is also you", actor=seen.actor.id)
        right = said("Add %(own)s as an alias there first.", own=account.id)
        raise InvalidInput("target", wrong, right)
    return await node.work(lambda desk: move_away(desk, account, seen.actor.id))


async def _seen(node: Node, field: str, reference: str) -> SeenActor:
    try:
        return await see_actor(node, await resolve(node, reference))
    except (FederationError, OSError) as error:
        wrong = said("%(reference)s was not found: %(error)s", reference=reference, error=error)
        raise InvalidInput(field, wrong, "Check the handle, and that its server is up.") from None
