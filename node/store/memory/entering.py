"""Who gets in, in memory: passkeys, tickets, attempts, and how each likes their pages."""

from __future__ import annotations

from datetime import datetime

from node.store.memory.tables import Repository
from node.store.ports import ATTEMPTS_KEPT, Attempt, Passkey, Preferences, Ticket

__all__ = ["MemoryAttempts", "MemoryPasskeys", "MemoryPreferences", "MemoryTickets"]


class MemoryPasskeys(Repository):
    def get(self, passkey_id: str) -> Passkey | None:
        return self._t.passkeys.get(passkey_id)

    def all(self, account: str) -> list[Passkey]:
        mine = (passkey for passkey in self._t.passkeys.values() if passkey.account == account)
        return sorted(mine, key=lambda passkey: (passkey.created_at, passkey.id))

    def save(self, passkey: Passkey) -> None:
        self._t.passkeys[passkey.id] = passkey

    def remove(self, passkey_id: str) -> bool:
        return self._t.passkeys.pop(passkey_id, None) is not None


class MemoryTickets(Repository):
    def get(self, token_hash: str, purpose: str, now: datetime) -> Ticket | None:
        found = self._t.tickets.get(token_hash)
        return found if found is not None and found.purpose == purpose and now < found.until else None

    def save(self, ticket: Ticket) -> None:
        for old in [old for old in self._t.tickets.values() if old.until <= ticket.made_at]:
            del self._t.tickets[old.token_hash]
        self._t.tickets[ticket.token_hash] = ticket

    def take(self, token_hash: str, purpose: str, now: datetime) -> Ticket | None:
        found = self.get(token_hash, purpose, now)
        if found is not None:
            del self._t.tickets[token_hash]
        return found

    def clear(self, purpose: str) -> int:
        gone = [ticket.token_hash for ticket in self._t.tickets.values() if ticket.purpose == purpose]
        for token_hash in gone:
            del self._t.tickets[token_hash]
        return len(gone)


class MemoryAttempts(Repository):
    def add(self, attempt: Attempt) -> None:
        self._t.attempts[self._t.number("attempt")] = attempt
        mine = [number for number, one in self._t.attempts.items() if one.account == attempt.account]
        for number in mine[:-ATTEMPTS_KEPT]:
            del self._t.attempts[number]

    def recent(self, account: str, *, limit: int = 20) -> list[Attempt]:
        return [one for one in self._t.attempts.values() if one.account == account][::-1][:limit]


class MemoryPreferences(Repository):
    def get(self, account: str) -> Preferences:
        return self._t.preferences.get(account, Preferences(account))

    def save(self, preferences: Preferences) -> None:
        self._t.preferences[preferences.account] = preferences
