"""Public posts about a vendor of ours, and a vendor's public answers to posts of ours.

What a post is worth is computed here, never taken from it.
"""

from __future__ import annotations

from federation.jsonld import as_id, as_list
from federation.listeners import Inbound
from federation.messages import JsonObject
from federation.strictjson import parse_json_object
from node.context import Node
from node.desk import Desk
from node.domain.errors import Refusal
from node.domain.feedback import FeedbackPost
from node.services.feedback import KIND, REPLY, receive_answer, receive_feedback
from node.store.ports import Post
from node.wire.credentials import parse_credential
from node.wire.feedback import parse_feedback_post, verify_purchase
from node.wire.replies import parse_reply, read_reply
from node.workflows.lookups import known_key_for_proof

__all__ = ["take_answer", "take_feedback"]

MOST_ANSWERS = 10
"""So many answers to one feedback are kept; no vendor fills a page of somebody else's."""
ANSWERS_LOOKED_AT = 200


async def take_answer(node: Node, inbound: Inbound) -> bool:
    """Keep a vendor's public answer to feedback of ours; whether the Note was one.

    Only whom the feedback is about answers beside it: anybody else's reply is a conversation.
    """
    try:
        reply = parse_reply(inbound.activity.json)
    except Refusal:
        return False

    def work(desk: Desk) -> bool:
        if not desk.tx.inbox.is_pending(inbound.entry.id):
            return True
        answered = desk.tx.posts.get(reply.in_reply_to)
        is_answer = answered is not None and _is_about(answered, reply.author)
        if answered is not None and is_answer:
            kept = desk.tx.posts.all(answered.account, REPLY, limit=ANSWERS_LOOKED_AT)
            others = [post for post in kept if read_reply(parse_json_object(post.body))[0] == answered.id]
            if len(others) < MOST_ANSWERS:
                receive_answer(desk, answered, reply.id, reply.author, reply.published_at, inbound.entry.body)
            desk.tx.inbox.finish(inbound.entry.id)
        return is_answer

    return await node.work(work)


def _is_about(post: Post, vendor: str) -> bool:
    """Whether a post is public feedback of ours about this vendor, and still there."""
    if post.kind != KIND or post.author != post.account or post.deleted_at is not None:
        return False
    return bool(parse_json_object(post.body)["object"]["withRegardTo"] == vendor)


async def take_feedback(node: Node, inbound: Inbound) -> None:
    """Keep public feedback about a vendor of ours."""
    activity = inbound.activity.json
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
