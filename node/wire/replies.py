"""A public answer to a public post: an ordinary Note that says what it answers, and names its writer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from federation.messages import JsonObject
from federation.vocab import PUBLIC
from node.domain.values import format_time
from node.wire.contexts import context_for

__all__ = ["Reply", "build_reply", "read_reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """`in_reply_to` is the Note that it answers, by `writer`, whom `mention` names; `content` is HTML."""

    id: str
    author: str
    in_reply_to: str
    writer: str
    mention: str
    content: str
    published_at: datetime


def build_reply(reply: Reply) -> JsonObject:
    """The unsigned Note."""
    note: JsonObject = {
        "id": reply.id,
        "type": "Note",
        "attributedTo": reply.author,
        "inReplyTo": reply.in_reply_to,
        "to": [PUBLIC],
        "cc": [reply.writer, f"{reply.author}/followers"],
        "content": reply.content,
        "published": format_time(reply.published_at),
        "tag": [{"type": "Mention", "href": reply.writer, "name": reply.mention}],
    }
    return {"@context": context_for(note), **note}


def read_reply(note: JsonObject) -> tuple[str, str]:
    """(what it answers, its words as HTML) of a Note that we made."""
    return str(note["inReplyTo"]), str(note["content"])
