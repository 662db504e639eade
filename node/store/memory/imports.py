"""Long tables on their way in, and what takes them back, in memory."""

from __future__ import annotations

from node.store.imports import ImportPart, ImportRun
from node.store.memory.tables import Repository

__all__ = ["MemoryImports"]


class MemoryImports(Repository):
    def run(self, account: str) -> ImportRun | None:
        return self._t.import_runs.get(account)

    def active(self) -> list[ImportRun]:
        return sorted((run for run in self._t.import_runs.values() if run.is_active), key=lambda run: run.at)

    def save_run(self, run: ImportRun) -> None:
        self._t.import_runs[run.account] = run

    def drop_run(self, account: str) -> bool:
        for key in [key for key in self._t.import_parts if key[0] == account]:
            del self._t.import_parts[key]
        return self._t.import_runs.pop(account, None) is not None

    def add_part(self, part: ImportPart) -> None:
        assert (part.account, part.number) not in self._t.import_parts
        self._t.import_parts[part.account, part.number] = part

    def last_part(self, account: str) -> ImportPart | None:
        mine = [part for (owner, _), part in self._t.import_parts.items() if owner == account]
        return max(mine, key=lambda part: part.number, default=None)

    def drop_part(self, account: str, number: int) -> bool:
        return self._t.import_parts.pop((account, number), None) is not None
