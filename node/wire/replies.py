"""A public answer to a public post: an ordinary Note that says what it answers, and names its writer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from federation.errors import InvalidDocument
from federation.jsonld import check_context
from federation.messages import JsonObject
from federation.vocab import PUBLIC
from node.domain.values import format_time
from node.wire.contexts import READ_TERMS, context_for
from node.wire.headers import names_public
from node.wire.reading import CONTENT_CHARS, Reader, malformed

__all__ = ["ReceivedReply", "Reply", "build_reply", "is_reply", "parse_reply", "read_reply"]


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


@dataclass(frozen=True, slots=True)
class ReceivedReply:
    """Somebody else's public answer: the Note `id` by `author` to the Note `in_reply_to`."""

    id: str
    author: str
    in_reply_to: str
    published_at: datetime


def is_reply(activity: JsonObject) -> bool:
    """Whether an activity publishes a Note that answers another one."""
    note = activity.get("object")
    return activity.get("type") == "Create" and isinstance(note, dict) and note.get("inReplyTo") is not None


def parse_reply(activity: JsonObject) -> ReceivedReply:
    """Read a public answer; its words are `read_reply`'s, and whoever shows them cleans them.

    Raises: Refusal(malformed), for one that is not public too.
    """
    try:
        check_context(activity, READ_TERMS)
    except InvalidDocument as error:
        raise malformed(error.place, error.detail) from None
    reader = Reader(activity)
    author = reader.iri("actor")
    note = reader.child("object", "Note")
    note.same("attributedTo", author, "the sender")
    if not names_public(note):
        raise note.refuse("to", f"must name the public, {PUBLIC}")
    note.text("content", CONTENT_CHARS)
    return ReceivedReply(note.own_iri("id", author), author, note.iri("inReplyTo"), note.time("published"))


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


def read_reply(kept: JsonObject) -> tuple[str, str]:
    """(what it answers, its words as HTML) of a Note that we made, or of the Create of one that we took."""
    note = kept["object"] if kept.get("type") == "Create" else kept
    return str(note["inReplyTo"]), str(note["content"])
