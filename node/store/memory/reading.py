"""Timelines, and who likes and shares what, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from node.store.memory.tables import Repository
from node.store.reading import (
    READINGS_KEPT,
    GivenReaction,
    Reaction,
    ReactionKind,
    Reading,
    Tally,
)

__all__ = ["MemoryReactions", "MemoryReadings"]


class MemoryReadings(Repository):
    def get(self, account: str, note_id: str) -> Reading | None:
        found = self._t.readings.get((account, note_id))
        return None if found is None else found[1]

    def add(self, reading: Reading) -> bool:
        place = reading.account, reading.note.id
        if place in self._t.readings:
            return False
        self._t.readings[place] = (self._t.number("reading"), reading)
        for _, old in self._newest(reading.account)[READINGS_KEPT:]:
            del self._t.readings[old.account, old.note.id]
        return True

    def _newest(self, account: str) -> list[tuple[int, Reading]]:
        mine = (found for found in self._t.readings.values() if found[1].account == account)
        return sorted(mine, key=lambda found: -found[0])

    def change(self, reading: Reading) -> None:
        place = reading.account, reading.note.id
        if place in self._t.readings:
            self._t.readings[place] = (self._t.readings[place][0], reading)

    def page(self, account: str, *, before: int | None = None, limit: int = 40) -> list[tuple[int, Reading]]:
        return [found for found in self._newest(account) if before is None or found[0] < before][:limit]

    def _in_order(self) -> list[Reading]:
        return [reading for _, reading in sorted(self._t.readings.values(), key=lambda found: found[0])]

    def of_note(self, note_id: str) -> list[Reading]:
        return [reading for reading in self._in_order() if reading.note.id == note_id]

    def of_share(self, actor: str, share_id: str) -> list[Reading]:
        shared = (reading for reading in self._in_order() if reading.shared_by == actor)
        return [reading for reading in shared if share_id and reading.share_id == share_id]

    def came_since(self, account: str, actor: str, since: datetime) -> int:
        mine = (one for one in self._in_order() if one.account == account and one.at >= since)
        return sum((one.shared_by or one.note.author) == actor for one in mine)

    def remove(self, account: str, note_id: str) -> bool:
        return self._t.readings.pop((account, note_id), None) is not None

    def remove_of(self, actor: str, *, account: str = "") -> int:
        gone = [
            (one.account, one.note.id)
            for one in self._in_order()
            if actor in (one.note.author, one.shared_by) and account in ("", one.account)
        ]
        for place in gone:
            del self._t.readings[place]
        return len(gone)


class MemoryReactions(Repository):
    def get(self, post_id: str, actor: str, kind: ReactionKind) -> Reaction | None:
        found = self._t.reactions.get((post_id, actor, kind))
        return None if found is None else found[1]

    def add(self, reaction: Reaction) -> None:
        place = reaction.post_id, reaction.actor, reaction.kind
        self._t.reactions[place] = (self._t.number("reaction"), reaction)

    def remove(self, post_id: str, actor: str, kind: ReactionKind) -> bool:
        return self._t.reactions.pop((post_id, actor, kind), None) is not None

    def _newest(self) -> list[Reaction]:
        return [one for _, one in sorted(self._t.reactions.values(), key=lambda found: -found[0])]

    def by_activity(self, actor: str, activity_id: str) -> Reaction | None:
        mine = (one for one in self._newest() if one.actor == actor and one.activity_id == activity_id)
        return next(mine, None)

    def of_post(self, post_id: str, *, limit: int = 50) -> list[Reaction]:
        return [one for one in self._newest() if one.post_id == post_id][:limit]

    def tally(self, post_ids: Iterable[str]) -> dict[str, Tally]:
        made: dict[str, Tally] = {}
        for post_id in set(post_ids):
            kinds = [one.kind for one in self._newest() if one.post_id == post_id]
            if kinds:
                made[post_id] = Tally(kinds.count(ReactionKind.LIKE), kinds.count(ReactionKind.SHARE))
        return made

    def came_since(self, actor: str, since: datetime) -> int:
        return sum(one.actor == actor and one.at >= since for one in self._newest())

    def remove_post(self, post_id: str) -> int:
        gone = [place for place in self._t.reactions if place[0] == post_id]
        for place in gone:
            del self._t.reactions[place]
        return len(gone)

    # --- what our accounts gave ---------------------------------------------------------------------------

    def given(self, account: str, object_id: str, kind: ReactionKind) -> GivenReaction | None:
        found = self._t.given_reactions.get((account, object_id, kind))
        return None if found is None else found[1]

    def give(self, reaction: GivenReaction) -> None:
        place = reaction.account, reaction.object_id, reaction.kind
        self._t.given_reactions[place] = (self._t.number("given reaction"), reaction)

    def take_back(self, account: str, object_id: str, kind: ReactionKind) -> bool:
        return self._t.given_reactions.pop((account, object_id, kind), None) is not None

    def all_given(
        self, account: str, *, kind: ReactionKind | None = None, limit: int = 100
    ) -> list[GivenReaction]:
        newest = sorted(self._t.given_reactions.values(), key=lambda found: -found[0])
        mine = (one for _, one in newest if one.account == account)
        return [one for one in mine if kind in (None, one.kind)][:limit]
