"""What a vendor sells and says in public, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from node.domain.catalogue import CatalogueItem
from node.domain.intents import Proposal
from node.domain.matching import Judgement, Rule, choose
from node.store.memory.tables import Repository
from node.store.ports import ImportRecord, StockChange, Upload

__all__ = ["MemoryCatalogue", "MemoryPurchaseKeys", "MemoryRules", "MemoryStocktaking"]


class MemoryCatalogue(Repository):
    def _of(self, account: str) -> list[CatalogueItem]:
        return [item for (owner, _), item in self._t.items.items() if owner == account]

    def get(self, account: str, sku: str) -> CatalogueItem | None:
        return self._t.items.get((account, sku))

    def all(
        self, account: str, *, limit: int = 1000, search: str = "", after: str = ""
    ) -> list[CatalogueItem]:
        word = search.casefold()
        found = (
            item
            for item in self._of(account)
            if any(word in text.casefold() for text in (item.name, item.sku, item.brand or ""))
        )
        listed = sorted(found, key=_by_name)
        if after:
            known = self.get(account, after)
            listed = [item for item in listed if known is not None and _by_name(item) > _by_name(known)]
        return listed[:limit]

    def in_category(self, account: str, category: str) -> list[CatalogueItem]:
        found = (item for item in self._of(account) if item.category == category)
        return sorted(found, key=lambda item: item.sku)

    def best(
        self, account: str, proposal: Proposal, rules: Iterable[Rule], now: datetime
    ) -> Judgement | None:
        return choose(proposal, self.in_category(account, proposal.category), list(rules), now)

    def save(self, account: str, items: Iterable[CatalogueItem]) -> None:
        for item in items:
            known = self.get(account, item.sku)
            self.put(account, item if known is None else replace(item, reserved=known.reserved))

    def put(self, account: str, item: CatalogueItem) -> None:
        self._t.items[account, item.sku] = item

    def remove(self, account: str, sku: str) -> bool:
        return self._t.items.pop((account, sku), None) is not None

    def count(self, account: str) -> int:
        return len(self._of(account))

    def known(self, account: str) -> set[str]:
        return {item.sku for item in self._of(account)}


def _by_name(item: CatalogueItem) -> tuple[str, str]:
    return item.name.casefold(), item.sku


class MemoryStocktaking(Repository):
    def add(self, change: StockChange) -> None:
        self._t.stock_changes[self._t.number("stock change")] = change

    def of_item(self, account: str, sku: str, *, limit: int = 50) -> list[StockChange]:
        found = [one for one in self._t.stock_changes.values() if (one.account, one.sku) == (account, sku)]
        return found[::-1][:limit]

    def upload(self, account: str) -> Upload | None:
        return self._t.uploads.get(account)

    def save_upload(self, upload: Upload) -> None:
        self._t.uploads[upload.account] = upload

    def drop_upload(self, account: str) -> bool:
        return self._t.uploads.pop(account, None) is not None

    def last_import(self, account: str) -> ImportRecord | None:
        return self._t.imports.get(account)

    def last_import_at(self, account: str) -> datetime | None:
        record = self._t.imports.get(account)
        return None if record is None else record.at

    def save_import(self, record: ImportRecord) -> None:
        self._t.imports[record.account] = record

    def drop_import(self, account: str) -> bool:
        return self._t.imports.pop(account, None) is not None


class MemoryRules(Repository):
    def all(self, account: str) -> list[Rule]:
        return [rule for (owner, _), rule in self._t.rules.items() if owner == account]

    def save(self, account: str, rule: Rule) -> None:
        self._t.rules[account, rule.id] = rule

    def remove(self, account: str, rule_id: str) -> bool:
        return self._t.rules.pop((account, rule_id), None) is not None


class MemoryPurchaseKeys(Repository):
    def first(self, key: str) -> tuple[str, str] | None:
        return self._t.purchase_keys.get(key)

    def remember(self, key: str, author: str, note_id: str) -> None:
        if key not in self._t.purchase_keys:
            self._t.purchase_keys[key] = (author, note_id)
