"""What people of the fediverse say: new, edited or deleted, and whose business it is.

feedback about us → a vendor's answer to ours → a thread of each account that it is said to → the timeline
"""

from __future__ import annotations

from federation.ids import host
from federation.jsonld import type_names
from federation.listeners import Inbound
from federation.rates import domain_of
from node.context import Node
from node.desk import Desk
from node.domain.errors import Refusal
from node.domain.notes import Note
from node.domain.talking import Peer
from node.handlers.callers import Callers
from node.handlers.evidence import Sender, sender_of
from node.handlers.feedback import take_answer, take_feedback
from node.services.hearing import addressees, hear, hear_delete, hear_edit, is_welcome
from node.services.posting import hear_reply, unhear_reply
from node.services.reading import amend_readings, drop_note, shelve
from node.services.talking import Evidence, HeardNote
from node.wire.fediverse import parse_note
from node.wire.feedback import is_feedback_post
from node.wire.html import plain_text
from node.wire.plainly import plain_words
from node.wire.postings import is_posting
from node.wire.replies import is_reply

__all__ = ["Notes"]


class Notes:
    """Handles Create, Update and Delete of what is shown like a Note; lives as long as its node."""

    def __init__(self) -> None:
        self._callers = Callers()

    async def take_created_note(self, node: Node, inbound: Inbound) -> None:
        """Something new. Raises: FetchError where its author must be asked for and is silent; tried again."""
        activity = inbound.activity.json
        if is_feedback_post(activity):
            await take_feedback(node, inbound)
            return
        if is_reply(activity) and await take_answer(node, inbound):
            return
        note = _read(inbound)
        if note is None:
            return
        sender, peer = await self._who_says_it(node, inbound, note)
        heard = _heard(inbound, note, sender)

        def work(desk: Desk) -> None:
            if not desk.tx.inbox.is_pending(inbound.entry.id):
                return
            if peer is not None:
                desk.tx.peers.save(peer)
                hear(desk, heard, peer)
            shelve(desk, note, heard.form, is_offer=is_posting(inbound.activity.object))
            if not desk.tx.gone.has(note.author, note.id, desk.now):
                hear_reply(desk, note)
            desk.tx.inbox.finish(inbound.entry.id)

        await node.work(work)

    async def _who_says_it(
        self, node: Node, inbound: Inbound, note: Note
    ) -> tuple[Sender | None, Peer | None]:
        """Its author, looked up only where somebody here would read it."""
        heard = _heard(inbound, note, None)

        def is_for_us(desk: Desk) -> bool:
            return any(is_welcome(desk, account, heard) for account in addressees(desk, note))

        if not await node.look(is_for_us):
            return None, None
        sender = await sender_of(node, inbound.entry)
        return sender, await self._callers.peer_of(node, sender)

    async def take_updated_note(self, node: Node, inbound: Inbound) -> None:
        """An edit of what its author said before; of what nobody here has read it is nothing."""
        note = _read(inbound)
        if note is None:
            return
        heard = _heard(inbound, note, None)

        def work(desk: Desk) -> None:
            if not desk.tx.inbox.is_pending(inbound.entry.id):
                return
            hear_edit(desk, heard)
            amend_readings(desk, note, heard.form, is_offer=is_posting(inbound.activity.object))
            if not note.visibility.is_open:  # it is not listed any more, and no edit lists it again
                unhear_reply(desk, note.id, note.author)
            desk.tx.inbox.finish(inbound.entry.id)

        await node.work(work)

    async def take_deleted_note(self, node: Node, inbound: Inbound) -> None:
        """Its author has deleted what they said; a Delete that comes first is remembered for a while."""
        deleted, author = inbound.activity.object_id, inbound.entry.actor
        if deleted is None or deleted == author:
            return

        def work(desk: Desk) -> None:
            if not desk.tx.inbox.is_pending(inbound.entry.id):
                return
            hear_delete(desk, author, deleted)
            drop_note(desk, author, deleted)
            unhear_reply(desk, deleted, author)
            desk.tx.inbox.finish(inbound.entry.id)

        await node.work(work)


def _read(inbound: Inbound) -> Note | None:
    """The Note of an activity, None where it is not its sender's or holds nothing to show.

    Its author is who was proven to have sent it; what it embeds of others is not kept (`security F06, F07`).
    """
    document, entry = inbound.activity.object, inbound.entry
    if not isinstance(document, dict):
        return None
    try:
        return parse_note(document, author=entry.actor, received_at=entry.received_at)
    except Refusal:
        return None


def _heard(inbound: Inbound, note: Note, sender: Sender | None) -> HeardNote:
    entry, document = inbound.entry, inbound.activity.object
    text = plain_text(note.content)
    is_edited = note.updated_at is not None and note.updated_at > note.published_at
    plain = plain_words(document) if isinstance(document, dict) else None
    is_bare = plain is not None and plain.split() == text.split() and not is_edited
    return HeardNote(
        note=note,
        form=_form(document),
        text=text,
        domain=domain_of(host(note.author)),
        evidence=Evidence(
            activity_id=entry.activity_id,
            digest=entry.digest,
            body=entry.body,
            key_id=entry.proof_key_id or entry.key_id,
            document=sender.document if sender is not None else b"",
            fetched_at=sender.fetched_at if sender is not None else entry.received_at,
            received_at=entry.received_at,
            signature=entry.signature,
        ),
        is_first_hand=entry.signer == entry.actor or bool(entry.proof_key_id),
        is_bare=is_bare,
    )


def _form(document: object) -> str:
    names = type_names(document) if isinstance(document, dict) else ()
    return names[0] if names else ""
