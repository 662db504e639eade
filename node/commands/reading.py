"""What an account reads of those whom it follows, and what it does with it."""

from __future__ import annotations

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.references import account_for
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.notes import Visibility
from node.domain.values import format_time
from node.store.reading import ReactionKind, Reading
from node.wire.html import plain_text
from node.workflows.responding import ANSWERED_AS, Answer, answer, find_by_reference, no_longer, respond

__all__ = ["COMMANDS"]

COMMANDS = Commands()
SHOWN = 40
MOST_SHOWN = 200


async def _named(node: Node, arguments: Arguments) -> tuple[Account, str]:
    """The account, and the post that a user names. Raises: InvalidInput."""

    def view(desk: Desk) -> tuple[Account, str]:
        account = account_for(desk, arguments)
        return account, find_by_reference(desk, account, arguments.text("post", 2000))

    return await node.look(view)


@COMMANDS.command("reading.list", "before limit", reads=True)
async def list_readings(node: Node, arguments: Arguments) -> JsonObject:
    """What those whom it follows say and pass on, newest first; `before` is a number of the list."""
    before = arguments.whole("before", 0, most=10**18)
    limit = arguments.whole("limit", SHOWN, least=1, most=MOST_SHOWN)

    def view(desk: Desk) -> list[JsonObject]:
        account = account_for(desk, arguments)
        page = desk.tx.readings.page(account.id, before=before or None, limit=limit)
        return [_shown(desk, place, reading) for place, reading in page]

    return {"readings": await node.look(view)}


def _shown(desk: Desk, place: int, reading: Reading) -> JsonObject:
    note, given = reading.note, desk.tx.reactions.given
    return {
        "number": place,
        "id": note.id,
        "url": note.url,
        "by": reading.handle or note.author,
        "author": note.author,
        "shared_by": reading.sharer or None,
        "at": format_time(note.published_at),
        "edited": note.updated_at is not None,
        "visibility": note.visibility.value,
        "form": reading.form,
        "title": note.title,
        "warning": note.summary,
        "text": plain_text(note.content),
        "pictures": [{"url": one.url, "type": one.media_type, "alt": one.alt} for one in note.attachments],
        "quoted": note.quoted or None,
        "in_reply_to": note.in_reply_to or None,
        "is_offer": reading.is_offer,
        "liked": given(reading.account, note.id, ReactionKind.LIKE) is not None,
        "shared": given(reading.account, note.id, ReactionKind.SHARE) is not None,
    }


@COMMANDS.command("reading.like", "post")
async def like(node: Node, arguments: Arguments) -> JsonObject:
    """Like a post; its author is told."""
    return await _give(node, arguments, ReactionKind.LIKE)


@COMMANDS.command("reading.unlike", "post")
async def unlike(node: Node, arguments: Arguments) -> JsonObject:
    """Like it no longer."""
    return await _take_back(node, arguments, ReactionKind.LIKE)


@COMMANDS.command("reading.share", "post")
async def share(node: Node, arguments: Arguments) -> JsonObject:
    """Pass a post on to the account's own followers."""
    return await _give(node, arguments, ReactionKind.SHARE)


@COMMANDS.command("reading.unshare", "post")
async def unshare(node: Node, arguments: Arguments) -> JsonObject:
    """Pass it on no longer."""
    return await _take_back(node, arguments, ReactionKind.SHARE)


async def _give(node: Node, arguments: Arguments, kind: ReactionKind) -> JsonObject:
    account, note_id = await _named(node, arguments)
    given = await respond(node, account, note_id, kind)
    return {"post": note_id, "activity": given.activity_id}


async def _take_back(node: Node, arguments: Arguments, kind: ReactionKind) -> JsonObject:
    account, note_id = await _named(node, arguments)
    await no_longer(node, account, note_id, kind)
    return {"post": note_id}


@COMMANDS.command("reading.answer", "post text visibility warning")
async def answer_post(node: Node, arguments: Arguments) -> JsonObject:
    """Answer a post; for whoever may read it, unless `visibility` says fewer."""
    account, note_id = await _named(node, arguments)
    found = await node.look(lambda desk: desk.tx.readings.get(account.id, note_id))
    assert found is not None  # it was named a moment ago; what was taken back since is refused below
    said = await answer(
        node,
        account,
        note_id,
        Answer(
            text=arguments.text("text", 5000),
            visibility=_visibility(arguments, found),
            summary=arguments.maybe_text("warning", 500) or "",
        ),
    )
    return {"id": said.id, "post": note_id, "visibility": said.visibility.value}


def _visibility(arguments: Arguments, reading: Reading) -> Visibility:
    usual = ANSWERED_AS[reading.note.visibility][0]
    return Visibility(arguments.choice("visibility", tuple(Visibility), usual))
