"""What an owner is told, in memory: notices as they are read, the ways out, what is told by which."""

from __future__ import annotations

from node.store.memory.tables import Repository
from node.store.ports import Choices, Notice, Outlet

__all__ = ["MemoryNews", "MemoryOutlets"]


class MemoryNews(Repository):
    def _mine(self, account: str) -> list[Notice]:
        return [one for one in self._t.notices.values() if one.account == account]

    def _new(self, account: str) -> list[Notice]:
        return [one for one in self._mine(account) if one.id not in self._t.read_notices]

    def page(self, account: str, *, before: int | None = None, limit: int = 50) -> list[tuple[Notice, bool]]:
        found = [one for one in self._mine(account)[::-1] if before is None or one.id < before]
        return [(one, one.id not in self._t.read_notices) for one in found[:limit]]

    def get(self, account: str, notice_id: int) -> Notice | None:
        found = self._t.notices.get(notice_id)
        return found if found is not None and found.account == account else None

    def count(self, account: str, *, most: int = 100) -> int:
        return len(self._new(account)[:most])

    def kinds(self, account: str, *, most: int = 100) -> list[tuple[str, str, str]]:
        return [(one.kind, one.code, one.deal_id) for one in self._new(account)[::-1][:most]]

    def since(self, account: str, notice_id: int, *, limit: int = 200) -> list[Notice]:
        return [one for one in self._new(account) if one.id > notice_id][:limit]

    def newest(self, account: str) -> int:
        return max((one.id for one in self._mine(account)), default=0)

    def see(self, account: str, notice_id: int) -> bool:
        if notice_id not in {one.id for one in self._new(account)}:
            return False
        self._t.read_notices[notice_id] = True
        return True

    def see_all(self, account: str, up_to: int) -> int:
        return sum(self.see(account, one.id) for one in self._new(account) if one.id <= up_to)


class MemoryOutlets(Repository):
    def get(self, account: str, outlet_id: str) -> Outlet | None:
        return self._t.outlets.get((account, outlet_id))

    def all(self, account: str) -> list[Outlet]:
        return sorted(
            (one for one in self._t.outlets.values() if one.account == account), key=lambda one: one.id
        )

    def save(self, outlet: Outlet) -> None:
        self._t.outlets[outlet.account, outlet.id] = outlet

    def remove(self, account: str, outlet_id: str) -> bool:
        return self._t.outlets.pop((account, outlet_id), None) is not None

    def choices(self, account: str) -> Choices:
        return self._t.choices.get(account, Choices(account))

    def choose(self, choices: Choices) -> None:
        self._t.choices[choices.account] = choices
