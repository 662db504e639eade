"""Conversations with anybody in the fediverse: what an account of ours and one other actor said.

Pure: what a thread becomes when something is said, edited, taken back, answered or closed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from node.domain.notes import Attachment, Note, Visibility
from node.domain.wordings import stood_before, wording

__all__ = [
    "EARLIER_KEPT",
    "EXCERPT_CHARS",
    "Earlier",
    "Part",
    "Peer",
    "Thread",
    "ThreadState",
    "Utterance",
    "amend",
    "answered",
    "heard",
    "is_wider",
    "strike",
]

EXCERPT_CHARS = 160
EARLIER_KEPT = 10
"""So many earlier wordings of what was edited are kept: the first, and those before the newest."""

_WIDTH = (Visibility.DIRECT, Visibility.FOLLOWERS, Visibility.UNLISTED, Visibility.PUBLIC)


def is_wider(one: Visibility, other: Visibility) -> bool:
    """Whether more people may read the one than the other."""
    return _WIDTH.index(one) > _WIDTH.index(other)


class ThreadState(StrEnum):
    OPEN = "open"
    """Theirs is the last word: it waits for an answer."""
    ANSWERED = "answered"
    CLOSED = "closed"
    """Its owner has put it away; whatever they say next opens it again."""


class Part(StrEnum):
    """What an utterance is, beside its words."""

    WORDS = "words"
    CAST = "cast"
    """Ours: an intent, as somebody without a node is told of it."""
    QUOTE = "quote"
    """Ours: an offer that `accept REFERENCE` concludes."""
    ACCEPTANCE = "acceptance"
    """Theirs: it has concluded a quote."""
    CANCELLATION = "cancellation"
    """Theirs: it has cancelled what a quote had concluded."""
    AUTOMATIC = "automatic"
    """Ours: the node said it by itself."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody of another server, as that server shows them.

    Shapes: `handle` is "" unless its own host names this very actor: nobody is shown by a claim. `seen_at` is
            when that was last looked at.
    """

    actor: str
    inbox: str
    seen_at: datetime
    handle: str = ""
    name: str = ""
    url: str = ""

    @property
    def shown(self) -> str:
        """What they are called: by the handle that was proven, else by their id."""
        return self.handle or self.actor


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation of an account with one other actor. `id` is its name in addresses.

    Shapes: `unread` counts what nobody has looked at, `heard` all that they said, `length` all that was said;
            `excerpt` is the beginning of the last words; `context` the conversation's id, "" for none;
            `last` who could read what was said last.
    """

    account: str
    id: str
    peer: Peer
    started_at: datetime
    changed_at: datetime
    state: ThreadState = ThreadState.OPEN
    context: str = ""
    excerpt: str = ""
    unread: int = 0
    heard: int = 0
    length: int = 0
    last: Visibility = Visibility.DIRECT


@dataclass(frozen=True, slots=True)
class Earlier:
    """How it read before it was edited."""

    content: str
    summary: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing said in a thread; `id` is that of its Note, `form` its type on the wire.

    Shapes: `stood` are the wordings that it had within the second of its last edit (`wordings`).
    Units: `at` is when it came or was said here; `published_at` what its author says.
    """

    account: str
    thread: str
    id: str
    author: str
    is_ours: bool
    at: datetime
    published_at: datetime
    visibility: Visibility
    content: str
    form: str = "Note"
    part: Part = Part.WORDS
    title: str = ""
    summary: str = ""
    language: str = ""
    url: str = ""
    in_reply_to: str = ""
    attachments: tuple[Attachment, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    quoted: str = ""
    stood: tuple[str, ...] = ()


def heard(thread: Thread, said: Utterance, excerpt: str, now: datetime) -> Thread:
    """They said something: it waits for an answer, whatever the thread was before."""
    return replace(
        _longer(thread, said, excerpt, now),
        state=ThreadState.OPEN,
        unread=thread.unread + 1,
        heard=thread.heard + 1,
    )


def answered(thread: Thread, said: Utterance, excerpt: str, now: datetime) -> Thread:
    """We said something. What the node said by itself answers nobody: a person still has to look."""
    is_person = said.part is not Part.AUTOMATIC
    return replace(
        _longer(thread, said, excerpt, now), state=ThreadState.ANSWERED if is_person else thread.state
    )


def _longer(thread: Thread, said: Utterance, excerpt: str, now: datetime) -> Thread:
    return replace(
        thread,
        changed_at=now,
        excerpt=excerpt[:EXCERPT_CHARS],
        length=thread.length + 1,
        last=said.visibility,
    )


def amend(said: Utterance, note: Note, form: str, now: datetime) -> Utterance | None:
    """What was said, as its author has edited it; None where the edit changes nothing.

    An older edit after a newer one is ignored, as is one that would be of another kind or another author, or
    that comes after its Delete. What was read before stays for the owner to see (`security F09, F10`).
    """
    is_same = (note.id, note.author, form) == (said.id, said.author, said.form)
    if not is_same or said.deleted_at is not None:
        return None
    stood = stood_before(
        note.updated_at,
        wording(note.content, note.title, note.summary, note.language, note.attachments),
        moment=said.updated_at or said.published_at,
        before=wording(said.content, said.title, said.summary, said.language, said.attachments),
        stood=said.stood,
    )
    if stood is None:
        return None
    before = (*said.earlier, Earlier(said.content, said.summary, now))
    kept = before if len(before) <= EARLIER_KEPT else (before[0], *before[2:])
    return replace(
        said,
        content=note.content,
        title=note.title,
        summary=note.summary,
        language=note.language,
        attachments=note.attachments,
        updated_at=note.updated_at,
        earlier=kept,
        stood=stood,
    )


def strike(said: Utterance, now: datetime) -> Utterance:
    """Its author has deleted it: that it was said stays, the words go, earlier ones too."""
    return replace(
        said,
        content="",
        title="",
        summary="",
        url="",
        attachments=(),
        earlier=(),
        stood=(),
        deleted_at=now,
    )
