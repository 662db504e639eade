"""Ports for who is known, who is kept out, and who gets in: the part of `ports` that the pages live on."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from node.domain.accounts import Contact
from node.store.records import (
    Attempt,
    Block,
    Follower,
    FollowState,
    Notice,
    Passkey,
    Preferences,
    Session,
    Ticket,
)

__all__ = [
    "Attempts",
    "Blocks",
    "Contacts",
    "Followers",
    "Notices",
    "Passkeys",
    "PreferencesOf",
    "Sessions",
    "Tickets",
]


class Contacts(Protocol):
    def get(self, account: str, actor: str) -> Contact | None: ...
    def all(self, account: str) -> list[Contact]: ...
    def has_any(self, account: str) -> bool: ...
    def page(self, account: str, *, words: str = "", limit: int = 40, offset: int = 0) -> list[Contact]:
        """Those with whom something changed last come first, then those with whom nothing ever did.

        With `words`, those whose name or handle holds each of them, however it is spelt in case.
        """
        ...

    def save(self, contact: Contact) -> None: ...
    def remove(self, account: str, actor: str) -> bool: ...


class Followers(Protocol):
    def get(self, account: str, actor: str) -> Follower | None: ...
    def all(self, account: str, *, state: FollowState = FollowState.ACCEPTED) -> list[Follower]: ...
    def newest(
        self, account: str, *, state: FollowState = FollowState.ACCEPTED, limit: int = 50, offset: int = 0
    ) -> list[Follower]:
        """Those who came last first, `offset` of them passed over."""
        ...

    def count(self, account: str) -> int: ...
    def save(self, follower: Follower) -> None: ...


class Notices(Protocol):
    def add(self, notice: Notice) -> None: ...
    def all(self, account: str, *, limit: int = 100, deal_id: str = "") -> list[Notice]:
        """Newest first."""
        ...


class Sessions(Protocol):
    def get(self, token_hash: str) -> Session | None: ...
    def all(self, account: str) -> list[Session]: ...
    def save(self, session: Session) -> None: ...
    def remove(self, token_hash: str) -> bool: ...
    def remove_all(self, account: str, *, besides: str = "") -> int:
        """End all sessions of an account but the one with this token hash."""
        ...

    def remove_idle(self, account: str, *, seen_before: datetime, made_before: datetime) -> int:
        """Drop those that were not seen since a time, or made before another."""
        ...


class Passkeys(Protocol):
    def get(self, passkey_id: str) -> Passkey | None: ...
    def all(self, account: str) -> list[Passkey]:
        """Oldest first."""
        ...

    def save(self, passkey: Passkey) -> None: ...
    def remove(self, passkey_id: str) -> bool: ...


class Tickets(Protocol):
    def get(self, token_hash: str, purpose: str, now: datetime) -> Ticket | None:
        """A ticket for this purpose whose time is not over."""
        ...

    def save(self, ticket: Ticket) -> None:
        """Keep a ticket; those whose time was over when it was made are dropped."""
        ...

    def take(self, token_hash: str, purpose: str, now: datetime) -> Ticket | None:
        """Use it up: whoever asks again finds none."""
        ...

    def clear(self, purpose: str) -> int: ...


class Attempts(Protocol):
    def add(self, attempt: Attempt) -> None:
        """Of each account the last hundred are kept."""
        ...

    def recent(self, account: str, *, limit: int = 20) -> list[Attempt]:
        """Newest first."""
        ...


class PreferencesOf(Protocol):
    def get(self, account: str) -> Preferences:
        """What its owner chose; all of it empty where nothing was."""
        ...

    def save(self, preferences: Preferences) -> None: ...


class Blocks(Protocol):
    def all(self) -> list[Block]: ...
    def save(self, block: Block) -> None: ...
    def remove(self, domain: str) -> bool: ...
