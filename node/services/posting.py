"""Saying something to the fediverse: a Note of an account of ours, signed, kept, and sent to its readers."""

from __future__ import annotations

from dataclasses import dataclass

from node import attest, publish
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.errors import InvalidInput
from node.domain.notes import Attachment, Mention, Note, Visibility
from node.store.ports import Post

__all__ = ["NOTE", "Saying", "say"]

NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What is to be said, in plain words.

    Shapes: `mentioned` are those whom it names, looked up before; they receive it whatever its visibility.
            `in_reply_to` and `context` are ids, "" for none; `summary` is a content warning.
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


def say(desk: Desk, account: Account, saying: Saying, *, kind: str = NOTE) -> Post:
    """Sign a Note, keep it, and queue it for its readers, in the transaction of the act.

    Shapes: `kind` is what its page and lists take it for.
    Raises: InvalidInput where there is nothing to say, or nobody to say it to.
    """
    if not saying.text.strip() and not saying.attachments:
        raise InvalidInput("text", "it is empty", "Write what you want to say.")
    if saying.visibility is Visibility.DIRECT and not saying.mentioned:
        raise InvalidInput("to", "nobody would read it", "Name whom it is for: @name@server.example.")
    note = _note_of(desk, account, saying)
    document, body = attest.sign_note(desk, note)
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
    )
    desk.tx.posts.save(post)
    named = [(contact.actor, contact.inbox) for contact in saying.mentioned]
    publish.announce_note(
        desk, account, document, to_followers=saying.visibility is not Visibility.DIRECT, named=named
    )
    return post


def _note_of(desk: Desk, account: Account, saying: Saying) -> Note:
    name = desk.new_id()
    mentioned = tuple(contact.actor for contact in saying.mentioned)
    to, cc = attest.addressing(saying.visibility, account.id, mentioned)
    greeting = "".join(attest.mention_of(contact) for contact in saying.mentioned)
    return Note(
        id=desk.iri("posts", name),
        author=account.id,
        content=greeting + attest.html_of(saying.text),
        published_at=desk.signing_time,
        visibility=saying.visibility,
        summary=saying.summary,
        language=saying.language,
        url=f"{desk.setting.base_url}/@{account.name}/{name}",
        in_reply_to=saying.in_reply_to,
        context=saying.context or desk.iri("contexts", name),
        mentions=tuple(Mention(contact.actor, contact.handle) for contact in saying.mentioned),
        hashtags=saying.hashtags,
        attachments=saying.attachments,
        to=to,
        cc=cc,
    )
