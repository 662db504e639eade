"""Conversations with anybody in the fediverse: what is said there by us, and what becomes of the thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from federation.kept_signatures import KeptSignature
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.errors import InvalidInput
from node.domain.notes import Note, Visibility
from node.domain.sayings import said
from node.domain.talking import Part, Peer, Thread, ThreadState, Utterance, answered, is_wider
from node.sending.attest import html_of
from node.services.posting import NOTE, Saying, say

__all__ = [
    "BOUND",
    "MOST_IN_A_THREAD",
    "Evidence",
    "HeardNote",
    "answer",
    "begin_thread",
    "close_thread",
    "contact_of",
    "find_thread",
    "last_heard",
    "open_thread",
    "see_thread",
    "tell",
    "thread_ref",
    "thread_with",
]

BOUND = "talk"
"""What the node says by itself, and quotes, are no posts that somebody changes afterwards."""
MOST_IN_A_THREAD = 1_000
"""A thread that is longer goes on in a new one."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A Note as it came: what shows later who said it.

    Shapes: `body` is the whole activity, `document` the actor document that listed the key `key_id`;
            `signature` is by that key, where the activity has no proof of its own and may bind somebody.
    """

    activity_id: str
    digest: str
    body: bytes
    key_id: str
    document: bytes
    fetched_at: datetime
    received_at: datetime
    signature: KeptSignature | None = None


@dataclass(frozen=True, slots=True)
class HeardNote:
    """A Note that somebody of another server, or of this one, was proven to have said.

    Shapes: `form` is its type on the wire; `text` its words without markup; `domain` whose host it came from.
            `is_first_hand` says that its author's own key signed it, by request or by proof: not a copy that
            somebody brought and we fetched. `is_bare` says that it is its words and nothing else to whoever
            sees it (`wire.plainly`), and was not edited.
    """

    note: Note
    form: str
    text: str
    domain: str
    evidence: Evidence
    is_first_hand: bool
    is_bare: bool


def find_thread(desk: Desk, account: Account, thread_id: str) -> Thread:
    """One of an account's own threads. Raises: InvalidInput."""
    thread = desk.tx.threads.get(account.id, thread_id)
    if thread is None:
        wrong = said("there is no conversation '%(thread)s'", thread=thread_id[:60])
        raise InvalidInput("thread", wrong, "Look at the list of conversations.")
    return thread


def thread_ref(desk: Desk, thread: Thread) -> str:
    """What notices about a thread stand under, so that looking at it is looking at them."""
    return f"{desk.setting.base_url}/my/conversations/{thread.id}"


def thread_with(desk: Desk, account: Account, note: Note) -> Thread | None:
    """The thread that somebody's Note goes on in, by what it answers or by its conversation; never another
    peer's: what a Note says of itself leads nobody into what was said to somebody else.
    """
    before = desk.tx.threads.utterance(account.id, note.in_reply_to) if note.in_reply_to else None
    found = desk.tx.threads.get(account.id, before.thread) if before is not None else None
    if found is None or found.peer.actor != note.author:
        found = None
        if note.context:
            found = desk.tx.threads.newest_with(account.id, note.author, context=note.context)
    return found if found is not None and found.length < MOST_IN_A_THREAD else None


def begin_thread(desk: Desk, account: Account, peer: Peer, context: str = "") -> Thread:
    """A thread in which nothing is said yet; whoever says something keeps it."""
    return Thread(account.id, desk.new_id(), peer, desk.now, desk.now, context=context)


def last_heard(desk: Desk, thread: Thread) -> Utterance | None:
    """What they said last, of what is still there."""
    heard = desk.tx.threads.said_in(thread.account, thread.id)
    return next((one for one in reversed(heard) if not one.is_ours and one.deleted_at is None), None)


# --- saying something -------------------------------------------------------------------------------------


def answer(
    desk: Desk,
    account: Account,
    thread: Thread,
    words: str,
    *,
    visibility: Visibility,
    to: str = "",
    summary: str = "",
    is_wider_meant: bool = False,
) -> Utterance:
    """Answer in a thread.

    Shapes: `to` is the id of what is answered, "" for what they said last. An answer that more people may
            read than could read that is sent only where `is_wider_meant`.
    Raises: InvalidInput.
    """
    asked = desk.tx.threads.utterance(account.id, to) if to else last_heard(desk, thread)
    if to and (asked is None or asked.thread != thread.id):
        raise InvalidInput("to", "that is not in this conversation", "Look at it again.")
    before = asked.visibility if asked is not None else thread.last
    if is_wider(visibility, before) and not is_wider_meant:
        raise InvalidInput(
            "visibility",
            "more people would read this answer than could read what it answers",
            "Answer as it was said, or say that you mean it.",
        )
    return tell(
        desk,
        account,
        thread,
        words,
        visibility=visibility,
        in_reply_to=asked.id if asked else "",
        summary=summary,
    )


def tell(
    desk: Desk,
    account: Account,
    thread: Thread,
    words: str,
    *,
    visibility: Visibility = Visibility.DIRECT,
    in_reply_to: str = "",
    part: Part = Part.WORDS,
    summary: str = "",
    language: str = "",
) -> Utterance:
    """Say something to the peer of a thread, and keep it there.

    Raises: InvalidInput where there is nothing to say.
    """
    peer = thread.peer
    saying = Saying(
        text=words,
        visibility=visibility,
        mentioned=(contact_of(account, peer),),
        in_reply_to=in_reply_to,
        context=thread.context if "://" in thread.context else "",
        summary=summary,
        language=language,
    )
    post = say(desk, account, saying, kind=NOTE if part is Part.WORDS else BOUND)
    utterance = Utterance(
        account=account.id,
        thread=thread.id,
        id=post.id,
        author=account.id,
        is_ours=True,
        at=desk.now,
        published_at=desk.signing_time,
        visibility=visibility,
        content=html_of(words),
        part=part,
        summary=summary,
        language=language,
        in_reply_to=in_reply_to,
    )
    desk.tx.threads.add(utterance)
    known = replace(thread, context=thread.context or post.context)
    desk.tx.threads.save(answered(known, utterance, words, desk.now))
    return utterance


def contact_of(account: Account, peer: Peer) -> Contact:
    """The peer as posts mention people."""
    return Contact(
        account=account.id,
        actor=peer.actor,
        handle=peer.shown,
        name=peer.name,
        inbox=peer.inbox,
        fetched_at=peer.seen_at,
        url=peer.url or None,
    )


# --- looking after threads --------------------------------------------------------------------------------


def see_thread(desk: Desk, account: Account, thread_id: str) -> Thread:
    """Its owner has looked at it. Raises: InvalidInput."""
    thread = find_thread(desk, account, thread_id)
    if thread.unread:
        thread = replace(thread, unread=0)
        desk.tx.threads.save(thread)
    return thread


def close_thread(desk: Desk, account: Account, thread_id: str) -> Thread:
    """Put a conversation away; what they say next opens it again. Raises: InvalidInput."""
    thread = find_thread(desk, account, thread_id)
    closed = replace(thread, state=ThreadState.CLOSED, unread=0)
    desk.tx.threads.save(closed)
    return closed


def open_thread(desk: Desk, account: Account, thread_id: str) -> Thread:
    """Take a conversation up again. Raises: InvalidInput."""
    thread = find_thread(desk, account, thread_id)
    last = desk.tx.threads.said_in(account.id, thread.id, limit=1)
    state = ThreadState.ANSWERED if last and last[0].is_ours else ThreadState.OPEN
    opened = replace(thread, state=state)
    desk.tx.threads.save(opened)
    return opened
