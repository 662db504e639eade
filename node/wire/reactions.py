"""Likes and shares, ours and other people's: activities about a post, and what undoes them."""

from __future__ import annotations

from datetime import datetime

from federation.messages import JsonObject
from federation.vocab import PUBLIC
from node.domain.values import format_time
from node.wire.contexts import context_for
from node.wire.loose import line

__all__ = ["build_like", "build_share", "build_undo", "emoji_of"]

EMOJI_CHARS = 40
_PLAIN = frozenset(("❤", "❤️", "⭐", "👍"))


def build_like(activity_id: str, actor: str, object_id: str, author: str) -> JsonObject:
    """A Like, which its author alone is told. Spec: ActivityPub §6.8."""
    return {
        "@context": context_for({}),
        "id": activity_id,
        "type": "Like",
        "actor": actor,
        "to": [author],
        "cc": [],
        "object": object_id,
    }


def build_share(
    activity_id: str, actor: str, object_id: str, author: str, at: datetime, *, is_listed: bool
) -> JsonObject:
    """An Announce: as public as what is passed on, and by its id alone, since nobody believes a copy.

    Spec: ActivityPub §7.11; interop §4.4.
    """
    followers = f"{actor}/followers"
    return {
        "@context": context_for({}),
        "id": activity_id,
        "type": "Announce",
        "actor": actor,
        "published": format_time(at),
        "to": [PUBLIC] if is_listed else [followers],
        "cc": [followers if is_listed else PUBLIC, author],
        "object": object_id,
    }


def build_undo(activity_id: str, undone: JsonObject) -> JsonObject:
    """Take a Like or an Announce back, to whom it went.

    Shapes: `undone` is what `build_like` or `build_share` made; it is embedded whole, since many servers find
            it by what it says rather than by its id.
    """
    embedded = {name: value for name, value in undone.items() if name not in ("@context", "published")}
    return {
        "@context": context_for({}),
        "id": activity_id,
        "type": "Undo",
        "actor": undone["actor"],
        "to": undone["to"],
        "cc": undone["cc"],
        "object": embedded,
    }


def emoji_of(activity: JsonObject) -> str:
    """With what somebody likes, "" for a heart or nothing: an EmojiReact, or a Like as Misskey sends it.

    Shapes: an emoji of a server's own comes as its name, `:blobcat:`; its picture is never fetched.
    """
    found = line(activity.get("content") or activity.get("_misskey_reaction"), EMOJI_CHARS)
    return "" if found in _PLAIN else found
