"""Who follows whom, who is not heard, who has moved: what the pages of an account show of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.services.moving import COOLDOWN
from node.store.following import Following, FollowingState, MoveState, Moving, Shun
from node.store.ports import Block, Follower, FollowState

__all__ = [
    "A_PAGE",
    "MOST_PAGES",
    "BlocksView",
    "FollowersView",
    "FollowingView",
    "MovesView",
    "NetworkView",
    "PersonLine",
    "ShunnedView",
    "blocks_view",
    "followers_view",
    "following_view",
    "moves_view",
    "network_view",
    "shunned_view",
]

A_PAGE = 50
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody on a list. `handle` is "" where nobody has shown that it is theirs; `page` may be "" too."""

    actor: str
    handle: str
    name: str
    page: str
    at: datetime
    is_muted: bool = False

    @property
    def shown(self) -> str:
        return self.handle or self.actor


def _around(path: str, page: int, *, has_more: bool) -> tuple[str, str]:
    newer = "" if page == 0 else path if page == 1 else f"{path}?page={page - 1}"
    return newer, f"{path}?page={page + 1}" if has_more and page < MOST_PAGES else ""


# --- who follows ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FollowersView:
    """Who asks to follow, and who does, the newest first; `count` is of all who do."""

    asking: tuple[PersonLine, ...]
    following: tuple[PersonLine, ...]
    count: int
    newer: str
    older: str


def followers_view(desk: Desk, account: Account, page: int = 0) -> FollowersView:
    """One page of those who do; the first has those who ask: one that is answered makes room for the next."""
    followers, first = desk.tx.followers, page * A_PAGE
    asking = followers.newest(account.id, state=FollowState.PENDING, limit=A_PAGE) if not page else []
    following = followers.newest(account.id, limit=A_PAGE + 1, offset=first)
    newer, older = _around("/my/followers", page, has_more=len(following) > A_PAGE)
    return FollowersView(
        asking=_people(desk, account, asking),
        following=_people(desk, account, following[:A_PAGE]),
        count=followers.count(account.id),
        newer=newer,
        older=older,
    )


def _people(desk: Desk, account: Account, followers: Iterable[Follower]) -> tuple[PersonLine, ...]:
    return tuple(_follower_line(desk, account, one) for one in followers)


def _follower_line(desk: Desk, account: Account, follower: Follower) -> PersonLine:
    """A follower by the name that this account knows them by, else by what their server showed in a talk."""
    known = (
        desk.tx.follows.get(account.id, follower.actor)
        or desk.tx.contacts.get(account.id, follower.actor)
        or desk.tx.peers.get(follower.actor)
    )
    return PersonLine(
        actor=follower.actor,
        handle=known.handle if known is not None else "",
        name=known.name if known is not None else "",
        page=(known.url or follower.actor) if known is not None else follower.actor,
        at=follower.at,
        is_muted=desk.tx.shunned.is_muted(account.id, follower.actor),
    )


# --- whom an account follows ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FollowingView:
    """Whom an account has asked and no answer came, whom it follows, and who refused; the newest first."""

    waiting: tuple[PersonLine, ...]
    followed: tuple[PersonLine, ...]
    refused: tuple[PersonLine, ...]
    count: int
    newer: str
    older: str
    moved_to: str


def following_view(desk: Desk, account: Account, page: int = 0) -> FollowingView:
    follows = desk.tx.follows
    found = follows.newest(account.id, limit=A_PAGE + 1, offset=page * A_PAGE)
    newer, older = _around("/my/following", page, has_more=len(found) > A_PAGE)

    def others(state: FollowingState) -> tuple[PersonLine, ...]:
        rows = follows.newest(account.id, state=state, limit=A_PAGE) if not page else []
        return tuple(_following_line(desk, one) for one in rows)

    return FollowingView(
        waiting=others(FollowingState.PENDING),
        followed=tuple(_following_line(desk, one) for one in found[:A_PAGE]),
        refused=others(FollowingState.REJECTED),
        count=follows.count(account.id),
        newer=newer,
        older=older,
        moved_to=account.moved_to,
    )


def _following_line(desk: Desk, one: Following) -> PersonLine:
    handle = one.handle if one.handle.startswith("@") else ""
    muted = desk.tx.shunned.is_muted(one.account, one.actor)
    return PersonLine(one.actor, handle, one.name, one.url or one.actor, one.at, muted)


# --- who is not heard -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShunnedView:
    """Whom an account has muted or blocked, the newest first."""

    lines: tuple[Shun, ...]
    may_block_domains: bool


def shunned_view(desk: Desk, account: Account) -> ShunnedView:
    return ShunnedView(tuple(desk.tx.shunned.all(account.id)), _is_alone(desk))


def _is_alone(desk: Desk) -> bool:
    """What is blocked for the whole node is for one owner to say where one account lives there."""
    return len(desk.tx.accounts.all()) == 1


@dataclass(frozen=True, slots=True)
class BlocksView:
    """Which domains nobody here hears; only whoever lives here alone may change that on pages."""

    blocks: tuple[Block, ...]
    may: bool


def blocks_view(desk: Desk) -> BlocksView:
    return BlocksView(tuple(desk.tx.blocks.all()), _is_alone(desk))


# --- moving -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MovesView:
    """Who has moved: those about whom the owner is asked, and the others."""

    asked: tuple[Moving, ...]
    over: tuple[Moving, ...]


def moves_view(desk: Desk, account: Account) -> MovesView:
    moves = desk.tx.moves.all(account.id)
    return MovesView(
        asked=tuple(one for one in moves if one.state is MoveState.ASKED),
        over=tuple(one for one in moves if one.state is not MoveState.ASKED),
    )


@dataclass(frozen=True, slots=True)
class NetworkView:
    """What strangers see of whom an account knows, and its other addresses.

    Shapes: `free_at` is when it may move again, None for now.
    """

    handle: str
    actor: str
    followers: int
    following: int
    is_shown: bool
    aliases: tuple[str, ...]
    moved_to: str
    free_at: datetime | None
    is_vendor: bool


def network_view(desk: Desk, account: Account) -> NetworkView:
    current = desk.tx.accounts.get(account.id) or account
    free_at = current.moved_at + COOLDOWN if current.moved_at is not None else None
    return NetworkView(
        handle=f"@{account.name}@{desk.setting.base_url.partition('://')[2]}",
        actor=account.id,
        followers=desk.tx.followers.count(account.id),
        following=desk.tx.follows.count(account.id),
        is_shown=current.shows_network,
        aliases=current.also_known_as,
        moved_to=current.moved_to,
        free_at=free_at if free_at is not None and free_at > desk.now else None,
        is_vendor=account.kind is AccountKind.VENDOR,
    )
