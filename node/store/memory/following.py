"""Whom our accounts follow, whom they do not hear, who has moved: in memory."""

from __future__ import annotations

from datetime import datetime

from node.store.following import (
    UNDONE_KEPT,
    UNDONE_KEPT_OF_ONE,
    Following,
    FollowingState,
    Moving,
    Shun,
)
from node.store.memory.tables import Repository
from node.store.ports import Follower

__all__ = ["MemoryFollows", "MemoryMoves", "MemoryShunned", "MemoryUndone"]


class MemoryFollows(Repository):
    def get(self, account: str, actor: str) -> Following | None:
        return self._t.following.get((account, actor))

    def by_follow(self, follow_id: str) -> Following | None:
        return next((one for one in self._t.following.values() if one.follow_id == follow_id), None)

    def of_actor(self, actor: str, *, state: FollowingState = FollowingState.ACCEPTED) -> list[Following]:
        found = (one for one in self._t.following.values() if (one.actor, one.state) == (actor, state))
        return sorted(found, key=lambda one: one.account)

    def all(self, account: str, *, state: FollowingState = FollowingState.ACCEPTED) -> list[Following]:
        mine = (one for one in self._t.following.values() if (one.account, one.state) == (account, state))
        return sorted(mine, key=lambda one: (one.at, one.actor))

    def newest(
        self,
        account: str,
        *,
        state: FollowingState = FollowingState.ACCEPTED,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Following]:
        return self.all(account, state=state)[::-1][offset : offset + limit]

    def count(self, account: str, *, state: FollowingState = FollowingState.ACCEPTED) -> int:
        return len(self.all(account, state=state))

    def save(self, following: Following) -> None:
        self._t.following[following.account, following.actor] = following

    def followed_by(self, actor: str) -> list[Follower]:
        found = (one for one in self._t.followers.values() if one.actor == actor)
        return sorted(found, key=lambda one: one.account)


class MemoryShunned(Repository):
    def get(self, account: str, actor: str) -> Shun | None:
        return self._t.shunned.get((account, actor))

    def is_muted(self, account: str, actor: str) -> bool:
        found = self.get(account, actor)
        return found is not None and found.is_muted

    def is_blocked(self, account: str, actor: str) -> bool:
        found = self.get(account, actor)
        return found is not None and found.is_blocked

    def all(self, account: str) -> list[Shun]:
        mine = (one for one in self._t.shunned.values() if one.account == account)
        return sorted(mine, key=lambda one: (one.at, one.actor), reverse=True)

    def save(self, shun: Shun) -> None:
        if shun.is_muted or shun.is_blocked:
            self._t.shunned[shun.account, shun.actor] = shun
        else:
            self._t.shunned.pop((shun.account, shun.actor), None)


class MemoryUndone(Repository):
    def add(self, actor: str, follow_id: str, until: datetime) -> None:
        self._t.undone[self._t.number("undone")] = (actor, follow_id, until)
        theirs = [number for number, row in self._t.undone.items() if row[0] == actor]
        for number in [*theirs[:-UNDONE_KEPT_OF_ONE], *list(self._t.undone)[:-UNDONE_KEPT]]:
            self._t.undone.pop(number, None)

    def take(self, actor: str, follow_id: str, now: datetime) -> bool:
        for number in [number for number, row in self._t.undone.items() if row[2] <= now]:
            del self._t.undone[number]
        found = [number for number, row in self._t.undone.items() if row[:2] == (actor, follow_id)]
        for number in found:
            del self._t.undone[number]
        return bool(found)


class MemoryMoves(Repository):
    def get(self, account: str, old: str) -> Moving | None:
        return self._t.movings.get((account, old))

    def all(self, account: str) -> list[Moving]:
        mine = (one for one in self._t.movings.values() if one.account == account)
        return sorted(mine, key=lambda one: (one.at, one.old), reverse=True)

    def save(self, moving: Moving) -> None:
        self._t.movings[moving.account, moving.old] = moving
