"""Telling an account without a node what a person wants: a direct Note from her account, in words.

It leaves by the clock, at the moment that was drawn for it: until then nothing of it exists but what is kept
here, so that a cast that is taken back has never been.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from federation.ids import domain_matches, host
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.cast_words import cast_note, cast_words, language_for, withdrawal_words
from node.domain.errors import InvalidInput
from node.domain.intents import Intent
from node.domain.notes import Visibility
from node.domain.plain_casts import CastAct, CastState, PlainCast, step
from node.domain.policy import PROTOCOL
from node.domain.sayings import said
from node.domain.talking import Earlier, Part, Peer
from node.sending.attest import html_of
from node.services.posting import Saying, change, check_words
from node.services.talking import BOUND, begin_thread, contact_of, tell

__all__ = [
    "PATH",
    "MessagePreview",
    "cast_as_messages",
    "check_plain",
    "end_or_send_due",
    "hasten_casts",
    "link_of",
    "preview_as_messages",
    "restate_casts",
    "told_of",
    "withdraw_casts",
]


PATH = "/asked/"


def link_of(desk: Desk, cast: PlainCast) -> str:
    """The page of what was told: whoever has the link sees what the Note says, and nothing else."""
    return f"{desk.setting.base_url}{PATH}{cast.secret}"


def check_plain(desk: Desk, account: Account, vendors: tuple[Contact, ...]) -> None:
    """A message goes to those who have no node, and whose answer will be heard.

    Raises: InvalidInput, naming the vendor.
    """
    for vendor in vendors:
        if PROTOCOL in vendor.implements:
            wrong = said("%(vendor)s is an Obverse node", vendor=vendor.handle)
            raise InvalidInput("as_message", wrong, "Name it with --to: it answers with signed offers.")
        shunned = desk.tx.shunned
        if shunned.is_blocked(account.id, vendor.actor) or shunned.is_muted(account.id, vendor.actor):
            wrong = said("you do not hear %(vendor)s", vendor=vendor.handle)
            raise InvalidInput("as_message", wrong, "Unmute or unblock it first, or leave it out.")
        if any(domain_matches(host(vendor.actor), block.domain) for block in desk.tx.blocks.all()):
            wrong = said("the server of %(vendor)s is blocked", vendor=vendor.handle)
            raise InvalidInput("as_message", wrong, "Unblock it first, or leave it out.")


# --- telling ----------------------------------------------------------------------------------------------


def cast_as_messages(
    desk: Desk, account: Account, intent: Intent, vendors: tuple[Contact, ...], starts_at: datetime
) -> list[PlainCast]:
    """Keep what each of them will be told; it leaves within a minute from `starts_at`.

    Raises: InvalidInput for words that no Note can hold.
    """
    casts = []
    for vendor in vendors:
        made = _made(desk, account, intent, vendor)
        # The clock looks twice a minute: so that it has left within the spread, half of it is drawn from.
        spread = timedelta(seconds=desk.setting.cast_spread_s * desk.fraction() / 2)
        cast = replace(made, leaves_at=starts_at + spread)
        desk.tx.plain_casts.save(cast)
        casts.append(_send(desk, account, cast) if cast.leaves_at <= desk.now else cast)
    return casts


def _made(desk: Desk, account: Account, intent: Intent, vendor: Contact) -> PlainCast:
    language = language_for(desk.tx.preferences.get(account.id).language)
    cast = PlainCast(
        account=account.id,
        intent=intent.id,
        id=desk.new_id(),
        secret=desk.new_id(),
        vendor=_peer_of(vendor),
        title=intent.name,
        words=cast_words(intent, language),
        language=language,
        leaves_at=desk.now,
        ends_at=intent.ends_at,
    )
    check_words(_saying(desk, account, cast))
    return cast


def _peer_of(vendor: Contact) -> Peer:
    """Nobody is shown by a handle that their own host was not heard to give them."""
    handle = vendor.handle if vendor.proven_at is not None else ""
    return Peer(vendor.actor, vendor.inbox, vendor.fetched_at, handle, vendor.name, vendor.url or "")


def _saying(desk: Desk, account: Account, cast: PlainCast) -> Saying:
    return Saying(
        text=cast_note(cast.words, link_of(desk, cast), cast.language),
        visibility=Visibility.DIRECT,
        mentioned=(contact_of(account, cast.vendor),),
        language=cast.language,
    )


def _send(desk: Desk, account: Account, cast: PlainCast) -> PlainCast:
    left = step(cast, CastAct.LEAVE)
    if left is None:  # pragma: no cover - who calls has seen that it waits
        return cast
    thread = begin_thread(desk, account, cast.vendor)
    words = cast_note(cast.words, link_of(desk, cast), cast.language)
    note = tell(desk, account, thread, words, part=Part.CAST, language=cast.language)
    left = replace(left, thread=thread.id, note_id=note.id, sent_at=desk.now)
    desk.tx.plain_casts.save(left)
    return left


@dataclass(frozen=True, slots=True)
class MessagePreview:
    """What one account without a node would read; the last part of the link is drawn when it is sent."""

    vendor: Contact
    words: str


def preview_as_messages(
    desk: Desk, account: Account, intent: Intent, vendors: tuple[Contact, ...]
) -> tuple[MessagePreview, ...]:
    """What `cast_as_messages` would say, from the same code; nothing is kept. Raises: InvalidInput."""
    check_plain(desk, account, vendors)
    previews = []
    for vendor in vendors:
        cast = _made(desk, account, intent, vendor)
        words = cast_note(cast.words, f"{desk.setting.base_url}{PATH}…", cast.language)
        previews.append(MessagePreview(vendor, f"{cast.vendor.shown} {words}"))
    return tuple(previews)


# --- afterwards -------------------------------------------------------------------------------------------


def hasten_casts(desk: Desk, account: Account, intent: Intent) -> int:
    """Let those that wait leave now; how many."""
    waiting = [cast for cast in desk.tx.plain_casts.of_intent(intent.id) if cast.state is CastState.WAITING]
    for cast in waiting:
        _send(desk, account, cast)
    return len(waiting)


def restate_casts(desk: Desk, account: Account, intent: Intent) -> int:
    """Say it anew to whoever was told: an edit of the Note; how many that concerns. Raises: InvalidInput."""
    told = [cast for cast in desk.tx.plain_casts.of_intent(intent.id) if step(cast, CastAct.RESTATE)]
    for cast in told:
        words = cast_words(intent, cast.language)
        restated = replace(cast, title=intent.name, words=words, ends_at=intent.ends_at)
        check_words(_saying(desk, account, restated))
        desk.tx.plain_casts.save(restated)
        if restated.state is CastState.SENT:
            _edit(desk, account, restated)
    return len(told)


def _edit(desk: Desk, account: Account, cast: PlainCast) -> None:
    """Edit the Note, and what stands in the conversation; what she has taken back herself stays so."""
    post = desk.tx.posts.get(cast.note_id)
    said_before = desk.tx.threads.utterance(account.id, cast.note_id)
    if post is None or post.deleted_at is not None or said_before is None:
        return
    saying = _saying(desk, account, cast)
    change(desk, account, cast.note_id, saying, kind=BOUND)
    earlier = (*said_before.earlier, Earlier(said_before.content, "", desk.now))[-10:]
    changed = replace(said_before, content=html_of(saying.text), earlier=earlier, updated_at=desk.now)
    desk.tx.threads.change(changed)


def told_of(desk: Desk, intent: Intent) -> int:
    """How many accounts without a node have an open message about it."""
    return sum(cast.state is CastState.SENT for cast in desk.tx.plain_casts.of_intent(intent.id))


def withdraw_casts(desk: Desk, account: Account, intent: Intent, *, but: str = "") -> int:
    """Tell whoever was told that it is no longer needed, in a short Note; how many that concerns.

    Shapes: `but` is the id of one that hears nothing, "" for none. What has not left yet never does.
    """
    told = 0
    for cast in desk.tx.plain_casts.of_intent(intent.id):
        over = step(cast, CastAct.WITHDRAW) if cast.id != but else None
        if over is None:
            continue
        desk.tx.plain_casts.save(over)
        thread = desk.tx.threads.get(account.id, cast.thread) if cast.thread else None
        if thread is not None:
            words = withdrawal_words(cast.title, cast.language)
            tell(
                desk,
                account,
                thread,
                words,
                in_reply_to=cast.note_id,
                part=Part.AUTOMATIC,
                language=cast.language,
            )
        told += 1
    return told


def end_or_send_due(desk: Desk, now: datetime, limit: int) -> tuple[int, list[str]]:
    """Let the clock send what leaves now, and end what is over, of which nobody is told.

    How much that was, and the intents of which something has ended.
    """
    due, ended = desk.tx.plain_casts.due(now, limit), []
    for cast in due:
        over = step(cast, CastAct.END) if cast.ends_at <= now else None
        account = desk.tx.accounts.get(cast.account)
        if over is None and account is not None:
            _send(desk, account, cast)
            continue
        desk.tx.plain_casts.save(over or replace(cast, state=CastState.ENDED))
        ended.append(cast.intent)
    return len(due), ended
