"""Likes and shares: counted where they are about posts of ours, read where somebody followed passes on."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from federation.errors import FederationError, FetchError, FetchFailed, InvalidIri, TooManyRequests
from federation.fetching import FetchBudget
from federation.ids import host, same_origin
from federation.jsonld import as_id, as_list, type_names
from federation.listeners import Inbound
from federation.messages import JsonObject
from federation.rates import domain_of
from node.context import Node
from node.desk import Desk
from node.domain.errors import Refusal
from node.domain.talking import Peer
from node.handlers.callers import Callers
from node.handlers.evidence import Sender
from node.services.reading import (
    Passed,
    drop_share,
    pass_on,
    react,
    readers_of,
    unreact,
    unreact_by_id,
)
from node.store.reading import Reaction, ReactionKind, Reading
from node.wire.fediverse import parse_note
from node.wire.postings import is_posting
from node.wire.reactions import emoji_of
from node.workflows.lookups import see_actor

__all__ = ["Shares", "take_like", "take_unlike", "take_unreaction_by_id"]

FETCHES_AN_HOUR = 60
"""So many posts that one actor passes on are fetched in an hour; the rest is left."""
REMEMBERED = 5_000
AT_ONCE = 2
"""So many servers are asked at once: a part of what the worker does at once."""
TRIES = 3
"""Then a post that its server does not give is left."""
FETCHES_FOR_ONE = 4
_HOUR = timedelta(hours=1)


async def take_like(node: Node, inbound: Inbound) -> None:
    """A Like or an EmojiReact of a post of ours; of anything else it is nobody's business here."""
    await _count(node, inbound, ReactionKind.LIKE, emoji_of(inbound.activity.json))


async def _count(node: Node, inbound: Inbound, kind: ReactionKind, emoji: str = "") -> None:
    post_id = inbound.activity.object_id
    if post_id is None:
        return
    actor, activity_id = inbound.entry.actor, inbound.activity.id

    def work(desk: Desk) -> None:
        if not desk.tx.inbox.is_pending(inbound.entry.id):
            return
        if desk.is_ours(post_id):
            react(desk, Reaction(post_id, actor, kind, activity_id, desk.now, emoji))
        desk.tx.inbox.finish(inbound.entry.id)

    await node.work(work)


async def take_unlike(node: Node, inbound: Inbound) -> None:
    """Undo of a like or a share that is embedded: found by what it says, since ids differ between servers."""
    undone = inbound.activity.object
    if not isinstance(undone, dict):
        return
    about, act, actor = as_id(undone.get("object")), as_id(undone.get("id")) or "", inbound.entry.actor
    kind = ReactionKind.SHARE if "Announce" in type_names(undone) else ReactionKind.LIKE

    def work(desk: Desk) -> None:
        if not desk.tx.inbox.is_pending(inbound.entry.id):
            return
        if about is not None and desk.is_ours(about):
            unreact(desk, actor, about, kind, act)
        elif kind is ReactionKind.SHARE:
            drop_share(desk, actor, share_id=act, note_id=about or "")
        desk.tx.inbox.finish(inbound.entry.id)

    await node.work(work)


async def take_unreaction_by_id(node: Node, inbound: Inbound) -> bool:
    """Undo of a like or a share that is named by its id alone; whether there was one of its actor's."""
    undone, actor = inbound.activity.object_id, inbound.entry.actor
    if undone is None:
        return False

    def work(desk: Desk) -> bool:
        if not desk.tx.inbox.is_pending(inbound.entry.id) or not unreact_by_id(desk, actor, undone):
            return False
        desk.tx.inbox.finish(inbound.entry.id)
        return True

    return await node.work(work)


class Shares:
    """Handles Announce; lives as long as its node.

    What is passed on is fetched from its own origin, whatever was embedded (`security F08`), only where
    somebody here follows whoever passes it on; how much that may cost is bounded for each actor and hour, and
    slow servers hold up only each other.
    """

    def __init__(self) -> None:
        self._callers = Callers()
        self._asking: set[str] = set()
        self._spent: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    async def take(self, node: Node, inbound: Inbound) -> None:
        """Raises: FetchFailed, TooManyRequests; the worker tries again later."""
        shared, actor = inbound.activity.object_id, inbound.entry.actor
        if shared is None:
            return
        if same_origin(shared, node.config.base_url):
            await _count(node, inbound, ReactionKind.SHARE)
            return
        wanted, known = await node.look(
            lambda desk: (readers_of(desk, actor, shared), desk.tx.readings.of_note(shared))
        )
        if not wanted:
            return
        reading, peer = (known[0], None) if known else await self._read(node, inbound, shared)
        passed = Passed(actor, inbound.activity.id)

        def work(desk: Desk) -> None:
            if not desk.tx.inbox.is_pending(inbound.entry.id):
                return
            if peer is not None:
                desk.tx.peers.save(peer)
            if reading is not None:
                pass_on(desk, passed, reading)
            desk.tx.inbox.finish(inbound.entry.id)

        await node.work(work)

    async def _read(self, node: Node, inbound: Inbound, shared: str) -> tuple[Reading | None, Peer | None]:
        """The post as its origin shows it, and its author; nothing where there is nothing to be shown."""
        if node.blocks(host(shared)):
            return None, None
        domain = domain_of(host(shared))
        if domain in self._asking or len(self._asking) >= AT_ONCE:
            raise TooManyRequests("other servers are being asked just now")
        if not self._may_fetch(inbound.entry.actor, node.now()):
            return None, None
        self._asking.add(domain)
        try:
            return await self._fetch(node, shared)
        except FetchFailed:
            if inbound.entry.attempts + 1 < TRIES:
                raise
            return None, None
        except (FetchError, InvalidIri):
            return None, None
        finally:
            self._asking.remove(domain)

    def _may_fetch(self, actor: str, now: datetime) -> bool:
        since, spent = self._spent.get(actor, (now, 0))
        if abs(now - since) >= _HOUR:
            since, spent = now, 0
        self._spent[actor] = (since, spent + 1)
        self._spent.move_to_end(actor)
        if len(self._spent) > REMEMBERED:
            self._spent.popitem(last=False)
        return spent < FETCHES_AN_HOUR

    async def _fetch(self, node: Node, shared: str) -> tuple[Reading | None, Peer | None]:
        fetched = await node.fetcher.fetch(shared, budget=FetchBudget(FETCHES_FOR_ONE))
        author = _author_of(fetched.json, fetched.url)
        try:
            note = parse_note(fetched.json, author=author, received_at=fetched.fetched_at)
        except (Refusal, InvalidIri):
            return None, None
        if not note.visibility.is_open or node.blocks(host(note.id)):
            return None, None
        peer = await self._peer_of(node, author)
        form = (type_names(fetched.json) or ("Note",))[0]
        name, handle = (peer.name, peer.handle) if peer is not None else ("", "")
        is_offer = is_posting(fetched.json)
        return Reading("", note, fetched.fetched_at, form, name, handle, is_offer=is_offer), peer

    async def _peer_of(self, node: Node, author: str) -> Peer | None:
        """Who wrote it, as far as that can be shown; a post without it is shown by its author's id."""
        known = await node.look(lambda desk: desk.tx.peers.get(author))
        if known is not None and known.handle:
            return known
        try:
            seen = await see_actor(node, author)
        except (FederationError, OSError):
            return None
        actor = seen.actor
        sender = Sender(actor.id, actor.inbox, actor.shared_inbox, seen.body, seen.fetched_at)
        return await self._callers.peer_of(node, sender)


def _author_of(document: JsonObject, url: str) -> str:
    """The first of those that it is attributed to who lives where it lies; "" for nobody."""
    named = (as_id(one) or "" for one in as_list(document.get("attributedTo"))[:5])
    return next((one for one in named if one and _is_neighbour(one, url)), "")


def _is_neighbour(one: str, other: str) -> bool:
    try:
        return same_origin(one, other)
    except InvalidIri:
        return False
