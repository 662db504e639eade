"""What other people say to our accounts: whose thread it belongs to, and what it does there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.notes import Note, Visibility
from node.domain.plain_quotes import PlainQuote, Word, names_in, read_word
from node.domain.talking import (
    EXCERPT_CHARS,
    Part,
    Peer,
    Thread,
    ThreadState,
    Utterance,
    amend,
    answered,
    heard,
    strike,
)
from node.services.plain_quotes import answer_kindly, confirm, take_word
from node.services.talking import HeardNote, begin_thread, thread_ref, thread_with
from node.store.ports import Notice

__all__ = [
    "FORGOTTEN_AFTER",
    "MOST_BEGUN_A_DAY",
    "MOST_HEARD_A_DAY",
    "addressees",
    "has_written",
    "hear",
    "hear_delete",
    "hear_edit",
    "is_welcome",
]

MOST_HEARD_A_DAY = 100
"""So much of one actor is kept for one account in a day."""
MOST_BEGUN_A_DAY = 200
"""So many threads may the people of one domain begin with one account in a day: names cost nothing."""
FORGOTTEN_AFTER = timedelta(hours=6)
"""For so long a Delete is remembered whose Create has not come (`interop §4.4`)."""
_GOES_ON_FOR = timedelta(days=3)
"""Many programs send each direct message by itself: within this time it goes on with the last such thread."""
_DAY = timedelta(days=1)


def addressees(desk: Desk, note: Note) -> list[Account]:
    """The accounts of ours that a Note is said to: whom it names, and whose post it answers."""
    found = {account.id: account for account in desk.tx.accounts.all() if note.names(account.id)}
    answered = desk.tx.posts.get(note.in_reply_to) if desk.is_ours(note.in_reply_to) else None
    if answered is not None and answered.author == answered.account:
        account = desk.tx.accounts.get(answered.account)
        if account is not None:
            found[account.id] = account
    found.pop(note.author, None)
    return list(found.values())


def has_written(desk: Desk, actor: str) -> bool:
    """Whether somebody has written to an account here, so that what they delete matters."""
    return desk.tx.peers.get(actor) is not None


def is_welcome(desk: Desk, account: Account, said: HeardNote) -> bool:
    """Whether a Note would be kept for an account: nobody who is not heard, no repetition, no flood."""
    note, tx = said.note, desk.tx
    if tx.shunned.is_blocked(account.id, note.author) or tx.shunned.is_muted(account.id, note.author):
        return False
    if tx.threads.utterance(account.id, note.id) is not None or tx.gone.has(note.author, note.id, desk.now):
        return False
    if tx.threads.heard_since(account.id, note.author, desk.now - _DAY) >= MOST_HEARD_A_DAY:
        return False
    if tx.threads.newest_with(account.id, note.author) is not None:
        return True
    return tx.threads.begun_since(account.id, said.domain, desk.now - _DAY) < MOST_BEGUN_A_DAY


# --- something new ----------------------------------------------------------------------------------------


def hear(desk: Desk, said: HeardNote, peer: Peer) -> list[Thread]:
    """Keep a Note in a thread of each account that it is said to, and let it do what it says to a quote.

    What comes twice, or at two inboxes, has its effect once.
    """
    welcome = [account for account in addressees(desk, said.note) if is_welcome(desk, account, said)]
    return [_hear_for(desk, account, said, peer) for account in welcome]


def _hear_for(desk: Desk, account: Account, said: HeardNote, peer: Peer) -> Thread:
    word = _word_of(desk, account, said)
    part, quote = take_word(desk, account, said, word) if word is not None else (Part.WORDS, None)
    thread = _thread_for(desk, account, said, peer, quote)
    utterance = _utterance_of(desk, thread, said, part)
    was_read = not thread.unread
    thread = _recall(desk, account, thread, said.note)
    thread = heard(replace(thread, peer=peer), utterance, said.note.summary or said.text, desk.now)
    if quote is not None:  # the node has answered it whole; nothing waits for a person
        thread = replace(thread, state=ThreadState.ANSWERED)
    desk.tx.threads.add(utterance)
    desk.tx.threads.save(thread)
    if quote is not None:
        confirm(desk, account, thread, quote, said.note.id)
    elif was_read:
        _tell_owner(desk, account, thread)
    if word is not None and quote is None:
        answer_kindly(desk, account, thread, said, word)
    return thread


def _word_of(desk: Desk, account: Account, said: HeardNote) -> Word | None:
    """What it says to a quote of a vendor, once it is taken away whom it names."""
    if account.kind is not AccountKind.VENDOR:
        return None
    server = desk.setting.base_url.partition("://")[2]
    return read_word(said.text, names_in(said.note, account.name, server))


def _thread_for(
    desk: Desk, account: Account, said: HeardNote, peer: Peer, quote: PlainQuote | None
) -> Thread:
    """The thread that it goes on in: the quote's, what it answers, its conversation, the last direct one."""
    note = said.note
    found = desk.tx.threads.get(account.id, quote.thread) if quote is not None else None
    found = found or thread_with(desk, account, note)
    if found is None and note.visibility is Visibility.DIRECT and not note.in_reply_to:
        last = desk.tx.threads.newest_with(account.id, note.author)
        found = last if last is not None and _goes_on(desk, last) else None
    if found is not None:
        return found
    desk.tx.threads.note_beginning(account.id, said.domain, desk.now)
    return begin_thread(desk, account, peer, note.context)


def _goes_on(desk: Desk, last: Thread) -> bool:
    is_open = last.state is not ThreadState.CLOSED and last.last is Visibility.DIRECT
    return is_open and last.changed_at + _GOES_ON_FOR > desk.now


def _recall(desk: Desk, account: Account, thread: Thread, note: Note) -> Thread:
    """The thread with what is answered, where that was said to this peer alone and stands in no thread yet.

    What strangers may read has a page of its own, which the answer leads to.
    """
    post = desk.tx.posts.get(note.in_reply_to) if desk.is_ours(note.in_reply_to) else None
    if post is None or post.note is None or post.account != account.id or post.visibility.is_open:
        return thread
    told = {actor for actor, _ in post.named}
    ours = Utterance(
        account=account.id,
        thread=thread.id,
        id=post.id,
        author=account.id,
        is_ours=True,
        at=post.at,
        published_at=post.note.published_at,
        visibility=post.visibility,
        content=post.note.content,
        summary=post.note.summary,
        language=post.note.language,
        attachments=post.note.attachments,
    )
    if note.author not in told or not desk.tx.threads.add(ours):
        return thread
    return answered(thread, ours, post.text, desk.now)


def _utterance_of(desk: Desk, thread: Thread, said: HeardNote, part: Part) -> Utterance:
    note = said.note
    return Utterance(
        account=thread.account,
        thread=thread.id,
        id=note.id,
        author=note.author,
        is_ours=False,
        at=desk.now,
        published_at=note.published_at,
        visibility=note.visibility,
        content=note.content,
        form=said.form,
        part=part,
        title=note.title,
        summary=note.summary,
        language=note.language,
        url=note.url,
        in_reply_to=note.in_reply_to,
        attachments=note.attachments,
        updated_at=note.updated_at,
        quoted=note.quoted,
    )


def _tell_owner(desk: Desk, account: Account, thread: Thread) -> None:
    """Once until it is looked at, however much they say; never what they say."""
    shown = thread.peer.shown
    values = {"peer": shown, "thread": thread.id}
    text, about = f"{shown} wrote to you", thread_ref(desk, thread)
    desk.tx.notices.add(Notice(account.id, desk.now, text, "talk", about, code="talk", values=values))


# --- edits and ends ---------------------------------------------------------------------------------------


def hear_edit(desk: Desk, said: HeardNote) -> None:
    """Their newer wording stands; the earlier ones stay for the owner to see.

    An edit is never a word on a quote, however it reads (`protocol §5`).
    """
    for before in desk.tx.threads.of_note(said.note.id):
        after = amend(before, said.note, said.form, desk.now)
        account = desk.tx.accounts.get(before.account)
        thread = desk.tx.threads.get(before.account, before.thread)
        if after is None or account is None or thread is None:
            continue
        desk.tx.threads.change(after)
        thread = _look_again(desk, thread, said.note.summary or said.text, before.id)
        word = _word_of(desk, account, said)
        if word is not None and before.part is Part.WORDS:
            answer_kindly(desk, account, thread, said, word, is_edit=True)


def _look_again(desk: Desk, thread: Thread, excerpt: str, note_id: str) -> Thread:
    last = desk.tx.threads.said_in(thread.account, thread.id, limit=1)
    is_last = bool(last) and last[0].id == note_id
    changed = replace(thread, unread=thread.unread + 1)
    changed = replace(changed, excerpt=excerpt[:EXCERPT_CHARS]) if is_last else changed
    desk.tx.threads.save(changed)
    return changed


def hear_delete(desk: Desk, author: str, note_id: str) -> None:
    """Their words go where they stand; that something was said stays.

    A Delete that overtakes its Create is remembered, so that what was deleted is never shown.
    """
    known = desk.tx.threads.of_note(note_id)
    for said in known:
        if said.author == author and said.deleted_at is None:
            desk.tx.threads.change(strike(said, desk.now))
            thread = desk.tx.threads.get(said.account, said.thread)
            last = desk.tx.threads.said_in(said.account, said.thread, limit=1)
            if thread is not None and last and last[0].id == note_id:
                desk.tx.threads.save(replace(thread, excerpt=""))
    if not known:
        desk.tx.gone.add(author, note_id, desk.now + FORGOTTEN_AFTER)
