"""Notes of the fediverse, ours and other people's, as one value: what is said, to whom, in answer to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Attachment", "Mention", "Note", "Visibility"]


class Visibility(StrEnum):
    """Who may read it, as the fediverse tells them apart (`interop §4.3`)."""

    PUBLIC = "public"
    """Everybody, and it is listed."""
    UNLISTED = "unlisted"
    """Everybody who has its address."""
    FOLLOWERS = "followers"
    """Its author's followers, and whom it mentions."""
    DIRECT = "direct"
    """Whom it mentions, and nobody else."""

    @property
    def is_open(self) -> bool:
        """Whether strangers may read it."""
        return self in (Visibility.PUBLIC, Visibility.UNLISTED)


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody who is named. `handle` is what the Note calls them: `@bob@host.example`, or less."""

    actor: str
    handle: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture, sound, film or file beside the words. `alt` says what it shows, for those who do not see it.

    Units: `width` and `height` in pixels, 0 where they are not known.
    """

    url: str
    media_type: str
    alt: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """One Note.

    Shapes: `content` is clean HTML; `summary` is a content warning in plain words, `title` the name of what
            is more than a Note (an article, say). `language` is a BCP 47 tag. `in_reply_to`, `context` (the
            thread) and `quoted` are ids, "" for none; the context of somebody else's binds nobody. `to` and
            `cc` hold canonical ids, the public in its full spelling. `is_sensitive` asks that pictures are
            not shown at once.
    """

    id: str
    author: str
    content: str
    published_at: datetime
    visibility: Visibility
    updated_at: datetime | None = None
    title: str = ""
    summary: str = ""
    language: str = ""
    url: str = ""
    in_reply_to: str = ""
    context: str = ""
    quoted: str = ""
    mentions: tuple[Mention, ...] = ()
    hashtags: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    is_sensitive: bool = False

    def names(self, actor: str) -> bool:
        """Whether it is addressed to an actor, or mentions it."""
        return actor in self.to or actor in self.cc or any(found.actor == actor for found in self.mentions)
