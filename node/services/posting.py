"""Saying something to the fediverse: a Note of an account of ours, signed, kept, and sent to its readers.

Everything that is said of a Note later (changed, taken back, pinned) goes to whom it went.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from federation.messages import JsonObject
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.errors import InvalidInput
from node.domain.notes import Attachment, Mention, Note, Visibility
from node.domain.sayings import said
from node.domain.written import MOST_HASHTAGS, MOST_MENTIONS, handles_in, hashtags_in
from node.sending import attest, publish
from node.services.media import settle
from node.store.ports import Post
from node.store.posting import Edit, Utterance

__all__ = [
    "MOST_CHARS",
    "MOST_PINNED",
    "NOTE",
    "Saying",
    "change",
    "check_words",
    "hear_reply",
    "named_before",
    "pin",
    "say",
    "take_back",
    "unhear_actor",
    "unhear_reply",
    "unpin",
]

NOTE = "note"
MOST_CHARS = 5_000
"""Of words as they are typed; servers of the fediverse take some 64 KiB in all."""
MOST_PINNED = 10
MOST_REPLIES = 500
"""So many answers to one post are listed; a thread is no way to fill a store."""
MOST_EDITS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What is to be said, in plain words.

    Shapes: `mentioned` are those whom it names, looked up before; they receive it whatever its visibility.
            Whom the words do not name themselves is named before them. `in_reply_to` and `context` are ids,
            "" for none; `summary` is a content warning; `hashtags` are topics beside those in the words.
    """

    text: str
    visibility: Visibility
    mentioned: tuple[Contact, ...] = ()
    in_reply_to: str = ""
    context: str = ""
    summary: str = ""
    language: str = ""
    hashtags: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


# --- saying -----------------------------------------------------------------------------------------------


def say(
    desk: Desk,
    account: Account,
    saying: Saying,
    *,
    kind: str = NOTE,
    inline: JsonObject | None = None,
    name: str = "",
) -> Post:
    """Sign a Note, keep it, and queue it for its readers, in the transaction of the act.

    Shapes: `kind` is what its page and lists take it for; `inline` are members that it carries beside its
            words, and `name` the last part of its id, where it has to be known beforehand.
    Raises: InvalidInput where there is nothing to say, or nobody to say it to.
    """
    check_words(saying)
    _check_readers(desk, account, saying)
    name = name or desk.new_id()
    note = _note_of(desk, account, saying, name)
    document, body = attest.sign_note(desk, note, inline)
    post = Post(
        id=note.id,
        account=account.id,
        author=account.id,
        kind=kind,
        body=body,
        at=desk.now,
        visibility=note.visibility,
        in_reply_to=note.in_reply_to,
        context=note.context,
        note=note,
        text=saying.text.strip(),
        named=_named(saying),
    )
    desk.tx.posts.save(post)
    settle(desk, account.id, post.id, post.visibility, note.attachments)
    if note.visibility.is_open:
        desk.tx.posts.hear(Utterance(note.id, account.id, desk.now, note.in_reply_to, note.context))
    publish.announce_note(desk, account, document, to_followers=_is_for_followers(post), named=post.named)
    return post


def check_words(saying: Saying) -> None:
    """Whether a Note can hold these words. Raises: InvalidInput."""
    if not saying.text.strip() and not saying.attachments:
        raise InvalidInput("text", "it is empty", "Write what you want to say.")
    if len(saying.text) > MOST_CHARS:
        wrong = said("it has %(n)s characters", n=len(saying.text))
        raise InvalidInput("text", wrong, said("Use at most %(most)s.", most=MOST_CHARS))
    if len(saying.mentioned) > MOST_MENTIONS:
        wrong = said("it names %(n)s people", n=len(saying.mentioned))
        raise InvalidInput("text", wrong, said("Name at most %(most)s.", most=MOST_MENTIONS))
    if len(hashtags_in(saying.text)) + len(saying.hashtags) > MOST_HASHTAGS:
        raise InvalidInput("text", "it marks too many topics", said("At most %(most)s.", most=MOST_HASHTAGS))


def _check_readers(desk: Desk, account: Account, saying: Saying) -> None:
    """Raises: InvalidInput for what nobody would read."""
    if saying.mentioned or saying.visibility.is_open:
        return
    if saying.visibility is Visibility.DIRECT:
        raise InvalidInput("to", "nobody would read it", "Name whom it is for: @name@server.example.")
    if not desk.tx.followers.count(account.id):
        raise InvalidInput("to", "nobody follows you yet", "Say it to everybody, or name whom it is for.")


def _named(saying: Saying) -> tuple[tuple[str, str], ...]:
    return tuple((contact.actor, contact.inbox) for contact in saying.mentioned)


def _is_for_followers(post: Post) -> bool:
    return post.visibility is not Visibility.DIRECT


def _note_of(desk: Desk, account: Account, saying: Saying, name: str) -> Note:
    mentioned = tuple(contact.actor for contact in saying.mentioned)
    to, cc = attest.addressing(saying.visibility, account.id, mentioned)
    return Note(
        id=desk.iri("posts", name),
        author=account.id,
        content=_content(desk, saying),
        published_at=desk.signing_time,
        visibility=saying.visibility,
        summary=saying.summary.strip(),
        language=saying.language,
        url=f"{desk.setting.base_url}/@{account.name}/{name}",
        in_reply_to=saying.in_reply_to,
        context=saying.context or _context_of(desk, saying.in_reply_to) or desk.iri("contexts", name),
        mentions=tuple(Mention(contact.actor, contact.handle) for contact in saying.mentioned),
        hashtags=_topics(saying),
        attachments=saying.attachments,
        to=to,
        cc=cc,
    )


def _content(desk: Desk, saying: Saying) -> str:
    typed = {handle.casefold() for handle in handles_in(saying.text)}
    unnamed = [contact.handle for contact in saying.mentioned if contact.handle.casefold() not in typed]
    people = {contact.handle.casefold(): contact.url or contact.actor for contact in saying.mentioned}
    return attest.written(desk, " ".join([*unnamed, saying.text.strip()]), people)


def _topics(saying: Saying) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for topic in (*hashtags_in(saying.text), *saying.hashtags):
        found.setdefault(topic.casefold(), topic)
    return tuple(found.values())


def _context_of(desk: Desk, post_id: str) -> str:
    """The thread of ours that a post is in, "" for none."""
    post = desk.tx.posts.get(post_id) if post_id else None
    place = post or _place_of(desk, post_id)
    return place.context if place is not None else ""


# --- what becomes of it -----------------------------------------------------------------------------------


def change(desk: Desk, account: Account, post_id: str, saying: Saying, *, kind: str = NOTE) -> Post:
    """Say it otherwise: an Update, signed anew, to whom the Create went, and to whom it names now.

    Shapes: `kind` is what the post has to be: what the node says by itself is changed by nobody else.

    Who may read it stays as it was, and so do what it answers and its thread; what it said before is kept for
    its owner. Nothing is sent where nothing is new.
    Raises: InvalidInput.
    """
    post = _own(desk, account, post_id)
    before = post.note
    if before is None or post.kind != kind:
        raise InvalidInput("post", "it is no post that can be changed", "Take it back, and say it anew.")
    saying = replace(saying, visibility=post.visibility, in_reply_to=before.in_reply_to, context=post.context)
    check_words(saying)
    _check_readers(desk, account, saying)
    made = _note_of(desk, account, saying, post.id.rpartition("/")[2])
    note = replace(made, published_at=before.published_at, updated_at=before.updated_at)
    if note == before:
        return post
    if len(desk.tx.posts.edits(post.id)) >= MOST_EDITS:
        raise InvalidInput("post", "it was changed too often", "Take it back, and say it anew.")
    note = replace(note, updated_at=desk.after(before.updated_at or before.published_at))
    document, body = attest.sign_note(desk, note)
    named = tuple(dict.fromkeys((*post.named, *_named(saying))))
    changed = replace(post, note=note, body=body, text=saying.text.strip(), named=named)
    desk.tx.posts.add_edit(Edit(post.id, desk.now, post.text, before.summary))
    desk.tx.posts.save(changed)
    settle(desk, account.id, post.id, post.visibility, note.attachments)
    _tell(desk, account, changed, attest.build_update(document))
    return changed


def take_back(desk: Desk, account: Account, post_id: str) -> None:
    """Delete it: its readers are told, its words go, and its address says from then on that it is gone.

    Raises: InvalidInput.
    """
    post = _own(desk, account, post_id)
    if desk.tx.posts.offer(post.id) is not None:
        raise InvalidInput("post", "it is a standing offer", "Take it back among your offers.")
    _tell(desk, account, post, attest.deletion_of(desk, post.id, account.id, post.body))
    desk.tx.posts.drop_edits(post.id)
    desk.tx.posts.unhear(post.id)
    desk.tx.reactions.remove_post(post.id)
    settle(desk, account.id, post.id, post.visibility, ())
    empty = replace(post, body=b"", note=None, text="", named=(), pinned_at=None)
    desk.tx.posts.save(replace(empty, deleted_at=desk.now))


def named_before(post: Post) -> tuple[str, ...]:
    """Whom a post names before its words, not in them: whoever changes the words goes on naming them."""
    typed = {handle.casefold() for handle in handles_in(post.text)}
    mentions = post.note.mentions if post.note is not None else ()
    return tuple(mention.handle for mention in mentions if mention.handle.casefold() not in typed)


def pin(desk: Desk, account: Account, post_id: str) -> None:
    """Show it first on the account's page, there and where it is followed from. Raises: InvalidInput."""
    post = _own(desk, account, post_id)
    if post.pinned_at is not None:
        return
    if not post.visibility.is_open:
        raise InvalidInput("post", "it is not for everybody", "Pin what everybody may read.")
    if len(desk.tx.posts.pinned(account.id)) >= MOST_PINNED:
        wrong = said("%(n)s are pinned already", n=MOST_PINNED)
        raise InvalidInput("post", wrong, "Take one of them down first.")
    desk.tx.posts.save(replace(post, pinned_at=desk.signing_time))
    _tell_of_pin(desk, account, "Add", post)


def unpin(desk: Desk, account: Account, post_id: str) -> None:
    """Show it where it stands by its date again. Raises: InvalidInput."""
    post = _own(desk, account, post_id)
    if post.pinned_at is None:
        return
    desk.tx.posts.save(replace(post, pinned_at=None))
    _tell_of_pin(desk, account, "Remove", post)


def _tell_of_pin(desk: Desk, account: Account, verb: Literal["Add", "Remove"], post: Post) -> None:
    activity = attest.build_pinning(verb, post.id, account.id, desk.iri("activities"))
    publish.post_to_readers(desk, account, activity, post.id, to_followers=True, named=())


def _own(desk: Desk, account: Account, post_id: str) -> Post:
    post = desk.tx.posts.get(post_id)
    if post is None or post.account != account.id or post.author != account.id or post.deleted_at is not None:
        raise InvalidInput("post", "there is no such post", "It may have been taken back.")
    return post


def _tell(desk: Desk, account: Account, post: Post, activity: JsonObject) -> None:
    publish.post_to_readers(
        desk, account, activity, post.id, to_followers=_is_for_followers(post), named=post.named
    )


# --- threads ----------------------------------------------------------------------------------------------


def hear_reply(desk: Desk, note: Note) -> None:
    """List somebody else's answer in the thread of ours that it belongs to, where everybody may read both.

    Shapes: `note` was received from its author. What answers nothing of a thread of ours is left alone; so is
            whatever comes after the first five hundred answers to one post.
    """
    answered = _place_of(desk, note.in_reply_to)
    if answered is None or not note.visibility.is_open:
        return
    if not desk.is_ours(answered.context) and not desk.is_ours(answered.id):
        return
    if any(desk.tx.shunned.is_blocked(own, note.author) for own in _hosts_of(desk, answered)):
        return
    posts = desk.tx.posts
    if max(posts.count_replies(answered.id), posts.count_in_context(answered.context)) < MOST_REPLIES:
        at = min(note.published_at, desk.now)
        desk.tx.posts.hear(Utterance(note.id, note.author, at, answered.id, answered.context))


def _place_of(desk: Desk, post_id: str) -> Utterance | None:
    """Where a post stands that may be answered in public; None for one that is not there, or not so."""
    heard = desk.tx.posts.heard(post_id) if post_id else None
    post = desk.tx.posts.get(post_id) if post_id and heard is None else None
    if post is None or post.deleted_at is not None or not post.visibility.is_open:
        return heard
    return Utterance(post.id, post.author, post.at, post.in_reply_to, post.context)


def _hosts_of(desk: Desk, listed: Utterance) -> set[str]:
    """Whose thread something stands in: who said it, and who began the thread here."""
    root = desk.tx.posts.get(listed.context.replace("/contexts/", "/posts/", 1))
    return {listed.author} | ({root.author} if root is not None else set())


def unhear_actor(desk: Desk, actor: str, account: str = "") -> None:
    """List nothing of somebody's any more: in the threads of one account, or in none."""
    for listed in desk.tx.posts.heard_of(actor):
        place = desk.tx.posts.heard(listed.in_reply_to)
        if not account or account in _hosts_of(desk, listed) | ({place.author} if place else set()):
            desk.tx.posts.unhear(listed.id)


def unhear_reply(desk: Desk, note_id: str, author: str) -> None:
    """Its author has taken an answer back; nobody else can."""
    heard = desk.tx.posts.heard(note_id)
    if heard is not None and heard.author == author:
        desk.tx.posts.unhear(note_id)
