"""What was published about an account of ours, read from the posts as they came, and what was answered.

For the owner's own pages: what strangers see is `node.public.pages`'s to say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from federation.errors import InvalidJson
from federation.strictjson import parse_json_object
from node.desk import Desk
from node.domain.errors import Refusal
from node.domain.feedback import FeedbackPost
from node.services.feedback import REPLY
from node.store.ports import Post
from node.wire.feedback import parse_feedback_post
from node.wire.html import plain_text
from node.wire.replies import read_reply

__all__ = ["Answered", "Published", "feedback_about", "feedback_by"]


_ANSWERS = 500
"""So many of the newest answers are looked through for those of what is shown."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The account's public answer, in plain words."""

    id: str
    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """Public feedback with what this node makes of it, and the answers to it, oldest first."""

    post: Post
    said: FeedbackPost
    answers: tuple[Answered, ...] = ()


def feedback_about(desk: Desk, account: str, *, limit: int = 50, offset: int = 0) -> tuple[Published, ...]:
    """The newest public feedback that others wrote about an account, newest first, some passed over."""
    posts = desk.tx.posts.all(account, "feedback", limit=limit, offset=offset)
    answers: dict[str, list[Answered]] = {post.id: [] for post in posts}
    oldest = posts[-1].at if posts else None  # nothing is answered before it is there
    for reply in reversed(desk.tx.posts.all(account, REPLY, limit=_ANSWERS, since=oldest)):
        answered, content = read_reply(json.loads(reply.body))  # it was read strictly before it was kept
        if answered in answers:
            answers[answered].append(Answered(reply.id, plain_text(content), reply.at))
    found = []
    for post in posts:
        said = _read(post)
        if said is not None and post.author != account:
            found.append(Published(post, said, tuple(answers[post.id])))
    return tuple(found)


def feedback_by(desk: Desk, account: str, vendor: str, *, limit: int = 100) -> tuple[Published, ...]:
    """What an account has itself published about one vendor, newest first, of its last posts of this kind."""
    mine = [post for post in desk.tx.posts.all(account, "feedback", limit=limit) if post.author == account]
    said = ((post, _read(post)) for post in mine)
    return tuple(
        Published(post, words) for post, words in said if words is not None and words.vendor == vendor
    )


def _read(post: Post) -> FeedbackPost | None:
    """The words of a kept post; None where this version cannot read it any more."""
    try:
        return parse_feedback_post(parse_json_object(post.body), digest="")
    except (InvalidJson, Refusal):
        return None
