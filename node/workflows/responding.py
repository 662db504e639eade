"""What an owner does with a post that was read: like it, pass it on, answer it, and take that back.

Where its author is told is known from the follow, or asked of the author's server, before the use case.
"""

from __future__ import annotations

from dataclasses import dataclass

from federation.errors import FederationError
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.errors import InvalidInput
from node.domain.notes import Attachment, Note, Visibility
from node.domain.sayings import said
from node.services.posting import Saying, say
from node.services.reading import Target, find_reading, give, take_back
from node.store.ports import Post
from node.store.reading import GivenReaction, ReactionKind
from node.workflows.lookups import contact_of, see_actor

__all__ = ["ANSWERED_AS", "Answer", "answer", "find_by_reference", "no_longer", "respond"]

ANSWERED_AS = {
    Visibility.PUBLIC: (Visibility.PUBLIC, Visibility.UNLISTED, Visibility.DIRECT),
    Visibility.UNLISTED: (Visibility.UNLISTED, Visibility.DIRECT),
    Visibility.FOLLOWERS: (Visibility.DIRECT,),
    Visibility.DIRECT: (Visibility.DIRECT,),
}
"""By who may read a post: who may read an answer to it, the usual first. Our followers are not its author's,
so that what is for those is answered to the author alone."""
MOST_LOOKED_AT = 2_000


def find_by_reference(desk: Desk, account: Account, reference: str) -> str:
    """The id of a post in an account's timeline, by its place in the list, its id or its page.

    Raises: InvalidInput.
    """
    if reference.isascii() and reference.isdigit() and len(reference) <= 18:
        found = desk.tx.readings.page(account.id, before=int(reference) + 1, limit=1)
        if found and found[0][0] == int(reference):
            return found[0][1].note.id
    elif desk.tx.readings.get(account.id, reference) is not None:
        return reference
    else:
        for _, reading in desk.tx.readings.page(account.id, limit=MOST_LOOKED_AT):
            if reading.note.url == reference:
                return reading.note.id
    raise InvalidInput("post", "there is no such post in what you read", "It may have been taken back.")


async def respond(node: Node, account: Account, note_id: str, kind: ReactionKind) -> GivenReaction:
    """Like a post of the timeline, or pass it on. Raises: InvalidInput."""
    reading = await node.look(lambda desk: find_reading(desk, account, note_id))
    author = await _author_of(node, account, reading.note)
    target = Target(reading.note, author.inbox)
    return await node.work(lambda desk: give(desk, account, target, kind))


async def no_longer(node: Node, account: Account, note_id: str, kind: ReactionKind) -> None:
    """Take it back. Raises: InvalidInput."""
    await node.work(lambda desk: take_back(desk, account, note_id, kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered, in plain words, and who may read it."""

    text: str
    visibility: Visibility
    summary: str = ""
    attachments: tuple[Attachment, ...] = ()


async def answer(node: Node, account: Account, note_id: str, answered: Answer) -> Post:
    """Answer a post of the timeline, its author named.

    Raises: InvalidInput; for more readers than the post has.
    """
    reading = await node.look(lambda desk: find_reading(desk, account, note_id))
    note = reading.note
    if answered.visibility not in ANSWERED_AS[note.visibility]:
        raise InvalidInput(
            "visibility", "more people could read it than can read what it answers", "Choose fewer readers."
        )
    author = await _author_of(node, account, note)
    saying = Saying(
        text=answered.text,
        visibility=answered.visibility,
        mentioned=(author,),
        in_reply_to=note.id,
        context=note.context if note.context.startswith("https://") else "",
        summary=answered.summary or note.summary,
        attachments=answered.attachments,
    )
    return await node.work(lambda desk: say(desk, account, saying))


async def _author_of(node: Node, account: Account, note: Note) -> Contact:
    """Where a post's author is written to: by what is known of them, else as their server shows them now.

    Raises: InvalidInput, in words for the owner.
    """
    known = await node.look(lambda desk: _known(desk, account, note.author))
    if known is not None:
        return known
    try:
        return contact_of(account, await see_actor(node, note.author))
    except (FederationError, OSError) as error:
        wrong = said("its author's server cannot be asked: %(error)s", error=error)
        raise InvalidInput("post", wrong, "Try again later.") from None


def _known(desk: Desk, account: Account, actor: str) -> Contact | None:
    followed = desk.tx.follows.get(account.id, actor)
    if followed is not None:
        return Contact(
            account=account.id,
            actor=actor,
            handle=followed.handle,
            name=followed.name,
            inbox=followed.inbox,
            fetched_at=followed.at,
            url=followed.url or None,
        )
    peer = desk.tx.peers.get(actor)
    if peer is None or not peer.inbox or not peer.handle:
        return None
    return Contact(
        account=account.id,
        actor=actor,
        handle=peer.handle,
        name=peer.name,
        inbox=peer.inbox,
        fetched_at=peer.seen_at,
        url=peer.url or None,
    )
