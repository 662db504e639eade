"""All that an account holds, as files of lines, for its owner to take along.

Read by stretches while the node goes on working: each line is whole, the files are of nearly one moment. What
is secret is never read here: no private key, password, session, passkey, nor a way in of any other kind.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from federation.messages import JsonObject
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.queries.deliveries import GIVEN_UP, WAITING, unread_of
from node.store.following import Following, FollowingState
from node.store.ports import DeadEntry, Post, QueuedJob, StoredMessage
from node.store.upkeep import Stretch

__all__ = ["FILES", "archive_of"]

FILES = (
    "account.json",
    "names.ndjson",
    "contacts.ndjson",
    "followers.ndjson",
    "following.ndjson",
    "shunned.ndjson",
    "moves.ndjson",
    "intents.ndjson",
    "drafts.ndjson",
    "deals.ndjson",
    "messages.ndjson",
    "documents.ndjson",
    "posts.ndjson",
    "pictures.ndjson",
    "reading.ndjson",
    "reactions.ndjson",
    "conversations.ndjson",
    "said.ndjson",
    "quotes.ndjson",
    "asked.ndjson",
    "recorded.ndjson",
    "catalogue.ndjson",
    "rules.ndjson",
    "notices.ndjson",
    "outbox.ndjson",
    "unread.ndjson",
)
"""In the order in which they come."""

_AT_ONCE = 200
_PICTURES_AT_ONCE = 8
_MOST_REACTIONS = 100_000
_Read = Callable[[Desk, int], tuple[list[Any], int | None]]
"""The lines of a stretch, and where it goes on."""


async def archive_of(node: Node, account: Account) -> AsyncIterator[tuple[str, bytes]]:
    """Every file piece by piece, as (name of the file, some whole lines of it); each name at least once."""
    yield "account.json", await node.look(lambda desk: _line(_account(desk, account)))
    digests: dict[str, None] = {}
    for name, read in _readers(account, digests).items():
        after: int | None = 0
        while after is not None:
            piece, after = await node.look(partial(_encoded, read=read, after=after))
            yield name, piece


def _encoded(desk: Desk, read: _Read, after: int) -> tuple[bytes, int | None]:
    """Lines are written where they are read: in a thread of the store's."""
    rows, more = read(desk, after)
    return b"".join(_line(row) for row in rows), more


def _line(row: Any) -> bytes:
    return msgspec.json.encode(row) + b"\n"


def _readers(account: Account, digests: dict[str, None]) -> dict[str, _Read]:
    """How each file is read. The messages name the documents that come after them: `digests`."""

    def messages(desk: Desk, after: int) -> tuple[list[Any], int | None]:
        found = desk.tx.holdings.messages(account.id, after=after, limit=_AT_ONCE)
        digests.update(dict.fromkeys(one.document for one in found.rows if one.document))
        return [_with_body(one) for one in found.rows], found.more

    def documents(desk: Desk, after: int) -> tuple[list[Any], int | None]:
        chosen = islice(digests, after, after + _AT_ONCE)
        more = after + _AT_ONCE if after + _AT_ONCE < len(digests) else None
        return list(_documents(desk, chosen)), more

    return {
        "names.ndjson": lambda desk, after: _names(desk, account, after),
        "contacts.ndjson": lambda desk, after: _counted(desk.tx.contacts.all(account.id), after),
        "followers.ndjson": _held(lambda desk, at: desk.tx.holdings.followers(account.id, **at)),
        "following.ndjson": lambda desk, after: _counted(_following(desk, account), after),
        "shunned.ndjson": lambda desk, after: _counted(desk.tx.shunned.all(account.id), after),
        "moves.ndjson": lambda desk, after: _counted(desk.tx.moves.all(account.id), after),
        "intents.ndjson": _held(lambda desk, at: desk.tx.holdings.intents(account.id, **at)),
        "drafts.ndjson": lambda desk, after: _counted(desk.tx.drafts.all(account.id), after),
        "deals.ndjson": _held(lambda desk, at: desk.tx.holdings.deals(account.id, **at)),
        "messages.ndjson": messages,
        "documents.ndjson": documents,
        "posts.ndjson": _held(lambda desk, at: desk.tx.holdings.posts(account.id, **at), _with_body),
        "pictures.ndjson": lambda desk, after: _pictures(desk, account, after),
        "reading.ndjson": lambda desk, after: _reading(desk, account, after),
        "reactions.ndjson": lambda desk, after: _counted(
            desk.tx.reactions.all_given(account.id, limit=_MOST_REACTIONS), after
        ),
        "conversations.ndjson": lambda desk, after: _placed(desk.tx.threads.page, account, after),
        "said.ndjson": lambda desk, after: _said(desk, account, after),
        "quotes.ndjson": lambda desk, after: _placed(desk.tx.plain_quotes.page, account, after),
        "asked.ndjson": lambda desk, after: _placed(desk.tx.plain_casts.page, account, after),
        "recorded.ndjson": lambda desk, after: _placed(desk.tx.hand_offers.page, account, after),
        "catalogue.ndjson": _held(lambda desk, at: desk.tx.holdings.items(account.id, **at)),
        "rules.ndjson": lambda desk, after: _counted(desk.tx.rules.all(account.id), after),
        "notices.ndjson": _held(lambda desk, at: desk.tx.holdings.notices(account.id, **at)),
        "outbox.ndjson": lambda desk, after: _outbox(desk, account, after),
        "unread.ndjson": lambda desk, after: _unread(desk, account, after),
    }


def _held(
    stretch: Callable[[Desk, dict[str, int]], Stretch[Any]], shown: Callable[[Any], Any] = lambda row: row
) -> _Read:
    def read(desk: Desk, after: int) -> tuple[list[Any], int | None]:
        found = stretch(desk, {"after": after, "limit": _AT_ONCE})
        return [shown(row) for row in found.rows], found.more

    return read


def _counted(
    rows: Sequence[Any], after: int, shown: Callable[[Any], Any] = lambda row: row
) -> tuple[list[Any], int | None]:
    """A part of a list that is short enough to be read whole."""
    more = after + _AT_ONCE if after + _AT_ONCE < len(rows) else None
    return [shown(row) for row in rows[after : after + _AT_ONCE]], more


# --- lines ------------------------------------------------------------------------------------------------


def _account(desk: Desk, account: Account) -> JsonObject:
    """The account and how its owner likes its pages; the password's hash is left out by naming what stays."""
    return {
        "id": account.id,
        "name": account.name,
        "kind": account.kind.value,
        "display_name": account.display_name,
        "summary": account.summary,
        "created_at": account.created_at,
        "terms_accepted": account.terms_accepted,
        "approves_followers": account.approves_followers,
        "also_known_as": account.also_known_as,
        "moved_to": account.moved_to,
        "moved_at": account.moved_at,
        "shows_network": account.shows_network,
        "keys": _public_keys(desk, account.id),
        "preferences": desk.tx.preferences.get(account.id),
    }


def _public_keys(desk: Desk, owner: str) -> list[JsonObject]:
    return [
        {
            "id": row.key_id,
            "algorithm": row.algorithm,
            "public": row.public,
            "created_at": row.created_at,
            "revoked_at": row.revoked_at,
        }
        for row in desk.tx.keys.of(owner)
    ]


def _names(desk: Desk, account: Account, after: int) -> tuple[list[Any], int | None]:
    """The throw-away names, each with its public key."""
    found = desk.tx.holdings.personas(account.id, after=after, limit=_AT_ONCE)
    rows = [{**msgspec.to_builtins(one), "keys": _public_keys(desk, one.id)} for one in found.rows]
    return rows, found.more


def _documents(desk: Desk, digests: Iterable[str]) -> Iterable[JsonObject]:
    for digest in digests:
        found = desk.tx.documents.get(digest)
        if found is not None:
            actor, body, fetched_at = found
            yield {"actor": actor, "fetched_at": fetched_at, **_exact(body)}


def _following(desk: Desk, account: Account) -> list[Following]:
    """Whom it follows, asked to follow, or once followed."""
    return [one for state in FollowingState for one in desk.tx.follows.all(account.id, state=state)]


def _pictures(desk: Desk, account: Account, after: int) -> tuple[list[Any], int | None]:
    """Its own pictures with their bytes; what it looked at of others is not its."""
    found, more = desk.tx.media.after(account.id, after, limit=_PICTURES_AT_ONCE)
    return [{**msgspec.to_builtins(kept), **_exact(body)} for kept, body in found], more


def _reading(desk: Desk, account: Account, after: int) -> tuple[list[Any], int | None]:
    """What it reads of others, newest first."""
    found = desk.tx.readings.page(account.id, before=after or None, limit=_AT_ONCE)
    more = found[-1][0] if len(found) == _AT_ONCE else None
    return [reading for _, reading in found], more


def _placed(
    page: Callable[..., list[tuple[int, Any]]], account: Account, after: int
) -> tuple[list[Any], int | None]:
    """What is listed newest first, each with its place."""
    found = page(account.id, before=after or None, limit=_AT_ONCE)
    return [row for _, row in found], found[-1][0] if len(found) == _AT_ONCE else None


def _said(desk: Desk, account: Account, after: int) -> tuple[list[Any], int | None]:
    """What was said in its conversations, by whichever side."""
    found = desk.tx.threads.all_said(account.id, after=after, limit=_AT_ONCE)
    return [said for _, said in found], found[-1][0] if len(found) == _AT_ONCE else None


def _outbox(desk: Desk, account: Account, after: int) -> tuple[list[Any], int | None]:
    states = (*WAITING, *GIVEN_UP)
    found = desk.tx.traffic.sent(account.id, states, before=after or None, limit=_AT_ONCE)
    return [_with_body(job) for job in found.rows], found.more


def _unread(desk: Desk, account: Account, after: int) -> tuple[list[Any], int | None]:
    found = unread_of(desk, account, before=after or None, limit=_AT_ONCE)
    return [_dead(one) for one in found.rows], found.more


def _dead(one: DeadEntry) -> JsonObject:
    entry = one.entry
    return {
        "id": entry.id,
        "recipient": entry.recipient,
        "actor": entry.actor,
        "activity_id": entry.activity_id,
        "received_at": entry.received_at,
        "error": one.error,
        **_exact(entry.body),
    }


def _with_body(row: StoredMessage | Post | QueuedJob) -> JsonObject:
    """All of a row, its bytes as they are."""
    plain: JsonObject = msgspec.to_builtins(replace(row, body=b""))
    del plain["body"]
    return {**plain, **_exact(row.body)}


def _exact(body: bytes) -> JsonObject:
    """Bytes as they are: as text where they are UTF-8, which is exact, too; else in base64."""
    digest = hashlib.sha256(body).hexdigest()
    try:
        return {"sha256": digest, "body": body.decode()}
    except UnicodeDecodeError:
        return {"sha256": digest, "body_base64": base64.b64encode(body).decode()}
