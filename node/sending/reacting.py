"""Sends what our accounts think of other people's posts: likes and shares, and what takes them back."""

from __future__ import annotations

from federation.messages import JsonObject
from node.desk import Desk
from node.domain.accounts import Account
from node.sending import publish
from node.store.reading import GivenReaction, ReactionKind
from node.wire.reactions import build_like, build_share, build_undo

__all__ = ["send_reaction", "send_undo"]


def send_reaction(desk: Desk, account: Account, given: GivenReaction) -> None:
    """Tell a post's author that it is liked, or him and the account's followers that it is passed on."""
    _send(desk, account, given, _built(given))


def send_undo(desk: Desk, account: Account, given: GivenReaction) -> None:
    """Take it back, for whoever was told."""
    undo = build_undo(desk.iri("activities"), _built(given))
    _send(desk, account, given, undo)


def _built(given: GivenReaction) -> JsonObject:
    act = given.activity_id, given.account, given.object_id, given.author
    if given.kind is ReactionKind.LIKE:
        return build_like(*act)
    return build_share(*act, given.at, is_listed=given.is_listed)


def _send(desk: Desk, account: Account, given: GivenReaction, activity: JsonObject) -> None:
    publish.post_to_readers(
        desk,
        account,
        activity,
        given.activity_id,
        to_followers=given.kind is ReactionKind.SHARE,
        named=[(given.author, given.inbox)],
    )
