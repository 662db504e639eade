"""Public posts about a vendor of ours: what they are worth is computed here, never taken from the post."""

from __future__ import annotations

from federation.jsonld import as_id, as_list
from federation.listeners import Inbound
from federation.messages import JsonObject
from node.context import Node
from node.desk import Desk
from node.domain.errors import Refusal
from node.domain.feedback import FeedbackPost
from node.lookups import known_key_for_proof
from node.services.feedback import receive_feedback
from node.wire.credentials import parse_credential
from node.wire.feedback import is_feedback_post, parse_feedback_post, verify_purchase

__all__ = ["take_note"]


async def take_note(node: Node, inbound: Inbound) -> None:
    """Keep public feedback about a vendor of ours; other Notes are not read yet.

    A conversation from the fediverse is a capability of its own (see the README's status).
    """
    activity = inbound.activity.json
    if not is_feedback_post(activity):
        return
    try:
        post = parse_feedback_post(activity, digest=inbound.entry.digest)
    except Refusal:
        return
    if not _names(activity, post.vendor):
        return
    feedback_key = await _proven_key(node, post)

    def work(desk: Desk) -> None:
        if not desk.tx.inbox.is_pending(inbound.entry.id):
            return
        account = desk.tx.accounts.get(post.vendor)
        if account is not None:
            proven = feedback_key is not None
            receive_feedback(desk, account, post, inbound.entry.body, feedback_key, proven=proven)
        desk.tx.inbox.finish(inbound.entry.id)

    await node.work(work)


def _names(activity: JsonObject, vendor: str) -> bool:
    """Whether the post was sent to the vendor that it is about."""
    named = [as_id(item) for member in ("to", "cc") for item in as_list(activity.get(member))]
    return vendor in named


async def _proven_key(node: Node, post: FeedbackPost) -> str | None:
    """The feedback key, where credential and signature hold (`protocol §5`, From a purchase)."""
    if post.credential is None:
        return None
    try:
        proof = parse_credential(post.credential).document["proof"]
        key = await known_key_for_proof(node, str(proof.get("verificationMethod")), post.vendor)
        return verify_purchase(post, key) if key is not None else None
    except Refusal:
        return None
