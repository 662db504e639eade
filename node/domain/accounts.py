"""Who lives on this node: accounts (people and vendors), their personas, and whom they deal with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from node.domain.errors import InvalidInput
from node.domain.sayings import said

__all__ = [
    "SHORTEST_PASSWORD",
    "Account",
    "AccountKind",
    "Contact",
    "Persona",
    "PersonaState",
    "check_name",
    "is_named",
]

SHORTEST_PASSWORD = 10
_NAME = re.compile(r"[a-z0-9_]{1,30}", re.ASCII)


class AccountKind(StrEnum):
    PERSON = "person"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Account:
    """An actor that its owner signs in to. `id` is the actor's IRI, `name` the handle's first half."""

    id: str
    name: str
    kind: AccountKind
    display_name: str
    created_at: datetime
    summary: str | None = None
    terms_accepted: tuple[str, ...] = ()
    password_hash: str | None = None
    approves_followers: bool = True
    discoverable: bool | None = None
    """Whether directories may list it, as its owner says; None: has not said."""
    indexable: bool | None = None
    """Whether its public posts may be searched, as its owner says; None: has not said."""
    also_known_as: tuple[str, ...] = ()
    """Other accounts of the same owner, which may move here: their ids."""
    moved_to: str = ""
    """Where its owner has moved to, "" while this account is in use."""
    moved_at: datetime | None = None
    """When it last said that it moves."""
    shows_network: bool = False
    """Whether strangers may read who follows it and whom it follows; how many, they always may."""

    @property
    def is_discoverable(self) -> bool:
        """Whether directories may list it: a vendor's wants to be found, a person's must ask for it."""
        return self.kind is AccountKind.VENDOR if self.discoverable is None else self.discoverable

    @property
    def is_indexable(self) -> bool:
        """Whether its public posts may be searched, by the same rule."""
        return self.kind is AccountKind.VENDOR if self.indexable is None else self.indexable


class PersonaState(StrEnum):
    """Open; quiet (only its own deals); closed (its key is destroyed)."""

    OPEN = "open"
    QUIET = "quiet"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Persona:
    """A throw-away actor of an account. `vendor` is set where it serves one vendor only."""

    id: str
    account: str
    created_at: datetime
    vendor: str | None = None
    state: PersonaState = PersonaState.OPEN


@dataclass(frozen=True, slots=True)
class Contact:
    """A vendor (or another party) as `account` knows it, from its actor document fetched at `fetched_at`."""

    account: str
    actor: str
    handle: str
    name: str
    inbox: str
    fetched_at: datetime
    terms_accepted: tuple[str, ...] = ()
    implements: tuple[str, ...] = ()
    url: str | None = None
    keys: tuple[str, ...] = ()
    """Its Ed25519 keys as Multikey texts, as its document lists them: what binds it is signed with them."""
    proven_at: datetime | None = None
    """When the handle's own host last named this actor."""


def is_named(contact: Contact, words: str) -> bool:
    """Whether its name or handle holds each of these words, however they are spelt in case."""
    named = f"{contact.name}\n{contact.handle}".casefold()
    return all(word in named for word in words.casefold().split())


def check_name(name: str) -> str:
    """The handle's first half. Raises: InvalidInput."""
    if not _NAME.fullmatch(name):
        wrong = said("'%(name)s' cannot be a handle", name=name)
        raise InvalidInput("name", wrong, "Use 1 to 30 of a-z, 0-9 and _.")
    return name
