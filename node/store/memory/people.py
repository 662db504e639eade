"""Who lives here and whom they know, in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from node.domain.accounts import Account, Contact, Persona, PersonaState, is_named
from node.domain.messages import Sender
from node.store.memory.tables import Repository
from node.store.ports import Block, Follower, FollowState, KeyRow, Notice, Session

__all__ = [
    "MemoryAccounts",
    "MemoryBlocks",
    "MemoryContacts",
    "MemoryFollowers",
    "MemoryKeys",
    "MemoryMeta",
    "MemoryNotices",
    "MemoryPersonas",
    "MemorySessions",
]


class MemoryMeta(Repository):
    def get(self, name: str) -> str | None:
        return self._t.meta.get(name)

    def set(self, name: str, value: str) -> None:
        self._t.meta[name] = value


class MemoryAccounts(Repository):
    def get(self, actor: str) -> Account | None:
        return self._t.accounts.get(actor)

    def by_name(self, name: str) -> Account | None:
        return next((account for account in self.all() if account.name == name), None)

    def all(self) -> list[Account]:
        return list(self._t.accounts.values())

    def save(self, account: Account) -> None:
        self._t.accounts[account.id] = account


class MemoryPersonas(Repository):
    def get(self, actor: str) -> Persona | None:
        return self._t.personas.get(actor)

    def all(self, account: str) -> list[Persona]:
        return [persona for persona in self._t.personas.values() if persona.account == account]

    def for_vendor(self, account: str, vendor: str) -> Persona | None:
        mine = (persona for persona in self.all(account) if persona.vendor == vendor)
        return next((persona for persona in mine if persona.state is PersonaState.OPEN), None)

    def save(self, persona: Persona) -> None:
        self._t.personas[persona.id] = persona


class MemoryKeys(Repository):
    def get(self, key_id: str) -> KeyRow | None:
        return self._t.keys.get(key_id)

    def of(self, owner: str) -> list[KeyRow]:
        return sorted(
            (row for row in self._t.keys.values() if row.owner == owner), key=lambda row: row.created_at
        )

    def made_since(self, at: datetime) -> int:
        return sum(row.created_at > at for row in self._t.keys.values())

    def save(self, row: KeyRow) -> None:
        self._t.keys[row.key_id] = row


class MemoryContacts(Repository):
    def get(self, account: str, actor: str) -> Contact | None:
        return self._t.contacts.get((account, actor))

    def all(self, account: str) -> list[Contact]:
        mine = (contact for contact in self._t.contacts.values() if contact.account == account)
        return sorted(mine, key=lambda contact: (contact.handle, contact.actor))

    def has_any(self, account: str) -> bool:
        return bool(self.all(account))

    def page(self, account: str, *, words: str = "", limit: int = 40, offset: int = 0) -> list[Contact]:
        latest: dict[str, int] = {}
        for deal, _, number in self._t.deals.values():
            if deal.account == account and deal.side is Sender.CUSTOMER:
                latest[deal.peer] = max(number, latest.get(deal.peer, 0))
        found = [one for one in self.all(account) if is_named(one, words)]
        return sorted(found, key=lambda one: -latest.get(one.actor, 0))[offset:][:limit]

    def save(self, contact: Contact) -> None:
        self._t.contacts[contact.account, contact.actor] = contact

    def remove(self, account: str, actor: str) -> bool:
        return self._t.contacts.pop((account, actor), None) is not None


class MemoryFollowers(Repository):
    def get(self, account: str, actor: str) -> Follower | None:
        return self._t.followers.get((account, actor))

    def all(self, account: str, *, state: FollowState = FollowState.ACCEPTED) -> list[Follower]:
        mine = (row for row in self._t.followers.values() if (row.account, row.state) == (account, state))
        return sorted(mine, key=lambda follower: (follower.at, follower.actor))

    def newest(
        self, account: str, *, state: FollowState = FollowState.ACCEPTED, limit: int = 50, offset: int = 0
    ) -> list[Follower]:
        return self.all(account, state=state)[::-1][offset : offset + limit]

    def count(self, account: str) -> int:
        return len(self.all(account))

    def save(self, follower: Follower) -> None:
        self._t.followers[follower.account, follower.actor] = follower


class MemorySessions(Repository):
    def get(self, token_hash: str) -> Session | None:
        return self._t.sessions.get(token_hash)

    def all(self, account: str) -> list[Session]:
        mine = (session for session in self._t.sessions.values() if session.account == account)
        return sorted(mine, key=lambda session: (session.created_at, session.token_hash))

    def save(self, session: Session) -> None:
        self._t.sessions[session.token_hash] = session

    def remove(self, token_hash: str) -> bool:
        return self._t.sessions.pop(token_hash, None) is not None

    def remove_all(self, account: str, *, besides: str = "") -> int:
        return sum(self.remove(one.token_hash) for one in self.all(account) if one.token_hash != besides)

    def remove_idle(self, account: str, *, seen_before: datetime, made_before: datetime) -> int:
        return sum(
            self.remove(one.token_hash)
            for one in self.all(account)
            if one.last_seen_at < seen_before or one.created_at < made_before
        )


class MemoryBlocks(Repository):
    def all(self) -> list[Block]:
        return sorted(self._t.blocks.values(), key=lambda block: block.domain)

    def save(self, block: Block) -> None:
        self._t.blocks[block.domain] = block

    def remove(self, domain: str) -> bool:
        return self._t.blocks.pop(domain, None) is not None


class MemoryNotices(Repository):
    def add(self, notice: Notice) -> None:
        number = self._t.number("notice")
        self._t.notices[number] = replace(notice, id=number)

    def all(self, account: str, *, limit: int = 100, deal_id: str = "") -> list[Notice]:
        mine = (notice for notice in self._t.notices.values() if notice.account == account)
        wanted = [notice for notice in mine if deal_id in ("", notice.deal_id)]
        return wanted[::-1][:limit]
