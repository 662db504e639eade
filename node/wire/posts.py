"""Notes of ours as the fediverse reads them: plain Notes, full addresses, and lists where peers want them."""

from __future__ import annotations

from federation.messages import JsonObject, JsonValue
from federation.vocab import PUBLIC
from node.domain.notes import Attachment, Mention, Note, Visibility
from node.domain.values import format_time
from node.wire.contexts import context_for
from node.wire.headers import present

__all__ = ["addressing", "build_note"]

_TERMS: dict[str, JsonValue] = {"Hashtag": "as:Hashtag", "sensitive": "as:sensitive"}
"""What ActivityStreams' own context leaves out and everybody writes."""


def addressing(
    visibility: Visibility, author: str, mentioned: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(`to`, `cc`) of a Note by who may read it; whoever is mentioned is always named (`interop §4.3`)."""
    followers = f"{author}/followers"
    match visibility:
        case Visibility.PUBLIC:
            return (PUBLIC,), (followers, *mentioned)
        case Visibility.UNLISTED:
            return (followers,), (PUBLIC, *mentioned)
        case Visibility.FOLLOWERS:
            return (followers,), mentioned
        case Visibility.DIRECT:
            return mentioned, ()


def build_note(note: Note, *, tags_at: str) -> JsonObject:
    """The unsigned Note.

    Shapes: `tags_at` is the address below which our pages of hashtags lie.
    Spec:   ActivityPub §6; interop §4.1 (a plain `Note`, no `name`), §4.3.
    """
    document = present(
        id=note.id,
        type="Note",
        attributedTo=note.author,
        to=list(note.to),
        published=format_time(note.published_at),
        updated=format_time(note.updated_at) if note.updated_at else None,
        url=note.url,
        inReplyTo=note.in_reply_to or None,
        context=note.context or None,
        summary=note.summary or None,
        content=note.content,
        contentMap={note.language: note.content} if note.language else None,
    )
    document["cc"] = list(note.cc)
    document["sensitive"] = bool(note.summary)
    document["tag"] = [*map(_mention, note.mentions), *(_hashtag(name, tags_at) for name in note.hashtags)]
    document["attachment"] = [_picture(found) for found in note.attachments]
    return {"@context": _context(document), **document}


def _context(document: JsonObject) -> list[JsonValue]:
    context = context_for(document)
    if isinstance(context[-1], dict):
        return [*context[:-1], {**context[-1], **_TERMS}]
    return [*context, dict(_TERMS)]


def _mention(mention: Mention) -> JsonObject:
    return {"type": "Mention", "href": mention.actor, "name": mention.handle}


def _hashtag(name: str, tags_at: str) -> JsonObject:
    return {"type": "Hashtag", "href": f"{tags_at}/{name.casefold()}", "name": f"#{name}"}


def _picture(found: Attachment) -> JsonObject:
    """`name` and `summary` both carry the words for those who do not see it: servers read either."""
    return present(
        type="Document",
        mediaType=found.media_type,
        url=found.url,
        name=found.alt or None,
        summary=found.alt or None,
        width=found.width or None,
        height=found.height or None,
    )
