"""What accounts of ours say to other accounts about the two of them: Follow, Undo, Block, Move.

Built here, signed and queued by `publish`; each in the transaction of the change that it tells of. What is
said to one actor leaves in the order in which it was said.
"""

from __future__ import annotations

from federation.messages import JsonObject
from node.desk import Desk
from node.domain.accounts import Account
from node.sending import publish

__all__ = [
    "accept_follow",
    "announce_move",
    "follow_of",
    "reject_follow",
    "send_block",
    "send_follow",
    "take_back_block",
    "take_back_follow",
]


def follow_of(follow_id: str, follower: str, followed: str) -> JsonObject:
    """A Follow by its id and content, as it is embedded in what answers or ends it (`interop §4.4`)."""
    return {"id": follow_id, "type": "Follow", "actor": follower, "object": followed}


def send_follow(desk: Desk, account: str, actor: str, inbox: str) -> str:
    """Ask to follow; the id of the Follow, which is fresh each time (`interop §4.4`)."""
    return _send(desk, "Follow", account, actor, actor, inbox)


def take_back_follow(desk: Desk, account: str, follow_id: str, actor: str, inbox: str) -> None:
    """Undo a Follow, with the whole of it embedded: some find it by its content, some by its id."""
    _send(desk, "Undo", account, follow_of(follow_id, account, actor), actor, inbox)


def accept_follow(desk: Desk, account: str, follow: JsonObject, follower: str, inbox: str) -> None:
    """Answer a Follow, with the whole of it embedded, as peers expect (`interop §4.4`)."""
    _send(desk, "Accept", account, follow, follower, inbox)


def reject_follow(desk: Desk, account: str, follow: JsonObject, follower: str, inbox: str) -> None:
    """Refuse a Follow, or end one that was accepted."""
    _send(desk, "Reject", account, follow, follower, inbox)


def send_block(desk: Desk, account: str, actor: str, inbox: str) -> str:
    """Tell an actor's server that it is blocked, so that it ends its side; the id of the Block."""
    return _send(desk, "Block", account, actor, actor, inbox)


def take_back_block(desk: Desk, account: str, block_id: str, actor: str, inbox: str) -> None:
    block = {"id": block_id, "type": "Block", "actor": account, "object": actor}
    _send(desk, "Undo", account, block, actor, inbox)


def _send(desk: Desk, verb: str, account: str, subject: str | JsonObject, actor: str, inbox: str) -> str:
    activity_id = desk.iri("activities")
    activity = {
        "@context": list(publish.CONTEXT),
        "id": activity_id,
        "type": verb,
        "actor": account,
        "to": [actor],
        "object": subject,
    }
    publish.post(desk, activity, actor=account, targets=[(actor, inbox)], ordering_key=f"{account} {actor}")
    return activity_id


def announce_move(desk: Desk, account: Account, target: str) -> None:
    """Tell the followers that this account's owner has moved (`interop §4.4`)."""
    activity = {
        "@context": list(publish.CONTEXT),
        "id": desk.iri("activities"),
        "type": "Move",
        "actor": account.id,
        "to": [f"{account.id}/followers"],
        "object": account.id,
        "target": target,
    }
    publish.post_to_followers(desk, account, activity, ordering_key=f"{account.id}#actor")
