"""Ports for what an owner is told, and by which ways beside the pages: e-mail and browsers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from node.store.records import Notice

__all__ = ["Channel", "Choices", "News", "Outlet", "Outlets"]


class Channel(StrEnum):
    MAIL = "mail"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Choices:
    """Of which topics an owner wants to be told by which way; the pages tell all of them."""

    account: str
    mail: tuple[str, ...] = ()
    push: tuple[str, ...] = ()

    def of(self, channel: Channel) -> tuple[str, ...]:
        return self.mail if channel is Channel.MAIL else self.push


@dataclass(frozen=True, slots=True)
class Outlet:
    """One way out: an address for e-mail, or a browser's address at its push service.

    Shapes: `address` is a secret of its owner's. Nothing is sent before `confirmed_at`, nor after
            `stopped_at`. `told` is the number of the last notice that was told here, or passed over;
            `due_at` is not before when the next is sent; `tried_at` are the last times that it was tried;
            `trouble` is why the last try failed, a word of `TROUBLES`, `detail` what the other side said.
            `code_hash` is what confirms the address, until `code_until`; `asked_at` when one was sent.
    """

    id: str
    account: str
    channel: Channel
    address: str = field(repr=False)
    made_at: datetime
    label: str = ""
    confirmed_at: datetime | None = None
    told: int = 0
    tries: int = 0
    due_at: datetime | None = None
    stopped_at: datetime | None = None
    trouble: str = ""
    detail: str = ""
    tried_at: tuple[datetime, ...] = ()
    code_hash: str = field(default="", repr=False)
    code_until: datetime | None = None
    code_tries: int = 0
    asked_at: tuple[datetime, ...] = ()


class Outlets(Protocol):
    def get(self, account: str, outlet_id: str) -> Outlet | None: ...
    def all(self, account: str) -> list[Outlet]:
        """By id."""
        ...

    def save(self, outlet: Outlet) -> None: ...
    def remove(self, account: str, outlet_id: str) -> bool: ...
    def choices(self, account: str) -> Choices:
        """What its owner chose; nothing where nothing was."""
        ...

    def choose(self, choices: Choices) -> None: ...


class News(Protocol):
    """The notices of an account, as its owner reads them."""

    def page(self, account: str, *, before: int | None = None, limit: int = 50) -> list[tuple[Notice, bool]]:
        """Newest first, each with whether it is new; older than the number `before`."""
        ...

    def get(self, account: str, notice_id: int) -> Notice | None: ...
    def count(self, account: str, *, most: int = 100) -> int:
        """How many are new; counted no further than to `most`."""
        ...

    def kinds(self, account: str, *, most: int = 100) -> list[tuple[str, str, str]]:
        """(kind, code, deal id) of the newest `most` of those that are new, newest first."""
        ...

    def since(self, account: str, notice_id: int, *, limit: int = 200) -> list[Notice]:
        """Those that are new and came after this one, oldest first."""
        ...

    def newest(self, account: str) -> int:
        """The number of the last one, 0 for none."""
        ...

    def see(self, account: str, notice_id: int) -> bool:
        """It was looked at; whether it was new."""
        ...

    def see_all(self, account: str, up_to: int) -> int:
        """All up to this one were looked at; how many were new."""
        ...
