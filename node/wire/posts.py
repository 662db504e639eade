"""Notes of ours as the fediverse reads them: plain Notes, full addresses, and lists where peers want them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from federation.jsonld import as_id, as_list
from federation.messages import JsonObject, JsonValue
from federation.vocab import AS_CONTEXT, PUBLIC
from node.domain.notes import Attachment, Mention, Note, Visibility
from node.domain.values import format_time
from node.wire.contexts import context_for
from node.wire.headers import present
from node.wire.interaction import POLICY_TERMS, interaction_policy
from node.wire.written import tag_address

__all__ = [
    "addressing",
    "audience_of",
    "build_deletion",
    "build_note",
    "build_pinning",
    "build_tombstone",
    "build_update",
    "with_our_terms",
]

_TERMS: dict[str, JsonValue] = {"Hashtag": "as:Hashtag", "sensitive": "as:sensitive", **POLICY_TERMS}
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


def build_note(note: Note, *, tags_at: str, inline: Mapping[str, JsonValue] | None = None) -> JsonObject:
    """The unsigned Note.

    Shapes: `tags_at` is the address below which our pages of hashtags lie; `inline` are further members, such
            as those of a proposal that the Note carries.
    Spec:   ActivityPub §6; interop §4.1 (a plain `Note`, no `name`), §4.3, §4.5.
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
    document["interactionPolicy"] = interaction_policy(note)
    if note.visibility.is_open:
        document |= {name: f"{note.id}/{name}" for name in ("replies", "likes", "shares")}
    document |= inline or {}
    return {"@context": with_our_terms(context_for(document)), **document}


def with_our_terms(context: list[JsonValue]) -> list[JsonValue]:
    """A context that says, too, what the fediverse's own words in our Notes mean."""
    if isinstance(context[-1], dict):
        return [*context[:-1], {**context[-1], **_TERMS}]
    return [*context, dict(_TERMS)]


def _mention(mention: Mention) -> JsonObject:
    return {"type": "Mention", "href": mention.actor, "name": mention.handle}


def _hashtag(name: str, tags_at: str) -> JsonObject:
    return {"type": "Hashtag", "href": tag_address(tags_at, name), "name": f"#{name}"}


def _picture(found: Attachment) -> JsonObject:
    """Both `name` and `summary` say it to those who do not see it: servers read one or the other."""
    return present(
        type="Document",
        mediaType=found.media_type,
        url=found.url,
        name=found.alt or None,
        summary=found.alt or None,
        width=found.width or None,
        height=found.height or None,
    )


# --- what becomes of a Note -------------------------------------------------------------------------------


def build_update(note: JsonObject) -> JsonObject:
    """The unsigned Update around a signed Note that says when it was changed.

    Spec: interop §4.4 "Create/Update": without a newer `updated` the edit is ignored.
    """
    at = str(note["updated"])
    return {
        "@context": note["@context"],
        "id": f"{note['id']}#update-{at}",
        "type": "Update",
        "actor": note["attributedTo"],
        "to": note["to"],
        "cc": note["cc"],
        "published": at,
        "object": note,
    }


def build_tombstone(note_id: str, deleted_at: datetime) -> JsonObject:
    """What stands in the place of a Note that its author has taken back."""
    return {
        "@context": AS_CONTEXT,
        "id": note_id,
        "type": "Tombstone",
        "formerType": "Note",
        "deleted": format_time(deleted_at),
    }


def build_deletion(
    note_id: str, author: str, audience: tuple[list[str], list[str]], deleted_at: datetime
) -> JsonObject:
    """The unsigned Delete, to (`to`, `cc`) whom the Note went to."""
    tombstone = build_tombstone(note_id, deleted_at)
    del tombstone["@context"]
    activity: JsonObject = {
        "id": f"{note_id}#delete",
        "type": "Delete",
        "actor": author,
        "to": audience[0],
        "cc": audience[1],
        "published": format_time(deleted_at),
        "object": tombstone,
    }
    return {"@context": context_for(activity), **activity}


def build_pinning(verb: Literal["Add", "Remove"], note_id: str, author: str, activity_id: str) -> JsonObject:
    """The unsigned Add to what an account shows first, or Remove from it."""
    activity: JsonObject = {
        "id": activity_id,
        "type": verb,
        "actor": author,
        "to": [PUBLIC],
        "cc": [f"{author}/followers"],
        "object": note_id,
        "target": f"{author}/featured",
    }
    return {"@context": context_for(activity), **activity}


def audience_of(kept: JsonObject) -> tuple[list[str], list[str]]:
    """(`to`, `cc`) of a Note of ours, or of the Create that it is kept in."""
    found = kept["object"] if kept.get("type") == "Create" else kept
    to, cc = ([as_id(item) for item in as_list(found.get(name))] for name in ("to", "cc"))
    return [item for item in to if item], [item for item in cc if item]
