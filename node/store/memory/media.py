"""Pictures, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from node.store.media import FOR_ALL, OWN, KeptPicture, Purpose
from node.store.memory.tables import Repository

__all__ = ["MemoryMedia"]


def _place_of(picture: KeptPicture) -> tuple[str, str, str, str]:
    return picture.account, picture.purpose.value, picture.place, picture.name


class MemoryMedia(Repository):
    def add(self, picture: KeptPicture, body: bytes) -> None:
        self.remove(picture)
        self._t.pictures.setdefault(picture.digest, body)
        self._t.kept_pictures[_place_of(picture)] = (self._t.number("picture"), picture)

    def replace(self, old: KeptPicture, new: KeptPicture) -> None:
        found = self._t.kept_pictures.pop(_place_of(old), None)
        if found is not None:
            self._t.kept_pictures[_place_of(new)] = (found[0], new)

    def remove(self, picture: KeptPicture) -> bool:
        gone = self._t.kept_pictures.pop(_place_of(picture), None)
        if gone is None:
            return False
        digest = gone[1].digest
        if all(kept.digest != digest for _, kept in self._t.kept_pictures.values()):
            del self._t.pictures[digest]
        return True

    def _in_order(self) -> list[tuple[int, KeptPicture]]:
        return sorted(self._t.kept_pictures.values(), key=lambda found: found[0])

    def all(
        self, account: str, purposes: Iterable[Purpose], *, place: str | None = None
    ) -> list[KeptPicture]:
        wanted = set(purposes)
        return [
            kept
            for _, kept in self._in_order()
            if kept.account == account and kept.purpose in wanted and place in (None, kept.place)
        ]

    def find(self, account: str, name: str) -> tuple[KeptPicture, bytes] | None:
        mine = (kept for _, kept in self._in_order() if kept.name == name and kept.account == account)
        return self._with_bytes(next(mine, None))

    def served(self, name: str) -> tuple[KeptPicture, bytes] | None:
        open_ones = (kept for _, kept in self._in_order() if kept.name == name and kept.purpose in FOR_ALL)
        return self._with_bytes(next(open_ones, None))

    def _with_bytes(self, kept: KeptPicture | None) -> tuple[KeptPicture, bytes] | None:
        return None if kept is None else (kept, self._t.pictures[kept.digest])

    def size_bytes(self, account: str, purposes: Iterable[Purpose]) -> int:
        return sum(kept.size_bytes for kept in self.all(account, purposes))

    def before(self, purposes: Iterable[Purpose], at: datetime, *, limit: int) -> list[KeptPicture]:
        wanted = set(purposes)
        old = [kept for _, kept in self._in_order() if kept.purpose in wanted and kept.at < at]
        return sorted(old, key=lambda kept: kept.at)[:limit]

    def after(
        self, account: str, number: int, *, limit: int
    ) -> tuple[list[tuple[KeptPicture, bytes]], int | None]:
        mine = [
            (seq, kept)
            for seq, kept in self._in_order()
            if seq > number and kept.account == account and kept.purpose in OWN
        ][:limit]
        more = mine[-1][0] if len(mine) == limit else None
        return [(kept, self._t.pictures[kept.digest]) for _, kept in mine], more
